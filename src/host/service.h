/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * All of Anchor but the program around it: settings, the kernel's settings,
 * engine, control socket, reload. anchord is a loop, a log and signals around
 * this; the plugin for mptcpd is mptcpd's callbacks. Runs on ELL's main loop,
 * logs by ELL's functions, and leaves both to the program.
 *
 *	settings_load(&options.files, diag, &settings);
 *	service_new(&options, settings, &service, reason, sizeof(reason));
 *	... l_main_run() ...
 *	service_free(service);	connections go on with the paths they have
 */
#ifndef HOST_SERVICE_H
#define HOST_SERVICE_H

#include <stdbool.h>
#include <stddef.h>

#include "core/core.h"
#include "host/log.h"
#include "host/settings.h"

struct service;

enum service_state {
	SERVICE_READY,		/* reconciled; again after each reload */
	SERVICE_RELOADING,
	SERVICE_NOT_RELOADED,	/* ready, as it was before: errors */
};

/* Strings outlive the service. */
struct service_options {
	const char *host;		/* the program, for anchorctl */
	struct settings_files files;	/* for a reload */
	const char *control;		/* path of the control socket */
	bool control_optional;		/* without it: it says so, and works */
	struct log_sink log;
	void (*on_state)(enum service_state state, void *data);
	bool fed;			/* events come by service_handle() */
	void (*on_failure)(int error, void *data);	/* it cannot go on;
					 * service_free() it, but later */
	void *data;
};

/*
 * settings are the service's from now on, also if it fails. Returns 0 or a
 * negative errno with a sentence in reason.
 */
int service_new(const struct service_options *options,
		struct settings *settings, struct service **ret_service,
		char *reason, size_t len);
void service_free(struct service *service);

/* Reads all files again, as anchorctl reload does; the log says how it went. */
void service_reload(struct service *service);

/* For a watchdog, to be asked now and then: engine_is_alive(). */
bool service_is_alive(struct service *service);

/* An event of a host that has its own source of them. */
void service_handle(struct service *service, const struct core_event *event);

#endif
