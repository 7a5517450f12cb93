/* SPDX-License-Identifier: BSD-3-Clause */
/* One question to the daemon, one answer. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "ctl/client.h"

#define TIMEOUT_S 10
#define ANSWER_MAX (64u << 20)

static int connect_to(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct timeval timeout = { .tv_sec = TIMEOUT_S };
	int fd;

	if (strlen(path) >= sizeof(addr.sun_path))
		return -ENAMETOOLONG;

	strcpy(addr.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;

	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout,
		       sizeof(timeout)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout,
		       sizeof(timeout)) < 0 ||
	    connect(fd, (struct sockaddr *) &addr, sizeof(addr)) < 0) {
		int err = -errno;

		close(fd);
		return err;
	}

	return fd;
}

static int send_request(int fd, const char *command)
{
	json_t *request = json_pack("{s:s}", "command", command);
	char *text = request ? json_dumps(request, JSON_COMPACT) : NULL;
	char *line = NULL;
	int err = -ENOMEM;

	if (text && asprintf(&line, "%s\n", text) >= 0) {
		size_t len = strlen(line);

		err = send(fd, line, len, MSG_NOSIGNAL) == (ssize_t) len ?
			0 : -EPIPE;
		free(line);
	}

	free(text);
	json_decref(request);
	return err;
}

/* Up to the end of the line. */
static int receive_line(FILE *in, char **ret_line)
{
	char *line = NULL;
	size_t cap = 0;
	ssize_t len;

	errno = 0;
	len = getline(&line, &cap, in);
	if (len > 0 && len <= ANSWER_MAX && line[len - 1] == '\n') {
		*ret_line = line;
		return 0;
	}

	free(line);
	return errno == EAGAIN ? -ETIMEDOUT : -EPIPE;
}

static int exchange(const char *path, const char *command, char **ret_line)
{
	int fd = connect_to(path);
	FILE *in;
	int err;

	if (fd < 0)
		return fd;

	in = fdopen(fd, "r");
	if (!in) {
		close(fd);
		return -ENOMEM;
	}

	err = send_request(fd, command);
	if (!err)
		err = receive_line(in, ret_line);

	fclose(in);
	return err;
}

static json_t *parse(const char *line)
{
	json_t *answer = json_loads(line, 0, NULL);
	const char *error;

	if (!json_is_object(answer)) {
		fputs("anchorctl: the answer is not understood\n", stderr);
		json_decref(answer);
		return NULL;
	}

	error = json_string_value(json_object_get(answer, "error"));
	if (!error)
		return answer;

	fprintf(stderr, "anchorctl: anchord says: %s\n", error);
	json_decref(answer);
	return NULL;
}

json_t *client_ask(const char *socket_path, const char *command)
{
	char *line;
	int err = exchange(socket_path, command, &line);
	json_t *answer;

	if (err < 0) {
		fprintf(stderr, "anchorctl: cannot reach anchord at %s: %s "
			"(is it running?)\n", socket_path, strerror(-err));
		return NULL;
	}

	answer = parse(line);
	free(line);
	return answer;
}
