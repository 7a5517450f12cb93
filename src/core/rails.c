/* SPDX-License-Identifier: BSD-3-Clause */
/* Which rail an address of the peer is on. */
#include "core/rails.h"

static int16_t by_prefix(const struct core_host *host,
			 const struct anchor_addr *addr)
{
	int16_t best = ANCHOR_RAIL_NONE;
	int best_len = -1;

	for (size_t r = 0; r < host->n_rails; r++) {
		const struct core_rail *rail = &host->rails[r];

		for (size_t p = 0; p < rail->n_prefixes; p++) {
			const struct anchor_prefix *prefix =
							&rail->prefixes[p];

			if (prefix->len > best_len &&
			    anchor_prefix_contains(prefix, addr)) {
				best = (int16_t) r;
				best_len = prefix->len;
			}
		}
	}

	return best;
}

/* The best common prefix of addr with each rail's own addresses, or -1. */
static void measure(const struct core_host *host,
		    const struct anchor_addr *addr, int common[CORE_RAILS_MAX])
{
	for (size_t r = 0; r < host->n_rails; r++)
		common[r] = -1;

	for (size_t l = 0; l < host->n_locals; l++) {
		const struct core_local *local = &host->locals[l];
		int bits;

		if (local->rail < 0 || host->rails[local->rail].n_prefixes ||
		    local->addr.family != addr->family)
			continue;

		bits = (int) anchor_addr_common(&local->addr, addr);
		if (bits > common[local->rail])
			common[local->rail] = bits;
	}
}

int16_t rails_of_remote(const struct core_host *host,
			const struct anchor_addr *addr, uint8_t id)
{
	int16_t rail = by_prefix(host, addr);
	int16_t tied[CORE_RAILS_MAX];
	int common[CORE_RAILS_MAX];
	int n_tied = 0;
	int best = -1;

	if (rail != ANCHOR_RAIL_NONE || !id)
		return rail;

	measure(host, addr, common);

	for (size_t r = 0; r < host->n_rails; r++) {
		if (common[r] < 0 || common[r] < best)
			continue;

		if (common[r] > best)
			n_tied = 0;

		best = common[r];
		tied[n_tied++] = (int16_t) r;
	}

	if (!n_tied)
		return ANCHOR_RAIL_NONE;

	if (id >= RAILS_SOURCE_ID)
		id -= RAILS_SOURCE_ID - 1;

	return tied[(id - 1) % n_tied];
}
