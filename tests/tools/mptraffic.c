/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Test traffic over Multipath TCP, whose every byte is checked.
 *
 *	mptraffic serve ADDR PORT
 *		takes connections until it is killed
 *	mptraffic send ADDR PORT SECONDS [BIND]
 *		sends a pattern; the server checks it
 *	mptraffic receive ADDR PORT SECONDS [BIND]
 *		receives a pattern and checks it
 *	mptraffic echo ADDR PORT SECONDS [BIND]
 *		one small request after the other, each answered
 *	mptraffic hold ADDR PORT COUNT [BIND]
 *		COUNT idle connections, until standard input ends
 *	mptraffic knock ADDR PORT tcp|mptcp
 *		connects, and waits to be thrown out
 *
 * Clients print one JSON object at the end and exit 0 only if all was well.
 * "gap_ms" is the longest time the receiver waited for more, "rtt_ms" the
 * longest a request took.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif
#ifndef SOL_MPTCP
#define SOL_MPTCP 284
#endif
#define MPTCP_INFO 1

#define CHUNK (64 * 1024)
#define PATTERN_PERIOD 65521	/* a prime: a lost or doubled piece shows */
#define STALL_S 120		/* no traffic for so long: it is dead */

enum mode {
	MODE_SEND = 'S',
	MODE_RECEIVE = 'R',
	MODE_ECHO = 'E',
	MODE_HOLD = 'H',
};

/* What a client asks for; both ends run on one machine. */
struct request {
	uint32_t mode;
	uint32_t milliseconds;
};

/* What a receiver found. */
struct report {
	uint64_t bytes;
	uint64_t first_us;
	uint64_t last_us;
	uint64_t gap_us;
	uint32_t intact;
	uint32_t pad;
};

static unsigned char pattern[PATTERN_PERIOD + CHUNK];

static void make_pattern(void)
{
	uint32_t state = 1;

	for (size_t i = 0; i < sizeof(pattern); i++) {
		if (i >= PATTERN_PERIOD) {
			pattern[i] = pattern[i - PATTERN_PERIOD];
			continue;
		}

		state = state * 1103515245u + 12345u;
		pattern[i] = (unsigned char) (state >> 16);
	}
}

static uint64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t) now.tv_sec * 1000000 + (uint64_t) now.tv_nsec / 1000;
}

static void die(const char *what)
{
	fprintf(stderr, "mptraffic: %s: %s\n", what, strerror(errno));
	exit(1);
}

static socklen_t parse_addr(const char *addr, const char *port,
			    struct sockaddr_storage *name)
{
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *) name;
	struct sockaddr_in *in = (struct sockaddr_in *) name;
	uint16_t number = htons((uint16_t) atoi(port));

	memset(name, 0, sizeof(*name));
	if (inet_pton(AF_INET, addr, &in->sin_addr) == 1) {
		in->sin_family = AF_INET;
		in->sin_port = number;
		return sizeof(*in);
	}

	if (inet_pton(AF_INET6, addr, &in6->sin6_addr) != 1) {
		fprintf(stderr, "mptraffic: not an address: %s\n", addr);
		exit(2);
	}

	in6->sin6_family = AF_INET6;
	in6->sin6_port = number;
	return sizeof(*in6);
}

static void set_stall_limit(int fd)
{
	struct timeval limit = { .tv_sec = STALL_S };

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
}

/* Not fallen back to TCP: then this option does not exist. */
static bool is_mptcp(int fd)
{
	unsigned char info[512];
	socklen_t len = sizeof(info);

	return !getsockopt(fd, SOL_MPTCP, MPTCP_INFO, info, &len);
}

static bool write_all(int fd, const void *data, size_t len)
{
	const char *at = data;

	while (len) {
		ssize_t n = send(fd, at, len, MSG_NOSIGNAL);

		if (n < 0)
			return false;

		at += n;
		len -= (size_t) n;
	}

	return true;
}

static bool read_all(int fd, void *data, size_t len)
{
	char *at = data;

	while (len) {
		ssize_t n = recv(fd, at, len, 0);

		if (n <= 0)
			return false;

		at += n;
		len -= (size_t) n;
	}

	return true;
}

