/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The mptcp_pm codec. Events are bytes that Linux 6.18 sent; what is encoded
 * is read back with numbers written here, not with the codec's own.
 */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "netlink/framing.h"
#include "netlink/mptcp_pm.h"
#include "unit.h"

#define MUTATIONS 20000
#define SEED 0x9e3779b97f4a7c15

/* Attributes of events and of addresses: include/uapi/linux/mptcp_pm.h. */
enum {
	TOKEN = 1, FAMILY, LOC_ID, REM_ID, SADDR4, SADDR6, DADDR4, DADDR6,
	SPORT, DPORT, BACKUP, ERROR, FLAGS, SERVER_SIDE = 18
};

#define BIT(attr) (1U << (attr))
#define CONNECTION (BIT(TOKEN) | BIT(SPORT) | BIT(DPORT))

struct fixture {
	const char *name;
	const char *hex;
	unsigned int required;		/* BIT(attribute) */
	const char *local, *remote;	/* NULL: none */
	struct core_event event;	/* all but the endpoints */
};

static const struct fixture fixtures[] = {
	{
		.name = "created, server",
		.hex = "640000001c0000000000000000000000" "01010000"
		"08000100b14c4024" "0500120001000000" "06000d0002000000"
		"0600020002000000" "080005000aff0002" "080007000aff0001"
		"0600090013880000" "06000a00a6110000" "0500030000000000"
		"0500040000000000",
		.required = CONNECTION | BIT(SADDR4) | BIT(DADDR4),
		.local = "10.255.0.2:5000", .remote = "10.255.0.1:42513",
		.event = {
			.type = CORE_EVENT_CREATED, .token = 0x24404cb1,
			.known = CORE_KNOWN_ROLE | CORE_KNOWN_DENY_JOIN,
			.role = ANCHOR_ROLE_SERVER,
		},
	}, {
		.name = "created, client, C flag",
		.hex = "5c0000001c0000000000000000000000" "01010000"
		"08000100bd61364d" "06000d0001000000" "0600020002000000"
		"080005000aff0001" "080007000aff0002" "06000900a6110000"
		"06000a0013880000" "0500030000000000" "0500040000000000",
		.required = CONNECTION | BIT(SADDR4) | BIT(DADDR4),
		.local = "10.255.0.1:42513", .remote = "10.255.0.2:5000",
		.event = {
			.type = CORE_EVENT_CREATED, .token = 0x4d3661bd,
			.known = CORE_KNOWN_ROLE | CORE_KNOWN_DENY_JOIN,
			.role = ANCHOR_ROLE_CLIENT, .deny_join_id0 = true,
		},
	}, {
		.name = "established, IPv6",
		.hex = "7c0000001c0000000000000000000000" "02010000"
		"08000100031dbfe4" "0500120001000000" "06000d0002000000"
		"060002000a000000"
		"14000600fd000255000000000000000000000002"
		"14000800fd000255000000000000000000000001"
		"0600090013880000" "06000a009c450000" "0500030000000000"
		"0500040000000000",
		.required = CONNECTION | BIT(SADDR6) | BIT(DADDR6),
		.local = "[fd00:255::2]:5000", .remote = "[fd00:255::1]:40005",
		.event = {
			.type = CORE_EVENT_ESTABLISHED, .token = 0xe4bf1d03,
			.known = CORE_KNOWN_ROLE | CORE_KNOWN_DENY_JOIN,
			.role = ANCHOR_ROLE_SERVER,
		},
	}, {
		.name = "created, IPv4 on an IPv6 socket",
		.hex = "740000001c0000000000000000000000" "01010000"
		"08000100534130c1" "06000d0001000000" "060002000a000000"
		"1400060000000000000000000000ffff0aff0001"
		"1400080000000000000000000000ffff0aff0002"
		"06000900a8430000" "06000a00138a0000" "0500030000000000"
		"0500040000000000",
		.required = CONNECTION | BIT(SADDR6) | BIT(DADDR6),
		.local = "10.255.0.1:43075", .remote = "10.255.0.2:5002",
		.event = {
			.type = CORE_EVENT_CREATED, .token = 0xc1304153,
			.known = CORE_KNOWN_ROLE | CORE_KNOWN_DENY_JOIN,
			.mapped = true, .role = ANCHOR_ROLE_CLIENT,
			.deny_join_id0 = true,
		},
	}, {
		.name = "closed",
		.hex = "1c0000001c0000000000000000000000" "03010000"
		"08000100b14c4024",
		.required = BIT(TOKEN),
		.event = { .type = CORE_EVENT_CLOSED, .token = 0x24404cb1 },
	}, {
		.name = "announced",
		.hex = "340000001c0000000000000000000000" "06010000"
		"08000100bd61364d" "0500040001000000" "06000a0017710000"
		"080007000a010202",
		.required = BIT(TOKEN) | BIT(REM_ID) | BIT(DADDR4),
		.remote = "10.1.2.2:6001",
		.event = {
			.type = CORE_EVENT_ANNOUNCED, .token = 0x4d3661bd,
			.remote_id = 1,
		},
	}, {
		.name = "announced, IPv6",
		.hex = "400000001c0000000000000000000000" "06010000"
		"08000100a3f76426" "0500040001000000" "06000a0017710000"
		"14000800fd000001000200000000000000000002",
		.required = BIT(TOKEN) | BIT(REM_ID) | BIT(DADDR6),
		.remote = "[fd00:1:2::2]:6001",
		.event = {
			.type = CORE_EVENT_ANNOUNCED, .token = 0x2664f7a3,
			.remote_id = 1,
		},
	}, {
		.name = "removed",
		.hex = "240000001c0000000000000000000000" "07010000"
		"080001008429c11f" "0500040001000000",
		.required = BIT(TOKEN) | BIT(REM_ID),
		.event = {
			.type = CORE_EVENT_REMOVED, .token = 0x1fc12984,
			.remote_id = 1,
		},
	}, {
		.name = "subflow established, as backup",
		.hex = "640000001c0000000000000000000000" "0a010000"
		"08000100bd61364d" "0600020002000000" "080005000a010102"
		"080007000a010202" "0600090017720000" "06000a0080d30000"
		"0500030001000000" "0500040081000000" "05000b0001000000"
		"08000f0002000000",
		.required = CONNECTION | BIT(SADDR4) | BIT(DADDR4),
		.local = "10.1.1.2:6002", .remote = "10.1.2.2:32979",
		.event = {
			.type = CORE_EVENT_SUBFLOW_UP, .token = 0x4d3661bd,
			.known = CORE_KNOWN_IDS | CORE_KNOWN_BACKUP,
			.local_id = 1, .remote_id = 129, .backup = true,
		},
	}, {
		.name = "subflow closed, refused",
		.hex = "6c0000001c0000000000000000000000" "0b010000"
		"080001008429c11f" "0600020002000000" "080005000a010202"
		"080007000a010102" "06000900b3cf0000" "06000a001b570000"
		"0500030081000000" "0500040001000000" "05000b0000000000"
		"08000f0002000000" "05000c006f000000",
		.required = CONNECTION | BIT(SADDR4) | BIT(DADDR4),
		.local = "10.1.2.2:46031", .remote = "10.1.1.2:6999",
		.event = {
			.type = CORE_EVENT_SUBFLOW_DOWN, .token = 0x1fc12984,
			.known = CORE_KNOWN_IDS | CORE_KNOWN_BACKUP |
				CORE_KNOWN_ERROR,
			.local_id = 129, .remote_id = 1, .error = 111,
		},
	}, {
		.name = "subflow reset, prohibited",
		.hex = "740000001c0000000000000000000000" "0b010000"
		"080001008429c11f" "0600020002000000" "080005000a010202"
		"080007000a010102" "06000900b3cf0000" "06000a001b570000"
		"0500030081000000" "0500040001000000" "05000b0000000000"
		"08000f0002000000" "0800100003000000" "0800110000000000",
		.required = CONNECTION | BIT(SADDR4) | BIT(DADDR4),
		.local = "10.1.2.2:46031", .remote = "10.1.1.2:6999",
		.event = {
			.type = CORE_EVENT_SUBFLOW_DOWN, .token = 0x1fc12984,
			.known = CORE_KNOWN_IDS | CORE_KNOWN_BACKUP,
			.local_id = 129, .remote_id = 1,
			.prohibited = true,
		},
	}, {
		.name = "subflow reset, prohibited for now",
		.hex = "740000001c0000000000000000000000" "0b010000"
		"080001008429c11f" "0600020002000000" "080005000a010202"
		"080007000a010102" "06000900b3cf0000" "06000a001b570000"
		"0500030081000000" "0500040001000000" "05000b0000000000"
		"08000f0002000000" "0800100003000000" "0800110001000000",
		.required = CONNECTION | BIT(SADDR4) | BIT(DADDR4),
		.local = "10.1.2.2:46031", .remote = "10.1.1.2:6999",
		.event = {
			.type = CORE_EVENT_SUBFLOW_DOWN, .token = 0x1fc12984,
			.known = CORE_KNOWN_IDS | CORE_KNOWN_BACKUP,
			.local_id = 129, .remote_id = 1,
		},
	}, {
		.name = "subflow reset, no resources",
		.hex = "6c0000001c0000000000000000000000" "0b010000"
		"080001008429c11f" "0600020002000000" "080005000a010202"
		"080007000a010102" "06000900b3cf0000" "06000a001b570000"
		"0500030081000000" "0500040001000000" "05000b0000000000"
		"08000f0002000000" "0800100002000000",
		.required = CONNECTION | BIT(SADDR4) | BIT(DADDR4),
		.local = "10.1.2.2:46031", .remote = "10.1.1.2:6999",
		.event = {
			.type = CORE_EVENT_SUBFLOW_DOWN, .token = 0x1fc12984,
			.known = CORE_KNOWN_IDS | CORE_KNOWN_BACKUP,
			.local_id = 129, .remote_id = 1,
		},
	}, {
		.name = "priority, IPv4 on an IPv6 socket",
		.hex = "740000001c0000000000000000000000" "0d010000"
		"08000100534130c1" "060002000a000000"
		"1400060000000000000000000000ffff0aff0001"
		"1400080000000000000000000000ffff0aff0002"
		"06000900a8430000" "06000a00138a0000" "0500030000000000"
		"0500040000000000" "05000b0001000000",
		.required = CONNECTION | BIT(SADDR6) | BIT(DADDR6),
		.local = "10.255.0.1:43075", .remote = "10.255.0.2:5002",
		.event = {
			.type = CORE_EVENT_SUBFLOW_PRIORITY,
			.token = 0xc1304153, .mapped = true,
			.known = CORE_KNOWN_IDS | CORE_KNOWN_BACKUP,
			.backup = true,
		},
	},
};

