/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * bench/core [JSON-FILE]: what the core alone costs, on virtual time, by the
 * number of connections it has: memory of each, and processor time of each
 * fact and action. The kernel around it is this file: all that the core asks
 * for succeeds, and its event follows at once.
 *
 *	begin	connections come, until there are so many, with two paths each
 *	churn	one of them ends and another one begins, again and again
 *	lost	a rail is lost: all close their path there
 *	back	it comes back: all open one there again
 *	list	the kernel lists them, as for an audit, and all is as it was
 *	adopt	and again, for a core that knows none, as after a restart
 *
 * Each turn begins anew; the medians of TURNS are printed.
 */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/core.h"
#include "core/prng.h"
#include "core/sync.h"

#define TURNS 3
#define CHURN 50000
#define PEERS 1000
#define RAILS 2
#define SERVICE 5000
#define JOIN 40000
#define SOURCE_ID 127		/* and the rail: of a source address */

extern const struct anchor_policy anchor_policy;

enum phase { BEGIN, CHURNING, LOST, BACK, LIST, ADOPT, PHASES };

static const char *const phase_names[PHASES] = {
	"begin", "churn", "lost", "back", "list", "adopt"
};

/* What makes one connection differ from others in the kernel's list. */
struct listed {
	uint32_t token;
	struct anchor_endpoint remote;		/* the rendezvous one */
	struct anchor_endpoint to[RAILS];
	uint16_t port[RAILS];
};

struct bench {
	struct core *core;
	struct core_rule rule;
	struct core_config config;
	union anchor_value values[8];
	struct anchor_time now;
	uint64_t random;
	uint32_t *serials;	/* of the connections there are */
	uint32_t next;
	size_t n;
	uint16_t port;
	uint64_t done;		/* facts and actions, or connections */
	struct listed *listed;
	size_t n_listed;
};

/* For one number of connections. */
struct costs {
	double bytes;		/* of a connection */
	double ns[PHASES];	/* of a fact or action; of a connection */
	double all_ms[PHASES];
};

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "bench/core: %s\n", what);
	exit(1);
}

static double cpu_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double) now.tv_sec * 1e9 + (double) now.tv_nsec;
}

static struct anchor_endpoint endpoint(uint8_t b, uint8_t c, uint8_t d,
				       uint16_t port)
{
	return (struct anchor_endpoint) {
		.addr = { ANCHOR_FAMILY_INET, { 10, b, c, d } },
		.port = port,
	};
}

/* The peer's address on a rail; 255: its rendezvous address. */
static struct anchor_endpoint peer(uint32_t serial, uint8_t rail,
				   uint16_t port)
{
	uint32_t number = serial % PEERS;

	return endpoint(rail, (uint8_t) (1 + number / 250),
			(uint8_t) (1 + number % 250), port);
}

/* Tokens are hashes: all different, in no order (odd factors are units). */
static uint32_t token_of(uint32_t serial)
{
	return serial * 2654435761u ^ 0x5bd1e995u;
}

static void set_host(struct bench *bench, unsigned int rails)
{
	static const struct core_rail names[RAILS] = {
		{ .name = "a" }, { .name = "b" }
	};
	static const struct anchor_prefix rendezvous = {
		{ ANCHOR_FAMILY_INET, { 10, 255, 0, 1 } }, 32
	};
	static const char *const links[RAILS] = { "eth1", "eth2" };
	struct core_local locals[RAILS];
	struct core_place places[RAILS];
	struct core_host host = {
		.locals = locals, .places = places, .n_places = RAILS,
		.rails = names, .n_rails = RAILS,
		.rendezvous = &rendezvous, .n_rendezvous = 1,
	};

	for (int i = 0; i < RAILS; i++) {
		struct anchor_endpoint at = endpoint((uint8_t) (i + 1), 0, 1,
						     JOIN);

		places[i] = (struct core_place) { at.addr, (int16_t) i };
		if (rails & 1u << i)
			locals[host.n_locals++] = (struct core_local) {
				.addr = at.addr, .link = links[i],
				.ifindex = i + 2, .rail = (int16_t) i,
				.join_port = JOIN, .id = (uint8_t) (i + 1),
			};
	}

	if (core_set_host(bench->core, bench->now, &host) < 0)
		die("core_set_host() failed");
}

