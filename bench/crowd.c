/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Many connections at once, over Multipath TCP, for bench/scale.
 *
 *	crowd serve ADDR PORT
 *		answers each byte with itself, until it is killed
 *	crowd hold ADDR PORT COUNT
 *		COUNT connections, each of which has had an answer; then they
 *		stay, until SIGTERM
 *	crowd churn ADDR PORT RATE LIFE SECONDS
 *		RATE new connections a second, each of which lives for LIFE
 *		seconds and asks at its beginning and at its end; after
 *		SECONDS those that are left stay until SIGTERM. "subflows" says
 *		how many had 0 (or will not tell), 1, 2 ... of them at their
 *		end, the initial one included
 *	crowd short ADDR PORT AT_ONCE SECONDS
 *		one after the other, each for one request, AT_ONCE at a time
 *
 * Clients print one JSON object at the end, "holding" when they go over to
 * waiting for SIGTERM, and exit 0 only if no connection has failed.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <linux/mptcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif
#ifndef SOL_MPTCP
#define SOL_MPTCP 284
#endif

#define BACKLOG 4096
#define BATCH 256
#define PENDING_MAX 128		/* of those that are to be held */
#define SUBFLOWS_MAX 8
#define NEVER UINT64_MAX

enum phase {
	UNUSED,
	CONNECTING,
	ASKED,
	IDLE,
	ASKED_AGAIN,
};

struct connection {
	enum phase phase;
	uint64_t end_us;	/* when it asks again, and ends */
	int next;		/* in the order in which they end, by fd */
};

struct crowd {
	struct sockaddr_in peer;
	int epoll;
	struct connection *all;	/* by descriptor */
	size_t n_all;
	int first, last;	/* IDLE ones with an end, in their order */
	uint64_t life_us;	/* or NEVER */
	uint64_t begun, done, failed;
	uint64_t with[SUBFLOWS_MAX + 1];	/* so many subflows, or more */
	unsigned int pending;	/* not yet IDLE */
};

static volatile sig_atomic_t stopped;

static void on_term(int signal)
{
	stopped = 1;
}

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "crowd: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t) now.tv_sec * 1000000 + (uint64_t) now.tv_nsec / 1000;
}

static struct sockaddr_in parse(const char *addr, const char *port)
{
	struct sockaddr_in in = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t) atoi(port)),
	};

	if (inet_pton(AF_INET, addr, &in.sin_addr) != 1) {
		fprintf(stderr, "crowd: not an address: %s\n", addr);
		exit(2);
	}

	return in;
}

/* Returns how many descriptors there may be. */
static size_t raise_limit(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) < 0)
		die("getrlimit");

	files.rlim_cur = files.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &files) < 0)
		die("setrlimit");

	return files.rlim_cur;
}

static void watch(int epoll, int fd, int op, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.fd = fd };

	if (epoll_ctl(epoll, op, fd, &event) < 0)
		die("epoll_ctl");
}

static void accept_all(int epoll, int listener)
{
	int fd;

	while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0)
		watch(epoll, fd, EPOLL_CTL_ADD, EPOLLIN);

	if (errno != EAGAIN && errno != ECONNABORTED)
		die("accept");
}

static void answer(int fd)
{
	char byte;
	ssize_t n = recv(fd, &byte, 1, 0);

	if (n < 0 && errno == EAGAIN)
		return;

	if (n <= 0 || send(fd, &byte, 1, MSG_NOSIGNAL) < 0)
		close(fd);
}

static int serve(const struct sockaddr_in *name)
{
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK,
			      IPPROTO_MPTCP);
	int epoll = epoll_create1(0);
	struct epoll_event events[BATCH];
	int on = 1;

	if (listener < 0 || epoll < 0 ||
	    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on,
		       sizeof(on)) < 0 ||
	    bind(listener, (const struct sockaddr *) name,
		 sizeof(*name)) < 0 || listen(listener, BACKLOG) < 0)
		die("serve");

	watch(epoll, listener, EPOLL_CTL_ADD, EPOLLIN);
	for (;;) {
		int n = epoll_wait(epoll, events, BATCH, -1);

		for (int i = 0; i < n; i++)
			if (events[i].data.fd == listener)
				accept_all(epoll, listener);
			else
				answer(events[i].data.fd);
	}
}

