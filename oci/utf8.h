// SPDX-License-Identifier: Apache-2.0
/* utf8.h - what is a character and what is not
 *
 * Owns:     Unicode's table 3-7. yajl's own check lets overlong forms and surrogates through (a lone \udc00 even makes
 *           one), and what we print must not hand them on to a stricter reader.
 */
#ifndef OCI_UTF8_H
#define OCI_UTF8_H

#include <stddef.h>

#define UTF8_REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

/* Length of the well-formed sequence at @s, which has @max bytes (at least 1); 0: its first byte belongs to none. */
size_t utf8_length(const char *s, size_t max);

#endif
