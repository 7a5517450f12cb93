/* SPDX-License-Identifier: BSD-3-Clause */
/* Connections by token. */
#include <errno.h>
#include <stdlib.h>

#include "core/conn.h"
#include "core/table.h"

/* Tokens are hash values already (RFC 8684 section 3.2): no hashing again. */
static struct conn **bucket(const struct table *table, uint32_t token)
{
	return &table->buckets[token & (table->n_buckets - 1)];
}

struct conn *table_find(const struct table *table, uint32_t token)
{
	struct conn *conn;

	if (!table->n_buckets)
		return NULL;

	for (conn = *bucket(table, token); conn; conn = conn->next)
		if (conn->token == token)
			return conn;

	return NULL;
}

static int table_grow(struct table *table)
{
	struct table grown = {
		.n_buckets = table->n_buckets ? table->n_buckets * 2 : 64,
		.n = table->n,
	};

	grown.buckets = calloc(grown.n_buckets, sizeof(*grown.buckets));
	if (!grown.buckets)
		return -ENOMEM;

	for (unsigned int i = 0; i < table->n_buckets; i++) {
		struct conn *conn = table->buckets[i];

		while (conn) {
			struct conn *next = conn->next;
			struct conn **head = bucket(&grown, conn->token);

			conn->next = *head;
			*head = conn;
			conn = next;
		}
	}

	free(table->buckets);
	*table = grown;
	return 0;
}

int table_insert(struct table *table, struct conn *conn)
{
	struct conn **head;

	/* With longer chains it does, until there is memory. */
	if (table->n >= table->n_buckets && table_grow(table) < 0 &&
	    !table->n_buckets)
		return -ENOMEM;

	head = bucket(table, conn->token);
	conn->next = *head;
	*head = conn;
	table->n++;
	return 0;
}

void table_remove(struct table *table, struct conn *conn)
{
	struct conn **at = bucket(table, conn->token);

	while (*at != conn)
		at = &(*at)->next;

	*at = conn->next;
	table->n--;
}

void table_free(struct table *table)
{
	free(table->buckets);
	*table = (struct table) { 0 };
}

struct conn *table_next(const struct table *table, const struct conn *conn)
{
	unsigned int i = 0;

	if (conn) {
		if (conn->next)
			return conn->next;

		i = (conn->token & (table->n_buckets - 1)) + 1;
	}

	for (; i < table->n_buckets; i++)
		if (table->buckets[i])
			return table->buckets[i];

	return NULL;
}
