/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Test traffic over Multipath TCP, whose every byte is checked.
 *
 *	mptraffic serve ADDR PORT
 *		takes connections until it is killed
 *	mptraffic [-t] [-b MS] [-r RATES] send ADDR PORT AMOUNT [BIND]
 *		sends a pattern; the server checks it
 *	mptraffic [-t] [-b MS] [-r RATE] receive ADDR PORT AMOUNT [BIND]
 *		receives a pattern and checks it
 *	mptraffic [-t] echo ADDR PORT AMOUNT [BIND]
 *		one small request after the other, each answered
 *	mptraffic hold ADDR PORT COUNT [BIND]
 *		COUNT idle connections, until told to stop; then each must
 *		answer a request
 *	mptraffic knock ADDR PORT tcp|mptcp
 *		connects, and waits to be thrown out
 *
 * AMOUNT is a number of seconds, or of MB ("100MB"), or "-": until told to
 * stop, which SIGTERM and SIGINT do. Clients print one JSON object at the end
 * and exit 0 only if all was well. "gap_ms" is the longest time the receiver
 * waited for more, "rtt_ms" the longest a request took. With -b, "buckets" has
 * the bytes that arrived in each MS milliseconds. RATES are Mbit/s, 0 for as
 * fast as it goes, with commas between: the first holds until SIGUSR1, then
 * the next one, and so on, and after the last the first again. A server keeps
 * to the first.
 * With -t, the client uses plain TCP.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
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
#define STALL_MS 120000		/* no traffic for so long: it is dead */
#define BUCKETS_MAX 20000
#define PACE_MS 10		/* a paced sender sends about so often */

enum mode {
	MODE_SEND = 'S',
	MODE_RECEIVE = 'R',
	MODE_ECHO = 'E',
	MODE_HOLD = 'H',
};

/* What a client asks for; both ends run on one machine. 0: no limit. */
struct request {
	uint32_t mode;
	uint32_t bucket_ms;
	uint64_t milliseconds;
	uint64_t bytes;
	char rates[32];		/* as in RATES, of a server that sends */
};

/* What a client was told. */
struct options {
	const char *from;	/* address to bind to, or NULL */
	const char *rates;	/* or NULL */
	int protocol;
};

/* How fast a sender may be. */
struct pace {
	const char *rates;	/* as in RATES */
	const char *next;	/* what is left of them */
	uint64_t rate;		/* bytes a second, 0: as fast as it goes */
	int fd;			/* readable once SIGUSR1 has come */
	uint64_t next_us;	/* not to send before */
};

/* What a receiver found. */
struct report {
	uint64_t bytes;
	uint64_t first_us;
	uint64_t last_us;
	uint64_t gap_us;
	uint32_t intact;
	uint32_t n_buckets;
	uint32_t buckets[BUCKETS_MAX];
};

/* Eight bytes of the pattern: no two places of a stream look the same. */
static uint64_t pattern_word(uint64_t number)
{
	number = (number + 1) * 0xd1342543de82ef95u;
	number ^= number >> 29;
	number *= 0xaf251af3b0f025b5u;
	return number ^ number >> 32;
}

