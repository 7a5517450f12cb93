/* SPDX-License-Identifier: BSD-3-Clause */
/* Two hosts on virtual time: the loop, and connections' beginnings. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "host/describe.h"
#include "sim/sim.h"

#define BATCH 256
#define BATCHES_MAX 1000	/* at one moment of time */
#define NEWS anchor_us(20)	/* from a kernel to the core */
#define SERVICE_PORT 5000
#define CLIENT_PORT 40000

extern const struct anchor_policy anchor_policy;

void sim_violate(struct sim *sim, const char *format, ...)
{
	va_list args;
	int at;

	if (sim->violation[0])
		return;

	at = snprintf(sim->violation, SIM_VIOLATION, "at %lld us: ",
		      (long long) sim->now.us);
	va_start(args, format);
	vsnprintf(sim->violation + at, (size_t) (SIM_VIOLATION - at), format,
		  args);
	va_end(args);
	sim_trace(sim, "VIOLATION %s", sim->violation);
}

void sim_trace(struct sim *sim, const char *format, ...)
{
	va_list args;

	if (!sim->trace)
		return;

	fprintf(stderr, "%12.6f ", (double) sim->now.us / 1e6);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}

void sim_later(struct sim *sim, struct anchor_span span,
	       const struct sim_event *event)
{
	struct sim_event later = *event;

	later.at = anchor_time_add(sim->now, span);
	if (queue_push(&sim->queue, &later) < 0)
		sim_violate(sim, "no memory for what comes");
}

static const char *end_name(unsigned int end)
{
	return end == SIM_SERVER ? "server" : "client";
}

static void trace_news(struct sim *sim, const struct sim_event *event)
{
	static const char *const names[] = {
		[CORE_EVENT_CREATED] = "created",
		[CORE_EVENT_ESTABLISHED] = "established",
		[CORE_EVENT_CLOSED] = "closed",
		[CORE_EVENT_ANNOUNCED] = "announced",
		[CORE_EVENT_REMOVED] = "removed",
		[CORE_EVENT_SUBFLOW_UP] = "up",
		[CORE_EVENT_SUBFLOW_DOWN] = "down",
		[CORE_EVENT_SUBFLOW_PRIORITY] = "priority",
	};
	const struct core_event *news = &event->news;
	char local[ADDRTEXT_MAX], remote[ADDRTEXT_MAX];

	if (sim->trace)
		sim_trace(sim, "%s < %s %08x %s - %s ids %u %u error %d",
			  end_name(event->end), names[news->type],
			  news->token, addrtext_endpoint(&news->local, local),
			  addrtext_endpoint(&news->remote, remote),
			  news->local_id, news->remote_id, news->error);
}

static void on_news(struct sim *sim, const struct sim_event *event)
{
	trace_news(sim, event);
	if (core_handle(sim->host[event->end].core, sim->now, &event->news) < 0)
		sim_violate(sim, "core_handle() failed");
}

void sim_tell(struct sim *sim, enum sim_end end, unsigned int conn,
	      const struct core_event *news)
{
	struct sim_event event = {
		.run = on_news, .end = end, .news = *news,
	};

	event.news.token = sim_token(conn, end);
	sim_later(sim, NEWS, &event);
}

static void trace_action(struct sim *sim, unsigned int end,
			 const struct core_action *action, int error)
{
	char text[DESCRIBE_MAX];

	if (sim->trace && action->type != CORE_ACTION_SAMPLE)
		sim_trace(sim, "%s > %s (%s)%s%s", end_name(end),
			  describe_action(action, text),
			  describe_reason(action->reason),
			  error ? ": " : "",
			  error ? strerrordesc_np(-error) : "");
}

static void count_action(struct sim *sim, unsigned int end,
			 const struct core_action *action)
{
	unsigned int conn = sim_conn_of(action->token);

	sim->host[end].actions[action->type]++;
	if (action->type != CORE_ACTION_SAMPLE)
		sim->conns[conn].at[end].actions++;
}

