/* SPDX-License-Identifier: BSD-3-Clause */
/* Counters out of a text such as /proc/net/netstat. */
#include <errno.h>

#include "host/tcpstats.h"
#include "unit.h"

static const char good[] =
	"TcpExt: SyncookiesSent TCPTimeouts TCPLossProbes TCPLossProbeRecovery\n"
	"TcpExt: 5 30 12 7\n"
	"IpExt: InNoRoutes OutOctets\n"
	"IpExt: 0 18446744073709551000\n"
	"MPTcpExt: MPCapableSYNRX\n"
	"MPTcpExt: 3\n";

static void test_good(void **state)
{
	struct tcpstats_places places;
	struct tcpstats_values values;

	assert_int_equal(tcpstats_find(good, &places), 0);
	assert_int_equal(places.timeouts, 2);
	assert_int_equal(places.probes, 3);
	assert_int_equal(tcpstats_parse(good, &places, &values), 0);
	assert_int_equal(values.alarms, 42);
	assert_true(values.octets == UINT64_C(18446744073709551000));
}

static void test_missing(void **state)
{
	static const char *const texts[] = {
		"", "\n", "TcpExt:", "TcpExt: TCPTimeouts\nTcpExt: 1\n",
		"IpExt: OutOctets\nIpExt: 1\n",
		("TcpExt: TCPTimeouts TCPLossProbesX\nTcpExt: 1 2\n"
		 "IpExt: OutOctets\nIpExt: 1\n"),
	};
	struct tcpstats_places places;

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		assert_int_equal(tcpstats_find(texts[i], &places), -ENOENT);
}

/* Whatever the file becomes later, nothing is read beyond it. */
static void test_cut_off(void **state)
{
	struct tcpstats_places places;
	struct tcpstats_values values;
	char text[sizeof(good)];

	assert_int_equal(tcpstats_find(good, &places), 0);
	for (size_t len = 0; len < sizeof(good); len++) {
		int err;

		memcpy(text, good, len);
		text[len] = '\0';
		err = tcpstats_parse(text, &places, &values);
		assert_true(!err || err == -EBADMSG);
		if (len < 120)
			assert_int_equal(err, -EBADMSG);
	}
}

/* The kernel's own. */
static void test_kernel(void **state)
{
	struct tcpstats_values before, after;
	struct tcpstats *stats;

	assert_int_equal(tcpstats_new(&stats), 0);
	assert_int_equal(tcpstats_read(stats, &before), 0);
	assert_int_equal(tcpstats_read(stats, &after), 0);
	assert_true(after.alarms >= before.alarms);
	assert_true(after.octets >= before.octets);
	tcpstats_free(stats);
	tcpstats_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_missing),
		cmocka_unit_test(test_cut_off),
		cmocka_unit_test(test_kernel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
