#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# The unit file, run by a systemd of the test's own, with its journal, on one
# host of the lab: ready when it answers, the main job within the sandbox,
# also across a crash and a restart, reloads, the watchdog, the log with
# fields, and the sysctl put back.
. "${ANCHOR_SRCDIR:-$(dirname "$0")/../..}/tests/lib/lab.sh"
lab_enter "$0" "$@"
. "${ANCHOR_SRCDIR:-$(dirname "$0")/../..}/tests/lib/systemd.sh"
set -eu

# The files as they would be installed, but for where.
install_files() {
	mkdir -p "$LAB_DIR/bin" "$LAB_DIR/policy.d"
	systemd_units
	cp "$ANCHOR_BUILDDIR"/anchord "$ANCHOR_BUILDDIR"/anchorctl \
		"$LAB_DIR/bin"
	echo '[control]
group=anchor' >"$LAB_DIR/anchor.conf"
	sed -e "s|^ExecStart=.*/anchord$|ExecStart=$LAB_DIR/bin/anchord \
-c $LAB_DIR/anchor.conf --policy-dir $LAB_DIR/policy.d \
--module-dir $(lab_module_dir) --control /run/anchor/control.sock|" \
		-e "s|^ExecReload=.*/anchorctl|ExecReload=$LAB_DIR/bin/anchorctl \
-s /run/anchor/control.sock|" \
		"$ANCHOR_BUILDDIR/anchord.service" >"$UNITS/anchord.service"
	mkdir -p "$UNITS/anchord.service.d"
	printf '%s\n' '[Service]' LimitCORE=0 \
		>"$UNITS/anchord.service.d/lab.conf"
}

# make_users: as the installed file has it
make_users() {
	cp /etc/passwd /etc/group "$LAB_DIR/root/etc"
	systemd-sysusers --root="$LAB_DIR/root" \
		"$ANCHOR_SRCDIR/etc/sysusers.d/anchor.conf" ||
		lab_fail "the user was not made"
}

join_ports() {
	inside "$LAB_DIR/bin/anchorctl" -s /run/anchor/control.sock --json \
		links | jq -c '[.links[].addresses[] |
			[.address, .join_port]] | sort'
}
remembers() {
	[ "$(inside grep -c "^peer" /run/anchor/control.memory)" = 2 ]
}

# replaced PID PORTS: another has taken the connection over, as it was
replaced() {
	[ "$(property MainPID)" != "$1" ] || fail "it is the same"
	lab_wait 10 "the connection to be taken over" sv_json status \
		'.ready and .lists.adopted == 1'
	sv_json status '.counters.actions == 0' || fail "something was done"
	sv_paths_are 2 || fail "paths were lost"
	[ "$(join_ports)" = "$2" ] || fail "other join ports: $(join_ports)"
}

systemd_needed
lab_up 2
before=$(lab_path_manager sv)
install_files
make_users
systemd_begin anchord etc/passwd etc/group
ctl start anchord || fail "it does not start"
[ "$(property User) $(property ActiveState)" = "anchor active" ] ||
	fail "it is not active"
[ "$(lab_path_manager sv)" = userspace ] || fail "not selected"
has_caps 0000000000001400 || fail "it has other capabilities"
[ "$(inside stat -c %U:%G:%a /run/anchor/control.sock)" = \
	anchor:anchor:660 ] || fail "the control socket is not the group's"

lab_daemon_start cl
lab_serve
lab_transfer
lab_wait 10 "two paths" sv_paths_are 2

# It crashes, and is restarted, under way.
lab_wait 10 "what is to be remembered" remembers
ports=$(join_ports)
main=$(property MainPID)
inside kill -KILL "$main"
lab_wait 10 "another one" eval '[ "$(property NRestarts)" = 1 ] &&
	[ "$(property ActiveState)" = active ]'
replaced "$main" "$ports"
main=$(property MainPID)
ctl restart anchord || fail "it is not restarted"
replaced "$main" "$ports"
lab_transfer_end

ctl reload anchord || fail "it does not reload"
lab_wait 5 "an entry of the reload" logged 1 ANCHOR_EVENT=reloaded
logged 1 ANCHOR_EVENT=link-up ANCHOR_LINK=eth1 PRIORITY=6 \
	SYSLOG_IDENTIFIER=anchord || fail "no entry of a link"
cp "$LAB_DIR/anchor.conf" "$LAB_DIR/good.conf"
echo nonsense >>"$LAB_DIR/anchor.conf"
if ctl reload anchord 2>/dev/null; then fail "nonsense is no failure"; fi
[ "$(property ActiveState)" = active ] || fail "it did not live on"
lab_wait 5 "an entry of errors" logged 1 ANCHOR_EVENT=reload-failed PRIORITY=3

ctl stop anchord
[ "$(property Result)" = success ] || fail "it did not stop well"
[ "$(lab_path_manager sv)" = "$before" ] || fail "not restored"
if inside test -e /run/anchor; then
	fail "its folder is still there"
fi

# One that hangs is replaced.
cp "$LAB_DIR/good.conf" "$LAB_DIR/anchor.conf"
echo WatchdogSec=500ms >>"$UNITS/anchord.service.d/lab.conf"
ctl daemon-reload
ctl start anchord || fail "it does not start again"
hung=$(property MainPID)
inside kill -STOP "$hung"
lab_wait 10 "the watchdog" eval '[ "$(property NRestarts)" = 1 ] &&
	[ "$(property ActiveState)" = active ]'
[ "$(property MainPID)" != "$hung" ] || fail "it is the same"
lab_wait 10 "the new one to answer" sv_paths_are 0

ctl stop anchord

# What is wrong stays so.
echo nonsense >>"$LAB_DIR/anchor.conf"
if ctl start anchord 2>/dev/null; then fail "it starts with nonsense"; fi
[ "$(property ActiveState) $(property ExecMainStatus)" = "failed 3" ] ||
	fail "not given up"
