/* SPDX-License-Identifier: BSD-3-Clause */
/* Text in aligned columns. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/table.h"

struct table {
	unsigned int columns;
	char **cells;
	size_t n;
};

static void *need(void *memory)
{
	if (memory)
		return memory;

	fputs("anchorctl: out of memory\n", stderr);
	exit(1);
}

struct table *table_new(unsigned int columns)
{
	struct table *table = need(calloc(1, sizeof(*table)));

	table->columns = columns;
	return table;
}

void table_free(struct table *table)
{
	if (!table)
		return;

	for (size_t i = 0; i < table->n; i++)
		free(table->cells[i]);

	free(table->cells);
	free(table);
}

void table_cell(struct table *table, const char *format, ...)
{
	char *text = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);

	table->cells = need(realloc(table->cells,
				    (table->n + 1) * sizeof(char *)));
	table->cells[table->n++] = need(text);
}

static int width(const struct table *table, unsigned int column)
{
	size_t widest = 0;

	for (size_t i = column; i < table->n; i += table->columns)
		if (strlen(table->cells[i]) > widest)
			widest = strlen(table->cells[i]);

	return (int) widest;
}

void table_print(const struct table *table, FILE *out)
{
	for (size_t i = 0; i < table->n; i++) {
		unsigned int column = (unsigned int) (i % table->columns);

		if (column + 1 == table->columns || i + 1 == table->n)
			fprintf(out, "%s\n", table->cells[i]);
		else
			fprintf(out, "%-*s  ", width(table, column),
				table->cells[i]);
	}
}
