#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Anchor is killed and started again while a transfer goes on: at the server,
# then at the client. It takes the connection over as it is, touches nothing,
# listens where it did, and moves it off a link and back as if it had never
# been away.
. "${ANCHOR_SRCDIR:-$(dirname "$0")/../..}/tests/lib/lab.sh"
lab_enter "$0" "$@"
set -eu

# What must be the same: subflows at HOST, and where joins are taken there.
subflows() { lab_ctl "$1" paths | jq -c '[.paths[] | select(.state ==
	"established") | [.local, .remote, .role, .backup, .link]] | sort'; }
join_ports() { lab_ctl "$1" links | jq -c '[.links[].addresses[] |
	[.address, .join_port]] | sort'; }
announced() { lab_ctl "$1" connections | jq -c '[.connections[].announced[] |
	[.id, .address, .port]] | sort'; }
state() { subflows "$1" && join_ports "$1" && announced "$1"; }

# Those that the other end has told of: the daemon writes them a second later.
remembers() { [ "$(grep -c "^peer" "$LAB_DIR/$1/control.memory")" = "$2" ]; }

kill_daemon() {
	kill -KILL "$(cat "$LAB_DIR/$1/pid")"
	wait "$(cat "$LAB_DIR/$1/pid")" || true
}

ready() { lab_json "$1" status .ready; }

# restarted HOST: by a daemon that has nothing to do
restarted() {
	local before
	before=$(state "$1")

	lab_wait 10 "what is to be remembered at $1" remembers "$1" 2
	kill_daemon "$1"
	lab_daemon_start "$1"
	lab_wait 10 "$1 to be ready" ready "$1"
	[ "$(state "$1")" = "$before" ] ||
		lab_fail "it is not as it was at $1: $before, now $(state "$1")"
	lab_json "$1" connections '.connections | length == 1 and .[0].adopted
		and .[0].path_manager == "userspace"' ||
		lab_fail "the connection was not adopted at $1"
	lab_json "$1" status '.counters.actions == 0 and .lists.adopted == 1 and
		all(.lists.repairs[]; . == 0)' ||
		lab_fail "something was done at $1"
}

# moves HOST: off a link that it loses, and back
moves() {
	local before
	before=$(announced "$1")

	lab_link_down "$1" 1
	lab_wait 10 "one path at sv" lab_paths_are sv 1
	lab_wait 10 "one path at cl" lab_paths_are cl 1
	lab_link_up "$1" 1
	lab_wait 10 "two paths again at sv" lab_paths_are sv 2
	lab_wait 10 "two paths again at cl" lab_paths_are cl 2
	[ "$(announced "$1")" = "$before" ] ||
		lab_fail "other announcements at $1 than before"
}

lab_up 2
lab_shape 200mbit
lab_daemon_start cl
lab_daemon_start sv
lab_serve
lab_transfer
for host in sv cl; do
	lab_wait 10 "two paths at $host" lab_paths_are $host 2
	lab_wait 10 "backup at $host" lab_json $host paths \
		'any(.paths[]; .role == "initial" and .backup)'
done

for host in sv cl; do
	restarted $host
	moves $host
done

# A link is lost while nobody looks, and a port taken: the path on it is
# closed, and the port is another one.
kill_daemon sv
lab_link_down sv 2
port=$(sed -n 's/^port eth1 10.1.2.2://p' "$LAB_DIR/sv/control.memory")
lab_run sv "$ANCHOR_BUILDDIR/tests/tools/mptraffic" serve 10.1.2.2 "$port" &
lab_wait 10 "the port to be taken" lab_listens 10.1.2.2 "$port"
lab_daemon_start sv
lab_wait 10 "one path at sv" lab_paths_are sv 1
lab_wait 10 "one path at cl" lab_paths_are cl 1
grep -q "10.1.2.2 on eth1: port $port, where joins were taken, is in use" \
	"$LAB_DIR/sv/log" || lab_fail "nothing in the log"
other_port() {
	announced sv | jq -e 'any(.[]; .[1] == "10.1.2.2" and
		.[2] != '"$port"' and .[2] != 0)'
}
lab_wait 10 "the other port to be announced" other_port
lab_link_up sv 2
lab_wait 10 "two paths again at sv" lab_paths_are sv 2
lab_wait 10 "two paths again at cl" lab_paths_are cl 2
lab_transfer_end
