#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# News of the kernel are lost, late, twice and in another order, while links
# are cut and return and connections come and go. An audit or two later each
# connection has exactly its paths, to Anchor and to the kernel; what was
# found wrong is counted and told.
. "${ANCHOR_SRCDIR:-$(dirname "$0")/../..}/tests/lib/lab.sh"
. "${ANCHOR_SRCDIR:-$(dirname "$0")/../..}/tests/lib/faults.sh"
lab_enter "$0" "$@"
set -eu

# FAULTS_ROUNDS	how many links are cut, default 4
rounds=${FAULTS_ROUNDS:-4}
connections=6
hosts=(cl sv)

CONFIG='[timers]
audit=500ms
connect=1s
retry-min=200ms
retry-max=1s
hold-down=50ms
hold-down-max=200ms'

FAULTS=("events drop 10" "events late 15 100" "events twice 10"
	"events swap 10" "events overrun 2"
	"announced late 20 100" "announced twice 10" "announced swap 10"
	"links drop 10" "links late 30 100"
	"links twice 15" "links swap 15" "links overrun 15")

# complete HOST: each has one path on each rail, and the kernel no other
complete() {
	lab_json "$1" connections "(.connections | length) == $connections and
		all(.connections[]; [.subflows[] | select(.role != \"initial\")
			| [.state, .link]] | sort ==
			[[\"established\", \"eth1\"], [\"established\", \"eth2\"]])" ||
		return
	for rail in 1 2; do
		[ "$(sockets "$1" $rail)" = $connections ] || return
	done
}

sockets() { lab_run "$1" ss -Htn state established "src 10.$2.0.0/16" | wc -l; }
moved() { [ "$(sockets sv "$1")" = 0 ]; }

come_and_go() {
	nsenter --net=/run/netns/cl -- "$ANCHOR_BUILDDIR/tests/tools/mptraffic" \
		hold 10.255.0.2 5000 20 >/dev/null &
	lab_wait 10 "20 more connections" there_are $((connections + 20))
	kill $!
	wait $! || true
	lab_wait 10 "the others to be gone" there_are $connections
}
there_are() {
	[ "$(lab_run sv ss -HMn "src 10.255.0.2" | wc -l)" = "$1" ]
}

RANDOM=$FAULTS_SEED
lab_up 2
lab_shape 200mbit
for host in cl sv; do
	faults_start $host "$CONFIG"
	faults_set $host "${FAULTS[@]}"
done
# The other end would help itself; where both have heard nothing, nobody can.
faults_set sv "announced drop 10" "${FAULTS[@]}"
lab_serve
lab_client -r 100 send 10.255.0.2 5000 -
lab_client echo 10.255.0.2 5000 -
lab_client hold 10.255.0.2 5000 $((connections - 2))
lab_wait 10 "$connections connections" there_are $connections

for ((i = 0; i < rounds; i++)); do
	host=${hosts[i % 2]} rail=$((RANDOM % 2 + 1))
	echo "$SECONDS s: $host loses rail $rail"
	lab_link_down "$host" $rail
	lab_wait 20 "no path on rail $rail" moved $rail
	come_and_go
	echo "$SECONDS s: back"
	lab_link_up "$host" $rail
	for host in cl sv; do
		lab_wait 20 "all paths at $host" complete $host
	done
done

# Links have few messages of their own, and luck may spare all of them.
links_met() {
	ip -n "$1" link set eth1 alias "at $SECONDS $RANDOM"
	[ "$(faults_made "$1" links)" -gt 0 ]
}

for host in cl sv; do
	lab_wait 20 "a fault of links at $host" links_met $host
	for fault in "events drop" "events late" "events twice" \
		"events swap" "events overrun" "links"; do
		[ "$(faults_made $host "$fault")" -gt 0 ] ||
			lab_fail "there was no $fault at $host"
	done
	echo "$SECONDS s: no more faults at $host"
	faults_set $host
	lab_wait 10 "all paths at $host" complete $host
	lab_json $host status '.lists.losses > 0 and .counters.overruns > 0 and
		.lists.audits > 0 and ([.lists.repairs[]] | add) > 0' ||
		lab_fail "not counted at $host"
	grep -q "events of the kernel were lost" "$LAB_DIR/$host/log" &&
		grep -q "all connections were looked at" \
			"$LAB_DIR/$host/log" ||
		lab_fail "nothing in the log of $host"
done

# Quiet again: nothing is done any more, and nothing repaired.
state() { lab_ctl "$1" status |
	jq -c '[.lists.repairs, .counters.actions]'; }
audits() { lab_ctl "$1" status | jq .lists.audits; }
audited() { [ "$(audits "$1")" -gt "$2" ]; }
rests() {
	local before
	before=$(state "$1")

	lab_wait 10 "some audits at $1" audited "$1" $(($(audits "$1") + 2))
	[ "$(state "$1")" = "$before" ]
}
for host in cl sv; do
	lab_wait 20 "$host to be at rest" rests $host
done
echo "$SECONDS s: at rest"
lab_transfer_end
echo "$SECONDS s: transfers have ended"
for host in cl sv; do
	lab_daemon_stop $host || lab_fail "status $? at $host"
done
