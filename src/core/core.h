/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The core: facts in, actions out.
 *
 * The core knows what is (links, connections, subflows, announcements), asks
 * a policy what should be, and hands out the least actions that make the one
 * into the other. It does no I/O, reads no clock and keeps no global: the
 * host tells it facts and the time, carries the actions out, and reports how
 * each ended.
 *
 *	struct core *core = core_new(&config, seed);
 *
 *	core_set_host(core, now, &host);	whenever links change
 *	core_handle(core, now, &event);		for every kernel event
 *
 *	while (core_take_action(core, now, &action))	after either
 *		carry it out, later: core_result(core, now, &action, error);
 *
 *	core_expire(core, now);			at core_next_deadline(core)
 *
 * Facts only mark connections; core_take_action() does the comparing, one
 * connection at a time, so a host that can take no more commands just stops
 * taking, and nothing queues up behind it.
 *
 * Everything a peer can make grow is bounded by struct core_limits.
 */
#ifndef CORE_CORE_H
#define CORE_CORE_H

#include <anchor/policy.h>

struct core;

/*
 * A bound that is met is counted in core_stats and never fatal: the event is
 * dropped, or the subflow closed.
 */
struct core_limits {
	unsigned int connections;
	unsigned int subflows;		/* of one connection, whoever opened */
	unsigned int announced;		/* by the peer, of one connection */
};

struct core_timers {
	struct anchor_span grace;	/* client waits for server's joins */
	struct anchor_span connect;	/* a subflow that does not come up */
	struct anchor_span retry_min;	/* back-off after a failure */
	struct anchor_span retry_max;
	bool retry_refused;		/* also what the peer has refused */
	struct anchor_span hold_min;	/* an address that has come back */
	struct anchor_span keep_alive;	/* of idle paths, 0: none */
	struct anchor_span hold_max;	/* waits; one that flaps, longer */
};

/* Which connections a rule is for; an empty list fits everything. */
struct core_match {
	const struct anchor_prefix *peers;
	size_t n_peers;
	const struct anchor_prefix *rendezvous;	/* our end */
	size_t n_rendezvous;
	const struct core_port_range {
		uint16_t first, last;
	} *ports;				/* the server's port */
	size_t n_ports;
	bool client, server;			/* both false: either */
};

/* The first rule that fits a connection decides. Not copied. */
struct core_rule {
	const char *name;		/* of its policy file, or "built-in" */
	struct core_match match;
	const struct anchor_policy *policy;
	const union anchor_value *values;	/* of the policy's options */
	void *instance;			/* made from values */
	enum anchor_rendezvous rendezvous;
};

/* Which connections are managed at all. Not copied. */
struct core_scope {
	bool all;			/* also those at no rendezvous address */
	const struct anchor_prefix *peers;	/* or whose peer is in these */
	size_t n_peers;
};

struct core_config {
	struct core_limits limits;
	struct core_timers timers;
	struct core_scope scope;
	const struct core_rule *rules;	/* the last one must fit everything */
	size_t n_rules;
};

#define CORE_RAILS_MAX 64
#define CORE_PLACES_MAX 256

/* One usable link address. */
struct core_local {
	struct anchor_addr addr;
	const char *link;	/* interface name; lives until the next set */
	int ifindex;
	int16_t rail;
	uint16_t join_port;	/* of our join listener, 0: not announced */
	bool bare;		/* it can only be announced without a port */
	uint8_t id;		/* address ID to prefer, 1-127: it should stay
				 * the same while the link comes and goes */
	struct anchor_load load;	/* core_set_load() brings it up to
					 * date; zero: as it was told last */
};

/* A rail, with the prefixes the configuration gives its peers' addresses. */
struct core_rail {
	const char *name;
	const struct anchor_prefix *prefixes;
	size_t n_prefixes;
};

/*
 * An address of ours that tells where peers' addresses like it are, whether
 * its link is up or not: where the peer is does not change with our links.
 */
struct core_place {
	struct anchor_addr addr;
	int16_t rail;		/* or ANCHOR_RAIL_NONE: it had one, which is
				 * no more */
};

/*
 * The host's side of the facts, given whole each time. It is copied, but for
 * the strings and prefixes, which must live until the next call.
 */
struct core_host {
	const struct core_local *locals;	/* at most ANCHOR_LOCALS_MAX */
	size_t n_locals;
	const struct core_place *places;	/* of links that are down,
						 * too; may be none */
	size_t n_places;		/* at most CORE_PLACES_MAX */
	const struct core_rail *rails;
	size_t n_rails;
	const struct anchor_prefix *rendezvous;
	size_t n_rendezvous;
};

