/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the log says of links and of silent paths, when they are lost and when
 * they are back.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "host/journal.h"
#include "host/moves.h"
#include "host/news.h"
#include "util/addrtext.h"

/* Of paths that fail one after the other the log says it so often. */
#define FAILED_EVERY_US 60000000
#define FAILED_PAIRS_MAX 64

/* More than so many are not told of when they are back; the oldest first. */
#define SILENT_PAIRS_MAX 256

static bool usable_in(const struct links *links, int ifindex)
{
	for (size_t i = 0; links && i < links->n_links; i++)
		if (links->links[i].facts.ifindex == ifindex)
			return links->links[i].state == LINK_USABLE;

	return false;
}

static const struct link *find_link(const struct links *links, int ifindex)
{
	for (size_t i = 0; i < links->n_links; i++)
		if (links->links[i].facts.ifindex == ifindex)
			return &links->links[i];

	return NULL;
}

/* The longest that one of its addresses waits. */
static int64_t link_held_ms(const struct engine *engine,
			    const struct link *link)
{
	int64_t longest = 0;

	for (size_t i = 0; i < engine->links->n_addresses; i++) {
		const struct link_address *address =
						&engine->links->addresses[i];
		int64_t ms = engine_held_ms(engine, address);

		if (address->link == link && ms > longest)
			longest = ms;
	}

	return longest;
}

static void log_up(struct engine *engine, const struct link *link)
{
	const char *rail = engine->links->rails[link->rail].name;
	int64_t held = link_held_ms(engine, link);
	const struct log_field *fields =
		LOG_FIELDS({ "EVENT", "link-up" },
			   { "LINK", link->facts.name }, { "RAIL", rail });

	if (held)
		log_say(&engine->options.log, L_LOG_INFO, fields,
			"link %s is back on rail %s, used again in %" PRId64
			" ms", link->facts.name, rail, held);
	else
		log_say(&engine->options.log, L_LOG_INFO, fields,
			"link %s is up on rail %s", link->facts.name, rail);

	news_link_up(engine, link, held);
}

static void note_lost(struct engine *engine, const struct links *before,
		      const struct link *was, const struct link *link)
{
	struct lost_link *lost = l_malloc(sizeof(*lost) +
			before->n_addresses * sizeof(*lost->addrs));

	*lost = (struct lost_link) {
		.reason = link ? link_state_text(link->state) : "it is gone",
		.at = engine_now(),
	};
	lost->last = lost->at;
	snprintf(lost->name, sizeof(lost->name), "%s", was->facts.name);
	for (size_t i = 0; i < before->n_addresses; i++)
		if (before->addresses[i].link == was)
			lost->addrs[lost->n_addrs++] =
					before->addresses[i].facts.addr;

	l_queue_push_tail(engine->lost, lost);
}

/* One line for each link that became usable or ceased to be. */
void moves_links(struct engine *engine, const struct links *before)
{
	const struct links *now = engine->links;

	for (size_t i = 0; i < now->n_links; i++) {
		const struct link *link = &now->links[i];

		if (link->state == LINK_USABLE &&
		    !usable_in(before, link->facts.ifindex))
			log_up(engine, link);
	}

	for (size_t i = 0; before && i < before->n_links; i++) {
		const struct link *was = &before->links[i];
		const struct link *link = find_link(now, was->facts.ifindex);

		if (was->state != LINK_USABLE ||
		    usable_in(now, was->facts.ifindex))
			continue;

		note_lost(engine, before, was, link);
	}
}

/* After the connections have moved: how many paths, and how long it took. */
static void log_down(void *data, void *user_data)
{
	struct engine *engine = user_data;
	const struct lost_link *lost = data;
	int64_t us = anchor_time_since(lost->last, lost->at).us;

	log_say(&engine->options.log, L_LOG_WARNING,
		LOG_FIELDS({ "EVENT", "link-down" }, { "LINK", lost->name }),
		"link %s is not usable: %s; %u path%s moved off it within %"
		PRId64 ".%03d ms", lost->name, lost->reason, lost->paths,
		lost->paths == 1 ? "" : "s", us / 1000, (int) (us % 1000));
	news_link_down(engine, lost->name, lost->reason, lost->paths, us);
}

/* Of all that begins with a pair of addresses. */
static bool is_at(const void *data, const void *user_data)
{
	const struct pair *at = data;
	const struct pair *wanted = user_data;

	return anchor_addr_equal(&at->local, &wanted->local) &&
		anchor_addr_equal(&at->remote, &wanted->remote);
}

static struct pair pair_of(const struct anchor_endpoint *local,
			   const struct anchor_endpoint *remote)
{
	return (struct pair) { local->addr, remote->addr };
}

static void note_dead(struct engine *engine, const struct core_action *action)
{
	struct pair at = pair_of(&action->local, &action->remote);
	struct dead_pair *pair = l_queue_find(engine->dead, is_at, &at);

	if (!pair) {
		pair = l_new(struct dead_pair, 1);
		pair->at = at;
		l_queue_push_tail(engine->dead, pair);
	}

	pair->n++;
	if (pair->silent.us < action->silent.us)
		pair->silent = action->silent;
}

/* The silence has lasted since the first time that it was found. */
static void note_silent(struct engine *engine, const struct core_action *action)
{
	struct pair at = pair_of(&action->local, &action->remote);
	struct silent_pair *pair;

	if (l_queue_find(engine->silent, is_at, &at))
		return;

	if (l_queue_length(engine->silent) >= SILENT_PAIRS_MAX)
		l_free(l_queue_pop_head(engine->silent));

	pair = l_new(struct silent_pair, 1);
	pair->at = at;
	pair->since = anchor_time_add(engine_now(),
				      anchor_us(-action->silent.us));
	l_queue_push_tail(engine->silent, pair);
}

