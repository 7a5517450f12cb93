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
lab_transfer
lab_wait 10 "two paths at the server" lab_paths_are sv 2
lab_wait 10 "two paths at the client" lab_paths_are cl 2

[ "$(lab_path_manager sv)" = userspace ] || lab_fail "not selected"
lab_daemon_stop sv || lab_fail "the exit status is not 0"
[ "$(lab_path_manager sv)" = kernel ] || lab_fail "not restored"
[ ! -e "$LAB_DIR/sv/control.sock" ] || lab_fail "the socket is still there"
kill -KILL "$(cat "$LAB_DIR/cl/pid")"

# Both rails still carry the transfer.
for rail in 1 2; do
	lab_wait 10 "rail $rail to go on" \
		lab_carries $rail "$(lab_bytes cl $rail tx)"
done
lab_transfer_end

# The socket that a killed one has left is no hindrance, and what it could not
# put back is put back in the end; but what is no longer as it was set is left.
lab_daemon_start cl
lab_daemon_start sv
lab_transfer
lab_wait 10 "two paths" lab_paths_are sv 2
lab_transfer_end
[ "$(lab_path_manager cl)" = userspace ] || lab_fail "not selected at cl"
lab_daemon_stop cl || lab_fail "the exit status is not 0 at cl"
[ "$(lab_path_manager cl)" = kernel ] || lab_fail "not restored at cl"

lab_sysctl cl net.mptcp.path_manager=userspace
lab_daemon_start cl
lab_daemon_stop cl || lab_fail "the exit status is not 0 at cl"
[ "$(lab_path_manager cl)" = userspace ] ||
	lab_fail "restored what somebody else has selected"