enum core_event_type {
	CORE_EVENT_CREATED,		/* MPTCP_EVENT_CREATED */
	CORE_EVENT_ESTABLISHED,		/* fully established: may be joined */
	CORE_EVENT_CLOSED,
	CORE_EVENT_ANNOUNCED,		/* the peer's ADD_ADDR */
	CORE_EVENT_REMOVED,		/* the peer's RM_ADDR */
	CORE_EVENT_SUBFLOW_UP,
	CORE_EVENT_SUBFLOW_DOWN,
	CORE_EVENT_SUBFLOW_PRIORITY,	/* the peer's MP_PRIO */
};

/* Which of an event's fields its source knew. */
enum core_known {
	CORE_KNOWN_ROLE = 1 << 0,
	CORE_KNOWN_DENY_JOIN = 1 << 1,
	CORE_KNOWN_IDS = 1 << 2,
	CORE_KNOWN_BACKUP = 1 << 3,
	CORE_KNOWN_ERROR = 1 << 4,
	CORE_KNOWN_OPENER = 1 << 5,
};

struct core_event {
	enum core_event_type type;
	unsigned int known;		/* enum core_known */
	uint32_t token;			/* of this end */
	struct anchor_endpoint local;
	struct anchor_endpoint remote;	/* ANNOUNCED: the announced one */
	bool mapped;			/* IPv4 on an IPv6 socket */
	enum anchor_role role;
	bool deny_join_id0;		/* the C flag, RFC 8684 section 3.1 */
	uint8_t local_id;
	uint8_t remote_id;		/* ANNOUNCED, REMOVED: the address ID */
	bool backup;			/* the peer wants backup */
	bool opened_here;		/* else by the peer */
	int error;			/* positive errno of a closed subflow */
	bool prohibited;		/* SUBFLOW_DOWN: reset for good, as
					 * "administratively prohibited"
					 * (RFC 8684 section 3.6) */
};

enum core_action_type {
	CORE_ACTION_ANNOUNCE,
	CORE_ACTION_WITHDRAW,
	CORE_ACTION_OPEN,
	CORE_ACTION_CLOSE,
	CORE_ACTION_DEMOTE,
	CORE_ACTION_PROMOTE,
	CORE_ACTION_SAMPLE,		/* answered by core_sample() */
};

/* Why an action was taken, for the log. */
enum core_reason {
	CORE_REASON_PLAN,		/* the policy asked for it */
	CORE_REASON_LINK,		/* the local address is not usable */
	CORE_REASON_REPEAT,		/* a withdrawal may have been lost */
	CORE_REASON_SURPLUS,		/* the policy does not ask for it */
	CORE_REASON_REPLACED,		/* the policy wants another instead */
	CORE_REASON_STUCK,		/* in place of one that is silent */
	CORE_REASON_DEAD,		/* it is silent, and so is a new one */
	CORE_REASON_STRANDED,		/* it is silent, a new one is not */
	CORE_REASON_KEEPALIVE,		/* in place of one that is idle */
	CORE_REASON_RENEWED,		/* which is there now */
	CORE_REASON_WITHDRAWN,		/* the peer has withdrawn the address */
	CORE_REASON_LOOK,		/* it may be silent */
	CORE_REASON_LIMIT,		/* more than the limits allow */
	CORE_REASON_RESTORE,		/* a close dropped the kernel's entry */
	CORE_REASON_UNHEARD,		/* the peer seems to have missed it */
	CORE_REASON_DIRECT,		/* a direct path carries the data */
	CORE_REASON_ALONE,		/* no direct path carries the data */
	CORE_REASON_NUDGE,		/* so that an announcement or a
					 * withdrawal leaves */
};

struct core_action {
	enum core_action_type type;
	enum core_reason reason;
	uint32_t token;
	uint8_t id;			/* local address ID */
	uint8_t remote_id;
	struct anchor_endpoint local;	/* OPEN: port 0; ANNOUNCE: join port */
	struct anchor_endpoint remote;
	int ifindex;			/* ANNOUNCE, OPEN, SAMPLE */
	bool backup;			/* OPEN */
	bool bare;			/* ANNOUNCE: do not tell the port; the
					 * host listens at it first */
	bool mapped;			/* CLOSE, DEMOTE, PROMOTE */
	struct anchor_span silent;	/* CLOSE as dead: for how long */
};

/* What a list of the kernel's corrected (core/sync.h). */
enum core_repair {
	CORE_REPAIR_CONN_MISSED,
	CORE_REPAIR_CONN_GONE,
	CORE_REPAIR_SUBFLOW_MISSED,
	CORE_REPAIR_SUBFLOW_GONE,
	CORE_REPAIR_BACKUP,
	CORE_REPAIR_ANNOUNCED,
	CORE_REPAIR_STATE,		/* that it is established */
	CORE_REPAIRS,
};

