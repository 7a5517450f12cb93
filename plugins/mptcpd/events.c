/* SPDX-License-Identifier: BSD-3-Clause */
/* What mptcpd's callbacks say, as the core's events. */
#include <netinet/in.h>
#include <string.h>

#include "events.h"
#include "util/sockaddr.h"

/* IPv4 on an IPv6 socket is IPv4 to the core, as in netlink/mptcp_pm.c. */
static void unmap(struct anchor_addr *addr, bool *mapped)
{
	const struct in6_addr *in6 = (const void *) addr->bytes;

	if (addr->family != ANCHOR_FAMILY_INET6 || !IN6_IS_ADDR_V4MAPPED(in6))
		return;

	*mapped = true;
	addr->family = ANCHOR_FAMILY_INET;
	memmove(addr->bytes, addr->bytes + 12, 4);
	memset(addr->bytes + 4, 0, sizeof(addr->bytes) - 4);
}

static struct anchor_endpoint endpoint(const struct sockaddr *name,
				       bool *mapped)
{
	struct sockaddr_storage copy = { 0 };
	struct anchor_endpoint end;

	memcpy(&copy, name, name->sa_family == AF_INET6 ?
	       sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in));
	sockaddr_to(&copy, &end);
	unmap(&end.addr, mapped);
	return end;
}

struct core_event events_connection(enum core_event_type type, uint32_t token,
				    const struct sockaddr *local,
				    const struct sockaddr *remote,
				    bool server_side,
				    const bool *deny_join_id0)
{
	struct core_event event = events_subflow(type, token, local, remote);

	event.known = CORE_KNOWN_ROLE;
	event.role = server_side ? ANCHOR_ROLE_SERVER : ANCHOR_ROLE_CLIENT;
	if (deny_join_id0) {
		event.known |= CORE_KNOWN_DENY_JOIN;
		event.deny_join_id0 = *deny_join_id0;
	}

	return event;
}

struct core_event events_closed(uint32_t token)
{
	return (struct core_event) {
		.type = CORE_EVENT_CLOSED,
		.token = token,
	};
}

struct core_event events_announced(uint32_t token, uint8_t id,
				   const struct sockaddr *remote)
{
	struct core_event event = {
		.type = CORE_EVENT_ANNOUNCED,
		.token = token,
		.remote_id = id,
	};

	event.remote = endpoint(remote, &event.mapped);
	return event;
}

struct core_event events_removed(uint32_t token, uint8_t id)
{
	return (struct core_event) {
		.type = CORE_EVENT_REMOVED,
		.token = token,
		.remote_id = id,
	};
}

struct core_event events_subflow(enum core_event_type type, uint32_t token,
				 const struct sockaddr *local,
				 const struct sockaddr *remote)
{
	struct core_event event = { .type = type, .token = token };

	event.local = endpoint(local, &event.mapped);
	event.remote = endpoint(remote, &event.mapped);
	return event;
}
