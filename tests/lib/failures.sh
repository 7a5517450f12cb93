# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# Failures of the lab that lab.sh has not: what a ToR drops in one direction
# only, by chance, or late; all that may befall a rail, by name; and which rail
# a connection is using.
#
#	. tests/lib/lab.sh
#	. tests/lib/failures.sh
#	rail=$(failure_busy_rail)	# the one that cl sends most on
#	failure_one_way $rail sv	# nothing reaches sv on it any more
#	failure_heal $rail

# Nothing more reaches HOST by the ToR of a rail; what it sends still passes.
failure_one_way() {
	lab_run "$(lab_tor "$1" "$2")" nft "table inet failure {
		chain forward {
			type filter hook forward priority 0
			oifname $2 drop
		}
	}"
}

# failure_loss RAIL PERCENT: so much of what the ToR forwards is lost
failure_loss() {
	lab_run "$(lab_tor "$1")" nft "table inet failure {
		chain forward {
			type filter hook forward priority 0
			numgen random mod 1000 < $(($2 * 10)) drop
		}
	}"
}

failure_heal() { lab_run "$(lab_tor "$1")" nft delete table inet failure; }

# failure_queue RAIL RATE MS: what the ToR sends to either host may wait so
# long; the slower the rail and the longer its queue, the later are its ACKs
failure_queue() {
	local host

	for host in cl sv; do
		tc -n "$(lab_tor "$1" $host)" qdisc replace dev $host root \
			tbf rate "$2" burst 32k latency "$3ms"
	done
}

# Packets that cl has sent on each rail, one number a line
failure_sent() {
	local rail

	for ((rail = 1; rail <= LAB_RAILS; rail++)); do
		ip -n cl -j -s link show "eth$rail" |
			jq '.[0].stats64.tx.packets'
	done
}

# The rail on which cl sends most at this time. What is sent to and fro on two
# rails at once is on the one as well as on the other.
failure_busy_rail() {
	local before after

	before=$(failure_sent)
	sleep "${1:-0.05}"
	after=$(failure_sent)
	paste <(echo "$before") <(echo "$after") |
		awk '$2 - $1 > most { most = $2 - $1; rail = NR }
			END { print rail ? rail : 1 }'
}

# Who has connections through the ToR of a rail is told by a reset that they
# are no more, and new ones are not answered; see also failure_begin.
failure_reset() {
	lab_run "$(lab_tor "$1")" nft "table inet failure {
		chain forward {
			type filter hook forward priority 0
			tcp flags & rst == rst accept
			tcp flags & syn == syn drop
			meta l4proto tcp reject with tcp reset
		}
	}"
	failure_kill cl "$1"
	failure_kill sv "$1"
}

# A host's connections from its addresses on a rail. Where the kernel cannot
# (INET_DIAG_DESTROY), those that carry something end by the ToR's resets.
failure_kill() {
	local n=${LAB_HOST_NUMBER[$1]}

	lab_run "$1" ss -HKtn state connected "src 10.$2.$n.2" >/dev/null
	lab_run "$1" ss -HKtn state connected "src [fd00:$2:$n::2]" >/dev/null
}

# What is short, such as all that it takes to open a path, passes.
failure_data_only() {
	lab_run "$(lab_tor "$1")" nft "table inet failure {
		chain forward {
			type filter hook forward priority 0
			meta length > 200 drop
		}
	}"
}

# failure_flap HOST RAIL: the carrier goes and comes, and is gone in the end
failure_flap() {
	local pause

	for pause in 0.02 0.1 0.3; do
		lab_link_down "$1" "$2"
		sleep 0.05
		lab_link_up "$1" "$2"
		sleep $pause
	done
	lab_link_down "$1" "$2"
}

# A ToR that starts has its ports up before it forwards.
failure_boot() {
	lab_link_up cl "$1"
	lab_link_up sv "$1"
	sleep 1
	lab_heal "$1"
}

# Nothing on the ToR's side keeps the rate that lab_shape gave it.
failure_rewire() {
	lab_wire "$1" "$2"
	[ -z "${LAB_RATE:-}" ] || lab_limit "$(lab_tor "$2" "$1")" "$1" "$LAB_RATE"
	lab_route_host "$1"
}

# What may happen to a rail, in words for failure_begin and failure_end:
#	carrier-HOST	the link of a host loses its carrier
#	flap-HOST	and has it back a few times before
#	reboot		both links do: the ToR has gone. When they are back, it
#			takes a second to forward again
#	address-HOST	a host's link loses its addresses
#	admin-HOST	a host's link is set down
#	interface-HOST	a host's link is there no more
#	silent		the ToR forwards nothing
#	one-way-HOST	nothing reaches that host
#	reset		all connections over it are reset
#	data-only	the ToR forwards only what is short
FAILURE_KINDS=(carrier-cl carrier-sv flap-cl flap-sv reboot address-cl address-sv
	admin-cl admin-sv interface-cl interface-sv silent one-way-cl one-way-sv
	reset data-only)

# failure_begin WHAT RAIL
failure_begin() {
	local host=${1##*-} rail=$2

	case $1 in
	carrier-*) lab_link_down "$host" "$rail" ;;
	flap-*) failure_flap "$host" "$rail" ;;
	reboot)
		lab_silent_drop "$rail"
		lab_link_down cl "$rail"
		lab_link_down sv "$rail"
		;;
	address-*) failure_addresses del "$host" "$rail" ;;
	admin-*) ip -n "$host" link set "eth$rail" down ;;
	interface-*)
		# With a device, the kernel drops all of an ECMP route.
		ip -n "$host" link del "eth$rail"
		lab_route_host "$host"
		;;
	silent) lab_silent_drop "$rail" ;;
	one-way-*) failure_one_way "$rail" "$host" ;;
	reset) failure_reset "$rail" ;;
	data-only) failure_data_only "$rail" ;;
	*) lab_fail "no such failure: $1" ;;
	esac
}

failure_end() {
	local host=${1##*-} rail=$2

	case $1 in
	carrier-* | flap-*) lab_link_up "$host" "$rail" ;;
	reboot) failure_boot "$rail" ;;
	address-*)
		failure_addresses add "$host" "$rail" nodad
		lab_route_host "$host"
		;;
	admin-*) lab_set_up "$host" "$rail" ;;
	interface-*) failure_rewire "$host" "$rail" ;;
	silent) lab_heal "$rail" ;;
	one-way-* | reset | data-only) failure_heal "$rail" ;;
	*) lab_fail "no such failure: $1" ;;
	esac
}

# failure_addresses add|del HOST RAIL [IPV6-OPTION]
failure_addresses() {
	local n=${LAB_HOST_NUMBER[$2]}

	ip -n "$2" addr "$1" "10.$3.$n.2/24" dev "eth$3"
	ip -n "$2" addr "$1" "fd00:$3:$n::2/64" dev "eth$3" ${4:+"$4"}
}
