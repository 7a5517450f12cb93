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