static void begin(struct crowd *crowd)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, IPPROTO_MPTCP);
	int on = 1;

	if (fd < 0 || (size_t) fd >= crowd->n_all)
		die("socket");

	setsockopt(fd, SOL_TCP, TCP_NODELAY, &on, sizeof(on));
	if (connect(fd, (struct sockaddr *) &crowd->peer,
		    sizeof(crowd->peer)) < 0 && errno != EINPROGRESS)
		die("connect");

	crowd->all[fd] = (struct connection) { .phase = CONNECTING };
	crowd->begun++;
	crowd->pending++;
	watch(crowd->epoll, fd, EPOLL_CTL_ADD, EPOLLOUT);
}

static void end(struct crowd *crowd, int fd, bool good)
{
	enum phase phase = crowd->all[fd].phase;

	crowd->pending -= phase == CONNECTING || phase == ASKED;
	crowd->all[fd].phase = UNUSED;
	crowd->done += good;
	crowd->failed += !good;
	close(fd);
}

static bool ask(struct crowd *crowd, int fd, enum phase phase)
{
	char byte = 'x';

	crowd->all[fd].phase = phase;
	return send(fd, &byte, 1, MSG_NOSIGNAL) == 1;
}

/* It has had its answer: it waits, or that was all. */
static void rest(struct crowd *crowd, int fd)
{
	struct connection *this = &crowd->all[fd];

	if (!crowd->life_us) {
		end(crowd, fd, true);
		return;
	}

	crowd->pending--;
	this->phase = IDLE;
	this->next = -1;
	if (crowd->life_us == NEVER)
		return;

	this->end_us = now_us() + crowd->life_us;
	if (crowd->first < 0)
		crowd->first = fd;
	else
		crowd->all[crowd->last].next = fd;

	crowd->last = fd;
}

static void on_event(struct crowd *crowd, int fd, uint32_t events)
{
	bool answered = events & EPOLLIN && recv(fd, &(char) { 0 }, 1, 0) == 1;

	switch (crowd->all[fd].phase) {
	case CONNECTING:
		watch(crowd->epoll, fd, EPOLL_CTL_MOD, EPOLLIN);
		if (events & (EPOLLERR | EPOLLHUP) ||
		    !ask(crowd, fd, ASKED))
			end(crowd, fd, false);
		break;
	case ASKED:
		if (answered)
			rest(crowd, fd);
		else
			end(crowd, fd, false);
		break;
	case ASKED_AGAIN:
		end(crowd, fd, answered);
		break;
	case IDLE:
		/* Nobody has asked: the connection is broken. */
		crowd->failed++;
		watch(crowd->epoll, fd, EPOLL_CTL_DEL, 0);
		break;
	case UNUSED:
		break;
	}
}

static void handle(struct crowd *crowd, int wait_ms)
{
	struct epoll_event events[BATCH];
	int n = epoll_wait(crowd->epoll, events, BATCH, wait_ms);

	for (int i = 0; i < n; i++)
		on_event(crowd, events[i].data.fd, events[i].events);
}

/* 0 of one that is plain TCP, or broken. */
static unsigned int count_subflows(int fd)
{
	struct mptcp_subflow_data data = {
		.size_subflow_data = sizeof(data),
		.size_user = sizeof(struct tcp_info),
	};
	socklen_t len = sizeof(data);

	if (getsockopt(fd, SOL_MPTCP, MPTCP_TCPINFO, &data, &len) < 0)
		return 0;

	return data.num_subflows < SUBFLOWS_MAX ? data.num_subflows :
		SUBFLOWS_MAX;
}

