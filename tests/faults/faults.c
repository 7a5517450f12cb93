/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Stands between anchord and the kernel's netlink, by LD_PRELOAD, and makes
 * the faults that tests/faults/rules.h lists.
 *
 * A message that is held back comes out of recvmsg() when its time has come.
 * Until then nothing may be readable: so the main loop's epoll_wait() wakes
 * up in time, and then has the socket a message of no meaning sent from here,
 * which is swallowed again.
 */
#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <linux/genetlink.h>
#include <linux/netlink.h>

#include "faults/rules.h"
#include "netlink/mptcp_uapi.h"

#define EXPORT __attribute__((visibility("default")))

#define SWAP_MS 20	/* the longest that it waits for another */
#define BATCH_MAX 256
#define WORDS "by the test"

/* Delivered after all that was held before it, if due at the same time. */
struct held {
	struct held *next;
	int fd;
	int64_t due;		/* ms */
	bool swapped;
	bool woken;
	bool overrun;		/* ENOBUFS, and nothing in it */
	struct sockaddr_nl from;
	size_t len;
	char data[];
};

/* An answer that is to be lost. */
struct lost {
	struct lost *next;
	int fd;
	uint32_t seq;
};

static struct {
	bool ready;
	ssize_t (*recvmsg)(int, struct msghdr *, int);
	ssize_t (*sendto)(int, const void *, size_t, int,
			  const struct sockaddr *, socklen_t);
	int (*epoll_wait)(int, struct epoll_event *, int, int);
	int (*poll)(struct pollfd *, nfds_t, int);
	int (*close)(int);
	int wakers[NETLINK_GENERIC + 1];	/* by protocol */
	struct held *held;
	struct lost *lost;
} state;

static void *find(const char *name)
{
	void *function = dlsym(RTLD_NEXT, name);

	if (!function)
		abort();

	return function;
}

/* Made first, so that a process that runs out of descriptors has them. */
static void open_waker(int protocol)
{
	state.wakers[protocol] = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC,
					protocol);
	if (state.wakers[protocol] < 0)
		abort();
}

/* By the first call: constructors of other libraries come before ours. */
static void init(void)
{
	if (state.ready)
		return;

	state.ready = true;
	*(void **) &state.recvmsg = find("recvmsg");
	*(void **) &state.sendto = find("sendto");
	*(void **) &state.epoll_wait = find("epoll_wait");
	*(void **) &state.poll = find("poll");
	*(void **) &state.close = find("close");
	open_waker(NETLINK_ROUTE);
	open_waker(NETLINK_SOCK_DIAG);
	open_waker(NETLINK_GENERIC);
	rules_init();
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* -1 for what is none of ours. */
static int protocol_of(int fd)
{
	int domain, protocol;
	socklen_t len = sizeof(int);

	if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) < 0 ||
	    domain != AF_NETLINK ||
	    getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &len) < 0 ||
	    (protocol != NETLINK_ROUTE && protocol != NETLINK_GENERIC &&
	     protocol != NETLINK_SOCK_DIAG))
		return -1;

	return protocol;
}

static uint32_t port_of(int fd)
{
	struct sockaddr_nl addr = { 0 };
	socklen_t len = sizeof(addr);

	if (getsockname(fd, (struct sockaddr *) &addr, &len) < 0)
		abort();

	return addr.nl_pid;
}

static struct held *hold(int fd, unsigned int ms, const void *data, size_t len)
{
	struct held *held = calloc(1, sizeof(*held) + len);
	struct held **end = &state.held;

	if (!held)
		abort();

	held->fd = fd;
	held->due = now_ms() + ms;
	held->len = len;
	held->from.nl_family = AF_NETLINK;
	if (len)
		memcpy(held->data, data, len);

	while (*end)
		end = &(*end)->next;

	*end = held;
	return held;
}

static void hold_overrun(int fd)
{
	hold(fd, 0, NULL, 0)->overrun = true;
}

/* Something has come: what was to come after it may now. */
static void release_swapped(int fd)
{
	for (struct held *held = state.held; held; held = held->next)
		if (held->fd == fd && held->swapped)
			held->due = now_ms();
}

static ssize_t give(struct held *held, struct msghdr *msg)
{
	size_t room = msg->msg_iov[0].iov_len;
	size_t len = held->len;

	if (held->overrun) {
		errno = ENOBUFS;
		return -1;
	}

	msg->msg_flags = len > room ? MSG_TRUNC : 0;
	if (len > room)
		len = room;

	memcpy(msg->msg_iov[0].iov_base, held->data, len);
	if (msg->msg_name)
		memcpy(msg->msg_name, &held->from, sizeof(held->from));

	return (ssize_t) len;
}

static void free_held(struct held **at)
{
	struct held *held = *at;

	*at = held->next;
	free(held);
}

