/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the service manager is told, by the protocol that sd_notify(3)
 * documents: a datagram of assignments to $NOTIFY_SOCKET. It asks for being
 * implemented like this rather than for libsystemd, which would be a large
 * library for a small datagram.
 *
 *	notify_new(getenv("NOTIFY_SOCKET"), &notify);
 *	notify_ready(notify, "managing connections");
 *	notify_reloading(notify);
 *	notify_ready(notify, "managing connections");
 *	notify_stopping(notify);
 *
 * Without a service manager all of them do nothing.
 */
#ifndef DAEMON_NOTIFY_H
#define DAEMON_NOTIFY_H

#include <stdint.h>

struct notify;

/*
 * path NULL or "": nobody wants to be told, *ret_notify is NULL. Returns 0
 * or a negative errno.
 */
int notify_new(const char *path, struct notify **ret_notify);
void notify_free(struct notify *notify);

/*
 * All return 0 or a negative errno, and take NULL. status is a sentence for
 * systemctl status, without a newline.
 */
int notify_ready(struct notify *notify, const char *status);
int notify_reloading(struct notify *notify);
int notify_stopping(struct notify *notify);
int notify_watchdog(struct notify *notify);

/*
 * How often the watchdog wants to hear of us, in microseconds, by what
 * $WATCHDOG_USEC and $WATCHDOG_PID say, either of which may be NULL; 0: never,
 * or it is another process's watchdog.
 */
uint64_t notify_watchdog_us(const char *usec, const char *pid);

#endif
