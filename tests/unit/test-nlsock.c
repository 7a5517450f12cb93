/* SPDX-License-Identifier: BSD-3-Clause */
/* nlsock against the kernel: requests that only read, as any user may. */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fuzz/scarce.h"
#include "netlink/nlsock.h"
#include "unit.h"

#define TIMEOUT_MS 5000
#define MANY 200

/* What became of one request. */
struct outcome {
	int replies;
	int done;
	int error;
	int order;		/* the how-manieth to end */
	char reason[128];
	struct nlsock *sock;	/* for what callbacks ask themselves */
	struct outcome *next;
	int *ended;
};

static void on_reply(const struct nlmsghdr *nlh, void *data)
{
	struct outcome *outcome = data;

	(void) nlh;
	assert_int_equal(outcome->done, 0);
	outcome->replies++;
}

static void on_done(int error, const char *reason, void *data)
{
	struct outcome *outcome = data;

	outcome->done++;
	outcome->error = error;
	snprintf(outcome->reason, sizeof(outcome->reason), "%s", reason);
	if (outcome->ended)
		outcome->order = (*outcome->ended)++;
}

static struct nlmsghdr *get_family(void *buf, const char *name)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct genlmsghdr *genl = mnl_nlmsg_put_extra_header(nlh,
							     sizeof(*genl));

	nlh->nlmsg_type = GENL_ID_CTRL;
	genl->cmd = CTRL_CMD_GETFAMILY;
	genl->version = 1;
	mnl_attr_put_strz(nlh, CTRL_ATTR_FAMILY_NAME, name);
	return nlh;
}

static struct nlmsghdr *dump_links(void *buf)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);

	nlh->nlmsg_type = RTM_GETLINK;
	nlh->nlmsg_flags = NLM_F_DUMP;
	mnl_nlmsg_put_extra_header(nlh, sizeof(struct ifinfomsg));
	return nlh;
}

static struct nlsock *opened(int protocol)
{
	struct nlsock *sock;

	assert_int_equal(nlsock_open(protocol, &sock), 0);
	return sock;
}

static void ask(struct nlsock *sock, const char *name,
		struct outcome *outcome)
{
	_Alignas(4) char buf[256] = "";

	assert_int_equal(nlsock_request(sock, get_family(buf, name), on_reply,
					on_done, outcome), 0);
}

static void test_answer(void **state)
{
	struct nlsock *sock = opened(NETLINK_GENERIC);
	struct outcome outcome = { 0 };

	(void) state;
	ask(sock, "nlctrl", &outcome);
	assert_int_equal(nlsock_pending(sock), 1);
	assert_true(nlsock_wants_write(sock));
	assert_int_equal(nlsock_flush(sock), 0);
	assert_false(nlsock_wants_write(sock));
	assert_int_equal(outcome.done, 0);
	assert_int_equal(nlsock_dispatch(sock), 0);
	assert_int_equal(outcome.replies, 1);
	assert_int_equal(outcome.done, 1);
	assert_int_equal(outcome.error, 0);
	assert_string_equal(outcome.reason, "");
	assert_int_equal(nlsock_pending(sock), 0);
	nlsock_close(sock);
}

/* Asked twice while the same request waits. */
static void test_stuck(void **state)
{
	struct nlsock *sock = opened(NETLINK_GENERIC);
	struct outcome first = { 0 }, second = { 0 };

	assert_false(nlsock_is_stuck(sock));
	ask(sock, "nlctrl", &first);
	assert_false(nlsock_is_stuck(sock));
	assert_true(nlsock_is_stuck(sock));
	assert_int_equal(nlsock_settle(sock, TIMEOUT_MS), 0);
	assert_false(nlsock_is_stuck(sock));

	/* Another one that waits is no reason yet. */
	ask(sock, "nlctrl", &second);
	assert_false(nlsock_is_stuck(sock));
	assert_int_equal(nlsock_settle(sock, TIMEOUT_MS), 0);
	ask(sock, "nlctrl", &first);
	assert_false(nlsock_is_stuck(sock));
	nlsock_close(sock);
}

static void test_error(void **state)
{
	struct nlsock *sock = opened(NETLINK_GENERIC);
	struct outcome outcome = { 0 };
	struct nlsock_stats stats;

	(void) state;
	ask(sock, "no-such-family", &outcome);
	assert_int_equal(nlsock_settle(sock, TIMEOUT_MS), 0);
	assert_int_equal(outcome.replies, 0);
	assert_int_equal(outcome.done, 1);
	assert_int_equal(outcome.error, -ENOENT);
	nlsock_get_stats(sock, &stats);
	assert_int_equal(stats.errors, 1);
	assert_int_equal(stats.messages, 1);
	nlsock_close(sock);
}

