/* SPDX-License-Identifier: BSD-3-Clause */
/* anchord: configuration, kernel, engine, control socket, and a loop. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <ell/ell.h>

#include "daemon/options.h"
#include "host/control.h"
#include "host/engine.h"
#include "host/instance.h"
#include "host/json.h"
#include "host/kernel.h"
#include "host/settings.h"

enum {
	STATUS_OK = 0,
	STATUS_FAILED = 1,
	STATUS_CONFIG = 3,
};

#define REASON_MAX 256

struct daemon {
	struct options options;
	struct settings *settings;
	struct kernel kernel;
	int instance;
	struct engine *engine;
	struct control *control;
	struct l_io *hangup;		/* SIGHUP */
	unsigned int reloads, reload_failures;
	int status;
};

static int load(struct daemon *daemon, struct diag *diag,
		struct settings **ret_settings)
{
	const struct settings_files files = {
		.config = daemon->options.config,
		.config_given = daemon->options.config_given,
		.policy_dir = daemon->options.policy_dir,
		.module_dir = daemon->options.module_dir,
	};

	return settings_load(&files, diag, ret_settings);
}

static bool load_first(struct daemon *daemon)
{
	struct diag *diag = diag_new();
	bool good = !load(daemon, diag, &daemon->settings);

	for (size_t i = 0; i < diag_count(diag); i++)
		fprintf(stderr, "%s\n", diag_line(diag, i));

	diag_free(diag);
	return good;
}

static void start_log(const char *debug)
{
	if (getenv("JOURNAL_STREAM"))
		l_log_set_journal();
	else
		l_log_set_stderr();

	l_log_set_ident("anchord");
	if (debug)
		l_debug_enable(debug);
}

