#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Links lost and back, a ToR that is silent, mptcpd stopped and killed: what
# the tests of anchord want, with anchor.so in mptcpd on both ends, and where a
# link is lost on either with anchord on the other.
here=${ANCHOR_SRCDIR:-$(dirname "$0")/../..}/tests/netns

# run NAME CLIENT SERVER: the hosts that Anchor is in
run() {
	ANCHOR_HOST_cl=$2 ANCHOR_HOST_sv=$3 bash "$here/$1.sh" || {
		status=$?
		echo "$1.sh, client in $2, server in $3: status $status"
		exit $status
	}
}

for name in follow silent stop; do
	run $name mptcpd mptcpd
done
run follow mptcpd anchord
run follow anchord mptcpd
run silent anchord mptcpd
