/* SPDX-License-Identifier: BSD-3-Clause */
/* Which connections are managed, and by which rule. */
#ifndef CORE_MATCH_H
#define CORE_MATCH_H

#include "core/core.h"

/* What a rule can look at. service_port is the server's, whoever we are. */
struct match_subject {
	struct anchor_addr rendezvous;	/* our end of the initial subflow */
	struct anchor_addr peer;
	uint16_t service_port;
	enum anchor_role role;
};

bool match_prefixes(const struct anchor_prefix *prefixes, size_t n,
		    const struct anchor_addr *addr);

/* Anchored at a rendezvous address, or wanted all the same. */
bool match_scope(const struct core_scope *scope, const struct core_host *host,
		 const struct match_subject *subject);

enum core_fit match_fit(const struct core_match *match,
			const struct match_subject *subject);

/* The first rule that fits, or NULL. */
const struct core_rule *match_rule(const struct core_rule *rules, size_t n,
				   const struct match_subject *subject);

/* The rule for a connection, or NULL if it is not to be managed. */
const struct core_rule *match_conn(const struct core_config *config,
				   const struct core_host *host,
				   const struct anchor_endpoint *local,
				   const struct anchor_endpoint *remote,
				   enum anchor_role role);

#endif
