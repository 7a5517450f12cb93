/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads a file into sections of keys and values. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/ini.h"

#define BLANKS " \t\r"

struct parser {
	struct diag_place place;
	struct ini *ini;
	struct ini_section *section;	/* NULL before the first */
	bool skipping;			/* behind a header gone wrong */
};

static void clear_section(struct ini_section *section)
{
	for (size_t i = 0; i < section->n_entries; i++) {
		free(section->entries[i].key);
		free(section->entries[i].value);
	}

	free(section->entries);
	free(section->name);
}

void ini_free(struct ini *ini)
{
	if (!ini)
		return;

	for (size_t i = 0; i < ini->n_sections; i++)
		clear_section(&ini->sections[i]);

	free(ini->sections);
	free(ini);
}

const struct ini_section *ini_section(const struct ini *ini,
				      const char *name)
{
	for (size_t i = 0; i < ini->n_sections; i++)
		if (!strcmp(ini->sections[i].name, name))
			return &ini->sections[i];

	return NULL;
}

const struct ini_entry *ini_entry(const struct ini_section *section,
				  const char *key)
{
	for (size_t i = 0; i < section->n_entries; i++)
		if (!strcmp(section->entries[i].key, key))
			return &section->entries[i];

	return NULL;
}

static char *trim(char *text)
{
	size_t len;

	text += strspn(text, BLANKS);
	len = strlen(text);
	while (len && strchr(BLANKS, text[len - 1]))
		len--;

	text[len] = '\0';
	return text;
}

static void cut_comment(char *line)
{
	for (char *c = line; *c; c++)
		if ((*c == '#' || *c == ';') &&
		    (c == line || strchr(BLANKS, c[-1]))) {
			*c = '\0';
			return;
		}
}

static int add_section(struct parser *parser, const char *name)
{
	struct ini *ini = parser->ini;
	struct ini_section *sections = reallocarray(ini->sections,
				ini->n_sections + 1, sizeof(*sections));

	if (!sections)
		return -ENOMEM;

	ini->sections = sections;
	parser->section = &sections[ini->n_sections];
	*parser->section = (struct ini_section) {
		.name = strdup(name),
		.line = parser->place.line,
	};
	if (!parser->section->name)
		return -ENOMEM;

	ini->n_sections++;
	return 0;
}

static int open_section(struct parser *parser, const char *name)
{
	struct diag_place place = parser->place;

	for (size_t i = 0; i < parser->ini->n_sections; i++) {
		struct ini_section *section = &parser->ini->sections[i];

		if (strcmp(section->name, name))
			continue;

		/* Its keys are read as well, for the errors in them. */
		place.section = name;
		diag_error(&place, "the section is there already, at line %u",
			   section->line);
		parser->section = section;
		return 0;
	}

	return add_section(parser, name);
}

static int parse_header(struct parser *parser, char *line)
{
	char *end = line + strlen(line) - 1;
	char *name;

	if (*end == ']') {
		*end = '\0';
		name = trim(line + 1);
		if (*name && !strpbrk(name, "[]")) {
			parser->skipping = false;
			return open_section(parser, name);
		}
	}

	diag_error(&parser->place, "not a section header of the form [name]");
	parser->skipping = true;
	return 0;
}

static int add_entry(struct parser *parser, const char *key,
		     const char *value)
{
	struct ini_section *section = parser->section;
	struct ini_entry *entries = reallocarray(section->entries,
				section->n_entries + 1, sizeof(*entries));
	struct ini_entry *entry;

	if (!entries)
		return -ENOMEM;

	section->entries = entries;
	entry = &entries[section->n_entries++];
	*entry = (struct ini_entry) {
		.key = strdup(key),
		.value = strdup(value),
		.line = parser->place.line,
	};
	return entry->key && entry->value ? 0 : -ENOMEM;
}

static int parse_entry(struct parser *parser, char *line)
{
	struct diag_place place = parser->place;
	const struct ini_entry *earlier;
	char *equals = strchr(line, '=');

	if (!equals || equals == line) {
		diag_error(&place, "neither [section] nor key=value: "
			   "\"%.64s\"", line);
		return 0;
	}

	*equals = '\0';
	place.key = trim(line);
	if (parser->skipping)
		return 0;

	if (!parser->section) {
		diag_error(&place, "a key outside of any section");
		return 0;
	}

	place.section = parser->section->name;
	earlier = ini_entry(parser->section, place.key);
	if (earlier) {
		diag_error(&place, "the key is there already, at line %u",
			   earlier->line);
		return 0;
	}

	return add_entry(parser, place.key, trim(equals + 1));
}

