/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The control socket, for real: a socket file in a private folder, clients
 * that behave and clients that do not, all in one process. Whatever a test
 * waits for, it waits for by turning ELL's loop until it is there.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <ell/ell.h>

#include "host/control.h"
#include "unit.h"

#define CLIENTS 3
#define PATIENCE_MS 20000
#define MIB (1u << 20)
#define LINE_MAX_LEN 512
#define NOBODY 65534

struct fixture {
	char dir[64];
	char folder[96];
	char path[108];
	struct control *control;
	unsigned int asked;
};

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/*
 * {"size": N} is answered with a string of N bytes, {"who": 1} with what the
 * client may, {"ms": N} not before that time, all else as it came.
 */
static json_t *on_request(const json_t *request, enum access access,
			  void *data)
{
	json_int_t size = json_integer_value(json_object_get(request, "size"));
	struct fixture *fixture = data;
	json_t *answer;
	char *text;

	int64_t until = now_ms() + json_integer_value(json_object_get(request,
								     "ms"));

	fixture->asked++;
	while (now_ms() < until)
		continue;

	if (json_object_get(request, "who"))
		return json_pack("{s:s}", "may", access == ACCESS_CHANGE ?
				 "change" : "look");

	if (!size)
		return json_deep_copy(request);

	text = malloc((size_t) size);
	memset(text, 'x', (size_t) size);
	answer = json_pack("{s:s%}", "text", text, (size_t) size);
	free(text);
	return answer;
}

static int start(struct fixture *fixture, const char *group)
{
	struct control_options options = {
		.path = fixture->path,
		.group = group,
		.clients = CLIENTS,
		.patience_ms = PATIENCE_MS / 80,
		.handler = on_request,
		.data = fixture,
	};

	return control_new(&options, &fixture->control);
}

static int make_place(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	strcpy(fixture->dir, "/tmp/anchor-control-XXXXXX");
	assert_non_null(mkdtemp(fixture->dir));
	snprintf(fixture->folder, sizeof(fixture->folder), "%s/run",
		 fixture->dir);
	snprintf(fixture->path, sizeof(fixture->path), "%s/c.sock",
		 fixture->folder);
	assert_true(l_main_init());
	*state = fixture;
	return 0;
}

static int make_socket(void **state)
{
	make_place(state);
	return start(*state, NULL);
}

static int clean_up(void **state)
{
	struct fixture *fixture = *state;

	control_free(fixture->control);
	unlink(fixture->path);
	rmdir(fixture->folder);
	rmdir(fixture->dir);
	l_main_exit();
	free(fixture);
	return 0;
}

/* As ELL's loop does it: what is idle does not wait. */
static void turn(int ms)
{
	l_main_iterate(l_main_prepare() ? ms : 0);
}

static int try_dial(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
			0);
	int error;

	assert_true(fd >= 0);
	strcpy(addr.sun_path, path);
	if (!connect(fd, (struct sockaddr *) &addr, sizeof(addr)))
		return fd;

	error = errno;
	close(fd);
	errno = error;
	return -1;
}

/* Others may still stand in the queue. */
static int dial(const struct fixture *fixture)
{
	int64_t until = now_ms() + PATIENCE_MS;
	int fd;

	while ((fd = try_dial(fixture->path)) < 0) {
		assert_int_equal(errno, EAGAIN);
		assert_true(now_ms() < until);
		turn(10);
	}

	return fd;
}

/* As much as goes out; the rest when the loop has turned. */
static void say_bytes(int fd, const char *text, size_t len)
{
	int64_t until = now_ms() + PATIENCE_MS;

	while (len) {
		ssize_t n = send(fd, text, len, MSG_NOSIGNAL);

		assert_true(n > 0 || errno == EAGAIN);
		assert_true(now_ms() < until);
		if (n > 0) {
			text += n;
			len -= (size_t) n;
		} else {
			turn(10);
		}
	}
}

static void say(int fd, const char *text)
{
	say_bytes(fd, text, strlen(text));
}

