/* SPDX-License-Identifier: BSD-3-Clause */
/* What the service manager is told. */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "daemon/dgram.h"
#include "daemon/notify.h"

#define STATE_MAX 512

struct notify {
	int fd;
};

int notify_new(const char *path, struct notify **ret_notify)
{
	struct notify *notify;
	int fd;

	if (!path || !*path) {
		*ret_notify = NULL;
		return 0;
	}

	fd = dgram_open(path);
	if (fd < 0)
		return fd;

	notify = malloc(sizeof(*notify));
	if (!notify) {
		close(fd);
		return -ENOMEM;
	}

	notify->fd = fd;
	*ret_notify = notify;
	return 0;
}

void notify_free(struct notify *notify)
{
	if (!notify)
		return;

	close(notify->fd);
	free(notify);
}

__attribute__((format(printf, 2, 3)))
static int tell(struct notify *notify, const char *format, ...)
{
	char state[STATE_MAX];
	va_list ap;
	int len;

	if (!notify)
		return 0;

	va_start(ap, format);
	len = vsnprintf(state, sizeof(state), format, ap);
	va_end(ap);
	if (len < 0 || (size_t) len >= sizeof(state))
		return -EMSGSIZE;

	return dgram_send(notify->fd, state, (size_t) len);
}

int notify_ready(struct notify *notify, const char *status)
{
	return tell(notify, "READY=1\nSTATUS=%s", status);
}

/* The time tells this reload from one before, for Type=notify-reload. */
int notify_reloading(struct notify *notify)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return tell(notify, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64
		    "\nSTATUS=reading the configuration again",
		    (uint64_t) now.tv_sec * 1000000 +
		    (uint64_t) now.tv_nsec / 1000);
}

int notify_stopping(struct notify *notify)
{
	return tell(notify, "STOPPING=1\nSTATUS=stopping");
}

int notify_watchdog(struct notify *notify)
{
	return tell(notify, "WATCHDOG=1");
}

static bool parse(const char *text, uint64_t *ret_value)
{
	unsigned long long value;
	char *end;

	if (!text || text[0] < '0' || text[0] > '9')
		return false;

	errno = 0;
	value = strtoull(text, &end, 10);
	if (errno || *end)
		return false;

	*ret_value = value;
	return true;
}

uint64_t notify_watchdog_us(const char *usec, const char *pid)
{
	uint64_t us, owner;

	if (!parse(usec, &us))
		return 0;

	if (pid && (!parse(pid, &owner) || owner != (uint64_t) getpid()))
		return 0;

	return us;
}
