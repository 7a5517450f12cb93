/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A kernel's lists of addresses of a connection: those that it may use, each
 * with its ID (userspace_pm_local_addr_list), and those that it announces
 * until they are withdrawn (anno_list).
 */
#include <string.h>

#include "sim/sim.h"

struct sim_entry *entry_find(const struct sim_half *half, uint8_t id)
{
	for (unsigned int i = 0; i < half->n_entries; i++)
		if (half->entries[i].id == id)
			return (struct sim_entry *) &half->entries[i];

	return NULL;
}

static bool add(struct sim_entry *entries, unsigned int *n,
		const struct anchor_endpoint *endpoint, uint8_t id)
{
	if (*n == SIM_ENTRIES)
		return false;

	entries[(*n)++] = (struct sim_entry) {
		.endpoint = *endpoint, .id = id,
	};
	return true;
}

static void drop(struct sim_entry *entries, unsigned int *n, unsigned int i)
{
	memmove(&entries[i], &entries[i + 1],
		(--*n - i) * sizeof(*entries));
}

bool entry_add(struct sim_half *half, const struct anchor_endpoint *endpoint,
	       uint8_t id)
{
	for (unsigned int i = 0; i < half->n_entries; i++) {
		const struct sim_entry *entry = &half->entries[i];
		bool same = anchor_endpoint_equal(&entry->endpoint, endpoint);

		if (same || entry->id == id)
			return same && entry->id == id;
	}

	return add(half->entries, &half->n_entries, endpoint, id);
}

void entry_remove(struct sim_half *half, struct sim_entry *entry)
{
	drop(half->entries, &half->n_entries,
	     (unsigned int) (entry - half->entries));
}

void entry_drop_first(struct sim_half *half, const struct anchor_addr *addr)
{
	for (unsigned int i = 0; i < half->n_entries; i++)
		if (anchor_addr_equal(&half->entries[i].endpoint.addr, addr)) {
			drop(half->entries, &half->n_entries, i);
			return;
		}
}

/* Where there is none, the kernel makes one, with the first free ID. */
uint8_t entry_id_for(struct sim_half *half,
		     const struct anchor_endpoint *endpoint,
		     uint16_t service_port)
{
	struct anchor_endpoint made = *endpoint;
	uint8_t id = 1;

	for (unsigned int i = 0; i < half->n_entries; i++)
		if (anchor_addr_equal(&half->entries[i].endpoint.addr,
				      &endpoint->addr))
			return half->entries[i].id;

	while (entry_find(half, id))
		id++;

	if (made.port == service_port)
		made.port = 0;

	add(half->entries, &half->n_entries, &made, id);
	return id;
}

struct sim_entry *entry_find_announced(struct sim_half *half,
				       const struct anchor_endpoint *endpoint)
{
	for (unsigned int i = 0; i < half->n_announced; i++)
		if (anchor_endpoint_equal(&half->announced[i].endpoint,
					  endpoint))
			return &half->announced[i];

	return NULL;
}

bool entry_announce(struct sim_half *half, const struct sim_entry *entry)
{
	return !entry_find_announced(half, &entry->endpoint) &&
		add(half->announced, &half->n_announced, &entry->endpoint,
		    entry->id);
}

bool entry_withdraw(struct sim_half *half,
		    const struct anchor_endpoint *endpoint)
{
	struct sim_entry *entry = entry_find_announced(half, endpoint);

	if (!entry)
		return false;

	drop(half->announced, &half->n_announced,
	     (unsigned int) (entry - half->announced));
	return true;
}
