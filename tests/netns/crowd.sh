#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Many connections at once: made together, they lose a rail together and have
# it back, and each has exactly its paths then.
. "${ANCHOR_SRCDIR:-$(dirname "$0")/../..}/tests/lib/lab.sh"
lab_enter "$0" "$@"
set -eu

CROWD=1000

# paths_of HOST: how many rails each connection has a path on, from the
# fewest to the most, and the number of all paths
paths_of() {
	lab_ctl "$1" connections | jq -c '[.connections[] | [.subflows[]
		| select(.role != "initial" and .state == "established")
		| .rail]] | [length, (map(length) | min, max),
		(map(unique | length) | min)]'
}
have_paths() { [ "$(paths_of "$1")" = "[$CROWD,$2,$2,$2]" ]; }

lab_up 2
lab_daemon_start cl
lab_daemon_start sv
lab_serve
lab_client hold 10.255.0.2 5000 $CROWD
for host in cl sv; do
	lab_wait 30 "two paths each at $host" have_paths $host 2
done
lab_json sv status '.lists.audit_every_ms == 240000' ||
	lab_fail "audits come as often as for a few connections"

lab_link_down sv 1
for host in cl sv; do
	lab_wait 30 "one path each at $host" have_paths $host 1
done
grep -q "link eth1 is not usable: no carrier; $CROWD paths moved off it" \
	"$LAB_DIR/sv/log" || lab_fail "not all paths moved together"

lab_link_up sv 1
for host in cl sv; do
	lab_wait 30 "two paths again at $host" have_paths $host 2
done
lab_transfer_end
