/* SPDX-License-Identifier: BSD-3-Clause */
/* What the kernel lists corrects what is believed. */
#include <errno.h>

#include "core/private.h"

/* Something in flux in so many lists in a row is left to the next audit. */
#define ROUNDS_MAX 5

void core_sync_free(struct sync *sync)
{
	tokens_clear(&sync->heard);
	tokens_clear(&sync->ended);
	tokens_clear(&sync->suspects);
	tokens_clear(&sync->before);
}

void core_events_lost(struct core *core)
{
	core->sync.spoilt |= core->sync.running;
	for (struct conn *conn = table_next(&core->conns, NULL); conn;
	     conn = table_next(&core->conns, conn))
		conn->doubt = true;
}

void core_sync_begin(struct core *core, enum core_sync_kind kind)
{
	struct sync *sync = &core->sync;

	for (struct conn *conn = table_next(&core->conns, NULL); conn;
	     conn = table_next(&core->conns, conn)) {
		conn->listed = false;
		conn->heard = false;
	}

	tokens_clear(&sync->heard);
	tokens_clear(&sync->ended);
	tokens_clear(&sync->before);
	sync->before = sync->suspects;
	sync->suspects = (struct tokens) { 0 };
	sync->kind = kind;
	sync->running = true;
	sync->spoilt = false;
	sync->again = false;
	sync->bucket = 0;
}

void core_sync_note(struct core *core, struct conn *conn,
		    const struct core_event *event)
{
	struct sync *sync = &core->sync;
	bool noted = true;

	if (!sync->running)
		return;

	if (event->type == CORE_EVENT_CLOSED)
		noted = tokens_add(&sync->ended, event->token);
	else if (conn)
		conn->heard = true;
	else
		noted = tokens_add(&sync->heard, event->token);

	/* Of more than are kept nothing is known: it is read once more. */
	sync->spoilt |= !noted;
}

/* Is what the list says of it older than what events have said? */
static bool in_flux(struct core *core, struct conn *conn, uint32_t token)
{
	struct sync *sync = &core->sync;
	bool again;

	if (sync->spoilt)
		again = true;
	else if (conn && conn->heard)
		again = conn->doubt;
	else if (!conn && tokens_has(&sync->ended, token))
		again = false;
	else if (!conn && tokens_has(&sync->heard, token))
		again = true;
	else
		return false;

	if (conn)
		conn->suspect = false;

	sync->again |= again;
	return true;
}

/* A connection that is being corrected, or only looked at. */
struct mend {
	struct core *core;
	struct conn *conn;
	struct anchor_time now;
	const struct core_seen *seen;
	bool apply;
	unsigned int found;	/* differences */
};

/* There is a difference: true if it is to be mended. */
static bool differs(struct mend *mend, enum core_repair kind)
{
	mend->found++;
	if (mend->apply)
		mend->core->stats.repairs[kind]++;

	return mend->apply;
}

static struct core_event event_of(const struct core_seen *seen,
				  const struct core_seen_subflow *subflow)
{
	return (struct core_event) {
		.known = CORE_KNOWN_IDS | CORE_KNOWN_BACKUP |
			CORE_KNOWN_OPENER,
		.token = seen->token,
		.local = subflow->local,
		.remote = subflow->remote,
		.mapped = subflow->mapped,
		.local_id = subflow->local_id,
		.remote_id = subflow->remote_id,
		.backup = subflow->backup_peer,
		.opened_here = subflow->opened_here,
	};
}

static int add_subflow(struct core *core, struct conn *conn,
		       struct anchor_time now, const struct core_seen *seen,
		       const struct core_seen_subflow *subflow)
{
	const struct core_event event = event_of(seen, subflow);
	struct subflow *added;
	int err = conn_subflow_up(conn, &core->config->limits, now, &event);

	if (err == -ENOSPC)
		core->stats.over_limit++;

	added = conn_find_subflow(conn, &subflow->local, &subflow->remote);
	if (added)
		added->backup_here = subflow->backup_here;

	return err < 0 ? err : 0;
}

