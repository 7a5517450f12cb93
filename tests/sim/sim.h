/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two hosts on virtual time: each has a core, fed by a model of what its
 * kernel does, and between them are two rails that fail in every way there
 * is. Nothing is read from a clock or a socket, and all chance comes from a
 * seed, so that a run can be repeated to the microsecond.
 *
 *	struct sim *sim = sim_new(&options);
 *
 *	sim_run(sim, anchor_ms(1000));
 *	sim_set_carrier(sim, SIM_SERVER, 0, false);
 *	if (!sim_wait(sim, anchor_ms(20), is_moved, data))
 *		it took too long
 *
 *	assert sim->violation[0] == '\0';
 *	sim_free(sim);
 *
 * The cores are used as src/host/engine.c uses them: facts about links go
 * through links_build(), actions are taken in batches, their results come
 * before the events that they cause. The kernels keep to what FACTS says of
 * the user-space path manager of MPTCP, traps included: its list of local
 * address entries (7, 8), announcements that are not sent twice (9),
 * withdrawals that are sent once, on the first subflow (11), joins that are
 * refused without a listener or an announcement (1, 2, 5), and subflows that
 * nobody closes for being silent (14, 18).
 *
 * What a core must never do is checked with every command; the first
 * violation is kept in words. With ANCHOR_SIM_TRACE in the environment all
 * that happens is written to standard error.
 *
 * Connection i is pinned by its hash: its rendezvous is reached over rail
 * i % 2 while the hosts' routes lead there; and its data comes from the
 * server if i / 2 is even, else from the client.
 */
#ifndef SIM_SIM_H
#define SIM_SIM_H

#include "conf/config.h"
#include "core/core.h"
#include "host/links.h"
#include "sim/queue.h"
#include "util/addrtext.h"

#define SIM_ENDS 2
#define SIM_RAILS 2
#define SIM_ENTRIES 32
#define SIM_LATENCY anchor_us(250)	/* one way */
#define SIM_VIOLATION 256

enum sim_end {
	SIM_SERVER,
	SIM_CLIENT,
};

struct sim_options {
	enum anchor_family family;
	unsigned int conns;
	const char *config;		/* a file, or NULL: all defaults */
	bool no_places;			/* the host tells the core of none */
	bool tied;			/* addresses do not tell the rail */
	struct anchor_span look_every;	/* core_look(), as host/watch.c */
	uint64_t seed;
};

/* An interface, and the port of the switch at its other end. */
struct sim_link {
	char name[RTNL_NAME_MAX];
	struct anchor_addr addr;
	bool present, up, carrier;
	bool address;
	unsigned int tentative;		/* 0: the address may be used */
	bool out, in;			/* the switch forwards */
	int ifindex;			/* another one each time it is made */
	uint16_t join_port;		/* of our listener, 0: there is none */
	uint16_t service_port;		/* of the second one, likewise */
};

/* An entry of the kernel's lists of local addresses, or announced ones. */
struct sim_entry {
	struct anchor_endpoint endpoint;
	uint8_t id;
};

/* Data under way from one end of a subflow. */
struct sim_tx {
	bool loaded;			/* there is some */
	bool silent;			/* its way, or that of ACKs, is cut */
	struct anchor_time since;	/* silent */
	struct anchor_time resumes;	/* the next retransmission */
	struct anchor_time counted;
	struct anchor_time heard;	/* the last ACK */
	double bytes;			/* acknowledged until counted */
};

/* One end of a subflow. */
struct sim_side {
	struct anchor_endpoint endpoint;
	int rail;			/* -1: the rendezvous address */
	int ifindex;			/* bound to; 0: routed */
	uint8_t id;			/* address ID of the endpoint */
	bool up;
	bool closed;			/* it was up, or will never be */
	bool asks_backup;		/* the peer not to send */
	bool told_backup;		/* by the peer */
	struct sim_tx tx;
};

struct sim_sub {
	struct sim_side at[SIM_ENDS];
	enum sim_end opener;
	bool initial;
	bool connecting;
};

