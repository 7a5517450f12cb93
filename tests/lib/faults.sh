# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# Faults between anchord and the kernel: events that are lost, late, twice or
# in another order, commands that fail. tests/faults/rules.h has all of them.
#
#	. tests/lib/lab.sh
#	. tests/lib/faults.sh
#	faults_start sv '[timers]...'	# as lab_daemon_start, but with faults
#	faults_set sv "events drop 10" "create ENOMEM 50"
#	faults_made sv "events drop"	# how often
#	faults_set sv			# no more
#
# ANCHOR_FAULTS_SEED	of all that happens; the one that is used is printed

FAULTS_SEED=${ANCHOR_FAULTS_SEED:-4711}

# The runtime of a sanitizer wants to come before everything else.
faults_can() {
	"${LAB_AS[@]}" "${LAB_ANCHORD:-$ANCHOR_BUILDDIR/anchord}" --version \
		>"$LAB_DIR/preload" 2>&1 ||
		! grep -qi "runtime does not come first\|undefined symbol.*san_" \
			"$LAB_DIR/preload"
}

# faults_start HOST [CONFIG-TEXT [OPTION...]]
faults_start() {
	local library=$ANCHOR_BUILDDIR/tests/faults/.libs/faults.so
	local rules=$LAB_DIR/$1/faults

	mkdir -p "$LAB_DIR/$1"
	chmod 755 "$LAB_DIR/$1"
	: >>"$rules"
	LAB_AS=(env "LD_PRELOAD=$library" "ANCHOR_FAULTS=$rules"
		"ANCHOR_FAULTS_SEED=$FAULTS_SEED")
	[ -e "$library" ] || lab_fail "$library is not there: make check"
	faults_can || lab_skip "no library goes before this anchord, which" \
		"has a sanitizer: $(head -n 1 "$LAB_DIR/preload")"
	lab_daemon_start "$@"
	LAB_AS=()
	echo "seed $FAULTS_SEED at $1"
}

# faults_set HOST [RULE...]: from now on
faults_set() {
	local host=$1
	shift
	printf '%s\n' "$@" >"$LAB_DIR/$host/faults"
}

# faults_made HOST FAULT: how often up to now
faults_made() { grep -c "^faults: $2" "$LAB_DIR/$1/log" || true; }

# lab_show_more: what the kernel has, and what Anchor believes
lab_show_more() {
	local host

	for host in cl sv; do
		echo "--- $host"
		lab_run "$host" ss -HMatn
		lab_ctl "$host" connections | jq -c '.connections[] |
			[.token, .state, .age_ms, [.subflows[] |
			[.local, .remote, .role, .state, .backup]]]'
		lab_ctl "$host" status
	done
}
