/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads the kernel's lists of connections. */
#include <errno.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <ell/ell.h>

#include "host/lister.h"
#include "host/nlio.h"
#include "host/pm.h"
#include "netlink/mptcp_diag.h"
#include "netlink/mptcp_pm.h"
#include "netlink/nlsock.h"

#define TURN_US 2000		/* at a time, without others */
#define READS 8			/* the same, of a dump */
#define TRIES 10		/* for one list, before it has failed */
#define TRY_AGAIN_MS 50
#define FAILURES 3		/* in a row, before it is given up */
#define IN_FLUX_MS 100
#define NEXT_MS 1000		/* after a list, until the next one */
#define READ_MS 30000		/* for the answer to one dump */
#define ADDRESSES_MAX 256	/* IDs are bytes */
#define ANSWER_READS 4

struct item {
	uint32_t token;
	struct core_seen_subflow subflow;
};

enum phase {
	PHASE_IDLE,
	PHASE_WAIT,		/* until it is begun, by the timer */
	PHASE_READ,		/* the dump is under way, not for long */
	PHASE_COMPARE,
	PHASE_UNLISTED,		/* those that are in no list */
};

struct lister {
	struct lister_options options;
	enum phase phase;
	enum core_sync_kind kind;
	bool unfinished;	/* it is to be read again */
	bool wanted;		/* the next one: wanted_kind */
	enum core_sync_kind wanted_kind;
	int error;		/* of the dump */
	unsigned int tries, failures;
	bool asked, askable;	/* can local addresses be asked for? */

	struct nlsock *diag;
	struct nlio *diag_io;
	struct nlsock *addrs;
	struct l_idle *turn;
	struct l_timeout *timer;	/* of a phase */
	struct anchor_time begun;
	struct lister_stats stats;

	struct item *items;
	size_t n_items, cap_items, at;
	struct anchor_endpoint *servers;	/* what is listened at */
	size_t n_servers, cap_servers;
	struct core_seen_subflow *subflows;	/* of one connection */
	size_t cap_subflows;

	/* The answer to one question. */
	struct core_seen_address addresses[ADDRESSES_MAX];
	size_t n_addresses;
	bool odd;		/* there was more, which makes no sense */
	struct mptcp_diag_conn conn;
	int answer;
};

static struct anchor_time now_is(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (struct anchor_time) {
		(int64_t) now.tv_sec * 1000000 + now.tv_nsec / 1000
	};
}

static bool reserve(void **items, size_t n, size_t *cap, size_t size)
{
	size_t want = *cap ? *cap * 2 : 64;
	void *grown;

	if (n < *cap)
		return true;

	grown = realloc(*items, want * size);
	if (!grown)
		return false;

	*items = grown;
	*cap = want;
	return true;
}

static void clear_list(struct lister *lister)
{
	free(lister->items);
	free(lister->servers);
	free(lister->subflows);
	lister->items = NULL;
	lister->servers = NULL;
	lister->subflows = NULL;
	lister->n_items = lister->cap_items = lister->at = 0;
	lister->n_servers = lister->cap_servers = 0;
	lister->cap_subflows = 0;
}

static void take_stats(struct lister *lister, const struct nlsock *sock)
{
	struct nlsock_stats stats;

	if (!sock)
		return;

	nlsock_get_stats(sock, &stats);
	lister->stats.malformed += stats.malformed;
	lister->stats.overruns += stats.overruns;
}

static void close_sockets(struct lister *lister)
{
	take_stats(lister, lister->diag);
	take_stats(lister, lister->addrs);
	nlio_free(lister->diag_io);
	nlsock_close(lister->diag);
	nlsock_close(lister->addrs);
	lister->diag_io = NULL;
	lister->diag = NULL;
	lister->addrs = NULL;
}

static int open_addrs(struct lister *lister)
{
	int err = nlsock_open(NETLINK_GENERIC, &lister->addrs);

	if (!err)
		nlsock_set_buffer(lister->addrs, lister->options.buffer);

	return err;
}

