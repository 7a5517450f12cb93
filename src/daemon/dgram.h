/* SPDX-License-Identifier: BSD-3-Clause */
/* Datagrams to a Unix socket, as systemd and its journal take them. */
#ifndef DAEMON_DGRAM_H
#define DAEMON_DGRAM_H

#include <stddef.h>

/*
 * path begins with / or, for a socket in the abstract namespace, with @.
 * Returns a connected descriptor, or a negative errno: -EAFNOSUPPORT for
 * another kind of address.
 */
int dgram_open(const char *path);

/* One datagram, without waiting. Returns 0 or a negative errno. */
int dgram_send(int fd, const void *data, size_t len);

#endif
