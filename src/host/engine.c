/* SPDX-License-Identifier: BSD-3-Clause */
/* The engine: facts to the core, the core's actions to the kernel. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "host/describe.h"
#include "host/engine-private.h"
#include "host/kernel.h"
#include "util/addrtext.h"

#define LISTEN_AGAIN_S 2
#define RELEASE_S 5
#define LIMIT_NOTE_US 60000000
#define FACTS_BUFFER (1 << 20)

struct anchor_time engine_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (struct anchor_time) {
		(int64_t) now.tv_sec * 1000000 + now.tv_nsec / 1000
	};
}

#define LONGEST_WAIT_MS 3600000

/*
 * One timer for all, made once and moved: ELL's has milliseconds, so round
 * up. Without a deadline it looks again after an hour.
 */
static void arm(struct engine *engine)
{
	struct anchor_time when = core_next_deadline(engine->core);
	int64_t ms = LONGEST_WAIT_MS;

	if (!anchor_time_is_never(when))
		ms = (anchor_time_since(when, engine_now()).us + 999) / 1000;

	if (ms < 1)
		ms = 1;

	if (ms > LONGEST_WAIT_MS)
		ms = LONGEST_WAIT_MS;

	l_timeout_modify_ms(engine->deadline, (uint64_t) ms);
}

static void log_action(const struct core_action *action)
{
	char text[DESCRIBE_MAX];

	l_debug("%s: %s", describe_action(action, text),
		describe_reason(action->reason));
}

/* The name of the link that an address is on. */
static const char *link_of(const struct engine *engine,
			   const struct anchor_addr *addr)
{
	for (size_t i = 0; i < engine->links->n_addresses; i++)
		if (anchor_addr_equal(&engine->links->addresses[i].facts.addr,
				      addr))
			return engine->links->addresses[i].link->facts.name;

	return "no link";
}

static bool in_use(uint16_t port, void *data)
{
	struct engine *engine = data;

	return core_serves_port(engine->core, port);
}

static void on_release(struct l_timeout *timeout, void *data)
{
	struct engine *engine = data;

	if (listeners_release(engine->listeners, in_use, engine)) {
		l_timeout_modify(timeout, RELEASE_S);
		return;
	}

	l_timeout_remove(timeout);
	engine->release = NULL;
}

/* Somebody must listen before the peer is told to come. */
static void prepare(struct engine *engine, const struct core_action *action)
{
	if (action->type != CORE_ACTION_ANNOUNCE || !action->bare)
		return;

	listeners_serve(engine->listeners, &action->local, action->ifindex,
			link_of(engine, &action->local.addr));
	if (!engine->release)
		engine->release = l_timeout_create(RELEASE_S, on_release,
						   engine, NULL);
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

static void log_complaints(struct engine *engine)
{
	struct core_complaint complaint;

	while (core_take_complaint(engine->core, &complaint))
		l_warn("policy %s: module %s %s, first for connection %08x: "
		       "such items are refused, and this is not said again",
		       complaint.rule->name, complaint.rule->policy->name,
		       fault_text(complaint.fault), complaint.token);
}

/*
 * Takes actions until there are none. Results come back from within
 * pm_flush() and may make more. Ends, for whatever fails has a back-off.
 */
static void pump(struct engine *engine)
{
	struct core_action action;
	bool more = true;

	while (more) {
		more = false;

		while (pm_ready(engine->pm) &&
		       core_take_action(engine->core, engine_now(),
					&action)) {
			int err;

			prepare(engine, &action);
			err = pm_submit(engine->pm, &action);
			log_action(&action);
			if (err < 0)
				core_result(engine->core, engine_now(),
					    &action, err);

			more = true;
		}

		if (more)
			pm_flush(engine->pm);
	}

	log_complaints(engine);
	arm(engine);
}

static void on_deadline(struct l_timeout *timeout, void *data)
{
	struct engine *engine = data;

	core_expire(engine->core, engine_now());
	pump(engine);
}

static void log_event(const struct engine *engine,
		      const struct core_event *event)
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
			remote, link_of(engine, &event->local.addr));
		break;
	case CORE_EVENT_SUBFLOW_DOWN:
		l_debug("%08x subflow down %s - %s on %s%s%s", event->token,
			local, remote, link_of(engine, &event->local.addr),
			event->error ? ": " : "",
			event->error ? strerror(event->error) : "");
		break;
	case CORE_EVENT_SUBFLOW_PRIORITY:
		l_debug("%08x peer made %s - %s %s", event->token, local,
			remote, event->backup ? "backup" : "normal");
		break;
	}
}

/* A peer could meet limits all day: one line a minute says enough. */
static void note_limit(struct engine *engine)
{
	struct anchor_time now = engine_now();

	if (engine->limit_noted.us && anchor_time_since(now,
			engine->limit_noted).us < LIMIT_NOTE_US)
		return;

	engine->limit_noted = now;
	l_warn("a limit of [limits] is met: some connections, subflows or "
	       "announcements are left alone");
}

static void on_event(const struct core_event *event, void *data)
{
	struct engine *engine = data;
	int err;

	log_event(engine, event);
	err = core_handle(engine->core, engine_now(), event);
	if (err == -ENOSPC)
		note_limit(engine);
	else if (err == -ENOMEM)
		l_error("no memory for an event of connection %08x",
			event->token);
}

