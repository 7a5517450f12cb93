/* SPDX-License-Identifier: BSD-3-Clause */
/* anchor.conf: its keys, and what must hold between them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf/config.h"
#include "conf/ini.h"
#include "conf/schema.h"
#include "conf/value.h"
#include "util/addrtext.h"

#define RAIL "rail.NAME"
#define RAIL_PREFIX "rail."

#define EXCLUDED "docker*,br-*,cni*,veth*,virbr*,cali*,flannel*,cilium*," \
	"lxc*,tun*,tap*,wg*"

#define PREFIXES "addresses and prefixes"
#define GLOBS "interface names and globs"

static const char *const manage_words[] = {
	[CONFIG_MANAGE_ANCHORED] = "anchored",
	[CONFIG_MANAGE_ALL] = "all",
	NULL,
};

#define RANGE(_section, _key, _type, _field, _fallback, _min, _max) { \
	.key = { _section, _key, _fallback, _min " to " _max },	\
	.type = _type, .min = _min, .max = _max,		\
	.offset = offsetof(struct config, _field),		\
}

#define NUMBER(_section, _key, _field, _fallback, _min, _max) \
	RANGE(_section, _key, SCHEMA_NUMBER, _field, _fallback, _min, _max)

#define SPAN(_section, _key, _field, _fallback, _min, _max) \
	RANGE(_section, _key, SCHEMA_SPAN, _field, _fallback, _min, _max)

/* A rail's rows are kept in its struct config_rail, all others in config. */
static const struct schema_row rows[] = {
	{
		.key = { "rendezvous", "addresses", "auto",
			 "auto, or " PREFIXES },
		.type = SCHEMA_PREFIXES,
		.offset = offsetof(struct config, rendezvous.addresses),
		.may_be_auto = true,
		.auto_offset = offsetof(struct config,
					rendezvous.addresses_auto),
	},
	{
		.key = { "rendezvous", "peers", "", PREFIXES },
		.type = SCHEMA_PREFIXES,
		.offset = offsetof(struct config, rendezvous.peers),
	},
	{
		.key = { "rendezvous", "manage", "anchored",
			 "anchored, all" },
		.type = SCHEMA_WORD,
		.words = manage_words,
		.offset = offsetof(struct config, rendezvous.manage),
	},
	{
		.key = { "links", "interfaces", "auto", "auto, or " GLOBS },
		.type = SCHEMA_GLOBS,
		.offset = offsetof(struct config, links.interfaces),
		.may_be_auto = true,
		.auto_offset = offsetof(struct config, links.interfaces_auto),
	},
	{
		.key = { "links", "exclude", EXCLUDED, GLOBS },
		.type = SCHEMA_GLOBS,
		.offset = offsetof(struct config, links.exclude),
	},
	{
		.key = { RAIL, "interfaces", "", GLOBS },
		.type = SCHEMA_GLOBS,
		.offset = offsetof(struct config_rail, interfaces),
	},
	{
		.key = { RAIL, "prefixes", "", PREFIXES },
		.type = SCHEMA_PREFIXES,
		.offset = offsetof(struct config_rail, prefixes),
	},
	NUMBER("join", "port", join.port, "0", "0", "65535"),
	NUMBER("limits", "connections", limits.connections,
	       "65536", "1", "1048576"),
	NUMBER("limits", "subflows", limits.subflows, "16", "2", "64"),
	NUMBER("limits", "announced", limits.announced, "16", "1", "64"),
	NUMBER("limits", "samples", limits.samples, "20000", "100", "1000000"),
	NUMBER("limits", "commands", limits.commands, "1024", "16", "65536"),
	NUMBER("limits", "clients", limits.clients, "16", "1", "64"),
	NUMBER("limits", "listeners", limits.listeners, "512", "1", "16384"),
	SPAN("timers", "grace", timers.grace, "300ms", "1ms", "60s"),
	SPAN("timers", "connect", timers.connect, "5s", "100ms", "120s"),
	SPAN("timers", "retry-min", timers.retry_min, "1s", "10ms", "1h"),
	SPAN("timers", "retry-max", timers.retry_max, "60s", "10ms", "1d"),
	{
		.key = { "timers", "retry-refused", "no", "yes, no" },
		.type = SCHEMA_FLAG,
		.offset = offsetof(struct config, timers.retry_refused),
	},
	SPAN("timers", "look", timers.look, "10ms", "0us", "1s"),
	SPAN("timers", "keep-alive", timers.keep_alive, "0us", "0us", "1d"),
	SPAN("timers", "hold-down", timers.hold_min, "1s", "0us", "1h"),
	SPAN("timers", "hold-down-max", timers.hold_max, "60s", "0us", "1d"),
	SPAN("timers", "audit", timers.audit, "60s", "0us", "1d"),
	{
		.key = { "kernel", "select-path-manager", "yes", "yes, no" },
		.type = SCHEMA_FLAG,
		.offset = offsetof(struct config, kernel.select_path_manager),
	},
	RANGE("kernel", "receive-buffer", SCHEMA_SIZE, kernel.receive_buffer,
	      "32M", "64k", "256M"),
	{
		.key = { "control", "group", "", "the name of a group" },
		.type = SCHEMA_STRING,
		.offset = offsetof(struct config, control.group),
	},
	{ .key = { .section = NULL } },
};

