/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads how subflows and links do. */
#include <errno.h>
#include <linux/netlink.h>
#include <string.h>
#include <time.h>

#include <ell/ell.h>

#include "host/cputime.h"
#include "host/sampler.h"
#include "netlink/linkload.h"
#include "netlink/nlsock.h"
#include "netlink/sockdiag.h"

#define BATCH 256
#define BUFFER (1 << 20)
#define LINKS_MAX 256
#define SPEED_AGAIN_US 30000000
#define RATE_MAX 1e18		/* bytes per second, to keep to its type */

/* The reading of a link before, for rates. */
struct counted {
	struct linkload load;
	struct anchor_time at;
	struct anchor_time asked;	/* for its speed */
	uint64_t speed;
};

struct sampler {
	struct sampler_options options;
	struct nlsock *diag;
	struct nlsock *route;
	double tokens;			/* readings that may be taken now */
	struct anchor_time filled;
	struct sampler_stats stats;
	unsigned int looks;		/* of the readings that are queued */
	struct counted links[LINKS_MAX];
	unsigned int n_links;
	bool told;			/* that it does not work */
};

/* One reading under way; the socket owns it until it has ended. */
struct reading {
	struct sampler *sampler;
	struct core_action action;
	struct core_sample sample;
	bool found;
	bool *got;			/* who waits for it, or NULL */
	struct core_sample *ret_sample;
};

static struct anchor_time now_is(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (struct anchor_time) {
		(int64_t) now.tv_sec * 1000000 + now.tv_nsec / 1000
	};
}

/* Opens it if it is not; says once that it cannot be. */
static struct nlsock *get_socket(struct sampler *sampler, int protocol,
				 struct nlsock **sock)
{
	int err;

	if (*sock)
		return *sock;

	err = nlsock_open(protocol, sock);
	if (!err) {
		nlsock_set_buffer(*sock, BUFFER);
		nlsock_set_limit(*sock, BATCH);
		sampler->told = false;
	} else if (!sampler->told) {
		l_error("no socket for samples: %s", strerror(-err));
		sampler->told = true;
	}

	return *sock;
}

/* Sends what is queued, and reads the answers, which are there by then. */
static void run(struct sampler *sampler, struct nlsock **sock)
{
	int err = nlsock_flush(*sock);

	if (!err && nlsock_pending(*sock))
		err = nlsock_dispatch(*sock);

	if (!err)
		return;

	l_error("a socket for samples failed: %s", strerror(-err));
	nlsock_close(*sock);
	*sock = NULL;
}

/* What comes later must not find variables of ours gone. */
static void close_if_pending(struct nlsock **sock)
{
	if (!*sock || !nlsock_pending(*sock))
		return;

	nlsock_close(*sock);
	*sock = NULL;
}

struct sampler *sampler_new(const struct sampler_options *options)
{
	struct sampler *sampler = l_new(struct sampler, 1);

	sampler->options = *options;
	sampler->tokens = options->per_second;
	sampler->filled = now_is();
	return sampler;
}

void sampler_free(struct sampler *sampler)
{
	if (!sampler)
		return;

	sampler->options.on_sample = NULL;
	nlsock_close(sampler->diag);
	nlsock_close(sampler->route);
	l_free(sampler);
}

void sampler_set_limit(struct sampler *sampler, unsigned int per_second)
{
	sampler->options.per_second = per_second;
}

static bool take_token(struct sampler *sampler)
{
	struct anchor_time now = now_is();
	double most = sampler->options.per_second;
	double us = (double) anchor_time_since(now, sampler->filled).us;

	sampler->filled = now;
	sampler->tokens += us * most / 1e6;
	if (sampler->tokens > most)
		sampler->tokens = most;

	if (sampler->tokens < 1)
		return false;

	sampler->tokens--;
	return true;
}

static void on_reply(const struct nlmsghdr *nlh, void *data)
{
	struct reading *reading = data;

	if (!sockdiag_decode(nlh, &reading->sample))
		reading->found = true;
}

static void on_done(int error, const char *reason, void *data)
{
	struct reading *reading = data;
	struct sampler *sampler = reading->sampler;

	if (error || !reading->found) {
		sampler->stats.missing += !error || error == -ENOENT;
	} else if (reading->got) {
		sampler->stats.taken++;
		*reading->ret_sample = reading->sample;
		*reading->got = true;
	} else if (sampler->options.on_sample) {
		sampler->stats.taken++;
		sampler->options.on_sample(&reading->action, &reading->sample,
					   sampler->options.data);
	}

	l_free(reading);
}

