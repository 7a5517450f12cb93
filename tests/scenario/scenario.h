/* SPDX-License-Identifier: BSD-3-Clause */
/* What the parts of the scenario runner share. */
#ifndef SCENARIO_H
#define SCENARIO_H

#include "conf/modules.h"
#include "core/core.h"
#include "core/sync.h"

#define LINKS_MAX 16
#define PREFIXES_MAX 32
#define FLOWS_MAX 64
#define LISTED_MAX 16

/* What a subflow carries, and has carried until now. */
struct flow {
	uint32_t token;
	struct anchor_endpoint local, remote;
	double out, in;			/* bytes/s */
	double bytes_out, bytes_in;
	double busy_us;
	unsigned int busy;		/* per mille */
	struct anchor_span rtt;
	struct anchor_time since;	/* counted until then */
	bool app_limited;
	bool silent;			/* gets no ACK for what it sends */
	bool request;			/* the last that it sent, with silent_since */
	bool ending;			/* no longer established */
	uint64_t lost;			/* segments */
	struct anchor_time silent_since;
	struct anchor_time last_in;	/* 0: long ago */
};

/* What the kernel lists of a connection. */
struct listed {
	struct core_seen seen;
	struct core_seen_subflow subflows[LISTED_MAX];
	struct core_seen_address addresses[LISTED_MAX];
};

struct scenario {
	const char *file;
	unsigned int line;
	bool failed;
	bool no_initial;	/* the last "down" was of the initial one */
	bool repeats;		/* of withdrawals, are to be expected */
	uint64_t echoing;	/* by token: an echo may wait to be sent */

	struct modules *modules;
	struct core_config config;
	struct core_rule rule;
	struct core *core;
	uint64_t seed;
	struct anchor_time now;
	struct anchor_time until;	/* the end of the last "wait" */

	struct core_rail rails[CORE_RAILS_MAX];
	struct core_local locals[ANCHOR_LOCALS_MAX];
	char names[LINKS_MAX][16];
	struct anchor_prefix rendezvous[PREFIXES_MAX];
	struct anchor_prefix prefixes[PREFIXES_MAX];
	char rail_names[CORE_RAILS_MAX][16];
	size_t n_rails, n_locals, n_names, n_rendezvous, n_prefixes;

	struct flow flows[FLOWS_MAX];
	size_t n_flows;

	struct listed listed[LISTED_MAX];
	size_t n_listed;
};

void fail(struct scenario *s, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

uint32_t parse_token(const char *text);
struct anchor_span parse_span(struct scenario *s, const char *text);
struct anchor_endpoint parse_endpoint(struct scenario *s, const char *text);
/* The value after "=" if the word begins with key, or NULL. */
const char *value_of(const char *word, const char *key);
/* Interfaces are numbered in the order of their first mention. */
size_t find_name(struct scenario *s, const char *name);

/* traffic.c: lines about it, and answers to what the core asks of it. */
void do_carries(struct scenario *s, char **words, int n);
void do_look(struct scenario *s, char **words, int n);
void do_load(struct scenario *s, char **words, int n);
void answer_sample(struct scenario *s, const struct core_action *action);

/* sync.c: lists, and what they have repaired. */
void do_lost(struct scenario *s, char **words, int n);
void do_list(struct scenario *s, char **words, int n);
void do_listed(struct scenario *s, char **words, int n);
void do_subflow(struct scenario *s, char **words, int n);
void do_address(struct scenario *s, char **words, int n);
void do_end_list(struct scenario *s, char **words, int n);
void do_remember(struct scenario *s, char **words, int n);
void do_counts(struct scenario *s, char **words, int n);

/* rules.c: what the configuration says, before the start and in a reload. */
void do_policy(struct scenario *s, char **words, int n);
void do_rendezvous(struct scenario *s, char **words, int n);
/* Frees the instance and its options. */
void clear_rule(struct core_rule *rule);

#endif
