/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Join listeners. ELL's main loop watches no descriptor from 128 on
 * (l_io_new() fails), and there may be more listeners than that: they hang on
 * an epoll descriptor of their own, and have high numbers, which leaves the
 * low ones to timers and clients.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <ell/ell.h>

#include "host/listeners.h"
#include "util/addrtext.h"
#include "util/sockaddr.h"

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

#define BACKLOG 128
#define EVENTS_MAX 32
#define FIRST_FD 256
#define PROBLEM_MAX 128
#define PORTS_MAX 1024
#define SERVE_AGAIN_US 1000000

struct listener {
	struct listeners *owner;
	struct anchor_addr addr;
	int ifindex;
	uint16_t port;
	uint16_t service_port;	/* 0: this is the join port's */
	int fd;			/* -1 while it could not be opened */
	int error;		/* then: why, of a service port's */
	uint64_t tried;		/* likewise: when, by l_time_now() */
	char problem[PROBLEM_MAX];
	bool wanted;
};

/* A port that the kernel has chosen. */
struct port {
	char device[RTNL_NAME_MAX];
	struct anchor_endpoint endpoint;
};

struct listeners {
	unsigned int port;
	struct l_queue *ports;	/* struct port, the newest last */
	uint64_t version;	/* counts their changes */
	struct l_queue *all;
	unsigned int services, limit;	/* of them, at service ports */
	bool full;		/* that there are no more has been said */
	uint64_t refused;
	uint64_t strangers;
	int reserve;	/* a descriptor to give up when there are no more */
	int epoll;
	struct l_io *io;	/* of epoll */
};

static void listener_free(void *data)
{
	struct listener *listener = data;

	if (listener->fd >= 0)
		close(listener->fd);	/* and epoll forgets it */

	listener->owner->services -= listener->service_port != 0;
	l_free(listener);
}

static bool on_strangers(struct l_io *io, void *data);

struct listeners *listeners_new(unsigned int port)
{
	int fd = epoll_create1(EPOLL_CLOEXEC);
	struct l_io *io = fd < 0 ? NULL : l_io_new(fd);
	struct listeners *listeners;

	if (!io) {
		if (fd >= 0)
			close(fd);

		return NULL;
	}

	listeners = l_new(struct listeners, 1);
	listeners->port = port;
	listeners->all = l_queue_new();
	listeners->ports = l_queue_new();
	listeners->reserve = open("/dev/null", O_RDONLY | O_CLOEXEC);
	listeners->epoll = fd;
	listeners->io = io;
	l_io_set_close_on_destroy(io, true);
	l_io_set_read_handler(io, on_strangers, listeners, NULL);
	return listeners;
}

void listeners_free(struct listeners *listeners)
{
	if (!listeners)
		return;

	l_queue_destroy(listeners->all, listener_free);
	l_queue_destroy(listeners->ports, l_free);
	l_io_destroy(listeners->io);
	if (listeners->reserve >= 0)
		close(listeners->reserve);

	l_free(listeners);
}

uint64_t listeners_strangers(const struct listeners *listeners)
{
	return listeners->strangers;
}

uint64_t listeners_refused(const struct listeners *listeners)
{
	return listeners->refused;
}

void listeners_set_limit(struct listeners *listeners, unsigned int limit)
{
	listeners->limit = limit;
}

static void reset(int fd)
{
	struct linger at_once = { .l_onoff = 1 };

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	close(fd);
}

/*
 * With no descriptor left accept() fails and the stranger would stay in the
 * backlog, and the loop would spin on it: the spare one lets it be reset.
 */
static bool accept_with_reserve(struct listeners *listeners, int listen_fd)
{
	int fd;

	if (listeners->reserve < 0)
		return false;

	close(listeners->reserve);
	fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC);
	if (fd >= 0) {
		reset(fd);
		listeners->strangers++;
	}

	listeners->reserve = open("/dev/null", O_RDONLY | O_CLOEXEC);
	return fd >= 0;
}

