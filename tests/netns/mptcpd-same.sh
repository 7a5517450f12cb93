#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# One story through both hosts: connections, a link that is lost, and its
# return. What anchord and anchor.so do, and hear, is the same.
set -eu

# Events as anchorctl monitor has them, but for ports, tokens and times. The
# order of those that do not depend on each other is not promised; nor whether
# the service has accepted when a path is first opened: if not, that fails, and
# addresses are announced again.
list() {
	jq -r 'select(.event != "open" or .failure == null) |
		[.event, .local.address, .remote.address, .id, .backup, .link,
		.failure] | map(. // "-" | tostring) | join(" ")' "$1" |
		awk '$1 !~ /announce/ || !seen[$0]++' | sort
}

tell_story() {
	. "${ANCHOR_SRCDIR:-$(dirname "$0")/../..}/tests/lib/lab.sh"
	lab_enter "$0" "$@"

	lab_up 2
	lab_daemon_start cl "[timers]
hold-down=0us"
	lab_daemon_start sv "[timers]
hold-down=0us"
	lab_ctl sv monitor >"$LAB_DIR/news" &
	lab_wait 10 "the monitor" test -s "$LAB_DIR/news"
	lab_serve
	lab_client hold 10.255.0.2 5000 1
	lab_wait 10 "two paths" lab_paths_are sv 2
	lab_wait 10 "the rendezvous to stand by" lab_json sv paths \
		'any(.paths[]; .role == "initial" and .backup)'
	lab_link_down sv 1
	lab_wait 10 "one path" lab_paths_are sv 1
	lab_link_up sv 1
	lab_wait 10 "two paths again" lab_paths_are sv 2
	kill -TERM "${LAB_CLIENTS[@]}"
	lab_wait 10 "the end" lab_json sv status '.connections == 0'
	lab_json sv status '.events_from == "'"$1"'"' ||
		lab_fail "events do not come from the $1"
	list "$LAB_DIR/news" >&3
}

[ $# = 0 ] || {
	tell_story "$@"
	exit
}

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
ANCHOR_HOST=anchord bash "$0" kernel 3>"$dir/anchord"
ANCHOR_HOST=mptcpd bash "$0" host 3>"$dir/mptcpd"
[ "$(grep -c ^open "$dir/anchord")" -ge 3 ] || {
	echo "FAIL: there was no story"
	cat "$dir/anchord"
	exit 1
}
diff "$dir/anchord" "$dir/mptcpd" || {
	echo "FAIL: anchord (<) and mptcpd (>) do not do the same"
	exit 1
}
