# SPDX-License-Identifier: BSD-3-Clause
# Tests: unit (cmocka), scenarios on virtual time, namespaces, checks.

TEST_EXTENSIONS = .scn .sh
AM_TESTS_ENVIRONMENT = \
	ANCHOR_BUILDDIR='$(abs_top_builddir)'; export ANCHOR_BUILDDIR; \
	ANCHOR_SRCDIR='$(abs_top_srcdir)'; export ANCHOR_SRCDIR; \
	ANCHOR_TEST_MODULES='$(abs_top_builddir)/tests/conf/modules/.libs'; \
	export ANCHOR_TEST_MODULES; \
	CC='$(CC)'; export CC;
EXTRA_DIST += tests/local.mk

# The rail policy, linked into what tests it without loading it.
check_LTLIBRARIES += libtestrail.la
libtestrail_la_SOURCES = plugins/policies/rail.c
libtestrail_la_LIBADD = plugins/policies/libpolicies.la

# No memory where a test says so (tests/fuzz/scarce.h).
scarce_wraps = -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc
scarce_sources = tests/fuzz/scarce.c tests/fuzz/scarce.h

if HAVE_CMOCKA
unit_tests = \
	tests/unit/test-addrtext \
	tests/unit/test-conf \
	tests/unit/test-ctl-table \
	tests/unit/test-core-conn \
	tests/unit/test-core-look \
	tests/unit/test-core-policy \
	tests/unit/test-core-random \
	tests/unit/test-core-rails \
	tests/unit/test-core-sync \
	tests/unit/test-core-table \
	tests/unit/test-entry \
	tests/unit/test-linkload \
	tests/unit/test-links \
	tests/unit/test-merge \
	tests/unit/test-modules \
	tests/unit/test-mptcp-diag \
	tests/unit/test-mptcp-pm \
	tests/unit/test-netfacts-told \
	tests/unit/test-nlio \
	tests/unit/test-nlsock \
	tests/unit/test-notify \
	tests/unit/test-policies \
	tests/unit/test-rtnl \
	tests/unit/test-selected \
	tests/unit/test-sockdiag \
	tests/unit/test-tcpstats \
	tests/netns/test-netfacts \
	tests/netns/test-sampler \
	tests/netns/test-watch

# Those that simulate for long, or make the kernel do much. run-tests leaves
# them out where others say as much.
long_tests = \
	tests/unit/test-control \
	tests/unit/test-failures \
	tests/unit/test-failures-many

check_PROGRAMS += $(unit_tests) $(long_tests)
TESTS += $(long_tests) $(unit_tests)

unit_cppflags = $(AM_CPPFLAGS) -I$(top_srcdir)/tests/unit
unit_cflags = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
EXTRA_DIST += tests/unit/unit.h

tests_unit_test_addrtext_CPPFLAGS = $(unit_cppflags)
tests_unit_test_addrtext_CFLAGS = $(unit_cflags)
tests_unit_test_addrtext_LDADD = libutil.la $(CMOCKA_LIBS)

tests_unit_test_conf_CPPFLAGS = $(unit_cppflags)
tests_unit_test_conf_CFLAGS = $(unit_cflags)
tests_unit_test_conf_LDADD = libconf.la $(CMOCKA_LIBS)

tests_unit_test_policies_CPPFLAGS = $(unit_cppflags)
tests_unit_test_policies_CFLAGS = $(unit_cflags)
tests_unit_test_policies_LDADD = libconf.la $(CMOCKA_LIBS)

tests_unit_test_mptcp_pm_CPPFLAGS = $(unit_cppflags)
tests_unit_test_mptcp_pm_CFLAGS = $(unit_cflags) $(MNL_CFLAGS)
tests_unit_test_mptcp_pm_LDADD = libnetlink.la libutil.la $(CMOCKA_LIBS)

tests_unit_test_nlio_CPPFLAGS = $(unit_cppflags)
tests_unit_test_nlio_CFLAGS = $(unit_cflags) $(ELL_CFLAGS) $(MNL_CFLAGS)
tests_unit_test_nlio_LDADD = libhost.la $(MNL_LIBS) $(CMOCKA_LIBS)

tests_unit_test_mptcp_diag_CPPFLAGS = $(unit_cppflags)
tests_unit_test_mptcp_diag_CFLAGS = $(unit_cflags) $(MNL_CFLAGS)
tests_unit_test_mptcp_diag_LDADD = libnetlink.la libutil.la $(CMOCKA_LIBS)

