/* SPDX-License-Identifier: BSD-3-Clause */
/* One question to the daemon, one answer. */
#ifndef CTL_CLIENT_H
#define CTL_CLIENT_H

#include <jansson.h>

/*
 * Sends the request and waits for the answer, at most some seconds. Returns
 * a new reference to an object, or NULL after saying on stderr what is wrong:
 * nobody there, no permission, an error from the daemon.
 */
json_t *client_ask(const char *socket_path, const json_t *request);

#endif
