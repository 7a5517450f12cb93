/* SPDX-License-Identifier: BSD-3-Clause */
/* What a link has carried, and how fast it is. */
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "netlink/framing.h"
#include "netlink/linkload.h"

#define BYTES_PER_MBIT 125000

struct nlmsghdr *linkload_encode_query(void *buf, int ifindex)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct if_stats_msg *header;

	nlh->nlmsg_type = RTM_GETSTATS;
	header = mnl_nlmsg_put_extra_header(nlh, sizeof(*header));
	header->ifindex = (uint32_t) ifindex;
	header->filter_mask = IFLA_STATS_FILTER_BIT(IFLA_STATS_LINK_64);
	return nlh;
}

int linkload_decode(const struct nlmsghdr *nlh, struct linkload *ret_load)
{
	const struct if_stats_msg *header = mnl_nlmsg_get_payload(nlh);
	struct rtnl_link_stats64 stats;
	const struct nlattr *attr;
	bool found = false;

	if (nlh->nlmsg_type != RTM_NEWSTATS)
		return -ENOMSG;

	if (!attrs_whole(nlh, sizeof(*header)))
		return -EBADMSG;

	/* Newer kernels tell more at the end. */
	mnl_attr_for_each(attr, nlh, sizeof(*header)) {
		if (mnl_attr_get_type(attr) != IFLA_STATS_LINK_64 ||
		    mnl_attr_get_payload_len(attr) <
		    offsetof(struct rtnl_link_stats64, rx_errors))
			continue;

		memcpy(&stats, mnl_attr_get_payload(attr),
		       offsetof(struct rtnl_link_stats64, rx_errors));
		found = true;
	}

	if (!found || !header->ifindex || header->ifindex > INT32_MAX)
		return -EBADMSG;

	*ret_load = (struct linkload) {
		.ifindex = (int) header->ifindex,
		.bytes_in = stats.rx_bytes,
		.bytes_out = stats.tx_bytes,
	};
	return 0;
}

/* The kernel first says how many words of link modes it has (negative). */
union link_settings {
	struct ethtool_link_settings head;
	uint8_t room[sizeof(struct ethtool_link_settings) +
		     3 * INT8_MAX * sizeof(uint32_t)];
};

static uint32_t ask_speed(int fd, const char *name)
{
	union link_settings settings = {
		.head.cmd = ETHTOOL_GLINKSETTINGS,
	};
	struct ifreq request = { .ifr_data = (void *) &settings };

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	if (ioctl(fd, SIOCETHTOOL, &request) < 0 ||
	    settings.head.link_mode_masks_nwords >= 0)
		return 0;

	settings.head.cmd = ETHTOOL_GLINKSETTINGS;
	settings.head.link_mode_masks_nwords = (int8_t)
		-settings.head.link_mode_masks_nwords;
	if (ioctl(fd, SIOCETHTOOL, &request) < 0 ||
	    settings.head.speed == (uint32_t) SPEED_UNKNOWN)
		return 0;

	return settings.head.speed;
}

uint64_t linkload_speed(const char *name)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	uint64_t mbit;

	if (fd < 0)
		return 0;

	mbit = ask_speed(fd, name);
	close(fd);
	return mbit * BYTES_PER_MBIT;
}
