/* SPDX-License-Identifier: BSD-3-Clause */
/* The "mptcp_pm" family, as bytes and structs. */
#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <sys/socket.h>

#include "netlink/framing.h"
#include "netlink/mptcp_pm.h"
#include "netlink/mptcp_uapi.h"

static const uint8_t mapped_prefix[12] = { [10] = 0xff, [11] = 0xff };

/* libmnl before 1.0.5 leaves what pads an attribute as it was. */
static struct nlmsghdr *begin(void *buf, uint16_t family, uint8_t command,
			      uint8_t version)
{
	struct nlmsghdr *nlh;
	struct genlmsghdr *genl;

	memset(buf, 0, MPTCP_PM_MESSAGE_MAX);
	nlh = mnl_nlmsg_put_header(buf);
	nlh->nlmsg_type = family;
	genl = mnl_nlmsg_put_extra_header(nlh, sizeof(*genl));
	genl->cmd = command;
	genl->version = version;
	return nlh;
}

struct nlmsghdr *mptcp_pm_encode_get_family(void *buf)
{
	struct nlmsghdr *nlh = begin(buf, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 1);

	mnl_attr_put_strz(nlh, CTRL_ATTR_FAMILY_NAME, PM_FAMILY_NAME);
	return nlh;
}

static bool holds_string(const struct nlattr *attr, const char *string)
{
	size_t len = strlen(string) + 1;

	return mnl_attr_get_payload_len(attr) == len &&
		!memcmp(mnl_attr_get_payload(attr), string, len);
}

/* One of CTRL_ATTR_MCAST_GROUPS: is it ours? Then its number, else 0. */
static uint32_t events_group(const struct nlattr *group)
{
	const struct nlattr *attr;
	bool ours = false;
	uint32_t id = 0;

	mnl_attr_for_each_nested(attr, group) {
		if (mnl_attr_get_type(attr) == CTRL_ATTR_MCAST_GRP_NAME)
			ours = holds_string(attr, PM_EVENTS_GROUP);
		else if (mnl_attr_get_type(attr) == CTRL_ATTR_MCAST_GRP_ID &&
			 mnl_attr_validate(attr, MNL_TYPE_U32) >= 0)
			id = mnl_attr_get_u32(attr);
	}

	return ours ? id : 0;
}

int mptcp_pm_decode_family(const struct nlmsghdr *nlh,
			   struct mptcp_pm_family *ret_family)
{
	struct mptcp_pm_family family = { 0 };
	const struct nlattr *attr;
	const struct nlattr *group;

	if (!attrs_whole(nlh, sizeof(struct genlmsghdr)))
		return -EBADMSG;

	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr)) {
		if (mnl_attr_get_type(attr) == CTRL_ATTR_FAMILY_ID &&
		    mnl_attr_validate(attr, MNL_TYPE_U16) >= 0)
			family.id = mnl_attr_get_u16(attr);

		if (mnl_attr_get_type(attr) != CTRL_ATTR_MCAST_GROUPS)
			continue;

		mnl_attr_for_each_nested(group, attr)
			if (events_group(group))
				family.events_group = events_group(group);
	}

	if (!family.id || !family.events_group)
		return -EBADMSG;

	*ret_family = family;
	return 0;
}

/* An IPv4 address of a subflow that the kernel keeps on an IPv6 socket. */
static void put_mapped(struct nlmsghdr *nlh, const struct anchor_addr *addr)
{
	uint8_t bytes[16];

	memcpy(bytes, mapped_prefix, 12);
	memcpy(bytes + 12, addr->bytes, 4);
	mnl_attr_put_u16(nlh, PM_ADDR_FAMILY, AF_INET6);
	mnl_attr_put(nlh, PM_ADDR_ADDR6, sizeof(bytes), bytes);
}

static void put_addr(struct nlmsghdr *nlh, const struct anchor_endpoint *end,
		     bool mapped)
{
	if (end->addr.family == ANCHOR_FAMILY_INET6) {
		mnl_attr_put_u16(nlh, PM_ADDR_FAMILY, AF_INET6);
		mnl_attr_put(nlh, PM_ADDR_ADDR6, 16, end->addr.bytes);
	} else if (mapped) {
		put_mapped(nlh, &end->addr);
	} else {
		mnl_attr_put_u16(nlh, PM_ADDR_FAMILY, AF_INET);
		mnl_attr_put(nlh, PM_ADDR_ADDR4, 4, end->addr.bytes);
	}

	if (end->port)
		mnl_attr_put_u16(nlh, PM_ADDR_PORT, end->port);
}

