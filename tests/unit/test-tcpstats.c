/* SPDX-License-Identifier: BSD-3-Clause */
/* Counters out of a text such as /proc/net/netstat. */
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host/tcpstats.h"
#include "unit.h"

static const char good[] =
	"TcpExt: SyncookiesSent TCPTimeouts TCPLossProbes TCPLossProbeRecovery\n"
	"TcpExt: 5 30 12 7\n"
	"IpExt: InNoRoutes OutOctets\n"
	"IpExt: 0 7\n"
	"MPTcpExt: MPCapableSYNRX\n"
	"MPTcpExt: 3\n"
	"Tcp: MaxConn OutSegs RetransSegs\n"
	"Tcp: -1 18446744073709551000 15\n";

static void test_good(void **state)
{
	struct tcpstats_places places;
	uint64_t alarms, segments;

	assert_int_equal(tcpstats_find(good, &places), 0);
	assert_int_equal(places.timeouts, 2);
	assert_int_equal(places.probes, 3);
	assert_int_equal(tcpstats_parse_alarms(good, &places, &alarms), 0);
	assert_int_equal(alarms, 42);
	assert_int_equal(tcpstats_parse_segments(good, &places, &segments), 0);
	assert_true(segments == UINT64_C(18446744073709551015));
}

static void test_missing(void **state)
{
	static const char *const texts[] = {
		"", "\n", "TcpExt:", "TcpExt: TCPTimeouts\nTcpExt: 1\n",
		"Tcp: OutSegs RetransSegs\nTcp: 1 2\n",
		("TcpExt: TCPTimeouts TCPLossProbesX\nTcpExt: 1 2\n"
		 "Tcp: OutSegs RetransSegs\nTcp: 1 2\n"),
		("TcpExt: TCPTimeouts TCPLossProbes\nTcpExt: 1 2\n"
		 "Tcp: OutSegs\nTcp: 1\n"),
	};
	struct tcpstats_places places;

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		assert_int_equal(tcpstats_find(texts[i], &places), -ENOENT);
}

/* Whatever the file becomes later, nothing is read beyond it. */
static void test_cut_off(void **state)
{
	struct tcpstats_places places;
	char text[sizeof(good)];
	uint64_t alarms, segments;

	assert_int_equal(tcpstats_find(good, &places), 0);
	for (size_t len = 0; len < sizeof(good); len++) {
		int err;

		memcpy(text, good, len);
		text[len] = '\0';
		err = tcpstats_parse_alarms(text, &places, &alarms);
		assert_true(!err || err == -EBADMSG);
		err = tcpstats_parse_segments(text, &places, &segments);
		assert_true(!err || err == -EBADMSG);
		if (len < sizeof(good) - 25)
			assert_int_equal(err, -EBADMSG);
	}
}

/* A connection over the loopback device, of either family. */
static void connect_over(const struct sockaddr *addr, socklen_t len)
{
	struct sockaddr_storage name = { 0 };
	socklen_t name_len = sizeof(name);
	int listener = socket(addr->sa_family, SOCK_STREAM, 0);
	int client = socket(addr->sa_family, SOCK_STREAM, 0);

	memcpy(&name, addr, len);
	if (bind(listener, (const struct sockaddr *) &name, len) < 0) {
		print_message("no address of family %d\n", addr->sa_family);
		close(listener);
		close(client);
		skip();
	}

	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *) &name,
				     &name_len), 0);
	assert_int_equal(connect(client, (const struct sockaddr *) &name,
				 name_len), 0);
	close(listener);
	close(client);
}

/* The kernel's own. */
static void count(const struct sockaddr *addr, socklen_t len)
{
	struct tcpstats_values before, after;
	struct tcpstats *stats;

	assert_int_equal(tcpstats_new(&stats), 0);
	assert_int_equal(tcpstats_read(stats, &before), 0);
	connect_over(addr, len);
	assert_int_equal(tcpstats_read(stats, &after), 0);
	assert_true(after.alarms >= before.alarms);
	assert_true(after.segments > before.segments);
	tcpstats_free(stats);
	tcpstats_free(NULL);
}

static void test_kernel(void **state)
{
	const struct sockaddr_in addr = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};

	count((const struct sockaddr *) &addr, sizeof(addr));
}

static void test_kernel6(void **state)
{
	const struct sockaddr_in6 addr = {
		.sin6_family = AF_INET6,
		.sin6_addr = IN6ADDR_LOOPBACK_INIT,
	};

	count((const struct sockaddr *) &addr, sizeof(addr));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_missing),
		cmocka_unit_test(test_cut_off),
		cmocka_unit_test(test_kernel),
		cmocka_unit_test(test_kernel6),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