/* Returns how many, 0 at the end. */
static size_t hear_bytes(int fd, char *buf, size_t max)
{
	int64_t until = now_ms() + PATIENCE_MS;

	for (;;) {
		ssize_t n = recv(fd, buf, max, 0);

		if (n >= 0)
			return (size_t) n;

		if (errno == ECONNRESET)
			return 0;

		assert_int_equal(errno, EAGAIN);
		assert_true(now_ms() < until);
		turn(10);
	}
}

static void expect_line(int fd, const char *line)
{
	char heard[LINE_MAX_LEN];
	size_t len = 0;

	do {
		assert_true(len < sizeof(heard));
		assert_int_equal(hear_bytes(fd, heard + len, 1), 1);
	} while (heard[len++] != '\n');

	heard[len - 1] = '\0';
	assert_string_equal(heard, line);
}

static void expect_end(int fd)
{
	char byte;

	assert_int_equal(hear_bytes(fd, &byte, 1), 0);
	close(fd);
}

/* A line of this many bytes, newline included. */
static void expect_length(int fd, size_t len)
{
	static char buf[65536];

	while (len) {
		size_t max = len < sizeof(buf) ? len : sizeof(buf);
		size_t n = hear_bytes(fd, buf, max);

		assert_true(n > 0);
		len -= n;
		assert_int_equal(!len, buf[n - 1] == '\n');
	}
}

static void expect_service(const struct fixture *fixture)
{
	int fd = dial(fixture);

	say(fd, "{\"command\":\"still there\"}\n");
	expect_line(fd, "{\"command\":\"still there\"}");
	close(fd);
}

static void test_answers(void **state)
{
	int fd = dial(*state);

	say(fd, "{\"command\":\"status\"}\n");
	expect_line(fd, "{\"command\":\"status\"}");
	say(fd, "  { \"again\" : 1 } \r\n");
	expect_line(fd, "{\"again\":1}");
	close(fd);
}

static void test_fragments(void **state)
{
	static const char request[] = "{\"command\":\"links\"}\n";
	struct fixture *fixture = *state;
	int fd = dial(fixture);

	for (const char *c = request; *c; c++) {
		assert_int_equal(fixture->asked, 0);
		say_bytes(fd, c, 1);
		turn(0);
		turn(0);
	}

	expect_line(fd, "{\"command\":\"links\"}");
	close(fd);
}

static void test_several_at_once(void **state)
{
	int fd = dial(*state);

	say(fd, "{\"a\":1}\n{\"a\":2}\n{\"a\":3}\n{\"a\"");
	expect_line(fd, "{\"a\":1}");
	expect_line(fd, "{\"a\":2}");
	expect_line(fd, "{\"a\":3}");
	say(fd, ":4}\n");
	expect_line(fd, "{\"a\":4}");
	close(fd);
}

static void test_garbage(void **state)
{
	static const char *const garbage[] = {
		"hello\n", "\n", "[]\n", "{\n", "{}}\n", "{\"a\":\"\xff\"}\n",
		"{\"a\":1}{\"b\":2}\n{\"a\":1}\n",
	};
	char deep[CONTROL_REQUEST_MAX - 1];
	struct fixture *fixture = *state;
	int quiet = dial(fixture);
	int fd = dial(fixture);

	memset(deep, '[', sizeof(deep));
	say_bytes(fd, deep, sizeof(deep));
	say(fd, "\n");
	expect_line(fd, "{\"error\":\"not a JSON object\"}");
	expect_end(fd);

	for (size_t i = 0; i < L_ARRAY_SIZE(garbage); i++) {
		fd = dial(fixture);
		say(fd, garbage[i]);
		expect_line(fd, "{\"error\":\"not a JSON object\"}");
		expect_end(fd);
	}

	assert_int_equal(fixture->asked, 0);
	say(quiet, "{}\n");
	expect_line(quiet, "{}");
	close(quiet);
}

static void test_zero_bytes(void **state)
{
	int fd = dial(*state);

	say_bytes(fd, "{\"a\0\":1}\n", 9);
	expect_line(fd, "{\"error\":\"not a JSON object\"}");
	expect_end(fd);
}

