/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What becomes of news that are missing, late or cannot be read, by a kernel
 * whose words are written here (tests/fuzz/fake-netlink.h).
 */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include "unit.h"

#include "fuzz/fake-netlink.h"
#include "netlink/netfacts.h"

#define SCRIPT_MAX 4096
#define MESSAGE_MAX 256

/* fake-netlink.h's letters. */
#define NEWS 'd'
#define DUMPED 'a'
#define NOTHING '-'

struct script {
	struct fuzz_input input;
	uint8_t bytes[SCRIPT_MAX];
	size_t len;
	int changes;
	struct netfacts *facts;
};

static void put(struct script *script, const void *bytes, size_t len)
{
	assert_true(script->len + len <= SCRIPT_MAX);
	memcpy(script->bytes + script->len, bytes, len);
	script->len += len;
}

static void put_letter(struct script *script, char letter)
{
	put(script, &letter, 1);
}

static void say(struct script *script, char letter,
		const struct nlmsghdr *nlh)
{
	const uint8_t len[] = {
		(uint8_t) nlh->nlmsg_len, (uint8_t) (nlh->nlmsg_len >> 8)
	};

	put_letter(script, letter);
	put(script, len, sizeof(len));
	put(script, nlh, nlh->nlmsg_len);
}

static void say_link(struct script *script, char letter, int ifindex,
		     bool carrier)
{
	_Alignas(NLMSG_ALIGNTO) char buf[MESSAGE_MAX];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct ifinfomsg *info = mnl_nlmsg_put_extra_header(nlh,
							    sizeof(*info));

	nlh->nlmsg_type = RTM_NEWLINK;
	info->ifi_index = ifindex;
	info->ifi_flags = IFF_UP | (carrier ? IFF_LOWER_UP : 0);
	mnl_attr_put_strz(nlh, IFLA_IFNAME, "eth");
	say(script, letter, nlh);
}

static void say_address(struct script *script, char letter, uint16_t type,
			const char *text, uint8_t flags)
{
	_Alignas(NLMSG_ALIGNTO) char buf[MESSAGE_MAX];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct ifaddrmsg *info = mnl_nlmsg_put_extra_header(nlh,
							    sizeof(*info));
	struct anchor_addr addr = addr_of(text);

	nlh->nlmsg_type = type;
	info->ifa_family = AF_INET;
	info->ifa_prefixlen = 24;
	info->ifa_index = 1;
	info->ifa_flags = flags;
	mnl_attr_put(nlh, IFA_LOCAL, 4, addr.bytes);
	say(script, letter, nlh);
}

/* A link without a name. */
static void say_bad(struct script *script, char letter)
{
	_Alignas(NLMSG_ALIGNTO) char buf[MESSAGE_MAX];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);

	nlh->nlmsg_type = RTM_NEWLINK;
	mnl_nlmsg_put_extra_header(nlh, sizeof(struct ifinfomsg));
	say(script, letter, nlh);
}

static void end_with(struct script *script, char error)
{
	put(script, (const char []) { 'k', error, NOTHING }, 3);
}

static void end_dump(struct script *script)
{
	end_with(script, 0);
}

static void dump_links(struct script *script, bool carrier)
{
	say_link(script, DUMPED, 1, carrier);
	end_dump(script);
}

static void dump_all(struct script *script, bool carrier,
		     const char *address)
{
	dump_links(script, carrier);
	if (address)
		say_address(script, DUMPED, RTM_NEWADDR, address, 0);

	end_dump(script);
}

static void rewind_script(struct script *script)
{
	script->input = (struct fuzz_input) { script->bytes, script->len };
	script->len = 0;
}

/* All that was written is read. */
static void play(struct script *script)
{
	rewind_script(script);
	while (script->input.left)
		assert_int_equal(netfacts_dispatch(script->facts), 0);
}

static void on_change(void *data)
{
	++*(int *) data;
}

/* One link with its carrier and one address. */
static void start(struct script *script)
{
	*script = (struct script) { 0 };
	fake_netlink_begin(&script->input);
	dump_all(script, true, "10.1.0.1");
	rewind_script(script);
	assert_int_equal(netfacts_new(4096, on_change, &script->changes,
				      &script->facts), 0);
	assert_false(netfacts_wants_tick(script->facts));
}

static void audit(struct script *script)
{
	assert_int_equal(netfacts_audit(script->facts), 0);
}

static void tick(struct script *script)
{
	rewind_script(script);
	assert_int_equal(netfacts_tick(script->facts), 0);
}

static void assert_repairs(const struct script *script, unsigned int links,
			   unsigned int addresses)
{
	struct netfacts_repairs repairs = netfacts_repairs(script->facts);

	assert_int_equal(repairs.links, links);
	assert_int_equal(repairs.addresses, addresses);
}

static void assert_ends_with(struct script *script, unsigned int links,
			     unsigned int addresses)
{
	tick(script);
	tick(script);
	assert_false(netfacts_wants_tick(script->facts));
	tick(script);
	assert_repairs(script, links, addresses);
	netfacts_free(script->facts);
}

static bool has_carrier(const struct script *script)
{
	return netfacts_link(script->facts, 0)->carrier;
}

