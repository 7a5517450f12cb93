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
lab_guard sv
lab_serve

lab_transfer
lab_wait 10 "two paths" lab_paths_are sv 2
lab_transfer_end
[ "$(lab_path_manager cl)" = kernel ] || lab_fail "not the kernel's own"

for rail in 1 2; do
	lab_run cl ip mptcp endpoint add 10.$rail.1.2 dev eth$rail \
		subflow fullmesh
done
lab_transfer
one_a_rail() {
	lab_paths_are sv 2 && lab_json sv paths 'all(.paths[];
		.role == "initial" or .rail == .remote_rail)'
}
lab_wait 10 "one path a rail" one_a_rail
lab_transfer_end
[ "$(lab_guard_count sv)" = 0 ] ||
	lab_fail "packets of a path left by another link"
