# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# The lab: two hosts, cl and sv, each wired to a ToR switch on every rail
# (ta, tb, ...), in network namespaces of its own. Quickstart, tests and
# benchmarks share it.
#
#	. tests/lib/lab.sh
#	lab_enter "$0" "$@"		# the script goes on inside
#	lab_up 2			# two rails
#	lab_daemon_start sv
#	lab_serve 10.255.0.2
#	lab_transfer 10.255.0.2		# goes on until it is ended
#	lab_wait 10 "two paths" lab_paths_are sv 2
#	lab_transfer_end		# and every byte has arrived
#
# Host H (cl is 1, sv is 2) has on rail R the interface ethR with the
# addresses 10.R.H.2/24 and fd00:R:H::2/64, and on lo the rendezvous
# addresses 10.255.0.H and fd00:255::H. It has one ECMP default route for
# each family, no ip rule, no other table. ToRs know the rendezvous
# addresses, and other rails by a spine.
#
#	lab_up_spines 4 50mbit
#
# makes a lab of one rail instead, on which each host has a ToR of its own,
# ta and tb, with four paths of 50 Mbit/s between the two.
#
# Everything is in mount, network and PID namespaces that go with the script,
# however it ends. It runs as root, or as a user who may make user namespaces.

# shellcheck source=tests/lib/mptcpd.sh
. "$(dirname "${BASH_SOURCE[0]}")/mptcpd.sh"

LAB_POLL=0.05
LAB_DIR=/run/lab
LAB_RAIL_NAMES=(- a b c d)
LAB_SPINES=0
LAB_CLIENTS=()
LAB_AS=()
declare -A LAB_HOST_NUMBER=([cl]=1 [sv]=2)

lab_skip() {
	echo "SKIP: $*"
	exit 77
}

lab_fail() {
	lab_failed=1
	echo "FAIL: $*" >&2
	lab_show_logs >&2
	lab_show_paths >&2
	! declare -F lab_show_more >/dev/null || lab_show_more >&2
	exit 1
}

# Re-executes the script inside the namespaces; returns when it is there.
lab_enter() {
	local flags=(--mount --net --pid --fork --kill-child --mount-proc)

	if [ -n "${ANCHOR_IN_LAB:-}" ]; then
		lab_begin
		return
	fi

	unshare "${flags[@]}" true 2>/dev/null ||
		flags+=(--user --map-root-user)
	unshare "${flags[@]}" true 2>/dev/null ||
		lab_skip "no permission for namespaces of our own (not root," \
			"and user namespaces are off)"
	[ -e /proc/sys/net/mptcp/enabled ] ||
		lab_skip "this kernel has no MPTCP"
	for tool in ip ss tc nft jq sysctl; do
		PATH=$PATH:/usr/sbin:/sbin command -v $tool >/dev/null ||
			lab_skip "$tool is not installed"
	done

	ANCHOR_IN_LAB=1 exec unshare "${flags[@]}" bash "$@"
}

# Ours alone: where ip(8) keeps its namespaces, and all files of the lab.
lab_begin() {
	PATH=$PATH:/usr/sbin:/sbin
	# The first process of a PID namespace is deaf to what it does not trap.
	trap 'exit 130' INT
	trap 'exit 143' TERM
	trap 'lab_error_at="line $LINENO: $BASH_COMMAND"' ERR
	trap lab_end EXIT
	mount --make-rprivate / && mount -t tmpfs tmpfs /run &&
		mkdir -p "$LAB_DIR" || lab_skip "no private /run"
	[ "$(ip netns add probe 2>&1 && ip netns del probe 2>&1)" = "" ] ||
		lab_skip "network namespaces cannot be made here"
	: "${ANCHOR_BUILDDIR:=$(cd "$(dirname "$0")/../.." && pwd)/build/gcc}"
	ip link set lo up
}

# A script that set -e ends must not end without a word.
lab_end() {
	local status=$?

	case $status in
	0 | 77 | 130 | 143) ;;
	*)
		[ -n "${lab_failed:-}" ] || {
			echo "FAIL: status $status, ${lab_error_at:-no error seen}"
			lab_show_logs
		} >&2
		;;
	esac
}

# lab_run HOST COMMAND...
lab_run() {
	local host=$1
	shift
	nsenter --net=/run/netns/"$host" -- "$@"
}

lab_sysctl() {
	local host=$1
	shift
	lab_run "$host" sysctl -qw "$@"
}

