/* SPDX-License-Identifier: BSD-3-Clause */
/* What is known of one connection. */
#include <errno.h>
#include <stdlib.h>

#include "core/array.h"
#include "core/conn.h"
#include "core/rails.h"

/*
 * How far over its limit of subflows a connection is still kept account of,
 * so that the surplus can be closed: a burst of joins may come faster than
 * the commands that close them.
 */
#define SUBFLOWS_SLACK 2

/* The rendezvous, and a path on each of two rails. */
#define SUBFLOWS_FIRST 3

/* As a rule an announcement is sent again for lack of an echo before that. */
#define ECHOED anchor_ms(1000)

#define WITHDRAWN anchor_ms(50)

#define ERROR_MASK 0x7ff	/* the width of attempt->error */

/*
 * How long a peer that joins has to join elsewhere too. Each time that it has
 * not, it has four times as long, up to an hour; and where it has been before,
 * a minute: it knows of that, and has lost its link, unless it has forgotten.
 */
#define JOINS_US 1000000
#define JOINS_REPEATS_KNOWN 3
#define JOINS_REPEATS_MAX 6

struct conn *conn_new(uint32_t token)
{
	struct conn *conn = calloc(1, sizeof(*conn));

	if (!conn)
		return NULL;

	conn->token = token;
	conn->heap_at = HEAP_NOWHERE;
	conn->incomplete = ANCHOR_NEVER;
	conn->sample_due = ANCHOR_NEVER;
	conn->look_due = ANCHOR_NEVER;
	conn->keep_due = ANCHOR_NEVER;
	return conn;
}

void conn_free(struct conn *conn)
{
	if (!conn)
		return;

	while (conn->n_subflows)
		conn_drop_subflow(conn, &conn->subflows[0]);

	free(conn->memory);
	free(conn->subflows);
	free(conn->remotes);
	free(conn->entries);
	free(conn->attempts);
	free(conn);
}

/* Its counts are small, and there are many of it. */
static int reserve(unsigned int first, void **items, uint16_t n,
		   uint16_t *cap, size_t size)
{
	unsigned int wide = *cap;
	int err = array_reserve_from(first, items, n, &wide, size);

	*cap = (uint16_t) wide;
	return err;
}

static void trim(unsigned int first, void **items, uint16_t n, uint16_t *cap,
		 size_t size)
{
	unsigned int wide = *cap;

	array_trim_to(first, items, n, &wide, size);
	*cap = (uint16_t) wide;
}

void conn_trim(struct conn *conn)
{
	trim(SUBFLOWS_FIRST, (void **) &conn->subflows, conn->n_subflows,
	     &conn->cap_subflows, sizeof(*conn->subflows));
	trim(ARRAY_FIRST, (void **) &conn->remotes, conn->n_remotes,
	     &conn->cap_remotes, sizeof(*conn->remotes));
	trim(ARRAY_FIRST, (void **) &conn->entries, conn->n_entries,
	     &conn->cap_entries, sizeof(*conn->entries));
	trim(ARRAY_FIRST, (void **) &conn->attempts, conn->n_attempts,
	     &conn->cap_attempts, sizeof(*conn->attempts));
}

int conn_set_rule(struct conn *conn, const struct core_rule *rule)
{
	void *memory = NULL;

	if (rule->policy->memory) {
		memory = calloc(1, rule->policy->memory);
		if (!memory)
			return -ENOMEM;
	}

	free(conn->memory);
	conn->memory = memory;
	conn->rule = rule;
	return 0;
}

static struct remote *find_remote(const struct conn *conn, uint8_t id)
{
	for (unsigned int i = 0; i < conn->n_remotes; i++)
		if (conn->remotes[i].id == id)
			return &conn->remotes[i];

	return NULL;
}

static void keep_subflows(struct conn *conn, const struct anchor_addr *addr)
{
	for (unsigned int i = 0; i < conn->n_subflows; i++)
		if (anchor_addr_equal(&conn->subflows[i].remote.addr, addr))
			conn->subflows[i].withdrawn = ANCHOR_NEVER;
}

/*
 * Announced again, it is a new chance: RFC 8684 section 3.4.1. For attempts
 * that began before then; NEVER: for all, also those under way.
 */