struct core_stats {
	uint64_t events;
	uint64_t actions;
	uint64_t failed;		/* actions that ended with an error */
	uint64_t ignored;		/* connections that are not ours */
	uint64_t over_limit;		/* events or subflows refused */
	uint64_t dead;			/* subflows closed as dead */
	uint64_t adopted;		/* connections made before the start */
	uint64_t repairs[CORE_REPAIRS];	/* after that, by kind */
	unsigned int connections;
	unsigned int kernel;		/* of these, left to the kernel */
	unsigned int paths;		/* subflows but the initial ones */
	unsigned int plans_bad;		/* plan items refused */
};

/* What the kernel's counters of a subflow say, raw (struct tcp_info). */
struct core_sample {
	struct anchor_span rtt, rtt_min;	/* tcpi_rtt, tcpi_min_rtt */
	struct anchor_span rtt_var;		/* tcpi_rttvar */
	struct anchor_span last_ack;		/* tcpi_last_ack_recv */
	struct anchor_span last_data;		/* tcpi_last_data_sent */
	struct anchor_span last_data_in;	/* tcpi_last_data_recv */
	struct anchor_span busy;		/* tcpi_busy_time less
						 * tcpi_rwnd_limited, ever */
	uint64_t delivery_rate;			/* bytes/s */
	uint64_t bytes_out, bytes_in;		/* tcpi_bytes_acked,
						 * tcpi_bytes_received */
	uint32_t unacked, retransmitted, cwnd;	/* segments */
	uint32_t waiting;			/* tcpi_notsent_bytes */
	bool app_limited;
	bool ending;				/* tcpi_state is no longer
						 * TCP_ESTABLISHED */
};

/* What the kernel lists of a subflow, for core_sync_conn(). */
enum core_seen_state {
	CORE_SEEN_UP,
	CORE_SEEN_OPENING,		/* it has not been answered yet */
	CORE_SEEN_ENDING,		/* an event tells, or has told, of it */
};

struct core_seen_subflow {
	struct anchor_endpoint local;
	struct anchor_endpoint remote;
	enum core_seen_state state;
	uint8_t local_id;
	uint8_t remote_id;
	bool initial;
	bool established;		/* fully, if it is the initial one */
	bool opened_here;
	bool mapped;			/* IPv4 on an IPv6 socket */
	bool backup_here;		/* we asked the peer */
	bool backup_peer;		/* the peer asked us */
};

/* An entry of the kernel's list of local addresses of a connection. */
struct core_seen_address {
	struct anchor_endpoint endpoint;	/* port 0: it has none */
	uint8_t id;
	bool announced;
};

/* NULL on lack of memory. config is kept, not copied. */
struct core *core_new(const struct core_config *config, uint64_t seed);
void core_free(struct core *core);

/*
 * Another configuration from now on; the old one, its rules and instances
 * are no longer used afterwards. Each connection is given the first rule
 * that fits it; one that is no longer to be managed is left as it is and
 * forgotten. Returns 0 and how many connections have another policy or other
 * options than before, or -ENOMEM and nothing has changed.
 */
int core_set_config(struct core *core, const struct core_config *config,
		    unsigned int *ret_moved);

/*
 * Returns 0; -EINVAL for more locals than ANCHOR_LOCALS_MAX, rails than
 * CORE_RAILS_MAX or places than CORE_PLACES_MAX.
 */
int core_set_host(struct core *core, struct anchor_time now,
		  const struct core_host *host);

/*
 * Until when an address of the host waits before it is used again, by
 * timers.hold_min; not after now if it does not wait.
 */
struct anchor_time core_held_until(const struct core *core,
				   const struct core_local *local);

/* What a link carries. No reason to compare anything. */
void core_set_load(struct core *core, int ifindex,
		   const struct anchor_load *load);

/*
 * Takes a fact. Returns 0, -ENOMEM, or -ENOSPC if a limit was met. An event
 * about a connection the core does not know or want is not an error. After
 * -ENOMEM the event is lost, and the kernel's list is to be read when there
 * may be memory again (core/sync.h); until then its connection opens nothing.
 */
int core_handle(struct core *core, struct anchor_time now,
		const struct core_event *event);

/* False if there is nothing to do now. */
bool core_take_action(struct core *core, struct anchor_time now,
		      struct core_action *ret_action);

/*
 * How an action ended: 0 or a negative errno from the kernel. Two have a
 * meaning of their own: -ENOENT, the connection is no more; -EOPNOTSUPP, it
 * was made under the kernel's path manager and will never be ours.
 */
void core_result(struct core *core, struct anchor_time now,
		 const struct core_action *action, int error);

