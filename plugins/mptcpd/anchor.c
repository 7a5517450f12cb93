/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * anchor.so: Anchor as a path manager plugin of mptcpd.
 *
 *	mptcpd --path-manager=anchor
 *
 * Connections, announcements and subflows are told by mptcpd; the service
 * (host/service.h), the same that anchord runs, does the rest. Of mptcpd's
 * own commands none is used:
 *
 *	mptcpd_pm_remove_addr()	hands the address of a variable of its own to
 *				a callback that runs when it has returned
 *	mptcpd_pm_add_subflow()	drops the backup flag, and has no interface,
 *				so that the routes decide where a path leaves
 *	mptcpd_pm_add_addr()	makes a listener that is bound to no device
 *	mptcpd_pm_set_backup(), mptcpd_pm_remove_subflow()
 *				are sound; but how they end is told to the log
 *				alone, so that what failed could not be tried
 *				again, and they would pass by the commands
 *				that must come before and after them
 *
 * Its network monitor leaves loopback devices out and has no word for a lost
 * carrier, so links come from host/engine.c too.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <ell/ell.h>
#include <mptcpd/path_manager.h>
#include <mptcpd/plugin.h>

#include "events.h"
#include "host/service.h"
#include "selected.h"

#define NAME "anchor"
#define REASON_MAX 256

enum state {
	STATE_ASLEEP,		/* another plugin was selected */
	STATE_RUNNING,
	STATE_FAILED,
};

/* mptcpd's callbacks have no argument for it. */
static struct plugin {
	enum state state;
	struct service *service;	/* while it is running */
	struct l_idle *stop;		/* it is to be freed */
} plugin;

/* mptcpd takes no options for its plugins. */
static const char *from_environment(const char *name, const char *fallback)
{
	const char *value = secure_getenv(name);

	return value && *value ? value : fallback;
}

static struct settings_files find_files(void)
{
	const char *given = from_environment("ANCHOR_CONFIG", NULL);

	return (struct settings_files) {
		.config = given ? given : ANCHOR_CONFIG,
		.config_given = given,
		.policy_dir = from_environment("ANCHOR_POLICY_DIR",
					       ANCHOR_POLICY_DIR),
		.module_dir = from_environment("ANCHOR_MODULE_DIR",
					       ANCHOR_MODULE_DIR),
	};
}

static int load(const struct settings_files *files,
		struct settings **ret_settings)
{
	struct diag *diag = diag_new();
	int err = settings_load(files, diag, ret_settings);

	for (size_t i = 0; i < diag_count(diag); i++)
		l_error("%s", diag_line(diag, i));

	diag_free(diag);
	return err;
}

static void on_stop(struct l_idle *idle, void *data)
{
	l_idle_remove(plugin.stop);
	plugin.stop = NULL;
	service_free(plugin.service);
	plugin.service = NULL;
	plugin.state = STATE_FAILED;
}

/* The service is told by a callback of its own: it cannot go at once. */
static void on_failure(int error, void *data)
{
	if (!plugin.stop)
		plugin.stop = l_idle_create(on_stop, NULL, NULL);
}

static int start_service(char *reason, size_t len)
{
	const struct service_options options = {
		.host = "mptcpd",
		.files = find_files(),
		.control = from_environment("ANCHOR_CONTROL_SOCKET",
					    ANCHOR_CONTROL_SOCKET),
		.control_optional = true,
		.fed = true,
		.on_failure = on_failure,
	};
	struct settings *settings;
	int err = load(&options.files, &settings);

	if (err < 0) {
		l_strlcpy(reason, "the configuration has errors", len);
		return err;
	}

	return service_new(&options, settings, &plugin.service, reason, len);
}

static int start(void)
{
	char reason[REASON_MAX];
	int err = start_service(reason, sizeof(reason));

	plugin.state = err < 0 ? STATE_FAILED : STATE_RUNNING;
	if (err < 0)
		l_error(NAME ": %s; connections are left alone", reason);
	else
		l_info(NAME " " ANCHOR_VERSION " is ready");

	return err;
}

static void hand_in(struct core_event event)
{
	if (plugin.service && !plugin.stop)
		service_handle(plugin.service, &event);
}

/* Whoever is given a connection has been selected. */
static void wake_up(void)
{
	if (plugin.state == STATE_ASLEEP)
		start();
}

