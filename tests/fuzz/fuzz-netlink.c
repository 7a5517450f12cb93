/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The decoders of netlink messages: bytes as they come from a socket, one
 * message behind the other. Whatever a decoder takes for good must make
 * sense to those who believe it, what it refuses must leave no trace, and
 * what is encoded from it must be whole.
 */
#include <errno.h>
#include <libmnl/libmnl.h>

#include "fuzz/fuzz.h"
#include "netlink/framing.h"
#include "netlink/linkload.h"
#include "netlink/mptcp_diag.h"
#include "netlink/mptcp_pm.h"
#include "netlink/rtnl.h"
#include "netlink/sockdiag.h"

#define UNTOUCHED 0xa5

/* 0 or 1: written; else it is as it was. */
static void check_result(int result, const void *out, size_t size)
{
	const uint8_t *bytes = out;

	if (result >= 0)
		return;

	require(result == -ENOMSG || result == -EBADMSG);
	for (size_t i = 0; i < size; i++)
		require(bytes[i] == UNTOUCHED);
}

static bool is_address(const struct anchor_addr *addr)
{
	return addr->family == ANCHOR_FAMILY_INET ||
		addr->family == ANCHOR_FAMILY_INET6;
}

static void check_message(const struct nlmsghdr *nlh, size_t room)
{
	require(nlh->nlmsg_len <= room);
	require(attrs_whole(nlh, sizeof(uint32_t)));
}

/* Every command that could follow from such an event. */
static void encode_actions(const struct core_event *event)
{
	struct core_action action = {
		.token = event->token,
		.id = event->local_id,
		.remote_id = event->remote_id,
		.local = event->local,
		.remote = event->remote,
		.mapped = event->mapped,
		.backup = event->backup,
	};
	void *buf = malloc(MPTCP_PM_MESSAGE_MAX);

	require(buf);
	for (int type = 0; type < CORE_ACTION_SAMPLE; type++) {
		action.type = (enum core_action_type) type;
		check_message(mptcp_pm_encode_action(buf, 28, &action),
			      MPTCP_PM_MESSAGE_MAX);
	}

	action.type = CORE_ACTION_SAMPLE;
	require(!mptcp_pm_encode_action(buf, 28, &action));
	require(sockdiag_encode_query(buf, &action.local, &action.remote,
				      1)->nlmsg_len <= SOCKDIAG_MESSAGE_MAX);
	free(buf);
}

static void check_event(const struct core_event *event)
{
	switch (event->type) {
	case CORE_EVENT_CREATED:
	case CORE_EVENT_ESTABLISHED:
		require(event->known & CORE_KNOWN_ROLE);
		require(is_address(&event->local.addr));
		require(is_address(&event->remote.addr));
		break;
	case CORE_EVENT_SUBFLOW_UP:
	case CORE_EVENT_SUBFLOW_DOWN:
	case CORE_EVENT_SUBFLOW_PRIORITY:
		require(is_address(&event->local.addr));
		require(is_address(&event->remote.addr));
		require(event->error >= 0 && event->error <= UINT8_MAX);
		break;
	case CORE_EVENT_ANNOUNCED:
		require(is_address(&event->remote.addr));
		break;
	case CORE_EVENT_REMOVED:
	case CORE_EVENT_CLOSED:
		require(!event->local.addr.family);
		require(!event->remote.addr.family);
		break;
	}

	encode_actions(event);
}

static void decode_event(const struct nlmsghdr *nlh)
{
	struct core_event event;
	int result;

	memset(&event, UNTOUCHED, sizeof(event));
	result = mptcp_pm_decode_event(nlh, &event);
	check_result(result, &event, sizeof(event));
	if (!result)
		check_event(&event);
}

static void decode_family(const struct nlmsghdr *nlh)
{
	struct mptcp_pm_family family;
	int result;

	memset(&family, UNTOUCHED, sizeof(family));
	result = mptcp_pm_decode_family(nlh, &family);
	check_result(result, &family, sizeof(family));
	if (!result)
		require(family.id && family.events_group);
}

