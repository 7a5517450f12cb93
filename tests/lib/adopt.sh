# SPDX-License-Identifier: BSD-3-Clause
# Anchor is killed and started again under one connection of two paths, for
# scripts that have entered the lab (lab.sh).

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

# restarted HOST REMEMBERED: by a daemon that has nothing to do
restarted() {
	local before
	before=$(state "$1")

	lab_wait 10 "what is to be remembered at $1" remembers "$1" "$2"
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
