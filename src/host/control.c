/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The control socket: JSON objects, one a line.
 *
 * Requests are answered as they are read; answers leave as the client takes
 * them. What a client can make grow is bounded on both sides: a request by
 * the room for it, answers by what may wait unread.
 */
#include <errno.h>
#include <grp.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <ell/ell.h>

#include "host/control.h"

#define BACKLOG 16
#define ACCEPT_AGAIN_S 1

struct control {
	unsigned int clients_max;
	control_handler handler;
	void *data;
	char *path;
	bool has_group;
	struct l_io *io;
	struct l_timeout *accept_again;	/* has its descriptor in time */
	struct l_queue *clients;
	unsigned int monitors;
};

struct client {
	struct control *control;
	struct l_io *io;
	struct l_idle *drop;	/* it is going */
	char in[CONTROL_REQUEST_MAX];
	size_t in_len;
	char *out;
	size_t out_len, out_sent, out_cap;
	uint64_t missed;	/* news that it did not read in time */
	bool monitor;		/* it wants news */
	bool closing;		/* after what is unsent has left */
};

static void client_free(void *data)
{
	struct client *client = data;

	client->control->monitors -= client->monitor;
	/* l_io_destroy() would call it. */
	l_io_set_disconnect_handler(client->io, NULL, NULL, NULL);
	l_io_destroy(client->io);
	l_idle_remove(client->drop);
	free(client->out);
	l_free(client);
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

	l_io_set_read_handler(client->io, NULL, NULL, NULL);
	l_io_set_write_handler(client->io, NULL, NULL, NULL);
	client->drop = l_idle_create(on_drop, client, NULL);
}

/* False: the client is gone or takes nothing any more. */
static bool send_some(struct client *client)
{
	int fd = l_io_get_fd(client->io);

	while (client->out_sent < client->out_len) {
		ssize_t n = send(fd, client->out + client->out_sent,
				 client->out_len - client->out_sent,
				 MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0)
			return errno == EAGAIN || errno == EINTR;

		client->out_sent += (size_t) n;
	}

	client->out_len = client->out_sent = 0;
	return true;
}

static bool on_writable(struct l_io *io, void *data)
{
	struct client *client = data;

	if (!send_some(client) || (client->closing && !client->out_len)) {
		client_drop(client);
		return false;
	}

	return client->out_len > 0;
}

