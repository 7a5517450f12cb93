/* SPDX-License-Identifier: BSD-3-Clause */
/* Watches counters, to see when it is time to look. */
#include <string.h>

#include <ell/ell.h>

#include "host/tcpstats.h"
#include "host/watch.h"

#define QUIET_MS 200

/* Looking may take one part in so many of the time. */
#define SHARE 20

struct watch {
	struct anchor_span every;
	watch_cb look;
	void *data;
	struct tcpstats *stats;
	struct tcpstats_values last;
	struct l_timeout *timer;
	bool failed;			/* said so */
};

/* Is there an alarm? When to read next, in milliseconds. */
static bool check(struct watch *watch, uint64_t *ret_ms)
{
	struct tcpstats_values values;
	int err = tcpstats_read(watch->stats, &values);
	bool alarm;

	*ret_ms = QUIET_MS;
	if (err < 0) {
		if (!watch->failed)
			l_error("TCP counters cannot be read: %s; silent "
				"failures are not noticed", strerror(-err));

		watch->failed = true;
		return false;
	}

	if (values.octets != watch->last.octets)
		*ret_ms = (uint64_t) watch->every.us / 1000;

	alarm = values.alarms != watch->last.alarms;
	watch->failed = false;
	watch->last = values;
	return alarm;
}

static void on_timer(struct l_timeout *timer, void *data)
{
	struct watch *watch = data;
	uint64_t ms;

	if (check(watch, &ms)) {
		uint64_t rest = (uint64_t) watch->look(watch->data).us *
			SHARE / 1000;

		if (rest > ms)
			ms = rest;
	}

	l_timeout_modify_ms(timer, ms ? ms : 1);
}

struct watch *watch_new(struct anchor_span every, watch_cb look, void *data)
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

	watch->every = every;
	watch->look = look;
	watch->data = data;
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
