# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# Debian packages that quickstart and run-tests need, and how to get them.
#
#	packages_need "${PACKAGES_BUILD[@]}" "${PACKAGES_LAB[@]}"
#
# Installs what is missing if we are root; else names it, and nothing has
# been done.

PACKAGES_BUILD=(gcc make autoconf automake libtool pkg-config libc6-dev
	libell-dev libmnl-dev libjansson-dev libcap-ng-dev)
PACKAGES_LAB=(iproute2 nftables jq util-linux procps)
PACKAGES_TESTS=(clang libclang-rt-dev libcmocka-dev libmptcpd3-dev mandoc
	mptcpd mptcpd-plugins valgrind xz-utils)

packages_installed() {
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

packages_need() {
	local package missing=()

	command -v dpkg-query >/dev/null || {
		echo "This is no Debian: please see to the equivalents of: $*"
		return 0
	}
	for package in "$@"; do
		packages_installed "$package" || missing+=("$package")
	done
	[ ${#missing[@]} = 0 ] && return 0

	if [ "$(id -u)" != 0 ]; then
		echo "Packages are missing, and only root may install them:" >&2
		echo "    apt-get install ${missing[*]}" >&2
		return 1
	fi

	echo "Installing: ${missing[*]}"
	packages_install "${missing[@]}" || {
		echo "The packages could not be installed: ${missing[*]}" >&2
		return 1
	}
}

packages_get() {
	export DEBIAN_FRONTEND=noninteractive
	apt-get install -y -qq --no-install-recommends "$@" \
		>/dev/null 2>&1 ||
		{ apt-get update -qq && apt-get install -y -qq \
			--no-install-recommends "$@" >/dev/null; }
}

# mptcpd is wanted for the namespaces of tests, not as a service of this host.
packages_install() {
	local status=0

	if packages_installed mptcpd || [ ! -d /run/systemd/system ]; then
		packages_get "$@"
		return
	fi
	systemctl mask --runtime --quiet mptcp.service
	packages_get "$@" || status=$?
	systemctl unmask --runtime --quiet mptcp.service
	systemctl disable --quiet mptcp.service 2>/dev/null
	return $status
}