# The kernel's name for the user-space path manager's switch.
lab_path_manager() {
	local host=$1

	if lab_run "$host" test -e /proc/sys/net/mptcp/path_manager; then
		lab_run "$host" cat /proc/sys/net/mptcp/path_manager
	else
		lab_run "$host" sed 's/0/kernel/; s/1/userspace/' \
			/proc/sys/net/mptcp/pm_type
	fi
}

# lab_tor RAIL [HOST]: the ToR of a rail; where there are spines, the host's
lab_tor() {
	if [ "$LAB_SPINES" -gt 0 ] && [ "${2:-cl}" = sv ]; then
		echo tb
	else
		echo "t${LAB_RAIL_NAMES[$1]}"
	fi
}

lab_make_netns() {
	ip netns add "$1"
	ip -n "$1" link set lo up
}

lab_mac() { printf '02:00:00:%02x:%02x:%02x' "$1" "$2" "$3"; }

# lab_pair NETNS IF NETNS IF RAIL NUMBER: a cable. IPv6 neighbours are told
# of each other, for neighbour discovery on a new link takes a second.
lab_pair() {
	ip link add "$2" netns "$1" address "$(lab_mac "$5" "$6" 1)" \
		type veth peer name "$4" netns "$3" \
		address "$(lab_mac "$5" "$6" 2)"
}

lab_neighbour() {
	ip -n "$1" neigh replace "$3" lladdr "$4" dev "$2" nud permanent
}

# A route over a link without carrier is no route: what every operator of
# an ECMP host wants, and what the signalling of a lost link needs.
lab_make_host() {
	local host=$1 n=${LAB_HOST_NUMBER[$1]}

	lab_make_netns "$host"
	ip -n "$host" addr add "10.255.0.$n/32" dev lo
	ip -n "$host" addr add "fd00:255::$n/128" dev lo
	lab_sysctl "$host" net.mptcp.enabled=1 \
		net.ipv4.conf.all.rp_filter=0 \
		net.ipv4.conf.default.rp_filter=0 \
		net.ipv4.conf.all.ignore_routes_with_linkdown=1 \
		net.ipv4.conf.default.ignore_routes_with_linkdown=1 \
		net.ipv6.conf.all.ignore_routes_with_linkdown=1 \
		net.ipv6.conf.default.ignore_routes_with_linkdown=1 \
		net.ipv4.fib_multipath_hash_policy=1 \
		net.ipv6.fib_multipath_hash_policy=1
}

lab_make_tor() {
	local tor=$1

	lab_make_netns "$tor"
	lab_sysctl "$tor" net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 \
		net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0
}

# Wires a host to the ToR of a rail; on the ToR the interface has its name.
lab_wire() {
	local host=$1 rail=$2 tor n=${LAB_HOST_NUMBER[$1]}
	tor=$(lab_tor "$rail" "$host")

	lab_pair "$tor" "$host" "$host" "eth$rail" "$rail" "$n"
	ip -n "$host" addr add "10.$rail.$n.2/24" dev "eth$rail"
	ip -n "$tor" addr add "10.$rail.$n.1/24" dev "$host"
	ip -n "$host" addr add "fd00:$rail:$n::2/64" dev "eth$rail" nodad
	ip -n "$host" link set "eth$rail" up
	lab_neighbour "$host" "eth$rail" "fd00:$rail:$n::1" \
		"$(lab_mac "$rail" "$n" 1)"
	lab_tor_port_up "$host" "$rail"
}

# What a ToR's port loses when it goes down, its IPv4 address is not among.
lab_tor_port_up() {
	local host=$1 rail=$2 n=${LAB_HOST_NUMBER[$1]} tor
	tor=$(lab_tor "$rail" "$host")

	ip -n "$tor" link set "$host" up
	ip -n "$tor" addr replace "fd00:$rail:$n::1/64" dev "$host" nodad
	lab_neighbour "$tor" "$host" "fd00:$rail:$n::2" \
		"$(lab_mac "$rail" "$n" 2)"
	ip -n "$tor" route replace "10.255.0.$n/32" via "10.$rail.$n.2"
	ip -n "$tor" route replace "fd00:255::$n/128" via "fd00:$rail:$n::2"
}

# A host's own link, set up again: the kernel has forgotten what is IPv6, and
# the routes, which nobody but the routes' owner makes anew.
lab_set_up() {
	local host=$1 rail=$2 n=${LAB_HOST_NUMBER[$1]}

	ip -n "$host" link set "eth$rail" up
	ip -n "$host" addr replace "fd00:$rail:$n::2/64" dev "eth$rail" nodad
	lab_neighbour "$host" "eth$rail" "fd00:$rail:$n::1" \
		"$(lab_mac "$rail" "$n" 1)"
	lab_tor_port_up "$host" "$rail"
	lab_route_host "$host"
}

