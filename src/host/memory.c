/* SPDX-License-Identifier: BSD-3-Clause */
/* What is to outlive the daemon. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/sync.h"
#include "host/memory.h"
#include "netlink/rtnl.h"
#include "util/addrtext.h"

#define HEADER "anchor 1"
#define LINE_MAX_BYTES 256
#define WORDS_MAX 5
#define LINES_MAX 65536
#define SUFFIX ".new"

/* A port, or for an announcement without one, none. */
static bool parse_announced(const char *text, struct anchor_endpoint *endpoint)
{
	*endpoint = (struct anchor_endpoint) { 0 };
	return !addrtext_parse_endpoint(text, endpoint) ||
		!addrtext_parse(text, &endpoint->addr);
}

static bool load_manager(const struct memory *memory, char **words)
{
	return kernel_recall(memory->kernel, words[1]);
}

static bool load_seat(const struct memory *memory, char **words)
{
	struct links_seats *seats = memory->seats;
	size_t len = strlen(words[1]);

	if (seats->n == LINKS_SEATS_MAX || len >= sizeof(seats->names[0]))
		return false;

	/* In the order of names, as links.c keeps them. */
	if (seats->n && strverscmp(seats->names[seats->n - 1], words[1]) >= 0)
		return false;

	memcpy(seats->names[seats->n++], words[1], len + 1);
	return true;
}

static bool load_port(const struct memory *memory, char **words)
{
	struct anchor_endpoint endpoint;

	if (strlen(words[1]) >= RTNL_NAME_MAX ||
	    addrtext_parse_endpoint(words[2], &endpoint) < 0 || !endpoint.port)
		return false;

	listeners_remember(memory->listeners, words[1], &endpoint);
	return true;
}

static bool load_peer(const struct memory *memory, char **words)
{
	struct anchor_endpoint endpoint;
	struct anchor_addr peer;
	char *end;
	long id = strtol(words[2], &end, 10);

	if (*end || id < 1 || id > UINT8_MAX ||
	    addrtext_parse(words[1], &peer) < 0 ||
	    !parse_announced(words[3], &endpoint))
		return false;

	core_remember_peer(memory->core, &peer, (uint8_t) id, &endpoint);
	return true;
}

static const struct {
	const char *word;
	int words;
	bool (*load)(const struct memory *memory, char **words);
} kinds[] = {
	{ "path-manager", 2, load_manager },
	{ "seat", 2, load_seat },
	{ "port", 3, load_port },
	{ "peer", 4, load_peer },
};

static bool load_line(const struct memory *memory, char *line)
{
	char *words[WORDS_MAX];
	char *rest;
	int n = 0;

	for (char *word = strtok_r(line, " \n", &rest); word && n < WORDS_MAX;
	     word = strtok_r(NULL, " \n", &rest))
		words[n++] = word;

	for (size_t i = 0; n && i < sizeof(kinds) / sizeof(*kinds); i++)
		if (!strcmp(kinds[i].word, words[0]))
			return n == kinds[i].words &&
				kinds[i].load(memory, words);

	return false;
}

static int load_lines(FILE *in, const struct memory *memory)
{
	char line[LINE_MAX_BYTES];
	int bad = 0;

	/* Of another version nothing is understood. */
	if (!fgets(line, sizeof(line), in) || strcmp(line, HEADER "\n"))
		return -EPROTO;

	for (int n = 0; n < LINES_MAX && fgets(line, sizeof(line), in); n++)
		bad += !load_line(memory, line);

	return ferror(in) ? -EIO : bad;
}

int memory_load(const char *path, const struct memory *memory)
{
	FILE *in = fopen(path, "re");
	int bad;

	if (!in)
		return -errno;

	bad = load_lines(in, memory);
	fclose(in);
	return bad;
}

struct writer {
	FILE *out;
	int left;		/* lines that there is room for */
};

static void save_port(const char *device,
		      const struct anchor_endpoint *endpoint, void *data)
{
	struct writer *writer = data;
	char text[ADDRTEXT_MAX];

	if (writer->left-- > 0)
		fprintf(writer->out, "port %s %s\n", device,
			addrtext_endpoint(endpoint, text));
}

static void save_peer(const struct anchor_addr *peer, uint8_t id,
		      const struct anchor_endpoint *endpoint, void *data)
{
	struct writer *writer = data;
	char addr[ADDRTEXT_MAX], text[ADDRTEXT_MAX];

	if (writer->left-- > 0)
		fprintf(writer->out, "peer %s %u %s\n", addrtext(peer, addr),
			id, endpoint->port ?
			addrtext_endpoint(endpoint, text) :
			addrtext(&endpoint->addr, text));
}

static void save_lines(FILE *out, const struct memory *memory)
{
	struct writer writer = { .out = out, .left = LINES_MAX };

	fputs(HEADER "\n", out);
	if (memory->kernel->selected)
		fprintf(out, "path-manager %s\n", memory->kernel->before);

	for (size_t i = 0; i < memory->seats->n; i++)
		fprintf(out, "seat %s\n", memory->seats->names[i]);

	writer.left -= (int) memory->seats->n;
	listeners_each_port(memory->listeners, save_port, &writer);
	core_each_peer(memory->core, save_peer, &writer);
}

/* Its folder may be missing, as long as nobody else has needed it. */
static void make_folder(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *folder;

	if (!slash || slash == path)
		return;

	folder = strndup(path, (size_t) (slash - path));
	if (folder)
		mkdir(folder, 0755);

	free(folder);
}

static FILE *open_new(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW |
		      O_CLOEXEC, 0600);
	FILE *out = fd < 0 ? NULL : fdopen(fd, "w");

	if (fd >= 0 && !out)
		close(fd);

	return out;
}

static int write_new(const char *path, const struct memory *memory)
{
	FILE *out = open_new(path);
	int err = 0;

	if (!out)
		return -errno;

	save_lines(out, memory);
	if (ferror(out))
		err = -EIO;

	if (fclose(out) == EOF && !err)
		err = -errno;

	return err;
}

int memory_save(const char *path, const struct memory *memory)
{
	char *new;
	int err;

	if (asprintf(&new, "%s" SUFFIX, path) < 0)
		return -ENOMEM;

	make_folder(path);
	err = write_new(new, memory);
	if (!err && rename(new, path) < 0)
		err = -errno;

	if (err < 0)
		unlink(new);

	free(new);
	return err;
}
