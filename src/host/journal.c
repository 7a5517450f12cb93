/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the log says, and those who watch are told: one line for each thing
 * that an operator would want to know of, however many connections it
 * concerns; the rest for debugging.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "host/describe.h"
#include "host/journal.h"
#include "host/news.h"
#include "util/addrtext.h"

#define LIMIT_NOTE_US 60000000
#define TOKEN_TEXT_MAX 9

#define FIELDS(...) (const struct log_field[]) { __VA_ARGS__, { NULL, NULL } }

static const char *token_text(uint32_t token, char text[TOKEN_TEXT_MAX])
{
	snprintf(text, TOKEN_TEXT_MAX, "%08" PRIx32, token);
	return text;
}

/* The name of the link that an address is on. */
const char *journal_link_of(const struct engine *engine,
			   const struct anchor_addr *addr)
{
	for (size_t i = 0; i < engine->links->n_addresses; i++)
		if (anchor_addr_equal(&engine->links->addresses[i].facts.addr,
				      addr))
			return engine->links->addresses[i].link->facts.name;

	return "no link";
}

void journal_action(const struct core_action *action)
{
	char text[DESCRIBE_MAX];

	l_debug("%s: %s", describe_action(action, text),
		describe_reason(action->reason));
}

void journal_event(struct engine *engine, const struct core_event *event)
{
	char local[ADDRTEXT_MAX];
	char remote[ADDRTEXT_MAX];

	addrtext_endpoint(&event->local, local);
	addrtext_endpoint(&event->remote, remote);

	switch (event->type) {
	case CORE_EVENT_CREATED:
		l_debug("%08x created %s - %s", event->token, local, remote);
		break;
	case CORE_EVENT_ESTABLISHED:
		l_debug("%08x established", event->token);
		break;
	case CORE_EVENT_CLOSED:
		l_debug("%08x closed", event->token);
		break;
	case CORE_EVENT_ANNOUNCED:
		l_debug("%08x peer announced %s id %u", event->token, remote,
			event->remote_id);
		break;
	case CORE_EVENT_REMOVED:
		l_debug("%08x peer withdrew id %u", event->token,
			event->remote_id);
		break;
	case CORE_EVENT_SUBFLOW_UP:
		l_debug("%08x path up %s - %s on %s", event->token, local,
			remote, journal_link_of(engine, &event->local.addr));
		break;
	case CORE_EVENT_SUBFLOW_DOWN:
		l_debug("%08x subflow down %s - %s on %s%s%s", event->token,
			local, remote, journal_link_of(engine, &event->local.addr),
			event->error ? ": " : "",
			event->error ? strerror(event->error) : "");
		break;
	case CORE_EVENT_SUBFLOW_PRIORITY:
		l_debug("%08x peer made %s - %s %s", event->token, local,
			remote, event->backup ? "backup" : "normal");
		break;
	}

	news_event(engine, event);
}

void journal_failed(struct engine *engine, const struct core_action *action,
		    int error, const char *reason)
{
	char local[ADDRTEXT_MAX], remote[ADDRTEXT_MAX];
	char token[TOKEN_TEXT_MAX];
	char text[DESCRIBE_MAX];

	log_say(&engine->options.log, L_LOG_WARNING,
		FIELDS({ "EVENT", "failed" },
		       { "CONNECTION", token_text(action->token, token) },
		       { "LOCAL", addrtext_endpoint(&action->local, local) },
		       { "REMOTE", addrtext_endpoint(&action->remote,
						     remote) }),
		"%s failed: %s%s%s", describe_action(action, text),
		strerror(-error), *reason ? ": " : "", reason);
}

void journal_overrun(struct engine *engine)
{
	log_say(&engine->options.log, L_LOG_ERR,
		FIELDS({ "EVENT", "overrun" }),
		"events of the kernel were lost ([kernel] receive-buffer): "
		"all connections are looked at");
}

void journal_starved(struct engine *engine)
{
	log_say(&engine->options.log, L_LOG_ERR,
		FIELDS({ "EVENT", "no-memory" }),
		"there is no memory for events of the kernel: all connections "
		"are looked at in a second");
}

void journal_facts_lost(struct engine *engine)
{
	log_say(&engine->options.log, L_LOG_ERR,
		FIELDS({ "EVENT", "overrun" }),
		"news of links and addresses were lost or cannot be read: "
		"all of them are looked at");
}

void journal_adopted(struct engine *engine, uint64_t n, unsigned int kernel)
{
	log_say(&engine->options.log, L_LOG_INFO,
		FIELDS({ "EVENT", "adopted" }),
		"%" PRIu64 " connections were there before; %u in all are "
		"left to the kernel's path manager", n, kernel);
}

void journal_listed(struct engine *engine, struct anchor_span took,
		    const char *repairs)
{
	log_say(&engine->options.log, L_LOG_WARNING,
		FIELDS({ "EVENT", "listed" }),
		"all connections were looked at, within %.1f ms: %s",
		(double) took.us / 1000, *repairs ? repairs :
		"nothing was missed");
}

void journal_repaired(struct engine *engine, const char *repairs)
{
	log_say(&engine->options.log, L_LOG_WARNING,
		FIELDS({ "EVENT", "repaired" }),
		"the kernel says otherwise than was believed: %s", repairs);
}

/* A peer could meet limits all day: one line a minute says enough. */
void journal_limit(struct engine *engine)
{
	struct anchor_time now = engine_now();

	if (engine->limit_noted.us && anchor_time_since(now,
			engine->limit_noted).us < LIMIT_NOTE_US)
		return;

	engine->limit_noted = now;
	log_say(&engine->options.log, L_LOG_WARNING,
		FIELDS({ "EVENT", "limit" }),
		"a limit of [limits] is met: some connections, subflows or "
		"announcements are left alone");
}

