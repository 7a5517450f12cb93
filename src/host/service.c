/* SPDX-License-Identifier: BSD-3-Clause */
/* All of Anchor but the program around it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <ell/ell.h>

#include "host/control.h"
#include "host/engine.h"
#include "host/instance.h"
#include "host/json.h"
#include "host/kernel.h"
#include "host/service.h"

struct service {
	struct service_options options;
	struct settings *settings;
	struct kernel kernel;
	int instance;
	char *memory;
	struct engine *engine;
	struct control *control;
	bool ready;
	unsigned int reloads, reload_failures;
};

static void tell_state(struct service *service, enum service_state state)
{
	/* A reload does not make it ready. */
	if (service->ready && service->options.on_state)
		service->options.on_state(state, service->options.data);
}

static void on_failure(int error, void *data)
{
	struct service *service = data;

	l_error("a netlink socket failed: %s; connections go on with the "
		"paths they have", strerror(-error));
	service->options.on_failure(error, service->options.data);
}

static void on_synced(void *data)
{
	struct service *service = data;

	service->ready = true;
	tell_state(service, SERVICE_READY);
}

static bool is_watched(void *data)
{
	const struct service *service = data;

	return control_is_watched(service->control);
}

static void on_news(json_t *news, void *data)
{
	struct service *service = data;

	control_publish(service->control, news);
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

static json_t *reload_failed(struct service *service, json_t *errors)
{
	service->reload_failures++;
	log_say(&service->options.log, L_LOG_ERR, (const struct log_field[]) {
			{ "EVENT", "reload-failed" }, { NULL, NULL } },
		"the configuration was not read again: all stays as it was");
	tell_state(service, SERVICE_NOT_RELOADED);
	return json_pack("{s:s, s:o}", "error",
			 "the configuration has errors: all stays as it was",
			 "errors", errors);
}

/* Goes over to settings that are good, and frees those that go. */
static json_t *use_settings(struct service *service,
			    struct settings *settings)
{
	json_t *restart = settings_for_restart(service->settings, settings);
	unsigned int moved;
	size_t i, rules;
	json_t *key;
	int err;

	err = engine_reconfigure(service->engine, settings->config,
				 settings->policies, &moved);
	if (err < 0) {
		settings_free(settings);
		json_decref(restart);
		return reload_failed(service,
				     json_pack("[s]", strerror(-err)));
	}

	settings_free(service->settings);
	service->settings = settings;
	service->reloads++;
	policies_rules(settings->policies, &rules);
	log_say(&service->options.log, L_LOG_INFO, (const struct log_field[]) {
			{ "EVENT", "reloaded" }, { NULL, NULL } },
		"the configuration was read again: %zu policies, %u "
		"connections have another one", rules, moved);
	tell_state(service, SERVICE_READY);
	json_array_foreach(restart, i, key)
		l_warn("%s takes effect with the next start",
		       json_string_value(key));

	return json_pack("{s:b, s:i, s:i, s:o}", "reloaded", 1,
			 "rules", (int) rules, "moved", (int) moved,
			 "restart", restart);
}

static json_t *reload(struct service *service)
{
	struct diag *diag = diag_new();
	struct settings *settings;
	json_t *answer;

	tell_state(service, SERVICE_RELOADING);
	if (settings_load(&service->options.files, diag, &settings) < 0)
		answer = reload_failed(service, list_errors(diag));
	else
		answer = use_settings(service, settings);

	diag_free(diag);
	return answer;
}

void service_reload(struct service *service)
{
	json_decref(reload(service));
}

bool service_is_alive(struct service *service)
{
	return engine_is_alive(service->engine);
}

void service_handle(struct service *service, const struct core_event *event)
{
	engine_handle(service->engine, event);
}

static json_t *answer_status(struct service *service, const json_t *request)
{
	json_t *answer = engine_report(service->engine, request);
	json_t *counters = json_object_get(answer, "counters");

	json_object_set_new(counters, "reloads",
			    json_integer(service->reloads));
	json_object_set_new(counters, "reload_failures",
			    json_integer(service->reload_failures));
	json_object_set_new(answer, "host",
			    json_string(service->options.host));
	json_object_set_new(answer, "path_manager",
			    path_manager(&service->kernel));
	return answer;
}

static json_t *answer_reload(struct service *service, enum access access)
{
	if (access != ACCESS_CHANGE)
		return json_pack("{s:s}", "error", "not permitted: only root "
				 "and the user of the service may reload");

	return reload(service);
}

static json_t *on_request(const json_t *request, enum access access,
			  void *data)
{
	struct service *service = data;
	const char *command = json_string_value(json_object_get(request,
								"command"));
	json_t *answer;

	if (!command)
		return json_pack("{s:s}", "error", "no command");

	if (!strcmp(command, "status"))
		return answer_status(service, request);

	if (!strcmp(command, "explain"))
		return engine_explain(service->engine, request);

	if (!strcmp(command, "reload"))
		return answer_reload(service, access);

	answer = engine_report(service->engine, request);
	if (answer)
		return answer;

	return json_pack("{s:o}", "error",
			 json_sprintf("unknown command \"%s\"", command));
}

static int start_kernel(struct service *service, char *reason, size_t len)
{
	bool select = service->settings->config->kernel.select_path_manager;
	int err;

	service->instance = instance_claim();
	if (service->instance == -EADDRINUSE) {
		snprintf(reason, len, "another Anchor manages this network "
			 "namespace already");
		return -EADDRINUSE;
	}

	if (service->instance < 0) {
		snprintf(reason, len, "cannot claim this network namespace: "
			 "%s", strerror(-service->instance));
		return service->instance;
	}

	err = kernel_prepare(&service->kernel, select, reason, len);
	if (!err && service->kernel.selected)
		l_info("%s set for the user-space path manager",
		       service->kernel.sysctl);

	return err;
}

/* Beside the control socket: two namespaces do not have one in common. */
static char *memory_path(const char *control)
{
	const char *dot = strrchr(control, '.');
	size_t len = dot && !strchr(dot, '/') ? (size_t) (dot - control) :
		strlen(control);

	return l_strdup_printf("%.*s.memory", (int) len, control);
}

static int start_engine(struct service *service, char *reason, size_t len)
{
	struct engine_options options = {
		.config = service->settings->config,
		.policies = service->settings->policies,
		.kernel = &service->kernel,
		.memory = service->memory,
		.log = service->options.log,
		.fed = service->options.fed,
		.on_failure = on_failure,
		.on_synced = on_synced,
		.is_watched = is_watched,
		.on_news = on_news,
		.data = service,
	};

	return engine_new(&options, &service->engine, reason, len);
}

static int start_control(struct service *service, char *reason, size_t len)
{
	const struct config *config = service->settings->config;
	struct control_options options = {
		.path = service->options.control,
		.group = config->control.group,
		.clients = config->limits.clients,
		.handler = on_request,
		.data = service,
	};
	int err = control_new(&options, &service->control);

	if (err == -ENOENT && config->control.group[0])
		snprintf(reason, len, "control socket %s: no such group or "
			 "folder (group \"%s\")", options.path,
			 config->control.group);
	else if (err == -EPERM && config->control.group[0])
		snprintf(reason, len, "control socket %s: only a member of "
			 "group \"%s\", or root, can give it to that",
			 options.path, config->control.group);
	else if (err < 0)
		snprintf(reason, len, "control socket %s: %s", options.path,
			 strerror(-err));

	return err;
}

/* Who is a guest has no say in where it may write. */
static int open_control(struct service *service, char *reason, size_t len)
{
	int err = start_control(service, reason, len);

	if (err < 0 && service->options.control_optional) {
		l_warn("%s; going on without it", reason);
		return 0;
	}

	return err;
}

int service_new(const struct service_options *options,
		struct settings *settings, struct service **ret_service,
		char *reason, size_t len)
{
	struct service *service = l_new(struct service, 1);
	int err;

	service->options = *options;
	service->memory = memory_path(options->control);
	service->settings = settings;
	err = start_kernel(service, reason, len);
	if (!err)
		err = start_engine(service, reason, len);

	if (!err)
		err = open_control(service, reason, len);

	if (err < 0) {
		service_free(service);
		return err;
	}

	*ret_service = service;
	return 0;
}

void service_free(struct service *service)
{
	int err;

	if (!service)
		return;

	/* First, so that the engine leaves nothing of it to be remembered. */
	err = kernel_restore(&service->kernel);
	if (err < 0)
		l_error("%s could not be set back to %s: %s",
			service->kernel.sysctl, service->kernel.before,
			strerror(-err));

	/* The engine still asks whether anybody watches. */
	control_free(service->control);
	service->control = NULL;
	engine_free(service->engine);

	if (service->instance >= 0)
		close(service->instance);

	settings_free(service->settings);
	l_free(service->memory);
	l_free(service);
}
