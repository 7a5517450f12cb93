/* SPDX-License-Identifier: BSD-3-Clause */
/* A set of tokens. */
#include <stdlib.h>

#include "core/tokens.h"

#define SLOTS_FIRST 64

/* Where it is, or would be; there is a free slot. */
static uint32_t *slot_of(const struct tokens *tokens, uint32_t token)
{
	unsigned int i = token & (tokens->n_slots - 1);

	while (tokens->slots[i] && tokens->slots[i] != token)
		i = (i + 1) & (tokens->n_slots - 1);

	return &tokens->slots[i];
}

bool tokens_has(const struct tokens *tokens, uint32_t token)
{
	if (!token)
		return tokens->zero;

	return tokens->n && *slot_of(tokens, token);
}

static bool grow(struct tokens *tokens)
{
	struct tokens grown = *tokens;

	grown.n_slots = tokens->n_slots ? tokens->n_slots * 2 : SLOTS_FIRST;
	grown.slots = calloc(grown.n_slots, sizeof(*grown.slots));
	if (!grown.slots)
		return false;

	for (unsigned int i = 0; i < tokens->n_slots; i++)
		if (tokens->slots[i])
			*slot_of(&grown, tokens->slots[i]) = tokens->slots[i];

	free(tokens->slots);
	*tokens = grown;
	return true;
}

bool tokens_add(struct tokens *tokens, uint32_t token)
{
	if (tokens_has(tokens, token))
		return true;

	if (!token) {
		tokens->zero = true;
		return true;
	}

	if (tokens->n == TOKENS_MAX)
		return false;

	/* Half of it is free. */
	if (2 * (tokens->n + 1) > tokens->n_slots && !grow(tokens))
		return false;

	*slot_of(tokens, token) = token;
	tokens->n++;
	return true;
}

void tokens_clear(struct tokens *tokens)
{
	free(tokens->slots);
	*tokens = (struct tokens) { 0 };
}
