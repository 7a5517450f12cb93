/* SPDX-License-Identifier: BSD-3-Clause */
/* Paths that fail without a word. */
#include "core/health.h"

#define LOOK_LONGEST anchor_ms(3000)
#define LOOK_EVERY anchor_ms(5)
#define LOOK_SOME 32
#define LATELY_US 10000000
#define STUCK_MIN_US 10000
#define DELAYED_ACK_US 45000	/* TCP_DELACK_MIN, and some more */
#define DEAD_MIN_US 15000
#define UNWITNESSED_MIN_US 40000
#define UNWITNESSED_SECOND_US 400000
#define UNWITNESSED_FOR_US 2000000
#define STRANDED_MIN_US 700000		/* the second RTO, and an answer */
#define STRANDED_LOSSY_US 1500000	/* the third */
#define DOUBTS_MAX 4
#define DOUBTED_S 60
#define LOSSY_MIN_US 250000
#define LOSSES_US 1000000
#define LOSSY_FOR_US 5000000
#define LOSSY_PER_MILLE 2
#define SEGMENT 1448
#define CLOCK_US 5000		/* what the kernel counts in jiffies */
#define BUSY_US 20000
#define ASK_EVERY_US 100000
#define ASKED anchor_ms(1)

static void look_at(struct core *core, struct conn *conn,
		    struct anchor_time now)
{
	if (conn->n_subflows < 2)
		return;

	conn->look = true;
	conn->look_until = anchor_time_add(now, LOOK_LONGEST);
	core_mark_dirty(core, conn);
}

/* Those that have sent something lately; the others leave. */
static void look_at_busy(struct core *core, struct anchor_time now)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < core->n_busy; i++) {
		struct conn *conn = table_find(&core->conns, core->busy[i]);

		if (!conn)
			continue;

		conn->busy = anchor_time_since(now, conn->sent).us <
			LATELY_US;
		if (!conn->busy)
			continue;

		core->busy[n++] = conn->token;
		look_at(core, conn, now);
	}

	core->n_busy = n;
}

/* Some of all, by turns: they may begin to send. */
static void look_at_some(struct core *core, struct anchor_time now)
{
	unsigned int buckets = core->conns.n_buckets;
	unsigned int some = 0;

	for (unsigned int i = 0; i < buckets && some < LOOK_SOME; i++) {
		unsigned int at = core->look_bucket++ & (buckets - 1);

		for (struct conn *conn = core->conns.buckets[at]; conn;
		     conn = conn->next, some++)
			look_at(core, conn, now);
	}
}

void core_look(struct core *core, struct anchor_time now)
{
	look_at_busy(core, now);
	look_at_some(core, now);
}

/* Where there is no room for it, it has its turn like the others. */
static void note_sent(struct core *core, struct conn *conn,
		      struct anchor_time now)
{
	conn->sent = now;
	if (conn->busy || core->n_busy == CORE_BUSY_MAX)
		return;

	conn->busy = true;
	core->busy[core->n_busy++] = conn->token;
}

struct anchor_span health_silence(const struct subflow *subflow)
{
	return anchor_time_is_never(subflow->silent_since) ? anchor_us(0) :
		anchor_time_since(subflow->read, subflow->silent_since);
}

static uint32_t seconds(struct anchor_time now)
{
	return (uint32_t) (now.us / 1000000);
}

/* It looked stuck, and was not: more patience with it for a while. */
static void doubt(struct subflow *subflow, struct anchor_time now)
{
	if (subflow->doubts < DOUBTS_MAX)
		subflow->doubts++;

	subflow->doubted_s = seconds(now);
}

/* As RFC 6298 has it for the retransmission timeout, but for its minimum. */
static uint32_t round_trip(const struct core_sample *sample)
{
	return (uint32_t) (sample->rtt.us + 4 * sample->rtt_var.us);
}

/*
 * Has the subflow lost many packets in the last second or two? What it had
 * lost by the first reading may be the SYN, as where a path is tried until it
 * is back.
 */
