#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# The main job in mptcpd: what main.sh wants, and nothing else, with anchor.so
# on both ends, and on either with anchord on the other.
here=${ANCHOR_SRCDIR:-$(dirname "$0")/../..}/tests/netns

for hosts in "mptcpd mptcpd" "mptcpd anchord" "anchord mptcpd"; do
	read -r cl sv <<<"$hosts"
	ANCHOR_HOST_cl=$cl ANCHOR_HOST_sv=$sv bash "$here/main.sh" || {
		status=$?
		echo "client in $cl, server in $sv: status $status"
		exit $status
	}
done