/* One that is being opened: no other must be, where it will be. */
static void add_attempt(struct core *core, struct conn *conn,
			struct anchor_time now,
			const struct core_seen_subflow *subflow)
{
	struct attempt *attempt = conn_find_attempt(conn,
					&subflow->local.addr,
					&subflow->remote);

	if (attempt || !subflow->opened_here)
		return;

	attempt = conn_add_attempt(conn, &subflow->local.addr,
				   &subflow->remote);
	if (!attempt)
		return;

	attempt->opening = true;
	attempt->backup = subflow->backup_here;
	attempt->begun = now;
	attempt->until = anchor_time_add(now, core->config->timers.connect);
}

static const struct core_seen_subflow *
find_seen(const struct core_seen *seen, const struct subflow *subflow)
{
	for (size_t i = 0; i < seen->n_subflows; i++)
		if (anchor_endpoint_equal(&seen->subflows[i].local,
					  &subflow->local) &&
		    anchor_endpoint_equal(&seen->subflows[i].remote,
					  &subflow->remote))
			return &seen->subflows[i];

	return NULL;
}

/*
 * What we close ends for the kernel at once, but its socket lives on until
 * the peer has answered, on a lost link for minutes.
 */
static bool is_gone(const struct core_seen *seen,
		    const struct subflow *subflow)
{
	const struct core_seen_subflow *found = find_seen(seen, subflow);

	return !found ||
		(found->state == CORE_SEEN_ENDING && subflow->closing);
}

/* What SUB_CLOSED would have told. */
static void mend_gone(struct mend *mend)
{
	struct conn *conn = mend->conn;

	for (unsigned int i = conn->n_subflows; i-- > 0;) {
		const struct core_event event = {
			.type = CORE_EVENT_SUBFLOW_DOWN,
			.token = conn->token,
			.local = conn->subflows[i].local,
			.remote = conn->subflows[i].remote,
		};

		if (is_gone(mend->seen, &conn->subflows[i]) &&
		    differs(mend, CORE_REPAIR_SUBFLOW_GONE))
			core_subflow_down(mend->core, mend->now, conn, &event);
	}
}

static void mend_backup(struct mend *mend, struct subflow *subflow,
			const struct core_seen_subflow *seen)
{
	if (subflow->busy ||
	    (subflow->backup_here == seen->backup_here &&
	     subflow->backup_peer == seen->backup_peer) ||
	    !differs(mend, CORE_REPAIR_BACKUP))
		return;

	subflow->backup_here = seen->backup_here;
	subflow->backup_peer = seen->backup_peer;
}

static void mend_subflow(struct mend *mend,
			 const struct core_seen_subflow *seen)
{
	struct conn *conn = mend->conn;
	struct subflow *subflow = conn_find_subflow(conn, &seen->local,
						    &seen->remote);

	switch (seen->state) {
	case CORE_SEEN_UP:
		if (subflow)
			mend_backup(mend, subflow, seen);
		else if (differs(mend, CORE_REPAIR_SUBFLOW_MISSED))
			add_subflow(mend->core, conn, mend->now, mend->seen,
				    seen);
		break;
	case CORE_SEEN_OPENING:
		add_attempt(mend->core, conn, mend->now, seen);
		break;
	case CORE_SEEN_ENDING:
		break;
	}
}

static bool is_listed(const struct core_seen *seen,
		      const struct attempt *attempt)
{
	for (size_t i = 0; i < seen->n_subflows; i++)
		if (anchor_addr_equal(&seen->subflows[i].local.addr,
				      &attempt->local) &&
		    anchor_endpoint_equal(&seen->subflows[i].remote,
					  &attempt->remote))
			return true;

	return false;
}

/* That an attempt has failed may have been told while nobody could hear. */
static void mend_attempts(struct mend *mend)
{
	struct conn *conn = mend->conn;

	for (unsigned int i = 0; i < conn->n_attempts; i++) {
		struct attempt *attempt = &conn->attempts[i];

		if (attempt->opening && !is_listed(mend->seen, attempt))
			conn_fail_attempt(attempt, ECONNRESET,
					  core_retry_at(mend->core, mend->now,
							attempt->failures));
	}
}

/* Announced without a port, it stands for the service's (announce.c). */
static struct anchor_endpoint endpoint_of(const struct conn *conn,
					  const struct core_seen_address *seen)
{
	struct anchor_endpoint endpoint = seen->endpoint;

	if (seen->announced && !endpoint.port)
		endpoint.port = conn->local.port;

	return endpoint;
}

