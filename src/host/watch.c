/* SPDX-License-Identifier: BSD-3-Clause */
/* Watches counters, to see when it is time to look. */
#include <string.h>

#include <ell/ell.h>

#include "host/cputime.h"
#include "host/tcpstats.h"
#include "host/watch.h"

#define QUIET_MS 200

/* Where there has been no traffic for so long, half as often. */
#define IDLE_US 10000000
#define IDLE_MS 400

/* What was sent last is looked after for so long; then it is in an alarm. */
#define LINGER_US 250000

/* Looking may take one part in so many of a processor. */
#define SHARE 100
#define SHARE_ALARMED 20

struct watch {
	struct watch_options options;
	struct tcpstats *stats;
	struct tcpstats_values last;
	struct l_timeout *timer;
	uint64_t looked;		/* when, by l_time_now(), in us */
	uint64_t cost;			/* of look(), in us of a processor */
	uint64_t behind;		/* options.cost() when that was over */
	bool alarmed;			/* since */
	uint64_t traffic;		/* when there was some, in us */
	bool owed;			/* a look, after the last of it */
	bool failed;			/* said so */
};

static bool has_traffic(const struct watch *watch)
{
	return l_time_diff(l_time_now(), watch->traffic) < LINGER_US;
}

/* Reads the counters; false if that fails. */
static bool check(struct watch *watch)
{
	struct tcpstats_values values;
	int err = tcpstats_read(watch->stats, &values);

	if (err < 0) {
		if (!watch->failed)
			l_error("TCP counters cannot be read: %s; silent "
				"failures are not noticed", strerror(-err));

		watch->failed = true;
		return false;
	}

	if (values.segments != watch->last.segments) {
		watch->traffic = l_time_now();
		watch->owed = true;
	}

	watch->owed &= has_traffic(watch);
	watch->alarmed |= values.alarms != watch->last.alarms;
	watch->failed = false;
	watch->last = values;
	return true;
}

static uint64_t cost_so_far(const struct watch *watch)
{
	return watch->options.cost(watch->options.data);
}

/* Of many connections most are read after look() has returned. */
static bool may_look(const struct watch *watch)
{
	uint64_t cost = watch->cost + cost_so_far(watch) - watch->behind;
	uint64_t rest = cost * (watch->alarmed ? SHARE_ALARMED : SHARE);

	return l_time_after(l_time_now(), l_time_offset(watch->looked, rest));
}

static void take_look(struct watch *watch)
{
	uint64_t before = cputime_us();

	watch->alarmed = false;
	watch->options.look(watch->options.data);
	watch->cost = cputime_us() - before;
	watch->behind = cost_so_far(watch);
	watch->looked = l_time_now();
	watch->owed = has_traffic(watch);
}

static bool is_idle(const struct watch *watch)
{
	return l_time_diff(l_time_now(), watch->traffic) >= IDLE_US;
}

static void on_timer(struct l_timeout *timer, void *data)
{
	struct watch *watch = data;
	uint64_t ms = (uint64_t) watch->options.every.us / 1000;
	bool read = check(watch);

	if (read && (watch->owed || watch->alarmed) && may_look(watch))
		take_look(watch);

	if (!read || !watch->owed)
		ms = is_idle(watch) ? IDLE_MS : QUIET_MS;

	l_timeout_modify_ms(timer, ms ? ms : 1);
}

struct watch *watch_new(const struct watch_options *options)
{
	struct watch *watch = l_new(struct watch, 1);
	int err = tcpstats_new(&watch->stats);

	if (!err)
		err = tcpstats_read(watch->stats, &watch->last);

	if (err < 0) {
		l_warn("TCP counters cannot be read: %s; silent failures are "
		       "not noticed", strerror(-err));
		watch_free(watch);
		return NULL;
	}

	watch->options = *options;
	watch->timer = l_timeout_create_ms(QUIET_MS, on_timer, watch, NULL);
	return watch;
}

void watch_free(struct watch *watch)
{
	if (!watch)
		return;

	l_timeout_remove(watch->timer);
	tcpstats_free(watch->stats);
	l_free(watch);
}