static void fill_pattern(unsigned char *out, uint64_t position, size_t len)
{
	while (len) {
		uint64_t word = pattern_word(position / 8);
		size_t skip = position % 8;
		size_t n = len < 8 - skip ? len : 8 - skip;

		memcpy(out, (unsigned char *) &word + skip, n);
		out += n;
		position += n;
		len -= n;
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
	struct timeval limit = { .tv_sec = STALL_MS / 1000 };

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

static bool is_readable(int fd)
{
	return poll(&(struct pollfd) { fd, POLLIN, 0 }, 1, 0) > 0;
}

/* How long to wait for the socket: not beyond the end. */
static int time_left_ms(uint64_t end_us)
{
	uint64_t now = now_us();
	uint64_t left = end_us > now ? (end_us - now) / 1000 + 1 : 0;

	return left < STALL_MS ? (int) left : STALL_MS;
}

static uint64_t end_of(const struct request *request)
{
	return request->milliseconds ?
		now_us() + request->milliseconds * 1000 : UINT64_MAX;
}

/* Readable once one of two signals has come. */
static int open_signal_fd(int one, int other)
{
	sigset_t signals;
	int fd;

	sigemptyset(&signals);
	sigaddset(&signals, one);
	sigaddset(&signals, other);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	fd = signalfd(-1, &signals, SFD_CLOEXEC);
	if (fd < 0)
		die("signalfd");

	return fd;
}

static void pace_change(struct pace *pace)
{
	char *end;

	pace->rate = (uint64_t) (strtod(pace->next, &end) * 1e6 / 8);
	pace->next = *end == ',' ? end + 1 : pace->rates;
	pace->next_us = now_us();
}

static void pace_open(struct pace *pace, const char *rates)
{
	pace->rates = rates;
	pace->next = rates;
	pace->fd = open_signal_fd(SIGUSR1, SIGUSR1);
	pace_change(pace);
}

static size_t pace_chunk(const struct pace *pace)
{
	uint64_t most = pace->rate * PACE_MS / 1000 + 1;

	return !pace->rate || most > CHUNK ? CHUNK : (size_t) most;
}

/*
 * Waits until more may be sent, or there is something to read at stop_fd.
 * Returns how much.
 */
static size_t pace_wait(struct pace *pace, int stop_fd)
{
	struct pollfd fds[] = {
		{ stop_fd, POLLIN, 0 }, { pace->fd, POLLIN, 0 },
	};

	while (!is_readable(stop_fd)) {
		struct signalfd_siginfo info;
		uint64_t now = now_us();

		if (is_readable(pace->fd) &&
		    read(pace->fd, &info, sizeof(info)) == sizeof(info))
			pace_change(pace);
		else if (now >= pace->next_us)
			break;
		else
			poll(fds, 2, (int) (pace->next_us - now) / 1000 + 1);
	}

	return pace_chunk(pace);
}

/* A sender that was held up makes up for little of it. */
static void pace_sent(struct pace *pace, size_t n)
{
	uint64_t now = now_us();

	if (pace->next_us + PACE_MS * 2000 < now)
		pace->next_us = now;

	if (pace->rate)
		pace->next_us += n * 1000000 / pace->rate;
}

/*
 * Sends as much as was asked for, or until there is something to read at
 * stop_fd, and then the end of the stream. pace may be NULL.
 */
static bool send_pattern(int fd, const struct request *request,
			 struct pace *pace, int stop_fd, uint64_t *ret_sent)
{
	uint64_t limit = request->bytes ? request->bytes : UINT64_MAX;
	uint64_t end = end_of(request), sent = 0;
	static unsigned char buf[CHUNK];

	while (sent < limit && now_us() < end && !is_readable(stop_fd)) {
		struct pollfd fds[] = {
			{ fd, POLLOUT, 0 }, { stop_fd, POLLIN, 0 },
		};
		size_t len = pace ? pace_wait(pace, stop_fd) : CHUNK;
		ssize_t n;

		if (len > limit - sent)
			len = (size_t) (limit - sent);

		if (!poll(fds, 2, time_left_ms(end)) && now_us() < end)
			return false;

		fill_pattern(buf, sent, len);
		n = send(fd, buf, len, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n >= 0)
			sent += (uint64_t) n;
		else if (errno != EAGAIN)
			return false;

		if (pace && n > 0)
			pace_sent(pace, (size_t) n);
	}

	*ret_sent = sent;
	return !shutdown(fd, SHUT_WR);
}

static void note_bytes(struct report *report, uint32_t bucket_ms, size_t n)
{
	uint64_t now = now_us();
	uint64_t bucket;

	if (!report->first_us)
		report->first_us = now;
	else if (now - report->last_us > report->gap_us)
		report->gap_us = now - report->last_us;

	report->last_us = now;
	report->bytes += n;
	if (!bucket_ms)
		return;

	bucket = (now - report->first_us) / 1000 / bucket_ms;
	if (bucket >= BUCKETS_MAX)
		return;

	report->n_buckets = (uint32_t) bucket + 1;
	report->buckets[bucket] += (uint32_t) n;
}

/* Why what comes is no more received, other than by its end. */
static void give_up(const struct report *report, const char *why)
{
	fprintf(stderr, "mptraffic: after %" PRIu64 " bytes: %s\n",
		report->bytes, why);
}

/*
 * Receives until the stream ends; once there is something to read at
 * stop_fd (if it is one), asks the other end to stop.
 */
static void receive_pattern(int fd, uint32_t bucket_ms, int stop_fd,
			    struct report *report)
{
	static unsigned char buf[CHUNK], wanted[CHUNK];
	struct pollfd fds[] = { { fd, POLLIN, 0 }, { stop_fd, POLLIN, 0 } };

	memset(report, 0, sizeof(*report));
	while (poll(fds, 2, STALL_MS)) {
		ssize_t n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);

		if (n > 0) {
			fill_pattern(wanted, report->bytes, (size_t) n);
			if (memcmp(buf, wanted, (size_t) n)) {
				give_up(report, "not what was sent");
				return;
			}

			note_bytes(report, bucket_ms, (size_t) n);
		} else if (n == 0) {
			report->intact = 1;
			return;
		} else if (errno != EAGAIN) {
			give_up(report, strerror(errno));
			return;
		}

		if (fds[1].revents) {
			shutdown(fd, SHUT_WR);
			fds[1].fd = -1;
			fds[1].revents = 0;
		}
	}

	give_up(report, "nothing comes any more");
}

/* Until the client wants no more, and for as long as it listens. */
static void serve_pattern(int fd, const struct request *request)
{
	struct pace pace;
	uint64_t sent;
	char byte;

	if (request->rates[0])
		pace_open(&pace, request->rates);

	if (send_pattern(fd, request, request->rates[0] ? &pace : NULL, fd,
			 &sent))
		while (recv(fd, &byte, 1, 0) > 0)
			;
}

static bool write_report(int fd, const struct report *report)
{
	return write_all(fd, report, offsetof(struct report, buckets) +
			 report->n_buckets * sizeof(*report->buckets));
}

static bool read_report(int fd, struct report *report)
{
	return read_all(fd, report, offsetof(struct report, buckets)) &&
		report->n_buckets <= BUCKETS_MAX &&
		read_all(fd, report->buckets,
			 report->n_buckets * sizeof(*report->buckets));
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
	static struct report report;
	struct request request;

	set_stall_limit(fd);
	if (!read_all(fd, &request, sizeof(request)))
		return;

	switch ((enum mode) request.mode) {
	case MODE_SEND:
		receive_pattern(fd, request.bucket_ms, -1, &report);
		write_report(fd, &report);
		break;
	case MODE_RECEIVE:
		serve_pattern(fd, &request);
		break;
	case MODE_ECHO:
		serve_echo(fd);
		break;
	case MODE_HOLD:
		poll(&(struct pollfd) { fd, POLLIN, 0 }, 1, -1);
		serve_echo(fd);
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

/* Readable once we are told to stop. */
static int open_stop_fd(void)
{
	return open_signal_fd(SIGTERM, SIGINT);
}

static int print_bulk(const struct report *report, bool mptcp)
{
	double seconds = (double) (report->last_us - report->first_us) / 1e6;
	double rate = seconds > 0 ? (double) report->bytes * 8 / 1e6 / seconds
		: 0;

	printf("{\"bytes\": %llu, \"seconds\": %.3f, \"mbit_per_s\": %.2f, "
	       "\"gap_ms\": %.3f, \"intact\": %s, \"mptcp\": %s",
	       (unsigned long long) report->bytes, seconds, rate,
	       (double) report->gap_us / 1000,
	       report->intact ? "true" : "false", mptcp ? "true" : "false");
	for (uint32_t i = 0; i < report->n_buckets; i++)
		printf("%s%u", i ? ", " : ", \"buckets\": [",
		       report->buckets[i]);

	printf("%s}\n", report->n_buckets ? "]" : "");
	return report->intact && report->bytes ? 0 : 1;
}

static int run_send(int fd, const struct request *request, const char *rates,
		    int stop_fd)
{
	static struct report report;
	struct pace pace;
	uint64_t sent;

	if (rates)
		pace_open(&pace, rates);

	if (!send_pattern(fd, request, rates ? &pace : NULL, stop_fd, &sent) ||
	    !read_report(fd, &report))
		die("send");

	if (report.bytes != sent)
		report.intact = 0;

	return print_bulk(&report, is_mptcp(fd));
}

static int run_receive(int fd, const struct request *request, int stop_fd)
{
	static struct report report;

	receive_pattern(fd, request->bucket_ms, stop_fd, &report);
	if (request->bytes && report.bytes != request->bytes)
		report.intact = 0;

	return print_bulk(&report, is_mptcp(fd));
}

static bool echo_once(int fd, uint64_t number)
{
	unsigned char out[64], in[64];

	fill_pattern(out, number * sizeof(out), sizeof(out));
	return write_all(fd, out, sizeof(out)) &&
		read_all(fd, in, sizeof(in)) && !memcmp(in, out, sizeof(in));
}

static int run_echo(int fd, const struct request *request, int stop_fd)
{
	uint64_t limit = request->bytes ? request->bytes : UINT64_MAX;
	uint64_t end = end_of(request), longest = 0, n = 0;

	while (n * 64 < limit && now_us() < end && !is_readable(stop_fd)) {
		uint64_t start = now_us();

		if (!echo_once(fd, n++))
			die("echo");

		if (now_us() - start > longest)
			longest = now_us() - start;
	}

	printf("{\"requests\": %llu, \"rtt_ms\": %.3f, \"mptcp\": %s}\n",
	       (unsigned long long) n, (double) longest / 1000,
	       is_mptcp(fd) ? "true" : "false");
	return n ? 0 : 1;
}

static int open_held(char **argv, const char *from)
{
	struct request request = { .mode = MODE_HOLD };
	int fd = dial(argv[0], argv[1], from, IPPROTO_MPTCP);

	if (!write_all(fd, &request, sizeof(request)))
		die("hold");

	return fd;
}

static int hold(char **argv, const char *from)
{
	struct pollfd stop = { -1, POLLIN, 0 };
	int count = atoi(argv[2]), alive = 0;
	int *fds = calloc((size_t) count + 1, sizeof(*fds));
	bool mptcp = true;

	if (!fds)
		die("hold");

	for (int i = 0; i < count; i++) {
		fds[i] = open_held(argv, from);
		mptcp &= is_mptcp(fds[i]);
	}

	stop.fd = open_stop_fd();
	fprintf(stderr, "holding %d\n", count);
	poll(&stop, 1, -1);
	for (int i = 0; i < count; i++)
		alive += echo_once(fds[i], (uint64_t) i);

	printf("{\"connections\": %d, \"alive\": %d, \"mptcp\": %s}\n",
	       count, alive, mptcp ? "true" : "false");
	free(fds);
	return alive == count ? 0 : 1;
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

/* "-", "2.5" (seconds) or "100MB"; false if it is none of these. */
static bool parse_amount(const char *text, struct request *request)
{
	double number;
	char *end;

	if (!strcmp(text, "-"))
		return true;

	number = strtod(text, &end);
	if (number <= 0)
		return false;

	if (!strcmp(end, "MB"))
		request->bytes = (uint64_t) (number * 1e6);
	else
		request->milliseconds = (uint64_t) (number * 1000);

	return !*end || request->bytes;
}

static int run_client(char **argv, const struct options *options,
		      struct request request)
{
	int fd = dial(argv[0], argv[1], options->from, options->protocol);
	int stop_fd = open_stop_fd();

	if (options->rates)
		snprintf(request.rates, sizeof(request.rates), "%s",
			 options->rates);

	if (!write_all(fd, &request, sizeof(request)))
		die("request");

	switch ((enum mode) request.mode) {
	case MODE_SEND:
		return run_send(fd, &request, options->rates, stop_fd);
	case MODE_RECEIVE:
		return run_receive(fd, &request, stop_fd);
	case MODE_ECHO:
		return run_echo(fd, &request, stop_fd);
	case MODE_HOLD:
		break;
	}

	return 1;
}

static int usage(void)
{
	fputs("usage: mptraffic serve ADDR PORT\n"
	      "       mptraffic [-t] [-b MS] [-r RATES] send|receive|echo "
	      "ADDR PORT AMOUNT\n"
	      "                 [BIND]\n"
	      "       mptraffic hold ADDR PORT COUNT [BIND]\n"
	      "       mptraffic knock ADDR PORT tcp|mptcp\n", stderr);
	return 2;
}

static bool parse_command(const char *command, struct request *request)
{
	if (!strcmp(command, "send"))
		request->mode = MODE_SEND;
	else if (!strcmp(command, "receive"))
		request->mode = MODE_RECEIVE;
	else if (!strcmp(command, "echo"))
		request->mode = MODE_ECHO;
	else
		return false;

	return true;
}

/* Returns false if an option is none of ours. */
static bool parse_options(int argc, char **argv, struct options *options,
			  struct request *request)
{
	int option;

	while ((option = getopt(argc, argv, "+b:r:t")) != -1) {
		switch (option) {
		case 'b':
			request->bucket_ms = (uint32_t) atoi(optarg);
			break;
		case 'r':
			options->rates = optarg;
			break;
		case 't':
			options->protocol = IPPROTO_TCP;
			break;
		default:
			return false;
		}
	}

	return true;
}

int main(int argc, char **argv)
{
	struct options options = { .protocol = IPPROTO_MPTCP };
	struct request request = { 0 };
	const char *command;

	if (!parse_options(argc, argv, &options, &request))
		return usage();

	argv += optind;
	argc -= optind;
	command = argc ? argv[0] : "";
	options.from = argc > 4 ? argv[4] : NULL;
	if (argc == 3 && !strcmp(command, "serve"))
		return serve(argv[1], argv[2]);

	if (argc < 4 || argc > 5)
		return usage();

	if (!strcmp(command, "hold"))
		return hold(argv + 1, options.from);

	if (!strcmp(command, "knock"))
		return knock(argv[1], argv[2], argv[3]);

	if (!parse_command(command, &request) ||
	    !parse_amount(argv[3], &request))
		return usage();

	return run_client(argv + 1, &options, request);
}
