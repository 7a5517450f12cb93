/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Connections by token. Chains through the connections themselves; the
 * bucket array doubles as it fills.
 */
#ifndef CORE_TABLE_H
#define CORE_TABLE_H

#include <stdint.h>

struct conn;

struct table {
	struct conn **buckets;
	unsigned int n_buckets;		/* a power of two, or 0 */
	unsigned int n;
};

struct conn *table_find(const struct table *table, uint32_t token);
int table_insert(struct table *table, struct conn *conn);	/* -ENOMEM */
void table_remove(struct table *table, struct conn *conn);
void table_free(struct table *table);	/* the array only */

/* Walks all; start with NULL. Removing the one returned is allowed only
 * after the next has been asked for. */
struct conn *table_next(const struct table *table, const struct conn *conn);

#endif
