/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A descriptor on ELL's main loop whose errors are for its owner to read.
 *
 * l_io gives up a descriptor that has an error pending, for good. A netlink
 * socket whose receive buffer has overrun has one (ENOBUFS), and goes on. So
 * it hangs on an epoll descriptor of its own, which has no errors.
 */
#ifndef HOST_FDIO_H
#define HOST_FDIO_H

#include <stdbool.h>

struct fdio;

/* False: it is done for, and is no longer watched. */
typedef bool (*fdio_cb)(void *data);

/*
 * readable is also called for an error. fd stays the caller's. NULL if there
 * is no descriptor left that ELL can watch.
 */
struct fdio *fdio_new(int fd, fdio_cb readable, fdio_cb writable, void *data);
void fdio_free(struct fdio *fdio);

/*
 * readable is called while it can be read, from the beginning; writable while
 * it can be written, not at the beginning. With both off it is not watched.
 */
void fdio_set_read(struct fdio *fdio, bool on);
void fdio_set_write(struct fdio *fdio, bool on);

#endif
