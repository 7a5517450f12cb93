/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Random facts, many seeds: whatever happens, the core keeps its promises.
 * Never the last subflow closed, never two commands under way about one
 * thing, never an address announced or opened from that is not usable, never
 * more asked for than the limits allow; and it comes to rest.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/core.h"
#include "core/prng.h"
#include "host/describe.h"
#include "unit.h"

#define SEEDS 300
#define STEPS 400
#define CONNS 3
#define SUBFLOWS 6
#define SUBFLOWS_MAX 16
#define CONFIGS 4
#define MAD_UNTIL INT64_C(10000000000)	/* us; then it asks for nothing new */

extern const struct anchor_policy anchor_policy;

/* The kernel's and the peer's side, as far as the core can tell. */
struct sub {
	bool up;
	struct anchor_endpoint local, remote;
};

struct sim {
	uint64_t random;
	struct anchor_time now;
	struct core *core;
	const struct core_config *configs, *config;
	struct core_local locals[2];
	bool link_up[2];
	bool alive[CONNS];
	struct sub subs[CONNS][SUBFLOWS_MAX];
	uint16_t port;
	unsigned int actions;
};

static unsigned int pick(struct sim *sim, unsigned int n)
{
	return (unsigned int) (prng_next(&sim->random) % n);
}

static void tell_links(struct sim *sim)
{
	static const struct core_rail rails[] = {
		{ .name = "a" }, { .name = "b" }
	};
	static const struct anchor_prefix anchored = {
		{ ANCHOR_FAMILY_INET, { 10, 255, 0, 2 } }, 32
	};
	struct core_local up[2];
	struct core_host host = {
		.locals = up, .rails = rails, .n_rails = 2,
		.rendezvous = &anchored, .n_rendezvous = 1,
	};

	for (int i = 0; i < 2; i++)
		if (sim->link_up[i])
			up[host.n_locals++] = sim->locals[i];

	assert_int_equal(core_set_host(sim->core, sim->now, &host), 0);
}

static struct core_event event_of(enum core_event_type type, unsigned int c)
{
	return (struct core_event) {
		.type = type,
		.known = CORE_KNOWN_ROLE | CORE_KNOWN_IDS | CORE_KNOWN_BACKUP,
		.token = c + 1,
		.role = c % 2 ? ANCHOR_ROLE_CLIENT : ANCHOR_ROLE_SERVER,
		.local = endpoint_of("10.255.0.2:5000"),
		.remote = endpoint_of("10.255.0.1:40000"),
	};
}

static void send(struct sim *sim, const struct core_event *event)
{
	int err = core_handle(sim->core, sim->now, event);

	assert_true(!err || err == -ENOSPC);
}

static struct anchor_endpoint peer_endpoint(unsigned int rail, uint16_t port)
{
	struct anchor_endpoint endpoint = endpoint_of("10.1.1.2:1");

	endpoint.addr.bytes[1] = (uint8_t) (rail + 1);
	endpoint.port = port;
	return endpoint;
}

static unsigned int count_up(const struct sim *sim, unsigned int c)
{
	unsigned int n = 0;

	for (int i = 0; i < SUBFLOWS_MAX; i++)
		n += sim->subs[c][i].up;

	return n;
}

static void sub_up(struct sim *sim, unsigned int c,
		   struct anchor_endpoint local,
		   struct anchor_endpoint remote, bool initial)
{
	struct core_event event = event_of(CORE_EVENT_SUBFLOW_UP, c);

	for (int i = 0; i < SUBFLOWS_MAX; i++) {
		struct sub *sub = &sim->subs[c][i];

		if (sub->up)
			continue;

		*sub = (struct sub) { true, local, remote };
		event.local = local;
		event.remote = remote;
		event.remote_id = (uint8_t) remote.addr.bytes[1];
		if (!initial)
			send(sim, &event);

		return;
	}
}

static void sub_down(struct sim *sim, unsigned int c, struct sub *sub)
{
	struct core_event event = event_of(CORE_EVENT_SUBFLOW_DOWN, c);

	event.local = sub->local;
	event.remote = sub->remote;
	sub->up = false;
	send(sim, &event);
}

