/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The kernel's "mptcp_pm" generic netlink family, as bytes and structs.
 *
 * Encoders fill a buffer with one whole message, header included; decoders
 * read one message that lies whole in its buffer (netlink/framing.h). Neither
 * touches a socket. Sources: include/uapi/linux/mptcp_pm.h and
 * Documentation/netlink/specs/mptcp_pm.yaml of the kernel.
 */
#ifndef NETLINK_MPTCP_PM_H
#define NETLINK_MPTCP_PM_H

#include <stddef.h>
#include <stdint.h>

#include "core/core.h"

struct nlmsghdr;

/* Room enough for any message an encoder makes. */
#define MPTCP_PM_MESSAGE_MAX 512

/* What CTRL_CMD_GETFAMILY tells. */
struct mptcp_pm_family {
	uint16_t id;
	uint32_t events_group;	/* of "mptcp_pm_events" */
};

/*
 * Writes the request for the family's numbers. Returns the message, which
 * lies at buf. flags and seq are the caller's to set in it.
 */
struct nlmsghdr *mptcp_pm_encode_get_family(void *buf);

/* Returns 0, or -EBADMSG for an answer without id or events group. */
int mptcp_pm_decode_family(const struct nlmsghdr *nlh,
			   struct mptcp_pm_family *ret_family);

/*
 * Writes the command that carries an action out; NULL for CORE_ACTION_SAMPLE,
 * which is none of this family's.
 */
struct nlmsghdr *mptcp_pm_encode_action(void *buf, uint16_t family,
					const struct core_action *action);

/*
 * Asks for the list of local addresses of a connection. The answer is an
 * error if there is no such connection or it has the kernel's path manager;
 * kernels before 6.9 overlook the token and list something else, even for a
 * connection that cannot be.
 */
struct nlmsghdr *mptcp_pm_encode_dump_addrs(void *buf, uint16_t family,
					    uint32_t token);

/* One of them. Returns 0, -ENOMSG for another message, or -EBADMSG. */
int mptcp_pm_decode_addr(const struct nlmsghdr *nlh,
			 struct core_seen_address *ret_address);

/*
 * Reads an event. Returns 0; -ENOMSG for an event that is not about a
 * connection (a listener, or one this code does not know); -EBADMSG for one
 * that lacks what it must have. *ret_event is written only on 0.
 */
int mptcp_pm_decode_event(const struct nlmsghdr *nlh,
			  struct core_event *ret_event);

/* The number of an event this code does not know, 0 if it does. */
unsigned int mptcp_pm_unknown_event(const struct nlmsghdr *nlh);

#endif
