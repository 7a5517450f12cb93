/* SPDX-License-Identifier: BSD-3-Clause */
/* Which connections are managed, and by which rule. */
#include "core/match.h"

bool match_prefixes(const struct anchor_prefix *prefixes, size_t n,
		    const struct anchor_addr *addr)
{
	for (size_t i = 0; i < n; i++)
		if (anchor_prefix_contains(&prefixes[i], addr))
			return true;

	return false;
}

bool match_scope(const struct core_scope *scope, const struct core_host *host,
		 const struct match_subject *subject)
{
	if (scope->all)
		return true;

	return match_prefixes(host->rendezvous, host->n_rendezvous,
			      &subject->rendezvous) ||
		match_prefixes(scope->peers, scope->n_peers, &subject->peer);
}

static bool match_port(const struct core_match *match, uint16_t port)
{
	for (size_t i = 0; i < match->n_ports; i++)
		if (port >= match->ports[i].first &&
		    port <= match->ports[i].last)
			return true;

	return !match->n_ports;
}

static bool match_role(const struct core_match *match, enum anchor_role role)
{
	if (match->client == match->server)
		return true;

	return role == ANCHOR_ROLE_CLIENT ? match->client : match->server;
}

enum core_fit match_fit(const struct core_match *match,
			const struct match_subject *subject)
{
	if (match->n_peers &&
	    !match_prefixes(match->peers, match->n_peers, &subject->peer))
		return CORE_FIT_PEER;

	if (match->n_rendezvous &&
	    !match_prefixes(match->rendezvous, match->n_rendezvous,
			    &subject->rendezvous))
		return CORE_FIT_RENDEZVOUS;

	if (!match_port(match, subject->service_port))
		return CORE_FIT_PORT;

	if (!match_role(match, subject->role))
		return CORE_FIT_ROLE;

	return CORE_FIT_YES;
}

const struct core_rule *match_rule(const struct core_rule *rules, size_t n,
				   const struct match_subject *subject)
{
	for (size_t i = 0; i < n; i++)
		if (match_fit(&rules[i].match, subject) == CORE_FIT_YES)
			return &rules[i];

	return NULL;
}

const struct core_rule *match_conn(const struct core_config *config,
				   const struct core_host *host,
				   const struct anchor_endpoint *local,
				   const struct anchor_endpoint *remote,
				   enum anchor_role role)
{
	struct match_subject subject = {
		.rendezvous = local->addr,
		.peer = remote->addr,
		.service_port = role == ANCHOR_ROLE_SERVER ? local->port :
			remote->port,
		.role = role,
	};

	if (!match_scope(&config->scope, host, &subject))
		return NULL;

	return match_rule(config->rules, config->n_rules, &subject);
}