/* Sends a question and reads its answer, which is there by then. */
static int ask(struct nlsock *sock, const struct nlmsghdr *nlh,
	       nlsock_reply_cb on_reply, nlsock_done_cb on_done,
	       struct lister *lister)
{
	int err = nlsock_request(sock, nlh, on_reply, on_done, lister);

	lister->answer = -EIO;
	if (!err)
		err = nlsock_flush(sock);

	for (int n = 0; !err && nlsock_pending(sock) && n < ANSWER_READS; n++)
		err = nlsock_dispatch(sock);

	return err < 0 ? err : lister->answer;
}

static void on_address(const struct nlmsghdr *nlh, void *data)
{
	struct lister *lister = data;

	if (lister->n_addresses < ADDRESSES_MAX &&
	    !mptcp_pm_decode_addr(nlh,
				  &lister->addresses[lister->n_addresses])) {
		lister->n_addresses++;
	} else {
		lister->odd = true;
		lister->stats.malformed++;
	}
}

static void on_addresses(int error, const char *reason, void *data)
{
	struct lister *lister = data;

	lister->answer = pm_translate(error, reason);
}

/* 0, -ENOENT: no such connection, or -EOPNOTSUPP: it is the kernel's. */
static int ask_addresses(struct lister *lister, uint32_t token)
{
	_Alignas(NLMSG_ALIGNTO) char buf[MPTCP_PM_MESSAGE_MAX];
	int err;

	lister->n_addresses = 0;
	lister->odd = false;
	if (!lister->addrs && open_addrs(lister) < 0)
		return -EIO;

	err = ask(lister->addrs,
		  mptcp_pm_encode_dump_addrs(buf, lister->options.family,
					     token),
		  on_address, on_addresses, lister);
	if (nlsock_pending(lister->addrs)) {
		nlsock_close(lister->addrs);
		lister->addrs = NULL;
	}

	return !err && lister->odd ? -EBADMSG : err;
}

static void on_conn(const struct nlmsghdr *nlh, void *data)
{
	struct lister *lister = data;

	mptcp_diag_decode_conn(nlh, &lister->conn);
}

static void on_asked(int error, const char *reason, void *data)
{
	struct lister *lister = data;

	lister->answer = error;
}

/* 0, -ENOENT: no such connection, or another error: who knows? */
static int ask_conn(struct lister *lister, uint32_t token)
{
	_Alignas(NLMSG_ALIGNTO) char buf[MPTCP_DIAG_MESSAGE_MAX];

	lister->conn = (struct mptcp_diag_conn) { 0 };
	return ask(lister->diag, mptcp_diag_encode_conn(buf, token), on_conn,
		   on_asked, lister);
}

/* Its sockets, and even the connection, may outlive CLOSED for long. */
static bool is_gone(struct lister *lister, uint32_t token)
{
	return ask_conn(lister, token) == -ENOENT || lister->conn.closed;
}

static bool is_any(const struct anchor_addr *addr)
{
	static const uint8_t zeros[sizeof(addr->bytes)];

	return !memcmp(addr->bytes, zeros, sizeof(zeros));
}

/* Who listens where a connection ends is most likely its server. */
static bool is_server(const struct lister *lister,
		      const struct anchor_endpoint *local)
{
	for (size_t i = 0; i < lister->n_servers; i++)
		if (lister->servers[i].port == local->port &&
		    (is_any(&lister->servers[i].addr) ||
		     anchor_addr_equal(&lister->servers[i].addr,
				       &local->addr)))
			return true;

	return false;
}

static bool fill_ends(struct core_seen *seen)
{
	for (size_t i = 0; i < seen->n_subflows; i++) {
		const struct core_seen_subflow *subflow = &seen->subflows[i];

		if (!subflow->initial)
			continue;

		seen->local = subflow->local;
		seen->remote = subflow->remote;
		seen->role = subflow->opened_here ? ANCHOR_ROLE_CLIENT :
			ANCHOR_ROLE_SERVER;
		return true;
	}

	return false;
}

