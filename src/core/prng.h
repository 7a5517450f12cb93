/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SplitMix64: the core's only source of randomness, seeded by the host, so
 * that a run can be repeated.
 */
#ifndef CORE_PRNG_H
#define CORE_PRNG_H

#include <stdint.h>

static inline uint64_t prng_next(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

#endif
