/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The control socket: a Unix stream socket on which each line is one JSON
 * object, request and answer alike.
 *
 *	-> {"command": "links"}
 *	<- {"links": [ ... ]}
 *	<- {"error": "unknown command \"x\""}
 *
 * The file's mode lets in those who may ask: 0600, or 0660 with the group. And
 * whatever it has been changed to, so does the kernel's word on who they are:
 * root and who runs as we do may ask for anything, members of the group for
 * what changes nothing, and nobody else is heard.
 *
 * A client that sends garbage or too long a line is told so and dropped. One
 * request of each is answered in a turn of the loop, at most half of the time,
 * and none while too much of the answers before waits to be read; one that reads nothing of it for
 * long is dropped. How many clients there may be is bounded, further ones
 * are told {"error":"too many clients"}; the last place is not for members
 * of the group. Runs on ELL's main loop.
 */
#ifndef HOST_CONTROL_H
#define HOST_CONTROL_H

#include <jansson.h>
#include <stdbool.h>

#include "host/access.h"

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

/*
 * In bytes: the longest request; the longest answer; how much of a client's
 * answers may wait when another is added; and what all answers that wait
 * may take.
 */
#define CONTROL_REQUEST_MAX 4096
#define CONTROL_ANSWER_MAX (64u << 20)
#define CONTROL_WAITING_MAX (1u << 20)
#define CONTROL_ROOM (256u << 20)

/*
 * Answers a request, which is an object, of somebody with that access, which
 * is not ACCESS_NONE. Returns a new reference to an
 * object, which the socket sends and drops, or NULL on lack of memory.
 */
typedef json_t *(*control_handler)(const json_t *request, enum access access,
				   void *data);

/* Copied, strings included. */
struct control_options {
	const char *path;	/* its folder is made if it is missing */
	const char *group;	/* may look; NULL or "": none */
	unsigned int patience_ms;	/* with those who read nothing; 0: 10 s */
	unsigned int clients;	/* at the same time */
	control_handler handler;
	void *data;
};

/*
 * Listens. A stale socket file (nobody answers there) is replaced; a live
 * one is -EADDRINUSE, a file that is no socket -EEXIST. Returns 0 or a
 * negative errno; -ENOENT: no such group, or no folder for the folder;
 * -EPERM: we are not in the group, and may not give it a file.
 */
int control_new(const struct control_options *options,
		struct control **ret_control);

/* Ends all clients, removes the file. */
void control_free(struct control *control);

#endif
