/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is around a fuzzed core: links, a kernel and peers, as far as the core
 * can tell, on virtual time.
 *
 * The world carries out what the core asks for, as its fates say, and tells
 * it what came of it: at once, or when it is asked to, as a busy kernel and a
 * busy host would. It requires of every action what the core promises:
 *
 *	- an address that is announced, or opened from, is one of a link
 *	  that is up, and a path leads to where the plan says
 *	- of ours there is no path more between two endpoints than the plan
 *	  asks for, and none is opened while one is being opened
 *	- the last subflow is never closed
 *	- no two commands are under way about one thing
 *	- what follows from one event is bounded
 *	- where events may have been lost nothing is opened before a list is
 *	  compared; then it knows what there is, and where nothing was lost
 *	  a list changes nothing
 *	- the same where memory was short (scarce.h); when it is back, and a
 *	  list has been read, there is nothing left of that
 *	- at rest there is what the plan asks for
 *
 *	world_new(&world);
 *	world_tell_...(&world, ...);
 *	world_drain(&world);		after each of them
 *	world_free(&world);
 */
#ifndef TESTS_CORE_WORLD_H
#define TESTS_CORE_WORLD_H

#include "core/core.h"
#include "core/sync.h"
#include "fuzz/core-rules.h"

#define WORLD_CONNS 4
#define WORLD_CONNS_MAX 3	/* the limit */
#define WORLD_SUBFLOWS_MAX 6	/* the limit */
#define WORLD_SUBS 16
#define WORLD_LOCALS 4
#define WORLD_QUEUE 64
#define WORLD_OPENS 32
#define WORLD_ADDRESSES 16

struct sub {
	bool up;
	bool told;		/* the core has been told of it */
	bool known;		/* and counts it */
	bool believed;		/* now that it has compared a list */
	bool ours;
	bool closing;		/* the core has asked for it */
	bool busy;		/* a priority command is under way */
	bool backup_here, backup_peer;
	struct anchor_endpoint local, remote;
	struct core_sample sample;
};

/* An OPEN that has not ended. */
struct opening {
	struct anchor_endpoint local, remote;
	struct anchor_time until;	/* then it may be tried again */
};

/* A subflow as the core knew it when it asked for the last plan. */
struct seen {
	struct anchor_endpoint local, remote;
	bool ours;
	bool replaced;		/* the plan wants another one for it */
	bool closing;		/* already then, or by an action since */
};

struct wish {
	struct anchor_addr local;
	struct anchor_endpoint remote;
	unsigned int count;
	unsigned int there;	/* were, when the plan was made */
};

struct world_conn {
	bool alive;
	bool known;
	bool full;		/* established; the core knows if it is: */
	bool established;
	bool kernel;		/* the core leaves it to the kernel */
	bool doubt;		/* events of it may be lost: open nothing */
	bool refused;		/* one was, since all actions were taken */
	enum anchor_role role;
	struct sub subs[WORLD_SUBS];
	struct opening openings[WORLD_OPENS];
	size_t n_openings;
	struct core_seen_address addresses[WORLD_ADDRESSES];
	size_t n_addresses;

	/*
	 * The last plan, and what it was made of. Actions follow from these,
	 * whatever is told while they are carried out.
	 */
	struct wish wishes[ANCHOR_PATHS_MAX];
	struct seen seen[ANCHOR_PATHS_MAX];
	size_t n_wishes, n_seen;
};

enum open_fate {
	OPEN_COMES_UP,
	OPEN_UNREACHABLE,	/* the command fails */
	OPEN_NOT_READY,		/* EINVAL: not accepted yet */
	OPEN_VANISHES,		/* nothing is heard of it */
	OPEN_REFUSED,
	OPEN_PROHIBITED,
	OPEN_FATES,
};

enum sample_fate {
	SAMPLE_NONE,
	SAMPLE_WELL,
	SAMPLE_SILENT,
	SAMPLE_HALF_SILENT,	/* on links of even number */
	SAMPLE_IDLE,
	SAMPLE_NONSENSE,
	SAMPLE_FATES,
};

/* An action whose result the core has not been told yet. */
struct result {
	struct core_action action;
	int error;
};

/* A connection in a list, as it was when that was begun. */
struct listed {
	bool there;
	struct core_seen seen;
	struct core_seen_subflow subflows[WORLD_SUBS + WORLD_OPENS];
};

enum unheard {
	UNHEARD_END,
	UNHEARD_ESTABLISHED,
	UNHEARD_JOIN,
	UNHEARD_KINDS,
};

