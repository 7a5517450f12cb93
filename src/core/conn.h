/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is known of one connection: the facts, and which commands about them
 * are under way. Events correct it here; reconcile.c compares it with what
 * should be. Private to the core.
 */
#ifndef CORE_CONN_H
#define CORE_CONN_H

#include "core/core.h"
#include "core/heap.h"

/* The last reading for a policy. */
struct reading {
	struct anchor_sample sample;
	int64_t busy_us;	/* the counter behind sample.busy */
};

/* A subflow that is established. There are many: bench/core has its size. */
struct subflow {
	struct anchor_endpoint local;
	struct anchor_endpoint remote;
	uint8_t local_id;
	uint8_t remote_id;
	uint8_t failures;	/* before it came up */
	uint8_t doubts;			/* health.c: silences that were none */
	bool initial : 1;
	bool opened_here : 1;
	bool mapped : 1;	/* IPv4 on an IPv6 socket */
	bool backup_peer : 1;	/* the peer asked us not to send here */
	bool backup_here : 1;	/* we asked the peer */
	bool busy : 1;		/* a priority command is under way */
	bool closing : 1;	/* a close command is under way */
	bool hinted : 1;	/* keepalive.c: to be read for that */
	bool instead : 1;	/* it was opened in place of a stuck one */

	/* health.c: what readings said while it was looked at. */
	bool stuck : 1;			/* at the last review */
	bool lossy : 1;			/* it loses packets all the time */
	bool single : 1;		/* one segment is under way */
	bool busy_before : 1;		/* data was, an ACK being recent */
	bool lost_before : 1;		/* many packets, by losses.since */
	uint16_t drain_ms;		/* drain.h: how long it takes, or 0 */
	struct anchor_time since;
	struct anchor_time not_before;	/* next command, after one failed */
	struct anchor_time tried;	/* keepalive.c: since when, or NEVER */
	struct anchor_time withdrawn;	/* by the peer: when to close it, if
					 * the kernel has not, or NEVER */
	uint32_t round_trip_us;		/* with its variance */
	uint32_t acked;			/* bytes, at the last reading */
	uint32_t doubted_s;		/* the second of the last one */
	uint32_t retransmitted;		/* at losses.since */
	struct losses {
		struct anchor_time since;
		uint64_t bytes;
	} losses;
	struct anchor_time silent_since;	/* or ANCHOR_NEVER */
	struct anchor_time read;	/* the last reading */
	struct anchor_time heard;	/* the last sign of life then known */

	struct reading *reading;	/* or NULL; owned */
};

/* An endpoint that the peer announced. */
struct remote {
	struct anchor_endpoint endpoint;
	uint8_t id;
	bool assumed;		/* because others of its connections heard */
};

/*
 * An entry of the kernel's list of local addresses of this connection
 * (userspace_pm_local_addr_list): an announced endpoint, or with port 0 an
 * address that subflows are opened from.
 */
struct entry {
	struct anchor_endpoint endpoint;
	uint8_t id;
	uint8_t failures;
	uint8_t repeats;	/* conn.c: how often it was said again */
	bool busy : 1;		/* an announce command is under way */
	bool confirmed : 1;	/* the kernel took it */
	bool restore : 1;	/* a close has dropped it in the kernel; of an
				 * address without a port: that may be */
	bool unheard : 1;	/* the peer may have missed it: say it again */
	bool gone : 1;		/* withdrawn, which the peer may have missed */
	struct anchor_time retry;	/* not confirmed, or unheard: when */
};

/* A pair that should be a path and is not: being opened, or waiting. */
struct attempt {
	struct anchor_addr local;
	uint8_t failures;
	struct anchor_endpoint remote;
	uint16_t error : 11;	/* of the last time */
	bool opening : 1;
	bool instead : 1;	/* of a stuck one */
	bool again : 1;		/* the same, once more */
	bool joined : 1;	/* there was one, which is lost or tried */
	bool backup : 1;
	struct anchor_time until;	/* opening: give up; else: retry */
	struct anchor_time begun;	/* the last time it was opened */
};

/* keepalive.c: what it waits for. */
enum keep {
	KEEP_NOTHING,
	KEEP_ASKED,
	KEEP_READ,
};

struct conn {
	struct conn *next;		/* in its bucket */
	struct conn *dirty_next;
	struct conn **dirty_at;		/* what points to it, NULL: not dirty */
	unsigned int heap_at;
	uint32_t token;
	struct anchor_time deadline;

	const struct core_rule *rule;
	void *memory;			/* of the rule's policy, or NULL */
	struct anchor_time sample_due;
	struct anchor_time look_due;	/* the next reading for health.c */
	struct anchor_time look_until;	/* 0: nobody has looked yet */
	struct anchor_time sent;	/* the last reading that showed data */
	struct anchor_time keep_due;	/* the next look at idle paths */
	struct anchor_endpoint local;	/* of the initial subflow */
	struct anchor_endpoint remote;
	struct anchor_time since;
	struct anchor_time incomplete;	/* since when a path is missing */
	struct anchor_time unwitnessed;	/* health.c: when one was given up
					 * while nobody else was heard */
	bool look;			/* once, whatever is known */
	bool waits;			/* counted in core->waiting */
	uint8_t keep;			/* enum keep */
	uint8_t role;			/* enum anchor_role */
	bool established : 1;		/* fully: it can be joined */
	bool deny_join_id0 : 1;
	bool busy : 1;			/* in core->busy */
	bool peer_opens : 1;		/* the peer has opened a path */