static const char *fault_text(enum core_fault fault)
{
	switch (fault) {
	case CORE_FAULT_NO_PAIR:
		return "asks for a path between addresses that cannot have "
			"one";
	case CORE_FAULT_TWICE:
		return "asks for one pair of addresses twice";
	case CORE_FAULT_COUNT:
		return "asks for a path of no subflow, or of more than "
			"[limits] subflows";
	case CORE_FAULT_TOTAL:
		return "asks for more subflows than [limits] subflows";
	case CORE_FAULT_ITEMS:
		return "says that its plan has more items than a plan has "
			"room for";
	case CORE_FAULT_ADDRESS:
		return "announces an address that is not usable";
	}

	return "?";
}

void journal_complaints(struct engine *engine)
{
	struct core_complaint complaint;
	char token[TOKEN_TEXT_MAX];

	while (core_take_complaint(engine->core, &complaint))
		log_say(&engine->options.log, L_LOG_WARNING,
			FIELDS({ "EVENT", "bad-plan" },
			       { "POLICY", complaint.rule->name },
			       { "MODULE", complaint.rule->policy->name },
			       { "CONNECTION", token_text(complaint.token,
							  token) }),
			"policy %s: module %s %s, first for connection %s: "
			"such items are refused, and this is not said again",
			complaint.rule->name, complaint.rule->policy->name,
			fault_text(complaint.fault), token);
}

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
	const struct log_field *fields = FIELDS({ "EVENT", "link-up" },
						{ "LINK", link->facts.name },
						{ "RAIL", rail });

	if (held)
		log_say(&engine->options.log, L_LOG_INFO, fields,
			"link %s is back on rail %s, used again in %" PRId64
			" ms", link->facts.name, rail, held);
	else
		log_say(&engine->options.log, L_LOG_INFO, fields,
			"link %s is up on rail %s", link->facts.name, rail);

	news_link_up(engine, link, held);
}

static void note_lost(struct engine *engine, const struct link *was,
		      const struct link *link)
{
	struct lost_link *lost = l_new(struct lost_link, 1);

	snprintf(lost->name, sizeof(lost->name), "%s", was->facts.name);
	lost->reason = link ? link_state_text(link->state) : "it is gone";
	if (l_queue_isempty(engine->lost))
		engine->lost_at = engine_now();

	l_queue_push_tail(engine->lost, lost);
}

/* One line for each link that became usable or ceased to be. */
void journal_links(struct engine *engine, const struct links *before)
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

		note_lost(engine, was, link);
	}
}

/* After the connections have moved: how many paths, and how long it took. */
static void log_down(void *data, void *user_data)
{
	struct engine *engine = user_data;
	const struct lost_link *lost = data;
	int64_t us = anchor_time_since(engine_now(), engine->lost_at).us;

	log_say(&engine->options.log, L_LOG_WARNING,
		FIELDS({ "EVENT", "link-down" }, { "LINK", lost->name }),
		"link %s is not usable: %s; %u path%s moved off it within %"
		PRId64 ".%03d ms", lost->name, lost->reason, engine->moved,
		engine->moved == 1 ? "" : "s", us / 1000, (int) (us % 1000));
	news_link_down(engine, lost->name, lost->reason, engine->moved, us);
}

static bool is_pair(const void *data, const void *user_data)
{
	const struct core_action *action = user_data;
	const struct dead_pair *pair = data;

	return anchor_addr_equal(&pair->local, &action->local.addr) &&
		anchor_addr_equal(&pair->remote, &action->remote.addr);
}

static void note_dead(struct engine *engine, const struct core_action *action)
{
	struct dead_pair *pair = l_queue_find(engine->dead, is_pair, action);

	if (!pair) {
		pair = l_new(struct dead_pair, 1);
		pair->local = action->local.addr;
		pair->remote = action->remote.addr;
		l_queue_push_tail(engine->dead, pair);
	}

	pair->n++;
	if (pair->silent.us < action->silent.us)
		pair->silent = action->silent;
}

void journal_closed(struct engine *engine, const struct core_action *action)
{
	if (action->reason == CORE_REASON_LINK)
		engine->moved++;
	else if (action->reason == CORE_REASON_DEAD)
		note_dead(engine, action);
}

static void log_dead(void *data, void *user_data)
{
	struct engine *engine = user_data;
	const struct dead_pair *pair = data;
	const char *link = journal_link_of(engine, &pair->local);
	char local[ADDRTEXT_MAX], remote[ADDRTEXT_MAX];

	addrtext(&pair->local, local);
	addrtext(&pair->remote, remote);
	log_say(&engine->options.log, L_LOG_WARNING,
		FIELDS({ "EVENT", "path-silent" }, { "LINK", link },
		       { "LOCAL", local }, { "REMOTE", remote }),
		"%s - %s on %s is silent: no answer for %" PRId64 " ms; %u "
		"path%s moved off it, tried again later", local, remote, link,
		pair->silent.us / 1000, pair->n, pair->n == 1 ? "" : "s");
	news_dead(engine, pair);
}

void journal_moves(struct engine *engine)
{
	l_queue_foreach(engine->dead, log_dead, engine);
	l_queue_clear(engine->dead, l_free);
	l_queue_foreach(engine->lost, log_down, engine);
	l_queue_clear(engine->lost, l_free);
	engine->moved = 0;
}
