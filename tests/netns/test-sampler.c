/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The sampler against the kernel, in a network namespace of its own that ends
 * with this program: connections over the loopback interface, and a veth.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netdb.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "host/sampler.h"
#include "unit.h"
#include "util/sockaddr.h"

#define MANY 600		/* more than travel in one batch */
#define PIECE 1000		/* bytes sent at once */
#define FRAME (PIECE + 8 + 20 + 14)
#define TOKENS 4		/* that many connections at once */
#define GONE 1			/* the one of them that is not there */
#define VETH 4200		/* ifindex of one end; the other's is next */
#define VETH_SPEED UINT64_C(1250000000)

/* Both ends of a connection, and the listener that it came by. */
struct pair {
	int listener;
	int fds[2];
	struct anchor_endpoint ends[2];
};

struct kind {
	const char *at;		/* where to listen */
	int family;		/* of the sockets */
	int protocol;
	const char *device;	/* to bind them to, or NULL */
};

static const struct kind tcp = { "127.0.0.1", AF_INET, 0, NULL };

static void run(const char *command)
{
	if (system(command))
		fail_msg("failed: %s", command);
}

static struct anchor_time now_is(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (struct anchor_time) {
		(int64_t) now.tv_sec * 1000000 + now.tv_nsec / 1000
	};
}

static double seconds_since(struct anchor_time start)
{
	return (double) anchor_time_since(now_is(), start).us / 1e6;
}

static int socket_of(const struct kind *kind)
{
	int fd = socket(kind->family, SOCK_STREAM, kind->protocol);

	assert_true(fd >= 0);
	if (kind->device)
		assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE,
					    kind->device,
					    (socklen_t) strlen(kind->device)),
				 0);

	return fd;
}

static void listen_at(int fd, const struct kind *kind)
{
	const struct addrinfo hints = {
		.ai_family = kind->family, .ai_flags = AI_NUMERICHOST,
		.ai_socktype = SOCK_STREAM,
	};
	struct addrinfo *name;

	assert_int_equal(getaddrinfo(kind->at, "0", &hints, &name), 0);
	assert_int_equal(bind(fd, name->ai_addr, name->ai_addrlen), 0);
	assert_int_equal(listen(fd, 1), 0);
	freeaddrinfo(name);
}

static void connect_to(int fd, int listener)
{
	struct sockaddr_storage name;
	socklen_t len = sizeof(name);

	assert_int_equal(getsockname(listener, (struct sockaddr *) &name,
				     &len), 0);
	assert_int_equal(connect(fd, (struct sockaddr *) &name, len), 0);
}

/* IPv4 on an IPv6 socket is IPv4, as everywhere in Anchor. */
static struct anchor_endpoint name_of(int fd)
{
	struct sockaddr_storage name;
	socklen_t len = sizeof(name);
	struct anchor_endpoint end;
	char text[INET6_ADDRSTRLEN];

	assert_int_equal(getsockname(fd, (struct sockaddr *) &name, &len), 0);
	sockaddr_to(&name, &end);
	assert_non_null(inet_ntop(name.ss_family, end.addr.bytes, text,
				  sizeof(text)));
	end.addr = addr_of(text);
	return end;
}

static struct pair connected(const struct kind *kind)
{
	struct pair pair = { .listener = socket_of(kind) };

	listen_at(pair.listener, kind);
	pair.fds[0] = socket_of(kind);
	connect_to(pair.fds[0], pair.listener);
	pair.fds[1] = accept(pair.listener, NULL, NULL);
	assert_true(pair.fds[1] >= 0);
	pair.ends[0] = name_of(pair.fds[0]);
	pair.ends[1] = name_of(pair.fds[1]);
	return pair;
}

/* By a reset, so that nothing is left of it when that has come. */
static void disconnect(const struct pair *pair)
{
	const struct linger at_once = { .l_onoff = 1 };
	char c;

	assert_int_equal(setsockopt(pair->fds[0], SOL_SOCKET, SO_LINGER,
				    &at_once, sizeof(at_once)), 0);
	close(pair->fds[0]);
	assert_true(recv(pair->fds[1], &c, 1, 0) <= 0);
	close(pair->fds[1]);
}

static void dismiss(const struct pair *pair)
{
	disconnect(pair);
	close(pair->listener);
}

static void transfer(const struct pair *pair, unsigned int pieces)
{
	char buf[PIECE] = "";

	for (unsigned int i = 0; i < pieces; i++) {
		assert_int_equal(send(pair->fds[0], buf, PIECE, 0), PIECE);
		assert_int_equal(recv(pair->fds[1], buf, PIECE, MSG_WAITALL),
				 PIECE);
	}
}

/* Of the receiver. */
static struct core_action reading_of(const struct pair *pair, uint32_t token)
{
	return (struct core_action) {
		.type = CORE_ACTION_SAMPLE, .token = token,
		.local = pair->ends[1], .remote = pair->ends[0],
	};
}

