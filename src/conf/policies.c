/* SPDX-License-Identifier: BSD-3-Clause */
/* The folder of policy files. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "conf/ini.h"
#include "conf/modules.h"
#include "conf/policies.h"
#include "conf/policy.h"

#define SUFFIX ".conf"
#define BUILT_IN "built-in"

struct policies {
	struct policy **items;		/* the built-in one is the last */
	struct core_rule *rules;
	size_t n;
};

/* Names of files, without the folder. */
struct names {
	char **items;
	size_t n;
};

static void clear_names(struct names *names)
{
	for (size_t i = 0; i < names->n; i++)
		free(names->items[i]);

	free(names->items);
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *) a, *(char *const *) b);
}

/* As ls(1) and the shell's "*.conf" have it, a hidden file is none. */
static bool is_policy_file(const char *name)
{
	size_t len = strlen(name);

	return len > strlen(SUFFIX) && name[0] != '.' &&
		!strcmp(name + len - strlen(SUFFIX), SUFFIX);
}

static int add_name(struct names *names, const char *name)
{
	char **items = reallocarray(names->items, names->n + 1,
				    sizeof(*items));

	if (!items)
		return -ENOMEM;

	names->items = items;
	items[names->n] = strdup(name);
	if (!items[names->n])
		return -ENOMEM;

	names->n++;
	return 0;
}

static int read_names(DIR *stream, struct names *names)
{
	const struct dirent *entry;
	int err = 0;

	while (!err) {
		errno = 0;
		entry = readdir(stream);
		if (!entry) {
			err = -errno;
			break;
		}

		if (is_policy_file(entry->d_name))
			err = names->n < POLICIES_MAX ?
				add_name(names, entry->d_name) : -E2BIG;
	}

	return err;
}

static int check_folder(DIR *stream)
{
	struct stat st;

	if (fstat(dirfd(stream), &st) < 0)
		return -errno;

	return st.st_mode & S_IWOTH ? -EPERM : 0;
}

static void say_unlisted(const struct diag_place *place, int err)
{
	if (err == -EPERM)
		diag_error(place, "the folder is writable by everybody");
	else if (err == -E2BIG)
		diag_error(place, "more than %u policy files", POLICIES_MAX);
	else
		diag_error(place, "cannot be read: %s", strerror(-err));
}

static int list_names(const struct diag_place *place, struct names *names)
{
	DIR *stream = opendir(place->file);
	int err;

	if (!stream && errno == ENOENT)
		return 0;

	err = stream ? check_folder(stream) : -errno;
	if (!err)
		err = read_names(stream, names);

	if (err < 0)
		say_unlisted(place, err);

	if (stream)
		closedir(stream);

	if (names->n)
		qsort(names->items, names->n, sizeof(*names->items), compare);

	return err;
}

static bool is_good_name(const char *file)
{
	return !file[strspn(file, "abcdefghijklmnopqrstuvwxyz"
			    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")];
}

/* Whatever is wrong is in diag, where fill() sees it. */
static void add_policy(struct policies *policies, const char *name,
		       const struct diag_place *place, const struct ini *ini,
		       struct modules *modules)
{
	struct policy *policy = policy_new(name, place->file);

	if (!policy) {
		diag_error(place, "out of memory");
		return;
	}

	policies->items[policies->n++] = policy;
	if (!policy_parse(policy, place->diag, ini, modules))
		policy_check(policy, place->diag);
}

static void load_file(struct policies *policies, const char *file,
		      const struct diag_place *place, struct modules *modules)
{
	struct ini *ini;
	struct stat st;
	char *name;

	if (!is_good_name(file)) {
		diag_error(place, "a file name of other characters than "
			   "letters, digits, - _ and .");
		return;
	}

	/* One that is a pipe would keep us waiting. */
	if (!stat(place->file, &st) && !S_ISREG(st.st_mode)) {
		diag_error(place, "not a regular file");
		return;
	}

	if (ini_load(place, &ini) < 0)
		return;

	name = strndup(file, strlen(file) - strlen(SUFFIX));
	if (name)
		add_policy(policies, name, place, ini, modules);
	else
		diag_error(place, "out of memory");

	free(name);
	ini_free(ini);
}

static void load_all(struct policies *policies, const char *dir,
		     const struct names *names, struct modules *modules,
		     struct diag *diag)
{
	struct diag_place built_in = { .diag = diag, .file = BUILT_IN };
	struct diag_place place = { .diag = diag };
	const struct ini nothing = { 0 };
	char *path;

	for (size_t i = 0; i < names->n; i++) {
		if (asprintf(&path, "%s/%s", dir, names->items[i]) < 0) {
			diag_error(&built_in, "out of memory");
			return;
		}

		place.file = path;
		load_file(policies, names->items[i], &place, modules);
		free(path);
	}

	add_policy(policies, BUILT_IN, &built_in, &nothing, modules);
}

static void make_all(struct policies *policies, struct diag *diag)
{
	for (size_t i = 0; i < policies->n; i++)
		if (!policy_make(policies->items[i], diag))
			policy_rule(policies->items[i], &policies->rules[i]);
}

static int fill(struct policies *policies, const struct diag_place *place,
		struct modules *modules)
{
	size_t before = diag_count(place->diag);
	struct names names = { 0 };
	int err = list_names(place, &names);

	policies->items = calloc(names.n + 1, sizeof(*policies->items));
	policies->rules = calloc(names.n + 1, sizeof(*policies->rules));
	if (policies->items && policies->rules)
		load_all(policies, place->file, &names, modules, place->diag);
	else
		diag_error(place, "out of memory");

	clear_names(&names);
	if (diag_count(place->diag) == before)
		make_all(policies, place->diag);

	if (!err && diag_count(place->diag) > before)
		err = -EINVAL;

	return err;
}

int policies_load(const char *dir, struct modules *modules, struct diag *diag,
		  struct policies **ret_policies)
{
	struct diag_place place = { .diag = diag, .file = dir };
	struct policies *policies = calloc(1, sizeof(*policies));
	int err;

	if (!policies) {
		diag_error(&place, "out of memory");
		return -ENOMEM;
	}

	err = fill(policies, &place, modules);
	if (err < 0) {
		policies_free(policies);
		return err;
	}

	*ret_policies = policies;
	return 0;
}

void policies_free(struct policies *policies)
{
	if (!policies)
		return;

	for (size_t i = 0; i < policies->n; i++)
		policy_free(policies->items[i]);

	free(policies->items);
	free(policies->rules);
	free(policies);
}

const struct core_rule *policies_rules(const struct policies *policies,
				       size_t *ret_n)
{
	*ret_n = policies->n;
	return policies->rules;
}

void policies_print(const struct policies *policies, FILE *out)
{
	for (size_t i = 0; i < policies->n; i++) {
		const char *name = policies->rules[i].name;
		bool built_in = i == policies->n - 1;

		fprintf(out, "%s# %s%s\n", i ? "\n" : "", name,
			built_in ? "" : SUFFIX);
		policy_print(policies->items[i], out);
	}
}
