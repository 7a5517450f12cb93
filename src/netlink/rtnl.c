/* SPDX-License-Identifier: BSD-3-Clause */
/* Links and addresses from rtnetlink. */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "netlink/framing.h"
#include "netlink/rtnl.h"

static struct nlmsghdr *encode_dump(void *buf, uint16_t type, size_t header)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	mnl_nlmsg_put_extra_header(nlh, header);
	return nlh;
}

struct nlmsghdr *rtnl_encode_dump_links(void *buf)
{
	return encode_dump(buf, RTM_GETLINK, sizeof(struct ifinfomsg));
}

struct nlmsghdr *rtnl_encode_dump_addresses(void *buf)
{
	return encode_dump(buf, RTM_GETADDR, sizeof(struct ifaddrmsg));
}

struct nlmsghdr *rtnl_encode_get_link(void *buf, int ifindex)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct ifinfomsg *info;

	nlh->nlmsg_type = RTM_GETLINK;
	nlh->nlmsg_flags = NLM_F_REQUEST;
	info = mnl_nlmsg_put_extra_header(nlh, sizeof(*info));
	info->ifi_index = ifindex;
	mnl_attr_put_u32(nlh, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	return nlh;
}

bool rtnl_is_loopback6(const struct rtnl_address *address)
{
	static const struct anchor_addr loopback = {
		.family = ANCHOR_FAMILY_INET6,
		.bytes = { [15] = 1 },
	};

	return anchor_addr_equal(&address->addr, &loopback) &&
		address->prefixlen == 128;
}

/* With no lifetimes it is one without end, as it was. */
struct nlmsghdr *rtnl_encode_set_loopback6(void *buf,
					   const struct rtnl_address *address)
{
	struct nlmsghdr *nlh;
	struct ifaddrmsg *info;

	/* libmnl leaves the padding of attributes as it is. */
	memset(buf, 0, RTNL_MESSAGE_MAX);
	nlh = mnl_nlmsg_put_header(buf);
	nlh->nlmsg_type = RTM_NEWADDR;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_REPLACE;
	info = mnl_nlmsg_put_extra_header(nlh, sizeof(*info));
	info->ifa_family = AF_INET6;
	info->ifa_prefixlen = address->prefixlen;
	info->ifa_scope = RT_SCOPE_HOST;
	info->ifa_index = (uint32_t) address->ifindex;
	mnl_attr_put(nlh, IFA_LOCAL, 16, address->addr.bytes);
	mnl_attr_put_u8(nlh, IFA_PROTO, IFAPROT_KERNEL_LO);
	return nlh;
}

/* A string attribute, cut to fit; they need not end in NUL. */
static void get_name(const struct nlattr *attr, char name[RTNL_NAME_MAX])
{
	size_t len = mnl_attr_get_payload_len(attr);

	if (len >= RTNL_NAME_MAX)
		len = RTNL_NAME_MAX - 1;

	memset(name, 0, RTNL_NAME_MAX);
	memcpy(name, mnl_attr_get_payload(attr), len);
}

static void get_kind(const struct nlattr *info, struct rtnl_link *link)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, info)
		if (mnl_attr_get_type(attr) == IFLA_INFO_KIND)
			get_name(attr, link->kind);
}

static bool operstate_down(const struct nlattr *attr)
{
	if (mnl_attr_get_payload_len(attr) < 1)
		return false;

	switch (mnl_attr_get_u8(attr)) {
	case IF_OPER_DOWN:
	case IF_OPER_LOWERLAYERDOWN:
	case IF_OPER_NOTPRESENT:
		return true;
	default:	/* the kernel's numbers, not ours */
		return false;
	}
}

static void get_link_attr(const struct nlattr *attr, struct rtnl_link *link)
{
	switch (mnl_attr_get_type(attr)) {
	case IFLA_IFNAME:
		get_name(attr, link->name);
		break;
	case IFLA_LINKINFO:
		get_kind(attr, link);
		break;
	case IFLA_OPERSTATE:
		if (operstate_down(attr))
			link->carrier = false;
		break;
	}
}

static int news_or_gone(const struct nlmsghdr *nlh, uint16_t news,
			uint16_t gone)
{
	if (nlh->nlmsg_type == news)
		return 0;

	return nlh->nlmsg_type == gone ? 1 : -ENOMSG;
}

