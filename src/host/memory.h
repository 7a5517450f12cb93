/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is to outlive the daemon and is known to nobody else: which path
 * manager was selected before it came, the join ports that the kernel chose,
 * what peers have announced, and the seats of links. A text file of bounded
 * size, replaced as a whole:
 *
 *	anchor 1
 *	path-manager kernel
 *	seat eth1
 *	port eth1 10.1.2.2:43211
 *	peer 10.255.0.1 1 10.1.1.2:7001
 *
 * It is a help, not a need. What cannot be read is left out, and what is
 * stale does no harm: a port that is taken is chosen anew, and a peer refuses
 * what it has not announced.
 */
#ifndef HOST_MEMORY_H
#define HOST_MEMORY_H

#include "core/core.h"
#include "host/kernel.h"
#include "host/links.h"
#include "host/listeners.h"

struct memory {
	struct kernel *kernel;
	struct core *core;
	struct listeners *listeners;
	struct links_seats *seats;
};

/*
 * Adds what the file says. Returns how many lines made no sense, or a
 * negative errno; -ENOENT if there is no file.
 */
int memory_load(const char *path, const struct memory *memory);

/* Returns 0 or a negative errno, and the file is as it was. */
int memory_save(const char *path, const struct memory *memory);

#endif
