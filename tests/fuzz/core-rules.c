/* SPDX-License-Identifier: BSD-3-Clause */
/* Rules for a fuzzed core. */
#include "conf/modules.h"
#include "conf/option.h"
#include "fuzz/core-rules.h"
#include "fuzz/fuzz.h"

#define MODULES_MAX 16
#define OPTIONS_MAX 16

struct module {
	const struct anchor_policy *policy;
	struct anchor_policy spied;	/* its copy, which calls spy_plan() */
};

/* What a spied plan() is given as its instance. */
struct instance {
	const struct module *module;
	void *instance;
};

static const struct line {
	const char *module;
	enum anchor_rendezvous rendezvous;
	bool rests;
	const char *options[8];		/* key, value, ... */
} lines[] = {
	{ "rail", ANCHOR_RENDEZVOUS_BACKUP, true, { NULL } },
	{ "rail", ANCHOR_RENDEZVOUS_CLOSE, true, { "cross", "never" } },
	{ "rail", ANCHOR_RENDEZVOUS_KEEP, true, { "cross", "always" } },
	{ "fullmesh", ANCHOR_RENDEZVOUS_BACKUP, true, { NULL } },
	{ "fullmesh", ANCHOR_RENDEZVOUS_CLOSE, true, { "max", "2" } },
	{ "ecmp", ANCHOR_RENDEZVOUS_BACKUP, false, { NULL } },
	{ "ecmp", ANCHOR_RENDEZVOUS_CLOSE, false, { NULL } },
	{ "spread", ANCHOR_RENDEZVOUS_BACKUP, true, { NULL } },
	{ "failover", ANCHOR_RENDEZVOUS_BACKUP, true, { NULL } },
	{ "ondemand", ANCHOR_RENDEZVOUS_CLOSE, false, { NULL } },
	{ "off", ANCHOR_RENDEZVOUS_KEEP, true, { NULL } },
};

/* plan() has no data of its caller's, so it has to be kept here. */
static struct {
	rules_spy spy;
	void *data;
	struct modules *opened;
	struct module modules[MODULES_MAX];
	size_t n_modules;
	struct rules rules;
} all;

static void spy_plan(const void *data, const struct anchor_view *view,
		     void *memory, struct anchor_plan *plan)
{
	const struct instance *instance = data;

	instance->module->policy->plan(instance->instance, view, memory,
				       plan);
	all.spy(view, plan, all.data);
}

static bool spy_reconfigure(const void *before, const void *now, void *memory)
{
	const struct instance *from = before, *to = now;

	return from->module->policy->reconfigure(from->instance, to->instance,
						 memory);
}

/* One spy a module: to the core, rules of one module have one policy. */
static struct module *get_module(const char *name)
{
	struct module *module = all.modules;
	char reason[256];

	while (module->policy && strcmp(module->policy->name, name))
		module++;

	if (module->policy)
		return module;

	require(++all.n_modules < MODULES_MAX);
	if (modules_get(all.opened, name, &module->policy, reason,
			sizeof(reason)) < 0) {
		fprintf(stderr, "%s\n", reason);
		abort();
	}

	module->spied = *module->policy;
	module->spied.plan = spy_plan;
	if (module->policy->reconfigure)
		module->spied.reconfigure = spy_reconfigure;

	return module;
}

static const char *option_text(const struct line *line,
			       const struct anchor_option *option)
{
	for (const char *const *at = line->options; *at; at += 2)
		if (!strcmp(at[0], option->key))
			return at[1];

	return option->fallback;
}

static union anchor_value *parse_options(const struct line *line,
					 const struct anchor_policy *policy)
{
	union anchor_value *values = calloc(OPTIONS_MAX, sizeof(*values));
	struct diag *diag = diag_new();
	const struct diag_place place = { .diag = diag, .file = "options" };

	require(values && diag && policy->n_options <= OPTIONS_MAX);
	for (size_t i = 0; i < policy->n_options; i++)
		require(!option_parse(&policy->options[i], &place,
				      option_text(line, &policy->options[i]),
				      &values[i]));

	diag_free(diag);
	return values;
}

static struct core_rule make_rule(const struct line *line)
{
	struct module *module = get_module(line->module);
	struct instance *instance = calloc(1, sizeof(*instance));
	struct core_rule rule = {
		.name = line->module,
		.policy = &module->spied,
		.values = parse_options(line, module->policy),
		.instance = instance,
		.rendezvous = line->rendezvous,
	};

	require(instance);
	instance->module = module;
	if (module->policy->make)
		require(!module->policy->make(rule.values,
					      &instance->instance));

	return rule;
}

static void make_all(void)
{
	all.opened = modules_new(FUZZ_MODULES);
	require(all.opened);
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		all.rules.rests[i] = lines[i].rests;
		all.rules.rules[all.rules.n++] = make_rule(&lines[i]);
	}
}

const struct rules *rules_get(rules_spy spy, void *data)
{
	if (!all.opened)
		make_all();

	all.spy = spy;
	all.data = data;
	return &all.rules;
}