static void fill_addresses(struct lister *lister, struct core_seen *seen)
{
	int err;

	if (!lister->askable)
		return;

	err = ask_addresses(lister, seen->token);
	seen->kernel = err == -EOPNOTSUPP;
	seen->addresses_known = !err;
	seen->addresses = lister->addresses;
	seen->n_addresses = err ? 0 : lister->n_addresses;
}

/* Takes the subflows of the next connection; false without memory. */
static bool take_subflows(struct lister *lister, struct core_seen *seen)
{
	size_t n = 0;

	for (; lister->at < lister->n_items &&
	     lister->items[lister->at].token == seen->token; lister->at++) {
		if (!reserve((void **) &lister->subflows, n,
			     &lister->cap_subflows,
			     sizeof(*lister->subflows)))
			return false;

		lister->subflows[n++] = lister->items[lister->at].subflow;
	}

	seen->subflows = lister->subflows;
	seen->n_subflows = n;
	return true;
}

/*
 * Of one whose initial subflow is gone it is not listed where it began, nor
 * who did.
 */
static void find_ends(struct lister *lister, struct core_seen *seen)
{
	if (fill_ends(seen) || ask_conn(lister, seen->token) < 0)
		return;

	seen->local = lister->conn.local;
	seen->remote = lister->conn.remote;
	seen->role = is_server(lister, &seen->local) ? ANCHOR_ROLE_SERVER :
		ANCHOR_ROLE_CLIENT;
}

static void compare_next(struct lister *lister)
{
	struct core *core = lister->options.core;
	struct core_seen seen = {
		.token = lister->items[lister->at].token,
	};

	if (!take_subflows(lister, &seen)) {
		lister->error = -ENOMEM;
		return;
	}

	find_ends(lister, &seen);
	if (!core_sync_asks(core, &seen) || is_gone(lister, seen.token))
		return;

	fill_addresses(lister, &seen);
	if (core_sync_conn(core, now_is(), &seen) == -ENOMEM)
		lister->error = -ENOMEM;
}

/* A connection can be without a subflow for a while. */
static void compare_unlisted(struct lister *lister)
{
	struct core *core = lister->options.core;
	uint32_t token;

	if (!core_sync_unlisted(core, &token))
		lister->phase = PHASE_IDLE;
	else if (is_gone(lister, token))
		core_sync_gone(core, now_is(), token);
}

static void start_later(struct lister *lister, unsigned int ms)
{
	lister->phase = PHASE_WAIT;
	l_timeout_modify_ms(lister->timer, ms);
}

static void stop(struct lister *lister)
{
	l_idle_remove(lister->turn);
	lister->turn = NULL;
	lister->phase = PHASE_IDLE;
	close_sockets(lister);
	clear_list(lister);
}

/*
 * Of one that cannot be read the next audit is another, but what others are
 * for is to be known.
 */
static bool may_retry(struct lister *lister)
{
	return lister->kind != CORE_SYNC_AUDIT &&
		lister->failures++ < FAILURES;
}

/* Returns whether it goes on by itself, and after how long. */
static bool end_list(struct lister *lister, unsigned int *ret_ms)
{
	if (lister->error && may_retry(lister)) {
		core_sync_fail(lister->options.core);
		*ret_ms = NEXT_MS << (lister->failures - 1);
		return true;
	}

	*ret_ms = IN_FLUX_MS;
	return core_sync_end(lister->options.core) && !lister->error;
}

