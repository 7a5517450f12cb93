/* SPDX-License-Identifier: BSD-3-Clause */
/* Who is at the other end of a Unix socket. */
#include <errno.h>
#include <grp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host/access.h"

int access_find_group(const char *name, gid_t *ret_gid)
{
	const struct group *group;

	*ret_gid = ACCESS_NO_GROUP;
	if (!name || !*name)
		return 0;

	errno = 0;
	group = getgrnam(name);
	if (!group)
		return errno ? -errno : -ENOENT;

	*ret_gid = group->gr_gid;
	return 0;
}

/* With too little room the kernel says how much it takes. */
static bool is_supplementary(int fd, gid_t group)
{
	socklen_t len = 0;
	gid_t *groups;
	bool found = false;

	if (!getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, NULL, &len) ||
	    errno != ERANGE)
		return false;

	groups = malloc(len);
	if (!groups)
		return false;

	if (!getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &len))
		for (size_t i = 0; i < len / sizeof(*groups); i++)
			found |= groups[i] == group;

	free(groups);
	return found;
}

enum access access_of(int fd, gid_t group)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0)
		return ACCESS_NONE;

	if (peer.uid == 0 || peer.uid == geteuid())
		return ACCESS_CHANGE;

	if (group != ACCESS_NO_GROUP &&
	    (peer.gid == group || is_supplementary(fd, group)))
		return ACCESS_LOOK;

	return ACCESS_NONE;
}
