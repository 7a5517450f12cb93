/* SPDX-License-Identifier: BSD-3-Clause */
/* A netlink socket that does not block and loses nothing silently. */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <linux/netlink.h>

#include "netlink/framing.h"
#include "netlink/nlsock.h"

#define RECEIVE_MAX (64 * 1024)
#define LIMIT_DEFAULT 1024

/*
 * The kernel carries requests out within sendmsg() and queues each answer on
 * our receive buffer at once: few enough are sent in one go that their
 * answers fit, then the answers are read.
 */
#define BATCH_REQUESTS 64
#define BATCH_BYTES (32 * 1024)

/* Errors are -1 to -MAX_ERRNO in the kernel (include/linux/err.h). */
#define ERRNO_MAX 4095

#define REASON_MAX 128

/* A dispatch reads at most so much, so that others get their turn. */
#define READS_DEFAULT 1024

struct request {
	uint32_t seq;
	bool dump;
	bool interrupted;
	nlsock_reply_cb reply;
	nlsock_done_cb done;
	void *data;
};

struct nlsock {
	int fd;
	uint32_t port;		/* our address, as the kernel answers to it */
	uint32_t seq;

	/* Requests in the order of their numbers; a ring. */
	struct request *requests;
	size_t cap, first, pending;
	size_t unsent;		/* the last of the pending */
	size_t limit;
	uint32_t oldest;	/* pending when nlsock_is_stuck() looked */

	/* Messages not yet sent. */
	char *out;
	size_t out_len, out_cap;

	bool dispatching;	/* in[] is in use */
	bool lost;		/* an overrun, not yet read to its end */
	int reads;		/* a dispatch reads at most so often */

	nlsock_notify_cb notify;
	nlsock_overrun_cb overrun;
	void *data;
	struct nlsock_stats stats;
	_Alignas(NLMSG_ALIGNTO) char in[RECEIVE_MAX];
};

static int set_option(int fd, int option)
{
	int on = 1;

	return setsockopt(fd, SOL_NETLINK, option, &on, sizeof(on)) < 0 ?
		-errno : 0;
}

/* Binds to a port that the kernel chooses. */
static int bind_port(struct nlsock *sock)
{
	struct sockaddr_nl addr = { .nl_family = AF_NETLINK };
	socklen_t len = sizeof(addr);

	if (bind(sock->fd, (struct sockaddr *) &addr, len) < 0 ||
	    getsockname(sock->fd, (struct sockaddr *) &addr, &len) < 0)
		return -errno;

	sock->port = addr.nl_pid;
	return 0;
}

int nlsock_open(int protocol, struct nlsock **ret_sock)
{
	struct nlsock *sock = calloc(1, sizeof(*sock));
	int err;

	if (!sock)
		return -ENOMEM;

	sock->limit = LIMIT_DEFAULT;
	sock->reads = READS_DEFAULT;
	sock->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
			  protocol);
	err = sock->fd < 0 ? -errno : bind_port(sock);
	if (err < 0) {
		nlsock_close(sock);
		return err;
	}

	/* Without them errors come without words, or with the request. */
	set_option(sock->fd, NETLINK_EXT_ACK);
	set_option(sock->fd, NETLINK_CAP_ACK);
	*ret_sock = sock;
	return 0;
}

static struct request *nth(struct nlsock *sock, size_t i)
{
	return &sock->requests[(sock->first + i) % sock->cap];
}

static void finish(struct nlsock *sock, size_t i, int error,
		   const char *reason)
{
	struct request request = *nth(sock, i);

	/* Almost always the first; else close the gap. */
	for (; i > 0; i--)
		*nth(sock, i) = *nth(sock, i - 1);

	sock->first = (sock->first + 1) % sock->cap;
	sock->pending--;
	if (error)
		sock->stats.errors++;

	request.done(error, reason, request.data);
}

/* The n oldest; callbacks may add others behind them. */
static void finish_first(struct nlsock *sock, size_t n, int error)
{
	while (n--)
		finish(sock, 0, error, "");
}

void nlsock_close(struct nlsock *sock)
{
	if (!sock)
		return;

	sock->limit = 0;
	finish_first(sock, sock->pending, -ECANCELED);
	if (sock->fd >= 0)
		close(sock->fd);

	free(sock->requests);
	free(sock->out);
	free(sock);
}

