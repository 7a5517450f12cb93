/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which rail an address of the peer is on.
 *
 * The longest configured prefix decides. Where no prefix fits, the rails
 * that have no prefixes configured compete: the one whose local address
 * shares the most leading bits with the peer's wins (RFC 6724 section 5,
 * rule 9, in spirit), and where that says nothing the address ID does: both
 * ends number their links in the same order. Links that are down compete
 * too, for the peer's address does not change its place with them.
 */
#ifndef CORE_RAILS_H
#define CORE_RAILS_H

#include "core/core.h"

/*
 * Where source IDs begin: those of addresses that subflows are opened from,
 * apart from those that are announced (the kernel keeps (address, port, id)
 * entries apart by ID). Announced ID k goes with source ID k + 127.
 */
#define RAILS_SOURCE_ID 128

/* id 0: the peer's initial address, which only a configured prefix places. */
int16_t rails_of_remote(const struct core_host *host,
			const struct anchor_addr *addr, uint8_t id);

#endif
