/* SPDX-License-Identifier: BSD-3-Clause */
/* The engine's answers, as JSON. anchorctl(8) documents the fields. */
#include <stdio.h>
#include <unistd.h>

#include "host/engine-private.h"
#include "host/json.h"
#include "host/upkeep.h"
#include "util/addrtext.h"

static int64_t age_ms(struct anchor_time since)
{
	return anchor_time_since(engine_now(), since).us / 1000;
}

static json_t *report_rendezvous(const struct engine *engine)
{
	json_t *list = json_array();

	for (size_t i = 0; i < engine->links->n_rendezvous; i++) {
		char text[ADDRTEXT_MAX];

		json_array_append_new(list, json_string(addrtext_prefix(
				&engine->links->rendezvous[i], text)));
	}

	return list;
}

static json_t *report_rails(const struct engine *engine)
{
	json_t *list = json_array();

	for (size_t i = 0; i < engine->links->n_rails; i++)
		json_array_append_new(list,
				json_name(engine->links->rails[i].name));

	return list;
}

static json_t *report_repairs(const struct engine *engine,
			      const struct core_stats *stats)
{
	static const char *const keys[CORE_REPAIRS] = {
		[CORE_REPAIR_CONN_MISSED] = "connections_missed",
		[CORE_REPAIR_CONN_GONE] = "connections_gone",
		[CORE_REPAIR_SUBFLOW_MISSED] = "subflows_missed",
		[CORE_REPAIR_SUBFLOW_GONE] = "subflows_gone",
		[CORE_REPAIR_BACKUP] = "backup_flags",
		[CORE_REPAIR_ANNOUNCED] = "announcements",
		[CORE_REPAIR_STATE] = "states",
	};
	struct netfacts_repairs facts = netfacts_repairs(engine->facts);
	json_t *repairs = json_pack("{s:I, s:I}",
				    "links", (json_int_t) facts.links,
				    "addresses", (json_int_t) facts.addresses);

	for (size_t i = 0; i < CORE_REPAIRS; i++)
		json_object_set_new(repairs, keys[i], json_integer(
				(json_int_t) stats->repairs[i]));

	return repairs;
}

static json_t *report_lists(const struct engine *engine,
			    const struct core_stats *stats)
{
	struct lister_stats lists;

	lister_get_stats(engine->lister, &lists);
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o}",
			 "read", (json_int_t) lists.lists,
			 "failed", (json_int_t) lists.failed,
			 "interrupted", (json_int_t) (lists.interrupted +
				netfacts_interrupted(engine->facts)),
			 "us", (json_int_t) lists.us,
			 "losses", (json_int_t) engine->losses,
			 "audits", (json_int_t) engine->audits,
			 "audit_every_ms", (json_int_t)
			 upkeep_audit_ms(engine, stats->connections),
			 "adopted", (json_int_t) stats->adopted,
			 "repairs", report_repairs(engine, stats));
}

static json_t *report_counters(struct engine *engine,
			       const struct core_stats *stats)
{
	struct nlsock_stats events, commands, facts;
	struct lister_stats lists;
	struct sampler_stats samples;

	lister_get_stats(engine->lister, &lists);
	sampler_get_stats(engine->sampler, &samples);
	pm_get_stats(engine->pm, &events, &commands);
	netfacts_get_stats(engine->facts, &facts);
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, "
			 "s:I, s:I, s:I, s:I, s:I, s:I}",
			 "events", (json_int_t) stats->events,
			 "actions", (json_int_t) stats->actions,
			 "failed", (json_int_t) stats->failed,
			 "ignored", (json_int_t) stats->ignored,
			 "over_limit", (json_int_t) stats->over_limit,
			 "dead", (json_int_t) stats->dead,
			 "samples", (json_int_t) samples.taken,
			 "samples_skipped", (json_int_t) samples.skipped,
			 "sample_us", (json_int_t) samples.us,
			 "bad_plan_items", (json_int_t) stats->plans_bad,
			 "overruns", (json_int_t) (events.overruns +
						   commands.overruns +
						   facts.overruns +
						   lists.overruns),
			 "malformed", (json_int_t) (events.malformed +
						    commands.malformed +
						    facts.malformed +
						    lists.malformed),
			 "unknown", (json_int_t) pm_unknown(engine->pm),
			 "links_over_limit", (json_int_t)
			 netfacts_ignored(engine->facts),
			 "listeners_over_limit", (json_int_t)
			 listeners_refused(engine->listeners),
			 "strangers", (json_int_t)
			 listeners_strangers(engine->listeners));
}

