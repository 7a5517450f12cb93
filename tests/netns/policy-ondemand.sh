#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Module ondemand: one path while there is little to send, a second one when
# the first is full, one again once there is nothing more for it.
. "${ANCHOR_SRCDIR:-$(dirname "$0")/../..}/tests/lib/lab.sh"
lab_enter "$0" "$@"
set -eu

lab_up 2
lab_shape 200mbit
lab_serve
for host in cl sv; do
	lab_policy $host 10-test '[policy]
module=ondemand
[ondemand]
after=200ms
idle=1s
sample=50ms'
	lab_daemon_start $host
done

# In Mbit/s: less than a rail has, all there is, next to nothing.
lab_client -r 20,0,0.05 send 10.255.0.2 5000 -
for host in sv cl; do
	lab_wait 10 "one path at $host" lab_paths_are $host 1
done
lab_wait 10 "time enough for another" lab_json sv paths \
	'all(.paths[]; .age_ms > 1800)'
for host in sv cl; do
	lab_paths_are $host 1 || lab_fail "not one path any more at $host"
done
kept=$(lab_ctl sv paths | jq '.paths[] | select(.role != "initial") |
	.local.port')

kill -USR1 "${LAB_CLIENTS[0]}"
for host in sv cl; do
	lab_wait 10 "a second path at $host" lab_paths_are $host 2
done
for rail in 1 2; do
	lab_wait 10 "rail $rail to carry" lab_carries $rail \
		"$(lab_bytes cl $rail tx)"
done

kill -USR1 "${LAB_CLIENTS[0]}"
for host in sv cl; do
	lab_wait 10 "one path again at $host" lab_paths_are $host 1
done
lab_json sv paths "any(.paths[]; .local.port == $kept)" ||
	lab_fail "the first path is not the one that is left"
lab_transfer_end
