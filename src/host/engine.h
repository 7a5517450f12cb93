/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The engine: what every host of Anchor runs. It feeds the core with links
 * and connections, carries out the core's actions, keeps the join listeners,
 * and answers questions about it all. Runs on ELL's main loop.
 *
 *	engine_new(&options, &engine);
 *	... l_main_run() ...
 *	engine_free(engine);	paths and announcements stay as they are
 */
#ifndef HOST_ENGINE_H
#define HOST_ENGINE_H

#include <jansson.h>

#include "conf/config.h"
#include "conf/policies.h"
#include "core/core.h"
#include "host/log.h"

struct engine;
struct kernel;

struct engine_options {
	const struct config *config;		/* outlives the engine */
	const struct policies *policies;	/* likewise */
	struct log_sink log;
	bool fed;		/* events come by engine_handle() */
	void (*on_failure)(int error, void *data);	/* it cannot go on */
	void (*on_synced)(void *data);	/* once, from the main loop: links and
			 * connections are known, and what was to be done at
			 * the start has been handed to the kernel */

	struct kernel *kernel;	/* as prepared; outlives the engine */
	const char *memory;	/* file for the next start, see host/memory.h;
				 * NULL: none. Outlives the engine */

	/* Both may be NULL. news is the engine's, see host/news.h. */
	bool (*is_watched)(void *data);
	void (*on_news)(json_t *news, void *data);
	void *data;
};

/* Returns 0 or a negative errno with a sentence in reason. */
int engine_new(const struct engine_options *options,
	       struct engine **ret_engine, char *reason, size_t len);
void engine_free(struct engine *engine);

/*
 * An event of a host that has a source of its own. What it leaves out, or
 * does not notice to have lost, the engine hears itself (host/merge.h).
 */
void engine_handle(struct engine *engine, const struct core_event *event);

/*
 * Goes over to another configuration and other policies, by the least
 * actions; the old ones are not used any more afterwards. Returns 0 and how
 * many connections got another policy or other options, or a negative errno,
 * and everything is as before.
 */
int engine_reconfigure(struct engine *engine, const struct config *config,
		       const struct policies *policies,
		       unsigned int *ret_moved);

/*
 * For a watchdog, to be asked now and then: false if the kernel owes an
 * answer since the last time.
 */
bool engine_is_alive(struct engine *engine);

/*
 * Answers {"command": "explain", "peer": "ADDRESS[:PORT]", "role": "client"}.
 * A new reference, NULL on lack of memory.
 */
json_t *engine_explain(struct engine *engine, const json_t *request);

/*
 * Answers {"command": "status"}, "links", "connections" or "paths", the last
 * two with "samples": true also with how subflows do; NULL for another
 * question. A new reference.
 */
json_t *engine_report(struct engine *engine, const json_t *request);

#endif
