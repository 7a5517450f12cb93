/* SPDX-License-Identifier: BSD-3-Clause */
/* The service manager. */
#include <stdlib.h>
#include <string.h>

#include <ell/ell.h>

#include "daemon/manager.h"
#include "daemon/notify.h"

struct manager {
	struct notify *notify;
	struct l_timeout *watchdog;
	uint64_t every_ms;
	bool (*is_alive)(void *data);
	void *data;
};

static void complain(int err)
{
	if (err < 0)
		l_warn("the service manager could not be told: %s",
		       strerror(-err));
}

/* One missed turn is no reason to be killed: told twice in the time. */
static void on_watchdog(struct l_timeout *timeout, void *data)
{
	struct manager *manager = data;

	if (manager->is_alive(manager->data))
		complain(notify_watchdog(manager->notify));
	else
		l_error("the kernel does not answer: the watchdog is not told "
			"that all is well");

	l_timeout_modify_ms(timeout, manager->every_ms);
}

static void start_watchdog(struct manager *manager)
{
	uint64_t us = notify_watchdog_us(getenv("WATCHDOG_USEC"),
					 getenv("WATCHDOG_PID"));

	if (!manager->notify || !us)
		return;

	manager->every_ms = us / 2000 ? us / 2000 : 1;
	manager->watchdog = l_timeout_create_ms(manager->every_ms,
						on_watchdog, manager, NULL);
}

struct manager *manager_new(bool (*is_alive)(void *data), void *data)
{
	struct manager *manager = l_new(struct manager, 1);

	manager->is_alive = is_alive;
	manager->data = data;
	complain(notify_new(getenv("NOTIFY_SOCKET"), &manager->notify));
	start_watchdog(manager);
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
	return manager;
}

void manager_free(struct manager *manager)
{
	if (!manager)
		return;

	l_timeout_remove(manager->watchdog);
	notify_free(manager->notify);
	l_free(manager);
}

void manager_tell(struct manager *manager, enum service_state state)
{
	int err = 0;

	switch (state) {
	case SERVICE_READY:
		err = notify_ready(manager->notify, "managing connections");
		break;
	case SERVICE_RELOADING:
		err = notify_reloading(manager->notify);
		break;
	case SERVICE_NOT_RELOADED:
		err = notify_ready(manager->notify, "managing connections; "
				   "the configuration has errors and was not "
				   "read again");
		break;
	}

	complain(err);
}

void manager_tell_stopping(struct manager *manager)
{
	complain(notify_stopping(manager->notify));
}