static void test_missed(void **state)
{
	struct script script;

	(void) state;
	start(&script);
	audit(&script);
	dump_all(&script, true, "10.1.0.1");
	play(&script);
	assert_int_equal(script.changes, 0);
	assert_false(netfacts_wants_tick(script.facts));

	/* Believed at once, counted later. */
	audit(&script);
	dump_all(&script, false, "10.1.0.2");
	play(&script);
	assert_false(has_carrier(&script));
	assert_non_null(netfacts_address(script.facts, 0));
	assert_null(netfacts_address(script.facts, 1));
	assert_true(script.changes > 0);
	assert_true(netfacts_wants_tick(script.facts));
	tick(&script);
	assert_repairs(&script, 0, 0);

	/* The address that went, and the one that came. */
	assert_ends_with(&script, 1, 2);
}

static void test_late(void **state)
{
	struct script script;

	(void) state;
	start(&script);
	audit(&script);
	dump_all(&script, false, "10.1.0.2");
	play(&script);
	tick(&script);
	say_link(&script, NEWS, 1, false);
	say_address(&script, NEWS, RTM_DELADDR, "10.1.0.1", 0);
	say_address(&script, NEWS, RTM_NEWADDR, "10.1.0.2", 0);
	tick(&script);
	assert_ends_with(&script, 0, 0);
}

/* A dump that was read before news were sent may come after them. */
static void test_newer(void **state)
{
	struct script script;

	(void) state;
	start(&script);
	audit(&script);
	say_link(&script, NEWS, 1, false);
	dump_links(&script, true);
	say_address(&script, NEWS, RTM_DELADDR, "10.1.0.1", 0);
	say_address(&script, NEWS, RTM_NEWADDR, "10.1.0.2", 0);
	say_address(&script, DUMPED, RTM_NEWADDR, "10.1.0.1", 0);
	end_dump(&script);
	play(&script);
	assert_false(has_carrier(&script));
	assert_true(netfacts_address(script.facts, 0)->addr.bytes[3] == 2);
	assert_null(netfacts_address(script.facts, 1));

	/* Not so of the next one. */
	audit(&script);
	dump_all(&script, true, "10.1.0.2");
	play(&script);
	assert_true(has_carrier(&script));
	assert_ends_with(&script, 1, 0);
}

/* Of a tentative address the kernel tells when it has ceased to be that. */
static void test_tentative(void **state)
{
	struct script script;

	(void) state;
	start(&script);
	audit(&script);
	dump_links(&script, true);
	say_address(&script, DUMPED, RTM_NEWADDR, "10.1.0.1",
		    IFA_F_TENTATIVE);
	say_address(&script, DUMPED, RTM_NEWADDR, "10.1.0.2",
		    IFA_F_TENTATIVE);
	end_dump(&script);
	play(&script);
	assert_false(netfacts_address(script.facts, 0)->usable);
	assert_non_null(netfacts_address(script.facts, 1));
	assert_ends_with(&script, 0, 0);
}

/* What it was about is found by a dump: once, then in a while. */
static void test_bad_news(void **state)
{
	struct script script;
	struct nlsock_stats stats;
	unsigned int dumps;

	(void) state;
	start(&script);
	say_bad(&script, NEWS);
	put_letter(&script, NOTHING);
	dump_all(&script, false, "10.1.0.1");
	play(&script);
	assert_false(has_carrier(&script));
	netfacts_get_stats(script.facts, &stats);
	assert_int_equal(stats.malformed, 1);

	for (int i = 0; i < 100; i++) {
		say_bad(&script, NEWS);
		put_letter(&script, NOTHING);
		dump_all(&script, false, "10.1.0.1");
		play(&script);
	}

	dumps = fake_netlink_dumps();
	assert_in_range(dumps, 4, 20);
	tick(&script);
	dump_all(&script, true, "10.1.0.1");
	play(&script);
	assert_int_equal(fake_netlink_dumps(), dumps + 2);
	assert_true(has_carrier(&script));
	assert_ends_with(&script, 1, 0);
}

/* It would not be better the next time; and may be the one that is missing. */
static void test_bad_dump(void **state)
{
	struct script script;
	unsigned int dumps;

	(void) state;
	start(&script);
	audit(&script);
	dumps = fake_netlink_dumps();
	say_bad(&script, DUMPED);
	end_dump(&script);
	end_dump(&script);
	play(&script);
	assert_int_equal(fake_netlink_dumps(), dumps + 1);
	assert_true(has_carrier(&script));
	assert_non_null(netfacts_address(script.facts, 0));
	assert_ends_with(&script, 0, 0);
}

static void test_truncated(void **state)
{
	struct script script;
	struct nlsock_stats stats;

	(void) state;
	start(&script);
	say_link(&script, 't', 1, false);
	put_letter(&script, NOTHING);
	dump_all(&script, false, NULL);
	play(&script);
	assert_false(has_carrier(&script));
	assert_null(netfacts_address(script.facts, 0));
	netfacts_get_stats(script.facts, &stats);
	assert_int_equal(stats.malformed, 1);
	assert_ends_with(&script, 1, 1);
}

static void test_interrupted(void **state)
{
	struct script script;

	(void) state;
	start(&script);
	audit(&script);
	end_with(&script, EINTR);
	dump_all(&script, true, "10.1.0.1");
	play(&script);
	assert_int_equal(script.changes, 0);
	assert_int_equal(netfacts_interrupted(script.facts), 1);
	assert_ends_with(&script, 0, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_missed),
		cmocka_unit_test(test_late),
		cmocka_unit_test(test_newer),
		cmocka_unit_test(test_tentative),
		cmocka_unit_test(test_bad_news),
		cmocka_unit_test(test_bad_dump),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_interrupted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
