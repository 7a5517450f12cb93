/* SPDX-License-Identifier: BSD-3-Clause */
/* Parses and prints single values. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "conf/value.h"

/* The smallest first; value_text() relies on the first being 1. */
struct unit {
	const char *suffix;
	uint64_t factor;
};

static const struct unit plain_units[] = {
	{ "", 1 },
	{ NULL, 0 },
};

static const struct unit size_units[] = {
	{ "", 1 },
	{ "k", 1024 },
	{ "M", 1024 * 1024 },
	{ NULL, 0 },
};

static const struct unit span_units[] = {
	{ "us", 1 },
	{ "ms", 1000 },
	{ "s", 1000000 },
	{ "m", 60 * UINT64_C(1000000) },
	{ "h", 3600 * UINT64_C(1000000) },
	{ "d", 86400 * UINT64_C(1000000) },
	{ NULL, 0 },
};

static const struct unit *const units_of[] = {
	[VALUE_PLAIN] = plain_units,
	[VALUE_SIZE] = size_units,
	[VALUE_SPAN] = span_units,
};

static const char *const names[] = {
	[VALUE_PLAIN] = "number",
	[VALUE_SIZE] = "number of bytes, with k or M or neither",
	[VALUE_SPAN] = "duration with a unit (us, ms, s, m, h, d)",
};

/* Not strtoull(3), which takes a sign and leading whitespace. */
static int scan_digits(const char **text, uint64_t *ret_number)
{
	uint64_t number = 0;

	if (**text < '0' || **text > '9')
		return -EINVAL;

	for (; **text >= '0' && **text <= '9'; (*text)++)
		if (__builtin_mul_overflow(number, 10, &number) ||
		    __builtin_add_overflow(number, (uint64_t) (**text - '0'),
					   &number))
			return -ERANGE;

	*ret_number = number;
	return 0;
}

int value_scan(const char *text, enum value_unit unit, uint64_t *ret_number)
{
	const struct unit *units = units_of[unit];
	uint64_t number;
	int err = scan_digits(&text, &number);

	if (err < 0)
		return err;

	while (units->suffix && strcmp(units->suffix, text))
		units++;

	if (!units->suffix)
		return -EINVAL;

	/* A span is signed. */
	if (__builtin_mul_overflow(number, units->factor, &number) ||
	    (unit == VALUE_SPAN && number > INT64_MAX))
		return -ERANGE;

	*ret_number = number;
	return 0;
}

const char *value_text(uint64_t number, enum value_unit unit, char *buf)
{
	const struct unit *units = units_of[unit];
	const struct unit *best = units;

	for (; units->suffix; units++)
		if (number && number % units->factor == 0)
			best = units;

	snprintf(buf, VALUE_TEXT_MAX, "%" PRIu64 "%s", number / best->factor,
		 best->suffix);
	return buf;
}

int value_number(const struct diag_place *place, const char *text,
		 enum value_unit unit, uint64_t min, uint64_t max,
		 uint64_t *ret_number)
{
	uint64_t number;
	int err = value_scan(text, unit, &number);

	if (err == -EINVAL) {
		diag_error(place, "not a %s \"%.64s\"", names[unit], text);
		return err;
	}

	if (err < 0 || number < min || number > max) {
		diag_error(place, "out of range \"%.64s\"", text);
		return -ERANGE;
	}

	*ret_number = number;
	return 0;
}

int value_flag(const struct diag_place *place, const char *text,
	       bool *ret_flag)
{
	static const char *const words[] = { "no", "yes", NULL };
	unsigned int word;
	int err = value_word(place, text, words, &word);

	if (!err)
		*ret_flag = word;

	return err;
}

int value_word(const struct diag_place *place, const char *text,
	       const char *const *words, unsigned int *ret_word)
{
	for (unsigned int i = 0; words[i]; i++)
		if (!strcmp(words[i], text)) {
			*ret_word = i;
			return 0;
		}

	diag_error(place, "not one of the words \"%.64s\"", text);
	return -EINVAL;
}
