/* SPDX-License-Identifier: BSD-3-Clause */
/* Anchor's things as JSON; anchorctl(8) documents the shapes. */
#ifndef HOST_JSON_H
#define HOST_JSON_H

#include <jansson.h>

#include "host/links.h"

/* New references. */
json_t *json_addr(const struct anchor_addr *addr);
json_t *json_endpoint(const struct anchor_endpoint *endpoint);

/* An interface may have any bytes in its name, and a line of a configuration
 * too, or end amid a character; JSON has UTF-8. */
json_t *json_name(const char *name);

/* Its name, or null for ANCHOR_RAIL_NONE. */
json_t *json_rail(const struct links *links, int16_t rail);

/* The interface, or null for "". */
json_t *json_link(const char *name);

/* A text, or null for NULL. */
json_t *json_text(const char *text);

#endif
