# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# What the benchmarks share: the lab, variants of who manages paths, figures.
#
#	. "$(dirname "$0")/lib.sh"
#	lab_enter "$0" "$@"
#	set -eu
#
# Each may be called alone, with the build to use in ANCHOR_BUILDDIR
# (build/gcc, if that is not set) and a file for its JSON as argument.

: "${ANCHOR_BUILDDIR:=$(cd "$(dirname "$0")/.." && pwd)/build/gcc}"
export ANCHOR_BUILDDIR
. "$(dirname "$0")/../tests/lib/lab.sh"

say() { echo "$*" >&2; }

now_ms() { echo $(($(date +%s%N) / 1000000)); }

# quantile Q: the number that a share Q of all numbers does not exceed
quantile() {
	sort -n | awk -v q="$1" '{ v[NR] = $1 } END {
		i = int(q * NR + 0.999999)
		print NR ? v[i < 1 ? 1 : i] : "null" }'
}

# anchor_begin POLICY-TEXT: anchord on both hosts, with that policy
anchor_begin() {
	local host

	for host in cl sv; do
		lab_policy $host 10-bench "$1"
		lab_daemon_start $host
	done
}

anchor_end() {
	local host

	for host in cl sv; do
		lab_daemon_stop $host
		rm -f "$LAB_DIR/$host/policy.d/10-bench.conf"
	done
}

# plugin_begin POLICY-TEXT: anchor.so in mptcpd on both hosts; anchor_end ends it
plugin_begin() { ANCHOR_HOST=mptcpd anchor_begin "$1"; }

# with_mptcpd VARIANT...: prints those that can be had here
with_mptcpd() {
	local lacks

	lacks=$(mptcpd_lacks)
	[ -z "$lacks" ] || {
		say "$lacks: without $*"
		return
	}
	echo "$*"
}

# mptcpd's own plugin addr_adv at the client: it makes endpoints of the
# addresses there, from which the kernel joins the rendezvous address. At the
# server it could only announce what nobody listens at; and the other one,
# sspi, knows no connections of a loopback address.
addr_adv_begin() {
	local rail

	kernel_begin
	mptcpd_plugins cl addr_adv
	ANCHOR_HOST=mptcpd lab_daemon_begin cl "" --path-manager=addr_adv \
		--notify-flags=existing,skip_link_local --addr-flags=subflow
	for rail in 1 2; do
		lab_wait 10 "addr_adv's endpoint" cl_has_endpoint 10.$rail.1.2
	done
}

cl_has_endpoint() { lab_run cl ip mptcp endpoint show | grep "^$1 "; }

# Its endpoints outlive it.
addr_adv_end() {
	lab_daemon_stop cl
	rm -r "$LAB_DIR/cl/plugins"
	kernel_end
}

# The kernel's path manager may do whatever endpoints ask for.
kernel_begin() {
	local host

	for host in cl sv; do
		lab_run $host ip mptcp limits set add_addr_accepted 8 subflows 8
	done
}

# kernel_signal RAIL PORT [FLAG]: sv offers its address on the rail. The port
# may still be in use by what is left of connections before.
kernel_signal() {
	lab_wait 10 "port $2 to be free" lab_run sv ip mptcp endpoint add \
		"10.$1.2.2" dev "eth$1" signal ${3:+"$3"} port "$2"
}

# kernel_join RAIL FLAG...: cl opens subflows from its address on the rail
kernel_join() {
	local rail=$1
	shift
	lab_run cl ip mptcp endpoint add "10.$rail.1.2" dev "eth$rail" \
		subflow "$@"
}

kernel_end() {
	local host

	for host in cl sv; do
		lab_run $host ip mptcp endpoint flush
	done
}

# Subflows of cl, or those from one address; with the initial one
count_subflows() {
	lab_run cl ss -Htn state established "dst 10.0.0.0/8" \
		${1:+"src $1"} | wc -l
}

# Waits for the client that was started last, whose bytes must have arrived
# intact; $result is the file with what it found.
client_wait() {
	local client=$((${#LAB_CLIENTS[@]} - 1))

	result=$LAB_DIR/result.$client
	wait "${LAB_CLIENTS[client]}" || lab_fail "a transfer failed"
	jq -e '.intact != false' "$result" >/dev/null ||
		lab_fail "a transfer was not intact"
}
