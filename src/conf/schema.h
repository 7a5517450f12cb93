/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tables of keys. One row says everything about a key: its section, type,
 * default, range, and where its value is kept. Parsing, defaults, range
 * checks, printing and the check of the manual pages all go by the rows.
 *
 *	schema_defaults(rows, place, section, &target);
 *	schema_parse(rows, place, section, ini_section, &target);
 *	schema_print(rows, section, &target, out);
 *	schema_clear(rows, section, &target);
 *
 * A table ends with a row without a section. A target begins as zeroes.
 */
#ifndef CONF_SCHEMA_H
#define CONF_SCHEMA_H

#include <stdbool.h>
#include <stdio.h>

#include "conf/config.h"
#include "conf/ini.h"

enum schema_type {		/* kept as */
	SCHEMA_FLAG,		/* bool */
	SCHEMA_NUMBER,		/* unsigned int */
	SCHEMA_SIZE,		/* unsigned int, bytes */
	SCHEMA_SPAN,		/* struct anchor_span */
	SCHEMA_WORD,		/* an enum: the index of the word */
	SCHEMA_STRING,		/* char * */
	SCHEMA_PREFIXES,	/* struct config_prefixes */
	SCHEMA_GLOBS,		/* struct config_globs */
	SCHEMA_PORTS,		/* struct config_ports */
};

struct schema_row {
	struct config_key key;	/* first: config_key() hands it out */
	enum schema_type type;
	const char *min;	/* numbers, sizes and spans, as written */
	const char *max;
	const char *const *words;
	size_t offset;
	bool may_be_auto;	/* "auto" instead of a list */
	size_t auto_offset;	/* bool */
};

/* NULL if the section has no such key. */
const struct schema_row *schema_row(const struct schema_row *rows,
				    const char *section, const char *key);

/*
 * Both return 0, or -EINVAL with everything that is wrong in place->diag; the
 * rest is in target even then. section is the table's name for it. place
 * needs a diag and a file.
 */
int schema_defaults(const struct schema_row *rows,
		    const struct diag_place *place, const char *section,
		    void *target);
int schema_parse(const struct schema_row *rows,
		 const struct diag_place *place, const char *section,
		 const struct ini_section *ini_section, void *target);

/* The lines of its keys, without the header. */
void schema_print(const struct schema_row *rows, const char *section,
		  const void *target, FILE *out);
void schema_clear(const struct schema_row *rows, const char *section,
		  void *target);

#endif
