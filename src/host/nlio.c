/* SPDX-License-Identifier: BSD-3-Clause */
/* A netlink socket on ELL's main loop. */
#include <ell/ell.h>

#include "host/fdio.h"
#include "host/nlio.h"

#define GATHER_US (NLIO_GATHER_MS * 1000)

struct nlio {
	struct nlsock *sock;
	struct fdio *io;
	nlio_cb cb;
	void *data;
	bool gathers;
	unsigned int wakings;	/* that it may have now */
	uint64_t since_us;	/* when it had them */
	struct l_timeout *rest;
};

static void on_rested(struct l_timeout *timeout, void *data)
{
	struct nlio *nlio = data;

	fdio_set_read(nlio->io, true);
}

static void rest(struct nlio *nlio)
{
	fdio_set_read(nlio->io, false);
	l_timeout_modify_ms(nlio->rest, NLIO_GATHER_MS);
}

/*
 * A token bucket. A waking that finds it empty takes the one that is earned
 * next, and has to be the last until then.
 */
static bool take_waking(struct nlio *nlio)
{
	uint64_t now = l_time_now();
	uint64_t earned = now < nlio->since_us ? 0 :
		(now - nlio->since_us) / GATHER_US;

	if (nlio->wakings + earned >= NLIO_WAKINGS) {
		nlio->wakings = NLIO_WAKINGS;
		nlio->since_us = now;
	} else {
		nlio->wakings += (unsigned int) earned;
		nlio->since_us += earned * GATHER_US;
	}

	if (!nlio->wakings) {
		nlio->since_us += GATHER_US;
		return false;
	}

	nlio->wakings--;
	return true;
}

static bool on_readable(void *data)
{
	struct nlio *nlio = data;
	int err;

	if (nlio->gathers && !take_waking(nlio))
		rest(nlio);

	err = nlsock_dispatch(nlio->sock);

	nlio->cb(err, nlio->data);
	if (err < 0)
		return false;

	nlio_update(nlio);
	return true;
}

static bool on_writable(void *data)
{
	struct nlio *nlio = data;
	int err = nlsock_flush(nlio->sock);

	if (err < 0) {
		nlio->cb(err, nlio->data);
		return false;
	}

	nlio_update(nlio);
	return true;
}

struct nlio *nlio_new(struct nlsock *sock, nlio_cb cb, void *data)
{
	struct nlio *nlio = l_new(struct nlio, 1);

	nlio->sock = sock;
	nlio->cb = cb;
	nlio->data = data;
	nlio->io = fdio_new(nlsock_fd(sock), on_readable, on_writable, nlio);
	if (nlio->io)
		return nlio;

	l_free(nlio);
	return NULL;
}

void nlio_free(struct nlio *nlio)
{
	if (!nlio)
		return;

	l_timeout_remove(nlio->rest);
	fdio_free(nlio->io);
	l_free(nlio);
}

void nlio_gather(struct nlio *nlio)
{
	if (!nlio->rest)
		nlio->rest = l_timeout_create_ms(0, on_rested, nlio, NULL);

	/* Without it, what comes is read as it comes. */
	nlio->gathers = nlio->rest;
}

void nlio_update(struct nlio *nlio)
{
	fdio_set_write(nlio->io, nlsock_wants_write(nlio->sock));
}
