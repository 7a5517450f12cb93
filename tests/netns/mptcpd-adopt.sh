#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# What is there is taken over, what is lost is listed, and audits agree with
# what mptcpd tells: what the tests of anchord want, with anchor.so in mptcpd.
here=${ANCHOR_SRCDIR:-$(dirname "$0")/../..}/tests/netns

for name in adopt adopt-ipv6 adopt-late audit overrun; do
	ANCHOR_HOST=mptcpd bash "$here/$name.sh" || {
		status=$?
		echo "$name.sh: status $status"
		exit $status
	}
done
