/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Numbers of the kernel's "mptcp_pm" generic netlink family, under names of
 * our own, so that it does not matter how old the headers of the build host
 * are. Source: include/uapi/linux/mptcp_pm.h, whose names stand beside them
 * where they differ in more than the prefix.
 */
#ifndef NETLINK_MPTCP_UAPI_H
#define NETLINK_MPTCP_UAPI_H

#define PM_FAMILY_NAME "mptcp_pm"
#define PM_FAMILY_VERSION 1
#define PM_EVENTS_GROUP "mptcp_pm_events"

enum pm_command {			/* MPTCP_PM_CMD_... */
	PM_CMD_NONE = 0,
	PM_CMD_GET_ADDR = 3,
	PM_CMD_SET_FLAGS = 7,
	PM_CMD_ANNOUNCE = 8,
	PM_CMD_REMOVE = 9,
	PM_CMD_SUBFLOW_CREATE = 10,
	PM_CMD_SUBFLOW_DESTROY = 11,
};

enum pm_attr {				/* MPTCP_PM_ATTR_... */
	PM_ATTR_ADDR = 1,		/* nested pm_addr_attr */
	PM_ATTR_TOKEN = 4,		/* u32 */
	PM_ATTR_LOC_ID = 5,		/* u8 */
	PM_ATTR_ADDR_REMOTE = 6,	/* nested pm_addr_attr */
};

enum pm_addr_attr {			/* MPTCP_PM_ADDR_ATTR_... */
	PM_ADDR_FAMILY = 1,		/* u16, AF_INET or AF_INET6 */
	PM_ADDR_ID = 2,			/* u8 */
	PM_ADDR_ADDR4 = 3,
	PM_ADDR_ADDR6 = 4,
	PM_ADDR_PORT = 5,		/* u16, host byte order */
	PM_ADDR_FLAGS = 6,		/* u32, pm_addr_flag */
	PM_ADDR_IF_IDX = 7,		/* s32 */
	PM_ADDR_MAX = 7,
};

enum pm_addr_flag {			/* MPTCP_PM_ADDR_FLAG_... */
	PM_FLAG_SIGNAL = 1 << 0,
	PM_FLAG_SUBFLOW = 1 << 1,
	PM_FLAG_BACKUP = 1 << 2,
};

enum pm_event {				/* MPTCP_EVENT_... */
	PM_EVENT_CREATED = 1,
	PM_EVENT_ESTABLISHED = 2,
	PM_EVENT_CLOSED = 3,
	PM_EVENT_ANNOUNCED = 6,
	PM_EVENT_REMOVED = 7,
	PM_EVENT_SUB_ESTABLISHED = 10,
	PM_EVENT_SUB_CLOSED = 11,
	PM_EVENT_SUB_PRIORITY = 13,
	PM_EVENT_LISTENER_CREATED = 15,	/* of no connection */
	PM_EVENT_LISTENER_CLOSED = 16,	/* likewise */
};

enum pm_event_attr {			/* MPTCP_ATTR_... */
	PM_EV_TOKEN = 1,		/* u32 */
	PM_EV_FAMILY = 2,		/* u16 */
	PM_EV_LOC_ID = 3,		/* u8 */
	PM_EV_REM_ID = 4,		/* u8 */
	PM_EV_SADDR4 = 5,
	PM_EV_SADDR6 = 6,
	PM_EV_DADDR4 = 7,
	PM_EV_DADDR6 = 8,
	PM_EV_SPORT = 9,		/* u16, network byte order */
	PM_EV_DPORT = 10,		/* u16, network byte order */
	PM_EV_BACKUP = 11,		/* u8 */
	PM_EV_ERROR = 12,		/* u8 */
	PM_EV_FLAGS = 13,		/* u16, pm_event_flag */
	PM_EV_IF_IDX = 15,		/* s32 */
	PM_EV_RESET_REASON = 16,	/* u32, RFC 8684 section 3.6 */
	PM_EV_RESET_FLAGS = 17,		/* u32 */
	PM_EV_SERVER_SIDE = 18,		/* u8; older than the flag */
	PM_EV_MAX = 18,
};

/* The T bit of MP_TCPRST: things may be better later. */
#define PM_RESET_TRANSIENT (1 << 0)
#define PM_RESET_PROHIBITED 3

enum pm_event_flag {			/* MPTCP_PM_EV_FLAG_... */
	PM_EV_FLAG_DENY_JOIN_ID0 = 1 << 0,
	PM_EV_FLAG_SERVER_SIDE = 1 << 1,
};

#endif