static void finish(struct lister *lister)
{
	unsigned int ms;
	struct lister_result result = {
		.kind = lister->kind,
		.whole = !lister->error,
		.error = lister->error,
		.took = anchor_time_since(now_is(), lister->begun),
		.again = end_list(lister, &ms),
	};

	stop(lister);
	lister->stats.lists += result.whole;
	lister->stats.failed += !result.whole;
	lister->unfinished = result.again;
	if (result.whole)
		lister->failures = 0;

	if (result.again || lister->wanted)
		start_later(lister, result.again ? ms : NEXT_MS);

	lister->options.on_done(&result, lister->options.data);
}

/* It was inconsistent, or has been lost: worth reading again. */
static bool try_again(struct lister *lister)
{
	if ((lister->error != -EINTR && lister->error != -ENOBUFS) ||
	    ++lister->tries == TRIES)
		return false;

	lister->stats.interrupted++;
	lister->error = 0;
	lister->unfinished = true;
	stop(lister);
	start_later(lister, TRY_AGAIN_MS);
	return true;
}

static void on_turn(struct l_idle *idle, void *data)
{
	struct lister *lister = data;
	struct anchor_time start = now_is();

	if (lister->error) {
		if (!try_again(lister))
			finish(lister);

		lister->options.on_turn(lister->options.data);
		return;
	}

	lister->options.catch_up(lister->options.data);
	do {
		if (lister->phase == PHASE_COMPARE &&
		    lister->at < lister->n_items)
			compare_next(lister);
		else if (lister->phase == PHASE_COMPARE)
			lister->phase = PHASE_UNLISTED;
		else
			compare_unlisted(lister);
	} while (lister->phase != PHASE_IDLE && !lister->error &&
		 anchor_time_since(now_is(), start).us < TURN_US);

	lister->stats.us += (uint64_t) anchor_time_since(now_is(), start).us;
	if (lister->phase == PHASE_IDLE)
		finish(lister);

	lister->options.on_turn(lister->options.data);
}

/* Each connection's together, the initial one first. */
static int compare_items(const void *a, const void *b)
{
	const struct item *one = a, *other = b;

	if (one->token != other->token)
		return one->token < other->token ? -1 : 1;

	return other->subflow.initial - one->subflow.initial;
}

/* From a callback of the socket, which cannot be closed there. */
static void end_reading(struct lister *lister, int error)
{
	if (!lister->error)
		lister->error = error;

	if (lister->n_items)
		qsort(lister->items, lister->n_items, sizeof(*lister->items),
		      compare_items);

	lister->phase = PHASE_COMPARE;
	if (!lister->turn)
		lister->turn = l_idle_create(on_turn, lister, NULL);
}

static void take_item(struct lister *lister,
		      const struct mptcp_diag_socket *socket)
{
	if (reserve((void **) &lister->items, lister->n_items,
		    &lister->cap_items, sizeof(*lister->items)))
		lister->items[lister->n_items++] = (struct item) {
			.token = socket->token,
			.subflow = socket->subflow,
		};
	else
		lister->error = -ENOMEM;
}

static void take_server(struct lister *lister,
			const struct anchor_endpoint *endpoint)
{
	if (reserve((void **) &lister->servers, lister->n_servers,
		    &lister->cap_servers, sizeof(*lister->servers)))
		lister->servers[lister->n_servers++] = *endpoint;
	else
		lister->error = -ENOMEM;
}

static void take_socket(struct lister *lister,
			const struct mptcp_diag_socket *socket)
{
	if (socket->kind == MPTCP_DIAG_LISTENER)
		take_server(lister, &socket->subflow.local);
	else
		take_item(lister, socket);
}

static void on_socket(const struct nlmsghdr *nlh, void *data)
{
	struct lister *lister = data;
	struct mptcp_diag_socket socket;
	int err = mptcp_diag_decode(nlh, &socket);

	if (!err)
		take_socket(lister, &socket);

	if (err != -EBADMSG)
		return;

	/* What it was about must not be taken for gone. */
	lister->error = err;
	lister->stats.malformed++;
}