/* Returns its entry, or NULL if there is one with that ID. */
static struct entry *put_address(struct conn *conn,
				 const struct core_seen_address *seen)
{
	struct anchor_endpoint endpoint = endpoint_of(conn, seen);
	struct entry *entry = conn_put_entry(conn, &endpoint, seen->id);

	if (entry)
		entry->confirmed = seen->announced;

	return entry;
}

static bool has_address(const struct mend *mend, const struct entry *entry)
{
	const struct core_seen *seen = mend->seen;

	for (size_t i = 0; i < seen->n_addresses; i++) {
		struct anchor_endpoint endpoint =
			endpoint_of(mend->conn, &seen->addresses[i]);

		if (seen->addresses[i].id == entry->id &&
		    anchor_endpoint_equal(&endpoint, &entry->endpoint))
			return true;
	}

	return false;
}

/*
 * The kernel drops entries by itself (FACTS, kernel 8): enter it again. Of an
 * address without a port that may well be, and does not matter before it is
 * to be withdrawn.
 */
static void mend_dropped(struct mend *mend)
{
	struct conn *conn = mend->conn;

	for (unsigned int i = 0; i < conn->n_entries; i++) {
		struct entry *entry = &conn->entries[i];

		if (entry->restore || has_address(mend, entry))
			continue;

		if (!entry->endpoint.port ||
		    (entry->confirmed && !entry->busy &&
		     differs(mend, CORE_REPAIR_ANNOUNCED)))
			entry->restore = true;
	}
}

/*
 * What is announced and nobody here knows of is for the plan to keep or to
 * withdraw. Of other addresses only the ID matters, which is taken.
 */
static void mend_address(struct mend *mend,
			 const struct core_seen_address *seen)
{
	struct conn *conn = mend->conn;
	struct anchor_endpoint endpoint = endpoint_of(conn, seen);

	if (conn_find_entry(conn, &endpoint) ||
	    conn_find_entry_id(conn, seen->id))
		return;

	if (!seen->announced || differs(mend, CORE_REPAIR_ANNOUNCED))
		put_address(conn, seen);
}

static void mend_addresses(struct mend *mend)
{
	mend_dropped(mend);
	for (size_t i = 0; i < mend->seen->n_addresses; i++)
		mend_address(mend, &mend->seen->addresses[i]);
}

/* It can be joined if it has been, or if its first subflow says so. */
static bool is_established(const struct core_seen *seen)
{
	for (size_t i = 0; i < seen->n_subflows; i++)
		if (seen->subflows[i].state == CORE_SEEN_UP &&
		    (!seen->subflows[i].initial ||
		     seen->subflows[i].established))
			return true;

	return false;
}

static void mend_conn(struct mend *mend)
{
	const struct core_seen *seen = mend->seen;
	struct conn *conn = mend->conn;

	if (!conn->established && is_established(seen) &&
	    differs(mend, CORE_REPAIR_STATE))
		conn->established = true;

	mend_gone(mend);
	for (size_t i = 0; i < seen->n_subflows; i++)
		mend_subflow(mend, &seen->subflows[i]);

	if (seen->addresses_known && !conn->kernel)
		mend_addresses(mend);

	if (conn->doubt)
		mend_attempts(mend);
}

/* What the peer has told others, and so it seems this one. */
static void take_announced(struct core *core, struct conn *conn)
{
	const struct peer *peer = peers_find(&core->peers,
					     &conn->remote.addr);

	for (unsigned int i = 0; peer && i < peer->n_remotes; i++)
		conn_assume_announced(conn, &core->config->limits,
				      peer->remotes[i].id,
				      &peer->remotes[i].endpoint);
}

/* Where we have joined the peer, it has told us of. */
static void take_joined(struct core *core, struct conn *conn,
			const struct core_seen *seen)
{
	for (size_t i = 0; i < seen->n_subflows; i++) {
		const struct core_seen_subflow *subflow = &seen->subflows[i];

		if (subflow->opened_here && !subflow->initial &&
		    subflow->remote_id && subflow->state == CORE_SEEN_UP)
			conn_announced(conn, &core->config->limits,
				       subflow->remote_id, &subflow->remote);
	}
}