static void on_failure(int error, void *data)
{
	struct daemon *daemon = data;

	l_error("a netlink socket failed: %s; connections go on with the "
		"paths they have", strerror(-error));
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

static bool is_watched(void *data)
{
	const struct daemon *daemon = data;

	return control_is_watched(daemon->control);
}

static void on_news(json_t *news, void *data)
{
	struct daemon *daemon = data;

	control_publish(daemon->control, news);
}

static json_t *path_manager(const struct kernel *kernel)
{
	return json_pack("{s:s, s:b}", "name", "userspace",
			 "selected_by_anchor", kernel->selected);
}

static json_t *list_errors(const struct diag *diag)
{
	json_t *list = json_array();

	for (size_t i = 0; i < diag_count(diag); i++) {
		l_error("%s", diag_line(diag, i));
		json_array_append_new(list, json_name(diag_line(diag, i)));
	}

	return list;
}

static json_t *reload_failed(struct daemon *daemon, json_t *errors)
{
	daemon->reload_failures++;
	l_error("the configuration was not read again: all stays as it was");
	return json_pack("{s:s, s:o}", "error",
			 "the configuration has errors: all stays as it was",
			 "errors", errors);
}

/* Goes over to settings that are good, and frees those that go. */
static json_t *use_settings(struct daemon *daemon, struct settings *settings)
{
	json_t *restart = settings_for_restart(daemon->settings, settings);
	unsigned int moved;
	size_t i, rules;
	json_t *key;
	int err;

	err = engine_reconfigure(daemon->engine, settings->config,
				 settings->policies, &moved);
	if (err < 0) {
		settings_free(settings);
		json_decref(restart);
		return reload_failed(daemon, json_pack("[s]", strerror(-err)));
	}

	settings_free(daemon->settings);
	daemon->settings = settings;
	daemon->reloads++;
	policies_rules(settings->policies, &rules);
	l_info("the configuration was read again: %zu policies, %u "
	       "connections have another one", rules, moved);
	json_array_foreach(restart, i, key)
		l_warn("%s takes effect with the next start",
		       json_string_value(key));

	return json_pack("{s:b, s:i, s:i, s:o}", "reloaded", 1,
			 "rules", (int) rules, "moved", (int) moved,
			 "restart", restart);
}

static json_t *reload(struct daemon *daemon)
{
	struct diag *diag = diag_new();
	struct settings *settings;
	json_t *answer;

	if (load(daemon, diag, &settings) < 0)
		answer = reload_failed(daemon, list_errors(diag));
	else
		answer = use_settings(daemon, settings);

	diag_free(diag);
	return answer;
}

static bool on_hangup(struct l_io *io, void *data)
{
	struct signalfd_siginfo info;

	if (read(l_io_get_fd(io), &info, sizeof(info)) == sizeof(info))
		json_decref(reload(data));

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

static json_t *answer_status(struct daemon *daemon, const json_t *request)
{
	json_t *answer = engine_report(daemon->engine, request);
	json_t *counters = json_object_get(answer, "counters");

	json_object_set_new(counters, "reloads",
			    json_integer(daemon->reloads));
	json_object_set_new(counters, "reload_failures",
			    json_integer(daemon->reload_failures));
	json_object_set_new(answer, "path_manager",
			    path_manager(&daemon->kernel));
	return answer;
}

static json_t *on_request(const json_t *request, void *data)
{
	struct daemon *daemon = data;
	const char *command = json_string_value(json_object_get(request,
								"command"));
	json_t *answer;

	if (!command)
		return json_pack("{s:s}", "error", "no command");

	if (!strcmp(command, "status"))
		return answer_status(daemon, request);

	if (!strcmp(command, "explain"))
		return engine_explain(daemon->engine, request);

	if (!strcmp(command, "reload"))
		return reload(daemon);

	answer = engine_report(daemon->engine, request);
	if (answer)
		return answer;

	return json_pack("{s:o}", "error",
			 json_sprintf("unknown command \"%s\"", command));
}

static int start_kernel(struct daemon *daemon, char *reason, size_t len)
{
	bool select = daemon->settings->config->kernel.select_path_manager;
	int err;

	daemon->instance = instance_claim();
	if (daemon->instance == -EADDRINUSE) {
		snprintf(reason, len, "another Anchor manages this network "
			 "namespace already");
		return -EADDRINUSE;
	}

	if (daemon->instance < 0) {
		snprintf(reason, len, "cannot claim this network namespace: "
			 "%s", strerror(-daemon->instance));
		return daemon->instance;
	}

	err = kernel_prepare(&daemon->kernel, select, reason, len);
	if (!err && daemon->kernel.selected)
		l_info("%s set for the user-space path manager",
		       daemon->kernel.sysctl);

	return err;
}

static int start_control(struct daemon *daemon, char *reason, size_t len)
{
	const struct config *config = daemon->settings->config;
	struct control_options options = {
		.path = daemon->options.control,
		.group = config->control.group,
		.clients = config->limits.clients,
		.handler = on_request,
		.data = daemon,
	};
	int err = control_new(&options, &daemon->control);

	if (err == -ENOENT && config->control.group[0])
		snprintf(reason, len, "control socket %s: no such group or "
			 "folder (group \"%s\")", options.path,
			 config->control.group);
	else if (err < 0)
		snprintf(reason, len, "control socket %s: %s", options.path,
			 strerror(-err));

	return err;
}

static int start(struct daemon *daemon, char *reason, size_t len)
{
	struct engine_options options = {
		.config = daemon->settings->config,
		.policies = daemon->settings->policies,
		.on_failure = on_failure,
		.is_watched = is_watched,
		.on_news = on_news,
		.data = daemon,
	};
	int err = start_kernel(daemon, reason, len);

	if (!err)
		err = engine_new(&options, &daemon->engine, reason, len);

	if (!err)
		err = start_control(daemon, reason, len);

	if (!err)
		watch_hangup(daemon);

	return err;
}

static void stop(struct daemon *daemon)
{
	int err;

	l_io_destroy(daemon->hangup);
	control_free(daemon->control);
	daemon->control = NULL;
	engine_free(daemon->engine);

	err = kernel_restore(&daemon->kernel);
	if (err < 0)
		l_error("%s could not be set back to %s: %s",
			daemon->kernel.sysctl, daemon->kernel.before,
			strerror(-err));

	if (daemon->instance >= 0)
		close(daemon->instance);
}

static int run(struct daemon *daemon)
{
	char reason[REASON_MAX];

	start_log(daemon->options.debug);
	if (!l_main_init())
		return STATUS_FAILED;

	if (start(daemon, reason, sizeof(reason)) < 0) {
		l_error("anchord: %s", reason);
		daemon->status = STATUS_FAILED;
	} else {
		l_info("anchord " ANCHOR_VERSION " is ready");
		l_main_run_with_signal(on_signal, daemon);
	}

	stop(daemon);
	l_main_exit();
	return daemon->status;
}

int main(int argc, char **argv)
{
	struct daemon daemon = { .instance = -1 };
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