static json_t *report_status(struct engine *engine, const json_t *request)
{
	struct core_stats stats;
	int links = 0;

	core_get_stats(engine->core, &stats);
	for (size_t i = 0; i < engine->links->n_links; i++)
		links += engine->links->links[i].state == LINK_USABLE;

	return json_pack("{s:s, s:s, s:i, s:b, s:I, s:o, s:o, s:i, s:i, s:i, s:i, "
			 "s:o, s:o}",
			 "version", ANCHOR_VERSION,
			 "events_from", engine->merge &&
				!merge_is_behind(engine->merge) ? "host" :
				"kernel",
			 "pid", (int) getpid(),
			 "ready", engine->ready,
			 "uptime_ms", (json_int_t) age_ms(engine->started),
			 "rendezvous", report_rendezvous(engine),
			 "rails", report_rails(engine),
			 "links", links,
			 "connections", (int) stats.connections,
			 "kernel", (int) stats.kernel,
			 "paths", (int) stats.paths,
			 "lists", report_lists(engine, &stats),
			 "counters", report_counters(engine, &stats));
}

static json_t *report_address(const struct engine *engine,
			      const struct link_address *address)
{
	int64_t held = engine_held_ms(engine, address);
	const char *reason = "";

	if (address->problem)
		reason = address->problem;
	else if (!address->wanted)
		reason = "tentative or deprecated";
	else if (!address->usable)
		reason = link_state_text(address->link->state);
	else if (held)
		reason = "it has just come back";

	return json_pack("{s:o, s:i, s:i, s:b, s:I, s:s}",
			 "address", json_addr(&address->facts.addr),
			 "prefixlen", address->facts.prefixlen,
			 "join_port", address->join_port,
			 "usable", address->usable && !address->problem &&
				!held,
			 "held_ms", (json_int_t) held,
			 "reason", reason);
}

static json_t *report_link(const struct engine *engine,
			   const struct link *link)
{
	json_t *addresses = json_array();

	for (size_t i = 0; i < engine->links->n_addresses; i++)
		if (engine->links->addresses[i].link == link)
			json_array_append_new(addresses, report_address(
					engine, &engine->links->addresses[i]));

	return json_pack("{s:o, s:i, s:o, s:b, s:b, s:b, s:s, s:o}",
			 "name", json_name(link->facts.name),
			 "ifindex", link->facts.ifindex,
			 "rail", json_rail(engine->links, link->rail),
			 "up", link->facts.up,
			 "carrier", link->facts.carrier,
			 "managed", link_managed(link),
			 "reason", link_state_text(link->state),
			 "addresses", addresses);
}

static json_t *report_links(struct engine *engine, const json_t *request)
{
	json_t *list = json_array();

	for (size_t i = 0; i < engine->links->n_links; i++)
		json_array_append_new(list, report_link(engine,
				&engine->links->links[i]));

	return json_pack("{s:o}", "links", list);
}

/* What a list of connections or paths is made with. */
struct collector {
	const struct engine *engine;
	json_t *list;
	bool samples;		/* how do subflows do? */
};

/* A subflow, or an attempt at one, as seen from its two addresses. */
static json_t *json_subflow(const struct engine *engine,
			    const struct anchor_local *local,
			    const struct anchor_remote *remote,
			    const char *role, bool backup, const char *state)
{
	return json_pack("{s:o, s:o, s:o, s:s, s:b, s:s}",
			 "link", json_link(local->link),
			 "rail", json_rail(engine->links, local->rail),
			 "remote_rail", json_rail(engine->links, remote->rail),
			 "role", role,
			 "backup", backup,
			 "state", state);
}

