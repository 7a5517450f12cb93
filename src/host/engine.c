/* SPDX-License-Identifier: BSD-3-Clause */
/* The engine: facts to the core, the core's actions to the kernel. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "host/describe.h"
#include "host/engine-private.h"
#include "host/joins.h"
#include "host/journal.h"
#include "host/kernel.h"
#include "host/moves.h"
#include "host/news.h"
#include "host/pairs.h"
#include "host/routes.h"
#include "host/upkeep.h"

#define PUMP_US 5000
#define BATCH_MAX 1024
#define LOAD_EVERY_S 1

struct anchor_time engine_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (struct anchor_time) {
		(int64_t) now.tv_sec * 1000000 + now.tv_nsec / 1000
	};
}

#define LONGEST_WAIT_MS 3600000

static struct anchor_time next_deadline(const struct engine *engine)
{
	struct anchor_time core = core_next_deadline(engine->core);
	struct anchor_time merge = ANCHOR_NEVER;

	if (engine->merge)
		merge = merge_deadline(engine->merge);

	return anchor_time_before(merge, core) ? merge : core;
}

/*
 * One timer for all, made once and moved: ELL's has milliseconds, so round
 * up. Without a deadline it looks again after an hour.
 */
static void arm(struct engine *engine)
{
	struct anchor_time when = next_deadline(engine);
	int64_t ms = LONGEST_WAIT_MS;

	if (!anchor_time_is_never(when))
		ms = (anchor_time_since(when, engine_now()).us + 999) / 1000;

	if (ms < 1)
		ms = 1;

	if (ms > LONGEST_WAIT_MS)
		ms = LONGEST_WAIT_MS;

	l_timeout_modify_ms(engine->deadline, (uint64_t) ms);
}

static void submit(struct engine *engine, const struct core_action *action)
{
	int err;

	/* One reading too many is asked for again in its time. */
	if (action->type == CORE_ACTION_SAMPLE) {
		sampler_submit(engine->sampler, action);
		return;
	}

	err = joins_prepare(engine, action);
	if (!err)
		err = pm_submit(engine->pm, action);

	journal_action(action);
	if (err < 0)
		core_result(engine->core, engine_now(), action, err);
}

/* Hands in a batch; false if there was nothing to do. */
static bool submit_batch(struct engine *engine)
{
	struct core_action action;
	unsigned int n = 0;

	while (pm_ready(engine->pm) && n < BATCH_MAX &&
	       core_take_action(engine->core, engine_now(), &action)) {
		submit(engine, &action);
		n++;
	}

	return n;
}

static void on_tell_synced(struct l_idle *idle, void *data)
{
	struct engine *engine = data;

	l_idle_remove(engine->tell_synced);
	engine->tell_synced = NULL;
	engine->options.on_synced(engine->options.data);
}

/*
 * Nothing is left to do for the first time. Told from the main loop, for
 * that may be within engine_new().
 */
static void note_synced(struct engine *engine)
{
	if (engine->synced || engine->more || !engine->ready)
		return;

	engine->synced = true;
	if (engine->options.on_synced)
		engine->tell_synced = l_idle_create(on_tell_synced, engine,
						    NULL);
}

static void on_more(struct l_idle *idle, void *data)
{
	engine_pump(data);
}

/*
 * Kept while it is wanted: ELL calls a new one in the same turn of the loop
 * if an old one makes it, and nothing would be read in between.
 */
static void set_more(struct engine *engine, bool wanted)
{
	if (wanted && !engine->more) {
		engine->more = l_idle_create(on_more, engine, NULL);
	} else if (!wanted) {
		l_idle_remove(engine->more);
		engine->more = NULL;
	}
}

/*
 * Takes actions until there are none. Results come back from within
 * pm_flush() and may make more. Ends, for whatever fails has a back-off; but
 * not without reading what the kernel has to say from time to time.
 */