static void on_connection(enum core_event_type type, mptcpd_token_t token,
			  const struct sockaddr *local,
			  const struct sockaddr *remote, bool server_side,
			  const bool *deny_join_id0)
{
	wake_up();
	hand_in(events_connection(type, token, local, remote, server_side,
				  deny_join_id0));
}

#ifdef MPTCPD_TELLS_DENY_JOIN_ID0
static void on_created(mptcpd_token_t token, const struct sockaddr *local,
		       const struct sockaddr *remote, bool server_side,
		       bool deny_join_id0, struct mptcpd_pm *pm)
{
	on_connection(CORE_EVENT_CREATED, token, local, remote, server_side,
		      &deny_join_id0);
}

static void on_established(mptcpd_token_t token, const struct sockaddr *local,
			   const struct sockaddr *remote, bool server_side,
			   bool deny_join_id0, struct mptcpd_pm *pm)
{
	on_connection(CORE_EVENT_ESTABLISHED, token, local, remote,
		      server_side, &deny_join_id0);
}
#else
static void on_created(mptcpd_token_t token, const struct sockaddr *local,
		       const struct sockaddr *remote, bool server_side,
		       struct mptcpd_pm *pm)
{
	on_connection(CORE_EVENT_CREATED, token, local, remote, server_side,
		      NULL);
}

static void on_established(mptcpd_token_t token, const struct sockaddr *local,
			   const struct sockaddr *remote, bool server_side,
			   struct mptcpd_pm *pm)
{
	on_connection(CORE_EVENT_ESTABLISHED, token, local, remote,
		      server_side, NULL);
}
#endif

static void on_closed(mptcpd_token_t token, struct mptcpd_pm *pm)
{
	hand_in(events_closed(token));
}

static void on_announced(mptcpd_token_t token, mptcpd_aid_t id,
			 const struct sockaddr *remote, struct mptcpd_pm *pm)
{
	hand_in(events_announced(token, id, remote));
}

static void on_removed(mptcpd_token_t token, mptcpd_aid_t id,
		       struct mptcpd_pm *pm)
{
	hand_in(events_removed(token, id));
}

static void on_subflow_up(mptcpd_token_t token, const struct sockaddr *local,
			  const struct sockaddr *remote, bool backup,
			  struct mptcpd_pm *pm)
{
	hand_in(events_subflow(CORE_EVENT_SUBFLOW_UP, token, local, remote));
}

static void on_subflow_down(mptcpd_token_t token,
			    const struct sockaddr *local,
			    const struct sockaddr *remote, bool backup,
			    struct mptcpd_pm *pm)
{
	hand_in(events_subflow(CORE_EVENT_SUBFLOW_DOWN, token, local,
			       remote));
}

static void on_priority(mptcpd_token_t token, const struct sockaddr *local,
			const struct sockaddr *remote, bool backup,
			struct mptcpd_pm *pm)
{
	hand_in(events_subflow(CORE_EVENT_SUBFLOW_PRIORITY, token, local,
			       remote));
}

static const struct mptcpd_plugin_ops ops = {
	.new_connection = on_created,
	.connection_established = on_established,
	.connection_closed = on_closed,
	.new_address = on_announced,
	.address_removed = on_removed,
	.new_subflow = on_subflow_up,
	.subflow_closed = on_subflow_down,
	.subflow_priority = on_priority,
};

/*
 * Registered in any case: an mptcpd with no plugin ends, and one whose
 * selected plugin is missing gives its connections to another.
 */
static int plugin_init(struct mptcpd_pm *pm)
{
	if (!mptcpd_plugin_register_ops(NAME, &ops)) {
		l_error(NAME ": mptcpd did not take the plugin");
		return -1;
	}

	if (selected_is(NAME, "/proc/self/cmdline", MPTCPD_CONF))
		return start() < 0 ? -1 : 0;

	l_info(NAME ": asleep, for it was not selected (--path-manager="
	       NAME ")");
	return 0;
}

/* Called for each plugin that was loaded, also if its init failed. */
static void plugin_exit(struct mptcpd_pm *pm)
{
	l_idle_remove(plugin.stop);
	service_free(plugin.service);
	plugin = (struct plugin) { 0 };
}

/* Last in line: to be installed is not to be selected. */
MPTCPD_PLUGIN_DEFINE(anchor, "one direct path per rail",
		     MPTCPD_PLUGIN_PRIORITY_LOW, plugin_init, plugin_exit)
