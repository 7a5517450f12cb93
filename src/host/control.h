/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The control socket: a Unix stream socket on which each line is one JSON
 * object, request and answer alike.
 *
 *	-> {"command": "links"}
 *	<- {"links": [ ... ]}
 *	<- {"error": "unknown command \"x\""}
 *
 * A client that sends garbage, too long a line, or does not read its answers
 * is dropped; how many there may be is bounded. Runs on ELL's main loop.
 */
#ifndef HOST_CONTROL_H
#define HOST_CONTROL_H

#include <jansson.h>

struct control;

/* The longest request, and the most an answer may wait unread, in bytes. */
#define CONTROL_REQUEST_MAX 4096
#define CONTROL_UNREAD_MAX (16u << 20)

/*
 * Answers a request. Returns a new reference to an object, which the socket
 * sends and drops, or NULL on lack of memory.
 */
typedef json_t *(*control_handler)(const json_t *request, void *data);

struct control_options {
	const char *path;	/* its folder is made if it is missing */
	const char *group;	/* may connect besides root; NULL or "": none */
	unsigned int clients;	/* at the same time */
	control_handler handler;
	void *data;
};

/*
 * Listens. A stale socket file (nobody answers there) is replaced; a live
 * one is -EADDRINUSE. Returns 0 or a negative errno; -ENOENT: no such group.
 */
int control_new(const struct control_options *options,
		struct control **ret_control);

/* Ends all clients, removes the file. */
void control_free(struct control *control);

#endif
