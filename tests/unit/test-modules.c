/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The policy modules, loaded as anchord does: what must hold for each of
 * them whatever the view, and what scenarios cannot show.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <anchor/policy.h>

#include "conf/modules.h"
#include "conf/option.h"
#include "core/prng.h"
#include "policies/names.h"
#include "unit.h"

#define OPTIONS_MAX 8
#define GUARD 64

static const char *const all_modules[] = {
	"ecmp", "failover", "fullmesh", "off", "ondemand", "rail", "spread",
};

static const char *const rail_names[] = { "a", "b", "c", "d" };

#define N_RAILS 4

/* A module with an instance, and the memory of one connection. */
struct module {
	const struct anchor_policy *policy;
	union anchor_value values[OPTIONS_MAX];
	void *instance;
	union {
		uint8_t bytes[ANCHOR_MEMORY_MAX + GUARD];
		uint64_t aligned;
	} memory;
};

/* A view and what it points to. */
struct lab {
	struct anchor_view view;
	struct anchor_local locals[ANCHOR_LOCALS_MAX];
	struct anchor_remote remotes[ANCHOR_REMOTES_MAX];
	struct anchor_path paths[ANCHOR_PATHS_MAX];
	struct anchor_sample samples[ANCHOR_PATHS_MAX];
};

static int load_all(void **state)
{
	const char *build = getenv("ANCHOR_BUILDDIR");
	char dir[4096];

	snprintf(dir, sizeof(dir), "%s/plugins/policies/.libs",
		 build ? build : ".");
	*state = modules_new(dir);
	return *state ? 0 : -1;
}

static int unload_all(void **state)
{
	modules_free(*state);
	return 0;
}

static void forget(struct module *module)
{
	memset(module->memory.bytes, 0, module->policy->memory);
	memset(module->memory.bytes + module->policy->memory, 0x5a, GUARD);
}

/* setting: "key=value" for one option that is not to be as by default. */
static void open_module(struct modules *modules, const char *name,
			const char *setting, struct module *module)
{
	struct diag *diag = diag_new();
	struct diag_place place = { .diag = diag, .file = name };
	char reason[256];

	*module = (struct module) { 0 };
	if (modules_get(modules, name, &module->policy, reason,
			sizeof(reason)) < 0)
		fail_msg("%s", reason);

	assert_in_range(module->policy->n_options, 0, OPTIONS_MAX);
	for (size_t i = 0; i < module->policy->n_options; i++) {
		const struct anchor_option *option =
						&module->policy->options[i];
		size_t len = strlen(option->key);
		bool set = setting && !strncmp(setting, option->key, len) &&
			setting[len] == '=';

		assert_int_equal(option_parse(option, &place, set ?
					      setting + len + 1 :
					      option->fallback,
					      &module->values[i]), 0);
	}

	if (module->policy->make)
		assert_int_equal(module->policy->make(module->values,
						      &module->instance), 0);

	forget(module);
	diag_free(diag);
}

static void close_module(struct module *module)
{
	if (module->policy->free)
		module->policy->free(module->instance);

	for (size_t i = 0; i < module->policy->n_options; i++)
		option_clear(&module->policy->options[i], &module->values[i]);
}

static void ask(struct module *module, const struct lab *lab,
		struct anchor_plan *plan)
{
	*plan = (struct anchor_plan) {
		.rendezvous = ANCHOR_RENDEZVOUS_BACKUP,
		.ask_again = ANCHOR_NEVER,
	};
	for (uint8_t i = 0; i < lab->view.n_locals; i++)
		if (lab->locals[i].usable)
			plan->announce |= UINT64_C(1) << i;

	module->policy->plan(module->instance, &lab->view,
			     module->policy->memory ? module->memory.bytes :
			     NULL, plan);
}

static struct anchor_addr numbered(unsigned int rail, unsigned int end,
				   unsigned int host)
{
	return (struct anchor_addr) {
		.family = ANCHOR_FAMILY_INET,
		.bytes = { 10, (uint8_t) rail, (uint8_t) end, (uint8_t) host },
	};
}

