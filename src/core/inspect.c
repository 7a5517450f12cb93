/* SPDX-License-Identifier: BSD-3-Clause */
/* What is, for showing it: reads, and changes nothing. */
#include "core/private.h"

static unsigned int paths_of(const struct conn *conn)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < conn->n_subflows; i++)
		n += !conn->subflows[i].initial;

	return n;
}

bool core_serves_port(const struct core *core, uint16_t port)
{
	for (const struct conn *conn = table_next(&core->conns, NULL); conn;
	     conn = table_next(&core->conns, conn))
		if (conn->role == ANCHOR_ROLE_SERVER &&
		    conn->local.port == port)
			return true;

	return false;
}

void core_get_stats(const struct core *core, struct core_stats *ret_stats)
{
	*ret_stats = core->stats;
	ret_stats->connections = core->conns.n;

	for (const struct conn *conn = table_next(&core->conns, NULL); conn;
	     conn = table_next(&core->conns, conn)) {
		ret_stats->paths += paths_of(conn);
		ret_stats->kernel += conn->kernel;
	}
}

static size_t list_announced(const struct conn *conn,
			     struct core_announced *announced)
{
	size_t n = 0;

	for (unsigned int i = 0; i < conn->n_entries; i++)
		if (conn->entries[i].endpoint.port &&
		    !conn->entries[i].gone && n < ANCHOR_LOCALS_MAX)
			announced[n++] = (struct core_announced) {
				.id = conn->entries[i].id,
				.endpoint = conn->entries[i].endpoint,
				.confirmed = conn->entries[i].confirmed,
			};

	return n;
}

static size_t list_attempts(const struct conn *conn,
			    struct core_attempt *attempts)
{
	size_t n = 0;

	for (; n < conn->n_attempts && n < ANCHOR_PATHS_MAX; n++) {
		const struct attempt *attempt = &conn->attempts[n];

		attempts[n] = (struct core_attempt) {
			.local = attempt->local,
			.remote = attempt->remote,
			.failures = attempt->failures,
			.opening = attempt->opening,
			.error = attempt->error,
			.until = attempt->until,
		};
	}

	return n;
}

void core_each_conn(struct core *core, struct anchor_time now,
		    core_conn_cb cb, void *data)
{
	struct core_announced announced[ANCHOR_LOCALS_MAX];
	struct core_attempt attempts[ANCHOR_PATHS_MAX];

	for (const struct conn *conn = table_next(&core->conns, NULL); conn;
	     conn = table_next(&core->conns, conn)) {
		struct core_conn_info info = {
			.token = conn->token,
			.rule = conn->rule->name,
			.policy = conn->rule->policy->name,
			.established = conn->established,
			.deny_join_id0 = conn->deny_join_id0,
			.kernel = conn->kernel,
			.adopted = conn->adopted,
			.since = conn->since,
			.view = &core->view.view,
			.announced = announced,
			.n_announced = list_announced(conn, announced),
			.attempts = attempts,
			.n_attempts = list_attempts(conn, attempts),
		};

		view_build(&core->view, conn, &core->host,
			   &core->config->limits, now, 0);
		cb(&info, data);
	}
}
