/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What anchorctl prints, and how it takes answers.
 *
 * tests/ctl/COMMAND.json and COMMAND-CASE.json are answers of the daemon, the
 * .txt beside each is what an operator must see. After a change that is
 * meant, ANCHOR_CTL_BLESS=1 in the environment writes the .txt anew.
 */
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ctl/client.h"
#include "ctl/commands.h"
#include "ctl/format.h"
#include "ctl/table.h"
#include "unit.h"

#define PATH_LEN 1024
#define GOLDEN_MIN 13
#define PATIENCE_S 20

static const struct command *const commands[] = {
	&command_status, &command_links, &command_connections, &command_paths,
	&command_explain, &command_reload, &command_monitor,
};

#define N_COMMANDS (sizeof(commands) / sizeof(*commands))

static void expect_table(const struct table *table, const char *wanted)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	table_print(table, out);
	fclose(out);
	assert_string_equal(text, wanted);
	free(text);
}

static void test_table(void **state)
{
	static const char *const headers[] = { "A", "LONG ONE", "C" };
	struct table *table = table_new(3);

	expect_table(table, "");
	table_headers(table, headers);
	expect_table(table, "A  LONG ONE  C\n");
	table_cell(table, "%d-%s", 1, "one");
	table_cell(table, "x");
	expect_table(table, "A      LONG ONE  C\n1-one  x\n");
	table_cell(table, "end");
	expect_table(table, "A      LONG ONE  C\n1-one  x         end\n");
	table_free(table);
	table_free(NULL);
}

static void test_table_grows(void **state)
{
	struct table *table = table_new(2);
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	for (unsigned int i = 0; i < 20000; i++)
		table_cell(table, "%05u", i);

	table_print(table, out);
	fclose(out);
	assert_int_equal(len, 10000 * strlen("00000  00001\n"));
	assert_string_equal(text + len - 13, "19998  19999\n");
	free(text);
	table_free(table);
}

static void expect_age(json_int_t ms, const char *age, const char *uptime)
{
	json_t *object = json_pack("{s:I}", "ms", ms);
	char buf[FORMAT_MAX];

	assert_string_equal(format_age(object, "ms", buf), age);
	assert_string_equal(format_uptime(object, "ms", buf), uptime);
	json_decref(object);
}

static void test_ages(void **state)
{
	expect_age(-1, "-", "-");
	expect_age(0, "0s", "0s");
	expect_age(999, "0s", "0s");
	expect_age(59999, "59s", "59s");
	expect_age(60000, "1m", "1m 0s");
	expect_age(3599999, "59m", "59m 59s");
	expect_age(3600000, "1h", "1h 0m");
	expect_age(86399999, "23h", "23h 59m");
	expect_age(273600000, "3d", "3d 4h");
	expect_age(INT64_MAX, "106751991167d", "106751991167d 7h");
}

/* NULL if there is no such file. */
static char *read_text(const char *path)
{
	FILE *in = fopen(path, "r");
	char *text = NULL;
	size_t cap = 0;

	if (!in)
		return NULL;

	if (getdelim(&text, &cap, '\0', in) < 0)
		assert_true(feof(in));

	fclose(in);
	return text;
}

static void write_text(const char *path, const char *text)
{
	FILE *out = fopen(path, "w");

	assert_non_null(out);
	fputs(text, out);
	fclose(out);
}

static const struct command *command_of(const char *file)
{
	for (size_t i = 0; i < N_COMMANDS; i++)
		if (strcspn(file, "-.") == strlen(commands[i]->name) &&
		    !strncmp(file, commands[i]->name,
			     strlen(commands[i]->name)))
			return commands[i];

	return NULL;
}

static char *print_answer(const struct command *command, const char *path)
{
	json_t *answer = json_load_file(path, 0, NULL);
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(answer);
	format_make_printable(answer);
	command->print(answer, out);
	fclose(out);
	json_decref(answer);
	return text;
}

static void check_golden(const char *dir, const char *file)
{
	const struct command *command = command_of(file);
	char path[PATH_LEN];
	char *printed, *wanted;

	if (!command)
		fail_msg("%s is of no command", file);

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	printed = print_answer(command, path);
	strcpy(strrchr(path, '.'), ".txt");
	if (getenv("ANCHOR_CTL_BLESS"))
		write_text(path, printed);

	wanted = read_text(path);
	if (!wanted)
		fail_msg("there is no %s", path);

	if (strcmp(printed, wanted))
		fail_msg("%s: printed\n%swanted\n%s", file, printed, wanted);

	free(printed);
	free(wanted);
}

