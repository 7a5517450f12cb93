/* SPDX-License-Identifier: BSD-3-Clause */
/* Links and addresses from rtnetlink messages. */
#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "netlink/framing.h"
#include "netlink/rtnl.h"
#include "unit.h"

#define MUTATIONS 20000
#define SEED 0x9e3779b97f4a7c15

/* A veth with a carrier, as a little-endian host has it on the wire. */
static const char link_hex[] =
	"4c0000001000000001000000e8030000" "00000100030000004310010000000000"
	"0900030065746831" "00000000" "0500100006000000"
	"10001200" "0900010076657468" "00000000" "0800040003000000";

/* 10.1.2.2/24 on it. */
static const char address_hex[] =
	"3c0000001400000001000000e8030000" "0218800003000000"
	"080001000a010202" "080002000a010202" "0900030065746831" "00000000"
	"0800080080000000";

static size_t from_hex(const char *hex, uint8_t *bytes)
{
	size_t len = strlen(hex) / 2;

	for (size_t i = 0; i < len; i++) {
		unsigned int byte;

		assert_int_equal(sscanf(hex + 2 * i, "%2x", &byte), 1);
		bytes[i] = (uint8_t) byte;
	}

	return len;
}

/* The first len bytes and not one more, so that ASan sees what is read. */
static struct nlmsghdr *exact(const void *bytes, size_t len)
{
	struct nlmsghdr *nlh = malloc(len);

	assert_non_null(nlh);
	memcpy(nlh, bytes, len);
	return nlh;
}

static void test_link_bytes(void **state)
{
	_Alignas(4) uint8_t bytes[256];
	struct rtnl_link link;

	(void) state;
	from_hex(link_hex, bytes);
	assert_int_equal(rtnl_decode_link((void *) bytes, &link), 0);
	assert_int_equal(link.ifindex, 3);
	assert_string_equal(link.name, "eth1");
	assert_string_equal(link.kind, "veth");
	assert_true(link.up);
	assert_true(link.carrier);
	assert_false(link.loopback);
}

static void test_address_bytes(void **state)
{
	_Alignas(4) uint8_t bytes[256];
	struct anchor_addr want = addr_of("10.1.2.2");
	struct rtnl_address address;

	(void) state;
	from_hex(address_hex, bytes);
	assert_int_equal(rtnl_decode_address((void *) bytes, &address), 0);
	assert_int_equal(address.ifindex, 3);
	assert_true(anchor_addr_equal(&address.addr, &want));
	assert_int_equal(address.prefixlen, 24);
	assert_true(address.global);
	assert_true(address.usable);
}

static struct nlmsghdr *put_link(char *buf, uint16_t type, unsigned int flags,
				 const char *name)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct ifinfomsg *info = mnl_nlmsg_put_extra_header(nlh,
							    sizeof(*info));

	nlh->nlmsg_type = type;
	info->ifi_family = AF_UNSPEC;
	info->ifi_index = 5;
	info->ifi_flags = flags;
	mnl_attr_put_strz(nlh, IFLA_IFNAME, name);
	return nlh;
}

static void test_carrier(void **state)
{
	static const struct {
		unsigned int flags;
		int operstate;		/* -1: not told */
		bool up, carrier;
	} rows[] = {
		{ IFF_UP | IFF_LOWER_UP, IF_OPER_UP, true, true },
		{ IFF_UP | IFF_LOWER_UP, IF_OPER_UNKNOWN, true, true },
		{ IFF_UP | IFF_LOWER_UP, IF_OPER_DORMANT, true, true },
		{ IFF_UP | IFF_LOWER_UP, -1, true, true },
		{ IFF_UP | IFF_LOWER_UP, IF_OPER_DOWN, true, false },
		{ IFF_UP | IFF_LOWER_UP, IF_OPER_LOWERLAYERDOWN, true, false },
		{ IFF_UP | IFF_LOWER_UP, IF_OPER_NOTPRESENT, true, false },
		{ IFF_UP, IF_OPER_UP, true, false },
		{ IFF_UP, -1, true, false },
		{ 0, IF_OPER_DOWN, false, false },
	};
	char buf[512];

	(void) state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct nlmsghdr *nlh = put_link(buf, RTM_NEWLINK,
						rows[i].flags, "eth2");
		struct rtnl_link link;

		if (rows[i].operstate >= 0)
			mnl_attr_put_u8(nlh, IFLA_OPERSTATE,
					(uint8_t) rows[i].operstate);

		assert_int_equal(rtnl_decode_link(nlh, &link), 0);
		assert_int_equal(link.up, rows[i].up);
		assert_int_equal(link.carrier, rows[i].carrier);
	}
}

