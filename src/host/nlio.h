/* SPDX-License-Identifier: BSD-3-Clause */
/* A netlink socket on ELL's main loop. */
#ifndef HOST_NLIO_H
#define HOST_NLIO_H

#include "netlink/nlsock.h"

struct nlio;

/* After each dispatch: 0, or the negative errno that ended the socket. */
typedef void (*nlio_cb)(int error, void *data);

/* The socket stays the caller's, and must outlive this. */
struct nlio *nlio_new(struct nlsock *sock, nlio_cb cb, void *data);
void nlio_free(struct nlio *nlio);

/* To call after requests were queued outside of callbacks. */
void nlio_update(struct nlio *nlio);

#endif
