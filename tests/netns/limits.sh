#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# What is over a limit is left alone, counted, and hurts nobody.
. "${ANCHOR_SRCDIR:-$(dirname "$0")/../..}/tests/lib/lab.sh"
lab_enter "$0" "$@"
set -eu

lab_up 2
lab_daemon_start cl
lab_daemon_start sv '[limits]
connections=1
announced=1'
lab_serve
lab_traffic cl send 10.255.0.2 5000 3 >"$LAB_DIR/one" &
one=$!
lab_wait 2 "a path" lab_json sv paths 'any(.paths[]; .link != null)'
lab_json sv connections \
	'.connections[0].peer_announced | length == 1' ||
	lab_fail "more announcements are kept than may be"

lab_traffic cl send 10.255.0.2 5000 1 >"$LAB_DIR/two" &
two=$!
lab_wait 2 "two connections at the client" \
	lab_json cl status '.connections == 2'
lab_wait 2 "what is over the limits to be counted" \
	lab_json sv status '.connections == 1 and .counters.over_limit >= 2'
grep -q "a limit of" "$LAB_DIR/sv/log" || lab_fail "no word in the log"
[ "$(grep -c "a limit of" "$LAB_DIR/sv/log")" = 1 ] ||
	lab_fail "too many words in the log"

# The client knows both addresses of the server, and helps itself.
lab_wait 3 "the other path, opened by the client" lab_paths_are cl 2
wait $one && wait $two || lab_fail "a transfer failed"
jq -es 'all(.[]; .intact and .mptcp)' "$LAB_DIR"/one "$LAB_DIR"/two ||
	lab_fail "not intact"

# There is room again.
lab_traffic cl send 10.255.0.2 5000 1 >"$LAB_DIR/three" &
lab_wait 2 "the next connection to be managed" \
	lab_json sv status '.connections == 1 and .paths >= 1'
wait $! || lab_fail "the transfer failed"