static void tell(struct bench *bench, const struct core_event *event)
{
	if (core_handle(bench->core, bench->now, event) < 0)
		die("core_handle() failed");

	bench->done++;
}

/* The kernel says by an event what has become of it. */
static void follow(struct bench *bench, const struct core_action *action)
{
	struct core_event event = {
		.known = CORE_KNOWN_IDS | CORE_KNOWN_BACKUP,
		.token = action->token,
		.local = action->local,
		.remote = action->remote,
		.local_id = action->id,
		.remote_id = action->remote_id,
	};

	if (action->type == CORE_ACTION_OPEN) {
		event.type = CORE_EVENT_SUBFLOW_UP;
		event.local.port = ++bench->port | 0x8000;
		tell(bench, &event);
	} else if (action->type == CORE_ACTION_CLOSE) {
		event.type = CORE_EVENT_SUBFLOW_DOWN;
		tell(bench, &event);
	}
}

static void drain(struct bench *bench)
{
	struct core_action action;

	while (core_take_action(bench->core, bench->now, &action)) {
		if (action.type == CORE_ACTION_SAMPLE)
			die("nobody has asked for samples");

		core_result(bench->core, bench->now, &action, 0);
		follow(bench, &action);
		bench->done += 2;
	}
}

static void pass(struct bench *bench, struct anchor_span span)
{
	struct anchor_time until = anchor_time_add(bench->now, span);
	struct anchor_time due = core_next_deadline(bench->core);

	while (!anchor_time_before(until, due)) {
		if (anchor_time_before(bench->now, due))
			bench->now = due;

		core_expire(bench->core, bench->now);
		drain(bench);
		due = core_next_deadline(bench->core);
	}

	bench->now = until;
}

static void begin_connection(struct bench *bench, size_t at)
{
	uint32_t serial = bench->next++;
	struct core_event event = {
		.type = CORE_EVENT_CREATED,
		.known = CORE_KNOWN_ROLE | CORE_KNOWN_IDS | CORE_KNOWN_BACKUP,
		.token = token_of(serial),
		.role = ANCHOR_ROLE_SERVER,
		.local = endpoint(255, 0, 1, SERVICE),
		.remote = peer(serial, 255, (uint16_t) (serial / PEERS)),
	};

	bench->serials[at] = serial;
	tell(bench, &event);
	drain(bench);
	event.type = CORE_EVENT_ESTABLISHED;
	tell(bench, &event);
	drain(bench);
	event.type = CORE_EVENT_ANNOUNCED;
	for (uint8_t rail = 1; rail <= RAILS; rail++) {
		event.remote = peer(serial, rail, JOIN);
		event.remote_id = rail;
		tell(bench, &event);
		drain(bench);
	}
}

static void end_connection(struct bench *bench, size_t at)
{
	struct core_event event = {
		.type = CORE_EVENT_CLOSED,
		.token = token_of(bench->serials[at]),
	};

	tell(bench, &event);
	drain(bench);
}

static void check(const struct bench *bench, unsigned int rails)
{
	struct core_stats stats;

	core_get_stats(bench->core, &stats);
	if (stats.connections != bench->n ||
	    stats.paths != bench->n * rails || stats.failed)
		die("not all connections have their paths");
}

static void begin_all(struct bench *bench)
{
	for (size_t i = 0; i < bench->n; i++) {
		bench->now.us += 10;
		begin_connection(bench, i);
	}
}

static void churn(struct bench *bench)
{
	for (unsigned int i = 0; i < CHURN; i++) {
		size_t at = prng_next(&bench->random) % bench->n;

		pass(bench, anchor_us(100));
		end_connection(bench, at);
		begin_connection(bench, at);
	}
}

static void lose_rail(struct bench *bench)
{
	set_host(bench, 1);
	drain(bench);
}

static void regain_rail(struct bench *bench)
{
	set_host(bench, 3);
	pass(bench, anchor_ms(5000));
}

static void note_listed(const struct core_conn_info *info, void *data)
{
	struct bench *bench = data;
	struct listed *listed = &bench->listed[bench->n_listed++];
	const struct anchor_view *view = info->view;

	listed->token = info->token;
	listed->remote = view->remote;
	for (unsigned int i = 0; i < view->n_paths; i++) {
		const struct anchor_path *path = &view->paths[i];
		unsigned int rail = view->locals[path->local].addr.bytes[1];

		if (path->initial)
			continue;

		listed->port[rail - 1] = path->local_port;
		listed->to[rail - 1] = view->remotes[path->remote].endpoint;
	}
}

