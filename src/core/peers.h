/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What peers announce, by peer. The kernel keeps no list of it, and a peer
 * announces the same on each of its connections: so a connection whose
 * announcements nobody has heard, or remembers, is taken to have got what
 * others of that peer have. Where that is wrong the peer refuses a path. And
 * who opens paths for one of its clients does for all.
 * Private to the core; core/sync.h is how a host keeps it across restarts.
 */
#ifndef CORE_PEERS_H
#define CORE_PEERS_H

#include "core/conn.h"

#define PEERS_MAX 4096
#define PEERS_ENDPOINTS_MAX 32

struct peer {
	struct anchor_addr addr;	/* its end of initial subflows */
	uint64_t used;			/* the clock then */
	struct remote *remotes;
	unsigned int n_remotes, cap_remotes;
	bool opens;			/* as a server: paths, itself */
};

struct peers {
	struct peer *items;		/* sorted by address */
	unsigned int n, cap;
	uint64_t clock;
	uint64_t version;		/* counts changes */
};

/* Without memory it is not learned. */
void peers_learn(struct peers *peers, const struct anchor_addr *addr,
		 uint8_t id, const struct anchor_endpoint *endpoint);
void peers_forget(struct peers *peers, const struct anchor_addr *addr,
		  uint8_t id);
/* Of one that nothing is known of it is not kept. */
void peers_note_opens(struct peers *peers, const struct anchor_addr *addr,
		      bool opens);
const struct peer *peers_find(const struct peers *peers,
			      const struct anchor_addr *addr);
void peers_clear(struct peers *peers);

#endif
