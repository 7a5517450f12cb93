# SPDX-License-Identifier: BSD-3-Clause
# Benchmarks: make bench prints tables and writes bench-*.json. Each may be
# run alone, say ANCHOR_BUILDDIR=. ../../bench/ecmp

benchmarks = run ecmp ondemand failover-standby scale

CLEANFILES += $(benchmarks:%=bench-%.json) bench-core.json bench-sampling.json
EXTRA_DIST += bench/lib.sh $(benchmarks:%=bench/%)

EXTRA_PROGRAMS = bench/core bench/crowd bench/sampling
CLEANFILES += bench/core$(EXEEXT) bench/crowd$(EXEEXT) bench/sampling$(EXEEXT)
bench_core_LDADD = libtestrail.la libcore.la libutil.la
bench_sampling_CFLAGS = $(AM_CFLAGS) $(MNL_CFLAGS)
bench_sampling_LDADD = libhost.la $(MNL_LIBS)

bench: all tests/tools/mptraffic$(EXEEXT) bench/core$(EXEEXT) \
		bench/crowd$(EXEEXT) \
		bench/sampling$(EXEEXT)
	bench/core$(EXEEXT) bench-core.json
	bench/sampling$(EXEEXT) bench-sampling.json
	for name in $(benchmarks); do \
		ANCHOR_BUILDDIR='$(abs_top_builddir)' \
			bash $(srcdir)/bench/$$name bench-$$name.json || \
			exit 1; \
	done

# Takes the better part of an hour; bench/plot-failover draws its picture.
bench-failover: all tests/tools/mptraffic$(EXEEXT)
	ANCHOR_BUILDDIR='$(abs_top_builddir)' \
		bash $(srcdir)/bench/failover bench-failover.json
EXTRA_DIST += bench/failover bench/failover.svg bench/path-events \
	bench/plot-failover bench/rail-rates
CLEANFILES += bench-failover.json

.PHONY: bench bench-failover
