/* SPDX-License-Identifier: BSD-3-Clause */
/* How a TCP socket does. */
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "netlink/framing.h"
#include "netlink/sockdiag.h"

/* TCP_ESTABLISHED: <netinet/tcp.h> has it, and another struct tcp_info. */
#define ESTABLISHED 1

struct nlmsghdr *sockdiag_encode_query(void *buf,
				       const struct anchor_endpoint *local,
				       const struct anchor_endpoint *remote,
				       int ifindex)
{
	bool inet = local->addr.family == ANCHOR_FAMILY_INET;
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct inet_diag_req_v2 *request;

	nlh->nlmsg_type = SOCK_DIAG_BY_FAMILY;
	request = mnl_nlmsg_put_extra_header(nlh, sizeof(*request));
	request->sdiag_family = inet ? AF_INET : AF_INET6;
	request->sdiag_protocol = IPPROTO_TCP;
	request->idiag_ext = 1 << (INET_DIAG_INFO - 1);
	request->idiag_states = UINT32_MAX;
	request->id.idiag_sport = htons(local->port);
	request->id.idiag_dport = htons(remote->port);
	memcpy(request->id.idiag_src, local->addr.bytes, inet ? 4 : 16);
	memcpy(request->id.idiag_dst, remote->addr.bytes, inet ? 4 : 16);
	request->id.idiag_if = (uint32_t) ifindex;
	request->id.idiag_cookie[0] = INET_DIAG_NOCOOKIE;
	request->id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
	return nlh;
}

static struct anchor_span milliseconds(uint32_t ms)
{
	return anchor_ms(ms);
}

static struct core_sample sample_of(const struct tcp_info *info)
{
	uint64_t busy = info->tcpi_busy_time;
	uint64_t limited = info->tcpi_rwnd_limited;

	return (struct core_sample) {
		.rtt = anchor_us(info->tcpi_rtt),
		.rtt_var = anchor_us(info->tcpi_rttvar),
		.rtt_min = anchor_us(info->tcpi_min_rtt),
		.last_ack = milliseconds(info->tcpi_last_ack_recv),
		.last_data = milliseconds(info->tcpi_last_data_sent),
		.last_data_in = milliseconds(info->tcpi_last_data_recv),
		.busy = anchor_us((int64_t) (busy > limited ? busy - limited :
					     0)),
		.delivery_rate = info->tcpi_delivery_rate,
		.bytes_out = info->tcpi_bytes_acked,
		.bytes_in = info->tcpi_bytes_received,
		.unacked = info->tcpi_unacked,
		.retransmitted = info->tcpi_total_retrans,
		.cwnd = info->tcpi_snd_cwnd,
		.waiting = info->tcpi_notsent_bytes,
		.app_limited = info->tcpi_delivery_rate_app_limited,
		.ending = info->tcpi_state != ESTABLISHED,
	};
}

int sockdiag_decode(const struct nlmsghdr *nlh,
		    struct core_sample *ret_sample)
{
	const struct inet_diag_msg *header = mnl_nlmsg_get_payload(nlh);
	struct tcp_info info = { 0 };
	const struct nlattr *attr;
	bool found = false;

	if (nlh->nlmsg_type != SOCK_DIAG_BY_FAMILY)
		return -ENOMSG;

	if (!attrs_whole(nlh, sizeof(*header)))
		return -EBADMSG;

	/* A listener, whose figures are of another kind. */
	if (!header->id.idiag_dport)
		return -EBADMSG;

	mnl_attr_for_each(attr, nlh, sizeof(*header)) {
		size_t len = mnl_attr_get_payload_len(attr);

		if (mnl_attr_get_type(attr) != INET_DIAG_INFO)
			continue;

		memcpy(&info, mnl_attr_get_payload(attr),
		       len < sizeof(info) ? len : sizeof(info));
		found = len > 0;
	}

	if (!found)
		return -EBADMSG;

	*ret_sample = sample_of(&info);
	return 0;
}