tests_unit_test_netfacts_told_SOURCES = tests/unit/test-netfacts-told.c \
	$(fuzz_fake_netlink) $(fuzz_headers)
tests_unit_test_netfacts_told_CPPFLAGS = $(unit_cppflags) \
	-I$(top_srcdir)/tests
tests_unit_test_netfacts_told_CFLAGS = $(unit_cflags) $(MNL_CFLAGS)
tests_unit_test_netfacts_told_LDFLAGS = $(AM_LDFLAGS) $(fuzz_wraps)
tests_unit_test_netfacts_told_LDADD = libnetlink.la libutil.la \
	$(MNL_LIBS) $(CMOCKA_LIBS)

tests_unit_test_nlsock_SOURCES = tests/unit/test-nlsock.c $(scarce_sources)
tests_unit_test_nlsock_CPPFLAGS = $(unit_cppflags) -I$(top_srcdir)/tests
tests_unit_test_nlsock_LDFLAGS = $(AM_LDFLAGS) $(scarce_wraps)
tests_unit_test_nlsock_CFLAGS = $(unit_cflags) $(MNL_CFLAGS)
tests_unit_test_nlsock_LDADD = libnetlink.la libutil.la $(CMOCKA_LIBS)

tests_unit_test_rtnl_CPPFLAGS = $(unit_cppflags)
tests_unit_test_rtnl_CFLAGS = $(unit_cflags) $(MNL_CFLAGS)
tests_unit_test_rtnl_LDADD = libnetlink.la libutil.la $(CMOCKA_LIBS)

tests_unit_test_tcpstats_CPPFLAGS = $(unit_cppflags)
tests_unit_test_tcpstats_CFLAGS = $(unit_cflags)
tests_unit_test_tcpstats_LDADD = libhost.la $(CMOCKA_LIBS)

tests_unit_test_sockdiag_CPPFLAGS = $(unit_cppflags)
tests_unit_test_sockdiag_CFLAGS = $(unit_cflags) $(MNL_CFLAGS)
tests_unit_test_sockdiag_LDADD = libnetlink.la libutil.la $(CMOCKA_LIBS)

tests_unit_test_linkload_CPPFLAGS = $(unit_cppflags)
tests_unit_test_linkload_CFLAGS = $(unit_cflags) $(MNL_CFLAGS)
tests_unit_test_linkload_LDADD = libnetlink.la libutil.la $(CMOCKA_LIBS)

tests_netns_test_sampler_CPPFLAGS = $(unit_cppflags)
tests_netns_test_sampler_CFLAGS = $(unit_cflags)
tests_netns_test_sampler_LDADD = libhost.la $(CMOCKA_LIBS)

tests_netns_test_watch_CPPFLAGS = $(unit_cppflags)
tests_netns_test_watch_CFLAGS = $(unit_cflags) $(ELL_CFLAGS)
tests_netns_test_watch_LDADD = libhost.la $(CMOCKA_LIBS)

tests_netns_test_netfacts_SOURCES = tests/netns/test-netfacts.c $(scarce_sources)
tests_netns_test_netfacts_CPPFLAGS = $(unit_cppflags) -I$(top_srcdir)/tests
tests_netns_test_netfacts_LDFLAGS = $(AM_LDFLAGS) $(scarce_wraps)
tests_netns_test_netfacts_CFLAGS = $(unit_cflags) $(MNL_CFLAGS)
tests_netns_test_netfacts_LDADD = libnetlink.la libutil.la $(CMOCKA_LIBS)

tests_unit_test_control_CPPFLAGS = $(unit_cppflags)
tests_unit_test_control_CFLAGS = $(unit_cflags) $(ELL_CFLAGS) $(JANSSON_CFLAGS)
tests_unit_test_control_LDADD = libhost.la $(CMOCKA_LIBS)

tests_unit_test_merge_CPPFLAGS = $(unit_cppflags)
tests_unit_test_merge_CFLAGS = $(unit_cflags)
tests_unit_test_merge_LDADD = libhost.la $(CMOCKA_LIBS)