/*
 * The answer to a CORE_ACTION_SAMPLE; none need be given, it is asked for
 * again.
 */
void core_sample(struct core *core, struct anchor_time now,
		 const struct core_action *action,
		 const struct core_sample *sample);

/*
 * Something may have become silent: a loss probe was sent, a retransmission
 * timed out. Looks for subflows that get no answers (src/core/health.h).
 */
void core_look(struct core *core, struct anchor_time now);

/* What was wrong with an item of a plan, which was refused. */
enum core_fault {
	CORE_FAULT_NO_PAIR,	/* there is no such pair of addresses */
	CORE_FAULT_TWICE,	/* one pair in two items */
	CORE_FAULT_COUNT,	/* no subflow, or more than the limit */
	CORE_FAULT_TOTAL,	/* too many subflows with those before it */
	CORE_FAULT_ITEMS,	/* more than ANCHOR_PATHS_MAX items */
	CORE_FAULT_ADDRESS,	/* announces what is no address */
};

struct core_complaint {
	const struct core_rule *rule;
	uint32_t token;
	enum core_fault fault;
};

/* Each fault is told of once for each rule of a configuration. */
bool core_take_complaint(struct core *core,
			 struct core_complaint *ret_complaint);

/*
 * False for errors that are a matter of course: what it was about has gone
 * meanwhile, or is not ready yet.
 */
bool core_error_is_news(const struct core_action *action, int error);

/*
 * Are subflows of a lost link left alone for a moment, for what is on its
 * way? Their closing is still to come.
 */
bool core_is_draining(const struct core *core);

/* ANCHOR_NEVER if nothing waits for time to pass. */
struct anchor_time core_next_deadline(const struct core *core);
void core_expire(struct core *core, struct anchor_time now);

/* Is there a connection of a service of ours at that port? */
bool core_serves_port(const struct core *core, uint16_t port);

/*
 * Calls cb for each announcement there is that stands for the port of the
 * service, as one without a port does (core_local.bare): somebody must listen
 * there, on that interface. One endpoint comes once for each connection.
 */
typedef void (*core_bare_cb)(const struct anchor_endpoint *endpoint,
			     int ifindex, void *data);
void core_each_bare(const struct core *core, core_bare_cb cb, void *data);

void core_get_stats(const struct core *core, struct core_stats *ret_stats);

/*
 * What is, for showing it. The callback gets the same view a policy gets,
 * and what only an observer wants to know. Valid during the callback only.
 */
struct core_conn_info {
	uint32_t token;
	const char *rule;
	const char *policy;
	bool established;
	bool deny_join_id0;
	bool kernel;		/* its paths are the kernel's to manage */
	bool adopted;		/* since tells when */
	struct anchor_time since;
	const struct anchor_view *view;
	const struct core_announced {
		uint8_t id;
		struct anchor_endpoint endpoint;
		bool confirmed;		/* the kernel took the command */
	} *announced;
	size_t n_announced;
	const struct core_attempt {
		struct anchor_addr local;
		struct anchor_endpoint remote;
		unsigned int failures;	/* since it last was up */
		bool opening;		/* else it waits */
		int error;		/* of the last, positive errno or 0 */
		struct anchor_time until;	/* opening: gives up; else:
						 * tries again, or never
						 * (refused) */
	} *attempts;
	size_t n_attempts;
};

/* Does a rule fit, and if not, by what? */
enum core_fit {
	CORE_FIT_YES,
	CORE_FIT_PEER,
	CORE_FIT_RENDEZVOUS,
	CORE_FIT_PORT,
	CORE_FIT_ROLE,
};

/*
 * What would become of a connection that there is not: its rule, and what
 * the policy would plan for it now. The peer's addresses are those that it
 * announced on a connection there is; else they are assumed: one on each of
 * our rails, of no known bytes.
 */
struct core_query {
	struct anchor_addr peer;
	uint16_t service_port;	/* 0: any that is not in a rule */
	enum anchor_role role;
};

struct core_explanation {
	bool managed;			/* else nothing below is told */
	bool assumed;
	const struct core_rule *rules;
	const enum core_fit *fits;	/* of each rule */
	size_t n_rules;
	const struct core_rule *rule;
	const struct anchor_view *view;
	const struct anchor_plan *plan;
};

/* Valid during the callback only. Returns 0 or -ENOMEM. */
int core_explain(struct core *core, struct anchor_time now,
		 const struct core_query *query,
		 void (*cb)(const struct core_explanation *explanation,
			    void *data), void *data);

typedef void (*core_conn_cb)(const struct core_conn_info *info, void *data);
void core_each_conn(struct core *core, struct anchor_time now,
		    core_conn_cb cb, void *data);

#endif