/* What has come back, by token, which is also how many pieces were sent. */
struct taken {
	unsigned int n;
	unsigned int of[TOKENS];
};

static void on_sample(const struct core_action *action,
		      const struct core_sample *sample, void *data)
{
	struct taken *taken = data;

	assert_true(action->token < TOKENS);
	assert_int_equal(sample->bytes_in, action->token * PIECE);
	taken->n++;
	taken->of[action->token]++;
}

static struct sampler *sampler(unsigned int per_second, struct taken *taken)
{
	const struct sampler_options options = {
		.per_second = per_second, .on_sample = on_sample,
		.data = taken,
	};

	*taken = (struct taken) { 0 };
	return sampler_new(&options);
}

static struct sampler_stats stats_of(const struct sampler *sampler)
{
	struct sampler_stats stats;

	sampler_get_stats(sampler, &stats);
	return stats;
}

/* One connection of that kind, seen from both ends. */
static void check_readings(const struct kind *kind, int ifindex)
{
	struct pair pair = connected(kind);
	struct core_sample out, in;
	struct taken taken;
	struct sampler *one = sampler(100, &taken);

	transfer(&pair, 100);
	assert_true(sampler_read(one, &pair.ends[0], &pair.ends[1], ifindex,
				 &out));
	assert_true(sampler_read(one, &pair.ends[1], &pair.ends[0], ifindex,
				 &in));
	assert_int_equal(in.bytes_in, 100 * PIECE);
	assert_int_equal(in.bytes_out, 0);
	assert_int_equal(out.bytes_in, 0);

	/* The SYN counts, and what is not yet acknowledged does not. */
	assert_in_range(out.bytes_out, 1, 100 * PIECE + 1);
	assert_in_range(out.rtt.us, 1, 1000000);
	assert_in_range(out.rtt_min.us, 1, out.rtt.us);
	assert_in_range(out.last_data.us, 0, 10000000);
	assert_in_range(out.cwnd, 1, 100000);
	assert_int_equal(out.retransmitted, 0);
	assert_true(out.delivery_rate > 0);
	assert_int_equal(stats_of(one).taken, 2);
	assert_int_equal(stats_of(one).missing, 0);
	assert_int_equal(taken.n, 0);
	sampler_free(one);
	dismiss(&pair);
}

static void test_tcp(void **state)
{
	check_readings(&tcp, 0);
}

static void test_ipv6(void **state)
{
	check_readings(&(struct kind) { "::1", AF_INET6, 0, NULL }, 0);
}

/* A service that listens on [::] has such connections. */
static void test_ipv4_on_an_ipv6_socket(void **state)
{
	check_readings(&(struct kind) { "::ffff:127.0.0.1", AF_INET6, 0,
					NULL }, 0);
}

/* A subflow of a Multipath TCP connection is a TCP socket as any other. */
static void test_mptcp(void **state)
{
	int fd = socket(AF_INET, SOCK_STREAM, IPPROTO_MPTCP);

	if (fd < 0)
		skip();

	close(fd);
	check_readings(&(struct kind) { tcp.at, AF_INET, IPPROTO_MPTCP, NULL },
		       0);
}

/* What is bound to a device is found there and nowhere else. */
static void test_device(void **state)
{
	const struct kind bound = { tcp.at, AF_INET, 0, "lo" };
	int lo = (int) if_nametoindex("lo");
	struct pair pair = connected(&bound);
	struct core_sample sample;
	struct taken taken;
	struct sampler *one = sampler(100, &taken);

	check_readings(&bound, lo);
	check_readings(&tcp, lo);
	assert_false(sampler_read(one, &pair.ends[0], &pair.ends[1], 0,
				  &sample));
	assert_false(sampler_read(one, &pair.ends[0], &pair.ends[1], lo + 1,
				  &sample));
	assert_int_equal(stats_of(one).missing, 2);
	sampler_free(one);
	dismiss(&pair);
}

/* Many that are asked for together: each gets its own answer, if it has one. */
static void test_submit(void **state)
{
	struct pair pairs[TOKENS];
	struct taken taken;
	struct sampler *one = sampler(100000, &taken);

	for (unsigned int i = 0; i < TOKENS; i++) {
		pairs[i] = connected(&tcp);
		transfer(&pairs[i], i);
	}

	disconnect(&pairs[GONE]);
	for (unsigned int i = 0; i < MANY; i++) {
		struct core_action action = reading_of(&pairs[i % TOKENS],
						       i % TOKENS);

		assert_int_equal(sampler_submit(one, &action), 0);
	}

	sampler_flush(one);
	for (unsigned int i = 0; i < TOKENS; i++)
		assert_int_equal(taken.of[i], i == GONE ? 0 : MANY / TOKENS);

	assert_int_equal(stats_of(one).taken, MANY / TOKENS * 3);
	assert_int_equal(stats_of(one).missing, MANY / TOKENS);
	assert_int_equal(stats_of(one).skipped, 0);
	assert_true(stats_of(one).us > 0);
	sampler_free(one);
	close(pairs[GONE].listener);
	for (unsigned int i = 0; i < TOKENS; i++)
		if (i != GONE)
			dismiss(&pairs[i]);
}

