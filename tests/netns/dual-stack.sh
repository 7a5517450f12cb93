#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# One service at "::" for both families at once. Its IPv4 connections are
# IPv6 sockets with mapped addresses, which the kernel wants named as such.
. "${ANCHOR_SRCDIR:-$(dirname "$0")/../..}/tests/lib/lab.sh"
lab_enter "$0" "$@"
set -eu

lab_up 2
lab_daemon_start cl
lab_daemon_start sv
lab_serve ::
lab_transfer 10.255.0.2
lab_transfer fd00:255::2

# family_paths HOST TEST: of one family, two paths and a backup rendezvous
family_paths() {
	lab_json "$1" connections '[.connections[] |
		select(.remote.address | '"$2"')] | length == 1 and
		(.[0].subflows | map(select(.role != "initial" and
			.state == "established")) | length == 2 and
			all(.[]; .local.address | '"$2"')) and
		(.[0].subflows | map(select(.role == "initial")) |
			length == 1 and .[0].backup)'
}

for host in sv cl; do
	lab_wait 10 "IPv6 paths at $host" family_paths $host 'contains(":")'
	lab_wait 10 "IPv4 paths at $host" \
		family_paths $host '(contains(":") | not)'
done

lab_transfer_end
lab_json sv status '.counters.failed == 0' ||
	lab_fail "the kernel refused a command"
grep -q "\[fd00:1:2::2\]:5000 on eth1: the service listens there itself" \
	"$LAB_DIR/sv/log" ||
	lab_fail "nothing is said of what follows the routes"
