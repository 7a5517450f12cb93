#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# --check-config and --print-config: what is printed can be read back.
. "${ANCHOR_SRCDIR:-$(dirname "$0")/../..}/tests/lib/lab.sh"
lab_enter "$0" "$@"
set -eu

dir=$LAB_DIR/config
mkdir -p "$dir/policy.d"
run() {
	"$ANCHOR_BUILDDIR/anchord" --policy-dir "$dir/policy.d" \
		--module-dir "$(lab_module_dir)" -c "$@"
}

cp "$ANCHOR_SRCDIR/etc/anchor.conf" "$dir/shipped.conf"
run "$dir/shipped.conf" --check-config || lab_fail "the shipped file is bad"
run "$dir/shipped.conf" --print-config >"$dir/shipped.out"
: >"$dir/empty.conf"
run "$dir/empty.conf" --print-config >"$dir/empty.out"
grep -q '^grace=300ms$' "$dir/empty.out" || lab_fail "no default printed"

got=0
run "$dir/missing.conf" --check-config 2>"$dir/err" || got=$?
[ $got = 3 ] || lab_fail "a missing file that was named is accepted"
