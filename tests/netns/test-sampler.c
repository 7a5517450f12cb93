/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The sampler against the kernel, in a network namespace of its own that ends
 * with this program: connections over the loopback interface.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host/sampler.h"
#include "unit.h"
#include "util/sockaddr.h"

#define BYTES 100000
#define MANY 600		/* more than travel in one batch */

/* A connection with itself, so to say: both of its ends. */
struct pair {
	int fds[2];
	struct anchor_endpoint ends[2];
};

struct taken {
	unsigned int n;
	struct core_action action;
	struct core_sample sample;
};

static void on_sample(const struct core_action *action,
		      const struct core_sample *sample, void *data)
{
	struct taken *taken = data;

	taken->n++;
	taken->action = *action;
	taken->sample = *sample;
}

static struct anchor_endpoint name_of(int fd)
{
	struct sockaddr_in at;
	socklen_t len = sizeof(at);
	struct anchor_endpoint end = { .addr.family = ANCHOR_FAMILY_INET };

	assert_int_equal(getsockname(fd, (struct sockaddr *) &at, &len), 0);
	memcpy(end.addr.bytes, &at.sin_addr, 4);
	end.port = ntohs(at.sin_port);
	return end;
}

static struct pair connected(void)
{
	struct sockaddr_in at = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	struct pair pair = { .fds[0] = socket(AF_INET, SOCK_STREAM, 0) };
	socklen_t len = sizeof(at);

	assert_int_equal(bind(listener, (struct sockaddr *) &at, len), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *) &at,
				     &len), 0);
	assert_int_equal(connect(pair.fds[0], (struct sockaddr *) &at, len),
			 0);
	pair.fds[1] = accept(listener, NULL, NULL);
	assert_true(pair.fds[1] >= 0);
	close(listener);
	pair.ends[0] = name_of(pair.fds[0]);
	pair.ends[1] = name_of(pair.fds[1]);
	return pair;
}

static void disconnect(struct pair *pair)
{
	close(pair->fds[0]);
	close(pair->fds[1]);
}

static void transfer(const struct pair *pair, size_t bytes)
{
	char buf[1000] = "";

	for (size_t sent = 0; sent < bytes; sent += sizeof(buf)) {
		assert_int_equal(send(pair->fds[0], buf, sizeof(buf), 0),
				 sizeof(buf));
		assert_int_equal(recv(pair->fds[1], buf, sizeof(buf),
				      MSG_WAITALL), sizeof(buf));
	}
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

static void test_read(void **state)
{
	struct pair pair = connected();
	struct core_sample out, in;
	struct taken taken;
	struct sampler *one = sampler(100, &taken);

	transfer(&pair, BYTES);
	assert_true(sampler_read(one, &pair.ends[0], &pair.ends[1], 0, &out));
	assert_true(sampler_read(one, &pair.ends[1], &pair.ends[0], 0, &in));
	assert_int_equal(in.bytes_in, BYTES);
	assert_true(out.bytes_out <= BYTES + 1);
	assert_true(out.rtt.us > 0 && out.rtt.us < 1000000);
	assert_true(out.rtt_min.us <= out.rtt.us);
	assert_true(out.cwnd > 0);
	assert_true(out.delivery_rate > 0);
	assert_int_equal(stats_of(one).taken, 2);
	assert_int_equal(taken.n, 0);
	sampler_free(one);
	disconnect(&pair);
}

/* Answers of many that are asked for together come each for its own. */
static void test_submit(void **state)
{
	struct pair pair = connected();
	struct core_action action = {
		.type = CORE_ACTION_SAMPLE, .token = 42,
		.local = pair.ends[1], .remote = pair.ends[0],
	};
	struct taken taken;
	struct sampler *one = sampler(100000, &taken);

	transfer(&pair, BYTES);
	for (int i = 0; i < MANY; i++)
		assert_int_equal(sampler_submit(one, &action), 0);

	sampler_flush(one);
	assert_int_equal(taken.n, MANY);
	assert_int_equal(taken.action.token, 42);
	assert_int_equal(taken.sample.bytes_in, BYTES);
	assert_int_equal(stats_of(one).taken, MANY);
	sampler_free(one);
	disconnect(&pair);
}

static void test_missing(void **state)
{
	struct pair pair = connected();
	struct anchor_endpoint nowhere = pair.ends[1];
	struct core_sample sample;
	struct taken taken;
	struct sampler *one = sampler(100, &taken);

	nowhere.port = 1;
	assert_false(sampler_read(one, &pair.ends[0], &nowhere, 0, &sample));
	assert_int_equal(stats_of(one).missing, 1);
	assert_true(sampler_read(one, &pair.ends[0], &pair.ends[1], 0,
				 &sample));
	sampler_free(one);
	disconnect(&pair);
}

/* No more than a second's worth at once; the rest is told to be too much. */
static void test_limit(void **state)
{
	struct pair pair = connected();
	struct core_action action = {
		.type = CORE_ACTION_SAMPLE,
		.local = pair.ends[1], .remote = pair.ends[0],
	};
	unsigned int refused = 0;
	struct taken taken;
	struct sampler *one = sampler(1, &taken);

	for (int i = 0; i < MANY; i++)
		refused += sampler_submit(one, &action) == -EAGAIN;

	sampler_flush(one);
	assert_true(refused > 0);
	assert_int_equal(taken.n, MANY - refused);
	assert_int_equal(stats_of(one).skipped, refused);

	/* Which a reload may change. */
	sampler_set_limit(one, 1000000);
	refused = 0;
	while (sampler_submit(one, &action) < 0)
		refused++;

	sampler_flush(one);
	assert_true(taken.n > 0);
	sampler_free(one);
	disconnect(&pair);
}

static void test_load(void **state)
{
	struct pair pair = connected();
	int lo = (int) if_nametoindex("lo");
	struct anchor_load load;
	struct taken taken;
	struct sampler *one = sampler(100, &taken);

	assert_true(sampler_load(one, lo, "lo", &load));
	assert_int_equal(load.rate_out, 0);
	assert_int_equal(load.speed, 0);
	transfer(&pair, BYTES);
	assert_true(sampler_load(one, lo, "lo", &load));
	assert_true(load.rate_out > BYTES / 100);
	assert_true(load.rate_in > BYTES / 100);
	assert_false(sampler_load(one, 4242, "none", &load));
	sampler_free(one);
	disconnect(&pair);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_submit),
		cmocka_unit_test(test_missing),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_load),
	};

	if (unshare(CLONE_NEWNET) < 0 || system("ip link set lo up")) {
		fprintf(stderr, "skipped: no network namespace: %s\n",
			strerror(errno));
		return 77;
	}

	return cmocka_run_group_tests(tests, NULL, NULL);
}