static json_t *json_sample(const struct core_sample *sample)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}",
			 "rtt_us", (json_int_t) sample->rtt.us,
			 "rtt_min_us", (json_int_t) sample->rtt_min.us,
			 "delivery_rate", (json_int_t) sample->delivery_rate,
			 "bytes_out", (json_int_t) sample->bytes_out,
			 "bytes_in", (json_int_t) sample->bytes_in,
			 "unacked", (json_int_t) sample->unacked,
			 "waiting", (json_int_t) sample->waiting,
			 "retransmitted", (json_int_t) sample->retransmitted,
			 "cwnd", (json_int_t) sample->cwnd,
			 "last_ack_us", (json_int_t) sample->last_ack.us);
}

/* null if it could not be read, or would have been one too many. */
static json_t *take_sample(const struct engine *engine,
			   const struct anchor_endpoint *local,
			   const struct anchor_endpoint *remote, int ifindex)
{
	struct core_sample sample;

	if (!sampler_read(engine->sampler, local, remote, ifindex, &sample))
		return json_null();

	return json_sample(&sample);
}

static json_t *report_path(const struct collector *collector,
			   const struct anchor_view *view,
			   const struct anchor_path *path)
{
	const struct engine *engine = collector->engine;
	const struct anchor_local *local = &view->locals[path->local];
	const struct anchor_remote *remote = &view->remotes[path->remote];
	struct anchor_endpoint from = { local->addr, path->local_port };
	struct anchor_endpoint to = { remote->endpoint.addr,
		path->remote_port };
	const char *role = path->opened_here ? "opened" : "accepted";
	json_t *subflow;

	if (path->initial)
		role = "initial";

	subflow = json_subflow(engine, local, remote, role, path->backup,
			       "established");
	json_object_set_new(subflow, "local", json_endpoint(&from));
	json_object_set_new(subflow, "remote", json_endpoint(&to));
	json_object_set_new(subflow, "age_ms",
			    json_integer(age_ms(path->since)));
	if (collector->samples)
		json_object_set_new(subflow, "sample",
				    take_sample(engine, &from, &to,
						local->ifindex));

	return subflow;
}

static const char *attempt_state(const struct core_attempt *attempt)
{
	if (attempt->opening)
		return "opening";

	return anchor_time_is_never(attempt->until) ? "refused" : "waiting";
}

static json_t *report_attempt(const struct engine *engine,
			      const struct anchor_view *view,
			      const struct core_attempt *attempt)
{
	const struct anchor_local unknown_local = {
		.addr = attempt->local, .link = "", .rail = ANCHOR_RAIL_NONE,
	};
	const struct anchor_remote unknown_remote = {
		.endpoint = attempt->remote, .rail = ANCHOR_RAIL_NONE,
	};
	const struct anchor_local *local = &unknown_local;
	const struct anchor_remote *remote = &unknown_remote;
	struct anchor_endpoint from = { attempt->local, 0 };
	json_t *subflow;

	for (unsigned int i = 0; i < view->n_locals; i++)
		if (anchor_addr_equal(&view->locals[i].addr, &attempt->local))
			local = &view->locals[i];

	for (unsigned int i = 0; i < view->n_remotes; i++)
		if (anchor_endpoint_equal(&view->remotes[i].endpoint,
					  &attempt->remote))
			remote = &view->remotes[i];

	subflow = json_subflow(engine, local, remote, "opened", false,
			       attempt_state(attempt));
	json_object_set_new(subflow, "local", json_endpoint(&from));
	json_object_set_new(subflow, "remote",
			    json_endpoint(&attempt->remote));
	json_object_set_new(subflow, "failures",
			    json_integer(attempt->failures));
	json_object_set_new(subflow, "error", attempt->error ?
			    json_string(strerror(attempt->error)) :
			    json_null());
	return subflow;
}

static json_t *report_subflows(const struct collector *collector,
			       const struct core_conn_info *info)
{
	json_t *list = json_array();

	for (unsigned int i = 0; i < info->view->n_paths; i++)
		json_array_append_new(list, report_path(collector,
						info->view,
						&info->view->paths[i]));

	for (size_t i = 0; i < info->n_attempts; i++)
		json_array_append_new(list, report_attempt(collector->engine,
						info->view,
						&info->attempts[i]));

	return list;
}