#define N_FIXTURES (sizeof(fixtures) / sizeof(fixtures[0]))

static const char listener_hex[] =
	"2c0000001c0000000000000000000000" "10010000" "0600020002000000"
	"0600090013880000" "080005000aff0002";

static const char family_hex[] =
	"700000001000000001000000731e0000" "01020000"
	"0d0002006d707463705f706d00000000" "060001001c000000"
	"44000700"
	"20000100" "0800020008000000" "120001006d707463705f706d5f636d6473000000"
	"20000200" "0800020009000000"
	"140001006d707463705f706d5f6576656e747300";

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

static struct nlmsghdr *message(const char *hex)
{
	uint8_t bytes[1024];

	return exact(bytes, from_hex(hex, bytes));
}

static void assert_event(const struct core_event *got,
			 const struct fixture *fixture)
{
	const struct core_event *want = &fixture->event;
	struct anchor_endpoint none = { 0 };
	struct anchor_endpoint local = fixture->local ?
		endpoint_of(fixture->local) : none;
	struct anchor_endpoint remote = fixture->remote ?
		endpoint_of(fixture->remote) : none;

	assert_int_equal(got->type, want->type);
	assert_int_equal(got->known, want->known);
	assert_int_equal(got->token, want->token);
	assert_true(anchor_endpoint_equal(&got->local, &local));
	assert_true(anchor_endpoint_equal(&got->remote, &remote));
	assert_int_equal(got->mapped, want->mapped);
	assert_int_equal(got->role, want->role);
	assert_int_equal(got->deny_join_id0, want->deny_join_id0);
	assert_int_equal(got->local_id, want->local_id);
	assert_int_equal(got->remote_id, want->remote_id);
	assert_int_equal(got->backup, want->backup);
	assert_int_equal(got->error, want->error);
	assert_int_equal(got->prohibited, want->prohibited);
}