/* As the engine does: results come after the whole batch; false: no more. */
static bool pump_batch(struct sim *sim, enum sim_end end)
{
	struct core *core = sim->host[end].core;
	struct core_action actions[BATCH];
	int errors[BATCH];
	unsigned int n = 0;

	while (n < BATCH && core_take_action(core, sim->now, &actions[n])) {
		count_action(sim, end, &actions[n]);
		errors[n] = actions[n].type == CORE_ACTION_SAMPLE ? 0 :
			kernel_do(sim, end, &actions[n]);
		trace_action(sim, end, &actions[n], errors[n]);
		n++;
	}

	for (unsigned int i = 0; i < n; i++)
		if (actions[i].type == CORE_ACTION_SAMPLE)
			traffic_sample(sim, end, &actions[i]);
		else
			core_result(core, sim->now, &actions[i], errors[i]);

	return n;
}

static void pump(struct sim *sim, enum sim_end end)
{
	unsigned int batches = 0;

	while (pump_batch(sim, end))
		if (++batches == BATCHES_MAX) {
			sim_violate(sim, "the %s does not come to rest",
				    end_name(end));
			return;
		}
}

/* Whatever comes next, or false if nothing does until then. */
static bool step(struct sim *sim, struct anchor_time until)
{
	struct anchor_time next = queue_next(&sim->queue);
	struct sim_event event;

	for (int end = 0; end < SIM_ENDS; end++) {
		struct anchor_time deadline =
				core_next_deadline(sim->host[end].core);

		if (anchor_time_before(deadline, next))
			next = deadline;
	}

	if (anchor_time_before(until, next))
		return false;

	if (anchor_time_before(sim->now, next))
		sim->now = next;

	if (!anchor_time_before(sim->now, queue_next(&sim->queue))) {
		queue_pop(&sim->queue, &event);
		event.run(sim, &event);
	}

	for (int end = 0; end < SIM_ENDS; end++) {
		core_expire(sim->host[end].core, sim->now);
		pump(sim, (enum sim_end) end);
	}

	return true;
}

static void run_until(struct sim *sim, struct anchor_time until)
{
	while (!sim->violation[0] && step(sim, until))
		continue;

	sim->now = until;
}

void sim_run(struct sim *sim, struct anchor_span span)
{
	run_until(sim, anchor_time_add(sim->now, span));
}

bool sim_wait(struct sim *sim, struct anchor_span most,
	      sim_condition condition, void *data)
{
	struct anchor_time until = anchor_time_add(sim->now, most);

	while (!condition(sim, data)) {
		if (!anchor_time_before(sim->now, until) || sim->violation[0])
			return false;

		sim_run(sim, anchor_ms(1));
	}

	return true;
}

/* What a loss probe or traffic would make of it: host/watch.c. */
static void on_watch(struct sim *sim, const struct sim_event *event)
{
	core_look(sim->host[event->end].core, sim->now);
	sim_later(sim, sim->options.look_every, event);
}

static void add_initial(struct sim *sim, struct sim_conn *conn,
			unsigned int number)
{
	struct sim_sub *sub = subflow_add(conn);

	if (!sub) {
		sim_violate(sim, "no memory for a connection");
		return;
	}

	sub->initial = true;
	sub->opener = SIM_CLIENT;
	for (int end = 0; end < SIM_ENDS; end++) {
		struct sim_side *side = &sub->at[end];

		side->endpoint.addr = sim->host[end].rendezvous;
		side->endpoint.port = end == SIM_SERVER ? SERVICE_PORT :
			(uint16_t) (CLIENT_PORT + number % 20000);
		side->rail = -1;
		side->up = true;
		side->tx.counted = side->tx.heard = sim->now;
	}
}

