/* SPDX-License-Identifier: BSD-3-Clause */
/* Addresses, prefixes and endpoints, from text and back. */
#include <errno.h>

#include "unit.h"

/* What is read, and how it is written; NULL: it is refused. */
struct row {
	const char *text;
	const char *written;
};

static void test_addresses(void **state)
{
	static const struct row rows[] = {
		{ "10.1.2.3", "10.1.2.3" },
		{ "0.0.0.0", "0.0.0.0" },
		{ "2001:DB8:0:0::1", "2001:db8::1" },
		{ "::", "::" },
		{ "::ffff:10.1.2.3", "10.1.2.3" },
		{ "::10.1.2.3", "::10.1.2.3" },
		{ "", NULL },
		{ "10.1.2", NULL },
		{ "10.1.2.256", NULL },
		{ "010.1.2.3", NULL },
		{ "10.1.2.3 ", NULL },
		{ "fe80::1%eth0", NULL },
		{ "[::1]", NULL },
		{ "host", NULL },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct anchor_addr addr, before;
		char text[ADDRTEXT_MAX];

		memset(&addr, 0x55, sizeof(addr));
		before = addr;
		if (!rows[i].written) {
			assert_int_equal(addrtext_parse(rows[i].text, &addr),
					 -EINVAL);
			assert_memory_equal(&addr, &before, sizeof(addr));
			continue;
		}

		assert_int_equal(addrtext_parse(rows[i].text, &addr), 0);
		assert_string_equal(addrtext(&addr, text), rows[i].written);
	}
}

static void test_mapped_is_equal(void **state)
{
	struct anchor_addr mapped = addr_of("::ffff:10.1.2.3");
	struct anchor_addr plain = addr_of("10.1.2.3");

	assert_true(anchor_addr_equal(&mapped, &plain));
}

static void test_none(void **state)
{
	struct anchor_addr none = { 0 };
	char text[ADDRTEXT_MAX];

	assert_string_equal(addrtext(&none, text), "-");
}

static void test_prefixes(void **state)
{
	static const struct row rows[] = {
		{ "10.1.0.0/16", "10.1.0.0/16" },
		{ "0.0.0.0/0", "0.0.0.0/0" },
		{ "10.1.2.3", "10.1.2.3" },
		{ "10.1.2.3/32", "10.1.2.3" },
		{ "10.1.2.2/31", "10.1.2.2/31" },
		{ "::/0", "::/0" },
		{ "2001:db8::/33", "2001:db8::/33" },
		{ "::1/128", "::1" },
		{ "::ffff:10.1.0.0/112", "10.1.0.0/16" },
		{ "::ffff:0.0.0.0/96", "0.0.0.0/0" },
		{ "10.1.0.0/", NULL },
		{ "10.1.0.0/33", NULL },
		{ "10.1.0.0/016", NULL },
		{ "10.1.0.0/-1", NULL },
		{ "10.1.0.0/16/16", NULL },
		{ "::/129", NULL },
		{ "/16", NULL },
		{ "1111:2222:3333:4444:5555:6666:7777:8888"
		  "1111:2222:3333:4444:5555:6666:7777:8888/64", NULL },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct anchor_prefix prefix;
		char text[ADDRTEXT_MAX];
		int err = addrtext_parse_prefix(rows[i].text, &prefix);

		assert_int_equal(err, rows[i].written ? 0 : -EINVAL);
		if (!err)
			assert_string_equal(addrtext_prefix(&prefix, text),
					    rows[i].written);
	}
}

static void test_host_bits(void **state)
{
	static const char *const texts[] = {
		"10.1.2.3/16", "10.1.2.3/31", "128.0.0.0/0", "::1/127",
		"2001:db8::/28", "::ffff:10.1.0.0/64", "::ffff:10.1.0.0/111",
	};
	struct anchor_prefix prefix;

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		assert_int_equal(addrtext_parse_prefix(texts[i], &prefix),
				 -EDOM);
}

static void test_endpoints(void **state)
{
	static const struct row rows[] = {
		{ "10.1.2.3:6789", "10.1.2.3:6789" },
		{ "10.1.2.3:0", "10.1.2.3:0" },
		{ "[2001:db8::1]:65535", "[2001:db8::1]:65535" },
		{ "[::ffff:10.1.2.3]:80", "10.1.2.3:80" },
		{ "[1111:2222:3333:4444:5555:6666:7777:8888]:65535",
		  "[1111:2222:3333:4444:5555:6666:7777:8888]:65535" },
		{ "10.1.2.3", NULL },
		{ "10.1.2.3:", NULL },
		{ "10.1.2.3:65536", NULL },
		{ "10.1.2.3:080", NULL },
		{ "[10.1.2.3]:80", NULL },
		{ "::1:80", NULL },
		{ "[::1]", NULL },
		{ "[::1:80", NULL },
		{ "[::180", NULL },
		{ "[:80", NULL },
		{ "::1]:80", NULL },
		{ "[[::1]]:80", NULL },
		{ ":80", NULL },
		{ "", NULL },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct anchor_endpoint endpoint;
		char text[ADDRTEXT_MAX];
		int err = addrtext_parse_endpoint(rows[i].text, &endpoint);

		assert_int_equal(err, rows[i].written ? 0 : -EINVAL);
		if (!err)
			assert_string_equal(addrtext_endpoint(&endpoint,
							      text),
					    rows[i].written);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_mapped_is_equal),
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_prefixes),
		cmocka_unit_test(test_host_bits),
		cmocka_unit_test(test_endpoints),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