/* The kernel says in words what it thinks of too short an attribute. */
static void test_reason(void **state)
{
	_Alignas(4) char buf[256] = "";
	struct nlmsghdr *nlh = get_family(buf, "nlctrl");
	struct nlsock *sock = opened(NETLINK_GENERIC);
	struct outcome outcome = { 0 };

	(void) state;
	mnl_attr_put_u8(nlh, CTRL_ATTR_FAMILY_ID, 1);
	assert_int_equal(nlsock_request(sock, nlh, on_reply, on_done,
					&outcome), 0);
	assert_int_equal(nlsock_settle(sock, TIMEOUT_MS), 0);
	assert_int_equal(outcome.done, 1);
	assert_true(outcome.error < 0);
	assert_non_null(strstr(outcome.reason, "ttribute"));
	nlsock_close(sock);
}

static void test_dump(void **state)
{
	_Alignas(4) char buf[256] = "";
	struct nlsock *sock = opened(NETLINK_ROUTE);
	struct outcome outcome = { 0 };

	(void) state;
	assert_int_equal(nlsock_request(sock, dump_links(buf), on_reply,
					on_done, &outcome), 0);
	assert_int_equal(nlsock_settle(sock, TIMEOUT_MS), 0);
	assert_true(outcome.replies >= 1);
	assert_int_equal(outcome.done, 1);
	assert_int_equal(outcome.error, 0);
	nlsock_close(sock);
}

static void test_many_in_order(void **state)
{
	struct nlsock *sock = opened(NETLINK_GENERIC);
	struct outcome outcomes[MANY] = { 0 };
	int ended = 0;

	(void) state;
	for (int i = 0; i < MANY; i++) {
		outcomes[i].ended = &ended;
		ask(sock, i % 3 ? "nlctrl" : "no-such-family", &outcomes[i]);
	}

	assert_int_equal(nlsock_settle(sock, TIMEOUT_MS), 0);
	for (int i = 0; i < MANY; i++) {
		assert_int_equal(outcomes[i].done, 1);
		assert_int_equal(outcomes[i].order, i);
		assert_int_equal(outcomes[i].replies, i % 3 ? 1 : 0);
		assert_int_equal(outcomes[i].error, i % 3 ? 0 : -ENOENT);
	}

	nlsock_close(sock);
}

/* Those that are refused are never heard of, all others end in order. */
static void ask_without(unsigned long n)
{
	_Alignas(4) char buf[256] = "";
	struct nlsock *sock = opened(NETLINK_GENERIC);
	struct outcome outcomes[MANY] = { 0 };
	int ended = 0, taken = 0;

	scarce_at(n, 3);
	for (int i = 0; i < MANY; i++) {
		struct outcome *outcome = &outcomes[taken];
		int err = nlsock_request(sock, get_family(buf, "nlctrl"),
					 on_reply, on_done, outcome);

		outcome->ended = &ended;
		assert_true(!err || err == -ENOMEM);
		taken += !err;
		assert_int_equal(nlsock_pending(sock), taken);
	}

	scarce_end();
	assert_in_range(taken, MANY - 3, MANY);
	assert_int_equal(nlsock_settle(sock, TIMEOUT_MS), 0);
	for (int i = 0; i < taken; i++) {
		assert_int_equal(outcomes[i].done, 1);
		assert_int_equal(outcomes[i].order, i);
		assert_int_equal(outcomes[i].replies, 1);
	}

	nlsock_close(sock);
}

static void test_no_memory(void **state)
{
	unsigned long before = scarce_failed();
	struct nlsock *sock = NULL;
	unsigned long n = 0;

	(void) state;
	scarce_at(0, 1);
	assert_int_equal(nlsock_open(NETLINK_GENERIC, &sock), -ENOMEM);
	scarce_end();
	assert_null(sock);
	assert_int_equal(scarce_failed(), before + 1);

	do {
		before = scarce_failed();
		ask_without(n++);
	} while (scarce_failed() != before);

	/* The ring of requests and what is to be sent have grown. */
	assert_in_range(n, 5, 20);
}

static void test_limit(void **state)
{
	_Alignas(4) char buf[256] = "";
	struct nlsock *sock = opened(NETLINK_GENERIC);
	struct outcome outcomes[3] = { 0 };

	(void) state;
	nlsock_set_limit(sock, 2);
	ask(sock, "nlctrl", &outcomes[0]);
	ask(sock, "nlctrl", &outcomes[1]);
	assert_int_equal(nlsock_request(sock, get_family(buf, "nlctrl"),
					on_reply, on_done, &outcomes[2]),
			 -EAGAIN);
	assert_int_equal(nlsock_settle(sock, TIMEOUT_MS), 0);
	assert_int_equal(outcomes[2].done, 0);
	ask(sock, "nlctrl", &outcomes[2]);
	assert_int_equal(nlsock_settle(sock, TIMEOUT_MS), 0);
	assert_int_equal(outcomes[2].done, 1);
	nlsock_close(sock);
}

