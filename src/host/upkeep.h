/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Keeps what the engine believes true, and what it knows alone remembered:
 * the start, losses of events, audits, and the file that outlives it.
 */
#ifndef HOST_UPKEEP_H
#define HOST_UPKEEP_H

#include "host/engine-private.h"

/* Before the links are made: what another life of the daemon has left. */
void upkeep_recall(struct engine *engine);

/* When events, links and listeners are there: takes over what is. -EMFILE. */
int upkeep_start(struct engine *engine);
void upkeep_stop(struct engine *engine);

/* Another configuration: audits, and connections that are ours only now. */
void upkeep_reconfigure(struct engine *engine);

/* How long from one audit to the next with so many connections; 0: never. */
uint64_t upkeep_audit_ms(const struct engine *engine,
			 uint64_t connections);

/* Events were lost. */
void upkeep_lost(struct engine *engine);

/* An event found no memory: its connection is in doubt. */
void upkeep_starved(struct engine *engine);

/* Links and addresses have been read. */
void upkeep_facts(struct engine *engine);

/* An event that this code does not know. */
void upkeep_unknown(struct engine *engine, unsigned int number);

/* Something may have changed that is to be remembered. */
void upkeep_note(struct engine *engine);

#endif
