/* SPDX-License-Identifier: BSD-3-Clause */
/* Anchor's things as JSON. */
#include <ell/ell.h>

#include "host/json.h"
#include "util/addrtext.h"

json_t *json_addr(const struct anchor_addr *addr)
{
	char text[ADDRTEXT_MAX];

	return json_string(addrtext(addr, text));
}

json_t *json_endpoint(const struct anchor_endpoint *endpoint)
{
	return json_pack("{s:o, s:i}",
			 "address", json_addr(&endpoint->addr),
			 "port", endpoint->port);
}

json_t *json_name(const char *name)
{
	json_t *string = json_string(name);
	char *plain;

	if (string)
		return string;

	plain = l_strdup(name);
	for (char *at = plain; *at; at++)
		if (*at & 0x80)
			*at = '?';

	string = json_string(plain);
	l_free(plain);
	return string;
}

json_t *json_rail(const struct links *links, int16_t rail)
{
	if (rail == ANCHOR_RAIL_NONE || (size_t) rail >= links->n_rails)
		return json_null();

	return json_name(links->rails[rail].name);
}

json_t *json_link(const char *name)
{
	return name[0] ? json_name(name) : json_null();
}

json_t *json_text(const char *text)
{
	return text ? json_string(text) : json_null();
}