/* What one end's kernel knows of a connection. */
struct sim_half {
	struct sim_entry entries[SIM_ENTRIES];
	struct sim_entry announced[SIM_ENTRIES];
	unsigned int n_entries, n_announced;
	unsigned int actions;		/* of its core, but for samples */
	bool sends;
};

struct sim_conn {
	struct sim_half at[SIM_ENDS];
	struct sim_sub *subs;		/* also those that have ended */
	unsigned int n_subs, cap_subs;
	int pin;			/* rail of its rendezvous */
};

struct sim_host {
	struct core *core;
	struct links *links;		/* what the core was told last */
	struct links_seats seats;
	struct core_local locals[ANCHOR_LOCALS_MAX];
	struct core_host facts;
	struct sim_link link[SIM_RAILS];
	struct anchor_addr rendezvous;
	unsigned int actions[CORE_ACTION_SAMPLE + 1];
	int last_ifindex;
	uint16_t last_port;
};

struct sim {
	struct sim_options options;
	struct anchor_time now;
	struct sim_queue queue;
	struct config *config;
	struct core_config core_config;
	struct core_rule rule;
	union anchor_value values[1];
	struct sim_host host[SIM_ENDS];
	struct sim_conn *conns;
	bool trace;
	char violation[SIM_VIOLATION];
};

/* NULL without memory or if the configuration is refused. */
struct sim *sim_new(const struct sim_options *options);
void sim_free(struct sim *sim);

/* Done by sim_new() for all: created, and established a little later. */
void sim_begin(struct sim *sim, unsigned int conn);

void sim_run(struct sim *sim, struct anchor_span span);

/* Until a condition holds, looked at every millisecond; false: too late. */
typedef bool (*sim_condition)(struct sim *sim, void *data);
bool sim_wait(struct sim *sim, struct anchor_span most,
	      sim_condition condition, void *data);

/* failures.c: what happens to links and subflows. */
void sim_set_carrier(struct sim *sim, enum sim_end end, int rail, bool on);
void sim_set_up(struct sim *sim, enum sim_end end, int rail, bool up);
void sim_set_address(struct sim *sim, enum sim_end end, int rail, bool there);
void sim_set_present(struct sim *sim, enum sim_end end, int rail, bool there);
void sim_set_forwarding(struct sim *sim, enum sim_end end, int rail, bool out,
			bool in);
/* The subflows on a link get a RST there; the peer, in answer to its data. */
void sim_reset(struct sim *sim, enum sim_end end, int rail);

/* look.c: what is, as a test wants to know it. */

/* Paths on a rail that an end has. */
unsigned int sim_paths(const struct sim_conn *conn, int rail,
		       enum sim_end end);
/* A path on a rail, the same one at both ends, that packets pass. */
bool sim_reaches(const struct sim *sim, const struct sim_conn *conn,
		 int rail);
/* And no other one there. */
bool sim_has_path(const struct sim *sim, const struct sim_conn *conn,
		  int rail);
/*
 * Every connection has its path on each rail, and the rendezvous besides;
 * and its kernels can withdraw what they announce.
 */
bool sim_is_complete(const struct sim *sim);
/* Its data moves, and none waits on a path that should have been closed. */
bool sim_is_moving(const struct sim *sim, const struct sim_conn *conn);
/* Of the core that has taken most for one connection. */
unsigned int sim_most_actions(const struct sim *sim);
void sim_clear_actions(struct sim *sim);

/* The rest is for the parts of the simulation only. */

