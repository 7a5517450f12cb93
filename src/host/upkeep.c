/* SPDX-License-Identifier: BSD-3-Clause */
/* Keeps what is believed true, and what is known alone remembered. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "host/joins.h"
#include "host/journal.h"
#include "host/memory.h"
#include "host/upkeep.h"

#define REMEMBER_MS 1000	/* after a change, for there may be more */
#define TEXT_MAX 256
#define AUDIT_MIN_MS 100
#define AUDIT_CONNECTIONS 300	/* each so many add as much again */
#define STARVED_MS 1000		/* until there may be memory again */
#define FACTS_NOTE_US 60000000

static const char *const repair_texts[CORE_REPAIRS] = {
	[CORE_REPAIR_CONN_MISSED] = "connections missed",
	[CORE_REPAIR_CONN_GONE] = "connections gone",
	[CORE_REPAIR_SUBFLOW_MISSED] = "subflows missed",
	[CORE_REPAIR_SUBFLOW_GONE] = "subflows gone",
	[CORE_REPAIR_BACKUP] = "backup flags",
	[CORE_REPAIR_ANNOUNCED] = "announcements",
	[CORE_REPAIR_STATE] = "states",
};

static struct memory memory_of(struct engine *engine)
{
	return (struct memory) {
		.kernel = engine->options.kernel,
		.core = engine->core,
		.listeners = engine->listeners,
		.seats = &engine->seats,
	};
}

/* Changes whenever there is something else to remember. */
static uint64_t version_of(const struct engine *engine)
{
	return core_peers_version(engine->core) +
		listeners_version(engine->listeners) + engine->seats.n;
}

static void save(struct engine *engine)
{
	struct memory memory = memory_of(engine);
	int err;

	if (!engine->options.memory)
		return;

	engine->remembered = version_of(engine);
	err = memory_save(engine->options.memory, &memory);
	if (err < 0 && !engine->forgetful)
		l_warn("%s cannot be written: %s; a restart will choose "
		       "other join ports", engine->options.memory,
		       strerror(-err));

	engine->forgetful = err < 0;
}

static void on_remember(struct l_timeout *timeout, void *data)
{
	struct engine *engine = data;

	l_timeout_remove(engine->remember);
	engine->remember = NULL;
	save(engine);
}

void upkeep_note(struct engine *engine)
{
	if (engine->options.memory && !engine->remember &&
	    version_of(engine) != engine->remembered)
		engine->remember = l_timeout_create_ms(REMEMBER_MS,
						       on_remember, engine,
						       NULL);
}

void upkeep_recall(struct engine *engine)
{
	const char *path = engine->options.memory;
	struct memory memory = memory_of(engine);
	int bad;

	if (!path)
		return;

	bad = memory_load(path, &memory);
	if (bad < 0 && bad != -ENOENT)
		l_warn("%s cannot be read: %s", path, strerror(-bad));
	else if (bad > 0)
		l_warn("%s: %d lines make no sense", path, bad);
}

/* What has been repaired since this was asked for the last time. */
static bool repairs_text(struct engine *engine, char *buf)
{
	struct core_stats stats;
	int len = 0;

	core_get_stats(engine->core, &stats);
	buf[0] = '\0';
	for (size_t i = 0; i < CORE_REPAIRS; i++) {
		uint64_t n = stats.repairs[i] - engine->repairs[i];

		engine->repairs[i] = stats.repairs[i];
		if (n)
			len += snprintf(buf + len, (size_t) (TEXT_MAX - len),
					"%s%" PRIu64 " %s", len ? ", " : "", n,
					repair_texts[i]);
	}

	return len > 0;
}

static void log_start(struct engine *engine)
{
	struct core_stats stats;

	core_get_stats(engine->core, &stats);
	if (stats.adopted == engine->adopted)
		return;

	journal_adopted(engine, stats.adopted - engine->adopted,
			stats.kernel);
	engine->adopted = stats.adopted;
}

static void log_result(struct engine *engine,
		       const struct lister_result *result)
{
	char text[TEXT_MAX];
	bool repaired = repairs_text(engine, text);

	switch (result->kind) {
	case CORE_SYNC_START:
		log_start(engine);
		break;
	case CORE_SYNC_LOSS:
		journal_listed(engine, result->took, text);
		return;
	case CORE_SYNC_AUDIT:
		break;
	}

	if (repaired)
		journal_repaired(engine, text);
}

static void on_done(const struct lister_result *result, void *data)
{
	struct engine *engine = data;

	if (!result->whole)
		l_warn("connections cannot be listed: %s; %s",
		       strerror(-result->error),
		       result->again ? "this is tried again" :
		       "what has been missed stays so until that succeeds");

	if (result->again)
		return;

	if (result->whole)
		log_result(engine, result);

	/* What was there may be announced where nobody listens. */
	joins_serve(engine);
	engine->ready = true;
}

static void catch_up(void *data)
{
	struct engine *engine = data;

	pm_catch_up(engine->pm);
	if (engine->merge)
		merge_catch_up(engine->merge);
}

static void on_turn(void *data)
{
	engine_pump(data);
}

/* 0: never. */
static uint64_t audit_ms(const struct engine *engine)
{
	int64_t us = engine->options.config->timers.audit.us;

	if (us && us < AUDIT_MIN_MS * 1000)
		return AUDIT_MIN_MS;

	return (uint64_t) us / 1000;
}

