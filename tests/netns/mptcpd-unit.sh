#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Debian's mptcp.service, run by a systemd of the test's own: as it is, mptcpd
# does the main job in its sandbox, without a control socket; with our drop-in
# it has that, reloads, and takes over after a restart what was there.
. "${ANCHOR_SRCDIR:-$(dirname "$0")/../..}/tests/lib/lab.sh"
lab_enter "$0" "$@"
. "${ANCHOR_SRCDIR:-$(dirname "$0")/../..}/tests/lib/systemd.sh"
set -eu

CONF=etc/mptcpd/mptcpd.conf

# The files as they would be installed, but for where: mptcpd's own, and what
# stands in for those places.
install_files() {
	local dir=$UNITS/mptcp.service.d

	cp "$UNIT_FILE" "$UNITS/mptcp.service"
	mkdir -p "$LAB_DIR/bin" "$LAB_DIR/policy.d" "$LAB_DIR/sv" "$dir" \
		"$LAB_DIR/root/${CONF%/*}"
	mptcpd_plugins sv addr_adv
	sed -e "s|^plugin-dir=.*|plugin-dir=$LAB_DIR/sv/plugins|" \
		-e "s|^path-manager=.*|path-manager=anchor|" "/$CONF" \
		>"$LAB_DIR/root/$CONF"
	cp "$ANCHOR_BUILDDIR/anchorctl" "$LAB_DIR/bin"
	echo >"$LAB_DIR/anchor.conf"
	printf '%s\n' '[Service]' "Environment=\
ANCHOR_CONFIG=$LAB_DIR/anchor.conf ANCHOR_POLICY_DIR=$LAB_DIR/policy.d \
ANCHOR_MODULE_DIR=$(lab_module_dir) \
ANCHOR_CONTROL_SOCKET=/run/anchor/control.sock" >"$dir/lab.conf"
	chmod -R a+rX "$LAB_DIR"
}

# mptcpd of the configuration file selects another plugin from now on
install_drop_in() {
	sed "s|^ExecReload=.*/anchorctl|ExecReload=$LAB_DIR/bin/anchorctl \
-s /run/anchor/control.sock|" "$ANCHOR_BUILDDIR/mptcp.service.conf" \
		>"$UNITS/mptcp.service.d/anchor.conf"
	inside sed -i "s|^path-manager=.*|path-manager=addr_adv|" \
		"$LAB_DIR/root/$CONF"
	ctl daemon-reload
}

# The journal has the line.
says() { inside journalctl -q -o cat -u mptcp | grep -q -e "$1"; }

stopped() {
	ctl stop mptcp
	[ "$(property Result)" = success ] || fail "it did not stop well"
	[ "$(lab_path_manager sv)" = "$before" ] || fail "not restored"
}

mptcpd_needed
UNIT_FILE=/lib/systemd/system/mptcp.service
[ -e "$UNIT_FILE" ] && [ -e /$CONF ] ||
	lab_skip "mptcpd has no unit, or no configuration, here"
systemd_needed
lab_up 2
before=$(lab_path_manager sv)
systemd_units
install_files
systemd_begin mptcp $CONF
lab_daemon_start cl
lab_serve

ctl start mptcp || fail "it does not start"
lab_wait 10 "Anchor in mptcpd" says "anchor .* is ready"
has_caps 0000000000001000 || fail "it has other capabilities"
[ "$(property DynamicUser)" = yes ] || fail "it has no user of the moment"
says "control.sock: Read-only file system; going on without it" ||
	fail "not a word of the control socket"
lab_transfer
lab_wait 10 "two paths" lab_paths_are cl 2
lab_transfer_end
stopped

install_drop_in
ctl start mptcp || fail "it does not start with the drop-in"
lab_wait 10 "Anchor to answer" sv_json status '.host == "mptcpd"'
has_caps 0000000000001000 || fail "it has other capabilities"
lab_transfer
lab_wait 10 "two paths" sv_paths_are 2
ctl reload mptcp || fail "it does not reload"
sv_json status '.counters.reloads == 1' || fail "not reloaded"
echo nonsense >"$LAB_DIR/anchor.conf"
if ctl reload mptcp 2>/dev/null; then fail "nonsense is no failure"; fi
echo >"$LAB_DIR/anchor.conf"

ports() { inside sed -n '/^port/p' /run/anchor/control.memory; }
lab_wait 10 "something to be remembered" eval '[ -n "$(ports)" ]'
remembered=$(ports)
ctl restart mptcp || fail "it does not start again"
lab_wait 10 "Anchor to have taken over" sv_json status \
	'.ready and .lists.adopted == 1 and .counters.actions == 0'
[ "$(ports)" = "$remembered" ] || fail "it takes joins elsewhere"
sv_paths_are 2 || fail "the paths are gone"
lab_transfer_end
stopped