tests_unit_test_entry_SOURCES = tests/unit/test-entry.c src/daemon/entry.c
tests_unit_test_entry_CPPFLAGS = $(unit_cppflags)
tests_unit_test_entry_CFLAGS = $(unit_cflags)
tests_unit_test_entry_LDADD = libutil.la $(CMOCKA_LIBS)

tests_unit_test_notify_SOURCES = tests/unit/test-notify.c \
	src/daemon/dgram.c src/daemon/notify.c
tests_unit_test_notify_CPPFLAGS = $(unit_cppflags)
tests_unit_test_notify_CFLAGS = $(unit_cflags)
tests_unit_test_notify_LDADD = libutil.la $(CMOCKA_LIBS)

tests_unit_test_selected_SOURCES = tests/unit/test-selected.c \
	plugins/mptcpd/selected.c
tests_unit_test_selected_CPPFLAGS = $(unit_cppflags) -I$(top_srcdir)/plugins
tests_unit_test_selected_CFLAGS = $(unit_cflags)
tests_unit_test_selected_LDADD = libutil.la $(ELL_LIBS) $(CMOCKA_LIBS)

tests_unit_test_ctl_table_SOURCES = tests/unit/test-ctl-table.c \
	src/ctl/client.c src/ctl/connections.c src/ctl/format.c \
	src/ctl/explain.c src/ctl/links.c src/ctl/monitor.c src/ctl/paths.c \
	src/ctl/reload.c src/ctl/status.c src/ctl/table.c
tests_unit_test_ctl_table_CPPFLAGS = $(unit_cppflags)
tests_unit_test_ctl_table_CFLAGS = $(unit_cflags) $(JANSSON_CFLAGS)
tests_unit_test_ctl_table_LDADD = $(JANSSON_LIBS) $(CMOCKA_LIBS)
EXTRA_DIST += \
	tests/ctl/connections-empty.json \
	tests/ctl/connections-empty.txt \
	tests/ctl/connections-odd.json \
	tests/ctl/connections-odd.txt \
	tests/ctl/connections.json \
	tests/ctl/connections.txt \
	tests/ctl/explain-assumed.json \
	tests/ctl/explain-assumed.txt \
	tests/ctl/explain-odd.json \
	tests/ctl/explain-odd.txt \
	tests/ctl/explain-unmanaged.json \
	tests/ctl/explain-unmanaged.txt \
	tests/ctl/explain.json \
	tests/ctl/explain.txt \
	tests/ctl/links-empty.json \
	tests/ctl/links-empty.txt \
	tests/ctl/links-odd.json \
	tests/ctl/links-odd.txt \
	tests/ctl/links.json \
	tests/ctl/links.txt \
	tests/ctl/monitor-link.json \
	tests/ctl/monitor-link.txt \
	tests/ctl/monitor-odd.json \
	tests/ctl/monitor-odd.txt \
	tests/ctl/monitor-path.json \
	tests/ctl/monitor-path.txt \
	tests/ctl/monitor-start.json \
	tests/ctl/monitor-start.txt \
	tests/ctl/paths-empty.json \
	tests/ctl/paths-empty.txt \
	tests/ctl/paths-odd.json \
	tests/ctl/paths-odd.txt \
	tests/ctl/paths-samples.json \
	tests/ctl/paths-samples.txt \
	tests/ctl/paths.json \
	tests/ctl/paths.txt \
	tests/ctl/reload-odd.json \
	tests/ctl/reload-odd.txt \
	tests/ctl/reload.json \
	tests/ctl/reload.txt \
	tests/ctl/status-empty.json \
	tests/ctl/status-empty.txt \
	tests/ctl/status-mptcpd.json \
	tests/ctl/status-mptcpd.txt \
	tests/ctl/status-odd.json \
	tests/ctl/status-odd.txt \
	tests/ctl/status-trouble.json \
	tests/ctl/status-trouble.txt \
	tests/ctl/status.json \
	tests/ctl/status.txt

tests_unit_test_core_conn_CPPFLAGS = $(unit_cppflags)
tests_unit_test_core_conn_CFLAGS = $(unit_cflags)
tests_unit_test_core_conn_LDADD = libcore.la libutil.la $(CMOCKA_LIBS)

tests_unit_test_core_look_CPPFLAGS = $(unit_cppflags)
tests_unit_test_core_look_CFLAGS = $(unit_cflags)
tests_unit_test_core_look_LDADD = libcore.la libutil.la $(CMOCKA_LIBS)

