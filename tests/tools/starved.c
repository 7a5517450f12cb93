/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Linked with anchord: from SIGUSR1 on every second allocation of its own
 * code fails, until SIGUSR2. What ELL allocates does not: that would end it.
 */
#include <signal.h>
#include <stdlib.h>

#include "fuzz/scarce.h"

static void on_signal(int number)
{
	if (number == SIGUSR1)
		scarce_by(1, 2);
	else
		scarce_end();
}

__attribute__((constructor)) static void listen_to_signals(void)
{
	const struct sigaction action = { .sa_handler = on_signal };

	if (sigaction(SIGUSR1, &action, NULL) < 0 ||
	    sigaction(SIGUSR2, &action, NULL) < 0)
		abort();
}