/* Queues it, or frees it. */
static int ask(struct sampler *sampler, struct reading *reading)
{
	_Alignas(NLMSG_ALIGNTO) char buf[SOCKDIAG_MESSAGE_MAX];
	const struct core_action *action = &reading->action;
	int err = -EAGAIN;

	if (!take_token(sampler) ||
	    !get_socket(sampler, NETLINK_SOCK_DIAG, &sampler->diag)) {
		sampler->stats.skipped++;
		l_free(reading);
		return err;
	}

	if (nlsock_pending(sampler->diag) == BATCH)
		sampler_flush(sampler);

	/* Which may have cost the socket. */
	if (sampler->diag)
		err = nlsock_request(sampler->diag,
				     sockdiag_encode_query(buf, &action->local,
							   &action->remote,
							   action->ifindex),
				     on_reply, on_done, reading);

	if (err < 0)
		l_free(reading);
	else
		sampler->looks += action->reason == CORE_REASON_LOOK;

	return err;
}

int sampler_submit(struct sampler *sampler, const struct core_action *action)
{
	struct reading *reading = l_new(struct reading, 1);

	reading->sampler = sampler;
	reading->action = *action;
	return ask(sampler, reading);
}

bool sampler_read(struct sampler *sampler,
		  const struct anchor_endpoint *local,
		  const struct anchor_endpoint *remote, int ifindex,
		  struct core_sample *ret_sample)
{
	struct reading *reading = l_new(struct reading, 1);
	bool got = false;

	reading->sampler = sampler;
	reading->action.local = *local;
	reading->action.remote = *remote;
	reading->action.ifindex = ifindex;
	reading->got = &got;
	reading->ret_sample = ret_sample;
	if (ask(sampler, reading) < 0)
		return false;

	sampler_flush(sampler);
	close_if_pending(&sampler->diag);
	return got;
}

void sampler_flush(struct sampler *sampler)
{
	uint64_t start, us;
	unsigned int n;

	if (!sampler->diag || !nlsock_pending(sampler->diag))
		return;

	n = nlsock_pending(sampler->diag);
	start = cputime_us();
	run(sampler, &sampler->diag);
	us = cputime_us() - start;
	sampler->stats.us += us;
	sampler->stats.look_us += us * sampler->looks / n;
	sampler->looks = 0;
}

static void on_link_reply(const struct nlmsghdr *nlh, void *data)
{
	struct linkload load;

	if (!linkload_decode(nlh, &load))
		*(struct linkload *) data = load;
}

/* ifindex stays 0 if there was no answer. */
static void on_link_done(int error, const char *reason, void *data)
{
}

static struct linkload read_link(struct sampler *sampler, int ifindex)
{
	_Alignas(NLMSG_ALIGNTO) char buf[LINKLOAD_MESSAGE_MAX];
	static const struct linkload nothing;
	struct linkload load = nothing;

	if (!get_socket(sampler, NETLINK_ROUTE, &sampler->route))
		return nothing;

	if (nlsock_request(sampler->route, linkload_encode_query(buf, ifindex),
			   on_link_reply, on_link_done, &load) < 0)
		return nothing;

	run(sampler, &sampler->route);

	close_if_pending(&sampler->route);
	return load;
}

static struct counted *find_link(struct sampler *sampler, int ifindex)
{
	struct counted *link;

	for (unsigned int i = 0; i < sampler->n_links; i++)
		if (sampler->links[i].load.ifindex == ifindex)
			return &sampler->links[i];

	/* So many links in a row that a new one takes the place of the first. */
	if (sampler->n_links == LINKS_MAX)
		sampler->n_links = 0;

	link = &sampler->links[sampler->n_links++];
	*link = (struct counted) { .load.ifindex = ifindex };
	return link;
}

static uint64_t rate(uint64_t before, uint64_t now, struct anchor_span span)
{
	double per_second;

	if (now < before || span.us <= 0)
		return 0;

	per_second = (double) (now - before) * 1e6 / (double) span.us;
	return per_second < RATE_MAX ? (uint64_t) per_second :
		(uint64_t) RATE_MAX;
}

bool sampler_load(struct sampler *sampler, int ifindex, const char *name,
		  struct anchor_load *ret_load)
{
	struct linkload load = read_link(sampler, ifindex);
	struct counted *before = find_link(sampler, ifindex);
	struct anchor_time now = now_is();
	struct anchor_span span = anchor_time_since(now, before->at);
	bool known = before->at.us;

	if (!load.ifindex)
		return false;

	if (!before->asked.us ||
	    anchor_time_since(now, before->asked).us > SPEED_AGAIN_US) {
		before->speed = linkload_speed(name);
		before->asked = now;
	}

	*ret_load = (struct anchor_load) {
		.at = now,
		.speed = before->speed,
		.rate_out = known ? rate(before->load.bytes_out,
					 load.bytes_out, span) : 0,
		.rate_in = known ? rate(before->load.bytes_in,
					load.bytes_in, span) : 0,
	};
	before->load = load;
	before->at = now;
	return true;
}

void sampler_get_stats(const struct sampler *sampler,
		       struct sampler_stats *ret_stats)
{
	*ret_stats = sampler->stats;
}
