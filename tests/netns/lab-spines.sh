#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# The lab with spines is what the other tests take it for: a flow keeps to one
# path of the fabric, flows are spread over all; and the meter counts packets
# with payload, and no others.
. "${ANCHOR_SRCDIR:-$(dirname "$0")/../..}/tests/lib/lab.sh"
lab_enter "$0" "$@"
set -eu

SPINES=4

spines() {
	local i
	for ((i = 1; i <= SPINES; i++)); do
		lab_sent ta spine$i
	done | jq -cs .
}

# spread_since BEFORE: paths of the fabric that more than 100 kB went over
spread_since() {
	spines | jq --argjson before "$1" \
		'[., $before] | transpose | map(select(.[0] - .[1] > 1e5)) |
		length'
}

lab_up_spines $SPINES 50mbit
lab_serve ::
for to in 10.1.2.2 10.255.0.2 fd00:1:2::2 fd00:255::2; do
	before=$(spines)
	lab_traffic cl -t send $to 5000 2MB >"$LAB_DIR/one" ||
		lab_fail "no way to $to"
	[ "$(spread_since "$before")" = 1 ] ||
		lab_fail "one flow to $to took several paths"
	jq -e '.bytes == 2e6 and .mbit_per_s < 60 and (.mptcp | not)' \
		"$LAB_DIR/one" || lab_fail "faster than a path of the fabric"
done

before=$(spines)
for i in {1..12}; do
	lab_traffic cl send 10.255.0.2 5000 0.5MB >/dev/null &
	clients[i]=$!
done
wait "${clients[@]}"
[ "$(spread_since "$before")" -ge 2 ] || lab_fail "flows are not spread"

lab_limit_spine 1 1mbit
lab_run ta ip route replace 10.1.2.0/24 via 10.253.1.2
lab_traffic cl send 10.1.2.2 5000 0.15MB | jq -e '.mbit_per_s < 2' ||
	lab_fail "faster than the one path that was limited"
lab_run ta ip route replace 10.1.2.0/24 via 10.253.2.2

# A request is a packet, an answer another; the first one says what to do.
for to in 10.1.2.2 10.255.0.2 fd00:1:2::2; do
	for host in cl sv; do
		lab_meter $host
	done
	lab_traffic cl echo $to 5000 0.01 >"$LAB_DIR/echo"
	n=$(jq .requests "$LAB_DIR/echo")
	[ "$(lab_metered cl link out 1)" = $((n + 1)) ] &&
		[ "$(lab_metered cl link in 1)" = "$n" ] &&
		[ "$(lab_metered sv link out 1)" = "$n" ] &&
		[ "$(lab_metered sv link in 1)" = $((n + 1)) ] ||
		lab_fail "not what $n requests to $to are"
	[ $to = 10.255.0.2 ] && n=-1
	[ "$(lab_metered sv path in 1)" = $((n + 1)) ] ||
		lab_fail "not what is for the link's address"
	for host in cl sv; do
		lab_run $host nft delete table inet payload
	done
done
