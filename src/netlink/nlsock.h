/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A netlink socket that does not block and loses nothing silently.
 *
 * One kind of socket serves commands, dumps and notifications. Messages are
 * queued, several travel in one sendmsg(), and each request's end (ack,
 * error, or end of dump) is matched by sequence number and reported once.
 *
 *	nlsock_open(NETLINK_GENERIC, &sock);
 *	nlsock_request(sock, nlh, on_reply, on_done, data);	queues
 *	nlsock_flush(sock);			sends all that is queued
 *	nlsock_dispatch(sock);			when nlsock_fd() is readable
 *
 * The caller owns the loop: poll nlsock_fd() for reading, and for writing
 * while nlsock_wants_write().
 *
 * Callbacks may queue requests, and may flush, which then leaves them queued
 * (nlsock_wants_write()) until after the dispatch. They may not close the
 * socket or settle it.
 */
#ifndef NETLINK_NLSOCK_H
#define NETLINK_NLSOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct nlmsghdr;
struct nlsock;

/* One message of an answer or a dump. nlh is valid during the call only. */
typedef void (*nlsock_reply_cb)(const struct nlmsghdr *nlh, void *data);

/*
 * The end of a request, called exactly once for each, also when the socket
 * is closed before (-ECANCELED) or the answer was lost (-ENOBUFS: it was
 * sent, and the kernel may have carried it out or not). error is 0 or a
 * negative errno; reason is the kernel's own words (NETLINK_EXT_ACK) or "".
 * -EINTR: a dump was inconsistent (NLM_F_DUMP_INTR), ask again.
 */
typedef void (*nlsock_done_cb)(int error, const char *reason, void *data);

/* A message nobody asked for. */
typedef void (*nlsock_notify_cb)(const struct nlmsghdr *nlh, void *data);

/*
 * Messages were lost: whatever was learned from notifications is in doubt.
 * Called when all that was not lost has been handed out, so what is asked
 * for from now on is newer than the loss.
 */
typedef void (*nlsock_overrun_cb)(void *data);

/* Returns 0 or a negative errno. */
int nlsock_open(int protocol, struct nlsock **ret_sock);
void nlsock_close(struct nlsock *sock);
int nlsock_fd(const struct nlsock *sock);

/*
 * Asks for a receive buffer of that size, with SO_RCVBUFFORCE where allowed,
 * else SO_RCVBUF. Returns the bytes the kernel granted or a negative errno.
 */
int nlsock_set_buffer(struct nlsock *sock, int bytes);

/* Returns 0 or a negative errno. */
int nlsock_join(struct nlsock *sock, uint32_t group);
void nlsock_set_notify(struct nlsock *sock, nlsock_notify_cb notify,
		       nlsock_overrun_cb overrun, void *data);

/*
 * Queues a request. Sets its sequence number and NLM_F_REQUEST, and
 * NLM_F_ACK unless NLM_F_DUMP is set. The message is copied. reply may be
 * NULL. Returns 0, -ENOMEM, or -EAGAIN if nlsock_pending() has reached the
 * bound set by nlsock_set_limit() (default 1024).
 */
int nlsock_request(struct nlsock *sock, const struct nlmsghdr *nlh,
		   nlsock_reply_cb reply, nlsock_done_cb done, void *data);
void nlsock_set_limit(struct nlsock *sock, size_t requests);
size_t nlsock_pending(const struct nlsock *sock);	/* not yet done */

/*
 * True if the request that has waited longest did so at the last call
 * already: called now and then, it finds a socket that makes no progress.
 */
bool nlsock_is_stuck(struct nlsock *sock);

/*
 * How often a dispatch reads at most, 1024 unless told; each is up to 32 KiB
 * of a dump. What is left keeps nlsock_fd() readable.
 */
void nlsock_set_reads(struct nlsock *sock, int reads);

/* Both return 0 or a negative errno that is the socket's end. */
int nlsock_flush(struct nlsock *sock);
int nlsock_dispatch(struct nlsock *sock);
bool nlsock_wants_write(const struct nlsock *sock);

/*
 * Sends what is queued and waits until every request has ended, or
 * -ETIMEDOUT; -EBUSY within a callback. For start-up only.
 */
int nlsock_settle(struct nlsock *sock, int timeout_ms);

struct nlsock_stats {
	uint64_t messages;	/* received */
	uint64_t overruns;	/* ENOBUFS */
	uint64_t malformed;	/* dropped: truncated or ill-framed */
	uint64_t errors;	/* requests that ended with one */
};
void nlsock_get_stats(const struct nlsock *sock, struct nlsock_stats *ret);

#endif
