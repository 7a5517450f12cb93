/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the process may do: no more than it needs, whoever started it. Under
 * systemd the unit has seen to most of it; started by hand as root, it has
 * not.
 *
 *	privileges_drop(PRIVILEGES_START, ...);	before sockets are made
 *	privileges_drop(PRIVILEGES_RUN, ...);	once they are
 */
#ifndef DAEMON_PRIVILEGES_H
#define DAEMON_PRIVILEGES_H

#include <stddef.h>

enum privileges {
	PRIVILEGES_START,	/* also gives the control socket to a group */
	PRIVILEGES_RUN,		/* the kernel's path manager, low ports */
};

/*
 * All other capabilities leave for good, those of programs that would be
 * run included. Those that were not there are not missed here. Returns 0 or
 * -1 with a sentence in reason.
 */
int privileges_drop(enum privileges keep, char *reason, size_t len);

/*
 * As many descriptors as may be had, for join listeners at service ports.
 * Returns 0 or a negative errno.
 */
int privileges_take_descriptors(void);

#endif
