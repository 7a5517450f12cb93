# SPDX-License-Identifier: BSD-3-Clause
# Tests: unit (cmocka), scenarios on virtual time, namespaces, checks.

TEST_EXTENSIONS = .scn .sh
AM_TESTS_ENVIRONMENT = \
	ANCHOR_BUILDDIR='$(abs_top_builddir)'; export ANCHOR_BUILDDIR; \
	ANCHOR_SRCDIR='$(abs_top_srcdir)'; export ANCHOR_SRCDIR; \
	ANCHOR_TEST_MODULES='$(abs_top_builddir)/tests/conf/modules/.libs'; \
	export ANCHOR_TEST_MODULES;
EXTRA_DIST += tests/local.mk

# The rail policy, linked into what tests it without loading it.
check_LTLIBRARIES += libtestrail.la
libtestrail_la_SOURCES = plugins/policies/rail.c

if HAVE_CMOCKA
unit_tests = \
	tests/unit/test-addrtext \
	tests/unit/test-core-random \
	tests/unit/test-core-rails \
	tests/unit/test-core-table

check_PROGRAMS += $(unit_tests)
TESTS += $(unit_tests)

unit_cppflags = $(AM_CPPFLAGS) -I$(top_srcdir)/tests/unit
unit_cflags = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
EXTRA_DIST += tests/unit/unit.h

tests_unit_test_addrtext_CPPFLAGS = $(unit_cppflags)
tests_unit_test_addrtext_CFLAGS = $(unit_cflags)
tests_unit_test_addrtext_LDADD = libutil.la $(CMOCKA_LIBS)

tests_unit_test_core_random_CPPFLAGS = $(unit_cppflags)
tests_unit_test_core_random_CFLAGS = $(unit_cflags)
tests_unit_test_core_random_LDADD = libtestrail.la libcore.la libutil.la \
	$(CMOCKA_LIBS)

tests_unit_test_core_rails_CPPFLAGS = $(unit_cppflags)
tests_unit_test_core_rails_CFLAGS = $(unit_cflags)
tests_unit_test_core_rails_LDADD = libcore.la libutil.la $(CMOCKA_LIBS)

tests_unit_test_core_table_CPPFLAGS = $(unit_cppflags)
tests_unit_test_core_table_CFLAGS = $(unit_cflags)
tests_unit_test_core_table_LDADD = libcore.la libutil.la $(CMOCKA_LIBS)
endif

check_PROGRAMS += tests/scenario/scenario
tests_scenario_scenario_SOURCES = tests/scenario/scenario.c \
	src/host/describe.c
tests_scenario_scenario_LDADD = libtestrail.la libcore.la libutil.la

scenarios = \
	tests/scenarios/all-links-lost.scn \
	tests/scenarios/announcement-lost.scn \
	tests/scenarios/both-open.scn \
	tests/scenarios/client-fallback.scn \
	tests/scenarios/client-no-announcement.scn \
	tests/scenarios/command-fails.scn \
	tests/scenarios/cross-rail-alone.scn \
	tests/scenarios/cross-rail-never.scn \
	tests/scenarios/four-rails.scn \
	tests/scenarios/ipv6.scn \
	tests/scenarios/kernel-client-rendezvous.scn \
	tests/scenarios/kernel-client.scn \
	tests/scenarios/limit-subflows-client.scn \
	tests/scenarios/limits.scn \
	tests/scenarios/link-loss-and-return.scn \
	tests/scenarios/main-client.scn \
	tests/scenarios/main-server.scn \
	tests/scenarios/manage-all.scn \
	tests/scenarios/not-accepted.scn \
	tests/scenarios/only-ours.scn \
	tests/scenarios/path-reset.scn \
	tests/scenarios/peer-withdraws.scn \
	tests/scenarios/port-changes.scn \
	tests/scenarios/rails-by-id.scn \
	tests/scenarios/refused.scn \
	tests/scenarios/rendezvous-close.scn \
	tests/scenarios/rendezvous-keep.scn \
	tests/scenarios/several-addresses.scn \
	tests/scenarios/stray-address.scn

SCN_LOG_COMPILER = $(top_builddir)/tests/scenario/scenario
TESTS += $(scenarios)
EXTRA_DIST += $(scenarios)

dist_check_SCRIPTS = tests/check-layers
TESTS += tests/check-layers
