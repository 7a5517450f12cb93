/* SPDX-License-Identifier: BSD-3-Clause */
/* The engine's state, shared by engine.c, which runs it, and report.c. */
#ifndef HOST_ENGINE_PRIVATE_H
#define HOST_ENGINE_PRIVATE_H

#include <ell/ell.h>

#include "host/engine.h"
#include "host/fdio.h"
#include "host/links.h"
#include "host/lister.h"
#include "host/listeners.h"
#include "host/merge.h"
#include "host/pm.h"
#include "host/sampler.h"
#include "host/watch.h"
#include "netlink/netfacts.h"

/* A link that connections move off, and its addresses. */
struct lost_link {
	char name[RTNL_NAME_MAX];
	const char *reason;
	struct anchor_time at;
	struct anchor_time last;	/* that a path was closed for it */
	unsigned int paths;		/* that were */
	size_t n_addrs;
	struct anchor_addr addrs[];
};

struct pair {
	struct anchor_addr local, remote;
};

/* Subflows closed as dead, of one pair of addresses. */
struct dead_pair {
	struct pair at;
	unsigned int n;
	struct anchor_span silent;	/* the longest */
};

/* A pair of addresses that was silent, until a path is up there again. */
struct silent_pair {
	struct pair at;
	struct anchor_time since;
};

/* Subflows that ended with an error, or never came up, of one pair. */
struct failed_pair {
	struct pair at;
	int error;			/* positive, of the last one */
	unsigned int n;			/* since the log said it last */
	struct anchor_time told;	/* 0: it has not yet */
};

#define ENGINE_EVENTS_MAX 256

struct engine {
	struct engine_options options;
	struct core_config core_config;	/* what the core has */
	struct core *core;
	struct pm *pm;
	struct merge *merge;		/* NULL: the host tells no events */
	struct sampler *sampler;
	struct watch *watch;		/* NULL: it is not wanted */
	struct l_timeout *load;		/* NULL: no policy wants it */
	struct netfacts *facts;
	struct fdio *facts_io;
	struct links *links;
	struct links_seats seats;
	struct core_local locals[ANCHOR_LOCALS_MAX];
	struct listeners *listeners;
	struct l_timeout *deadline;
	struct l_idle *more;		/* actions were left for later */
	struct l_idle *tell_synced;
	bool synced;

	/* joins.c */
	struct l_timeout *listen_again;	/* NULL: all that is to be is there */
	struct l_timeout *release;	/* of service ports no longer used */

	struct anchor_time started;
	struct l_queue *lost;	/* links not told of yet */
	struct l_queue *dead;	/* pairs not told of yet */
	struct l_queue *silent;	/* pairs told of */
	struct l_queue *broken;	/* pairs told of lately, or not yet */
	struct anchor_time limit_noted;	/* when the log said it last */

	/* upkeep.c */
	struct lister *lister;
	struct l_timeout *audit;	/* NULL: there are none */
	struct l_timeout *remember;	/* NULL: nothing is to be written */
	uint64_t remembered;	/* the version that has been */
	bool forgetful;		/* it could not be written */
	bool ready;		/* what was there is known */
	uint64_t losses;	/* of events */
	struct l_timeout *starved;	/* NULL: no event has found no memory
					 * since the last list for that */
	uint64_t audits;	/* begun */
	uint64_t adopted;	/* connections told of */
	uint64_t repairs[CORE_REPAIRS];	/* likewise */
	struct l_timeout *tick;		/* NULL: facts want none */
	struct netfacts_repairs facts_repairs;	/* told of */
	uint64_t facts_lost;		/* messages of which it was told */
	struct anchor_time facts_noted;	/* when */
	bool unknown[ENGINE_EVENTS_MAX];	/* events told of */
};

struct anchor_time engine_now(void);

/* Does what there is to do; not from within itself. */
void engine_pump(struct engine *engine);

/* Something about its links has: listeners, and what the core knows of them. */
void engine_links_changed(struct engine *engine);

/* How long an address that has come back still waits, 0 if it does not. */
int64_t engine_held_ms(const struct engine *engine,
		       const struct link_address *address);

#endif
