#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Every command fails, with one errno after the other, while a link is lost
# and a connection begins. It is said in the log in the kernel's words, tried
# again, but not too often, and all is as it should be once it ends.
. "${ANCHOR_SRCDIR:-$(dirname "$0")/../..}/tests/lib/lab.sh"
. "${ANCHOR_SRCDIR:-$(dirname "$0")/../..}/tests/lib/faults.sh"
lab_enter "$0" "$@"
set -eu

# Those that the kernel's path manager, the sockets it makes and what may stand
# in their way (BPF, security modules, memory) end with.
ERRORS=(EPERM ENOENT ESRCH EINTR EAGAIN ENOMEM EACCES EBUSY EEXIST ENODEV
	EINVAL ENFILE EMFILE ERANGE EMSGSIZE EPROTONOSUPPORT EOPNOTSUPP
	EAFNOSUPPORT EADDRINUSE EADDRNOTAVAIL ENETDOWN ENETUNREACH ECONNRESET
	ENOBUFS ENOTCONN ETIMEDOUT ECONNREFUSED EHOSTUNREACH EINPROGRESS
	524)	# ENOTSUPP, the kernel's own
# The last one asks for what an audit compares.
COMMANDS=(announce remove create destroy flags get)
VERBS=(announce withdraw open close "demote\|promote")
MOST=40		# that fail of one kind, in about a second

CONFIG='[timers]
audit=300ms
connect=1s
retry-min=100ms
retry-max=400ms
hold-down=0us
hold-down-max=100ms'

# What is a matter of course is not said; a lost answer has no words.
is_news() {
	case $1-$2 in
	ESRCH-* | overrun-* | *-get | EINVAL-create | ENOTCONN-create) return 1 ;;
	esac
}

all_failed() {
	local command

	for command in "${COMMANDS[@]}"; do
		[ "$(faults_made sv "$command $1 ")" -gt 0 ] || return
	done
	[ "$1" = overrun ] || [ "$(faults_made sv "create $1 ")" -ge 3 ]
}

# paths_are HOST CONNECTIONS: each has one on each rail, and no more
paths_are() {
	lab_json "$1" connections "(.connections | length) == $2 and
		all(.connections[]; .path_manager == \"userspace\" and
		([.subflows[] | select(.role != \"initial\")
			| [.state, .link]] | sort ==
			[[\"established\", \"eth1\"], [\"established\", \"eth2\"]])
		and ([.announced[].address] | sort == [\"10.1.2.2\",
			\"10.2.2.2\"]))"
}

# fail ERROR: while something is to be done
fail() {
	local rules=() command i n begun=$SECONDS client

	for command in "${COMMANDS[@]}"; do
		rules+=("$command $1 100")
	done
	faults_set sv "${rules[@]}"
	nsenter --net=/run/netns/cl -- "$ANCHOR_BUILDDIR/tests/tools/mptraffic" \
		hold 10.255.0.2 5000 1 >/dev/null 2>&1 &
	client=$!
	lab_link_down sv 1
	lab_wait 10 "every command to fail with $1, one again" all_failed "$1"
	faults_set sv
	for i in "${!COMMANDS[@]}"; do
		n=$(faults_made sv "${COMMANDS[i]} $1 ")
		[ "$n" -le $((MOST * (SECONDS - begun + 1))) ] ||
			lab_fail "${COMMANDS[i]} $n times with $1"
		! is_news "$1" "${COMMANDS[i]}" ||
			grep -q "^\(${VERBS[i]}\) .* failed: .*: by the test" \
				"$LAB_DIR/sv/log" ||
			lab_fail "no word of ${COMMANDS[i]} with $1"
	done
	lab_link_up sv 1
	lab_wait 10 "all paths after $1" paths_are sv 3
	kill $client
	wait $client 2>/dev/null || true
	cat "$LAB_DIR/sv/log" >>"$LAB_DIR/sv/before"
	: >"$LAB_DIR/sv/log"
}

lab_up 2
lab_daemon_start cl "$CONFIG"
faults_start sv "$CONFIG"
lab_serve
lab_client hold 10.255.0.2 5000 2
lab_wait 10 "two connections" paths_are sv 2
for error in "${ERRORS[@]}"; do
	fail "$error"
done

# They are carried out, but nobody hears of it: that is looked up.
fail overrun

# Which addresses there are is not told to one who is started again.
faults_set sv "get EPERM 100"
kill -KILL "$(cat "$LAB_DIR/sv/pid")"
wait "$(cat "$LAB_DIR/sv/pid")" || true
faults_start sv "$CONFIG"
lab_wait 10 "all paths after a restart" paths_are sv 2
[ "$(faults_made sv get)" -gt 0 ] || lab_fail "nobody asked"
lab_json sv status '.lists.adopted == 2' || lab_fail "not adopted"
faults_set sv

sockets_are() {
	[ "$(lab_run sv ss -Htn state established "src 10.$1.0.0/16" |
		wc -l)" = 2 ]
}
for rail in 1 2; do
	lab_wait 10 "the kernel to have as many on rail $rail" sockets_are $rail
done
lab_daemon_stop sv || lab_fail "status $?"
