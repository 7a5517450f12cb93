/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Policy modules and policy files, with the small modules of
 * tests/conf/modules, which the build leaves in ANCHOR_TEST_MODULES.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit.h"

#include "conf/modules.h"
#include "conf/policies.h"
#include "conf/policy.h"

#define REASON_LEN 512
#define PATH_LEN 512

struct scratch {
	const char *module_dir;
	char dir[32];
	struct modules *modules;
	struct diag *diag;
};

static int setup(void **state)
{
	struct scratch *scratch = calloc(1, sizeof(*scratch));

	scratch->module_dir = getenv("ANCHOR_TEST_MODULES");
	strcpy(scratch->dir, "/tmp/anchor-policies-XXXXXX");
	assert_non_null(mkdtemp(scratch->dir));
	scratch->modules = modules_new(scratch->module_dir ?: "/nonexistent");
	scratch->diag = diag_new();
	*state = scratch;
	return 0;
}

static int teardown(void **state)
{
	struct scratch *scratch = *state;
	char command[64];

	modules_free(scratch->modules);
	diag_free(scratch->diag);
	snprintf(command, sizeof(command), "rm -r %s", scratch->dir);
	assert_int_equal(system(command), 0);
	free(scratch);
	return 0;
}

static void write_file(const struct scratch *scratch, const char *name,
		       const char *text)
{
	char path[PATH_LEN];
	FILE *out;

	snprintf(path, sizeof(path), "%s/%s", scratch->dir, name);
	out = fopen(path, "w");
	assert_non_null(out);
	fputs(text, out);
	assert_int_equal(fclose(out), 0);
}

static struct policies *load(const struct scratch *scratch)
{
	struct policies *policies = NULL;
	int err = policies_load(scratch->dir, scratch->modules, scratch->diag,
				&policies);

	for (size_t i = 0; i < diag_count(scratch->diag); i++)
		print_message("%s\n", diag_line(scratch->diag, i));

	assert_int_equal(err, 0);
	assert_int_equal(diag_count(scratch->diag), 0);
	return policies;
}

static char *printed(const struct policies *policies)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	policies_print(policies, out);
	fclose(out);
	return text;
}

/* Exactly these lines, without the folder they begin with. */
static void expect_errors(struct scratch *scratch, int err,
			  const char *const *expected)
{
	struct policies *policies = NULL;
	size_t n = 0;

	assert_int_equal(policies_load(scratch->dir, scratch->modules,
				       scratch->diag, &policies), err);
	assert_null(policies);
	for (; expected[n]; n++) {
		const char *line = diag_line(scratch->diag, n);
		size_t len = strlen(scratch->dir);

		if (!strncmp(line, scratch->dir, len))
			line += len + (line[len] == '/');

		assert_string_equal(line, expected[n]);
	}

	assert_int_equal(diag_count(scratch->diag), n);
	diag_free(scratch->diag);
	scratch->diag = diag_new();
}

static bool has_modules(const struct scratch *scratch)
{
	return scratch->module_dir != NULL;
}

static bool is_loaded(const struct scratch *scratch, const char *name)
{
	char path[PATH_LEN];
	void *handle;

	snprintf(path, sizeof(path), "%s/%s.so", scratch->module_dir, name);
	handle = dlopen(path, RTLD_NOW | RTLD_NOLOAD);
	if (handle)
		dlclose(handle);

	return handle != NULL;
}

static void refused(struct modules *modules, const char *name, int err,
		    const char *expected)
{
	const struct anchor_policy *policy = NULL;
	char reason[REASON_LEN] = "";

	print_message("%s\n", name);
	assert_int_equal(modules_get(modules, name, &policy, reason,
				     sizeof(reason)), err);
	assert_null(policy);
	if (!strstr(reason, expected))
		fail_msg("\"%s\" does not say \"%s\"", reason, expected);
}