/* One connection between hosts with a link on each of n rails. */
static void make_lab(struct lab *lab, unsigned int n)
{
	*lab = (struct lab) { 0 };
	lab->view = (struct anchor_view) {
		.now = { 1000000 },
		.since = { 1000000 },
		.role = ANCHOR_ROLE_SERVER,
		.local = { numbered(255, 0, 2), 5000 },
		.remote = { numbered(255, 0, 1), 40000 },
		.subflows_max = 16,
		.n_rails = N_RAILS,
		.rails = rail_names,
		.locals = lab->locals,
		.remotes = lab->remotes,
		.paths = lab->paths,
		.samples = lab->samples,
	};
	for (unsigned int i = 0; i < n; i++) {
		lab->locals[lab->view.n_locals++] = (struct anchor_local) {
			.addr = numbered(i, 2, 2),
			.link = "eth",
			.ifindex = (int) i + 1,
			.rail = (int16_t) i,
			.usable = true,
		};
		lab->remotes[lab->view.n_remotes++] = (struct anchor_remote) {
			.endpoint = { numbered(i, 1, 2), 7001 },
			.id = (uint8_t) (i + 1),
			.rail = (int16_t) i,
			.usable = true,
			.announced = true,
		};
	}
}

static void add_path(struct lab *lab, uint8_t local, uint8_t remote,
		     uint16_t port)
{
	lab->paths[lab->view.n_paths++] = (struct anchor_path) {
		.local = local,
		.remote = remote,
		.local_port = port,
		.remote_port = 7001,
		.opened_here = true,
		.since = lab->view.now,
	};
}

static uint64_t below(uint64_t *seed, uint64_t n)
{
	return prng_next(seed) % n;
}

static void shake_links(struct lab *lab, uint64_t *seed)
{
	for (unsigned int i = 0; i < N_RAILS; i++) {
		struct anchor_local *local = &lab->locals[i];
		struct anchor_remote *remote = &lab->remotes[i];

		local->usable = below(seed, 4);
		local->rail = local->usable ? (int16_t) i : ANCHOR_RAIL_NONE;
		local->load = (struct anchor_load) {
			.at = lab->view.now,
			.speed = below(seed, 3) * 125000000,
			.rate_out = below(seed, 125000000),
			.rate_in = below(seed, 125000000),
		};
		remote->usable = below(seed, 4);
		remote->announced = remote->usable;
		remote->rail = below(seed, 8) ? (int16_t) i :
			ANCHOR_RAIL_NONE;
	}
}

static void shake_paths(struct lab *lab, uint64_t *seed)
{
	struct anchor_view *view = &lab->view;

	if (view->n_paths < 12)
		add_path(lab, (uint8_t) below(seed, view->n_locals),
			 (uint8_t) below(seed, view->n_remotes),
			 (uint16_t) (1024 + below(seed, 60000)));

	if (view->n_paths > 1 && !below(seed, 2))
		view->n_paths--;

	for (uint8_t i = 0; i < view->n_paths; i++) {
		struct anchor_sample *sample = &lab->samples[i];

		lab->paths[i].backup = below(seed, 2);
		lab->paths[i].opened_here = below(seed, 2);
		if (below(seed, 2))
			continue;

		*sample = (struct anchor_sample) {
			.at = view->now,
			.interval = anchor_ms((int64_t) below(seed, 1000)),
			.bytes_out = prng_next(seed) >> below(seed, 64),
			.bytes_in = prng_next(seed) >> below(seed, 64),
			.rate_out = prng_next(seed) >> (30 + below(seed, 20)),
			.rate_in = prng_next(seed) >> (30 + below(seed, 20)),
			.unacked = (uint32_t) below(seed, 20),
			.cwnd = 10,
			.busy = (uint16_t) below(seed, 1001),
		};
		sample->best_out = sample->rate_out + below(seed, 1000000);
		sample->best_in = sample->rate_in;
	}
}

