/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Connections and subflows as NETLINK_SOCK_DIAG lists them, and the lists of
 * their local addresses. The bytes are what Linux 6.18 sent, but for struct
 * tcp_info, which is not looked at.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "netlink/framing.h"
#include "netlink/mptcp_diag.h"
#include "netlink/mptcp_pm.h"
#include "unit.h"

#define MUTATIONS 20000
#define BYTES_MAX 512

/* From the beginning to the ends' ports and addresses, and what follows. */
#define BEFORE(_family, _state) \
	"e4000000140002000700000063000000" _family _state "0000"
#define ADDRS(_local, _remote) \
	_local "000000000000000000000000" _remote "000000000000000000000000"
#define MIDDLE(_ifindex) _ifindex \
	"6b2007000000000000000000000000000000000000000000f109bc00" \
	"05000800000000000800" "0f0000000000" "0c00150001000000" "00000000" \
	"0600160052000000"
#define ULP "680013000a0001006d70746370000000"
#define SUBFLOW(_token, _flags, _remote_id, _local_id) \
	"58000300" "0800010003078279" "08000200" _token "08000800" _flags \
	"05000900" _remote_id "05000a00" _local_id "0800030001000000" \
	"0c000400bfbf457248e047b1" "0800050000000000" "08000600f5ac50fd" \
	"0600070000000000"

#define SERVER_INITIAL BEFORE("02", "01") "13889618" \
	ADDRS("0aff0002", "0aff0001") MIDDLE("00000000") ULP \
	SUBFLOW("29a2210b", "f1000000", "00000000", "00000000")
#define SERVER_OPENED BEFORE("02", "01") "90158b47" \
	ADDRS("0a010202", "0a010102") MIDDLE("02000000") ULP \
	SUBFLOW("29a2210b", "cc000000", "01000000", "80000000")
#define CLIENT_INITIAL BEFORE("02", "01") "96181388" \
	ADDRS("0aff0001", "0aff0002") MIDDLE("00000000") ULP \
	SUBFLOW("03078279", "f3000000", "00000000", "00000000")
#define CLIENT_ACCEPTED BEFORE("02", "01") "8b479015" \
	ADDRS("0a010102", "0a010202") MIDDLE("00000000") ULP \
	SUBFLOW("03078279", "c4000000", "80000000", "01000000")
#define DUAL_STACK BEFORE("0a", "01") "1388d572" \
	"00000000000000000000ffff0aff0002" \
	"00000000000000000000ffff0aff0001" MIDDLE("00000000") ULP \
	SUBFLOW("c00b5f19", "f1000000", "00000000", "00000000")
#define LISTENER "8c000000140002000700000063000000" "020a0000" "8c7d0000" \
	ADDRS("0a010202", "00000000") "02000000" \
	"5220070000000000000000000000000080000000000000003b06bc00" \
	"05000800000000000800" "0f0000000000" "0c00150001000000" "00000000" \
	"0600160052000000" "100013000a0001006d70746370000000"
#define CONNECTION "e0000000140000000700000063000000" "02010000" "13889618" \
	ADDRS("0aff0002", "0aff0001") "00000000" \
	"722007000000000000000000000000000000000000000000f109bc00" \
	"0500080000000000" "08000f0000000000" "0c001500010000000000000006001600" \
	"52000000" "64000200" "020300000000000002000000" "29a2210bf2faf15f72c52" \
	"3caf2faf15f72c523cabfbf457248e047b1040000000000000000000000000000000000" \
	"00000000000018000000000000000000000000000000030000000c0200000c020000" \
	"08020000"
#define ADDRESS(_port, _id, _flags, _addr) \
	"480000001c0002000700000063000000" "03010000" "34000180" \
	"0600010002000000" "06000500" _port "0000" "05000200" _id \
	"08000600" _flags "08000700" "03000000" "08000300" _addr

static size_t from_hex(const char *hex, uint8_t *bytes)
{
	size_t n = strlen(hex) / 2;

	assert_true(n <= BYTES_MAX);
	for (size_t i = 0; i < n; i++) {
		char digits[3] = { hex[2 * i], hex[2 * i + 1] };
		char *end;

		bytes[i] = (uint8_t) strtoul(digits, &end, 16);
		assert_true(end == digits + 2);
	}

	return n;
}

