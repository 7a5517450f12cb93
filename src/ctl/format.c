/* SPDX-License-Identifier: BSD-3-Clause */
/* Fields of the daemon's answers as short texts. */
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/format.h"

#define NOTHING "-"

struct unit {
	const char *name;
	long long ms;
};

static const struct unit units[] = {
	{ "d", 86400000 }, { "h", 3600000 }, { "m", 60000 }, { "s", 1000 },
};

#define N_UNITS (sizeof(units) / sizeof(*units))

static void make_string_printable(json_t *string)
{
	char *copy = strdup(json_string_value(string));

	for (char *c = copy; c && *c; c++)
		if (!isprint((unsigned char) *c))
			*c = '?';

	if (!copy || json_string_set(string, copy) < 0) {
		fputs("anchorctl: out of memory\n", stderr);
		exit(1);
	}

	free(copy);
}

void format_make_printable(json_t *answer)
{
	const char *key;
	json_t *item;
	size_t i;

	if (json_is_string(answer))
		make_string_printable(answer);

	json_array_foreach(answer, i, item)
		format_make_printable(item);

	json_object_foreach(answer, key, item)
		format_make_printable(item);
}

const char *format_text(const json_t *string)
{
	const char *text = json_string_value(string);

	return text && *text ? text : NOTHING;
}

const char *format_string(const json_t *object, const char *key)
{
	return format_text(json_object_get(object, key));
}

const char *format_number(const json_t *object, const char *key, char *buf)
{
	const json_t *number = json_object_get(object, key);

	if (!json_is_integer(number))
		return NOTHING;

	snprintf(buf, FORMAT_MAX, "%" JSON_INTEGER_FORMAT,
		 json_integer_value(number));
	return buf;
}

/* The largest that fits, or the smallest; false: there is no age. */
static bool find_unit(const json_t *age, size_t *ret_unit)
{
	size_t i = 0;

	if (!json_is_integer(age) || json_integer_value(age) < 0)
		return false;

	while (i + 1 < N_UNITS && json_integer_value(age) < units[i].ms)
		i++;

	*ret_unit = i;
	return true;
}

const char *format_mbit(const json_t *object, const char *key, char *buf)
{
	const json_t *number = json_object_get(object, key);

	if (!json_is_integer(number))
		return "-";

	snprintf(buf, FORMAT_MAX, "%.1f",
		 (double) json_integer_value(number) * 8 / 1e6);
	return buf;
}

const char *format_bytes(const json_t *object, const char *key, char *buf)
{
	static const char prefixes[] = "kMGTPE";
	const json_t *number = json_object_get(object, key);
	double bytes = (double) json_integer_value(number);
	const char *unit = prefixes;

	if (!json_is_integer(number))
		return "-";

	if (bytes < 1000) {
		snprintf(buf, FORMAT_MAX, "%.0f", bytes);
		return buf;
	}

	for (bytes /= 1000; bytes >= 999.95 && unit[1]; unit++)
		bytes /= 1000;

	snprintf(buf, FORMAT_MAX, "%.1f%c", bytes, *unit);
	return buf;
}

const char *format_age(const json_t *object, const char *key, char *buf)
{
	const json_t *age = json_object_get(object, key);
	size_t i;

	if (!find_unit(age, &i))
		return NOTHING;

	snprintf(buf, FORMAT_MAX, "%lld%s",
		 (long long) json_integer_value(age) / units[i].ms,
		 units[i].name);
	return buf;
}

const char *format_uptime(const json_t *object, const char *key, char *buf)
{
	const json_t *age = json_object_get(object, key);
	long long ms = (long long) json_integer_value(age);
	size_t i;

	if (!find_unit(age, &i))
		return NOTHING;

	if (i + 1 == N_UNITS)
		return format_age(object, key, buf);

	snprintf(buf, FORMAT_MAX, "%lld%s %lld%s", ms / units[i].ms,
		 units[i].name, ms % units[i].ms / units[i + 1].ms,
		 units[i + 1].name);
	return buf;
}

const char *format_count(const json_t *object, const char *key,
			 const char *noun, char *buf)
{
	const json_t *count = json_object_get(object, key);
	char number[FORMAT_MAX];

	snprintf(buf, FORMAT_MAX, "%.32s %.32s%s",
		 format_number(object, key, number), noun,
		 json_integer_value(count) == 1 ? "" : "s");
	return buf;
}

const char *format_endpoint(const json_t *endpoint, char *buf)
{
	const char *address = format_string(endpoint, "address");
	const json_t *port = json_object_get(endpoint, "port");
	long long number = (long long) json_integer_value(port);

	if (!number)
		snprintf(buf, FORMAT_MAX, "%s", address);
	else if (strchr(address, ':'))
		snprintf(buf, FORMAT_MAX, "[%s]:%lld", address, number);
	else
		snprintf(buf, FORMAT_MAX, "%s:%lld", address, number);

	return buf;
}

const char *format_bool(const json_t *object, const char *key,
			const char *if_true, const char *if_false)
{
	const json_t *value = json_object_get(object, key);

	if (!json_is_boolean(value))
		return NOTHING;

	return json_is_true(value) ? if_true : if_false;
}

const char *format_rails(const json_t *subflow, char *buf)
{
	const char *ours = format_string(subflow, "rail");
	const char *theirs = format_string(subflow, "remote_rail");

	if (!strcmp(theirs, NOTHING) || !strcmp(ours, theirs))
		return ours;

	snprintf(buf, FORMAT_MAX, "%s > %s", ours, theirs);
	return buf;
}

const char *format_use(const json_t *subflow)
{
	if (strcmp(format_string(subflow, "state"), "established"))
		return NOTHING;

	return format_bool(subflow, "backup", "backup", "active");
}

const char *format_state(const json_t *subflow, char *buf)
{
	const char *state = format_string(subflow, "state");
	const char *error = format_string(subflow, "error");
	char times[FORMAT_MAX];

	if (!strcmp(error, NOTHING))
		return state;

	snprintf(buf, FORMAT_MAX, "%s: %s, %s", state, error,
		 format_count(subflow, "failures", "time", times));
	return buf;
}
