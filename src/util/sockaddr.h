/* SPDX-License-Identifier: BSD-3-Clause */
/* Between endpoints and the socket API's addresses. */
#ifndef UTIL_SOCKADDR_H
#define UTIL_SOCKADDR_H

#include <sys/socket.h>

#include <anchor/types.h>

/* Returns the length in use. */
socklen_t sockaddr_from(const struct anchor_endpoint *endpoint,
			struct sockaddr_storage *ret_name);
void sockaddr_to(const struct sockaddr_storage *name,
		 struct anchor_endpoint *ret_endpoint);

#endif