int nlsock_fd(const struct nlsock *sock)
{
	return sock->fd;
}

int nlsock_set_buffer(struct nlsock *sock, int bytes)
{
	int granted;
	socklen_t len = sizeof(granted);

	if (setsockopt(sock->fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes,
		       sizeof(bytes)) < 0 &&
	    setsockopt(sock->fd, SOL_SOCKET, SO_RCVBUF, &bytes,
		       sizeof(bytes)) < 0)
		return -errno;

	if (getsockopt(sock->fd, SOL_SOCKET, SO_RCVBUF, &granted, &len) < 0)
		return -errno;

	return granted;
}

int nlsock_join(struct nlsock *sock, uint32_t group)
{
	return setsockopt(sock->fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP,
			  &group, sizeof(group)) < 0 ? -errno : 0;
}

void nlsock_set_notify(struct nlsock *sock, nlsock_notify_cb notify,
		       nlsock_overrun_cb overrun, void *data)
{
	sock->notify = notify;
	sock->overrun = overrun;
	sock->data = data;
}

void nlsock_set_limit(struct nlsock *sock, size_t requests)
{
	sock->limit = requests;
}

void nlsock_set_reads(struct nlsock *sock, int reads)
{
	sock->reads = reads;
}

size_t nlsock_pending(const struct nlsock *sock)
{
	return sock->pending;
}

bool nlsock_is_stuck(struct nlsock *sock)
{
	uint32_t oldest = sock->pending ? nth(sock, 0)->seq : 0;
	bool stuck = oldest && oldest == sock->oldest;

	sock->oldest = oldest;
	return stuck;
}

void nlsock_get_stats(const struct nlsock *sock, struct nlsock_stats *ret)
{
	*ret = sock->stats;
}

static int reserve_request(struct nlsock *sock)
{
	size_t cap = sock->cap ? sock->cap * 2 : 16;
	struct request *grown;

	if (sock->pending < sock->cap)
		return 0;

	grown = malloc(cap * sizeof(*grown));
	if (!grown)
		return -ENOMEM;

	for (size_t i = 0; i < sock->pending; i++)
		grown[i] = *nth(sock, i);

	free(sock->requests);
	sock->requests = grown;
	sock->cap = cap;
	sock->first = 0;
	return 0;
}

static int reserve_out(struct nlsock *sock, size_t len)
{
	size_t cap = sock->out_cap ? sock->out_cap : 4096;
	char *grown;

	while (cap < sock->out_len + len)
		cap *= 2;

	if (cap == sock->out_cap)
		return 0;

	grown = realloc(sock->out, cap);
	if (!grown)
		return -ENOMEM;

	sock->out = grown;
	sock->out_cap = cap;
	return 0;
}

int nlsock_request(struct nlsock *sock, const struct nlmsghdr *nlh,
		   nlsock_reply_cb reply, nlsock_done_cb done, void *data)
{
	size_t len = NLMSG_ALIGN(nlh->nlmsg_len);
	bool dump = (nlh->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP;
	struct nlmsghdr *copy;

	if (sock->pending >= sock->limit)
		return -EAGAIN;

	if (reserve_request(sock) < 0 || reserve_out(sock, len) < 0)
		return -ENOMEM;

	copy = (struct nlmsghdr *) (void *) (sock->out + sock->out_len);
	memset(copy, 0, len);
	memcpy(copy, nlh, nlh->nlmsg_len);
	copy->nlmsg_seq = ++sock->seq;
	copy->nlmsg_pid = 0;
	copy->nlmsg_flags |= NLM_F_REQUEST;
	if (!dump)
		copy->nlmsg_flags |= NLM_F_ACK;

	sock->out_len += len;
	sock->unsent++;
	*nth(sock, sock->pending++) = (struct request) {
		.seq = sock->seq,
		.dump = dump,
		.reply = reply,
		.done = done,
		.data = data,
	};
	return 0;
}

bool nlsock_wants_write(const struct nlsock *sock)
{
	return sock->out_len > 0;
}

/* How many messages go next, and their bytes. */
static size_t next_batch(const struct nlsock *sock, size_t *ret_len)
{
	size_t len = 0;
	size_t n;

	for (n = 0; n < BATCH_REQUESTS && len < sock->out_len; n++) {
		const struct nlmsghdr *nlh =
			(const void *) (sock->out + len);
		size_t next = NLMSG_ALIGN(nlh->nlmsg_len);

		if (len && len + next > BATCH_BYTES)
			break;

		len += next;
	}

	*ret_len = len;
	return n;
}

/* 1: sent; 0: the socket can take no more now. */
static int send_batch(struct nlsock *sock)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	size_t len;
	size_t n = next_batch(sock, &len);

	if (sendto(sock->fd, sock->out, len, 0, (struct sockaddr *) &kernel,
		   sizeof(kernel)) < 0)
		return errno == EAGAIN || errno == EINTR || errno == ENOBUFS ?
			0 : -errno;

	sock->unsent -= n;
	sock->out_len -= len;
	memmove(sock->out, sock->out + len, sock->out_len);
	return 1;
}

