#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# What is announced follows the links: a carrier lost and back, an address
# removed and added, seen from both ends of a living connection.
. "${ANCHOR_SRCDIR:-$(dirname "$0")/../..}/tests/lib/lab.sh"
lab_enter "$0" "$@"
set -eu

lab_up 2
lab_shape 200mbit
lab_daemon_start cl
lab_daemon_start sv
lab_serve
lab_transfer
lab_wait 10 "two paths" lab_paths_are sv 2

peer_announces() {
	lab_json cl connections ".connections[0].peer_announced |
		map(.address) | sort == $1"
}
lab_wait 10 "both addresses at the client" \
	peer_announces '["10.1.2.2", "10.2.2.2"]'

lab_ctl sv monitor >"$LAB_DIR/news" &
# has_news FILTER: about one of the events there were
has_news() { jq -es "any(.[]; $1)" "$LAB_DIR/news" >/dev/null; }
lab_wait 10 "the monitor" has_news '.monitor'

lab_link_down sv 1
lab_wait 10 "one path at the server" lab_paths_are sv 1
lab_wait 10 "one path at the client" lab_paths_are cl 1
lab_wait 10 "the withdrawal" peer_announces '["10.2.2.2"]'
lab_wait 10 "news of the link" has_news '.event == "link-down" and
	.link == "eth1" and .reason == "no carrier" and .paths == 1'
has_news '.event == "withdraw" and .local.address == "10.1.2.2"
	and .failure == null' || lab_fail "no news of the withdrawal"
has_news '.event == "close" and .local.address == "10.1.2.2"' ||
	lab_fail "no news of the closed path"

# What comes back waits a while.
lab_link_up sv 1
lab_wait 10 "the link to wait" lab_json sv links 'any(.links[].addresses[];
	.address == "10.1.2.2" and .held_ms > 0 and (.usable | not))'
lab_paths_are sv 1 || lab_fail "the link did not wait"
lab_wait 10 "news of its return" has_news '.event == "link-up" and
	.link == "eth1" and .held_ms > 0'
lab_wait 10 "two paths again" lab_paths_are sv 2
lab_wait 10 "the announcement" peer_announces '["10.1.2.2", "10.2.2.2"]'

ip -n sv addr del 10.2.2.2/24 dev eth2
lab_wait 10 "one path at the client" lab_paths_are cl 1
lab_wait 10 "the withdrawal" peer_announces '["10.1.2.2"]'
ip -n sv addr add 10.2.2.2/24 dev eth2
lab_route_host sv	# the kernel took the route with the address
lab_wait 10 "two paths again" lab_paths_are sv 2
lab_wait 10 "the announcement" peer_announces '["10.1.2.2", "10.2.2.2"]'

# Who sends leaves a path alone for a moment, for what is on its way.
lab_ctl cl monitor >"$LAB_DIR/news-cl" &
lab_wait 10 "the monitor at the client" test -s "$LAB_DIR/news-cl"
lab_link_down cl 1
lab_wait 10 "one path at the client" lab_paths_are cl 1
lab_wait 10 "the line at the client" grep -q \
	"link eth1 is not usable: no carrier; 1 path moved off" "$LAB_DIR/cl/log"
jq -es 'any(.[]; .event == "link-down" and .paths == 1 and .took_us > 0)' \
	"$LAB_DIR/news-cl" >/dev/null || lab_fail "no news at the client"
lab_link_up cl 1
lab_wait 10 "two paths again" lab_paths_are cl 2

lab_transfer_end
grep -q "link eth1 is not usable: no carrier" "$LAB_DIR/sv/log" ||
	lab_fail "the lost carrier is not in the log"
