/* SPDX-License-Identifier: BSD-3-Clause */
/* One policy file, from its sections to an instance of its module. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conf/modules.h"
#include "conf/option.h"
#include "conf/policy.h"
#include "conf/schema.h"

#define REASON_MAX 512

enum role {
	ROLE_ANY,
	ROLE_CLIENT,
	ROLE_SERVER,
};

struct policy {
	char *name;
	char *file;
	struct config_prefixes peer;
	struct config_prefixes local;		/* [match] rendezvous */
	struct config_ports port;
	enum role role;
	char *module_name;
	enum anchor_rendezvous rendezvous;	/* [policy] rendezvous */
	const struct anchor_policy *module;
	union anchor_value *values;		/* one for each option */
	unsigned int options_line;		/* of the module's section */
	void *instance;
	bool made;
};

static const char *const role_words[] = {
	[ROLE_ANY] = "any",
	[ROLE_CLIENT] = "client",
	[ROLE_SERVER] = "server",
	NULL,
};

static const char *const rendezvous_words[] = {
	[ANCHOR_RENDEZVOUS_KEEP] = "keep",
	[ANCHOR_RENDEZVOUS_BACKUP] = "backup",
	[ANCHOR_RENDEZVOUS_CLOSE] = "close",
	NULL,
};

static const struct schema_row rows[] = {
	{
		.key = { "match", "peer", "", "addresses and prefixes" },
		.type = SCHEMA_PREFIXES,
		.offset = offsetof(struct policy, peer),
	},
	{
		.key = { "match", "rendezvous", "",
			 "addresses and prefixes" },
		.type = SCHEMA_PREFIXES,
		.offset = offsetof(struct policy, local),
	},
	{
		.key = { "match", "port", "",
			 "ports 1 to 65535 and ranges of them" },
		.type = SCHEMA_PORTS,
		.offset = offsetof(struct policy, port),
	},
	{
		.key = { "match", "role", "any", "any, client, server" },
		.type = SCHEMA_WORD,
		.words = role_words,
		.offset = offsetof(struct policy, role),
	},
	{
		.key = { "policy", "module", "rail",
			 "the name of a policy module" },
		.type = SCHEMA_STRING,
		.offset = offsetof(struct policy, module_name),
	},
	{
		.key = { "policy", "rendezvous", "backup",
			 "keep, backup, close" },
		.type = SCHEMA_WORD,
		.words = rendezvous_words,
		.offset = offsetof(struct policy, rendezvous),
	},
	{ .key = { .section = NULL } },
};

const struct config_key *policy_key(size_t i)
{
	const size_t n = sizeof(rows) / sizeof(*rows) - 1;

	return i < n ? &rows[i].key : NULL;
}

struct policy *policy_new(const char *name, const char *file)
{
	struct policy *policy = calloc(1, sizeof(*policy));

	if (!policy)
		return NULL;

	policy->name = strdup(name);
	policy->file = strdup(file);
	if (!policy->name || !policy->file) {
		policy_free(policy);
		return NULL;
	}

	return policy;
}

void policy_free(struct policy *policy)
{
	if (!policy)
		return;

	if (policy->made && policy->module->free)
		policy->module->free(policy->instance);

	if (policy->values)
		for (size_t i = 0; i < policy->module->n_options; i++)
			option_clear(&policy->module->options[i],
				     &policy->values[i]);

	schema_clear(rows, "match", policy);
	schema_clear(rows, "policy", policy);
	free(policy->values);
	free(policy->file);
	free(policy->name);
	free(policy);
}

static int parse_common(struct policy *policy, const struct diag_place *place,
			const struct ini *ini, const char *name)
{
	const struct ini_section *section = ini_section(ini, name);
	int err = schema_defaults(rows, place, name, policy);

	if (section)
		err = schema_parse(rows, place, name, section, policy) ?: err;

	return err;
}

static int load_module(struct policy *policy, const struct diag_place *place,
		       const struct ini *ini, struct modules *modules)
{
	const struct ini_section *section = ini_section(ini, "policy");
	const struct ini_entry *entry = section ?
		ini_entry(section, "module") : NULL;
	struct diag_place at = *place;
	char reason[REASON_MAX];
	int err;

	if (!policy->module_name)
		return -ENOMEM;

	err = modules_get(modules, policy->module_name, &policy->module,
			  reason, sizeof(reason));
	if (err < 0) {
		at.line = entry ? entry->line : 0;
		at.section = "policy";
		at.key = "module";
		diag_error(&at, "%s", reason);
	}

	return err;
}

static int set_fallbacks(struct policy *policy,
			 const struct diag_place *place)
{
	const struct anchor_policy *module = policy->module;
	int err = 0;

	policy->values = calloc(module->n_options + 1,
				sizeof(*policy->values));
	if (!policy->values) {
		diag_error(place, "out of memory");
		return -ENOMEM;
	}

	for (size_t i = 0; i < module->n_options; i++)
		err = option_parse(&module->options[i], place,
				   module->options[i].fallback,
				   &policy->values[i]) ?: err;

	return err;
}

