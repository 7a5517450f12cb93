#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# There is no memory while connections begin: first for what anchord could do
# without, and it finds them all later; then for anything, of which it may die.
# Connections mind neither, and started again it knows them all.
. "${ANCHOR_SRCDIR:-$(dirname "$0")/../..}/tests/lib/lab.sh"
lab_enter "$0" "$@"
set -eu

CROWD=100

# Of each connection at HOST, paths on each rail, and as many sockets.
paths_of() {
	lab_ctl "$1" connections | jq -c '[.connections[] | [.subflows[]
		| select(.role != "initial" and .state == "established")
		| .rail]] | [length, (map(length) | min, max),
		(map(unique | length) | min)]'
}
have_paths() { [ "$(paths_of "$1")" = "[$2,2,2,2]" ]; }
have_subflows() {
	[ "$(lab_run sv ss -Htn "src 10.$1.0.0/16" | wc -l)" = "$2" ]
}
accepted() {
	[ "$(lab_run sv ss -Htn "src 10.255.0.2" | wc -l)" = "$1" ]
}
says() { grep -q "there is no memory for events" "$LAB_DIR/sv/log"; }

# all_there N: connections, with two paths each and no more
all_there() {
	local rail

	for host in cl sv; do
		lab_wait 30 "two paths each at $host" have_paths $host "$1"
	done
	for rail in 1 2; do
		lab_wait 10 "one subflow each on rail $rail" \
			have_subflows $rail "$1"
	done
}

# The client leaves it to the server, which has no memory, to open paths.
lab_up 2
lab_daemon_start cl '[timers]
grace=60s'
LAB_ANCHORD=$ANCHOR_BUILDDIR/tests/tools/anchord-starved \
	lab_daemon_start sv '[timers]
audit=1s'
lab_serve
kill -USR1 "$(cat "$LAB_DIR/sv/pid")"
lab_client hold 10.255.0.2 5000 $CROWD
lab_wait 30 "$CROWD connections" accepted $CROWD
lab_wait 10 "a line in the log" says
kill -USR2 "$(cat "$LAB_DIR/sv/pid")"
all_there $CROWD
lab_json sv status '.lists.losses > 0' || lab_fail "not counted"
lines=$(grep -c "there is no memory for events" "$LAB_DIR/sv/log")
[ "$lines" -lt 20 ] || lab_fail "$lines lines in the log"

# Nothing is left at all.
pid=$(cat "$LAB_DIR/sv/pid")
size=$(awk '/^VmSize/ { print $2 * 1024 }' "/proc/$pid/status")
prlimit --pid "$pid" --as="$size"
lab_client hold 10.255.0.2 5000 $((19 * CROWD))
lab_wait 30 "$((20 * CROWD)) connections" accepted $((20 * CROWD))
gone() { ! kill -0 "$pid" 2>/dev/null; }
lab_wait 10 "it to die" gone
wait "$pid" || true
lab_daemon_start sv
all_there $((20 * CROWD))
lab_json sv status '.lists.adopted > 0' || lab_fail "nothing was adopted"
for client in "${LAB_CLIENTS[@]}"; do
	kill -0 "$client" || lab_fail "connections ended"
done
