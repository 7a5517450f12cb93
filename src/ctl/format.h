/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fields of the daemon's answers as short texts. Whatever is missing or of
 * another type comes out as "-": an older or newer daemon breaks nothing.
 */
#ifndef CTL_FORMAT_H
#define CTL_FORMAT_H

#include <jansson.h>

#define FORMAT_MAX 128

/*
 * What is not printable ASCII becomes "?" in all strings, however deep they
 * are: the name of an interface is not to drive a terminal. Exits on lack of
 * memory.
 */
void format_make_printable(json_t *answer);

/* A string that is not empty, or "-"; lives as long as the object. */
const char *format_text(const json_t *string);
const char *format_string(const json_t *object, const char *key);

/* These fill buf, which holds FORMAT_MAX, and return it or "-". */
const char *format_number(const json_t *object, const char *key, char *buf);
/* Bytes per second as Mbit/s, "94.1"; bytes as "1.5M" */
const char *format_mbit(const json_t *object, const char *key, char *buf);
const char *format_bytes(const json_t *object, const char *key, char *buf);
/* "5m", in the largest unit that fits */
const char *format_age(const json_t *object, const char *key, char *buf);
/* "3d 4h", with the next smaller one */
const char *format_uptime(const json_t *object, const char *key, char *buf);
/* "1 path", "2 paths", "- paths" */
const char *format_count(const json_t *object, const char *key,
			 const char *noun, char *buf);
/* {"address", "port"}; brackets around IPv6 if there is a port */
const char *format_endpoint(const json_t *endpoint, char *buf);

const char *format_bool(const json_t *object, const char *key,
			const char *if_true, const char *if_false);

/* Of a subflow: "a", or "a > b" if it ends on another rail than our own. */
const char *format_rails(const json_t *subflow, char *buf);
/* "active", "backup", or "-" if it is not established. */
const char *format_use(const json_t *subflow);
/* "waiting: Connection refused, 3 times" */
const char *format_state(const json_t *subflow, char *buf);

#endif
