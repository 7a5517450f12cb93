#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# A ToR that forwards nothing more while the carrier stays: the path through
# it is found dead by who sends, its data moves, and after the ToR has come to
# its senses it is back.
. "${ANCHOR_SRCDIR:-$(dirname "$0")/../..}/tests/lib/lab.sh"
lab_enter "$0" "$@"
set -eu

lab_up 2
lab_shape 200mbit
lab_daemon_start cl
lab_daemon_start sv
lab_serve
lab_transfer
lab_wait 10 "two paths" lab_paths_are cl 2
lab_wait 10 "data on rail 1" lab_carries 1 "$(lab_bytes cl 1 tx)"

lab_ctl cl monitor >"$LAB_DIR/news" &
# has_news EVENT: of the path on rail 1
has_news() { jq -es 'any(.[]; .event == "'"$1"'" and .link == "eth1" and
	.local.address == "10.1.1.2" and .remote.address == "10.1.2.2" and
	.silent_us > 0)' "$LAB_DIR/news" >/dev/null; }
lab_wait 10 "the monitor" test -s "$LAB_DIR/news"

lab_silent_drop 1
lab_wait 10 "the path to be found dead" lab_paths_are cl 1
lab_json cl status '.counters.dead == 1' || lab_fail "not counted"
lab_json cl paths 'all(.paths[]; .state != "established" or
	.role == "initial" or .link == "eth2")' || lab_fail "the wrong path"
lab_wait 10 "data on rail 2" lab_carries 2 "$(lab_bytes cl 2 tx)"
lab_wait 10 "news of it" has_news path-silent
grep -q "10.1.1.2 - 10.1.2.2 on eth1 is silent" "$LAB_DIR/cl/log" ||
	lab_fail "nothing in the log"
! has_news path-back || lab_fail "it is back too soon"

lab_heal 1
lab_wait 20 "two paths again" lab_paths_are cl 2
lab_wait 20 "and at the server" lab_paths_are sv 2
lab_wait 10 "data on rail 1" lab_carries 1 "$(lab_bytes cl 1 tx)"
lab_wait 10 "news of its return" has_news path-back
grep -q "10.1.1.2 - 10.1.2.2 on eth1 is back, after [0-9.]* s" \
	"$LAB_DIR/cl/log" || lab_fail "its return is not in the log"
[ "$(grep -c "is back, after" "$LAB_DIR/cl/log")" = 1 ] ||
	lab_fail "it is said more than once"
lab_transfer_end
jq -e '.gap_ms < 1000' "$LAB_DIR/result.0" || lab_fail "a long stall"