void engine_pump(struct engine *engine)
{
	struct anchor_time start = engine_now();
	bool more = false;

	while (!more && submit_batch(engine)) {
		pm_flush(engine->pm);
		sampler_flush(engine->sampler);
		more = anchor_time_since(engine_now(), start).us >= PUMP_US;
	}

	set_more(engine, more);
	if (!more) {
		pairs_tell(engine);
		moves_tell(engine);
	}

	journal_complaints(engine);
	upkeep_note(engine);
	note_synced(engine);
	arm(engine);
}

static void on_deadline(struct l_timeout *timeout, void *data)
{
	struct engine *engine = data;

	if (engine->merge)
		merge_expire(engine->merge, engine_now());

	core_expire(engine->core, engine_now());
	engine_pump(engine);
}

static void on_event(const struct core_event *event, void *data)
{
	struct engine *engine = data;
	int err;

	journal_event(engine, event);
	pairs_event(engine, event);
	err = core_handle(engine->core, engine_now(), event);
	if (err == -ENOSPC)
		journal_limit(engine);
	else if (err == -ENOMEM)
		upkeep_starved(engine);
}

/* What the kernel says; with a host that tells, it waits for that. */
static void on_heard(const struct core_event *event, void *data)
{
	struct engine *engine = data;

	if (engine->merge)
		merge_heard(engine->merge, engine_now(), event);
	else
		on_event(event, engine);
}

void engine_handle(struct engine *engine, const struct core_event *event)
{
	merge_told(engine->merge, engine_now(), event);
	if (!engine->more)
		engine_pump(engine);
}

static void on_behind(bool behind, void *data)
{
	if (behind)
		l_warn("the host of the engine is behind with events, or some "
		       "were lost: they are read without it until it has "
		       "caught up");
	else
		l_info("the host of the engine has caught up with events");
}

static struct merge *open_merge(struct engine *engine)
{
	struct merge_options options = {
		.hand_on = on_event,
		.on_behind = on_behind,
		.data = engine,
	};

	return merge_new(&options);
}

static void on_result(const struct core_action *action, int error,
		      const char *reason, void *data)
{
	struct engine *engine = data;

	if (error && core_error_is_news(action, error))
		journal_failed(engine, action, error, reason);

	if (!error && action->type == CORE_ACTION_CLOSE) {
		moves_closed(engine, action);
		pairs_closed(engine, action);
	}

	news_action(engine, action, error);
	core_result(engine->core, engine_now(), action, error);
}

static void on_sample(const struct core_action *action,
		      const struct core_sample *sample, void *data)
{
	struct engine *engine = data;

	core_sample(engine->core, engine_now(), action, sample);
}

static void on_batch(void *data)
{
	engine_pump(data);
}

static void on_overrun(void *data)
{
	upkeep_lost(data);
}

static void on_unknown(unsigned int number, void *data)
{
	upkeep_unknown(data, number);
}

static void on_failure(int error, void *data)
{
	struct engine *engine = data;

	engine->options.on_failure(error, engine->options.data);
}

static bool wants_load(const struct engine *engine)
{
	const struct core_config *config = &engine->core_config;

	for (size_t i = 0; i < config->n_rules; i++)
		if (config->rules[i].policy->flags & ANCHOR_WANTS_LOAD)
			return true;

	return false;
}

static void on_load(struct l_timeout *timeout, void *data)
{
	struct engine *engine = data;

	for (size_t i = 0; i < engine->links->n_links; i++) {
		const struct link *link = &engine->links->links[i];
		struct anchor_load load;

		if (link->state == LINK_USABLE &&
		    sampler_load(engine->sampler, link->facts.ifindex,
				 link->facts.name, &load))
			core_set_load(engine->core, link->facts.ifindex,
				      &load);
	}

	if (timeout)
		l_timeout_modify(timeout, LOAD_EVERY_S);
}

