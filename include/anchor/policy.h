/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The policy module interface.
 *
 * A policy answers one question: given what one connection has and what both
 * hosts could offer it, which paths should it have? It never acts. Anchor
 * calls plan() whenever a fact about the connection has changed, a sample has
 * been taken or the time has come that plan() asked for; plan() reads a const
 * view and writes what should be; Anchor compares that with what is and
 * carries out the difference, with back-off for what fails. Asking for a path
 * that exists keeps it, asking for one that does not opens it, and not asking
 * for one closes it. So a policy must ask for the paths it wants to keep,
 * every time.
 *
 * A module exports one const descriptor named anchor_policy. This one puts
 * one path on every link whose rail the peer shares:
 *
 *	#include <anchor/policy.h>
 *
 *	static void plan(const void *instance, const struct anchor_view *view,
 *			 void *memory, struct anchor_plan *plan)
 *	{
 *		for (uint8_t l = 0; l < view->n_locals; l++)
 *			for (uint8_t r = 0; r < view->n_remotes; r++)
 *				if (anchor_view_pairs(view, l, r) &&
 *				    view->locals[l].rail ==
 *						view->remotes[r].rail)
 *					anchor_plan_path(plan, l, r, false);
 *	}
 *
 *	extern const struct anchor_policy anchor_policy;
 *	const struct anchor_policy anchor_policy = {
 *		.abi = ANCHOR_POLICY_ABI,
 *		.size = sizeof(struct anchor_policy),
 *		.name = "pairs",
 *		.summary = "every pair of addresses on one rail",
 *		.plan = plan,
 *	};
 *
 * What happens between two hosts on two rails, seen from the server:
 *
 *	plan()	no remotes yet		-> announce what is preset, no path
 *	plan()	two announced remotes	-> paths (0,0) (1,1): both are opened
 *	plan()	the same, two paths up	-> the same plan: nothing is done
 *	plan()	locals lost link 0	-> path (1,1): the other one is closed
 *
 * Built with "cc -shared -fPIC $(pkg-config --cflags anchor) -o pairs.so
 * pairs.c" and put into "pkg-config --variable=policydir anchor", it is there
 * for policy files that say "module=pairs". Both ends of a connection plan
 * for themselves; the server's side opens and closes, see anchor-modules(7).
 *
 * What a policy may remember of a connection it writes into the memory that
 * its descriptor asks for: so many bytes, zero at first, kept by Anchor as
 * long as the connection is with this module. plan() is a function of what
 * it is given, memory and view->random included, and of nothing else: no
 * clocks, no files, no globals. That is what makes it testable, and lets
 * "anchorctl explain" ask it what it would do.
 *
 * A view and its arrays live until plan() returns. An instance is made once
 * for each policy file and shared by its connections: plan() must not change
 * it. No function may block, start threads or use the host's symbols. There
 * is one thread.
 */
#ifndef ANCHOR_POLICY_H
#define ANCHOR_POLICY_H

#include <stddef.h>

#include <anchor/types.h>

#define ANCHOR_POLICY_ABI 1

/* The most a connection's memory may be, in bytes. */
#define ANCHOR_MEMORY_MAX 512

/* The most a view or a plan holds; they bound what a peer can make us do. */
#define ANCHOR_LOCALS_MAX 64
#define ANCHOR_REMOTES_MAX 64
#define ANCHOR_PATHS_MAX 64

/* The rail of an address that fits none. Rails are small numbers from 0. */
#define ANCHOR_RAIL_NONE (-1)

enum anchor_role {
	ANCHOR_ROLE_CLIENT,	/* this host sent the SYN of MP_CAPABLE */
	ANCHOR_ROLE_SERVER,
};

/* What becomes of the initial subflow once a direct path carries data. */
enum anchor_rendezvous {
	ANCHOR_RENDEZVOUS_KEEP,
	ANCHOR_RENDEZVOUS_BACKUP,	/* MP_PRIO, RFC 8684 section 3.3.8 */
	ANCHOR_RENDEZVOUS_CLOSE,
};

/*
 * What a link carries, for all who use it. Kept up to date, about once a
 * second, while a policy file's module has ANCHOR_WANTS_LOAD.
 */
