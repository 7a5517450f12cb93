/* SPDX-License-Identifier: BSD-3-Clause */
/* What the log says, and those who watch are told. */
#ifndef HOST_JOURNAL_H
#define HOST_JOURNAL_H

#include "host/engine-private.h"

void journal_event(struct engine *engine, const struct core_event *event);
void journal_action(const struct core_action *action);

/* Modules that ask for what cannot be. */
void journal_complaints(struct engine *engine);

/* An action ended with an error that is news; reason is the kernel's. */
void journal_failed(struct engine *engine, const struct core_action *action,
		    int error, const char *reason);

/* Events were lost. */
void journal_overrun(struct engine *engine);

/* Some found no memory, which is as good as lost. */
void journal_starved(struct engine *engine);

/* The same of links and addresses. */
void journal_facts_lost(struct engine *engine);

/* Connections that were there before have been taken over. */
void journal_adopted(struct engine *engine, uint64_t n, unsigned int kernel);

/* After a loss; repairs: what it came to, or "". */
void journal_listed(struct engine *engine, struct anchor_span took,
		    const char *repairs);

/* An audit has found something. */
void journal_repaired(struct engine *engine, const char *repairs);

/* A limit was met. */
void journal_limit(struct engine *engine);

/* The name of the link that an address is on, for a sentence. */
const char *journal_link_of(const struct engine *engine,
			    const struct anchor_addr *addr);

#endif