static void test_link_kinds(void **state)
{
	char buf[512];
	struct nlmsghdr *nlh = put_link(buf, RTM_NEWLINK,
					IFF_UP | IFF_LOOPBACK, "lo");
	struct rtnl_link link;
	struct nlattr *nest;

	(void) state;
	assert_int_equal(rtnl_decode_link(nlh, &link), 0);
	assert_true(link.loopback);
	assert_string_equal(link.kind, "");

	nlh = put_link(buf, RTM_DELLINK, 0, "fifteen-letters");
	nest = mnl_attr_nest_start(nlh, IFLA_LINKINFO);
	mnl_attr_put_strz(nlh, IFLA_INFO_KIND, "dummy");
	mnl_attr_nest_end(nlh, nest);
	assert_int_equal(rtnl_decode_link(nlh, &link), 1);
	assert_int_equal(link.ifindex, 5);
	assert_string_equal(link.name, "fifteen-letters");
	assert_string_equal(link.kind, "dummy");
	assert_false(link.loopback);
}

/* Names that are longer than the kernel allows, or not ended, are cut. */
static void test_long_names(void **state)
{
	char buf[512];
	struct nlmsghdr *nlh = put_link(buf, RTM_NEWLINK, 0,
					"one-name-too-long-for-it");
	struct rtnl_link link;

	(void) state;
	assert_int_equal(rtnl_decode_link(nlh, &link), 0);
	assert_string_equal(link.name, "one-name-too-lo");
}

static void test_links_refused(void **state)
{
	char buf[512];
	struct rtnl_link link;
	struct nlmsghdr *nlh = put_link(buf, RTM_NEWROUTE, 0, "eth2");
	struct ifinfomsg *info = mnl_nlmsg_get_payload(nlh);

	(void) state;
	assert_int_equal(rtnl_decode_link(nlh, &link), -ENOMSG);

	/* A bridge tells of its port in the same words. */
	nlh = put_link(buf, RTM_DELLINK, 0, "eth2");
	info->ifi_family = AF_BRIDGE;
	assert_int_equal(rtnl_decode_link(nlh, &link), -ENOMSG);

	nlh = put_link(buf, RTM_NEWLINK, 0, "");
	assert_int_equal(rtnl_decode_link(nlh, &link), -EBADMSG);

	nlh = put_link(buf, RTM_NEWLINK, 0, "eth2");
	info->ifi_index = 0;
	assert_int_equal(rtnl_decode_link(nlh, &link), -EBADMSG);
}

struct address_row {
	const char *local, *address;	/* NULL: no such attribute */
	uint8_t scope, prefixlen;
	uint8_t old_flags;		/* in the header */
	int64_t flags;			/* IFA_FLAGS; -1: none */
	const char *want;
	bool global, usable;
};

static void put_text(struct nlmsghdr *nlh, uint16_t type, const char *text)
{
	struct anchor_addr addr;

	if (!text)
		return;

	addr = addr_of(text);
	mnl_attr_put(nlh, type, anchor_addr_bits(&addr) / 8, addr.bytes);
}

