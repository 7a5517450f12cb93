/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The service manager: is told what becomes of the service, and hears from
 * it as often as its watchdog wants. Without one nothing happens. Runs on
 * ELL's main loop, for that is what the watchdog watches.
 */
#ifndef DAEMON_MANAGER_H
#define DAEMON_MANAGER_H

#include "host/service.h"

struct manager;

/*
 * is_alive is asked before the watchdog is told that all is well. Takes
 * $NOTIFY_SOCKET, $WATCHDOG_USEC and $WATCHDOG_PID out of the environment.
 */
struct manager *manager_new(bool (*is_alive)(void *data), void *data);
void manager_free(struct manager *manager);

void manager_tell(struct manager *manager, enum service_state state);
void manager_tell_stopping(struct manager *manager);

#endif
