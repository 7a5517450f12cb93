# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# Failures of the lab that lab.sh has not: what a ToR drops in one direction
# only, by chance, or late; and which rail a connection is using.
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

# What may happen to a rail, in words for failure_begin and failure_end:
#	carrier-HOST	the link of a host loses its carrier
#	reboot		both links do: the ToR has gone
#	address-HOST	a host's link loses its IPv4 address
#	admin-HOST	a host's link is set down
#	silent		the ToR forwards nothing
#	one-way-HOST	nothing reaches that host
FAILURE_KINDS=(carrier-cl carrier-sv reboot address-cl address-sv admin-cl admin-sv
	silent one-way-cl one-way-sv)

# failure_begin WHAT RAIL
failure_begin() {
	local host=${1##*-} rail=$2

	case $1 in
	carrier-*) lab_link_down "$host" "$rail" ;;
	reboot)
		lab_link_down cl "$rail"
		lab_link_down sv "$rail"
		;;
	address-*) ip -n "$host" addr del "$(failure_address "$host" "$rail")" \
		dev "eth$rail" ;;
	admin-*) ip -n "$host" link set "eth$rail" down ;;
	silent) lab_silent_drop "$rail" ;;
	one-way-*) failure_one_way "$rail" "$host" ;;
	esac
}

failure_end() {
	local host=${1##*-} rail=$2

	case $1 in
	carrier-*) lab_link_up "$host" "$rail" ;;
	reboot)
		lab_link_up cl "$rail"
		lab_link_up sv "$rail"
		;;
	address-*)
		ip -n "$host" addr add "$(failure_address "$host" "$rail")" \
			dev "eth$rail"
		lab_route_host "$host"
		;;
	admin-*) lab_set_up "$host" "$rail" ;;
	silent) lab_heal "$rail" ;;
	one-way-*) failure_heal "$rail" ;;
	esac
}

failure_address() { echo "10.$2.${LAB_HOST_NUMBER[$1]}.2/24"; }
