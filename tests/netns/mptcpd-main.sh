#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# The main job in mptcpd: what main.sh wants, and nothing else, with anchor.so
# on both ends, and on either with anchord on the other; then over IPv6, and
# with connections of both families.
here=${ANCHOR_SRCDIR:-$(dirname "$0")/../..}/tests/netns

# run NAME CLIENT SERVER: the hosts that Anchor is in
run() {
	ANCHOR_HOST_cl=$2 ANCHOR_HOST_sv=$3 bash "$here/$1.sh" || {
		status=$?
		echo "$1.sh, client in $2, server in $3: status $status"
		exit $status
	}
}

run main mptcpd mptcpd
run main mptcpd anchord
run main anchord mptcpd
run main-ipv6 mptcpd mptcpd
run dual-stack mptcpd mptcpd