static void shake(struct lab *lab, uint64_t *seed)
{
	struct anchor_view *view = &lab->view;

	view->now = anchor_time_add(view->now, anchor_ms((int64_t)
					below(seed, 3000)));
	view->random = prng_next(seed);
	if (!below(seed, 3))
		shake_links(lab, seed);

	shake_paths(lab, seed);
	lab->paths[0].initial = below(seed, 8);
}

static void check_item(const struct anchor_view *view,
		       const struct anchor_plan *plan, unsigned int item)
{
	const struct anchor_plan_path *want = &plan->paths[item];
	bool exists = false;

	assert_in_range(want->local, 0, view->n_locals - 1);
	assert_in_range(want->remote, 0, view->n_remotes - 1);
	for (uint8_t i = 0; i < view->n_paths; i++)
		exists |= view->paths[i].local == want->local &&
			view->paths[i].remote == want->remote;

	assert_true(exists || anchor_view_pairs(view, want->local,
						want->remote));
	assert_non_null(want->why);
	for (unsigned int i = 0; i < item; i++)
		assert_false(plan->paths[i].local == want->local &&
			     plan->paths[i].remote == want->remote);
}

static void check_plan(const struct anchor_view *view,
		       const struct anchor_plan *plan)
{
	unsigned int total = 0;

	assert_in_range(plan->n_paths, 0, ANCHOR_PATHS_MAX);
	for (uint8_t i = 0; i < plan->n_paths; i++) {
		check_item(view, plan, i);
		assert_in_range(plan->paths[i].count, 1, view->subflows_max);
		total += plan->paths[i].count;
	}

	assert_in_range(total, 0, view->subflows_max);
	assert_true(anchor_time_before(view->now, plan->ask_again));
	assert_true(!plan->sample_every.us ||
		    plan->sample_every.us >= ANCHOR_SAMPLE_MIN.us);
	assert_true(plan->n_paths || plan->why);
	for (unsigned int i = 0; i < 64; i++)
		if (plan->replace & (UINT64_C(1) << i)) {
			assert_in_range(i, 0, view->n_paths - 1);
			assert_false(view->paths[i].initial);
		}

	for (uint8_t i = 0; i < view->n_locals; i++)
		if (!view->locals[i].usable)
			assert_false(plan->announce & (UINT64_C(1) << i));
}

/* Asked again at once, a policy wants the same. */
static void check_stable(struct module *module, const struct lab *lab,
			 const struct anchor_plan *plan)
{
	struct anchor_plan again;

	ask(module, lab, &again);
	assert_int_equal(again.n_paths, plan->n_paths);
	for (uint8_t i = 0; i < plan->n_paths; i++) {
		assert_int_equal(again.paths[i].local, plan->paths[i].local);
		assert_int_equal(again.paths[i].remote,
				 plan->paths[i].remote);
		assert_int_equal(again.paths[i].count, plan->paths[i].count);
		assert_int_equal(again.paths[i].backup,
				 plan->paths[i].backup);
	}

	assert_int_equal(again.replace, 0);
}

static void check_guard(const struct module *module)
{
	for (unsigned int i = 0; i < GUARD; i++)
		assert_int_equal(module->memory.bytes[module->policy->memory +
						      i], 0x5a);
}

static void one_life(struct module *module, uint64_t *seed)
{
	struct anchor_plan plan;
	struct lab lab;

	make_lab(&lab, N_RAILS);
	lab.view.role = below(seed, 2) ? ANCHOR_ROLE_SERVER :
		ANCHOR_ROLE_CLIENT;
	lab.view.subflows_max = (unsigned int) (2 + below(seed, 15));
	forget(module);
	for (unsigned int i = 0; i < 40; i++) {
		shake(&lab, seed);
		ask(module, &lab, &plan);
		check_plan(&lab.view, &plan);
		check_stable(module, &lab, &plan);
		check_guard(module);
	}
}

