/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What every fuzz target needs.
 *
 * A target is a function of bytes. Linked with tests/fuzz/replay.c it runs
 * each file of its corpus once, which is a test like any other; built by
 * "make fuzz" it is libFuzzer's, which looks for bytes that break it. It says
 * that something is wrong by require(), which ends the program.
 *
 * Between two inputs a target keeps nothing that changes what it does with
 * the second one: what libFuzzer finds, the replay finds.
 */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Returns 0; -1: the input is of no interest and not kept in a corpus. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define require(condition) \
	((condition) ? (void) 0 : fuzz_fail(__FILE__, __LINE__, #condition))

_Noreturn static inline void fuzz_fail(const char *file, int line,
				       const char *condition)
{
	fprintf(stderr, "%s:%d: not so: %s\n", file, line, condition);
	abort();
}

/* What is left of the bytes; whoever takes too many gets zeroes. */
struct fuzz_input {
	const uint8_t *at;
	size_t left;
};

static inline uint8_t fuzz_byte(struct fuzz_input *input)
{
	if (!input->left)
		return 0;

	input->left--;
	return *input->at++;
}

/* The next bytes, at most want; there may be fewer. */
static inline const uint8_t *fuzz_bytes(struct fuzz_input *input, size_t want,
					size_t *ret_len)
{
	const uint8_t *bytes = input->at;

	if (want > input->left)
		want = input->left;

	input->at += want;
	input->left -= want;
	*ret_len = want;
	return bytes;
}

/* A copy with not a byte more, so that ASan sees who reads too far. */
static inline void *fuzz_exact(const void *bytes, size_t len)
{
	void *copy = malloc(len ? len : 1);

	require(copy);
	if (len)
		memcpy(copy, bytes, len);

	return copy;
}

#endif