/* Decodes; whatever is refused must leave the result alone. */
static int decode(const struct nlmsghdr *nlh, struct core_event *event)
{
	struct core_event before;
	int err;

	memset(event, 0xa5, sizeof(*event));
	memset(&before, 0xa5, sizeof(before));
	err = mptcp_pm_decode_event(nlh, event);
	if (err)
		assert_memory_equal(event, &before, sizeof(before));

	return err;
}

static int decode_hex(const char *hex, struct core_event *event)
{
	struct nlmsghdr *nlh = message(hex);
	int err = decode(nlh, event);

	free(nlh);
	return err;
}

static void test_events(void **state)
{
	(void) state;
	for (size_t i = 0; i < N_FIXTURES; i++) {
		struct core_event event;

		print_message("  %s\n", fixtures[i].name);
		assert_int_equal(decode_hex(fixtures[i].hex, &event), 0);
		assert_event(&event, &fixtures[i]);
	}
}

/* The message without one attribute; false if it has none of that type. */
static bool without(const char *hex, uint16_t type, uint8_t *bytes)
{
	struct nlmsghdr *nlh = (void *) bytes;
	struct nlattr *attr;

	from_hex(hex, bytes);
	mnl_attr_for_each(attr, nlh, GENL_HDRLEN) {
		size_t size = MNL_ALIGN(attr->nla_len);
		char *next = (char *) attr + size;

		if (mnl_attr_get_type(attr) != type)
			continue;

		memmove(attr, next, (size_t)
			((char *) mnl_nlmsg_get_payload_tail(nlh) - next));
		nlh->nlmsg_len -= (uint32_t) size;
		return true;
	}

	return false;
}

