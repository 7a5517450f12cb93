/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The network namespace's TCP counters, which are cheap enough to be read
 * many times a second: a loss probe is sent some two round trips after an
 * acknowledgment is overdue, long before a retransmission times out.
 *
 * From /proc/net/netstat and /proc/net/snmp (proc(5); names: net/ipv4/proc.c of
 * the kernel), of the namespace that the process is in, for IPv4 and IPv6.
 */
#ifndef HOST_TCPSTATS_H
#define HOST_TCPSTATS_H

#include <stdint.h>

struct tcpstats;

struct tcpstats_values {
	uint64_t alarms;	/* TCPLossProbes and TCPTimeouts together */
	uint64_t segments;	/* OutSegs, which counts none that are sent
				 * again, and RetransSegs: is there traffic? */
};

/* Returns 0, a negative errno, or -ENOENT if the kernel does not count so. */
int tcpstats_new(struct tcpstats **ret_stats);
void tcpstats_free(struct tcpstats *stats);

/*
 * Returns 0 or a negative errno. Where no segment has left since the last
 * time, there was no alarm either, and the longer file of the two is not read.
 */
int tcpstats_read(struct tcpstats *stats,
		  struct tcpstats_values *ret_values);

/*
 * Where the counters are in a text like both of them; for tcpstats_new(), and
 * for tests. Returns 0 or -ENOENT.
 */
struct tcpstats_places {
	unsigned int probes, timeouts;	/* columns of TcpExt, from 1 */
	unsigned int sent, resent;	/* of Tcp */
};
int tcpstats_find(const char *text, struct tcpstats_places *ret_places);

/* Each returns 0, or -EBADMSG for a text that lacks them. */
int tcpstats_parse_alarms(const char *text,
			  const struct tcpstats_places *places,
			  uint64_t *ret_alarms);
int tcpstats_parse_segments(const char *text,
			    const struct tcpstats_places *places,
			    uint64_t *ret_segments);

#endif
