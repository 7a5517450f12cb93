/* SPDX-License-Identifier: BSD-3-Clause */
/* None of mptcpd's commands is used: see plugins/mptcpd/anchor.c. */
#include <mptcpd/plugin.h>
