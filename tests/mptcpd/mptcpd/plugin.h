/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What plugins/mptcpd/ uses of libmptcpd, written for tests/check-mptcpd
 * alone, as one of several versions declares it:
 *
 *	STUB_MPTCPD=12	0.12
 *	STUB_MPTCPD=13	0.13: callbacks for listeners, after the one for
 *			priorities
 *	STUB_MPTCPD=14	the development head: a flag deny_join_id0 in two
 *	STUB_MPTCPD=99	one that nobody has seen
 *
 * The order of members matters: they are called by tests/mptcpd/host.c, which
 * is built for the same version.
 */
#ifndef STUB_MPTCPD_PLUGIN_H
#define STUB_MPTCPD_PLUGIN_H

#include <stdbool.h>
#include <stdint.h>

struct sockaddr;
struct mptcpd_pm;
struct mptcpd_interface;

typedef uint32_t mptcpd_token_t;
typedef uint8_t mptcpd_aid_t;

#if STUB_MPTCPD == 14
#define STUB_JOIN_ID0 bool deny_join_id0,
#elif STUB_MPTCPD == 99
#define STUB_JOIN_ID0 uint64_t flags,
#else
#define STUB_JOIN_ID0
#endif

typedef void (*stub_on_connection)(mptcpd_token_t token,
				   const struct sockaddr *local,
				   const struct sockaddr *remote,
				   bool server_side, STUB_JOIN_ID0
				   struct mptcpd_pm *pm);
typedef void (*stub_on_subflow)(mptcpd_token_t token,
				const struct sockaddr *local,
				const struct sockaddr *remote, bool backup,
				struct mptcpd_pm *pm);
typedef void (*stub_on_listener)(const struct sockaddr *local,
				 struct mptcpd_pm *pm);
typedef void (*stub_on_interface)(const struct mptcpd_interface *interface,
				  struct mptcpd_pm *pm);
typedef void (*stub_on_local)(const struct mptcpd_interface *interface,
			      const struct sockaddr *local,
			      struct mptcpd_pm *pm);

struct mptcpd_plugin_ops {
	stub_on_connection new_connection;
	stub_on_connection connection_established;
	void (*connection_closed)(mptcpd_token_t token, struct mptcpd_pm *pm);
	void (*new_address)(mptcpd_token_t token, mptcpd_aid_t id,
			    const struct sockaddr *remote,
			    struct mptcpd_pm *pm);
	void (*address_removed)(mptcpd_token_t token, mptcpd_aid_t id,
				struct mptcpd_pm *pm);
	stub_on_subflow new_subflow;
	stub_on_subflow subflow_closed;
	stub_on_subflow subflow_priority;
#if STUB_MPTCPD >= 13
	stub_on_listener listener_created;
	stub_on_listener listener_closed;
#endif
	stub_on_interface new_interface;
	stub_on_interface update_interface;
	stub_on_interface delete_interface;
	stub_on_local new_local_address;
	stub_on_local delete_local_address;
};

struct mptcpd_plugin_desc {
	const char *name;
	const char *description;
	const char *version;
	int priority;
	int (*init)(struct mptcpd_pm *pm);
	void (*exit)(struct mptcpd_pm *pm);
};

#define MPTCPD_PLUGIN_PRIORITY_LOW 19

extern const struct mptcpd_plugin_desc _mptcpd_plugin;

#define MPTCPD_PLUGIN_DEFINE(plugin_name, text, when, on_init, on_exit) \
	const struct mptcpd_plugin_desc _mptcpd_plugin = { \
		.name = #plugin_name, \
		.description = text, \
		.priority = when, \
		.init = on_init, \
		.exit = on_exit, \
	};

bool mptcpd_plugin_register_ops(const char *name,
				const struct mptcpd_plugin_ops *ops);

#endif