static bool has_losses(struct subflow *subflow, struct anchor_time now,
		       const struct core_sample *sample)
{
	struct losses *losses = &subflow->losses;
	bool first = !losses->since.us;
	uint64_t bytes = sample->bytes_out - losses->bytes;
	uint64_t lost = first ? 0 :
		sample->retransmitted - subflow->retransmitted;
	bool many = lost * SEGMENT * 1000 > bytes * LOSSY_PER_MILLE;
	bool before = subflow->lost_before;

	if (anchor_time_since(now, losses->since).us >= LOSSES_US) {
		*losses = (struct losses) {
			.since = now,
			.bytes = sample->bytes_out,
		};
		subflow->retransmitted = sample->retransmitted;
		subflow->lost_before = many;
	}

	return many || before;
}

/* Or has any other between its addresses lately? Told while it is answered. */
static void note_losses(struct core *core, struct subflow *subflow,
			struct anchor_time now,
			const struct core_sample *sample)
{
	const struct anchor_addr *local = &subflow->local.addr;
	const struct anchor_addr *remote = &subflow->remote.addr;
	struct anchor_time last;

	if (has_losses(subflow, now, sample))
		heard_note_losses(&core->heard, local, remote, now);

	last = heard_losses(&core->heard, local, remote);
	subflow->lossy = last.us &&
		anchor_time_since(now, last).us < LOSSY_FOR_US;
}

/* Has an ACK come in since it is watched? */
static bool has_answered(const struct subflow *subflow,
			 struct anchor_time now,
			 const struct core_sample *sample)
{
	int64_t watched = anchor_time_since(now, subflow->silent_since).us;

	return (uint32_t) sample->bytes_out != subflow->acked ||
		sample->last_ack.us + CLOCK_US < watched;
}

static struct anchor_time earlier(struct anchor_time a, struct anchor_time b)
{
	return anchor_time_before(a, b) ? a : b;
}

/*
 * What is under way is so since the last of it was sent at the latest (the
 * kernel counts that in jiffies), or since the reading before if there was
 * something under way then; but for what an ACK has come in for since.
 */
static struct anchor_time begun(const struct subflow *subflow,
				struct anchor_time before,
				struct anchor_time now,
				const struct core_sample *sample)
{
	struct anchor_time sent = anchor_time_add(now,
			anchor_us(CLOCK_US - sample->last_data.us));
	struct anchor_time since = earlier(now, sent);

	if (subflow->busy_before &&
	    anchor_time_since(now, before).us <= BUSY_US)
		since = earlier(since, before);

	return anchor_time_before(since, subflow->heard) ? subflow->heard :
		since;
}

static void begin(struct subflow *subflow, struct anchor_time before,
		  struct anchor_time now, const struct core_sample *sample)
{
	subflow->silent_since = begun(subflow, before, now, sample);
	if (seconds(now) - subflow->doubted_s > DOUBTED_S)
		subflow->doubts = 0;
}

/*
 * When something last came in, were it data. In a queue that overflows all
 * that we send may be lost for a while, ACKs too; as long as what the peer
 * sends still comes, its way is not dead but full.
 */
static struct anchor_time last_sign(const struct core_sample *sample,
				    struct anchor_time now)
{
	int64_t us = sample->last_data_in.us < sample->last_ack.us ?
		sample->last_data_in.us : sample->last_ack.us;

	return anchor_time_add(now, anchor_us(-us));
}

/*
 * An event tells of its end, which may still wait to be read; until then its
 * FIN is nothing that must be answered.
 */
static void note_ending(struct subflow *subflow, struct anchor_time now)
{
	subflow->silent_since = ANCHOR_NEVER;
	subflow->busy_before = false;
	subflow->read = now;
}

void health_note(struct core *core, struct conn *conn,
		 struct subflow *subflow, struct anchor_time now,
		 const struct core_sample *sample)
{
	bool watched = !anchor_time_is_never(subflow->silent_since);
	bool begins = !watched && sample->unacked;
	bool busy = begins && sample->last_ack.us <= CLOCK_US;
	struct anchor_time before = subflow->read;

	if (sample->ending) {
		note_ending(subflow, now);
		return;
	}

	if (sample->unacked || (uint32_t) sample->bytes_out != subflow->acked)
		note_sent(core, conn, now);

	if (!watched)
		note_losses(core, subflow, now, sample);

	subflow->read = now;
	subflow->heard = last_sign(sample, now);
	heard_note(&core->heard, &subflow->local.addr, &subflow->remote.addr,
		   subflow->heard);
	if (watched && (!sample->unacked ||
			has_answered(subflow, now, sample)))
		subflow->silent_since = ANCHOR_NEVER;
	else if (begins && !busy)
		begin(subflow, before, now, sample);

	subflow->busy_before = busy;
	subflow->round_trip_us = round_trip(sample);
	subflow->single = sample->unacked == 1;
	subflow->acked = (uint32_t) sample->bytes_out;
}

