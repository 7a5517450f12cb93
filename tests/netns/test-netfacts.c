/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * netfacts against the kernel, in a network namespace of its own that ends
 * with this program. What is true is what a second netfacts, made anew, sees.
 */
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fuzz/scarce.h"
#include "netlink/netfacts.h"
#include "unit.h"

#define TIMEOUT_MS 5000
#define BUFFER (1024 * 1024)
#define TABLE_MAX 16384		/* addresses */

static void run(const char *command)
{
	if (system(command))
		fail_msg("failed: %s", command);
}

/* Adds or deletes n addresses of a device by one "ip -batch". */
static void run_batch(const char *verb, int net, const char *device, int n)
{
	FILE *ip = popen("ip -batch -", "w");

	assert_non_null(ip);
	for (int i = 0; i < n; i++)
		fprintf(ip, "addr %s 10.%d.%d.%d/32 dev %s\n", verb, net,
			i / 250, i % 250 + 1, device);

	assert_int_equal(pclose(ip), 0);
}

static void on_change(void *data)
{
	++*(int *) data;
}

static struct netfacts *opened(int buffer, int *changes)
{
	struct netfacts *facts;

	assert_int_equal(netfacts_new(buffer, on_change, changes, &facts), 0);
	return facts;
}

static bool readable(const struct netfacts *facts, int timeout_ms)
{
	struct pollfd waiting = { netfacts_fd(facts), POLLIN, 0 };

	return poll(&waiting, 1, timeout_ms) == 1;
}

/* Whatever has been done is known at once: rtnetlink tells synchronously. */
static void catch_up(struct netfacts *facts)
{
	while (readable(facts, 0))
		assert_int_equal(netfacts_dispatch(facts), 0);
}

static const struct rtnl_link *find_link(const struct netfacts *facts,
					 const char *name)
{
	const struct rtnl_link *link;

	for (size_t i = 0; (link = netfacts_link(facts, i)); i++)
		if (!strcmp(link->name, name))
			return link;

	return NULL;
}

static const struct rtnl_address *find_address(const struct netfacts *facts,
					       const char *text)
{
	struct anchor_addr want = addr_of(text);
	const struct rtnl_address *address;

	for (size_t i = 0; (address = netfacts_address(facts, i)); i++)
		if (anchor_addr_equal(&address->addr, &want))
			return address;

	return NULL;
}

static bool same_address(const struct rtnl_address *a,
			 const struct rtnl_address *b)
{
	return a->ifindex == b->ifindex && a->prefixlen == b->prefixlen &&
		a->global == b->global && a->usable == b->usable &&
		anchor_addr_equal(&a->addr, &b->addr);
}

static bool has_address(const struct netfacts *facts,
			const struct rtnl_address *want)
{
	const struct rtnl_address *address;

	for (size_t i = 0; (address = netfacts_address(facts, i)); i++)
		if (same_address(address, want))
			return true;

	return false;
}

/* The same links in the same order, the same addresses sorted by link. */
static void assert_true_to_life(const struct netfacts *facts)
{
	int changes = 0;
	struct netfacts *fresh = opened(BUFFER, &changes);
	const struct rtnl_address *address;
	const struct rtnl_link *link;
	int before = 0;
	size_t i;

	for (i = 0; (link = netfacts_link(fresh, i)); i++) {
		const struct rtnl_link *known = netfacts_link(facts, i);

		assert_non_null(known);
		assert_int_equal(known->ifindex, link->ifindex);
		assert_true(before < known->ifindex);
		before = known->ifindex;
		assert_string_equal(known->name, link->name);
		assert_string_equal(known->kind, link->kind);
		assert_int_equal(known->up, link->up);
		assert_int_equal(known->carrier, link->carrier);
	}

	assert_null(netfacts_link(facts, i));
	before = 0;
	for (i = 0; (address = netfacts_address(facts, i)); i++) {
		assert_true(has_address(fresh, address));
		assert_true(before <= address->ifindex);
		before = address->ifindex;
	}

	assert_null(netfacts_address(fresh, i));
	assert_int_equal(changes, 0);
	netfacts_free(fresh);
}

static void test_start(void **state)
{
	int changes = 0;
	struct netfacts *facts;
	const struct rtnl_link *link;

	(void) state;
	run("ip link set lo up; ip addr add 10.255.0.1/32 dev lo");
	facts = opened(BUFFER, &changes);
	link = find_link(facts, "lo");
	assert_non_null(link);
	assert_true(link->loopback && link->up && link->carrier);
	assert_true(find_address(facts, "10.255.0.1")->global);
	assert_false(find_address(facts, "127.0.0.1")->global);
	assert_int_equal(changes, 0);
	assert_false(readable(facts, 0));
	netfacts_free(facts);
}

