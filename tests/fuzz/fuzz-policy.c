/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A policy file, with the modules of this build: the input is the file. What
 * is accepted makes an instance and prints as a file that reads back the
 * same; what is not is refused with errors that can be shown.
 */
#include "conf/modules.h"
#include "conf/policy.h"
#include "fuzz/complaints.h"
#include "fuzz/memfile.h"

static char *print(const struct policy *policy)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	require(out);
	policy_print(policy, out);
	require(!fclose(out));
	return text;
}

static void check_rule(const struct policy *policy)
{
	struct core_rule rule;

	policy_rule(policy, &rule);
	require(!strcmp(rule.name, "50-fuzz"));
	require(rule.policy && rule.policy->plan);
	require(rule.rendezvous <= ANCHOR_RENDEZVOUS_CLOSE);
	for (size_t i = 0; i < rule.match.n_ports; i++)
		require(rule.match.ports[i].first <= rule.match.ports[i].last);
}

/* As policies_load() does with each file. NULL if it is refused. */
static char *read_policy(struct modules *modules, struct diag *diag,
			 const char *path)
{
	const struct diag_place place = { .diag = diag, .file = path };
	struct policy *policy;
	char *text = NULL;
	struct ini *ini;

	if (ini_load(&place, &ini) < 0)
		return NULL;

	policy = policy_new("50-fuzz", path);
	require(policy);
	if (!policy_parse(policy, diag, ini, modules))
		policy_check(policy, diag);

	if (!diag_count(diag)) {
		require(!policy_make(policy, diag));
		check_rule(policy);
		text = print(policy);
	}

	policy_free(policy);
	ini_free(ini);
	return text;
}

static char *load_and_print(struct modules *modules, const void *bytes,
			    size_t len)
{
	struct memfile file = memfile_new(bytes, len);
	struct diag *diag = diag_new();
	char *text;

	require(diag);
	text = read_policy(modules, diag, file.path);
	require(!text == (diag_count(diag) > 0));
	check_complaints(diag, file.path);
	diag_free(diag);
	memfile_close(&file);
	return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* Opened once: what it has learnt changes nothing. */
	static struct modules *modules;
	char *first, *second;

	if (!modules)
		modules = modules_new(FUZZ_MODULES);

	require(modules);
	first = load_and_print(modules, data, size);
	if (!first)
		return 0;

	second = load_and_print(modules, first, strlen(first));
	require(second);
	require(!strcmp(first, second));
	free(second);
	free(first);
	return 0;
}
