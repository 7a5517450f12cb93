/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * anchor.conf: each file of tests/conf/cases has the errors it must give, or
 * the configuration it must print, beside it. A file without either fails.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit.h"

#include "conf/config.h"
#include "conf/ini.h"
#include "conf/value.h"

#define PATH_LEN 512

static char *slurp(const char *path)
{
	FILE *in = fopen(path, "r");
	char *text = NULL;
	size_t size = 0;

	if (!in)
		return NULL;

	/* No NUL in the files that are read here: this takes all of it. */
	if (getdelim(&text, &size, '\0', in) < 0) {
		free(text);
		text = strdup("");
	}

	fclose(in);
	return text;
}

static void write_file(const char *path, const char *text, size_t len)
{
	FILE *out = fopen(path, "w");

	assert_non_null(out);
	assert_int_equal(fwrite(text, 1, len, out), len);
	assert_int_equal(fclose(out), 0);
}

static char *printed(const struct config *config)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	config_print(config, out);
	fclose(out);
	return text;
}

/* Error lines with the folder cut off, as they stand in the golden files. */
static char *lines(const struct diag *diag, const char *dir)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	for (size_t i = 0; i < diag_count(diag); i++) {
		const char *line = diag_line(diag, i);

		assert_memory_equal(line, dir, strlen(dir));
		fprintf(out, "%s\n", line + strlen(dir) + 1);
	}

	fclose(out);
	return text;
}

/* A new file in a folder of its own. */
struct scratch {
	char dir[32];
	char path[64];
};

static int setup(void **state)
{
	struct scratch *scratch = calloc(1, sizeof(*scratch));

	strcpy(scratch->dir, "/tmp/anchor-conf-XXXXXX");
	assert_non_null(mkdtemp(scratch->dir));
	snprintf(scratch->path, sizeof(scratch->path), "%s/a.conf",
		 scratch->dir);
	*state = scratch;
	return 0;
}

static int teardown(void **state)
{
	struct scratch *scratch = *state;

	unlink(scratch->path);
	rmdir(scratch->dir);
	free(scratch);
	return 0;
}

static void check_print(const struct config *config, const char *expected,
			const struct scratch *scratch)
{
	char *first = printed(config), *second;
	struct diag *diag = diag_new();
	struct config *again;

	if (expected)
		assert_string_equal(first, expected);

	write_file(scratch->path, first, strlen(first));
	assert_int_equal(config_load(scratch->path, false, diag, &again), 0);
	second = printed(again);
	assert_string_equal(second, first);

	config_free(again);
	diag_free(diag);
	free(second);
	free(first);
}

static void check_case(const char *dir, const char *name,
		       const struct scratch *scratch)
{
	int stem = (int) (strlen(name) - strlen(".conf"));
	char conf[PATH_LEN], ok[PATH_LEN], err[PATH_LEN];
	struct diag *diag = diag_new();
	struct config *config = NULL;
	char *good, *bad, *said;
	int status;

	snprintf(conf, sizeof(conf), "%s/%s", dir, name);
	snprintf(ok, sizeof(ok), "%s/%.*s.ok", dir, stem, name);
	snprintf(err, sizeof(err), "%s/%.*s.err", dir, stem, name);
	print_message("%s\n", name);

	good = slurp(ok);
	bad = slurp(err);
	assert_true(!good != !bad);
	status = config_load(conf, false, diag, &config);
	said = lines(diag, dir);
	assert_string_equal(said, bad ? bad : "");
	assert_int_equal(status, bad ? -EINVAL : 0);
	if (good)
		check_print(config, good, scratch);
	else
		assert_null(config);

	config_free(config);
	diag_free(diag);
	free(said);
	free(good);
	free(bad);
}

static void test_cases(void **state)
{
	const char *srcdir = getenv("ANCHOR_SRCDIR");
	const struct dirent *entry;
	unsigned int n = 0;
	char dir[PATH_LEN / 2];
	DIR *stream;

	if (!srcdir)
		skip();

	snprintf(dir, sizeof(dir), "%s/tests/conf/cases", srcdir);
	stream = opendir(dir);
	assert_non_null(stream);
	while ((entry = readdir(stream))) {
		const char *dot = strrchr(entry->d_name, '.');

		if (dot && !strcmp(dot, ".conf") && ++n)
			check_case(dir, entry->d_name, *state);
	}

	closedir(stream);
	assert_true(n >= 10);
}