static struct nlmsghdr *put_address(char *buf, uint16_t type,
				    const struct address_row *row)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct ifaddrmsg *info = mnl_nlmsg_put_extra_header(nlh,
							    sizeof(*info));
	const char *any = row->local ? row->local : row->address;

	nlh->nlmsg_type = type;
	info->ifa_family = any && strchr(any, ':') ? AF_INET6 : AF_INET;
	info->ifa_index = 5;
	info->ifa_prefixlen = row->prefixlen;
	info->ifa_scope = row->scope;
	info->ifa_flags = row->old_flags;
	put_text(nlh, IFA_ADDRESS, row->address);
	put_text(nlh, IFA_LOCAL, row->local);
	if (row->flags >= 0)
		mnl_attr_put_u32(nlh, IFA_FLAGS, (uint32_t) row->flags);

	return nlh;
}

static const struct address_row address_rows[] = {
	/* lo: its own, and a rendezvous address. */
	{ "127.0.0.1", "127.0.0.1", RT_SCOPE_HOST, 8, 0, IFA_F_PERMANENT,
	  "127.0.0.1", false, true },
	{ "10.255.0.1", "10.255.0.1", RT_SCOPE_UNIVERSE, 32, 0, -1,
	  "10.255.0.1", true, true },
	{ NULL, "::1", RT_SCOPE_HOST, 128, 0, IFA_F_PERMANENT,
	  "::1", false, true },
	/* Point to point: IFA_ADDRESS is the peer. */
	{ "10.0.0.1", "10.0.0.2", RT_SCOPE_UNIVERSE, 32, 0, -1,
	  "10.0.0.1", true, true },
	{ "fd00::1", "fd00::2", RT_SCOPE_UNIVERSE, 128, 0, -1,
	  "fd00::1", true, true },
	{ NULL, "fd00::3", RT_SCOPE_UNIVERSE, 64, 0, IFA_F_PERMANENT,
	  "fd00::3", true, true },
	{ NULL, "fec0::1", RT_SCOPE_SITE, 64, 0, -1, "fec0::1", true, true },
	{ NULL, "fe80::1", RT_SCOPE_LINK, 64, 0, -1, "fe80::1", false, true },
	/* States of duplicate address detection. */
	{ NULL, "fd00::3", 0, 64, 0, IFA_F_TENTATIVE, "fd00::3", true, false },
	{ NULL, "fd00::3", 0, 64, 0, IFA_F_TENTATIVE | IFA_F_OPTIMISTIC,
	  "fd00::3", true, true },
	{ NULL, "fd00::3", 0, 64, 0, IFA_F_DADFAILED | IFA_F_TENTATIVE |
	  IFA_F_OPTIMISTIC, "fd00::3", true, false },
	{ NULL, "fd00::3", 0, 64, 0, IFA_F_DEPRECATED, "fd00::3", true,
	  false },
	{ "10.0.0.1", NULL, 0, 0, 0, IFA_F_DEPRECATED, "10.0.0.1", true,
	  false },
	/* The header's flags count only without the attribute. */
	{ NULL, "fd00::3", 0, 64, IFA_F_TENTATIVE, -1, "fd00::3", true,
	  false },
	{ NULL, "fd00::3", 0, 64, IFA_F_TENTATIVE, IFA_F_NOPREFIXROUTE,
	  "fd00::3", true, true },
};

static void test_addresses(void **state)
{
	const size_t n = sizeof(address_rows) / sizeof(address_rows[0]);
	char buf[512];

	(void) state;
	for (size_t i = 0; i < 2 * n; i++) {
		const struct address_row *row = &address_rows[i / 2];
		struct anchor_addr want = addr_of(row->want);
		struct nlmsghdr *nlh = put_address(buf, i % 2 ? RTM_DELADDR :
						   RTM_NEWADDR, row);
		struct rtnl_address address;

		assert_int_equal(rtnl_decode_address(nlh, &address), i % 2);
		assert_int_equal(address.ifindex, 5);
		assert_int_equal(address.prefixlen, row->prefixlen);
		assert_true(anchor_addr_equal(&address.addr, &want));
		assert_int_equal(address.global, row->global);
		assert_int_equal(address.usable, row->usable);
	}
}