static void test_required(void **state)
{
	_Alignas(4) uint8_t bytes[1024];
	struct core_event event;
	unsigned int seen = 0;

	(void) state;
	for (size_t i = 0; i < N_FIXTURES; i++)
		for (uint16_t type = 1; type <= SERVER_SIDE; type++) {
			bool required = fixtures[i].required & BIT(type);
			int err;

			if (!without(fixtures[i].hex, type, bytes)) {
				assert_false(required);
				continue;
			}

			err = decode((void *) bytes, &event);
			assert_int_equal(err, required ? -EBADMSG : 0);
			seen++;
		}

	assert_int_equal(seen, 114);
}

static void put_header(struct nlmsghdr *nlh, uint8_t event)
{
	struct genlmsghdr *genl;

	nlh->nlmsg_type = 28;
	genl = mnl_nlmsg_put_extra_header(nlh, sizeof(*genl));
	genl->cmd = event;
	genl->version = 1;
	mnl_attr_put_u32(nlh, TOKEN, 7);
}

/* What other kernels send: only one of the two marks of a server, or none. */
static void test_roles(void **state)
{
	static const struct {
		int flags, side;	/* -1: no such attribute */
		enum anchor_role role;
	} rows[] = {
		{ -1, -1, ANCHOR_ROLE_CLIENT }, { -1, 0, ANCHOR_ROLE_CLIENT },
		{ -1, 1, ANCHOR_ROLE_SERVER }, { 0, -1, ANCHOR_ROLE_CLIENT },
		{ 1, -1, ANCHOR_ROLE_CLIENT }, { 2, -1, ANCHOR_ROLE_SERVER },
		{ 3, -1, ANCHOR_ROLE_SERVER }, { 1, 1, ANCHOR_ROLE_SERVER },
	};
	char buf[512];

	(void) state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
		struct core_event event;

		put_header(nlh, 1);
		mnl_attr_put_u32(nlh, SADDR4, 1);
		mnl_attr_put_u32(nlh, DADDR4, 2);
		mnl_attr_put_u16(nlh, SPORT, 3);
		mnl_attr_put_u16(nlh, DPORT, 4);
		if (rows[i].flags >= 0)
			mnl_attr_put_u16(nlh, FLAGS,
					 (uint16_t) rows[i].flags);

		if (rows[i].side >= 0)
			mnl_attr_put_u8(nlh, SERVER_SIDE,
					(uint8_t) rows[i].side);

		assert_int_equal(decode(nlh, &event), 0);
		assert_int_equal(event.role, rows[i].role);
		assert_int_equal(event.deny_join_id0,
				 rows[i].flags > 0 && rows[i].flags & 1);
	}
}

