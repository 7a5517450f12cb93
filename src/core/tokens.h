/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A set of tokens, of bounded size: open addressing, by the tokens
 * themselves, for those are hash values already.
 */
#ifndef CORE_TOKENS_H
#define CORE_TOKENS_H

#include <stdbool.h>
#include <stdint.h>

#define TOKENS_MAX 65536

/* All zero: empty. */
struct tokens {
	uint32_t *slots;		/* 0: free */
	unsigned int n_slots;		/* a power of two, or 0 */
	unsigned int n;			/* in slots */
	bool zero;			/* token 0 is in it */
};

bool tokens_has(const struct tokens *tokens, uint32_t token);

/* False without memory, or if it would be more than TOKENS_MAX. */
bool tokens_add(struct tokens *tokens, uint32_t token);

void tokens_clear(struct tokens *tokens);

#endif