/* Returns 0, or -ENOMEM: not all of it is known, and it stays in doubt. */
static int compare_conn(struct core *core, struct conn *conn,
			struct anchor_time now, const struct core_seen *seen)
{
	struct sync *sync = &core->sync;
	struct mend mend = {
		.core = core,
		.conn = conn,
		.now = now,
		.seen = seen,
		.apply = sync->kind != CORE_SYNC_AUDIT || conn->suspect ||
			conn->doubt,
	};
	bool doubt = conn->doubt;

	conn->starved = false;
	mend_conn(&mend);
	conn->suspect = mend.found && !mend.apply;
	sync->again |= conn->suspect;
	if (conn->suspect)
		return 0;

	if (doubt && !conn->kernel)
		take_announced(core, conn);

	conn->doubt = conn->starved;
	sync->again |= conn->doubt;
	if (doubt || mend.found)
		core_mark_dirty(core, conn);

	return conn->doubt ? -ENOMEM : 0;
}

/*
 * Subflows tell of those that could not be asked for, and of those that they
 * were opened from and that the kernel has dropped.
 */
static void put_addresses(struct conn *conn, const struct core_seen *seen)
{
	for (size_t i = 0; i < seen->n_addresses; i++)
		put_address(conn, &seen->addresses[i]);

	for (size_t i = 0; i < seen->n_subflows; i++) {
		const struct core_seen_subflow *subflow = &seen->subflows[i];
		struct core_seen_address address = {
			.endpoint = subflow->local,
			.id = subflow->local_id,
			.announced = !subflow->opened_here,
		};
		struct entry *entry;

		if (subflow->initial ||
		    (seen->addresses_known && !subflow->opened_here))
			continue;

		if (subflow->opened_here)
			address.endpoint.port = 0;

		entry = put_address(conn, &address);
		if (entry)
			entry->restore = subflow->opened_here;
	}
}

static bool has_subflow(const struct core_seen *seen)
{
	for (size_t i = 0; i < seen->n_subflows; i++)
		if (seen->subflows[i].state == CORE_SEEN_UP)
			return true;

	return false;
}

static const struct core_rule *rule_of(const struct core *core,
				       const struct core_seen *seen)
{
	if (!seen->local.addr.family || !has_subflow(seen))
		return NULL;

	return core_rule_for(core, &seen->local, &seen->remote, seen->role);
}

static void fill_conn(struct core *core, struct conn *conn,
		      struct anchor_time now, const struct core_seen *seen)
{
	conn->local = seen->local;
	conn->remote = seen->remote;
	conn->role = seen->role;
	conn->since = now;
	conn->established = is_established(seen);
	conn->adopted = true;
	conn->listed = true;
	conn->kernel = seen->kernel;
	put_addresses(conn, seen);

	for (size_t i = 0; i < seen->n_subflows; i++) {
		const struct core_seen_subflow *subflow = &seen->subflows[i];

		if (subflow->state == CORE_SEEN_UP)
			add_subflow(core, conn, now, seen, subflow);
		else if (subflow->state == CORE_SEEN_OPENING)
			add_attempt(core, conn, now, subflow);
	}

	take_announced(core, conn);
	take_joined(core, conn, seen);
}

static int adopt(struct core *core, struct anchor_time now,
		 const struct core_rule *rule, const struct core_seen *seen)
{
	struct conn *conn;

	if (core->conns.n >= core->config->limits.connections) {
		core->stats.over_limit++;
		return -ENOSPC;
	}

	conn = conn_new(seen->token);
	if (!conn) {
		core->sync.again = true;
		return -ENOMEM;
	}

	fill_conn(core, conn, now, seen);
	if (conn->starved || conn_set_rule(conn, rule) < 0 ||
	    core_remember(core, conn) < 0) {
		conn_free(conn);
		core->sync.again = true;
		return -ENOMEM;
	}

	if (core->sync.kind == CORE_SYNC_START)
		core->stats.adopted++;
	else
		core->stats.repairs[CORE_REPAIR_CONN_MISSED]++;

	core_mark_dirty(core, conn);
	return 0;
}

