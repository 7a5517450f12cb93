/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A netlink socket whose other end is the input of a fuzz target. The
 * program is linked with --wrap for the calls that netlink/nlsock.c makes, so
 * it is the real reader that reads, and no kernel is asked.
 *
 *	fake_netlink_begin(&input);
 *	... nlsock_open(), nlsock_dispatch() ...
 *
 * Each time something is received the input says what, by one letter:
 *
 *	d LENGTH BYTES	a datagram as it is; LENGTH is two bytes, low first
 *	a LENGTH BYTES	the same, but each message in it is made an answer to
 *			the oldest request without an end: its port and number
 *	k ERRNO		the end of the oldest request: an ACK or an error, or
 *			the end of its dump
 *	t LENGTH BYTES	a datagram that was too long for the reader's buffer
 *	f LENGTH BYTES	a datagram that is not from the kernel
 *	o		ENOBUFS: the receive buffer was full
 *	i		EINTR
 *	b		EBADF: the socket's end
 *
 * and any other: there is nothing (EAGAIN). Sending succeeds, but fails with
 * what was given to fake_netlink_fail_send(), once. Waiting ends at once, and
 * for ever (EIO) when there is no more input.
 */
#ifndef TESTS_FAKE_NETLINK_H
#define TESTS_FAKE_NETLINK_H

#include "fuzz/fuzz.h"

/* The input is used until the next begin. */
void fake_netlink_begin(struct fuzz_input *input);
void fake_netlink_fail_send(int error);

/* How many were asked for since the begin. */
unsigned int fake_netlink_dumps(void);

#endif