static void test_announced_without_port(void **state)
{
	struct core_event event;
	_Alignas(4) uint8_t bytes[1024];

	(void) state;
	assert_true(without(fixtures[5].hex, DPORT, bytes));
	assert_int_equal(decode((void *) bytes, &event), 0);
	assert_int_equal(event.type, CORE_EVENT_ANNOUNCED);
	assert_int_equal(event.remote.port, 0);
}

/* Attributes that a newer kernel may add are passed over. */
static void test_unknown_attribute(void **state)
{
	char buf[512];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct core_event event;

	(void) state;
	put_header(nlh, 3);
	mnl_attr_put_u8(nlh, 19, 1);
	mnl_attr_put_strz(nlh, 4000, "news");
	assert_int_equal(decode(nlh, &event), 0);
	assert_int_equal(event.token, 7);
}

static void test_wrong_sizes(void **state)
{
	static const uint16_t types[] = {
		FAMILY, LOC_ID, REM_ID, SADDR4, SADDR6, DADDR4, DADDR6,
		SPORT, DPORT, BACKUP, ERROR, FLAGS, SERVER_SIDE
	};

	(void) state;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		for (size_t size = 0; size <= 20; size += 5) {
			char buf[512], zeros[20] = { 0 };
			struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
			struct core_event event;

			put_header(nlh, 3);
			mnl_attr_put(nlh, types[i], size, zeros);
			assert_int_equal(decode(nlh, &event), -EBADMSG);
		}
}

static void test_not_about_connections(void **state)
{
	struct core_event event;
	char buf[512];
	struct nlmsghdr *nlh;

	(void) state;
	assert_int_equal(decode_hex(listener_hex, &event), -ENOMSG);
	for (unsigned int command = 0; command < 256; command++) {
		bool known = command && command < 14 && command != 4 &&
			command != 5 && command != 8 && command != 9 &&
			command != 12;

		nlh = mnl_nlmsg_put_header(buf);
		put_header(nlh, (uint8_t) command);
		if (!known)
			assert_int_equal(decode(nlh, &event), -ENOMSG);
		else
			assert_int_not_equal(decode(nlh, &event), -ENOMSG);
	}

	nlh = mnl_nlmsg_put_header(buf);
	assert_int_equal(decode(nlh, &event), -EBADMSG);
}

/* Which attributes lie wholly in the first len bytes; none if one is cut. */
static unsigned int whole_attrs(const uint8_t *bytes, size_t len)
{
	unsigned int seen = 0;
	size_t at = 20;

	while (at < len) {
		uint16_t size, type;

		if (len - at < 4)
			return 0;

		memcpy(&size, bytes + at, 2);
		memcpy(&type, bytes + at + 2, 2);
		if (size > len - at)
			return 0;

		seen |= BIT(type);
		at += (size + 3U) & ~3U;
	}

	return seen;
}

static void truncate_event(const struct fixture *fixture)
{
	uint8_t bytes[1024];
	size_t whole = from_hex(fixture->hex, bytes);

	for (uint32_t len = sizeof(struct nlmsghdr); len < whole; len++) {
		struct nlmsghdr *nlh = exact(bytes, len);
		unsigned int seen = whole_attrs(bytes, len);
		bool enough = (seen & fixture->required) == fixture->required;
		struct core_event event;

		assert_false(message_whole(nlh, len));
		nlh->nlmsg_len = len;
		assert_int_equal(decode(nlh, &event), enough ? 0 : -EBADMSG);
		free(nlh);
	}
}

static void test_truncated(void **state)
{
	(void) state;
	for (size_t i = 0; i < N_FIXTURES; i++)
		truncate_event(&fixtures[i]);
}

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static struct nlmsghdr *mutant(const char *hex, uint64_t *random,
			       size_t *ret_len)
{
	uint8_t bytes[1024];
	size_t len = from_hex(hex, bytes);
	size_t changes = 1 + next_random(random) % 4;

	while (changes--)
		bytes[next_random(random) % len] = (uint8_t)
			(next_random(random) >> 16);

	if (next_random(random) % 4 == 0)
		len -= next_random(random) % (len - 16);

	/* Mostly with a length that fits, or hardly one would get through. */
	if (next_random(random) % 8)
		memcpy(bytes, &(uint32_t) { (uint32_t) len }, 4);

	*ret_len = len;
	return exact(bytes, len);
}

