/* SPDX-License-Identifier: BSD-3-Clause */
/* Goes by the rows of a table of keys. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conf/schema.h"
#include "conf/value.h"

static const enum value_unit units[] = {
	[SCHEMA_NUMBER] = VALUE_PLAIN,
	[SCHEMA_SIZE] = VALUE_SIZE,
	[SCHEMA_SPAN] = VALUE_SPAN,
};

static bool is_of(const struct schema_row *row, const char *section)
{
	return !strcmp(row->key.section, section);
}

const struct schema_row *schema_row(const struct schema_row *rows,
				    const char *section, const char *key)
{
	for (; rows->key.section; rows++)
		if (is_of(rows, section) && !strcmp(rows->key.key, key))
			return rows;

	return NULL;
}

static int parse_number(const struct schema_row *row,
			const struct diag_place *place, const char *text,
			uint64_t *ret_number)
{
	enum value_unit unit = units[row->type];
	uint64_t min, max;

	if (value_scan(row->min, unit, &min) < 0 ||
	    value_scan(row->max, unit, &max) < 0) {
		diag_error(place, "no such range: %s", row->key.allowed);
		return -EINVAL;
	}

	return value_number(place, text, unit, min, max, ret_number);
}

static int parse_string(const struct diag_place *place, const char *text,
			char **string)
{
	char *copy = strdup(text);

	if (!copy) {
		diag_error(place, "out of memory");
		return -ENOMEM;
	}

	free(*string);
	*string = copy;
	return 0;
}

static int parse_prefixes(const struct diag_place *place, const char *text,
			  struct config_prefixes *prefixes)
{
	struct config_prefixes parsed;
	int err = config_prefixes_parse(place, text, &parsed);

	if (err < 0)
		return err;

	config_prefixes_clear(prefixes);
	*prefixes = parsed;
	return 0;
}

static int parse_globs(const struct diag_place *place, const char *text,
		       struct config_globs *globs)
{
	struct config_globs parsed;
	int err = config_globs_parse(place, text, &parsed);

	if (err < 0)
		return err;

	config_globs_clear(globs);
	*globs = parsed;
	return 0;
}

static int parse_ports(const struct diag_place *place, const char *text,
		       struct config_ports *ports)
{
	struct config_ports parsed;
	int err = config_ports_parse(place, text, &parsed);

	if (err < 0)
		return err;

	config_ports_clear(ports);
	*ports = parsed;
	return 0;
}

static int parse_field(const struct schema_row *row,
		       const struct diag_place *place, const char *text,
		       void *field)
{
	uint64_t number;
	int err;

	switch (row->type) {
	case SCHEMA_FLAG:
		return value_flag(place, text, field);
	case SCHEMA_NUMBER:
	case SCHEMA_SIZE:
		err = parse_number(row, place, text, &number);
		if (!err)
			*(unsigned int *) field = (unsigned int) number;

		return err;
	case SCHEMA_SPAN:
		err = parse_number(row, place, text, &number);
		if (!err)
			*(struct anchor_span *) field =
				anchor_us((int64_t) number);

		return err;
	case SCHEMA_WORD:
		return value_word(place, text, row->words, field);
	case SCHEMA_STRING:
		return parse_string(place, text, field);
	case SCHEMA_PREFIXES:
		return parse_prefixes(place, text, field);
	case SCHEMA_GLOBS:
		return parse_globs(place, text, field);
	case SCHEMA_PORTS:
		return parse_ports(place, text, field);
	}

	return -EINVAL;
}

static int parse_key(const struct schema_row *row,
		     const struct diag_place *place, const char *text,
		     void *target)
{
	struct diag_place at = *place;
	bool is_auto = row->may_be_auto && !strcmp(text, "auto");
	int err;

	at.key = row->key.key;
	at.allowed = row->key.allowed;
	if (row->may_be_auto && !*text) {
		diag_error(&at, "nothing is listed");
		return -EINVAL;
	}

	err = parse_field(row, &at, is_auto ? "" : text,
			  (char *) target + row->offset);
	if (!err && row->may_be_auto)
		*(bool *) ((char *) target + row->auto_offset) = is_auto;

	return err;
}

int schema_defaults(const struct schema_row *rows,
		    const struct diag_place *place, const char *section,
		    void *target)
{
	int err = 0;

	for (; rows->key.section; rows++)
		if (is_of(rows, section))
			err = parse_key(rows, place, rows->key.fallback,
					target) ?: err;

	return err;
}

/* Says which keys there are. */
static void say_unknown(const struct schema_row *rows,
			struct diag_place *place, const char *section)
{
	char keys[256] = "";
	size_t len = 0;

