// SPDX-License-Identifier: Apache-2.0
/* sha256.h - the digest of a small text (FIPS 180-4)
 *
 * Must not: be used where a secret is involved: it is a fingerprint, by which people compare files.
 */
#ifndef BASE_SHA256_H
#define BASE_SHA256_H

#include <stddef.h>

#define SHA256_HEX 65
/* The digest of @data in lower-case hexadecimal digits. */
void sha256_hex(const void *data, size_t len, char out[SHA256_HEX]);

#endif
