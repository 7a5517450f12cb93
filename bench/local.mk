# SPDX-License-Identifier: BSD-3-Clause
# Benchmarks: make bench prints a table and writes bench.json.

CLEANFILES += bench.json
EXTRA_DIST += bench/run

bench: all tests/tools/mptraffic$(EXEEXT)
	ANCHOR_BUILDDIR='$(abs_top_builddir)' bash $(srcdir)/bench/run bench.json

.PHONY: bench
