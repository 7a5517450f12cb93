#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# A client with the kernel's own path manager, which joins what is announced:
# without endpoints from wherever its routes say, and with fullmesh ones from
# every address to every address, of which the server keeps one a rail.
. "${ANCHOR_SRCDIR:-$(dirname "$0")/../..}/tests/lib/lab.sh"
lab_enter "$0" "$@"
set -eu

lab_up 2
lab_run cl ip mptcp limits set add_addr_accepted 8 subflows 8
lab_daemon_start sv
lab_serve

lab_traffic cl send 10.255.0.2 5000 1 >"$LAB_DIR/result" &
sender=$!
lab_wait 2 "two paths" lab_paths_are sv 2
wait $sender || lab_fail "the transfer failed"
[ "$(lab_path_manager cl)" = kernel ] || lab_fail "not the kernel's own"

for rail in 1 2; do
	lab_run cl ip mptcp endpoint add 10.$rail.1.2 dev eth$rail \
		subflow fullmesh
done
lab_traffic cl send 10.255.0.2 5000 2 >"$LAB_DIR/result" &
sender=$!
one_a_rail() {
	lab_paths_are sv 2 && lab_json sv paths 'all(.paths[];
		.role == "initial" or .rail == .remote_rail)'
}
lab_wait 2 "one path a rail" one_a_rail
wait $sender || lab_fail "the transfer failed"
jq -e '.intact and .mptcp' "$LAB_DIR/result" || lab_fail "not intact"
