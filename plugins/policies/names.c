/* SPDX-License-Identifier: BSD-3-Clause */
/* Lists of names and patterns. */
#include <stdbool.h>
#include <string.h>

#include "names.h"

/*
 * Where a * stood is remembered: if what follows does not fit, the * is made
 * to take one character more. Only the last one need ever be tried again.
 */
static bool fits(const char *pattern, size_t len, const char *name)
{
	const char *end = pattern + len;
	const char *star = NULL;
	const char *from = NULL;

	while (*name) {
		if (pattern < end && *pattern == '*') {
			star = ++pattern;
			from = name;
		} else if (pattern < end &&
			   (*pattern == '?' || *pattern == *name)) {
			pattern++;
			name++;
		} else if (star) {
			pattern = star;
			name = ++from;
		} else {
			return false;
		}
	}

	while (pattern < end && *pattern == '*')
		pattern++;

	return pattern == end;
}

int names_find(const char *list, const char *name)
{
	const char *blanks = " \t";

	for (int i = 0;; i++) {
		size_t len = strcspn(list, ",");
		const char *next = list + len;
		size_t skip = strspn(list, blanks);

		if (skip < len) {
			list += skip;
			len -= skip;
			while (strchr(blanks, list[len - 1]))
				len--;

			if (fits(list, len, name))
				return i;
		}

		if (!*next)
			return -1;

		list = next + 1;
	}
}