static bool forgive(struct conn *conn, const struct anchor_endpoint *announced,
		    struct anchor_time before)
{
	struct anchor_endpoint endpoint = *announced;
	bool found = false;

	/* No port is the service's. */
	if (!endpoint.port)
		endpoint.port = conn->remote.port;

	for (unsigned int i = conn->n_attempts; i-- > 0;) {
		struct attempt *attempt = &conn->attempts[i];

		if (!anchor_endpoint_equal(&attempt->remote, &endpoint) ||
		    !anchor_time_before(attempt->begun, before) ||
		    (attempt->opening && !anchor_time_is_never(before)))
			continue;

		conn_drop_attempt(conn, attempt);
		found = true;
	}

	return found;
}

/* The peer may have lost what we have had for long (keepalive.h). */
static bool doubt_subflows(struct conn *conn, const struct anchor_addr *addr,
			   struct anchor_time before)
{
	bool found = false;

	for (unsigned int i = 0; i < conn->n_subflows; i++) {
		struct subflow *subflow = &conn->subflows[i];

		if (subflow->initial || !subflow->opened_here ||
		    !anchor_addr_equal(&subflow->remote.addr, addr) ||
		    !anchor_time_before(subflow->since, before))
			continue;

		subflow->hinted = true;
		conn->look = true;
		found = true;
	}

	return found;
}

int conn_announced_again(struct conn *conn, struct anchor_time now,
			 const struct anchor_endpoint *endpoint)
{
	struct anchor_time before = anchor_time_add(now,
						    anchor_us(-ECHOED.us));
	bool doubted = doubt_subflows(conn, &endpoint->addr, before);

	if (!forgive(conn, endpoint, before) && !doubted)
		return 1;

	/* A server comes first again. */
	conn->incomplete = ANCHOR_NEVER;
	return 0;
}

/* ADD_ADDR is retransmitted until echoed: the same one may come again. */
int conn_announced(struct conn *conn, const struct core_limits *limits,
		   uint8_t id, const struct anchor_endpoint *endpoint)
{
	struct remote *remote = find_remote(conn, id);
	int err;

	if (remote && anchor_endpoint_equal(&remote->endpoint, endpoint)) {
		remote->assumed = false;
		return 1;
	}

	if (!remote) {
		if (conn->n_remotes >= limits->announced)
			return -ENOSPC;

		err = reserve(ARRAY_FIRST, (void **) &conn->remotes,
			      conn->n_remotes, &conn->cap_remotes,
			      sizeof(*conn->remotes));
		if (err < 0) {
			conn->starved = true;
			return err;
		}

		remote = &conn->remotes[conn->n_remotes++];
	}

	*remote = (struct remote) { .endpoint = *endpoint, .id = id };
	keep_subflows(conn, &endpoint->addr);
	return 0;
}

void conn_assume_announced(struct conn *conn, const struct core_limits *limits,
			   uint8_t id, const struct anchor_endpoint *endpoint)
{
	if (!find_remote(conn, id) &&
	    conn_announced(conn, limits, id, endpoint) == 0)
		find_remote(conn, id)->assumed = true;
}

bool conn_is_assumed(const struct conn *conn,
		     const struct anchor_endpoint *endpoint)
{
	for (unsigned int i = 0; i < conn->n_remotes; i++) {
		const struct remote *remote = &conn->remotes[i];

		if (remote->assumed &&
		    anchor_addr_equal(&remote->endpoint.addr, &endpoint->addr))
			return true;
	}

	return false;
}

/*
 * The kernel closes those with that ID, at once; but one of two withdrawals
 * may be lost on the way (RmAddrTxDrop), or dropped here (RmAddrDrop). So
 * whatever leads to that address has some time to go, unless it is announced
 * again meanwhile, say with another port.
 */
static bool doom_subflows(struct conn *conn, struct anchor_time now,
			  uint8_t id, const struct anchor_addr *addr)
{
	bool found = false;

	for (unsigned int i = 0; i < conn->n_subflows; i++) {
		struct subflow *subflow = &conn->subflows[i];

		if (subflow->initial || (subflow->remote_id != id &&
		    (!addr || !anchor_addr_equal(&subflow->remote.addr, addr))))
			continue;

		subflow->withdrawn = anchor_time_add(now, WITHDRAWN);
		found = true;
	}

	return found;
}