/* Once a minute: it may come with each message. */
static void note_facts_lost(struct engine *engine)
{
	struct anchor_time now = engine_now();
	struct nlsock_stats stats;

	netfacts_get_stats(engine->facts, &stats);
	if (stats.overruns + stats.malformed == engine->facts_lost ||
	    (engine->facts_noted.us && anchor_time_since(now,
			engine->facts_noted).us < FACTS_NOTE_US))
		return;

	engine->facts_lost = stats.overruns + stats.malformed;
	engine->facts_noted = now;
	journal_facts_lost(engine);
}

static void note_facts_repaired(struct engine *engine)
{
	struct netfacts_repairs now = netfacts_repairs(engine->facts);
	uint64_t links = now.links - engine->facts_repairs.links;
	uint64_t addresses = now.addresses - engine->facts_repairs.addresses;
	char text[TEXT_MAX];

	if (!links && !addresses)
		return;

	engine->facts_repairs = now;
	snprintf(text, sizeof(text), "%" PRIu64 " links, %" PRIu64
		 " addresses", links, addresses);
	journal_repaired(engine, text);
}

static void on_tick(struct l_timeout *timeout, void *data)
{
	struct engine *engine = data;
	int err = netfacts_tick(engine->facts);

	l_timeout_remove(engine->tick);
	engine->tick = NULL;
	note_facts_repaired(engine);
	upkeep_facts(engine);
	if (err < 0)
		engine->options.on_failure(err, engine->options.data);
}

void upkeep_facts(struct engine *engine)
{
	note_facts_lost(engine);
	if (!engine->tick && netfacts_wants_tick(engine->facts))
		engine->tick = l_timeout_create_ms(NETFACTS_TICK_MS, on_tick,
						   engine, NULL);
}

/* What one costs grows with connections, and what they cost a second not. */
uint64_t upkeep_audit_ms(const struct engine *engine, uint64_t connections)
{
	return audit_ms(engine) * (1 + connections / AUDIT_CONNECTIONS);
}

static void on_audit(struct l_timeout *timeout, void *data)
{
	struct engine *engine = data;
	int err = netfacts_audit(engine->facts);
	struct core_stats stats;

	core_get_stats(engine->core, &stats);
	engine->audits++;
	lister_start(engine->lister, CORE_SYNC_AUDIT);
	l_timeout_modify_ms(timeout,
			    upkeep_audit_ms(engine, stats.connections));
	if (err < 0)
		engine->options.on_failure(err, engine->options.data);
}

static void set_audit(struct engine *engine)
{
	uint64_t ms = audit_ms(engine);

	l_timeout_remove(engine->audit);
	engine->audit = ms ? l_timeout_create_ms(ms, on_audit, engine, NULL) :
		NULL;
}

int upkeep_start(struct engine *engine)
{
	const struct lister_options options = {
		.core = engine->core,
		.family = pm_family(engine->pm),
		.buffer = (int) engine->options.config->kernel.receive_buffer,
		.catch_up = catch_up,
		.on_turn = on_turn,
		.on_done = on_done,
		.data = engine,
	};

	engine->lister = lister_new(&options);
	if (!engine->lister)
		return -EMFILE;

	lister_start(engine->lister, CORE_SYNC_START);
	set_audit(engine);
	save(engine);
	return 0;
}

void upkeep_stop(struct engine *engine)
{
	l_timeout_remove(engine->audit);
	l_timeout_remove(engine->tick);
	l_timeout_remove(engine->remember);
	l_timeout_remove(engine->starved);
	if (engine->lister)
		save(engine);

	lister_free(engine->lister);
}

void upkeep_reconfigure(struct engine *engine)
{
	set_audit(engine);
	lister_start(engine->lister, CORE_SYNC_START);
}

void upkeep_lost(struct engine *engine)
{
	/* Of a loss that goes on for a while the log need not say more. */
	if (!engine->losses++ || !lister_busy(engine->lister))
		journal_overrun(engine);

	if (engine->merge)
		merge_lost(engine->merge);

	core_events_lost(engine->core);
	if (engine->lister)
		lister_start(engine->lister, CORE_SYNC_LOSS);
}

static void on_starved(struct l_timeout *timeout, void *data)
{
	struct engine *engine = data;

	l_timeout_remove(engine->starved);
	engine->starved = NULL;
	if (engine->lister)
		lister_start(engine->lister, CORE_SYNC_LOSS);
}

/* One list is for all that are lost until then, and one line in the log. */
void upkeep_starved(struct engine *engine)
{
	if (engine->starved)
		return;

	engine->losses++;
	journal_starved(engine);
	engine->starved = l_timeout_create_ms(STARVED_MS, on_starved, engine,
					      NULL);
}

/* A kernel that is newer than this: nobody knows what it was about. */
void upkeep_unknown(struct engine *engine, unsigned int number)
{
	if (number >= ENGINE_EVENTS_MAX || engine->unknown[number])
		return;

	engine->unknown[number] = true;
	l_warn("the kernel sends events of a kind that is not known, number "
	       "%u", number);
	if (engine->lister)
		lister_start(engine->lister, CORE_SYNC_AUDIT);
}
