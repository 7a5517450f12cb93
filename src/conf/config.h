/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What anchor.conf says. Every key has a default: a missing or empty file
 * gives a whole configuration. A configuration is made complete or not at
 * all, and never changes afterwards; a reload makes another one.
 *
 *	struct diag *diag = diag_new();
 *
 *	if (config_load(path, diag, &config) < 0)
 *		print every line of diag, go on with the old one
 */
#ifndef CONF_CONFIG_H
#define CONF_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include <anchor/types.h>

#include "conf/diag.h"
#include "conf/lists.h"

#define CONFIG_RAILS_MAX 32
#define CONFIG_RAIL_NAME_MAX 15

struct config_rail {		/* [rail.NAME] */
	char *name;
	struct config_globs interfaces;
	struct config_prefixes prefixes;
};

enum config_manage {
	CONFIG_MANAGE_ANCHORED,
	CONFIG_MANAGE_ALL,
};

struct config {
	struct {		/* [rendezvous] */
		bool addresses_auto;
		struct config_prefixes addresses;	/* if not auto */
		struct config_prefixes peers;
		enum config_manage manage;
	} rendezvous;

	struct {		/* [links] */
		bool interfaces_auto;
		struct config_globs interfaces;		/* if not auto */
		struct config_globs exclude;
	} links;

	struct config_rail *rails;
	size_t n_rails;

	struct {		/* [join] */
		unsigned int port;			/* 0: the kernel's */
	} join;

	struct {		/* [limits] */
		unsigned int connections;
		unsigned int subflows;
		unsigned int announced;
		unsigned int samples;			/* a second */
		unsigned int commands;
		unsigned int clients;
		unsigned int listeners;			/* at services' ports */
	} limits;

	struct {		/* [timers] */
		struct anchor_span grace;
		struct anchor_span connect;
		struct anchor_span retry_min;
		struct anchor_span retry_max;
		bool retry_refused;
		struct anchor_span look;		/* 0: never */
		struct anchor_span hold_min;
		struct anchor_span keep_alive;	/* 0: none */
		struct anchor_span hold_max;
		struct anchor_span audit;	/* 0: none */
	} timers;

	struct {		/* [kernel] */
		bool select_path_manager;
		unsigned int receive_buffer;		/* bytes */
	} kernel;

	struct {		/* [control] */
		char *group;				/* "": root only */
	} control;
};

/*
 * path NULL, or a file that does not exist where missing_ok: all defaults.
 * Returns 0, or -EINVAL with every error of the file in diag, or another
 * negative errno if it could not be read (also in diag).
 */
int config_load(const char *path, bool missing_ok, struct diag *diag,
		struct config **ret_config);
void config_free(struct config *config);

/* Writes a file that config_load() reads back as the same configuration. */
void config_print(const struct config *config, FILE *out);

/* The table of keys, for checking the manual page against it. */
struct config_key {
	const char *section;
	const char *key;
	const char *fallback;
	const char *allowed;	/* in words, as in error messages */
};
const struct config_key *config_key(size_t i);	/* NULL beyond the end */

#endif