static void free_lost(struct lost **at)
{
	struct lost *lost = *at;

	*at = lost->next;
	free(lost);
}

static bool take_held(int fd, struct msghdr *msg, ssize_t *ret_len)
{
	struct held **at = &state.held;
	struct held *held;
	int error;

	while ((held = *at) && (held->fd != fd || held->due > now_ms()))
		at = &held->next;

	if (!held)
		return false;

	*ret_len = give(held, msg);
	error = errno;
	free_held(at);
	errno = error;
	return true;
}

static bool take_lost(int fd, const struct nlmsghdr *nlh)
{
	struct lost **at = &state.lost;
	struct lost *lost;

	while ((lost = *at) && (lost->fd != fd || lost->seq != nlh->nlmsg_seq))
		at = &lost->next;

	if (!lost)
		return false;

	free_lost(at);
	return true;
}

/* News of a group come each in a message of its own. */
static enum target told_by(int protocol, const struct sockaddr_nl *from,
			   const struct nlmsghdr *nlh)
{
	const struct genlmsghdr *genl = NLMSG_DATA(nlh);

	if (protocol == NETLINK_SOCK_DIAG && nlh->nlmsg_flags & NLM_F_MULTI)
		return TARGET_LISTED;

	if (!from->nl_groups)
		return TARGET_NONE;

	if (protocol == NETLINK_ROUTE)
		return TARGET_LINKS;

	return genl->cmd == PM_EVENT_ANNOUNCED ? TARGET_ANNOUNCED :
		TARGET_EVENTS;
}

/* False if it does not arrive now. */
static bool meet_fate(int fd, const struct fate *fate, void *data, size_t len)
{
	struct nlmsghdr *nlh = data;

	switch (fate->fault) {
	case FAULT_NONE:
	case FAULT_ERROR:
		return true;
	case FAULT_TWICE:
		hold(fd, 0, data, len);
		return true;
	case FAULT_DROP:
		return false;
	case FAULT_LATE:
		hold(fd, fate->ms, data, len);
		return false;
	case FAULT_SWAP:
		hold(fd, SWAP_MS, data, len)->swapped = true;
		return false;
	case FAULT_OVERRUN:
		hold_overrun(fd);
		return false;
	case FAULT_INTERRUPT:
		nlh->nlmsg_flags |= NLM_F_DUMP_INTR;
		return true;
	case FAULT_CUT:
		nlh->nlmsg_len = (uint32_t) len + 1;
		return true;
	}

	return true;
}

/* One message of the kernel's; false if it is not for the program now. */
static bool pass(int fd, int protocol, const struct msghdr *msg, size_t len)
{
	const struct sockaddr_nl *from = msg->msg_name;
	void *data = msg->msg_iov[0].iov_base;
	const struct nlmsghdr *nlh = data;
	struct fate fate;

	if (from->nl_pid)
		return false;

	if (len < NLMSG_HDRLEN + GENL_HDRLEN)
		return true;

	if (!from->nl_groups && take_lost(fd, nlh)) {
		hold_overrun(fd);
		return false;
	}

	fate = rules_fate(told_by(protocol, from, nlh));
	if (!meet_fate(fd, &fate, data, len))
		return false;

	if (from->nl_groups)
		release_swapped(fd);

	return true;
}

EXPORT ssize_t recvmsg(int fd, struct msghdr *msg, int flags)
{
	int protocol = protocol_of(fd);
	ssize_t len;

	init();
	if (protocol < 0 || !msg->msg_name || msg->msg_iovlen != 1)
		return state.recvmsg(fd, msg, flags);

	do {
		if (take_held(fd, msg, &len))
			return len;

		len = state.recvmsg(fd, msg, flags);
	} while (len >= 0 && !pass(fd, protocol, msg, (size_t) len));

	return len;
}

static enum target target_of(int protocol, const struct nlmsghdr *nlh)
{
	const struct genlmsghdr *genl = NLMSG_DATA(nlh);