/* Nobody is told who has gone. */
static void test_free_with_readings(void **state)
{
	struct pair pair = connected(&tcp);
	struct core_action action = reading_of(&pair, 0);
	struct taken taken;
	struct sampler *one = sampler(100, &taken);

	assert_int_equal(sampler_submit(one, &action), 0);
	sampler_free(one);
	assert_int_equal(taken.n, 0);
	sampler_free(NULL);
	dismiss(&pair);
}

static void test_missing(void **state)
{
	struct pair pair = connected(&tcp);
	struct anchor_endpoint nowhere = pair.ends[1];
	struct core_sample sample, before;
	struct taken taken;
	struct sampler *one = sampler(100, &taken);

	memset(&sample, 0x5a, sizeof(sample));
	before = sample;
	nowhere.port = 1;
	assert_false(sampler_read(one, &pair.ends[0], &nowhere, 0, &sample));
	assert_int_equal(stats_of(one).missing, 1);

	/* The kernel would answer for the listener. */
	nowhere = pair.ends[0];
	nowhere.port = 1;
	assert_false(sampler_read(one, &pair.ends[1], &nowhere, 0, &sample));
	assert_int_equal(stats_of(one).missing, 2);
	assert_memory_equal(&sample, &before, sizeof(sample));

	/* It goes on after that. */
	assert_true(sampler_read(one, &pair.ends[0], &pair.ends[1], 0,
				 &sample));
	assert_int_equal(stats_of(one).taken, 1);
	assert_int_equal(stats_of(one).missing, 2);
	sampler_free(one);
	dismiss(&pair);
}

/* Both ends closed, in order: the first waits, and tells no figures. */
static void test_time_wait(void **state)
{
	struct pair pair = connected(&tcp);
	struct core_sample sample;
	struct taken taken;
	struct sampler *one = sampler(1000000, &taken);
	char c;

	close(pair.fds[0]);
	assert_int_equal(recv(pair.fds[1], &c, 1, 0), 0);
	close(pair.fds[1]);
	while (sampler_read(one, &pair.ends[0], &pair.ends[1], 0, &sample))
		;

	assert_int_equal(stats_of(one).missing, 1);
	sampler_free(one);
	close(pair.listener);
}

/* A second's worth at once, then as many as time brings: never more. */
static void test_limit(void **state)
{
	struct pair pair = connected(&tcp);
	struct core_action action = reading_of(&pair, 0);
	struct anchor_time start = now_is();
	unsigned int accepted = 0, refused = 0;
	struct taken taken;
	struct sampler *one = sampler(100, &taken);

	while (accepted < 120) {
		int err = sampler_submit(one, &action);

		assert_true(!err || err == -EAGAIN);
		accepted += !err;
		refused += !!err;
		assert_true(accepted >= 100 || !refused);
		assert_true(accepted <= 100 + 100 * seconds_since(start));
	}

	sampler_flush(one);
	assert_true(refused > 0);
	assert_int_equal(taken.n, accepted);
	assert_int_equal(stats_of(one).taken, accepted);
	assert_int_equal(stats_of(one).skipped, refused);
	sampler_free(one);
	dismiss(&pair);
}

/* A reload may change it, in either direction. */
static void test_set_limit(void **state)
{
	struct pair pair = connected(&tcp);
	struct core_action action = reading_of(&pair, 0);
	struct core_sample sample;
	struct taken taken;
	struct sampler *one = sampler(100, &taken);

	sampler_set_limit(one, 0);
	assert_int_equal(sampler_submit(one, &action), -EAGAIN);
	assert_false(sampler_read(one, &pair.ends[0], &pair.ends[1], 0,
				  &sample));
	assert_int_equal(stats_of(one).skipped, 2);
	assert_int_equal(stats_of(one).missing, 0);

	sampler_set_limit(one, 1000000);
	while (!sampler_read(one, &pair.ends[0], &pair.ends[1], 0, &sample))
		assert_int_equal(stats_of(one).missing, 0);

	assert_int_equal(stats_of(one).taken, 1);
	sampler_free(one);
	dismiss(&pair);
}

