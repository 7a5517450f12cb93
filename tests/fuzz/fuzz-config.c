/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * anchor.conf: the input is the file. What is accepted prints as a file that
 * reads back the same; what is not is refused with errors that can be shown.
 */
#include "conf/config.h"
#include "fuzz/complaints.h"
#include "fuzz/memfile.h"

static char *print(const struct config *config)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	require(out);
	config_print(config, out);
	require(!fclose(out));
	return text;
}

/* NULL if it is refused. */
static char *load_and_print(const void *bytes, size_t len)
{
	struct memfile file = memfile_new(bytes, len);
	struct diag *diag = diag_new();
	struct config *config;
	char *text = NULL;
	int err;

	require(diag);
	err = config_load(file.path, false, diag, &config);
	require((err < 0) == (diag_count(diag) > 0));
	check_complaints(diag, file.path);
	if (!err) {
		text = print(config);
		config_free(config);
	}

	diag_free(diag);
	memfile_close(&file);
	return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *first = load_and_print(data, size);
	char *second;

	if (!first)
		return 0;

	second = load_and_print(first, strlen(first));
	require(second);
	require(!strcmp(first, second));
	free(second);
	free(first);
	return 0;
}