static void test_addresses_refused(void **state)
{
	const struct address_row good = address_rows[3];
	struct address_row row = { .flags = -1 };
	char buf[512];
	struct nlmsghdr *nlh = put_address(buf, RTM_NEWROUTE, &good);
	struct ifaddrmsg *info = mnl_nlmsg_get_payload(nlh);
	struct rtnl_address address;

	(void) state;
	assert_int_equal(rtnl_decode_address(nlh, &address), -ENOMSG);

	nlh = put_address(buf, RTM_NEWADDR, &good);
	info->ifa_family = AF_DECnet;
	assert_int_equal(rtnl_decode_address(nlh, &address), -ENOMSG);

	/* Bytes of the other family. */
	nlh = put_address(buf, RTM_NEWADDR, &good);
	info->ifa_family = AF_INET6;
	assert_int_equal(rtnl_decode_address(nlh, &address), -EBADMSG);

	nlh = put_address(buf, RTM_NEWADDR, &good);
	info->ifa_prefixlen = 33;
	assert_int_equal(rtnl_decode_address(nlh, &address), -EBADMSG);

	nlh = put_address(buf, RTM_NEWADDR, &good);
	info->ifa_index = 0;
	assert_int_equal(rtnl_decode_address(nlh, &address), -EBADMSG);

	nlh = put_address(buf, RTM_NEWADDR, &good);
	mnl_attr_put_u8(nlh, IFA_FLAGS, 0);
	assert_int_equal(rtnl_decode_address(nlh, &address), -EBADMSG);

	nlh = put_address(buf, RTM_NEWADDR, &row);
	assert_int_equal(rtnl_decode_address(nlh, &address), -EBADMSG);
}

/* Whatever is refused must leave the result alone. */
static int decode_either(const struct nlmsghdr *nlh, bool link)
{
	struct rtnl_link a, a_before;
	struct rtnl_address b, b_before;
	int result;

	memset(&a, 0xa5, sizeof(a));
	memset(&a_before, 0xa5, sizeof(a));
	memset(&b, 0xa5, sizeof(b));
	memset(&b_before, 0xa5, sizeof(b));
	result = link ? rtnl_decode_link(nlh, &a) :
		rtnl_decode_address(nlh, &b);
	if (result < 0) {
		assert_memory_equal(&a, &a_before, sizeof(a));
		assert_memory_equal(&b, &b_before, sizeof(b));
		return result;
	}

	if (!link) {
		assert_true(b.ifindex != 0);
		assert_true(b.prefixlen <= anchor_addr_bits(&b.addr));
		return result;
	}

	assert_true(a.ifindex > 0);
	assert_in_range(strnlen(a.name, sizeof(a.name)), 1, 15);
	assert_in_range(strnlen(a.kind, sizeof(a.kind)), 0, 15);
	return result;
}

/* Offsets at which a message may end, padding or not. */
static bool whole_at(const uint8_t *bytes, size_t header, size_t len)
{
	size_t at = sizeof(struct nlmsghdr) + header;

	while (at < len) {
		uint16_t size;

		if (len - at < 4)
			return false;

		memcpy(&size, bytes + at, 2);
		if (size > len - at)
			return false;

		at += (size + 3U) & ~3U;
	}

	return true;
}

static void truncate_hex(const char *hex, bool link)
{
	size_t header = link ? sizeof(struct ifinfomsg) :
		sizeof(struct ifaddrmsg);
	size_t first = sizeof(struct nlmsghdr) + header;
	uint8_t bytes[256];
	size_t whole = from_hex(hex, bytes);

	for (uint32_t len = sizeof(struct nlmsghdr); len < whole; len++) {
		struct nlmsghdr *nlh = exact(bytes, len);
		bool good = len > first && whole_at(bytes, header, len);

		assert_false(message_whole(nlh, len));
		nlh->nlmsg_len = len;
		assert_int_equal(decode_either(nlh, link),
				 good ? 0 : -EBADMSG);
		free(nlh);
	}
}