int conn_removed(struct conn *conn, struct anchor_time now, uint8_t id)
{
	struct remote *remote = find_remote(conn, id);
	bool doomed = doom_subflows(conn, now, id,
				    remote ? &remote->endpoint.addr : NULL);

	if (!remote)
		return doomed ? 0 : 1;

	forgive(conn, &remote->endpoint, ANCHOR_NEVER);
	array_remove(conn->remotes, conn->n_remotes--,
		     (unsigned int) (remote - conn->remotes),
		     sizeof(*conn->remotes));
	return 0;
}

struct subflow *conn_find_subflow(const struct conn *conn,
				  const struct anchor_endpoint *local,
				  const struct anchor_endpoint *remote)
{
	for (unsigned int i = 0; i < conn->n_subflows; i++) {
		struct subflow *subflow = &conn->subflows[i];

		if (anchor_endpoint_equal(&subflow->local, local) &&
		    anchor_endpoint_equal(&subflow->remote, remote))
			return subflow;
	}

	return NULL;
}

void conn_drop_subflow(struct conn *conn, struct subflow *subflow)
{
	free(subflow->reading);
	array_remove(conn->subflows, conn->n_subflows--,
		     (unsigned int) (subflow - conn->subflows),
		     sizeof(*conn->subflows));
}

bool conn_uses_id(const struct conn *conn, uint8_t id)
{
	for (unsigned int i = 0; i < conn->n_subflows; i++)
		if (conn->subflows[i].local_id == id)
			return true;

	return false;
}

/* Only one end can have connected; the connecting end has a fresh port. */
static bool opened_here(const struct conn *conn,
			const struct core_event *event)
{
	if (event->known & CORE_KNOWN_OPENER)
		return event->opened_here;

	if (conn_find_entry(conn, &event->local))
		return false;

	return event->local.port != conn->local.port ||
		conn->role == ANCHOR_ROLE_CLIENT;
}

static struct subflow *add_subflow(struct conn *conn,
				   const struct core_limits *limits, int *err)
{
	if (conn->n_subflows >= limits->subflows * SUBFLOWS_SLACK) {
		*err = -ENOSPC;
		return NULL;
	}

	*err = reserve(SUBFLOWS_FIRST, (void **) &conn->subflows,
		       conn->n_subflows, &conn->cap_subflows,
		       sizeof(*conn->subflows));
	conn->starved |= *err < 0;
	return *err < 0 ? NULL : &conn->subflows[conn->n_subflows++];
}

void conn_note_repeated(struct entry *entry)
{
	entry->confirmed = false;
	entry->unheard = false;
	if (entry->repeats < JOINS_REPEATS_MAX)
		entry->repeats++;
}

bool conn_has_subflow_from(const struct conn *conn,
			   const struct anchor_addr *addr)
{
	for (unsigned int i = 0; i < conn->n_subflows; i++)
		if (anchor_addr_equal(&conn->subflows[i].local.addr, addr))
			return true;

	return false;
}

/*
 * Who announces at the service's port waits to be joined there (announce.c).
 * While nobody listens to the peer's path manager its kernel drops what is
 * announced, without an echo, and ours gives up after three times
 * (mptcp_pm_add_addr_received(), ADD_ADDR_RETRANS_MAX). A peer that joins has
 * somebody who listens; what it does not join then, it may not know of.
 */
static void note_unheard(struct conn *conn, struct anchor_time now)
{
	for (unsigned int i = 0; i < conn->n_entries; i++) {
		struct entry *entry = &conn->entries[i];

		if (entry->endpoint.port != conn->local.port)
			continue;

		if (conn_has_subflow_from(conn, &entry->endpoint.addr)) {
			entry->unheard = false;
			entry->repeats = JOINS_REPEATS_KNOWN;
		} else if (entry->confirmed && !entry->unheard) {
			entry->unheard = true;
			entry->retry = anchor_time_add(now, anchor_us(
				(int64_t) JOINS_US << 2 * entry->repeats));
		}
	}
}

