/* SPDX-License-Identifier: BSD-3-Clause */
/* A netlink socket on ELL's main loop. */
#ifndef HOST_NLIO_H
#define HOST_NLIO_H

#include "netlink/nlsock.h"

struct nlio;

/* After each dispatch: 0, or the negative errno that ended the socket. */
typedef void (*nlio_cb)(int error, void *data);

/*
 * The socket stays the caller's, and must outlive this. NULL if there is no
 * descriptor left that ELL can watch.
 */
struct nlio *nlio_new(struct nlsock *sock, nlio_cb cb, void *data);
void nlio_free(struct nlio *nlio);

/*
 * Lets what comes gather, once it comes fast: of wakings there are no more
 * than NLIO_WAKINGS at once and one in NLIO_GATHER_MS on average. One that
 * finds more to read costs less than many, and what is over by then, such as
 * a connection for one request, need not be begun.
 */
#define NLIO_WAKINGS 64
#define NLIO_GATHER_MS 4

void nlio_gather(struct nlio *nlio);

/* To call after requests were queued outside of callbacks. */
void nlio_update(struct nlio *nlio);

#endif
