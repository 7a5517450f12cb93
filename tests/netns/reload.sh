#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# What files say may change while connections are there: all of it or nothing,
# and what stays the same is not touched. explain says what would be.
. "${ANCHOR_SRCDIR:-$(dirname "$0")/../..}/tests/lib/lab.sh"
lab_enter "$0" "$@"
set -eu

policy() { printf '%s\n' "$2" >"$LAB_DIR/$1/policy.d/50-test.conf"; }

explains() {
	lab_ctl sv explain "$1" "$2" | jq -e "$3" >/dev/null ||
		lab_fail "explain $1 $2: not $3: $(lab_ctl sv explain "$1" "$2")"
}

ports() {
	lab_ctl sv paths | jq -c '[.paths[] | select(.role != "initial") |
		[.local.port, .remote.port]] | sort'
}

actions() { lab_ctl sv status | jq .counters.actions; }

lab_up 2
lab_daemon_start cl
lab_daemon_start sv
explains 10.255.0.1:5000 server '.managed and .assumed and .rule == "built-in"
	and .policy == "rail" and (.paths | length == 2)
	and all(.paths[]; .rail == .remote_rail and .remote.address == null)'
explains 192.0.2.1 client '.assumed and .rule == "built-in"'
lab_serve
lab_transfer
lab_wait 10 "two paths" lab_paths_are sv 2
explains 10.255.0.1:5000 server '(.assumed | not) and
	([.paths[].remote.address] | sort == ["10.1.1.2", "10.2.1.2"])'

# Nothing new: nothing is done. Something wrong: nothing is done either.
before=$(ports) done_before=$(actions)
lab_ctl sv reload | jq -e '.reloaded and .moved == 0 and .restart == []' ||
	lab_fail "a reload of the same"
policy sv '[policy]
module=nonsense
[match]
peer=x'
! lab_ctl sv reload 2>"$LAB_DIR/refused" || lab_fail "errors are accepted"
[ "$(grep -c "50-test.conf:[24]: error: " "$LAB_DIR/refused")" = 2 ] ||
	lab_fail "not both errors are told: $(cat "$LAB_DIR/refused")"
[ "$(ports) $(actions)" = "$before $done_before" ] ||
	lab_fail "paths were touched without need"
lab_json sv status '.counters.reloads == 1 and
	.counters.reload_failures == 1' || lab_fail "not counted"

# Another module: the paths go. And they come again, by a signal this time.
policy cl '[policy]
module=off'
lab_ctl cl reload | jq -e '.moved == 1' || lab_fail "the client did not move"
policy sv '[match]
peer=10.255.0.0/16
[policy]
module=off'
lab_ctl sv reload | jq -e '.moved == 1 and .rules == 2' ||
	lab_fail "the connection did not move"
lab_wait 10 "no path" lab_paths_are sv 0
explains 10.255.0.1 server '.rule == "50-test" and .paths == [] and
	.announce == [] and .policy == "off"'
explains 192.0.2.1 server '.rule == "built-in" and
	(.files[0] | .fits == false and (.reason | test("peer")))'
rm "$LAB_DIR"/{cl,sv}/policy.d/50-test.conf
kill -HUP "$(cat "$LAB_DIR/sv/pid")" "$(cat "$LAB_DIR/cl/pid")"
lab_wait 10 "two paths again" lab_paths_are sv 2
lab_transfer_end
lab_daemon_stop sv
lab_daemon_stop cl
