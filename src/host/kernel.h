/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The kernel's MPTCP settings of this network namespace (net.mptcp.*).
 *
 * The path manager is selected by net.mptcp.path_manager, in kernels before
 * 6.15 by net.mptcp.pm_type. It decides for new connections only.
 */
#ifndef HOST_KERNEL_H
#define HOST_KERNEL_H

#include <stdbool.h>
#include <stddef.h>

#define KERNEL_VALUE_MAX 32

struct kernel {
	const char *sysctl;	/* the one that selects the path manager */
	const char *file;	/* below /proc/sys/net */
	const char *userspace;	/* its value for us */
	char before[KERNEL_VALUE_MAX];	/* its value when we came */
	bool selected;		/* we changed it */
};

/*
 * Checks that MPTCP is there and enabled, and that the user-space path
 * manager is selected, or selects it if select says so. Returns 0 or a
 * negative errno with a sentence for the operator in reason.
 */
int kernel_prepare(struct kernel *kernel, bool select, char *reason,
		   size_t len);

/*
 * The value that one before us found and could not put back, for it was
 * killed: we do it. False if it is none.
 */
bool kernel_recall(struct kernel *kernel, const char *before);

/* Do connections of this namespace have TCP timestamps? True if not known. */
bool kernel_has_timestamps(void);

/* Puts the path manager back if it is still as we had set it. */
int kernel_restore(struct kernel *kernel);

#endif
