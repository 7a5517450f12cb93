/* SPDX-License-Identifier: BSD-3-Clause */
/* What the core gives a policy, and what it takes from one. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/core.h"
#include "unit.h"

#define SUBFLOWS 4

/* A policy whose plan the test writes, and whose view the test reads. */
struct script {
	struct anchor_plan plan;
	struct anchor_view view;
	struct anchor_sample samples[ANCHOR_PATHS_MAX];
	struct anchor_load load;
	char rail[8];
	unsigned int calls;
	uint64_t remembered;
};

static void plan(const void *instance, const struct anchor_view *view,
		 void *memory, struct anchor_plan *ret_plan)
{
	struct script *script = (struct script *) instance;
	uint64_t *count = memory;

	script->calls++;
	script->remembered = ++*count;
	script->view = *view;
	memcpy(script->samples, view->samples,
	       view->n_paths * sizeof(*view->samples));
	if (view->n_locals)
		script->load = view->locals[0].load;

	if (view->n_rails)
		snprintf(script->rail, sizeof(script->rail), "%s",
			 view->rails[0]);

	*ret_plan = script->plan;
}

static bool reconfigure(const void *before, const void *now, void *memory)
{
	return before == now;
}

static const struct anchor_option options[] = {
	{ .key = "text", .type = ANCHOR_OPTION_STRING, .fallback = "" },
};

static const struct anchor_policy policy = {
	.name = "script",
	.memory = sizeof(uint64_t),
	.options = options,
	.n_options = 1,
	.plan = plan,
	.reconfigure = reconfigure,
};

static const struct anchor_policy other = {
	.name = "other",
	.memory = sizeof(uint64_t),
	.plan = plan,
};

struct fixture {
	struct script script, second;
	union anchor_value text, same_text, other_text;
	struct core_rule rules[2];
	struct core_config config;
	struct core *core;
	struct anchor_time now;
};

static void tell_link(struct fixture *f)
{
	static const struct core_rail rail = { .name = "a" };
	static const struct anchor_prefix anchored = {
		{ ANCHOR_FAMILY_INET, { 10, 255, 0, 2 } }, 32
	};
	struct core_local local = {
		.addr = addr_of("10.1.2.2"), .link = "eth1", .ifindex = 7,
		.join_port = 6001, .id = 1,
	};
	struct core_host host = {
		.locals = &local, .n_locals = 1, .rails = &rail, .n_rails = 1,
		.rendezvous = &anchored, .n_rendezvous = 1,
	};

	assert_int_equal(core_set_host(f->core, f->now, &host), 0);
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->now = (struct anchor_time) { 1000000 };
	f->text.string = "x";
	f->same_text.string = strdup("x");
	f->other_text.string = "y";
	f->rules[0] = (struct core_rule) {
		.name = "first", .policy = &policy, .instance = &f->script,
		.values = &f->text,
		.match = { .server = true },
	};
	f->rules[1] = (struct core_rule) {
		.name = "last", .policy = &policy, .instance = &f->second,
		.values = &f->text,
	};
	f->config = (struct core_config) {
		.limits = { 10, SUBFLOWS, 4 },
		.timers = {
			.grace = anchor_ms(300),
			.connect = anchor_ms(5000),
			.retry_min = anchor_ms(1000),
			.retry_max = anchor_ms(60000),
		},
		.rules = f->rules, .n_rules = 2,
	};
	f->script.plan.ask_again = ANCHOR_NEVER;
	f->second.plan.ask_again = ANCHOR_NEVER;
	f->core = core_new(&f->config, 1);
	*state = f;
	tell_link(f);
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	core_free(f->core);
	free((char *) f->same_text.string);
	free(f);
	return 0;
}

static void hand_in(struct fixture *f, enum core_event_type type,
		    const char *local, const char *remote)
{
	struct core_event event = {
		.type = type, .token = 1,
		.known = CORE_KNOWN_ROLE | CORE_KNOWN_IDS,
		.role = ANCHOR_ROLE_SERVER,
		.local = endpoint_of(local),
		.remote = endpoint_of(remote),
		.remote_id = 1,
	};

	assert_int_equal(core_handle(f->core, f->now, &event), 0);
}