static void decode_link(const struct nlmsghdr *nlh)
{
	struct rtnl_link link;
	int result;

	memset(&link, UNTOUCHED, sizeof(link));
	result = rtnl_decode_link(nlh, &link);
	check_result(result, &link, sizeof(link));
	if (result < 0)
		return;

	require(result <= 1);
	require(link.ifindex > 0);
	require(link.name[0]);
	require(memchr(link.name, '\0', sizeof(link.name)));
	require(memchr(link.kind, '\0', sizeof(link.kind)));
}

static void decode_address(const struct nlmsghdr *nlh)
{
	struct rtnl_address address;
	int result;

	memset(&address, UNTOUCHED, sizeof(address));
	result = rtnl_decode_address(nlh, &address);
	check_result(result, &address, sizeof(address));
	if (result < 0)
		return;

	require(result <= 1);
	require(address.ifindex > 0);
	require(is_address(&address.addr));
	require(address.prefixlen <= anchor_addr_bits(&address.addr));
}

static void decode_sample(const struct nlmsghdr *nlh)
{
	struct core_sample sample;
	int result;

	memset(&sample, UNTOUCHED, sizeof(sample));
	result = sockdiag_decode(nlh, &sample);
	check_result(result, &sample, sizeof(sample));
	if (result < 0)
		return;

	require(sample.rtt.us >= 0 && sample.rtt_min.us >= 0);
	require(sample.last_ack.us >= 0 && sample.last_data.us >= 0);
}

static void check_seen(const struct core_seen_subflow *subflow)
{
	require(is_address(&subflow->local.addr));
	require(is_address(&subflow->remote.addr));
	require(subflow->state <= CORE_SEEN_ENDING);
}

static void decode_socket(const struct nlmsghdr *nlh)
{
	struct mptcp_diag_socket socket;
	int result;

	memset(&socket, UNTOUCHED, sizeof(socket));
	result = mptcp_diag_decode(nlh, &socket);
	check_result(result, &socket, sizeof(socket));
	if (result < 0)
		return;

	require(socket.kind <= MPTCP_DIAG_LISTENER);
	check_seen(&socket.subflow);
}

static void decode_conn(const struct nlmsghdr *nlh)
{
	struct mptcp_diag_conn conn;
	int result;

	memset(&conn, UNTOUCHED, sizeof(conn));
	result = mptcp_diag_decode_conn(nlh, &conn);
	check_result(result, &conn, sizeof(conn));
	if (result < 0)
		return;

	require(is_address(&conn.local.addr));
	require(is_address(&conn.remote.addr));
}

static void decode_local(const struct nlmsghdr *nlh)
{
	struct core_seen_address address;
	int result;

	memset(&address, UNTOUCHED, sizeof(address));
	result = mptcp_pm_decode_addr(nlh, &address);
	check_result(result, &address, sizeof(address));
	if (result < 0)
		return;

	require(is_address(&address.endpoint.addr));
	require(address.id);
}

static void decode_load(const struct nlmsghdr *nlh)
{
	struct linkload load;
	int result;

	memset(&load, UNTOUCHED, sizeof(load));
	result = linkload_decode(nlh, &load);
	check_result(result, &load, sizeof(load));
	if (!result)
		require(load.ifindex > 0);
}

static void decode_all(const struct nlmsghdr *nlh)
{
	decode_event(nlh);
	decode_family(nlh);
	decode_link(nlh);
	decode_address(nlh);
	decode_sample(nlh);
	decode_load(nlh);
	decode_socket(nlh);
	decode_conn(nlh);
	decode_local(nlh);
	require(mptcp_pm_unknown_event(nlh) <= UINT8_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = { data, size };

	while (input.left) {
		void *rest = fuzz_exact(input.at, input.left);
		struct nlmsghdr *nlh;
		size_t len;

		if (!message_whole(rest, input.left)) {
			free(rest);
			break;
		}

		nlh = fuzz_exact(rest, ((struct nlmsghdr *) rest)->nlmsg_len);
		free(rest);
		decode_all(nlh);
		fuzz_bytes(&input, NLMSG_ALIGN(nlh->nlmsg_len), &len);
		free(nlh);
	}

	return 0;
}
