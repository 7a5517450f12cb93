#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Links lost and back, a ToR that is silent, mptcpd stopped and killed: what
# the tests of anchord want, with anchor.so in mptcpd.
here=${ANCHOR_SRCDIR:-$(dirname "$0")/../..}/tests/netns

for name in follow silent stop; do
	ANCHOR_HOST=mptcpd bash "$here/$name.sh" || {
		status=$?
		echo "$name.sh: status $status"
		exit $status
	}
done