int rtnl_decode_link(const struct nlmsghdr *nlh, struct rtnl_link *ret_link)
{
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(nlh);
	int result = news_or_gone(nlh, RTM_NEWLINK, RTM_DELLINK);
	struct rtnl_link link = { 0 };
	const struct nlattr *attr;

	if (result < 0)
		return result;

	if (!attrs_whole(nlh, sizeof(*info)))
		return -EBADMSG;

	/* A bridge's port information, not the link. */
	if (info->ifi_family != AF_UNSPEC)
		return -ENOMSG;

	link.ifindex = info->ifi_index;
	link.loopback = info->ifi_flags & IFF_LOOPBACK;
	link.up = info->ifi_flags & IFF_UP;
	link.carrier = info->ifi_flags & IFF_LOWER_UP;
	mnl_attr_for_each(attr, nlh, sizeof(*info))
		get_link_attr(attr, &link);

	if (link.ifindex <= 0 || !link.name[0])
		return -EBADMSG;

	*ret_link = link;
	return result;
}

static bool get_addr(const struct nlattr *attr, uint8_t family,
		     struct anchor_addr *addr)
{
	size_t len = family == AF_INET6 ? 16 : 4;

	if (mnl_attr_get_payload_len(attr) != len)
		return false;

	*addr = (struct anchor_addr) {
		.family = family == AF_INET6 ? ANCHOR_FAMILY_INET6 :
			ANCHOR_FAMILY_INET,
	};
	memcpy(addr->bytes, mnl_attr_get_payload(attr), len);
	return true;
}

/* An optimistic address may be used before its DAD is done (RFC 4429). */
static bool flags_usable(uint32_t flags)
{
	if (flags & (IFA_F_DADFAILED | IFA_F_DEPRECATED))
		return false;

	return !(flags & IFA_F_TENTATIVE) || flags & IFA_F_OPTIMISTIC;
}

struct address_attrs {
	struct anchor_addr local;	/* preferred: not a peer's address */
	struct anchor_addr address;
	uint32_t flags;
};

static bool get_address_attrs(const struct nlmsghdr *nlh,
			      const struct ifaddrmsg *info,
			      struct address_attrs *attrs)
{
	const struct nlattr *attr;

	mnl_attr_for_each(attr, nlh, sizeof(*info)) {
		switch (mnl_attr_get_type(attr)) {
		case IFA_LOCAL:
			if (!get_addr(attr, info->ifa_family, &attrs->local))
				return false;
			break;
		case IFA_ADDRESS:
			if (!get_addr(attr, info->ifa_family,
				      &attrs->address))
				return false;
			break;
		case IFA_FLAGS:
			if (mnl_attr_validate(attr, MNL_TYPE_U32) < 0)
				return false;
			attrs->flags = mnl_attr_get_u32(attr);
			break;
		}
	}

	return true;
}

int rtnl_decode_address(const struct nlmsghdr *nlh,
			struct rtnl_address *ret_address)
{
	const struct ifaddrmsg *info = mnl_nlmsg_get_payload(nlh);
	int result = news_or_gone(nlh, RTM_NEWADDR, RTM_DELADDR);
	struct address_attrs attrs = { 0 };

	if (result < 0)
		return result;

	if (!attrs_whole(nlh, sizeof(*info)))
		return -EBADMSG;

	if (info->ifa_family != AF_INET && info->ifa_family != AF_INET6)
		return -ENOMSG;

	attrs.flags = info->ifa_flags;
	if (!get_address_attrs(nlh, info, &attrs))
		return -EBADMSG;

	if (!attrs.local.family)
		attrs.local = attrs.address;

	if (!attrs.local.family || !info->ifa_index ||
	    info->ifa_index > INT32_MAX ||
	    info->ifa_prefixlen > anchor_addr_bits(&attrs.local))
		return -EBADMSG;

	*ret_address = (struct rtnl_address) {
		.ifindex = (int) info->ifa_index,
		.addr = attrs.local,
		.prefixlen = info->ifa_prefixlen,
		.global = info->ifa_scope < RT_SCOPE_LINK,
		.usable = flags_usable(attrs.flags),
	};
	return result;
}
