# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# Out-of-tree builds below build/, shared by quickstart, run-tests and bench.
#
#	build NAME MAKE-TARGET CONFIGURE-OPTION...

build_jobs() { nproc 2>/dev/null || echo 2; }

# Output only if something fails.
build_quietly() {
	local log=$1
	shift
	"$@" >"$log" 2>&1 || {
		tail -n 40 "$log" >&2
		echo "failed: $* (all of it in $log)" >&2
		return 1
	}
}

build() {
	local name=$1 target=$2 top
	top=$(pwd)
	shift 2

	mkdir -p "build/$name" || return
	[ -e configure ] ||
		build_quietly build/autoreconf.log autoreconf -fi || return
	(
		cd "build/$name" || exit
		[ -e Makefile ] || build_quietly configure.log \
			"$top/configure" "$@" || exit
		build_quietly make.log make -j "$(build_jobs)" $target
	)
}
