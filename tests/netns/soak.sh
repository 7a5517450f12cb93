#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Links, addresses and ToRs fail and come back at random while transfers run.
# Afterwards no byte is lost, no connection is dead, and each has exactly its
# paths. "make soak" goes on for some minutes.
#
# SOAK_SECONDS	how long, default 12
# SOAK_SEED	of what happens; the one that is used is printed
. "${ANCHOR_SRCDIR:-$(dirname "$0")/../..}/tests/lib/lab.sh"
. "${ANCHOR_SRCDIR:-$(dirname "$0")/../..}/tests/lib/failures.sh"
lab_enter "$0" "$@"
set -eu

IDLE=20
seconds=${SOAK_SECONDS:-12}
seed=${SOAK_SEED:-4711}

# A flapping link is held down longer and longer; not in a test.
CONFIG='[timers]
hold-down-max=2s
retry-max=2s'

# pick N: a number below N
pick() { picked=$((RANDOM % $1)); }

pause() {
	pick "$1"
	sleep "$((picked / 1000)).$(printf '%03d' $((picked % 1000)))"
}

# One rail fails, or the other does before the first is back, or both at once.
fail_once() {
	local what other rail

	pick ${#FAILURE_KINDS[@]}
	what=${FAILURE_KINDS[picked]}
	pick ${#FAILURE_KINDS[@]}
	other=${FAILURE_KINDS[picked]}
	pick 2
	rail=$((picked + 1))
	pick 4
	echo "rail $rail: $what$([ $picked != 0 ] ||
		echo ", the other: $other")"
	failure_begin "$what" $rail
	if [ $picked = 0 ]; then
		pause 600
		failure_begin "$other" $((3 - rail))
		pause 1200
		failure_end "$other" $((3 - rail))
	fi
	pause 2000
	failure_end "$what" $rail
	pause 3000
}

# all_complete HOST: each connection has one path on each rail, and no more
all_complete() {
	lab_json "$1" connections "(.connections | length) == $connections and
		all(.connections[]; [.subflows[] | select(.role != \"initial\")]
		| length == 2 and all(.[]; .state == \"established\" and
			.rail == .remote_rail)
		and (map(.link) | sort) == [\"eth1\", \"eth2\"])"
}

lab_up 2
lab_shape 200mbit
lab_daemon_start cl "$CONFIG"
lab_daemon_start sv "$CONFIG"
lab_serve
lab_client send 10.255.0.2 5000 -
lab_client send 10.255.0.2 5000 -
lab_client receive 10.255.0.2 5000 -
lab_client echo 10.255.0.2 5000 -
lab_client hold 10.255.0.2 5000 $IDLE
connections=$((4 + IDLE))
lab_wait 20 "all paths" all_complete cl

echo "seed $seed"
RANDOM=$seed
end=$((SECONDS + seconds))
n=0
while [ $SECONDS -lt $end ]; do
	fail_once
	n=$((n + 1))
done
echo "$n failures"

for host in cl sv; do
	lab_wait 60 "every connection to have its paths at $host" \
		all_complete $host
done
before=$(lab_bytes cl 1 tx)
lab_wait 10 "data on rail 1" lab_carries 1 "$before"
before=$(lab_bytes cl 2 tx)
lab_wait 10 "data on rail 2" lab_carries 2 "$before"
lab_transfer_end