int nlsock_flush(struct nlsock *sock)
{
	/* In a callback the answers could not be read between batches. */
	while (sock->out_len && !sock->dispatching) {
		int sent = send_batch(sock);

		if (sent <= 0)
			return sent;

		if (sock->out_len) {
			int err = nlsock_dispatch(sock);

			if (err < 0)
				return err;
		}
	}

	return 0;
}

/* The kernel's words, from the attributes behind that much payload. */
static void find_words(const struct nlmsghdr *nlh, size_t offset,
		       char *reason, size_t len)
{
	const struct nlattr *attr;

	reason[0] = '\0';
	if (!(nlh->nlmsg_flags & NLM_F_ACK_TLVS) ||
	    offset > mnl_nlmsg_get_payload_len(nlh))
		return;

	mnl_attr_for_each(attr, nlh, offset) {
		size_t words = mnl_attr_get_payload_len(attr);

		if (mnl_attr_get_type(attr) != NLMSGERR_ATTR_MSG)
			continue;

		if (words >= len)
			words = len - 1;

		memcpy(reason, mnl_attr_get_payload(attr), words);
		reason[words] = '\0';
	}
}

static void error_words(const struct nlmsghdr *nlh, char *reason, size_t len)
{
	const struct nlmsgerr *err = mnl_nlmsg_get_payload(nlh);
	size_t offset = sizeof(*err);

	if (!(nlh->nlmsg_flags & NLM_F_CAPPED))
		offset += NLMSG_ALIGN(err->msg.nlmsg_len) -
			sizeof(struct nlmsghdr);

	find_words(nlh, offset, reason, len);
}

/* What has not been sent has no answer. */
static bool find_request(struct nlsock *sock, uint32_t seq, size_t *ret_i)
{
	for (size_t i = 0; i < sock->pending - sock->unsent; i++)
		if (nth(sock, i)->seq == seq) {
			*ret_i = i;
			return true;
		}

	return false;
}

/* What a caller may take for an errno, and negate. */
static int sound_error(struct nlsock *sock, int error)
{
	if (error <= 0 && error >= -ERRNO_MAX)
		return error;

	sock->stats.malformed++;
	return -EBADMSG;
}

static void handle_error(struct nlsock *sock, size_t i,
			 const struct nlmsghdr *nlh)
{
	const struct nlmsgerr *err = mnl_nlmsg_get_payload(nlh);
	char reason[REASON_MAX];

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*err)) {
		sock->stats.malformed++;
		finish(sock, i, -EBADMSG, "");
		return;
	}

	error_words(nlh, reason, sizeof(reason));
	finish(sock, i, sound_error(sock, err->error), reason);
}

static void handle_done(struct nlsock *sock, size_t i,
			const struct nlmsghdr *nlh)
{
	char reason[REASON_MAX];
	int error = 0;

	find_words(nlh, sizeof(error), reason, sizeof(reason));
	if (mnl_nlmsg_get_payload_len(nlh) >= sizeof(error))
		memcpy(&error, mnl_nlmsg_get_payload(nlh), sizeof(error));

	error = sound_error(sock, error);
	if (!error && sock->lost)
		error = -ENOBUFS;	/* it may be what was lost */
	else if (!error && nth(sock, i)->interrupted)
		error = -EINTR;

	finish(sock, i, error, reason);
}

