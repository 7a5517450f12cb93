#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Anchor hears nothing of links and addresses: each link that is lost or
# returns, and each address that goes or comes, is found by an audit, and
# counted and told of once; connections have exactly their paths. Where all
# is heard, nothing is counted.
. "${ANCHOR_SRCDIR:-$(dirname "$0")/../..}/tests/lib/lab.sh"
. "${ANCHOR_SRCDIR:-$(dirname "$0")/../..}/tests/lib/faults.sh"
lab_enter "$0" "$@"
set -eu

CONNECTIONS=3

# Without a look at links whenever there is traffic, which would find a lost
# carrier too.
CONFIG='[timers]
audit=300ms
look=0us
hold-down=0us'

# rails_are HOST RAIL...: each connection has one path on each of these, to
# Anchor and to the kernel, and no other
rails_are() {
	local host=$1 rail want=()
	shift

	for rail in "$@"; do
		want+=("\"eth$rail\"")
	done
	lab_json "$host" connections "(.connections | length) == $CONNECTIONS and
		all(.connections[]; ([.subflows[] | select(.role != \"initial\")
			| select(.state == \"established\") | .link] | sort) ==
			[$(IFS=,; echo "${want[*]}")])" || return
	[ "$(lab_run "$host" ss -Htn state established \
		"src 10.1.0.0/16 or src 10.2.0.0/16" | wc -l)" = \
		$((CONNECTIONS * $#)) ]
}

both_have() {
	for host in cl sv; do
		lab_wait 15 "paths of $host on rails $*" rails_are $host "$@"
	done
}

# repaired LINKS ADDRESSES: at cl; and never anything at sv
repaired() {
	lab_json cl status ".lists.repairs.links == $1 and
		.lists.repairs.addresses == $2" &&
		lab_json sv status '.lists.repairs.links == 0 and
			.lists.repairs.addresses == 0'
}

# Link-local addresses would be tentative for a while, and then told of.
lab_up 2
for rail in 1 2; do
	ip -n cl link set eth$rail addrgenmode none
	ip -n cl -6 addr flush dev eth$rail scope link
done
faults_start cl "$CONFIG"
faults_start sv "$CONFIG"
lab_serve
lab_client hold 10.255.0.2 5000 $CONNECTIONS
both_have 1 2

faults_set cl "links drop 100"
lab_link_down cl 1
both_have 2
lab_wait 10 "a link lost to be counted" repaired 1 0
lab_link_up cl 1
both_have 1 2
lab_wait 10 "a link back to be counted" repaired 2 0
[ "$(faults_made cl "links drop")" -gt 0 ] || lab_fail "nothing was lost"

ip -n cl addr del 10.2.1.2/24 dev eth2
both_have 1
lab_wait 10 "an address gone to be counted" repaired 2 1
ip -n cl addr add 10.2.1.2/24 dev eth2
lab_route_host cl	# the kernel took the route with the address
both_have 1 2
lab_wait 10 "an address back to be counted" repaired 2 2
[ "$(grep -c "than was believed: 1 links, 0 addresses" \
	"$LAB_DIR/cl/log")" = 2 ] || lab_fail "links in the log"
[ "$(grep -c "than was believed: 0 links, 1 addresses" \
	"$LAB_DIR/cl/log")" = 2 ] || lab_fail "addresses in the log"

# What is heard late, or between two audits, was not missed.
faults_set cl
faults_set sv "links late 100 300"
for ((i = 0; i < 3; i++)); do
	lab_link_down sv 1
	both_have 2
	lab_link_up sv 1
	both_have 1 2
done
[ "$(faults_made sv "links late")" -gt 0 ] || lab_fail "nothing was late"

# As many as there are in the time after which it would be counted.
audits() { lab_ctl sv status | jq .lists.audits; }
audited() { [ "$(audits)" -gt "$1" ]; }
lab_wait 20 "some audits" audited $(($(audits) + 15))
repaired 2 2 || lab_fail "counted what was heard"

# And what is lost with a word is asked for at once, and told of.
faults_set sv "links overrun 100"
lab_link_down sv 1
both_have 2
faults_set sv
lab_link_up sv 1
both_have 1 2
lab_json sv status '.counters.overruns > 0' || lab_fail "not counted"
[ "$(grep -c "news of links and addresses were lost" \
	"$LAB_DIR/sv/log")" = 1 ] || lab_fail "losses in the log"
for host in cl sv; do
	lab_daemon_stop $host || lab_fail "status $? at $host"
done
