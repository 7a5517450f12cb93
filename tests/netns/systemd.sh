#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# The unit file, run by a systemd of the test's own, with its journal, on one
# host of the lab: ready when it answers, the main job within the sandbox,
# reloads, the watchdog, the log with fields, and the sysctl put back.
. "${ANCHOR_SRCDIR:-$(dirname "$0")/../..}/tests/lib/lab.sh"
lab_enter "$0" "$@"
set -eu

SYSTEMD=/usr/lib/systemd
[ -x $SYSTEMD/systemd ] || SYSTEMD=/lib/systemd
[ -x $SYSTEMD/systemd ] && [ -e $SYSTEMD/system/systemd-journald.service ] &&
	command -v systemd-sysusers >/dev/null ||
	lab_skip "systemd is not installed"
[ "$(awk 'END { print NR == 1 && $3 == 1 }' /proc/self/uid_map)" = 0 ] ||
	lab_skip "not root: systemd would have one user only"

CGROUPS=$LAB_DIR/cgroups
CGROUP=$CGROUPS/anchor-test-$RANDOM$RANDOM
UNITS=$LAB_DIR/units

# All of its processes, and their groups.
end_manager() {
	local status=$?

	# What waits for the first process ends when that has, with all others.
	[ -z "${MANAGER:-}" ] || {
		kill -KILL "${INIT:-$MANAGER}" || true
		wait "$MANAGER" || true
	}
	find "$CGROUP" -depth -type d -exec rmdir {} + 2>/dev/null || true
	return $status
}

mkdir -p "$CGROUPS"
mount -t cgroup2 cgroup2 "$CGROUPS" 2>/dev/null && mkdir "$CGROUP" ||
	lab_skip "no control groups for systemd"
trap 'end_manager 2>/dev/null; lab_end' EXIT
(echo $BASHPID >"$CGROUP/cgroup.procs") 2>/dev/null ||
	lab_skip "no control group may be entered"

# The files as they would be installed, but for where; and what is installed
# of systemd and is needed to write to a journal.
install_files() {
	mkdir -p "$LAB_DIR/bin" "$LAB_DIR/root/etc" "$LAB_DIR/policy.d" "$UNITS"
	chmod -R 755 "$LAB_DIR"
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
	cp "$SYSTEMD"/system/systemd-journald.* "$UNITS"
	printf '%s\n' '[Unit]' 'Description=The lab' \
		DefaultDependencies=no >"$UNITS/lab.target"
	for unit in sysinit basic shutdown network network-online; do
		printf '%s\n' '[Unit]' DefaultDependencies=no \
			>"$UNITS/$unit.target"
	done
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
	tr -d - </proc/sys/kernel/random/uuid >"$LAB_DIR/root/etc/machine-id"
}

# Nothing outside of the lab can be written to by it.
begin_manager() {
	cat >"$LAB_DIR/begin" <<-END
	set -eu
	mount --make-rprivate /
	umount -R /sys/fs/cgroup 2>/dev/null || true
	mount -t cgroup2 cgroup2 /sys/fs/cgroup
	for file in passwd group machine-id; do
		[ -e /etc/\$file ] &&
			mount --bind $LAB_DIR/root/etc/\$file /etc/\$file
	done
	mount -o remount,bind,ro /
	mount -t tmpfs tmpfs /tmp
	mount -t tmpfs tmpfs /var/tmp
	exec env -i PATH="$PATH" container=lab SYSTEMD_UNIT_PATH=$UNITS \
		SYSTEMD_LOG_TARGET=console $SYSTEMD/systemd --system \
		--unit=lab.target --show-status=no
	END
	(
		echo $BASHPID >"$CGROUP/cgroup.procs"
		exec nsenter --net=/run/netns/sv -- unshare --pid --fork \
			--kill-child --mount --cgroup --uts --ipc --mount-proc \
			bash "$LAB_DIR/begin" >"$LAB_DIR/manager.log" 2>&1
	) &
	MANAGER=$!
	wait_for_manager
}

# Whether systemd runs in whatever we are in is not for us to say.
wait_for_manager() {
	local end=$((SECONDS + 10))

	until manager_runs >/dev/null 2>&1; do
		[ $SECONDS -lt $end ] && kill -0 $MANAGER 2>/dev/null ||
			lab_skip "systemd does not run here:" \
				"$(tail -n 1 "$LAB_DIR/manager.log")"
		sleep "$LAB_POLL"
	done
}

manager_runs() {
	INIT=$(pgrep -P "$MANAGER") && inside systemctl list-units --no-pager
}

inside() { nsenter -t "$INIT" -a -- "$@"; }

ctl() { inside systemctl "$@"; }

property() { ctl show -p "$1" --value anchord; }

fail() {
	ctl status --no-pager -l anchord || true
	inside journalctl --no-pager -o short-precise -u anchord || true
	cat "$LAB_DIR/manager.log"
	lab_fail "$@"
}

sv_paths_are() {
	inside "$LAB_DIR/bin/anchorctl" -s /run/anchor/control.sock --json \
		paths | jq -e '[.paths[] | select(.role != "initial" and
		.state == "established")] | length == '"$1" >/dev/null
}

# logged N MATCH...: the journal has so many entries with these fields
logged() {
	local n=$1
	shift
	[ "$(inside journalctl -q -o json "$@" | wc -l)" -ge "$n" ]
}

lab_up 2
before=$(lab_path_manager sv)
install_files
make_users
begin_manager
ctl start systemd-journald || lab_skip "the journal does not run here"
ctl start anchord || fail "it does not start"
[ "$(property User) $(property ActiveState)" = "anchor active" ] ||
	fail "it is not active"
[ "$(lab_path_manager sv)" = userspace ] || fail "not selected"
grep -x "CapEff:.0000000000001400" \
	"/proc/$INIT/root/proc/$(property MainPID)/status" >/dev/null ||
	fail "it has other capabilities"
[ "$(inside stat -c %U:%G:%a /run/anchor/control.sock)" = \
	anchor:anchor:660 ] || fail "the control socket is not the group's"

lab_daemon_start cl
lab_serve
lab_transfer
lab_wait 10 "two paths" sv_paths_are 2
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
