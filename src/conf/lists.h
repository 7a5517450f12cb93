/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Values that are lists: prefixes, globs of interface names, ports. Items
 * are separated by commas, whitespace or both.
 */
#ifndef CONF_LISTS_H
#define CONF_LISTS_H

#include <stdio.h>

#include "conf/diag.h"
#include "core/core.h"

#define CONFIG_LIST_MAX 256

struct config_prefixes {
	struct anchor_prefix *items;
	size_t n;
};

struct config_globs {
	char **items;
	size_t n;
};

struct config_ports {
	struct core_port_range *items;
	size_t n;
};

/*
 * Each returns 0, or a negative errno with every wrong item in place->diag.
 * What is returned is the caller's to clear.
 */
int config_prefixes_parse(const struct diag_place *place, const char *text,
			  struct config_prefixes *ret_prefixes);
int config_globs_parse(const struct diag_place *place, const char *text,
		       struct config_globs *ret_globs);
int config_ports_parse(const struct diag_place *place, const char *text,
		       struct config_ports *ret_ports);

void config_prefixes_clear(struct config_prefixes *prefixes);
void config_globs_clear(struct config_globs *globs);
void config_ports_clear(struct config_ports *ports);

void config_prefixes_print(const struct config_prefixes *prefixes, FILE *out);
void config_globs_print(const struct config_globs *globs, FILE *out);
void config_ports_print(const struct config_ports *ports, FILE *out);

#endif
