#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Anchor is started when connections are there already, at either end first:
# those of the path manager in user space are given their paths, which come
# back after a rail was lost; one of the kernel's is shown, and left alone.
. "${ANCHOR_SRCDIR:-$(dirname "$0")/../..}/tests/lib/lab.sh"
lab_enter "$0" "$@"
set -eu

services_have() {
	[ "$(lab_run sv ss -Htn "sport = :5000" | wc -l)" = "$1" ]
}

connect() {
	for host in cl sv; do
		lab_sysctl $host net.mptcp.pm_type=0
	done
	lab_client hold 10.255.0.2 5000 1
	lab_wait 10 "a connection of the kernel's" services_have 1

	for host in cl sv; do
		lab_sysctl $host net.mptcp.pm_type=1
	done
	lab_client echo 10.255.0.2 5000 -
	lab_client echo fd00:255::2 5000 -
	lab_wait 10 "two connections of nobody's" services_have 3
}

# paths_are HOST RAILS: what both in user space have, by addresses of links
paths_are() {
	lab_json "$1" connections '[.connections[] | [.path_manager] +
		[.subflows[] | select(.state == "established" and
			(.local.address | contains("255") | not)) | .rail]] |
		map(sort) | sort == ([["kernel"]] + [range(2) | '"$2"' +
			["userspace"]] | sort)'
}

# late FIRST SECOND: those are the hosts
late() {
	connect
	for host in "$@"; do
		lab_daemon_start $host
		lab_wait 10 "$host to be ready" lab_json $host status .ready
		lab_wait 10 "adoption at $host" lab_json $host status \
			'.connections == 3 and .kernel == 1'
	done

	for host in cl sv; do
		lab_wait 10 "two paths at $host" paths_are $host \
			'["eth1", "eth2"]'
		lab_json $host status .counters.failed==0 ||
			lab_fail "commands failed at $host"
	done
	"$ANCHOR_BUILDDIR/anchorctl" -s "$LAB_DIR/sv/control.sock" \
		connections | grep -q "left to the kernel" ||
		lab_fail "it is not shown"

	lab_link_down sv 2
	lab_wait 10 "one path" paths_are sv '["eth1"]'
	lab_link_up sv 2
	for host in cl sv; do
		lab_wait 10 "two paths again at $host" paths_are $host \
			'["eth1", "eth2"]'
	done
	lab_transfer_end
}

forget() {
	for host in cl sv; do
		lab_daemon_stop $host
		rm -f "$LAB_DIR/$host/control.memory"
	done
	lab_wait 10 "the end of all connections" services_have 0
}

lab_up 2
lab_serve
lab_serve fd00:255::2
late cl sv
forget
late sv cl
