/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Text in aligned columns.
 *
 *	table = table_new(3);
 *	table_cell(table, "%s", "LINK"); ... three times for each row
 *	table_print(table, stdout);
 *	table_free(table);
 */
#ifndef CTL_TABLE_H
#define CTL_TABLE_H

#include <stdio.h>

struct table;

struct table *table_new(unsigned int columns);
void table_free(struct table *table);

/* Fills the next cell, row by row. Exits on lack of memory. */
void table_cell(struct table *table, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void table_print(const struct table *table, FILE *out);

#endif