/* Blanks in front make it as long as it is to be. */
static void say_padded(int fd, size_t len, const char *end)
{
	char request[CONTROL_REQUEST_MAX + 1];

	memset(request, ' ', sizeof(request));
	memcpy(request + len - strlen(end), end, strlen(end));
	say_bytes(fd, request, len);
}

static void test_request_length(void **state)
{
	int fd = dial(*state);

	say_padded(fd, CONTROL_REQUEST_MAX, "{}\n");
	expect_line(fd, "{}");
	say_padded(fd, CONTROL_REQUEST_MAX, "{}\n");
	expect_line(fd, "{}");
	say_padded(fd, CONTROL_REQUEST_MAX + 1, "{}\n");
	expect_line(fd, "{\"error\":\"the request is too long\"}");
	expect_end(fd);
}

static void test_half_close(void **state)
{
	int fd = dial(*state);

	/* The last has its turn only when the first has been read. */
	say(fd, "{\"size\":4194304}\n{\"last\":1}\n{\"no newl");
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	turn(0);
	expect_length(fd, 4 * MIB + sizeof("{\"text\":\"\"}"));
	expect_line(fd, "{\"last\":1}");
	expect_end(fd);
}

static bool has_hung_up(int fd)
{
	struct pollfd poller = { .fd = fd };

	return poll(&poller, 1, 0) == 1 && (poller.revents & POLLHUP);
}

/* All the while, another client has what it asks for. */
static void test_unread(void **state)
{
	struct fixture *fixture = *state;
	int64_t until = now_ms() + PATIENCE_MS;
	unsigned int others = 0;
	int fd = dial(fixture);
	int other = dial(fixture);
	char many[1700] = "";

	while (strlen(many) < sizeof(many) - 18)
		strcat(many, "{\"size\":1048576}\n");

	say(fd, many);

	while (!has_hung_up(fd)) {
		assert_true(now_ms() < until);
		say(other, "{}\n");
		expect_line(other, "{}");
		others++;
	}

	/* What waited was one answer and what had been waiting before. */
	assert_in_range(fixture->asked - others, 1, 2);
	assert_true(others > 10);
	close(fd);
	close(other);
	expect_service(fixture);
}

/* One that watches may pause; when it goes on, it is told what it missed. */
static void test_pause(void **state)
{
	struct fixture *fixture = *state;
	int64_t until = now_ms() + 3 * PATIENCE_MS / 80;
	char text[101] = { [0 ... 99] = 'x' };
	json_t *news = json_pack("{s:s}", "event", text);
	int watcher = dial(fixture);

	say(watcher, "{\"command\":\"monitor\"}\n");
	expect_line(watcher, "{\"monitor\":true}");
	for (unsigned int i = 0; i < CONTROL_NEWS_MAX / 20; i++)
		control_publish(fixture->control, news);

	while (now_ms() < until)
		turn((int) (until - now_ms()));

	assert_false(has_hung_up(watcher));
	assert_true(control_is_watched(fixture->control));
	close(watcher);
	json_decref(news);
}

/* Something is always unread, yet never too much of it. */
static void test_slow_reader(void **state)
{
	unsigned int rounds = 2 * CONTROL_ANSWER_MAX / MIB;
	int fd = dial(*state);

	say(fd, "{\"size\":1048576}\n");
	for (unsigned int i = 0; i < rounds; i++) {
		say(fd, "{\"size\":1048576}\n");
		turn(0);
		expect_length(fd, MIB + sizeof("{\"text\":\"\"}"));
	}

	expect_length(fd, MIB + sizeof("{\"text\":\"\"}"));
	close(fd);
}

static void test_answer_length(void **state)
{
	char request[64];
	int fd = dial(*state);
	size_t most = CONTROL_ANSWER_MAX - sizeof("{\"text\":\"\"}");

	snprintf(request, sizeof(request), "{\"size\":%zu}\n", most);
	say(fd, request);
	expect_length(fd, CONTROL_ANSWER_MAX);
	snprintf(request, sizeof(request), "{\"size\":%zu}\n", most + 1);
	say(fd, request);
	expect_line(fd, "{\"error\":\"the answer is too long\"}");
	say(fd, "{\"next\":1}\n");
	expect_line(fd, "{\"next\":1}");
	close(fd);
}

