/* SPDX-License-Identifier: BSD-3-Clause */
/* What every cmocka test needs, and addresses written as text. */
#ifndef TESTS_UNIT_H
#define TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "util/addrtext.h"

static inline struct anchor_addr addr_of(const char *text)
{
	struct anchor_addr addr;

	assert_int_equal(addrtext_parse(text, &addr), 0);
	return addr;
}

static inline struct anchor_prefix prefix_of(const char *text)
{
	struct anchor_prefix prefix;

	assert_int_equal(addrtext_parse_prefix(text, &prefix), 0);
	return prefix;
}

static inline struct anchor_endpoint endpoint_of(const char *text)
{
	struct anchor_endpoint endpoint;

	assert_int_equal(addrtext_parse_endpoint(text, &endpoint), 0);
	return endpoint;
}

#endif
