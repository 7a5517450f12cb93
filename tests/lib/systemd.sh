# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# A systemd of the test's own, with its journal, on the host sv of the lab:
#
#	. tests/lib/lab.sh; lab_enter "$0" "$@"
#	. "$ANCHOR_SRCDIR/tests/lib/systemd.sh"
#	systemd_needed
#	lab_up 2
#	systemd_units			# then your own, into $UNITS
#	systemd_begin anchord FILE...	# the unit that it is about
#
# Each FILE in $LAB_DIR/root stands in for the one of that name in the host's
# root, where there is one. All goes with the script.

SYSTEMD=/usr/lib/systemd
[ -x $SYSTEMD/systemd ] || SYSTEMD=/lib/systemd
UNITS=$LAB_DIR/units
CGROUPS=$LAB_DIR/cgroups
CGROUP=$CGROUPS/anchor-test-$RANDOM$RANDOM

# Also makes the control group that all is in.
systemd_needed() {
	[ -x $SYSTEMD/systemd ] &&
		[ -e $SYSTEMD/system/systemd-journald.service ] &&
		command -v systemd-sysusers >/dev/null ||
		lab_skip "systemd is not installed"
	[ "$(awk 'END { print NR == 1 && $3 == 1 }' /proc/self/uid_map)" = 0 ] ||
		lab_skip "not root: systemd would have one user only"
	mkdir -p "$CGROUPS"
	mount -t cgroup2 cgroup2 "$CGROUPS" 2>/dev/null && mkdir "$CGROUP" ||
		lab_skip "no control groups for systemd"
	trap 'systemd_end 2>/dev/null; lab_end' EXIT
	(echo $BASHPID >"$CGROUP/cgroup.procs") 2>/dev/null ||
		lab_skip "no control group may be entered"
}

# All of its processes, and their groups.
systemd_end() {
	local status=$?

	# What waits for the first process ends when that has, with all others.
	[ -z "${MANAGER:-}" ] || {
		kill -KILL "${INIT:-$MANAGER}" || true
		wait "$MANAGER" || true
	}
	find "$CGROUP" -depth -type d -exec rmdir {} + 2>/dev/null || true
	return $status
}

# What is installed of systemd and is needed to write to a journal.
systemd_units() {
	mkdir -p "$LAB_DIR/root/etc" "$UNITS"
	chmod -R 755 "$LAB_DIR"
	cp "$SYSTEMD"/system/systemd-journald.* "$UNITS"
	printf '%s\n' '[Unit]' 'Description=The lab' \
		DefaultDependencies=no >"$UNITS/lab.target"
	for unit in sysinit basic shutdown network network-online; do
		printf '%s\n' '[Unit]' DefaultDependencies=no \
			>"$UNITS/$unit.target"
	done
	tr -d - </proc/sys/kernel/random/uuid >"$LAB_DIR/root/etc/machine-id"
}

# systemd_begin UNIT FILE...: nothing outside of the lab can be written to
systemd_begin() {
	UNIT=$1
	shift
	cat >"$LAB_DIR/begin" <<-END
	set -eu
	mount --make-rprivate /
	umount -R /sys/fs/cgroup 2>/dev/null || true
	mount -t cgroup2 cgroup2 /sys/fs/cgroup
	for file in etc/machine-id $*; do
		[ -e /\$file ] &&
			mount --bind $LAB_DIR/root/\$file /\$file
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
	systemd_wait
	ctl start systemd-journald || lab_skip "the journal does not run here"
}

# Whether systemd runs in whatever we are in is not for us to say.
systemd_wait() {
	local end=$((SECONDS + 10))

	until systemd_runs >/dev/null 2>&1; do
		[ $SECONDS -lt $end ] && kill -0 $MANAGER 2>/dev/null ||
			lab_skip "systemd does not run here:" \
				"$(tail -n 1 "$LAB_DIR/manager.log")"
		sleep "$LAB_POLL"
	done
}

systemd_runs() {
	INIT=$(pgrep -P "$MANAGER") && inside systemctl list-units --no-pager
}

inside() { nsenter -t "$INIT" -a -- "$@"; }

ctl() { inside systemctl "$@"; }

# property NAME: of the unit
property() { ctl show -p "$1" --value "$UNIT"; }

# has_caps MASK: of the unit's main process
has_caps() {
	grep -x "CapEff:.$1" \
		"/proc/$INIT/root/proc/$(property MainPID)/status" >/dev/null
}

# sv_json COMMAND FILTER: true if jq says so
sv_json() {
	inside "$LAB_DIR/bin/anchorctl" -s /run/anchor/control.sock --json \
		"$1" | jq -e "$2" >/dev/null
}

sv_paths_are() {
	sv_json paths '[.paths[] | select(.role != "initial" and
		.state == "established")] | length == '"$1"
}

fail() {
	ctl status --no-pager -l "$UNIT" || true
	inside journalctl --no-pager -o short-precise -u "$UNIT" || true
	cat "$LAB_DIR/manager.log"
	lab_fail "$@"
}

# logged N MATCH...: the journal has so many entries with these fields
logged() {
	local n=$1
	shift
	[ "$(inside journalctl -q -o json "$@" | wc -l)" -ge "$n" ]
}
