#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Three and four rails, told by the addresses alone or by configuration.
. "${ANCHOR_SRCDIR:-$(dirname "$0")/../..}/tests/lib/lab.sh"
lab_enter "$0" "$@"
set -eu

ends_with() {
	local rails=$1
	lab_transfer
	lab_wait 10 "$rails paths at the server" lab_paths_are sv "$rails"
	lab_wait 10 "$rails paths at the client" lab_paths_are cl "$rails"
	lab_json sv paths 'all(.paths[]; .role == "initial" or
		.rail == .remote_rail)' || lab_fail "a path is cross-rail"
	lab_transfer_end
}

lab_up 4
lab_serve
for host in cl sv; do
	lab_daemon_start $host
done
ends_with 4
for host in cl sv; do
	lab_daemon_stop $host
done

# Three of the four links, named; the fourth is left alone.
config='[links]
interfaces=eth1,eth2,eth3
[rail.left]
interfaces=eth1
prefixes=10.1.0.0/16 fd00:1::/32
[rail.middle]
interfaces=eth2
prefixes=10.2.0.0/16
[rail.right]
interfaces=eth3
prefixes=10.3.0.0/16'
for host in cl sv; do
	lab_daemon_start $host "$config"
done
ends_with 3
lab_json sv status '.rails == ["left", "middle", "right"]' ||
	lab_fail "not the configured rails"
lab_json sv links '.links[] | select(.name == "eth4") |
	(.managed | not) and .reason != ""' || lab_fail "eth4 is managed"
