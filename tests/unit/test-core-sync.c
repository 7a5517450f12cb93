/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The kernel's lists against what the core believes: a small kernel of made-up
 * connections, of which some events are lost. After one list the core must
 * have every connection, subflow and flag as the kernel has it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/sync.h"
#include "unit.h"

#define CONNS 40
#define SUBFLOWS 4
#define STEPS 400
#define ROUNDS 30

static void plan_nothing(const void *instance, const struct anchor_view *view,
			 void *memory, struct anchor_plan *plan)
{
	plan->rendezvous = ANCHOR_RENDEZVOUS_KEEP;
}

static const struct anchor_policy policy = {
	.name = "nothing",
	.plan = plan_nothing,
};

struct fixture {
	struct core_rule rule;
	struct core_config config;
	struct core *core;
	struct anchor_time now;
	uint64_t random;
	uint32_t tokens;	/* given out */

	struct made {
		bool exists;
		struct core_seen seen;
		struct core_seen_subflow subflows[SUBFLOWS];
	} conns[CONNS];
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	f->rule = (struct core_rule) {
		.name = "test", .policy = &policy,
		.rendezvous = ANCHOR_RENDEZVOUS_KEEP,
	};
	f->config = (struct core_config) {
		.limits = { 100000, 64, 16 },
		.timers = {
			.connect = anchor_ms(5000),
			.retry_min = anchor_ms(1000),
			.retry_max = anchor_ms(60000),
		},
		.scope = { .all = true },
		.rules = &f->rule,
		.n_rules = 1,
	};
	f->core = core_new(&f->config, 1);
	f->now = (struct anchor_time) { 1000000 };
	f->random = 0x9e3779b97f4a7c15;
	assert_non_null(f->core);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	core_free(f->core);
	free(f);
	return 0;
}

static unsigned int roll(struct fixture *f, unsigned int sides)
{
	f->random ^= f->random << 13;
	f->random ^= f->random >> 7;
	f->random ^= f->random << 17;
	return (unsigned int) (f->random % sides);
}

static struct anchor_endpoint address(unsigned int net, unsigned int host,
				      unsigned int port)
{
	return (struct anchor_endpoint) {
		.addr = {
			.family = ANCHOR_FAMILY_INET,
			.bytes = { 10, (uint8_t) net, 0, (uint8_t) host },
		},
		.port = (uint16_t) port,
	};
}

/* Half of them reach the core. */
static void tell(struct fixture *f, const struct core_event *event)
{
	int err = roll(f, 2) ? core_handle(f->core, f->now, event) : 0;

	/* Where many ends of subflows are not heard, there may be too many. */
	assert_true(!err || err == -ENOSPC);
}

static struct core_event event_of(const struct made *made,
				  enum core_event_type type,
				  const struct core_seen_subflow *subflow)
{
	return (struct core_event) {
		.type = type,
		.known = CORE_KNOWN_ROLE | CORE_KNOWN_IDS |
			CORE_KNOWN_BACKUP | CORE_KNOWN_OPENER,
		.token = made->seen.token,
		.role = made->seen.role,
		.local = subflow->local,
		.remote = subflow->remote,
		.local_id = subflow->local_id,
		.remote_id = subflow->remote_id,
		.backup = subflow->backup_peer,
		.opened_here = subflow->opened_here,
	};
}

static void tell_about(struct fixture *f, const struct made *made,
		       enum core_event_type type,
		       const struct core_seen_subflow *subflow)
{
	struct core_event event = event_of(made, type, subflow);

	tell(f, &event);
}