static void put_announce(struct nlmsghdr *nlh,
			 const struct core_action *action)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, PM_ATTR_ADDR);
	struct anchor_endpoint told = action->local;

	if (action->bare)
		told.port = 0;

	put_addr(nlh, &told, false);
	mnl_attr_put_u8(nlh, PM_ADDR_ID, action->id);
	mnl_attr_put_u32(nlh, PM_ADDR_FLAGS, PM_FLAG_SIGNAL);
	mnl_attr_put_u32(nlh, PM_ADDR_IF_IDX, (uint32_t) action->ifindex);
	mnl_attr_nest_end(nlh, nest);
}

static void put_open(struct nlmsghdr *nlh, const struct core_action *action)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, PM_ATTR_ADDR);

	put_addr(nlh, &action->local, false);
	mnl_attr_put_u8(nlh, PM_ADDR_ID, action->id);
	mnl_attr_put_u32(nlh, PM_ADDR_FLAGS, action->backup ?
			 PM_FLAG_BACKUP : 0);
	mnl_attr_put_u32(nlh, PM_ADDR_IF_IDX, (uint32_t) action->ifindex);
	mnl_attr_nest_end(nlh, nest);

	nest = mnl_attr_nest_start(nlh, PM_ATTR_ADDR_REMOTE);
	put_addr(nlh, &action->remote, false);
	mnl_attr_put_u8(nlh, PM_ADDR_ID, action->remote_id);
	mnl_attr_nest_end(nlh, nest);
}

/* An existing subflow, by its two endpoints. */
static void put_subflow(struct nlmsghdr *nlh, const struct core_action *action,
			uint32_t flags)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, PM_ATTR_ADDR);

	put_addr(nlh, &action->local, action->mapped);
	mnl_attr_put_u32(nlh, PM_ADDR_FLAGS, flags);
	mnl_attr_nest_end(nlh, nest);

	nest = mnl_attr_nest_start(nlh, PM_ATTR_ADDR_REMOTE);
	put_addr(nlh, &action->remote, action->mapped);
	mnl_attr_nest_end(nlh, nest);
}

static enum pm_command command_of(enum core_action_type type)
{
	switch (type) {
	case CORE_ACTION_ANNOUNCE:
		return PM_CMD_ANNOUNCE;
	case CORE_ACTION_WITHDRAW:
		return PM_CMD_REMOVE;
	case CORE_ACTION_OPEN:
		return PM_CMD_SUBFLOW_CREATE;
	case CORE_ACTION_CLOSE:
		return PM_CMD_SUBFLOW_DESTROY;
	case CORE_ACTION_DEMOTE:
	case CORE_ACTION_PROMOTE:
		return PM_CMD_SET_FLAGS;
	case CORE_ACTION_SAMPLE:
		break;
	}

	return PM_CMD_NONE;
}

struct nlmsghdr *mptcp_pm_encode_action(void *buf, uint16_t family,
					const struct core_action *action)
{
	enum pm_command command = command_of(action->type);
	struct nlmsghdr *nlh;

	if (command == PM_CMD_NONE)
		return NULL;

	nlh = begin(buf, family, (uint8_t) command, PM_FAMILY_VERSION);
	mnl_attr_put_u32(nlh, PM_ATTR_TOKEN, action->token);

	switch (action->type) {
	case CORE_ACTION_ANNOUNCE:
		put_announce(nlh, action);
		break;
	case CORE_ACTION_WITHDRAW:
		mnl_attr_put_u8(nlh, PM_ATTR_LOC_ID, action->id);
		break;
	case CORE_ACTION_OPEN:
		put_open(nlh, action);
		break;
	case CORE_ACTION_CLOSE:
	case CORE_ACTION_PROMOTE:
		put_subflow(nlh, action, 0);
		break;
	case CORE_ACTION_DEMOTE:
		put_subflow(nlh, action, PM_FLAG_BACKUP);
		break;
	case CORE_ACTION_SAMPLE:
		break;
	}

	return nlh;
}

