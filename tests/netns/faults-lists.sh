#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# The kernel's lists of sockets fail, are interrupted, cut short or lost, at
# the start and after events were lost. What is there stays, is believed only
# when it has been listed whole, and is what it should be in the end; a list
# that cannot be had at all is given up in a while.
. "${ANCHOR_SRCDIR:-$(dirname "$0")/../..}/tests/lib/lab.sh"
. "${ANCHOR_SRCDIR:-$(dirname "$0")/../..}/tests/lib/faults.sh"
lab_enter "$0" "$@"
set -eu

connections=3

# No audit helps.
CONFIG='[timers]
audit=0s'

# paths_are N: each connection has as many, to Anchor and to the kernel
paths_are() {
	local rail

	lab_json sv connections "(.connections | length) == $connections and
		all(.connections[]; [.subflows[] | select(.role != \"initial\")
			| select(.state == \"established\")] | length == $1)" ||
		return
	for rail in 1 2; do
		[ "$(lab_run sv ss -Htn state established \
			"src 10.$rail.0.0/16" | wc -l)" = $connections ] ||
			return
	done
}
ready() { lab_json sv status .ready; }
made() { [ "$(faults_made sv "$1")" = "$2" ]; }
# What the peer has told of: the daemon writes it down a second later.
remembers() { [ "$(grep -c "^peer" "$LAB_DIR/sv/control.memory")" = 2 ]; }
kill_daemon() {
	kill -KILL "$(cat "$LAB_DIR/sv/pid")"
	wait "$(cat "$LAB_DIR/sv/pid")" || true
	: >"$LAB_DIR/sv/log"
}

# starts_with RULE...: and finds all connections as they are
starts_with() {
	echo "$SECONDS s: start with $*"
	kill_daemon
	faults_set sv "$@"
	faults_start sv "$CONFIG"
	lab_wait 10 "to be ready, with $*" ready
	lab_json sv status ".lists.adopted == $connections and
		.counters.actions == 0" || lab_fail "not adopted, with $*"
	paths_are 2 || lab_fail "not as it was, with $*"
	faults_set sv
}

# loses_with RULE...: a connection begins, and nobody hears of it
loses_with() {
	local losses
	losses=$(lab_ctl sv status | jq .lists.losses)

	echo "$SECONDS s: loss with $*"
	faults_set sv "events overrun 100" "announced overrun 100" "$@"
	lab_client hold 10.255.0.2 5000 1
	connections=$((connections + 1))
	lab_wait 10 "a loss" lab_json sv status ".lists.losses > $losses"
	lab_wait 10 "all faults to be made" all_made "$@"
	faults_set sv
	lab_wait 20 "all paths" paths_are 2
	: >"$LAB_DIR/sv/log"
}
all_made() {
	local rule

	for rule in "$@"; do
		set -- $rule
		[ "$(faults_made sv "$1 $2")" -ge "$4" ] || return
	done
}

lab_up 2
lab_daemon_start cl
faults_start sv "$CONFIG"
lab_serve
lab_client hold 10.255.0.2 5000 $connections
lab_wait 10 "all paths" paths_are 2
lab_wait 10 "what is to be remembered" remembers

for fault in "list ENOMEM 100 2" "list EPERM 100 1" "list overrun 100 3" \
	"listed interrupt 100 3" "listed cut 100 2"; do
	starts_with "$fault"
	read -r target what _ n <<<"$fault"
	made "$target $what" "$n" || lab_fail "not so often: $fault"
done
for fault in "list ENOMEM 100 2" "listed interrupt 100 3" \
	"listed cut 100 2"; do
	loses_with "$fault"
done

# There are none to be had at all.
echo "$SECONDS s: no lists at all"
kill_daemon
faults_set sv "list EPERM 100"
faults_start sv "$CONFIG"
lab_wait 20 "to be ready all the same" ready
grep -q "cannot be listed: Operation not permitted; what has been missed" \
	"$LAB_DIR/sv/log" || lab_fail "no word of it"
lab_json sv status '.lists.adopted == 0 and .connections == 0' ||
	lab_fail "adopted from nowhere"
faults_set sv
lab_ctl sv reload >/dev/null || lab_fail "not reloaded"
lab_wait 10 "all paths" paths_are 2
lab_daemon_stop sv || lab_fail "status $?"