static void test_flood(void **state)
{
	struct fixture *fixture = *state;
	unsigned int n = 5000;
	int fd = dial(fixture);

	for (unsigned int i = 0; i < n; i++)
		say(fd, "{\"a\":1}\n");

	for (unsigned int i = 0; i < n; i++)
		expect_length(fd, sizeof("{\"a\":1}"));

	assert_int_equal(fixture->asked, n);
	close(fd);
}

/* Ten thousand requests that came before do not keep another one waiting. */
static void test_flood_and_others(void **state)
{
	struct fixture *fixture = *state;
	char flood[4096];
	int fd = dial(fixture);
	int other = dial(fixture);

	for (size_t i = 0; i < sizeof(flood); i++)
		flood[i] = "{}\n "[i % 4];

	/* As much as fits between the two, and a partial line at the end. */
	while (send(fd, flood, sizeof(flood), MSG_NOSIGNAL) > 0)
		continue;

	say(other, "{\"who\":1}\n");
	expect_line(other, "{\"may\":\"change\"}");
	assert_in_range(fixture->asked, 1, 20);
	close(fd);
	close(other);
	expect_service(fixture);
}

/* However many ask for what takes long, half of the time is left. */
static void test_rest(void **state)
{
	struct fixture *fixture = *state;
	int64_t start = now_ms();
	int fds[CLIENTS];

	for (int i = 0; i < CLIENTS; i++) {
		fds[i] = dial(fixture);
		say(fds[i], "{\"ms\":20}\n{\"ms\":20}\n{\"ms\":20}\n");
	}

	for (int i = 0; i < CLIENTS; i++) {
		expect_length(fds[i], sizeof("{\"ms\":20}"));
		expect_length(fds[i], sizeof("{\"ms\":20}"));
		expect_length(fds[i], sizeof("{\"ms\":20}"));
		close(fds[i]);
	}

	/* Part of a millisecond of each is lost in rounding. */
	assert_true(now_ms() - start >= (6 * CLIENTS - 1) * 19);
}

/* Of those who wait, each has his turn. */
static void test_turns(void **state)
{
	struct fixture *fixture = *state;
	char many[1000] = "";
	int fds[CLIENTS - 1];
	int other;

	while (strlen(many) < sizeof(many) - 20)
		strcat(many, "{\"ms\":5}\n");

	for (int i = 0; i < CLIENTS - 1; i++) {
		fds[i] = dial(fixture);
		say(fds[i], many);
		expect_length(fds[i], sizeof("{\"ms\":5}"));
	}

	other = dial(fixture);
	say(other, "{\"who\":1}\n");
	expect_line(other, "{\"may\":\"change\"}");
	assert_in_range(fixture->asked, 1, 4 * CLIENTS);
	for (int i = 0; i < CLIENTS - 1; i++)
		close(fds[i]);

	close(other);
}

/* The memory of a long answer goes when it has been read. */
static void test_room(void **state)
{
	unsigned int rounds = CONTROL_ROOM / CONTROL_ANSWER_MAX + 1;
	struct fixture *fixture = *state;
	size_t size = CONTROL_ANSWER_MAX - sizeof("{\"text\":\"\"}");
	char request[64];
	int fds[CLIENTS];

	snprintf(request, sizeof(request), "{\"size\":%zu}\n", size);
	for (unsigned int i = 0; i < CLIENTS; i++)
		fds[i] = dial(fixture);

	for (unsigned int i = 0; i < rounds; i++) {
		say(fds[i % CLIENTS], request);
		expect_length(fds[i % CLIENTS], CONTROL_ANSWER_MAX);
	}

	for (unsigned int i = 0; i < CLIENTS; i++)
		close(fds[i]);
}