/* One that was sent, and one that was not. */
static void test_close(void **state)
{
	struct nlsock *sock = opened(NETLINK_GENERIC);
	struct outcome outcomes[2] = { 0 };

	(void) state;
	ask(sock, "nlctrl", &outcomes[0]);
	assert_int_equal(nlsock_flush(sock), 0);
	ask(sock, "nlctrl", &outcomes[1]);
	nlsock_close(sock);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(outcomes[i].done, 1);
		assert_int_equal(outcomes[i].error, -ECANCELED);
	}

	nlsock_close(NULL);
}

static void test_timeout(void **state)
{
	struct nlsock *sock = opened(NETLINK_GENERIC);
	struct outcome outcome = { 0 };

	(void) state;
	ask(sock, "nlctrl", &outcome);
	assert_int_equal(nlsock_settle(sock, 0), -ETIMEDOUT);
	assert_int_equal(outcome.done, 0);
	assert_int_equal(nlsock_settle(sock, TIMEOUT_MS), 0);
	assert_int_equal(outcome.done, 1);
	nlsock_close(sock);
}

static void on_done_asks(int error, const char *reason, void *data)
{
	struct outcome *outcome = data;
	struct outcome *next = outcome->next;

	on_done(error, reason, data);
	assert_int_equal(nlsock_settle(outcome->sock, TIMEOUT_MS), -EBUSY);
	if (next)
		ask(outcome->sock, "nlctrl", next);
}

static void test_request_in_callback(void **state)
{
	_Alignas(4) char buf[256] = "";
	struct nlsock *sock = opened(NETLINK_GENERIC);
	struct outcome second = { 0 };
	struct outcome first = { .sock = sock, .next = &second };

	(void) state;
	assert_int_equal(nlsock_request(sock, get_family(buf, "nlctrl"),
					on_reply, on_done_asks, &first), 0);
	assert_int_equal(nlsock_settle(sock, TIMEOUT_MS), 0);
	assert_int_equal(first.done, 1);
	assert_int_equal(second.done, 1);
	assert_int_equal(second.error, 0);
	nlsock_close(sock);
}

/* Enough of them that a flush would want to read answers in between. */
static void on_reply_flushes(const struct nlmsghdr *nlh, void *data)
{
	struct outcome *outcome = data;
	char *before = malloc(nlh->nlmsg_len);
	uint32_t len = nlh->nlmsg_len;

	assert_non_null(before);
	memcpy(before, nlh, len);
	for (int i = 0; !outcome->replies && i < MANY; i++)
		ask(outcome->sock, "nlctrl", &outcome->next[i]);

	outcome->replies++;
	assert_int_equal(nlsock_flush(outcome->sock), 0);
	assert_int_equal(nlsock_dispatch(outcome->sock), 0);
	assert_memory_equal(before, nlh, len);
	free(before);
}

static void test_flush_in_callback(void **state)
{
	_Alignas(4) char buf[256] = "";
	struct nlsock *sock = opened(NETLINK_GENERIC);
	struct outcome others[MANY] = { 0 };
	struct outcome outcome = { .sock = sock, .next = others };
	struct outcome waiting = { 0 };

	(void) state;
	assert_int_equal(nlsock_request(sock, get_family(buf, "nlctrl"),
					on_reply_flushes, on_done, &outcome),
			 0);
	ask(sock, "no-such-family", &waiting);
	assert_int_equal(nlsock_flush(sock), 0);
	assert_int_equal(nlsock_dispatch(sock), 0);
	assert_int_equal(outcome.done, 1);
	assert_int_equal(waiting.done, 1);
	assert_true(nlsock_wants_write(sock));
	assert_int_equal(nlsock_settle(sock, TIMEOUT_MS), 0);
	for (int i = 0; i < MANY; i++)
		assert_int_equal(others[i].done, 1);

	nlsock_close(sock);
}

static void on_overrun(void *data)
{
	struct outcome *outcome = data;

	/* All answers that were not lost have come before. */
	assert_int_equal(nlsock_pending(outcome->sock) +
			 (size_t) *outcome->ended, MANY);
	outcome->error++;
}

/*
 * The receive buffer holds only a few of the answers to a batch. Whatever was
 * lost ends with -ENOBUFS; what had not been sent is sent and answered.
 */
