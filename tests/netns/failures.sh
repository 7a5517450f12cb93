#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# All that may befall a rail, one after the other, to connections of both
# families that carry data in one direction or the other: they go on by the
# other rail, and in the end have one path on each rail again, the same ones at
# both ends.
. "${ANCHOR_SRCDIR:-$(dirname "$0")/../..}/tests/lib/lab.sh"
. "${ANCHOR_SRCDIR:-$(dirname "$0")/../..}/tests/lib/failures.sh"
lab_enter "$0" "$@"
set -eu

CONFIG='[timers]
connect=1s
keep-alive=500ms
retry-min=200ms
retry-max=1s
hold-down=200ms
hold-down-max=500ms'
RATE=10		# Mbit/s, of each connection
TO_SV=5000	# the service that clients send to
TO_CL=5001	# and the one that sends to them

# A connection's own paths, such as they are or are to be
PATHS='def paths: [.subflows[] | select(.role != "initial")];'

# The ports of a host's connections whose paths must go when that befalls the
# rail: who sends notices all; who only acknowledges, what the link shows, and
# what is said by the rail itself. Where what is short still passes, only what
# carries data is noticed, and this may be what the other rail carries.
who_notices() {
	case $1 in
	data-only) return ;;
	*-"$2" | reboot | reset)
		[[ $1 == one-way-* ]] || {
			echo $TO_SV $TO_CL
			return
		}
		;;
	esac
	[ "$2" = cl ] && echo $TO_SV || echo $TO_CL
}

# paths_on HOST PORT LINK...: both connections have one path on each
paths_on() {
	local host=$1 port=$2 links
	shift 2

	links=$(printf '"%s",' "$@")
	lab_json "$host" connections "$PATHS"' [.connections[] |
		select(.local.port == '"$port"' or .remote.port == '"$port"')] |
		length == 2 and all(.[]; paths | all(.[]; .rail == .remote_rail)
		and ([.[] | select(.state == "established") | .link] | sort) ==
		['"${links%,}"'])'
}

# only_on HOST RAIL PORT...
only_on() {
	local host=$1 rail=$2 port
	shift 2

	for port; do
		paths_on "$host" "$port" "eth$rail" || return 1
	done
}

# What both ends say of all paths, as seen by the client
pairs() {
	local from=local to=remote
	[ "$1" = cl ] || { from=remote to=local; }

	lab_ctl "$1" connections | jq -c "$PATHS"' [.connections[] | paths[] |
		[.'$from', .'$to', .state]] | sort'
}

complete() {
	local host port

	for host in cl sv; do
		for port in $TO_SV $TO_CL; do
			paths_on $host $port eth1 eth2 || return 1
		done
	done
	[ "$(pairs cl)" = "$(pairs sv)" ]
}

# sent HOST PORT RAIL: bytes, by each of its two connections
sent() {
	lab_ctl "$1" connections --samples | jq -c "$PATHS"' [.connections[] |
		select(.local.port == '"$2"' or .remote.port == '"$2"') |
		[paths[] | select(.link == "eth'"$3"'") |
		.sample.bytes_out? // 0] | add] | sort'
}

# Some 30 ms of what each sends
goes_on() {
	local before=$1 now
	shift

	now=$(sent "$@")
	jq -en --argjson before "$before" --argjson now "$now" '
		[$before, $now] | transpose | length == 2 and
		all(.[]; .[1] > .[0] + 40000)' >/dev/null
}

# try KIND RAIL
try() {
	local what=$1 rail=$2 other=$((3 - $2)) host

	failure_begin "$what" "$rail"
	for host in cl sv; do
		# shellcheck disable=SC2046
		lab_wait 10 "$what: the paths on rail $rail to go at $host" \
			only_on $host $other $(who_notices "$what" $host)
	done
	lab_wait 10 "$what: data to the server" \
		goes_on "$(sent cl $TO_SV $other)" cl $TO_SV $other
	lab_wait 10 "$what: data to the client" \
		goes_on "$(sent sv $TO_CL $other)" sv $TO_CL $other
	failure_end "$what" "$rail"
	lab_wait 20 "$what: all paths again, and the same at both ends" complete
}

lab_show_more() {
	lab_ctl cl connections
	lab_ctl sv connections
}

lab_up 2
lab_shape 100mbit
lab_daemon_start cl "$CONFIG"
lab_daemon_start sv "$CONFIG"
# Not at all addresses: see IPv6 in anchord(8).
for addr in 10.255.0.2 fd00:255::2; do
	lab_serve $addr $TO_SV
	lab_serve $addr $TO_CL
done
for addr in 10.255.0.2 fd00:255::2; do
	lab_client -r $RATE send $addr $TO_SV -
	lab_client -r $RATE receive $addr $TO_CL -
done
lab_wait 20 "all paths" complete

rail=1
for what in "${FAILURE_KINDS[@]}"; do
	begin=$(date +%s%N)
	try "$what" $rail
	echo "$what on rail $rail: $((($(date +%s%N) - begin) / 1000000)) ms"
	rail=$((3 - rail))
done

lab_transfer_end
jq -c 'del(.buckets)' "$LAB_DIR"/result.*