static void connect_one(struct fixture *f)
{
	hand_in(f, CORE_EVENT_CREATED, "10.255.0.2:5000", "10.255.0.1:40000");
	hand_in(f, CORE_EVENT_ESTABLISHED, "10.255.0.2:5000",
		"10.255.0.1:40000");
	hand_in(f, CORE_EVENT_ANNOUNCED, "10.1.2.2:0", "10.1.1.2:7001");
}

/* How many actions of that type there are to do; all are done. */
static unsigned int drain(struct fixture *f, enum core_action_type type,
			  struct core_action *ret_last)
{
	struct core_action action;
	unsigned int n = 0;

	while (core_take_action(f->core, f->now, &action)) {
		core_result(f->core, f->now, &action, 0);
		if (action.type != type)
			continue;

		n++;
		if (ret_last)
			*ret_last = action;
	}

	return n;
}

static void ask(struct fixture *f, uint8_t local, uint8_t remote,
		uint8_t count)
{
	struct anchor_plan *to = &f->script.plan;

	to->paths[to->n_paths++] = (struct anchor_plan_path) {
		.local = local, .remote = remote, .count = count,
	};
}

static void expect_fault(struct fixture *f, enum core_fault fault)
{
	struct core_complaint complaint;

	hand_in(f, CORE_EVENT_ANNOUNCED, "10.1.2.2:0", "10.1.1.2:7001");
	core_expire(f->core, f->now);
	tell_link(f);
	drain(f, CORE_ACTION_OPEN, NULL);
	assert_true(core_take_complaint(f->core, &complaint));
	assert_int_equal(complaint.fault, fault);
	assert_ptr_equal(complaint.rule, &f->rules[0]);
	assert_int_equal(complaint.token, 1);

	/* Said once. */
	tell_link(f);
	drain(f, CORE_ACTION_OPEN, NULL);
	assert_false(core_take_complaint(f->core, &complaint));
	f->script.plan.n_paths = 0;
}

static void test_faults(void **state)
{
	struct fixture *f = *state;
	struct core_stats stats;
	unsigned int before;

	connect_one(f);
	drain(f, CORE_ACTION_OPEN, NULL);

	ask(f, 9, 0, 1);
	expect_fault(f, CORE_FAULT_NO_PAIR);
	ask(f, 0, 0, 1);
	ask(f, 0, 0, 1);
	expect_fault(f, CORE_FAULT_TWICE);
	ask(f, 0, 0, SUBFLOWS + 1);
	expect_fault(f, CORE_FAULT_COUNT);
	f->script.plan.announce = 1 | UINT64_C(1) << 63;
	expect_fault(f, CORE_FAULT_ADDRESS);
	f->script.plan.announce = 1;
	f->script.plan.n_paths = 255;
	for (int i = 0; i < ANCHOR_PATHS_MAX; i++)
		f->script.plan.paths[i].local = 9;

	core_get_stats(f->core, &stats);
	before = stats.plans_bad;
	tell_link(f);
	drain(f, CORE_ACTION_OPEN, NULL);
	core_get_stats(f->core, &stats);
	assert_int_equal(stats.plans_bad - before, 1 + ANCHOR_PATHS_MAX);
	assert_int_equal(stats.connections, 1);
}

/* What is wrong beside a good item does not take that with it. */
static void test_good_among_bad(void **state)
{
	struct fixture *f = *state;
	struct core_action action;

	ask(f, 9, 9, 1);
	ask(f, 0, 0, 1);
	ask(f, 0, 7, 1);
	connect_one(f);
	assert_int_equal(drain(f, CORE_ACTION_OPEN, &action), 1);
	assert_int_equal(action.ifindex, 7);
}

static void open_path(struct fixture *f, const char *local)
{
	hand_in(f, CORE_EVENT_SUBFLOW_UP, local, "10.1.1.2:7001");
	drain(f, CORE_ACTION_OPEN, NULL);
}

