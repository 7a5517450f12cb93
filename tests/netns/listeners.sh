#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Join listeners: strangers are thrown out at once, a port in use is an error
# that names it, and they come and go with addresses and links.
. "${ANCHOR_SRCDIR:-$(dirname "$0")/../..}/tests/lib/lab.sh"
lab_enter "$0" "$@"
set -eu

lab_up 2
lab_serve 10.2.2.2 6789
lab_daemon_start sv '[join]
port=6789'

port_of() {
	lab_ctl sv links | jq ".links[].addresses[] |
		select(.address == \"$1\") | .join_port"
}

[ "$(port_of 10.1.2.2)" = 6789 ] || lab_fail "not the configured port"
lab_json sv links '.links[].addresses[] |
	select(.address == "10.2.2.2") | (.usable | not) and
	(.reason | contains("6789"))' || lab_fail "no word about the port"
grep -q "10.2.2.2.*6789 is in use" "$LAB_DIR/sv/log" ||
	lab_fail "no line in the log about the port"

for addr in 10.1.2.2 fd00:1:2::2; do
	for how in tcp mptcp; do
		lab_traffic cl knock $addr 6789 $how >"$LAB_DIR/knock" ||
			lab_fail "a stranger by $how was not thrown out"
		jq -e '.end == "reset" and .after_ms < 1000' "$LAB_DIR/knock" ||
			lab_fail "not reset at once"
	done
done
lab_json sv status '.counters.strangers == 4 and .connections == 0' ||
	lab_fail "strangers are not counted, or managed"

# The port is free again: the listener comes by itself.
kill "$LAB_SERVICE"
port_is() { [ "$(port_of "$1")" = "$2" ]; }
lab_wait 10 "the listener on rail 2" port_is 10.2.2.2 6789

# With the address.
ip -n sv addr del 10.1.2.2/24 dev eth1
lab_wait 10 "the listener to go" eval '[ -z "$(port_of 10.1.2.2)" ]'
! lab_run sv ss -Hltn 'sport = :6789' | grep -q 10.1.2.2 ||
	lab_fail "the socket is still there"
ip -n sv addr add 10.1.2.2/24 dev eth1
lab_wait 10 "the listener to come back" port_is 10.1.2.2 6789

# With the interface.
ip -n sv link del eth2
lab_wait 10 "the link to be gone" \
	lab_json sv links 'all(.links[]; .name != "eth2")'
! lab_run sv ss -Hltn 'sport = :6789' | grep -q 10.2.2.2 ||
	lab_fail "the socket of a lost interface is still there"
lab_wire sv 2
lab_route_host sv
lab_wait 10 "the listener on a new interface" port_is 10.2.2.2 6789
lab_traffic cl knock 10.2.2.2 6789 tcp >"$LAB_DIR/knock" ||
	lab_fail "nobody is at the new listener"

# With the daemon.
lab_daemon_stop sv
[ -z "$(lab_run sv ss -Hltn 'sport = :6789')" ] ||
	lab_fail "a socket outlives the daemon"