/* Those whose time is over. */
static void retire(struct crowd *crowd)
{
	while (crowd->first >= 0 &&
	       crowd->all[crowd->first].end_us <= now_us()) {
		int fd = crowd->first;

		crowd->first = crowd->all[fd].next;
		if (crowd->all[fd].phase != IDLE)
			continue;

		crowd->with[count_subflows(fd)]++;
		if (!ask(crowd, fd, ASKED_AGAIN))
			end(crowd, fd, false);
	}
}

static void hold(struct crowd *crowd)
{
	fprintf(stderr, "holding\n");
	while (!stopped)
		handle(crowd, 100);
}

static void run_hold(struct crowd *crowd, uint64_t count)
{
	crowd->life_us = NEVER;
	while (!stopped && (crowd->begun < count || crowd->pending)) {
		while (crowd->begun < count && crowd->pending < PENDING_MAX)
			begin(crowd);

		handle(crowd, 100);
	}

	hold(crowd);
}

static void run_churn(struct crowd *crowd, double rate, double life,
		      double seconds)
{
	uint64_t start = now_us(), now = start;
	uint64_t until = start + (uint64_t) (seconds * 1e6);

	crowd->life_us = (uint64_t) (life * 1e6);
	while (!stopped && (now < until || crowd->pending)) {
		uint64_t due = (uint64_t) ((double) (now - start) * rate /
					   1e6);

		while (now < until && crowd->begun < due)
			begin(crowd);

		handle(crowd, 1);
		now = now_us();
		if (now < until)
			retire(crowd);
	}

	hold(crowd);
}

static double run_short(struct crowd *crowd, uint64_t at_once, double seconds)
{
	uint64_t start = now_us();
	uint64_t until = start + (uint64_t) (seconds * 1e6);

	while (!stopped && now_us() < until) {
		while (crowd->pending < at_once)
			begin(crowd);

		handle(crowd, 100);
	}

	return (double) (now_us() - start) / 1e6;
}

static void print(const struct crowd *crowd, double seconds)
{
	printf("{\"begun\": %llu, \"done\": %llu, \"failed\": %llu, "
	       "\"seconds\": %.3f, \"subflows\": [",
	       (unsigned long long) crowd->begun,
	       (unsigned long long) crowd->done,
	       (unsigned long long) crowd->failed, seconds);
	for (size_t n = 0; n <= SUBFLOWS_MAX; n++)
		printf("%s%llu", n ? ", " : "",
		       (unsigned long long) crowd->with[n]);

	puts("]}");
}

static int usage(void)
{
	fputs("usage: crowd serve ADDR PORT\n"
	      "       crowd hold ADDR PORT COUNT\n"
	      "       crowd churn ADDR PORT RATE LIFE SECONDS\n"
	      "       crowd short ADDR PORT AT_ONCE SECONDS\n", stderr);
	return 2;
}

int main(int argc, char **argv)
{
	struct crowd crowd = { .first = -1, .n_all = raise_limit() };
	const char *command = argc > 3 ? argv[1] : "";
	double seconds = 0;

	if (argc < 4)
		return usage();

	crowd.peer = parse(argv[2], argv[3]);
	if (argc == 4 && !strcmp(command, "serve"))
		return serve(&crowd.peer);

	signal(SIGTERM, on_term);
	crowd.epoll = epoll_create1(0);
	crowd.all = calloc(crowd.n_all, sizeof(*crowd.all));
	if (crowd.epoll < 0 || !crowd.all)
		die("start");

	if (argc == 5 && !strcmp(command, "hold"))
		run_hold(&crowd, (uint64_t) atoll(argv[4]));
	else if (argc == 7 && !strcmp(command, "churn"))
		run_churn(&crowd, atof(argv[4]), atof(argv[5]),
			  atof(argv[6]));
	else if (argc == 6 && !strcmp(command, "short"))
		seconds = run_short(&crowd, (uint64_t) atoll(argv[4]),
				    atof(argv[5]));
	else
		return usage();

	print(&crowd, seconds);
	return crowd.failed ? 1 : 0;
}
