#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Anchor stopped, and killed: connections go on with the paths they have.
. "${ANCHOR_SRCDIR:-$(dirname "$0")/../..}/tests/lib/lab.sh"
lab_enter "$0" "$@"
set -eu

lab_up 2
lab_daemon_start cl
lab_daemon_start sv
lab_serve
lab_traffic cl send 10.255.0.2 5000 4 >"$LAB_DIR/result" &
sender=$!
lab_wait 2 "two paths at the server" lab_paths_are sv 2
lab_wait 2 "two paths at the client" lab_paths_are cl 2

[ "$(lab_path_manager sv)" = userspace ] || lab_fail "not selected"
lab_daemon_stop sv || lab_fail "the exit status is not 0"
[ "$(lab_path_manager sv)" = kernel ] || lab_fail "not restored"
[ ! -e "$LAB_DIR/sv/control.sock" ] || lab_fail "the socket is still there"
kill -KILL "$(cat "$LAB_DIR/cl/pid")"

# Both rails still carry the transfer.
grows() {
	[ "$(lab_bytes cl "$1" tx)" -gt $(($2 + 1000000)) ]
}
for rail in 1 2; do
	lab_wait 2 "rail $rail to go on" grows $rail "$(lab_bytes cl $rail tx)"
done
wait $sender || lab_fail "the transfer failed"
jq -e '.intact and .mptcp' "$LAB_DIR/result" || lab_fail "not intact"

# The socket that a killed one has left is no hindrance.
lab_daemon_start cl
lab_daemon_start sv
lab_traffic cl send 10.255.0.2 5000 1 >"$LAB_DIR/result" &
sender=$!
lab_wait 2 "two paths" lab_paths_are sv 2
wait $sender || lab_fail "the transfer failed"
