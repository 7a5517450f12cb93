#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# More events than the buffer holds while anchord does not run: that is
# counted and told, and all connections have their paths nevertheless, once.
. "${ANCHOR_SRCDIR:-$(dirname "$0")/../..}/tests/lib/lab.sh"
lab_enter "$0" "$@"
set -eu

CROWD=300

# paths_of HOST: of each connection, the fewest and the most rails it has a
# path on, and of subflows
paths_of() {
	lab_ctl "$1" connections | jq -c '[.connections[] | [.subflows[]
		| select(.role != "initial" and .state == "established")
		| .rail]] | [length, (map(length) | min, max),
		(map(unique | length) | min)]'
}
have_paths() { [ "$(paths_of "$1")" = "[$CROWD,2,2,2]" ]; }

# As many sockets as there should be: none that nobody knows of.
have_subflows() {
	[ "$(lab_run "$1" ss -Htn "src 10.$2.0.0/16" | wc -l)" = $CROWD ]
}
accepted() {
	[ "$(lab_run sv ss -Htn "src 10.255.0.2" | wc -l)" = $CROWD ]
}

lab_up 2
lab_daemon_start cl
lab_daemon_start sv '[kernel]
receive-buffer=64k'
lab_serve
kill -STOP "$(cat "$LAB_DIR/sv/pid")"
lab_client hold 10.255.0.2 5000 $CROWD
lab_wait 30 "$CROWD connections" accepted
kill -CONT "$(cat "$LAB_DIR/sv/pid")"

lab_wait 30 "two paths each at sv" have_paths sv
lab_wait 30 "two paths each at cl" have_paths cl
lab_json sv status '.lists.losses > 0 and .counters.overruns > 0 and
	.lists.repairs.connections_missed > 0' || lab_fail "not counted"
lab_json cl status '.counters.overruns == 0' || lab_fail "cl lost events"
grep -q "events of the kernel were lost" "$LAB_DIR/sv/log" ||
	lab_fail "nothing in the log"
for host in cl sv; do
	for rail in 1 2; do
		lab_wait 10 "one subflow each on rail $rail at $host" \
			have_subflows $host $rail
	done
done

# And back again: a connection that ends while nobody looks is found gone.
kill -STOP "$(cat "$LAB_DIR/sv/pid")"
kill "${LAB_CLIENTS[@]}"
wait "${LAB_CLIENTS[@]}" || true
LAB_CLIENTS=()
kill -CONT "$(cat "$LAB_DIR/sv/pid")"
lab_wait 30 "no connection at sv" lab_json sv status .connections==0