static void test_replace(void **state)
{
	struct fixture *f = *state;
	struct core_action action;

	ask(f, 0, 0, 2);
	connect_one(f);
	assert_int_equal(drain(f, CORE_ACTION_OPEN, NULL), 1);
	hand_in(f, CORE_EVENT_SUBFLOW_UP, "10.1.2.2:33001", "10.1.1.2:7001");
	assert_int_equal(drain(f, CORE_ACTION_OPEN, NULL), 1);
	open_path(f, "10.1.2.2:33002");

	/* The first of the two is to go, and another to come; the rendezvous
	 * subflow is never replaced. */
	f->script.plan.replace = 1 << 0 | 1 << 1;
	tell_link(f);
	assert_true(core_take_action(f->core, f->now, &action));
	assert_int_equal(action.type, CORE_ACTION_CLOSE);
	assert_int_equal(action.reason, CORE_REASON_REPLACED);
	assert_int_equal(action.local.port, 33001);
	core_result(f->core, f->now, &action, 0);
	f->script.plan.replace = 0;
	assert_int_equal(drain(f, CORE_ACTION_OPEN, NULL), 1);
	assert_int_equal(drain(f, CORE_ACTION_CLOSE, NULL), 0);
}

static unsigned int take_samples(struct fixture *f, uint64_t bytes,
				 int64_t busy_us)
{
	struct core_action action;
	unsigned int n = 0;

	core_expire(f->core, f->now);
	while (core_take_action(f->core, f->now, &action)) {
		struct core_sample sample = {
			.bytes_out = bytes, .rtt = anchor_ms(3),
			.busy = anchor_us(busy_us), .cwnd = 10,
		};

		if (action.type != CORE_ACTION_SAMPLE) {
			core_result(f->core, f->now, &action, 0);
			continue;
		}

		n++;
		assert_int_equal(action.ifindex,
				 action.local.port == 33001 ? 7 : 0);
		core_sample(f->core, f->now, &action, &sample);
	}

	return n;
}

static void test_samples(void **state)
{
	struct fixture *f = *state;
	const struct anchor_sample *sample = &f->script.samples[1];
	uint64_t actions;
	struct core_stats stats;

	ask(f, 0, 0, 1);
	connect_one(f);
	drain(f, CORE_ACTION_OPEN, NULL);
	open_path(f, "10.1.2.2:33001");
	assert_int_equal(sample->at.us, 0);
	core_get_stats(f->core, &stats);
	actions = stats.actions;

	/* Asked for: at once, of each subflow, and as often as was said. */
	f->script.plan.sample_every = anchor_ms(100);
	tell_link(f);
	assert_int_equal(take_samples(f, 1000, 0), 2);
	assert_int_equal(sample->at.us, f->now.us);
	assert_int_equal(sample->interval.us, 0);
	assert_int_equal(sample->rate_out, 0);
	assert_int_equal(sample->rtt.us, 3000);
	assert_int_equal(take_samples(f, 1000, 0), 0);

	f->now = anchor_time_add(f->now, anchor_ms(100));
	assert_int_equal(core_next_deadline(f->core).us, f->now.us);
	assert_int_equal(take_samples(f, 2000, 50000), 2);
	assert_int_equal(sample->interval.us, 100000);
	assert_int_equal(sample->rate_out, 10000);
	assert_int_equal(sample->best_out, 10000);
	assert_int_equal(sample->busy, 500);

	/* Counters that go back are another socket's, not a rate. */
	f->now = anchor_time_add(f->now, anchor_ms(100));
	assert_int_equal(take_samples(f, 100, 0), 2);
	assert_int_equal(sample->rate_out, 0);
	assert_int_equal(sample->best_out, 10000);
	assert_int_equal(sample->busy, 0);

	/* No more, and no action of it all. */
	f->script.plan.sample_every = anchor_us(0);
	tell_link(f);
	drain(f, CORE_ACTION_OPEN, NULL);
	f->now = anchor_time_add(f->now, anchor_ms(1000));
	assert_int_equal(take_samples(f, 100, 0), 0);
	core_get_stats(f->core, &stats);
	assert_int_equal(stats.actions, actions);
}

static void test_view(void **state)
{
	struct fixture *f = *state;
	struct anchor_load load = { .at = { 5 }, .speed = 100 };

	core_set_load(f->core, 7, &load);
	connect_one(f);
	drain(f, CORE_ACTION_OPEN, NULL);
	assert_int_equal(f->script.load.speed, 100);
	assert_string_equal(f->script.rail, "a");
	assert_int_equal(f->script.view.subflows_max, SUBFLOWS);
	assert_int_equal(f->script.view.since.us, f->now.us);

	/* News about addresses do not unlearn the load. */
	tell_link(f);
	drain(f, CORE_ACTION_OPEN, NULL);
	assert_int_equal(f->script.load.speed, 100);
}

