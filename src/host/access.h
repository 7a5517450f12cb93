/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who is at the other end of a Unix socket, and what that means here. The
 * kernel says it (SO_PEERCRED, SO_PEERGROUPS), as it was at connect().
 */
#ifndef HOST_ACCESS_H
#define HOST_ACCESS_H

#include <sys/types.h>

enum access {
	ACCESS_NONE,
	ACCESS_LOOK,	/* members of the group */
	ACCESS_CHANGE,	/* root, and who runs as we do */
};

#define ACCESS_NO_GROUP ((gid_t) -1)

/*
 * name NULL or "": ACCESS_NO_GROUP. Returns 0, -ENOENT if there is no such
 * group, or another negative errno.
 */
int access_find_group(const char *name, gid_t *ret_gid);

enum access access_of(int fd, gid_t group);

#endif