	/* sync.c */
	bool kernel : 1;		/* the kernel manages its paths */
	bool adopted : 1;		/* it was there before us */
	bool doubt : 1;			/* events about it may be lost */
	bool suspect : 1;		/* the last list says otherwise */
	bool listed : 1;		/* in the list that is being read */
	bool heard : 1;			/* of by events, since it was begun */
	bool echoing : 1;		/* the peer has announced something
					 * since the last nudge (announce.c) */

	/*
	 * There was no memory for something about it: with doubt, something
	 * is not known, until a list tells; else something was not done.
	 */
	bool starved : 1;

	struct subflow *subflows;
	struct remote *remotes;
	struct entry *entries;
	struct attempt *attempts;
	uint16_t n_subflows, cap_subflows;
	uint16_t n_remotes, cap_remotes;
	uint16_t n_entries, cap_entries;
	uint16_t n_attempts, cap_attempts;
};

struct conn *conn_new(uint32_t token);
void conn_free(struct conn *conn);

/* Gives back memory that it took at its peak; what is in it may move. */
void conn_trim(struct conn *conn);

/*
 * Sets its rule, with memory for the policy that is zero. -ENOMEM: nothing
 * has changed.
 */
int conn_set_rule(struct conn *conn, const struct core_rule *rule);

/*
 * Facts. Each returns 0, 1 if nothing changed, -ENOMEM, or -ENOSPC where
 * limits say so.
 */
int conn_announced(struct conn *conn, const struct core_limits *limits,
		   uint8_t id, const struct anchor_endpoint *endpoint);
/* The same, but nobody has heard it: it is likely. */
void conn_assume_announced(struct conn *conn, const struct core_limits *limits,
			   uint8_t id, const struct anchor_endpoint *endpoint);
bool conn_is_assumed(const struct conn *conn,
		     const struct anchor_endpoint *endpoint);
/*
 * What has been announced already: the echo was lost, or the withdrawal in
 * between was, and so was the end of all that the peer closed with it.
 */
int conn_announced_again(struct conn *conn, struct anchor_time now,
			 const struct anchor_endpoint *endpoint);
int conn_removed(struct conn *conn, struct anchor_time now, uint8_t id);
int conn_subflow_up(struct conn *conn, const struct core_limits *limits,
		    struct anchor_time now, const struct core_event *event);
int conn_subflow_priority(struct conn *conn, const struct core_event *event);

/*
 * A subflow has ended, or never came up. Returns the attempt that has failed
 * by it, or NULL: nothing that we had opened and want. One that ends sooner
 * than after stable goes on with the failures that went before it: a peer
 * that takes every path and closes it again is asked less and less often.
 */
struct attempt *conn_subflow_down(struct conn *conn, struct anchor_time now,
				  struct anchor_span stable,
				  const struct core_event *event);

struct subflow *conn_find_subflow(const struct conn *conn,
				  const struct anchor_endpoint *local,
				  const struct anchor_endpoint *remote);
void conn_drop_subflow(struct conn *conn, struct subflow *subflow);
/* Is there one with this local ID, or address? */
bool conn_uses_id(const struct conn *conn, uint8_t id);
bool conn_has_subflow_from(const struct conn *conn,
			   const struct anchor_addr *addr);

struct entry *conn_find_entry_id(const struct conn *conn, uint8_t id);
struct entry *conn_find_entry(const struct conn *conn,
			      const struct anchor_endpoint *endpoint);
/* NULL on -ENOMEM or if all IDs are taken. wish: the ID it would like. */
struct entry *conn_add_entry(struct conn *conn,
			     const struct anchor_endpoint *endpoint,
			     uint8_t wish);
/* One that the kernel has. NULL on -ENOMEM or if the ID is taken. */
struct entry *conn_put_entry(struct conn *conn,
			     const struct anchor_endpoint *endpoint,
			     uint8_t id);
/*
 * The kernel has dropped its first entry with that address, whichever it is
 * (FACTS, kernel 8). What is announced must be entered again; what subflows
 * are opened from when it is to be withdrawn, unless the next open does it.
 */
void conn_mark_restore(struct conn *conn, const struct anchor_addr *addr);
/* It has been withdrawn, to be announced again to a peer that missed it. */
void conn_note_repeated(struct entry *entry);
/* Gives it another ID, if there is one left. */
void conn_change_id(const struct conn *conn, struct entry *entry);
void conn_drop_entry(struct conn *conn, struct entry *entry);

struct attempt *conn_find_attempt(const struct conn *conn,
				  const struct anchor_addr *local,
				  const struct anchor_endpoint *remote);
struct attempt *conn_add_attempt(struct conn *conn,
				 const struct anchor_addr *local,
				 const struct anchor_endpoint *remote);
void conn_drop_attempt(struct conn *conn, struct attempt *attempt);

/*
 * Why an attempt failed: the peer answered no, or was not reached. Of what it
 * failed by here, such as lack of memory, neither is true.
 */
bool conn_was_answered(const struct attempt *attempt);
bool conn_was_not_reached(const struct attempt *attempt);

/* The attempt has failed; it may be made again at retry. */
void conn_fail_attempt(struct attempt *attempt, int error,
		       struct anchor_time retry);

#endif