struct nlmsghdr *mptcp_pm_encode_dump_addrs(void *buf, uint16_t family,
					    uint32_t token)
{
	struct nlmsghdr *nlh = begin(buf, family, PM_CMD_GET_ADDR,
				     PM_FAMILY_VERSION);

	nlh->nlmsg_flags = NLM_F_DUMP;
	mnl_attr_put_u32(nlh, PM_ATTR_TOKEN, token);
	return nlh;
}

/* The payload sizes of a local address's attributes; 0: not looked at. */
static const uint8_t addr_sizes[PM_ADDR_MAX + 1] = {
	[PM_ADDR_ID] = 1,
	[PM_ADDR_ADDR4] = 4,
	[PM_ADDR_ADDR6] = 16,
	[PM_ADDR_PORT] = 2,
	[PM_ADDR_FLAGS] = 4,
};

static void take_addr4(struct anchor_addr *addr, const uint8_t *bytes)
{
	addr->family = ANCHOR_FAMILY_INET;
	memcpy(addr->bytes, bytes, 4);
}

static void take_addr6(struct anchor_addr *addr, const uint8_t *bytes)
{
	if (!memcmp(bytes, mapped_prefix, sizeof(mapped_prefix))) {
		take_addr4(addr, bytes + sizeof(mapped_prefix));
		return;
	}

	addr->family = ANCHOR_FAMILY_INET6;
	memcpy(addr->bytes, bytes, 16);
}

/* One attribute of a local address into its field. */
static void take_addr_attr(struct core_seen_address *address,
			   const struct nlattr *attr)
{
	switch ((enum pm_addr_attr) mnl_attr_get_type(attr)) {
	case PM_ADDR_ID:
		address->id = mnl_attr_get_u8(attr);
		break;
	case PM_ADDR_ADDR4:
		take_addr4(&address->endpoint.addr, mnl_attr_get_payload(attr));
		break;
	case PM_ADDR_ADDR6:
		take_addr6(&address->endpoint.addr, mnl_attr_get_payload(attr));
		break;
	case PM_ADDR_PORT:
		address->endpoint.port = mnl_attr_get_u16(attr);
		break;
	case PM_ADDR_FLAGS:
		address->announced = mnl_attr_get_u32(attr) & PM_FLAG_SIGNAL;
		break;
	case PM_ADDR_FAMILY:
	case PM_ADDR_IF_IDX:
		break;
	}
}

static int read_addr(const struct nlattr *nest,
		     struct core_seen_address *address)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, nest) {
		uint16_t type = mnl_attr_get_type(attr);

		if (type > PM_ADDR_MAX || !addr_sizes[type])
			continue;

		if (mnl_attr_get_payload_len(attr) != addr_sizes[type])
			return -EBADMSG;

		take_addr_attr(address, attr);
	}

	return address->endpoint.addr.family && address->id ? 0 : -EBADMSG;
}

int mptcp_pm_decode_addr(const struct nlmsghdr *nlh,
			 struct core_seen_address *ret_address)
{
	const struct genlmsghdr *genl = mnl_nlmsg_get_payload(nlh);
	struct core_seen_address address = { 0 };
	const struct nlattr *attr;

	if (!attrs_whole(nlh, sizeof(*genl)))
		return -EBADMSG;

	if (genl->cmd != PM_CMD_GET_ADDR)
		return -ENOMSG;

	mnl_attr_for_each(attr, nlh, sizeof(*genl)) {
		if (mnl_attr_get_type(attr) != PM_ATTR_ADDR)
			continue;

		if (read_addr(attr, &address) < 0)
			return -EBADMSG;

		*ret_address = address;
		return 0;
	}

	return -EBADMSG;
}

/* The payload sizes of an event's attributes; 0: not looked at. */
static const uint16_t event_sizes[PM_EV_MAX + 1] = {
	[PM_EV_TOKEN] = 4,
	[PM_EV_FAMILY] = 2,
	[PM_EV_LOC_ID] = 1,
	[PM_EV_REM_ID] = 1,
	[PM_EV_SADDR4] = 4,
	[PM_EV_SADDR6] = 16,
	[PM_EV_DADDR4] = 4,
	[PM_EV_DADDR6] = 16,
	[PM_EV_SPORT] = 2,
	[PM_EV_DPORT] = 2,
	[PM_EV_BACKUP] = 1,
	[PM_EV_ERROR] = 1,
	[PM_EV_FLAGS] = 2,
	[PM_EV_RESET_REASON] = 4,
	[PM_EV_RESET_FLAGS] = 4,
	[PM_EV_SERVER_SIDE] = 1,
};

