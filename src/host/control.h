/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The control socket: a Unix stream socket on which each line is one JSON
 * object, request and answer alike.
 *
 *	-> {"command": "links"}
 *	<- {"links": [ ... ]}
 *	<- {"error": "unknown command \"x\""}
 *
 * A client that sends garbage or too long a line is told so and dropped, one
 * that leaves too much unread is dropped; how many there may be is bounded,
 * further ones are told {"error":"too many clients"}. Runs on ELL's main
 * loop.
 *
 * The file's mode lets in those who may ask: 0600, or 0660 with the group.
 * Without a group, a client must also be root or run as we do.
 */
#ifndef HOST_CONTROL_H
#define HOST_CONTROL_H

#include <jansson.h>
#include <stdbool.h>

struct control;

/*
 * A client that sends {"command": "monitor"} is told {"monitor": true} and
 * from then on everything that is published, until it leaves. One that does
 * not read it fast enough misses some, and is told how many:
 * {"event": "missed", "count": 5}.
 */
void control_publish(struct control *control, const json_t *news);
bool control_is_watched(const struct control *control);

/* The most news that may wait for a client, in bytes. */
#define CONTROL_NEWS_MAX (1u << 20)

/* The longest request, and the most an answer may wait unread, in bytes. */
#define CONTROL_REQUEST_MAX 4096
#define CONTROL_UNREAD_MAX (64u << 20)

/*
 * Answers a request, which is an object. Returns a new reference to an
 * object, which the socket sends and drops, or NULL on lack of memory.
 */
typedef json_t *(*control_handler)(const json_t *request, void *data);

/* Copied, strings included. */
struct control_options {
	const char *path;	/* its folder is made if it is missing */
	const char *group;	/* may connect besides root; NULL or "": none */
	unsigned int clients;	/* at the same time */
	control_handler handler;
	void *data;
};

/*
 * Listens. A stale socket file (nobody answers there) is replaced; a live
 * one is -EADDRINUSE, a file that is no socket -EEXIST. Returns 0 or a
 * negative errno; -ENOENT: no such group, or no folder for the folder.
 */
int control_new(const struct control_options *options,
		struct control **ret_control);

/* Ends all clients, removes the file. */
void control_free(struct control *control);

#endif
