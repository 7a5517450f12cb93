/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The policy module interface.
 *
 * A policy answers one question: given what one connection has and what both
 * hosts could offer it, which paths should it have? It never acts and never
 * remembers what it asked for. Anchor calls plan() whenever a fact about the
 * connection has changed; plan() reads a const view and writes what should
 * be; Anchor compares that with what is and carries out the difference, with
 * back-off for what fails. Asking for a path that exists keeps it, asking for
 * one that does not opens it, and not asking for one closes it. So a policy
 * must ask for the paths it wants to keep, every time.
 *
 * A module exports one const descriptor named anchor_policy. This one puts
 * one path on every link whose rail the peer shares:
 *
 *	static void plan(const void *instance, const struct anchor_view *view,
 *			 struct anchor_plan *plan)
 *	{
 *		for (uint8_t l = 0; l < view->n_locals; l++)
 *			for (uint8_t r = 0; r < view->n_remotes; r++)
 *				if (anchor_view_pairs(view, l, r) &&
 *				    view->locals[l].rail ==
 *						view->remotes[r].rail)
 *					anchor_plan_path(plan, l, r, false);
 *	}
 *
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
 * A view and its arrays live until plan() returns. An instance is made once
 * for each policy file and shared by its connections: plan() must not change
 * it. No function may block, start threads or use the host's symbols.
 */
#ifndef ANCHOR_POLICY_H
#define ANCHOR_POLICY_H

#include <stddef.h>

#include <anchor/types.h>

#define ANCHOR_POLICY_ABI 1

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

/* A local address that the connection could use, or uses. */
struct anchor_local {
	struct anchor_addr addr;
	const char *link;	/* interface name, "" if on no managed link */
	int ifindex;		/* 0 if on no managed link */
	int16_t rail;		/* rail number or ANCHOR_RAIL_NONE */
	bool usable;		/* on a link that is up: a path may be opened */
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

struct anchor_view {
	struct anchor_time now;
	uint64_t random;	/* fresh for each call, from a seeded source */
	enum anchor_role role;
	struct anchor_endpoint local;	/* of the initial subflow */
	struct anchor_endpoint remote;
	uint16_t n_rails;
	uint8_t n_locals;
	uint8_t n_remotes;
	uint8_t n_paths;
	const struct anchor_local *locals;
	const struct anchor_remote *remotes;
	const struct anchor_path *paths;
};

/* count subflows between one pair of addresses. */
struct anchor_plan_path {
	uint8_t local;
	uint8_t remote;
	uint8_t count;
	bool backup;
};

/*
 * What should be. On entry: every usable local announced, no path, the
 * rendezvous as the policy file says, ask_again never.
 */
struct anchor_plan {
	uint64_t announce;	/* bit i: announce locals[i] to this peer */
	enum anchor_rendezvous rendezvous;
	struct anchor_time ask_again;	/* call plan() again by then */
	uint8_t n_paths;
	struct anchor_plan_path paths[ANCHOR_PATHS_MAX];
};

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

struct anchor_policy {
	uint32_t abi;		/* ANCHOR_POLICY_ABI */
	uint32_t size;		/* sizeof(struct anchor_policy) */
	const char *name;	/* as in module=NAME */
	const char *summary;	/* one line */
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
	 * Gives an instance new values; may be NULL: free() and make() then
	 * do. On an error, a negative errno, the instance is as before.
	 */
	int (*reconfigure)(void *instance, const union anchor_value *values);

	/* Never NULL. instance is what make() returned, or NULL. */
	void (*plan)(const void *instance, const struct anchor_view *view,
		     struct anchor_plan *plan);

	void (*free)(void *instance);	/* may be NULL if make is */
};

#endif