/* Nothing behind it that might be read (ASan sees it); to be freed. */
static struct nlmsghdr *exact(const uint8_t *bytes, size_t len)
{
	struct nlmsghdr *nlh = malloc(len);

	assert_non_null(nlh);
	memcpy(nlh, bytes, len);
	return nlh;
}

static int decode(const char *hex, struct mptcp_diag_socket *socket)
{
	uint8_t bytes[BYTES_MAX];
	struct nlmsghdr *nlh = exact(bytes, from_hex(hex, bytes));
	int err = mptcp_diag_decode(nlh, socket);

	free(nlh);
	return err;
}

static void assert_endpoint(const struct anchor_endpoint *endpoint,
			    const char *text)
{
	char buf[ADDRTEXT_MAX];

	assert_string_equal(addrtext_endpoint(endpoint, buf), text);
}

static void assert_ends(const struct core_seen_subflow *subflow,
			const char *local, const char *remote)
{
	assert_endpoint(&subflow->local, local);
	assert_endpoint(&subflow->remote, remote);
}

/* Demoted at both ends, and fully established. */
static void test_initial(void **state)
{
	struct mptcp_diag_socket socket;

	assert_int_equal(decode(SERVER_INITIAL, &socket), 0);
	assert_int_equal(socket.kind, MPTCP_DIAG_SUBFLOW);
	assert_int_equal(socket.token, 0x0b21a229);
	assert_ends(&socket.subflow, "10.255.0.2:5000", "10.255.0.1:38424");
	assert_int_equal(socket.subflow.state, CORE_SEEN_UP);
	assert_true(socket.subflow.initial);
	assert_false(socket.subflow.opened_here);
	assert_true(socket.subflow.established);
	assert_true(socket.subflow.backup_here);
	assert_true(socket.subflow.backup_peer);
	assert_false(socket.subflow.mapped);

	assert_int_equal(decode(CLIENT_INITIAL, &socket), 0);
	assert_int_equal(socket.token, 0x79820703);
	assert_ends(&socket.subflow, "10.255.0.1:38424", "10.255.0.2:5000");
	assert_true(socket.subflow.initial);
	assert_true(socket.subflow.opened_here);

	assert_int_equal(decode(DUAL_STACK, &socket), 0);
	assert_ends(&socket.subflow, "10.255.0.2:5000", "10.255.0.1:54642");
	assert_true(socket.subflow.mapped);
}

static void test_further(void **state)
{
	struct mptcp_diag_socket socket;

	assert_int_equal(decode(SERVER_OPENED, &socket), 0);
	assert_ends(&socket.subflow, "10.1.2.2:36885", "10.1.1.2:35655");
	assert_false(socket.subflow.initial);
	assert_true(socket.subflow.opened_here);
	assert_false(socket.subflow.backup_here);
	assert_false(socket.subflow.backup_peer);
	assert_int_equal(socket.subflow.local_id, 128);
	assert_int_equal(socket.subflow.remote_id, 1);

	assert_int_equal(decode(CLIENT_ACCEPTED, &socket), 0);
	assert_ends(&socket.subflow, "10.1.1.2:35655", "10.1.2.2:36885");
	assert_false(socket.subflow.initial);
	assert_false(socket.subflow.opened_here);
	assert_int_equal(socket.subflow.local_id, 1);
	assert_int_equal(socket.subflow.remote_id, 128);
}

static const char *replaced(const char *hex, size_t at, const char *with)
{
	static char text[2 * BYTES_MAX + 1];

	strcpy(text, hex);
	memcpy(text + 2 * at, with, strlen(with));
	return text;
}

#define STATE_AT (16 + 1)
#define FLAGS_AT (16 + 72 + 36 + 16 + 4 + 8 + 8 + 4)

