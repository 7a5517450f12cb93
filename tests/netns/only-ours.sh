#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# A connection between link addresses is left alone, unless the
# configuration says otherwise.
. "${ANCHOR_SRCDIR:-$(dirname "$0")/../..}/tests/lib/lab.sh"
lab_enter "$0" "$@"
set -eu

lab_up 2
lab_serve 0.0.0.0
lab_daemon_start cl
lab_daemon_start sv
lab_transfer 10.1.2.2 10.1.1.2
for host in cl sv; do
	lab_wait 10 "$host to see and ignore it" lab_json $host status \
		'.counters.ignored == 1 and .connections == 0'
done
lab_transfer_end
for host in cl sv; do
	lab_daemon_stop $host
done

config='[rendezvous]
manage=all'
lab_daemon_start cl "$config"
lab_daemon_start sv "$config"
lab_transfer 10.1.2.2 10.1.1.2
for host in cl sv; do
	lab_wait 10 "a path on the other rail" lab_json $host paths \
		'.paths | length == 2 and all(.[]; .backup | not) and
		(map(.rail) | sort == ["eth1", "eth2"])'
done
lab_transfer_end