# Two hosts on virtual time, for what needs both.
check_LTLIBRARIES += libsim.la
libsim_la_SOURCES = \
	tests/sim/entries.c \
	tests/sim/failures.c \
	tests/sim/host.c \
	tests/sim/kernel.c \
	tests/sim/look.c \
	tests/sim/net.c \
	tests/sim/queue.c tests/sim/queue.h \
	tests/sim/signals.c \
	tests/sim/sim.c tests/sim/sim.h \
	tests/sim/subflow.c \
	tests/sim/traffic.c
libsim_la_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
libsim_la_LIBADD = libtestrail.la libhost.la
EXTRA_DIST += tests/sim/rails.conf

tests_unit_test_failures_CPPFLAGS = $(unit_cppflags) -I$(top_srcdir)/tests
tests_unit_test_failures_CFLAGS = $(unit_cflags)
tests_unit_test_failures_LDADD = libsim.la libtestrail.la libhost.la \
	$(CMOCKA_LIBS)

tests_unit_test_failures_many_CPPFLAGS = $(unit_cppflags) -I$(top_srcdir)/tests
tests_unit_test_failures_many_CFLAGS = $(unit_cflags)
tests_unit_test_failures_many_LDADD = libsim.la libtestrail.la libhost.la \
	$(CMOCKA_LIBS)

tests_unit_test_links_CPPFLAGS = $(unit_cppflags)
tests_unit_test_links_CFLAGS = $(unit_cflags)
tests_unit_test_links_LDADD = libhost.la $(CMOCKA_LIBS)

tests_unit_test_core_policy_CPPFLAGS = $(unit_cppflags)
tests_unit_test_core_policy_CFLAGS = $(unit_cflags)
tests_unit_test_core_policy_LDADD = libcore.la libutil.la $(CMOCKA_LIBS)

tests_unit_test_modules_CPPFLAGS = $(unit_cppflags) \
	-I$(top_srcdir)/plugins
tests_unit_test_modules_CFLAGS = $(unit_cflags)
tests_unit_test_modules_LDADD = plugins/policies/libpolicies.la libconf.la \
	libutil.la $(CMOCKA_LIBS)

tests_unit_test_core_random_CPPFLAGS = $(unit_cppflags)
tests_unit_test_core_random_CFLAGS = $(unit_cflags)
tests_unit_test_core_random_LDADD = libtestrail.la libcore.la libutil.la \
	$(CMOCKA_LIBS)

tests_unit_test_core_rails_CPPFLAGS = $(unit_cppflags)
tests_unit_test_core_rails_CFLAGS = $(unit_cflags)
tests_unit_test_core_rails_LDADD = libcore.la libutil.la $(CMOCKA_LIBS)

tests_unit_test_core_sync_CPPFLAGS = $(unit_cppflags)
tests_unit_test_core_sync_CFLAGS = $(unit_cflags)
tests_unit_test_core_sync_LDADD = libcore.la libutil.la $(CMOCKA_LIBS)

tests_unit_test_core_table_SOURCES = tests/unit/test-core-table.c $(scarce_sources)
tests_unit_test_core_table_CPPFLAGS = $(unit_cppflags) -I$(top_srcdir)/tests
tests_unit_test_core_table_LDFLAGS = $(AM_LDFLAGS) $(scarce_wraps)
tests_unit_test_core_table_CFLAGS = $(unit_cflags)
tests_unit_test_core_table_LDADD = libcore.la libutil.la $(CMOCKA_LIBS)
endif

# Modules that the loader must refuse, and two that it must not.
test_module_flags = -module -avoid-version -shared -rpath /nowhere
check_LTLIBRARIES += \
	tests/conf/modules/abi.la \
	tests/conf/modules/bad-default.la \
	tests/conf/modules/fails.la \
	tests/conf/modules/no-free.la \
	tests/conf/modules/no-key.la \
	tests/conf/modules/no-plan.la \
	tests/conf/modules/no-symbol.la \
	tests/conf/modules/other-name.la \
	tests/conf/modules/plain.la \
	tests/conf/modules/rail.la \
	tests/conf/modules/size.la

tests_conf_modules_abi_la_SOURCES = tests/conf/modules/abi.c
tests_conf_modules_abi_la_CFLAGS = $(test_module_cflags)
tests_conf_modules_abi_la_LDFLAGS = $(AM_LDFLAGS) $(test_module_flags)