static void test_defaults(void **state)
{
	struct diag *diag = diag_new();
	struct config *config, *missing;
	char *a, *b;

	assert_int_equal(config_load(NULL, false, diag, &config), 0);
	assert_true(config->rendezvous.addresses_auto);
	assert_true(config->links.interfaces_auto);
	assert_int_equal(config->links.exclude.n, 12);
	assert_string_equal(config->links.exclude.items[0], "docker*");
	assert_int_equal(config->timers.grace.us, 300000);
	assert_int_equal(config->timers.retry_max.us, 60000000);
	assert_int_equal(config->kernel.receive_buffer, 32 << 20);
	assert_true(config->kernel.select_path_manager);
	assert_string_equal(config->control.group, "");

	assert_int_equal(config_load("/nonexistent/x", true, diag, &missing),
			 0);
	a = printed(config);
	b = printed(missing);
	assert_string_equal(a, b);
	assert_int_equal(diag_count(diag), 0);
	check_print(config, NULL, *state);

	config_free(missing);
	config_free(config);
	diag_free(diag);
	free(a);
	free(b);
}

/* Takes the sharp sign from "#key=", and from nothing else. */
static void uncomment(char *text)
{
	char *out = text;

	for (const char *in = text; *in; in++) {
		bool begins = in == text || in[-1] == '\n';

		if (!begins || in[0] != '#' || in[1] < 'a' || in[1] > 'z')
			*out++ = *in;
	}

	*out = '\0';
}

/* The shipped file changes nothing, and shows every key with its default. */
static void test_shipped(void **state)
{
	const struct scratch *scratch = *state;
	const char *srcdir = getenv("ANCHOR_SRCDIR");
	const struct config_key *key;
	char path[PATH_LEN], line[PATH_LEN];
	struct diag *diag = diag_new();
	struct config *config, *plain;
	char *text, *a, *b;

	if (!srcdir) {
		diag_free(diag);
		skip();
	}

	snprintf(path, sizeof(path), "%s/etc/anchor.conf", srcdir);
	assert_int_equal(config_load(path, false, diag, &config), 0);
	config_free(config);

	text = slurp(path);
	for (size_t i = 0; (key = config_key(i)); i++) {
		snprintf(line, sizeof(line), "\n#%s=%s\n", key->key,
			 key->fallback);
		if (strcmp(key->section, "rail.NAME") && !strstr(text, line))
			fail_msg("%s lacks%s", path, line);
	}

	uncomment(text);
	write_file(scratch->path, text, strlen(text));
	assert_int_equal(config_load(scratch->path, false, diag, &config), 0);
	assert_int_equal(config_load(NULL, false, diag, &plain), 0);
	a = printed(config);
	b = printed(plain);
	assert_string_equal(a, b);

	config_free(config);
	config_free(plain);
	diag_free(diag);
	free(text);
	free(a);
	free(b);
}

static void expect_error(const char *path, int err, const char *expected)
{
	struct diag *diag = diag_new();
	struct config *config = NULL;

	assert_int_equal(config_load(path, false, diag, &config), err);
	assert_null(config);
	assert_int_equal(diag_count(diag), 1);
	assert_non_null(strstr(diag_line(diag, 0), path));
	assert_non_null(strstr(diag_line(diag, 0), expected));
	diag_free(diag);
}

static void test_unreadable(void **state)
{
	const struct scratch *scratch = *state;

	expect_error("/nonexistent/x", -ENOENT, "No such file");
	expect_error(scratch->dir, -EISDIR, "Is a directory");
	write_file(scratch->path, "", 0);
	assert_int_equal(chmod(scratch->path, 0666), 0);
	expect_error(scratch->path, -EPERM, "writable by everybody");
}

