/* SPDX-License-Identifier: BSD-3-Clause */
/* The network namespace's TCP counters. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <ell/ell.h>

#include "host/tcpstats.h"

#define TEXT_MAX 16384

enum file {
	SNMP,
	NETSTAT,
	FILES
};

static const char *const paths[FILES] = {
	[SNMP] = "/proc/self/net/snmp",
	[NETSTAT] = "/proc/self/net/netstat",
};

struct tcpstats {
	int fds[FILES];
	struct tcpstats_places places;
	struct tcpstats_values last;
	bool read;			/* they have been */
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
		.sent = find_column(tcp, "OutSegs"),
		.resent = find_column(tcp, "RetransSegs"),
	};

	if (!places.probes || !places.timeouts || !places.sent ||
	    !places.resent)
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

/* The sum of two columns. */
static int parse(const char *text, const char *kind, unsigned int one,
		 unsigned int other, uint64_t *ret_sum)
{
	const char *values = find_line(text, kind, 1);
	uint64_t first, second;

	if (read_column(values, one, &first) < 0 ||
	    read_column(values, other, &second) < 0)
		return -EBADMSG;

	*ret_sum = first + second;
	return 0;
}

int tcpstats_parse_alarms(const char *text,
			  const struct tcpstats_places *places,
			  uint64_t *ret_alarms)
{
	return parse(text, "TcpExt", places->probes, places->timeouts,
		     ret_alarms);
}

int tcpstats_parse_segments(const char *text,
			    const struct tcpstats_places *places,
			    uint64_t *ret_segments)
{
	return parse(text, "Tcp", places->sent, places->resent, ret_segments);
}

/* Returns its length, or a negative errno. */
static ssize_t read_file(struct tcpstats *stats, enum file file, size_t at)
{
	ssize_t len = pread(stats->fds[file], stats->text + at,
			    sizeof(stats->text) - 1 - at, 0);

	if (len < 0)
		return -errno;

	stats->text[at + (size_t) len] = '\0';
	return len;
}

/* One after the other. */
static int read_names(struct tcpstats *stats)
{
	size_t at = 0;

	for (enum file file = 0; file < FILES; file++) {
		ssize_t len = read_file(stats, file, at);

		if (len < 0)
			return (int) len;

		at += (size_t) len;
	}

	return tcpstats_find(stats->text, &stats->places);
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
		err = read_names(stats);

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

static int read_segments(struct tcpstats *stats, uint64_t *ret_segments)
{
	ssize_t len = read_file(stats, SNMP, 0);

	return len < 0 ? (int) len :
		tcpstats_parse_segments(stats->text, &stats->places,
					ret_segments);
}

static int read_alarms(struct tcpstats *stats, uint64_t *ret_alarms)
{
	ssize_t len = read_file(stats, NETSTAT, 0);

	return len < 0 ? (int) len :
		tcpstats_parse_alarms(stats->text, &stats->places, ret_alarms);
}

int tcpstats_read(struct tcpstats *stats, struct tcpstats_values *ret_values)
{
	struct tcpstats_values now = stats->last;
	int err = read_segments(stats, &now.segments);

	if (!err && (!stats->read || now.segments != stats->last.segments))
		err = read_alarms(stats, &now.alarms);

	if (err < 0)
		return err;

	stats->last = now;
	stats->read = true;
	*ret_values = now;
	return 0;
}
