#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# A ToR answers for a moment with resets, as a firewall does: the paths through
# it end and are said to have failed, the transfer goes on, and they are back
# when it is over.
. "${ANCHOR_SRCDIR:-$(dirname "$0")/../..}/tests/lib/lab.sh"
. "${ANCHOR_SRCDIR:-$(dirname "$0")/../..}/tests/lib/failures.sh"
lab_enter "$0" "$@"
set -eu

CONFIG='[timers]
retry-max=2s'

has_failed() {
	grep -q "10.1.2.2 - 10.1.1.2 on eth1: 1 path failed: Connection re" \
		"$LAB_DIR/sv/log"
}

lab_up 2
lab_shape 200mbit
lab_daemon_start cl "$CONFIG"
lab_daemon_start sv "$CONFIG"
lab_serve
lab_transfer
lab_wait 10 "two paths" lab_paths_are sv 2
failure_reset 1
lab_wait 10 "the path to end" lab_paths_are sv 1
lab_wait 10 "a word of it" has_failed
lab_wait 10 "data on rail 2" lab_carries 2 "$(lab_bytes cl 2 tx)"
failure_heal 1
lab_wait 20 "two paths again" lab_paths_are sv 2
lab_wait 20 "two paths at the client" lab_paths_are cl 2
lab_wait 10 "data on rail 1" lab_carries 1 "$(lab_bytes cl 1 tx)"
lab_transfer_end
