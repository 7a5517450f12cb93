#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Paths that are lossy, queue for long or are throttled, and peers that are
# stopped, are alive: none is closed for being silent. ALIVE_SECONDS of each,
# default 2.
. "${ANCHOR_SRCDIR:-$(dirname "$0")/../..}/tests/lib/lab.sh"
. "${ANCHOR_SRCDIR:-$(dirname "$0")/../..}/tests/lib/failures.sh"
lab_enter "$0" "$@"
set -eu

seconds=${ALIVE_SECONDS:-2}

killed() {
	echo $(($(lab_ctl cl status | jq .counters.dead) +
		$(lab_ctl sv status | jq .counters.dead)))
}

# try WHAT COMMAND...: traffic of all kinds, while that is so
try() {
	local what=$1 before
	shift

	before=$(killed)
	"$@"
	sleep "$seconds"
	echo "$what: $(($(killed) - before)) closed"
	[ "$(killed)" = "$before" ] || lab_fail "a living path was closed: $what"
}

loss() {
	failure_loss 1 "$1"
	failure_loss 2 "$1"
}
no_loss() {
	failure_heal 1
	failure_heal 2
}
queues() {
	failure_queue 1 "$1" "$2"
	failure_queue 2 "$1" "$2"
}

# The receiver's window closes, and opens again.
stopped() {
	local i

	for ((i = 0; i < seconds; i++)); do
		kill -STOP "$LAB_SERVICE"
		sleep 0.5
		kill -CONT "$LAB_SERVICE"
		sleep 0.5
	done
}

lab_up 2
lab_shape 200mbit
lab_daemon_start cl
lab_daemon_start sv
lab_serve
lab_client send 10.255.0.2 5000 -
lab_client send 10.255.0.2 5000 -
lab_client receive 10.255.0.2 5000 -
lab_client echo 10.255.0.2 5000 -
lab_client echo 10.255.0.2 5000 -
have_paths() {
	lab_json cl connections '(.connections | length) == 5 and
		all(.connections[]; [.subflows[] |
			select(.state == "established")] | length == 3)'
}
lab_wait 10 "all their paths" have_paths

try "nothing" true
try "one per cent lost" loss 1
no_loss
if [ "$seconds" -gt 3 ]; then
	try "two per cent lost" loss 2
	no_loss
fi
try "queues of 200 ms at 20 Mbit/s" queues 20mbit 200
try "queues of 500 ms at 5 Mbit/s" queues 5mbit 500
queues 200mbit 20
failure_queue 2 20mbit 100
try "one rail a tenth as fast" true
queues 200mbit 20
try "stopped receivers" stopped
lab_transfer_end