static void begin_conn(struct fixture *f, unsigned int i)
{
	struct made *made = &f->conns[i];

	*made = (struct made) {
		.exists = true,
		.seen = {
			.token = ++f->tokens,
			.role = roll(f, 2) ? ANCHOR_ROLE_SERVER :
				ANCHOR_ROLE_CLIENT,
			.n_subflows = 1,
			.addresses_known = true,
		},
	};
	made->seen.subflows = made->subflows;
	made->seen.local = address(255, 2, 5000);
	made->seen.remote = address(255, 1, 20000 + i);
	made->subflows[0] = (struct core_seen_subflow) {
		.local = made->seen.local,
		.remote = made->seen.remote,
		.initial = true,
		.established = true,
		.opened_here = made->seen.role == ANCHOR_ROLE_CLIENT,
	};
	tell_about(f, made, CORE_EVENT_CREATED, &made->subflows[0]);
	tell_about(f, made, CORE_EVENT_ESTABLISHED, &made->subflows[0]);
}

static void end_conn(struct fixture *f, struct made *made)
{
	made->exists = false;
	tell_about(f, made, CORE_EVENT_CLOSED, &made->subflows[0]);
}

static void add_subflow(struct fixture *f, struct made *made)
{
	struct core_seen_subflow *subflow;
	bool here = roll(f, 2);
	unsigned int n = 30000 + roll(f, 30000);

	if (made->seen.n_subflows == SUBFLOWS)
		return;

	subflow = &made->subflows[made->seen.n_subflows++];
	*subflow = (struct core_seen_subflow) {
		.local = address(1, 2, here ? n : 6001),
		.remote = address(1, 1, here ? 7001 : n),
		.local_id = here ? 128 : 1,
		.remote_id = here ? 1 : 128,
		.opened_here = here,
		.backup_peer = roll(f, 2),
	};
	tell_about(f, made, CORE_EVENT_SUBFLOW_UP, subflow);
}

static void drop_subflow(struct fixture *f, struct made *made)
{
	if (made->seen.n_subflows < 2)
		return;

	tell_about(f, made, CORE_EVENT_SUBFLOW_DOWN,
		   &made->subflows[--made->seen.n_subflows]);
}

static void change_priority(struct fixture *f, struct made *made)
{
	struct core_seen_subflow *subflow =
		&made->subflows[roll(f, (unsigned int)
				     made->seen.n_subflows)];

	subflow->backup_peer = !subflow->backup_peer;
	tell_about(f, made, CORE_EVENT_SUBFLOW_PRIORITY, subflow);
}

static void step(struct fixture *f)
{
	unsigned int i = roll(f, CONNS);
	struct made *made = &f->conns[i];

	f->now.us += 1000;
	if (!made->exists)
		begin_conn(f, i);
	else if (!roll(f, 8))
		end_conn(f, made);
	else if (!roll(f, 3))
		drop_subflow(f, made);
	else if (!roll(f, 3))
		change_priority(f, made);
	else
		add_subflow(f, made);
}

static void take_all(struct fixture *f)
{
	struct core_action action;

	while (core_take_action(f->core, f->now, &action))
		core_result(f->core, f->now, &action, 0);
}

static void hand_in(struct fixture *f, struct made *made)
{
	assert_true(core_sync_asks(f->core, &made->seen));
	assert_int_equal(core_sync_conn(f->core, f->now, &made->seen), 0);
}

/* All of them, as the kernel would list them now. */
static bool list(struct fixture *f, enum core_sync_kind kind)
{
	uint32_t token;

	core_sync_begin(f->core, kind);
	for (unsigned int i = 0; i < CONNS; i++)
		if (f->conns[i].exists)
			hand_in(f, &f->conns[i]);

	while (core_sync_unlisted(f->core, &token))
		core_sync_gone(f->core, f->now, token);

	return core_sync_end(f->core);
}

static struct made *find(struct fixture *f, uint32_t token)
{
	for (unsigned int i = 0; i < CONNS; i++)
		if (f->conns[i].exists && f->conns[i].seen.token == token)
			return &f->conns[i];

	fail_msg("there is no connection %u", token);
	return NULL;
}

