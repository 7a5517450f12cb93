/* SPDX-License-Identifier: BSD-3-Clause */
/* Another configuration for the connections there are. */
#include <errno.h>
#include <stdlib.h>

#include "core/match.h"
#include "core/private.h"

static bool same_value(const struct anchor_option *option,
		       const union anchor_value *a,
		       const union anchor_value *b)
{
	switch (option->type) {
	case ANCHOR_OPTION_BOOL:
		return a->flag == b->flag;
	case ANCHOR_OPTION_UINT:
		return a->number == b->number;
	case ANCHOR_OPTION_SPAN:
		return a->span.us == b->span.us;
	case ANCHOR_OPTION_ENUM:
		return a->word == b->word;
	case ANCHOR_OPTION_STRING:
		return !strcmp(a->string, b->string);
	}

	return false;
}

static bool same_options(const struct core_rule *a, const struct core_rule *b)
{
	for (size_t i = 0; i < a->policy->n_options; i++)
		if (!same_value(&a->policy->options[i], &a->values[i],
				&b->values[i]))
			return false;

	return true;
}

/* Its memory is kept where it means the same under the new rule. */
static int move(struct conn *conn, const struct core_rule *rule,
		unsigned int *moved)
{
	const struct core_rule *before = conn->rule;
	const struct anchor_policy *policy = rule->policy;

	if (before->policy != policy) {
		++*moved;
		return conn_set_rule(conn, rule);
	}

	if (!same_options(before, rule)) {
		++*moved;
		if (policy->memory && !(policy->reconfigure &&
		    policy->reconfigure(before->instance, rule->instance,
					conn->memory)))
			memset(conn->memory, 0, policy->memory);
	} else if (before->rendezvous != rule->rendezvous) {
		++*moved;
	}

	conn->rule = rule;
	return 0;
}

static void move_all(struct core *core, unsigned int *moved)
{
	struct conn *conn = table_next(&core->conns, NULL);

	while (conn) {
		const struct core_rule *rule =
			match_conn(core->config, &core->host, &conn->local,
				   &conn->remote, conn->role);
		struct conn *next = table_next(&core->conns, conn);

		/* Without memory it keeps the paths it has. */
		if (!rule || move(conn, rule, moved) < 0)
			core_forget(core, conn);
		else
			core_mark_dirty(core, conn);

		conn = next;
	}
}

int core_set_config(struct core *core, const struct core_config *config,
		    unsigned int *ret_moved)
{
	uint8_t *faults = calloc(config->n_rules, sizeof(*faults));
	unsigned int moved = 0;

	if (!faults)
		return -ENOMEM;

	free(core->faults);
	core->faults = faults;
	core->complaint.rule = NULL;
	core->config = config;

	move_all(core, &moved);
	*ret_moved = moved;
	return 0;
}
