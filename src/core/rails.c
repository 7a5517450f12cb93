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

/* What shares the most leading bits with an address, and how many. */
struct best {
	int bits;
	int16_t rails[CORE_RAILS_MAX];
	int n_rails;
	bool lost;		/* also a rail that is no more */
};

static void add_rail(struct best *best, int16_t rail)
{
	for (int i = 0; i < best->n_rails; i++)
		if (best->rails[i] == rail)
			return;

	best->rails[best->n_rails++] = rail;
}

static void consider(const struct core_host *host,
		     const struct anchor_addr *place, int16_t rail,
		     const struct anchor_addr *addr, struct best *best)
{
	int bits;

	if (place->family != addr->family ||
	    (rail >= 0 && host->rails[rail].n_prefixes))
		return;

	bits = (int) anchor_addr_common(place, addr);
	if (bits < best->bits)
		return;

	if (bits > best->bits) {
		best->bits = bits;
		best->n_rails = 0;
		best->lost = false;
	}

	if (rail >= 0)
		add_rail(best, rail);
	else
		best->lost = true;
}

/* In the order of their numbers: ties are broken by address ID. */
static void sort(struct best *best)
{
	for (int i = 1; i < best->n_rails; i++)
		for (int k = i; k && best->rails[k] < best->rails[k - 1];
		     k--) {
			int16_t rail = best->rails[k];

			best->rails[k] = best->rails[k - 1];
			best->rails[k - 1] = rail;
		}
}

static void measure(const struct core_host *host,
		    const struct anchor_addr *addr, struct best *best)
{
	*best = (struct best) { .bits = -1 };
	for (size_t i = 0; i < host->n_locals; i++)
		if (host->locals[i].rail >= 0)
			consider(host, &host->locals[i].addr,
				 host->locals[i].rail, addr, best);

	for (size_t i = 0; i < host->n_places; i++)
		consider(host, &host->places[i].addr, host->places[i].rail,
			 addr, best);

	sort(best);
}

int16_t rails_of_remote(const struct core_host *host,
			const struct anchor_addr *addr, uint8_t id)
{
	int16_t rail = by_prefix(host, addr);
	struct best best;

	if (rail != ANCHOR_RAIL_NONE || !id)
		return rail;

	/* On the rail that is no more, or on all of them? */
	measure(host, addr, &best);
	if (!best.n_rails || (best.lost && best.n_rails == 1))
		return ANCHOR_RAIL_NONE;

	if (id >= RAILS_SOURCE_ID)
		id -= RAILS_SOURCE_ID - 1;

	return best.rails[(id - 1) % best.n_rails];
}