static void throw_out(struct listener *listener)
{
	struct listeners *listeners = listener->owner;

	for (int i = 0; i < BACKLOG; i++) {
		int fd = accept4(listener->fd, NULL, NULL,
				 SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd >= 0) {
			reset(fd);
			listeners->strangers++;
		} else if (errno == EMFILE || errno == ENFILE) {
			if (!accept_with_reserve(listeners, listener->fd))
				return;
		} else if (errno != ECONNABORTED && errno != EINTR) {
			return;
		}
	}
}

static bool on_strangers(struct l_io *io, void *data)
{
	struct listeners *listeners = data;
	struct epoll_event events[EVENTS_MAX];
	int n = epoll_wait(listeners->epoll, events, EVENTS_MAX, 0);

	for (int i = 0; i < n; i++)
		throw_out(events[i].data.ptr);

	return true;
}

static int set_options(int fd, const struct listener *listener,
		       const char *device)
{
	int on = 1;

	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device,
		       (socklen_t) strlen(device)) < 0)
		return -errno;

	if (listener->addr.family == ANCHOR_FAMILY_INET6 &&
	    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) < 0)
		return -errno;

	return 0;
}

static struct port *find_port(const struct listeners *listeners,
			      const char *device,
			      const struct anchor_addr *addr)
{
	const struct l_queue_entry *at;

	for (at = l_queue_get_entries(listeners->ports); at; at = at->next) {
		struct port *port = at->data;

		if (!strcmp(port->device, device) &&
		    anchor_addr_equal(&port->endpoint.addr, addr))
			return port;
	}

	return NULL;
}

void listeners_remember(struct listeners *listeners, const char *device,
			const struct anchor_endpoint *endpoint)
{
	struct port *port = find_port(listeners, device, &endpoint->addr);

	if (port && port->endpoint.port == endpoint->port)
		return;

	if (!port && l_queue_length(listeners->ports) == PORTS_MAX)
		l_free(l_queue_pop_head(listeners->ports));

	if (!port) {
		port = l_new(struct port, 1);
		l_strlcpy(port->device, device, sizeof(port->device));
		l_queue_push_tail(listeners->ports, port);
	}

	port->endpoint = *endpoint;
	listeners->version++;
}

void listeners_each_port(const struct listeners *listeners,
			 listeners_port_cb cb, void *data)
{
	const struct l_queue_entry *at;

	for (at = l_queue_get_entries(listeners->ports); at; at = at->next) {
		const struct port *port = at->data;

		cb(port->device, &port->endpoint, data);
	}
}

uint64_t listeners_version(const struct listeners *listeners)
{
	return listeners->version;
}

static int listen_at(struct listener *listener, const char *device,
		     uint16_t port, int fd)
{
	struct anchor_endpoint endpoint = {
		.addr = listener->addr,
		.port = port,
	};
	struct sockaddr_storage name;
	socklen_t len = sockaddr_from(&endpoint, &name);
	int err = set_options(fd, listener, device);

	if (err < 0)
		return err;

	if (bind(fd, (struct sockaddr *) &name, len) < 0 ||
	    listen(fd, BACKLOG) < 0 ||
	    getsockname(fd, (struct sockaddr *) &name, &len) < 0)
		return -errno;

	sockaddr_to(&name, &endpoint);
	listener->port = endpoint.port;
	return 0;
}

static int high_socket(int domain)
{
	int low = socket(domain, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
			 IPPROTO_MPTCP);
	int fd;

	if (low < 0)
		return -errno;

	fd = fcntl(low, F_DUPFD_CLOEXEC, FIRST_FD);
	if (fd < 0)
		return low;

	close(low);
	return fd;
}

static int watch(struct listener *listener, int fd)
{
	struct epoll_event event = {
		.events = EPOLLIN,
		.data.ptr = listener,
	};

	return epoll_ctl(listener->owner->epoll, EPOLL_CTL_ADD, fd,
			 &event) < 0 ? -errno : 0;
}