/*
 * A single segment may wait for its ACK; if its like were answered at once so
 * far, as requests are, it is given the benefit of no doubt.
 */
static uint32_t least_silence(const struct subflow *subflow)
{
	uint32_t least = STUCK_MIN_US << subflow->doubts;

	if (subflow->single)
		least = subflow->doubts ? least + DELAYED_ACK_US : 2 * least;

	if (subflow->lossy && least < LOSSY_MIN_US)
		least = LOSSY_MIN_US;

	return subflow->round_trip_us > least ? subflow->round_trip_us :
		least;
}

/* For how long, for all subflows between its addresses? */
static int64_t silence_of_path(const struct core *core,
			       const struct subflow *subflow)
{
	struct anchor_time heard = heard_at(&core->heard, &subflow->local.addr,
					    &subflow->remote.addr);
	int64_t of_all = anchor_time_since(subflow->read, heard).us;
	int64_t silence = health_silence(subflow).us;

	return of_all < silence ? of_all : silence;
}

static bool is_path_silent(const struct core *core,
			   const struct subflow *subflow)
{
	return silence_of_path(core, subflow) >= least_silence(subflow);
}

bool health_is_replaceable(const struct subflow *subflow)
{
	int64_t least = subflow->lossy ? STRANDED_LOSSY_US : STRANDED_MIN_US;
	int64_t silence = health_silence(subflow).us;

	return silence >= least && silence / 3 >= subflow->round_trip_us;
}

bool health_review(const struct core *core, struct subflow *subflow,
		   struct anchor_time now)
{
	bool stuck = health_is_stuck(core, subflow);

	if (subflow->stuck && !stuck)
		doubt(subflow, now);

	subflow->stuck = stuck;
	return stuck;
}

bool health_is_stuck(const struct core *core, const struct subflow *subflow)
{
	return health_silence(subflow).us &&
		(subflow->stuck || is_path_silent(core, subflow) ||
		 health_is_replaceable(subflow));
}

static uint32_t patience(const struct subflow *subflow)
{
	uint32_t least = subflow->lossy ? LOSSY_MIN_US :
		DEAD_MIN_US << subflow->doubts;

	return subflow->round_trip_us > least ? subflow->round_trip_us :
		least;
}

/*
 * Of two tries to open another, the first has no more than that to itself: it
 * may still come up while the second is made, and no two are lost by chance.
 */
static uint32_t first_patience(const struct subflow *subflow)
{
	uint32_t least = patience(subflow) / (subflow->lossy ? 1 : 2);

	return subflow->round_trip_us > least ? subflow->round_trip_us :
		least;
}

static bool is_of(const struct compare *cmp, unsigned int path,
		  uint8_t local, uint8_t remote)
{
	return cmp->view->paths[path].local == local &&
		cmp->view->paths[path].remote == remote;
}

struct anchor_span health_patience(const struct compare *cmp,
				   const struct anchor_plan_path *want,
				   bool again)
{
	uint32_t longest = 0;

	for (unsigned int i = 0; i < cmp->view->n_paths; i++) {
		const struct subflow *subflow = &cmp->conn->subflows[i];
		uint32_t us = again ? patience(subflow) :
			first_patience(subflow);

		if (cmp->planned[i] == STUCK && us > longest &&
		    is_of(cmp, i, want->local, want->remote))
			longest = us;
	}

	return longest ? anchor_us(longest) :
		cmp->core->config->timers.connect;
}

/* Has what was opened in its place failed since? */
static bool has_failed(const struct compare *cmp, unsigned int path)
{
	const struct anchor_path *view_path = &cmp->view->paths[path];
	const struct anchor_remote *remote =
				&cmp->view->remotes[view_path->remote];
	const struct attempt *attempt;

	attempt = conn_find_attempt(cmp->conn,
				    &cmp->view->locals[view_path->local].addr,
				    &remote->endpoint);
	if (attempt && attempt->opening)
		return false;

	if (attempt && attempt->failures &&
	    !anchor_time_before(attempt->begun,
				cmp->conn->subflows[path].silent_since)) {
		if (conn_was_not_reached(attempt))
			return true;

		/* The way is there, if for no other subflow. */
		if (conn_was_answered(attempt))
			return health_is_replaceable(
						&cmp->conn->subflows[path]);
	}

	/* Nothing could be opened there, by us at least. */
	return silence_of_path(cmp->core, &cmp->conn->subflows[path]) >=
		STUCK_MIN_US + 2 * patience(&cmp->conn->subflows[path]);
}

