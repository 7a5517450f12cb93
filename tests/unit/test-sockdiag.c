/* SPDX-License-Identifier: BSD-3-Clause */
/* How a TCP socket does: the question, and answers whole and broken. */
#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <stdlib.h>
#include <string.h>

#include "netlink/sockdiag.h"
#include "unit.h"

#define ESTABLISHED 1	/* enum of net/tcp_states.h */
#define FIN_WAIT1 4

#define INFO_OF_4_1 offsetof(struct tcp_info, tcpi_segs_out)

static const struct inet_diag_req_v2 *query(void *buf, const char *local,
					    const char *remote, int ifindex)
{
	struct anchor_endpoint from = endpoint_of(local);
	struct anchor_endpoint to = endpoint_of(remote);
	struct nlmsghdr *nlh = sockdiag_encode_query(buf, &from, &to, ifindex);

	assert_int_equal(nlh->nlmsg_type, SOCK_DIAG_BY_FAMILY);
	assert_int_equal(nlh->nlmsg_len, NLMSG_LENGTH(56));
	assert_true(nlh->nlmsg_len <= SOCKDIAG_MESSAGE_MAX);
	return mnl_nlmsg_get_payload(nlh);
}

static void test_query(void **state)
{
	_Alignas(4) char buf[SOCKDIAG_MESSAGE_MAX];
	const struct inet_diag_req_v2 *request;

	request = query(buf, "10.1.2.2:33001", "10.1.1.2:258", 7);
	assert_int_equal(request->sdiag_family, AF_INET);
	assert_int_equal(request->sdiag_protocol, IPPROTO_TCP);
	assert_int_equal(request->idiag_ext, 1 << (INET_DIAG_INFO - 1));
	assert_int_equal(request->idiag_states, UINT32_MAX);
	assert_int_equal(request->id.idiag_sport, htons(33001));
	assert_memory_equal(&request->id.idiag_dport, "\1\2", 2);
	assert_memory_equal(request->id.idiag_src, "\12\1\2\2", 4);
	assert_memory_equal(request->id.idiag_dst, "\12\1\1\2", 4);
	assert_int_equal(request->id.idiag_if, 7);
	assert_int_equal(request->id.idiag_cookie[0], UINT32_MAX);
	assert_int_equal(request->id.idiag_cookie[1], UINT32_MAX);

	request = query(buf, "[fd00:1:2::2]:1", "[fd00:1:1::2]:2", 0);
	assert_int_equal(request->sdiag_family, AF_INET6);
	assert_memory_equal(request->id.idiag_src,
			    "\xfd\0\0\1\0\2\0\0\0\0\0\0\0\0\0\2", 16);
	assert_memory_equal(request->id.idiag_dst,
			    "\xfd\0\0\1\0\1\0\0\0\0\0\0\0\0\0\2", 16);
	assert_int_equal(request->id.idiag_sport, htons(1));
	assert_int_equal(request->id.idiag_dport, htons(2));
	assert_int_equal(request->id.idiag_if, 0);
}

/* What comes before its tcp_info; to be freed. */
static struct nlmsghdr *beginning(void)
{
	struct nlmsghdr *nlh = calloc(1, 1024);
	struct inet_diag_msg *header;

	assert_non_null(nlh);
	mnl_nlmsg_put_header(nlh);
	nlh->nlmsg_type = SOCK_DIAG_BY_FAMILY;
	header = mnl_nlmsg_put_extra_header(nlh, sizeof(*header));
	header->id.idiag_sport = htons(5000);
	header->id.idiag_dport = htons(33001);
	mnl_attr_put_u8(nlh, INET_DIAG_SHUTDOWN, 0);
	return nlh;
}

/*
 * An answer whose tcp_info has that many bytes, with nothing behind it that
 * might be read (ASan sees it); to be freed.
 */
static struct nlmsghdr *answer(const void *bytes, size_t len)
{
	struct nlmsghdr *nlh = beginning();

	mnl_attr_put(nlh, INET_DIAG_INFO, len, bytes);
	nlh = realloc(nlh, nlh->nlmsg_len);
	assert_non_null(nlh);
	return nlh;
}

static const struct tcp_info info = {
	.tcpi_state = ESTABLISHED,
	.tcpi_rtt = 1500, .tcpi_rttvar = 300, .tcpi_min_rtt = 900,
	.tcpi_last_ack_recv = 12, .tcpi_last_data_sent = 8,
	.tcpi_last_data_recv = 9,
	.tcpi_unacked = 10, .tcpi_total_retrans = 3, .tcpi_snd_cwnd = 44,
	.tcpi_bytes_acked = UINT64_C(5000000000), .tcpi_bytes_received = 77,
	.tcpi_notsent_bytes = 4096, .tcpi_delivery_rate = 25000000,
	.tcpi_busy_time = 1000000, .tcpi_rwnd_limited = 250000,
	.tcpi_delivery_rate_app_limited = 1,
};

static void test_answer(void **state)
{
	struct nlmsghdr *nlh = answer(&info, sizeof(info));
	struct core_sample sample;

	assert_int_equal(sockdiag_decode(nlh, &sample), 0);
	assert_int_equal(sample.rtt.us, 1500);
	assert_int_equal(sample.rtt_var.us, 300);
	assert_int_equal(sample.rtt_min.us, 900);
	assert_int_equal(sample.last_ack.us, 12000);
	assert_int_equal(sample.last_data.us, 8000);
	assert_int_equal(sample.last_data_in.us, 9000);
	assert_int_equal(sample.unacked, 10);
	assert_int_equal(sample.retransmitted, 3);
	assert_int_equal(sample.cwnd, 44);
	assert_int_equal(sample.bytes_out, UINT64_C(5000000000));
	assert_int_equal(sample.bytes_in, 77);
	assert_int_equal(sample.waiting, 4096);
	assert_int_equal(sample.delivery_rate, 25000000);
	assert_true(sample.app_limited);
	assert_false(sample.ending);

	/* Time in which the peer's window was in the way is not ours. */
	assert_int_equal(sample.busy.us, 750000);
	free(nlh);
}