/* Frames of a known size out of one end of a veth and into the other. */
static void send_frames(unsigned int n)
{
	const struct anchor_endpoint to = endpoint_of("192.0.2.2:9");
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	struct sockaddr_storage name;
	socklen_t len = sockaddr_from(&to, &name);
	char buf[PIECE] = "";

	for (unsigned int i = 0; i < n; i++)
		assert_int_equal(sendto(fd, buf, PIECE, 0,
					(struct sockaddr *) &name, len),
				 PIECE);

	close(fd);
}

/* That says nothing by itself. */
static void make_veth(void)
{
	char command[128];

	snprintf(command, sizeof(command), "ip link add va index %d type veth "
		 "peer name vb index %d", VETH, VETH + 1);
	run(command);
	run("ip link set va addrgenmode none");
	run("ip link set vb addrgenmode none");
	run("ip addr add 192.0.2.1/24 dev va");
	run("ip link set va up");
	run("ip link set vb up");
	run("ip neigh add 192.0.2.2 lladdr 02:00:00:00:00:02 dev va");
}

/* Rates are bytes a second, rounded down. */
static void check_carried(uint64_t rate, uint64_t frames,
			  const struct anchor_load *before,
			  const struct anchor_load *now)
{
	int64_t us = anchor_time_since(now->at, before->at).us;
	double exact;

	assert_true(us > 0);
	exact = (double) (frames * FRAME) * 1e6 / (double) us;
	assert_in_range(rate, (uintmax_t) exact - 1, (uintmax_t) exact + 1);
}

static void test_load(void **state)
{
	struct anchor_load before[2], now[2];
	struct taken taken;
	struct sampler *one = sampler(100, &taken);

	make_veth();
	send_frames(1000);

	/* What came before the first reading was at nobody knows which time. */
	assert_true(sampler_load(one, VETH, "va", &before[0]));
	assert_true(sampler_load(one, VETH + 1, "vb", &before[1]));
	assert_int_equal(before[0].speed, VETH_SPEED);
	assert_int_equal(before[0].rate_out, 0);
	assert_int_equal(before[1].rate_in, 0);

	send_frames(100);
	assert_true(sampler_load(one, VETH, "va", &now[0]));
	assert_true(sampler_load(one, VETH + 1, "vb", &now[1]));
	assert_int_equal(now[0].speed, VETH_SPEED);
	check_carried(now[0].rate_out, 100, &before[0], &now[0]);
	check_carried(now[1].rate_in, 100, &before[1], &now[1]);
	assert_int_equal(now[0].rate_in, 0);
	assert_int_equal(now[1].rate_out, 0);

	assert_true(sampler_load(one, VETH, "va", &now[0]));
	assert_int_equal(now[0].rate_out, 0);
	sampler_free(one);
	run("ip link del va");
}

/* A link of the same number, made anew, counts from nothing. */
static void test_load_went_back(void **state)
{
	struct anchor_load before, now;
	struct taken taken;
	struct sampler *one = sampler(100, &taken);

	make_veth();
	send_frames(100);
	assert_true(sampler_load(one, VETH, "va", &before));
	run("ip link del va");
	assert_false(sampler_load(one, VETH, "va", &now));

	make_veth();
	send_frames(10);
	assert_true(sampler_load(one, VETH, "va", &before));
	assert_int_equal(before.rate_out, 0);
	send_frames(10);
	assert_true(sampler_load(one, VETH, "va", &now));
	check_carried(now.rate_out, 10, &before, &now);
	sampler_free(one);
	run("ip link del va");
}

/* A link that has no speed, and more that are no links than it remembers. */
static void test_load_of_many(void **state)
{
	int lo = (int) if_nametoindex("lo");
	struct anchor_load load = { .rate_in = 42 };
	struct taken taken;
	struct sampler *one = sampler(1, &taken);

	for (int i = 0; i < MANY; i++)
		assert_false(sampler_load(one, VETH + i, "none", &load));

	assert_int_equal(load.rate_in, 42);
	assert_true(sampler_load(one, lo, "lo", &load));
	assert_int_equal(load.speed, 0);
	sampler_free(one);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tcp),
		cmocka_unit_test(test_ipv6),
		cmocka_unit_test(test_ipv4_on_an_ipv6_socket),
		cmocka_unit_test(test_mptcp),
		cmocka_unit_test(test_device),
		cmocka_unit_test(test_submit),
		cmocka_unit_test(test_free_with_readings),
		cmocka_unit_test(test_missing),
		cmocka_unit_test(test_time_wait),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_set_limit),
		cmocka_unit_test(test_load),
		cmocka_unit_test(test_load_went_back),
		cmocka_unit_test(test_load_of_many),
	};

	if (unshare(CLONE_NEWNET) < 0) {
		fprintf(stderr, "skipped: no network namespace: %s\n",
			strerror(errno));
		return 77;
	}

	if (system("ip link set lo up")) {
		fputs("the loopback interface does not come up\n", stderr);
		return 1;
	}

	return cmocka_run_group_tests(tests, NULL, NULL);
}