tests_conf_modules_bad_default_la_SOURCES = tests/conf/modules/bad-default.c
tests_conf_modules_bad_default_la_CFLAGS = $(test_module_cflags)
tests_conf_modules_bad_default_la_LDFLAGS = $(AM_LDFLAGS) $(test_module_flags)

tests_conf_modules_fails_la_SOURCES = tests/conf/modules/fails.c
tests_conf_modules_fails_la_CFLAGS = $(test_module_cflags)
tests_conf_modules_fails_la_LDFLAGS = $(AM_LDFLAGS) $(test_module_flags)

tests_conf_modules_no_free_la_SOURCES = tests/conf/modules/no-free.c
tests_conf_modules_no_free_la_CFLAGS = $(test_module_cflags)
tests_conf_modules_no_free_la_LDFLAGS = $(AM_LDFLAGS) $(test_module_flags)

tests_conf_modules_no_key_la_SOURCES = tests/conf/modules/no-key.c
tests_conf_modules_no_key_la_CFLAGS = $(test_module_cflags)
tests_conf_modules_no_key_la_LDFLAGS = $(AM_LDFLAGS) $(test_module_flags)

tests_conf_modules_no_plan_la_SOURCES = tests/conf/modules/no-plan.c
tests_conf_modules_no_plan_la_CFLAGS = $(test_module_cflags)
tests_conf_modules_no_plan_la_LDFLAGS = $(AM_LDFLAGS) $(test_module_flags)

tests_conf_modules_no_symbol_la_SOURCES = tests/conf/modules/no-symbol.c
tests_conf_modules_no_symbol_la_CFLAGS = $(test_module_cflags)
tests_conf_modules_no_symbol_la_LDFLAGS = $(AM_LDFLAGS) $(test_module_flags)

tests_conf_modules_other_name_la_SOURCES = tests/conf/modules/other-name.c
tests_conf_modules_other_name_la_CFLAGS = $(test_module_cflags)
tests_conf_modules_other_name_la_LDFLAGS = $(AM_LDFLAGS) $(test_module_flags)

tests_conf_modules_plain_la_SOURCES = tests/conf/modules/plain.c
tests_conf_modules_plain_la_CFLAGS = $(test_module_cflags)
tests_conf_modules_plain_la_LDFLAGS = $(AM_LDFLAGS) $(test_module_flags)

tests_conf_modules_rail_la_SOURCES = tests/conf/modules/rail.c
tests_conf_modules_rail_la_CFLAGS = $(test_module_cflags)
tests_conf_modules_rail_la_LDFLAGS = $(AM_LDFLAGS) $(test_module_flags)

tests_conf_modules_size_la_SOURCES = tests/conf/modules/size.c
tests_conf_modules_size_la_CFLAGS = $(test_module_cflags)
tests_conf_modules_size_la_LDFLAGS = $(AM_LDFLAGS) $(test_module_flags)

test_module_cflags = $(AM_CFLAGS) -fvisibility=default

# What makes faults in the kernel's stead, for tests/netns/faults-*.sh.
check_LTLIBRARIES += tests/faults/faults.la
tests_faults_faults_la_SOURCES = tests/faults/faults.c \
	tests/faults/rules.c tests/faults/rules.h
tests_faults_faults_la_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_faults_faults_la_LIBADD = -ldl
tests_faults_faults_la_LDFLAGS = $(AM_LDFLAGS) $(test_module_flags)

check_PROGRAMS += tests/list-keys
tests_list_keys_LDADD = libconf.la

check_PROGRAMS += tests/tools/hear tests/tools/mptraffic

# anchord, whose own allocations fail when a test says so.
check_PROGRAMS += tests/tools/anchord-starved
tests_tools_anchord_starved_SOURCES = tests/tools/starved.c \
	$(anchord_SOURCES) $(scarce_sources)
tests_tools_anchord_starved_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_tools_anchord_starved_CFLAGS = $(anchord_CFLAGS)
tests_tools_anchord_starved_LDFLAGS = $(AM_LDFLAGS) $(scarce_wraps)
tests_tools_anchord_starved_LDADD = $(anchord_LDADD)

check_PROGRAMS += tests/scenario/scenario
tests_scenario_scenario_SOURCES = tests/scenario/scenario.c \
	tests/scenario/scenario.h tests/scenario/rules.c \
	tests/scenario/sync.c tests/scenario/traffic.c src/host/describe.c