static void test_plans_make_sense(void **state)
{
	uint64_t seed = 1;

	for (size_t i = 0; i < sizeof(all_modules) / sizeof(*all_modules);
	     i++) {
		struct module module;

		open_module(*state, all_modules[i], NULL, &module);
		for (unsigned int life = 0; life < 500; life++)
			one_life(&module, &seed);

		close_module(&module);
	}
}

/* The rail of the one path that spread chooses for a connection. */
static int chosen_rail(struct module *module, struct lab *lab)
{
	struct anchor_plan plan;

	forget(module);
	ask(module, lab, &plan);
	assert_int_equal(plan.n_paths, 1);
	return lab->locals[plan.paths[0].local].rail;
}

static void turn_around(struct lab *lab)
{
	struct anchor_endpoint local = lab->view.local;

	lab->view.local = lab->view.remote;
	lab->view.remote = local;
	lab->view.role = ANCHOR_ROLE_CLIENT;
}

/*
 * Connections spread evenly, both ends agree, and without a rail only those
 * that were on it move.
 */
static void test_spread_hash(void **state)
{
	unsigned int on[N_RAILS] = { 0 };
	struct module module;

	open_module(*state, "spread", "paths=1", &module);
	for (uint16_t i = 0; i < 4000; i++) {
		struct lab lab;
		int rail;

		make_lab(&lab, N_RAILS);
		lab.view.remote.port = (uint16_t) (40000 + i);
		rail = chosen_rail(&module, &lab);
		on[rail]++;

		turn_around(&lab);
		assert_int_equal(chosen_rail(&module, &lab), rail);

		lab.view.n_locals = lab.view.n_remotes = N_RAILS - 1;
		if (rail < N_RAILS - 1)
			assert_int_equal(chosen_rail(&module, &lab), rail);
	}

	for (unsigned int i = 0; i < N_RAILS; i++)
		assert_in_range(on[i], 900, 1100);

	close_module(&module);
}

/* Of two other paths only one stands in for the chosen one. */
static void test_spread_stand_in(void **state)
{
	struct anchor_plan plan;
	struct module module;
	struct lab lab;

	open_module(*state, "spread", "paths=1", &module);
	make_lab(&lab, 3);
	do {
		lab.view.remote.port++;
	} while (chosen_rail(&module, &lab) != 2);

	add_path(&lab, 0, 0, 33001);
	add_path(&lab, 1, 1, 33002);
	ask(&module, &lab, &plan);
	assert_int_equal(plan.n_paths, 2);
	assert_int_equal(plan.paths[0].local, 2);

	add_path(&lab, 2, 2, 33003);
	ask(&module, &lab, &plan);
	assert_int_equal(plan.n_paths, 1);
	assert_int_equal(plan.paths[0].local, 2);
	close_module(&module);
}

/* A client whose server opens paths leaves them to it, and measures none. */
static void test_ecmp_client(void **state)
{
	struct anchor_plan plan;
	struct module module;
	struct lab lab;

	open_module(*state, "ecmp", NULL, &module);
	make_lab(&lab, 1);
	add_path(&lab, 0, 0, 33001);
	lab.view.role = ANCHOR_ROLE_CLIENT;
	ask(&module, &lab, &plan);
	assert_int_equal(plan.sample_every.us, 3000000);
	lab.paths[0].opened_here = false;
	ask(&module, &lab, &plan);
	assert_int_equal(plan.sample_every.us, 0);
	close_module(&module);
}

static void test_off(void **state)
{
	struct anchor_plan plan;
	struct module module;
	struct lab lab;

	open_module(*state, "off", NULL, &module);
	make_lab(&lab, 2);
	add_path(&lab, 0, 0, 33001);
	ask(&module, &lab, &plan);
	assert_int_equal(plan.n_paths, 0);
	assert_int_equal(plan.announce, 0);
	assert_int_equal(plan.rendezvous, ANCHOR_RENDEZVOUS_KEEP);
	close_module(&module);
}

