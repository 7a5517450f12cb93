#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# A guest in mptcpd: what is wrong is said in its log and hurts nobody else,
# there is one Anchor in a network namespace, another plugin may be selected,
# the rights that Debian's unit gives are enough, and all memory is given back.
. "${ANCHOR_SRCDIR:-$(dirname "$0")/../..}/tests/lib/lab.sh"
lab_enter "$0" "$@"
set -eu

export ANCHOR_HOST=mptcpd LAB_WRAP=
mptcpd_needed
lab_up 2
before=$(lab_path_manager sv)
mptcpd_plugins sv addr_adv sspi

# says TEXT: mptcpd's log does
says() { grep -q -e "$1" "$LAB_DIR/sv/log"; }

# lives TEXT: mptcpd runs, with nothing of ours, and has said why
lives() {
	lab_wait 10 "the words: $1" says "$1"
	lab_wait 10 "all plugins" says "advertiser path manager initialized"
	lab_daemon_stop sv || lab_fail "mptcpd ended by itself, or badly: $1"
	says "advertiser path manager exited" ||
		lab_fail "another plugin did not live on: $1"
	[ "$(lab_path_manager sv)" = "$before" ] ||
		lab_fail "the path manager is another one: $1"
	[ ! -e "$LAB_DIR/sv/control.sock" ] ||
		lab_fail "there is a control socket: $1"
	: >"$LAB_DIR/sv/log"
}

end_service() {
	kill "$LAB_SERVICE"
	wait "$LAB_SERVICE" || true
}

# works: the main job, with other plugins loaded
works() {
	lab_wait 20 "Anchor in mptcpd" lab_ctl sv status
	lab_serve
	lab_transfer
	lab_wait 10 "two paths" lab_paths_are sv 2
	lab_json sv reload .reloaded || lab_fail "no reload"
	lab_json sv status '.host == "mptcpd" and .events_from == "host"' ||
		lab_fail "events do not come from mptcpd"
	lab_link_down sv 1
	lab_wait 10 "one path" lab_paths_are sv 1
	lab_transfer_end
	end_service
	lab_link_up sv 1
	lab_daemon_stop sv || lab_fail "mptcpd ended badly"
	says "sspi\|single-subflow" || lab_fail "sspi is not there"
	[ "$(lab_path_manager sv)" = "$before" ] || lab_fail "not restored"
	[ ! -e "$LAB_DIR/sv/control.sock" ] ||
		lab_fail "the control socket is still there"
}

lab_daemon_begin sv nonsense
lives "anchor.conf:1: error"

lab_daemon_begin sv "" --path-manager=addr_adv
lives "anchor: asleep, for it was not selected"

# The other one is told of, and goes on.
ANCHOR_HOST=anchord lab_daemon_start sv
other=$(cat "$LAB_DIR/sv/pid")
: >"$LAB_DIR/sv/log"
lab_daemon_begin sv
lab_wait 10 "the refusal" says "another Anchor manages this"
lab_daemon_stop sv || lab_fail "mptcpd ended by itself"
lab_json sv status '.host == "anchord"' || lab_fail "anchord has gone"
echo "$other" >"$LAB_DIR/sv/pid"
lab_daemon_stop sv || lab_fail "anchord ended badly"

# anchord is refused in the same way, and a plugin beside ours does its work.
: >"$LAB_DIR/sv/log"
lab_daemon_start sv "" --path-manager=anchor --notify-flags=existing \
	--addr-flags=signal
has_endpoint() { lab_run sv ip mptcp endpoint show | grep "^$1 "; }
lab_wait 10 "addr_adv to advertise an address" has_endpoint 10.2.2.2
other=$(cat "$LAB_DIR/sv/pid")
ANCHOR_HOST=anchord lab_daemon_begin sv
if wait "$(cat "$LAB_DIR/sv/pid")"; then
	lab_fail "a second Anchor"
fi
says "anchord: another Anchor manages this" || lab_fail "no word of it"
echo "$other" >"$LAB_DIR/sv/pid"
lab_daemon_stop sv || lab_fail "mptcpd ended badly"
lab_run sv ip mptcp endpoint flush

# With the rights that Debian's unit gives: without a folder that it may write
# to there is no control socket, and all else is as ever.
if [ "$(awk 'END { print NR == 1 && $3 == 1 }' /proc/self/uid_map)" = 0 ]; then
	RIGHTS=-all,+net_admin
	LAB_WRAP="setpriv --reuid 4242 --regid 4242 --clear-groups --no-new-privs
		--bounding-set $RIGHTS --inh-caps $RIGHTS --ambient-caps $RIGHTS"
	chmod 755 "$LAB_DIR"
	: >"$LAB_DIR/sv/log"
	lab_daemon_begin sv
	ANCHOR_HOST=anchord lab_daemon_start cl
	lab_wait 10 "Anchor in mptcpd" says "anchor .* is ready"
	says "control.sock: Permission denied; going on without it" ||
		lab_fail "no word of the control socket"
	lab_serve
	lab_transfer
	lab_wait 10 "two paths" lab_paths_are cl 2
	lab_transfer_end
	end_service
	lab_daemon_stop sv || lab_fail "mptcpd ended badly"
	[ "$(lab_path_manager sv)" = "$before" ] || lab_fail "not restored"

	chown 4242 "$LAB_DIR/sv"
	lab_daemon_begin sv
	works
	lab_daemon_stop cl
else
	echo "There is one user only here: not tried as another one."
fi

command -v valgrind >/dev/null || {
	echo "There is no valgrind: memory was not looked at."
	exit 0
}
LAB_WRAP="valgrind --leak-check=full --keep-debuginfo=yes --error-exitcode=9"
lab_daemon_begin sv
ANCHOR_HOST=anchord lab_daemon_start cl
works