static struct sub *find_sub(struct sim *sim, const struct core_action *action)
{
	for (int i = 0; i < SUBFLOWS_MAX; i++) {
		struct sub *sub = &sim->subs[action->token - 1][i];

		if (sub->up &&
		    anchor_endpoint_equal(&sub->local, &action->local) &&
		    anchor_endpoint_equal(&sub->remote, &action->remote))
			return sub;
	}

	return NULL;
}

static bool usable(const struct sim *sim, const struct anchor_addr *addr)
{
	for (int i = 0; i < 2; i++)
		if (sim->link_up[i] &&
		    anchor_addr_equal(&sim->locals[i].addr, addr))
			return true;

	return false;
}

/* Sometimes the path comes up, sometimes it does not, or says nothing. */
static int carry_out_open(struct sim *sim, const struct core_action *action)
{
	unsigned int c = action->token - 1;
	struct anchor_endpoint local = action->local;

	assert_true(usable(sim, &action->local.addr));
	assert_true(count_up(sim, c) < SUBFLOWS);
	if (pick(sim, 5) == 0)
		return -ENETUNREACH;

	if (pick(sim, 4)) {
		local.port = ++sim->port;
		sub_up(sim, c, local, action->remote, false);
	}

	return 0;
}

/* Counters that jump about, as those of a reused address would. */
static void give_sample(struct sim *sim, const struct core_action *action)
{
	struct core_sample sample = {
		.bytes_out = prng_next(&sim->random),
		.bytes_in = pick(sim, 1000),
		.busy = anchor_us((int64_t) prng_next(&sim->random)),
		.rtt = anchor_us(pick(sim, 20000)),
		.unacked = pick(sim, 4),
		.last_ack = anchor_us(pick(sim, 100000)),
		.last_data_in = anchor_us(pick(sim, 100000)),
	};

	if (pick(sim, 2))
		sample.bytes_out = 1;

	core_sample(sim->core, sim->now, action, &sample);
}

static int carry_out(struct sim *sim, const struct core_action *action)
{
	struct sub *sub = find_sub(sim, action);

	assert_true(sim->alive[action->token - 1]);
	assert_true(++sim->actions < 1000);

	switch (action->type) {
	case CORE_ACTION_ANNOUNCE:
		if (!action->local.port ||
		    action->reason == CORE_REASON_REPEAT)
			return pick(sim, 10) ? 0 : -EINVAL;

		assert_true(usable(sim, &action->local.addr));
		assert_in_range(action->id, 1, 127);
		return pick(sim, 10) ? 0 : -EINVAL;
	case CORE_ACTION_WITHDRAW:
		return pick(sim, 10) ? 0 : -EINVAL;
	case CORE_ACTION_OPEN:
		assert_in_range(action->id, 128, 255);
		return carry_out_open(sim, action);
	case CORE_ACTION_CLOSE:
		assert_true(count_up(sim, action->token - 1) > 1);
		if (!sub)
			return -ESRCH;

		sub_down(sim, action->token - 1, sub);
		return 0;
	case CORE_ACTION_DEMOTE:
	case CORE_ACTION_PROMOTE:
		return sub ? 0 : -ESRCH;
	case CORE_ACTION_SAMPLE:
		if (sub)
			give_sample(sim, action);

		return 0;
	}

	return 0;
}

static void drain(struct sim *sim)
{
	struct core_action action;

	sim->actions = 0;
	while (core_take_action(sim->core, sim->now, &action))
		core_result(sim->core, sim->now, &action,
			    carry_out(sim, &action));
}

static void begin(struct sim *sim, unsigned int c)
{
	struct core_event event = event_of(CORE_EVENT_CREATED, c);

	if (sim->alive[c])
		return;

	sim->alive[c] = true;
	sub_up(sim, c, event.local, event.remote, true);
	send(sim, &event);
	event.type = CORE_EVENT_ESTABLISHED;
	send(sim, &event);
}

static void end(struct sim *sim, unsigned int c)
{
	struct core_event event = event_of(CORE_EVENT_CLOSED, c);

	if (!sim->alive[c])
		return;

	sim->alive[c] = false;
	memset(sim->subs[c], 0, sizeof(sim->subs[c]));
	send(sim, &event);
}

