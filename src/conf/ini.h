/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sections of keys and values, with the lines they stand on:
 *
 *	# a comment, also after whitespace; so is one after ";"
 *	[section]
 *	key = value
 *
 * What does not read like this is an error, and reading goes on behind it:
 * the caller finds the other errors of the file in what is left.
 */
#ifndef CONF_INI_H
#define CONF_INI_H

#include <stddef.h>

#include "conf/diag.h"

struct ini_entry {
	char *key;
	char *value;		/* trimmed, may be "" */
	unsigned int line;
};

struct ini_section {
	char *name;
	unsigned int line;
	struct ini_entry *entries;
	size_t n_entries;
};

struct ini {
	struct ini_section *sections;
	size_t n_sections;
};

#define INI_SIZE_MAX (1024 * 1024)
#define INI_LINES_MAX 10000

/*
 * Returns 0, with errors in the text in place->diag; or a negative errno if
 * the file could not be read, which is in diag too. place needs a diag and a
 * file.
 */
int ini_load(const struct diag_place *place, struct ini **ret_ini);
int ini_parse(const struct diag_place *place, const char *text, size_t len,
	      struct ini **ret_ini);
void ini_free(struct ini *ini);

/* NULL if there is none. */
const struct ini_section *ini_section(const struct ini *ini,
				      const char *name);
const struct ini_entry *ini_entry(const struct ini_section *section,
				  const char *key);

#endif