static int dial_until_served(const struct fixture *fixture)
{
	int64_t until = now_ms() + PATIENCE_MS;
	char byte[2];

	for (;;) {
		int fd = dial(fixture);

		say(fd, "{}\n");
		assert_true(hear_bytes(fd, byte, 2) == 2);
		if (byte[1] == '}')
			return fd;

		close(fd);
		assert_true(now_ms() < until);
	}
}

static void test_clients(void **state)
{
	struct fixture *fixture = *state;
	int fds[CLIENTS];

	for (int i = 0; i < CLIENTS; i++) {
		fds[i] = dial(fixture);
		say(fds[i], "{}\n");
		expect_line(fds[i], "{}");
	}

	for (int i = 0; i < 10; i++) {
		int fd = dial(fixture);

		expect_line(fd, "{\"error\":\"too many clients\"}");
		expect_end(fd);
	}

	/* Each way to go makes room: in mid-request, and half-closed. */
	say(fds[0], "{\"comm");
	close(fds[0]);
	fds[0] = dial_until_served(fixture);
	shutdown(fds[1], SHUT_WR);
	expect_end(fds[1]);
	fds[1] = dial_until_served(fixture);

	for (int i = 0; i < CLIENTS; i++)
		close(fds[i]);
}

/* Leaves before its answer could be sent. */
static void test_hasty(void **state)
{
	struct fixture *fixture = *state;
	int64_t until = now_ms() + PATIENCE_MS;
	int fd = dial(fixture);

	say(fd, "{\"size\":1048576}\n");
	while (!fixture->asked) {
		assert_true(now_ms() < until);
		turn(10);
	}

	close(fd);
	for (int i = 0; i < CLIENTS; i++) {
		fd = dial(fixture);
		say(fd, "{}\n");
		close(fd);
	}

	expect_service(fixture);
}

/* News go to those who want them, and to nobody else. */
static void test_news(void **state)
{
	struct fixture *fixture = *state;
	json_t *news = json_pack("{s:s}", "event", "test");
	int watcher = dial(fixture);
	int other = dial(fixture);

	control_publish(fixture->control, news);
	assert_false(control_is_watched(fixture->control));
	say(watcher, "{\"command\":\"monitor\"}\n");
	expect_line(watcher, "{\"monitor\":true}");
	assert_true(control_is_watched(fixture->control));
	control_publish(fixture->control, news);
	expect_line(watcher, "{\"event\":\"test\"}");

	/* Answers still come, and twice is once. */
	say(watcher, "{\"command\":\"monitor\"}\n");
	expect_line(watcher, "{\"monitor\":true}");
	say(watcher, "{\"a\":1}\n");
	expect_line(watcher, "{\"a\":1}");
	say(other, "{\"b\":1}\n");
	expect_line(other, "{\"b\":1}");
	control_publish(fixture->control, news);
	expect_line(watcher, "{\"event\":\"test\"}");

	close(watcher);
	while (control_is_watched(fixture->control))
		turn(10);

	control_publish(fixture->control, news);
	say(other, "{\"b\":2}\n");
	expect_line(other, "{\"b\":2}");
	close(other);
	json_decref(news);
}

/* One that does not read costs a bounded amount, and is told what it missed. */
static void test_missed_news(void **state)
{
	struct fixture *fixture = *state;
	char text[101] = { [0 ... 99] = 'x' };
	json_t *news = json_pack("{s:s}", "event", text);
	unsigned int heard = 0, missed = 0, sent = CONTROL_NEWS_MAX / 20;
	char line[LINE_MAX_LEN];
	int watcher = dial(fixture);

	say(watcher, "{\"command\":\"monitor\"}\n");
	expect_line(watcher, "{\"monitor\":true}");
	for (unsigned int i = 0; i < sent; i++)
		control_publish(fixture->control, news);

	while (heard + missed < sent) {
		size_t len = 0;

		do {
			assert_true(len < sizeof(line) - 1);
			assert_int_equal(hear_bytes(watcher, line + len, 1),
					 1);
		} while (line[len++] != '\n');

		line[len] = '\0';
		if (sscanf(line, "{\"event\":\"missed\",\"count\":%u}",
			   &missed) < 1)
			heard++;

		/* With room again, the count goes before the next. */
		if (heard == sent / 10) {
			control_publish(fixture->control, news);
			sent++;
		}
	}

	assert_true(heard > 1000 && missed > 1000);
	assert_int_equal(heard + missed, sent);
	close(watcher);
	json_decref(news);
}