struct anchor_load {
	struct anchor_time at;	/* of the reading; us 0: there is none yet */
	uint64_t speed;		/* bytes/s of the link, 0: not known
				 * (ethtool's link speed) */
	uint64_t rate_out;	/* bytes/s, IFLA_STATS_LINK_64 */
	uint64_t rate_in;
};

/* A local address that the connection could use, or uses. */
struct anchor_local {
	struct anchor_addr addr;
	const char *link;	/* interface name, "" if on no managed link */
	int ifindex;		/* 0 if on no managed link */
	int16_t rail;		/* rail number or ANCHOR_RAIL_NONE */
	bool usable;		/* on a link that is up: a path may be opened */
	struct anchor_load load;	/* of its link */
};

/* An address of the peer. */
struct anchor_remote {
	struct anchor_endpoint endpoint;
	uint8_t id;		/* address ID, RFC 8684 section 3.4.1 */
	int16_t rail;		/* rail number or ANCHOR_RAIL_NONE */
	bool usable;		/* it may be connected to */
	bool announced;		/* by the peer; else it is known by a path */
	bool initial;		/* the address the connection began at */
};

/* A subflow that exists. */
struct anchor_path {
	uint8_t local;		/* index into the view's locals */
	uint8_t remote;		/* index into the view's remotes */
	uint16_t local_port;	/* host byte order */
	uint16_t remote_port;
	bool initial;		/* the rendezvous subflow */
	bool backup;		/* either end asked for backup */
	bool opened_here;
	struct anchor_time since;
};

/*
 * How a subflow does, from the kernel's struct tcp_info (linux/tcp.h). Taken
 * while plan() asks for it (sample_every), for every subflow alike; at is 0
 * until the first one.
 */
struct anchor_sample {
	struct anchor_time at;		/* when it was taken */
	struct anchor_span interval;	/* since the one before, 0: none was */
	struct anchor_span rtt;		/* tcpi_rtt, smoothed */
	struct anchor_span rtt_min;	/* tcpi_min_rtt */
	struct anchor_span last_ack;	/* since the last ACK came in */
	struct anchor_span last_data;	/* since data was last sent */
	uint64_t delivery_rate;		/* bytes/s, tcpi_delivery_rate */
	uint64_t bytes_out;		/* acknowledged by the peer */
	uint64_t bytes_in;		/* received */
	uint64_t rate_out;		/* bytes/s of bytes_out in interval */
	uint64_t rate_in;
	uint64_t best_out;		/* the highest that was ever seen of
					 * rate_out; of this subflow */
	uint64_t best_in;
	uint32_t unacked;		/* segments on their way */
	uint32_t waiting;		/* bytes that were not sent yet */
	uint32_t retransmitted;		/* segments, ever */
	uint32_t cwnd;			/* segments */
	uint16_t busy;			/* per mille of interval with data to
					 * send (tcpi_busy_time) that the
					 * peer's window let go */
	bool app_limited;		/* delivery_rate says nothing about
					 * the path, there was no more data */
};

struct anchor_view {
	struct anchor_time now;
	uint64_t random;	/* fresh for each call, from a seeded source */
	enum anchor_role role;
	struct anchor_endpoint local;	/* of the initial subflow */
	struct anchor_endpoint remote;
	struct anchor_time since;	/* when the connection began */
	unsigned int subflows_max;	/* the limit of [limits] subflows */
	uint16_t n_rails;
	uint8_t n_locals;
	uint8_t n_remotes;
	uint8_t n_paths;
	const char *const *rails;	/* names, by rail number */
	const struct anchor_local *locals;
	const struct anchor_remote *remotes;
	const struct anchor_path *paths;
	const struct anchor_sample *samples;	/* samples[i] of paths[i] */
};

/* count subflows between one pair of addresses, on ports of their own. */
struct anchor_plan_path {
	uint8_t local;
	uint8_t remote;
	uint8_t count;
	bool backup;
	const char *why;	/* for "anchorctl explain"; a constant, or NULL */
};

/*
 * What should be. On entry: every usable local announced, no path, the
 * rendezvous as the policy file says, ask_again never, all else zero.
 */
