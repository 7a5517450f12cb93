/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which plugin mptcpd was told to use, as it takes its command line
 * (getopt_long()) and its configuration.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mptcpd/selected.h"
#include "unit.h"

#define WORDS_MAX 6
#define PATH_LEN 64

struct files {
	char dir[32];
	char cmdline[PATH_LEN], conf[PATH_LEN];
};

static int make_files(void **state)
{
	struct files *files = calloc(1, sizeof(*files));

	strcpy(files->dir, "/tmp/anchor-selected-XXXXXX");
	assert_non_null(mkdtemp(files->dir));
	snprintf(files->cmdline, PATH_LEN, "%s/cmdline", files->dir);
	snprintf(files->conf, PATH_LEN, "%s/conf", files->dir);
	*state = files;
	return 0;
}

static int remove_files(void **state)
{
	struct files *files = *state;

	unlink(files->cmdline);
	unlink(files->conf);
	rmdir(files->dir);
	free(files);
	return 0;
}

static void write_conf(const struct files *files, const char *text)
{
	FILE *file = fopen(files->conf, "w");

	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

/* words: as main() has them, NULL at the end. */
static bool is_selected(const struct files *files,
			const char *const words[WORDS_MAX])
{
	FILE *file = fopen(files->cmdline, "w");

	assert_non_null(file);
	for (int i = 0; i < WORDS_MAX && words[i]; i++)
		fwrite(words[i], 1, strlen(words[i]) + 1, file);

	assert_int_equal(fclose(file), 0);
	return selected_is("anchor", files->cmdline, files->conf);
}

static void test_cmdline(void **state)
{
	static const struct {
		const char *words[WORDS_MAX];
		bool selected;
	} cases[] = {
		{ { "mptcpd", "--path-manager=anchor" }, true },
		{ { "mptcpd", "--path-manager", "anchor" }, true },
		{ { "mptcpd", "--path-man=anchor" }, true },
		{ { "mptcpd", "--pa", "anchor" }, true },
		{ { "mptcpd", "--debug", "--path-manager=anchor", "--version" },
		  true },
		{ { "mptcpd", "--path-manager=sspi",
		    "--path-manager=anchor" }, true },
		{ { "mptcpd", "--path-manager=anchor",
		    "--path-manager", "sspi" }, false },
		{ { "mptcpd", "--path-manager=" }, false },
		{ { "mptcpd", "--path-manager=anchored" }, false },
		{ { "mptcpd", "--path-manager=sspi" }, false },
		{ { "mptcpd", "--path-manager" }, false },
		/* Not that option, or not an option. */
		{ { "mptcpd", "--p=anchor" }, false },
		{ { "mptcpd", "--path-managers=anchor" }, false },
		{ { "mptcpd", "--plugin-dir=anchor" }, false },
		{ { "mptcpd", "path-manager=anchor" }, false },
		{ { "mptcpd", "anchor" }, false },
		{ { "mptcpd" }, false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		if (is_selected(*state, cases[i].words) != cases[i].selected)
			fail_msg("case %zu: %s %s", i, cases[i].words[0],
				 cases[i].words[1] ? cases[i].words[1] : "");
}

static void test_conf(void **state)
{
	static const char *const plain[WORDS_MAX] = { "mptcpd" };
	static const char *const other[WORDS_MAX] = {
		"mptcpd", "--path-manager=sspi"
	};

	write_conf(*state, "[core]\npath-manager=anchor\n");
	assert_true(is_selected(*state, plain));
	assert_false(is_selected(*state, other));

	write_conf(*state, "[core]\npath-manager=addr_adv\n");
	assert_false(is_selected(*state, plain));

	write_conf(*state, "[other]\npath-manager=anchor\n");
	assert_false(is_selected(*state, plain));
}

static void test_nothing_to_read(void **state)
{
	const struct files *files = *state;

	assert_false(selected_is("anchor", files->cmdline, files->conf));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_cmdline, make_files,
						remove_files),
		cmocka_unit_test_setup_teardown(test_conf, make_files,
						remove_files),
		cmocka_unit_test_setup_teardown(test_nothing_to_read,
						make_files, remove_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
