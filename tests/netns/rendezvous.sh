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
lab_traffic cl send 10.255.0.2 5000 1 >"$LAB_DIR/result" &
sender=$!
for host in sv cl; do
	lab_wait 2 "two paths at $host" lab_paths_are $host 2
done
wait $sender || lab_fail "the transfer failed"
! grep -q demote "$LAB_DIR"/*/log || lab_fail "demoted all the same"
for host in cl sv; do
	lab_daemon_stop $host
done

policy close
lab_traffic cl send 10.255.0.2 5000 2 >"$LAB_DIR/result" &
sender=$!
for host in sv cl; do
	lab_wait 2 "two paths at $host and nothing else" lab_json $host \
		paths '.paths | length == 2 and
		all(.[]; .role != "initial")'
done
wait $sender || lab_fail "the transfer failed"
jq -e '.intact and .mptcp' "$LAB_DIR/result" || lab_fail "not intact"
lab_json sv connections 'true' || lab_fail "the daemon is gone"
