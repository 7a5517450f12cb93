/* SPDX-License-Identifier: BSD-3-Clause */
/* How often a socket wakes the main loop, against the real kernel. */
#include <ell/ell.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>

#include "host/nlio.h"
#include "unit.h"

#define MORE 20		/* wakings than there may be at once */
#define TIMEOUT_S 10

struct loop {
	struct nlsock *sock;
	struct nlio *nlio;
	unsigned int answers, wanted;
};

static void on_done(int error, const char *reason, void *data)
{
	struct loop *loop = data;

	assert_int_equal(error, 0);
	loop->answers++;
}

/* The kernel answers within the sendmsg(): the socket is readable then. */
static void ask(struct loop *loop)
{
	_Alignas(4) char buf[256] = "";
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct genlmsghdr *genl = mnl_nlmsg_put_extra_header(nlh,
							     sizeof(*genl));

	nlh->nlmsg_type = GENL_ID_CTRL;
	genl->cmd = CTRL_CMD_GETFAMILY;
	mnl_attr_put_strz(nlh, CTRL_ATTR_FAMILY_NAME, "nlctrl");
	assert_int_equal(nlsock_request(loop->sock, nlh, NULL, on_done, loop),
			 0);
	assert_int_equal(nlsock_flush(loop->sock), 0);
}

static void on_dispatched(int error, void *data)
{
	struct loop *loop = data;

	assert_int_equal(error, 0);
	if (loop->answers < loop->wanted)
		ask(loop);
	else
		l_main_quit();
}

static void on_timeout(struct l_timeout *timeout, void *data)
{
	l_main_quit();
}

/* One question after the other; returns the milliseconds that it took. */
static uint64_t converse(struct loop *loop, unsigned int questions)
{
	struct l_timeout *timeout = l_timeout_create(TIMEOUT_S, on_timeout,
						     NULL, NULL);
	uint64_t start = l_time_now();

	loop->wanted = loop->answers + questions;
	ask(loop);
	l_main_run();
	l_timeout_remove(timeout);
	assert_int_equal(loop->answers, loop->wanted);
	return (l_time_now() - start) / 1000;
}

static void test_gather(void **state)
{
	struct loop *loop = *state;

	/* It can only take longer; but once it has rested, it goes on. */
	nlio_gather(loop->nlio);
	assert_true(converse(loop, NLIO_WAKINGS + MORE) >=
		    (MORE - 1) * NLIO_GATHER_MS);
}

static int setup(void **state)
{
	struct loop *loop = calloc(1, sizeof(*loop));

	if (!loop || !l_main_init() ||
	    nlsock_open(NETLINK_GENERIC, &loop->sock) < 0)
		return -1;

	loop->nlio = nlio_new(loop->sock, on_dispatched, loop);
	*state = loop;
	return 0;
}

static int teardown(void **state)
{
	struct loop *loop = *state;

	nlio_free(loop->nlio);
	nlsock_close(loop->sock);
	free(loop);
	return l_main_exit() ? 0 : -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_gather, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
