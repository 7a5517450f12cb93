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

static const struct core_local *bare_local(const struct core *core,
					   const struct anchor_addr *addr)
{
	for (size_t i = 0; i < core->host.n_locals; i++)
		if (core->locals[i].bare &&
		    anchor_addr_equal(&core->locals[i].addr, addr))
			return &core->locals[i];

	return NULL;
}

static void each_bare_of(const struct core *core, const struct conn *conn,
			 core_bare_cb cb, void *data)
{
	for (unsigned int i = 0; i < conn->n_entries; i++) {
		const struct entry *entry = &conn->entries[i];
		const struct core_local *local;

		if (!entry->confirmed ||
		    entry->endpoint.port != conn->local.port)
			continue;

		local = bare_local(core, &entry->endpoint.addr);
		if (local)
			cb(&entry->endpoint, local->ifindex, data);
	}
}

void core_each_bare(const struct core *core, core_bare_cb cb, void *data)
{
	for (const struct conn *conn = table_next(&core->conns, NULL); conn;
	     conn = table_next(&core->conns, conn))
		if (conn->role == ANCHOR_ROLE_SERVER)
			each_bare_of(core, conn, cb, data);
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
