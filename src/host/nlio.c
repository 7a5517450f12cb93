/* SPDX-License-Identifier: BSD-3-Clause */
/* A netlink socket on ELL's main loop. */
#include <ell/ell.h>

#include "host/nlio.h"

struct nlio {
	struct nlsock *sock;
	struct l_io *io;
	nlio_cb cb;
	void *data;
};

static bool on_readable(struct l_io *io, void *data)
{
	struct nlio *nlio = data;
	int err = nlsock_dispatch(nlio->sock);

	nlio->cb(err, nlio->data);
	if (err < 0)
		return false;

	nlio_update(nlio);
	return true;
}

static bool on_writable(struct l_io *io, void *data)
{
	struct nlio *nlio = data;
	int err = nlsock_flush(nlio->sock);

	if (err < 0)
		nlio->cb(err, nlio->data);

	return !err && nlsock_wants_write(nlio->sock);
}

struct nlio *nlio_new(struct nlsock *sock, nlio_cb cb, void *data)
{
	struct nlio *nlio = l_new(struct nlio, 1);

	nlio->sock = sock;
	nlio->io = l_io_new(nlsock_fd(sock));
	nlio->cb = cb;
	nlio->data = data;
	l_io_set_read_handler(nlio->io, on_readable, nlio, NULL);
	return nlio;
}

void nlio_free(struct nlio *nlio)
{
	if (!nlio)
		return;

	l_io_destroy(nlio->io);
	l_free(nlio);
}

void nlio_update(struct nlio *nlio)
{
	if (nlsock_wants_write(nlio->sock))
		l_io_set_write_handler(nlio->io, on_writable, nlio, NULL);
}
