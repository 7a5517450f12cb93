/* SPDX-License-Identifier: BSD-3-Clause */
/* The host's side of the facts: its addresses, and which of them are used. */
#include <errno.h>

#include "core/private.h"
#include "core/prng.h"

/* How far apart connections use an address that has come back, on average. */
#define TURN_US 50
#define TURNS_MAX_US 1000000

static const struct anchor_load *load_of(const struct core *core, int ifindex)
{
	for (size_t i = 0; i < core->n_offered; i++)
		if (core->offered[i].ifindex == ifindex)
			return &core->offered[i].load;

	return NULL;
}

/* What is known of a link's load outlives the news about its addresses. */
static void copy_offered(struct core *core, const struct core_host *host)
{
	struct core_local locals[ANCHOR_LOCALS_MAX];

	for (size_t i = 0; i < host->n_locals; i++) {
		const struct anchor_load *load;

		locals[i] = host->locals[i];
		load = load_of(core, locals[i].ifindex);
		if (load && !locals[i].load.at.us)
			locals[i].load = *load;
	}

	for (size_t i = 0; i < host->n_locals; i++)
		core->offered[i] = locals[i];

	core->n_offered = host->n_locals;
}

static int16_t find_rail(const struct core_host *host, const char *name)
{
	for (size_t i = 0; i < host->n_rails; i++)
		if (!strncmp(host->rails[i].name, name, 15))
			return (int16_t) i;

	return ANCHOR_RAIL_NONE;
}

static bool is_place(const struct core_host *host,
		     const struct anchor_addr *addr)
{
	for (size_t i = 0; i < host->n_places; i++)
		if (anchor_addr_equal(&host->places[i].addr, addr))
			return true;

	return false;
}

/* Those that the host tells, and addresses that it had. */
static void note_places(struct core *core, const struct core_host *host)
{
	size_t n = 0;

	for (size_t i = 0; i < host->n_places; i++)
		core->places[n++] = host->places[i];

	for (unsigned int i = 0; i < core->holddown.n; i++) {
		const struct holddown_entry *entry =
						&core->holddown.entries[i];

		if (!entry->present && entry->rail[0] &&
		    !is_place(host, &entry->addr))
			core->places[n++] = (struct core_place) {
				.addr = entry->addr,
				.rail = find_rail(host, entry->rail),
			};
	}

	core->host.places = core->places;
	core->host.n_places = n;
}

static void use_offered(struct core *core, struct anchor_time now)
{
	core->host.locals = core->locals;
	core->host.n_locals = 0;
	core->held_until = ANCHOR_NEVER;

	for (size_t i = 0; i < core->n_offered; i++) {
		struct anchor_time until = core_held_until(core,
							&core->offered[i]);

		if (!anchor_time_before(now, until))
			core->locals[core->host.n_locals++] =
							core->offered[i];
		else if (anchor_time_before(until, core->held_until))
			core->held_until = until;
	}
}

/* Something may have been lost: that cannot wait. */
static void compare_all(struct core *core)
{
	for (struct conn *conn = table_next(&core->conns, NULL); conn;
	     conn = table_next(&core->conns, conn))
		core_mark_dirty(core, conn);
}

/*
 * Ten thousand connections that want a link back at the same moment would
 * meet as many others at their peers: each takes its turn.
 */
static void compare_in_turn(struct core *core, struct anchor_time now)
{
	int64_t spread = ((int64_t) core->conns.n - 1) * TURN_US;

	if (!core->conns.n)
		return;

	if (spread > TURNS_MAX_US)
		spread = TURNS_MAX_US;

	for (struct conn *conn = table_next(&core->conns, NULL); conn;
	     conn = table_next(&core->conns, conn)) {
		struct anchor_time turn = anchor_time_add(now, anchor_us(
			(int64_t) (prng_next(&core->random) %
				   (uint64_t) (spread + 1))));

		if (anchor_time_before(conn->deadline, turn) &&
		    conn->heap_at != HEAP_NOWHERE)
			continue;

		if (turn.us <= now.us)
			core_mark_dirty(core, conn);
		else
			heap_set(&core->deadlines, conn, turn);
	}
}

void core_release_held(struct core *core, struct anchor_time now)
{
	use_offered(core, now);
	compare_in_turn(core, now);
}

struct anchor_time core_held_until(const struct core *core,
				   const struct core_local *local)
{
	return holddown_until(&core->holddown, local);
}

void core_set_load(struct core *core, int ifindex,
		   const struct anchor_load *load)
{
	for (size_t i = 0; i < core->n_offered; i++)
		if (core->offered[i].ifindex == ifindex)
			core->offered[i].load = *load;

	for (size_t i = 0; i < core->host.n_locals; i++)
		if (core->locals[i].ifindex == ifindex)
			core->locals[i].load = *load;
}

int core_set_host(struct core *core, struct anchor_time now,
		  const struct core_host *host)
{
	if (host->n_locals > ANCHOR_LOCALS_MAX ||
	    host->n_rails > CORE_RAILS_MAX ||
	    host->n_places > CORE_PLACES_MAX)
		return -EINVAL;

	holddown_note(&core->holddown, &core->config->timers, now, host);
	copy_offered(core, host);
	core->host = *host;
	note_places(core, host);
	use_offered(core, now);
	compare_all(core);
	return 0;
}