static unsigned int reload(struct fixture *f)
{
	unsigned int moved;

	assert_int_equal(core_set_config(f->core, &f->config, &moved), 0);
	drain(f, CORE_ACTION_OPEN, NULL);
	return moved;
}

static void test_reload(void **state)
{
	struct fixture *f = *state;
	struct core_stats stats;
	uint64_t remembered;

	connect_one(f);
	drain(f, CORE_ACTION_OPEN, NULL);
	remembered = f->script.remembered;
	assert_true(remembered > 0);

	/* The same text elsewhere is the same. */
	f->rules[0].values = &f->same_text;
	assert_int_equal(reload(f), 0);
	assert_true(f->script.remembered > remembered);

	/* Other options, and an instance that can go on with the memory. */
	remembered = f->script.remembered;
	f->rules[0].values = &f->other_text;
	assert_int_equal(reload(f), 0);	/* in place: no difference to see */
	f->rules[1].values = &f->text;
	f->rules[1].instance = &f->script;
	f->rules[0].match.client = true;
	f->rules[0].match.server = false;
	assert_int_equal(reload(f), 1);
	assert_true(f->script.remembered > remembered);

	/* An instance that cannot; and another module. */
	f->rules[0].match.client = false;
	f->rules[0].values = &f->same_text;
	f->rules[0].instance = &f->second;
	f->rules[1].values = &f->other_text;
	assert_int_equal(reload(f), 1);
	assert_int_equal(f->second.remembered, 1);
	f->rules[0].match.client = true;
	f->rules[1].policy = &other;
	assert_int_equal(reload(f), 1);
	assert_int_equal(f->script.remembered, 1);

	/* Nobody's any more: left alone, with all it has. */
	f->rules[0].match.server = false;
	f->config.n_rules = 1;
	assert_int_equal(reload(f), 0);
	core_get_stats(f->core, &stats);
	assert_int_equal(stats.connections, 0);
}

struct told {
	unsigned int calls;
	bool managed, assumed;
	enum core_fit fits[2];
	const char *rule;
	unsigned int n_remotes;
	int16_t rail;
};

static void note(const struct core_explanation *explanation, void *data)
{
	struct told *told = data;

	told->calls++;
	told->managed = explanation->managed;
	told->assumed = explanation->assumed;
	for (size_t i = 0; i < 2; i++)
		told->fits[i] = explanation->fits[i];

	if (!told->managed)
		return;

	told->rule = explanation->rule->name;
	told->n_remotes = explanation->view->n_remotes;
	told->rail = explanation->view->remotes[told->n_remotes - 1].rail;
}

static struct told explain(struct fixture *f, const char *peer,
			   enum anchor_role role)
{
	struct core_query query = {
		.peer = addr_of(peer), .service_port = 5000, .role = role,
	};
	struct told told = { 0 };

	assert_int_equal(core_explain(f->core, f->now, &query, note, &told),
			 0);
	assert_int_equal(told.calls, 1);
	return told;
}

static void test_explain(void **state)
{
	struct fixture *f = *state;
	struct core_stats stats;
	struct told told;

	told = explain(f, "10.255.0.1", ANCHOR_ROLE_CLIENT);
	assert_true(told.managed && told.assumed);
	assert_int_equal(told.fits[0], CORE_FIT_ROLE);
	assert_int_equal(told.fits[1], CORE_FIT_YES);
	assert_string_equal(told.rule, "last");
	assert_int_equal(told.n_remotes, 2);
	assert_int_equal(told.rail, 0);

	/* Of no rendezvous of ours is there one for IPv6. */
	told = explain(f, "fd00::1", ANCHOR_ROLE_SERVER);
	assert_false(told.managed);
	assert_int_equal(told.fits[0], CORE_FIT_YES);

	/* A connection there is knows better, and is not disturbed. */
	connect_one(f);
	drain(f, CORE_ACTION_OPEN, NULL);
	f->script.remembered = 0;
	told = explain(f, "10.255.0.1", ANCHOR_ROLE_SERVER);
	assert_true(told.managed && !told.assumed);
	assert_string_equal(told.rule, "first");
	assert_int_equal(f->script.remembered, 1);
	core_get_stats(f->core, &stats);
	assert_int_equal(stats.connections, 1);
	assert_int_equal(drain(f, CORE_ACTION_OPEN, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_faults, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_good_among_bad, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_replace, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_samples, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_view, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_reload, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_explain, set_up,
						tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