	if (protocol == NETLINK_SOCK_DIAG)
		return (nlh->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP ?
			TARGET_LIST : TARGET_NONE;

	if (protocol != NETLINK_GENERIC || nlh->nlmsg_type == GENL_ID_CTRL)
		return TARGET_NONE;

	switch (genl->cmd) {
	case PM_CMD_ANNOUNCE:
		return TARGET_ANNOUNCE;
	case PM_CMD_REMOVE:
		return TARGET_REMOVE;
	case PM_CMD_SUBFLOW_CREATE:
		return TARGET_CREATE;
	case PM_CMD_SUBFLOW_DESTROY:
		return TARGET_DESTROY;
	case PM_CMD_SET_FLAGS:
		return TARGET_FLAGS;
	case PM_CMD_GET_ADDR:
		return TARGET_GET;
	}

	return TARGET_NONE;
}

/* As netlink_ack() does where NETLINK_EXT_ACK and NETLINK_CAP_ACK are set. */
static void answer(int fd, const struct nlmsghdr *request, int error)
{
	struct {
		struct nlmsghdr nlh;
		struct nlmsgerr err;
		struct nlattr attr;
		char words[NLA_ALIGN(sizeof(WORDS))];
	} message = {
		.nlh = {
			.nlmsg_len = sizeof(message),
			.nlmsg_type = NLMSG_ERROR,
			.nlmsg_flags = NLM_F_CAPPED | NLM_F_ACK_TLVS,
			.nlmsg_seq = request->nlmsg_seq,
			.nlmsg_pid = port_of(fd),
		},
		.err = { .error = -error, .msg = *request },
		.attr = {
			.nla_len = NLA_HDRLEN + sizeof(WORDS),
			.nla_type = NLMSGERR_ATTR_MSG,
		},
		.words = WORDS,
	};

	hold(fd, 0, &message, sizeof(message));
}

static void lose_answer(int fd, uint32_t seq)
{
	struct lost *lost = calloc(1, sizeof(*lost));

	if (!lost)
		abort();

	*lost = (struct lost) { state.lost, fd, seq };
	state.lost = lost;
}

/* One request; false if it does not reach the kernel. */
static bool pass_request(int fd, int protocol, const struct nlmsghdr *nlh)
{
	struct fate fate = rules_fate(target_of(protocol, nlh));

	if (fate.fault == FAULT_ERROR) {
		answer(fd, nlh, fate.error);
		return false;
	}

	if (fate.fault == FAULT_OVERRUN)
		lose_answer(fd, nlh->nlmsg_seq);

	return true;
}

EXPORT ssize_t sendto(int fd, const void *buf, size_t len, int flags,
		      const struct sockaddr *to, socklen_t to_len)
{
	int protocol = protocol_of(fd);
	char *rest;
	size_t n = 0;
	ssize_t sent;

	init();
	if (protocol < 0)
		return state.sendto(fd, buf, len, flags, to, to_len);

	rest = malloc(len);
	if (!rest)
		abort();

	for (size_t at = 0; at < len;) {
		const struct nlmsghdr *nlh =
			(const void *) ((const char *) buf + at);
		size_t size = NLMSG_ALIGN(nlh->nlmsg_len);

		if (pass_request(fd, protocol, nlh)) {
			memcpy(rest + n, nlh, size);
			n += size;
		}

		at += size;
	}

	sent = n ? state.sendto(fd, rest, n, flags, to, to_len) : 0;
	free(rest);
	return sent < 0 ? sent : (ssize_t) len;
}

static void wake(int fd)
{
	const struct nlmsghdr noop = {
		.nlmsg_len = sizeof(noop),
		.nlmsg_type = NLMSG_NOOP,
	};
	const struct sockaddr_nl to = {
		.nl_family = AF_NETLINK,
		.nl_pid = port_of(fd),
	};
	int waker = state.wakers[protocol_of(fd)];

	/* If there is no room, it is readable. */
	if (state.sendto(waker, &noop, sizeof(noop), MSG_DONTWAIT,
			 (const struct sockaddr *) &to, sizeof(to)) < 0 &&
	    errno != EAGAIN)
		abort();
}

static void wake_due(void)
{
	for (struct held *held = state.held; held; held = held->next)
		if (!held->woken && held->due <= now_ms()) {
			wake(held->fd);
			held->woken = true;
		}
}

/* Until the next is due, but not after end; -1 for ever. */
static int wait_ms(int64_t end)
{
	int64_t until = end;
	int64_t left;

	for (struct held *held = state.held; held; held = held->next)
		if (!held->woken && held->due < until)
			until = held->due;

	if (until == INT64_MAX)
		return -1;

	left = until - now_ms();
	return left > 0 ? (int) left : 0;
}

EXPORT int epoll_wait(int epfd, struct epoll_event *events, int max,
		      int timeout)
{
	int64_t end = timeout < 0 ? INT64_MAX : now_ms() + timeout;
	int n;

	init();
	do {
		wake_due();
		n = state.epoll_wait(epfd, events, max, wait_ms(end));
	} while (!n && (timeout < 0 || now_ms() < end));

	return n;
}

EXPORT int poll(struct pollfd *fds, nfds_t n, int timeout)
{
	init();
	wake_due();
	return state.poll(fds, n, timeout);
}

/* Its number will be another's. */
EXPORT int close(int fd)
{
	struct held **held = &state.held;
	struct lost **lost = &state.lost;

	init();
	while (*held)
		if ((*held)->fd == fd)
			free_held(held);
		else
			held = &(*held)->next;

	while (*lost)
		if ((*lost)->fd == fd)
			free_lost(lost);
		else
			lost = &(*lost)->next;

	return state.close(fd);
}
