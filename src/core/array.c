/* SPDX-License-Identifier: BSD-3-Clause */
/* Growing arrays. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/array.h"

#define FIRST 2

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
	return array_reserve_from(FIRST, items, n, cap, size);
}

void array_trim(void **items, unsigned int n, unsigned int *cap, size_t size)
{
	void *trimmed;

	if (!*cap || n > *cap / 2 || (n && *cap < 4))
		return;

	if (!n) {
		free(*items);
		*items = NULL;
		*cap = 0;
		return;
	}

	trimmed = realloc(*items, n * size);
	if (!trimmed)
		return;

	*items = trimmed;
	*cap = n;
}

void array_remove(void *items, unsigned int n, unsigned int i, size_t size)
{
	char *gap = (char *) items + i * size;

	memmove(gap, gap + size, (n - i - 1) * size);
}