static void assert_path(const struct made *made,
			const struct anchor_view *view,
			const struct anchor_path *path)
{
	for (size_t i = 0; i < made->seen.n_subflows; i++) {
		const struct core_seen_subflow *subflow = &made->subflows[i];

		if (subflow->local.port != path->local_port ||
		    subflow->remote.port != path->remote_port ||
		    !anchor_addr_equal(&subflow->local.addr,
				       &view->locals[path->local].addr))
			continue;

		assert_int_equal(path->initial, subflow->initial);
		assert_int_equal(path->backup, subflow->backup_peer);
		if (!path->initial)
			assert_int_equal(path->opened_here,
					 subflow->opened_here);
		return;
	}

	fail_msg("there is no subflow from port %u", path->local_port);
}

static void check_conn(const struct core_conn_info *info, void *data)
{
	struct made *made = find(data, info->token);

	assert_true(info->established);
	assert_int_equal(info->view->role, made->seen.role);
	assert_int_equal(info->view->n_paths, made->seen.n_subflows);
	for (unsigned int i = 0; i < info->view->n_paths; i++)
		assert_path(made, info->view, &info->view->paths[i]);
}

static void assert_same(struct fixture *f)
{
	struct core_stats stats;
	unsigned int n = 0;

	for (unsigned int i = 0; i < CONNS; i++)
		n += f->conns[i].exists;

	core_get_stats(f->core, &stats);
	assert_int_equal(stats.connections, n);
	core_each_conn(f->core, f->now, check_conn, f);
}

static void test_loss(void **state)
{
	struct fixture *f = *state;

	for (int round = 0; round < ROUNDS; round++) {
		for (int i = 0; i < STEPS; i++) {
			step(f);
			take_all(f);
		}

		core_events_lost(f->core);
		assert_false(list(f, CORE_SYNC_LOSS));
		assert_same(f);
		take_all(f);
	}
}

/* The same without knowing that events were lost takes two lists. */
static void test_audit(void **state)
{
	struct fixture *f = *state;
	struct core_stats before, after;

	for (int round = 0; round < ROUNDS; round++) {
		for (int i = 0; i < STEPS; i++)
			step(f);

		take_all(f);
		core_get_stats(f->core, &before);
		assert_true(list(f, CORE_SYNC_AUDIT));
		core_get_stats(f->core, &after);
		assert_memory_equal(before.repairs, after.repairs,
				    sizeof(before.repairs));
		assert_false(list(f, CORE_SYNC_AUDIT));
		assert_same(f);
		take_all(f);

		core_get_stats(f->core, &before);
		assert_false(list(f, CORE_SYNC_AUDIT));
		core_get_stats(f->core, &after);
		assert_memory_equal(before.repairs, after.repairs,
				    sizeof(before.repairs));
	}
}

/* Something in flux all the time is given up at some time. */
static void test_in_flux(void **state)
{
	struct fixture *f = *state;
	struct core_seen_subflow *initial = &f->conns[0].subflows[0];
	struct core_event event;
	int rounds = 0;
	bool again;

	begin_conn(f, 0);
	event = event_of(&f->conns[0], CORE_EVENT_SUBFLOW_PRIORITY, initial);
	do {
		core_sync_begin(f->core, CORE_SYNC_START);
		core_handle(f->core, f->now, &event);
		core_sync_conn(f->core, f->now, &f->conns[0].seen);
		core_events_lost(f->core);
		again = core_sync_end(f->core);
		assert_true(++rounds < 100);
	} while (again);

	assert_true(rounds > 1);
}

static void test_limit(void **state)
{
	struct fixture *f = *state;
	struct core_stats stats;

	f->config.limits.connections = 2;
	for (unsigned int i = 0; i < 3; i++)
		begin_conn(f, i);

	core_sync_begin(f->core, CORE_SYNC_LOSS);
	for (unsigned int i = 0; i < 3; i++)
		core_sync_conn(f->core, f->now, &f->conns[i].seen);

	core_get_stats(f->core, &stats);
	assert_int_equal(stats.connections, 2);
	assert_true(stats.over_limit > 0);
	core_sync_end(f->core);
}

