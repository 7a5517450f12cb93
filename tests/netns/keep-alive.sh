#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# A ToR fails silently while a connection is idle: keep-alive finds out, and
# the path is back some time after the ToR is.
. "${ANCHOR_SRCDIR:-$(dirname "$0")/../..}/tests/lib/lab.sh"
lab_enter "$0" "$@"
set -eu

CONFIG='[timers]
keep-alive=500ms
retry-max=2s'

lab_up 2
lab_daemon_start cl "$CONFIG"
lab_daemon_start sv "$CONFIG"
lab_serve
lab_client hold 10.255.0.2 5000 1
lab_wait 10 "two paths" lab_paths_are sv 2

# ports_of RAIL: of sv's subflows on it
ports_of() {
	lab_ctl sv paths | jq -c '[.paths[] | select(.link == "eth'"$1"'" and
		.state == "established") | .local.port]'
}
changed() { [ "$(ports_of 1)" != "$1" ]; }
lab_wait 10 "an idle path to be renewed" changed "$(ports_of 1)"
lab_wait 10 "two paths" lab_paths_are sv 2

lab_silent_drop 1
lab_wait 20 "the path to be found dead" lab_paths_are sv 1
lab_json sv paths 'any(.paths[]; .link == "eth2" and
	.state == "established")' || lab_fail "the wrong path"
grep -q "10.1.2.2 - 10.1.1.2 on eth1 is silent" "$LAB_DIR/sv/log" ||
	lab_fail "nothing in the log"
lab_heal 1
lab_wait 20 "two paths again" lab_paths_are sv 2
lab_wait 20 "and at the client" lab_paths_are cl 2
lab_transfer_end
