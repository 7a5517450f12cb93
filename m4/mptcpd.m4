# SPDX-License-Identifier: BSD-3-Clause

# ANCHOR_MPTCPD_API
#
# Finds out which arguments mptcpd's callbacks have: up to 0.13 new_connection
# and connection_established have five, later a flag deny_join_id0 before the
# last. Sets have_mptcpd=no for others still. listener_created and
# listener_closed, new in 0.13, are of no use to us and stay NULL.
AC_DEFUN([ANCHOR_MPTCPD_API], [
	ANCHOR_MPTCPD_CALLBACK([anchor_cv_mptcpd_0_12], [without], [])
	ANCHOR_MPTCPD_CALLBACK([anchor_cv_mptcpd_deny_join_id0], [with],
			       [bool,])
	AS_IF([test "$anchor_cv_mptcpd_deny_join_id0" = yes],
	      [AC_DEFINE([MPTCPD_TELLS_DENY_JOIN_ID0], [1])],
	      [test "$anchor_cv_mptcpd_0_12" != yes],
	      [AC_MSG_WARN([the callbacks of this mptcpd are unknown: no plugin
is built])
	       have_mptcpd=no])
])

# ANCHOR_MPTCPD_CALLBACK(CACHE-VARIABLE, WORD, ARGUMENT)
AC_DEFUN([ANCHOR_MPTCPD_CALLBACK], [
	anchor_save_CPPFLAGS=$CPPFLAGS
	CPPFLAGS="$CPPFLAGS $MPTCPD_CFLAGS $ELL_CFLAGS"
	AC_CACHE_CHECK([for mptcpd's callbacks $2 deny_join_id0], [$1],
		[AC_COMPILE_IFELSE([AC_LANG_PROGRAM([[
#include <mptcpd/plugin.h>
#define TYPE(member) \
	__typeof__(((struct mptcpd_plugin_ops *) 0)->member)
typedef void (*expected)(mptcpd_token_t, const struct sockaddr *,
			 const struct sockaddr *, bool, $3
			 struct mptcpd_pm *);
_Static_assert(__builtin_types_compatible_p(TYPE(new_connection), expected),
	       "new_connection");
_Static_assert(__builtin_types_compatible_p(TYPE(connection_established),
					    expected),
	       "connection_established");
			]])], [$1=yes], [$1=no])])
	CPPFLAGS=$anchor_save_CPPFLAGS
])

# ANCHOR_MPTCPD_PLACES
#
# Where mptcpd is, and looks for plugins and for its configuration. A folder outside
# our own prefix is none of ours to install into, unless it was asked for.
AC_DEFUN([ANCHOR_MPTCPD_PLACES], [
	anchor_prefix=$prefix
	test "$anchor_prefix" = NONE && anchor_prefix=$ac_default_prefix
	anchor_mptcpd_prefix=`$PKG_CONFIG --variable=prefix mptcpd`
	AS_CASE(["$MPTCPD_PLUGINDIR:$anchor_mptcpd_prefix"],
		[":$anchor_prefix"],
		[MPTCPD_PLUGINDIR=`$PKG_CONFIG --variable=plugindir mptcpd`],
		[:*], [MPTCPD_PLUGINDIR='${libdir}/mptcpd'])
	AS_CASE(["$anchor_mptcpd_prefix"],
		[/usr], [MPTCPD_CONF=/etc/mptcpd/mptcpd.conf],
		[MPTCPD_CONF="$anchor_mptcpd_prefix/etc/mptcpd/mptcpd.conf"])
	MPTCPD_DAEMON=$anchor_mptcpd_prefix/libexec/mptcpd
	AC_SUBST([MPTCPD_DAEMON])
	AC_SUBST([MPTCPD_PLUGINDIR])
	AC_SUBST([MPTCPD_CONF])
])
