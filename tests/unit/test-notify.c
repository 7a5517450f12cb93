/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the service manager is told, at a datagram socket of its kind: in a
 * folder, and in the abstract namespace.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "daemon/dgram.h"
#include "daemon/notify.h"
#include "unit.h"

#define HEARD_MAX 1024

struct fixture {
	char dir[32];
	char path[64];
	int fd;
	struct notify *notify;
	char heard[HEARD_MAX];
};

static int listen_at(const char *name)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	size_t len = strlen(name);
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	memcpy(addr.sun_path, name, len);
	if (name[0] == '@')
		addr.sun_path[0] = '\0';

	assert_int_equal(bind(fd, (struct sockaddr *) &addr, (socklen_t)
			(offsetof(struct sockaddr_un, sun_path) + len)), 0);
	return fd;
}

static int make_manager(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	strcpy(fixture->dir, "/tmp/anchor-notify-XXXXXX");
	assert_non_null(mkdtemp(fixture->dir));
	snprintf(fixture->path, sizeof(fixture->path), "%s/notify",
		 fixture->dir);
	fixture->fd = listen_at(fixture->path);
	assert_int_equal(notify_new(fixture->path, &fixture->notify), 0);
	*state = fixture;
	return 0;
}

static int clean_up(void **state)
{
	struct fixture *fixture = *state;

	notify_free(fixture->notify);
	close(fixture->fd);
	unlink(fixture->path);
	rmdir(fixture->dir);
	free(fixture);
	return 0;
}

/* What has come; datagrams between Unix sockets are there at once. */
static const char *hear(struct fixture *fixture)
{
	ssize_t n = recv(fixture->fd, fixture->heard,
			 sizeof(fixture->heard) - 1, MSG_DONTWAIT);

	if (n < 0)
		return NULL;

	fixture->heard[n] = '\0';
	return fixture->heard;
}

static void test_states(void **state)
{
	struct fixture *fixture = *state;
	struct notify *notify = fixture->notify;

	assert_int_equal(notify_ready(notify, "all is well"), 0);
	assert_string_equal(hear(fixture), "READY=1\nSTATUS=all is well");
	assert_int_equal(notify_watchdog(notify), 0);
	assert_string_equal(hear(fixture), "WATCHDOG=1");
	assert_int_equal(notify_stopping(notify), 0);
	assert_string_equal(hear(fixture), "STOPPING=1\nSTATUS=stopping");
	assert_null(hear(fixture));
}

static uint64_t monotonic_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t) now.tv_sec * 1000000 + (uint64_t) now.tv_nsec / 1000;
}

static void test_reloading(void **state)
{
	struct fixture *fixture = *state;
	uint64_t before = monotonic_us(), told;

	assert_int_equal(notify_reloading(fixture->notify), 0);
	assert_int_equal(sscanf(hear(fixture),
				"RELOADING=1\nMONOTONIC_USEC=%" SCNu64
				"\nSTATUS=reading", &told), 1);
	assert_true(told >= before && told <= monotonic_us());
}

static void test_abstract(void **state)
{
	struct fixture *fixture = *state;
	char name[64];

	notify_free(fixture->notify);
	close(fixture->fd);
	snprintf(name, sizeof(name), "@anchor-notify-%d", (int) getpid());
	fixture->fd = listen_at(name);
	assert_int_equal(notify_new(name, &fixture->notify), 0);
	assert_int_equal(notify_ready(fixture->notify, ""), 0);
	assert_string_equal(hear(fixture), "READY=1\nSTATUS=");
}

/* A manager that does not read is not waited for. */
static void test_full(void **state)
{
	struct fixture *fixture = *state;
	int n = 0;

	while (n < 100000 && !notify_watchdog(fixture->notify))
		n++;

	assert_in_range(n, 1, 99999);
	assert_int_equal(notify_watchdog(fixture->notify), -EAGAIN);
	assert_string_equal(hear(fixture), "WATCHDOG=1");
	assert_int_equal(notify_watchdog(fixture->notify), 0);
}

static void test_gone(void **state)
{
	struct fixture *fixture = *state;

	close(fixture->fd);
	assert_int_equal(notify_watchdog(fixture->notify), -ECONNREFUSED);
	fixture->fd = -1;
}

static void test_long_status(void **state)
{
	struct fixture *fixture = *state;
	char status[HEARD_MAX];

	memset(status, 'x', sizeof(status) - 1);
	status[sizeof(status) - 1] = '\0';
	assert_int_equal(notify_ready(fixture->notify, status), -EMSGSIZE);
	assert_null(hear(fixture));
}

static void test_nobody(void **state)
{
	struct notify *notify = (void *) state;

	assert_int_equal(notify_new(NULL, &notify), 0);
	assert_null(notify);
	assert_int_equal(notify_new("", &notify), 0);
	assert_null(notify);
	assert_int_equal(notify_ready(NULL, "x"), 0);
	assert_int_equal(notify_reloading(NULL), 0);
	assert_int_equal(notify_stopping(NULL), 0);
	assert_int_equal(notify_watchdog(NULL), 0);
	notify_free(NULL);
}

static void test_bad_address(void **state)
{
	struct notify *notify;
	char path[200];

	memset(path, '/', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(notify_new(path, &notify), -ENAMETOOLONG);
	assert_int_equal(notify_new("vsock:2:1", &notify), -EAFNOSUPPORT);
	assert_int_equal(notify_new("/nonexistent/notify", &notify), -ENOENT);
}

static void test_watchdog_time(void **state)
{
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", (int) getpid());
	assert_int_equal(notify_watchdog_us(NULL, NULL), 0);
	assert_int_equal(notify_watchdog_us("30000000", NULL), 30000000);
	assert_int_equal(notify_watchdog_us("30000000", pid), 30000000);
	assert_int_equal(notify_watchdog_us("30000000", "1"), 0);
	assert_int_equal(notify_watchdog_us("30000000", ""), 0);
	assert_int_equal(notify_watchdog_us("", NULL), 0);
	assert_int_equal(notify_watchdog_us("-1", NULL), 0);
	assert_int_equal(notify_watchdog_us("1s", NULL), 0);
	assert_int_equal(notify_watchdog_us("99999999999999999999", NULL), 0);
}

#define WITH_MANAGER(test) \
	cmocka_unit_test_setup_teardown(test, make_manager, clean_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_MANAGER(test_states),
		WITH_MANAGER(test_reloading),
		WITH_MANAGER(test_abstract),
		WITH_MANAGER(test_full),
		WITH_MANAGER(test_gone),
		WITH_MANAGER(test_long_status),
		cmocka_unit_test(test_nobody),
		cmocka_unit_test(test_bad_address),
		cmocka_unit_test(test_watchdog_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