/* What the kernel is going to list. */
static void take_list(struct bench *bench)
{
	bench->listed = calloc(bench->n, sizeof(*bench->listed));
	if (!bench->listed)
		die("no memory");

	core_each_conn(bench->core, bench->now, note_listed, bench);
}

static void list_connection(struct bench *bench, const struct listed *listed)
{
	const struct anchor_endpoint local = endpoint(255, 0, 1, SERVICE);
	struct core_seen_subflow subflows[1 + RAILS] = { {
		.local = local, .remote = listed->remote,
		.initial = true, .established = true, .backup_here = true,
	} };
	struct core_seen_address addresses[2 * RAILS];
	const struct core_seen seen = {
		.token = listed->token, .role = ANCHOR_ROLE_SERVER,
		.local = local, .remote = listed->remote,
		.subflows = subflows, .n_subflows = 1 + RAILS,
		.addresses_known = true,
		.addresses = addresses, .n_addresses = 2 * RAILS,
	};

	for (uint8_t rail = 1; rail <= RAILS; rail++) {
		uint8_t source = (uint8_t) (SOURCE_ID + rail);

		subflows[rail] = (struct core_seen_subflow) {
			.local = endpoint(rail, 0, 1, listed->port[rail - 1]),
			.remote = listed->to[rail - 1],
			.local_id = source, .remote_id = rail,
			.opened_here = true,
		};
		addresses[2 * rail - 2] = (struct core_seen_address) {
			endpoint(rail, 0, 1, JOIN), rail, true
		};
		addresses[2 * rail - 1] = (struct core_seen_address) {
			endpoint(rail, 0, 1, 0), source, false
		};
	}

	if (!core_sync_asks(bench->core, &seen) ||
	    core_sync_conn(bench->core, bench->now, &seen) < 0)
		die("a connection is not taken from the list");

	bench->done++;
}

static void list_all(struct bench *bench, enum core_sync_kind kind)
{
	uint32_t token;

	core_sync_begin(bench->core, kind);
	for (size_t i = 0; i < bench->n; i++)
		list_connection(bench, &bench->listed[i]);

	if (core_sync_unlisted(bench->core, &token) ||
	    core_sync_end(bench->core))
		die("the list does not have all");

	drain(bench);
	if (bench->done != bench->n)
		die("something is done where all is well");
}

static void audit(struct bench *bench)
{
	struct core_stats stats;

	list_all(bench, CORE_SYNC_AUDIT);
	core_get_stats(bench->core, &stats);
	for (int i = 0; i < CORE_REPAIRS; i++)
		if (stats.repairs[i])
			die("something is repaired where all is well");
}

static void adopt(struct bench *bench)
{
	list_all(bench, CORE_SYNC_START);
}

static void measure(struct bench *bench, struct costs *costs,
		    enum phase phase, void (*run)(struct bench *))
{
	double begun = cpu_ns(), took;

	bench->done = 0;
	run(bench);
	took = cpu_ns() - begun;
	costs->ns[phase] = took / (double) bench->done;
	costs->all_ms[phase] = took / 1e6;
}

static void start(struct bench *bench, size_t n)
{
	*bench = (struct bench) {
		.n = n,
		.now = { 1000000 },
		.serials = calloc(n, sizeof(*bench->serials)),
	};
	bench->rule = (struct core_rule) {
		.name = "bench", .policy = &anchor_policy,
		.values = bench->values,
		.rendezvous = ANCHOR_RENDEZVOUS_BACKUP,
	};
	bench->config = (struct core_config) {
		.limits = { .connections = (unsigned int) n + 1,
			    .subflows = 16, .announced = 16 },
		.timers = { .grace = anchor_ms(300),
			    .connect = anchor_ms(3000),
			    .retry_min = anchor_ms(1000),
			    .retry_max = anchor_ms(60000),
			    .hold_min = anchor_ms(1000),
			    .hold_max = anchor_ms(60000) },
		.rules = &bench->rule, .n_rules = 1,
	};
	if (!bench->serials ||
	    anchor_policy.make(bench->values, &bench->rule.instance) < 0)
		die("no memory");

	bench->core = core_new(&bench->config, 1);
	if (!bench->core)
		die("no memory");
}

