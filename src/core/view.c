/* SPDX-License-Identifier: BSD-3-Clause */
/* A connection as its policy sees it. */
#include "core/rails.h"
#include "core/view.h"

static bool link_has_family(const struct core_host *host, int ifindex,
			    uint8_t family)
{
	for (size_t i = 0; i < host->n_locals; i++)
		if (host->locals[i].ifindex == ifindex &&
		    host->locals[i].addr.family == family)
			return true;

	return false;
}

/*
 * A connection keeps to its own family. An IPv6 one may use IPv4 on a link
 * that has no IPv6 (mptcp_pm_addr_families_match() allows it); the other way
 * round is not possible.
 */
static bool family_fits(const struct conn *conn, const struct core_host *host,
			const struct core_local *local)
{
	if (local->addr.family == conn->local.addr.family)
		return true;

	return conn->local.addr.family == ANCHOR_FAMILY_INET6 &&
		!link_has_family(host, local->ifindex, ANCHOR_FAMILY_INET6);
}

static void add_host_locals(struct view *view, const struct conn *conn,
			    const struct core_host *host)
{
	struct anchor_view *v = &view->view;

	for (size_t i = 0; i < host->n_locals; i++) {
		const struct core_local *local = &host->locals[i];

		if (!family_fits(conn, host, local))
			continue;

		view->host_locals[v->n_locals] = local;
		view->locals[v->n_locals++] = (struct anchor_local) {
			.addr = local->addr,
			.link = local->link,
			.ifindex = local->ifindex,
			.rail = local->rail,
			.usable = true,
			.load = local->load,
		};
	}
}

/* The index of an address that may be new; false if there is no room. */
static bool local_index(struct view *view, const struct anchor_addr *addr,
			uint8_t *ret_index)
{
	struct anchor_view *v = &view->view;

	for (uint8_t i = 0; i < v->n_locals; i++)
		if (anchor_addr_equal(&view->locals[i].addr, addr)) {
			*ret_index = i;
			return true;
		}

	if (v->n_locals == ANCHOR_LOCALS_MAX)
		return false;

	view->host_locals[v->n_locals] = NULL;
	view->locals[v->n_locals] = (struct anchor_local) {
		.addr = *addr,
		.link = "",
		.rail = ANCHOR_RAIL_NONE,
	};
	*ret_index = v->n_locals++;
	return true;
}

/*
 * A client's ephemeral port does not answer a join, and a peer that set the
 * C flag refuses joins to its initial address (RFC 8684 section 3.1).
 */
static bool connectable(const struct conn *conn,
			const struct anchor_endpoint *endpoint)
{
	if (conn->role == ANCHOR_ROLE_SERVER)
		return endpoint->port && endpoint->port != conn->remote.port;

	return endpoint->port && !(conn->deny_join_id0 &&
			anchor_endpoint_equal(endpoint, &conn->remote));
}

static void add_remote(struct view *view, const struct conn *conn,
		       const struct core_host *host, uint8_t id,
		       const struct anchor_endpoint *endpoint, bool announced)
{
	struct anchor_view *v = &view->view;
	struct anchor_remote *remote = &view->remotes[v->n_remotes];

	if (v->n_remotes == ANCHOR_REMOTES_MAX)
		return;

	*remote = (struct anchor_remote) {
		.endpoint = *endpoint,
		.id = id,
		.rail = rails_of_remote(host, &endpoint->addr, id),
		.announced = announced,
		.initial = !id,
	};

	/* No port in ADD_ADDR: the port of the initial subflow. */
	if (!remote->endpoint.port)
		remote->endpoint.port = conn->remote.port;

	remote->usable = announced && connectable(conn, &remote->endpoint);
	v->n_remotes++;
}

/*
 * A path is told by its addresses alone, so of one that is announced twice,
 * by two IDs or with two ports, only the later announcement counts: a policy
 * would else want a path to each, and the second never be taken for one.
 */
