/* SPDX-License-Identifier: BSD-3-Clause */
/* What the log says of paths that are silent, are back, or fail. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "host/journal.h"
#include "host/news.h"
#include "host/pairs.h"
#include "util/addrtext.h"

/* Of paths that fail one after the other the log says it so often. */
#define FAILED_EVERY_US 60000000
#define FAILED_PAIRS_MAX 64

/* More than so many are not told of when they are back; the oldest first. */
#define SILENT_PAIRS_MAX 256

#define WHAT_MAX 128

static void say(struct engine *engine, int priority, const char *event,
		const struct pair *at, const char *format, ...)
	__attribute__((format(printf, 5, 6)));

/* format: what is the matter with it, to follow its name. */
static void say(struct engine *engine, int priority, const char *event,
		const struct pair *at, const char *format, ...)
{
	const char *link = journal_link_of(engine, &at->local);
	char local[ADDRTEXT_MAX], remote[ADDRTEXT_MAX];
	char what[WHAT_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	addrtext(&at->local, local);
	addrtext(&at->remote, remote);
	log_say(&engine->options.log, priority,
		LOG_FIELDS({ "EVENT", event }, { "LINK", link },
			   { "LOCAL", local }, { "REMOTE", remote }),
		"%s - %s on %s%s", local, remote, link, what);
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

	say(engine, L_LOG_INFO, "path-back", &pair->at,
	    " is back, after %" PRId64 ".%03d s", us / 1000000,
	    (int) (us / 1000 % 1000));
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

void pairs_closed(struct engine *engine, const struct core_action *action)
{
	if (action->reason != CORE_REASON_DEAD &&
	    action->reason != CORE_REASON_STRANDED)
		return;

	note_dead(engine, action);

	/* Where one is stranded, another one has taken its place. */
	if (action->reason == CORE_REASON_DEAD)
		note_silent(engine, action);
}

static void log_dead(void *data, void *user_data)
{
	struct engine *engine = user_data;
	const struct dead_pair *pair = data;

	say(engine, L_LOG_WARNING, "path-silent", &pair->at,
	    " is silent: no answer for %" PRId64 " ms; %u path%s moved off "
	    "it, tried again later", pair->silent.us / 1000, pair->n,
	    pair->n == 1 ? "" : "s");
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

void pairs_event(struct engine *engine, const struct core_event *event)
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
	say(engine, L_LOG_INFO, "path-failed", &pair->at,
	    ": %u path%s failed: %s", pair->n, pair->n == 1 ? "" : "s",
	    strerror(pair->error));
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

void pairs_tell(struct engine *engine)
{
	l_queue_foreach_remove(engine->broken, tell_broken, engine);
	l_queue_foreach(engine->dead, log_dead, engine);
	l_queue_clear(engine->dead, l_free);
}
