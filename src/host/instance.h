/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One Anchor for each network namespace: two would fight over the same
 * connections. An abstract Unix socket is a name in the network namespace
 * (unix(7)) and goes with its process.
 */
#ifndef HOST_INSTANCE_H
#define HOST_INSTANCE_H

/*
 * Returns a descriptor that holds the claim until it is closed, -EADDRINUSE
 * if another process has it, or another negative errno.
 */
int instance_claim(void);

#endif