static void test_follow(void **state)
{
	int changes = 0;
	struct netfacts *facts = opened(BUFFER, &changes);

	(void) state;
	run("ip link add a0 type veth peer name a1");
	run("ip link set a0 up; ip addr add 10.1.0.1/24 dev a0");
	assert_true(readable(facts, TIMEOUT_MS));
	assert_int_equal(netfacts_dispatch(facts), 0);
	assert_int_equal(changes, 1);
	assert_int_equal(netfacts_dispatch(facts), 0);
	assert_int_equal(changes, 1);
	assert_string_equal(find_link(facts, "a0")->kind, "veth");
	assert_true(find_link(facts, "a0")->up);
	assert_false(find_link(facts, "a0")->carrier);
	assert_true(find_address(facts, "10.1.0.1")->usable);

	/* The peer comes up; the carrier's news is sent by a worker. */
	run("ip link set a1 up");
	while (!find_link(facts, "a0")->carrier) {
		assert_true(readable(facts, TIMEOUT_MS));
		assert_int_equal(netfacts_dispatch(facts), 0);
	}

	run("ip link set a1 down");
	while (find_link(facts, "a0")->carrier) {
		assert_true(readable(facts, TIMEOUT_MS));
		assert_int_equal(netfacts_dispatch(facts), 0);
	}

	assert_non_null(find_address(facts, "10.1.0.1"));
	run("ip addr del 10.1.0.1/24 dev a0");
	catch_up(facts);
	assert_null(find_address(facts, "10.1.0.1"));
	run("ip link del a0");
	catch_up(facts);
	assert_null(find_link(facts, "a0"));
	assert_true_to_life(facts);
	netfacts_free(facts);
}

/* What was there and is told of again is no change. */
static void test_no_change(void **state)
{
	int changes = 0;
	struct netfacts *facts = opened(BUFFER, &changes);

	(void) state;
	run("ip link set lo alias again");
	assert_true(readable(facts, TIMEOUT_MS));
	catch_up(facts);
	assert_int_equal(changes, 0);
	netfacts_free(facts);
}

/* Of an IPv6 address the kernel tells from a work queue (addrconf_dad_work). */
static void wait_for_address(struct netfacts *facts, const char *text)
{
	catch_up(facts);
	while (!find_address(facts, text)) {
		assert_true(readable(facts, TIMEOUT_MS));
		catch_up(facts);
	}
}

static void test_link_takes_addresses(void **state)
{
	int changes = 0;
	struct netfacts *facts = opened(BUFFER, &changes);

	(void) state;
	run("ip link add b0 type veth peer b0p");
	run("ip link add b1 type veth peer b1p");
	run("ip addr add 10.2.0.1/24 dev b0");
	run("ip addr add fd00::1/64 dev b0 nodad");
	run("ip addr add 10.2.1.9/24 dev b1; ip addr add 10.2.1.1/24 dev b1");
	wait_for_address(facts, "fd00::1");
	assert_true(find_address(facts, "10.2.1.9") <
		    find_address(facts, "10.2.1.1"));
	assert_non_null(find_address(facts, "10.2.0.1"));
	run("ip link del b0");
	catch_up(facts);
	assert_null(find_address(facts, "10.2.0.1"));
	assert_null(find_address(facts, "fd00::1"));
	assert_non_null(find_address(facts, "10.2.1.1"));
	run("ip link del b1");
	catch_up(facts);
	assert_true_to_life(facts);
	netfacts_free(facts);
}

/*
 * So little room that most of what happens is lost: links and addresses that
 * went are gone afterwards, those that came are there.
 */
static void test_overrun(void **state)
{
	int changes = 0;
	struct netfacts *facts;
	struct nlsock_stats stats;

	(void) state;
	run("ip link add c0 type veth peer c0p");
	run("ip link add c1 type veth peer c1p");
	run("ip addr add 10.3.0.1/24 dev c0; ip addr add 10.3.1.1/24 dev c1");
	facts = opened(1, &changes);
	run_batch("add", 4, "lo", 200);
	run_batch("del", 4, "lo", 190);
	run("ip link del c0; ip addr del 10.3.1.1/24 dev c1");
	run("ip link add c2 type veth peer c2p");
	run("ip addr add 10.3.2.1/24 dev c2");
	assert_non_null(find_link(facts, "c0"));
	catch_up(facts);

	netfacts_get_stats(facts, &stats);
	assert_true(stats.overruns > 0);
	assert_true(changes > 0);
	assert_null(find_link(facts, "c0"));
	assert_null(find_address(facts, "10.3.0.1"));
	assert_null(find_address(facts, "10.3.1.1"));
	assert_non_null(find_address(facts, "10.3.2.1"));
	assert_non_null(find_address(facts, "10.4.0.191"));
	assert_true_to_life(facts);
	netfacts_free(facts);
	run("ip link del c1; ip link del c2");
}