int conn_subflow_up(struct conn *conn, const struct core_limits *limits,
		    struct anchor_time now, const struct core_event *event)
{
	struct subflow *subflow;
	struct attempt *attempt;
	bool here = opened_here(conn, event);
	bool backup = false;
	int err;

	if (conn_find_subflow(conn, &event->local, &event->remote))
		return 1;

	subflow = add_subflow(conn, limits, &err);
	if (!subflow)
		return err;

	attempt = conn_find_attempt(conn, &event->local.addr, &event->remote);
	if (!here)
		attempt = NULL;

	if (event->known & CORE_KNOWN_BACKUP)
		backup = event->backup;

	*subflow = (struct subflow) {
		.local = event->local,
		.remote = event->remote,
		.since = now,
		.local_id = event->local_id,
		.remote_id = event->remote_id,
		.initial = anchor_endpoint_equal(&event->local, &conn->local) &&
			anchor_endpoint_equal(&event->remote, &conn->remote),
		.opened_here = here,
		.mapped = event->mapped,
		.backup_peer = backup,
		.backup_here = attempt && attempt->backup,
		.failures = attempt ? attempt->failures : 0,
		.instead = attempt && attempt->instead,
		.silent_since = ANCHOR_NEVER,
		.withdrawn = ANCHOR_NEVER,
		.tried = ANCHOR_NEVER,
	};

	if (attempt)
		conn_drop_attempt(conn, attempt);

	if (!subflow->initial && !here) {
		conn->peer_opens = true;
		note_unheard(conn, now);
	}

	return 0;
}

/*
 * A path that we had opened, and lose without having asked for it, is a
 * failed attempt: it is opened again, but not at once.
 */
struct attempt *conn_subflow_down(struct conn *conn, struct anchor_time now,
				  struct anchor_span stable,
				  const struct core_event *event)
{
	struct subflow *subflow;
	struct attempt *attempt;
	uint8_t failures = 0;
	bool lost = false;

	subflow = conn_find_subflow(conn, &event->local, &event->remote);
	if (subflow) {
		lost = subflow->opened_here && !subflow->initial &&
			!subflow->closing;
		if (anchor_time_since(now, subflow->since).us < stable.us)
			failures = subflow->failures;

		conn_drop_subflow(conn, subflow);
	}

	attempt = conn_find_attempt(conn, &event->local.addr, &event->remote);
	if (attempt || !lost)
		return subflow && !lost ? NULL : attempt;

	attempt = conn_add_attempt(conn, &event->local.addr, &event->remote);
	if (attempt) {
		attempt->failures = failures;
		attempt->joined = true;
	}

	return attempt;
}

int conn_subflow_priority(struct conn *conn, const struct core_event *event)
{
	struct subflow *subflow;

	subflow = conn_find_subflow(conn, &event->local, &event->remote);
	if (!subflow || !(event->known & CORE_KNOWN_BACKUP) ||
	    subflow->backup_peer == event->backup)
		return 1;

	subflow->backup_peer = event->backup;
	return 0;
}

struct entry *conn_find_entry(const struct conn *conn,
			      const struct anchor_endpoint *endpoint)
{
	for (unsigned int i = 0; i < conn->n_entries; i++)
		if (anchor_endpoint_equal(&conn->entries[i].endpoint,
					  endpoint))
			return &conn->entries[i];

	return NULL;
}

struct entry *conn_find_entry_id(const struct conn *conn, uint8_t id)
{
	for (unsigned int i = 0; i < conn->n_entries; i++)
		if (conn->entries[i].id == id)
			return &conn->entries[i];

	return NULL;
}

static bool id_taken(const struct conn *conn, unsigned int id)
{
	for (unsigned int i = 0; i < conn->n_entries; i++)
		if (conn->entries[i].id == id)
			return true;

	return false;
}

