/* SPDX-License-Identifier: BSD-3-Clause */
/* Which faults are made, and how often. */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/prng.h"
#include "faults/rules.h"

#define TEXT_MAX 4096
#define RULES_MAX 64
#define WORD_MAX 32

struct rule {
	enum target target;
	struct fate fate;
	unsigned int percent;
	unsigned int left;	/* times */
};

/* A library that is put before a program has nobody to hand this to. */
static struct {
	int fd;
	uint64_t random;
	char text[TEXT_MAX];
	size_t len;
	struct rule rules[RULES_MAX];
	size_t n;
} state = { .fd = -1 };

struct name {
	const char *name;
	int value;
};

static const struct name targets[] = {
	{ "events", TARGET_EVENTS },
	{ "announced", TARGET_ANNOUNCED },
	{ "links", TARGET_LINKS },
	{ "announce", TARGET_ANNOUNCE },
	{ "remove", TARGET_REMOVE },
	{ "create", TARGET_CREATE },
	{ "destroy", TARGET_DESTROY },
	{ "flags", TARGET_FLAGS },
	{ "get", TARGET_GET },
	{ "list", TARGET_LIST },
	{ "listed", TARGET_LISTED },
	{ NULL, TARGET_NONE },
};

static const struct name faults[] = {
	{ "drop", FAULT_DROP },
	{ "late", FAULT_LATE },
	{ "twice", FAULT_TWICE },
	{ "swap", FAULT_SWAP },
	{ "overrun", FAULT_OVERRUN },
	{ "interrupt", FAULT_INTERRUPT },
	{ "cut", FAULT_CUT },
	{ NULL, FAULT_NONE },
};

/* Those that the kernel's path manager, or what it calls, can end with. */
static const struct name errors[] = {
	{ "EPERM", EPERM },
	{ "ENOENT", ENOENT },
	{ "ESRCH", ESRCH },
	{ "EINTR", EINTR },
	{ "EAGAIN", EAGAIN },
	{ "ENOMEM", ENOMEM },
	{ "EACCES", EACCES },
	{ "EBUSY", EBUSY },
	{ "EEXIST", EEXIST },
	{ "EINVAL", EINVAL },
	{ "ENFILE", ENFILE },
	{ "ERANGE", ERANGE },
	{ "EMSGSIZE", EMSGSIZE },
	{ "EOPNOTSUPP", EOPNOTSUPP },
	{ "EAFNOSUPPORT", EAFNOSUPPORT },
	{ "EADDRINUSE", EADDRINUSE },
	{ "EADDRNOTAVAIL", EADDRNOTAVAIL },
	{ "ENETDOWN", ENETDOWN },
	{ "ENETUNREACH", ENETUNREACH },
	{ "ECONNRESET", ECONNRESET },
	{ "ENOBUFS", ENOBUFS },
	{ "ENOTCONN", ENOTCONN },
	{ "ETIMEDOUT", ETIMEDOUT },
	{ "ECONNREFUSED", ECONNREFUSED },
	{ "EHOSTUNREACH", EHOSTUNREACH },
	{ "EINPROGRESS", EINPROGRESS },
	{ "ENODEV", ENODEV },
	{ "EMFILE", EMFILE },
	{ "EPROTONOSUPPORT", EPROTONOSUPPORT },
	{ "524", 524 },
	{ NULL, 0 },
};

static int value_of(const struct name *names, const char *name)
{
	while (names->name && strcmp(names->name, name))
		names++;

	return names->value;
}

static const char *name_of(const struct name *names, int value)
{
	while (names->name && names->value != value)
		names++;

	return names->name ? names->name : "?";
}

static void refuse(const char *what)
{
	fprintf(stderr, "faults: no sense in: %s\n", what);
	_exit(99);
}

static void parse_line(const char *line)
{
	char target[WORD_MAX], fault[WORD_MAX];
	unsigned int percent, number = 0;
	struct rule rule = { .left = UINT32_MAX };
	int n = sscanf(line, "%31s %31s %u %u", target, fault, &percent,
		       &number);

	if (n < 1 || *target == '#')
		return;

	if (n < 3 || percent > 100 || state.n == RULES_MAX)
		refuse(line);

	rule.target = (enum target) value_of(targets, target);
	rule.fate.fault = (enum fault) value_of(faults, fault);
	rule.fate.error = value_of(errors, fault);
	rule.percent = percent;
	if (rule.fate.error)
		rule.fate.fault = FAULT_ERROR;

	if (rule.fate.fault == FAULT_LATE)
		rule.fate.ms = number;
	else if (n == 4)
		rule.left = number;

	if (rule.target == TARGET_NONE || rule.fate.fault == FAULT_NONE)
		refuse(line);

	state.rules[state.n++] = rule;
}

static void parse(char *text)
{
	char *rest = text;
	char *line;

	state.n = 0;
	while ((line = strsep(&rest, "\n")))
		parse_line(line);
}

static void read_again(void)
{
	char text[TEXT_MAX];
	ssize_t len = pread(state.fd, text, sizeof(text) - 1, 0);

	if (len < 0 || ((size_t) len == state.len &&
			!memcmp(text, state.text, state.len)))
		return;

	state.len = (size_t) len;
	memcpy(state.text, text, state.len);
	text[len] = '\0';
	parse(text);
}

void rules_init(void)
{
	const char *path = getenv("ANCHOR_FAULTS");
	const char *seed = getenv("ANCHOR_FAULTS_SEED");

	if (!path)
		return;

	state.random = seed ? strtoull(seed, NULL, 10) : 1;
	state.fd = open(path, O_RDONLY | O_CLOEXEC);
	if (state.fd < 0)
		refuse(path);
}

static unsigned int roll(unsigned int sides)
{
	return (unsigned int) (prng_next(&state.random) % sides);
}

/* One write, so that lines stay whole among those of the program. */
static void tell(const struct rule *rule, const struct fate *fate)
{
	char text[80];
	int len = snprintf(text, sizeof(text), "faults: %s %s %u\n",
			   name_of(targets, rule->target),
			   fate->error ? name_of(errors, fate->error) :
			   name_of(faults, fate->fault), fate->ms);

	if (write(STDERR_FILENO, text, (size_t) len) < 0)
		_exit(99);
}

struct fate rules_fate(enum target target)
{
	struct fate fate = { .fault = FAULT_NONE };

	if (state.fd < 0 || target == TARGET_NONE)
		return fate;

	read_again();
	for (size_t i = 0; i < state.n; i++) {
		struct rule *rule = &state.rules[i];

		if (rule->target != target || !rule->left ||
		    roll(100) >= rule->percent)
			continue;

		rule->left--;
		fate = rule->fate;
		if (fate.ms)
			fate.ms = 1 + roll(fate.ms);

		tell(rule, &fate);
		break;
	}

	return fate;
}
