/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Single values as they are written in files: yes and no, words, and
 * numbers, plain or with a unit. Durations are numbers of microseconds.
 */
#ifndef CONF_VALUE_H
#define CONF_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "conf/diag.h"

enum value_unit {
	VALUE_PLAIN,	/* 17 */
	VALUE_SIZE,	/* 17, 64k, 4M: bytes */
	VALUE_SPAN,	/* 300ms, 5s: us, ms, s, m, h or d, never without */
};

#define VALUE_TEXT_MAX 32

/* -EINVAL: not such a number; -ERANGE: too large for any. */
int value_scan(const char *text, enum value_unit unit, uint64_t *ret_number);

/* With the largest unit that leaves no remainder; buf: VALUE_TEXT_MAX. */
const char *value_text(uint64_t number, enum value_unit unit, char *buf);

/* Each returns 0, or -EINVAL or -ERANGE with the reason in place->diag. */
int value_number(const struct diag_place *place, const char *text,
		 enum value_unit unit, uint64_t min, uint64_t max,
		 uint64_t *ret_number);
int value_flag(const struct diag_place *place, const char *text,
	       bool *ret_flag);
int value_word(const struct diag_place *place, const char *text,
	       const char *const *words, unsigned int *ret_word);

#endif