/* Attributes by type, each of the right size. */
struct attrs {
	const struct nlattr *at[PM_EV_MAX + 1];
};

static int collect(const struct nlmsghdr *nlh, struct attrs *attrs)
{
	const struct nlattr *attr;

	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr)) {
		uint16_t type = mnl_attr_get_type(attr);

		if (type > PM_EV_MAX || !event_sizes[type])
			continue;

		if (mnl_attr_get_payload_len(attr) != event_sizes[type])
			return -EBADMSG;

		attrs->at[type] = attr;
	}

	return 0;
}

static bool get_addr(const struct attrs *attrs, enum pm_event_attr v4,
		     enum pm_event_attr v6, struct anchor_addr *addr,
		     bool *mapped)
{
	const uint8_t *bytes;

	*addr = (struct anchor_addr) { 0 };
	if (attrs->at[v4]) {
		addr->family = ANCHOR_FAMILY_INET;
		memcpy(addr->bytes, mnl_attr_get_payload(attrs->at[v4]), 4);
		return true;
	}

	if (!attrs->at[v6])
		return false;

	bytes = mnl_attr_get_payload(attrs->at[v6]);
	if (!memcmp(bytes, mapped_prefix, sizeof(mapped_prefix))) {
		addr->family = ANCHOR_FAMILY_INET;
		memcpy(addr->bytes, bytes + 12, 4);
		*mapped = true;
	} else {
		addr->family = ANCHOR_FAMILY_INET6;
		memcpy(addr->bytes, bytes, 16);
	}

	return true;
}

static bool get_local(const struct attrs *attrs, struct core_event *event)
{
	if (!attrs->at[PM_EV_SPORT] ||
	    !get_addr(attrs, PM_EV_SADDR4, PM_EV_SADDR6, &event->local.addr,
		      &event->mapped))
		return false;

	event->local.port = ntohs(mnl_attr_get_u16(attrs->at[PM_EV_SPORT]));
	return true;
}

/* An announcement may leave out the port. */
static bool get_remote(const struct attrs *attrs, struct core_event *event)
{
	if (attrs->at[PM_EV_DPORT])
		event->remote.port =
			ntohs(mnl_attr_get_u16(attrs->at[PM_EV_DPORT]));

	return get_addr(attrs, PM_EV_DADDR4, PM_EV_DADDR6,
			&event->remote.addr, &event->mapped);
}

static bool get_both(const struct attrs *attrs, struct core_event *event)
{
	return attrs->at[PM_EV_DPORT] && get_local(attrs, event) &&
		get_remote(attrs, event);
}

static void get_ids(const struct attrs *attrs, struct core_event *event)
{
	if (attrs->at[PM_EV_LOC_ID])
		event->local_id = mnl_attr_get_u8(attrs->at[PM_EV_LOC_ID]);

	if (attrs->at[PM_EV_REM_ID])
		event->remote_id = mnl_attr_get_u8(attrs->at[PM_EV_REM_ID]);

	if (attrs->at[PM_EV_LOC_ID] && attrs->at[PM_EV_REM_ID])
		event->known |= CORE_KNOWN_IDS;
}

/* A client is told by the absence of both marks of a server. */
static void get_role(const struct attrs *attrs, struct core_event *event)
{
	uint16_t flags = 0;
	bool server = false;

	if (attrs->at[PM_EV_FLAGS])
		flags = mnl_attr_get_u16(attrs->at[PM_EV_FLAGS]);

	if (attrs->at[PM_EV_SERVER_SIDE])
		server = mnl_attr_get_u8(attrs->at[PM_EV_SERVER_SIDE]);

	server |= flags & PM_EV_FLAG_SERVER_SIDE;
	event->role = server ? ANCHOR_ROLE_SERVER : ANCHOR_ROLE_CLIENT;
	event->deny_join_id0 = flags & PM_EV_FLAG_DENY_JOIN_ID0;
	event->known |= CORE_KNOWN_ROLE | CORE_KNOWN_DENY_JOIN;
}

