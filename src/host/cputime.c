/* SPDX-License-Identifier: BSD-3-Clause */
/* What something costs. */
#include <time.h>

#include "host/cputime.h"

uint64_t cputime_us(void)
{
	struct timespec time;

	if (clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time) < 0)
		return 0;

	return (uint64_t) time.tv_sec * 1000000 +
		(uint64_t) time.tv_nsec / 1000;
}