static void test_modules(void **state)
{
	struct scratch *scratch = *state;
	const struct anchor_policy *first, *second;
	char reason[REASON_LEN];

	if (!has_modules(scratch))
		skip();

	assert_int_equal(modules_get(scratch->modules, "rail", &first, reason,
				     sizeof(reason)), 0);
	assert_int_equal(modules_get(scratch->modules, "plain", &second,
				     reason, sizeof(reason)), 0);
	assert_string_equal(second->name, "plain");
	assert_int_equal(modules_get(scratch->modules, "rail", &second,
				     reason, sizeof(reason)), 0);
	assert_ptr_equal(first, second);

	assert_true(is_loaded(scratch, "plain"));
	modules_free(scratch->modules);
	scratch->modules = NULL;
	assert_false(is_loaded(scratch, "plain"));
}

static void test_refused_modules(void **state)
{
	struct scratch *scratch = *state;
	struct modules *modules = scratch->modules;
	char abi[64], size[64];

	if (!has_modules(scratch))
		skip();

	snprintf(abi, sizeof(abi), "ABI %u, this Anchor speaks %u",
		 ANCHOR_POLICY_ABI + 1, ANCHOR_POLICY_ABI);
	snprintf(size, sizeof(size), "of %zu bytes, not %zu",
		 sizeof(struct anchor_policy) - 8,
		 sizeof(struct anchor_policy));
	refused(modules, "abi", -EINVAL, abi);
	refused(modules, "size", -EINVAL, size);
	refused(modules, "other-name", -EINVAL,
		"is \"someone-else\", not \"other-name\"");
	refused(modules, "no-symbol", -ENOEXEC, "no symbol anchor_policy");
	refused(modules, "no-plan", -EINVAL, "no plan()");
	refused(modules, "no-free", -EINVAL, "make() without free()");
	refused(modules, "no-key", -EINVAL, "without a key");
	refused(modules, "bad-default", -EINVAL,
		"[bad-default] count: out of range \"9\" (allowed: 1 to 8)");
	refused(modules, "missing", -ENOENT, "No such file");
	assert_false(is_loaded(scratch, "abi"));
	assert_false(is_loaded(scratch, "no-symbol"));
	assert_false(is_loaded(scratch, "bad-default"));
}