static bool send_pattern(int fd, uint32_t milliseconds)
{
	uint64_t end = now_us() + (uint64_t) milliseconds * 1000;
	uint64_t sent = 0;

	while (now_us() < end) {
		ssize_t n = send(fd, pattern + sent % PATTERN_PERIOD, CHUNK,
				 MSG_NOSIGNAL);

		if (n < 0)
			return false;

		sent += (uint64_t) n;
	}

	return !shutdown(fd, SHUT_WR);
}

static struct report receive_pattern(int fd)
{
	static unsigned char buf[CHUNK];
	struct report report = { .intact = 1 };
	ssize_t n;

	while ((n = recv(fd, buf, sizeof(buf), 0)) > 0) {
		uint64_t now = now_us();

		if (!report.first_us)
			report.first_us = now;
		else if (now - report.last_us > report.gap_us)
			report.gap_us = now - report.last_us;

		report.last_us = now;
		if (memcmp(buf, pattern + report.bytes % PATTERN_PERIOD,
			   (size_t) n))
			report.intact = 0;

		report.bytes += (uint64_t) n;
	}

	if (n < 0)
		report.intact = 0;

	return report;
}

static void serve_echo(int fd)
{
	char byte[64];
	ssize_t n;

	while ((n = recv(fd, byte, sizeof(byte), 0)) > 0)
		if (!write_all(fd, byte, (size_t) n))
			return;
}

static void serve_one(int fd)
{
	struct request request;
	struct report report;
	char byte;

	set_stall_limit(fd);
	if (!read_all(fd, &request, sizeof(request)))
		return;

	switch ((enum mode) request.mode) {
	case MODE_SEND:
		report = receive_pattern(fd);
		write_all(fd, &report, sizeof(report));
		break;
	case MODE_RECEIVE:
		send_pattern(fd, request.milliseconds);
		while (recv(fd, &byte, 1, 0) > 0)
			;
		break;
	case MODE_ECHO:
		serve_echo(fd);
		break;
	case MODE_HOLD:
		while (poll(&(struct pollfd) { fd, POLLIN, 0 }, 1, -1) < 0)
			;
		break;
	}
}

static int serve(const char *addr, const char *port)
{
	struct sockaddr_storage name;
	socklen_t len = parse_addr(addr, port, &name);
	int fd = socket(name.ss_family, SOCK_STREAM, IPPROTO_MPTCP);
	int on = 1;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on,
				 sizeof(on)) < 0 ||
	    bind(fd, (struct sockaddr *) &name, len) < 0 ||
	    listen(fd, 1024) < 0)
		die("serve");

	signal(SIGCHLD, SIG_IGN);
	for (;;) {
		int peer = accept(fd, NULL, NULL);

		if (peer < 0)
			continue;

		if (!fork()) {
			close(fd);
			serve_one(peer);
			close(peer);
			_exit(0);
		}

		close(peer);
	}
}

static int dial(const char *addr, const char *port, const char *from,
		int protocol)
{
	struct sockaddr_storage name;
	socklen_t len = parse_addr(addr, port, &name);
	int fd = socket(name.ss_family, SOCK_STREAM, protocol);
	int on = 1;

	if (fd < 0)
		die("socket");

	setsockopt(fd, SOL_TCP, TCP_NODELAY, &on, sizeof(on));
	set_stall_limit(fd);
	if (from) {
		struct sockaddr_storage local;
		socklen_t local_len = parse_addr(from, "0", &local);

		if (bind(fd, (struct sockaddr *) &local, local_len) < 0)
			die("bind");
	}

	if (connect(fd, (struct sockaddr *) &name, len) < 0)
		die("connect");

	return fd;
}

static int print_bulk(const struct report *report, bool mptcp)
{
	double seconds = (double) (report->last_us - report->first_us) / 1e6;
	double rate = seconds > 0 ? (double) report->bytes * 8 / 1e6 / seconds
		: 0;

	printf("{\"bytes\": %llu, \"seconds\": %.3f, \"mbit_per_s\": %.2f, "
	       "\"gap_ms\": %.3f, \"intact\": %s, \"mptcp\": %s}\n",
	       (unsigned long long) report->bytes, seconds, rate,
	       (double) report->gap_us / 1000,
	       report->intact ? "true" : "false", mptcp ? "true" : "false");
	return report->intact && report->bytes ? 0 : 1;
}

static int run_send(int fd, struct request request)
{
	bool mptcp = is_mptcp(fd);
	struct report report;

	if (!write_all(fd, &request, sizeof(request)) ||
	    !send_pattern(fd, request.milliseconds) ||
	    !read_all(fd, &report, sizeof(report)))
		die("send");

	return print_bulk(&report, mptcp);
}