struct anchor_plan {
	uint64_t announce;	/* bit i: announce locals[i] to this peer */
	uint64_t replace;	/* bit i: paths[i] is not one of those asked
				 * for: it is closed, and another opened if
				 * its pair's count wants one */
	enum anchor_rendezvous rendezvous;
	struct anchor_time ask_again;	/* call plan() again by then */
	struct anchor_span sample_every;	/* take samples, and call
				 * plan() with each; 0: none are needed; at
				 * least ANCHOR_SAMPLE_MIN */
	const char *why;	/* of the plan as a whole; a constant or NULL */
	uint8_t n_paths;
	struct anchor_plan_path paths[ANCHOR_PATHS_MAX];
};

/* Samples are not taken more often than this. */
#define ANCHOR_SAMPLE_MIN anchor_ms(10)

/* True if a subflow between these two addresses is possible at all. */
static inline bool anchor_view_pairs(const struct anchor_view *view,
				     uint8_t local, uint8_t remote)
{
	return view->locals[local].usable && view->remotes[remote].usable &&
		view->locals[local].addr.family ==
			view->remotes[remote].endpoint.addr.family;
}

/* Asks for one subflow; false if the plan is full. */
static inline bool anchor_plan_path(struct anchor_plan *plan, uint8_t local,
				    uint8_t remote, bool backup)
{
	if (plan->n_paths == ANCHOR_PATHS_MAX)
		return false;

	plan->paths[plan->n_paths++] = (struct anchor_plan_path) {
		.local = local,
		.remote = remote,
		.count = 1,
		.backup = backup,
	};
	return true;
}

enum anchor_option_type {
	ANCHOR_OPTION_BOOL,	/* yes or no */
	ANCHOR_OPTION_UINT,	/* min to max */
	ANCHOR_OPTION_SPAN,	/* a duration, min to max in microseconds */
	ANCHOR_OPTION_ENUM,	/* one of a NULL-terminated list of words */
	ANCHOR_OPTION_STRING,
};

/* One row for each option; value numbers are row numbers. */
struct anchor_option {
	const char *key;
	enum anchor_option_type type;
	const char *fallback;		/* as it would be written in a file */
	uint64_t min;
	uint64_t max;
	const char *const *words;
	const char *help;		/* one line */
};

/* One value for each row of the option table, in its order. */
union anchor_value {
	bool flag;
	uint64_t number;
	struct anchor_span span;
	unsigned int word;	/* index into words */
	const char *string;	/* lives as long as the instance */
};

/* What a module needs to be given; descriptor flags. */
#define ANCHOR_WANTS_LOAD (1u << 0)	/* struct anchor_load */

struct anchor_policy {
	uint32_t abi;		/* ANCHOR_POLICY_ABI */
	uint32_t size;		/* sizeof(struct anchor_policy) */
	const char *name;	/* as in module=NAME */
	const char *summary;	/* one line */
	uint32_t flags;
	uint32_t memory;	/* bytes to remember of each connection, at
				 * most ANCHOR_MEMORY_MAX; aligned for any
				 * type */
	const struct anchor_option *options;
	size_t n_options;

	/*
	 * Says whether values fit together; may be NULL. Returns 0, or
	 * -EINVAL with a reason of at most len bytes in reason.
	 */
	int (*check)(const union anchor_value *values, char *reason,
		     size_t len);

	/*
	 * Makes an instance; may be NULL if the policy has no options.
	 * Returns 0 and the instance, owned by the caller until free(), or a
	 * negative errno. values live as long as the instance.
	 */
	int (*make)(const union anchor_value *values, void **ret_instance);

	/*
	 * The policy files were read again: a connection leaves an instance
	 * for another one of this module, made from what the files say now.
	 * True if its memory means the same to the new one, or has been
	 * rewritten so that it does; false: it is set to zero. May be NULL
	 * for false. plan() is called afterwards, and what it asks for as
	 * before is left as it is.
	 */
	bool (*reconfigure)(const void *before, const void *now,
			    void *memory);

	/*
	 * Never NULL. instance is what make() returned, or NULL; memory is
	 * what this connection's plan() left there the last time, or NULL if
	 * the descriptor asks for none.
	 */
	void (*plan)(const void *instance, const struct anchor_view *view,
		     void *memory, struct anchor_plan *plan);

	void (*free)(void *instance);	/* may be NULL if make is */
};

#endif
