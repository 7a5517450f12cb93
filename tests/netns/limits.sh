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
lab_transfer
lab_wait 10 "a path" lab_json sv paths 'any(.paths[]; .link != null)'
lab_json sv connections \
	'.connections[0].peer_announced | length == 1' ||
	lab_fail "more announcements are kept than may be"

lab_transfer
lab_wait 10 "two connections at the client" \
	lab_json cl status '.connections == 2'
lab_wait 10 "what is over the limits to be counted" \
	lab_json sv status '.connections == 1 and .counters.over_limit >= 2'
grep -q "a limit of" "$LAB_DIR/sv/log" || lab_fail "no word in the log"
[ "$(grep -c "a limit of" "$LAB_DIR/sv/log")" = 1 ] ||
	lab_fail "too many words in the log"

# The client knows both addresses of the server, and helps itself.
lab_wait 10 "the other path, opened by the client" \
	lab_json cl connections '.connections | max_by(.age_ms) |
		[.subflows[] | select(.role != "initial" and
			.state == "established")] |
		length == 2 and any(.[]; .role == "opened")'
lab_transfer_end

# There is room again.
lab_transfer
lab_wait 10 "the next connection to be managed" \
	lab_json sv status '.connections == 1 and .paths >= 1'
lab_transfer_end
