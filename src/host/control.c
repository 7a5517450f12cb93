/* SPDX-License-Identifier: BSD-3-Clause */
/* The control socket: JSON objects, one a line. */
#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <ell/ell.h>

#include "host/control.h"

#define BACKLOG 16

struct control {
	struct control_options options;
	char *path;
	struct l_io *io;
	struct l_queue *clients;
};

struct client {
	struct control *control;
	struct l_io *io;
	struct l_idle *drop;	/* it is going */
	char in[CONTROL_REQUEST_MAX];
	size_t in_len;
	char *out;
	size_t out_len, out_sent, out_cap;
	bool closing;		/* after what is unsent has left */
};

static void client_free(void *data)
{
	struct client *client = data;

	l_idle_remove(client->drop);
	l_io_destroy(client->io);
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

static bool reserve(struct client *client, size_t more)
{
	size_t cap = client->out_cap ? client->out_cap : 4096;
	char *grown;

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

/* Takes the reference. False: the client does not read, or no memory. */
static bool answer(struct client *client, json_t *object)
{
	char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;
	size_t len = text ? strlen(text) : 0;
	bool good = text && reserve(client, len + 1);

	if (good) {
		memcpy(client->out + client->out_len, text, len);
		client->out[client->out_len + len] = '\n';
		client->out_len += len + 1;
	}

	free(text);
	json_decref(object);
	return good;
}

static json_t *error_object(const char *error)
{
	return json_pack("{s:s}", "error", error);
}

/* A line that is no JSON object ends the conversation. */
static bool handle_line(struct client *client, const char *line, size_t len)
{
	struct control *control = client->control;
	json_t *request = json_loadb(line, len, 0, NULL);
	json_t *reply;

	if (json_is_object(request)) {
		reply = control->options.handler(request,
						 control->options.data);
	} else {
		reply = error_object("not a JSON object");
		client->closing = true;
	}

	json_decref(request);
	return answer(client, reply);
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
	return answer(client, error_object("the request is too long"));
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

static void on_disconnect(struct l_io *io, void *data)
{
	client_drop(data);
}

/*
 * The socket's mode lets in root, our own user and the configured group; a
 * process that was given the descriptor by one of these is welcome too.
 */
static void add_client(struct control *control, int fd)
{
	struct client *client = l_new(struct client, 1);

	client->control = control;
	client->io = l_io_new(fd);
	l_io_set_close_on_destroy(client->io, true);
	l_io_set_read_handler(client->io, on_readable, client, NULL);
	l_io_set_disconnect_handler(client->io, on_disconnect, client, NULL);
	l_queue_push_tail(control->clients, client);
}

static void turn_away(int fd)
{
	static const char words[] = "{\"error\":\"too many clients\"}\n";

	if (send(fd, words, sizeof(words) - 1,
		 MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		l_debug("a client left before it was turned away");

	close(fd);
}

static bool on_connect(struct l_io *io, void *data)
{
	struct control *control = data;
	int fd = accept4(l_io_get_fd(io), NULL, NULL,
			 SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return true;

	if (l_queue_length(control->clients) >= control->options.clients)
		turn_away(fd);
	else
		add_client(control, fd);

	return true;
}

static int find_group(const char *name, gid_t *ret_gid)
{
	const struct group *group;

	if (!name || !*name)
		return 0;

	group = getgrnam(name);
	if (!group)
		return -ENOENT;

	*ret_gid = group->gr_gid;
	return 1;
}

static int make_folder(const char *path)
{
	char *folder = l_strdup(path);
	char *slash = strrchr(folder, '/');
	int err = 0;

	if (slash && slash != folder) {
		*slash = '\0';
		if (mkdir(folder, 0755) < 0 && errno != EEXIST)
			err = -errno;
	}

	l_free(folder);
	return err;
}

/* A file at which nobody listens was left behind by a crash. */
static int remove_stale(const struct sockaddr_un *addr)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int err = 0;

	if (fd < 0)
		return -errno;

	if (!connect(fd, (const struct sockaddr *) addr, sizeof(*addr)))
		err = -EADDRINUSE;
	else if (errno == ECONNREFUSED && unlink(addr->sun_path) < 0)
		err = -errno;

	close(fd);
	return err;
}

/* Made for us alone; the group is let in before anybody can connect. */
static int bind_private(int fd, const struct sockaddr_un *addr,
			const char *group)
{
	mode_t mask = umask(0177);
	int err = bind(fd, (const struct sockaddr *) addr,
		       sizeof(*addr)) < 0 ? -errno : 0;
	gid_t gid = 0;

	umask(mask);
	if (err < 0)
		return err;

	err = find_group(group, &gid);
	if (err > 0 && (chown(addr->sun_path, (uid_t) -1, gid) < 0 ||
			chmod(addr->sun_path, 0660) < 0))
		err = -errno;

	if (err >= 0 && listen(fd, BACKLOG) < 0)
		err = -errno;

	if (err < 0)
		unlink(addr->sun_path);

	return err < 0 ? err : 0;
}

static int listen_at(const struct control_options *options)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int err;
	int fd;

	if (strlen(options->path) >= sizeof(addr.sun_path))
		return -ENAMETOOLONG;

	strcpy(addr.sun_path, options->path);
	err = make_folder(options->path);
	if (!err)
		err = remove_stale(&addr);

	if (err < 0)
		return err;

	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;

	err = bind_private(fd, &addr, options->group);
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
	control->options = *options;
	control->path = l_strdup(options->path);
	control->clients = l_queue_new();
	control->io = l_io_new(fd);
	l_io_set_close_on_destroy(control->io, true);
	l_io_set_read_handler(control->io, on_connect, control, NULL);
	*ret_control = control;
	return 0;
}

void control_free(struct control *control)
{
	if (!control)
		return;

	l_queue_destroy(control->clients, client_free);
	l_io_destroy(control->io);
	unlink(control->path);
	l_free(control->path);
	l_free(control);
}