static int dump(struct lister *lister, uint8_t family, nlsock_done_cb done)
{
	_Alignas(NLMSG_ALIGNTO) char buf[MPTCP_DIAG_MESSAGE_MAX];

	return nlsock_request(lister->diag, mptcp_diag_encode_dump(buf, family),
			      on_socket, done, lister);
}

/* A kernel without IPv6 has none to list. */
static void on_dumped6(int error, const char *reason, void *data)
{
	if (error != -ECANCELED)
		end_reading(data, error == -ENOENT ? 0 : error);
}

static void on_dumped4(int error, const char *reason, void *data)
{
	struct lister *lister = data;

	if (error == -ECANCELED)
		return;

	if (!error)
		error = dump(lister, ANCHOR_FAMILY_INET6, on_dumped6);

	if (error)
		end_reading(lister, error);
}

static void on_io(int error, void *data)
{
	struct lister *lister = data;

	if (error < 0)
		end_reading(lister, error);
}

/* Of a connection that cannot be, one that minds the token knows nothing. */
static void find_askable(struct lister *lister)
{
	if (lister->asked)
		return;

	lister->askable = ask_addresses(lister, 0) == -ENOENT;
	lister->asked = true;
	if (!lister->askable)
		l_info("this kernel does not list local addresses of "
		       "connections (Linux 6.9 does)");
}

static void begin(struct lister *lister)
{
	int err = nlsock_open(NETLINK_SOCK_DIAG, &lister->diag);

	lister->phase = PHASE_READ;
	l_timeout_modify_ms(lister->timer, READ_MS);
	lister->error = 0;
	core_sync_begin(lister->options.core, lister->kind);
	if (!err) {
		nlsock_set_buffer(lister->diag, lister->options.buffer);
		nlsock_set_reads(lister->diag, READS);
		find_askable(lister);
		lister->diag_io = nlio_new(lister->diag, on_io, lister);
		err = lister->diag_io ?
			dump(lister, ANCHOR_FAMILY_INET, on_dumped4) : -EMFILE;
	}

	if (!err)
		err = nlsock_flush(lister->diag);

	if (err < 0)
		end_reading(lister, err);
}

/* What a loss asks for covers the rest. */
static void take_wanted(struct lister *lister)
{
	bool lost = lister->unfinished && lister->kind == CORE_SYNC_LOSS;

	lister->kind = lost ? CORE_SYNC_LOSS : lister->wanted_kind;
	lister->wanted = false;
	lister->tries = lister->failures = 0;
	lister->begun = now_is();
}

static void on_timer(struct l_timeout *timeout, void *data)
{
	struct lister *lister = data;

	if (lister->phase == PHASE_READ)
		end_reading(lister, -ETIMEDOUT);

	if (lister->phase != PHASE_WAIT)
		return;

	if (lister->wanted)
		take_wanted(lister);

	begin(lister);
}

struct lister *lister_new(const struct lister_options *options)
{
	struct lister *lister = l_new(struct lister, 1);

	lister->options = *options;
	lister->timer = l_timeout_create_ms(0, on_timer, lister, NULL);
	if (lister->timer)
		return lister;

	l_free(lister);
	return NULL;
}

void lister_free(struct lister *lister)
{
	if (!lister)
		return;

	stop(lister);
	l_timeout_remove(lister->timer);
	l_free(lister);
}

bool lister_busy(const struct lister *lister)
{
	return lister && lister->phase != PHASE_IDLE;
}

void lister_start(struct lister *lister, enum core_sync_kind kind)
{
	bool busy = lister_busy(lister);

	if (busy && kind == CORE_SYNC_AUDIT)
		return;

	if (!lister->wanted || kind == CORE_SYNC_LOSS)
		lister->wanted_kind = kind;

	lister->wanted = true;
	if (busy)
		return;

	take_wanted(lister);
	begin(lister);
}

void lister_get_stats(const struct lister *lister,
		      struct lister_stats *ret_stats)
{
	*ret_stats = lister->stats;
}
