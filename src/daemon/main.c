/* SPDX-License-Identifier: BSD-3-Clause */
/* anchord: configuration, kernel, engine, control socket, and a loop. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <ell/ell.h>

#include "conf/modules.h"
#include "daemon/options.h"
#include "host/control.h"
#include "host/engine.h"
#include "host/instance.h"
#include "host/kernel.h"

enum {
	STATUS_OK = 0,
	STATUS_FAILED = 1,
	STATUS_CONFIG = 3,
};

#define REASON_MAX 256

struct daemon {
	struct options options;
	struct config *config;
	struct modules *modules;
	struct policies *policies;
	struct kernel kernel;
	int instance;
	struct engine *engine;
	struct control *control;
	int status;
};

static bool load_config(struct daemon *daemon)
{
	const struct options *options = &daemon->options;
	struct diag *diag = diag_new();
	bool good;

	daemon->modules = modules_new(options->module_dir);
	good = !config_load(options->config, !options->config_given, diag,
			    &daemon->config);
	good &= !policies_load(options->policy_dir, daemon->modules, diag,
			       &daemon->policies);

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

static json_t *path_manager(const struct kernel *kernel)
{
	return json_pack("{s:s, s:b}", "name", "userspace",
			 "selected_by_anchor", kernel->selected);
}

static json_t *on_request(const json_t *request, void *data)
{
	struct daemon *daemon = data;
	const char *command = json_string_value(json_object_get(request,
								"command"));
	json_t *answer;

	if (!command)
		return json_pack("{s:s}", "error", "no command");

	answer = engine_report(daemon->engine, command);
	if (!answer)
		return json_pack("{s:o}", "error",
				 json_sprintf("unknown command \"%s\"",
					      command));

	if (!strcmp(command, "status"))
		json_object_set_new(answer, "path_manager",
				    path_manager(&daemon->kernel));

	return answer;
}

static int start_kernel(struct daemon *daemon, char *reason, size_t len)
{
	bool select = daemon->config->kernel.select_path_manager;
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
	const struct config *config = daemon->config;
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
		.config = daemon->config,
		.policies = daemon->policies,
		.on_failure = on_failure,
		.data = daemon,
	};
	int err = start_kernel(daemon, reason, len);

	if (!err)
		err = engine_new(&options, &daemon->engine, reason, len);

	return err ? err : start_control(daemon, reason, len);
}

static void stop(struct daemon *daemon)
{
	int err;

	control_free(daemon->control);
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

	if (!load_config(&daemon)) {
		status = STATUS_CONFIG;
	} else {
		switch (daemon.options.mode) {
		case OPTIONS_RUN:
			status = run(&daemon);
			break;
		case OPTIONS_PRINT_CONFIG:
			config_print(daemon.config, stdout);
			policies_print(daemon.policies, stdout);
			status = STATUS_OK;
			break;
		case OPTIONS_CHECK_CONFIG:
			status = STATUS_OK;
			break;
		}
	}

	policies_free(daemon.policies);
	modules_free(daemon.modules);
	config_free(daemon.config);
	return status;
}
