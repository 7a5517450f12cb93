#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# What the service manager and the journal are told, at sockets of the test's
# own: ready once the first round of commands was sent, reloading, alive,
# stopping; and the log with fields.
. "${ANCHOR_SRCDIR:-$(dirname "$0")/../..}/tests/lib/lab.sh"
lab_enter "$0" "$@"
set -eu

# listen PATH FILE
listen() {
	mkdir -p "$(dirname "$1")"
	"$ANCHOR_BUILDDIR/tests/tools/hear" "$1" >"$LAB_DIR/$2" &
	lab_wait 10 "a socket at $1" test -S "$1"
}

# told N WORDS: the manager has heard that line so often
told() { [ "$(grep -c -x -- "$2" "$LAB_DIR/told")" -ge "$1" ]; }

# logged FIELD...: an entry of the journal has all these lines
logged() {
	awk -v want="$*" '
	BEGIN { n = split(want, fields, " ") }
	$0 == "--" {
		has = 0
		for (i = 1; i <= n; i++)
			has += (fields[i] in entry)
		found = found || has == n
		delete entry
		next
	}
	{ entry[$0] = 1 }
	END { exit !found }' "$LAB_DIR/journal"
}

lab_up 2
listen "$LAB_DIR/notify" told
listen /run/systemd/journal/socket journal
mkdir -p "$LAB_DIR/sv"
: >"$LAB_DIR/sv/log"
export NOTIFY_SOCKET=$LAB_DIR/notify WATCHDOG_USEC=200000
JOURNAL_STREAM=$(stat -c %d:%i "$LAB_DIR/sv/log")
export JOURNAL_STREAM
lab_daemon_begin sv
lab_wait 10 "word that it is ready" told 1 READY=1
lab_json sv status '.pid > 0' || lab_fail "ready, and does not answer"
lab_wait 10 "five signs of life" told 5 WATCHDOG=1

kill -HUP "$(cat "$LAB_DIR/sv/pid")"
lab_wait 10 "the end of the reload" told 2 READY=1
told 1 RELOADING=1 || lab_fail "no word of the reload"
grep -q '^MONOTONIC_USEC=[1-9]' "$LAB_DIR/told" ||
	lab_fail "the reload has no time"
echo nonsense >"$LAB_DIR/sv/anchor.conf"
kill -HUP "$(cat "$LAB_DIR/sv/pid")"
lab_wait 10 "the end of the failed reload" told 3 READY=1
grep -q '^STATUS=.*errors' "$LAB_DIR/told" || lab_fail "no word of errors"

lab_link_down sv 1
lab_wait 10 "the lost link in the journal" \
	logged PRIORITY=4 ANCHOR_EVENT=link-down ANCHOR_LINK=eth1
logged PRIORITY=6 ANCHOR_EVENT=link-up ANCHOR_LINK=eth2 ANCHOR_RAIL=eth2 ||
	lab_fail "no entry of a link"
logged PRIORITY=6 ANCHOR_EVENT=reloaded && logged PRIORITY=3 \
	ANCHOR_EVENT=reload-failed || lab_fail "no entry of a reload"
logged PRIORITY=6 SYSLOG_IDENTIFIER=anchord CODE_FUNC=on_state ||
	lab_fail "no entry of a line without fields"
[ ! -s "$LAB_DIR/sv/log" ] || lab_fail "it wrote to stderr as well"

lab_daemon_stop sv
told 1 STOPPING=1 || lab_fail "no word of the stop"

# The watchdog of a parent is not ours, nor is stderr the journal's that the
# parent has redirected.
: >"$LAB_DIR/told"
WATCHDOG_PID=1 JOURNAL_STREAM=1:1 lab_daemon_start sv
lab_wait 10 "word that it is ready" told 1 READY=1
lab_wait 10 "the log on stderr" grep -q "is ready" "$LAB_DIR/sv/log"
lab_daemon_stop sv
if told 1 WATCHDOG=1; then lab_fail "told another's watchdog"; fi

# A manager that is not there is no reason to fail.
NOTIFY_SOCKET=/nonexistent/socket JOURNAL_STREAM='' lab_daemon_start sv
lab_daemon_stop sv
grep -q "service manager could not be told" "$LAB_DIR/sv/log" ||
	lab_fail "no word about the missing manager"
