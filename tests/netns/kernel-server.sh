#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# A server with the kernel's own path manager that signals endpoints with
# ports: the client opens the paths, after its grace. And one that signals
# nothing: the client joins at the address it connected to.
. "${ANCHOR_SRCDIR:-$(dirname "$0")/../..}/tests/lib/lab.sh"
lab_enter "$0" "$@"
set -eu

lab_up 2
for rail in 1 2; do
	lab_run sv ip mptcp endpoint add 10.$rail.2.2 dev eth$rail \
		signal port 600$rail
done
lab_run sv ip mptcp limits set subflows 8 add_addr_accepted 0
# A look at a path that seems silent for a moment is a join too.
lab_daemon_start cl "[timers]
look=0us"
lab_guard cl
lab_serve
lab_transfer
lab_wait 10 "two paths" lab_paths_are cl 2
lab_json cl paths 'all(.paths[]; .role == "initial" or
	(.role == "opened" and .rail == .remote_rail))' ||
	lab_fail "not opened by the client on their rails"
lab_transfer_end
[ "$(lab_guard_count cl)" = 0 ] ||
	lab_fail "packets of a path left by another link"

lab_run sv ip mptcp endpoint flush
lab_transfer
lab_wait 10 "two paths to the rendezvous" lab_paths_are cl 2
lab_transfer_end

# The C flag: such a server wants no joins at its initial address.
lab_sysctl sv net.mptcp.allow_join_initial_addr_port=0
lab_transfer
lab_wait 10 "the connection, older than the grace" \
	lab_json cl connections '.connections |
		length == 1 and .[0].established and .[0].age_ms > 1000'
lab_json cl paths '.paths | length == 1' ||
	lab_fail "joined at the initial address all the same"
lab_transfer_end
lab_json cl status '.counters.failed == 0' || lab_fail "a command failed"
joins=$(lab_run sv nstat -asz MPTcpExtMPJoinSynRx | awk '/Join/ {print $2}')
[ "$joins" = 4 ] || lab_fail "$joins joins arrived in all, not 4"