const struct config_key *config_key(size_t i)
{
	const size_t n = sizeof(rows) / sizeof(*rows) - 1;

	return i < n ? &rows[i].key : NULL;
}

/* The first row of the section behind that of row; NULL begins. */
static const struct schema_row *next_section(const struct schema_row *row)
{
	const char *section;

	if (!row)
		return rows;

	section = row->key.section;
	while (row->key.section && !strcmp(row->key.section, section))
		row++;

	return row->key.section ? row : NULL;
}

static bool is_rail(const char *section)
{
	return !strncmp(section, RAIL_PREFIX, strlen(RAIL_PREFIX));
}

static bool is_rail_name(const char *name)
{
	size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz"
			    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_");

	return len && len <= CONFIG_RAIL_NAME_MAX && !name[len];
}

static void say_unknown(const struct diag_place *place)
{
	struct diag_place at = *place;
	char names[256] = "";
	size_t len = 0;

	for (const struct schema_row *row = next_section(NULL); row;
	     row = next_section(row))
		if (len < sizeof(names))
			len += (size_t) snprintf(names + len,
						 sizeof(names) - len, "%s%s",
						 len ? ", " : "",
						 row->key.section);

	at.allowed = names;
	diag_error(&at, "unknown section");
}

static void parse_rail(struct config *config, const struct diag_place *place,
		       const struct ini_section *section)
{
	struct config_rail *rail = &config->rails[config->n_rails];
	struct diag_place at = *place;
	const char *name = section->name + strlen(RAIL_PREFIX);

	rail->name = strdup(name);
	if (!rail->name) {
		diag_error(&at, "out of memory");
		return;
	}

	config->n_rails++;
	if (!is_rail_name(name)) {
		at.allowed = "1 to 15 letters, digits, - and _";
		diag_error(&at, "not a name for a rail \"%.64s\"", name);
		at.allowed = NULL;
	}

	if (schema_defaults(rows, &at, RAIL, rail) < 0 ||
	    schema_parse(rows, &at, RAIL, section, rail) < 0)
		return;

	if (!rail->interfaces.n && !rail->prefixes.n)
		diag_error(&at, "neither interfaces nor prefixes");
}

static void add_rail(struct config *config, const struct diag_place *place,
		     const struct ini_section *section)
{
	if (!config->rails)
		config->rails = calloc(CONFIG_RAILS_MAX,
				       sizeof(*config->rails));

	if (!config->rails)
		diag_error(place, "out of memory");
	else if (config->n_rails == CONFIG_RAILS_MAX)
		diag_error(place, "more than %u rails", CONFIG_RAILS_MAX);
	else
		parse_rail(config, place, section);
}

/* Of two spans, the one with the key min must not be the longer one. */
static void check_order(const struct diag_place *place,
			const struct ini_section *section,
			const char *min_key, struct anchor_span min,
			const char *max_key, struct anchor_span max)
{
	const struct ini_entry *entry = ini_entry(section, min_key) ?:
		ini_entry(section, max_key);
	struct diag_place at = *place;
	char min_text[VALUE_TEXT_MAX], max_text[VALUE_TEXT_MAX];

	if (!entry || min.us <= max.us)
		return;

	at.line = entry->line;
	at.key = entry->key;
	diag_error(&at, "%s, %s, is longer than %s, %s", min_key,
		   value_text((uint64_t) min.us, VALUE_SPAN, min_text),
		   max_key,
		   value_text((uint64_t) max.us, VALUE_SPAN, max_text));
}

static void check_timers(const struct config *config,
			 const struct diag_place *place,
			 const struct ini_section *section)
{
	check_order(place, section, "retry-min", config->timers.retry_min,
		    "retry-max", config->timers.retry_max);
	check_order(place, section, "hold-down", config->timers.hold_min,
		    "hold-down-max", config->timers.hold_max);
}

static void parse_section(struct config *config,
			  const struct diag_place *place,
			  const struct ini_section *section)
{
	struct diag_place at = *place;
	const struct schema_row *row = next_section(NULL);

	at.line = section->line;
	at.section = section->name;
	if (is_rail(section->name)) {
		add_rail(config, &at, section);
		return;
	}

	while (row && strcmp(row->key.section, section->name))
		row = next_section(row);

	if (!row)
		say_unknown(&at);
	else if (!schema_parse(rows, &at, section->name, section, config) &&
		 !strcmp(section->name, "timers"))
		check_timers(config, &at, section);
}

