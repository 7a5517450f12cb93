/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Errors of a configuration, collected so that all are reported in one run:
 *
 *	/etc/anchor/anchor.conf:7: error: [join] port: not a number "x"
 *	    (allowed: 0 to 65535)
 *
 * on one line each, in the order found. Whoever reads a file passes on where
 * it is in it, as a place that is copied and narrowed down:
 *
 *	struct diag_place place = { .diag = diag, .file = path };
 *
 *	place.line = 7;
 *	place.section = "join";
 *	diag_error(&place, "no such thing");
 */
#ifndef CONF_DIAG_H
#define CONF_DIAG_H

#include <stddef.h>

struct diag;

struct diag_place {
	struct diag *diag;
	const char *file;
	unsigned int line;	/* 0: the file as a whole */
	const char *section;	/* this and the following may be NULL */
	const char *key;
	const char *allowed;	/* what would have been right, in words */
};

struct diag *diag_new(void);
void diag_free(struct diag *diag);

void diag_error(const struct diag_place *place, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

size_t diag_count(const struct diag *diag);
const char *diag_line(const struct diag *diag, size_t i);

#endif
