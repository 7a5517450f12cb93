/* SPDX-License-Identifier: BSD-3-Clause */
/* Fields of the daemon's answers as short texts. */
#include <stdio.h>
#include <string.h>

#include "ctl/format.h"

#define NOTHING "-"

const char *format_string(const json_t *object, const char *key)
{
	const char *string = json_string_value(json_object_get(object, key));

	return string && *string ? string : NOTHING;
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

/* In the largest unit that is not zero. */
const char *format_age(const json_t *object, const char *key, char *buf)
{
	static const struct {
		const char *name;
		long long ms;
	} units[] = {
		{ "d", 86400000 }, { "h", 3600000 }, { "m", 60000 },
		{ "s", 1000 }, { "ms", 1 },
	};
	const json_t *age = json_object_get(object, key);
	size_t i = 0;

	if (!json_is_integer(age))
		return NOTHING;

	while (i < 4 && json_integer_value(age) < units[i].ms)
		i++;

	snprintf(buf, FORMAT_MAX, "%lld%s",
		 (long long) json_integer_value(age) / units[i].ms,
		 units[i].name);
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

const char *format_count(long long n, const char *noun, char *buf)
{
	snprintf(buf, FORMAT_MAX, "%lld %s%s", n, noun, n == 1 ? "" : "s");
	return buf;
}
