/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Text in aligned columns, of bytes: what is shown is ASCII.
 *
 *	table = table_new(3);
 *	table_headers(table, headers);
 *	table_cell(table, "%s", name); ... three times for each row
 *	table_print(table, stdout);
 *	table_free(table);
 */
#ifndef CTL_TABLE_H
#define CTL_TABLE_H

#include <stdio.h>

struct table;

/* Exits on lack of memory, as do those that fill it. */
struct table *table_new(unsigned int columns);
void table_free(struct table *table);

/* Fills the next cell, row by row. */
void table_cell(struct table *table, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* A whole row: one for each column. */
void table_headers(struct table *table, const char *const *headers);
void table_print(const struct table *table, FILE *out);

#endif
