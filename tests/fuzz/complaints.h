/* SPDX-License-Identifier: BSD-3-Clause */
/* What the errors of a configuration must look like, whatever is in it. */
#ifndef TESTS_COMPLAINTS_H
#define TESTS_COMPLAINTS_H

#include "conf/diag.h"
#include "fuzz/fuzz.h"

/* Each begins with the file, and is one line that a terminal may be shown. */
static inline void check_complaints(const struct diag *diag, const char *path)
{
	for (size_t i = 0; i < diag_count(diag); i++) {
		const char *line = diag_line(diag, i);

		require(!strncmp(line, path, strlen(path)));
		require(line[strlen(path)] == ':');
		require(strstr(line, ": error: "));
		for (const char *at = line; *at; at++)
			require((unsigned char) *at >= ' ' ? *at != 0x7f :
				*at == '\t');
	}
}

#endif
