/* SPDX-License-Identifier: BSD-3-Clause */
/* FNV-1a, with a last stirring that spreads what differs over all bits. */
#include "hash.h"

#define FNV_OFFSET UINT64_C(0xcbf29ce484222325)
#define FNV_PRIME UINT64_C(0x100000001b3)

static uint64_t add_byte(uint64_t hash, uint8_t byte)
{
	return (hash ^ byte) * FNV_PRIME;
}

static uint64_t stir(uint64_t hash)
{
	hash ^= hash >> 32;
	hash *= UINT64_C(0x9e3779b97f4a7c15);
	hash ^= hash >> 29;
	hash *= UINT64_C(0xd6e8feb86659fd93);
	return hash ^ hash >> 32;
}

static uint64_t hash_address(const struct anchor_addr *addr, uint16_t port)
{
	uint64_t hash = FNV_OFFSET;

	for (unsigned int i = 0; i < sizeof(addr->bytes); i++)
		hash = add_byte(hash, addr->bytes[i]);

	hash = add_byte(hash, (uint8_t) (port >> 8));
	return stir(add_byte(hash, (uint8_t) port));
}

/* A sum does not tell which end is which. */
uint64_t hash_connection(const struct anchor_view *view)
{
	return stir(hash_address(&view->local.addr, view->local.port) +
		    hash_address(&view->remote.addr, view->remote.port));
}

uint64_t hash_path(const struct anchor_view *view,
		   const struct anchor_path *path)
{
	const struct anchor_addr *local = &view->locals[path->local].addr;
	const struct anchor_addr *remote =
				&view->remotes[path->remote].endpoint.addr;

	return stir(hash_address(local, path->local_port) * 3 +
		    hash_address(remote, path->remote_port));
}

uint64_t hash_name(uint64_t hash, const char *name)
{
	hash ^= FNV_OFFSET;
	for (; *name; name++)
		hash = add_byte(hash, (uint8_t) *name);

	return stir(hash);
}