static void test_sizes(void **state)
{
	const struct scratch *scratch = *state;
	size_t size = INI_SIZE_MAX + 1;
	struct diag *diag = diag_new();
	char *text = malloc(size);
	struct config *config;

	assert_non_null(text);
	memset(text, '#', size);
	write_file(scratch->path, text, size - 1);
	assert_int_equal(config_load(scratch->path, false, diag, &config), 0);
	config_free(config);
	write_file(scratch->path, text, size);
	expect_error(scratch->path, -EFBIG, "larger than");

	memset(text, '\n', size);
	write_file(scratch->path, text, INI_LINES_MAX);
	assert_int_equal(config_load(scratch->path, false, diag, &config), 0);
	config_free(config);
	write_file(scratch->path, text, INI_LINES_MAX + 1);
	expect_error(scratch->path, -EINVAL, "more than 10000 lines");
	diag_free(diag);
	free(text);
}

/* A list may have this many items, and not one more. */
static void test_list_size(void **state)
{
	const struct scratch *scratch = *state;
	char text[CONFIG_LIST_MAX * 2 + 64];
	struct diag *diag = diag_new();
	struct config *config;
	size_t len;

	len = (size_t) sprintf(text, "[links]\nexclude=");
	for (unsigned int i = 0; i < CONFIG_LIST_MAX; i++)
		len += (size_t) sprintf(text + len, "x,");

	write_file(scratch->path, text, len);
	assert_int_equal(config_load(scratch->path, false, diag, &config), 0);
	assert_int_equal(config->links.exclude.n, CONFIG_LIST_MAX);
	config_free(config);
	diag_free(diag);

	len += (size_t) sprintf(text + len, "x");
	write_file(scratch->path, text, len);
	expect_error(scratch->path, -EINVAL, "more than 256 items");
}

static void test_values(void **state)
{
	char text[VALUE_TEXT_MAX];
	uint64_t number;

	assert_int_equal(value_scan("90s", VALUE_SPAN, &number), 0);
	assert_int_equal(number, 90000000);
	assert_string_equal(value_text(number, VALUE_SPAN, text), "90s");
	assert_string_equal(value_text(0, VALUE_SPAN, text), "0us");
	assert_string_equal(value_text(7200000000, VALUE_SPAN, text), "2h");
	assert_string_equal(value_text(1025, VALUE_SIZE, text), "1025");
	assert_string_equal(value_text(3 << 20, VALUE_SIZE, text), "3M");
	assert_int_equal(value_scan("18446744073709551615", VALUE_PLAIN,
				    &number), 0);
	assert_true(number == UINT64_MAX);

	number = 17;
	assert_int_equal(value_scan("18446744073709551616", VALUE_PLAIN,
				    &number), -ERANGE);
	assert_int_equal(value_scan("9223372036854775808us", VALUE_SPAN,
				    &number), -ERANGE);
	assert_int_equal(value_scan("", VALUE_PLAIN, &number), -EINVAL);
	assert_int_equal(value_scan("+1", VALUE_PLAIN, &number), -EINVAL);
	assert_int_equal(value_scan(" 1", VALUE_PLAIN, &number), -EINVAL);
	assert_int_equal(value_scan("1 ", VALUE_PLAIN, &number), -EINVAL);
	assert_int_equal(value_scan("1", VALUE_SPAN, &number), -EINVAL);
	assert_int_equal(value_scan("1s1ms", VALUE_SPAN, &number), -EINVAL);
	assert_int_equal(value_scan("1K", VALUE_SIZE, &number), -EINVAL);
	assert_int_equal(number, 17);
}

static void test_keys(void **state)
{
	size_t n = 0;

	for (const struct config_key *key; (key = config_key(n)); n++) {
		assert_non_null(key->section);
		assert_non_null(key->key);
		assert_non_null(key->fallback);
		assert_non_null(key->allowed);
		for (size_t i = 0; i < n; i++)
			assert_true(strcmp(key->section,
					   config_key(i)->section) ||
				    strcmp(key->key, config_key(i)->key));
	}

	assert_int_equal(n, 28);
	assert_null(config_key(n + 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_cases, setup, teardown),
		cmocka_unit_test_setup_teardown(test_defaults, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_shipped, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_unreadable, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_sizes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_list_size, setup,
						teardown),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
