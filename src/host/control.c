/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The control socket: JSON objects, one a line. Who is let in, and how many;
 * the rest is client.c's.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <ell/ell.h>

#include "host/control-private.h"

#define BACKLOG 16
#define ACCEPT_AGAIN_S 1
#define PATIENCE_MS 10000

struct bulletin {
	const char *text;
	size_t len;
};

static void tell_news(void *data, void *user_data)
{
	const struct bulletin *bulletin = user_data;

	client_tell(data, bulletin->text, bulletin->len);
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

void control_rest(struct control *control, struct client *client, int64_t us)
{
	if (us < 1000)
		return;

	l_queue_remove(control->clients, client);
	l_queue_push_tail(control->clients, client);
	control->resting = true;
	l_timeout_modify_ms(control->rest, (uint64_t) us / 1000);
}

static void go_on(void *data, void *user_data)
{
	client_go_on(data);
}

static void on_rested(struct l_timeout *timeout, void *data)
{
	struct control *control = data;

	control->resting = false;
	l_queue_foreach(control->clients, go_on, NULL);
}

bool control_is_watched(const struct control *control)
{
	return control && control->monitors;
}

static void turn_away(int fd, const char *words)
{
	if (send(fd, words, strlen(words), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		l_debug("a client left before it was turned away");

	close(fd);
}

/* One place is left for whoever sees to it that the others are used well. */
static bool has_place(const struct control *control, enum access access)
{
	unsigned int n = l_queue_length(control->clients);
	unsigned int max = control->clients_max;

	if (access == ACCESS_LOOK && max > 1)
		max--;

	return n < max;
}

/* ELL 0.56 watches no descriptor above 127, however many there may be. */
static void add_client(struct control *control, int fd, enum access access)
{
	struct l_io *io = NULL;

	if (has_place(control, access))
		io = l_io_new(fd);

	if (!io) {
		turn_away(fd, "{\"error\":\"too many clients\"}\n");
		return;
	}

	if (l_queue_isempty(control->clients))
		l_timeout_modify_ms(control->look, control->patience_ms);

	client_new(control, io, access);
}

static void look_at(void *data, void *user_data)
{
	client_look(data);
}

static void on_look(struct l_timeout *timeout, void *data)
{
	struct control *control = data;

	l_queue_foreach(control->clients, look_at, NULL);
	if (!l_queue_isempty(control->clients))
		l_timeout_modify_ms(timeout, control->patience_ms);
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
	enum access access;

	if (fd < 0)
		return accept_failed(control, errno);

	access = access_of(fd, control->group);
	if (access == ACCESS_NONE)
		turn_away(fd, "{\"error\":\"not permitted\"}\n");
	else
		add_client(control, fd, access);

	return true;
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

	if (gid != ACCESS_NO_GROUP &&
	    (chown(addr->sun_path, (uid_t) -1, gid) < 0 ||
	     chmod(addr->sun_path, 0660) < 0))
		err = -errno;

	if (!err && listen(fd, BACKLOG) < 0)
		err = -errno;

	if (err < 0)
		unlink(addr->sun_path);

	return err;
}

static int listen_at(const struct control_options *options, gid_t group)
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

	err = bind_private(fd, &addr, group);
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
	gid_t group;
	int err = access_find_group(options->group, &group);
	int fd = err < 0 ? err : listen_at(options, group);

	if (fd < 0)
		return fd;

	control = l_new(struct control, 1);
	control->clients_max = options->clients;
	control->handler = options->handler;
	control->data = options->data;
	control->group = group;
	control->room = CONTROL_ROOM;
	control->patience_ms = options->patience_ms ?: PATIENCE_MS;
	control->path = l_strdup(options->path);
	control->clients = l_queue_new();
	control->accept_again = l_timeout_create(0, on_accept_again, control,
						 NULL);
	control->look = l_timeout_create(0, on_look, control, NULL);
	control->rest = l_timeout_create(0, on_rested, control, NULL);
	control->io = l_io_new(fd);
	if (!control->accept_again || !control->look || !control->rest ||
	    !control->io) {
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
	l_timeout_remove(control->look);
	l_timeout_remove(control->rest);
	l_queue_destroy(control->clients, client_free);
	l_io_destroy(control->io);
	l_free(control->path);
	l_free(control);
}
