#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# What a user does wrong gets a sentence that says what to do, and exit
# statuses as anchord(8) has them; nothing half-done is left.
. "${ANCHOR_SRCDIR:-$(dirname "$0")/../..}/tests/lib/lab.sh"
lab_enter "$0" "$@"
set -eu

# refuses STATUS WORDS HOST [CONFIG [OPTION...]]
refuses() {
	local status=$1 words=$2 host=$3 got=0
	shift 2
	: >"$LAB_DIR/$host/log"
	lab_daemon_begin "$@"
	wait $! || got=$?
	[ $got = "$status" ] || lab_fail "status $got, not $status: $words"
	grep -q -- "$words" "$LAB_DIR/$host/log" ||
		lab_fail "not said: $words"
}

lab_up 2
mkdir -p "$LAB_DIR/sv" "$LAB_DIR/cl"
before=$(lab_path_manager sv)

lab_sysctl sv net.mptcp.enabled=0
refuses 1 "net.mptcp.enabled=1" sv
lab_sysctl sv net.mptcp.enabled=1
refuses 1 "net.mptcp.path_manager=userspace\|net.mptcp.pm_type=1" sv \
	'[kernel]
select-path-manager=no'
[ "$(lab_path_manager sv)" = "$before" ] || lab_fail "selected all the same"

refuses 3 "anchor.conf:2: error: \[join\] port" sv '[join]
port=x'
refuses 3 "anchor.conf:1: error: .*nonsense" sv '[nonsense]
a=b'
refuses 2 "unexpected argument" sv "" extra
refuses 2 "usage" sv "" --nonsense

# Several errors, in several files, all in one run.
echo '[match]
peer=10.0.0.1/8
[policy]
module=nothing' >"$LAB_DIR/sv/policy.d/10-bad.conf"
refuses 3 "10-bad.conf:2: error: \[match\] peer" sv '[join]
port=70000
[limits]
clients=0'
[ "$(grep -c ": error: " "$LAB_DIR/sv/log")" = 4 ] ||
	lab_fail "not four errors"
rm "$LAB_DIR/sv/policy.d/10-bad.conf"

# Started twice in one namespace.
lab_daemon_start sv
first=$(cat "$LAB_DIR/sv/pid")
refuses 1 "another Anchor manages this network namespace" sv "" \
	--control "$LAB_DIR/other.sock"
echo "$first" >"$LAB_DIR/sv/pid"
lab_json sv status '.pid > 0' || lab_fail "the first one suffered"
lab_daemon_stop sv

# Without CAP_NET_ADMIN.
lab_sysctl sv net.mptcp.pm_type=1
got=0
lab_run sv setpriv --bounding-set -all --inh-caps -all \
	"$ANCHOR_BUILDDIR/anchord" -c /dev/null --policy-dir /nonexistent \
	--module-dir "$(lab_module_dir)" --control "$LAB_DIR/sv/c" \
	2>"$LAB_DIR/sv/log" || got=$?
[ $got = 1 ] && grep -q CAP_NET_ADMIN "$LAB_DIR/sv/log" ||
	lab_fail "no word about CAP_NET_ADMIN"

# anchorctl, too.
got=0
"$ANCHOR_BUILDDIR/anchorctl" -s "$LAB_DIR/nothing" status \
	2>"$LAB_DIR/sv/log" || got=$?
[ $got = 1 ] && grep -q "is it running?" "$LAB_DIR/sv/log" ||
	lab_fail "anchorctl does not say who is missing"
got=0
"$ANCHOR_BUILDDIR/anchorctl" nonsense 2>"$LAB_DIR/sv/log" || got=$?
[ $got = 2 ] || lab_fail "anchorctl accepts nonsense"
