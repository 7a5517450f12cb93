#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Module spread: paths=1 of two rails is one path, both ends agree on which,
# connections differ, and prefer decides.
. "${ANCHOR_SRCDIR:-$(dirname "$0")/../..}/tests/lib/lab.sh"
lab_enter "$0" "$@"
set -eu

CONNECTIONS=12

# spread [OPTION]: anchord on both hosts
spread() {
	local host

	for host in cl sv; do
		lab_policy $host 10-test "[policy]
module=spread
[spread]
paths=1
${1:-}"
		lab_daemon_start $host
	done
}

# every HOST FILTER: true of all connections' paths, and there are all
every() {
	lab_json "$1" connections "[.connections[] | [.subflows[] |
		select(.role != \"initial\" and .state == \"established\" and
			.rail == .remote_rail)]] |
		length == $CONNECTIONS and all(.[]; $2)"
}

# Where each connection's paths are, by the client's end of it
places() {
	lab_ctl "$1" connections | jq -c '[.connections[] | {
		key: (if .role == "client" then .local else .remote end |
			tostring),
		value: [.subflows[] | select(.role != "initial") |
			.rail] }] | sort'
}

lab_up 2
lab_serve
spread
lab_client hold 10.255.0.2 5000 $CONNECTIONS
for host in sv cl; do
	lab_wait 10 "one path each at $host" every $host 'length == 1'
done
lab_wait 10 "all of them, for a while" lab_json sv connections \
	'all(.connections[]; .age_ms > 1500)'
for host in sv cl; do
	every $host 'length == 1' || lab_fail "not one path each at $host"
done
[ "$(places cl)" = "$(places sv)" ] ||
	lab_fail "the ends do not agree: $(places cl) $(places sv)"
lab_json sv paths '[.paths[] | select(.role != "initial") | .rail] |
	unique == ["eth1", "eth2"]' || lab_fail "all connections are on one rail"
lab_transfer_end
for host in cl sv; do
	lab_daemon_stop $host
done

spread prefer=eth2
lab_client hold 10.255.0.2 5000 $CONNECTIONS
for host in sv cl; do
	lab_wait 10 "the preferred link at $host" every $host \
		'length == 1 and .[0].link == "eth2"'
done
lab_transfer_end