/* A descriptor beyond what ELL 0.56 watches is as one client too many. */
static void test_high_descriptor(void **state)
{
	int low[256];
	struct l_io *io;
	int n = 0;
	int fd;

	do {
		low[n] = open("/dev/null", O_RDONLY);
		assert_true(low[n] >= 0);
	} while (low[n++] < 200);

	io = l_io_new(low[n - 1]);
	fd = dial(*state);
	say(fd, "{}\n");
	expect_line(fd, io ? "{}" : "{\"error\":\"too many clients\"}");
	close(fd);
	l_io_destroy(io);
	while (n)
		close(low[--n]);

	expect_service(*state);
}

/* Its clients are there when the socket goes, one with an answer unread. */
static void test_end(void **state)
{
	struct fixture *fixture = *state;
	int64_t until = now_ms() + PATIENCE_MS;
	int idle = dial(fixture);
	int busy = dial(fixture);

	say(busy, "{\"size\":1048576}\n");
	while (!fixture->asked) {
		assert_true(now_ms() < until);
		turn(10);
	}

	control_free(fixture->control);
	fixture->control = NULL;
	turn(0);
	assert_int_equal(access(fixture->path, F_OK), -1);
	expect_end(idle);
	assert_true(has_hung_up(busy));
	close(busy);
	control_free(NULL);
}

static unsigned int turns_in(int ms)
{
	int64_t until = now_ms() + ms;
	unsigned int turns = 0;

	for (int64_t left = ms; left > 0; left = until - now_ms()) {
		turn((int) left);
		turns++;
	}

	return turns;
}

static void test_no_descriptors(void **state)
{
	struct rlimit before, none;
	unsigned int turns;
	int fd = dial(*state);
	int lowest = dup(fd);

	assert_true(lowest >= 0);
	close(lowest);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = before;
	none.rlim_cur = (rlim_t) lowest;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);

	turns = turns_in(200);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);

	/* A loop that spins turns thousands of times. */
	assert_in_range(turns, 1, 20);

	say(fd, "{}\n");
	expect_line(fd, "{}");
	close(fd);
	expect_service(*state);
}

static unsigned int mode_of(const char *path)
{
	struct stat status;

	assert_int_equal(stat(path, &status), 0);
	return status.st_mode & 07777;
}

static void test_modes(void **state)
{
	struct fixture *fixture = *state;
	mode_t mask = umask(077);

	assert_int_equal(start(fixture, ""), 0);
	assert_int_equal(umask(mask), 077);
	assert_int_equal(mode_of(fixture->folder), 0755);
	assert_int_equal(mode_of(fixture->path), 0600);
}

static void test_group(void **state)
{
	const struct group *group = getgrgid(getegid());
	struct fixture *fixture = *state;
	struct stat status;

	if (!group)
		skip();

	assert_int_equal(start(fixture, group->gr_name), 0);
	assert_int_equal(mode_of(fixture->path), 0660);
	assert_int_equal(stat(fixture->path, &status), 0);
	assert_int_equal(status.st_gid, getegid());
	expect_service(fixture);
}

static void test_no_group(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(start(fixture, "no-such-group-here"), -ENOENT);
	assert_null(fixture->control);
	assert_int_equal(access(fixture->folder, F_OK), -1);
}

static void leave_stale(const struct fixture *fixture)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	assert_int_equal(mkdir(fixture->folder, 0755), 0);
	strcpy(addr.sun_path, fixture->path);
	assert_int_equal(bind(fd, (struct sockaddr *) &addr, sizeof(addr)), 0);
	close(fd);
}

static void test_stale(void **state)
{
	struct fixture *fixture = *state;

	leave_stale(fixture);
	assert_int_equal(start(fixture, NULL), 0);
	expect_service(fixture);
}