static void say_unknown_option(const struct anchor_policy *module,
			       const struct diag_place *place)
{
	struct diag_place at = *place;
	char keys[256] = "none";
	size_t len = 0;

	for (size_t i = 0; i < module->n_options && len < sizeof(keys); i++)
		len += (size_t) snprintf(keys + len, sizeof(keys) - len,
					 "%s%s", len ? ", " : "",
					 module->options[i].key);

	at.allowed = keys;
	diag_error(&at, "unknown key");
}

static int parse_option(struct policy *policy, const struct diag_place *place,
			const struct ini_entry *entry)
{
	const struct anchor_policy *module = policy->module;
	union anchor_value value;
	int err;

	for (size_t i = 0; i < module->n_options; i++) {
		const struct anchor_option *option = &module->options[i];

		if (strcmp(option->key, entry->key))
			continue;

		err = option_parse(option, place, entry->value, &value);
		if (err < 0)
			return err;

		option_clear(option, &policy->values[i]);
		policy->values[i] = value;
		return 0;
	}

	say_unknown_option(module, place);
	return -EINVAL;
}

static int parse_options(struct policy *policy,
			 const struct diag_place *place,
			 const struct ini *ini)
{
	const struct ini_section *section = ini_section(ini,
							policy->module->name);
	struct diag_place at = *place;
	int err;

	at.section = policy->module->name;
	err = set_fallbacks(policy, &at);
	if (err < 0 || !section)
		return err;

	policy->options_line = section->line;
	for (size_t i = 0; i < section->n_entries; i++) {
		at.line = section->entries[i].line;
		at.key = section->entries[i].key;
		err = parse_option(policy, &at, &section->entries[i]) ?: err;
	}

	return err;
}

static int refuse_others(const struct policy *policy,
			 const struct diag_place *place,
			 const struct ini *ini)
{
	const char *module = policy->module_name ? policy->module_name : "";
	struct diag_place at = *place;
	char names[128];
	int err = 0;

	snprintf(names, sizeof(names), "match, policy, %.64s", module);
	at.allowed = names;
	for (size_t i = 0; i < ini->n_sections; i++) {
		const char *name = ini->sections[i].name;

		if (!strcmp(name, "match") || !strcmp(name, "policy") ||
		    !strcmp(name, module))
			continue;

		at.line = ini->sections[i].line;
		at.section = name;
		diag_error(&at, "unknown section");
		err = -EINVAL;
	}

	return err;
}

int policy_parse(struct policy *policy, struct diag *diag,
		 const struct ini *ini, struct modules *modules)
{
	struct diag_place place = { .diag = diag, .file = policy->file };
	int err = parse_common(policy, &place, ini, "match");
	int more;

	err = parse_common(policy, &place, ini, "policy") ?: err;
	more = load_module(policy, &place, ini, modules);
	if (!more)
		more = parse_options(policy, &place, ini);

	err = more ?: err;
	return refuse_others(policy, &place, ini) ?: err;
}

/* The section of the module's options. */
static struct diag_place options_place(const struct policy *policy,
				       struct diag *diag)
{
	return (struct diag_place) {
		.diag = diag,
		.file = policy->file,
		.line = policy->options_line,
		.section = policy->module->name,
	};
}

int policy_check(const struct policy *policy, struct diag *diag)
{
	struct diag_place place = options_place(policy, diag);
	char reason[REASON_MAX] = "the values do not fit together";
	int err;

	if (!policy->module->check)
		return 0;

	err = policy->module->check(policy->values, reason, sizeof(reason));
	if (err < 0)
		diag_error(&place, "%.*s", REASON_MAX, reason);

	return err;
}

int policy_make(struct policy *policy, struct diag *diag)
{
	struct diag_place place = options_place(policy, diag);
	int err;

	if (!policy->module->make)
		return 0;

	err = policy->module->make(policy->values, &policy->instance);
	if (err < 0) {
		diag_error(&place, "the module could not be set up: %s",
			   strerror(-err));
		return err;
	}

	policy->made = true;
	return 0;
}

void policy_rule(const struct policy *policy, struct core_rule *ret_rule)
{
	*ret_rule = (struct core_rule) {
		.name = policy->name,
		.match = {
			.peers = policy->peer.items,
			.n_peers = policy->peer.n,
			.rendezvous = policy->local.items,
			.n_rendezvous = policy->local.n,
			.ports = policy->port.items,
			.n_ports = policy->port.n,
			.client = policy->role == ROLE_CLIENT,
			.server = policy->role == ROLE_SERVER,
		},
		.policy = policy->module,
		.values = policy->values,
		.instance = policy->instance,
		.rendezvous = policy->rendezvous,
	};
}

void policy_print(const struct policy *policy, FILE *out)
{
	const struct anchor_policy *module = policy->module;

	fputs("[match]\n", out);
	schema_print(rows, "match", policy, out);
	fputs("\n[policy]\n", out);
	schema_print(rows, "policy", policy, out);
	if (!module->n_options)
		return;

	fprintf(out, "\n[%s]\n", module->name);
	for (size_t i = 0; i < module->n_options; i++)
		option_print(&module->options[i], &policy->values[i], out);
}
