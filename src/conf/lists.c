/* SPDX-License-Identifier: BSD-3-Clause */
/* Lists of prefixes, globs and ports: parsing, printing, clearing. */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "conf/lists.h"
#include "conf/value.h"
#include "util/addrtext.h"

#define SEPARATORS ", \t"
#define ITEM_MAX 128

/*
 * Takes the items of text one by one. add() returns 0, or a negative errno
 * after saying why; the items behind a wrong one are looked at all the same.
 */
typedef int (*add_item)(const struct diag_place *place, const char *item,
			void *list);

static int parse_list(const struct diag_place *place, const char *text,
		      add_item add, void *list)
{
	char item[ITEM_MAX];
	size_t n = 0;
	int err = 0;

	while (text += strspn(text, SEPARATORS), *text) {
		size_t len = strcspn(text, SEPARATORS);

		if (++n > CONFIG_LIST_MAX) {
			diag_error(place, "more than %u items",
				   CONFIG_LIST_MAX);
			return -E2BIG;
		}

		if (len >= sizeof(item)) {
			diag_error(place, "too long: \"%.64s...\"", text);
			err = -EINVAL;
		} else {
			memcpy(item, text, len);
			item[len] = '\0';
			err = add(place, item, list) ?: err;
		}

		text += len;
	}

	return err;
}

/* Room for one more; the item itself is the caller's to write. */
static int grow(const struct diag_place *place, void *items, size_t n,
		size_t size, void **ret_items)
{
	void *grown = reallocarray(items, n + 1, size);

	if (!grown) {
		diag_error(place, "out of memory");
		return -ENOMEM;
	}

	*ret_items = grown;
	return 0;
}

static int add_prefix(const struct diag_place *place, const char *item,
		      void *list)
{
	struct config_prefixes *prefixes = list;
	struct anchor_prefix prefix;
	int err = addrtext_parse_prefix(item, &prefix);
	void *items;

	if (err < 0) {
		diag_error(place, err == -EDOM ?
			   "host bits are set in \"%s\"" :
			   "not an address or prefix \"%s\"", item);
		return err;
	}

	err = grow(place, prefixes->items, prefixes->n, sizeof(prefix),
		   &items);
	if (err < 0)
		return err;

	prefixes->items = items;
	prefixes->items[prefixes->n++] = prefix;
	return 0;
}

int config_prefixes_parse(const struct diag_place *place, const char *text,
			  struct config_prefixes *ret_prefixes)
{
	struct config_prefixes prefixes = { 0 };
	int err = parse_list(place, text, add_prefix, &prefixes);

	if (err < 0) {
		config_prefixes_clear(&prefixes);
		return err;
	}

	*ret_prefixes = prefixes;
	return 0;
}

void config_prefixes_clear(struct config_prefixes *prefixes)
{
	free(prefixes->items);
	*prefixes = (struct config_prefixes) { 0 };
}

void config_prefixes_print(const struct config_prefixes *prefixes, FILE *out)
{
	char text[ADDRTEXT_MAX];

	for (size_t i = 0; i < prefixes->n; i++)
		fprintf(out, "%s%s", i ? "," : "",
			addrtext_prefix(&prefixes->items[i], text));
}

/* What an interface name may not contain, or a bracket never closed. */
static bool is_glob(const char *text)
{
	const char *bracket = strchr(text, '[');

	return !strpbrk(text, "/:") &&
		(!bracket || (bracket[1] && strchr(bracket + 2, ']')));
}

static int add_glob(const struct diag_place *place, const char *item,
		    void *list)
{
	struct config_globs *globs = list;
	void *items;
	char *copy;
	int err;

	if (!is_glob(item)) {
		diag_error(place, "not an interface name or glob \"%s\"",
			   item);
		return -EINVAL;
	}

	if (!strcmp(item, "auto")) {
		diag_error(place, "\"auto\" cannot stand in a list");
		return -EINVAL;
	}

	err = grow(place, globs->items, globs->n, sizeof(*globs->items),
		   &items);
	if (err < 0)
		return err;

	globs->items = items;
	copy = strdup(item);
	if (!copy) {
		diag_error(place, "out of memory");
		return -ENOMEM;
	}

	globs->items[globs->n++] = copy;
	return 0;
}

int config_globs_parse(const struct diag_place *place, const char *text,
		       struct config_globs *ret_globs)
{
	struct config_globs globs = { 0 };
	int err = parse_list(place, text, add_glob, &globs);

	if (err < 0) {
		config_globs_clear(&globs);
		return err;
	}

	*ret_globs = globs;
	return 0;
}

void config_globs_clear(struct config_globs *globs)
{
	for (size_t i = 0; i < globs->n; i++)
		free(globs->items[i]);

	free(globs->items);
	*globs = (struct config_globs) { 0 };
}

void config_globs_print(const struct config_globs *globs, FILE *out)
{
	for (size_t i = 0; i < globs->n; i++)
		fprintf(out, "%s%s", i ? "," : "", globs->items[i]);
}

static int parse_range(char *text, struct core_port_range *ret_range)
{
	char *dash = strchr(text, '-');
	uint64_t first, last;

	if (dash)
		*dash = '\0';

	if (value_scan(text, VALUE_PLAIN, &first) < 0 ||
	    value_scan(dash ? dash + 1 : text, VALUE_PLAIN, &last) < 0 ||
	    !first || first > last || last > UINT16_MAX)
		return -EINVAL;

	*ret_range = (struct core_port_range) {
		(uint16_t) first, (uint16_t) last
	};
	return 0;
}

static int add_port(const struct diag_place *place, const char *item,
		    void *list)
{
	struct config_ports *ports = list;
	struct core_port_range range;
	char copy[ITEM_MAX];
	void *items;
	int err;

	err = parse_range(strcpy(copy, item), &range);
	if (err < 0) {
		diag_error(place, "not a port or range of ports \"%s\"",
			   item);
		return err;
	}

	err = grow(place, ports->items, ports->n, sizeof(range), &items);
	if (err < 0)
		return err;

	ports->items = items;
	ports->items[ports->n++] = range;
	return 0;
}

int config_ports_parse(const struct diag_place *place, const char *text,
		       struct config_ports *ret_ports)
{
	struct config_ports ports = { 0 };
	int err = parse_list(place, text, add_port, &ports);

	if (err < 0) {
		config_ports_clear(&ports);
		return err;
	}

	*ret_ports = ports;
	return 0;
}

void config_ports_clear(struct config_ports *ports)
{
	free(ports->items);
	*ports = (struct config_ports) { 0 };
}

void config_ports_print(const struct config_ports *ports, FILE *out)
{
	for (size_t i = 0; i < ports->n; i++) {
		const struct core_port_range *range = &ports->items[i];

		fprintf(out, "%s%u", i ? "," : "", range->first);
		if (range->last != range->first)
			fprintf(out, "-%u", range->last);
	}
}
