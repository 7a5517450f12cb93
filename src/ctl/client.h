/* SPDX-License-Identifier: BSD-3-Clause */
/* One question to the daemon, one answer. */
#ifndef CTL_CLIENT_H
#define CTL_CLIENT_H

#include <jansson.h>
#include <stdbool.h>

/*
 * Sends the request and waits for the answer, at most some seconds. Returns
 * a new reference to an object, or NULL after saying on stderr what is wrong:
 * nobody there, no permission, an error from the daemon.
 */
json_t *client_ask(const char *socket_path, const json_t *request);

/*
 * Sends the request, and hands each line of the answer to cb, however long
 * they go on coming, until the daemon ends or cb returns false. Returns false
 * if it could not be asked, after saying so on stderr.
 */
bool client_follow(const char *socket_path, const json_t *request,
		   bool (*cb)(json_t *line, void *data), void *data);

#endif
