/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A made-up mptcpd around the plugin, and a made-up service below it: says
 * whether each callback of the version that both were built for arrives as
 * the event that it should be. tests/check-mptcpd builds and runs it with
 * --path-manager=anchor, and without.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ell/ell.h>
#include <mptcpd/plugin.h>

#include "conf/diag.h"
#include "host/service.h"

#define TOKEN 0x1234u
#define ID 9

struct service {
	int unused;
};

static struct service service;
static struct core_event event;		/* the last one */
static unsigned int n_events, n_services;
static const struct mptcpd_plugin_ops *ops;
static bool service_fails;

#define want(condition) want_that(condition, #condition, __LINE__)

static void want_that(bool is, const char *condition, int line)
{
	if (is)
		return;

	fprintf(stderr, "host.c:%d: not so: %s\n", line, condition);
	exit(1);
}

bool mptcpd_plugin_register_ops(const char *name,
				const struct mptcpd_plugin_ops *given)
{
	want(!strcmp(name, "anchor"));
	ops = given;
	return true;
}

int settings_load(const struct settings_files *files, struct diag *diag,
		  struct settings **ret_settings)
{
	*ret_settings = NULL;
	return 0;
}

int service_new(const struct service_options *options,
		struct settings *settings, struct service **ret_service,
		char *reason, size_t len)
{
	want(options->fed && !strcmp(options->host, "mptcpd"));
	snprintf(reason, len, "it is to fail");
	if (service_fails)
		return -EINVAL;

	n_services++;
	*ret_service = &service;
	return 0;
}

void service_free(struct service *one)
{
	if (one)
		n_services--;
}

void service_handle(struct service *one, const struct core_event *told)
{
	n_events++;
	event = *told;
}

/* What the plugin asks of the rest; none of it has anything to say here. */
struct diag *diag_new(void)
{
	return NULL;
}

void diag_free(struct diag *diag)
{
}

size_t diag_count(const struct diag *diag)
{
	return 0;
}

const char *diag_line(const struct diag *diag, size_t i)
{
	return "";
}

static const struct sockaddr *name(const char *text, uint16_t port,
				   struct sockaddr_in *in)
{
	*in = (struct sockaddr_in) {
		.sin_family = AF_INET,
		.sin_port = htons(port),
	};
	inet_pton(AF_INET, text, &in->sin_addr);
	return (const void *) in;
}

/* One more event, of that kind and of our connection. */
static void wants(enum core_event_type type)
{
	static unsigned int n;

	want(n_events == ++n);
	want(event.type == type && event.token == TOKEN);
}

static void wants_ends(void)
{
	want(event.local.port == 5000 && event.remote.port == 40000);
	want(event.local.addr.bytes[3] == 2 && event.remote.addr.bytes[3] == 1);
}

static void wants_connection(bool server, bool deny)
{
	wants_ends();
	want(event.known & CORE_KNOWN_ROLE);
	want(event.role == (server ? ANCHOR_ROLE_SERVER : ANCHOR_ROLE_CLIENT));
#if STUB_MPTCPD == 14
	want(event.known & CORE_KNOWN_DENY_JOIN);
	want(event.deny_join_id0 == deny);
#else
	want(!(event.known & CORE_KNOWN_DENY_JOIN));
#endif
}

#if STUB_MPTCPD == 14
#define DENY(deny) (deny),
#else
#define DENY(deny)
#endif

static void call_all(void)
{
	struct sockaddr_in a, b;
	const struct sockaddr *local = name("10.0.0.2", 5000, &a);
	const struct sockaddr *remote = name("10.0.0.1", 40000, &b);

	ops->new_connection(TOKEN, local, remote, true, DENY(false) NULL);
	wants(CORE_EVENT_CREATED);
	wants_connection(true, false);
	ops->connection_established(TOKEN, local, remote, false, DENY(true)
				    NULL);
	wants(CORE_EVENT_ESTABLISHED);
	wants_connection(false, true);
	ops->new_address(TOKEN, ID, remote, NULL);
	wants(CORE_EVENT_ANNOUNCED);
	want(event.remote_id == ID && event.remote.port == 40000);
	ops->address_removed(TOKEN, ID, NULL);
	wants(CORE_EVENT_REMOVED);
	want(event.remote_id == ID);
	ops->new_subflow(TOKEN, local, remote, true, NULL);
	wants(CORE_EVENT_SUBFLOW_UP);
	wants_ends();
	ops->subflow_priority(TOKEN, local, remote, true, NULL);
	wants(CORE_EVENT_SUBFLOW_PRIORITY);
	wants_ends();
	ops->subflow_closed(TOKEN, local, remote, true, NULL);
	wants(CORE_EVENT_SUBFLOW_DOWN);
	wants_ends();
	want(!event.known);
	ops->connection_closed(TOKEN, NULL);
	wants(CORE_EVENT_CLOSED);
}

static const struct sockaddr *name6(const char *text, uint16_t port,
				    struct sockaddr_in6 *in6)
{
	*in6 = (struct sockaddr_in6) {
		.sin6_family = AF_INET6,
		.sin6_port = htons(port),
	};
	inet_pton(AF_INET6, text, &in6->sin6_addr);
	return (const void *) in6;
}

static void call_ipv6(void)
{
	struct sockaddr_in6 a, b;

	ops->new_subflow(TOKEN, name6("fd00::2", 5000, &a),
			 name6("fd00::1", 40000, &b), true, NULL);
	wants(CORE_EVENT_SUBFLOW_UP);
	want(event.local.addr.family == ANCHOR_FAMILY_INET6);
	want(event.local.addr.bytes[0] == 0xfd);
	want(event.local.addr.bytes[15] == 2);
	want(event.local.port == 5000 && event.remote.port == 40000);
	want(!event.mapped);

	/* IPv4 on an IPv6 socket */
	ops->new_subflow(TOKEN, name6("::ffff:10.0.0.2", 5000, &a),
			 name6("::ffff:10.0.0.1", 40000, &b), true, NULL);
	wants(CORE_EVENT_SUBFLOW_UP);
	wants_ends();
	want(event.local.addr.family == ANCHOR_FAMILY_INET);
	want(event.remote.addr.family == ANCHOR_FAMILY_INET);
	want(event.mapped);

	ops->new_address(TOKEN, ID, name6("::ffff:10.0.0.1", 40000, &b), NULL);
	wants(CORE_EVENT_ANNOUNCED);
	want(event.remote.addr.family == ANCHOR_FAMILY_INET && event.mapped);
}

static void wants_no_other_callback(void)
{
#if STUB_MPTCPD >= 13
	want(!ops->listener_created && !ops->listener_closed);
#endif
	want(!ops->new_interface && !ops->update_interface);
	want(!ops->delete_interface && !ops->new_local_address);
	want(!ops->delete_local_address);
}

int main(int argc, char **argv)
{
	const struct mptcpd_plugin_desc *plugin = &_mptcpd_plugin;
	bool selected = argc > 1;

	want(!strcmp(plugin->name, "anchor"));
	service_fails = true;
	want(plugin->init(NULL) == (selected ? -1 : 0));
	want(ops);
	plugin->exit(NULL);

	service_fails = false;
	want(plugin->init(NULL) == 0);
	want(n_services == selected);
	wants_no_other_callback();
	call_all();
	call_ipv6();
	want(n_services == 1);	/* who was not selected and yet is called */
	plugin->exit(NULL);
	want(n_services == 0);
	return 0;
}
