/* SPDX-License-Identifier: BSD-3-Clause */
/* "anchorctl explain": what the policies would do with a connection. */
#include <stdio.h>
#include <string.h>

#include "host/engine-private.h"
#include "host/json.h"
#include "util/addrtext.h"

static const char *fit_text(enum core_fit fit)
{
	switch (fit) {
	case CORE_FIT_YES:
		return "";
	case CORE_FIT_PEER:
		return "the peer is not in [match] peer";
	case CORE_FIT_RENDEZVOUS:
		return "our end is not in [match] rendezvous";
	case CORE_FIT_PORT:
		return "the service's port is not in [match] port";
	case CORE_FIT_ROLE:
		return "our end is not of [match] role";
	}

	return "?";
}

static const char *rendezvous_text(enum anchor_rendezvous rendezvous)
{
	switch (rendezvous) {
	case ANCHOR_RENDEZVOUS_KEEP:
		return "keep";
	case ANCHOR_RENDEZVOUS_BACKUP:
		return "backup";
	case ANCHOR_RENDEZVOUS_CLOSE:
		return "close";
	}

	return "?";
}

static json_t *explain_files(const struct core_explanation *explanation)
{
	json_t *list = json_array();

	for (size_t i = 0; i < explanation->n_rules; i++)
		json_array_append_new(list, json_pack("{s:s, s:b, s:s}",
			"name", explanation->rules[i].name,
			"fits", explanation->fits[i] == CORE_FIT_YES,
			"reason", fit_text(explanation->fits[i])));

	return list;
}

/* An assumed address of the peer has no bytes, and no port. */
static json_t *explain_remote(const struct anchor_remote *remote,
			      bool assumed)
{
	if (assumed && !remote->initial)
		return json_pack("{s:n, s:n}", "address", "port");

	return json_endpoint(&remote->endpoint);
}

static json_t *explain_path(const struct engine *engine,
			    const struct core_explanation *explanation,
			    const struct anchor_plan_path *path)
{
	const struct anchor_local *local =
				&explanation->view->locals[path->local];
	const struct anchor_remote *remote =
				&explanation->view->remotes[path->remote];

	return json_pack("{s:{s:o}, s:o, s:o, s:o, s:o, s:i, s:b, s:o}",
			 "local", "address", json_addr(&local->addr),
			 "remote", explain_remote(remote,
						  explanation->assumed),
			 "link", json_link(local->link),
			 "rail", json_rail(engine->links, local->rail),
			 "remote_rail", json_rail(engine->links,
						  remote->rail),
			 "count", path->count,
			 "backup", path->backup,
			 "why", json_text(path->why));
}

static json_t *explain_paths(const struct engine *engine,
			     const struct core_explanation *explanation)
{
	json_t *list = json_array();

	for (unsigned int i = 0; i < explanation->plan->n_paths; i++)
		json_array_append_new(list, explain_path(engine, explanation,
					&explanation->plan->paths[i]));

	return list;
}

static json_t *explain_announce(const struct engine *engine,
				const struct core_explanation *explanation)
{
	json_t *list = json_array();

	for (unsigned int i = 0; i < explanation->view->n_locals; i++) {
		const struct anchor_local *local =
					&explanation->view->locals[i];

		if (!(explanation->plan->announce & (UINT64_C(1) << i)))
			continue;

		json_array_append_new(list, json_pack("{s:o, s:o, s:o}",
			"address", json_addr(&local->addr),
			"link", json_link(local->link),
			"rail", json_rail(engine->links, local->rail)));
	}

	return list;
}

struct explainer {
	const struct engine *engine;
	json_t *answer;
};

static void explain(const struct core_explanation *explanation, void *data)
{
	struct explainer *explainer = data;
	const struct engine *engine = explainer->engine;
	const struct core_rule *rule = explanation->rule;

	if (!explanation->managed) {
		explainer->answer = json_pack("{s:b, s:s, s:o}",
			"managed", 0,
			"reason", "neither is our end a rendezvous address, "
				"nor the peer in [rendezvous] peers",
			"files", explain_files(explanation));
		return;
	}

	explainer->answer = json_pack(
		"{s:b, s:o, s:s, s:s, s:s, s:s, s:o, s:b, s:o, s:o, s:o}",
		"managed", 1,
		"files", explain_files(explanation),
		"rule", rule->name,
		"policy", rule->policy->name,
		"summary", rule->policy->summary ? rule->policy->summary : "",
		"rendezvous", rendezvous_text(explanation->plan->rendezvous),
		"why", json_text(explanation->plan->why),
		"assumed", explanation->assumed,
		"local", json_addr(&explanation->view->local.addr),
		"announce", explain_announce(engine, explanation),
		"paths", explain_paths(engine, explanation));
}

static json_t *mistake(const char *text)
{
	return json_pack("{s:s}", "error", text);
}

/* False if the request makes no sense. */
static bool read_query(const json_t *request, struct core_query *ret_query)
{
	const char *peer = json_string_value(json_object_get(request, "peer"));
	const char *role = json_string_value(json_object_get(request, "role"));
	struct anchor_endpoint endpoint = { 0 };
	bool server = role && !strcmp(role, "server");

	if (!peer || (role && !server && strcmp(role, "client")))
		return false;

	if (addrtext_parse_endpoint(peer, &endpoint) < 0 &&
	    addrtext_parse(peer, &endpoint.addr) < 0)
		return false;

	*ret_query = (struct core_query) {
		.peer = endpoint.addr,
		.service_port = endpoint.port,
		.role = server ? ANCHOR_ROLE_SERVER : ANCHOR_ROLE_CLIENT,
	};
	return true;
}

json_t *engine_explain(struct engine *engine, const json_t *request)
{
	struct explainer explainer = { .engine = engine };
	struct core_query query;

	if (!read_query(request, &query))
		return mistake("explain needs a peer, an address or "
			       "ADDRESS:PORT, and may have a role, client or "
			       "server");

	if (core_explain(engine->core, engine_now(), &query, explain,
			 &explainer) < 0)
		return NULL;

	json_object_set_new(explainer.answer, "peer", json_addr(&query.peer));
	json_object_set_new(explainer.answer, "port",
			    json_integer(query.service_port));
	json_object_set_new(explainer.answer, "role",
			    json_string(query.role == ANCHOR_ROLE_SERVER ?
					"server" : "client"));
	return explainer.answer;
}
