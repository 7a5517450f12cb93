/* SPDX-License-Identifier: BSD-3-Clause */
/* Addresses that have come back are not used at once. */
#include "core/holddown.h"

static bool is_of(const struct holddown_entry *entry,
		  const struct core_local *local)
{
	return anchor_addr_equal(&entry->addr, &local->addr) &&
		!strncmp(entry->link, local->link, sizeof(entry->link) - 1);
}

static struct holddown_entry *find(const struct holddown *holddown,
				   const struct core_local *local)
{
	for (unsigned int i = 0; i < holddown->n; i++)
		if (is_of(&holddown->entries[i], local))
			return (struct holddown_entry *)
				&holddown->entries[i];

	return NULL;
}

/* One that is longest away makes room; there always is one. */
static struct holddown_entry *make_room(struct holddown *holddown)
{
	struct holddown_entry *oldest = NULL;

	if (holddown->n < HOLDDOWN_MAX)
		return &holddown->entries[holddown->n++];

	for (unsigned int i = 0; i < holddown->n; i++) {
		struct holddown_entry *entry = &holddown->entries[i];

		if (!entry->present && (!oldest ||
		    anchor_time_before(entry->since, oldest->since)))
			oldest = entry;
	}

	return oldest;
}

static struct holddown_entry *add(struct holddown *holddown,
				  struct anchor_time now,
				  const struct core_local *local)
{
	struct holddown_entry *entry = make_room(holddown);

	if (!entry)
		return NULL;

	*entry = (struct holddown_entry) {
		.addr = local->addr,
		.since = now,
		.until = now,
		.present = true,
	};
	strncpy(entry->link, local->link, sizeof(entry->link) - 1);
	return entry;
}

static void lose(struct holddown_entry *entry,
		 const struct core_timers *timers, struct anchor_time now)
{
	if (anchor_time_since(now, entry->since).us > timers->hold_max.us)
		entry->flaps = 0;

	entry->present = false;
	entry->since = now;
}

static void regain(struct holddown_entry *entry,
		   const struct core_timers *timers, struct anchor_time now)
{
	int64_t wait = timers->hold_min.us;

	for (unsigned int i = 0; i < entry->flaps && wait < timers->hold_max.us;
	     i++)
		wait *= 2;

	if (wait > timers->hold_max.us)
		wait = timers->hold_max.us;

	if (entry->flaps < UINT8_MAX)
		entry->flaps++;

	entry->present = true;
	entry->since = now;
	entry->until = anchor_time_add(now, anchor_us(wait));
}

static bool is_there(const struct holddown_entry *entry,
		     const struct core_local *locals, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (is_of(entry, &locals[i]))
			return true;

	return false;
}

static void note_rail(struct holddown_entry *entry,
		      const struct core_host *host,
		      const struct core_local *local)
{
	const char *name = local->rail < 0 ? "" :
		host->rails[local->rail].name;

	strncpy(entry->rail, name, sizeof(entry->rail) - 1);
}

void holddown_note(struct holddown *holddown,
		   const struct core_timers *timers, struct anchor_time now,
		   const struct core_host *host)
{
	for (unsigned int i = 0; i < holddown->n; i++)
		if (holddown->entries[i].present &&
		    !is_there(&holddown->entries[i], host->locals,
			      host->n_locals))
			lose(&holddown->entries[i], timers, now);

	for (size_t i = 0; i < host->n_locals; i++) {
		const struct core_local *local = &host->locals[i];
		struct holddown_entry *entry = find(holddown, local);

		if (!entry)
			entry = add(holddown, now, local);
		else if (!entry->present)
			regain(entry, timers, now);

		if (entry)
			note_rail(entry, host, local);
	}
}

struct anchor_time holddown_lost(const struct holddown *holddown,
				 const struct anchor_addr *addr)
{
	struct anchor_time lost = ANCHOR_NEVER;

	for (unsigned int i = 0; i < holddown->n; i++) {
		const struct holddown_entry *entry = &holddown->entries[i];

		if (!anchor_addr_equal(&entry->addr, addr))
			continue;

		if (entry->present)
			return ANCHOR_NEVER;

		lost = entry->since;
	}

	return lost;
}

struct anchor_time holddown_until(const struct holddown *holddown,
				  const struct core_local *local)
{
	const struct holddown_entry *entry = find(holddown, local);

	return entry ? entry->until : (struct anchor_time) { 0 };
}