static void assert_sane(const struct anchor_addr *addr)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	static const uint8_t zeros[16];

	if (addr->family == ANCHOR_FAMILY_INET6) {
		assert_memory_not_equal(addr->bytes, mapped, 12);
	} else if (addr->family == ANCHOR_FAMILY_INET) {
		assert_memory_equal(addr->bytes + 4, zeros, 12);
	} else {
		assert_int_equal(addr->family, ANCHOR_FAMILY_NONE);
		assert_memory_equal(addr->bytes, zeros, 16);
	}
}

static void test_mutations(void **state)
{
	uint64_t random = SEED;
	unsigned int taken = 0, refused = 0;

	(void) state;
	for (int i = 0; i < MUTATIONS; i++) {
		size_t which = next_random(&random) % N_FIXTURES;
		struct core_event event;
		size_t len;
		int err;
		struct nlmsghdr *nlh = mutant(fixtures[which].hex, &random,
					      &len);

		err = message_whole(nlh, len) ? decode(nlh, &event) : -EBADMSG;
		free(nlh);
		if (!err) {
			assert_sane(&event.local.addr);
			assert_sane(&event.remote.addr);
			taken++;
			continue;
		}

		assert_true(err == -EBADMSG || err == -ENOMSG);
		refused++;
	}

	/* Else it would not have tried much. */
	assert_true(taken > MUTATIONS / 10);
	assert_true(refused > MUTATIONS / 10);
}

static void test_family(void **state)
{
	struct nlmsghdr *nlh = message(family_hex);
	struct mptcp_pm_family family = { 0 };
	uint8_t bytes[1024];
	size_t whole = from_hex(family_hex, bytes);

	(void) state;
	assert_int_equal(mptcp_pm_decode_family(nlh, &family), 0);
	assert_int_equal(family.id, 28);
	assert_int_equal(family.events_group, 9);
	free(nlh);

	for (uint32_t len = sizeof(*nlh); len < whole; len++) {
		nlh = exact(bytes, len);
		nlh->nlmsg_len = len;
		assert_int_equal(mptcp_pm_decode_family(nlh, &family),
				 -EBADMSG);
		free(nlh);
	}

	/* The events group by another name. */
	nlh = message(family_hex);
	((char *) nlh)[whole - 3] = 'z';
	assert_int_equal(mptcp_pm_decode_family(nlh, &family), -EBADMSG);
	free(nlh);
}

static void test_family_mutations(void **state)
{
	uint64_t random = SEED;

	(void) state;
	for (int i = 0; i < MUTATIONS / 4; i++) {
		struct mptcp_pm_family family;
		size_t len;
		struct nlmsghdr *nlh = mutant(family_hex, &random, &len);

		if (message_whole(nlh, len) &&
		    !mptcp_pm_decode_family(nlh, &family)) {
			assert_int_not_equal(family.id, 0);
			assert_int_not_equal(family.events_group, 0);
		}

		free(nlh);
	}
}

static void test_encode_family(void **state)
{
	static const char want[] =
		"20000000100000000000000000000000" "03010000"
		"0d0002006d707463705f706d00";
	_Alignas(4) char buf[MPTCP_PM_MESSAGE_MAX];
	struct nlmsghdr *nlh = mptcp_pm_encode_get_family(buf);
	uint8_t bytes[64];
	size_t len = from_hex(want, bytes);

	(void) state;
	assert_ptr_equal(nlh, buf);
	bytes[0] = (uint8_t) MNL_ALIGN(len);
	assert_int_equal(nlh->nlmsg_len, MNL_ALIGN(len));
	assert_memory_equal(buf, bytes, len);
}

struct text {
	char at[512];
	size_t len;
};

static void __attribute__((format(printf, 2, 3)))
add(struct text *text, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	text->len += (size_t) vsnprintf(text->at + text->len,
					sizeof(text->at) - text->len, format,
					args);
	va_end(args);
	assert_true(text->len < sizeof(text->at));
}

static void add_bytes(struct text *text, const struct nlattr *attr)
{
	const uint8_t *bytes = mnl_attr_get_payload(attr);

	for (uint16_t i = 0; i < mnl_attr_get_payload_len(attr); i++)
		add(text, "%02x", bytes[i]);
}

