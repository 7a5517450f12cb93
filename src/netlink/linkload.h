/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a link has carried, from RTM_GETSTATS, and how fast it is, from
 * ethtool. Sources: include/uapi/linux/if_link.h, ethtool.h of the kernel.
 */
#ifndef NETLINK_LINKLOAD_H
#define NETLINK_LINKLOAD_H

#include <stdint.h>

struct nlmsghdr;

#define LINKLOAD_MESSAGE_MAX 64

/* IFLA_STATS_LINK_64, bytes since the link was made. */
struct linkload {
	int ifindex;
	uint64_t bytes_in;
	uint64_t bytes_out;
};

struct nlmsghdr *linkload_encode_query(void *buf, int ifindex);

/* Returns 0, -ENOMSG for another type of message, -EBADMSG. */
int linkload_decode(const struct nlmsghdr *nlh, struct linkload *ret_load);

/*
 * The speed of an interface in bytes per second, 0 if it has none or does
 * not say (ETHTOOL_GLINKSETTINGS, in the network namespace we are in).
 */
uint64_t linkload_speed(const char *name);

#endif
