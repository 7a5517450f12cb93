/* SPDX-License-Identifier: BSD-3-Clause */
/* Memory that runs out. */
#include <stdlib.h>

#include "core/prng.h"
#include "fuzz/scarce.h"

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *old, size_t size);

/* Allocators have no data of their caller's, so it has to be kept here. */
static struct {
	bool on, held;
	unsigned long before, left;	/* that succeed, then that fail */
	unsigned int one_of;		/* or by chance */
	uint64_t random;
	unsigned long failed;
} scarce;

void scarce_at(unsigned long first, unsigned long n)
{
	scarce.on = true;
	scarce.before = first;
	scarce.left = n;
	scarce.one_of = 0;
}

void scarce_by(uint64_t seed, unsigned int one_of)
{
	scarce_at(0, 0);
	scarce.random = seed;
	scarce.one_of = one_of;
}

void scarce_hold(bool hold)
{
	scarce.held = hold;
}

unsigned long scarce_failed(void)
{
	return scarce.failed;
}

void scarce_end(void)
{
	scarce.on = false;
}

static bool fails(void)
{
	if (!scarce.on || scarce.held)
		return false;

	if (scarce.one_of) {
		if (prng_next(&scarce.random) % scarce.one_of)
			return false;
	} else if (scarce.before) {
		scarce.before--;
		return false;
	} else if (!scarce.left) {
		return false;
	} else {
		scarce.left--;
	}

	scarce.failed++;
	return true;
}

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
	return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *old, size_t size)
{
	return fails() ? NULL : __real_realloc(old, size);
}