static void add_number(struct text *text, const struct nlattr *attr)
{
	switch (mnl_attr_get_payload_len(attr)) {
	case 1:
		add(text, "%u:8", mnl_attr_get_u8(attr));
		break;
	case 2:
		add(text, "%u:16", mnl_attr_get_u16(attr));
		break;
	case 4:
		add(text, "%u:32", mnl_attr_get_u32(attr));
		break;
	default:
		fail_msg("size %u", mnl_attr_get_payload_len(attr));
	}
}

/* MPTCP_PM_ADDR_ATTR_..., by number, whatever their order. */
static void add_addr(struct text *text, const struct nlattr *nest)
{
	static const char *const names[] = {
		NULL, "family", "id", "addr4", "addr6", "port", "flags",
		"if_idx"
	};
	const struct nlattr *attr;

	assert_true(nest->nla_type & NLA_F_NESTED);
	for (uint16_t type = 1; type < 8; type++)
		mnl_attr_for_each_nested(attr, nest) {
			assert_in_range(mnl_attr_get_type(attr), 1, 7);
			if (mnl_attr_get_type(attr) != type)
				continue;

			add(text, " %s=", names[type]);
			if (type == 3 || type == 4)
				add_bytes(text, attr);
			else
				add_number(text, attr);
		}
}

/* MPTCP_PM_ATTR_... */
static const char *describe(const struct nlmsghdr *nlh, struct text *text)
{
	static const char *const names[] = {
		NULL, "addr", NULL, NULL, "token", "loc_id", "addr_remote"
	};
	const struct genlmsghdr *genl = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr;

	text->len = 0;
	add(text, "%u/%u", genl->cmd, genl->version);
	for (uint16_t type = 1; type < 7; type++)
		mnl_attr_for_each(attr, nlh, GENL_HDRLEN) {
			assert_in_range(mnl_attr_get_type(attr), 1, 6);
			if (mnl_attr_get_type(attr) != type)
				continue;

			add(text, " %s", names[type]);
			if (type == 1 || type == 6) {
				add(text, "{");
				add_addr(text, attr);
				add(text, " }");
			} else {
				add(text, "=");
				add_number(text, attr);
			}
		}

	return text->at;
}

struct encoding {
	struct core_action action;	/* but for the endpoints */
	const char *local, *remote;
	const char *want;
};