/* As the host does: what peers have announced is kept. */
static void remember_peer(const struct anchor_addr *addr, uint8_t id,
			  const struct anchor_endpoint *endpoint, void *data)
{
	struct core *core = data;

	core_remember_peer(core, addr, id, endpoint);
}

static void restart(struct bench *bench)
{
	struct core *core = core_new(&bench->config, 2);

	if (!core)
		die("no memory");

	core_each_peer(bench->core, remember_peer, core);
	core_free(bench->core);
	bench->core = core;
	set_host(bench, 3);
}

static struct costs turn(size_t n)
{
	struct costs costs = { 0 };
	struct bench bench;
	size_t before;

	start(&bench, n);
	set_host(&bench, 3);
	before = mallinfo2().uordblks + mallinfo2().hblkhd;
	measure(&bench, &costs, BEGIN, begin_all);
	costs.bytes = (double) (mallinfo2().uordblks + mallinfo2().hblkhd -
				before) / (double) n;
	check(&bench, RAILS);
	measure(&bench, &costs, CHURNING, churn);
	check(&bench, RAILS);
	measure(&bench, &costs, LOST, lose_rail);
	check(&bench, RAILS - 1);
	pass(&bench, anchor_ms(10000));
	measure(&bench, &costs, BACK, regain_rail);
	check(&bench, RAILS);
	take_list(&bench);
	measure(&bench, &costs, LIST, audit);
	restart(&bench);
	measure(&bench, &costs, ADOPT, adopt);
	check(&bench, RAILS);

	free(bench.listed);
	core_free(bench.core);
	anchor_policy.free(bench.rule.instance);
	free(bench.serials);
	return costs;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *) a, y = *(const double *) b;

	return (x > y) - (x < y);
}

static double median(double *values)
{
	qsort(values, TURNS, sizeof(*values), compare);
	return values[TURNS / 2];
}

static struct costs run(size_t n)
{
	struct costs turns[TURNS], costs;
	double values[TURNS];

	for (int i = 0; i < TURNS; i++)
		turns[i] = turn(n);

	costs = turns[0];
	for (int phase = 0; phase < PHASES; phase++) {
		for (int i = 0; i < TURNS; i++)
			values[i] = turns[i].ns[phase];

		costs.ns[phase] = median(values);
		for (int i = 0; i < TURNS; i++)
			values[i] = turns[i].all_ms[phase];

		costs.all_ms[phase] = median(values);
	}

	return costs;
}

static void print(size_t n, const struct costs *costs, FILE *json)
{
	printf("%11zu %6.0f", n, costs->bytes);
	for (int i = 0; i < PHASES; i++)
		printf(" %6.0f", costs->ns[i]);

	printf(" %9.1f %9.1f\n", costs->all_ms[LOST], costs->all_ms[BACK]);
	fflush(stdout);
	if (!json)
		return;

	fprintf(json, "{\"connections\": %zu, \"bytes\": %.0f", n,
		costs->bytes);
	for (int i = 0; i < PHASES; i++)
		fprintf(json, ", \"%s_ns\": %.1f", phase_names[i],
			costs->ns[i]);

	fprintf(json, ", \"lost_ms\": %.1f, \"back_ms\": %.1f}",
		costs->all_ms[LOST], costs->all_ms[BACK]);
}

int main(int argc, char **argv)
{
	static const size_t sizes[] = { 1000, 10000, 100000, 1000000 };
	FILE *json = argc > 1 ? fopen(argv[1], "w") : NULL;

	if (argc > 1 && !json)
		die("the JSON file cannot be written");

	printf("%11s %6s %s\n%11s %6s", "", "bytes",
	       "ns a fact or action         ns a connection"
	       "      all, ms",
	       "connections", "each");
	for (int i = 0; i < PHASES; i++)
		printf(" %6s", phase_names[i]);

	printf(" %9s %9s\n", "lost", "back");
	if (json)
		fprintf(json, "[");

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		struct costs costs = run(sizes[i]);

		if (json && i)
			fprintf(json, ",\n");

		print(sizes[i], &costs, json);
	}

	if (json && (fprintf(json, "]\n") < 0 || fclose(json)))
		die("the JSON file cannot be written");

	return 0;
}