static int open_at(struct listener *listener, const char *device,
		   uint16_t port)
{
	int fd = high_socket(listener->addr.family == ANCHOR_FAMILY_INET6 ?
			     AF_INET6 : AF_INET);
	int err;

	if (fd < 0)
		return fd;

	err = listen_at(listener, device, port, fd);
	if (!err)
		err = watch(listener, fd);

	if (err < 0) {
		close(fd);
		return err;
	}

	listener->fd = fd;
	return 0;
}

/* The port that it had the last time, or if that is taken, any. */
static int open_at_any(struct listener *listener, const char *device)
{
	const struct port *before = find_port(listener->owner, device,
					      &listener->addr);
	char addr[ADDRTEXT_MAX];
	struct anchor_endpoint endpoint = { .addr = listener->addr };
	int err = before ? open_at(listener, device, before->endpoint.port) :
		open_at(listener, device, 0);

	if (err == -EADDRINUSE && before) {
		l_warn("%s on %s: port %u, where joins were taken, is in use",
		       addrtext(&listener->addr, addr), device,
		       before->endpoint.port);
		err = open_at(listener, device, 0);
	}

	endpoint.port = listener->port;
	if (!err)
		listeners_remember(listener->owner, device, &endpoint);

	return err;
}

static int listener_open(struct listener *listener, const char *device)
{
	if (listener->service_port)
		return open_at(listener, device, listener->service_port);

	return listener->owner->port ?
		open_at(listener, device, (uint16_t) listener->owner->port) :
		open_at_any(listener, device);
}

/* Says a problem once, when it appears or changes. */
static void note_problem(struct listener *listener, const char *device,
			 int err)
{
	char addr[ADDRTEXT_MAX];
	char problem[PROBLEM_MAX] = "";
	unsigned int port = listener->owner->port;

	addrtext(&listener->addr, addr);
	if (err == -EADDRINUSE && port)
		snprintf(problem, sizeof(problem), "join port %u is in use",
			 port);
	else if (err < 0)
		snprintf(problem, sizeof(problem), "cannot listen: %s",
			 strerror(-err));

	if (!strcmp(problem, listener->problem))
		return;

	l_strlcpy(listener->problem, problem, sizeof(listener->problem));
	if (err < 0)
		l_error("%s on %s: %s; peers cannot join there", addr, device,
			problem);
	else
		l_info("%s on %s: joins are taken at port %u", addr, device,
		       listener->port);
}

static struct listener *find(struct listeners *listeners,
			     const struct anchor_addr *addr, int ifindex,
			     uint16_t service_port)
{
	const struct l_queue_entry *at;

	for (at = l_queue_get_entries(listeners->all); at; at = at->next) {
		struct listener *listener = at->data;

		if (listener->ifindex == ifindex &&
		    listener->service_port == service_port &&
		    anchor_addr_equal(&listener->addr, addr))
			return listener;
	}

	return NULL;
}

static struct listener *add(struct listeners *listeners,
			    const struct anchor_addr *addr, int ifindex,
			    uint16_t service_port)
{
	struct listener *listener = l_new(struct listener, 1);

	listener->owner = listeners;
	listener->addr = *addr;
	listener->ifindex = ifindex;
	listener->service_port = service_port;
	listener->fd = -1;
	listeners->services += service_port != 0;
	l_queue_push_tail(listeners->all, listener);
	return listener;
}

static void mark_unwanted(void *data, void *user_data)
{
	struct listener *listener = data;

	listener->wanted = false;
}

/* The address's own listener, and those at service ports. */
static void mark_wanted(struct listeners *listeners,
			const struct link_address *address)
{
	const struct l_queue_entry *at;

	for (at = l_queue_get_entries(listeners->all); at; at = at->next) {
		struct listener *listener = at->data;

		if (listener->ifindex == address->facts.ifindex &&
		    anchor_addr_equal(&listener->addr, &address->facts.addr))
			listener->wanted = true;
	}
}

static bool free_unwanted(void *data, void *user_data)
{
	struct listener *listener = data;

	if (listener->wanted)
		return false;

	listener_free(listener);
	return true;
}

