/* SPDX-License-Identifier: BSD-3-Clause */
/* The lists of a scenario's kernel, and what became of them. */
#include <stdlib.h>
#include <string.h>

#include "scenario/scenario.h"

static const struct {
	const char *word;
	enum core_sync_kind kind;
} kinds[] = {
	{ "start", CORE_SYNC_START },
	{ "loss", CORE_SYNC_LOSS },
	{ "audit", CORE_SYNC_AUDIT },
};

void do_lost(struct scenario *s, char **words, int n)
{
	core_events_lost(s->core);
}

void do_list(struct scenario *s, char **words, int n)
{
	s->n_listed = 0;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (!strcmp(words[1], kinds[i].word)) {
			core_sync_begin(s->core, kinds[i].kind);
			return;
		}

	fail(s, "not a kind of list: %s", words[1]);
}

static bool has_word(char **words, int n, const char *word)
{
	for (int i = 0; i < n; i++)
		if (!strcmp(words[i], word))
			return true;

	return false;
}

void do_listed(struct scenario *s, char **words, int n)
{
	struct listed *listed = &s->listed[s->n_listed];

	if (s->n_listed == LISTED_MAX) {
		fail(s, "too many in a list");
		return;
	}

	s->n_listed++;
	*listed = (struct listed) {
		.seen = {
			.token = parse_token(words[2]),
			.role = strcmp(words[1], "server") ?
				ANCHOR_ROLE_CLIENT : ANCHOR_ROLE_SERVER,
			.local = parse_endpoint(s, words[3]),
			.remote = parse_endpoint(s, words[4]),
			.kernel = has_word(words, n, "kernel"),
			.addresses_known = !has_word(words, n, "unasked"),
		},
	};
}

static struct listed *last_listed(struct scenario *s)
{
	if (s->n_listed)
		return &s->listed[s->n_listed - 1];

	fail(s, "of which connection?");
	return NULL;
}

void do_subflow(struct scenario *s, char **words, int n)
{
	struct listed *listed = last_listed(s);
	bool initial = has_word(words, n, "initial");

	if (!listed || listed->seen.n_subflows == LISTED_MAX)
		return;

	listed->subflows[listed->seen.n_subflows++] =
		(struct core_seen_subflow) {
			.local = parse_endpoint(s, words[1]),
			.remote = parse_endpoint(s, words[2]),
			.local_id = (uint8_t) atoi(words[3]),
			.remote_id = (uint8_t) atoi(words[4]),
			.initial = initial,
			.opened_here = initial ?
				listed->seen.role == ANCHOR_ROLE_CLIENT :
				has_word(words, n, "opened"),
			.established = !has_word(words, n, "young"),
			.backup_here = has_word(words, n, "backup-here"),
			.backup_peer = has_word(words, n, "backup-peer"),
			.state = has_word(words, n, "opening") ?
				CORE_SEEN_OPENING :
				has_word(words, n, "ending") ?
				CORE_SEEN_ENDING : CORE_SEEN_UP,
		};
}

void do_address(struct scenario *s, char **words, int n)
{
	struct listed *listed = last_listed(s);

	if (!listed || listed->seen.n_addresses == LISTED_MAX)
		return;

	listed->addresses[listed->seen.n_addresses++] =
		(struct core_seen_address) {
			.endpoint = parse_endpoint(s, words[1]),
			.id = (uint8_t) atoi(words[2]),
			.announced = !strcmp(words[3], "announced"),
		};
}

void do_end_list(struct scenario *s, char **words, int n)
{
	bool again = n > 1 && !strcmp(words[1], "again");
	bool failed = n > 1 && !strcmp(words[1], "failed");
	uint32_t token;

	for (size_t i = 0; i < s->n_listed; i++) {
		struct listed *listed = &s->listed[i];

		listed->seen.subflows = listed->subflows;
		listed->seen.addresses = listed->addresses;
		core_sync_conn(s->core, s->now, &listed->seen);
	}

	if (failed) {
		core_sync_fail(s->core);
		return;
	}

	while (core_sync_unlisted(s->core, &token))
		core_sync_gone(s->core, s->now, token);

	if (core_sync_end(s->core) != again)
		fail(s, again ? "is not to be listed again" :
		     "is to be listed again");
}

void do_remember(struct scenario *s, char **words, int n)
{
	struct anchor_endpoint peer = parse_endpoint(s, words[1]);
	struct anchor_endpoint endpoint = parse_endpoint(s, words[3]);

	core_remember_peer(s->core, &peer.addr, (uint8_t) atoi(words[2]),
			   &endpoint);
}

static const char *const repairs[CORE_REPAIRS] = {
	[CORE_REPAIR_CONN_MISSED] = "connections-missed",
	[CORE_REPAIR_CONN_GONE] = "connections-gone",
	[CORE_REPAIR_SUBFLOW_MISSED] = "subflows-missed",
	[CORE_REPAIR_SUBFLOW_GONE] = "subflows-gone",
	[CORE_REPAIR_BACKUP] = "backup",
	[CORE_REPAIR_ANNOUNCED] = "announced",
	[CORE_REPAIR_STATE] = "state",
};

static void check_count(struct scenario *s, const char *what, uint64_t count,
			char **words, int n)
{
	uint64_t expected = 0;

	for (int i = 1; i < n; i++)
		if (value_of(words[i], what))
			expected = strtoull(value_of(words[i], what), NULL,
					    10);

	if (count != expected)
		fail(s, "%s: %u, not %u", what, (unsigned int) count,
		     (unsigned int) expected);
}

/* Since the start; what is not named is 0. */
void do_counts(struct scenario *s, char **words, int n)
{
	struct core_stats stats;

	core_get_stats(s->core, &stats);
	check_count(s, "connections", stats.connections, words, n);
	check_count(s, "kernel", stats.kernel, words, n);
	check_count(s, "adopted", stats.adopted, words, n);
	for (size_t i = 0; i < CORE_REPAIRS; i++)
		check_count(s, repairs[i], stats.repairs[i], words, n);
}
