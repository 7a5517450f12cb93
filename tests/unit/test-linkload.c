/* SPDX-License-Identifier: BSD-3-Clause */
/* What a link has carried: the question, and answers whole and broken. */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "netlink/linkload.h"
#include "unit.h"

static void test_query(void **state)
{
	_Alignas(4) char buf[LINKLOAD_MESSAGE_MAX];
	struct nlmsghdr *nlh = linkload_encode_query(buf, 258);
	const struct if_stats_msg *header = mnl_nlmsg_get_payload(nlh);

	assert_int_equal(nlh->nlmsg_type, RTM_GETSTATS);
	assert_int_equal(nlh->nlmsg_len, NLMSG_LENGTH(12));
	assert_true(nlh->nlmsg_len <= LINKLOAD_MESSAGE_MAX);
	assert_int_equal(header->ifindex, 258);
	assert_int_equal(header->filter_mask, 1);
}

static struct nlmsghdr *answer(const void *stats, size_t len)
{
	struct nlmsghdr *nlh = calloc(1, 512);
	struct if_stats_msg *header;

	assert_non_null(nlh);
	mnl_nlmsg_put_header(nlh);
	nlh->nlmsg_type = RTM_NEWSTATS;
	header = mnl_nlmsg_put_extra_header(nlh, sizeof(*header));
	header->ifindex = 7;
	mnl_attr_put_u32(nlh, IFLA_STATS_LINK_XSTATS, 1);
	mnl_attr_put(nlh, IFLA_STATS_LINK_64, len, stats);
	return nlh;
}

static const struct rtnl_link_stats64 stats = {
	.rx_packets = 1, .tx_packets = 2,
	.rx_bytes = UINT64_C(5000000000), .tx_bytes = 77, .rx_errors = 9,
};

static void test_answer(void **state)
{
	/* From the shortest that has what is needed to one of tomorrow. */
	static const size_t lengths[] = {
		offsetof(struct rtnl_link_stats64, rx_errors), sizeof(stats),
		sizeof(stats) + 16,
	};
	char bytes[sizeof(stats) + 16] = "";

	memcpy(bytes, &stats, sizeof(stats));
	for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
		struct nlmsghdr *nlh = answer(bytes, lengths[i]);
		struct linkload load;

		assert_int_equal(linkload_decode(nlh, &load), 0);
		assert_int_equal(load.ifindex, 7);
		assert_int_equal(load.bytes_in, UINT64_C(5000000000));
		assert_int_equal(load.bytes_out, 77);
		free(nlh);
	}
}

/* Takes it, is given what it must not touch, and frees it. */
static void refuse(struct nlmsghdr *nlh, int error)
{
	struct linkload load = { .ifindex = 42, .bytes_in = 43 };

	assert_int_equal(linkload_decode(nlh, &load), error);
	assert_int_equal(load.ifindex, 42);
	assert_int_equal(load.bytes_in, 43);
	free(nlh);
}

static void test_refused(void **state)
{
	struct nlmsghdr *nlh = answer(&stats, sizeof(stats));

	nlh->nlmsg_type = RTM_NEWLINK;
	refuse(nlh, -ENOMSG);
	refuse(answer(&stats, offsetof(struct rtnl_link_stats64, tx_bytes)),
	       -EBADMSG);
	refuse(answer(&stats, 0), -EBADMSG);
}

/* 0 is for no link at all, and more than INT32_MAX would be below it. */
static void test_no_link(void **state)
{
	static const uint32_t numbers[] = {
		0, UINT32_C(1) << 31, UINT32_MAX,
	};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		struct nlmsghdr *nlh = answer(&stats, sizeof(stats));
		struct if_stats_msg *header = mnl_nlmsg_get_payload(nlh);

		header->ifindex = numbers[i];
		refuse(nlh, -EBADMSG);
	}
}

/* An attribute's length that leads nowhere, or beyond the end. */
static void test_hostile(void **state)
{
	static const uint16_t lengths[] = { 0, 3, 4, 9, UINT16_MAX };

	for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
		struct nlmsghdr *nlh = answer(&stats, sizeof(stats));
		struct nlattr *first =
			mnl_nlmsg_get_payload_offset(nlh, NLMSG_ALIGN(12));

		first->nla_len = lengths[i];
		refuse(nlh, -EBADMSG);
	}
}

static void test_truncated(void **state)
{
	struct nlmsghdr *nlh = answer(&stats, sizeof(stats));
	struct linkload load;

	for (uint32_t len = NLMSG_HDRLEN; len < nlh->nlmsg_len; len++) {
		struct nlmsghdr *cut = malloc(len);

		assert_non_null(cut);
		memcpy(cut, nlh, len);
		cut->nlmsg_len = len;
		assert_int_equal(linkload_decode(cut, &load), -EBADMSG);
		free(cut);
	}

	free(nlh);
}

static void test_no_speed(void **state)
{
	assert_int_equal(linkload_speed("lo"), 0);
	assert_int_equal(linkload_speed("none such"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_query),
		cmocka_unit_test(test_answer),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_no_link),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_no_speed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