/* A reset that says so, and does not say that it may pass. */
static bool is_prohibited(const struct attrs *attrs)
{
	const struct nlattr *reason = attrs->at[PM_EV_RESET_REASON];
	const struct nlattr *flags = attrs->at[PM_EV_RESET_FLAGS];

	return reason && mnl_attr_get_u32(reason) == PM_RESET_PROHIBITED &&
		!(flags && mnl_attr_get_u32(flags) & PM_RESET_TRANSIENT);
}

static void get_state(const struct attrs *attrs, struct core_event *event)
{
	if (attrs->at[PM_EV_BACKUP]) {
		event->backup = mnl_attr_get_u8(attrs->at[PM_EV_BACKUP]);
		event->known |= CORE_KNOWN_BACKUP;
	}

	if (attrs->at[PM_EV_ERROR]) {
		event->error = mnl_attr_get_u8(attrs->at[PM_EV_ERROR]);
		event->known |= CORE_KNOWN_ERROR;
	}

	event->prohibited = is_prohibited(attrs);
}

static int decode_type(uint8_t command, enum core_event_type *type)
{
	switch ((enum pm_event) command) {
	case PM_EVENT_CREATED:
		*type = CORE_EVENT_CREATED;
		return 0;
	case PM_EVENT_ESTABLISHED:
		*type = CORE_EVENT_ESTABLISHED;
		return 0;
	case PM_EVENT_CLOSED:
		*type = CORE_EVENT_CLOSED;
		return 0;
	case PM_EVENT_ANNOUNCED:
		*type = CORE_EVENT_ANNOUNCED;
		return 0;
	case PM_EVENT_REMOVED:
		*type = CORE_EVENT_REMOVED;
		return 0;
	case PM_EVENT_SUB_ESTABLISHED:
		*type = CORE_EVENT_SUBFLOW_UP;
		return 0;
	case PM_EVENT_SUB_CLOSED:
		*type = CORE_EVENT_SUBFLOW_DOWN;
		return 0;
	case PM_EVENT_SUB_PRIORITY:
		*type = CORE_EVENT_SUBFLOW_PRIORITY;
		return 0;
	case PM_EVENT_LISTENER_CREATED:
	case PM_EVENT_LISTENER_CLOSED:
		break;
	}

	return -ENOMSG;
}

/* What an event of that type must have. */
static bool decode_body(const struct attrs *attrs, struct core_event *event)
{
	switch (event->type) {
	case CORE_EVENT_CREATED:
	case CORE_EVENT_ESTABLISHED:
		get_role(attrs, event);
		return get_both(attrs, event);
	case CORE_EVENT_CLOSED:
		return true;
	case CORE_EVENT_ANNOUNCED:
		get_ids(attrs, event);
		return attrs->at[PM_EV_REM_ID] && get_remote(attrs, event);
	case CORE_EVENT_REMOVED:
		get_ids(attrs, event);
		return attrs->at[PM_EV_REM_ID];
	case CORE_EVENT_SUBFLOW_UP:
	case CORE_EVENT_SUBFLOW_DOWN:
	case CORE_EVENT_SUBFLOW_PRIORITY:
		get_ids(attrs, event);
		get_state(attrs, event);
		return get_both(attrs, event);
	}

	return false;
}

int mptcp_pm_decode_event(const struct nlmsghdr *nlh,
			  struct core_event *ret_event)
{
	const struct genlmsghdr *genl = mnl_nlmsg_get_payload(nlh);
	struct core_event event = { 0 };
	struct attrs attrs = { 0 };
	int err;

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*genl))
		return -EBADMSG;

	err = decode_type(genl->cmd, &event.type);
	if (err < 0)
		return err;

	if (!attrs_whole(nlh, sizeof(*genl)))
		return -EBADMSG;

	err = collect(nlh, &attrs);
	if (err < 0)
		return err;

	if (!attrs.at[PM_EV_TOKEN] || !decode_body(&attrs, &event))
		return -EBADMSG;

	event.token = mnl_attr_get_u32(attrs.at[PM_EV_TOKEN]);
	*ret_event = event;
	return 0;
}

unsigned int mptcp_pm_unknown_event(const struct nlmsghdr *nlh)
{
	const struct genlmsghdr *genl = mnl_nlmsg_get_payload(nlh);
	enum core_event_type type;

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*genl) ||
	    !decode_type(genl->cmd, &type) ||
	    genl->cmd == PM_EVENT_LISTENER_CREATED ||
	    genl->cmd == PM_EVENT_LISTENER_CLOSED)
		return 0;

	return genl->cmd;
}
