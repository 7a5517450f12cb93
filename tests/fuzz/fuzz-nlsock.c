/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The reader of netlink sockets: requests are made, and the input answers
 * them (fake-netlink.h). Each request ends exactly once, whatever comes.
 *
 *	r	request		R	one whose end makes another request
 *	d	dump		f	flush
 *	p	dispatch	w	settle: wait for all ends
 *	n	sends fail with EAGAIN, once
 *	e	sends fail with EPERM, once
 */
#include <errno.h>
#include <libmnl/libmnl.h>

#include "fuzz/fake-netlink.h"
#include "netlink/nlsock.h"

#define REQUESTS_MAX 600
#define LIMIT 300
#define REASON_MAX 128

struct run;

struct request {
	struct run *run;
	bool asks_again;
	bool done;
};

struct run {
	struct nlsock *sock;
	struct request requests[REQUESTS_MAX];
	size_t n, n_done;
	uint64_t errors;
	bool overrun;
};

static void on_reply(const struct nlmsghdr *nlh, void *data)
{
	struct request *request = data;

	require(!request->done);
	require(nlh->nlmsg_type >= NLMSG_MIN_TYPE);
}

static void ask(struct run *run, bool dump, bool asks_again);

static void on_done(int error, const char *reason, void *data)
{
	struct request *request = data;
	struct run *run = request->run;

	require(!request->done);
	require(error <= 0 && error >= -4095);
	require(strlen(reason) < REASON_MAX);
	request->done = true;
	run->n_done++;
	run->errors += error != 0;
	if (!request->asks_again || error == -ECANCELED)
		return;

	ask(run, false, false);
	nlsock_flush(run->sock);
}

static void on_notify(const struct nlmsghdr *nlh, void *data)
{
	require(nlh->nlmsg_type >= NLMSG_MIN_TYPE);
	require(nlh->nlmsg_len >= sizeof(*nlh));
}

static void on_overrun(void *data)
{
	struct run *run = data;

	run->overrun = true;
}

static void ask(struct run *run, bool dump, bool asks_again)
{
	_Alignas(NLMSG_ALIGNTO) char buf[64];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct request *request = &run->requests[run->n];
	int err;

	if (run->n == REQUESTS_MAX)
		return;

	*request = (struct request) { .run = run, .asks_again = asks_again };
	nlh->nlmsg_type = NLMSG_MIN_TYPE;
	nlh->nlmsg_flags = dump ? NLM_F_DUMP : 0;
	mnl_nlmsg_put_extra_header(nlh, run->n % 9);
	err = nlsock_request(run->sock, nlh, on_reply, on_done, request);
	require(!err || err == -EAGAIN);
	require(err || nlsock_pending(run->sock) <= LIMIT);
	run->n += !err;
}

/* A negative errno: the socket's end. */
static int step(struct run *run, uint8_t letter)
{
	switch (letter) {
	case 'r':
		ask(run, false, false);
		return 0;
	case 'R':
		ask(run, false, true);
		return 0;
	case 'd':
		ask(run, true, false);
		return 0;
	case 'f':
		return nlsock_flush(run->sock);
	case 'p':
		return nlsock_dispatch(run->sock);
	case 'w':
		return nlsock_settle(run->sock, 1000);
	case 'n':
		fake_netlink_fail_send(EAGAIN);
		return 0;
	case 'e':
		fake_netlink_fail_send(EPERM);
		return 0;
	}

	return 0;
}

static void check(const struct run *run)
{
	struct nlsock_stats stats;

	require(nlsock_pending(run->sock) == run->n - run->n_done);
	nlsock_get_stats(run->sock, &stats);
	require(stats.errors == run->errors);
	require(!run->overrun || stats.overruns + stats.malformed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = { data, size };
	struct run *run = calloc(1, sizeof(*run));
	int err = 0;

	require(run);
	fake_netlink_begin(&input);
	require(!nlsock_open(NETLINK_GENERIC, &run->sock));
	nlsock_set_limit(run->sock, LIMIT);
	nlsock_set_notify(run->sock, on_notify, on_overrun, run);
	while (!err && input.left) {
		err = step(run, fuzz_byte(&input));
		check(run);
	}

	nlsock_close(run->sock);
	require(run->n_done == run->n);
	free(run);
	return 0;
}
