/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Watches the counters of the network namespace, and says when it is time to
 * look for paths that have become silent: often while there is traffic,
 * seldom else, and never so often that looking takes more than a small part
 * of a processor. Runs on ELL's main loop.
 */
#ifndef HOST_WATCH_H
#define HOST_WATCH_H

#include <anchor/types.h>

struct watch;

struct watch_options {
	struct anchor_span every;	/* how often, while there is traffic */
	void (*look)(void *data);

	/*
	 * What looking has cost so far, in microseconds of a processor, for
	 * it may go on after look() has returned.
	 */
	uint64_t (*cost)(void *data);
	void *data;
};

/*
 * Returns NULL after saying so in the log if the kernel does not count what is
 * needed.
 */
struct watch *watch_new(const struct watch_options *options);
void watch_free(struct watch *watch);

#endif