static json_t *report_announced(const struct core_conn_info *info)
{
	json_t *list = json_array();

	for (size_t i = 0; i < info->n_announced; i++) {
		json_t *item = json_endpoint(&info->announced[i].endpoint);

		json_object_set_new(item, "id",
				    json_integer(info->announced[i].id));
		json_object_set_new(item, "confirmed",
				json_boolean(info->announced[i].confirmed));
		json_array_append_new(list, item);
	}

	return list;
}

static json_t *report_peer_announced(const struct engine *engine,
				     const struct anchor_view *view)
{
	json_t *list = json_array();

	for (unsigned int i = 0; i < view->n_remotes; i++) {
		const struct anchor_remote *remote = &view->remotes[i];
		json_t *item;

		if (!remote->announced)
			continue;

		item = json_endpoint(&remote->endpoint);
		json_object_set_new(item, "id", json_integer(remote->id));
		json_object_set_new(item, "rail",
				    json_rail(engine->links, remote->rail));
		json_array_append_new(list, item);
	}

	return list;
}

static void collect_connection(const struct core_conn_info *info, void *data)
{
	const struct collector *collector = data;
	const struct anchor_view *view = info->view;
	bool server = view->role == ANCHOR_ROLE_SERVER;
	const struct anchor_endpoint *service = server ? &view->local :
		&view->remote;
	char token[9];

	snprintf(token, sizeof(token), "%08x", info->token);
	json_array_append_new(collector->list, json_pack(
		"{s:s, s:s, s:s, s:b, s:o, s:o, s:o, s:s, s:s, s:b, s:I, s:o, "
		"s:o, s:o}",
		"token", token,
		"role", server ? "server" : "client",
		"path_manager", info->kernel ? "kernel" : "userspace",
		"adopted", info->adopted,
		"local", json_endpoint(&view->local),
		"remote", json_endpoint(&view->remote),
		"rendezvous", json_addr(&service->addr),
		"rule", info->rule,
		"policy", info->policy,
		"established", info->established,
		"age_ms", (json_int_t) age_ms(info->since),
		"subflows", report_subflows(collector, info),
		"announced", report_announced(info),
		"peer_announced", report_peer_announced(collector->engine,
							view)));
}

static struct collector make_collector(const struct engine *engine,
				       const json_t *request)
{
	return (struct collector) {
		.engine = engine,
		.list = json_array(),
		.samples = json_is_true(json_object_get(request, "samples")),
	};
}

static json_t *report_connections(struct engine *engine,
				  const json_t *request)
{
	struct collector collector = make_collector(engine, request);

	core_each_conn(engine->core, engine_now(), collect_connection,
		       &collector);
	return json_pack("{s:o}", "connections", collector.list);
}

static void collect_paths(const struct core_conn_info *info, void *data)
{
	const struct collector *collector = data;
	json_t *subflows = report_subflows(collector, info);
	json_t *subflow;
	char token[9];
	size_t i;

	snprintf(token, sizeof(token), "%08x", info->token);
	json_array_foreach(subflows, i, subflow) {
		json_object_set_new(subflow, "token", json_string(token));
		json_object_set_new(subflow, "peer",
				    json_addr(&info->view->remote.addr));
		json_array_append(collector->list, subflow);
	}

	json_decref(subflows);
}

static json_t *report_paths(struct engine *engine, const json_t *request)
{
	struct collector collector = make_collector(engine, request);

	core_each_conn(engine->core, engine_now(), collect_paths, &collector);
	return json_pack("{s:o}", "paths", collector.list);
}

static const struct {
	const char *what;
	json_t *(*report)(struct engine *engine, const json_t *request);
} reports[] = {
	{ "status", report_status },
	{ "links", report_links },
	{ "connections", report_connections },
	{ "paths", report_paths },
};

json_t *engine_report(struct engine *engine, const json_t *request)
{
	const char *what = json_string_value(json_object_get(request,
							     "command"));

	for (size_t i = 0; i < L_ARRAY_SIZE(reports); i++)
		if (!strcmp(what, reports[i].what))
			return reports[i].report(engine, request);

	return NULL;
}
