/* SPDX-License-Identifier: BSD-3-Clause */
/* What the log says of links that are lost and return. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "host/moves.h"
#include "host/news.h"

static bool usable_in(const struct links *links, int ifindex)
{
	for (size_t i = 0; links && i < links->n_links; i++)
		if (links->links[i].facts.ifindex == ifindex)
			return links->links[i].state == LINK_USABLE;

	return false;
}

static const struct link *find_link(const struct links *links, int ifindex)
{
	for (size_t i = 0; i < links->n_links; i++)
		if (links->links[i].facts.ifindex == ifindex)
			return &links->links[i];

	return NULL;
}

/* The longest that one of its addresses waits. */
static int64_t link_held_ms(const struct engine *engine,
			    const struct link *link)
{
	int64_t longest = 0;

	for (size_t i = 0; i < engine->links->n_addresses; i++) {
		const struct link_address *address =
						&engine->links->addresses[i];
		int64_t ms = engine_held_ms(engine, address);

		if (address->link == link && ms > longest)
			longest = ms;
	}

	return longest;
}

static void log_up(struct engine *engine, const struct link *link)
{
	const char *rail = engine->links->rails[link->rail].name;
	int64_t held = link_held_ms(engine, link);
	const struct log_field *fields =
		LOG_FIELDS({ "EVENT", "link-up" },
			   { "LINK", link->facts.name }, { "RAIL", rail });

	if (held)
		log_say(&engine->options.log, L_LOG_INFO, fields,
			"link %s is back on rail %s, used again in %" PRId64
			" ms", link->facts.name, rail, held);
	else
		log_say(&engine->options.log, L_LOG_INFO, fields,
			"link %s is up on rail %s", link->facts.name, rail);

	news_link_up(engine, link, held);
}

static void note_lost(struct engine *engine, const struct links *before,
		      const struct link *was, const struct link *link)
{
	struct lost_link *lost = l_malloc(sizeof(*lost) +
			before->n_addresses * sizeof(*lost->addrs));

	*lost = (struct lost_link) {
		.reason = link ? link_state_text(link->state) : "it is gone",
		.at = engine_now(),
	};
	lost->last = lost->at;
	snprintf(lost->name, sizeof(lost->name), "%s", was->facts.name);
	for (size_t i = 0; i < before->n_addresses; i++)
		if (before->addresses[i].link == was)
			lost->addrs[lost->n_addrs++] =
					before->addresses[i].facts.addr;

	l_queue_push_tail(engine->lost, lost);
}

/* One line for each link that became usable or ceased to be. */
void moves_links(struct engine *engine, const struct links *before)
{
	const struct links *now = engine->links;

	for (size_t i = 0; i < now->n_links; i++) {
		const struct link *link = &now->links[i];

		if (link->state == LINK_USABLE &&
		    !usable_in(before, link->facts.ifindex))
			log_up(engine, link);
	}

	for (size_t i = 0; before && i < before->n_links; i++) {
		const struct link *was = &before->links[i];
		const struct link *link = find_link(now, was->facts.ifindex);

		if (was->state != LINK_USABLE ||
		    usable_in(now, was->facts.ifindex))
			continue;

		note_lost(engine, before, was, link);
	}
}

/* After the connections have moved: how many paths, and how long it took. */
static void log_down(void *data, void *user_data)
{
	struct engine *engine = user_data;
	const struct lost_link *lost = data;
	int64_t us = anchor_time_since(lost->last, lost->at).us;

	log_say(&engine->options.log, L_LOG_WARNING,
		LOG_FIELDS({ "EVENT", "link-down" }, { "LINK", lost->name }),
		"link %s is not usable: %s; %u path%s moved off it within %"
		PRId64 ".%03d ms", lost->name, lost->reason, lost->paths,
		lost->paths == 1 ? "" : "s", us / 1000, (int) (us % 1000));
	news_link_down(engine, lost->name, lost->reason, lost->paths, us);
}

static bool has_addr(const void *data, const void *user_data)
{
	const struct lost_link *lost = data;

	for (size_t i = 0; i < lost->n_addrs; i++)
		if (anchor_addr_equal(&lost->addrs[i], user_data))
			return true;

	return false;
}

static void count_move(struct engine *engine, const struct anchor_addr *local)
{
	struct lost_link *lost = l_queue_find(engine->lost, has_addr, local);

	if (!lost)
		return;

	lost->paths++;
	lost->last = engine_now();
}

void moves_closed(struct engine *engine, const struct core_action *action)
{
	if (action->reason == CORE_REASON_LINK)
		count_move(engine, &action->local.addr);
}

void moves_tell(struct engine *engine)
{
	/* The last of them are yet to be closed. */
	if (core_is_draining(engine->core) || !pm_is_idle(engine->pm))
		return;

	l_queue_foreach(engine->lost, log_down, engine);
	l_queue_clear(engine->lost, l_free);
}