bool listeners_sync(struct listeners *listeners, struct links *links)
{
	bool complete = true;

	l_queue_foreach(listeners->all, mark_unwanted, NULL);

	for (size_t i = 0; i < links->n_addresses; i++) {
		struct link_address *address = &links->addresses[i];
		const char *device = address->link->facts.name;
		struct listener *listener;

		if (!address->wanted)
			continue;

		listener = find(listeners, &address->facts.addr,
				address->facts.ifindex, 0);
		if (!listener)
			listener = add(listeners, &address->facts.addr,
				       address->facts.ifindex, 0);

		mark_wanted(listeners, address);
		if (listener->fd < 0)
			note_problem(listener, device,
				     listener_open(listener, device));

		address->join_port = listener->fd < 0 ? 0 : listener->port;
		address->problem = listener->fd < 0 ? listener->problem :
			NULL;
		complete &= listener->fd >= 0;
	}

	l_queue_foreach_remove(listeners->all, free_unwanted, NULL);
	return complete;
}

/* Says so once, until there was room again. */
static bool has_room(struct listeners *listeners)
{
	bool room = listeners->services < listeners->limit;

	listeners->refused += !room;
	if (!room && !listeners->full)
		l_warn("joins are taken at %u service ports on IPv6 "
		       "addresses, and at no more ([limits] listeners)",
		       listeners->services);

	listeners->full = !room;
	return room;
}

/* Says how it went where that is not as the last time. */
static void note_service(const struct listener *listener, const char *device,
			 int before)
{
	const struct anchor_endpoint endpoint = {
		.addr = listener->addr,
		.port = listener->service_port,
	};
	char text[ADDRTEXT_MAX];

	addrtext_endpoint(&endpoint, text);
	if (!listener->error)
		l_info("%s on %s: joins are taken for the service", text,
		       device);
	else if (listener->error == before)
		return;
	else if (listener->error == -EADDRINUSE)
		l_info("%s on %s: the service listens there itself; what it "
		       "sends by paths that it accepts follows the routes, not "
		       "the link", text, device);
	else
		l_error("%s on %s: cannot listen: %s", text, device,
			strerror(-listener->error));
}

static void open_service(struct listener *listener, const char *device)
{
	int before = listener->error;

	listener->tried = l_time_now();
	listener->error = listener_open(listener, device);
	note_service(listener, device, before);
}

/*
 * Not again for each of many connections at once; and never where the service
 * was itself: while it is being restarted the port must not be taken from it.
 */
static bool may_open(const struct listener *listener)
{
	return listener->fd < 0 && listener->error != -EADDRINUSE &&
		(!listener->tried || l_time_diff(listener->tried,
				l_time_now()) >= SERVE_AGAIN_US);
}

int listeners_serve(struct listeners *listeners,
		    const struct anchor_endpoint *endpoint, int ifindex,
		    const char *device)
{
	struct listener *listener = find(listeners, &endpoint->addr, ifindex,
					 endpoint->port);

	if (!listener && !has_room(listeners))
		return -ENOSPC;

	if (!listener)
		listener = add(listeners, &endpoint->addr, ifindex,
			       endpoint->port);

	if (may_open(listener))
		open_service(listener, device);

	return listener->error == -EADDRINUSE ? 0 : listener->error;
}

struct release {
	bool (*in_use)(uint16_t port, void *data);
	void *data;
	unsigned int left;
};

static bool free_unused(void *data, void *user_data)
{
	struct listener *listener = data;
	struct release *release = user_data;

	if (!listener->service_port)
		return false;

	if (release->in_use(listener->service_port, release->data)) {
		release->left++;
		return false;
	}

	listener_free(listener);
	return true;
}

unsigned int listeners_release(struct listeners *listeners,
			       bool (*in_use)(uint16_t port, void *data),
			       void *data)
{
	struct release release = { .in_use = in_use, .data = data };

	l_queue_foreach_remove(listeners->all, free_unused, &release);
	return release.left;
}