static void set_load(struct engine *engine)
{
	l_timeout_remove(engine->load);
	engine->load = NULL;
	if (!wants_load(engine))
		return;

	on_load(NULL, engine);
	engine->load = l_timeout_create(LOAD_EVERY_S, on_load, engine, NULL);
}

static void copy_facts(const struct netfacts *facts,
		       struct links_input *input, struct rtnl_link **links,
		       struct rtnl_address **addresses)
{
	while (netfacts_link(facts, input->n_links))
		input->n_links++;

	while (netfacts_address(facts, input->n_addresses))
		input->n_addresses++;

	*links = l_new(struct rtnl_link, input->n_links + 1);
	*addresses = l_new(struct rtnl_address, input->n_addresses + 1);
	for (size_t i = 0; i < input->n_links; i++)
		(*links)[i] = *netfacts_link(facts, i);

	for (size_t i = 0; i < input->n_addresses; i++)
		(*addresses)[i] = *netfacts_address(facts, i);

	input->links = *links;
	input->addresses = *addresses;
}

static int build_links(struct engine *engine, const struct config *config,
		       struct links **ret_links)
{
	struct links_input input = { 0 };
	struct rtnl_address *addresses;
	struct rtnl_link *links;
	int err;

	copy_facts(engine->facts, &input, &links, &addresses);
	err = links_build(&input, config, &engine->seats, ret_links);
	l_free(links);
	l_free(addresses);
	return err;
}

int64_t engine_held_ms(const struct engine *engine,
		       const struct link_address *address)
{
	const struct core_local local = {
		.addr = address->facts.addr,
		.link = address->link->facts.name,
	};
	struct anchor_time until = core_held_until(engine->core, &local);
	int64_t us = anchor_time_since(until, engine_now()).us;

	return us > 0 ? (us + 999) / 1000 : 0;
}

static void tell_core(struct engine *engine)
{
	struct core_host host;

	joins_sync(engine);
	links_to_core(engine->links, engine->locals, &host);
	if (core_set_host(engine->core, engine_now(), &host) < 0)
		l_error("more rails than can be managed");

	joins_serve(engine);
}

void engine_links_changed(struct engine *engine)
{
	tell_core(engine);
	engine_pump(engine);
}

static void use_links(struct engine *engine, struct links *links)
{
	links->bare6 = kernel_has_timestamps();
	engine->links = links;
	tell_core(engine);
}

/* Before anything is said about the loss, so that it reaches the peer. */
static void renew_routes(struct engine *engine, const struct links *now)
{
	int err;

	if (!routes_lost(engine->links, now))
		return;

	err = routes_renew(engine->facts);
	if (err < 0)
		l_warn("IPv6 sockets may go on sending by a link that was "
		       "lost: %s", strerror(-err));
}

/*
 * The core points to names and prefixes of the links it was told of last:
 * the old ones go after it has been told of the new ones.
 */
static int update_links(struct engine *engine)
{
	struct links *before = engine->links;
	struct links *now;
	int err = build_links(engine, engine->options.config, &now);

	if (err < 0)
		return err;

	renew_routes(engine, now);
	use_links(engine, now);
	moves_links(engine, before);
	links_free(before);
	engine_pump(engine);
	return 0;
}

static void on_facts(void *data)
{
	int err = update_links(data);

	if (err < 0)
		l_error("links could not be updated: %s", strerror(-err));
}

static bool on_facts_readable(void *data)
{
	struct engine *engine = data;
	int err = netfacts_dispatch(engine->facts);

	upkeep_facts(engine);
	if (err < 0)
		on_failure(err, engine);

	return err >= 0;
}

/* Does each link that is in use still have its carrier? */
static int ask_links(struct engine *engine)
{
	for (size_t i = 0; i < engine->links->n_links; i++) {
		const struct link *link = &engine->links->links[i];
		int err;

		if (link->state != LINK_USABLE)
			continue;

		err = netfacts_ask(engine->facts, link->facts.ifindex);
		if (err < 0)
			return err;
	}

	/* This replaces the links if one has changed. */
	return netfacts_dispatch(engine->facts);
}