static bool has_other(const struct compare *cmp, unsigned int path)
{
	for (unsigned int i = 0; i < cmp->view->n_paths; i++)
		if (i != path && !cmp->conn->subflows[i].closing &&
		    !health_is_stuck(cmp->core, &cmp->conn->subflows[i]))
			return true;

	return false;
}

/* Has the peer answered elsewhere since? Else it may be all of it. */
static bool is_witnessed(const struct conn *conn,
			 const struct subflow *subflow)
{
	for (unsigned int i = 0; i < conn->n_subflows; i++)
		if (anchor_time_before(subflow->silent_since,
				       conn->subflows[i].heard))
			return true;

	return false;
}

/*
 * What has been moved to another path, and is not answered there either, says
 * that it is all of the peer: that one has longer.
 */
static bool is_long_enough(const struct compare *cmp,
			   const struct subflow *subflow)
{
	bool second = cmp->conn->unwitnessed.us &&
		anchor_time_since(cmp->now, cmp->conn->unwitnessed).us <
		UNWITNESSED_FOR_US;

	return health_silence(subflow).us >= (second ? UNWITNESSED_SECOND_US :
					      UNWITNESSED_MIN_US);
}

bool health_is_dead(const struct compare *cmp, unsigned int path)
{
	const struct subflow *subflow = &cmp->conn->subflows[path];

	return is_path_silent(cmp->core, subflow) && has_other(cmp, path) &&
		has_failed(cmp, path) &&
		(is_witnessed(cmp->conn, subflow) ||
		 is_long_enough(cmp, subflow));
}

void health_note_dead(struct conn *conn, struct anchor_time now,
		      const struct subflow *subflow)
{
	if (!anchor_time_is_never(subflow->silent_since) &&
	    !is_witnessed(conn, subflow))
		conn->unwitnessed = now;
}

static bool has_subflow_beside(const struct conn *conn,
			       const struct subflow *subflow)
{
	for (unsigned int i = 0; i < conn->n_subflows; i++)
		if (anchor_addr_equal(&conn->subflows[i].local.addr,
				      &subflow->local.addr) &&
		    anchor_addr_equal(&conn->subflows[i].remote.addr,
				      &subflow->remote.addr))
			return true;

	return false;
}

/* This one is read once more after all others. */
static void ask_others(struct compare *cmp, const struct subflow *subflow)
{
	struct core *core = cmp->core;

	heard_note_asked(&core->heard, &subflow->local.addr,
			 &subflow->remote.addr, cmp->now);
	for (struct conn *conn = table_next(&core->conns, NULL); conn;
	     conn = table_next(&core->conns, conn))
		if (has_subflow_beside(conn, subflow)) {
			conn->look = true;
			core_mark_dirty(core, conn);
		}

	cmp->conn->look_due = anchor_time_add(cmp->now, ASKED);
}

bool health_give_up(struct compare *cmp, const struct subflow *subflow)
{
	struct anchor_time asked = heard_asked(&cmp->core->heard,
					       &subflow->local.addr,
					       &subflow->remote.addr);
	struct anchor_time heard = heard_at(&cmp->core->heard,
					    &subflow->local.addr,
					    &subflow->remote.addr);

	if (anchor_time_since(asked, heard).us >= STUCK_MIN_US)
		return anchor_time_before(asked, subflow->read);

	if (anchor_time_since(cmp->now, asked).us >= ASK_EVERY_US)
		ask_others(cmp, subflow);

	return false;
}

static bool is_suspicious(const struct conn *conn)
{
	for (unsigned int i = 0; i < conn->n_subflows; i++)
		if (!anchor_time_is_never(conn->subflows[i].silent_since))
			return true;

	return false;
}

struct anchor_span health_every(const struct compare *cmp)
{
	const struct conn *conn = cmp->conn;

	if (conn->look || (is_suspicious(conn) &&
			   anchor_time_before(cmp->now, conn->look_until)))
		return LOOK_EVERY;

	return anchor_us(0);
}
