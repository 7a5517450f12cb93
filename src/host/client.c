/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One client of the control socket.
 *
 * After whatever has happened, advance() says what comes next: another of
 * its requests has its turn, or more of them are read, or answers leave, or
 * it goes. What it can make grow is bounded on both sides: requests by the
 * room for one, answers because none is made while others wait.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "host/control-private.h"

#define OUT_MIN 4096
#define OUT_STEP (1u << 20)
#define OUT_KEPT (64u << 10)

struct client {
	struct control *control;
	enum access access;
	struct l_io *io;
	struct l_idle *turn;	/* a request waits for it */
	struct l_idle *drop;	/* it is going */
	char in[CONTROL_REQUEST_MAX];
	size_t in_len;
	char *out;
	size_t out_len, out_sent, out_cap;
	uint64_t sent, sent_before;	/* in all; when last looked at */
	uint64_t missed;	/* news that it did not read in time */
	bool monitor;		/* it wants news */
	bool ended;		/* it says no more */
	bool closing;		/* we hear no more, and answers are left */
};

static size_t unread(const struct client *client)
{
	return client->out_len - client->out_sent;
}

static void free_out(struct client *client)
{
	free(client->out);
	client->control->room += client->out_cap;
	client->out = NULL;
	client->out_cap = 0;
}

void client_free(void *data)
{
	struct client *client = data;

	client->control->monitors -= client->monitor;
	/* l_io_destroy() would call it. */
	l_io_set_disconnect_handler(client->io, NULL, NULL, NULL);
	l_io_destroy(client->io);
	l_idle_remove(client->turn);
	l_idle_remove(client->drop);
	free_out(client);
	l_free(client);
}

static void on_turn(struct l_idle *idle, void *data);

/*
 * Kept while it is wanted: a new one would still have its turn in this turn
 * of the loop, if made by the old one.
 */
static void set_turn(struct client *client, bool wanted)
{
	if (wanted && !client->turn) {
		client->turn = l_idle_create(on_turn, client, NULL);
	} else if (!wanted) {
		l_idle_remove(client->turn);
		client->turn = NULL;
	}
}

static void on_drop(struct l_idle *idle, void *data)
{
	struct client *client = data;

	l_queue_remove(client->control->clients, client);
	client_free(client);
}

/* Not at once: an l_io must outlive the handlers it calls. */
static void client_drop(struct client *client)
{
	if (client->drop)
		return;

	set_turn(client, false);
	l_io_set_read_handler(client->io, NULL, NULL, NULL);
	l_io_set_write_handler(client->io, NULL, NULL, NULL);
	client->drop = l_idle_create(on_drop, client, NULL);
}

/* False: the client is gone or takes nothing any more. */
static bool send_some(struct client *client)
{
	int fd = l_io_get_fd(client->io);

	while (unread(client)) {
		ssize_t n = send(fd, client->out + client->out_sent,
				 unread(client), MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0)
			return errno == EAGAIN || errno == EINTR;

		client->out_sent += (size_t) n;
		client->sent += (uint64_t) n;
	}

	client->out_len = client->out_sent = 0;
	if (client->out_cap > OUT_KEPT)
		free_out(client);

	return true;
}

static bool resize(struct client *client, size_t cap)
{
	struct control *control = client->control;
	char *grown;

	if (cap - client->out_cap > control->room)
		return false;

	grown = realloc(client->out, cap);
	if (!grown)
		return false;

	control->room -= cap - client->out_cap;
	client->out = grown;
	client->out_cap = cap;
	return true;
}

/* What was sent leaves, so that only what is unread counts. */
static bool reserve(struct client *client, size_t more)
{
	size_t cap = client->out_cap ? client->out_cap : OUT_MIN;

	if (client->out_sent) {
		client->out_len -= client->out_sent;
		memmove(client->out, client->out + client->out_sent,
			client->out_len);
		client->out_sent = 0;
	}

	while (cap < client->out_len + more)
		cap += cap < OUT_STEP ? cap : OUT_STEP;

	return cap == client->out_cap || resize(client, cap);
}

static bool queue_line(struct client *client, const char *text, size_t len)
{
	if (!reserve(client, len + 1))
		return false;

	memcpy(client->out + client->out_len, text, len);
	client->out[client->out_len + len] = '\n';
	client->out_len += len + 1;
	return true;
}

/* False: there is no memory, as in all of these. */
static bool answer_error(struct client *client, const char *error)
{
	char line[128];
	int len = snprintf(line, sizeof(line), "{\"error\":\"%s\"}", error);

	return queue_line(client, line, (size_t) len);
}

/* Takes the reference. */
static bool answer(struct client *client, json_t *object)
{
	char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;
	size_t len = text ? strlen(text) : 0;
	bool good = false;

	if (len >= CONTROL_ANSWER_MAX)
		good = answer_error(client, "the answer is too long");
	else if (text)
		good = queue_line(client, text, len) ||
			answer_error(client, "too many answers wait to be "
				     "read");

	free(text);
	json_decref(object);
	return good;
}

