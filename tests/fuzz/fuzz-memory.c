/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is to outlive the daemon: the input is the file. Whatever made sense
 * in it is saved as a file in which every line does, and reads back the same.
 */
#include <ell/ell.h>
#include <errno.h>

#include "fuzz/memfile.h"
#include "host/memory.h"

/* Where it is saved; the folder goes when the program does. */
static char folder[] = "/tmp/anchor-fuzz-XXXXXX";
static char path[sizeof(folder) + sizeof("/memory")];

static void remove_folder(void)
{
	rmdir(folder);
}

static void prepare(void)
{
	require(l_main_init());
	require(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/memory", folder);
	atexit(remove_folder);
}

/* And removes it: to replace a file takes some file systems long. */
static char *read_saved(void)
{
	FILE *in = fopen(path, "re");
	char *text = NULL;
	size_t size = 0;
	ssize_t len;

	require(in);
	len = getdelim(&text, &size, '\0', in);
	require(len > 0 && feof(in));
	require(!fclose(in));
	require(!unlink(path));
	return text;
}

/* NULL if nothing is understood; *ret_bad: how many lines are not. */
static char *load_and_save(const void *bytes, size_t len, int *ret_bad)
{
	struct memfile file = memfile_new(bytes, len);
	const struct core_config config = { .limits = { 1, 1, 1 } };
	struct links_seats seats = { 0 };
	struct kernel kernel = {
		.userspace = "userspace", .before = "userspace",
	};
	const struct memory memory = {
		.kernel = &kernel,
		.core = core_new(&config, 1),
		.listeners = listeners_new(0),
		.seats = &seats,
	};
	char *text = NULL;

	require(memory.core && memory.listeners);
	*ret_bad = memory_load(file.path, &memory);
	require(*ret_bad >= 0 || *ret_bad == -EPROTO);
	if (*ret_bad >= 0) {
		require(!memory_save(path, &memory));
		text = read_saved();
	}

	core_free(memory.core);
	listeners_free(memory.listeners);
	memfile_close(&file);
	return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *first, *second;
	int bad;

	if (!path[0])
		prepare();

	first = load_and_save(data, size, &bad);
	if (!first)
		return 0;

	second = load_and_save(first, strlen(first), &bad);
	require(second && !bad);
	require(!strcmp(first, second));
	free(second);
	free(first);
	return 0;
}
