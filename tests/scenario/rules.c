/* SPDX-License-Identifier: BSD-3-Clause */
/* The rule of a scenario: a module, loaded as anchord does, and its options. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/diag.h"
#include "conf/option.h"
#include "scenario/scenario.h"

void clear_rule(struct core_rule *rule)
{
	const struct anchor_policy *policy = rule->policy;
	union anchor_value *values = (union anchor_value *) rule->values;

	if (policy && policy->free)
		policy->free(rule->instance);

	for (size_t i = 0; policy && i < policy->n_options; i++)
		option_clear(&policy->options[i], &values[i]);

	free(values);
}

/* The text of an option: as the line says, else as the table does. */
static const char *text_of(const struct anchor_option *option, char **words,
			   int n, bool *used)
{
	const char *text = option->fallback;

	for (int i = 2; i < n; i++) {
		const char *value = value_of(words[i], option->key);

		if (value) {
			text = value;
			used[i] = true;
		}
	}

	return text;
}

static bool parse_options(struct scenario *s, struct core_rule *rule,
			  union anchor_value *values, char **words, int n)
{
	const struct anchor_policy *policy = rule->policy;
	struct diag *diag = diag_new();
	struct diag_place place = { .diag = diag, .file = s->file };
	bool used[32] = { true, true };

	for (size_t i = 0; i < policy->n_options; i++)
		option_parse(&policy->options[i], &place,
			     text_of(&policy->options[i], words, n, used),
			     &values[i]);

	for (size_t i = 0; i < diag_count(diag); i++)
		fail(s, "%s", diag_line(diag, i));

	for (int i = 2; i < n; i++)
		if (!used[i])
			fail(s, "no such option: %s", words[i]);

	diag_free(diag);
	return !s->failed;
}

static bool make_rule(struct scenario *s, struct core_rule *rule,
		      char **words, int n)
{
	const struct anchor_policy *policy;
	union anchor_value *values;
	char reason[256];

	if (modules_get(s->modules, n > 1 ? words[1] : "rail", &policy,
			reason, sizeof(reason)) < 0) {
		fail(s, "%s", reason);
		return false;
	}

	values = calloc(policy->n_options + 1, sizeof(*values));
	*rule = (struct core_rule) {
		.name = "scenario",
		.policy = policy,
		.values = values,
		.rendezvous = s->rule.rendezvous,
	};
	return parse_options(s, rule, values, words, n) &&
		(!policy->make || !policy->make(values, &rule->instance));
}

/* The core goes from the old rule to the new one; then the old one goes. */
static void swap_rule(struct scenario *s, const struct core_rule *rule)
{
	struct core_config config = s->config;
	struct core_rule before = s->rule, now = *rule;
	unsigned int moved;

	/* The new rule must be elsewhere than the old one for a moment. */
	config.rules = &now;
	if (s->core && core_set_config(s->core, &config, &moved) < 0)
		fail(s, "core_set_config() failed");

	s->rule = now;
	if (s->core && core_set_config(s->core, &s->config, &moved) < 0)
		fail(s, "core_set_config() failed");

	if (before.values != now.values)
		clear_rule(&before);
}

void do_policy(struct scenario *s, char **words, int n)
{
	struct core_rule rule;

	if (make_rule(s, &rule, words, n))
		swap_rule(s, &rule);
	else
		clear_rule(&rule);
}

void do_rendezvous(struct scenario *s, char **words, int n)
{
	static const char *const names[] = {
		[ANCHOR_RENDEZVOUS_KEEP] = "keep",
		[ANCHOR_RENDEZVOUS_BACKUP] = "backup",
		[ANCHOR_RENDEZVOUS_CLOSE] = "close",
	};
	struct core_rule rule = s->rule;

	for (unsigned int i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (n == 2 && !strcmp(words[1], names[i])) {
			rule.rendezvous = (enum anchor_rendezvous) i;
			swap_rule(s, &rule);
			return;
		}

	fail(s, "rendezvous keep, backup or close");
}
