/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How a TCP socket does, from NETLINK_SOCK_DIAG, as bytes and structs. No
 * sockets here. Sources: include/uapi/linux/inet_diag.h, sock_diag.h, tcp.h
 * of the kernel.
 */
#ifndef NETLINK_SOCKDIAG_H
#define NETLINK_SOCKDIAG_H

#include "core/core.h"

struct nlmsghdr;

#define SOCKDIAG_MESSAGE_MAX 128

/*
 * Asks for one socket by its two endpoints; ifindex is that of the device it
 * is bound to, or may be: 0 finds only those that are bound to none. IPv4 on
 * an IPv6 socket is asked for as IPv4.
 */
struct nlmsghdr *sockdiag_encode_query(void *buf,
				       const struct anchor_endpoint *local,
				       const struct anchor_endpoint *remote,
				       int ifindex);

/*
 * Returns 0; -ENOMSG for another type of message, -EBADMSG for one that is
 * cut off or tells nothing about a connection: a socket in TIME_WAIT, or the
 * listener at the local endpoint, with which the kernel answers where there
 * is no connection (inet_diag_find_one_icsk()). A kernel that knows less than
 * we do leaves the rest zero. *ret_sample is written only on 0.
 */
int sockdiag_decode(const struct nlmsghdr *nlh,
		    struct core_sample *ret_sample);

#endif