static void test_states(void **state)
{
	struct mptcp_diag_socket socket;

	assert_int_equal(decode(replaced(SERVER_OPENED, STATE_AT, "02"),
				&socket), 0);
	assert_int_equal(socket.subflow.state, CORE_SEEN_OPENING);
	assert_int_equal(decode(replaced(SERVER_OPENED, STATE_AT, "08"),
				&socket), 0);
	assert_int_equal(socket.subflow.state, CORE_SEEN_ENDING);

	/* What the peer has not agreed to is plain TCP. */
	assert_int_equal(decode(replaced(CLIENT_INITIAL, FLAGS_AT, "02"),
				&socket), -ENOMSG);
	assert_int_equal(decode(replaced(CLIENT_INITIAL, FLAGS_AT, "03"),
				&socket), 0);
	assert_false(socket.subflow.established);
	assert_false(socket.subflow.backup_here);

	assert_int_equal(decode(LISTENER, &socket), 0);
	assert_int_equal(socket.kind, MPTCP_DIAG_LISTENER);
	assert_endpoint(&socket.subflow.local, "10.1.2.2:35965");

	/* Of another protocol: the ULP says something else, or nothing. */
	assert_int_equal(decode(replaced(LISTENER, STATE_AT, "01"), &socket),
			 -ENOMSG);
}

static int decode_conn(const char *hex, struct mptcp_diag_conn *conn)
{
	uint8_t bytes[BYTES_MAX];
	struct nlmsghdr *nlh = exact(bytes, from_hex(hex, bytes));
	int err = mptcp_diag_decode_conn(nlh, conn);

	free(nlh);
	return err;
}

#define INODE_AT (16 + 68)

static void test_conn(void **state)
{
	char no_inode[2 * BYTES_MAX + 1];
	struct mptcp_diag_conn conn;

	assert_int_equal(decode_conn(CONNECTION, &conn), 0);
	assert_endpoint(&conn.local, "10.255.0.2:5000");
	assert_endpoint(&conn.remote, "10.255.0.1:38424");
	assert_false(conn.closed);
	assert_int_equal(decode_conn(replaced(CONNECTION, 4, "13"), &conn),
			 -ENOMSG);

	/* Shut down, but its process has it still. */
	assert_int_equal(decode_conn(replaced(CONNECTION, STATE_AT, "04"),
				     &conn), 0);
	assert_false(conn.closed);

	/* Nobody has it: not yet accepted, or closed. */
	strcpy(no_inode, replaced(CONNECTION, INODE_AT, "00000000"));
	assert_int_equal(decode_conn(no_inode, &conn), 0);
	assert_false(conn.closed);
	assert_int_equal(decode_conn(replaced(no_inode, STATE_AT, "04"),
				     &conn), 0);
	assert_true(conn.closed);
}

static void test_requests(void **state)
{
	_Alignas(4) char buf[MPTCP_PM_MESSAGE_MAX];
	struct nlmsghdr *nlh = mptcp_diag_encode_dump(buf,
						      ANCHOR_FAMILY_INET6);
	const struct inet_diag_req_v2 *request = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr;

	assert_int_equal(nlh->nlmsg_type, SOCK_DIAG_BY_FAMILY);
	assert_int_equal(nlh->nlmsg_flags, NLM_F_DUMP);
	assert_int_equal(request->sdiag_family, AF_INET6);
	assert_int_equal(request->sdiag_protocol, 6);
	assert_int_equal(request->idiag_ext, 2);
	assert_int_equal(request->idiag_states, 0xf36);

	nlh = mptcp_diag_encode_conn(buf, 0x0b21a229);
	request = mnl_nlmsg_get_payload(nlh);
	assert_int_equal(nlh->nlmsg_flags & NLM_F_DUMP, 0);
	assert_int_equal(request->id.idiag_cookie[0], 0x0b21a229);
	attr = mnl_nlmsg_get_payload_offset(nlh, sizeof(*request));
	assert_int_equal(mnl_attr_get_type(attr), 3);
	assert_int_equal(mnl_attr_get_u32(attr), 262);
	assert_true(nlh->nlmsg_len <= MPTCP_DIAG_MESSAGE_MAX);

	nlh = mptcp_pm_encode_dump_addrs(buf, 28, 7);
	assert_int_equal(nlh->nlmsg_type, 28);
	assert_int_equal(nlh->nlmsg_flags, NLM_F_DUMP);
	assert_memory_equal(mnl_nlmsg_get_payload(nlh), "\3\1\0\0", 4);
	attr = mnl_nlmsg_get_payload_offset(nlh, 4);
	assert_int_equal(mnl_attr_get_type(attr), 4);
	assert_int_equal(mnl_attr_get_u32(attr), 7);
}

