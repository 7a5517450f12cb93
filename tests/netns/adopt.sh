#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Anchor is killed and started again while a transfer goes on: at the server,
# then at the client. It takes the connection over as it is, touches nothing,
# listens where it did, and moves it off a link and back as if it had never
# been away.
. "${ANCHOR_SRCDIR:-$(dirname "$0")/../..}/tests/lib/lab.sh"
lab_enter "$0" "$@"
# shellcheck source=tests/lib/adopt.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib/adopt.sh"
set -eu

lab_up 2
lab_shape 200mbit
lab_daemon_start cl
lab_daemon_start sv
lab_serve
lab_transfer
for host in sv cl; do
	lab_wait 10 "two paths at $host" lab_paths_are $host 2
	lab_wait 10 "backup at $host" lab_json $host paths \
		'any(.paths[]; .role == "initial" and .backup)'
done

for host in sv cl; do
	restarted $host 2
	moves $host
done

# A link is lost while nobody looks, and a port taken: the path on it is
# closed, and the port is another one.
kill_daemon sv
lab_link_down sv 2
port=$(sed -n 's/^port eth1 10.1.2.2://p' "$LAB_DIR/sv/control.memory")
lab_run sv "$ANCHOR_BUILDDIR/tests/tools/mptraffic" serve 10.1.2.2 "$port" &
lab_wait 10 "the port to be taken" lab_listens 10.1.2.2 "$port"
lab_daemon_start sv
lab_wait 10 "one path at sv" lab_paths_are sv 1
lab_wait 10 "one path at cl" lab_paths_are cl 1
grep -q "10.1.2.2 on eth1: port $port, where joins were taken, is in use" \
	"$LAB_DIR/sv/log" || lab_fail "nothing in the log"
other_port() {
	announced sv | jq -e 'any(.[]; .[1] == "10.1.2.2" and
		.[2] != '"$port"' and .[2] != 0)'
}
lab_wait 10 "the other port to be announced" other_port
lab_link_up sv 2
lab_wait 10 "two paths again at sv" lab_paths_are sv 2
lab_wait 10 "two paths again at cl" lab_paths_are cl 2
lab_transfer_end
