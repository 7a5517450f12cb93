/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which connections and subflows there are, from NETLINK_SOCK_DIAG, as bytes
 * and structs. No sockets here. Sources: net/mptcp/diag.c, mptcp_diag.c and
 * include/uapi/linux/inet_diag.h, mptcp.h of the kernel.
 *
 * Subflows are listed as TCP sockets that say which connection they are of,
 * by the token that events and commands use too. A connection itself is only
 * asked for where its initial subflow is gone.
 */
#ifndef NETLINK_MPTCP_DIAG_H
#define NETLINK_MPTCP_DIAG_H

#include "core/core.h"

struct nlmsghdr;

#define MPTCP_DIAG_MESSAGE_MAX 128

/* Dumps all TCP sockets of a family (enum anchor_family), listeners too. */
struct nlmsghdr *mptcp_diag_encode_dump(void *buf, uint8_t family);

enum mptcp_diag_kind {
	MPTCP_DIAG_SUBFLOW,
	MPTCP_DIAG_LISTENER,		/* of any protocol over TCP */
};

struct mptcp_diag_socket {
	enum mptcp_diag_kind kind;
	uint32_t token;			/* SUBFLOW: of this end */
	struct core_seen_subflow subflow;	/* LISTENER: local only */
};

/*
 * Returns 0; -ENOMSG for another type of message and for sockets that are
 * neither of both; -EBADMSG for one that is cut off. *ret_socket is written
 * only on 0.
 */
int mptcp_diag_decode(const struct nlmsghdr *nlh,
		      struct mptcp_diag_socket *ret_socket);

/* Asks for one connection; the answer is -ENOENT if there is none. */
struct nlmsghdr *mptcp_diag_encode_conn(void *buf, uint32_t token);

struct mptcp_diag_conn {
	struct anchor_endpoint local;	/* of the initial subflow */
	struct anchor_endpoint remote;
	bool closed;		/* by its process, as CLOSED has told; it
				 * lives until its end has been agreed on */
};

/* As mptcp_diag_decode(). */
int mptcp_diag_decode_conn(const struct nlmsghdr *nlh,
			   struct mptcp_diag_conn *ret_conn);

#endif