static bool is_repeated(const struct conn *conn, unsigned int i)
{
	for (unsigned int later = i + 1; later < conn->n_remotes; later++)
		if (anchor_addr_equal(&conn->remotes[later].endpoint.addr,
				      &conn->remotes[i].endpoint.addr))
			return true;

	return false;
}

/*
 * The peer's initial address is no rail's, but of a server that announces
 * nothing it is the only one there is.
 */
static void add_remotes(struct view *view, const struct conn *conn,
			const struct core_host *host)
{
	struct anchor_remote *initial;

	for (unsigned int i = 0; i < conn->n_remotes; i++)
		if (!is_repeated(conn, i))
			add_remote(view, conn, host, conn->remotes[i].id,
				   &conn->remotes[i].endpoint, true);

	if (view->view.n_remotes == ANCHOR_REMOTES_MAX)
		return;

	initial = &view->remotes[view->view.n_remotes];
	add_remote(view, conn, host, 0, &conn->remote, false);
	initial->usable = conn->role == ANCHOR_ROLE_CLIENT &&
		!conn->n_remotes && connectable(conn, &conn->remote);
}

static bool remote_index(struct view *view, const struct conn *conn,
			 const struct core_host *host,
			 const struct subflow *subflow, uint8_t *ret_index)
{
	struct anchor_view *v = &view->view;
	uint8_t n = v->n_remotes;

	for (uint8_t i = 0; i < n; i++)
		if (anchor_addr_equal(&view->remotes[i].endpoint.addr,
				      &subflow->remote.addr)) {
			*ret_index = i;
			return true;
		}

	/* Not the initial address, whatever the source of events knew. */
	add_remote(view, conn, host,
		   subflow->remote_id ? subflow->remote_id : 1,
		   &subflow->remote, false);
	*ret_index = n;
	return v->n_remotes > n;
}

static void add_paths(struct view *view, const struct conn *conn,
		      const struct core_host *host)
{
	struct anchor_view *v = &view->view;

	for (unsigned int i = 0; i < conn->n_subflows; i++) {
		const struct subflow *subflow = &conn->subflows[i];
		struct anchor_path *path = &view->paths[v->n_paths];

		if (v->n_paths == ANCHOR_PATHS_MAX)
			break;

		*path = (struct anchor_path) {
			.local_port = subflow->local.port,
			.remote_port = subflow->remote.port,
			.initial = subflow->initial,
			.backup = subflow->backup_here || subflow->backup_peer,
			.opened_here = subflow->opened_here,
			.since = subflow->since,
		};
		view->samples[v->n_paths] = subflow->reading ?
			subflow->reading->sample : (struct anchor_sample) { 0 };
		if (!local_index(view, &subflow->local.addr, &path->local) ||
		    !remote_index(view, conn, host, subflow, &path->remote))
			break;

		v->n_paths++;
	}
}

void view_assume_remote(struct view *view, int16_t rail)
{
	struct anchor_view *v = &view->view;

	if (v->n_remotes == ANCHOR_REMOTES_MAX)
		return;

	view->remotes[v->n_remotes++] = (struct anchor_remote) {
		.endpoint.addr.family = v->local.addr.family,
		.id = (uint8_t) (rail + 1),
		.rail = rail,
		.usable = true,
		.announced = true,
	};
}

static void add_rails(struct view *view, const struct core_host *host)
{
	for (size_t i = 0; i < host->n_rails; i++)
		view->rails[i] = host->rails[i].name;

	view->view.n_rails = (uint16_t) host->n_rails;
	view->view.rails = view->rails;
}

void view_build(struct view *view, const struct conn *conn,
		const struct core_host *host,
		const struct core_limits *limits, struct anchor_time now,
		uint64_t random)
{
	view->view = (struct anchor_view) {
		.now = now,
		.random = random,
		.role = conn->role,
		.local = conn->local,
		.remote = conn->remote,
		.since = conn->since,
		.subflows_max = limits->subflows,
		.locals = view->locals,
		.remotes = view->remotes,
		.paths = view->paths,
		.samples = view->samples,
	};
	add_rails(view, host);
	add_host_locals(view, conn, host);
	add_remotes(view, conn, host);
	add_paths(view, conn, host);
}