tests_scenario_scenario_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_scenario_scenario_LDADD = libconf.la libcore.la libutil.la

scenarios = \
	tests/scenarios/adopt-client.scn \
	tests/scenarios/adopt-dropped.scn \
	tests/scenarios/adopt-joined.scn \
	tests/scenarios/adopt-kernel.scn \
	tests/scenarios/adopt-refused.scn \
	tests/scenarios/adopt-server.scn \
	tests/scenarios/adopt-stale.scn \
	tests/scenarios/all-links-lost.scn \
	tests/scenarios/announced-again.scn \
	tests/scenarios/announced-twice.scn \
	tests/scenarios/announcement-lost.scn \
	tests/scenarios/answered-no.scn \
	tests/scenarios/audit-closing.scn \
	tests/scenarios/audit-repairs.scn \
	tests/scenarios/audit.scn \
	tests/scenarios/both-open.scn \
	tests/scenarios/client-fallback.scn \
	tests/scenarios/client-no-announcement.scn \
	tests/scenarios/client-patience.scn \
	tests/scenarios/client-turns.scn \
	tests/scenarios/closed-at-once.scn \
	tests/scenarios/closing-supersedes-none.scn \
	tests/scenarios/command-fails.scn \
	tests/scenarios/cross-rail-alone.scn \
	tests/scenarios/cross-rail-never.scn \
	tests/scenarios/data-only.scn \
	tests/scenarios/drain.scn \
	tests/scenarios/ecmp-client.scn \
	tests/scenarios/ecmp-gain.scn \
	tests/scenarios/ecmp-limit.scn \
	tests/scenarios/ecmp-refresh.scn \
	tests/scenarios/ecmp-server.scn \
	tests/scenarios/ecmp-vain.scn \
	tests/scenarios/events-lost-kernel.scn \
	tests/scenarios/events-lost-opening.scn \
	tests/scenarios/events-lost.scn \
	tests/scenarios/failover-client.scn \
	tests/scenarios/failover-flapping.scn \
	tests/scenarios/failover-reload.scn \
	tests/scenarios/failover-server.scn \
	tests/scenarios/failover-start.scn \
	tests/scenarios/flapping.scn \
	tests/scenarios/four-rails.scn \
	tests/scenarios/fullmesh-client.scn \
	tests/scenarios/fullmesh-limit.scn \
	tests/scenarios/fullmesh-max.scn \
	tests/scenarios/fullmesh-server.scn \
	tests/scenarios/gone-at-command.scn \
	tests/scenarios/ipv6-client.scn \
	tests/scenarios/ipv6-server.scn \
	tests/scenarios/ipv6.scn \
	tests/scenarios/joined-elsewhere.scn \
	tests/scenarios/keep-alive.scn \
	tests/scenarios/keep-alive-traffic.scn \
	tests/scenarios/kernel-client-rendezvous.scn \
	tests/scenarios/kernel-client.scn \
	tests/scenarios/late-syn.scn \
	tests/scenarios/left-in-peace.scn \
	tests/scenarios/limit-subflows-client.scn \
	tests/scenarios/limits.scn \
	tests/scenarios/link-loss-and-return.scn \
	tests/scenarios/main-client.scn \
	tests/scenarios/main-server.scn \
	tests/scenarios/manage-all.scn \
	tests/scenarios/not-accepted.scn \
	tests/scenarios/off-client.scn \
	tests/scenarios/off.scn \
	tests/scenarios/ondemand-best.scn \
	tests/scenarios/ondemand-client.scn \
	tests/scenarios/ondemand-kept.scn \
	tests/scenarios/ondemand-loss.scn \
	tests/scenarios/ondemand-not-short.scn \
	tests/scenarios/ondemand-server.scn \
	tests/scenarios/ondemand-three.scn \
	tests/scenarios/only-ours.scn \
	tests/scenarios/path-reset.scn \
	tests/scenarios/peer-lost.scn \
	tests/scenarios/peer-pauses.scn \
	tests/scenarios/peer-withdraws.scn \
	tests/scenarios/places-stay.scn \
	tests/scenarios/port-changes.scn \
	tests/scenarios/rails-by-id.scn \
	tests/scenarios/refused.scn \
	tests/scenarios/reload.scn \
	tests/scenarios/rendezvous-close.scn \
	tests/scenarios/rendezvous-keep.scn \
	tests/scenarios/several-addresses.scn \
	tests/scenarios/silent-client.scn \
	tests/scenarios/silent-full.scn \
	tests/scenarios/silent-not-established.scn \
	tests/scenarios/silent-not.scn \
	tests/scenarios/silent-not-lossy.scn \
	tests/scenarios/silent-others.scn \
	tests/scenarios/silent-request.scn \
	tests/scenarios/silent-ending.scn \
	tests/scenarios/silent.scn \
	tests/scenarios/spread-client.scn \
	tests/scenarios/spread-load.scn \
	tests/scenarios/spread-prefer.scn \
	tests/scenarios/spread-server.scn \
	tests/scenarios/stray-address.scn \
	tests/scenarios/withdraw-dropped.scn \
	tests/scenarios/withdraw-repeated.scn

