/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Hashes to choose by: the same on both ends of a connection and on hosts of
 * any byte order. No defence against a peer that picks its ports.
 */
#ifndef POLICIES_HASH_H
#define POLICIES_HASH_H

#include <anchor/policy.h>

/* Of the initial subflow, whichever end is asked. */
uint64_t hash_connection(const struct anchor_view *view);

/* Of a subflow of this connection, on this end. */
uint64_t hash_path(const struct anchor_view *view,
		   const struct anchor_path *path);

/* Of a hash and a name together. */
uint64_t hash_name(uint64_t hash, const char *name);

#endif
