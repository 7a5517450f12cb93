/* SPDX-License-Identifier: BSD-3-Clause */
/* What peers announce, by peer. */
#include <stdlib.h>
#include <string.h>

#include "core/array.h"
#include "core/peers.h"

static int compare_addrs(const struct anchor_addr *a,
			 const struct anchor_addr *b)
{
	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;

	return memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

/* Where it is, or should be. */
static unsigned int place_of(const struct peers *peers,
			     const struct anchor_addr *addr)
{
	unsigned int first = 0, behind = peers->n;

	while (first < behind) {
		unsigned int middle = first + (behind - first) / 2;

		if (compare_addrs(&peers->items[middle].addr, addr) < 0)
			first = middle + 1;
		else
			behind = middle;
	}

	return first;
}

static struct peer *find(const struct peers *peers,
			 const struct anchor_addr *addr)
{
	unsigned int at = place_of(peers, addr);

	return at < peers->n &&
		anchor_addr_equal(&peers->items[at].addr, addr) ?
		&peers->items[at] : NULL;
}

const struct peer *peers_find(const struct peers *peers,
			      const struct anchor_addr *addr)
{
	return find(peers, addr);
}

static void drop(struct peers *peers, unsigned int at)
{
	free(peers->items[at].remotes);
	array_remove(peers->items, peers->n--, at, sizeof(*peers->items));
}

static void drop_oldest(struct peers *peers)
{
	unsigned int oldest = 0;

	for (unsigned int i = 1; i < peers->n; i++)
		if (peers->items[i].used < peers->items[oldest].used)
			oldest = i;

	drop(peers, oldest);
}

static struct peer *insert(struct peers *peers, const struct anchor_addr *addr)
{
	unsigned int at;

	if (peers->n == PEERS_MAX)
		drop_oldest(peers);

	if (array_reserve((void **) &peers->items, peers->n, &peers->cap,
			  sizeof(*peers->items)) < 0)
		return NULL;

	at = place_of(peers, addr);
	memmove(&peers->items[at + 1], &peers->items[at],
		(peers->n++ - at) * sizeof(*peers->items));
	peers->items[at] = (struct peer) { .addr = *addr };
	return &peers->items[at];
}

static void drop_remote(struct peer *peer, unsigned int at)
{
	array_remove(peer->remotes, peer->n_remotes--, at,
		     sizeof(*peer->remotes));
}

/* An ID or an address that has been announced anew means the new one. */
static bool replace(struct peer *peer, uint8_t id,
		    const struct anchor_endpoint *endpoint)
{
	for (unsigned int i = peer->n_remotes; i-- > 0;) {
		const struct remote *remote = &peer->remotes[i];

		if (remote->id == id &&
		    anchor_endpoint_equal(&remote->endpoint, endpoint))
			return false;

		if (remote->id == id ||
		    anchor_addr_equal(&remote->endpoint.addr, &endpoint->addr))
			drop_remote(peer, i);
	}

	return true;
}

void peers_learn(struct peers *peers, const struct anchor_addr *addr,
		 uint8_t id, const struct anchor_endpoint *endpoint)
{
	struct peer *peer = find(peers, addr);

	if (!peer)
		peer = insert(peers, addr);

	if (!peer)
		return;

	peer->used = ++peers->clock;
	if (!replace(peer, id, endpoint))
		return;

	peers->version++;
	if (peer->n_remotes == PEERS_ENDPOINTS_MAX)
		drop_remote(peer, 0);

	if (array_reserve((void **) &peer->remotes, peer->n_remotes,
			  &peer->cap_remotes, sizeof(*peer->remotes)) == 0)
		peer->remotes[peer->n_remotes++] = (struct remote) {
			.endpoint = *endpoint,
			.id = id,
		};
}

void peers_forget(struct peers *peers, const struct anchor_addr *addr,
		  uint8_t id)
{
	struct peer *peer = find(peers, addr);

	if (!peer)
		return;

	for (unsigned int i = peer->n_remotes; i-- > 0;)
		if (peer->remotes[i].id == id) {
			drop_remote(peer, i);
			peers->version++;
		}

	if (!peer->n_remotes)
		drop(peers, (unsigned int) (peer - peers->items));
}

void peers_note_opens(struct peers *peers, const struct anchor_addr *addr,
		      bool opens)
{
	struct peer *peer = find(peers, addr);

	if (peer)
		peer->opens = opens;
}

void peers_clear(struct peers *peers)
{
	while (peers->n)
		drop(peers, peers->n - 1);

	free(peers->items);
	*peers = (struct peers) { 0 };
}
