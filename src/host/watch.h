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

typedef void (*watch_cb)(void *data);

/*
 * every: how often, while there is traffic. Returns NULL after saying so in
 * the log if the kernel does not count what is needed.
 */
struct watch *watch_new(struct anchor_span every, watch_cb look, void *data);
void watch_free(struct watch *watch);

#endif
