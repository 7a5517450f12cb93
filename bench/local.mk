# SPDX-License-Identifier: BSD-3-Clause
# Benchmarks: make bench prints tables and writes bench-*.json. Each may be
# run alone, say ANCHOR_BUILDDIR=. ../../bench/ecmp

benchmarks = run ecmp ondemand failover-standby

CLEANFILES += $(benchmarks:%=bench-%.json)
EXTRA_DIST += bench/lib.sh $(benchmarks:%=bench/%)

bench: all tests/tools/mptraffic$(EXEEXT)
	for name in $(benchmarks); do \
		ANCHOR_BUILDDIR='$(abs_top_builddir)' \
			bash $(srcdir)/bench/$$name bench-$$name.json || \
			exit 1; \
	done

.PHONY: bench
