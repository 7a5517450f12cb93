/* SPDX-License-Identifier: BSD-3-Clause */
/* The network namespace's TCP counters. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <ell/ell.h>

#include "host/tcpstats.h"

#define FILE_NAME "/proc/self/net/netstat"
#define TEXT_MAX 16384

struct tcpstats {
	int fd;
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
	const char *tcp = find_line(text, "TcpExt", 0);
	const char *ip = find_line(text, "IpExt", 0);
	struct tcpstats_places places = {
		.probes = find_column(tcp, "TCPLossProbes"),
		.timeouts = find_column(tcp, "TCPTimeouts"),
		.octets = find_column(ip, "OutOctets"),
	};

	if (!places.probes || !places.timeouts || !places.octets)
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
	const char *tcp = find_line(text, "TcpExt", 1);
	const char *ip = find_line(text, "IpExt", 1);
	uint64_t probes, timeouts, octets;

	if (read_column(tcp, places->probes, &probes) < 0 ||
	    read_column(tcp, places->timeouts, &timeouts) < 0 ||
	    read_column(ip, places->octets, &octets) < 0)
		return -EBADMSG;

	*ret_values = (struct tcpstats_values) {
		.alarms = probes + timeouts,
		.octets = octets,
	};
	return 0;
}

static int read_text(struct tcpstats *stats)
{
	ssize_t len = pread(stats->fd, stats->text, sizeof(stats->text) - 1,
			    0);

	if (len < 0)
		return -errno;

	stats->text[len] = '\0';
	return 0;
}

int tcpstats_new(struct tcpstats **ret_stats)
{
	struct tcpstats *stats = l_new(struct tcpstats, 1);
	int err;

	stats->fd = open(FILE_NAME, O_RDONLY | O_CLOEXEC);
	err = stats->fd < 0 ? -errno : read_text(stats);
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

	if (stats->fd >= 0)
		close(stats->fd);

	l_free(stats);
}

int tcpstats_read(struct tcpstats *stats, struct tcpstats_values *ret_values)
{
	int err = read_text(stats);

	return err < 0 ? err :
		tcpstats_parse(stats->text, &stats->places, ret_values);
}