/* How many paths ondemand wants after 20 samples like this one. */
static unsigned int wanted(struct module *module,
			   const struct anchor_sample *sample)
{
	struct anchor_plan plan = { 0 };
	struct lab lab;

	make_lab(&lab, 2);
	add_path(&lab, 0, 0, 33001);
	forget(module);
	for (unsigned int i = 0; i < 20; i++) {
		lab.samples[0] = *sample;
		lab.samples[0].at = lab.view.now;
		lab.samples[0].interval = anchor_ms(i ? 100 : 0);
		ask(module, &lab, &plan);
		lab.view.now = anchor_time_add(lab.view.now, anchor_ms(100));
	}

	return plan.n_paths;
}

/* Requests one after the other keep a path busy, and want no other. */
static void test_ondemand_requests(void **state)
{
	struct anchor_sample sample = {
		.rate_out = 12500000, .best_out = 12500000, .busy = 1000,
		.cwnd = 20, .unacked = 2,
	};
	struct module module;

	open_module(*state, "ondemand", NULL, &module);
	assert_int_equal(wanted(&module, &sample), 1);
	sample.unacked = 15;
	assert_int_equal(wanted(&module, &sample), 2);
	sample.unacked = 0;
	assert_int_equal(wanted(&module, &sample), 2);
	sample.busy = 900;
	assert_int_equal(wanted(&module, &sample), 1);
	sample.unacked = 2;
	sample.waiting = 100000;
	assert_int_equal(wanted(&module, &sample), 2);
	close_module(&module);
}

/* Rails are numbered anew: the one that carries is known by its name. */
static void test_failover_renumbered(void **state)
{
	static const char *const turned[] = { "b", "a", "c", "d" };
	struct anchor_plan plan;
	struct module module;
	struct lab lab;

	open_module(*state, "failover", NULL, &module);
	make_lab(&lab, 2);
	add_path(&lab, 0, 0, 33001);
	add_path(&lab, 1, 1, 33002);
	ask(&module, &lab, &plan);
	assert_int_equal(plan.paths[0].local, 0);
	assert_false(plan.paths[0].backup);
	assert_true(plan.paths[1].backup);

	lab.view.rails = turned;
	lab.locals[0].rail = lab.remotes[0].rail = 1;
	lab.locals[1].rail = lab.remotes[1].rail = 0;
	ask(&module, &lab, &plan);
	assert_int_equal(plan.paths[1].local, 0);
	assert_false(plan.paths[1].backup);
	assert_true(plan.paths[0].backup);
	close_module(&module);
}

static void test_names(void **state)
{
	static const struct {
		const char *list, *name;
		int place;
	} cases[] = {
		{ "", "eth0", -1 },
		{ " , ,", "", -1 },
		{ "eth0", "eth0", 0 },
		{ "eth0", "eth01", -1 },
		{ "eth01", "eth0", -1 },
		{ "a, b\t,c", "b", 1 },
		{ ",a,,b", "b", 3 },
		{ "eth?", "eth1", 0 },
		{ "eth?", "eth", -1 },
		{ "eth?", "eth10", -1 },
		{ "*", "", 0 },
		{ "*", "anything", 0 },
		{ "e*1", "eth1", 0 },
		{ "e*1", "eth10", -1 },
		{ "*a*b*", "xxabxaxbx", 0 },
		{ "*a*b", "ababa", -1 },
		{ "*ab", "aab", 0 },
		{ "x*,eth*", "eth1", 1 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_int_equal(names_find(cases[i].list, cases[i].name),
				 cases[i].place);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plans_make_sense),
		cmocka_unit_test(test_spread_hash),
		cmocka_unit_test(test_spread_stand_in),
		cmocka_unit_test(test_ecmp_client),
		cmocka_unit_test(test_off),
		cmocka_unit_test(test_ondemand_requests),
		cmocka_unit_test(test_failover_renumbered),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, load_all, unload_all);
}
