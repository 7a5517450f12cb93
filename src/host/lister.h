/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reads the kernel's lists of connections, and hands them to the core
 * (core/sync.h): at the start, after events were lost, and for audits. A list
 * of many connections is read and compared in short turns, between which the
 * main loop goes on. A list that could not be read whole is read again, later
 * and later; if that is in vain too, what was believed stays so.
 *
 *	lister = lister_new(&options);
 *	lister_start(lister, CORE_SYNC_START);
 */
#ifndef HOST_LISTER_H
#define HOST_LISTER_H

#include "core/sync.h"

struct lister;

struct lister_result {
	enum core_sync_kind kind;
	bool whole;		/* else it could not be read: error */
	int error;
	bool again;		/* goes on by itself: it failed, or something
				 * was in flux */
	struct anchor_span took;
};

struct lister_options {
	struct core *core;
	uint16_t family;	/* of the kernel's path manager */
	int buffer;		/* receive buffers, bytes */

	/* Hands all events that the kernel has sent to the core. */
	void (*catch_up)(void *data);
	/* Some connections have been compared: there may be things to do. */
	void (*on_turn)(void *data);
	void (*on_done)(const struct lister_result *result, void *data);
	void *data;
};

/* NULL if there is no timer to be had. */
struct lister *lister_new(const struct lister_options *options);
void lister_free(struct lister *lister);

/*
 * One at a time: what is asked for meanwhile follows, and not at once, so
 * that a host which loses events all the time does not do this alone. An
 * audit that would have to wait is not needed.
 */
void lister_start(struct lister *lister, enum core_sync_kind kind);

/* Is one under way, or to follow? lister may be NULL. */
bool lister_busy(const struct lister *lister);

struct lister_stats {
	uint64_t lists;		/* read whole */
	uint64_t failed;
	uint64_t interrupted;	/* begun again */
	uint64_t malformed;	/* messages */
	uint64_t overruns;
	uint64_t us;		/* time that all took of the main loop */
};
void lister_get_stats(const struct lister *lister,
		      struct lister_stats *ret_stats);

#endif
