#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Two addresses on each link: all are announced, one path a rail is made.
. "${ANCHOR_SRCDIR:-$(dirname "$0")/../..}/tests/lib/lab.sh"
lab_enter "$0" "$@"
set -eu

lab_up 2
for host in cl sv; do
	n=${LAB_HOST_NUMBER[$host]}
	for rail in 1 2; do
		ip -n $host addr add 10.$rail.$n.3/24 dev eth$rail
	done
	lab_daemon_start $host
done
lab_serve
lab_client hold 10.255.0.2 5000 1

for host in sv cl; do
	lab_wait 10 "four announcements at $host" lab_json $host connections \
		'.connections[0] | (.announced | length == 4) and
		(.peer_announced | length == 4)'
	lab_wait 10 "two paths at $host" lab_paths_are $host 2
	lab_json $host links '[.links[].addresses[] |
		select(.usable and .join_port > 0)] | length == 6' ||
		lab_fail "a link address of $host has no join listener"
done
lab_transfer_end
