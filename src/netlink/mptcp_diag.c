/* SPDX-License-Identifier: BSD-3-Clause */
/* Which connections and subflows there are. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#include "netlink/framing.h"
#include "netlink/mptcp_diag.h"

/* Under names of our own, however old the headers of the build host are. */
#define PROTOCOL_MPTCP 262
#define DIAG_REQ_PROTOCOL 3		/* INET_DIAG_REQ_PROTOCOL */
#define DIAG_ULP_INFO 19		/* INET_DIAG_ULP_INFO */
#define ULP_MPTCP 3			/* INET_ULP_INFO_MPTCP */

enum subflow_attr {			/* MPTCP_SUBFLOW_ATTR_... */
	SUBFLOW_TOKEN = 2,		/* TOKEN_LOC, u32 */
	SUBFLOW_FLAGS = 8,		/* u32, subflow_flag */
	SUBFLOW_REMOTE_ID = 9,		/* ID_REM, u8 */
	SUBFLOW_LOCAL_ID = 10,		/* ID_LOC, u8 */
	SUBFLOW_MAX = 10,
};

/*
 * MPTCP_SUBFLOW_FLAG_...: "here" are those called _LOC, what this end has
 * asked for, "there" those called _REM, what the peer has agreed to, or of a
 * backup, has asked for. So MPC_HERE is set at a client, JOIN_HERE at the end
 * that opened a further subflow.
 */
enum subflow_flag {
	FLAG_MPC_THERE = 1 << 0,
	FLAG_MPC_HERE = 1 << 1,
	FLAG_JOIN_THERE = 1 << 2,
	FLAG_JOIN_HERE = 1 << 3,
	FLAG_BACKUP_THERE = 1 << 4,
	FLAG_BACKUP_HERE = 1 << 5,
	FLAG_FULLY = 1 << 6,
};

/* All in which a socket has a connection, or listens. */
#define STATES (1U << TCP_ESTABLISHED | 1U << TCP_SYN_SENT | \
		1U << TCP_FIN_WAIT1 | 1U << TCP_FIN_WAIT2 | \
		1U << TCP_CLOSE_WAIT | 1U << TCP_LAST_ACK | \
		1U << TCP_CLOSING | 1U << TCP_LISTEN)

static const uint8_t mapped_prefix[12] = { [10] = 0xff, [11] = 0xff };

static struct inet_diag_req_v2 *begin(void *buf, struct nlmsghdr **ret_nlh)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct inet_diag_req_v2 *request;

	nlh->nlmsg_type = SOCK_DIAG_BY_FAMILY;
	request = mnl_nlmsg_put_extra_header(nlh, sizeof(*request));
	*ret_nlh = nlh;
	return request;
}

/* What is asked for by ULP comes only together with struct tcp_info. */
struct nlmsghdr *mptcp_diag_encode_dump(void *buf, uint8_t family)
{
	struct nlmsghdr *nlh;
	struct inet_diag_req_v2 *request = begin(buf, &nlh);

	nlh->nlmsg_flags = NLM_F_DUMP;
	request->sdiag_family = family == ANCHOR_FAMILY_INET ? AF_INET :
		AF_INET6;
	request->sdiag_protocol = IPPROTO_TCP;
	request->idiag_ext = 1 << (INET_DIAG_INFO - 1);
	request->idiag_states = STATES;
	return nlh;
}

/* Its family does not matter: the token alone is looked at. */
struct nlmsghdr *mptcp_diag_encode_conn(void *buf, uint32_t token)
{
	struct nlmsghdr *nlh;
	struct inet_diag_req_v2 *request = begin(buf, &nlh);

	request->sdiag_family = AF_INET;
	request->sdiag_protocol = PROTOCOL_MPTCP & UINT8_MAX;
	request->idiag_states = UINT32_MAX;
	request->id.idiag_cookie[0] = token;
	mnl_attr_put_u32(nlh, DIAG_REQ_PROTOCOL, PROTOCOL_MPTCP);
	return nlh;
}

static void get_addr(uint8_t family, const __be32 *words,
		     struct anchor_addr *addr, bool *mapped)
{
	const uint8_t *bytes = (const uint8_t *) words;

	*addr = (struct anchor_addr) { .family = ANCHOR_FAMILY_INET };
	if (family == AF_INET) {
		memcpy(addr->bytes, bytes, 4);
	} else if (!memcmp(bytes, mapped_prefix, sizeof(mapped_prefix))) {
		memcpy(addr->bytes, bytes + 12, 4);
		*mapped = true;
	} else {
		addr->family = ANCHOR_FAMILY_INET6;
		memcpy(addr->bytes, bytes, 16);
	}
}

/* Both ends of any socket; -ENOMSG, -EBADMSG. */
static int get_ends(const struct nlmsghdr *nlh,
		    struct core_seen_subflow *subflow)
{
	const struct inet_diag_msg *header = mnl_nlmsg_get_payload(nlh);

	if (nlh->nlmsg_type != SOCK_DIAG_BY_FAMILY)
		return -ENOMSG;

	if (!attrs_whole(nlh, sizeof(*header)))
		return -EBADMSG;

	if (header->idiag_family != AF_INET && header->idiag_family != AF_INET6)
		return -ENOMSG;