static void test_names_of_modules(void **state)
{
	struct scratch *scratch = *state;
	static const char *const names[] = {
		"", "../rail", "rail.so", "Rail", "a b", "match", "policy",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		refused(scratch->modules, names[i], -EINVAL,
			"not the name of a module");
}

static void copy_rail(const struct scratch *scratch)
{
	char command[PATH_LEN];

	snprintf(command, sizeof(command), "cp \"%s/rail.so\" %s",
		 scratch->module_dir, scratch->dir);
	assert_int_equal(system(command), 0);
}

static void test_places_of_modules(void **state)
{
	struct scratch *scratch = *state;
	const struct anchor_policy *policy;
	struct modules *modules = modules_new(scratch->dir);
	char path[PATH_LEN], reason[REASON_LEN];

	if (!has_modules(scratch)) {
		modules_free(modules);
		skip();
	}

	write_file(scratch, "text.so", "not a shared object at all\n");
	refused(modules, "text", -ELIBBAD, "text.so: ");
	snprintf(path, sizeof(path), "%s/folder.so", scratch->dir);
	assert_int_equal(mkdir(path, 0755), 0);
	refused(modules, "folder", -EINVAL, "not a regular file");

	copy_rail(scratch);
	snprintf(path, sizeof(path), "%s/rail.so", scratch->dir);
	assert_int_equal(chmod(path, 0757), 0);
	refused(modules, "rail", -EPERM, "rail.so is writable by everybody");
	assert_int_equal(chmod(path, 0755), 0);
	assert_int_equal(chmod(scratch->dir, 0777), 0);
	refused(modules, "rail", -EPERM, "is writable by everybody");
	assert_int_equal(chmod(scratch->dir, 0755), 0);
	assert_int_equal(modules_get(modules, "rail", &policy, reason,
				     sizeof(reason)), 0);
	modules_free(modules);
}

static void check_built_in(const struct core_rule *rule)
{
	const union anchor_value *values = rule->instance;

	assert_string_equal(rule->name, "built-in");
	assert_string_equal(rule->policy->name, "rail");
	assert_int_equal(rule->rendezvous, ANCHOR_RENDEZVOUS_BACKUP);
	assert_int_equal(rule->match.n_peers, 0);
	assert_int_equal(rule->match.n_rendezvous, 0);
	assert_int_equal(rule->match.n_ports, 0);
	assert_false(rule->match.client);
	assert_false(rule->match.server);
	assert_false(values[0].flag);
	assert_int_equal(values[1].number, 3);
	assert_int_equal(values[2].span.us, 50000);
	assert_int_equal(values[3].word, 0);
	assert_string_equal(values[4].string, "some text");
}

static void test_built_in(void **state)
{
	struct scratch *scratch = *state;
	struct policies *policies;
	size_t n;

	if (!has_modules(scratch))
		skip();

	policies = load(scratch);
	assert_int_equal(policies_rules(policies, &n) != NULL, true);
	assert_int_equal(n, 1);
	check_built_in(policies_rules(policies, &n));
	policies_free(policies);

	assert_int_equal(policies_load("/nonexistent/policy.d",
				       scratch->modules, scratch->diag,
				       &policies), 0);
	check_built_in(policies_rules(policies, &n));
	policies_free(policies);
}

static void write_full(const struct scratch *scratch)
{
	write_file(scratch, "50-ceph.conf",
		   "[match]\n"
		   "peer=10.255.0.0/16 2001:db8::/32 ; both\n"
		   "rendezvous=10.255.0.1\n"
		   "port=3300,6800-7568\n"
		   "role=server\n"
		   "[policy]\n"
		   "rendezvous=close\n"
		   "[rail]\n"
		   "strict=yes\n"
		   "count=4\n"
		   "wait=1500us\n"
		   "cross=always\n"
		   "label=a, b\n");
}

static void check_full(const struct core_rule *rule)
{
	const struct core_match *match = &rule->match;
	const union anchor_value *values = rule->instance;

	assert_string_equal(rule->name, "50-ceph");
	assert_int_equal(rule->rendezvous, ANCHOR_RENDEZVOUS_CLOSE);
	assert_int_equal(match->n_peers, 2);
	assert_int_equal(match->peers[1].len, 32);
	assert_int_equal(match->n_rendezvous, 1);
	assert_int_equal(match->n_ports, 2);
	assert_int_equal(match->ports[0].first, 3300);
	assert_int_equal(match->ports[0].last, 3300);
	assert_int_equal(match->ports[1].first, 6800);
	assert_int_equal(match->ports[1].last, 7568);
	assert_false(match->client);
	assert_true(match->server);
	assert_true(values[0].flag);
	assert_int_equal(values[1].number, 4);
	assert_int_equal(values[2].span.us, 1500);
	assert_int_equal(values[3].word, 2);
	assert_string_equal(values[4].string, "a, b");
}

/* By name, as bytes; what is hidden or no .conf is none. */
static void test_order(void **state)
{
	struct scratch *scratch = *state;
	const struct core_rule *rules;
	struct policies *policies;
	size_t n;

	if (!has_modules(scratch))
		skip();

	write_file(scratch, "b.conf", "[policy]\nmodule=plain\n[plain]\n");
	write_full(scratch);
	write_file(scratch, "Z.conf", "[match]\nrole=client\n");
	write_file(scratch, ".conf", "what");
	write_file(scratch, ".x.conf", "what");
	write_file(scratch, "x.conf.example", "what");

	policies = load(scratch);
	rules = policies_rules(policies, &n);
	assert_int_equal(n, 4);
	check_full(&rules[0]);
	assert_string_equal(rules[1].name, "Z");
	assert_true(rules[1].match.client);
	assert_false(rules[1].match.server);
	assert_string_equal(rules[2].name, "b");
	assert_string_equal(rules[2].policy->name, "plain");
	assert_null(rules[2].instance);
	check_built_in(&rules[3]);
	policies_free(policies);
}

/* Whatever stands before the second file is the first one, as written. */
static void test_print(void **state)
{
	struct scratch *scratch = *state;
	struct policies *policies;
	char *first, *second, *end;

	if (!has_modules(scratch))
		skip();

	write_full(scratch);
	policies = load(scratch);
	first = printed(policies);
	policies_free(policies);
	assert_non_null(strstr(first, "# 50-ceph.conf\n"));
	assert_non_null(strstr(first, "peer=10.255.0.0/16,2001:db8::/32\n"));
	assert_non_null(strstr(first, "port=3300,6800-7568\n"));
	assert_non_null(strstr(first, "[rail]\nstrict=yes\ncount=4\n"
			       "wait=1500us\ncross=always\nlabel=a, b\n"));

	second = strdup(first);
	end = strstr(second, "# built-in");
	assert_non_null(end);
	*end = '\0';
	write_file(scratch, "50-ceph.conf", second);
	free(second);

	policies = load(scratch);
	second = printed(policies);
	assert_string_equal(first, second);
	policies_free(policies);
	free(second);
	free(first);
}

/* The shipped example is one. */
static void test_example(void **state)
{
	struct scratch *scratch = *state;
	const char *srcdir = getenv("ANCHOR_SRCDIR");
	struct policies *policies;
	char command[PATH_LEN];
	size_t n;

	if (!has_modules(scratch) || !srcdir)
		skip();

	snprintf(command, sizeof(command),
		 "cp \"%s/etc/policy.d/50-ceph.conf.example\" "
		 "%s/50-ceph.conf", srcdir, scratch->dir);
	assert_int_equal(system(command), 0);
	policies = load(scratch);
	assert_int_equal(policies_rules(policies, &n)->match.n_ports, 2);
	assert_int_equal(n, 2);
	policies_free(policies);
}

static void test_errors(void **state)
{
	struct scratch *scratch = *state;
	static const char *const expected[] = {
		"a.conf:1: error: x: a key outside of any section",
		"a.conf:3: error: [match] peer: host bits are set in "
			"\"10.0.0.1/8\" (allowed: addresses and prefixes)",
		"a.conf:4: error: [match] port: not a port or range of ports "
			"\"0\" (allowed: ports 1 to 65535 and ranges of "
			"them)",
		"a.conf:4: error: [match] port: not a port or range of ports "
			"\"9-8\" (allowed: ports 1 to 65535 and ranges of "
			"them)",
		"a.conf:4: error: [match] port: not a port or range of ports "
			"\"65536\" (allowed: ports 1 to 65535 and ranges of "
			"them)",
		"a.conf:5: error: [match] role: not one of the words "
			"\"peer\" (allowed: any, client, server)",
		"a.conf:7: error: [policy] rendezvous: not one of the words "
			"\"drop\" (allowed: keep, backup, close)",
		"a.conf:9: error: [rail] count: out of range \"10\" "
			"(allowed: 1 to 9)",
		"a.conf:10: error: [rail] wait: out of range \"11s\" "
			"(allowed: 1ms to 10s)",
		"a.conf:11: error: [rail] cross: not one of the words "
			"\"maybe\" (allowed: when-alone, never, always)",
		"a.conf:12: error: [rail] strict: not one of the words "
			"\"1\" (allowed: yes, no)",
		"a.conf:13: error: [rail] depth: unknown key (allowed: "
			"strict, count, wait, cross, label)",
		"a.conf:14: error: [plain]: unknown section (allowed: match, "
			"policy, rail)",
		"b.conf:4: error: [rail]: strict allows a count of at most "
			"4",
		"c.conf:2: error: [plain] x: unknown key (allowed: none)",
		NULL,
	};

	if (!has_modules(scratch))
		skip();

	write_file(scratch, "a.conf",
		   "x=1\n[match]\npeer=10.0.0.1/8\nport=0,9-8,65536,1\n"
		   "role=peer\n[policy]\nrendezvous=drop\n[rail]\ncount=10\n"
		   "wait=11s\ncross=maybe\nstrict=1\ndepth=1\n[plain]\n");
	write_file(scratch, "b.conf",
		   "[match]\npeer=10.0.0.0/8\n\n[rail]\nstrict=yes\n"
		   "count=5\n");
	write_file(scratch, "c.conf",
		   "[plain]\nx=y\n[policy]\nmodule=plain\n");
	expect_errors(scratch, -EINVAL, expected);
}

static void test_unusable_module(void **state)
{
	struct scratch *scratch = *state;
	static const char *const unmade[] = {
		"a.conf:3: error: [fails]: the module could not be set up: "
			"Device or resource busy",
		NULL,
	};
	static const char *const misnamed[] = {
		"a.conf:2: error: [policy] module: not the name of a module "
			"\"../x\"",
		NULL,
	};

	if (!has_modules(scratch))
		skip();

	write_file(scratch, "a.conf", "[policy]\nmodule=fails\n[fails]\n");
	expect_errors(scratch, -EINVAL, unmade);
	write_file(scratch, "a.conf", "[policy]\nmodule=../x\n");
	expect_errors(scratch, -EINVAL, misnamed);
}

static void test_without_rail(void **state)
{
	struct scratch *scratch = *state;
	struct modules *modules = modules_new("/nonexistent");
	struct policies *policies = NULL;

	assert_int_equal(policies_load(scratch->dir, modules, scratch->diag,
				       &policies), -EINVAL);
	assert_null(policies);
	assert_int_equal(diag_count(scratch->diag), 1);
	assert_string_equal(diag_line(scratch->diag, 0),
			    "built-in: error: [policy] module: /nonexistent: "
			    "No such file or directory");
	modules_free(modules);
}

static void test_unsafe_files(void **state)
{
	struct scratch *scratch = *state;
	static const char *const files[] = {
		"a b.conf: error: a file name of other characters than "
			"letters, digits, - _ and .",
		"dangling.conf: error: cannot be read: No such file or "
			"directory",
		"open.conf: error: the file is writable by everybody",
		"pipe.conf: error: not a regular file",
		NULL,
	};
	static const char *const folder[] = {
		": error: the folder is writable by everybody",
		NULL,
	};
	char path[PATH_LEN];

	if (!has_modules(scratch))
		skip();

	write_file(scratch, "a b.conf", "");
	write_file(scratch, "open.conf", "");
	snprintf(path, sizeof(path), "%s/open.conf", scratch->dir);
	assert_int_equal(chmod(path, 0646), 0);
	snprintf(path, sizeof(path), "%s/pipe.conf", scratch->dir);
	assert_int_equal(mkfifo(path, 0600), 0);
	snprintf(path, sizeof(path), "%s/dangling.conf", scratch->dir);
	assert_int_equal(symlink("nowhere", path), 0);
	expect_errors(scratch, -EINVAL, files);

	assert_int_equal(chmod(scratch->dir, 0777), 0);
	expect_errors(scratch, -EPERM, folder);
}

static void test_number_of_files(void **state)
{
	struct scratch *scratch = *state;
	static const char *const expected[] = {
		": error: more than 256 policy files",
		NULL,
	};
	struct policies *policies;
	char name[32];
	size_t n;

	if (!has_modules(scratch))
		skip();

	for (unsigned int i = 0; i < POLICIES_MAX; i++) {
		snprintf(name, sizeof(name), "%u.conf", i);
		write_file(scratch, name, "");
	}

	policies = load(scratch);
	policies_rules(policies, &n);
	assert_int_equal(n, POLICIES_MAX + 1);
	policies_free(policies);

	write_file(scratch, "more.conf", "");
	expect_errors(scratch, -E2BIG, expected);
}

static void test_keys(void **state)
{
	size_t n = 0;

	while (policy_key(n)) {
		assert_non_null(policy_key(n)->fallback);
		assert_non_null(policy_key(n)->allowed);
		n++;
	}

	assert_int_equal(n, 6);
}

#define WITH_SCRATCH(test) \
	cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_SCRATCH(test_modules),
		WITH_SCRATCH(test_refused_modules),
		WITH_SCRATCH(test_names_of_modules),
		WITH_SCRATCH(test_places_of_modules),
		WITH_SCRATCH(test_built_in),
		WITH_SCRATCH(test_order),
		WITH_SCRATCH(test_print),
		WITH_SCRATCH(test_example),
		WITH_SCRATCH(test_errors),
		WITH_SCRATCH(test_unusable_module),
		WITH_SCRATCH(test_without_rail),
		WITH_SCRATCH(test_unsafe_files),
		WITH_SCRATCH(test_number_of_files),
		cmocka_unit_test(test_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