	for (; rows->key.section; rows++)
		if (is_of(rows, section) && len < sizeof(keys))
			len += (size_t) snprintf(keys + len,
						 sizeof(keys) - len, "%s%s",
						 len ? ", " : "",
						 rows->key.key);

	place->allowed = keys;
	diag_error(place, "unknown key");
}

int schema_parse(const struct schema_row *rows,
		 const struct diag_place *place, const char *section,
		 const struct ini_section *ini_section, void *target)
{
	int err = 0;

	for (size_t i = 0; i < ini_section->n_entries; i++) {
		const struct ini_entry *entry = &ini_section->entries[i];
		const struct schema_row *row = schema_row(rows, section,
							  entry->key);
		struct diag_place at = *place;

		at.line = entry->line;
		at.section = ini_section->name;
		at.key = entry->key;
		if (row) {
			err = parse_key(row, &at, entry->value, target) ?:
				err;
		} else {
			say_unknown(rows, &at, section);
			err = -EINVAL;
		}
	}

	return err;
}

static void print_field(const struct schema_row *row, const void *field,
			FILE *out)
{
	char text[VALUE_TEXT_MAX];

	switch (row->type) {
	case SCHEMA_FLAG:
		fputs(*(const bool *) field ? "yes" : "no", out);
		break;
	case SCHEMA_NUMBER:
	case SCHEMA_SIZE:
		fputs(value_text(*(const unsigned int *) field,
				 units[row->type], text), out);
		break;
	case SCHEMA_SPAN:
		fputs(value_text((uint64_t)
				 ((const struct anchor_span *) field)->us,
				 VALUE_SPAN, text), out);
		break;
	case SCHEMA_WORD:
		fputs(row->words[*(const unsigned int *) field], out);
		break;
	case SCHEMA_STRING:
		fputs(*(char *const *) field, out);
		break;
	case SCHEMA_PREFIXES:
		config_prefixes_print(field, out);
		break;
	case SCHEMA_GLOBS:
		config_globs_print(field, out);
		break;
	case SCHEMA_PORTS:
		config_ports_print(field, out);
		break;
	}
}

void schema_print(const struct schema_row *rows, const char *section,
		  const void *target, FILE *out)
{
	const char *base = target;

	for (; rows->key.section; rows++) {
		if (!is_of(rows, section))
			continue;

		fprintf(out, "%s=", rows->key.key);
		if (rows->may_be_auto &&
		    *(const bool *) (base + rows->auto_offset))
			fputs("auto", out);
		else
			print_field(rows, base + rows->offset, out);

		fputc('\n', out);
	}
}

static void clear_field(const struct schema_row *row, void *field)
{
	switch (row->type) {
	case SCHEMA_FLAG:
	case SCHEMA_NUMBER:
	case SCHEMA_SIZE:
	case SCHEMA_SPAN:
	case SCHEMA_WORD:
		break;
	case SCHEMA_STRING:
		free(*(char **) field);
		*(char **) field = NULL;
		break;
	case SCHEMA_PREFIXES:
		config_prefixes_clear(field);
		break;
	case SCHEMA_GLOBS:
		config_globs_clear(field);
		break;
	case SCHEMA_PORTS:
		config_ports_clear(field);
		break;
	}
}

void schema_clear(const struct schema_row *rows, const char *section,
		  void *target)
{
	for (; rows->key.section; rows++)
		if (is_of(rows, section))
			clear_field(rows, (char *) target + rows->offset);
}
