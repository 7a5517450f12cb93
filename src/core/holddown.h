/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Addresses that have come back are not used at once. A link that flaps would
 * drag every connection with it: so an address that was lost waits, after its
 * return, for a while that doubles with each loss, until it has been there
 * for longer than the longest wait. One that is seen for the first time does
 * not wait. Private to the core.
 */
#ifndef CORE_HOLDDOWN_H
#define CORE_HOLDDOWN_H

#include "core/core.h"

#define HOLDDOWN_MAX (2 * ANCHOR_LOCALS_MAX)

/* What is known of one address of one link, present or not. */
struct holddown_entry {
	struct anchor_addr addr;
	char link[16];
	char rail[16];			/* its name, "" for none */
	struct anchor_time since;	/* it has been there, or away */
	struct anchor_time until;	/* it waits */
	uint8_t flaps;
	bool present;
};

struct holddown {
	struct holddown_entry entries[HOLDDOWN_MAX];
	unsigned int n;
};

/* Which addresses there are now. */
void holddown_note(struct holddown *holddown,
		   const struct core_timers *timers, struct anchor_time now,
		   const struct core_host *host);

/*
 * Since when an address is on no link any more; NEVER if it is on one, or was
 * never.
 */
struct anchor_time holddown_lost(const struct holddown *holddown,
				 const struct anchor_addr *addr);

/* Until when an address waits; not after now if it does not. */
struct anchor_time holddown_until(const struct holddown *holddown,
				  const struct core_local *local);

#endif
