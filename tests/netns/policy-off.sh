#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Module off: no path, nothing announced, and the service works.
. "${ANCHOR_SRCDIR:-$(dirname "$0")/../..}/tests/lib/lab.sh"
lab_enter "$0" "$@"
set -eu

# Nothing but the initial subflow, which is as it was made.
is_alone() {
	lab_json "$1" connections '.connections | length == 1 and
		(.[0] | .announced == [] and .peer_announced == [] and
		(.subflows | length == 1 and .[0].role == "initial" and
			.[0].state == "established" and
			(.[0].backup | not)))'
}

lab_up 2
lab_serve
for host in cl sv; do
	lab_policy $host 10-test '[policy]
module=off'
	lab_daemon_start $host
done

lab_transfer
sent=$(($(lab_bytes cl 1 tx) + $(lab_bytes cl 2 tx)))
for host in sv cl; do
	lab_wait 10 "a connection at $host" lab_json $host connections \
		'any(.connections[]; .age_ms > 1500)'
	is_alone $host || lab_fail "$host has done something about it"
done
[ $(($(lab_bytes cl 1 tx) + $(lab_bytes cl 2 tx))) -gt \
	$((sent + 1000000)) ] || lab_fail "the initial subflow carries nothing"
lab_transfer_end
