/* SPDX-License-Identifier: BSD-3-Clause */
/* A netlink socket whose other end is the input of a fuzz target. */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include "fuzz/fake-netlink.h"
#include "netlink/framing.h"

#define PORT 77
#define GRANTED 4096
#define ASKED_MAX 4096

struct asked {
	uint32_t seq;
	bool dump;
};

/* Wrapped calls are given no data of ours: it has to be kept here. */
static struct {
	struct fuzz_input *input;
	int send_error;
	unsigned int dumps;
	struct asked asked[ASKED_MAX];	/* sent, and not yet ended */
	size_t n_asked;
} kernel;

void fake_netlink_begin(struct fuzz_input *input)
{
	kernel.input = input;
	kernel.send_error = 0;
	kernel.dumps = 0;
	kernel.n_asked = 0;
}

void fake_netlink_fail_send(int error)
{
	kernel.send_error = error;
}

unsigned int fake_netlink_dumps(void)
{
	return kernel.dumps;
}

int __wrap_socket(int domain, int type, int protocol);
int __wrap_socket(int domain, int type, int protocol)
{
	require(domain == AF_NETLINK);
	return eventfd(0, EFD_CLOEXEC);
}

int __wrap_bind(int fd, const struct sockaddr *addr, socklen_t len);
int __wrap_bind(int fd, const struct sockaddr *addr, socklen_t len)
{
	return 0;
}

int __wrap_getsockname(int fd, struct sockaddr *addr, socklen_t *len);
int __wrap_getsockname(int fd, struct sockaddr *addr, socklen_t *len)
{
	struct sockaddr_nl name = { .nl_family = AF_NETLINK, .nl_pid = PORT };

	require(*len == sizeof(name));
	memcpy(addr, &name, sizeof(name));
	return 0;
}

int __wrap_setsockopt(int fd, int level, int option, const void *value,
		      socklen_t len);
int __wrap_setsockopt(int fd, int level, int option, const void *value,
		      socklen_t len)
{
	return 0;
}

int __wrap_getsockopt(int fd, int level, int option, void *value,
		      socklen_t *len);
int __wrap_getsockopt(int fd, int level, int option, void *value,
		      socklen_t *len)
{
	const int granted = GRANTED;

	require(*len == sizeof(granted));
	memcpy(value, &granted, sizeof(granted));
	return 0;
}

int __wrap_poll(struct pollfd *fds, nfds_t n, int timeout);
int __wrap_poll(struct pollfd *fds, nfds_t n, int timeout)
{
	require(n == 1 && timeout >= 0);
	if (!kernel.input->left) {
		errno = EIO;
		return -1;
	}

	fds->revents = POLLIN;
	return 1;
}

static struct asked oldest(void)
{
	return kernel.n_asked ? kernel.asked[0] : (struct asked) { 0 };
}

static void forget_oldest(void)
{
	if (kernel.n_asked)
		memmove(kernel.asked, kernel.asked + 1,
			--kernel.n_asked * sizeof(*kernel.asked));
}

