/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Whether a message is whole, before anything in it is believed.
 *
 * libmnl's loops over attributes end without a word at one that is cut off,
 * and look up to three bytes beyond a message whose length is no multiple of
 * four; mnl_nlmsg_ok() takes a length above INT_MAX for a negative one. Who
 * has asked here first needs to mind none of that.
 */
#ifndef NETLINK_FRAMING_H
#define NETLINK_FRAMING_H

#include <libmnl/libmnl.h>
#include <stdbool.h>
#include <stddef.h>

/* True if a message begins here and ends within the bytes left. */
static inline bool message_whole(const struct nlmsghdr *nlh, size_t left)
{
	return left >= sizeof(*nlh) && nlh->nlmsg_len >= sizeof(*nlh) &&
		nlh->nlmsg_len <= left;
}

/* True if attributes fill all that is behind a header of that size. */
static inline bool attrs_whole(const struct nlmsghdr *nlh, size_t header)
{
	size_t left = mnl_nlmsg_get_payload_len(nlh);
	const char *at = mnl_nlmsg_get_payload(nlh);

	if (left < header)
		return false;

	for (size_t step = MNL_ALIGN(header); step < left;) {
		const struct nlattr *attr;

		at += step;
		left -= step;
		attr = (const void *) at;
		if (left < sizeof(*attr) || attr->nla_len < sizeof(*attr) ||
		    attr->nla_len > left)
			return false;

		step = MNL_ALIGN(attr->nla_len);
	}

	return true;
}

#endif