static void test_golden(void **state)
{
	const char *srcdir = getenv("ANCHOR_SRCDIR");
	const struct dirent *entry;
	unsigned int n = 0;
	char dir[PATH_LEN / 2];
	DIR *stream;

	snprintf(dir, sizeof(dir), "%s/tests/ctl", srcdir ? srcdir : ".");
	stream = opendir(dir);
	assert_non_null(stream);
	while ((entry = readdir(stream))) {
		const char *dot = strrchr(entry->d_name, '.');

		if (!dot || strcmp(dot, ".json"))
			continue;

		check_golden(dir, entry->d_name);
		n++;
	}

	closedir(stream);
	assert_true(n >= GOLDEN_MIN);
}

/* A daemon of a few words. */
struct fake {
	char dir[64];
	char path[108];
	int listener;
};

static int make_fake(void **state)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct fake *fake = calloc(1, sizeof(*fake));

	strcpy(fake->dir, "/tmp/anchor-ctl-XXXXXX");
	assert_non_null(mkdtemp(fake->dir));
	snprintf(fake->path, sizeof(fake->path), "%s/c.sock", fake->dir);
	strcpy(addr.sun_path, fake->path);
	fake->listener = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(fake->listener, (struct sockaddr *) &addr,
			      sizeof(addr)), 0);
	assert_int_equal(listen(fake->listener, 1), 0);
	*state = fake;
	return 0;
}

static int free_fake(void **state)
{
	struct fake *fake = *state;

	if (fake->listener >= 0)
		close(fake->listener);

	unlink(fake->path);
	rmdir(fake->dir);
	free(fake);
	return 0;
}

/* Hears a request, says filler some times and then words; if all went. */
static bool serve(const struct fake *fake, unsigned int blocks,
		  const char *words)
{
	static const char wanted[] = "{\"command\":\"x\"}\n";
	char heard[64] = "";
	char filler[65536];
	int fd = accept(fake->listener, NULL, NULL);
	bool good = recv(fd, heard, strlen(wanted), MSG_WAITALL) > 0 &&
		!strcmp(heard, wanted);

	memset(filler, ' ', sizeof(filler));
	while (good && blocks--)
		good = send(fd, filler, sizeof(filler), MSG_NOSIGNAL) > 0;

	if (good && *words)
		good = send(fd, words, strlen(words), MSG_NOSIGNAL) > 0;

	close(fd);
	return good;
}

/* In a child, which does not outlive a test that failed for long. */
static void be_server(const struct fake *fake, unsigned int blocks,
		      const char *words)
{
	alarm(PATIENCE_S);
	_exit(serve(fake, blocks, words) ? 0 : 1);
}

static void expect_exit(pid_t pid, int wanted)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), wanted);
}

/* Asks, with what goes to stderr in said. */
static json_t *ask_at(const char *path, char *said)
{
	FILE *catcher = tmpfile();
	int before = dup(STDERR_FILENO);
	json_t *request;
	json_t *answer;
	size_t len;

	assert_non_null(catcher);
	dup2(fileno(catcher), STDERR_FILENO);
	request = json_pack("{s:s}", "command", "x");
	answer = client_ask(path, request);
	json_decref(request);
	fflush(stderr);
	dup2(before, STDERR_FILENO);
	close(before);
	rewind(catcher);
	len = fread(said, 1, PATH_LEN - 1, catcher);
	said[len] = '\0';
	fclose(catcher);
	return answer;
}

static json_t *ask(const struct fake *fake, unsigned int blocks,
		   const char *words, char *said)
{
	pid_t pid = fork();
	json_t *answer;

	if (!pid)
		be_server(fake, blocks, words);

	assert_true(pid > 0);
	answer = ask_at(fake->path, said);
	expect_exit(pid, 0);
	return answer;
}

static void expect_answer(json_t *answer, const char *said)
{
	assert_string_equal(said, "");
	assert_int_equal(json_integer_value(json_object_get(answer, "a")), 1);
	json_decref(answer);
}

