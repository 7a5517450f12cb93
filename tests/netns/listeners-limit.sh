#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Services whose IPv6 addresses cannot be announced with a port have listeners
# at theirs, on each link, up to a limit: what is over it is not announced,
# counted and told of once, and has its turn when there is room. And whatever
# descriptors may be had are had.
. "${ANCHOR_SRCDIR:-$(dirname "$0")/../..}/tests/lib/lab.sh"
lab_enter "$0" "$@"
set -eu

announced_to() {
	lab_json cl connections "[.connections[] | select(.remote.port == $1) |
		.peer_announced[]] | length == $2"
}
over_limit() { lab_json sv status '.counters.listeners_over_limit > 0'; }
listening() {
	[ "$(lab_run sv ss -Hltn "sport = :$1" | grep -c "fd00:[12]:")" = "$2" ]
}

lab_up 2
lab_daemon_start cl
LAB_AS=(prlimit --nofile=300:900)
lab_daemon_start sv '[limits]
listeners=2
[timers]
retry-max=1s'
[ "$(awk '/^Max open files/ { print $4, $5 }' \
	"/proc/$(cat "$LAB_DIR/sv/pid")/limits")" = "900 900" ] ||
	lab_fail "descriptors that may be had are not"

for port in 5000 5001; do
	lab_serve fd00:255::2 $port
done
lab_client hold fd00:255::2 5000 1
lab_wait 10 "both addresses of the first" announced_to 5000 2
lab_client hold fd00:255::2 5001 1
lab_wait 10 "the second to be refused" over_limit
announced_to 5001 0 || lab_fail "announced where nobody listens"
listening 5000 2 || lab_fail "not two listeners for the first"
listening 5001 0 || lab_fail "more listeners than may be"

kill "${LAB_CLIENTS[0]}"
wait "${LAB_CLIENTS[0]}" || true
lab_wait 30 "both addresses of the second" announced_to 5001 2
listening 5001 2 || lab_fail "not two listeners for the second"
[ "$(grep -c "and at no more" "$LAB_DIR/sv/log")" = 1 ] ||
	lab_fail "not one line in the log"