/*
 * A message with our own port and a number we wait for is an answer. Others
 * are news, and carry the port and number of whoever caused them.
 */
static void handle_message(struct nlsock *sock, const struct nlmsghdr *nlh)
{
	struct request *request;
	size_t i;

	sock->stats.messages++;
	if (nlh->nlmsg_pid != sock->port ||
	    !find_request(sock, nlh->nlmsg_seq, &i)) {
		if (nlh->nlmsg_type >= NLMSG_MIN_TYPE && sock->notify)
			sock->notify(nlh, sock->data);
		return;
	}

	request = nth(sock, i);
	if (nlh->nlmsg_flags & NLM_F_DUMP_INTR)
		request->interrupted = true;

	if (nlh->nlmsg_type == NLMSG_ERROR)
		handle_error(sock, i, nlh);
	else if (nlh->nlmsg_type == NLMSG_DONE)
		handle_done(sock, i, nlh);
	else if (nlh->nlmsg_type >= NLMSG_MIN_TYPE && request->reply)
		request->reply(nlh, request->data);
}

static void handle_messages(struct nlsock *sock, size_t len)
{
	size_t at = 0;

	while (at < len) {
		const struct nlmsghdr *nlh = (const void *) (sock->in + at);

		if (!message_whole(nlh, len - at)) {
			sock->stats.malformed++;
			sock->lost = true;
			return;
		}

		handle_message(sock, nlh);
		at += NLMSG_ALIGN(nlh->nlmsg_len);
	}
}

/*
 * The receive buffer was full, or a message in it could not be read, and what
 * was left in it has been read. From an overrun until then the kernel dropped
 * everything for us and says so but once, so only now does asking again help.
 * It had answered every request by the time it was sent: those without an
 * answer have lost it, and would wait for ever. Whether they were carried out
 * is not known.
 */
static void handle_loss(struct nlsock *sock)
{
	sock->lost = false;
	finish_first(sock, sock->pending - sock->unsent, -ENOBUFS);
	if (sock->overrun)
		sock->overrun(sock->data);
}

static int receive_failed(struct nlsock *sock, int error)
{
	if (error == ENOBUFS) {
		sock->stats.overruns++;
		sock->lost = true;
		return 1;
	}

	if (error == EINTR)
		return 1;

	if (error != EAGAIN)
		return -error;

	if (sock->lost)
		handle_loss(sock);

	return 0;
}

/* 1: something was read; 0: nothing there. */
static int receive(struct nlsock *sock)
{
	struct sockaddr_nl from = { 0 };
	struct iovec iov = { sock->in, sizeof(sock->in) };
	struct msghdr msg = {
		.msg_name = &from,
		.msg_namelen = sizeof(from),
		.msg_iov = &iov,
		.msg_iovlen = 1,
	};
	ssize_t len = recvmsg(sock->fd, &msg, 0);

	if (len < 0)
		return receive_failed(sock, errno);

	if (from.nl_pid)	/* only the kernel has anything to tell us */
		return 1;

	if (msg.msg_flags & MSG_TRUNC) {
		sock->stats.malformed++;
		sock->lost = true;
	} else {
		handle_messages(sock, (size_t) len);
	}

	return 1;
}

int nlsock_dispatch(struct nlsock *sock)
{
	int got = 1;

	if (sock->dispatching)
		return 0;

	sock->dispatching = true;
	for (int n = 0; got > 0 && n < sock->reads; n++)
		got = receive(sock);

	sock->dispatching = false;
	return got < 0 ? got : 0;
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int nlsock_settle(struct nlsock *sock, int timeout_ms)
{
	int64_t end = now_ms() + timeout_ms;
	int err = sock->dispatching ? -EBUSY : nlsock_flush(sock);

	while (!err && sock->pending) {
		struct pollfd poll_fd = { sock->fd, POLLIN, 0 };
		int64_t left = end - now_ms();

		if (sock->out_len)
			poll_fd.events |= POLLOUT;

		if (left <= 0)
			return -ETIMEDOUT;

		if (poll(&poll_fd, 1, (int) left) < 0 && errno != EINTR)
			return -errno;

		err = nlsock_flush(sock);
		if (!err)
			err = nlsock_dispatch(sock);
	}

	return err;
}
