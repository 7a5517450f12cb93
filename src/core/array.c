/* SPDX-License-Identifier: BSD-3-Clause */
/* Growing arrays. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/array.h"

static unsigned int grown_from(unsigned int cap)
{
	return cap < 4 ? cap + 2 : cap + cap / 2;
}

int array_reserve_from(unsigned int first, void **items, unsigned int n,
		       unsigned int *cap, size_t size)
{
	unsigned int want = *cap ? grown_from(*cap) : first;
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

int array_reserve(void **items, unsigned int n, unsigned int *cap,
		  size_t size)
{
	return array_reserve_from(ARRAY_FIRST, items, n, cap, size);
}

void array_trim_to(unsigned int first, void **items, unsigned int n,
		   unsigned int *cap, size_t size)
{
	unsigned int keep = n && n < first ? first : n;
	void *trimmed;

	if (*cap <= keep || (n > first && n > *cap / 2))
		return;

	if (!n) {
		free(*items);
		*items = NULL;
		*cap = 0;
		return;
	}

	trimmed = realloc(*items, keep * size);
	if (!trimmed)
		return;

	*items = trimmed;
	*cap = keep;
}

void array_remove(void *items, unsigned int n, unsigned int i, size_t size)
{
	char *gap = (char *) items + i * size;

	memmove(gap, gap + size, (n - i - 1) * size);
}
