/* SPDX-License-Identifier: BSD-3-Clause */
/* The list of error lines. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "conf/diag.h"

struct diag {
	char **lines;
	size_t n;
	size_t n_lost;		/* an error is one, also without memory */
};

struct diag *diag_new(void)
{
	return calloc(1, sizeof(struct diag));
}

void diag_free(struct diag *diag)
{
	if (!diag)
		return;

	for (size_t i = 0; i < diag->n; i++)
		free(diag->lines[i]);

	free(diag->lines);
	free(diag);
}

static void write_place(FILE *out, const struct diag_place *place)
{
	fputs(place->file, out);
	if (place->line)
		fprintf(out, ":%u", place->line);

	fputs(": error: ", out);
	if (place->section)
		fprintf(out, "[%.64s]", place->section);

	if (place->key)
		fprintf(out, "%s%.64s", place->section ? " " : "",
			place->key);

	if (place->section || place->key)
		fputs(": ", out);
}

static void add(struct diag *diag, char *line)
{
	char **lines = reallocarray(diag->lines, diag->n + 1, sizeof(*lines));

	if (!lines) {
		free(line);
		diag->n_lost++;
		return;
	}

	diag->lines = lines;
	diag->lines[diag->n++] = line;
}

void diag_error(const struct diag_place *place, const char *format, ...)
{
	char *line = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&line, &len);
	va_list args;

	if (!out) {
		place->diag->n_lost++;
		return;
	}

	write_place(out, place);
	va_start(args, format);
	vfprintf(out, format, args);
	va_end(args);
	if (place->allowed)
		fprintf(out, " (allowed: %s)", place->allowed);

	if (fclose(out)) {
		free(line);
		place->diag->n_lost++;
		return;
	}

	add(place->diag, line);
}

size_t diag_count(const struct diag *diag)
{
	return diag->n + diag->n_lost;
}

const char *diag_line(const struct diag *diag, size_t i)
{
	return i < diag->n ? diag->lines[i] : "error: out of memory";
}
