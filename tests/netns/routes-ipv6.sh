#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# A link loses its carrier where no IPv6 route has changed for long, so that
# the kernel's sockets would go on sending by it: of many connections each
# peer hears of the loss, whichever link its rendezvous subflow went by, and
# the address of the loopback interface is what it was.
. "${ANCHOR_SRCDIR:-$(dirname "$0")/../..}/tests/lib/lab.sh"
lab_enter "$0" "$@"
set -eu

CONNS=16

settled() { [ -z "$(lab_run "$1" ip -6 addr show tentative)" ]; }

paths_are() { lab_json "$1" status ".paths == $2"; }

heard() {
	[ "$(lab_run sv nstat -asz | awk '$1 == "MPTcpExtRmAddr" {
		print $2 }')" = "$1" ]
}

loopback() { lab_run cl ip -6 -d addr show dev lo; }

lab_up 2
for host in cl sv; do
	lab_daemon_start $host
	lab_wait 10 "the addresses of $host" settled $host
done
lab_serve fd00:255::2
before=$(loopback)
lab_client hold fd00:255::2 5000 $CONNS
for host in cl sv; do
	lab_wait 10 "all paths at $host" paths_are $host $((2 * CONNS))
done

lab_link_down cl 1
lab_wait 10 "half of them at sv" paths_are sv $CONNS
# Each is told twice, lest one be lost.
lab_wait 10 "all withdrawals" heard $((2 * CONNS))
[ "$(loopback)" = "$before" ] ||
	lab_fail "another loopback address: $(loopback), before $before"
! grep -q "may go on sending" "$LAB_DIR/cl/log" ||
	lab_fail "routes were not renewed"
lab_transfer_end