void sim_violate(struct sim *sim, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void sim_trace(struct sim *sim, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Something happens after a while; its time is filled in. */
void sim_later(struct sim *sim, struct anchor_span span,
	       const struct sim_event *event);
/* The core of that end is told of an event that its kernel sends now. */
void sim_tell(struct sim *sim, enum sim_end end, unsigned int conn,
	      const struct core_event *news);
static inline enum sim_end sim_peer(enum sim_end end)
{
	return end == SIM_SERVER ? SIM_CLIENT : SIM_SERVER;
}

/* Tokens differ at the two ends and look random, as they do in real life. */
#define SIM_TOKENS 2654435761u
#define SIM_TOKENS_INVERSE 244002641u	/* modulo 2^32 */

static inline uint32_t sim_token(unsigned int conn, enum sim_end end)
{
	return ((conn + 1) * SIM_ENDS + (uint32_t) end) * SIM_TOKENS;
}

static inline unsigned int sim_conn_of(uint32_t token)
{
	return token * SIM_TOKENS_INVERSE / SIM_ENDS - 1;
}

/* host.c */
int host_start(struct sim *sim, enum sim_end end);
void host_stop(struct sim_host *host);
/* Its links have changed: the core is told, a little later. */
void host_changed(struct sim *sim, enum sim_end end);
bool host_uses(const struct sim_host *host, const struct anchor_addr *addr);
/* A second listener, where a join finds the service's own port. */
void host_serve(struct sim_host *host, const struct core_action *action);

/* net.c */
int net_rail_of(const struct sim_host *host, const struct anchor_addr *addr);
bool net_is_alive(const struct sim_link *link);
/* Does a packet of a subflow get from that end to the other? */
bool net_passes(const struct sim *sim, const struct sim_conn *conn,
		const struct sim_sub *sub, enum sim_end from);
bool net_passes_both(const struct sim *sim, const struct sim_conn *conn,
		     const struct sim_sub *sub);

/* kernel.c: commands; 0 or a negative errno. */
int kernel_do(struct sim *sim, enum sim_end end,
	      const struct core_action *action);

/* signals.c: what goes from one kernel to the other for the path manager. */
void signal_announce(struct sim *sim, enum sim_end end, unsigned int conn,
		     const struct sim_entry *entry);
void signal_remove(struct sim *sim, enum sim_end end, unsigned int conn,
		   uint8_t id);
void signal_priority(struct sim *sim, enum sim_end end, unsigned int conn,
		     unsigned int sub);

/* entries.c: a kernel's lists of addresses. */
struct sim_entry *entry_find(const struct sim_half *half, uint8_t id);
/* False: it does not match what is there (FACTS, kernel 7). */
bool entry_add(struct sim_half *half, const struct anchor_endpoint *endpoint,
	       uint8_t id);
void entry_remove(struct sim_half *half, struct sim_entry *entry);
/* The first one with that address, whatever its port (FACTS, kernel 8). */
void entry_drop_first(struct sim_half *half, const struct anchor_addr *addr);
/* The ID that a join to this endpoint of ours is given. */
uint8_t entry_id_for(struct sim_half *half,
		     const struct anchor_endpoint *endpoint,
		     uint16_t service_port);
struct sim_entry *entry_find_announced(struct sim_half *half,
				       const struct anchor_endpoint *endpoint);
/* False: it is already, and nothing is sent (FACTS, kernel 9). */
bool entry_announce(struct sim_half *half, const struct sim_entry *entry);
bool entry_withdraw(struct sim_half *half,
		    const struct anchor_endpoint *endpoint);

/* subflow.c */
struct sim_sub *subflow_add(struct sim_conn *conn);
struct sim_sub *subflow_find(const struct sim_conn *conn, enum sim_end end,
			     const struct core_action *action);
/* Sends a SYN, again and again, until it is answered. */
void subflow_connect(struct sim *sim, unsigned int conn, unsigned int sub);
/* Its end is closed, and the other one is told, once it can be reached. */
void subflow_close(struct sim *sim, unsigned int conn, unsigned int sub,
		   enum sim_end end, int error);

/* traffic.c */
bool traffic_moves(const struct sim *sim, const struct sim_side *side);
/* Whenever anything has changed that data could notice. */
void traffic_update(struct sim *sim, struct sim_conn *conn);
void traffic_update_all(struct sim *sim);
void traffic_sample(struct sim *sim, enum sim_end end,
		    const struct core_action *action);

#endif
