/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The control socket and the questions that need no kernel, on ELL's loop.
 * The input is what a few clients do, a line each; the digit says which:
 *
 *	c0		connects
 *	s0 TEXT		sends TEXT as a line
 *	p0 TEXT		sends TEXT, and no end of a line
 *	x0 N		sends N times 256 letters
 *	h0		half-closes
 *	e0		ends
 *	r0		reads what there is
 *	n		news are published
 *
 * Every client that stays is answered each of its lines, in whole lines that
 * are objects, until it sends one that is not; watchers are told all news.
 */
#include <errno.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "fuzz/fuzz.h"
#include "host/control.h"
#include "host/engine-private.h"
#include "util/addrtext.h"

#define CLIENTS 4
#define CLIENTS_MAX 3		/* that the socket takes */
#define PATIENCE 100000		/* turns of the loop */

extern const struct anchor_policy anchor_policy;

struct client {
	int fd;			/* or -1 */
	bool admitted;
	bool ended;		/* the other end has */
	bool closing;		/* it ought to end */
	bool asks_to_watch, watches;
	char line[CONTROL_REQUEST_MAX];	/* of what was sent */
	size_t len;
	char *heard;		/* what is no whole line yet */
	size_t heard_len;
	size_t asked, answered;
	size_t published, news;
};

struct run {
	const char *path;
	struct control *control;
	struct engine engine;
	struct core_config config;
	struct client clients[CLIENTS];
};

/* Where the socket is; the folder goes when the program does. */
static char folder[] = "/tmp/anchor-fuzz-XXXXXX";
static char path[sizeof(folder) + sizeof("/socket")];

static void remove_folder(void)
{
	unlink(path);
	rmdir(folder);
}

static void turn(void)
{
	for (int i = 0; i < 3; i++)
		l_main_iterate(0);
}

/* As the daemon does, without what reads sockets of the kernel. */
static json_t *on_request(const json_t *request, enum access access,
			  void *data)
{
	struct run *run = data;
	const char *command = json_string_value(json_object_get(request,
								"command"));

	if (!command)
		return json_pack("{s:s}", "error", "no command");

	if (!strcmp(command, "explain"))
		return engine_explain(&run->engine, request);

	if (!strcmp(command, "links") ||
	    ((!strcmp(command, "connections") || !strcmp(command, "paths")) &&
	     !json_object_get(request, "samples")))
		return engine_report(&run->engine, request);

	return json_pack("{s:o}", "error",
			 json_sprintf("unknown command \"%s\"", command));
}

static struct anchor_addr addr_of(const char *text)
{
	struct anchor_addr addr;

	require(!addrtext_parse(text, &addr));
	return addr;
}

static struct links *make_links(const struct config *config)
{
	const struct rtnl_link links[] = {
		{ .ifindex = 1, .name = "lo", .loopback = true, .up = true },
		{ .ifindex = 2, .name = "eth1", .up = true, .carrier = true },
		{ .ifindex = 3, .name = "eth\xff", .up = true },
	};
	const struct rtnl_address addresses[] = {
		{ 1, addr_of("10.255.0.2"), 32, true, true },
		{ 2, addr_of("10.1.2.2"), 24, true, true },
		{ 2, addr_of("fd00:1:2::2"), 64, true, true },
		{ 3, addr_of("10.2.2.2"), 24, true, true },
	};
	const struct links_input input = {
		links, L_ARRAY_SIZE(links), addresses, L_ARRAY_SIZE(addresses),
	};
	struct links_seats seats = { 0 };
	struct links *ret_links;

	require(!links_build(&input, config, &seats, &ret_links));
	return ret_links;
}

static void add_connection(struct run *run)
{
	struct core_event event = {
		.type = CORE_EVENT_ESTABLISHED,
		.known = CORE_KNOWN_ROLE,
		.token = 0x7f0ada93,
		.local = { addr_of("10.255.0.2"), 5000 },
		.remote = { addr_of("10.255.0.1"), 40000 },
		.role = ANCHOR_ROLE_SERVER,
	};

	require(!core_handle(run->engine.core, engine_now(), &event));
	event.type = CORE_EVENT_ANNOUNCED;
	event.remote_id = 1;
	event.remote = (struct anchor_endpoint) { addr_of("10.1.1.2"), 7001 };
	require(!core_handle(run->engine.core, engine_now(), &event));
}