static int run_receive(int fd, struct request request)
{
	bool mptcp = is_mptcp(fd);
	struct report report;

	if (!write_all(fd, &request, sizeof(request)))
		die("receive");

	report = receive_pattern(fd);
	return print_bulk(&report, mptcp);
}

static int run_echo(int fd, struct request request)
{
	uint64_t end = now_us() + (uint64_t) request.milliseconds * 1000;
	bool mptcp = is_mptcp(fd);
	uint64_t longest = 0, n = 0;
	char byte[64] = "";

	if (!write_all(fd, &request, sizeof(request)))
		die("echo");

	while (now_us() < end) {
		uint64_t start = now_us();

		if (!write_all(fd, byte, sizeof(byte)) ||
		    !read_all(fd, byte, sizeof(byte)))
			die("echo");

		n++;
		if (now_us() - start > longest)
			longest = now_us() - start;
	}

	printf("{\"requests\": %llu, \"rtt_ms\": %.3f, \"mptcp\": %s}\n",
	       (unsigned long long) n, (double) longest / 1000,
	       mptcp ? "true" : "false");
	return 0;
}

static int hold(char **argv, const char *from)
{
	int count = atoi(argv[2]);
	bool mptcp = true;
	char byte;

	for (int i = 0; i < count; i++) {
		struct request request = { .mode = MODE_HOLD };
		int fd = dial(argv[0], argv[1], from, IPPROTO_MPTCP);

		if (!write_all(fd, &request, sizeof(request)))
			die("hold");

		mptcp &= is_mptcp(fd);
	}

	fprintf(stderr, "holding %d\n", count);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;

	printf("{\"connections\": %d, \"mptcp\": %s}\n", count,
	       mptcp ? "true" : "false");
	return 0;
}

/* A join listener must throw strangers out at once. */
static int knock(const char *addr, const char *port, const char *how)
{
	uint64_t start = now_us();
	int fd = dial(addr, port, NULL, strcmp(how, "tcp") ? IPPROTO_MPTCP :
		      IPPROTO_TCP);
	struct pollfd poll_fd = { fd, POLLIN, 0 };
	const char *end = "nothing";
	char byte;

	if (poll(&poll_fd, 1, 5000) > 0)
		end = recv(fd, &byte, 1, 0) < 0 && errno == ECONNRESET ?
			"reset" : "closed";

	printf("{\"end\": \"%s\", \"after_ms\": %.3f}\n", end,
	       (double) (now_us() - start) / 1000);
	return strcmp(end, "nothing") ? 0 : 1;
}

static int run_client(const char *command, char **argv, const char *from)
{
	struct request request = {
		.milliseconds = (uint32_t) (atof(argv[2]) * 1000),
	};
	int fd = dial(argv[0], argv[1], from, IPPROTO_MPTCP);

	if (!strcmp(command, "send")) {
		request.mode = MODE_SEND;
		return run_send(fd, request);
	}

	if (!strcmp(command, "receive")) {
		request.mode = MODE_RECEIVE;
		return run_receive(fd, request);
	}

	request.mode = MODE_ECHO;
	return run_echo(fd, request);
}

static int usage(void)
{
	fputs("usage: mptraffic serve ADDR PORT\n"
	      "       mptraffic send|receive|echo ADDR PORT SECONDS [BIND]\n"
	      "       mptraffic hold ADDR PORT COUNT [BIND]\n"
	      "       mptraffic knock ADDR PORT tcp|mptcp\n", stderr);
	return 2;
}

int main(int argc, char **argv)
{
	const char *command = argc > 1 ? argv[1] : "";
	const char *from = argc > 5 ? argv[5] : NULL;

	make_pattern();
	if (argc == 4 && !strcmp(command, "serve"))
		return serve(argv[2], argv[3]);

	if (argc < 5 || argc > 6)
		return usage();

	if (!strcmp(command, "hold"))
		return hold(argv + 2, from);

	if (!strcmp(command, "knock"))
		return knock(argv[2], argv[3], argv[4]);

	if (!strcmp(command, "send") || !strcmp(command, "receive") ||
	    !strcmp(command, "echo"))
		return run_client(command, argv + 2, from);

	return usage();
}
