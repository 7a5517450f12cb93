/* SPDX-License-Identifier: BSD-3-Clause */
/* Parses and prints what a module's option table describes. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conf/option.h"
#include "conf/value.h"

static void write_words(const char *const *words, char *buf)
{
	size_t len = 0;

	buf[0] = '\0';
	for (; *words && len < OPTION_ALLOWED_MAX; words++)
		len += (size_t) snprintf(buf + len, OPTION_ALLOWED_MAX - len,
					 "%s%s", len ? ", " : "", *words);
}

static void write_range(const struct anchor_option *option,
			enum value_unit unit, char *buf)
{
	char min[VALUE_TEXT_MAX], max[VALUE_TEXT_MAX];

	snprintf(buf, OPTION_ALLOWED_MAX, "%s to %s",
		 value_text(option->min, unit, min),
		 value_text(option->max, unit, max));
}

const char *option_allowed(const struct anchor_option *option, char *buf)
{
	switch (option->type) {
	case ANCHOR_OPTION_BOOL:
		return "yes, no";
	case ANCHOR_OPTION_UINT:
		write_range(option, VALUE_PLAIN, buf);
		return buf;
	case ANCHOR_OPTION_SPAN:
		write_range(option, VALUE_SPAN, buf);
		return buf;
	case ANCHOR_OPTION_ENUM:
		write_words(option->words, buf);
		return buf;
	case ANCHOR_OPTION_STRING:
		return NULL;
	}

	return NULL;
}

static int parse_number(const struct anchor_option *option,
			const struct diag_place *place, const char *text,
			enum value_unit unit, uint64_t *ret_number)
{
	return value_number(place, text, unit, option->min, option->max,
			    ret_number);
}

static int parse_string(const struct diag_place *place, const char *text,
			const char **ret_string)
{
	char *copy = strdup(text);

	if (!copy) {
		diag_error(place, "out of memory");
		return -ENOMEM;
	}

	*ret_string = copy;
	return 0;
}

int option_parse(const struct anchor_option *option,
		 const struct diag_place *place, const char *text,
		 union anchor_value *ret_value)
{
	struct diag_place at = *place;
	char buf[OPTION_ALLOWED_MAX];
	uint64_t number;
	int err;

	at.key = option->key;
	at.allowed = option_allowed(option, buf);
	switch (option->type) {
	case ANCHOR_OPTION_BOOL:
		return value_flag(&at, text, &ret_value->flag);
	case ANCHOR_OPTION_UINT:
		return parse_number(option, &at, text, VALUE_PLAIN,
				    &ret_value->number);
	case ANCHOR_OPTION_SPAN:
		err = parse_number(option, &at, text, VALUE_SPAN, &number);
		if (!err)
			ret_value->span = anchor_us((int64_t) number);

		return err;
	case ANCHOR_OPTION_ENUM:
		return value_word(&at, text, option->words,
				  &ret_value->word);
	case ANCHOR_OPTION_STRING:
		return parse_string(&at, text, &ret_value->string);
	}

	return -EINVAL;
}

void option_clear(const struct anchor_option *option,
		  union anchor_value *value)
{
	if (option->type == ANCHOR_OPTION_STRING) {
		free((char *) value->string);
		value->string = NULL;
	}
}

void option_print(const struct anchor_option *option,
		  const union anchor_value *value, FILE *out)
{
	char text[VALUE_TEXT_MAX];

	fprintf(out, "%s=", option->key);
	switch (option->type) {
	case ANCHOR_OPTION_BOOL:
		fputs(value->flag ? "yes" : "no", out);
		break;
	case ANCHOR_OPTION_UINT:
		fputs(value_text(value->number, VALUE_PLAIN, text), out);
		break;
	case ANCHOR_OPTION_SPAN:
		fputs(value_text((uint64_t) value->span.us, VALUE_SPAN,
				 text), out);
		break;
	case ANCHOR_OPTION_ENUM:
		fputs(option->words[value->word], out);
		break;
	case ANCHOR_OPTION_STRING:
		fputs(value->string, out);
		break;
	}

	fputc('\n', out);
}

/* What cannot be written as a key in a file. */
static bool is_key(const char *key)
{
	size_t len = key ? strspn(key, "abcdefghijklmnopqrstuvwxyz"
				  "0123456789-") : 0;

	return len && !key[len];
}

int option_check(const struct anchor_option *option,
		 const struct diag_place *place)
{
	struct diag_place at = *place;
	union anchor_value value = { 0 };
	int err;

	if (!is_key(option->key)) {
		diag_error(&at, "an option without a key of a-z, 0-9 and -");
		return -EINVAL;
	}

	at.key = option->key;
	if ((unsigned int) option->type > ANCHOR_OPTION_STRING) {
		diag_error(&at, "an option of no known type");
		return -EINVAL;
	}

	if (option->type == ANCHOR_OPTION_ENUM && !option->words) {
		diag_error(&at, "an option without its words");
		return -EINVAL;
	}

	if (!option->fallback) {
		diag_error(&at, "an option without a default");
		return -EINVAL;
	}

	err = option_parse(option, &at, option->fallback, &value);
	if (!err)
		option_clear(option, &value);

	return err;
}
