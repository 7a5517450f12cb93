/* SPDX-License-Identifier: BSD-3-Clause */
/* Between endpoints and the socket API's addresses. */
#include <arpa/inet.h>
#include <netinet/in.h>

#include "util/sockaddr.h"

socklen_t sockaddr_from(const struct anchor_endpoint *endpoint,
			struct sockaddr_storage *ret_name)
{
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *) ret_name;
	struct sockaddr_in *in = (struct sockaddr_in *) ret_name;

	memset(ret_name, 0, sizeof(*ret_name));
	if (endpoint->addr.family == ANCHOR_FAMILY_INET6) {
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons(endpoint->port);
		memcpy(&in6->sin6_addr, endpoint->addr.bytes, 16);
		return sizeof(*in6);
	}

	in->sin_family = AF_INET;
	in->sin_port = htons(endpoint->port);
	memcpy(&in->sin_addr, endpoint->addr.bytes, 4);
	return sizeof(*in);
}

void sockaddr_to(const struct sockaddr_storage *name,
		 struct anchor_endpoint *ret_endpoint)
{
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *) name;
	const struct sockaddr_in *in = (const struct sockaddr_in *) name;
	struct anchor_endpoint endpoint = { 0 };

	if (name->ss_family == AF_INET6) {
		endpoint.addr.family = ANCHOR_FAMILY_INET6;
		endpoint.port = ntohs(in6->sin6_port);
		memcpy(endpoint.addr.bytes, &in6->sin6_addr, 16);
	} else {
		endpoint.addr.family = ANCHOR_FAMILY_INET;
		endpoint.port = ntohs(in->sin_port);
		memcpy(endpoint.addr.bytes, &in->sin_addr, 4);
	}

	*ret_endpoint = endpoint;
}