/* What the watch asks for while there is traffic. */
static void on_watch(void *data)
{
	struct engine *engine = data;
	int err = ask_links(engine);

	upkeep_facts(engine);
	if (err < 0) {
		on_failure(err, engine);
		return;
	}

	core_look(engine->core, engine_now());
	engine_pump(engine);
}

static uint64_t looking_us(void *data)
{
	struct engine *engine = data;
	struct sampler_stats stats;

	sampler_get_stats(engine->sampler, &stats);
	return stats.look_us;
}

static void set_watch(struct engine *engine)
{
	const struct watch_options options = {
		.every = engine->options.config->timers.look,
		.look = on_watch,
		.cost = looking_us,
		.data = engine,
	};

	watch_free(engine->watch);
	engine->watch = options.every.us ? watch_new(&options) : NULL;
}

static struct core_config make_core_config(const struct config *config,
					   const struct policies *policies)
{
	struct core_config core_config = {
		.limits = {
			.connections = config->limits.connections,
			.subflows = config->limits.subflows,
			.announced = config->limits.announced,
		},
		.timers = {
			.grace = config->timers.grace,
			.connect = config->timers.connect,
			.retry_min = config->timers.retry_min,
			.retry_max = config->timers.retry_max,
			.retry_refused = config->timers.retry_refused,
			.hold_min = config->timers.hold_min,
			.keep_alive = config->timers.keep_alive,
			.hold_max = config->timers.hold_max,
		},
		.scope = {
			.all = config->rendezvous.manage == CONFIG_MANAGE_ALL,
			.peers = config->rendezvous.peers.items,
			.n_peers = config->rendezvous.peers.n,
		},
	};
	core_config.rules = policies_rules(policies, &core_config.n_rules);
	return core_config;
}

/*
 * The links are made first, for which connections are managed depends on the
 * rendezvous addresses. They point into the configuration they were made
 * from.
 */
int engine_reconfigure(struct engine *engine, const struct config *config,
		       const struct policies *policies,
		       unsigned int *ret_moved)
{
	struct core_config before = engine->core_config;
	struct links *old = engine->links;
	struct links *new;
	int err = build_links(engine, config, &new);

	if (err < 0)
		return err;

	use_links(engine, new);
	engine->core_config = make_core_config(config, policies);
	err = core_set_config(engine->core, &engine->core_config, ret_moved);
	if (err < 0) {
		engine->core_config = before;
		use_links(engine, old);
		links_free(new);
		return err;
	}

	engine->options.config = config;
	engine->options.policies = policies;
	pm_set_commands(engine->pm, config->limits.commands);
	listeners_set_limit(engine->listeners, config->limits.listeners);
	sampler_set_limit(engine->sampler, config->limits.samples);
	set_watch(engine);
	set_load(engine);
	upkeep_reconfigure(engine);
	moves_links(engine, old);
	links_free(old);
	engine_pump(engine);
	return 0;
}

static int open_pm(struct engine *engine, char *reason, size_t len)
{
	const struct config *config = engine->options.config;
	struct pm_options options = {
		.buffer = (int) config->kernel.receive_buffer,
		.commands = config->limits.commands,
		.events = true,
		.on_event = on_heard,
		.on_result = on_result,
		.on_batch = on_batch,
		.on_overrun = on_overrun,
		.on_unknown = on_unknown,
		.on_failure = on_failure,
		.data = engine,
	};
	int err = pm_new(&options, &engine->pm);

	if (err == -EPERM)
		snprintf(reason, len, "the kernel's path manager refuses us: "
			 "CAP_NET_ADMIN is needed (run as root)");
	else if (err == -ENOENT)
		snprintf(reason, len, "the kernel has no mptcp_pm netlink "
			 "family");
	else if (err < 0)
		snprintf(reason, len, "cannot reach the kernel's path "
			 "manager: %s", strerror(-err));

	return err;
}

