#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# With no more than it needs: started by hand as root it drops the rest, and
# as another user, with two ambient capabilities, it does all that root does:
# the main job, low ports, reloads, the control socket, and putting the
# kernel's setting back.
. "${ANCHOR_SRCDIR:-$(dirname "$0")/../..}/tests/lib/lab.sh"
lab_enter "$0" "$@"
set -eu

USER_ID=4242
NEEDED=0000000000001400		# CAP_NET_BIND_SERVICE, CAP_NET_ADMIN
NONE=0000000000000000

# has_only WHAT...: "CapEff:0000000000000000"
has_only() {
	local what found

	for what in "$@"; do
		found=$(awk -v key="${what%%:*}:" '$1 == key { print $2 }' \
			"/proc/$(cat "$LAB_DIR/sv/pid")/status")
		[ "$found" = "${what#*:}" ] ||
			lab_fail "$what is wanted, and it is $found"
	done
}

# What it is there for, with a port for joins that not everybody may have.
works() {
	[ "$(lab_path_manager sv)" = userspace ] || lab_fail "not selected"
	lab_serve
	lab_transfer
	lab_wait 10 "two paths at the server" lab_paths_are sv 2
	lab_json sv links '[.links[].addresses[].join_port] | contains([443])' ||
		lab_fail "joins are not taken at port 443"
	lab_json sv reload '.reloaded' || lab_fail "no reload"
	lab_json sv reload '.reloaded' || lab_fail "no second reload"
	lab_link_down sv 1
	lab_wait 10 "one path at the server" lab_paths_are sv 1
	lab_link_up sv 1
	lab_wait 10 "two paths again" lab_paths_are sv 2
	lab_transfer_end
	kill "$LAB_SERVICE"
	wait "$LAB_SERVICE" || true
	lab_daemon_stop sv || lab_fail "the exit status is not 0"
	[ "$(lab_path_manager sv)" = "$before" ] || lab_fail "not restored"
	[ ! -e "$LAB_DIR/sv/control.sock" ] ||
		lab_fail "the control socket is still there"
}

# member COMMAND: asked by somebody in the group
member() {
	setpriv --reuid 4343 --regid 4343 \
		--groups "$(getent group "$group" | cut -d: -f3)" \
		"$LAB_DIR/bin/anchorctl" -s "$LAB_DIR/sv/control.sock" \
		"$1" >"$LAB_DIR/said" 2>&1
}

config() {
	printf '%s\n' "[join]" port=443 "[timers]" hold-down=0us "[control]" \
		"group=${1:-}"
}

one_user=$(awk 'END { print NR == 1 && $3 == 1 ? "yes" : "no" }' \
	/proc/self/uid_map)

lab_up 2
before=$(lab_path_manager sv)
lab_daemon_start cl

# The socket goes to a group that root is not in before that right goes too.
group=$(getent group | awk -F: '$3 && $3 < 65534 { print $1; exit }')
[ "$one_user" = no ] || group=
lab_daemon_start sv "$(config "$group")"
[ -z "$group" ] || [ "$(stat -c %G:%a "$LAB_DIR/sv/control.sock")" = \
	"$group:660" ] || lab_fail "the socket is not the group's"
has_only CapEff:$NEEDED CapPrm:$NEEDED CapInh:$NONE CapBnd:$NONE \
	CapAmb:$NONE NoNewPrivs:1
if [ -n "$group" ]; then
	mkdir -p "$LAB_DIR/bin"
	cp "$ANCHOR_BUILDDIR/anchorctl" "$LAB_DIR/bin"
	member status || lab_fail "a member may not look"
	if member reload; then
		lab_fail "a member may reload"
	fi
	grep -q "not permitted" "$LAB_DIR/said" || lab_fail "no word of it"
fi
works

if [ "$one_user" = yes ]; then
	echo "There is one user only here: not tried as another one."
	exit 0
fi

# As the unit runs it. The user need not be able to get to the build folder.
mkdir -p "$LAB_DIR/bin"
cp "$ANCHOR_BUILDDIR/anchord" "$LAB_DIR/bin"
chown $USER_ID:$USER_ID "$LAB_DIR/sv"
LAB_ANCHORD=$LAB_DIR/bin/anchord
LAB_AS=(setpriv --reuid $USER_ID --regid $USER_ID --clear-groups
	--bounding-set -all,+net_admin,+net_bind_service
	--inh-caps -all,+net_admin,+net_bind_service
	--ambient-caps -all,+net_admin,+net_bind_service --no-new-privs)
lab_daemon_start sv "$(config)"
has_only Uid:$USER_ID CapEff:$NEEDED CapPrm:$NEEDED CapInh:$NONE \
	CapAmb:$NONE NoNewPrivs:1
works
