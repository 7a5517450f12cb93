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

static bool match_fits(const struct core_match *match,
		       const struct match_subject *subject)
{
	if (match->n_peers &&
	    !match_prefixes(match->peers, match->n_peers, &subject->peer))
		return false;

	if (match->n_rendezvous &&
	    !match_prefixes(match->rendezvous, match->n_rendezvous,
			    &subject->rendezvous))
		return false;

	return match_port(match, subject->service_port) &&
		match_role(match, subject->role);
}

const struct core_rule *match_rule(const struct core_rule *rules, size_t n,
				   const struct match_subject *subject)
{
	for (size_t i = 0; i < n; i++)
		if (match_fits(&rules[i].match, subject))
			return &rules[i];

	return NULL;
}