static void log_heard(struct engine *engine, const struct silent_pair *pair)
{
	int64_t us = anchor_time_since(engine_now(), pair->since).us;
	const char *link = journal_link_of(engine, &pair->at.local);
	char local[ADDRTEXT_MAX], remote[ADDRTEXT_MAX];

	addrtext(&pair->at.local, local);
	addrtext(&pair->at.remote, remote);
	log_say(&engine->options.log, L_LOG_INFO,
		LOG_FIELDS({ "EVENT", "path-back" }, { "LINK", link },
			   { "LOCAL", local }, { "REMOTE", remote }),
		"%s - %s on %s is back, after %" PRId64 ".%03d s", local,
		remote, link, us / 1000000, (int) (us / 1000 % 1000));
	news_back(engine, pair, us);
}

static void note_up(struct engine *engine, const struct core_event *event)
{
	struct pair at = pair_of(&event->local, &event->remote);
	struct silent_pair *pair = l_queue_remove_if(engine->silent, is_at,
						     &at);

	if (!pair)
		return;

	log_heard(engine, pair);
	l_free(pair);
}

static bool has_addr(const void *data, const void *user_data)
{
	const struct lost_link *lost = data;

	for (size_t i = 0; i < lost->n_addrs; i++)
		if (anchor_addr_equal(&lost->addrs[i], user_data))
			return true;

	return false;
}

static void count_move(struct engine *engine, const struct anchor_addr *local)
{
	struct lost_link *lost = l_queue_find(engine->lost, has_addr, local);

	if (!lost)
		return;

	lost->paths++;
	lost->last = engine_now();
}

void moves_closed(struct engine *engine, const struct core_action *action)
{
	if (action->reason == CORE_REASON_LINK)
		count_move(engine, &action->local.addr);
	else if (action->reason == CORE_REASON_DEAD ||
		 action->reason == CORE_REASON_STRANDED)
		note_dead(engine, action);

	/* Where one is stranded, another one has taken its place. */
	if (action->reason == CORE_REASON_DEAD)
		note_silent(engine, action);
}

static void log_dead(void *data, void *user_data)
{
	struct engine *engine = user_data;
	const struct dead_pair *pair = data;
	const char *link = journal_link_of(engine, &pair->at.local);
	char local[ADDRTEXT_MAX], remote[ADDRTEXT_MAX];

	addrtext(&pair->at.local, local);
	addrtext(&pair->at.remote, remote);
	log_say(&engine->options.log, L_LOG_WARNING,
		LOG_FIELDS({ "EVENT", "path-silent" }, { "LINK", link },
			   { "LOCAL", local }, { "REMOTE", remote }),
		"%s - %s on %s is silent: no answer for %" PRId64 " ms; %u "
		"path%s moved off it, tried again later", local, remote, link,
		pair->silent.us / 1000, pair->n, pair->n == 1 ? "" : "s");
	news_dead(engine, pair);
}

static bool is_on_link(const struct engine *engine,
		       const struct anchor_addr *addr)
{
	for (size_t i = 0; i < engine->links->n_addresses; i++)
		if (anchor_addr_equal(&engine->links->addresses[i].facts.addr,
				      addr))
			return true;

	return false;
}

void moves_event(struct engine *engine, const struct core_event *event)
{
	struct pair at = pair_of(&event->local, &event->remote);
	struct failed_pair *pair;

	if (event->type == CORE_EVENT_SUBFLOW_UP)
		note_up(engine, event);

	if (event->type != CORE_EVENT_SUBFLOW_DOWN || !event->error ||
	    !is_on_link(engine, &event->local.addr))
		return;

	pair = l_queue_find(engine->broken, is_at, &at);
	if (!pair && l_queue_length(engine->broken) >= FAILED_PAIRS_MAX)
		return;

	if (!pair) {
		pair = l_new(struct failed_pair, 1);
		pair->at = at;
		l_queue_push_tail(engine->broken, pair);
	}

	pair->error = event->error;
	pair->n++;
}

static void log_broken(struct engine *engine, const struct failed_pair *pair)
{
	const char *link = journal_link_of(engine, &pair->at.local);
	char local[ADDRTEXT_MAX], remote[ADDRTEXT_MAX];

	addrtext(&pair->at.local, local);
	addrtext(&pair->at.remote, remote);
	log_say(&engine->options.log, L_LOG_INFO,
		LOG_FIELDS({ "EVENT", "path-failed" }, { "LINK", link },
			   { "LOCAL", local }, { "REMOTE", remote }),
		"%s - %s on %s: %u path%s failed: %s", local, remote, link,
		pair->n, pair->n == 1 ? "" : "s", strerror(pair->error));
}

/* True: it may be forgotten. */
static bool tell_broken(void *data, void *user_data)
{
	struct engine *engine = user_data;
	struct failed_pair *pair = data;
	bool lately = pair->told.us &&
		anchor_time_since(engine_now(), pair->told).us < FAILED_EVERY_US;

	if (lately)
		return false;

	if (!pair->n) {
		l_free(pair);
		return true;
	}

	log_broken(engine, pair);
	pair->n = 0;
	pair->told = engine_now();
	return false;
}

void moves_tell(struct engine *engine)
{
	l_queue_foreach_remove(engine->broken, tell_broken, engine);
	l_queue_foreach(engine->dead, log_dead, engine);
	l_queue_clear(engine->dead, l_free);

	/* The last of them are yet to be closed. */
	if (core_is_draining(engine->core) || !pm_is_idle(engine->pm))
		return;

	l_queue_foreach(engine->lost, log_down, engine);
	l_queue_clear(engine->lost, l_free);
}
