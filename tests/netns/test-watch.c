/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How often the watch looks while there is traffic, and what it looks at when
 * there is none, in a network namespace of its own that ends with this program.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <ell/ell.h>

#include "host/tcpstats.h"
#include "host/watch.h"
#include "unit.h"

#define EVERY_MS 10
#define SEND_MS 5
#define IDLE_MS 20		/* what a look waits for others */
#define BUSY_US 10000		/* what one takes that is busy */
#define LOOKS 10		/* if one costs nothing, within PATIENCE_S */
#define PATIENCE_S 10		/* in which five would be one per cent */
#define WATCHED_S 3		/* without a bound, time for a hundred */

struct fixture {
	int listener;
	int fds[2];
	unsigned int looks;
	uint64_t cost;			/* of what went on after them, in us */
	bool late;
};

/* Somebody else has the processor. */
static void wait_for_others(void *data)
{
	struct fixture *fixture = data;

	poll(NULL, 0, IDLE_MS);
	if (++fixture->looks == LOOKS)
		l_main_quit();
}

/* Is busy only when it has returned. */
static void on_busy_later(struct l_timeout *timer, void *data)
{
	struct fixture *fixture = data;

	fixture->cost += BUSY_US;
	l_timeout_remove(timer);
}

static void be_busy_later(void *data)
{
	struct fixture *fixture = data;

	fixture->looks++;
	l_timeout_create_ms(1, on_busy_later, fixture, NULL);
}

static int64_t spent_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (int64_t) now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void be_busy(void *data)
{
	struct fixture *fixture = data;
	int64_t until = spent_us() + BUSY_US;

	while (spent_us() < until)
		continue;

	fixture->looks++;
}

static void on_send(struct l_timeout *timer, void *data)
{
	const struct fixture *fixture = data;
	char byte = 0;

	assert_int_equal(write(fixture->fds[0], &byte, 1), 1);
	assert_int_equal(read(fixture->fds[1], &byte, 1), 1);
	l_timeout_modify_ms(timer, SEND_MS);
}

static void on_late(struct l_timeout *timer, void *data)
{
	struct fixture *fixture = data;

	fixture->late = true;
	l_main_quit();
}

static int setup(void **state)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	socklen_t len = sizeof(at);
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	assert_non_null(fixture);
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	fixture->listener = socket(AF_INET, SOCK_STREAM, 0);
	fixture->fds[0] = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(fixture->listener, (struct sockaddr *) &at, len),
			 0);
	assert_int_equal(listen(fixture->listener, 1), 0);
	assert_int_equal(getsockname(fixture->listener,
				     (struct sockaddr *) &at, &len), 0);
	assert_int_equal(connect(fixture->fds[0], (struct sockaddr *) &at,
				 len), 0);
	fixture->fds[1] = accept(fixture->listener, NULL, NULL);
	assert_true(fixture->fds[1] >= 0);
	*state = fixture;
	return l_main_init() ? 0 : -1;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	close(fixture->listener);
	close(fixture->fds[0]);
	close(fixture->fds[1]);
	free(fixture);
	return l_main_exit() ? 0 : -1;
}

static uint64_t cost(void *data)
{
	const struct fixture *fixture = data;

	return fixture->cost;
}

static void run(struct fixture *fixture, void (*look)(void *data),
		unsigned int seconds)
{
	const struct watch_options options = {
		.every = anchor_ms(EVERY_MS),
		.look = look,
		.cost = cost,
		.data = fixture,
	};
	struct watch *watch = watch_new(&options);
	struct l_timeout *send = l_timeout_create_ms(SEND_MS, on_send, fixture,
						     NULL);
	struct l_timeout *late = l_timeout_create(seconds, on_late, fixture,
						  NULL);

	assert_non_null(watch);
	l_main_run();
	l_timeout_remove(late);
	l_timeout_remove(send);
	watch_free(watch);
}

/* What others take of the time does not make it look less often. */
static void test_others(void **state)
{
	struct fixture *fixture = *state;

	run(fixture, wait_for_others, PATIENCE_S);
	assert_false(fixture->late);
}

/*
 * What it takes itself does: the first look, and one a second; five, should
 * the kernel send loss probes meanwhile.
 */
static void test_busy(void **state)
{
	struct fixture *fixture = *state;

	run(fixture, be_busy, WATCHED_S);
	assert_true(fixture->late);
	assert_in_range(fixture->looks, 1, 5 * WATCHED_S + 1);
}

/* Also what goes on after it, for there may be much to read. */
static void test_busy_later(void **state)
{
	struct fixture *fixture = *state;

	run(fixture, be_busy_later, WATCHED_S);
	assert_true(fixture->late);
	assert_in_range(fixture->looks, 1, 5 * WATCHED_S + 1);
}

/* What arrives at a socket is dropped, as by a path that has failed. */
static void drop_all(int fd)
{
	struct sock_filter nothing[] = { BPF_STMT(BPF_RET | BPF_K, 0) };
	const struct sock_fprog program = { .len = 1, .filter = nothing };

	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program,
				    sizeof(program)), 0);
}

/*
 * What is sent again is no segment that OutSegs counts, and an alarm all the
 * same. A watch that asks every 200 ms sees it while nothing else is sent.
 */
static void test_sent_again(void **state)
{
	struct fixture *fixture = *state;
	struct tcpstats_values sent, now;
	struct tcpstats *stats;
	char byte = 0;

	drop_all(fixture->fds[1]);
	assert_int_equal(tcpstats_new(&stats), 0);
	assert_int_equal(write(fixture->fds[0], &byte, 1), 1);
	assert_int_equal(tcpstats_read(stats, &sent), 0);
	for (int i = 0; i < 100 * PATIENCE_S; i++) {
		assert_int_equal(tcpstats_read(stats, &now), 0);
		if (now.alarms != sent.alarms)
			break;

		poll(NULL, 0, 10);
	}

	assert_true(now.alarms > sent.alarms);
	assert_true(now.segments > sent.segments);
	tcpstats_free(stats);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_others, setup, teardown),
		cmocka_unit_test_setup_teardown(test_busy, setup, teardown),
		cmocka_unit_test_setup_teardown(test_busy_later, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_sent_again, setup,
						teardown),
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
