/* SPDX-License-Identifier: BSD-3-Clause */
/* When something was last heard on each pair of addresses. */
#include "core/heard.h"

static uint32_t hash_addr(uint32_t hash, const struct anchor_addr *addr)
{
	for (unsigned int i = 0; i < sizeof(addr->bytes); i++)
		hash = (hash ^ addr->bytes[i]) * 16777619u;	/* FNV-1a */

	return hash;
}

static unsigned int slot_of(const struct anchor_addr *local,
			    const struct anchor_addr *remote)
{
	uint32_t hash = hash_addr(hash_addr(2166136261u, local), remote);

	return (hash ^ hash >> 16) % HEARD_SLOTS;
}

static bool is_pair(const struct heard_pair *pair,
		    const struct anchor_addr *local,
		    const struct anchor_addr *remote)
{
	return anchor_addr_equal(&pair->local, local) &&
		anchor_addr_equal(&pair->remote, remote);
}

/* Its slot, which another pair may have had. */
static struct heard_pair *take(struct heard *heard,
			       const struct anchor_addr *local,
			       const struct anchor_addr *remote)
{
	struct heard_pair *pair = &heard->pairs[slot_of(local, remote)];

	if (!is_pair(pair, local, remote))
		*pair = (struct heard_pair) {
			.local = *local, .remote = *remote,
		};

	return pair;
}

static const struct heard_pair *find(const struct heard *heard,
				     const struct anchor_addr *local,
				     const struct anchor_addr *remote)
{
	static const struct heard_pair nothing;
	const struct heard_pair *pair = &heard->pairs[slot_of(local, remote)];

	return is_pair(pair, local, remote) ? pair : &nothing;
}

void heard_note(struct heard *heard, const struct anchor_addr *local,
		const struct anchor_addr *remote, struct anchor_time at)
{
	struct heard_pair *pair = take(heard, local, remote);

	if (anchor_time_before(pair->at, at))
		pair->at = at;
}

void heard_note_losses(struct heard *heard, const struct anchor_addr *local,
		       const struct anchor_addr *remote,
		       struct anchor_time at)
{
	take(heard, local, remote)->lossy = at;
}

void heard_note_asked(struct heard *heard, const struct anchor_addr *local,
		      const struct anchor_addr *remote,
		      struct anchor_time at)
{
	take(heard, local, remote)->asked = at;
}

struct anchor_time heard_asked(const struct heard *heard,
			       const struct anchor_addr *local,
			       const struct anchor_addr *remote)
{
	return find(heard, local, remote)->asked;
}

struct anchor_time heard_losses(const struct heard *heard,
				const struct anchor_addr *local,
				const struct anchor_addr *remote)
{
	return find(heard, local, remote)->lossy;
}

struct anchor_time heard_at(const struct heard *heard,
			    const struct anchor_addr *local,
			    const struct anchor_addr *remote)
{
	return find(heard, local, remote)->at;
}
