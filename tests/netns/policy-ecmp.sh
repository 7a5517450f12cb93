#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Module ecmp: several subflows between one pair of addresses, on ports of
# their own, which a fabric spreads; one whose way is strangled is replaced.
. "${ANCHOR_SRCDIR:-$(dirname "$0")/../..}/tests/lib/lab.sh"
lab_enter "$0" "$@"
set -eu

SPINES=4
SUBFLOWS=4

# Notes which of sv's ports are reached over which path of the fabric.
watch_spines() {
	local i

	{
		echo "table inet spines {"
		for ((i = 1; i <= SPINES; i++)); do
			echo "set ports$i {"
			echo "type inet_service; flags dynamic; size 256"
			echo "}"
		done
		echo "chain forward {"
		echo "type filter hook forward priority 0"
		for ((i = 1; i <= SPINES; i++)); do
			echo "oifname spine$i add @ports$i { tcp dport }"
		done
		printf '}\n}\n'
	} | lab_run ta nft -f -
}

# Ports of sv that paths have, as JSON; over path I of the fabric
ports() {
	lab_ctl sv paths | jq -c '[.paths[] | select(.role != "initial" and
		.state == "established") | .local.port] | sort'
}

ports_over() {
	lab_run ta nft -j list set inet spines "ports$1" |
		jq -c --argjson ports "$(ports)" '
		[.nftables[] | .set? // empty | .elem[]?] as $seen |
		$ports - ($ports - $seen)'
}

# Path of the fabric that some subflows take, but not all
find_victim() {
	local i

	for ((i = 1; i <= SPINES; i++)); do
		victims=$(ports_over "$i")
		case $(jq length <<<"$victims") in
		0 | "$SUBFLOWS") ;;
		*)
			victim=$i
			return
			;;
		esac
	done
	return 1
}

subflows_are() {
	lab_json "$1" paths '[.paths[] | select(.role != "initial" and
		.state == "established" and .rail == .remote_rail and
		(.backup | not)) | "\(.local.port) \(.remote.port)"] |
		length == '"$SUBFLOWS"' and (unique | length) == length'
}

is_replaced() {
	local now

	now=$(ports)
	jq -ne --argjson now "$now" --argjson victims "$victims" \
		'($now | length) == '"$SUBFLOWS"' and
		($victims - $now | length) > 0'
}

lab_up_spines $SPINES 50mbit
watch_spines
lab_serve
for host in cl sv; do
	lab_policy $host 10-test "[policy]
module=ecmp
[ecmp]
subflows=$SUBFLOWS
period=1s
threshold=25"
	lab_daemon_start $host
done

# All on one path of the fabric, once in 64 times, is of no use here.
for try in 1 2 3 4; do
	lab_transfer
	for host in sv cl; do
		lab_wait 10 "$SUBFLOWS subflows at $host" subflows_are $host
	done
	! find_victim || break
	[ $try != 4 ] || lab_fail "the fabric does not spread subflows"
	lab_transfer_end
done

lab_limit_spine "$victim" 2mbit
lab_wait 10 "a strangled subflow to be replaced" is_replaced
for host in sv cl; do
	lab_wait 10 "$SUBFLOWS subflows again at $host" subflows_are $host
done
lab_transfer_end