static int open_facts(struct engine *engine, char *reason, size_t len)
{
	int buffer = (int) engine->options.config->kernel.receive_buffer;
	int err = netfacts_new(buffer, on_facts, engine, &engine->facts);

	if (err < 0) {
		snprintf(reason, len, "cannot read links and addresses: %s",
			 strerror(-err));
		return err;
	}

	engine->facts_io = fdio_new(netfacts_fd(engine->facts),
				    on_facts_readable, NULL, engine);
	if (engine->facts_io)
		return 0;

	snprintf(reason, len, "too many open descriptors");
	return -EMFILE;
}

static struct sampler *open_sampler(struct engine *engine)
{
	struct sampler_options options = {
		.per_second = engine->options.config->limits.samples,
		.on_sample = on_sample,
		.data = engine,
	};

	return sampler_new(&options);
}

static int engine_open(struct engine *engine, char *reason, size_t len)
{
	int err = open_pm(engine, reason, len);

	if (err < 0)
		return err;

	err = open_facts(engine, reason, len);
	if (err < 0)
		return err;

	upkeep_recall(engine);
	err = update_links(engine);
	if (err < 0) {
		snprintf(reason, len, "links: %s", strerror(-err));
		return err;
	}

	set_watch(engine);
	set_load(engine);
	err = upkeep_start(engine);
	if (err < 0)
		snprintf(reason, len, "too many open descriptors");

	return err;
}

static uint64_t seed(void)
{
	uint64_t value;

	l_getrandom(&value, sizeof(value));
	return value;
}

int engine_new(const struct engine_options *options,
	       struct engine **ret_engine, char *reason, size_t len)
{
	struct engine *engine = l_new(struct engine, 1);
	int err = -ENOMEM;

	engine->options = *options;
	engine->lost = l_queue_new();
	engine->dead = l_queue_new();
	engine->silent = l_queue_new();
	engine->broken = l_queue_new();
	engine->started = engine_now();
	engine->core_config = make_core_config(options->config,
					       options->policies);
	engine->deadline = l_timeout_create_ms(LONGEST_WAIT_MS, on_deadline,
					       engine, NULL);
	engine->sampler = open_sampler(engine);
	engine->merge = options->fed ? open_merge(engine) : NULL;
	engine->listeners = listeners_new(options->config->join.port);
	engine->core = core_new(&engine->core_config, seed());
	if (engine->core && engine->listeners) {
		listeners_set_limit(engine->listeners,
				    options->config->limits.listeners);
		err = engine_open(engine, reason, len);
	} else {
		snprintf(reason, len, "no memory or descriptors");
	}

	if (err < 0) {
		engine_free(engine);
		return err;
	}

	*ret_engine = engine;
	return 0;
}

bool engine_is_alive(struct engine *engine)
{
	bool stuck = pm_is_stuck(engine->pm);

	/* Asked too in any case, for each remembers. */
	stuck |= netfacts_is_stuck(engine->facts);
	return !stuck;
}

void engine_free(struct engine *engine)
{
	if (!engine)
		return;

	upkeep_stop(engine);
	l_timeout_remove(engine->deadline);
	joins_stop(engine);
	l_timeout_remove(engine->load);
	l_idle_remove(engine->more);
	l_idle_remove(engine->tell_synced);
	watch_free(engine->watch);
	fdio_free(engine->facts_io);
	netfacts_free(engine->facts);
	pm_free(engine->pm);
	merge_free(engine->merge);
	sampler_free(engine->sampler);
	core_free(engine->core);
	listeners_free(engine->listeners);
	links_free(engine->links);
	l_queue_destroy(engine->lost, l_free);
	l_queue_destroy(engine->dead, l_free);
	l_queue_destroy(engine->silent, l_free);
	l_queue_destroy(engine->broken, l_free);
	l_free(engine);
}
