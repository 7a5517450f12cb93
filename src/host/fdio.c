/* SPDX-License-Identifier: BSD-3-Clause */
/* A descriptor on ELL's main loop whose errors are for its owner to read. */
#include <sys/epoll.h>
#include <unistd.h>

#include <ell/ell.h>

#include "host/fdio.h"

struct fdio {
	int fd;
	int epoll;
	struct l_io *io;	/* of epoll */
	bool read, write;
	fdio_cb readable, writable;
	void *data;
};

static bool on_events(struct l_io *io, void *data)
{
	struct fdio *fdio = data;
	struct epoll_event event;

	if (epoll_wait(fdio->epoll, &event, 1, 0) < 1)
		return true;

	if (event.events & EPOLLOUT && fdio->write &&
	    !fdio->writable(fdio->data))
		return false;

	return !(event.events & ~(uint32_t) EPOLLOUT) ||
		fdio->readable(fdio->data);
}

/* An error is told as long as it is watched for anything. */
static void watch(struct fdio *fdio, bool read, bool write)
{
	struct epoll_event event = {
		.events = (read ? EPOLLIN : 0) | (write ? EPOLLOUT : 0),
	};
	bool before = fdio->read || fdio->write;

	if (fdio->read == read && fdio->write == write)
		return;

	fdio->read = read;
	fdio->write = write;
	if (!read && !write)
		epoll_ctl(fdio->epoll, EPOLL_CTL_DEL, fdio->fd, NULL);
	else
		epoll_ctl(fdio->epoll, before ? EPOLL_CTL_MOD : EPOLL_CTL_ADD,
			  fdio->fd, &event);
}

struct fdio *fdio_new(int fd, fdio_cb readable, fdio_cb writable, void *data)
{
	struct fdio *fdio = l_new(struct fdio, 1);

	fdio->fd = fd;
	fdio->epoll = epoll_create1(EPOLL_CLOEXEC);
	fdio->readable = readable;
	fdio->writable = writable;
	fdio->data = data;
	fdio->io = l_io_new(fdio->epoll);
	if (!fdio->io) {
		fdio_free(fdio);
		return NULL;
	}

	watch(fdio, true, false);
	l_io_set_read_handler(fdio->io, on_events, fdio, NULL);
	return fdio;
}

void fdio_free(struct fdio *fdio)
{
	if (!fdio)
		return;

	l_io_destroy(fdio->io);
	if (fdio->epoll >= 0)
		close(fdio->epoll);

	l_free(fdio);
}

void fdio_set_read(struct fdio *fdio, bool on)
{
	watch(fdio, on, fdio->write);
}

void fdio_set_write(struct fdio *fdio, bool on)
{
	watch(fdio, fdio->read, on);
}
