/* SPDX-License-Identifier: BSD-3-Clause */
/* Anchor's own connection to the kernel's path manager. */
#include <errno.h>
#include <linux/netlink.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include <ell/ell.h>

#include "host/nlio.h"
#include "host/pm.h"
#include "netlink/mptcp_pm.h"

#define START_TIMEOUT_MS 5000
#define CATCH_UP_MAX 1024
#define REASON_MAX 256

struct pm {
	struct pm_options options;
	struct mptcp_pm_family family;
	struct nlsock *events;
	struct nlsock *commands;
	struct nlio *events_io;
	struct nlio *commands_io;
	uint64_t malformed;
	uint64_t unknown;
	bool closing;
};

/* A command under way; the command socket owns it until it has ended. */
struct command {
	struct pm *pm;
	struct core_action action;
};

static void on_notify(const struct nlmsghdr *nlh, void *data)
{
	struct pm *pm = data;
	struct core_event event;
	int err;

	if (nlh->nlmsg_type != pm->family.id)
		return;

	err = mptcp_pm_decode_event(nlh, &event);
	if (!err) {
		pm->options.on_event(&event, pm->options.data);
	} else if (err == -EBADMSG) {
		pm->malformed++;
		pm->options.on_overrun(pm->options.data);
	} else if (mptcp_pm_unknown_event(nlh)) {
		pm->unknown++;
		if (pm->options.on_unknown)
			pm->options.on_unknown(mptcp_pm_unknown_event(nlh),
					       pm->options.data);
	}
}

static void on_overrun(void *data)
{
	struct pm *pm = data;

	pm->options.on_overrun(pm->options.data);
}

static void on_io(int err, void *data)
{
	struct pm *pm = data;

	if (err < 0)
		pm->options.on_failure(err, pm->options.data);
	else
		pm->options.on_batch(pm->options.data);
}

/*
 * Two errors are taken for more than that one command has failed. The kernel
 * says either in words; as a mere errno, which can come from anywhere below,
 * they say no such thing.
 */
static bool says_too_much(int error)
{
	return error == -ENOENT || error == -EOPNOTSUPP;
}

/*
 * The two refusals that concern a whole connection share EINVAL with others;
 * only the kernel's words tell them apart (mptcp_userspace_pm_get_sock()). So
 * does that there is nothing to withdraw, where an address went with a subflow
 * that was closed (mptcp_pm_nl_remove_doit(); FACTS, kernel 8).
 */
int pm_translate(int error, const char *reason)
{
	if (says_too_much(error))
		return -EPROTO;

	if (error != -EINVAL)
		return error;

	if (!strcmp(reason, "invalid token"))
		return -ENOENT;

	/* Older kernels begin with "invalid request; ". */
	if (strstr(reason, "userspace PM not selected"))
		return -EOPNOTSUPP;

	if (!strncmp(reason, "address with id", strlen("address with id")))
		return -ESRCH;

	return error;
}

static void on_done(int error, const char *reason, void *data)
{
	struct command *command = data;
	struct pm *pm = command->pm;
	char text[REASON_MAX];

	/* What it is called then is in the words. */
	if (says_too_much(error)) {
		snprintf(text, sizeof(text), "%s%s%s", strerror(-error),
			 *reason ? ": " : "", reason);
		reason = text;
	}

	if (!pm->closing)
		pm->options.on_result(&command->action,
				      pm_translate(error, reason), reason,
				      pm->options.data);

	l_free(command);
}

struct family_query {
	struct mptcp_pm_family family;
	int error;
};

static void on_family(const struct nlmsghdr *nlh, void *data)
{
	struct family_query *query = data;

	query->error = mptcp_pm_decode_family(nlh, &query->family);
}

static void on_family_done(int error, const char *reason, void *data)
{
	struct family_query *query = data;

	if (error)
		query->error = error;
}

static int resolve_family(struct pm *pm)
{
	_Alignas(NLMSG_ALIGNTO) char buf[MPTCP_PM_MESSAGE_MAX];
	struct family_query query = { .error = -EBADMSG };
	int err;

	err = nlsock_request(pm->commands, mptcp_pm_encode_get_family(buf),
			     on_family, on_family_done, &query);
	if (!err)
		err = nlsock_settle(pm->commands, START_TIMEOUT_MS);

	if (err < 0)
		return err;

	pm->family = query.family;
	return query.error;
}

