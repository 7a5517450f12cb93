/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Anchor's own connection to the kernel's path manager: events in, actions
 * out. Runs on ELL's main loop.
 *
 *	pm_new(&options, &pm);
 *	while (pm_ready(pm) && core_take_action(...))
 *		pm_submit(pm, &action);
 *	pm_flush(pm);		sends them all; results come by on_result
 */
#ifndef HOST_PM_H
#define HOST_PM_H

#include "core/core.h"
#include "netlink/nlsock.h"

struct pm;

struct pm_options {
	int buffer;		/* receive buffers, bytes */
	unsigned int commands;	/* under way at the same time */
	bool events;		/* false: the host has another source */

	void (*on_event)(const struct core_event *event, void *data);
	/* error as core_result() takes it; reason: the kernel's words or "" */
	void (*on_result)(const struct core_action *action, int error,
			  const char *reason, void *data);
	void (*on_batch)(void *data);	/* after all that could be read */
	/* Events were lost, or answers, or one that could not be read. */
	void (*on_overrun)(void *data);
	/* An event that this code does not know; may be NULL. */
	void (*on_unknown)(unsigned int number, void *data);
	void (*on_failure)(int error, void *data);	/* a socket is gone */
	void *data;
};

/*
 * Returns 0 or a negative errno: -EPERM without CAP_NET_ADMIN, -ENOENT if
 * the kernel has no mptcp_pm family.
 */
int pm_new(const struct pm_options *options, struct pm **ret_pm);
void pm_free(struct pm *pm);

/* As options.commands. */
void pm_set_commands(struct pm *pm, unsigned int commands);
bool pm_ready(const struct pm *pm);
/* No command is without its result. */
bool pm_is_idle(const struct pm *pm);
/*
 * Returns 0, -ENOMEM, -EAGAIN if it was not ready, or -EINVAL for an action
 * that is not the path manager's.
 */
int pm_submit(struct pm *pm, const struct core_action *action);
void pm_flush(struct pm *pm);

/* Hands all events on that the kernel has sent by now. */
void pm_catch_up(struct pm *pm);

/* The family's number, for other sockets. */
uint16_t pm_family(const struct pm *pm);

/* The kernel's answer to a command as core_result() takes it. */
int pm_translate(int error, const char *reason);

/* As nlsock_is_stuck(), of the commands. */
bool pm_is_stuck(struct pm *pm);

void pm_get_stats(const struct pm *pm, struct nlsock_stats *ret_events,
		  struct nlsock_stats *ret_commands);

/* Events that this code does not know. */
uint64_t pm_unknown(const struct pm *pm);

#endif