static const struct encoding encodings[] = {
	{
		{ .type = CORE_ACTION_ANNOUNCE, .token = 77, .id = 7,
		  .ifindex = 3 },
		"10.1.2.2:6001", NULL,
		"8/1 addr{ family=2:16 id=7:8 addr4=0a010202 port=6001:16 "
		"flags=1:32 if_idx=3:32 } token=77:32"
	}, {
		{ .type = CORE_ACTION_ANNOUNCE, .token = 77, .id = 255,
		  .ifindex = 70000 },
		"[fd00:1:2::2]:65535", NULL,
		"8/1 addr{ family=10:16 id=255:8 "
		"addr6=fd000001000200000000000000000002 port=65535:16 "
		"flags=1:32 if_idx=70000:32 } token=77:32"
	}, {	/* on the connection's own port */
		{ .type = CORE_ACTION_ANNOUNCE, .token = 77, .id = 7,
		  .ifindex = 3 },
		"10.1.2.2:0", NULL,
		"8/1 addr{ family=2:16 id=7:8 addr4=0a010202 "
		"flags=1:32 if_idx=3:32 } token=77:32"
	}, {
		{ .type = CORE_ACTION_WITHDRAW, .token = 4294967295, .id = 9 },
		NULL, NULL,
		"9/1 token=4294967295:32 loc_id=9:8"
	}, {
		{ .type = CORE_ACTION_OPEN, .token = 77, .id = 129,
		  .remote_id = 2, .ifindex = 3 },
		"10.1.2.2:0", "10.1.1.2:6002",
		"10/1 addr{ family=2:16 id=129:8 addr4=0a010202 flags=0:32 "
		"if_idx=3:32 } token=77:32 addr_remote{ family=2:16 id=2:8 "
		"addr4=0a010102 port=6002:16 }"
	}, {
		{ .type = CORE_ACTION_OPEN, .token = 77, .id = 129,
		  .remote_id = 2, .ifindex = 3, .backup = true },
		"[fd00:1:2::2]:0", "[fd00:1:1::2]:6002",
		"10/1 addr{ family=10:16 id=129:8 "
		"addr6=fd000001000200000000000000000002 flags=4:32 "
		"if_idx=3:32 } token=77:32 addr_remote{ family=10:16 id=2:8 "
		"addr6=fd000001000100000000000000000002 port=6002:16 }"
	}, {
		{ .type = CORE_ACTION_CLOSE, .token = 77 },
		"10.1.2.2:40000", "10.1.1.2:6002",
		"11/1 addr{ family=2:16 addr4=0a010202 port=40000:16 "
		"flags=0:32 } token=77:32 addr_remote{ family=2:16 "
		"addr4=0a010102 port=6002:16 }"
	}, {
		{ .type = CORE_ACTION_CLOSE, .token = 77, .mapped = true },
		"10.1.2.2:40000", "10.1.1.2:6002",
		"11/1 addr{ family=10:16 "
		"addr6=00000000000000000000ffff0a010202 port=40000:16 "
		"flags=0:32 } token=77:32 addr_remote{ family=10:16 "
		"addr6=00000000000000000000ffff0a010102 port=6002:16 }"
	}, {
		{ .type = CORE_ACTION_DEMOTE, .token = 77, .mapped = true },
		"10.255.0.2:5000", "10.255.0.1:42513",
		"7/1 addr{ family=10:16 "
		"addr6=00000000000000000000ffff0aff0002 port=5000:16 "
		"flags=4:32 } token=77:32 addr_remote{ family=10:16 "
		"addr6=00000000000000000000ffff0aff0001 port=42513:16 }"
	}, {
		{ .type = CORE_ACTION_DEMOTE, .token = 77 },
		"[fd00:255::2]:5000", "[fd00:255::1]:42513",
		"7/1 addr{ family=10:16 "
		"addr6=fd000255000000000000000000000002 port=5000:16 "
		"flags=4:32 } token=77:32 addr_remote{ family=10:16 "
		"addr6=fd000255000000000000000000000001 port=42513:16 }"
	}, {
		{ .type = CORE_ACTION_PROMOTE, .token = 77 },
		"10.255.0.2:5000", "10.255.0.1:42513",
		"7/1 addr{ family=2:16 addr4=0aff0002 port=5000:16 "
		"flags=0:32 } token=77:32 addr_remote{ family=2:16 "
		"addr4=0aff0001 port=42513:16 }"
	},
};

/* Nothing that was in the buffer goes out with them. */
static void test_actions(void **state)
{
	_Alignas(4) char buf[MPTCP_PM_MESSAGE_MAX];
	_Alignas(4) char other[MPTCP_PM_MESSAGE_MAX];
	struct text text;

	(void) state;
	for (size_t i = 0; i < sizeof(encodings) / sizeof(encodings[0]); i++) {
		struct core_action action = encodings[i].action;
		struct nlmsghdr *nlh;

		if (encodings[i].local)
			action.local = endpoint_of(encodings[i].local);

		if (encodings[i].remote)
			action.remote = endpoint_of(encodings[i].remote);

		memset(other, 0xa5, sizeof(other));
		mptcp_pm_encode_action(other, 28, &action);
		memset(buf, 0, sizeof(buf));
		nlh = mptcp_pm_encode_action(buf, 28, &action);
		assert_memory_equal(buf, other, nlh->nlmsg_len);
		assert_ptr_equal(nlh, buf);
		assert_int_equal(nlh->nlmsg_type, 28);
		assert_true(nlh->nlmsg_len <= sizeof(buf));
		assert_string_equal(describe(nlh, &text), encodings[i].want);
	}
}

static bool little_endian(void)
{
	const uint16_t one = 1;

	return *(const uint8_t *) &one == 1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_events),
		cmocka_unit_test(test_required),
		cmocka_unit_test(test_roles),
		cmocka_unit_test(test_announced_without_port),
		cmocka_unit_test(test_unknown_attribute),
		cmocka_unit_test(test_wrong_sizes),
		cmocka_unit_test(test_not_about_connections),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_mutations),
		cmocka_unit_test(test_family),
		cmocka_unit_test(test_family_mutations),
		cmocka_unit_test(test_encode_family),
		cmocka_unit_test(test_actions),
	};

	/* The bytes above are those of a little-endian host. */
	if (!little_endian())
		return 77;

	return cmocka_run_group_tests(tests, NULL, NULL);
}