/* What is sent is sound, and numbered without a gap. */
static void note_asked(const struct nlmsghdr *nlh)
{
	struct asked asked = {
		.seq = nlh->nlmsg_seq,
		.dump = (nlh->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP,
	};

	require(nlh->nlmsg_flags & NLM_F_REQUEST);
	require(asked.dump || nlh->nlmsg_flags & NLM_F_ACK);
	if (kernel.n_asked)
		require(asked.seq > kernel.asked[kernel.n_asked - 1].seq);

	if (kernel.n_asked == ASKED_MAX)
		forget_oldest();

	kernel.asked[kernel.n_asked++] = asked;
	kernel.dumps += asked.dump;
}

ssize_t __wrap_sendto(int fd, const void *bytes, size_t len, int flags,
		      const struct sockaddr *to, socklen_t to_len);
ssize_t __wrap_sendto(int fd, const void *bytes, size_t len, int flags,
		      const struct sockaddr *to, socklen_t to_len)
{
	const char *at = bytes;
	size_t left = len;

	if (kernel.send_error) {
		errno = kernel.send_error;
		kernel.send_error = 0;
		return -1;
	}

	require(len);
	while (left) {
		const struct nlmsghdr *nlh = (const void *) at;

		require(message_whole(nlh, left));
		require(NLMSG_ALIGN(nlh->nlmsg_len) <= left);
		note_asked(nlh);
		at += NLMSG_ALIGN(nlh->nlmsg_len);
		left -= NLMSG_ALIGN(nlh->nlmsg_len);
	}

	return (ssize_t) len;
}

static void make_answers(uint8_t *bytes, size_t len)
{
	while (len >= sizeof(struct nlmsghdr)) {
		struct nlmsghdr *nlh = (void *) bytes;
		size_t step = NLMSG_ALIGN((size_t) nlh->nlmsg_len);

		nlh->nlmsg_pid = PORT;
		nlh->nlmsg_seq = oldest().seq;
		if (nlh->nlmsg_type == NLMSG_ERROR ||
		    nlh->nlmsg_type == NLMSG_DONE)
			forget_oldest();

		if (!step || step >= len)
			return;

		bytes += step;
		len -= step;
	}
}

/* Returns the datagram's length, which may be more than there is room. */
static size_t put_bytes(void *room, size_t size)
{
	uint8_t low = fuzz_byte(kernel.input), high = fuzz_byte(kernel.input);
	const uint8_t *bytes;
	size_t len;

	bytes = fuzz_bytes(kernel.input, (size_t) high << 8 | low, &len);
	if (len)
		memcpy(room, bytes, len < size ? len : size);

	return len;
}

static size_t put_end(void *room)
{
	struct asked asked = oldest();
	int error = -fuzz_byte(kernel.input);
	struct {
		struct nlmsghdr nlh;
		struct nlmsgerr err;
	} end = {
		.nlh = {
			.nlmsg_len = sizeof(end),
			.nlmsg_type = asked.dump ? NLMSG_DONE : NLMSG_ERROR,
			.nlmsg_flags = NLM_F_CAPPED,
			.nlmsg_seq = asked.seq,
			.nlmsg_pid = PORT,
		},
		.err.error = error,
	};

	forget_oldest();
	memcpy(room, &end, sizeof(end));
	return sizeof(end);
}

static ssize_t fail(int error)
{
	errno = error;
	return -1;
}

ssize_t __wrap_recvmsg(int fd, struct msghdr *msg, int flags);
ssize_t __wrap_recvmsg(int fd, struct msghdr *msg, int flags)
{
	struct sockaddr_nl from = { .nl_family = AF_NETLINK };
	struct iovec *iov = msg->msg_iov;
	size_t len;

	msg->msg_flags = 0;
	memcpy(msg->msg_name, &from, sizeof(from));
	switch (fuzz_byte(kernel.input)) {
	case 'd':
		return (ssize_t) put_bytes(iov->iov_base, iov->iov_len);
	case 'a':
		len = put_bytes(iov->iov_base, iov->iov_len);
		make_answers(iov->iov_base, len);
		return (ssize_t) len;
	case 'k':
		return (ssize_t) put_end(iov->iov_base);
	case 't':
		msg->msg_flags = MSG_TRUNC;
		return (ssize_t) put_bytes(iov->iov_base, iov->iov_len);
	case 'f':
		from.nl_pid = PORT + 1;
		memcpy(msg->msg_name, &from, sizeof(from));
		return (ssize_t) put_bytes(iov->iov_base, iov->iov_len);
	case 'o':
		kernel.n_asked = 0;	/* whoever waits has lost the end */
		return fail(ENOBUFS);
	case 'i':
		return fail(EINTR);
	case 'b':
		return fail(EBADF);
	}

	return fail(EAGAIN);
}