static void peer_announces(struct sim *sim, unsigned int c, bool here)
{
	struct core_event event = event_of(here ? CORE_EVENT_ANNOUNCED :
					   CORE_EVENT_REMOVED, c);

	if (!sim->alive[c])
		return;

	event.remote_id = (uint8_t) (pick(sim, 6) + 1);
	event.remote = peer_endpoint(pick(sim, 3), 7001);
	send(sim, &event);
}

static void peer_joins(struct sim *sim, unsigned int c)
{
	struct anchor_endpoint local = { .port = 6001 };

	if (!sim->alive[c] || count_up(sim, c) >= SUBFLOWS_MAX)
		return;

	local.addr = sim->locals[pick(sim, 2)].addr;
	sub_up(sim, c, local, peer_endpoint(pick(sim, 3), ++sim->port),
	       false);
}

static void peer_closes(struct sim *sim, unsigned int c)
{
	struct sub *sub = &sim->subs[c][pick(sim, SUBFLOWS_MAX)];

	if (sim->alive[c] && sub->up && count_up(sim, c) > 1)
		sub_down(sim, c, sub);
}

static void step(struct sim *sim)
{
	unsigned int c = pick(sim, CONNS);

	switch (pick(sim, 9)) {
	case 0:
	case 1:
		begin(sim, c);
		break;
	case 2:
		if (!pick(sim, 4))
			end(sim, c);
		break;
	case 3:
	case 4:
		peer_announces(sim, c, true);
		break;
	case 5:
		peer_announces(sim, c, false);
		break;
	case 6:
		peer_joins(sim, c);
		break;
	case 7:
		peer_closes(sim, c);
		break;
	case 8:
		sim->link_up[c % 2] ^= true;
		tell_links(sim);
		break;
	}
}

static void advance(struct sim *sim)
{
	sim->now = anchor_time_add(sim->now,
			anchor_ms(pick(sim, pick(sim, 2) ? 3000 : 30)));
	core_expire(sim->core, sim->now);
}

/* With nothing happening any more, only back-offs are left to wait for. */
static void settle(struct sim *sim)
{
	unsigned int rounds = 0;

	while (!anchor_time_is_never(core_next_deadline(sim->core)) &&
	       rounds++ < 1000) {
		assert_true(anchor_time_before(sim->now,
				core_next_deadline(sim->core)));
		sim->now = core_next_deadline(sim->core);
		core_expire(sim->core, sim->now);
		drain(sim);
	}
}

/*
 * A policy that has lost its mind: whatever it asks for, it asks for the same
 * at the same time, so that the core can come to rest.
 */
struct mad_memory {
	uint64_t calls;
	uint64_t end;
};

static void mad_plan(const void *instance, const struct anchor_view *view,
		     void *data, struct anchor_plan *plan)
{
	struct mad_memory *memory = data;
	uint64_t random = (uint64_t) view->now.us * 7 + view->role;

	assert_true(memory->calls++ == memory->end++);
	for (unsigned int i = 0; i < view->n_paths; i++)
		assert_true(view->samples[i].busy <= 1000);

	plan->n_paths = (uint8_t) (prng_next(&random) % 8);
	if (!(prng_next(&random) % 20))
		plan->n_paths = UINT8_MAX;

	for (unsigned int i = 0; i < 8; i++)
		plan->paths[i] = (struct anchor_plan_path) {
			.local = (uint8_t) (prng_next(&random) % 5),
			.remote = (uint8_t) (prng_next(&random) % 6),
			.count = (uint8_t) (prng_next(&random) % 4),
			.backup = prng_next(&random) % 2,
		};

	for (unsigned int i = 8; i < ANCHOR_PATHS_MAX; i++)
		plan->paths[i] = plan->paths[0];

	if (!(prng_next(&random) % 4))
		plan->announce = prng_next(&random);

	if (!(prng_next(&random) % 4))
		plan->replace = prng_next(&random);

	plan->rendezvous = (enum anchor_rendezvous) (prng_next(&random) % 3);
	if (view->now.us < MAD_UNTIL && !(prng_next(&random) % 2))
		plan->sample_every = anchor_us((int64_t)
				(prng_next(&random) % 1000000) - 1000);

	plan->ask_again = anchor_time_add(view->now, anchor_us((int64_t)
				(prng_next(&random) % 2000000) - 1000000));
	if (view->now.us >= MAD_UNTIL)
		plan->ask_again = ANCHOR_NEVER;
}

