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
		LOG_FIELDS({ "EVENT", "failed" },
			   { "CONNECTION", token_text(action->token, token) },
			   { "LOCAL", addrtext_endpoint(&action->local,
							local) },
			   { "REMOTE", addrtext_endpoint(&action->remote,
							 remote) }),
		"%s failed: %s%s%s", describe_action(action, text),
		strerror(-error), *reason ? ": " : "", reason);
}

void journal_overrun(struct engine *engine)
{
	log_say(&engine->options.log, L_LOG_ERR,
		LOG_FIELDS({ "EVENT", "overrun" }),
		"events of the kernel were lost ([kernel] receive-buffer): "
		"all connections are looked at");
}

void journal_starved(struct engine *engine)
{
	log_say(&engine->options.log, L_LOG_ERR,
		LOG_FIELDS({ "EVENT", "no-memory" }),
		"there is no memory for events of the kernel: all connections "
		"are looked at in a second");
}

void journal_facts_lost(struct engine *engine)
{
	log_say(&engine->options.log, L_LOG_ERR,
		LOG_FIELDS({ "EVENT", "overrun" }),
		"news of links and addresses were lost or cannot be read: "
		"all of them are looked at");
}

void journal_adopted(struct engine *engine, uint64_t n, unsigned int kernel)
{
	log_say(&engine->options.log, L_LOG_INFO,
		LOG_FIELDS({ "EVENT", "adopted" }),
		"%" PRIu64 " connections were there before; %u in all are "
		"left to the kernel's path manager", n, kernel);
}

void journal_listed(struct engine *engine, struct anchor_span took,
		    const char *repairs)
{
	log_say(&engine->options.log, L_LOG_WARNING,
		LOG_FIELDS({ "EVENT", "listed" }),
		"all connections were looked at, within %.1f ms: %s",
		(double) took.us / 1000, *repairs ? repairs :
		"nothing was missed");
}

void journal_repaired(struct engine *engine, const char *repairs)
{
	log_say(&engine->options.log, L_LOG_WARNING,
		LOG_FIELDS({ "EVENT", "repaired" }),
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
		LOG_FIELDS({ "EVENT", "limit" }),
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
			LOG_FIELDS({ "EVENT", "bad-plan" },
				   { "POLICY", complaint.rule->name },
				   { "MODULE", complaint.rule->policy->name },
				   { "CONNECTION", token_text(complaint.token,
							      token) }),
			"policy %s: module %s %s, first for connection %s: "
			"such items are refused, and this is not said again",
			complaint.rule->name, complaint.rule->policy->name,
			fault_text(complaint.fault), token);
}