/* What only waits for its FIN to be answered. */
static void test_ending(void **state)
{
	struct tcp_info closing = info;
	struct core_sample sample;
	struct nlmsghdr *nlh;

	closing.tcpi_state = FIN_WAIT1;
	nlh = answer(&closing, sizeof(closing));
	assert_int_equal(sockdiag_decode(nlh, &sample), 0);
	assert_true(sample.ending);
	free(nlh);
}

static void test_other_kernels(void **state)
{
	struct { struct tcp_info info; char more[64]; } newer = { info, "" };
	struct nlmsghdr *nlh = answer(&info, INFO_OF_4_1);
	struct core_sample sample;

	assert_int_equal(sockdiag_decode(nlh, &sample), 0);
	assert_int_equal(sample.rtt.us, 1500);
	assert_int_equal(sample.bytes_in, 77);
	assert_int_equal(sample.rtt_min.us, 0);
	assert_int_equal(sample.delivery_rate, 0);
	assert_int_equal(sample.busy.us, 0);
	free(nlh);

	memset(newer.more, 0xff, sizeof(newer.more));
	nlh = answer(&newer.info, sizeof(newer));
	assert_int_equal(sockdiag_decode(nlh, &sample), 0);
	assert_int_equal(sample.delivery_rate, 25000000);
	free(nlh);
}

/* Figures that no kernel gives are no more than wrong. */
static void test_extremes(void **state)
{
	struct tcp_info odd = info;
	struct core_sample sample;
	struct nlmsghdr *nlh;

	odd.tcpi_rwnd_limited = odd.tcpi_busy_time + 1;
	nlh = answer(&odd, sizeof(odd));
	assert_int_equal(sockdiag_decode(nlh, &sample), 0);
	assert_int_equal(sample.busy.us, 0);
	free(nlh);

	memset(&odd, 0xff, sizeof(odd));
	nlh = answer(&odd, sizeof(odd));
	assert_int_equal(sockdiag_decode(nlh, &sample), 0);
	assert_int_equal(sample.rtt.us, UINT32_MAX);
	assert_int_equal(sample.rtt_min.us, UINT32_MAX);
	assert_int_equal(sample.last_ack.us, UINT32_MAX * INT64_C(1000));
	assert_int_equal(sample.last_data.us, UINT32_MAX * INT64_C(1000));
	assert_int_equal(sample.busy.us, 0);
	assert_int_equal(sample.bytes_in, UINT64_MAX);
	free(nlh);
}

/* Takes it, is given what it must not touch, and frees it. */
static void refuse(struct nlmsghdr *nlh, int error)
{
	struct core_sample sample, before;

	memset(&sample, 0x5a, sizeof(sample));
	before = sample;
	assert_int_equal(sockdiag_decode(nlh, &sample), error);
	assert_memory_equal(&sample, &before, sizeof(sample));
	free(nlh);
}

static void test_refused(void **state)
{
	struct nlmsghdr *nlh = answer(&info, sizeof(info));

	nlh->nlmsg_type = TCPDIAG_GETSOCK;
	refuse(nlh, -ENOMSG);
	nlh = answer(&info, sizeof(info));
	nlh->nlmsg_type = NLMSG_ERROR;
	refuse(nlh, -ENOMSG);
	refuse(answer(&info, 0), -EBADMSG);
}

/* With what the kernel answers where the connection is not, or no more. */
static void test_no_connection(void **state)
{
	struct nlmsghdr *listener = answer(&info, sizeof(info));
	struct inet_diag_msg *header = mnl_nlmsg_get_payload(listener);

	header->id.idiag_dport = 0;
	refuse(listener, -EBADMSG);

	/* TIME_WAIT */
	refuse(beginning(), -EBADMSG);
}

/* An attribute's length that leads nowhere, or beyond the end. */
static void test_hostile(void **state)
{
	static const uint16_t lengths[] = { 0, 1, 3, 4, 241, UINT16_MAX };

	for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
		struct nlmsghdr *nlh = beginning();
		struct nlattr *attr = mnl_nlmsg_get_payload_tail(nlh);

		mnl_attr_put(nlh, INET_DIAG_INFO, 232, &info);
		attr->nla_len = lengths[i];
		refuse(nlh, -EBADMSG);
	}
}

/* Cut off anywhere, in as many bytes and not one more, for ASan. */
static void test_truncated(void **state)
{
	struct nlmsghdr *nlh = answer(&info, sizeof(info));
	struct core_sample sample;

	for (uint32_t len = NLMSG_HDRLEN; len < nlh->nlmsg_len; len++) {
		struct nlmsghdr *cut = malloc(len);

		assert_non_null(cut);
		memcpy(cut, nlh, len);
		cut->nlmsg_len = len;
		assert_int_equal(sockdiag_decode(cut, &sample), -EBADMSG);
		free(cut);
	}

	free(nlh);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_query),
		cmocka_unit_test(test_answer),
		cmocka_unit_test(test_ending),
		cmocka_unit_test(test_other_kernels),
		cmocka_unit_test(test_extremes),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_no_connection),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_truncated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
