#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# The lab is what the other tests take it for: no rules and no tables to lean
# on, a guard that notices, a ToR that can be silent, data that is checked.
. "${ANCHOR_SRCDIR:-$(dirname "$0")/../..}/tests/lib/lab.sh"
lab_enter "$0" "$@"
set -eu

reaches() {
	lab_traffic cl echo "$1" 5000 0.001 ${2:+"$2"} >"$LAB_DIR/echo"
}

lab_up 4
for host in cl sv; do
	for family in -4 -6; do
		[ "$(ip -n $host $family -j route show table all default |
			jq -c '[length, (.[0].nexthops | length)]')" = "[1,4]" ] ||
			lab_fail "$host has not one route over four rails"
		[ "$(ip -n $host $family -j rule |
			jq -c '[.[].table] - ["local", "main", "default"]')" = "[]" ] ||
			lab_fail "$host has an ip rule of its own"
	done
done

# From every rail to every rail: a leak finds its way, and is to be noticed.
lab_serve ::
lab_guard cl
for rail in 1 2 3 4; do
	for other in 1 2 3 4; do
		reaches 10.$rail.2.2 10.$other.1.2 ||
			lab_fail "no way from rail $other to rail $rail"
		reaches fd00:$rail:2::2 fd00:$other:1::2 ||
			lab_fail "no IPv6 way from rail $other to rail $rail"
	done
done
[ "$(lab_guard_count cl)" -gt 0 ] ||
	lab_fail "the guard has seen nothing of all that"

# Silence: nothing passes, and no carrier is lost.
reaches 10.1.2.2 || lab_fail "rail 1 does not work"
lab_silent_drop 1
! lab_run cl timeout 1 "$ANCHOR_BUILDDIR/tests/tools/mptraffic" echo \
	10.1.2.2 5000 0.001 || lab_fail "a silent ToR forwards"
lab_has_carrier cl 1 || lab_fail "a silent ToR has lost the carrier"
lab_heal 1
reaches 10.1.2.2 || lab_fail "rail 1 did not heal"

lab_link_down cl 1
lab_wait 10 "the carrier to go" eval '! lab_has_carrier cl 1'
reaches 10.255.0.2 || lab_fail "the other rails do not reach the rendezvous"
reaches fd00:255::2 || lab_fail "nor do they for IPv6"
lab_link_up cl 1
lab_wait 10 "rail 1 to work again" reaches 10.1.2.2 10.1.1.2

# A rate is a rate.
lab_shape 100mbit
lab_traffic cl send 10.1.2.2 5000 5MB >"$LAB_DIR/shaped" ||
	lab_fail "no transfer over shaped links"
jq -e '.bytes == 5e6 and .mbit_per_s < 110' "$LAB_DIR/shaped" ||
	lab_fail "faster than the links"