static void make_engine(struct run *run, const struct core_rule *rule)
{
	struct core_host host;

	run->config = (struct core_config) {
		.limits = { 10, 8, 8 },
		.rules = rule, .n_rules = 1,
	};
	run->engine.core = core_new(&run->config, 1);
	require(run->engine.core);
	links_to_core(run->engine.links, run->engine.locals, &host);
	require(!core_set_host(run->engine.core, engine_now(), &host));
	add_connection(run);
}

/* What the socket makes of a line. */
static void expect_answer(struct run *run, struct client *client)
{
	json_t *request = json_loadb(client->line, client->len, 0, NULL);
	const char *command = json_string_value(json_object_get(request,
								"command"));

	client->asked++;
	client->closing = !json_is_object(request);
	if (command && !strcmp(command, "monitor"))
		client->asks_to_watch = true;

	json_decref(request);
}

static void expect(struct run *run, struct client *client, const char *text,
		   size_t len)
{
	for (size_t i = 0; i < len && !client->closing; i++) {
		if (text[i] == '\n') {
			expect_answer(run, client);
			client->len = 0;
			continue;
		}

		client->line[client->len++] = text[i];
		if (client->len == sizeof(client->line)) {
			client->asked++;
			client->closing = true;
		}
	}
}

static void send_text(struct run *run, struct client *client,
		      const void *text, size_t len)
{
	if (client->fd < 0 || !len)
		return;

	/* It may have hung up: then nothing more is expected. */
	if (send(client->fd, text, len, MSG_NOSIGNAL) != (ssize_t) len)
		return;

	if (client->admitted)
		expect(run, client, text, len);

	turn();
}

static void send_many(struct run *run, struct client *client, unsigned int n)
{
	char letters[256];

	memset(letters, 'x', sizeof(letters));
	for (unsigned int i = 0; i < n && i < 20; i++)
		send_text(run, client, letters, sizeof(letters));
}

static void hear_line(struct client *client, const char *line, size_t len)
{
	json_t *object = json_loadb(line, len, 0, NULL);
	const json_t *missed = json_object_get(object, "count");

	require(json_is_object(object));
	if (!client->admitted)
		require(json_object_get(object, "error"));
	else if (missed)
		client->news += (size_t) json_integer_value(missed);
	else if (json_object_get(object, "event"))
		client->news++;
	else
		client->answered++;

	if (json_is_true(json_object_get(object, "monitor")))
		client->watches = true;

	json_decref(object);
}

static void hear(struct client *client, const char *bytes, size_t len)
{
	char *end;

	client->heard = realloc(client->heard, client->heard_len + len);
	require(client->heard);
	memcpy(client->heard + client->heard_len, bytes, len);
	client->heard_len += len;
	while (client->heard_len &&
	       (end = memchr(client->heard, '\n', client->heard_len))) {
		size_t line = (size_t) (end - client->heard);

		hear_line(client, client->heard, line);
		client->heard_len -= line + 1;
		memmove(client->heard, end + 1, client->heard_len);
	}
}

static void read_all(struct client *client)
{
	char bytes[4096];
	ssize_t n;

	if (client->fd < 0 || client->ended)
		return;

	while ((n = recv(client->fd, bytes, sizeof(bytes), 0)) > 0)
		hear(client, bytes, (size_t) n);

	client->ended = !n || (errno != EAGAIN && errno != EINTR);
}

/* How many the socket has now: who has been ended does not count. */
static unsigned int count_served(struct run *run)
{
	unsigned int n = 0;

	turn();
	for (int i = 0; i < CLIENTS; i++) {
		struct client *client = &run->clients[i];

		if (client->closing)
			read_all(client);

		n += client->fd >= 0 && client->admitted && !client->ended;
	}

	return n;
}

static void connect_client(struct run *run, struct client *client)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	if (client->fd >= 0)
		return;

	strcpy(addr.sun_path, run->path);
	*client = (struct client) {
		.fd = -1,
		.admitted = count_served(run) < CLIENTS_MAX,
	};
	client->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC |
			    SOCK_NONBLOCK, 0);
	require(client->fd >= 0);
	require(!connect(client->fd, (struct sockaddr *) &addr,
			 sizeof(addr)));
	turn();
}

