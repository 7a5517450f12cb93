# SPDX-License-Identifier: BSD-3-Clause
# The plugin for mptcpd, where libmptcpd is.

EXTRA_DIST += plugins/mptcpd/local.mk etc/systemd/mptcp.service.conf.in

if HAVE_MPTCPD
mptcpdplugindir = $(MPTCPD_PLUGINDIR)
mptcpdplugin_LTLIBRARIES = plugins/mptcpd/anchor.la
plugins_mptcpd_anchor_la_SOURCES = plugins/mptcpd/anchor.c \
	plugins/mptcpd/events.c plugins/mptcpd/events.h \
	plugins/mptcpd/selected.c plugins/mptcpd/selected.h
plugins_mptcpd_anchor_la_CPPFLAGS = $(AM_CPPFLAGS) \
	-DMPTCPD_CONF=\"$(MPTCPD_CONF)\"
plugins_mptcpd_anchor_la_CFLAGS = $(AM_CFLAGS) $(MPTCPD_CFLAGS) \
	$(ELL_CFLAGS) $(JANSSON_CFLAGS)
plugins_mptcpd_anchor_la_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version \
	-shared -export-symbols-regex '^_mptcpd_plugin$$'
plugins_mptcpd_anchor_la_LIBADD = libhost.la $(MPTCPD_LIBS)

# Not in force where it is installed: it selects the plugin.
mptcp.service.conf: etc/systemd/mptcp.service.conf.in Makefile
	$(AM_V_GEN)$(SED) -e 's|@mptcpd[@]|$(MPTCPD_DAEMON)|' \
		-e 's|@bindir[@]|$(bindir)|' \
		$(srcdir)/etc/systemd/mptcp.service.conf.in >$@.tmp && \
		mv $@.tmp $@
pkgdata_DATA = mptcp.service.conf
CLEANFILES += mptcp.service.conf
endif
