#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# The kernel's own path manager at one end, for IPv6: a server that signals
# endpoints at the service's port, and a client that joins what is announced.
. "${ANCHOR_SRCDIR:-$(dirname "$0")/../..}/tests/lib/lab.sh"
lab_enter "$0" "$@"
set -eu

lab_up 2
for rail in 1 2; do
	lab_run sv ip mptcp endpoint add "fd00:$rail:2::2" dev eth$rail signal
done
lab_run sv ip mptcp limits set subflows 8 add_addr_accepted 0
lab_daemon_start cl
lab_guard cl
lab_serve ::
lab_transfer fd00:255::2
lab_wait 10 "two paths at the client" lab_paths_are cl 2
lab_json cl paths 'all(.paths[]; .role == "initial" or
	(.role == "opened" and .rail == .remote_rail))' ||
	lab_fail "not opened by the client on their rails"
lab_transfer_end
[ "$(lab_guard_count cl)" = 0 ] ||
	lab_fail "packets of a path left by another link"
lab_daemon_stop cl
kill "$LAB_SERVICE"

# The service is at its rendezvous address alone now: joins need a listener
# of Anchor's.
lab_run sv ip mptcp endpoint flush
lab_run cl ip mptcp limits set add_addr_accepted 8 subflows 8
lab_daemon_start sv
lab_guard sv
lab_serve fd00:255::2
lab_transfer fd00:255::2
lab_wait 10 "two paths at the server" lab_paths_are sv 2
lab_json sv paths '[.paths[] | select(.role == "accepted")] | length == 2' ||
	lab_fail "not opened by the client"
lab_transfer_end
[ "$(lab_guard_count sv)" = 0 ] ||
	lab_fail "packets of a path left by another link"
