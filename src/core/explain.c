/* SPDX-License-Identifier: BSD-3-Clause */
/* What would become of a connection that there is not. */
#include <errno.h>
#include <stdlib.h>

#include "core/array.h"
#include "core/match.h"
#include "core/plan.h"
#include "core/prng.h"

/* A port for the end that has none of its own: what clients are given. */
#define EPHEMERAL 49152

/* A connection with that peer, the best known one first. */
static const struct conn *find_peer(const struct core *core,
				    const struct anchor_addr *peer)
{
	const struct conn *found = NULL;

	for (const struct conn *conn = table_next(&core->conns, NULL); conn;
	     conn = table_next(&core->conns, conn))
		if (anchor_addr_equal(&conn->remote.addr, peer) &&
		    (!found || conn->n_remotes > found->n_remotes))
			found = conn;

	return found;
}

/* Our end of it: as of a connection there is, else a rendezvous address. */
static struct anchor_addr our_end(const struct core *core,
				  const struct anchor_addr *peer,
				  const struct conn *live)
{
	const struct core_host *host = &core->host;

	if (live)
		return live->local.addr;

	for (size_t i = 0; i < host->n_rendezvous; i++)
		if (host->rendezvous[i].addr.family == peer->family)
			return host->rendezvous[i].addr;

	return (struct anchor_addr) { .family = peer->family };
}

static struct match_subject subject_of(const struct core *core,
				       const struct core_query *query,
				       const struct conn *live)
{
	return (struct match_subject) {
		.rendezvous = our_end(core, &query->peer, live),
		.peer = query->peer,
		.service_port = query->service_port,
		.role = query->role,
	};
}

static int copy_remotes(struct conn *conn, const struct conn *live)
{
	for (unsigned int i = 0; live && i < live->n_remotes; i++) {
		const struct core_limits all = { .announced = UINT8_MAX };

		if (conn_announced(conn, &all, live->remotes[i].id,
				   &live->remotes[i].endpoint) < 0)
			return -ENOMEM;
	}

	return 0;
}

/* The connection as it would be once established, before it has any path. */
static int make_conn(const struct core *core, struct anchor_time now,
		     const struct match_subject *subject,
		     const struct conn *live, const struct core_rule *rule,
		     struct conn **ret_conn)
{
	bool server = subject->role == ANCHOR_ROLE_SERVER;
	struct conn *conn = conn_new(0);
	struct core_event event = {
		.type = CORE_EVENT_ESTABLISHED,
		.known = CORE_KNOWN_ROLE,
		.role = subject->role,
		.local = { subject->rendezvous, EPHEMERAL },
		.remote = { subject->peer, EPHEMERAL },
	};

	if (!conn)
		return -ENOMEM;

	if (server)
		event.local.port = subject->service_port;
	else
		event.remote.port = subject->service_port;

	conn->role = (uint8_t) subject->role;
	conn->local = event.local;
	conn->remote = event.remote;
	conn->since = now;
	conn->established = true;
	if (conn_set_rule(conn, rule) < 0 || copy_remotes(conn, live) < 0 ||
	    conn_subflow_up(conn, &core->config->limits, now, &event) < 0) {
		conn_free(conn);
		return -ENOMEM;
	}

	*ret_conn = conn;
	return 0;
}

static bool assume_remotes(struct core *core, const struct conn *conn)
{
	uint64_t seen = 0;

	if (conn->n_remotes)
		return false;

	for (size_t i = 0; i < core->host.n_locals; i++) {
		int16_t rail = core->host.locals[i].rail;

		if (rail < 0 || seen & (UINT64_C(1) << rail))
			continue;

		seen |= UINT64_C(1) << rail;
		view_assume_remote(&core->view, rail);
	}

	return true;
}

static void plan_conn(struct core *core, struct anchor_time now,
		      struct conn *conn, struct core_explanation *explanation,
		      struct anchor_plan *plan)
{
	uint64_t random = core->random;

	view_build(&core->view, conn, &core->host, &core->config->limits, now,
		   prng_next(&random));
	explanation->assumed = assume_remotes(core, conn);
	plan_ask(core, conn, &core->view.view, plan);
	explanation->view = &core->view.view;
	explanation->plan = plan;
}

static enum core_fit *fits_of(const struct core_config *config,
			      const struct match_subject *subject)
{
	enum core_fit *fits = calloc(config->n_rules, sizeof(*fits));

	for (size_t i = 0; fits && i < config->n_rules; i++)
		fits[i] = match_fit(&config->rules[i].match, subject);

	return fits;
}

static int explain_managed(struct core *core, struct anchor_time now,
			   const struct match_subject *subject,
			   const struct conn *live,
			   struct core_explanation *explanation,
			   struct anchor_plan *plan, struct conn **ret_conn)
{
	const struct core_config *config = core->config;
	int err;

	explanation->rule = match_rule(config->rules, config->n_rules,
				       subject);
	if (!explanation->rule)
		return 0;

	err = make_conn(core, now, subject, live, explanation->rule,
			ret_conn);
	if (err < 0)
		return err;

	plan_conn(core, now, *ret_conn, explanation, plan);
	explanation->managed = true;
	return 0;
}

int core_explain(struct core *core, struct anchor_time now,
		 const struct core_query *query,
		 void (*cb)(const struct core_explanation *explanation,
			    void *data), void *data)
{
	const struct conn *live = find_peer(core, &query->peer);
	struct match_subject subject = subject_of(core, query, live);
	enum core_fit *fits = fits_of(core->config, &subject);
	struct core_explanation explanation = {
		.rules = core->config->rules,
		.fits = fits,
		.n_rules = core->config->n_rules,
	};
	struct anchor_plan plan;
	struct conn *conn = NULL;
	int err = fits ? 0 : -ENOMEM;

	if (!err && match_scope(&core->config->scope, &core->host, &subject))
		err = explain_managed(core, now, &subject, live, &explanation,
				      &plan, &conn);

	if (!err)
		cb(&explanation, data);

	conn_free(conn);
	free(fits);
	return err;
}