static void on_result(const struct core_action *action, int error,
		      const char *reason, void *data)
{
	struct engine *engine = data;
	char text[DESCRIBE_MAX];

	if (error && core_error_is_news(action, error))
		l_warn("%s failed: %s%s%s", describe_action(action, text),
		       strerror(-error), *reason ? ": " : "", reason);

	core_result(engine->core, engine_now(), action, error);
}

static void on_batch(void *data)
{
	pump(data);
}

static void on_overrun(void *data)
{
	l_error("events of the kernel were lost: raise [kernel] "
		"receive-buffer; connections made meanwhile are not managed");
}

static void on_failure(int error, void *data)
{
	struct engine *engine = data;

	engine->options.on_failure(error, engine->options.data);
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
	err = links_build(&input, config, ret_links);
	l_free(links);
	l_free(addresses);
	return err;
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

/* One line for each link that became usable or ceased to be. */
static void log_links(const struct links *before, const struct links *now)
{
	for (size_t i = 0; i < now->n_links; i++) {
		const struct link *link = &now->links[i];

		if (link->state == LINK_USABLE &&
		    !usable_in(before, link->facts.ifindex))
			l_info("link %s is up on rail %s", link->facts.name,
			       now->rails[link->rail].name);
	}

	for (size_t i = 0; before && i < before->n_links; i++) {
		const struct link *was = &before->links[i];
		const struct link *link = find_link(now, was->facts.ifindex);

		if (was->state != LINK_USABLE ||
		    usable_in(now, was->facts.ifindex))
			continue;

		l_warn("link %s is not usable: %s", was->facts.name,
		       link ? link_state_text(link->state) : "it is gone");
	}
}

static void on_listen_again(struct l_timeout *timeout, void *data);

static void sync_listeners(struct engine *engine)
{
	bool complete = listeners_sync(engine->listeners, engine->links);

	l_timeout_remove(engine->listen_again);
	engine->listen_again = complete ? NULL :
		l_timeout_create(LISTEN_AGAIN_S, on_listen_again, engine,
				 NULL);
}

static void tell_core(struct engine *engine)
{
	struct core_host host;

	sync_listeners(engine);
	links_to_core(engine->links, engine->locals, &host);
	if (core_set_host(engine->core, engine_now(), &host) < 0)
		l_error("more rails than can be managed");
}

static void on_listen_again(struct l_timeout *timeout, void *data)
{
	struct engine *engine = data;

	tell_core(engine);
	pump(engine);
}

static void use_links(struct engine *engine, struct links *links)
{
	links->bare6 = kernel_has_timestamps();
	engine->links = links;
	tell_core(engine);
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

	log_links(before, now);
	use_links(engine, now);
	links_free(before);
	return 0;
}

static void on_facts(void *data)
{
	struct engine *engine = data;
	int err = update_links(engine);

	if (err < 0)
		l_error("links could not be updated: %s", strerror(-err));

	pump(engine);
}

static bool on_facts_readable(struct l_io *io, void *data)
{
	struct engine *engine = data;
	int err = netfacts_dispatch(engine->facts);

	if (err < 0)
		on_failure(err, engine);

	return err >= 0;
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

	log_links(old, new);
	links_free(old);
	engine->options.config = config;
	engine->options.policies = policies;
	pm_set_commands(engine->pm, config->limits.commands);
	pump(engine);
	return 0;
}

static int open_pm(struct engine *engine, char *reason, size_t len)
{
	const struct config *config = engine->options.config;
	struct pm_options options = {
		.buffer = (int) config->kernel.receive_buffer,
		.commands = config->limits.commands,
		.events = true,
		.on_event = on_event,
		.on_result = on_result,
		.on_batch = on_batch,
		.on_overrun = on_overrun,
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
	int err = netfacts_new(FACTS_BUFFER, on_facts, engine,
			       &engine->facts);

	if (err < 0) {
		snprintf(reason, len, "cannot read links and addresses: %s",
			 strerror(-err));
		return err;
	}

	engine->facts_io = l_io_new(netfacts_fd(engine->facts));
	l_io_set_read_handler(engine->facts_io, on_facts_readable, engine,
			      NULL);
	return 0;
}

static int engine_open(struct engine *engine, char *reason, size_t len)
{
	int err = open_pm(engine, reason, len);

	if (err < 0)
		return err;

	err = open_facts(engine, reason, len);
	if (err < 0)
		return err;

	err = update_links(engine);
	if (err < 0)
		snprintf(reason, len, "links: %s", strerror(-err));

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
	engine->started = engine_now();
	engine->core_config = make_core_config(options->config,
					       options->policies);
	engine->deadline = l_timeout_create_ms(LONGEST_WAIT_MS, on_deadline,
					       engine, NULL);
	engine->listeners = listeners_new(options->config->join.port);
	engine->core = core_new(&engine->core_config, seed());
	if (engine->core && engine->listeners)
		err = engine_open(engine, reason, len);
	else
		snprintf(reason, len, "no memory or descriptors");

	if (err < 0) {
		engine_free(engine);
		return err;
	}

	*ret_engine = engine;
	return 0;
}

void engine_free(struct engine *engine)
{
	if (!engine)
		return;

	l_timeout_remove(engine->deadline);
	l_timeout_remove(engine->listen_again);
	l_timeout_remove(engine->release);
	l_io_destroy(engine->facts_io);
	netfacts_free(engine->facts);
	pm_free(engine->pm);
	core_free(engine->core);
	listeners_free(engine->listeners);
	links_free(engine->links);
	l_free(engine);
}