SCN_LOG_COMPILER = $(top_builddir)/tests/scenario/scenario
TESTS += $(scenarios)
EXTRA_DIST += $(scenarios)

dist_check_SCRIPTS = tests/check-layers
TESTS += tests/check-layers
TESTS += tests/check-man
dist_check_SCRIPTS += tests/check-man
TESTS += tests/check-example-module
dist_check_SCRIPTS += tests/check-example-module
TESTS += tests/check-examples
dist_check_SCRIPTS += tests/check-examples
TESTS += tests/check-unit
dist_check_SCRIPTS += tests/check-unit
TESTS += tests/check-mptcpd
dist_check_SCRIPTS += tests/check-mptcpd
EXTRA_DIST += tests/mptcpd/host.c tests/mptcpd/mptcpd/path_manager.h \
	tests/mptcpd/mptcpd/plugin.h

EXTRA_DIST += \
	tests/conf/cases/control-characters.conf \
	tests/conf/cases/control-characters.err \
	tests/conf/cases/crlf.conf \
	tests/conf/cases/crlf.ok \
	tests/conf/cases/empty.conf \
	tests/conf/cases/empty.ok \
	tests/conf/cases/full.conf \
	tests/conf/cases/full.ok \
	tests/conf/cases/high.conf \
	tests/conf/cases/high.err \
	tests/conf/cases/highest.conf \
	tests/conf/cases/highest.ok \
	tests/conf/cases/low.conf \
	tests/conf/cases/low.err \
	tests/conf/cases/lowest.conf \
	tests/conf/cases/lowest.ok \
	tests/conf/cases/many-rails.conf \
	tests/conf/cases/many-rails.err \
	tests/conf/cases/nothing-listed.conf \
	tests/conf/cases/nothing-listed.err \
	tests/conf/cases/rails.conf \
	tests/conf/cases/rails.err \
	tests/conf/cases/retry-max.conf \
	tests/conf/cases/retry-max.err \
	tests/conf/cases/retry.conf \
	tests/conf/cases/retry.err \
	tests/conf/cases/syntax.conf \
	tests/conf/cases/syntax.err \
	tests/conf/cases/values.conf \
	tests/conf/cases/values.err

# The real kernel. Not under the sanitizers, which slow everything down so
# much that waiting for a condition says little. run-tests sets lab_tests.
netns_tests = \
	tests/netns/adopt-ipv6.sh \
	tests/netns/adopt-late.sh \
	tests/netns/adopt.sh \
	tests/netns/audit.sh \
	tests/netns/config.sh \
	tests/netns/crowd.sh \
	tests/netns/dual-stack.sh \
	tests/netns/errors.sh \
	tests/netns/failures.sh \
	tests/netns/faults-commands.sh \
	tests/netns/faults-events.sh \
	tests/netns/faults-links.sh \
	tests/netns/faults-lists.sh \
	tests/netns/follow-ipv6.sh \
	tests/netns/follow.sh \
	tests/netns/keep-alive.sh \
	tests/netns/kernel-client.sh \
	tests/netns/kernel-ipv6.sh \
	tests/netns/kernel-server.sh \
	tests/netns/lab.sh \
	tests/netns/lab-spines.sh \
	tests/netns/limits.sh \
	tests/netns/listeners.sh \
	tests/netns/listeners-limit.sh \
	tests/netns/main-ipv6.sh \
	tests/netns/manager.sh \
	tests/netns/main.sh \
	tests/netns/mptcpd-adopt.sh \
	tests/netns/mptcpd-follow.sh \
	tests/netns/mptcpd-guest.sh \
	tests/netns/mptcpd-main.sh \
	tests/netns/mptcpd-same.sh \
	tests/netns/mptcpd-unit.sh \
	tests/netns/only-ours.sh \
	tests/netns/overrun.sh \
	tests/netns/policy-ecmp.sh \
	tests/netns/policy-failover.sh \
	tests/netns/policy-fullmesh.sh \
	tests/netns/policy-off.sh \
	tests/netns/policy-ondemand.sh \
	tests/netns/policy-spread.sh \
	tests/netns/privileges.sh \
	tests/netns/rails.sh \
	tests/netns/reload.sh \
	tests/netns/rendezvous.sh \
	tests/netns/reset.sh \
	tests/netns/routes-ipv6.sh \
	tests/netns/several-addresses.sh \
	tests/netns/silent.sh \
	tests/netns/silent-not.sh \
	tests/netns/soak.sh \
	tests/netns/starved.sh \
	tests/netns/stop.sh \
	tests/netns/systemd.sh