struct remembered {
	unsigned int n;
	char text[512];
};

static void note_peer(const struct anchor_addr *peer, uint8_t id,
		      const struct anchor_endpoint *endpoint, void *data)
{
	struct remembered *remembered = data;
	char addr[ADDRTEXT_MAX], text[ADDRTEXT_MAX];
	size_t len = strlen(remembered->text);

	remembered->n++;
	if (len < sizeof(remembered->text) - 100)
		snprintf(remembered->text + len,
			 sizeof(remembered->text) - len, "%s %u %s; ",
			 addrtext(peer, addr), id,
			 addrtext_endpoint(endpoint, text));
}

static void assert_peers(struct fixture *f, const char *expected)
{
	struct remembered remembered = { 0 };

	core_each_peer(f->core, note_peer, &remembered);
	assert_string_equal(remembered.text, expected);
}

static void remember(struct fixture *f, const char *peer, uint8_t id,
		     const char *endpoint)
{
	struct anchor_addr addr = addr_of(peer);
	struct anchor_endpoint end = endpoint_of(endpoint);

	core_remember_peer(f->core, &addr, id, &end);
}

static void announce(struct fixture *f, enum core_event_type type, uint8_t id,
		     const char *endpoint)
{
	struct core_event event = event_of(&f->conns[0], type,
					   &f->conns[0].subflows[0]);

	event.remote_id = id;
	event.remote = endpoint_of(endpoint);
	core_handle(f->core, f->now, &event);
}

static void test_peers(void **state)
{
	struct fixture *f = *state;
	uint64_t version;

	remember(f, "10.255.0.9", 1, "10.1.0.9:7001");
	remember(f, "10.255.0.1", 1, "10.1.0.1:7001");
	remember(f, "10.255.0.1", 2, "10.2.0.1:7001");
	assert_peers(f, "10.255.0.1 1 10.1.0.1:7001; "
		     "10.255.0.1 2 10.2.0.1:7001; "
		     "10.255.0.9 1 10.1.0.9:7001; ");

	/* The same is no news; an ID or an address means the newest. */
	version = core_peers_version(f->core);
	remember(f, "10.255.0.1", 2, "10.2.0.1:7001");
	assert_int_equal(core_peers_version(f->core), version);
	remember(f, "10.255.0.1", 2, "10.1.0.1:7002");
	assert_true(core_peers_version(f->core) != version);
	assert_peers(f, "10.255.0.1 2 10.1.0.1:7002; "
		     "10.255.0.9 1 10.1.0.9:7001; ");

	/* A connection's events tell, too. */
	begin_conn(f, 0);
	core_sync_begin(f->core, CORE_SYNC_START);
	hand_in(f, &f->conns[0]);
	core_sync_end(f->core);
	announce(f, CORE_EVENT_ANNOUNCED, 5, "10.3.0.1:7003");
	announce(f, CORE_EVENT_REMOVED, 2, "10.3.0.1:7003");
	assert_peers(f, "10.255.0.1 5 10.3.0.1:7003; "
		     "10.255.0.9 1 10.1.0.9:7001; ");
	announce(f, CORE_EVENT_REMOVED, 5, "10.3.0.1:7003");
	assert_peers(f, "10.255.0.9 1 10.1.0.9:7001; ");
}

/* Both of peers and of what one of them announces; the newest stay. */
static void test_peers_are_bounded(void **state)
{
	struct fixture *f = *state;
	struct remembered remembered = { 0 };
	struct anchor_endpoint peer = address(255, 1, 0);
	struct anchor_endpoint endpoint;

	for (unsigned int i = 0; i < 6000; i++) {
		peer.addr.bytes[2] = (uint8_t) (i >> 8);
		peer.addr.bytes[3] = (uint8_t) i;
		endpoint = address(1, 1, 7001);
		core_remember_peer(f->core, &peer.addr, 1, &endpoint);
	}

	core_each_peer(f->core, note_peer, &remembered);
	assert_int_equal(remembered.n, 4096);
	for (unsigned int i = 1; i < 200; i++) {
		endpoint = address(i, 1, 7001);
		core_remember_peer(f->core, &peer.addr, (uint8_t) i,
				   &endpoint);
	}

	core_each_peer(f->core, note_peer, &remembered);
	assert_int_equal(remembered.n, 4096 + 4095 + 32);
}