/*
 * Two ends with the same number in two namespaces: like a real interface,
 * which is its own lower one, the kernel may tell of its carrier late.
 */
static void add_slow(const char *name, int index)
{
	char command[160];

	snprintf(command, sizeof(command), "ip link add %s index %d type veth "
		 "peer name %sp index %d netns $PEER && ip link set %s up && "
		 "nsenter -t $PEER -n ip link set %sp up",
		 name, index, name, index, name, name);
	run(command);
}

static void lose_carrier(const char *name)
{
	char command[80];

	snprintf(command, sizeof(command),
		 "nsenter -t $PEER -n ip link set %sp down", name);
	run(command);
}

/* A process in another network namespace; its number to the environment. */
static pid_t start_peer(void)
{
	int ready[2];
	char pid_text[16];
	pid_t pid;
	char byte;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (!pid) {
		if (unshare(CLONE_NEWNET) < 0 || write(ready[1], "", 1) != 1)
			_exit(1);

		pause();
		_exit(0);
	}

	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	close(ready[1]);
	snprintf(pid_text, sizeof(pid_text), "%d", (int) pid);
	setenv("PEER", pid_text, 1);
	return pid;
}

static bool known_down(struct netfacts *facts, const char *name)
{
	catch_up(facts);
	return !find_link(facts, name)->carrier;
}

/* The first loss in a second is told at once, the second only if asked. */
static void test_ask(void **state)
{
	pid_t peer = start_peer();
	int changes = 0;
	struct netfacts *facts;

	(void) state;
	add_slow("e0", 700);
	add_slow("e1", 701);
	facts = opened(BUFFER, &changes);
	while (known_down(facts, "e0") || known_down(facts, "e1"))
		assert_true(readable(facts, TIMEOUT_MS));

	lose_carrier("e0");
	while (!known_down(facts, "e0"))
		assert_true(readable(facts, TIMEOUT_MS));

	lose_carrier("e1");
	assert_int_equal(netfacts_ask(facts, 701), 0);
	assert_true(readable(facts, 0));
	assert_true(known_down(facts, "e1"));

	/* One that is not there any more does no harm. */
	run("ip link del e1");
	assert_int_equal(netfacts_ask(facts, 701), 0);
	catch_up(facts);
	assert_null(find_link(facts, "e1"));
	assert_true_to_life(facts);
	netfacts_free(facts);
	run("ip link del e0");
	kill(peer, SIGKILL);
	assert_int_equal(waitpid(peer, NULL, 0), peer);
}

static void test_bound(void **state)
{
	int changes = 0;
	struct netfacts *facts;
	size_t n = 0;

	(void) state;
	run("ip link add d0 type veth peer d0p");
	run_batch("add", 5, "d0", TABLE_MAX);
	facts = opened(BUFFER, &changes);
	while (netfacts_address(facts, n))
		n++;

	assert_int_equal(n, TABLE_MAX);
	assert_true(netfacts_ignored(facts) > 0);
	run("ip link del d0");
	catch_up(facts);
	netfacts_free(facts);
}

/* What it does not know, it must not seem to. */
static void test_no_memory(void **state)
{
	unsigned long before;
	unsigned long n = 0;
	int changes = 0;
	struct netfacts *facts = NULL;
	int err;

	(void) state;
	do {
		before = scarce_failed();
		scarce_at(n++, 1);
		err = netfacts_new(BUFFER, on_change, &changes, &facts);
		scarce_end();
		assert_int_equal(err, scarce_failed() == before ? 0 : -ENOMEM);
	} while (err);

	assert_true(n > 4);
	run("for i in $(seq 20); do ip link add m$i type veth peer p$i; "
	    "done");
	assert_true(readable(facts, TIMEOUT_MS));
	scarce_at(0, 1);
	assert_int_equal(netfacts_dispatch(facts), -ENOMEM);
	scarce_end();
	netfacts_free(facts);
	run("for i in $(seq 20); do ip link del m$i; done");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_start),
		cmocka_unit_test(test_follow),
		cmocka_unit_test(test_no_change),
		cmocka_unit_test(test_link_takes_addresses),
		cmocka_unit_test(test_overrun),
		cmocka_unit_test(test_ask),
		cmocka_unit_test(test_bound),
		cmocka_unit_test(test_no_memory),
	};

	if (unshare(CLONE_NEWNET) < 0) {
		fprintf(stderr, "skipped: no network namespace: %s\n",
			strerror(errno));
		return 77;
	}

	return cmocka_run_group_tests(tests, NULL, NULL);
}
