/* SPDX-License-Identifier: BSD-3-Clause */
/* Entries for the journal, byte by byte, and whether it reads stderr. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/entry.h"
#include "unit.h"

static void test_fields(void **state)
{
	struct entry entry = { .len = 0 };

	assert_true(entry_add(&entry, "PRIORITY", "4"));
	assert_true(entry_add(&entry, "MESSAGE", "a = b"));
	assert_true(entry_add(&entry, "EMPTY", ""));
	assert_int_equal(entry.len, 32);
	assert_memory_equal(entry.bytes,
			    "PRIORITY=4\nMESSAGE=a = b\nEMPTY=\n", 32);
}

/* Nobody who can write a line break can forge a field by it. */
static void test_lines(void **state)
{
	struct entry entry = { .len = 0 };

	assert_true(entry_add(&entry, "M", "x\nPRIORITY=0"));
	assert_int_equal(entry.len, 2 + 8 + 12 + 1);
	assert_memory_equal(entry.bytes,
			    "M\n\14\0\0\0\0\0\0\0x\nPRIORITY=0\n", 23);
}

static void test_full(void **state)
{
	char value[sizeof(((struct entry *) NULL)->bytes)];
	struct entry entry = { .len = 0 };
	size_t len;

	memset(value, 'x', sizeof(value));
	value[sizeof(value) - 1] = '\0';
	assert_false(entry_add(&entry, "A", value));
	assert_int_equal(entry.len, 0);

	/* The longest that fits, whichever way it is written. */
	value[0] = '\n';
	value[sizeof(value) - 10] = '\0';
	assert_false(entry_add(&entry, "A", value));
	value[sizeof(value) - 11] = '\0';
	assert_true(entry_add(&entry, "A", value));
	assert_int_equal(entry.len, sizeof(entry.bytes));
	len = entry.len;
	assert_false(entry_add(&entry, "A", ""));
	assert_int_equal(entry.len, len);
}

static void test_stream(void **state)
{
	struct stat status;
	char stream[64];

	assert_int_equal(fstat(STDERR_FILENO, &status), 0);
	snprintf(stream, sizeof(stream), "%ju:%ju",
		 (uintmax_t) status.st_dev, (uintmax_t) status.st_ino);
	assert_true(entry_stderr_is_journal(stream));
	strcat(stream, "x");
	assert_false(entry_stderr_is_journal(stream));

	/* It was for a parent, and stderr is another file now. */
	snprintf(stream, sizeof(stream), "%ju:%ju",
		 (uintmax_t) status.st_dev, (uintmax_t) status.st_ino + 1);
	assert_false(entry_stderr_is_journal(stream));
	snprintf(stream, sizeof(stream), "%ju:%ju",
		 (uintmax_t) status.st_dev + 1, (uintmax_t) status.st_ino);
	assert_false(entry_stderr_is_journal(stream));
	assert_false(entry_stderr_is_journal(NULL));
	assert_false(entry_stderr_is_journal(""));
	assert_false(entry_stderr_is_journal("1"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_stream),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
