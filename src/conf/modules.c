/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Loads policy modules. A module runs with all of Anchor's rights, so what
 * anybody could have put there is not opened, and what does not fit is
 * closed again.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "conf/diag.h"
#include "conf/modules.h"
#include "conf/option.h"

#define NAME_MAX_LEN 64
#define OPTIONS_MAX 64

struct module {
	char *name;
	void *handle;
	const struct anchor_policy *policy;
};

struct modules {
	char *dir;
	struct module *items;
	size_t n;
};

/* Where a refusal is explained. */
struct reason {
	char *text;
	size_t len;
};

__attribute__((format(printf, 3, 4)))
static int refuse(const struct reason *reason, int err, const char *format,
		  ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(reason->text, reason->len, format, args);
	va_end(args);
	return err;
}

struct modules *modules_new(const char *dir)
{
	struct modules *modules = calloc(1, sizeof(*modules));

	if (!modules)
		return NULL;

	modules->dir = strdup(dir);
	if (!modules->dir) {
		free(modules);
		return NULL;
	}

	return modules;
}

void modules_free(struct modules *modules)
{
	if (!modules)
		return;

	for (size_t i = 0; i < modules->n; i++) {
		dlclose(modules->items[i].handle);
		free(modules->items[i].name);
	}

	free(modules->items);
	free(modules->dir);
	free(modules);
}

static bool is_name(const char *name)
{
	size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-");

	return len && len <= NAME_MAX_LEN && !name[len];
}

/* These sections of a policy file are not a module's. */
static bool is_reserved(const char *name)
{
	return !strcmp(name, "match") || !strcmp(name, "policy");
}

static int check_place(const char *path, mode_t type, const char *type_name,
		       const struct reason *reason)
{
	struct stat st;

	if (stat(path, &st) < 0) {
		int err = -errno;

		return refuse(reason, err, "%s: %s", path, strerror(-err));
	}

	if ((st.st_mode & S_IFMT) != type)
		return refuse(reason, -EINVAL, "%s is not a %s", path,
			      type_name);

	if (st.st_mode & S_IWOTH)
		return refuse(reason, -EPERM, "%s is writable by everybody",
			      path);

	return 0;
}

static int check_options(const struct anchor_policy *policy, const char *path,
			 struct diag *diag)
{
	struct diag_place place = {
		.diag = diag,
		.file = path,
		.section = policy->name,
	};

	for (size_t i = 0; i < policy->n_options; i++) {
		const struct anchor_option *option = &policy->options[i];

		if (option_check(option, &place) < 0)
			return -EINVAL;

		for (size_t j = 0; j < i; j++)
			if (!strcmp(policy->options[j].key, option->key)) {
				diag_error(&place, "two options \"%s\"",
					   option->key);
				return -EINVAL;
			}
	}

	return 0;
}

static int check_table(const struct anchor_policy *policy, const char *path,
		       const struct reason *reason)
{
	struct diag *diag;
	int err;

	if (!policy->n_options)
		return 0;

	if (!policy->options || policy->n_options > OPTIONS_MAX)
		return refuse(reason, -EINVAL, "%s: %zu options without a "
			      "table, or more than %u", path,
			      policy->n_options, OPTIONS_MAX);

	if (!policy->make)
		return refuse(reason, -EINVAL, "%s: options without make()",
			      path);

	diag = diag_new();
	if (!diag)
		return refuse(reason, -ENOMEM, "out of memory");

	err = check_options(policy, path, diag);
	if (err < 0)
		refuse(reason, err, "%s", diag_line(diag, 0));

	diag_free(diag);
	return err;
}

/* abi and size first: the rest may be read only if they are right. */
static int check_policy(const struct anchor_policy *policy, const char *name,
			const char *path, const struct reason *reason)
{
	if (policy->abi != ANCHOR_POLICY_ABI)
		return refuse(reason, -EINVAL, "%s: ABI %u, this Anchor "
			      "speaks %u", path, policy->abi,
			      ANCHOR_POLICY_ABI);

	if (policy->size != sizeof(*policy))
		return refuse(reason, -EINVAL, "%s: a descriptor of %u bytes, "
			      "not %zu", path, policy->size, sizeof(*policy));

	if (!policy->name || strcmp(policy->name, name))
		return refuse(reason, -EINVAL, "%s: the module's name is "
			      "\"%.64s\", not \"%s\"", path,
			      policy->name ? policy->name : "", name);

	if (!policy->plan)
		return refuse(reason, -EINVAL, "%s: no plan()", path);

	if (policy->make && !policy->free)
		return refuse(reason, -EINVAL, "%s: make() without free()",
			      path);

	if (policy->memory > ANCHOR_MEMORY_MAX)
		return refuse(reason, -EINVAL, "%s: %u bytes of memory for "
			      "each connection, not more than %u", path,
			      policy->memory, ANCHOR_MEMORY_MAX);

	return check_table(policy, path, reason);
}

static int add(struct modules *modules, const char *name, void *handle,
	       const struct anchor_policy *policy,
	       const struct reason *reason)
{
	struct module *items = reallocarray(modules->items, modules->n + 1,
					    sizeof(*items));
	char *copy;

	if (!items)
		return refuse(reason, -ENOMEM, "out of memory");

	modules->items = items;
	copy = strdup(name);
	if (!copy)
		return refuse(reason, -ENOMEM, "out of memory");

	items[modules->n++] = (struct module) { copy, handle, policy };
	return 0;
}

static int open_module(struct modules *modules, const char *name,
		       const char *path, const struct reason *reason,
		       const struct anchor_policy **ret_policy)
{
	void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	const struct anchor_policy *policy;
	int err;

	if (!handle)
		return refuse(reason, -ELIBBAD, "%s", dlerror());

	policy = dlsym(handle, "anchor_policy");
	if (policy)
		err = check_policy(policy, name, path, reason);
	else
		err = refuse(reason, -ENOEXEC, "%s: no symbol anchor_policy",
			     path);

	if (!err)
		err = add(modules, name, handle, policy, reason);

	if (err < 0) {
		dlclose(handle);
		return err;
	}

	*ret_policy = policy;
	return 0;
}

int modules_get(struct modules *modules, const char *name,
		const struct anchor_policy **ret_policy, char *reason,
		size_t reason_len)
{
	const struct reason why = { reason, reason_len };
	char *path;
	int err;

	for (size_t i = 0; i < modules->n; i++)
		if (!strcmp(modules->items[i].name, name)) {
			*ret_policy = modules->items[i].policy;
			return 0;
		}

	if (!is_name(name) || is_reserved(name))
		return refuse(&why, -EINVAL, "not the name of a module "
			      "\"%.64s\"", name);

	if (asprintf(&path, "%s/%s.so", modules->dir, name) < 0)
		return refuse(&why, -ENOMEM, "out of memory");

	err = check_place(modules->dir, S_IFDIR, "folder", &why);
	if (!err)
		err = check_place(path, S_IFREG, "regular file", &why);

	if (!err)
		err = open_module(modules, name, path, &why, ret_policy);

	free(path);
	return err;
}