EXTRA_DIST += $(netns_tests) tests/lib/lab.sh tests/lib/adopt.sh tests/lib/failures.sh \
	tests/lib/faults.sh \
	tests/lib/build.sh \
	tests/lib/mptcpd.sh \
	tests/lib/packages.sh \
	tests/lib/systemd.sh
SH_LOG_COMPILER = bash
if !SANITIZERS
lab_tests = $(netns_tests)
TESTS += $(lab_tests)
endif

# Those that look at what happens, and not when: several may run at once.
calm_tests = $(filter $(addprefix tests/netns/,$(addsuffix .sh,adopt \
	adopt-ipv6 adopt-late config dual-stack errors faults-% kernel-% lab% limits \
	listeners% main% manager mptcpd-guest mptcpd-main mptcpd-same \
	mptcpd-unit only-ours policy-failover policy-fullmesh policy-off \
	privileges rails reload rendezvous reset routes-ipv6 \
	several-addresses stop systemd)),$(lab_tests))
timed_tests = $(filter-out $(calm_tests),$(lab_tests))

# What make check runs of it is short.
soak: all tests/tools/mptraffic$(EXEEXT)
	ANCHOR_BUILDDIR='$(abs_top_builddir)' \
	ANCHOR_SRCDIR='$(abs_top_srcdir)' \
	SOAK_SECONDS=$${SOAK_SECONDS:-300} \
		bash $(srcdir)/tests/netns/soak.sh

# The same for faults, with another seed each time.
soak-faults: all tests/tools/mptraffic$(EXEEXT) tests/faults/faults.la
	ANCHOR_BUILDDIR='$(abs_top_builddir)' \
	ANCHOR_SRCDIR='$(abs_top_srcdir)' \
	ANCHOR_FAULTS_SEED=$${ANCHOR_FAULTS_SEED:-$$(date +%s)} \
	FAULTS_ROUNDS=$${FAULTS_ROUNDS:-100} \
		bash $(srcdir)/tests/netns/faults-events.sh

# What must not be taken for dead.
soak-alive: all tests/tools/mptraffic$(EXEEXT)
	ANCHOR_BUILDDIR='$(abs_top_builddir)' \
	ANCHOR_SRCDIR='$(abs_top_srcdir)' \
	ALIVE_SECONDS=$${ALIVE_SECONDS:-600} \
		bash $(srcdir)/tests/netns/silent-not.sh

.PHONY: soak soak-faults soak-alive

# What the sanitizers do not see, such as what was never set. Not the long
# tests, of which one counts descriptors, which valgrind takes for itself.
valgrind_tests = $(filter-out tests/netns/test-%,$(unit_tests)) \
	$(scenarios) $(fuzz_programs)
VALGRIND = valgrind --quiet --error-exitcode=98 --leak-check=full \
	--errors-for-leak-kinds=definite,possible

check-valgrind:
	$(MAKE) $(AM_MAKEFLAGS) check TESTS='$(valgrind_tests)' \
		LOG_COMPILER='$(VALGRIND)' \
		SCN_LOG_COMPILER='$(VALGRIND) $(SCN_LOG_COMPILER)'
.PHONY: check-valgrind