static bool mad_reconfigure(const void *before, const void *now, void *memory)
{
	((struct mad_memory *) memory)->calls++;
	((struct mad_memory *) memory)->end++;
	return true;
}

static const struct anchor_option mad_options[] = {
	{ .key = "mad", .type = ANCHOR_OPTION_UINT, .fallback = "1", .max = 9 },
};

static const struct anchor_policy mad = {
	.name = "mad",
	.memory = sizeof(struct mad_memory),
	.options = mad_options,
	.n_options = 1,
	.plan = mad_plan,
	.reconfigure = mad_reconfigure,
};

/* What a reload can say: sane, mad, madder, or somebody else's connections. */
static void reload(struct sim *sim)
{
	unsigned int moved;

	sim->config = &sim->configs[pick(sim, CONFIGS)];
	assert_int_equal(core_set_config(sim->core, sim->config, &moved), 0);
	assert_in_range(moved, 0, CONNS);
}

static void take_complaints(struct sim *sim)
{
	struct core_complaint complaint;

	while (core_take_complaint(sim->core, &complaint)) {
		assert_ptr_equal(complaint.rule->policy, &mad);
		assert_in_range(complaint.fault, CORE_FAULT_NO_PAIR,
				CORE_FAULT_ADDRESS);
	}
}

static void run(uint64_t seed)
{
	union anchor_value values[1] = { { .word = (unsigned) seed % 3 } };
	const union anchor_value one = { .number = 1 }, two = { .number = 2 };
	struct core_rule rules[CONFIGS] = {
		{ .name = "sane", .policy = &anchor_policy, .values = values,
		  .rendezvous = ANCHOR_RENDEZVOUS_CLOSE },
		{ .name = "mad", .policy = &mad, .values = &one },
		{ .name = "madder", .policy = &mad, .values = &two },
		{ .name = "clients", .policy = &anchor_policy,
		  .values = values, .match.client = true },
	};
	struct core_config configs[CONFIGS];
	struct sim sim = {
		.random = seed, .now = { 1 }, .link_up = { true, true },
		.locals = {
			{ .addr = addr_of("10.1.2.2"), .link = "eth1",
			  .ifindex = 1, .rail = 0, .join_port = 6001,
			  .id = 1 },
			{ .addr = addr_of("10.2.2.2"), .link = "eth2",
			  .ifindex = 2, .rail = 1, .join_port = 6001,
			  .id = 2 },
		},
		.port = 10000,
	};

	assert_int_equal(anchor_policy.make(values, &rules[0].instance), 0);
	rules[3].instance = rules[0].instance;
	for (int i = 0; i < CONFIGS; i++)
		configs[i] = (struct core_config) {
			.limits = { 2, SUBFLOWS, 4 },
			.timers = {
				.grace = anchor_ms(300),
				.connect = anchor_ms(5000),
				.retry_min = anchor_ms(1000),
				.retry_max = anchor_ms(60000),
			},
			.rules = &rules[i], .n_rules = 1,
		};

	sim.configs = configs;
	sim.core = core_new(&configs[seed % 3], seed);
	assert_non_null(sim.core);
	tell_links(&sim);

	for (int i = 0; i < STEPS; i++) {
		step(&sim);
		if (pick(&sim, 3))
			drain(&sim);

		if (!pick(&sim, 5))
			advance(&sim);

		if (!pick(&sim, 20))
			reload(&sim);

		if (!pick(&sim, 4))
			core_look(sim.core, sim.now);

		take_complaints(&sim);
	}

	sim.now.us += MAD_UNTIL;
	core_expire(sim.core, sim.now);
	drain(&sim);
	settle(&sim);
	core_free(sim.core);
	anchor_policy.free(rules[0].instance);
}

static void test_random(void **state)
{
	uint64_t *seed = *state;

	for (*seed = 1; *seed <= SEEDS; (*seed)++)
		run(*seed);
}

static int say_seed(void **state)
{
	const uint64_t *seed = *state;

	if (*seed <= SEEDS)
		print_error("it was seed %u\n", (unsigned int) *seed);

	return 0;
}

int main(void)
{
	uint64_t seed = 0;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate_setup_teardown(test_random, NULL,
							 say_seed, &seed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