/* What was sent leaves, so that only what is unread counts. */
static bool reserve(struct client *client, size_t more)
{
	size_t cap = client->out_cap ? client->out_cap : 4096;
	char *grown;

	if (client->out_sent) {
		client->out_len -= client->out_sent;
		memmove(client->out, client->out + client->out_sent,
			client->out_len);
		client->out_sent = 0;
	}

	if (client->out_len + more > CONTROL_UNREAD_MAX)
		return false;

	while (cap < client->out_len + more)
		cap *= 2;

	if (cap == client->out_cap)
		return true;

	grown = realloc(client->out, cap);
	if (!grown)
		return false;

	client->out = grown;
	client->out_cap = cap;
	return true;
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

/* False: the client does not read, or there is no memory. */
static bool answer_error(struct client *client, const char *error)
{
	char line[128];
	int len = snprintf(line, sizeof(line), "{\"error\":\"%s\"}", error);

	return queue_line(client, line, (size_t) len);
}

/* Takes the reference; returns as answer_error(). */
static bool answer(struct client *client, json_t *object)
{
	char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;
	size_t len = text ? strlen(text) : 0;
	bool good = false;

	if (len >= CONTROL_UNREAD_MAX)
		good = answer_error(client, "the answer is too long");
	else if (text)
		good = queue_line(client, text, len);

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

	return control->handler(request, control->data);
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

static bool handle_lines(struct client *client)
{
	char *end;

	while (!client->closing &&
	       (end = memchr(client->in, '\n', client->in_len))) {
		size_t len = (size_t) (end - client->in);

		if (!handle_line(client, client->in, len))
			return false;

		client->in_len -= len + 1;
		memmove(client->in, end + 1, client->in_len);
	}

	if (client->in_len < sizeof(client->in))
		return true;

	client->closing = true;
	return answer_error(client, "the request is too long");
}

static bool read_some(struct client *client)
{
	ssize_t n = recv(l_io_get_fd(client->io),
			 client->in + client->in_len,
			 sizeof(client->in) - client->in_len, MSG_DONTWAIT);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR;

	if (!n) {
		client->closing = true;
		return true;
	}

	client->in_len += (size_t) n;
	return handle_lines(client);
}

static bool on_readable(struct l_io *io, void *data)
{
	struct client *client = data;

	if (!read_some(client) || !send_some(client) ||
	    (client->closing && !client->out_len)) {
		client_drop(client);
		return false;
	}

	if (client->out_len)
		l_io_set_write_handler(io, on_writable, client, NULL);

	/* Half-closed, or talking nonsense: only the answers are left. */
	return !client->closing;
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

struct bulletin {
	const char *text;
	size_t len;
};

static void tell_news(void *data, void *user_data)
{
	const struct bulletin *bulletin = user_data;
	struct client *client = data;
	size_t unread = client->out_len - client->out_sent;

	if (!client->monitor || client->drop)
		return;

	if (unread + bulletin->len > CONTROL_NEWS_MAX) {
		client->missed++;
		return;
	}

	if ((client->missed && !tell_missed(client)) ||
	    !queue_line(client, bulletin->text, bulletin->len) ||
	    !send_some(client))
		client_drop(client);
	else if (client->out_len)
		l_io_set_write_handler(client->io, on_writable, client, NULL);
}

void control_publish(struct control *control, const json_t *news)
{
	struct bulletin bulletin;
	char *text = json_dumps(news, JSON_COMPACT);

	if (!text)
		return;

	bulletin = (struct bulletin) { text, strlen(text) };
	l_queue_foreach(control->clients, tell_news, &bulletin);
	free(text);
}

bool control_is_watched(const struct control *control)
{
	return control && control->monitors;
}

static void on_disconnect(struct l_io *io, void *data)
{
	client_drop(data);
}

/*
 * The file's mode decides who may connect, and members of a configured group
 * are known to nobody else. Without a group it is ours and root's alone, and
 * stays so if somebody changes the mode.
 */
static bool is_welcome(const struct control *control, int fd)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	if (control->has_group)
		return true;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0)
		return false;

	return peer.uid == 0 || peer.uid == geteuid();
}

static void turn_away(int fd, const char *words)
{
	if (send(fd, words, strlen(words), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		l_debug("a client left before it was turned away");

	close(fd);
}

/* ELL 0.56 watches no descriptor above 127, however many there may be. */
static void add_client(struct control *control, int fd)
{
	struct l_io *io = NULL;
	struct client *client;

	if (l_queue_length(control->clients) < control->clients_max)
		io = l_io_new(fd);

	if (!io) {
		turn_away(fd, "{\"error\":\"too many clients\"}\n");
		return;
	}

	client = l_new(struct client, 1);
	client->control = control;
	client->io = io;
	l_io_set_close_on_destroy(io, true);
	l_io_set_read_handler(io, on_readable, client, NULL);
	l_io_set_disconnect_handler(io, on_disconnect, client, NULL);
	l_queue_push_tail(control->clients, client);
}

static bool on_connect(struct l_io *io, void *data);

static void on_accept_again(struct l_timeout *timeout, void *data)
{
	struct control *control = data;

	l_io_set_read_handler(control->io, on_connect, control, NULL);
}

/*
 * Without a free descriptor the next client stays where it is, and the
 * socket readable: looking again at once would be all that we do. Returns
 * whether to go on accepting.
 */
static bool accept_failed(struct control *control, int error)
{
	if (error == EAGAIN || error == EINTR || error == ECONNABORTED)
		return true;

	l_warn("control socket: cannot accept a client: %s", strerror(error));
	l_timeout_modify(control->accept_again, ACCEPT_AGAIN_S);
	return false;
}

static bool on_connect(struct l_io *io, void *data)
{
	struct control *control = data;
	int fd = accept4(l_io_get_fd(io), NULL, NULL,
			 SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return accept_failed(control, errno);

	if (is_welcome(control, fd))
		add_client(control, fd);
	else
		turn_away(fd, "{\"error\":\"not permitted\"}\n");

	return true;
}

/* (gid_t) -1 if none is configured. */
static int find_group(const char *name, gid_t *ret_gid)
{
	const struct group *group;

	*ret_gid = (gid_t) -1;
	if (!name || !*name)
		return 0;

	errno = 0;
	group = getgrnam(name);
	if (!group)
		return errno ? -errno : -ENOENT;

	*ret_gid = group->gr_gid;
	return 0;
}

/* Whatever the umask: the group must be able to reach the socket. */
static int make_folder(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *folder;
	int err = 0;

	if (!slash || slash == path)
		return 0;

	folder = l_strndup(path, (size_t) (slash - path));
	if (!mkdir(folder, 0755))
		err = chmod(folder, 0755) < 0 ? -errno : 0;
	else if (errno != EEXIST)
		err = -errno;

	l_free(folder);
	return err;
}

/*
 * A socket at which nobody listens was left behind by a crash. To connect()
 * every other file looks the same, so what is no socket stays.
 */
static int remove_stale(const struct sockaddr_un *addr)
{
	struct stat status;
	int err = 0;
	int fd;

	if (lstat(addr->sun_path, &status) < 0)
		return errno == ENOENT ? 0 : -errno;

	if (!S_ISSOCK(status.st_mode))
		return -EEXIST;

	/* Not to wait for a live one whose backlog is full. */
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;

	if (!connect(fd, (const struct sockaddr *) addr, sizeof(*addr)))
		err = -EADDRINUSE;
	else if (errno != ECONNREFUSED)
		err = errno == EAGAIN ? -EADDRINUSE : -errno;
	else if (unlink(addr->sun_path) < 0)
		err = -errno;

	close(fd);
	return err;
}

/* Made for us alone; the group is let in before anybody can connect. */
static int bind_private(int fd, const struct sockaddr_un *addr, gid_t gid)
{
	mode_t mask = umask(0177);
	int err = bind(fd, (const struct sockaddr *) addr,
		       sizeof(*addr)) < 0 ? -errno : 0;

	umask(mask);
	if (err < 0)
		return err;

	if (gid != (gid_t) -1 &&
	    (chown(addr->sun_path, (uid_t) -1, gid) < 0 ||
	     chmod(addr->sun_path, 0660) < 0))
		err = -errno;

	if (!err && listen(fd, BACKLOG) < 0)
		err = -errno;

	if (err < 0)
		unlink(addr->sun_path);

	return err;
}

static int listen_at(const struct control_options *options)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	gid_t gid;
	int err;
	int fd;

	if (strlen(options->path) >= sizeof(addr.sun_path))
		return -ENAMETOOLONG;

	strcpy(addr.sun_path, options->path);
	err = find_group(options->group, &gid);
	if (!err)
		err = make_folder(options->path);

	if (!err)
		err = remove_stale(&addr);

	if (err < 0)
		return err;

	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;

	err = bind_private(fd, &addr, gid);
	if (err < 0) {
		close(fd);
		return err;
	}

	return fd;
}

int control_new(const struct control_options *options,
		struct control **ret_control)
{
	struct control *control;
	int fd = listen_at(options);

	if (fd < 0)
		return fd;

	control = l_new(struct control, 1);
	control->clients_max = options->clients;
	control->handler = options->handler;
	control->data = options->data;
	control->has_group = options->group && *options->group;
	control->path = l_strdup(options->path);
	control->clients = l_queue_new();
	control->accept_again = l_timeout_create(0, on_accept_again, control,
						 NULL);
	control->io = l_io_new(fd);
	if (!control->accept_again || !control->io) {
		control_free(control);
		close(fd);
		return -EIO;
	}

	l_io_set_close_on_destroy(control->io, true);
	l_io_set_read_handler(control->io, on_connect, control, NULL);
	*ret_control = control;
	return 0;
}

void control_free(struct control *control)
{
	if (!control)
		return;

	/* While we listen, the file cannot be another's that replaced ours. */
	unlink(control->path);
	l_timeout_remove(control->accept_again);
	l_queue_destroy(control->clients, client_free);
	l_io_destroy(control->io);
	l_free(control->path);
	l_free(control);
}