	get_addr(header->idiag_family, header->id.idiag_src,
		 &subflow->local.addr, &subflow->mapped);
	get_addr(header->idiag_family, header->id.idiag_dst,
		 &subflow->remote.addr, &subflow->mapped);
	subflow->local.port = ntohs(header->id.idiag_sport);
	subflow->remote.port = ntohs(header->id.idiag_dport);
	return 0;
}

static const struct nlattr *find_mptcp(const struct nlattr *ulp)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, ulp)
		if (mnl_attr_get_type(attr) == ULP_MPTCP)
			return attr;

	return NULL;
}

static const struct nlattr *find_info(const struct nlmsghdr *nlh)
{
	const struct nlattr *attr;

	mnl_attr_for_each(attr, nlh, sizeof(struct inet_diag_msg))
		if (mnl_attr_get_type(attr) == DIAG_ULP_INFO)
			return find_mptcp(attr);

	return NULL;
}

/* Attributes by type, each of the right size; -EBADMSG if one is not. */
static int collect(const struct nlattr *info,
		   const struct nlattr *attrs[SUBFLOW_MAX + 1])
{
	static const uint8_t sizes[SUBFLOW_MAX + 1] = {
		[SUBFLOW_TOKEN] = 4,
		[SUBFLOW_FLAGS] = 4,
		[SUBFLOW_REMOTE_ID] = 1,
		[SUBFLOW_LOCAL_ID] = 1,
	};
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, info) {
		uint16_t type = mnl_attr_get_type(attr);

		if (type > SUBFLOW_MAX || !sizes[type])
			continue;

		if (mnl_attr_get_payload_len(attr) != sizes[type])
			return -EBADMSG;

		attrs[type] = attr;
	}

	return attrs[SUBFLOW_TOKEN] && attrs[SUBFLOW_FLAGS] &&
		attrs[SUBFLOW_REMOTE_ID] && attrs[SUBFLOW_LOCAL_ID] ? 0 :
		-EBADMSG;
}

/*
 * A socket that is being closed may still be the connection's, or an orphan
 * of which SUB_CLOSED has told long ago.
 */
static enum core_seen_state get_state(uint8_t state)
{
	if (state == TCP_ESTABLISHED)
		return CORE_SEEN_UP;

	return state == TCP_SYN_SENT ? CORE_SEEN_OPENING : CORE_SEEN_ENDING;
}

static int get_subflow(const struct nlattr *info,
		       struct mptcp_diag_socket *socket)
{
	const struct nlattr *attrs[SUBFLOW_MAX + 1] = { NULL };
	struct core_seen_subflow *subflow = &socket->subflow;
	uint32_t flags;
	int err = collect(info, attrs);

	if (err < 0)
		return err;

	flags = mnl_attr_get_u32(attrs[SUBFLOW_FLAGS]);
	subflow->initial = !(flags & (FLAG_JOIN_HERE | FLAG_JOIN_THERE));

	/* The peer, or something on the way, does not speak it. */
	if (subflow->initial && !(flags & FLAG_MPC_THERE))
		return -ENOMSG;

	subflow->opened_here = flags & (subflow->initial ? FLAG_MPC_HERE :
					FLAG_JOIN_HERE);
	subflow->established = flags & FLAG_FULLY;
	subflow->backup_here = flags & FLAG_BACKUP_HERE;
	subflow->backup_peer = flags & FLAG_BACKUP_THERE;
	subflow->local_id = mnl_attr_get_u8(attrs[SUBFLOW_LOCAL_ID]);
	subflow->remote_id = mnl_attr_get_u8(attrs[SUBFLOW_REMOTE_ID]);
	socket->token = mnl_attr_get_u32(attrs[SUBFLOW_TOKEN]);
	return 0;
}

int mptcp_diag_decode(const struct nlmsghdr *nlh,
		      struct mptcp_diag_socket *ret_socket)
{
	const struct inet_diag_msg *header = mnl_nlmsg_get_payload(nlh);
	struct mptcp_diag_socket socket = { .kind = MPTCP_DIAG_SUBFLOW };
	const struct nlattr *info;
	int err = get_ends(nlh, &socket.subflow);

	if (err < 0)
		return err;

	if (header->idiag_state == TCP_LISTEN) {
		socket.kind = MPTCP_DIAG_LISTENER;
		*ret_socket = socket;
		return 0;
	}

	info = find_info(nlh);
	if (!info)
		return -ENOMSG;

	socket.subflow.state = get_state(header->idiag_state);
	err = get_subflow(info, &socket);
	if (!err)
		*ret_socket = socket;

	return err;
}

/* One that nobody has accepted yet is in no process either, but whole. */
static bool is_closed(const struct inet_diag_msg *header)
{
	return !header->idiag_inode &&
		header->idiag_state != TCP_ESTABLISHED &&
		header->idiag_state != TCP_CLOSE_WAIT &&
		header->idiag_state != TCP_SYN_RECV;
}

int mptcp_diag_decode_conn(const struct nlmsghdr *nlh,
			   struct mptcp_diag_conn *ret_conn)
{
	struct core_seen_subflow ends = { 0 };
	int err = get_ends(nlh, &ends);

	if (err < 0)
		return err;

	*ret_conn = (struct mptcp_diag_conn) {
		.local = ends.local,
		.remote = ends.remote,
		.closed = is_closed(mnl_nlmsg_get_payload(nlh)),
	};
	return 0;
}
