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
grep -q "10.1.2.2 - 10.1.1.2 on eth1 is silent: no answer for [1-9]" \
	"$LAB_DIR/sv/log" || lab_fail "nothing in the log, or not how long"
lab_heal 1
lab_wait 20 "two paths again" lab_paths_are sv 2
lab_wait 20 "and at the client" lab_paths_are cl 2
lab_transfer_end

# A client's IPv6 paths are from addresses that it has not announced. With a
# path that was renewed, the kernel has forgotten its address.
lab_serve fd00:255::2
lab_client hold fd00:255::2 5000 1
lab_wait 10 "two IPv6 paths" lab_paths_are cl 2
port=$(lab_ctl cl paths | jq '.paths[] | select(.link == "eth1") | .local.port')
is_renewed() {
	lab_json cl paths 'any(.paths[]; .link == "eth1" and
		.state == "established" and .local.port != '"$port"')'
}
lab_wait 10 "an idle IPv6 path to be renewed" is_renewed
lab_wait 10 "two IPv6 paths" lab_paths_are cl 2
lab_link_down cl 1
lab_wait 10 "the path to go" lab_paths_are cl 1
lab_link_up cl 1
lab_wait 10 "two IPv6 paths again" lab_paths_are cl 2
lab_transfer_end
for host in cl sv; do
	lab_json $host status '.counters.failed == 0' ||
		lab_fail "the kernel refused a command"
done