static void test_live(void **state)
{
	struct fixture *fixture = *state;
	struct control *first;
	int fds[64];
	int n = 0;

	assert_int_equal(start(fixture, NULL), 0);
	first = fixture->control;
	assert_int_equal(start(fixture, NULL), -EADDRINUSE);

	/* Also when it is too busy to take one more. */
	while (n < 64 && (fds[n] = try_dial(fixture->path)) >= 0)
		n++;

	assert_in_range(n, 1, 63);
	assert_int_equal(start(fixture, NULL), -EADDRINUSE);
	assert_ptr_equal(fixture->control, first);
	while (n)
		close(fds[--n]);

	close(dial_until_served(fixture));
}

static void test_no_socket(void **state)
{
	struct fixture *fixture = *state;
	struct stat status;
	FILE *file;

	assert_int_equal(mkdir(fixture->folder, 0755), 0);
	file = fopen(fixture->path, "w");
	assert_non_null(file);
	fclose(file);
	assert_int_equal(start(fixture, NULL), -EEXIST);
	assert_int_equal(stat(fixture->path, &status), 0);
	assert_true(S_ISREG(status.st_mode));
}

static void test_long_path(void **state)
{
	struct fixture *fixture = *state;
	char path[sizeof(((struct sockaddr_un *) NULL)->sun_path) + 1];
	struct control_options options = {
		.path = path,
		.clients = CLIENTS,
		.handler = on_request,
		.data = fixture,
	};

	memset(path, 'x', sizeof(path));
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(control_new(&options, &fixture->control),
			 -ENAMETOOLONG);
}

/* Somebody who is not root, and what he is to hear when he has asked. */
struct somebody {
	gid_t gid;
	gid_t group;		/* another one that he is in, 0: none */
	const char *wanted;
};

/* 0: he heard it. */
static int be(const struct somebody *somebody, const struct fixture *fixture)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	char heard[LINE_MAX_LEN] = "";
	size_t len = 0;

	if (setgroups(somebody->group != 0, &somebody->group) < 0 ||
	    setgid(somebody->gid) < 0 || setuid(NOBODY) < 0)
		return 77;

	strcpy(addr.sun_path, fixture->path);
	if (connect(fd, (struct sockaddr *) &addr, sizeof(addr)) < 0)
		return errno == EACCES && !somebody->wanted ? 0 : 2;

	send(fd, "{\"who\":1}\n", 10, MSG_NOSIGNAL);
	while (len < sizeof(heard) - 1 && !strchr(heard, '\n') &&
	       recv(fd, heard + len, 1, 0) == 1)
		len++;

	return somebody->wanted && !strcmp(heard, somebody->wanted) ? 0 : 3;
}

/* False: nobody else can be here. */
static bool is_told(const struct fixture *fixture,
		    const struct somebody *somebody)
{
	int64_t until = now_ms() + PATIENCE_MS;
	int status = 0;
	pid_t pid;

	assert_int_equal(chmod(fixture->dir, 0755), 0);
	pid = fork();
	if (!pid)
		_exit(be(somebody, fixture));

	assert_true(pid > 0);
	while (waitpid(pid, &status, WNOHANG) == 0) {
		assert_true(now_ms() < until);
		turn(10);
	}

	/*
	 * He has hung up, and our end is closed before the next one is made,
	 * who would inherit it: then ELL, which leaves it to the last close()
	 * to take it out of its epoll set, would be told of what is freed.
	 */
	for (int i = 0; i < 3; i++)
		turn(0);

	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		return false;

	assert_int_equal(WEXITSTATUS(status), 0);
	return true;
}

static const char not_permitted[] = "{\"error\":\"not permitted\"}\n";
static const char may_look[] = "{\"may\":\"look\"}\n";
static const char too_many[] = "{\"error\":\"too many clients\"}\n";

