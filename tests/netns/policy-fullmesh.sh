#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Module fullmesh: every address with every other, as far as max allows.
. "${ANCHOR_SRCDIR:-$(dirname "$0")/../..}/tests/lib/lab.sh"
lab_enter "$0" "$@"
set -eu

# pairs_are HOST PAIR...: that many paths, on just these pairs of rails
pairs_are() {
	local host=$1
	shift
	lab_json "$host" paths '[.paths[] | select(.role != "initial" and
		.state == "established") | "\(.rail)-\(.remote_rail)"] |
		sort == ("'"$*"'" | split(" "))'
}

mesh="eth1-eth1 eth1-eth2 eth2-eth1 eth2-eth2"

lab_up 2
lab_serve
for host in cl sv; do
	lab_policy $host 10-test '[policy]
module=fullmesh'
	lab_daemon_start $host
done

lab_transfer
for host in sv cl; do
	lab_wait 10 "all four paths at $host" pairs_are $host "$mesh"
done
for host in sv cl; do
	lab_wait 10 "all four paths at $host, for a while" lab_json $host \
		paths 'all(.paths[]; .age_ms > 300)'
	pairs_are $host "$mesh" || lab_fail "not the same any more"
	lab_json $host paths 'all(.paths[]; .role == "initial" or
		(.backup | not))' || lab_fail "a path is backup at $host"
done
lab_transfer_end

# Bounded: the common rails come first.
for host in cl sv; do
	lab_daemon_stop $host
	lab_policy $host 10-test '[policy]
module=fullmesh
[fullmesh]
max=2'
	lab_daemon_start $host
done
lab_transfer
for host in sv cl; do
	lab_wait 10 "two paths at $host" pairs_are $host eth1-eth1 eth2-eth2
done
lab_wait 10 "two paths, for a while" lab_json sv paths \
	'all(.paths[]; .age_ms > 500)'
pairs_are sv eth1-eth1 eth2-eth2 || lab_fail "more paths than max"
lab_transfer_end
