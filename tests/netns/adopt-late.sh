#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Anchor is started when connections are there already: those of the path
# manager in user space are given their paths, at whichever end it is first;
# one of the kernel's is shown, and left alone.
. "${ANCHOR_SRCDIR:-$(dirname "$0")/../..}/tests/lib/lab.sh"
lab_enter "$0" "$@"
set -eu

lab_up 2
for host in cl sv; do
	lab_sysctl $host net.mptcp.pm_type=0
done
lab_serve
lab_client hold 10.255.0.2 5000 1
connections_are() {
	[ "$(lab_run sv ss -Htn "src 10.255.0.2" | wc -l)" = "$1" ]
}
lab_wait 10 "a connection of the kernel's" connections_are 1

for host in cl sv; do
	lab_sysctl $host net.mptcp.pm_type=1
done
lab_transfer
lab_wait 10 "a connection of nobody's" connections_are 2

for host in cl sv; do
	lab_daemon_start $host
	lab_wait 10 "$host to be ready" lab_json $host status .ready
	lab_json $host status '.connections == 2 and .kernel == 1 and
		.lists.adopted == 2' || lab_fail "not adopted at $host"
done

# paths_are HOST: two of the one, each on a rail; none of the other
paths_are() {
	lab_json "$1" connections '[.connections[] | {
		manager: .path_manager,
		rails: [.subflows[] | select(.role != "initial" and
			.state == "established") | .rail] | sort,
		announced: .announced | length,
	}] | sort_by(.manager) == [
		{manager: "kernel", rails: [], announced: 0},
		{manager: "userspace", rails: ["eth1", "eth2"], announced: 2}
	]'
}
for host in cl sv; do
	lab_wait 10 "two paths at $host" paths_are $host
	lab_json $host status .counters.failed==0 ||
		lab_fail "commands failed at $host"
done
"$ANCHOR_BUILDDIR/anchorctl" -s "$LAB_DIR/sv/control.sock" connections |
	grep -q "left to the kernel" || lab_fail "it is not shown"
lab_transfer_end
