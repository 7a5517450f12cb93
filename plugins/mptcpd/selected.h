/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Is this plugin the one that mptcpd was told to use?
 *
 * mptcpd opens every plugin there is if it is not told which, and only the
 * one selected as path manager is given connections; but nothing in its
 * interface says which that is. So look where mptcpd has looked: on its
 * command line, then in its configuration file.
 */
#ifndef MPTCPD_SELECTED_H
#define MPTCPD_SELECTED_H

#include <stdbool.h>

/*
 * cmdline: /proc/self/cmdline, or a file like it; conf: mptcpd's
 * configuration. False also if neither names any plugin: then mptcpd takes
 * the one of the best priority, which is not ours as long as there is another.
 */
bool selected_is(const char *plugin, const char *cmdline, const char *conf);

#endif
