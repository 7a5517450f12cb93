#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# The same for IPv6, where the client opens, and the server's announcements
# have no ports: it takes joins at the service's port again, also for what was
# announced in another life of the daemon.
. "${ANCHOR_SRCDIR:-$(dirname "$0")/../..}/tests/lib/lab.sh"
lab_enter "$0" "$@"
# shellcheck source=tests/lib/adopt.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib/adopt.sh"
set -eu

both_paths() {
	local host

	for host in sv cl; do
		lab_wait 10 "two paths at $host, $1" lab_paths_are $host 2
	done
}

listen_all() {
	for rail in 1 2; do
		lab_listens "fd00:$rail:2::2" 5000 || return 1
	done
}

lab_up 2
lab_shape 200mbit
lab_daemon_start cl
lab_daemon_start sv
lab_serve fd00:255::2
lab_transfer fd00:255::2
both_paths "at first"
for host in sv cl; do
	lab_wait 10 "backup at $host" lab_json $host paths \
		'any(.paths[]; .role == "initial" and .backup)'
done
listen_all || lab_fail "joins are not taken"

# The client has no port to announce an address with.
restarted sv 0
listen_all || lab_fail "joins are no longer taken"
moves cl
restarted cl 2
moves sv

# A link is lost while nobody looks, at either end.
kill_daemon sv
kill_daemon cl
lab_link_down cl 1
lab_daemon_start sv
lab_daemon_start cl
lab_wait 10 "one path at cl" lab_paths_are cl 1
lab_link_up cl 1
both_paths "after a loss that nobody saw"

# One comes back to where joins are refused, for nobody takes them.
lab_link_down cl 2
lab_wait 10 "one path at cl" lab_paths_are cl 1
kill_daemon sv
lab_link_up cl 2
lab_wait 10 "a refusal" lab_json cl paths \
	'any(.paths[]; .error == "Connection refused")'
lab_daemon_start sv
both_paths "after a refusal"
lab_transfer_end
