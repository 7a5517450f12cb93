/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Runs a fuzz target over files, without a fuzzer:
 *
 *	fuzz-config [FILE | FOLDER]...
 *
 * Without arguments: over the target's corpus in the source tree. The name
 * of each file is printed before it is run, so the last one is the culprit.
 */
#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>

#include "fuzz/fuzz.h"

static void die(const char *path)
{
	fprintf(stderr, "%s: %s\n", path, strerror(errno));
	exit(1);
}

static unsigned int run_file(const char *path, size_t size)
{
	FILE *in = fopen(path, "rb");
	uint8_t *bytes = malloc(size ? size : 1);

	if (!in || !bytes || fread(bytes, 1, size, in) != size)
		die(path);

	fclose(in);
	printf("%s\n", path);
	fflush(stdout);
	LLVMFuzzerTestOneInput(bytes, size);
	free(bytes);
	return 1;
}

static int is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static unsigned int run(const char *path);

static unsigned int run_folder(const char *path)
{
	struct dirent **entries;
	int n = scandir(path, &entries, is_visible, alphasort);
	unsigned int files = 0;

	if (n < 0)
		die(path);

	for (int i = 0; i < n; i++) {
		char *inside;

		if (asprintf(&inside, "%s/%s", path, entries[i]->d_name) < 0)
			die(path);

		files += run(inside);
		free(inside);
		free(entries[i]);
	}

	free(entries);
	return files;
}

/* Returns how many files it was. */
static unsigned int run(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		die(path);

	return S_ISDIR(st.st_mode) ? run_folder(path) :
		run_file(path, (size_t) st.st_size);
}

int main(int argc, char **argv)
{
	unsigned int files = 0;

	for (int i = 1; i < argc; i++)
		files += run(argv[i]);

	if (argc < 2)
		files = run(FUZZ_CORPUS);

	printf("%u files\n", files);
	return files ? 0 : 1;
}
