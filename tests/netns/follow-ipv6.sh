#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Paths follow links and addresses for IPv6, too, where announcements have no
# ports and the client opens.
. "${ANCHOR_SRCDIR:-$(dirname "$0")/../..}/tests/lib/lab.sh"
lab_enter "$0" "$@"
set -eu

lab_up 2
lab_shape 200mbit
lab_daemon_start cl
lab_daemon_start sv
lab_serve fd00:255::2
lab_client -r 100 send fd00:255::2 5000 -

peer_announces() {
	lab_json cl connections ".connections[0].peer_announced |
		map(.address | select(contains(\":\"))) | sort == $1"
}

# both_ends PATHS ANNOUNCED: at the server, and as the client knows of it
both_ends() {
	local host
	for host in sv cl; do
		lab_wait 10 "$1 paths at $host" lab_paths_are $host "$1"
	done
	lab_wait 10 "announced: $2" peer_announces "$2"
}

both_ends 2 '["fd00:1:2::2", "fd00:2:2::2"]'
ip -n sv addr del fd00:2:2::2/64 dev eth2
both_ends 1 '["fd00:1:2::2"]'
ip -n sv addr add fd00:2:2::2/64 dev eth2 nodad
lab_route_host sv	# the kernel took the route with the address
both_ends 2 '["fd00:1:2::2", "fd00:2:2::2"]'

# The kernel keeps a lost link in the routes that its IPv6 sockets have
# cached, so the withdrawal may leave by that very link: only the server's own
# view is certain, until the link is back.
lab_link_down sv 1
lab_wait 10 "one path at the server" lab_paths_are sv 1
lab_link_up sv 1
both_ends 2 '["fd00:1:2::2", "fd00:2:2::2"]'
lab_transfer_end