static void test_answer(void **state)
{
	char said[PATH_LEN];

	expect_answer(ask(*state, 0, "{\"a\": 1}\n", said), said);
	expect_answer(ask(*state, 0, "{\"a\": 1}\n{\"a\": 2}\n", said), said);
	expect_answer(ask(*state, 48, "{\"a\": 1}\n", said), said);
}

static void test_bad_answer(void **state)
{
	static const struct {
		const char *words;
		const char *said;
	} cases[] = {
		{ "{\"error\": \"too many clients\"}\n",
		  "anchorctl: anchord says: too many clients\n" },
		{ "{\"error\": \"a\\u001b[31m\\n\"}\n",
		  "anchorctl: anchord says: a?[31m?\n" },
		{ "{\"error\": 3}\n", "anchorctl: anchord says: -\n" },
		{ "[]\n", "anchorctl: the answer is not understood\n" },
		{ "\n", "anchorctl: the answer is not understood\n" },
		{ "{\"a\": 1\n", "anchorctl: the answer is not understood\n" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char said[PATH_LEN];

		assert_null(ask(*state, 0, cases[i].words, said));
		assert_string_equal(said, cases[i].said);
	}
}

static void expect_unreachable(const char *said, const char *path,
			       const char *reason)
{
	char wanted[PATH_LEN];

	snprintf(wanted, sizeof(wanted), "anchorctl: cannot reach anchord at "
		 "%s: %s (is it running?)\n", path, reason);
	assert_string_equal(said, wanted);
}

static void test_cut_off(void **state)
{
	const struct fake *fake = *state;
	char said[PATH_LEN];

	assert_null(ask(fake, 0, "", said));
	expect_unreachable(said, fake->path, strerror(ECONNRESET));
	assert_null(ask(fake, 100, "{\"a\": 1}", said));
	expect_unreachable(said, fake->path, strerror(ECONNRESET));
}

/* The server goes on until the client has had enough. */
static void test_endless(void **state)
{
	const struct fake *fake = *state;
	char said[PATH_LEN];
	pid_t pid = fork();

	if (!pid)
		be_server(fake, 1u << 14, "\n");

	assert_true(pid > 0);
	assert_null(ask_at(fake->path, said));
	expect_exit(pid, 1);
	expect_unreachable(said, fake->path, strerror(EMSGSIZE));
}

/* It is told why and left, now before it could ask, now after. */
static void test_turned_away(void **state)
{
	static const char words[] = "{\"a\": 1}\n";
	const unsigned int times = 100;
	const struct fake *fake = *state;
	pid_t pid = fork();

	if (!pid)
		alarm(PATIENCE_S);

	for (unsigned int i = 0; !pid && i < times; i++) {
		int fd = accept(fake->listener, NULL, NULL);

		if (send(fd, words, strlen(words), MSG_NOSIGNAL) < 0)
			_exit(1);

		close(fd);
	}

	if (!pid)
		_exit(0);

	assert_true(pid > 0);
	for (unsigned int i = 0; i < times; i++) {
		char said[PATH_LEN];

		expect_answer(ask_at(fake->path, said), said);
	}

	expect_exit(pid, 0);
}

static void test_nobody_there(void **state)
{
	struct fake *fake = *state;
	char said[PATH_LEN];
	char path[200];

	close(fake->listener);
	fake->listener = -1;
	assert_null(ask_at(fake->path, said));
	expect_unreachable(said, fake->path, strerror(ECONNREFUSED));
	unlink(fake->path);
	assert_null(ask_at(fake->path, said));
	expect_unreachable(said, fake->path, strerror(ENOENT));

	memset(path, 'x', sizeof(path));
	path[sizeof(path) - 1] = '\0';
	assert_null(ask_at(path, said));
	expect_unreachable(said, path, strerror(ENAMETOOLONG));
}

#define WITH_FAKE(test) \
	cmocka_unit_test_setup_teardown(test, make_fake, free_fake)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_table_grows),
		cmocka_unit_test(test_ages),
		cmocka_unit_test(test_golden),
		WITH_FAKE(test_answer),
		WITH_FAKE(test_bad_answer),
		WITH_FAKE(test_cut_off),
		WITH_FAKE(test_endless),
		WITH_FAKE(test_turned_away),
		WITH_FAKE(test_nobody_there),
	};

	setenv("TZ", "UTC", 1);	/* monitor shows the time of day */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
