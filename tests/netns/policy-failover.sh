#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Module failover: the second rail stands by without a byte of payload, is
# promoted when the first is lost, and gives back after hold.
. "${ANCHOR_SRCDIR:-$(dirname "$0")/../..}/tests/lib/lab.sh"
lab_enter "$0" "$@"
set -eu

# Two paths for each of the two connections, those on eth1 backup
stands_by() {
	lab_json "$1" paths '[.paths[] | select(.role != "initial" and
		.state == "established" and .rail == .remote_rail) |
		"\(.rail):\(.backup)"] | sort ==
		["eth1:true", "eth1:true", "eth2:false", "eth2:false"]'
}

# Packets with payload by the paths of a rail, from both hosts
payload() {
	echo $(($(lab_metered cl path out "$1") +
		$(lab_metered sv path out "$1")))
}

carries() { [ "$(payload "$1")" -gt $(($2 + 50)) ]; }

lab_up 2
lab_shape 100mbit
lab_serve
for host in cl sv; do
	lab_meter $host
	lab_policy $host 10-test '[policy]
module=failover
[failover]
order=eth2,eth1
hold=700ms'
	lab_daemon_start $host
done

lab_transfer
lab_client echo 10.255.0.2 5000 -
for host in sv cl; do
	lab_wait 10 "eth1 to stand by at $host" stands_by $host
done
lab_wait 10 "payload on the first rail" carries 2 "$(payload 2)"
lab_wait 10 "some time to pass" lab_json sv paths \
	'all(.paths[]; .age_ms > 400)'
[ "$(payload 1)" = 0 ] ||
	lab_fail "$(payload 1) packets with payload on the standby rail"

standby=$(payload 1)
lab_link_down sv 2
lab_wait 10 "the standby rail to be promoted" carries 1 "$standby"
for host in sv cl; do
	lab_wait 10 "paths on the standby rail alone at $host" \
		lab_json $host paths '[.paths[] |
			select(.role != "initial" and
				.state == "established")] |
			length == 2 and
			all(.[]; .rail == "eth1" and (.backup | not))'
done

lab_link_up sv 2
lab_route_host sv
first=$(payload 2)
lab_wait 10 "the first rail's paths, to stand by at first" lab_json sv paths \
	'[.paths[] | select(.rail == "eth2" and .role != "initial") | .backup] ==
	[true, true]'
lab_wait 10 "the first rail to carry again" carries 2 "$first"
for host in sv cl; do
	lab_wait 10 "eth1 to stand by again at $host" stands_by $host
done
lab_wait 10 "the first rail to carry" carries 2 "$(payload 2)"
standby=$(payload 1)
lab_wait 10 "the first rail to carry on" carries 2 $(($(payload 2) + 500))
[ "$(payload 1)" = "$standby" ] ||
	lab_fail "the standby rail carries on after fail-back"
lab_transfer_end