static json_t *start_monitor(struct client *client)
{
	client->control->monitors += !client->monitor;
	client->monitor = true;
	return json_pack("{s:b}", "monitor", 1);
}

static json_t *handle_request(struct client *client, const json_t *request)
{
	const struct control *control = client->control;
	const json_t *command = json_object_get(request, "command");

	if (json_is_string(command) &&
	    !strcmp(json_string_value(command), "monitor"))
		return start_monitor(client);

	return control->handler(request, client->access, control->data);
}

/* A line that is no JSON object ends the conversation. */
static bool handle_line(struct client *client, const char *line, size_t len)
{
	json_t *request = json_loadb(line, len, 0, NULL);
	bool good;

	if (json_is_object(request)) {
		good = answer(client, handle_request(client, request));
	} else {
		client->closing = true;
		good = answer_error(client, "not a JSON object");
	}

	json_decref(request);
	return good;
}

static bool has_line(const struct client *client)
{
	return client->in_len == sizeof(client->in) ||
		memchr(client->in, '\n', client->in_len);
}

static bool may_answer(const struct client *client)
{
	return has_line(client) && unread(client) < CONTROL_WAITING_MAX &&
		!client->control->resting;
}

static int64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t) now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* The first of its requests. */
static bool take_turn(struct client *client)
{
	char *end = memchr(client->in, '\n', client->in_len);
	int64_t start = now_us();
	size_t len;

	if (!end) {
		client->closing = true;
		return answer_error(client, "the request is too long");
	}

	len = (size_t) (end - client->in);
	if (!handle_line(client, client->in, len))
		return false;

	client->in_len -= len + 1;
	memmove(client->in, end + 1, client->in_len);
	control_rest(client->control, client, now_us() - start);
	return true;
}

static bool on_readable(struct l_io *io, void *data);
static bool on_writable(struct l_io *io, void *data);

static bool is_done(const struct client *client)
{
	return !unread(client) && (client->closing || client->ended);
}

/* Nothing is read ahead of the request whose turn it is, not even the end. */
static bool wants_more(const struct client *client)
{
	return !client->closing && !client->ended && !has_line(client);
}

/* All handlers end here, and may not use the client afterwards. */
static void advance(struct client *client)
{
	if (client->drop)
		return;

	if (!send_some(client) || is_done(client)) {
		client_drop(client);
		return;
	}

	set_turn(client, !client->closing && may_answer(client));
	l_io_set_read_handler(client->io,
			      wants_more(client) ? on_readable : NULL,
			      client, NULL);
	l_io_set_write_handler(client->io,
			       unread(client) ? on_writable : NULL,
			       client, NULL);
}

static void on_turn(struct l_idle *idle, void *data)
{
	struct client *client = data;

	/* Since it was to have it, another's may have taken long. */
	if (!may_answer(client) || take_turn(client))
		advance(client);
	else
		client_drop(client);
}

void client_go_on(struct client *client)
{
	advance(client);
}

static bool on_writable(struct l_io *io, void *data)
{
	advance(data);
	return true;
}

static bool read_some(struct client *client)
{
	ssize_t n = recv(l_io_get_fd(client->io),
			 client->in + client->in_len,
			 sizeof(client->in) - client->in_len, MSG_DONTWAIT);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR;

	client->ended = !n;
	client->in_len += (size_t) n;
	return !may_answer(client) || take_turn(client);
}

static bool on_readable(struct l_io *io, void *data)
{
	struct client *client = data;

	if (read_some(client))
		advance(client);
	else
		client_drop(client);

	return true;
}

static bool tell_missed(struct client *client)
{
	char line[64];
	int len = snprintf(line, sizeof(line),
			   "{\"event\":\"missed\",\"count\":%" PRIu64 "}",
			   client->missed);

	client->missed = 0;
	return queue_line(client, line, (size_t) len);
}

void client_tell(struct client *client, const char *text, size_t len)
{
	if (!client->monitor || client->closing || client->ended ||
	    client->drop)
		return;

	if (unread(client) + len > CONTROL_NEWS_MAX) {
		client->missed++;
		return;
	}

	if ((client->missed && !tell_missed(client)) ||
	    !queue_line(client, text, len))
		client_drop(client);
	else
		advance(client);
}

/* One that watches may pause: it misses news, and no more waits than that. */
void client_look(struct client *client)
{
	size_t waiting = unread(client);
	bool reads = client->sent != client->sent_before;

	client->sent_before = client->sent;
	if (waiting && !reads &&
	    !(client->monitor && waiting <= CONTROL_NEWS_MAX))
		client_drop(client);
}

static void on_disconnect(struct l_io *io, void *data)
{
	client_drop(data);
}

void client_new(struct control *control, struct l_io *io, enum access access)
{
	struct client *client = l_new(struct client, 1);

	client->control = control;
	client->access = access;
	client->io = io;
	l_io_set_close_on_destroy(io, true);
	l_io_set_disconnect_handler(io, on_disconnect, client, NULL);
	l_queue_push_tail(control->clients, client);
	advance(client);
}