static void test_overrun(void **state)
{
	struct nlsock *sock = opened(NETLINK_GENERIC);
	struct outcome outcomes[MANY] = { 0 };
	int ended = 0, lost = 0;
	struct outcome overruns = { .sock = sock, .ended = &ended };
	struct nlsock_stats stats;

	(void) state;
	assert_true(nlsock_set_buffer(sock, 1) > 0);
	nlsock_set_notify(sock, NULL, on_overrun, &overruns);
	for (int i = 0; i < MANY; i++) {
		outcomes[i].ended = &ended;
		ask(sock, "no-such-family", &outcomes[i]);
	}

	assert_int_equal(nlsock_settle(sock, TIMEOUT_MS), 0);
	for (int i = 0; i < MANY; i++) {
		assert_int_equal(outcomes[i].done, 1);
		assert_int_equal(outcomes[i].order, i);
		lost += outcomes[i].error == -ENOBUFS;
		if (outcomes[i].error != -ENOBUFS)
			assert_int_equal(outcomes[i].error, -ENOENT);
	}

	/* The first of a batch always finds room. */
	assert_int_equal(outcomes[0].error, -ENOENT);
	assert_int_equal(outcomes[64].error, -ENOENT);
	assert_int_equal(outcomes[128].error, -ENOENT);
	assert_true(lost > 0);

	nlsock_get_stats(sock, &stats);
	assert_int_equal(stats.overruns, (MANY + 63) / 64);
	assert_int_equal(overruns.error, stats.overruns);
	nlsock_close(sock);
}

static void count_news(const struct nlmsghdr *nlh, void *data)
{
	(void) nlh;
	++*(int *) data;
}

/* The port that the kernel gave the socket. */
static uint32_t port_of(const struct nlsock *sock)
{
	struct sockaddr_nl name;
	socklen_t len = sizeof(name);

	assert_int_equal(getsockname(nlsock_fd(sock), (void *) &name, &len),
			 0);
	return name.nl_pid;
}

/* Another process sends an ack, and news, in the kernel's name. */
static void test_forged(void **state)
{
	struct nlsock *sock = opened(NETLINK_USERSOCK);
	int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_USERSOCK);
	struct {
		struct nlmsghdr ack;
		struct nlmsgerr err;
		struct nlmsghdr news;
	} forged = {
		.ack = { sizeof(forged.ack) + sizeof(forged.err), NLMSG_ERROR,
			 0, 1, port_of(sock) },
		.news = { sizeof(forged.news), 28, 0, 0, 0 },
	};
	struct sockaddr_nl to = { AF_NETLINK, 0, port_of(sock), 0 };
	struct outcome outcome = { 0 };
	struct pollfd waiting = { nlsock_fd(sock), POLLIN, 0 };
	int news = 0;

	(void) state;
	nlsock_set_notify(sock, count_news, NULL, &news);
	ask(sock, "nlctrl", &outcome);		/* number 1, never sent */
	assert_true(fd >= 0);
	assert_int_equal(sendto(fd, &forged, sizeof(forged), 0, (void *) &to,
				sizeof(to)), sizeof(forged));
	assert_int_equal(poll(&waiting, 1, TIMEOUT_MS), 1);
	assert_int_equal(nlsock_dispatch(sock), 0);
	assert_int_equal(poll(&waiting, 1, 0), 0);
	assert_int_equal(outcome.done, 0);
	assert_int_equal(news, 0);
	close(fd);
	nlsock_close(sock);
	assert_int_equal(outcome.error, -ECANCELED);
}

static void test_open_fails(void **state)
{
	struct nlsock *sock = NULL;

	(void) state;
	assert_int_equal(nlsock_open(MAX_LINKS, &sock), -EPROTONOSUPPORT);
	assert_null(sock);
}

static void test_buffer(void **state)
{
	struct nlsock *sock = opened(NETLINK_ROUTE);

	(void) state;
	assert_true(nlsock_set_buffer(sock, 65536) >= 65536);
	assert_int_equal(nlsock_join(sock, RTNLGRP_LINK), 0);
	assert_int_equal(nlsock_join(sock, 100000), -EINVAL);
	nlsock_close(sock);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answer),
		cmocka_unit_test(test_stuck),
		cmocka_unit_test(test_error),
		cmocka_unit_test(test_reason),
		cmocka_unit_test(test_dump),
		cmocka_unit_test(test_many_in_order),
		cmocka_unit_test(test_no_memory),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_close),
		cmocka_unit_test(test_timeout),
		cmocka_unit_test(test_request_in_callback),
		cmocka_unit_test(test_flush_in_callback),
		cmocka_unit_test(test_overrun),
		cmocka_unit_test(test_forged),
		cmocka_unit_test(test_open_fails),
		cmocka_unit_test(test_buffer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
