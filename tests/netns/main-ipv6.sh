#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# The main job for IPv6.
. "${ANCHOR_SRCDIR:-$(dirname "$0")/../..}/tests/lib/lab.sh"
lab_enter "$0" "$@"
set -eu

lab_up 2
lab_daemon_start cl
lab_daemon_start sv
lab_guard cl
lab_guard sv
lab_serve fd00:255::2
lab_transfer fd00:255::2

for host in sv cl; do
	lab_wait 10 "two paths at $host" lab_paths_are $host 2
	lab_wait 10 "backup at $host" lab_json $host paths \
		'[.paths[] | select(.role == "initial")] |
		length == 1 and .[0].backup'
	lab_json $host paths 'all(.paths[]; .local.address | contains(":"))' ||
		lab_fail "a path at $host is not IPv6"
done

for rail in 1 2; do
	lab_wait 10 "rail $rail to carry the transfer" \
		lab_carries $rail "$(lab_bytes cl $rail tx)"
done
lab_transfer_end
for host in cl sv; do
	[ "$(lab_guard_count $host)" = 0 ] ||
		lab_fail "$host sent packets of a path by another link"
done
