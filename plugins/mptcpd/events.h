/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What mptcpd's callbacks say, as the core's events.
 *
 * Addresses are struct sockaddr_in or sockaddr_in6, in network byte order,
 * and belong to mptcpd. Only what can be trusted is marked as known: mptcpd
 * 0.12, 0.13 and the development head pass the truth of a pointer for the
 * backup flag of a subflow, and neither address IDs nor errors. The engine
 * completes them (host/merge.h).
 */
#ifndef MPTCPD_EVENTS_H
#define MPTCPD_EVENTS_H

#include <sys/socket.h>

#include "core/core.h"

/*
 * CREATED or ESTABLISHED. deny_join_id0 is NULL from an mptcpd that does not
 * tell.
 */
struct core_event events_connection(enum core_event_type type, uint32_t token,
				    const struct sockaddr *local,
				    const struct sockaddr *remote,
				    bool server_side,
				    const bool *deny_join_id0);

struct core_event events_closed(uint32_t token);
struct core_event events_announced(uint32_t token, uint8_t id,
				   const struct sockaddr *remote);
struct core_event events_removed(uint32_t token, uint8_t id);

/* SUBFLOW_UP, SUBFLOW_DOWN or SUBFLOW_PRIORITY. */
struct core_event events_subflow(enum core_event_type type, uint32_t token,
				 const struct sockaddr *local,
				 const struct sockaddr *remote);

#endif