static void note_bare(const struct anchor_endpoint *endpoint, int ifindex,
		      void *data)
{
	struct remembered *remembered = data;
	char text[ADDRTEXT_MAX];
	size_t len = strlen(remembered->text);

	snprintf(remembered->text + len, sizeof(remembered->text) - len,
		 "%s on %d; ", addrtext_endpoint(endpoint, text), ifindex);
}

static void assert_bare(struct fixture *f, const char *expected)
{
	struct remembered remembered = { 0 };

	core_each_bare(f->core, note_bare, &remembered);
	assert_string_equal(remembered.text, expected);
}

static void adopt_announced(struct fixture *f, uint32_t token,
			    enum anchor_role role, const char *local,
			    const char *remote, const char *announced)
{
	const struct core_seen_address address = {
		.endpoint = endpoint_of(announced),
		.id = 1,
		.announced = true,
	};
	const struct core_seen_subflow subflow = {
		.local = endpoint_of(local),
		.remote = endpoint_of(remote),
		.state = CORE_SEEN_UP,
		.initial = true,
		.established = true,
	};
	const struct core_seen seen = {
		.token = token,
		.role = role,
		.local = subflow.local,
		.remote = subflow.remote,
		.subflows = &subflow,
		.n_subflows = 1,
		.addresses_known = true,
		.addresses = &address,
		.n_addresses = 1,
	};

	assert_int_equal(core_sync_conn(f->core, f->now, &seen), 0);
}

/* What was announced without a port before us is to be listened at. */
static void test_bare(void **state)
{
	struct fixture *f = *state;
	const struct core_local locals[] = {
		{ .addr = addr_of("fd00:1:2::2"), .link = "eth1",
		  .ifindex = 7, .join_port = 7001, .bare = true, .id = 1 },
		{ .addr = addr_of("10.2.2.2"), .link = "eth2", .ifindex = 8,
		  .join_port = 7001, .id = 2 },
	};
	const struct core_rail rail = { .name = "a" };
	const struct core_host host = {
		.locals = locals, .n_locals = 2, .rails = &rail, .n_rails = 1,
	};
	const struct core_host none = { 0 };

	assert_int_equal(core_set_host(f->core, f->now, &host), 0);
	core_sync_begin(f->core, CORE_SYNC_START);
	adopt_announced(f, 1, ANCHOR_ROLE_SERVER, "[fd00:255::2]:5000",
			"[fd00:255::1]:40000", "[fd00:1:2::2]:0");
	adopt_announced(f, 2, ANCHOR_ROLE_CLIENT, "[fd00:255::2]:40001",
			"[fd00:255::1]:5000", "[fd00:1:2::2]:0");
	adopt_announced(f, 3, ANCHOR_ROLE_SERVER, "10.255.0.2:5000",
			"10.255.0.1:40000", "10.2.2.2:7001");
	adopt_announced(f, 4, ANCHOR_ROLE_SERVER, "[fd00:255::2]:5001",
			"[fd00:255::1]:40002", "[fd00:9:9::2]:0");
	assert_false(core_sync_end(f->core));
	assert_bare(f, "[fd00:1:2::2]:5000 on 7; ");

	/* On a link that is lost nobody is asked to listen. */
	assert_int_equal(core_set_host(f->core, f->now, &none), 0);
	assert_bare(f, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_loss, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_audit, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_in_flux, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_limit, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_peers, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_peers_are_bounded,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_bare, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
