# SPDX-License-Identifier: BSD-3-Clause
# Policy modules. They see include/anchor and each other's helpers, nothing
# else: libpolicies.la is linked into each, and only the descriptor is seen.

noinst_LTLIBRARIES += plugins/policies/libpolicies.la
plugins_policies_libpolicies_la_SOURCES = \
	plugins/policies/hash.c plugins/policies/hash.h \
	plugins/policies/names.c plugins/policies/names.h \
	plugins/policies/pairs.c plugins/policies/pairs.h \
	plugins/policies/rank.c plugins/policies/rank.h
plugins_policies_libpolicies_la_CPPFLAGS = $(policies_cppflags)

policies_cppflags = -I$(top_srcdir)/include
policies_cflags = $(AM_CFLAGS) -fvisibility=default
policies_ldflags = $(AM_LDFLAGS) -module -avoid-version -shared \
	-export-symbols-regex '^anchor_policy$$'
policies_libadd = plugins/policies/libpolicies.la
EXTRA_DIST += plugins/policies/local.mk

policy_LTLIBRARIES =

policy_LTLIBRARIES += plugins/policies/ecmp.la
plugins_policies_ecmp_la_SOURCES = plugins/policies/ecmp.c
plugins_policies_ecmp_la_CPPFLAGS = $(policies_cppflags)
plugins_policies_ecmp_la_CFLAGS = $(policies_cflags)
plugins_policies_ecmp_la_LDFLAGS = $(policies_ldflags)
plugins_policies_ecmp_la_LIBADD = $(policies_libadd)

policy_LTLIBRARIES += plugins/policies/failover.la
plugins_policies_failover_la_SOURCES = plugins/policies/failover.c
plugins_policies_failover_la_CPPFLAGS = $(policies_cppflags)
plugins_policies_failover_la_CFLAGS = $(policies_cflags)
plugins_policies_failover_la_LDFLAGS = $(policies_ldflags)
plugins_policies_failover_la_LIBADD = $(policies_libadd)

policy_LTLIBRARIES += plugins/policies/fullmesh.la
plugins_policies_fullmesh_la_SOURCES = plugins/policies/fullmesh.c
plugins_policies_fullmesh_la_CPPFLAGS = $(policies_cppflags)
plugins_policies_fullmesh_la_CFLAGS = $(policies_cflags)
plugins_policies_fullmesh_la_LDFLAGS = $(policies_ldflags)
plugins_policies_fullmesh_la_LIBADD = $(policies_libadd)

policy_LTLIBRARIES += plugins/policies/off.la
plugins_policies_off_la_SOURCES = plugins/policies/off.c
plugins_policies_off_la_CPPFLAGS = $(policies_cppflags)
plugins_policies_off_la_CFLAGS = $(policies_cflags)
plugins_policies_off_la_LDFLAGS = $(policies_ldflags)
plugins_policies_off_la_LIBADD = $(policies_libadd)

policy_LTLIBRARIES += plugins/policies/ondemand.la
plugins_policies_ondemand_la_SOURCES = plugins/policies/ondemand.c
plugins_policies_ondemand_la_CPPFLAGS = $(policies_cppflags)
plugins_policies_ondemand_la_CFLAGS = $(policies_cflags)
plugins_policies_ondemand_la_LDFLAGS = $(policies_ldflags)
plugins_policies_ondemand_la_LIBADD = $(policies_libadd)

policy_LTLIBRARIES += plugins/policies/rail.la
plugins_policies_rail_la_SOURCES = plugins/policies/rail.c
plugins_policies_rail_la_CPPFLAGS = $(policies_cppflags)
plugins_policies_rail_la_CFLAGS = $(policies_cflags)
plugins_policies_rail_la_LDFLAGS = $(policies_ldflags)
plugins_policies_rail_la_LIBADD = $(policies_libadd)

policy_LTLIBRARIES += plugins/policies/spread.la
plugins_policies_spread_la_SOURCES = plugins/policies/spread.c
plugins_policies_spread_la_CPPFLAGS = $(policies_cppflags)
plugins_policies_spread_la_CFLAGS = $(policies_cflags)
plugins_policies_spread_la_LDFLAGS = $(policies_ldflags)
plugins_policies_spread_la_LIBADD = $(policies_libadd)
