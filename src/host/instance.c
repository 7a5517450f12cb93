/* SPDX-License-Identifier: BSD-3-Clause */
/* One Anchor for each network namespace. */
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "host/instance.h"

int instance_claim(void)
{
	static const char name[] = "\0anchor-path-manager";
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	socklen_t len = offsetof(struct sockaddr_un, sun_path) +
		sizeof(name) - 1;
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int err;

	if (fd < 0)
		return -errno;

	memcpy(addr.sun_path, name, sizeof(name) - 1);
	if (!bind(fd, (struct sockaddr *) &addr, len))
		return fd;

	err = -errno;
	close(fd);
	return err;
}