/* Announced endpoints and source addresses have ID ranges of their own. */
static uint8_t pick_id(const struct conn *conn, bool source, uint8_t wish)
{
	unsigned int first = source ? RAILS_SOURCE_ID : 1;
	unsigned int last = source ? 255 : RAILS_SOURCE_ID - 1;

	if (wish >= first && wish <= last && !id_taken(conn, wish))
		return wish;

	for (unsigned int id = first; id <= last; id++)
		if (!id_taken(conn, id))
			return (uint8_t) id;

	return 0;
}

struct entry *conn_add_entry(struct conn *conn,
			     const struct anchor_endpoint *endpoint,
			     uint8_t wish)
{
	struct entry *before = conn_find_entry_id(conn, wish);

	/* An address that takes another's place on a link has its ID. */
	if (before && before->gone)
		conn_drop_entry(conn, before);

	return conn_put_entry(conn, endpoint,
			      pick_id(conn, !endpoint->port, wish));
}

struct entry *conn_put_entry(struct conn *conn,
			     const struct anchor_endpoint *endpoint,
			     uint8_t id)
{
	struct entry *entry;

	if (!id || id_taken(conn, id))
		return NULL;

	if (reserve(ARRAY_FIRST, (void **) &conn->entries, conn->n_entries,
		    &conn->cap_entries, sizeof(*conn->entries)) < 0) {
		conn->starved = true;
		return NULL;
	}

	entry = &conn->entries[conn->n_entries++];
	*entry = (struct entry) { .endpoint = *endpoint, .id = id };
	return entry;
}

void conn_mark_restore(struct conn *conn, const struct anchor_addr *addr)
{
	for (unsigned int i = 0; i < conn->n_entries; i++) {
		struct entry *entry = &conn->entries[i];

		/* What is to be announced anyway needs no more. */
		if (entry->endpoint.port && !entry->confirmed && !entry->busy)
			continue;

		if (anchor_addr_equal(&entry->endpoint.addr, addr))
			entry->restore = true;
	}
}

void conn_change_id(const struct conn *conn, struct entry *entry)
{
	uint8_t id = pick_id(conn, !entry->endpoint.port, entry->id + 1);

	if (id)
		entry->id = id;
}

void conn_drop_entry(struct conn *conn, struct entry *entry)
{
	array_remove(conn->entries, conn->n_entries--,
		     (unsigned int) (entry - conn->entries),
		     sizeof(*conn->entries));
}

struct attempt *conn_find_attempt(const struct conn *conn,
				  const struct anchor_addr *local,
				  const struct anchor_endpoint *remote)
{
	for (unsigned int i = 0; i < conn->n_attempts; i++) {
		struct attempt *attempt = &conn->attempts[i];

		if (anchor_addr_equal(&attempt->local, local) &&
		    anchor_endpoint_equal(&attempt->remote, remote))
			return attempt;
	}

	return NULL;
}

struct attempt *conn_add_attempt(struct conn *conn,
				 const struct anchor_addr *local,
				 const struct anchor_endpoint *remote)
{
	struct attempt *attempt;

	if (reserve(ARRAY_FIRST, (void **) &conn->attempts, conn->n_attempts,
		    &conn->cap_attempts, sizeof(*conn->attempts)) < 0) {
		conn->starved = true;
		return NULL;
	}

	attempt = &conn->attempts[conn->n_attempts++];
	*attempt = (struct attempt) { .local = *local, .remote = *remote };
	return attempt;
}

void conn_drop_attempt(struct conn *conn, struct attempt *attempt)
{
	array_remove(conn->attempts, conn->n_attempts--,
		     (unsigned int) (attempt - conn->attempts),
		     sizeof(*conn->attempts));
}

bool conn_was_answered(const struct attempt *attempt)
{
	return attempt->error == ECONNREFUSED || attempt->error == ECONNRESET;
}

bool conn_was_not_reached(const struct attempt *attempt)
{
	return attempt->error == ETIMEDOUT || attempt->error == EHOSTUNREACH ||
		attempt->error == ENETUNREACH || attempt->error == ENETDOWN;
}

void conn_fail_attempt(struct attempt *attempt, int error,
		       struct anchor_time retry)
{
	attempt->opening = false;
	attempt->error = (uint16_t) error & ERROR_MASK;
	attempt->until = retry;
	if (attempt->failures < UINT8_MAX)
		attempt->failures++;
}