struct world {
	struct core *core;
	struct anchor_time now;
	const struct rules *rules;
	struct core_config config[2];	/* one of them is in use */
	unsigned int rule, used;
	struct anchor_prefix rendezvous[2];
	struct core_local locals[WORLD_LOCALS];
	bool link_up[WORLD_LOCALS];
	struct world_conn conns[WORLD_CONNS];
	uint16_t port;			/* the last that was used */

	enum open_fate open_fate;
	int error;			/* of all other commands */
	enum sample_fate sample_fate;
	struct anchor_time sample_since;
	bool hold_results, hold_events;
	struct result results[WORLD_QUEUE];
	struct core_event events[WORLD_QUEUE];
	size_t n_results, n_events;

	bool moved;			/* a path was opened or closed */
	bool listing;			/* a list is being read */
	bool list_addresses;
	enum core_sync_kind list_kind;
	struct listed listed[WORLD_CONNS];
	bool quiet;			/* nothing was told since it began */
	bool lost;			/* something was not told, ever */
	bool silent_loss;		/* and not that it was not */
	unsigned long failed;		/* allocations, as far as noted */
	bool starved;			/* some have failed, ever */
	bool wants_list;		/* an event was refused for it */
	bool trace;			/* FUZZ_TRACE: say what happens */
};

void world_new(struct world *world);
void world_free(struct world *world);

/* Facts; what makes no sense now is left out. */
void world_begin(struct world *world, unsigned int c, enum anchor_role role);
void world_establish(struct world *world, unsigned int c);
void world_end(struct world *world, unsigned int c);
void world_announce(struct world *world, unsigned int c, uint8_t id,
		    unsigned int rail, unsigned int port);
void world_remove(struct world *world, unsigned int c, uint8_t id);
void world_join(struct world *world, unsigned int c, unsigned int local,
		unsigned int rail);
void world_sub_ends(struct world *world, unsigned int c, unsigned int i,
		    int error, bool prohibited);
void world_priority(struct world *world, unsigned int c, unsigned int i,
		    bool backup);
void world_toggle_link(struct world *world, unsigned int local);
void world_reload(struct world *world, unsigned int rule);
void world_set_samples(struct world *world, enum sample_fate fate);

/* The oldest of what is held comes. */
void world_release_result(struct world *world);
void world_release_event(struct world *world);

/*
 * core-lists.c. The oldest event that is held is lost, and nobody knows, or
 * all are, and the core is told so, or something happens that is never told.
 */
void world_deceive(struct world *world);
void world_lose_event(struct world *world);
void world_lose_events(struct world *world);
void world_happen_unheard(struct world *world, unsigned int c,
			  enum unheard what);

/* The kernel lists what there is, and later the core is handed the list. */
void world_begin_list(struct world *world, enum core_sync_kind kind,
		      bool addresses);
void world_end_list(struct world *world);
/* It cannot be read, and is begun again. */
void world_fail_list(struct world *world);

/* What a peer has announced before, where it is now or was. */
void world_remember(struct world *world, uint8_t id, unsigned int rail,
		    unsigned int port);

/* Another core finds what there is, which the links alone have outlived. */
void world_restart(struct world *world);
void world_new_core(struct world *world);

/* The peer joins, somewhere; that is not told. */
void world_hold_join(struct world *world, unsigned int c);

/* If allocations have failed: what the core shows is what it knows. */
void world_note_scarcity(struct world *world);

/* Time passes; what is due is done. */
void world_wait(struct world *world, struct anchor_span span);
void world_wait_deadline(struct world *world);

void world_drain(struct world *world);

/* What the core shows is what it has been told. */
void world_compare(struct world *world);

/*
 * core-kernel.c: carries an action out. Returns how it ended, as
 * core_result() takes it.
 */
int kernel_carry_out(struct world *world, const struct core_action *action);

/* A result has been told: what was under way is so no longer. */
void kernel_note_result(struct world *world, const struct result *result);

/* An event is told now, or when it is released. */
void world_tell(struct world *world, const struct core_event *event);
void world_tell_later(struct world *world, const struct core_event *event);
struct core_event world_event(const struct world *world,
			      enum core_event_type type, unsigned int c);
void world_forget(struct world *world, unsigned int c);
bool world_usable(const struct world *world, const struct anchor_addr *addr);
/* Those between these two that we opened, as far as it has been told. */
unsigned int world_count_there(const struct world_conn *conn,
			       const struct wish *wish);
struct sub *world_find_sub(struct world *world, unsigned int c,
			   const struct anchor_endpoint *local,
			   const struct anchor_endpoint *remote);
/* NULL if there are too many. */
struct sub *world_add_sub(struct world *world, unsigned int c, bool ours,
			  const struct anchor_endpoint *local,
			  const struct anchor_endpoint *remote);

/* Everything goes well from now on, and nothing new happens. */
void world_settle(struct world *world);

#endif
