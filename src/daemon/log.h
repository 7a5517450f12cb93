/* SPDX-License-Identifier: BSD-3-Clause */
/* Where anchord's log goes: to the journal if stderr does, else to stderr. */
#ifndef DAEMON_LOG_H
#define DAEMON_LOG_H

#include "host/log.h"

/*
 * ELL's log goes there from now on, and what is said to the sink. debug: a
 * glob of source files and functions, NULL: none.
 */
struct log_sink log_start(const char *debug);

#endif
