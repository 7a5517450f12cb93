/* SPDX-License-Identifier: BSD-3-Clause */
/* What the process may do. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <cap-ng.h>

#include "daemon/privileges.h"

static const struct need {
	unsigned int capability;
	enum privileges until;
} needs[] = {
	{ CAP_NET_ADMIN, PRIVILEGES_RUN },
	{ CAP_NET_BIND_SERVICE, PRIVILEGES_RUN },
	{ CAP_CHOWN, PRIVILEGES_START },
};

#define N_NEEDS (sizeof(needs) / sizeof(*needs))

/* The order matters: what clears everything comes after what looks. */
static void choose(enum privileges keep)
{
	bool has[N_NEEDS];

	for (size_t i = 0; i < N_NEEDS; i++)
		has[i] = needs[i].until >= keep &&
			capng_have_capability(CAPNG_PERMITTED,
					      needs[i].capability);

	capng_clear(CAPNG_SELECT_ALL);
	for (size_t i = 0; i < N_NEEDS; i++)
		if (has[i])
			capng_update(CAPNG_ADD, CAPNG_EFFECTIVE |
				     CAPNG_PERMITTED, needs[i].capability);
}

/*
 * The bounding set and the secure bits take CAP_SETPCAP. Who has not got it,
 * as a unit's user has not, gains nothing by running a program either.
 */
int privileges_drop(enum privileges keep, char *reason, size_t len)
{
	capng_select_t which = CAPNG_SELECT_CAPS | CAPNG_SELECT_AMBIENT;
	const char *what = NULL;

	if (capng_get_caps_process() < 0)
		what = "read capabilities";
	else if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		what = "renounce new privileges";
	else if (capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP)) {
		which = CAPNG_SELECT_ALL;
		if (capng_lock() < 0)
			what = "lock the secure bits";
	}

	if (!what) {
		choose(keep);
		if (capng_apply(which) < 0)
			what = "drop capabilities";
	}

	if (!what)
		return 0;

	snprintf(reason, len, "cannot %s: %s", what, strerror(errno));
	return -1;
}

int privileges_take_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return -errno;

	limit.rlim_cur = limit.rlim_max;
	return setrlimit(RLIMIT_NOFILE, &limit) < 0 ? -errno : 0;
}