static int meet(struct core *core, struct anchor_time now,
		const struct core_seen *seen)
{
	const struct core_rule *rule = rule_of(core, seen);
	struct sync *sync = &core->sync;

	if (!rule || in_flux(core, NULL, seen->token))
		return 0;

	if (sync->kind == CORE_SYNC_AUDIT &&
	    !tokens_has(&sync->before, seen->token) &&
	    tokens_add(&sync->suspects, seen->token)) {
		sync->again = true;
		return 0;
	}

	return adopt(core, now, rule, seen);
}

bool core_sync_asks(const struct core *core, const struct core_seen *seen)
{
	return table_find(&core->conns, seen->token) || rule_of(core, seen);
}

int core_sync_conn(struct core *core, struct anchor_time now,
		   const struct core_seen *seen)
{
	struct conn *conn = table_find(&core->conns, seen->token);

	if (!conn)
		return meet(core, now, seen);

	conn->listed = true;
	if (seen->kernel)
		core_leave_to_kernel(core, conn);

	return in_flux(core, conn, seen->token) ? 0 :
		compare_conn(core, conn, now, seen);
}

/* Connections come and go between the calls, and the table may grow. */
bool core_sync_unlisted(struct core *core, uint32_t *ret_token)
{
	struct sync *sync = &core->sync;

	for (; sync->bucket < core->conns.n_buckets; sync->bucket++)
		for (struct conn *conn = core->conns.buckets[sync->bucket];
		     conn; conn = conn->next) {
			if (conn->listed)
				continue;

			conn->listed = true;
			if (in_flux(core, conn, conn->token))
				continue;

			*ret_token = conn->token;
			return true;
		}

	return false;
}

void core_sync_gone(struct core *core, struct anchor_time now, uint32_t token)
{
	struct conn *conn = table_find(&core->conns, token);
	struct sync *sync = &core->sync;

	if (!conn || in_flux(core, conn, token))
		return;

	if (sync->kind == CORE_SYNC_AUDIT && !conn->suspect && !conn->doubt) {
		conn->suspect = true;
		sync->again = true;
		return;
	}

	core->stats.repairs[CORE_REPAIR_CONN_GONE]++;
	core_forget(core, conn);
}

/*
 * What the last of many lists left open, the next audit sees. Of some there
 * was no memory for all there is: they wait for that.
 */
static void end_doubts(struct core *core)
{
	for (struct conn *conn = table_next(&core->conns, NULL); conn;
	     conn = table_next(&core->conns, conn)) {
		if (!conn->doubt || conn->starved)
			continue;

		conn->doubt = false;
		core_mark_dirty(core, conn);
	}
}

bool core_sync_end(struct core *core)
{
	struct sync *sync = &core->sync;

	sync->running = false;
	sync->again |= sync->spoilt;
	if (sync->again && ++sync->rounds < ROUNDS_MAX)
		return true;

	sync->rounds = 0;
	tokens_clear(&sync->suspects);
	if (!sync->spoilt)
		end_doubts(core);

	return false;
}

void core_sync_fail(struct core *core)
{
	core->sync.running = false;
	core->sync.rounds = 0;
}

void core_leave_to_kernel(struct core *core, struct conn *conn)
{
	if (conn->kernel)
		return;

	conn->kernel = true;
	core->waiting -= conn->waits;
	conn->waits = false;
	while (conn->n_entries)
		conn_drop_entry(conn, &conn->entries[0]);

	while (conn->n_attempts)
		conn_drop_attempt(conn, &conn->attempts[0]);

	heap_set(&core->deadlines, conn, ANCHOR_NEVER);
	core_drop_actions(core, conn);
}

void core_each_peer(const struct core *core, core_peer_cb cb, void *data)
{
	for (unsigned int i = 0; i < core->peers.n; i++) {
		const struct peer *peer = &core->peers.items[i];

		for (unsigned int k = 0; k < peer->n_remotes; k++)
			cb(&peer->addr, peer->remotes[k].id,
			   &peer->remotes[k].endpoint, data);
	}
}

uint64_t core_peers_version(const struct core *core)
{
	return core->peers.version;
}

void core_remember_peer(struct core *core, const struct anchor_addr *peer,
			uint8_t id, const struct anchor_endpoint *endpoint)
{
	peers_learn(&core->peers, peer, id, endpoint);
}