# The spine is a star: every other ToR reaches all rails by the first.
lab_make_spine() {
	local rail=$1 tor
	tor=$(lab_tor "$rail")

	lab_pair ta "spine$rail" "$tor" spine "$rail" 254
	ip -n ta addr add "10.254.$rail.1/30" dev "spine$rail"
	ip -n "$tor" addr add "10.254.$rail.2/30" dev spine
	ip -n ta addr add "fd00:254:$rail::1/64" dev "spine$rail" nodad
	ip -n "$tor" addr add "fd00:254:$rail::2/64" dev spine nodad
	ip -n ta link set "spine$rail" up
	ip -n "$tor" link set spine up
	lab_neighbour ta "spine$rail" "fd00:254:$rail::2" \
		"$(lab_mac "$rail" 254 2)"
	lab_neighbour "$tor" spine "fd00:254:$rail::1" \
		"$(lab_mac "$rail" 254 1)"
	ip -n ta route add "10.$rail.0.0/16" via "10.254.$rail.2"
	ip -n "$tor" route add default via "10.254.$rail.1"
	ip -n ta route add "fd00:$rail::/32" via "fd00:254:$rail::2"
	ip -n "$tor" route add default via "fd00:254:$rail::1"
}

# A path between the two ToRs of a rail, through a switch of the fabric.
lab_make_fabric_path() {
	local i=$1 rate=$2 k tors=(- ta tb)

	lab_pair ta "spine$i" tb "spine$i" "$i" 253
	for k in 1 2; do
		ip -n ${tors[k]} addr add "10.253.$i.$k/30" dev "spine$i"
		ip -n ${tors[k]} addr add "fd00:253:$i::$k/64" \
			dev "spine$i" nodad
		ip -n ${tors[k]} link set "spine$i" up
	done
	for k in 1 2; do
		lab_neighbour ${tors[k]} "spine$i" "fd00:253:$i::$((3 - k))" \
			"$(lab_mac "$i" 253 $((3 - k)))"
	done
	lab_limit_spine "$i" "$rate"
}

# Both directions of a fabric path.
lab_limit_spine() {
	lab_limit ta "spine$1" "$2"
	lab_limit tb "spine$1" "$2"
}

# From host to host over all paths, by a hash of addresses and ports. Hash
# policy 1 would do, if it did not take the number that the sending socket
# has given the packet, and changes at every timeout.
lab_route_fabric() {
	local tor=$1 next=$2 peer=$3 i hops=() hops6=()

	lab_sysctl "$tor" net.ipv4.fib_multipath_hash_policy=3 \
		net.ipv4.fib_multipath_hash_fields=0x37 \
		net.ipv6.fib_multipath_hash_policy=3 \
		net.ipv6.fib_multipath_hash_fields=0x37
	for ((i = 1; i <= LAB_SPINES; i++)); do
		hops+=(nexthop via "10.253.$i.$next" dev "spine$i")
		hops6+=(nexthop via "fd00:253:$i::$next" dev "spine$i")
	done
	ip -n "$tor" route add "10.1.$peer.0/24" "${hops[@]}"
	ip -n "$tor" route add "10.255.0.$peer/32" "${hops[@]}"
	ip -n "$tor" -6 route add "fd00:1:$peer::/64" "${hops6[@]}"
	ip -n "$tor" -6 route add "fd00:255::$peer/128" "${hops6[@]}"
}

# lab_up_spines N RATE: one rail, and N paths of that rate between its ToRs
lab_up_spines() {
	local i host
	LAB_RAILS=1
	LAB_SPINES=$1

	for host in cl sv; do
		lab_make_host $host
		lab_make_tor "$(lab_tor 1 $host)"
		lab_wire $host 1
		lab_route_host $host
	done
	for ((i = 1; i <= LAB_SPINES; i++)); do
		lab_make_fabric_path "$i" "$2"
	done
	lab_route_fabric ta 2 "${LAB_HOST_NUMBER[sv]}"
	lab_route_fabric tb 1 "${LAB_HOST_NUMBER[cl]}"
}

