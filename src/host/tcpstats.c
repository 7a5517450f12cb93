/* SPDX-License-Identifier: BSD-3-Clause */
/* The network namespace's TCP counters. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <ell/ell.h>

#include "host/tcpstats.h"

#define FILES 2
#define TEXT_MAX 16384

static const char *const paths[FILES] = {
	"/proc/self/net/netstat", "/proc/self/net/snmp",
};

struct tcpstats {
	int fds[FILES];
	struct tcpstats_places places;
	char text[TEXT_MAX];
};

/* What follows "KIND:" on its line of names (0) or of values (1), or NULL. */
static const char *find_line(const char *text, const char *kind,
			     unsigned int which)
{
	size_t len = strlen(kind);

	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!strncmp(line, kind, len) && line[len] == ':' && !which--)
			return line + len + 1;
	}

	return NULL;
}

/* The column of a name, from 1; 0 if there is none. */
static unsigned int find_column(const char *names, const char *name)
{
	size_t len = strlen(name);

	if (!names)
		return 0;

	for (unsigned int column = 1; *names == ' '; column++) {
		size_t word = strcspn(++names, " \n");

		if (word == len && !strncmp(names, name, len))
			return column;

		names += word;
	}

	return 0;
}

int tcpstats_find(const char *text, struct tcpstats_places *ret_places)
{
	const char *more = find_line(text, "TcpExt", 0);
	const char *tcp = find_line(text, "Tcp", 0);
	struct tcpstats_places places = {
		.probes = find_column(more, "TCPLossProbes"),
		.timeouts = find_column(more, "TCPTimeouts"),
		.segments = find_column(tcp, "OutSegs"),
	};

	if (!places.probes || !places.timeouts || !places.segments)
		return -ENOENT;

	*ret_places = places;
	return 0;
}

static int read_column(const char *values, unsigned int column,
		       uint64_t *ret_value)
{
	while (values && *values == ' ' && --column)
		values += 1 + strcspn(values + 1, " \n");

	if (!values || *values != ' ' || values[1] < '0' || values[1] > '9')
		return -EBADMSG;

	*ret_value = strtoull(values + 1, NULL, 10);
	return 0;
}

int tcpstats_parse(const char *text, const struct tcpstats_places *places,
		   struct tcpstats_values *ret_values)
{
	const char *more = find_line(text, "TcpExt", 1);
	const char *tcp = find_line(text, "Tcp", 1);
	uint64_t probes, timeouts, segments;

	if (read_column(more, places->probes, &probes) < 0 ||
	    read_column(more, places->timeouts, &timeouts) < 0 ||
	    read_column(tcp, places->segments, &segments) < 0)
		return -EBADMSG;

	*ret_values = (struct tcpstats_values) {
		.alarms = probes + timeouts,
		.segments = segments,
	};
	return 0;
}

/* One after the other. */
static int read_text(struct tcpstats *stats)
{
	size_t at = 0;

	for (int i = 0; i < FILES; i++) {
		ssize_t len = pread(stats->fds[i], stats->text + at,
				    sizeof(stats->text) - 1 - at, 0);

		if (len < 0)
			return -errno;

		at += (size_t) len;
	}

	stats->text[at] = '\0';
	return 0;
}

static int open_files(struct tcpstats *stats)
{
	int err = 0;

	for (int i = 0; i < FILES; i++) {
		stats->fds[i] = open(paths[i], O_RDONLY | O_CLOEXEC);
		if (stats->fds[i] < 0 && !err)
			err = -errno;
	}

	return err;
}

int tcpstats_new(struct tcpstats **ret_stats)
{
	struct tcpstats *stats = l_new(struct tcpstats, 1);
	int err = open_files(stats);

	if (!err)
		err = read_text(stats);

	if (!err)
		err = tcpstats_find(stats->text, &stats->places);

	if (err < 0) {
		tcpstats_free(stats);
		return err;
	}

	*ret_stats = stats;
	return 0;
}

void tcpstats_free(struct tcpstats *stats)
{
	if (!stats)
		return;

	for (int i = 0; i < FILES; i++)
		if (stats->fds[i] >= 0)
			close(stats->fds[i]);

	l_free(stats);
}

int tcpstats_read(struct tcpstats *stats, struct tcpstats_values *ret_values)
{
	int err = read_text(stats);

	return err < 0 ? err :
		tcpstats_parse(stats->text, &stats->places, ret_values);
}
