/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is known of the core (the corpus of fuzz-core) while memory is short:
 * each input once for each allocation in it, which fails, and some times
 * while many fail.
 */
#include <dirent.h>

#include "fuzz/fuzz.h"
#include "fuzz/scarce.h"

#define ALLOCATIONS_MAX 4096
#define SEEDS 20
#define INPUT_MAX 65536

/* Behind a line that says what fails (fuzz-core.c). */
struct input {
	char text[INPUT_MAX];
	size_t len;
};

static void read_file(const char *name, struct input *input)
{
	char path[4096];
	FILE *in;

	snprintf(path, sizeof(path), "%s/%s", FUZZ_CORPUS, name);
	in = fopen(path, "rb");
	require(in);
	input->text[3] = '\n';
	input->len = 4 + fread(input->text + 4, 1, INPUT_MAX - 4, in);
	fclose(in);
}

/* False if nothing has failed: there is not so much to fail. */
static bool run(struct input *input, char letter, unsigned int first,
		unsigned int second)
{
	unsigned long before = scarce_failed();

	input->text[0] = letter;
	input->text[1] = (char) ('0' + first);
	input->text[2] = (char) ('0' + second);
	printf(" %.3s", input->text);
	fflush(stdout);
	LLVMFuzzerTestOneInput((uint8_t *) input->text, input->len);
	return scarce_failed() != before;
}

static unsigned int run_file(const char *name)
{
	struct input input;
	unsigned int n = 0;

	read_file(name, &input);
	printf("%s:", name);
	while (run(&input, 'M', n / 64, n % 64))
		require(++n < ALLOCATIONS_MAX);

	for (unsigned int seed = 0; seed < SEEDS; seed++)
		run(&input, 'W', 1 + seed % 5, seed);

	printf("\n");
	return n;
}

/* Some say for themselves what fails. */
static int is_other(const struct dirent *entry)
{
	return entry->d_name[0] != '.' &&
		strncmp(entry->d_name, "no-memory", 9);
}

int main(void)
{
	struct dirent **entries;
	int n = scandir(FUZZ_CORPUS, &entries, is_other, alphasort);
	unsigned int failures = 0;

	require(n > 0);
	for (int i = 0; i < n; i++) {
		failures += run_file(entries[i]->d_name);
		free(entries[i]);
	}

	free(entries);
	printf("%u allocations\n", failures);
	return failures ? 0 : 1;
}
