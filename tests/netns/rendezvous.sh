#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# What a policy file can do with the rendezvous subflow: keep it as a path
# among others, or close it once all paths are up.
. "${ANCHOR_SRCDIR:-$(dirname "$0")/../..}/tests/lib/lab.sh"
lab_enter "$0" "$@"
set -eu

policy() {
	local host
	for host in cl sv; do
		mkdir -p "$LAB_DIR/$host/policy.d"
		chmod 755 "$LAB_DIR/$host/policy.d"
		printf '[policy]\nrendezvous=%s\n' "$1" \
			>"$LAB_DIR/$host/policy.d/10-test.conf"
		lab_daemon_start $host
	done
}

lab_up 2
lab_serve
policy keep
lab_transfer
# Where it is demoted, that is within milliseconds of the first path.
for host in sv cl; do
	lab_wait 10 "two paths at $host" lab_paths_are $host 2
	lab_wait 10 "two paths at $host, for a while" lab_json $host paths \
		'all(.paths[]; .age_ms > 300)'
	lab_json $host paths '[.paths[] | select(.role == "initial")] |
		length == 1 and (.[0].backup | not)' ||
		lab_fail "demoted at $host all the same"
done
lab_transfer_end
for host in cl sv; do
	lab_daemon_stop $host
done

policy close
lab_transfer
for host in sv cl; do
	lab_wait 10 "two paths at $host and nothing else" lab_json $host \
		paths '.paths | length == 2 and
		all(.[]; .role != "initial")'
done
lab_transfer_end
