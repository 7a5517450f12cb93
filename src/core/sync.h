/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the kernel lists, where events do not tell, or may have been lost: at
 * the start, after an overrun, and from time to time to see that all is as it
 * is believed. What is listed corrects what is, and that is all: what follows
 * from it is found by comparing, as after any event.
 *
 *	core_sync_begin(core, CORE_SYNC_START);
 *
 * Then the host reads the list. A list takes a while, and is old by the time
 * it is complete: so all events that the kernel has sent until then go to
 * core_handle() before the next is called, and win: a connection that they
 * are about is left to them.
 *
 *	for each connection in the list {
 *		if (core_sync_asks(core, &seen)) {
 *			see that it is still there, and ask for its addresses
 *			core_sync_conn(core, now, &seen);
 *		}
 *	}
 *	while (core_sync_unlisted(core, &token))
 *		if the kernel has no such connection
 *			core_sync_gone(core, now, token);
 *
 *	if (core_sync_end(core))
 *		begin again, soon
 *
 * Between the calls everything else goes on. An audit repairs only what two
 * lists in a row agree upon: an event may be a little later than the socket
 * it is about.
 */
#ifndef CORE_SYNC_H
#define CORE_SYNC_H

#include "core/core.h"

enum core_sync_kind {
	CORE_SYNC_START,	/* connections made before are adopted */
	CORE_SYNC_LOSS,		/* after core_events_lost() */
	CORE_SYNC_AUDIT,
};

/* A connection as the kernel lists it. */
struct core_seen {
	uint32_t token;
	enum anchor_role role;
	struct anchor_endpoint local;	/* of the initial subflow */
	struct anchor_endpoint remote;
	const struct core_seen_subflow *subflows;
	size_t n_subflows;
	bool kernel;		/* it has the kernel's own path manager */
	bool addresses_known;	/* else: by its subflows */
	const struct core_seen_address *addresses;
	size_t n_addresses;
};

/*
 * Events have been lost: no connection opens a path before it has been
 * compared with a list again, for it may be there already.
 */
void core_events_lost(struct core *core);

void core_sync_begin(struct core *core, enum core_sync_kind kind);

/* Is it known, or wanted? Its addresses do not matter yet. */
bool core_sync_asks(const struct core *core, const struct core_seen *seen);

/* Returns 0, -ENOMEM, or -ENOSPC if a limit was met. */
int core_sync_conn(struct core *core, struct anchor_time now,
		   const struct core_seen *seen);

/* One that core_sync_conn() was not called for; each once. */
bool core_sync_unlisted(struct core *core, uint32_t *ret_token);
void core_sync_gone(struct core *core, struct anchor_time now,
		    uint32_t token);

/* True if something was in flux: it should be done again. Ends some time. */
bool core_sync_end(struct core *core);

/*
 * Instead of it: the list could not be read whole, so from what it lacks
 * nothing follows, and what is in doubt stays so. It is to be read again; who
 * cannot, ends it after all, and what was believed is believed again.
 */
void core_sync_fail(struct core *core);

/*
 * What peers announce is not listed anywhere: it is to be kept across
 * restarts. Given back before the first core_sync_begin(). The version
 * changes with it.
 */
typedef void (*core_peer_cb)(const struct anchor_addr *peer, uint8_t id,
			     const struct anchor_endpoint *endpoint,
			     void *data);
void core_each_peer(const struct core *core, core_peer_cb cb, void *data);
uint64_t core_peers_version(const struct core *core);
void core_remember_peer(struct core *core, const struct anchor_addr *peer,
			uint8_t id, const struct anchor_endpoint *endpoint);

#endif
