/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fields of the daemon's answers as short texts. Whatever is missing or of
 * another type comes out as "-": an older or newer daemon breaks nothing.
 */
#ifndef CTL_FORMAT_H
#define CTL_FORMAT_H

#include <jansson.h>

#define FORMAT_MAX 80

/* A string field; lives as long as the object. */
const char *format_string(const json_t *object, const char *key);

/* These fill buf, which holds FORMAT_MAX, and return it. */
const char *format_number(const json_t *object, const char *key, char *buf);
const char *format_age(const json_t *object, const char *key, char *buf);
/* {"address", "port"} */
const char *format_endpoint(const json_t *endpoint, char *buf);

const char *format_bool(const json_t *object, const char *key,
			const char *if_true, const char *if_false);

/* "1 path", "2 paths" */
const char *format_count(long long n, const char *noun, char *buf);

#endif
