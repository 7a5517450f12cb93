/* SPDX-License-Identifier: BSD-3-Clause */
/* Actions in words, for logs and tests. */
#ifndef HOST_DESCRIBE_H
#define HOST_DESCRIBE_H

#include <stddef.h>

#include "core/core.h"

#define DESCRIBE_MAX 256

/* "open 7f0ada93 10.1.2.2 -> 10.1.1.2:6002 id 129"; buf holds DESCRIBE_MAX. */
const char *describe_action(const struct core_action *action, char *buf);

/* "open" */
const char *describe_verb(enum core_action_type type);

/* "its link was lost" */
const char *describe_reason(enum core_reason reason);

#endif