# What ToR a can do for the rendezvous of a host whose link to it is lost.
lab_make_detour() {
	local n=${LAB_HOST_NUMBER[$1]}

	ip -n ta route add "10.255.0.$n/32" via 10.254.2.2 metric 2048
	ip -n ta route add "fd00:255::$n/128" via fd00:254:2::2 metric 2048
}

# One default route over all rails that the host is wired to, and nothing
# else. IPv6 routes go with a link that is down, so this is also called when
# one has come back; another may be down then.
lab_route_host() {
	local host=$1 n=${LAB_HOST_NUMBER[$1]} rail hops=() hops6=() known known6

	known=$(ip -n "$host" route show proto kernel)
	known6=$(ip -n "$host" -6 route show proto kernel)
	for ((rail = 1; rail <= LAB_RAILS; rail++)); do
		[[ $known != *"10.$rail.$n.0/24 "* ]] ||
			hops+=(nexthop via "10.$rail.$n.1")
		[[ $known6 != *"fd00:$rail:$n::/64 "* ]] ||
			hops6+=(nexthop via "fd00:$rail:$n::1" dev "eth$rail")
	done
	[ ${#hops[@]} = 0 ] ||
		ip -n "$host" route replace default src "10.255.0.$n" "${hops[@]}"
	[ ${#hops6[@]} = 0 ] || ip -n "$host" -6 route replace default \
		src "fd00:255::$n" "${hops6[@]}"
}

# lab_up RAILS
lab_up() {
	local rail host
	LAB_RAILS=$1

	for host in cl sv; do
		lab_make_host $host
	done
	for ((rail = 1; rail <= LAB_RAILS; rail++)); do
		lab_make_tor "$(lab_tor "$rail")"
		for host in cl sv; do
			lab_wire $host "$rail"
		done
		[ "$rail" = 1 ] || lab_make_spine "$rail"
	done
	for host in cl sv; do
		lab_route_host $host
		[ "$LAB_RAILS" = 1 ] || lab_make_detour $host
	done
}

# lab_shape RATE: what each ToR port sends to its host, e.g. 200mbit
lab_shape() {
	local rail host

	LAB_RATE=$1
	for ((rail = 1; rail <= LAB_RAILS; rail++)); do
		for host in cl sv; do
			lab_limit "$(lab_tor "$rail" $host)" $host "$1"
		done
	done
}

# lab_limit NETNS IF RATE
lab_limit() {
	tc -n "$1" qdisc replace dev "$2" root tbf rate "$3" burst 32k \
		latency 20ms
}

# Carrier lost and back at a host: the ToR's end goes down and up.
lab_link_down() { ip -n "$(lab_tor "$2" "$1")" link set "$1" down; }

lab_link_up() { lab_tor_port_up "$1" "$2"; }

# The ToR of a rail forwards nothing more, and no carrier tells of it.
lab_silent_drop() {
	lab_run "$(lab_tor "$1")" nft "table inet silent {
		chain forward {
			type filter hook forward priority 0; policy drop;
		}
	}"
}

lab_heal() { lab_run "$(lab_tor "$1")" nft delete table inet silent; }

lab_has_carrier() {
	ip -n "$1" -j link show "eth$2" |
		jq -e '.[0].flags | index("LOWER_UP")' >/dev/null
}

# lab_bytes HOST RAIL rx|tx
lab_bytes() {
	ip -n "$1" -j -s link show "eth$2" | jq ".[0].stats64.$3.bytes"
}

# lab_carries RAIL BYTES: what cl sent on the rail has grown by 1 MB since
lab_carries() { [ "$(lab_bytes cl "$1" tx)" -gt $(($2 + 1000000)) ]; }

# lab_meter HOST: counts packets with TCP payload, which those that only open,
# acknowledge or close have not, in and out of each rail: "link" has all that
# use its link, "path" those that do with the link's own address.
lab_meter() {
	local host=$1 n=${LAB_HOST_NUMBER[$1]} rail way if from

	{
		echo "table inet payload {"
		for ((rail = 1; rail <= LAB_RAILS; rail++)); do
			printf 'counter %s { }\n' {link,path}-{in,out}$rail
		done
		for way in in out; do
			[ $way = in ] && if=iif from=daddr || if=oif from=saddr
			echo "chain count-$way {"
			for ((rail = 1; rail <= LAB_RAILS; rail++)); do
				if="${if%name*}name eth$rail"
				echo "$if counter name link-$way$rail"
				echo "$if ip $from 10.$rail.$n.2 counter name path-$way$rail"
				echo "$if ip6 $from fd00:$rail:$n::2 counter name path-$way$rail"
			done
			echo "}"
			echo "chain ${way}put {"
			echo "type filter hook ${way}put priority 0"
			lab_meter_rules "count-$way"
			echo "}"
		done
		echo "}"
	} | lab_run "$host" nft -f -
}

# The TCP header ends where its data offset says.
lab_meter_rules() {
	local words

	for words in {5..15}; do
		echo "ip hdrlength 5 tcp doff $words ip length >" \
			"$((20 + words * 4)) goto $1"
		echo "tcp doff $words ip6 length > $((words * 4)) goto $1"
	done
}

# lab_metered HOST link|path in|out RAIL [packets|bytes]: bytes have headers
lab_metered() {
	lab_run "$1" nft -j list counter inet payload "$2-$3$4" |
		jq ".nftables[] | .counter? // empty | .${5:-packets}"
}

# lab_sent NETNS IF: bytes
lab_sent() { ip -n "$1" -j -s link show "$2" | jq '.[0].stats64.tx.bytes'; }

# Counts what leaves by an interface with another rail's link address.
lab_guard() {
	local host=$1 n=${LAB_HOST_NUMBER[$1]} out from

	{
		printf 'table inet guard {\ncounter leak { }\nchain out {\n'
		echo "type filter hook output priority 0"
		for ((out = 1; out <= LAB_RAILS; out++)); do
			for ((from = 1; from <= LAB_RAILS; from++)); do
				[ "$out" = "$from" ] && continue
				echo "oifname eth$out ip saddr 10.$from.$n.0/24 counter name leak"
				echo "oifname eth$out ip6 saddr fd00:$from:$n::/64 counter name leak"
			done
		done
		printf '}\n}\n'
	} | lab_run "$host" nft -f -
}

lab_guard_count() {
	lab_run "$1" nft -j list counter inet guard leak |
		jq '.nftables[] | .counter? // empty | .packets'
}

# lab_wait SECONDS WHAT COMMAND...: until the command succeeds
lab_wait() {
	local seconds=$1 what=$2 end
	shift 2
	end=$(($(date +%s%N) + seconds * 1000000000))

	until "$@" >/dev/null 2>&1; do
		[ "$(date +%s%N)" -lt "$end" ] ||
			lab_fail "waited $seconds s in vain for: $what"
		sleep "$LAB_POLL"
	done
}

# lab_daemon_start HOST [CONFIG-TEXT [OPTION...]]; $LAB_AS is a command that
# runs it, $LAB_ANCHORD another copy of it
lab_daemon_start() {
	local host=$1
	lab_daemon_begin "$@"
	lab_wait 10 "anchord on $host to answer" lab_ctl "$host" status
	lab_json "$host" status ".host == \"$(lab_host_of "$host")\"" ||
		lab_fail "Anchor is not in $(lab_host_of "$host") on $host"
}

# What Anchor runs in on a host: anchord or mptcpd (tests/lib/mptcpd.sh)
lab_host_of() {
	local host=ANCHOR_HOST_$1

	echo "${!host:-${ANCHOR_HOST:-anchord}}"
}

# The same, without waiting for it to be ready.
lab_daemon_begin() {
	local host=$1 config=${2:-} dir=$LAB_DIR/$1
	[ $# -gt 2 ] && shift 2 || shift $#

	[ -x "$ANCHOR_BUILDDIR/anchord" ] ||
		lab_fail "no anchord in $ANCHOR_BUILDDIR"
	mkdir -p "$dir/policy.d"
	chmod 755 "$dir" "$dir/policy.d"
	printf '%s\n' "$config" >"$dir/anchor.conf"
	[ "$(lab_host_of "$host")" = anchord ] || {
		mptcpd_begin "$host" "$@"
		return
	}
	nsenter --net=/run/netns/"$host" -- \
		"${LAB_AS[@]}" "${LAB_ANCHORD:-$ANCHOR_BUILDDIR/anchord}" \
		-c "$dir/anchor.conf" --policy-dir "$dir/policy.d" \
		--module-dir "$(lab_module_dir)" \
		--control "$dir/control.sock" "$@" >>"$dir/log" 2>&1 &
	echo $! >"$dir/pid"
}

# A copy: what root may no longer read in another's home, once anchord has
# dropped that right, is not for a reload to find out.
lab_module_dir() {
	[ -d "$LAB_DIR/modules" ] || {
		mkdir -p "$LAB_DIR/modules"
		chmod 755 "$LAB_DIR" "$LAB_DIR/modules"
		cp "$ANCHOR_BUILDDIR"/plugins/policies/.libs/*.so \
			"$LAB_DIR/modules"
	}
	echo "$LAB_DIR/modules"
}

# lab_policy HOST NAME TEXT: a policy file, for the next daemon that is
# started there or told to reload
lab_policy() {
	local dir=$LAB_DIR/$1/policy.d

	mkdir -p "$dir"
	chmod 755 "$LAB_DIR/$1" "$dir"
	printf '%s\n' "$3" >"$dir/$2.conf"
}

# Ends the daemon by SIGTERM; its exit status.
lab_daemon_stop() {
	local dir=$LAB_DIR/$1

	kill -TERM "$(cat "$dir/pid")"
	wait "$(cat "$dir/pid")"
}

# lab_ctl HOST COMMAND: the answer, as JSON
lab_ctl() {
	local host=$1
	shift
	"$ANCHOR_BUILDDIR/anchorctl" -s "$LAB_DIR/$host/control.sock" \
		--json "$@"
}

# lab_json HOST COMMAND FILTER: true if jq says so
lab_json() {
	local answer

	# Of no answer, jq 1.6 says that it is true.
	answer=$(lab_ctl "$1" "$2") && jq -e "$3" <<<"$answer" >/dev/null
}

# One connection, with N established paths besides the initial subflow, each
# on a link and rail of its own.
lab_paths_are() {
	lab_json "$1" paths '[.paths[] | select(.role != "initial" and
		.state == "established" and .link != null)] |
		length == '"$2"' and (map(.rail) | unique | length) == '"$2"
}

lab_paths() { lab_ctl "$1" paths | jq -c '.paths[]'; }

lab_show_logs() {
	local log

	for log in "$LAB_DIR"/*/log; do
		[ -e "$log" ] || continue
		echo "--- ${log#"$LAB_DIR"/}"
		tail -n 60 "$log"
	done
}

# Some of what is believed, and what the kernel has counted.
lab_show_paths() {
	local socket host

	for socket in "$LAB_DIR"/*/control.sock; do
		host=$(basename "$(dirname "$socket")")
		[ -e "/run/netns/$host" ] || continue
		echo "--- $host: paths and counters"
		lab_ctl "$host" paths | jq -c '.paths[:20][] | [.token,
			.local.address, .remote.address, .role, .state]' ||
			true
		lab_run "$host" nstat -asz | awk '/^MPTcp/ && $2 {
			printf "%s=%s ", $1, $2 }' || true
		echo
	done
}

lab_traffic() {
	local host=$1
	shift
	lab_run "$host" "$ANCHOR_BUILDDIR/tests/tools/mptraffic" "$@"
}

# lab_serve [ADDR [PORT]]: the service on sv, ready to be connected to; its
# process is $LAB_SERVICE
lab_serve() {
	local addr=${1:-10.255.0.2} port=${2:-5000}

	nsenter --net=/run/netns/sv -- \
		"$ANCHOR_BUILDDIR/tests/tools/mptraffic" serve "$addr" "$port" &
	LAB_SERVICE=$!
	lab_wait 10 "the service at $addr" lab_listens "$addr" "$port"
}

lab_listens() {
	local addr=$1
	[[ $addr == *:* ]] && addr="[$addr]"
	lab_run sv ss -Hltn "src $addr:$2" | grep -q LISTEN
}

# lab_transfer [ADDR [BIND]]: cl sends to the service until
# lab_transfer_end. Several may run at once.
lab_transfer() {
	lab_client send "${1:-10.255.0.2}" 5000 - ${2:+"$2"}
}

# lab_client send|receive|echo|hold ARGUMENT...
lab_client() {
	nsenter --net=/run/netns/cl -- \
		"$ANCHOR_BUILDDIR/tests/tools/mptraffic" "$@" \
		>"$LAB_DIR/result.${#LAB_CLIENTS[@]}" &
	LAB_CLIENTS+=($!)
}

# Ends all of them; each must have arrived whole, and by MPTCP.
lab_transfer_end() {
	local client

	kill -TERM "${LAB_CLIENTS[@]}"
	for client in "${!LAB_CLIENTS[@]}"; do
		wait "${LAB_CLIENTS[client]}" ||
			lab_fail "a transfer failed"
		jq -e '.mptcp and .intact != false' \
			"$LAB_DIR/result.$client" >/dev/null ||
			lab_fail "a transfer was not intact, or not MPTCP"
	done
	LAB_CLIENTS=()
}