static void end_client(struct client *client)
{
	if (client->fd < 0)
		return;

	close(client->fd);
	free(client->heard);
	*client = (struct client) { .fd = -1 };
	turn();
}

static void half_close(struct client *client)
{
	if (client->fd < 0)
		return;

	shutdown(client->fd, SHUT_WR);
	client->closing = true;
	turn();
}

static void publish(struct run *run)
{
	json_t *news = json_pack("{s:s}", "event", "test");

	for (int i = 0; i < CLIENTS; i++) {
		struct client *client = &run->clients[i];

		/* It was asked, but perhaps not answered yet. */
		if (client->asks_to_watch && !client->watches)
			read_all(client);

		/* One that is closing may or may not be there still. */
		if (client->fd >= 0 && client->watches && !client->closing)
			client->published++;
	}

	control_publish(run->control, news);
	json_decref(news);
	turn();
}

static void act(struct run *run, char what, struct client *client,
		const char *text, size_t len)
{
	switch (what) {
	case 'c':
		connect_client(run, client);
		break;
	case 's':
		send_text(run, client, text, len);
		send_text(run, client, "\n", 1);
		break;
	case 'p':
		send_text(run, client, text, len);
		break;
	case 'x':
		send_many(run, client, len ? (unsigned char) *text % 32 : 0);
		break;
	case 'h':
		half_close(client);
		break;
	case 'e':
		end_client(client);
		break;
	case 'r':
		read_all(client);
		break;
	case 'n':
		publish(run);
		break;
	}
}

static void act_line(struct run *run, const char *line, size_t len)
{
	struct client *client;

	if (!len)
		return;

	client = &run->clients[len > 1 ? (unsigned char) line[1] % CLIENTS :
			       0];
	act(run, line[0], client, len > 3 ? line + 3 : "",
	    len > 3 ? len - 3 : 0);
}

/* Nobody sends any more: all that is due comes, and then the end. */
static void settle(struct client *client)
{
	if (client->fd < 0)
		return;

	half_close(client);
	for (int i = 0; !client->ended; i++) {
		require(i < PATIENCE);
		read_all(client);
		l_main_iterate(0);
	}

	require(!client->heard_len);
	require(client->answered == client->asked);
	require(client->news >= client->published);
	end_client(client);
}

static void follow(struct run *run, const char *text, size_t size)
{
	while (size) {
		const char *end = memchr(text, '\n', size);
		size_t len = end ? (size_t) (end - text) : size;

		act_line(run, text, len);
		text += len;
		size -= len;
		if (end) {
			text++;
			size--;
		}
	}

	/* Some are there when the socket goes. */
	for (int i = 1; i < CLIENTS; i++)
		settle(&run->clients[i]);
}

static void replay(struct run *run, const uint8_t *data, size_t size)
{
	const struct control_options options = {
		.path = run->path,
		.clients = CLIENTS_MAX,
		.handler = on_request,
		.data = run,
	};
	int before = dup(0), after;

	close(before);
	for (int i = 0; i < CLIENTS; i++)
		run->clients[i] = (struct client) { .fd = -1 };

	require(!control_new(&options, &run->control));
	follow(run, (const char *) data, size);
	control_free(run->control);
	end_client(&run->clients[0]);
	after = dup(0);
	close(after);
	require(after == before);
}

static void prepare(void)
{
	require(l_main_init());
	require(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/socket", folder);
	atexit(remove_folder);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	union anchor_value values[1] = { { .word = 0 } };
	struct core_rule rule = {
		.name = "built-in", .policy = &anchor_policy, .values = values,
	};
	struct diag *diag = diag_new();
	struct run *run = calloc(1, sizeof(*run));
	struct config *config;

	if (!path[0])
		prepare();

	require(run && diag && !config_load(NULL, true, diag, &config));
	require(!anchor_policy.make(values, &rule.instance));
	run->path = path;
	run->engine.links = make_links(config);
	make_engine(run, &rule);
	replay(run, data, size);
	core_free(run->engine.core);
	links_free(run->engine.links);
	anchor_policy.free(rule.instance);
	config_free(config);
	diag_free(diag);
	free(run);
	return 0;
}