/*
 * A carriage return ends a line, as another system may have written it; in
 * the midst of one it would overwrite the beginning of a complaint.
 */
static bool is_text(const char *line, size_t len)
{
	if (len && line[len - 1] == '\r')
		len--;

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char) line[i];

		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return false;
	}

	return true;
}

static int parse_line(struct parser *parser, char *line, size_t len)
{
	if (!is_text(line, len)) {
		diag_error(&parser->place, "a NUL byte or control character");
		return 0;
	}

	cut_comment(line);
	line = trim(line);
	if (!*line)
		return 0;

	return *line == '[' ? parse_header(parser, line) :
		parse_entry(parser, line);
}

/* text has room for a NUL behind len. */
static int parse_text(struct parser *parser, char *text, size_t len)
{
	char *end = text + len;
	int err = 0;

	while (text < end && !err) {
		char *newline = memchr(text, '\n', (size_t) (end - text));
		char *next = newline ? newline : end;

		if (++parser->place.line > INI_LINES_MAX) {
			diag_error(&parser->place, "more than %u lines",
				   INI_LINES_MAX);
			return 0;
		}

		*next = '\0';
		err = parse_line(parser, text, (size_t) (next - text));
		text = next + 1;
	}

	return err;
}

int ini_parse(const struct diag_place *place, const char *text, size_t len,
	      struct ini **ret_ini)
{
	struct parser parser = {
		.place = *place,
		.ini = calloc(1, sizeof(*parser.ini)),
	};
	char *copy = malloc(len + 1);
	int err = -ENOMEM;

	if (copy && parser.ini) {
		memcpy(copy, text, len);
		err = parse_text(&parser, copy, len);
	}

	free(copy);
	if (err < 0) {
		diag_error(place, "out of memory");
		ini_free(parser.ini);
		return err;
	}

	*ret_ini = parser.ini;
	return 0;
}

/* Reads at most size bytes; returns how many, or a negative errno. */
static ssize_t read_all(int fd, char *buf, size_t size)
{
	size_t len = 0;

	while (len < size) {
		ssize_t n = read(fd, buf + len, size - len);

		if (n < 0 && errno == EINTR)
			continue;

		if (n < 0)
			return -errno;

		if (!n)
			break;

		len += (size_t) n;
	}

	return (ssize_t) len;
}

static void say_unreadable(const struct diag_place *place, int err)
{
	diag_error(place, "cannot be read: %s", strerror(-err));
}

/* A pipe or /dev/null is whoever's; a file must be only its owner's. */
static int check_mode(const struct diag_place *place, int fd)
{
	struct stat st;
	int err = fstat(fd, &st) < 0 ? -errno : 0;

	if (!err && S_ISDIR(st.st_mode))
		err = -EISDIR;

	if (err < 0) {
		say_unreadable(place, err);
		return err;
	}

	if (S_ISREG(st.st_mode) && st.st_mode & S_IWOTH) {
		diag_error(place, "the file is writable by everybody");
		return -EPERM;
	}

	return 0;
}

static int load_fd(const struct diag_place *place, int fd,
		   struct ini **ret_ini)
{
	char *text = malloc(INI_SIZE_MAX + 1);
	ssize_t len = text ? read_all(fd, text, INI_SIZE_MAX + 1) : -ENOMEM;
	int err;

	if (len < 0) {
		err = (int) len;
		say_unreadable(place, err);
	} else if (len > INI_SIZE_MAX) {
		err = -EFBIG;
		diag_error(place, "larger than %u bytes", INI_SIZE_MAX);
	} else {
		err = ini_parse(place, text, (size_t) len, ret_ini);
	}

	free(text);
	return err;
}

int ini_load(const struct diag_place *place, struct ini **ret_ini)
{
	int fd = open(place->file, O_RDONLY | O_CLOEXEC);
	int err;

	if (fd < 0) {
		err = -errno;
		say_unreadable(place, err);
		return err;
	}

	err = check_mode(place, fd);
	if (!err)
		err = load_fd(place, fd, ret_ini);

	close(fd);
	return err;
}