/* Where a key of a rail stands; the rail has it. */
static struct diag_place rail_place(const struct diag_place *place,
				    const struct ini *ini,
				    const struct config_rail *rail,
				    const char *key)
{
	struct diag_place at = *place;

	for (size_t i = 0; i < ini->n_sections; i++) {
		const struct ini_section *section = &ini->sections[i];

		if (!is_rail(section->name) ||
		    strcmp(section->name + strlen(RAIL_PREFIX), rail->name))
			continue;

		at.line = ini_entry(section, key)->line;
		at.section = section->name;
		at.key = key;
	}

	return at;
}

static void check_globs(const struct diag_place *place, const struct ini *ini,
			const struct config_rail *a,
			const struct config_rail *b)
{
	for (size_t i = 0; i < a->interfaces.n; i++)
		for (size_t j = 0; j < b->interfaces.n; j++) {
			const char *glob = b->interfaces.items[j];
			struct diag_place at;

			if (strcmp(a->interfaces.items[i], glob))
				continue;

			at = rail_place(place, ini, b, "interfaces");
			diag_error(&at, "\"%s\" is in [rail.%s] already",
				   glob, a->name);
		}
}

static bool same_prefix(const struct anchor_prefix *a,
			const struct anchor_prefix *b)
{
	return a->len == b->len && anchor_addr_equal(&a->addr, &b->addr);
}

static void check_prefixes(const struct diag_place *place,
			   const struct ini *ini, const struct config_rail *a,
			   const struct config_rail *b)
{
	for (size_t i = 0; i < a->prefixes.n; i++)
		for (size_t j = 0; j < b->prefixes.n; j++) {
			const struct anchor_prefix *prefix =
				&b->prefixes.items[j];
			char text[ADDRTEXT_MAX];
			struct diag_place at;

			if (!same_prefix(&a->prefixes.items[i], prefix))
				continue;

			at = rail_place(place, ini, b, "prefixes");
			diag_error(&at, "%s is in [rail.%s] already",
				   addrtext_prefix(prefix, text), a->name);
		}
}

static void check_rails(const struct config *config,
			const struct diag_place *place, const struct ini *ini)
{
	for (size_t b = 1; b < config->n_rails; b++)
		for (size_t a = 0; a < b; a++) {
			const struct config_rail *rails = config->rails;

			check_globs(place, ini, &rails[a], &rails[b]);
			check_prefixes(place, ini, &rails[a], &rails[b]);
		}
}

static void parse_ini(struct config *config, const struct diag_place *place,
		      const struct ini *ini)
{
	for (size_t i = 0; i < ini->n_sections; i++)
		parse_section(config, place, &ini->sections[i]);

	check_rails(config, place, ini);
}

static void set_defaults(struct config *config,
			 const struct diag_place *place)
{
	for (const struct schema_row *row = next_section(NULL); row;
	     row = next_section(row))
		if (!is_rail(row->key.section))
			schema_defaults(rows, place, row->key.section,
					config);
}

static bool is_missing(const char *path)
{
	return access(path, F_OK) < 0 && errno == ENOENT;
}

static int fill(struct config *config, const char *path, bool missing_ok,
		const struct diag_place *place)
{
	size_t before = diag_count(place->diag);
	struct ini *ini;
	int err;

	set_defaults(config, place);
	if (path && !(missing_ok && is_missing(path))) {
		err = ini_load(place, &ini);
		if (err < 0)
			return err;

		parse_ini(config, place, ini);
		ini_free(ini);
	}

	return diag_count(place->diag) > before ? -EINVAL : 0;
}

int config_load(const char *path, bool missing_ok, struct diag *diag,
		struct config **ret_config)
{
	struct diag_place place = { .diag = diag, .file = path ?: "defaults" };
	struct config *config = calloc(1, sizeof(*config));
	int err;

	if (!config) {
		diag_error(&place, "out of memory");
		return -ENOMEM;
	}

	err = fill(config, path, missing_ok, &place);
	if (err < 0) {
		config_free(config);
		return err;
	}

	*ret_config = config;
	return 0;
}

void config_free(struct config *config)
{
	if (!config)
		return;

	for (const struct schema_row *row = next_section(NULL); row;
	     row = next_section(row))
		if (!is_rail(row->key.section))
			schema_clear(rows, row->key.section, config);

	for (size_t i = 0; i < config->n_rails; i++) {
		schema_clear(rows, RAIL, &config->rails[i]);
		free(config->rails[i].name);
	}

	free(config->rails);
	free(config);
}

static void print_rails(const struct config *config, FILE *out)
{
	for (size_t i = 0; i < config->n_rails; i++) {
		fprintf(out, "[" RAIL_PREFIX "%s]\n", config->rails[i].name);
		schema_print(rows, RAIL, &config->rails[i], out);
		fputc('\n', out);
	}
}

void config_print(const struct config *config, FILE *out)
{
	for (const struct schema_row *row = next_section(NULL); row;
	     row = next_section(row)) {
		const char *section = row->key.section;

		if (is_rail(section)) {
			print_rails(config, out);
			continue;
		}

		fprintf(out, "[%s]\n", section);
		schema_print(rows, section, config, out);
		fputc('\n', out);
	}
}
