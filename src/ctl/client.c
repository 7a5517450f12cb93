/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One question to the daemon, one answer, which is bounded in length and in
 * time: what stands at the other end need not be in good health.
 */
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "ctl/client.h"
#include "ctl/format.h"

#define TIMEOUT_MS 10000
#define ANSWER_MAX (64u << 20)

struct line {
	char *text;
	size_t len, cap;
};

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* A daemon that hangs has a full backlog at some time: connect() waits. */
static int connect_to(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct timeval timeout = { .tv_sec = TIMEOUT_MS / 1000 };
	int err = 0;
	int fd;

	if (strlen(path) >= sizeof(addr.sun_path))
		return -ENAMETOOLONG;

	strcpy(addr.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;

	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout,
		       sizeof(timeout)) < 0)
		err = -errno;
	else if (connect(fd, (struct sockaddr *) &addr, sizeof(addr)) < 0)
		err = errno == EAGAIN ? -ETIMEDOUT : -errno;

	if (!err)
		return fd;

	close(fd);
	return err;
}

/*
 * The request fits into an empty socket at once. The daemon may have said
 * why it does not listen, and be gone: then there still is a line to read.
 */
static int send_request(int fd, const json_t *request)
{
	char *text = json_dumps(request, JSON_COMPACT);
	struct iovec parts[] = {
		{ .iov_base = text, .iov_len = text ? strlen(text) : 0 },
		{ .iov_base = (char[]) { '\n' }, .iov_len = 1 },
	};
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = 2 };
	int err = text ? 0 : -ENOMEM;

	if (text && sendmsg(fd, &message, MSG_NOSIGNAL) < 0 &&
	    errno != EPIPE && errno != ECONNRESET)
		err = -errno;

	free(text);
	return err;
}

static int make_room(struct line *line)
{
	size_t cap = line->cap ? 2 * line->cap : 65536;
	char *grown;

	if (line->len < line->cap)
		return 0;

	if (line->cap >= ANSWER_MAX)
		return -EMSGSIZE;

	grown = realloc(line->text, cap);
	if (!grown)
		return -ENOMEM;

	line->text = grown;
	line->cap = cap;
	return 0;
}

/* Waits for more; returns how much came, never 0. */
static ssize_t receive_some(int fd, struct line *line, int64_t until)
{
	struct pollfd poller = { .fd = fd, .events = POLLIN };
	int64_t left = until - now_ms();
	int err = make_room(line);
	ssize_t n;

	if (err < 0)
		return err;

	n = poll(&poller, 1, left > 0 ? (int) left : 0);
	if (n <= 0)
		return n < 0 ? -errno : -ETIMEDOUT;

	n = recv(fd, line->text + line->len, line->cap - line->len,
		 MSG_DONTWAIT);
	if (n <= 0)
		return n < 0 ? -errno : -ECONNRESET;

	line->len += (size_t) n;
	return n;
}

/* Up to the end of the line, which becomes the end of the string. */
static int receive_line(int fd, struct line *line)
{
	int64_t until = now_ms() + TIMEOUT_MS;
	char *end = NULL;

	while (!end) {
		ssize_t n = receive_some(fd, line, until);

		if (n < 0)
			return (int) n;

		end = memchr(line->text + line->len - n, '\n', (size_t) n);
	}

	*end = '\0';
	return 0;
}

static int exchange(const char *path, const json_t *request, char **ret_line)
{
	struct line line = { 0 };
	int fd = connect_to(path);
	int err;

	if (fd < 0)
		return fd;

	err = send_request(fd, request);
	if (!err)
		err = receive_line(fd, &line);

	close(fd);
	if (err < 0)
		free(line.text);
	else
		*ret_line = line.text;

	return err;
}

/* Some errors come with more lines of them. */
static void print_error(json_t *answer)
{
	const json_t *line;
	size_t i;

	format_make_printable(answer);
	json_array_foreach(json_object_get(answer, "errors"), i, line)
		fprintf(stderr, "%s\n", format_text(line));

	fprintf(stderr, "anchorctl: anchord says: %s\n",
		format_string(answer, "error"));
}

static json_t *parse(const char *line)
{
	json_t *answer = json_loads(line, 0, NULL);

	if (!json_is_object(answer)) {
		fputs("anchorctl: the answer is not understood\n", stderr);
		json_decref(answer);
		return NULL;
	}

	if (!json_object_get(answer, "error"))
		return answer;

	print_error(answer);
	json_decref(answer);
	return NULL;
}

static void say_unreachable(const char *socket_path, int err)
{
	fprintf(stderr, "anchorctl: cannot reach anchord at %s: %s "
		"(is it running?)\n", socket_path, strerror(-err));
}

json_t *client_ask(const char *socket_path, const json_t *request)
{
	char *line;
	int err = exchange(socket_path, request, &line);
	json_t *answer;

	if (err < 0) {
		say_unreachable(socket_path, err);
		return NULL;
	}

	answer = parse(line);
	free(line);
	return answer;
}

/* Lines as they come; no end of them is waited for. */
static bool follow(int fd, bool (*cb)(json_t *line, void *data), void *data)
{
	FILE *in = fdopen(fd, "r");
	char *text = NULL;
	size_t cap = 0;
	bool good = in, more = true;

	if (!in)
		close(fd);

	while (good && more && getline(&text, &cap, in) > 0) {
		json_t *line = parse(text);

		good = line;
		more = line && cb(line, data);
		json_decref(line);
	}

	free(text);
	if (in)
		fclose(in);

	return good;
}

bool client_follow(const char *socket_path, const json_t *request,
		   bool (*cb)(json_t *line, void *data), void *data)
{
	int fd = connect_to(socket_path);
	int err = fd < 0 ? fd : send_request(fd, request);

	if (!err)
		return follow(fd, cb, data);

	say_unreachable(socket_path, err);
	if (fd >= 0)
		close(fd);

	return false;
}
