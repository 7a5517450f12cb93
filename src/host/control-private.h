/* SPDX-License-Identifier: BSD-3-Clause */
/* The control socket's state: control.c listens, client.c has one client. */
#ifndef HOST_CONTROL_PRIVATE_H
#define HOST_CONTROL_PRIVATE_H

#include <ell/ell.h>

#include "host/control.h"

struct client;

struct control {
	unsigned int clients_max;
	unsigned int patience_ms;
	control_handler handler;
	void *data;
	char *path;
	gid_t group;
	struct l_io *io;
	struct l_timeout *accept_again;	/* has its descriptor in time */
	struct l_timeout *look;		/* for clients that do not read */
	struct l_timeout *rest;		/* ends a rest */
	bool resting;			/* all requests wait */
	struct l_queue *clients;
	unsigned int monitors;
	size_t room;			/* what all clients' answers may take */
};

/* Is in control->clients, owns io; leaves and frees itself. */
void client_new(struct control *control, struct l_io *io, enum access access);
void client_free(void *client);

/*
 * A request of that client took so long to answer: all others come before its
 * next one, and nobody's next one is looked at for as
 * long again, so that half of the time is left for what we are here for.
 */
void control_rest(struct control *control, struct client *client, int64_t us);

/* The rest is over. */
void client_go_on(struct client *client);

/* A line of news, if it wants any. */
void client_tell(struct client *client, const char *text, size_t len);

/*
 * Called every now and then: drops the client if it has had an answer to
 * read all the while since the last call, and has read nothing of it.
 */
void client_look(struct client *client);

#endif
