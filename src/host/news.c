/* SPDX-License-Identifier: BSD-3-Clause */
/* News for those who watch. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "host/describe.h"
#include "host/journal.h"
#include "host/json.h"
#include "host/news.h"

static bool is_watched(const struct engine *engine)
{
	return engine->options.is_watched &&
		engine->options.is_watched(engine->options.data);
}

/* Takes the reference. */
static void publish(struct engine *engine, json_t *news)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	json_object_set_new(news, "time_us",
			    json_integer((json_int_t) now.tv_sec * 1000000 +
					 now.tv_nsec / 1000));
	engine->options.on_news(news, engine->options.data);
	json_decref(news);
}

void news_link_up(struct engine *engine, const struct link *link,
		  int64_t held_ms)
{
	if (is_watched(engine))
		publish(engine, json_pack("{s:s, s:o, s:o, s:I}",
				"event", "link-up",
				"link", json_name(link->facts.name),
				"rail", json_rail(engine->links, link->rail),
				"held_ms", (json_int_t) held_ms));
}

void news_link_down(struct engine *engine, const char *name,
		    const char *reason, unsigned int paths, int64_t took_us)
{
	if (is_watched(engine))
		publish(engine, json_pack("{s:s, s:o, s:s, s:i, s:I}",
				"event", "link-down",
				"link", json_name(name),
				"reason", reason,
				"paths", (int) paths,
				"took_us", (json_int_t) took_us));
}

void news_dead(struct engine *engine, const struct dead_pair *pair)
{
	const char *link = journal_link_of(engine, &pair->at.local);

	if (is_watched(engine))
		publish(engine, json_pack("{s:s, s:{s:o}, s:{s:o}, s:o, s:i, "
				"s:I}",
				"event", "path-silent",
				"local", "address", json_addr(&pair->at.local),
				"remote", "address", json_addr(&pair->at.remote),
				"link", json_name(link),
				"paths", (int) pair->n,
				"silent_us", (json_int_t) pair->silent.us));
}

void news_back(struct engine *engine, const struct silent_pair *pair,
	       int64_t us)
{
	const char *link = journal_link_of(engine, &pair->at.local);

	if (is_watched(engine))
		publish(engine, json_pack("{s:s, s:{s:o}, s:{s:o}, s:o, s:I}",
				"event", "path-back",
				"local", "address", json_addr(&pair->at.local),
				"remote", "address", json_addr(&pair->at.remote),
				"link", json_name(link),
				"silent_us", (json_int_t) us));
}

static const char *event_name(enum core_event_type type)
{
	switch (type) {
	case CORE_EVENT_CREATED:
		return "created";
	case CORE_EVENT_ESTABLISHED:
		return "established";
	case CORE_EVENT_CLOSED:
		return "closed";
	case CORE_EVENT_ANNOUNCED:
		return "peer-announced";
	case CORE_EVENT_REMOVED:
		return "peer-withdrew";
	case CORE_EVENT_SUBFLOW_UP:
		return "subflow-up";
	case CORE_EVENT_SUBFLOW_DOWN:
		return "subflow-down";
	case CORE_EVENT_SUBFLOW_PRIORITY:
		return "peer-priority";
	}

	return "?";
}

static void set_endpoint(json_t *news, const char *key,
			 const struct anchor_endpoint *endpoint)
{
	if (endpoint->addr.family != ANCHOR_FAMILY_NONE)
		json_object_set_new(news, key, json_endpoint(endpoint));
}

static json_t *begin(const char *name, uint32_t token,
		     const struct anchor_endpoint *local,
		     const struct anchor_endpoint *remote)
{
	json_t *news = json_pack("{s:s, s:o}", "event", name,
				 "token", json_sprintf("%08x", token));

	set_endpoint(news, "local", local);
	set_endpoint(news, "remote", remote);
	return news;
}

void news_event(struct engine *engine, const struct core_event *event)
{
	json_t *news;

	if (!is_watched(engine))
		return;

	news = begin(event_name(event->type), event->token, &event->local,
		     &event->remote);
	switch (event->type) {
	case CORE_EVENT_CREATED:
	case CORE_EVENT_ESTABLISHED:
	case CORE_EVENT_CLOSED:
		break;
	case CORE_EVENT_ANNOUNCED:
	case CORE_EVENT_REMOVED:
		json_object_set_new(news, "id",
				    json_integer(event->remote_id));
		break;
	case CORE_EVENT_SUBFLOW_UP:
	case CORE_EVENT_SUBFLOW_PRIORITY:
		json_object_set_new(news, "backup",
				    json_boolean(event->backup));
		break;
	case CORE_EVENT_SUBFLOW_DOWN:
		json_object_set_new(news, "failure", event->error ?
				    json_string(strerror(event->error)) :
				    json_null());
		break;
	}

	publish(engine, news);
}

void news_action(struct engine *engine, const struct core_action *action,
		 int error)
{
	json_t *news;

	if (!is_watched(engine) || action->type == CORE_ACTION_SAMPLE ||
	    action->reason == CORE_REASON_NUDGE)
		return;

	news = begin(describe_verb(action->type), action->token,
		     &action->local, &action->remote);
	json_object_set_new(news, "reason",
			    json_string(describe_reason(action->reason)));
	json_object_set_new(news, "failure", error ?
			    json_string(strerror(-error)) : json_null());
	publish(engine, news);
}
