# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# The lab with mptcpd and our plugin in place of anchord. lab.sh asks for it:
#
#	ANCHOR_HOST=mptcpd		on all hosts, or
#	ANCHOR_HOST_cl=mptcpd		on one
#
# mptcpd has no options for its plugins: anchor.so finds the host's files by
# its environment.

LAB_MPTCPD=/usr/libexec/mptcpd
LAB_MPTCPD_PLUGINS=${LAB_MPTCPD_PLUGINS:-/usr/lib/$(uname -m)-linux-gnu/mptcpd}

# Prints why it cannot be done here, or nothing.
mptcpd_lacks() {
	local plugin=$ANCHOR_BUILDDIR/plugins/mptcpd/.libs/anchor.so

	if [ ! -x $LAB_MPTCPD ]; then
		echo "mptcpd is not installed"
	elif [ ! -e "$plugin" ]; then
		echo "anchor.so was not built"
	elif grep -q __asan_init "$plugin"; then
		echo "mptcpd cannot load what has sanitizers"
	fi
}

mptcpd_needed() {
	local lacks

	lacks=$(mptcpd_lacks)
	[ -z "$lacks" ] || lab_skip "$lacks"
}

# mptcpd_plugins HOST PLUGIN...: a folder with anchor.so and others of mptcpd
mptcpd_plugins() {
	local dir=$LAB_DIR/$1/plugins plugin
	shift

	mkdir -p "$dir"
	chmod 755 "${dir%/*}" "$dir"
	cp "$ANCHOR_BUILDDIR/plugins/mptcpd/.libs/anchor.so" "$dir"
	for plugin; do
		[ -e "$LAB_MPTCPD_PLUGINS/$plugin.so" ] ||
			lab_skip "mptcpd's plugin $plugin is not installed"
		cp "$LAB_MPTCPD_PLUGINS/$plugin.so" "$dir"
	done
}

# mptcpd_exec HOST OPTION...: becomes mptcpd, or what LAB_WRAP makes of it
mptcpd_exec() {
	local dir=$LAB_DIR/$1
	shift

	export ANCHOR_CONFIG=$dir/anchor.conf ANCHOR_POLICY_DIR=$dir/policy.d
	export ANCHOR_CONTROL_SOCKET=$dir/control.sock
	ANCHOR_MODULE_DIR=$(lab_module_dir)
	export ANCHOR_MODULE_DIR
	# shellcheck disable=SC2086
	exec nsenter --net=/run/netns/"${dir##*/}" -- ${LAB_WRAP:-} \
		$LAB_MPTCPD --log=stderr --plugin-dir="$dir/plugins" "$@"
}

# mptcpd_begin HOST [OPTION...]: in place of anchord, with the same files
mptcpd_begin() {
	local host=$1
	shift

	mptcpd_needed
	[ -d "$LAB_DIR/$host/plugins" ] || mptcpd_plugins "$host"
	[ $# -gt 0 ] || set -- --path-manager=anchor
	mptcpd_exec "$host" "$@" >>"$LAB_DIR/$host/log" 2>&1 &
	echo $! >"$LAB_DIR/$host/pid"
}
