#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# The main job for IPv4: one direct path a rail, opened by the server, the
# rendezvous subflow a backup at both ends, nothing on another path's link.
. "${ANCHOR_SRCDIR:-$(dirname "$0")/../..}/tests/lib/lab.sh"
lab_enter "$0" "$@"
set -eu

lab_up 2
lab_daemon_start cl
lab_daemon_start sv
lab_guard cl
lab_guard sv
lab_serve 10.255.0.2
lab_transfer 10.255.0.2

lab_wait 10 "two paths at the server" lab_paths_are sv 2
lab_wait 10 "two paths at the client" lab_paths_are cl 2
lab_json sv paths '[.paths[] | select(.role == "opened")] | length == 2' ||
	lab_fail "the server has not opened both paths"
lab_json cl paths '[.paths[] | select(.role == "accepted")] | length == 2' ||
	lab_fail "the client has not accepted both paths"

for host in cl sv; do
	lab_wait 10 "backup at $host" lab_json $host paths \
		'[.paths[] | select(.role == "initial")] |
		length == 1 and .[0].backup'
	lab_json $host paths 'all(.paths[]; .role == "initial" or
		(.backup | not) and .rail == .remote_rail)' ||
		lab_fail "a path is backup or cross-rail at $host"
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

lab_wait 10 "the connection to be forgotten" \
	lab_json sv status '.connections == 0 and .paths == 0'