static int decode_addr(const char *hex, struct core_seen_address *address)
{
	uint8_t bytes[BYTES_MAX];
	struct nlmsghdr *nlh = exact(bytes, from_hex(hex, bytes));
	int err = mptcp_pm_decode_addr(nlh, address);

	free(nlh);
	return err;
}

static void test_addresses(void **state)
{
	struct core_seen_address address;

	assert_int_equal(decode_addr(ADDRESS("43a0", "02000000", "01000000",
					     "0a020202"), &address), 0);
	assert_endpoint(&address.endpoint, "10.2.2.2:41027");
	assert_int_equal(address.id, 2);
	assert_true(address.announced);

	assert_int_equal(decode_addr(ADDRESS("0000", "80000000", "02000000",
					     "0a010202"), &address), 0);
	assert_endpoint(&address.endpoint, "10.1.2.2:0");
	assert_int_equal(address.id, 128);
	assert_false(address.announced);

	/* An ID of no byte, and none. */
	assert_int_equal(decode_addr(replaced(
		ADDRESS("0000", "80000000", "02000000", "0a010202"),
		16 + 4 + 4 + 8 + 8, "0600"), &address), -EBADMSG);
	assert_int_equal(decode_addr(ADDRESS("0000", "00000000", "02000000",
					     "0a010202"), &address),
			 -EBADMSG);
	assert_int_equal(decode_addr(replaced(
		ADDRESS("0000", "80000000", "02000000", "0a010202"),
		16, "04"), &address), -ENOMSG);
}

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static const char *const mutable[] = {
	SERVER_INITIAL, SERVER_OPENED, CLIENT_ACCEPTED, DUAL_STACK, LISTENER,
	ADDRESS("43a0", "02000000", "01000000", "0a020202"),
};

/* Some bytes changed, or cut off; nothing beyond the end may be read. */
static int decode_mutant(const char *hex, uint64_t *random, bool address)
{
	struct mptcp_diag_socket socket;
	struct core_seen_address seen;
	uint8_t bytes[BYTES_MAX];
	size_t len = from_hex(hex, bytes);
	size_t changes = 1 + next_random(random) % 4;
	struct nlmsghdr *nlh;
	int err = -EBADMSG;

	while (changes--)
		bytes[next_random(random) % len] =
			(uint8_t) (next_random(random) >> 16);

	if (next_random(random) % 4 == 0)
		len -= next_random(random) % (len - 16);

	memcpy(bytes, &(uint32_t) { (uint32_t) len }, 4);
	nlh = exact(bytes, len);
	if (message_whole(nlh, len))
		err = address ? mptcp_pm_decode_addr(nlh, &seen) :
			mptcp_diag_decode(nlh, &socket);

	free(nlh);
	return err;
}

static void test_mutations(void **state)
{
	const size_t n = sizeof(mutable) / sizeof(*mutable);
	uint64_t random = 0x9e3779b97f4a7c15;
	unsigned int taken = 0, refused = 0;

	for (int i = 0; i < MUTATIONS; i++) {
		size_t which = next_random(&random) % n;
		int err = decode_mutant(mutable[which], &random,
					which == n - 1);

		taken += !err;
		refused += err != 0;
		assert_true(!err || err == -EBADMSG || err == -ENOMSG);
	}

	assert_true(taken > MUTATIONS / 10);
	assert_true(refused > MUTATIONS / 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_initial),
		cmocka_unit_test(test_further),
		cmocka_unit_test(test_states),
		cmocka_unit_test(test_conn),
		cmocka_unit_test(test_requests),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_mutations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