/* Also when somebody has opened the file to all. */
static void test_stranger(void **state)
{
	struct fixture *fixture = *state;
	struct somebody stranger = { .gid = NOBODY };

	if (geteuid() != 0 || !is_told(fixture, &stranger))
		skip();

	assert_int_equal(chmod(fixture->path, 0666), 0);
	stranger.wanted = not_permitted;
	assert_true(is_told(fixture, &stranger));
	assert_int_equal(fixture->asked, 0);
	expect_service(fixture);
}

/* A group that root is not in. */
static const struct group *some_group(void)
{
	const struct group *group;

	setgrent();
	do {
		group = getgrent();
	} while (group && (group->gr_gid == 0 || group->gr_gid == NOBODY));

	endgrent();
	return group;
}

/* By his group, or one of his groups; anybody else is a stranger. */
static void test_members(void **state)
{
	const struct group *group = some_group();
	struct fixture *fixture = *state;
	struct somebody first, second, stranger = { .gid = NOBODY };

	if (geteuid() != 0 || !group || start(fixture, group->gr_name) < 0)
		skip();

	first = (struct somebody) { .gid = group->gr_gid, .wanted = may_look };
	second = (struct somebody) {
		.gid = NOBODY, .group = group->gr_gid, .wanted = may_look,
	};
	if (!is_told(fixture, &stranger))
		skip();

	assert_true(is_told(fixture, &first));
	assert_true(is_told(fixture, &second));
	assert_int_equal(fixture->asked, 2);
	assert_int_equal(chmod(fixture->path, 0666), 0);
	stranger.wanted = not_permitted;
	assert_true(is_told(fixture, &stranger));
	assert_int_equal(fixture->asked, 2);
}

/* They may not take root's place, too. */
static void test_last_place(void **state)
{
	const struct group *group = some_group();
	struct fixture *fixture = *state;
	struct somebody member = { .wanted = too_many };
	int fds[CLIENTS];

	if (geteuid() != 0 || !group || start(fixture, group->gr_name) < 0)
		skip();

	for (int i = 0; i < CLIENTS - 1; i++) {
		fds[i] = dial(fixture);
		say(fds[i], "{}\n");
		expect_line(fds[i], "{}");
	}

	member.gid = group->gr_gid;
	if (!is_told(fixture, &member))
		skip();

	fds[CLIENTS - 1] = dial(fixture);
	say(fds[CLIENTS - 1], "{\"who\":1}\n");
	expect_line(fds[CLIENTS - 1], "{\"may\":\"change\"}");
	for (int i = 0; i < CLIENTS; i++)
		close(fds[i]);
}

#define WITH_SOCKET(test) \
	cmocka_unit_test_setup_teardown(test, make_socket, clean_up)
#define WITH_PLACE(test) \
	cmocka_unit_test_setup_teardown(test, make_place, clean_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_SOCKET(test_answers),
		WITH_SOCKET(test_fragments),
		WITH_SOCKET(test_several_at_once),
		WITH_SOCKET(test_garbage),
		WITH_SOCKET(test_zero_bytes),
		WITH_SOCKET(test_request_length),
		WITH_SOCKET(test_half_close),
		WITH_SOCKET(test_unread),
		WITH_SOCKET(test_pause),
		WITH_SOCKET(test_slow_reader),
		WITH_SOCKET(test_answer_length),
		WITH_SOCKET(test_flood),
		WITH_SOCKET(test_flood_and_others),
		WITH_SOCKET(test_rest),
		WITH_SOCKET(test_turns),
		WITH_SOCKET(test_room),
		WITH_SOCKET(test_clients),
		WITH_SOCKET(test_hasty),
		WITH_SOCKET(test_news),
		WITH_SOCKET(test_missed_news),
		WITH_SOCKET(test_high_descriptor),
		WITH_SOCKET(test_end),
		WITH_SOCKET(test_no_descriptors),
		WITH_SOCKET(test_stranger),
		WITH_PLACE(test_members),
		WITH_PLACE(test_last_place),
		WITH_PLACE(test_modes),
		WITH_PLACE(test_group),
		WITH_PLACE(test_no_group),
		WITH_PLACE(test_stale),
		WITH_PLACE(test_live),
		WITH_PLACE(test_no_socket),
		WITH_PLACE(test_long_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
