/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Links and addresses from rtnetlink, as bytes and structs. No sockets here;
 * netlink/netfacts.h follows them live.
 */
#ifndef NETLINK_RTNL_H
#define NETLINK_RTNL_H

#include <stdbool.h>

#include <anchor/types.h>

struct nlmsghdr;

#define RTNL_NAME_MAX 16	/* IFNAMSIZ */
#define RTNL_MESSAGE_MAX 128

struct rtnl_link {
	int ifindex;
	char name[RTNL_NAME_MAX];
	char kind[RTNL_NAME_MAX];	/* "dummy", "veth", or "" */
	bool loopback;			/* IFF_LOOPBACK */
	bool up;			/* IFF_UP */
	bool carrier;			/* IFF_LOWER_UP and not IF_OPER_DOWN */
};

struct rtnl_address {
	int ifindex;
	struct anchor_addr addr;
	uint8_t prefixlen;
	bool global;		/* scope universe or site */
	bool usable;		/* not tentative, failed DAD, or deprecated */
};

/* buf has room for RTNL_MESSAGE_MAX bytes. */
/* Into RTNL_MESSAGE_MAX bytes. */
struct nlmsghdr *rtnl_encode_dump_links(void *buf);
struct nlmsghdr *rtnl_encode_dump_addresses(void *buf);
struct nlmsghdr *rtnl_encode_get_link(void *buf, int ifindex);

/* ::1, as the kernel gives it to a loopback interface. */
bool rtnl_is_loopback6(const struct rtnl_address *address);
/* Sets that one to what it is (host/routes.h has what that is good for). */
struct nlmsghdr *rtnl_encode_set_loopback6(void *buf,
					   const struct rtnl_address *address);

/*
 * Each returns 0 for news, 1 for "it is gone", -ENOMSG for another type of
 * message, -EBADMSG. The result is written only on 0 and 1.
 */
int rtnl_decode_link(const struct nlmsghdr *nlh, struct rtnl_link *ret_link);
int rtnl_decode_address(const struct nlmsghdr *nlh,
			struct rtnl_address *ret_address);

#endif
