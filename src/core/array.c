/* SPDX-License-Identifier: BSD-3-Clause */
/* Growing arrays. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/array.h"

int array_reserve(void **items, unsigned int n, unsigned int *cap,
		  size_t size)
{
	unsigned int want = *cap ? *cap + *cap / 2 : 2;
	void *grown;

	if (n < *cap)
		return 0;

	grown = realloc(*items, want * size);
	if (!grown)
		return -ENOMEM;

	*items = grown;
	*cap = want;
	return 0;
}

void array_remove(void *items, unsigned int n, unsigned int i, size_t size)
{
	char *gap = (char *) items + i * size;

	memmove(gap, gap + size, (n - i - 1) * size);
}
