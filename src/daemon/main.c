/* SPDX-License-Identifier: BSD-3-Clause */
/* anchord: a command line, a log, signals and a loop for the service. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <ell/ell.h>

#include "daemon/log.h"
#include "daemon/manager.h"
#include "daemon/options.h"
#include "daemon/privileges.h"
#include "host/service.h"

enum {
	STATUS_OK = 0,
	STATUS_FAILED = 1,
	STATUS_CONFIG = 3,
};

#define REASON_MAX 256

struct daemon {
	struct options options;
	struct settings *settings;	/* until the service has them */
	struct service *service;
	struct manager *manager;
	struct l_io *hangup;		/* SIGHUP */
	struct log_sink log;
	bool ready;
	int status;
};

static struct settings_files files_of(const struct options *options)
{
	return (struct settings_files) {
		.config = options->config,
		.config_given = options->config_given,
		.policy_dir = options->policy_dir,
		.module_dir = options->module_dir,
	};
}

static bool load_first(struct daemon *daemon)
{
	const struct settings_files files = files_of(&daemon->options);
	struct diag *diag = diag_new();
	bool good = !settings_load(&files, diag, &daemon->settings);

	for (size_t i = 0; i < diag_count(diag); i++)
		fprintf(stderr, "%s\n", diag_line(diag, i));

	diag_free(diag);
	return good;
}

static bool is_alive(void *data)
{
	struct daemon *daemon = data;

	return service_is_alive(daemon->service);
}

static void on_state(enum service_state state, void *data)
{
	struct daemon *daemon = data;

	manager_tell(daemon->manager, state);
	if (state == SERVICE_READY && !daemon->ready) {
		daemon->ready = true;
		l_info("anchord " ANCHOR_VERSION " is ready");
	}
}

static void on_failure(int error, void *data)
{
	struct daemon *daemon = data;

	daemon->status = STATUS_FAILED;
	l_main_quit();
}

static void on_signal(uint32_t signo, void *data)
{
	if (signo != SIGTERM && signo != SIGINT)
		return;

	l_info("stopping; connections go on with the paths they have");
	l_main_quit();
}

static bool on_hangup(struct l_io *io, void *data)
{
	struct signalfd_siginfo info;
	struct daemon *daemon = data;

	if (read(l_io_get_fd(io), &info, sizeof(info)) == sizeof(info))
		service_reload(daemon->service);

	return true;
}

/* l_signal_create() takes no SIGHUP (it refuses signal numbers up to 1). */
static void watch_hangup(struct daemon *daemon)
{
	sigset_t signals;
	int fd;

	sigemptyset(&signals);
	sigaddset(&signals, SIGHUP);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	fd = signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
	daemon->hangup = fd < 0 ? NULL : l_io_new(fd);
	if (!daemon->hangup) {
		l_error("SIGHUP is ignored: no descriptor to watch it by");
		return;
	}

	l_io_set_close_on_destroy(daemon->hangup, true);
	l_io_set_read_handler(daemon->hangup, on_hangup, daemon, NULL);
}

static int start_service(struct daemon *daemon, char *reason, size_t len)
{
	const struct service_options options = {
		.host = "anchord",
		.files = files_of(&daemon->options),
		.control = daemon->options.control,
		.log = daemon->log,
		.on_state = on_state,
		.on_failure = on_failure,
		.data = daemon,
	};
	int err = service_new(&options, daemon->settings, &daemon->service,
			      reason, len);

	daemon->settings = NULL;
	return err;
}

static int start(struct daemon *daemon, char *reason, size_t len)
{
	int err = privileges_drop(PRIVILEGES_START, reason, len);

	if (!err)
		err = start_service(daemon, reason, len);

	if (!err)
		err = privileges_drop(PRIVILEGES_RUN, reason, len);

	if (!err) {
		daemon->manager = manager_new(is_alive, daemon);
		watch_hangup(daemon);
	}

	return err;
}

static void stop(struct daemon *daemon)
{
	l_io_destroy(daemon->hangup);
	service_free(daemon->service);
	manager_free(daemon->manager);
}

static int run(struct daemon *daemon)
{
	char reason[REASON_MAX];
	int err;

	daemon->log = log_start(daemon->options.debug);
	err = privileges_take_descriptors();
	if (err < 0)
		l_warn("no more descriptors than at first: %s",
		       strerror(-err));

	if (!l_main_init())
		return STATUS_FAILED;

	if (start(daemon, reason, sizeof(reason)) < 0) {
		l_error("anchord: %s", reason);
		daemon->status = STATUS_FAILED;
	} else {
		l_main_run_with_signal(on_signal, daemon);
		manager_tell_stopping(daemon->manager);
	}

	stop(daemon);
	l_main_exit();
	return daemon->status;
}

int main(int argc, char **argv)
{
	struct daemon daemon = { 0 };
	int status;

	if (!options_parse(argc, argv, &daemon.options, &status))
		return status;

	if (!load_first(&daemon)) {
		status = STATUS_CONFIG;
	} else {
		switch (daemon.options.mode) {
		case OPTIONS_RUN:
			status = run(&daemon);
			break;
		case OPTIONS_PRINT_CONFIG:
			config_print(daemon.settings->config, stdout);
			policies_print(daemon.settings->policies, stdout);
			status = STATUS_OK;
			break;
		case OPTIONS_CHECK_CONFIG:
			status = STATUS_OK;
			break;
		}
	}

	settings_free(daemon.settings);
	return status;
}