static void test_truncated(void **state)
{
	(void) state;
	truncate_hex(link_hex, true);
	truncate_hex(address_hex, false);
}

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static void test_mutations(void **state)
{
	uint64_t random = SEED;
	unsigned int taken = 0, refused = 0;

	(void) state;
	for (int i = 0; i < MUTATIONS; i++) {
		bool link = next_random(&random) % 2;
		uint8_t bytes[256];
		size_t len = from_hex(link ? link_hex : address_hex, bytes);
		size_t changes = 1 + next_random(&random) % 4;
		struct nlmsghdr *nlh;

		while (changes--)
			bytes[next_random(&random) % len] = (uint8_t)
				(next_random(&random) >> 16);

		nlh = exact(bytes, len);
		if (next_random(&random) % 8)
			nlh->nlmsg_len = (uint32_t) len;

		if (message_whole(nlh, len) && decode_either(nlh, link) >= 0)
			taken++;
		else
			refused++;

		free(nlh);
	}

	/* Else it would not have tried much. */
	assert_true(taken > MUTATIONS / 10);
	assert_true(refused > MUTATIONS / 10);
}

static void test_encode(void **state)
{
	_Alignas(4) char buf[RTNL_MESSAGE_MAX];
	struct nlmsghdr *nlh = rtnl_encode_dump_links(buf);

	(void) state;
	assert_int_equal(nlh->nlmsg_type, RTM_GETLINK);
	assert_int_equal(nlh->nlmsg_len, NLMSG_LENGTH(16));
	assert_int_equal(nlh->nlmsg_flags, NLM_F_REQUEST | NLM_F_DUMP);

	nlh = rtnl_encode_get_link(buf, 258);
	assert_int_equal(nlh->nlmsg_type, RTM_GETLINK);
	assert_int_equal(nlh->nlmsg_len, NLMSG_LENGTH(16) + 8);
	assert_int_equal(nlh->nlmsg_flags, NLM_F_REQUEST);
	assert_memory_equal(NLMSG_DATA(nlh), "\0\0\0\0\2\1\0\0"
			    "\0\0\0\0\0\0\0\0\x8\0\x1d\0\x8\0\0\0", 24);

	nlh = rtnl_encode_dump_addresses(buf);
	assert_int_equal(nlh->nlmsg_type, RTM_GETADDR);
	assert_int_equal(nlh->nlmsg_len, NLMSG_LENGTH(8));
	assert_int_equal(nlh->nlmsg_flags, NLM_F_REQUEST | NLM_F_DUMP);
}

static void test_loopback(void **state)
{
	struct rtnl_address address = {
		.ifindex = 258,
		.addr = { .family = ANCHOR_FAMILY_INET6,
			  .bytes = { [15] = 1 } },
		.prefixlen = 128,
	};
	_Alignas(4) char buf[RTNL_MESSAGE_MAX];
	struct nlmsghdr *nlh = rtnl_encode_set_loopback6(buf, &address);

	assert_int_equal(nlh->nlmsg_type, RTM_NEWADDR);
	assert_int_equal(nlh->nlmsg_len, NLMSG_LENGTH(8) + 20 + 8);
	assert_int_equal(nlh->nlmsg_flags, NLM_F_REQUEST | NLM_F_REPLACE);
	assert_memory_equal(NLMSG_DATA(nlh), "\x0a\x80\0\xfe\2\1\0\0"
			    "\x14\0\2\0\0\0\0\0\0\0\0\0"
			    "\0\0\0\0\0\0\0\1\5\0\x0b\0\1\0\0\0", 36);

	assert_true(rtnl_is_loopback6(&address));
	address.prefixlen = 64;
	assert_false(rtnl_is_loopback6(&address));
	address.prefixlen = 128;
	address.addr.bytes[0] = 0xfd;
	assert_false(rtnl_is_loopback6(&address));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_link_bytes),
		cmocka_unit_test(test_address_bytes),
		cmocka_unit_test(test_carrier),
		cmocka_unit_test(test_link_kinds),
		cmocka_unit_test(test_long_names),
		cmocka_unit_test(test_links_refused),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_addresses_refused),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_mutations),
		cmocka_unit_test(test_encode),
		cmocka_unit_test(test_loopback),
	};

	/* The bytes above are those of a little-endian host. */
	if (htons(1) == 1)
		return 77;

	return cmocka_run_group_tests(tests, NULL, NULL);
}
