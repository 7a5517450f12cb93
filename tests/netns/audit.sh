#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Audits all the time, while connections come and go and a link does: what is
# believed is what the kernel says, and there is never anything to repair.
. "${ANCHOR_SRCDIR:-$(dirname "$0")/../..}/tests/lib/lab.sh"
lab_enter "$0" "$@"
set -eu

CONFIG='[timers]
audit=100ms
hold-down=0us'

has_connections() { lab_json sv status ".connections == $1"; }

# Some come, and go again.
churn() {
	nsenter --net=/run/netns/cl -- "$ANCHOR_BUILDDIR/tests/tools/mptraffic" \
		hold 10.255.0.2 5000 50 >/dev/null &
	lab_wait 10 "50 more connections" has_connections 51
	kill $!
	wait $! || true
	lab_wait 10 "one connection" has_connections 1
}

lab_up 2
lab_shape 200mbit
lab_daemon_start cl "$CONFIG"
lab_daemon_start sv "$CONFIG"
lab_serve
lab_transfer
lab_wait 10 "two paths" lab_paths_are sv 2
for ((i = 0; i < 3; i++)); do
	churn
done
lab_link_down cl 2
churn
lab_wait 10 "one path" lab_paths_are sv 1
lab_link_up cl 2
lab_wait 10 "two paths again" lab_paths_are sv 2

for host in cl sv; do
	lab_wait 10 "some audits at $host" lab_json $host status \
		'.lists.read > 10 and .lists.audits > 10'
	lab_json $host status 'all(.lists.repairs[]; . == 0) and
		.lists.failed == 0 and .lists.losses == 0' ||
		lab_fail "repaired what was right at $host:" \
			"$(lab_ctl $host status | jq -c .lists)"
	lab_wait 10 "two paths at $host" lab_paths_are $host 2
done
lab_transfer_end