static int open_events(struct pm *pm)
{
	int err = nlsock_open(NETLINK_GENERIC, &pm->events);

	if (err < 0)
		return err;

	err = nlsock_set_buffer(pm->events, pm->options.buffer);
	if (err >= 0)
		err = nlsock_join(pm->events, pm->family.events_group);

	if (err < 0)
		return err;

	nlsock_set_notify(pm->events, on_notify, on_overrun, pm);
	pm->events_io = nlio_new(pm->events, on_io, pm);
	if (!pm->events_io)
		return -EMFILE;

	nlio_gather(pm->events_io);
	return 0;
}

static int pm_open(struct pm *pm)
{
	int err = nlsock_open(NETLINK_GENERIC, &pm->commands);

	if (err < 0)
		return err;

	err = resolve_family(pm);
	if (err < 0)
		return err;

	err = nlsock_set_buffer(pm->commands, pm->options.buffer);
	if (err < 0)
		return err;

	nlsock_set_limit(pm->commands, pm->options.commands);
	nlsock_set_notify(pm->commands, NULL, on_overrun, pm);
	pm->commands_io = nlio_new(pm->commands, on_io, pm);
	if (!pm->commands_io)
		return -EMFILE;

	return pm->options.events ? open_events(pm) : 0;
}

int pm_new(const struct pm_options *options, struct pm **ret_pm)
{
	struct pm *pm = l_new(struct pm, 1);
	int err;

	pm->options = *options;
	err = pm_open(pm);
	if (err < 0) {
		pm_free(pm);
		return err;
	}

	*ret_pm = pm;
	return 0;
}

void pm_free(struct pm *pm)
{
	if (!pm)
		return;

	pm->closing = true;
	nlio_free(pm->events_io);
	nlio_free(pm->commands_io);
	nlsock_close(pm->events);
	nlsock_close(pm->commands);
	l_free(pm);
}

void pm_set_commands(struct pm *pm, unsigned int commands)
{
	pm->options.commands = commands;
	nlsock_set_limit(pm->commands, commands);
}

bool pm_ready(const struct pm *pm)
{
	return nlsock_pending(pm->commands) < pm->options.commands;
}

bool pm_is_idle(const struct pm *pm)
{
	return !nlsock_pending(pm->commands);
}

int pm_submit(struct pm *pm, const struct core_action *action)
{
	_Alignas(NLMSG_ALIGNTO) char buf[MPTCP_PM_MESSAGE_MAX];
	struct nlmsghdr *nlh = mptcp_pm_encode_action(buf, pm->family.id,
						      action);
	struct command *command;
	int err;

	if (!nlh)
		return -EINVAL;

	command = l_new(struct command, 1);
	command->pm = pm;
	command->action = *action;
	err = nlsock_request(pm->commands, nlh, NULL, on_done, command);
	if (err < 0)
		l_free(command);

	return err;
}

/*
 * The kernel has carried the commands out, and answered, by the time it
 * returns from sendmsg(): read the answers at once.
 */
void pm_flush(struct pm *pm)
{
	int err = nlsock_flush(pm->commands);

	if (!err && nlsock_pending(pm->commands))
		err = nlsock_dispatch(pm->commands);

	if (err < 0)
		pm->options.on_failure(err, pm->options.data);

	nlio_update(pm->commands_io);
}

bool pm_is_stuck(struct pm *pm)
{
	return nlsock_is_stuck(pm->commands);
}

/* One dispatch may leave some, so that others get their turn. */
void pm_catch_up(struct pm *pm)
{
	struct pollfd readable = { .events = POLLIN };
	int err = 0;

	if (!pm->events)
		return;

	readable.fd = nlsock_fd(pm->events);
	for (int i = 0; !err && i < CATCH_UP_MAX &&
	     poll(&readable, 1, 0) > 0; i++)
		err = nlsock_dispatch(pm->events);

	if (err < 0)
		pm->options.on_failure(err, pm->options.data);
}

uint16_t pm_family(const struct pm *pm)
{
	return pm->family.id;
}

uint64_t pm_unknown(const struct pm *pm)
{
	return pm->unknown;
}

void pm_get_stats(const struct pm *pm, struct nlsock_stats *ret_events,
		  struct nlsock_stats *ret_commands)
{
	nlsock_get_stats(pm->commands, ret_commands);
	*ret_events = (struct nlsock_stats) { 0 };
	if (pm->events)
		nlsock_get_stats(pm->events, ret_events);

	ret_events->malformed += pm->malformed;
}
