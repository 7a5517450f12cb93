/* SPDX-License-Identifier: BSD-3-Clause */
/* Text in aligned columns. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/table.h"

struct table {
	unsigned int columns;
	size_t *widths;		/* one a column */
	char **cells;
	size_t n, cap;
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
	table->widths = need(calloc(columns, sizeof(*table->widths)));
	return table;
}

void table_free(struct table *table)
{
	if (!table)
		return;

	for (size_t i = 0; i < table->n; i++)
		free(table->cells[i]);

	free(table->cells);
	free(table->widths);
	free(table);
}

static void add_cell(struct table *table, char *text)
{
	size_t *width = &table->widths[table->n % table->columns];

	if (table->n == table->cap) {
		table->cap = table->cap ? 2 * table->cap : 64;
		table->cells = need(realloc(table->cells,
					    table->cap * sizeof(char *)));
	}

	if (strlen(text) > *width)
		*width = strlen(text);

	table->cells[table->n++] = text;
}

void table_cell(struct table *table, const char *format, ...)
{
	char *text = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);

	add_cell(table, need(text));
}

void table_headers(struct table *table, const char *const *headers)
{
	for (unsigned int i = 0; i < table->columns; i++)
		table_cell(table, "%s", headers[i]);
}

/* No blanks at the end of a line: people copy lines. */
void table_print(const struct table *table, FILE *out)
{
	for (size_t i = 0; i < table->n; i++) {
		size_t column = i % table->columns;

		if (column + 1 == table->columns || i + 1 == table->n)
			fprintf(out, "%s\n", table->cells[i]);
		else
			fprintf(out, "%-*s  ", (int) table->widths[column],
				table->cells[i]);
	}
}
