/* SPDX-License-Identifier: BSD-3-Clause */
/* Where peers join. */
#include <errno.h>

#include "host/joins.h"
#include "host/journal.h"

#define LISTEN_AGAIN_S 2
#define RELEASE_S 5

static bool in_use(uint16_t port, void *data)
{
	struct engine *engine = data;

	return core_serves_port(engine->core, port);
}

static void on_release(struct l_timeout *timeout, void *data)
{
	struct engine *engine = data;

	if (listeners_release(engine->listeners, in_use, engine)) {
		l_timeout_modify(timeout, RELEASE_S);
		return;
	}

	l_timeout_remove(timeout);
	engine->release = NULL;
}

static int serve(struct engine *engine, const struct anchor_endpoint *endpoint,
		 int ifindex)
{
	if (!engine->release)
		engine->release = l_timeout_create(RELEASE_S, on_release,
						   engine, NULL);

	return listeners_serve(engine->listeners, endpoint, ifindex,
			       journal_link_of(engine, &endpoint->addr));
}

int joins_prepare(struct engine *engine, const struct core_action *action)
{
	if (action->type != CORE_ACTION_ANNOUNCE || !action->bare)
		return 0;

	return serve(engine, &action->local, action->ifindex);
}

static void on_listen_again(struct l_timeout *timeout, void *data)
{
	engine_links_changed(data);
}

static void listen_again(struct engine *engine)
{
	if (!engine->listen_again)
		engine->listen_again = l_timeout_create(LISTEN_AGAIN_S,
							on_listen_again,
							engine, NULL);
}

void joins_sync(struct engine *engine)
{
	l_timeout_remove(engine->listen_again);
	engine->listen_again = NULL;
	if (!listeners_sync(engine->listeners, engine->links))
		listen_again(engine);
}

/* If there may be no more listeners, there is nothing to wait for. */
static void on_announced(const struct anchor_endpoint *endpoint, int ifindex,
			 void *data)
{
	int err = serve(data, endpoint, ifindex);

	if (err && err != -ENOSPC)
		listen_again(data);
}

void joins_serve(struct engine *engine)
{
	core_each_bare(engine->core, on_announced, engine);
}

void joins_stop(struct engine *engine)
{
	l_timeout_remove(engine->listen_again);
	l_timeout_remove(engine->release);
}