static void on_begin(struct sim *sim, const struct sim_event *event)
{
	const struct sim_conn *conn = &sim->conns[event->conn];
	struct core_event news = event->news;
	enum sim_end end = (enum sim_end) event->end;

	news.known = CORE_KNOWN_ROLE | CORE_KNOWN_DENY_JOIN;
	news.role = end == SIM_SERVER ? ANCHOR_ROLE_SERVER :
		ANCHOR_ROLE_CLIENT;
	news.local = conn->subs[0].at[end].endpoint;
	news.remote = conn->subs[0].at[sim_peer(end)].endpoint;
	sim_tell(sim, end, event->conn, &news);
}

void sim_begin(struct sim *sim, unsigned int number)
{
	struct sim_conn *conn = &sim->conns[number];
	struct sim_event event = { .run = on_begin, .conn = number };

	conn->pin = number % SIM_RAILS;
	conn->at[number / 2 % 2 ? SIM_CLIENT : SIM_SERVER].sends = true;
	add_initial(sim, conn, number);
	for (event.end = 0; event.end < SIM_ENDS; event.end++) {
		event.news.type = CORE_EVENT_CREATED;
		sim_later(sim, SIM_LATENCY, &event);
		event.news.type = CORE_EVENT_ESTABLISHED;
		sim_later(sim, anchor_us(3 * SIM_LATENCY.us), &event);
	}

	traffic_update(sim, conn);
}

static int configure(struct sim *sim)
{
	struct core_config *core = &sim->core_config;
	struct diag *diag = diag_new();
	int err = config_load(sim->options.config, !sim->options.config, diag,
			      &sim->config);

	for (size_t i = 0; i < diag_count(diag); i++)
		fprintf(stderr, "%s\n", diag_line(diag, i));

	diag_free(diag);
	if (err < 0)
		return err;

	sim->rule = (struct core_rule) {
		.name = "sim", .policy = &anchor_policy,
		.values = sim->values,
		.rendezvous = ANCHOR_RENDEZVOUS_BACKUP,
	};
	core->limits = (struct core_limits) {
		sim->config->limits.connections, sim->config->limits.subflows,
		sim->config->limits.announced,
	};
	core->timers = (struct core_timers) {
		.grace = sim->config->timers.grace,
		.connect = sim->config->timers.connect,
		.retry_min = sim->config->timers.retry_min,
		.retry_max = sim->config->timers.retry_max,
		.retry_refused = sim->config->timers.retry_refused,
		.hold_min = sim->config->timers.hold_min,
		.hold_max = sim->config->timers.hold_max,
	};
	core->rules = &sim->rule;
	core->n_rules = 1;
	return anchor_policy.make(sim->values, &sim->rule.instance);
}

static void watch_all(struct sim *sim)
{
	struct sim_event event = { .run = on_watch };

	if (!sim->options.look_every.us)
		return;

	/* The two hosts do not look at the same time. */
	for (event.end = 0; event.end < SIM_ENDS; event.end++)
		sim_later(sim, anchor_us(1234 * (event.end + 1)), &event);
}

struct sim *sim_new(const struct sim_options *options)
{
	struct sim *sim = calloc(1, sizeof(*sim));

	if (!sim)
		return NULL;

	sim->options = *options;
	sim->now = (struct anchor_time) { 1000000 };
	sim->trace = getenv("ANCHOR_SIM_TRACE");
	sim->conns = calloc(options->conns, sizeof(*sim->conns));
	if (!sim->conns || configure(sim) < 0 ||
	    host_start(sim, SIM_SERVER) < 0 ||
	    host_start(sim, SIM_CLIENT) < 0) {
		sim_free(sim);
		return NULL;
	}

	watch_all(sim);
	for (unsigned int i = 0; i < options->conns; i++)
		sim_begin(sim, i);

	return sim;
}

void sim_free(struct sim *sim)
{
	if (!sim)
		return;

	for (int end = 0; end < SIM_ENDS; end++)
		host_stop(&sim->host[end]);

	for (unsigned int i = 0; sim->conns && i < sim->options.conns; i++)
		free(sim->conns[i].subs);

	if (sim->rule.instance)
		anchor_policy.free(sim->rule.instance);

	config_free(sim->config);
	queue_clear(&sim->queue);
	free(sim->conns);
	free(sim);
}
