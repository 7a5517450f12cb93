/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Lists of names as options have them: separated by commas, blanks around
 * each ignored, with * for any and ? for one character in a name.
 *
 *	names_find("eth1, ens*", "ens3")	1
 */
#ifndef POLICIES_NAMES_H
#define POLICIES_NAMES_H

/* Which one of the list fits, from 0; -1: none does. */
int names_find(const char *list, const char *name);

#endif
