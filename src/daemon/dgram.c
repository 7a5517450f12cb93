/* SPDX-License-Identifier: BSD-3-Clause */
/* Datagrams to a Unix socket. */
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/dgram.h"

int dgram_open(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	size_t len = strlen(path);
	int err = 0;
	int fd;

	if (path[0] != '/' && path[0] != '@')
		return -EAFNOSUPPORT;

	if (len >= sizeof(addr.sun_path))
		return -ENAMETOOLONG;

	memcpy(addr.sun_path, path, len);
	if (path[0] == '@')
		addr.sun_path[0] = '\0';

	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;

	/* The length ends a name in the abstract namespace. */
	if (connect(fd, (struct sockaddr *) &addr,
		    (socklen_t) (offsetof(struct sockaddr_un, sun_path) +
				 len + (path[0] == '/'))) < 0)
		err = -errno;

	if (!err)
		return fd;

	close(fd);
	return err;
}

int dgram_send(int fd, const void *data, size_t len)
{
	ssize_t n;

	do {
		n = send(fd, data, len, MSG_NOSIGNAL | MSG_DONTWAIT);
	} while (n < 0 && errno == EINTR);

	return n < 0 ? -errno : 0;
}
