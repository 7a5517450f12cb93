/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * bench/sampling [JSON-FILE]: what a reading of a subflow costs, by the
 * number of TCP sockets in the network namespace: one at a time, and many in
 * a batch, as the sampler takes them; beside it what the kernel's dump of all
 * sockets costs for each of them (what "ss -ti" asks for), and in all: who
 * reads fewer than dump_all_us / batch_us of them pays less than by a dump.
 * In a namespace of its own; microseconds, the median of some turns that
 * alternate.
 */
#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "host/sampler.h"

#define TURNS 9
#define READINGS 2048
#define SOCKETS_MAX 10000
#define DUMP_BUFFER 65536
#define OTHER_FILES 64		/* than those sockets */

struct connection {
	struct anchor_endpoint local, remote;
};

struct bench {
	struct connection all[SOCKETS_MAX];
	int n;
	rlim_t files;		/* that may be open */
	int listener;
	struct sockaddr_in at;
	unsigned int answers;
};

/* For one reading; dump for each socket that there is, dump_all for all. */
struct costs {
	double single, batch, dump, dump_all;
};

static _Noreturn void die(const char *what)
{
	perror(what);
	exit(1);
}

static double now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double) now.tv_sec * 1e6 + (double) now.tv_nsec / 1e3;
}

static struct anchor_endpoint endpoint(const struct sockaddr_in *at)
{
	struct anchor_endpoint end = { .addr.family = ANCHOR_FAMILY_INET };

	memcpy(end.addr.bytes, &at->sin_addr, 4);
	end.port = ntohs(at->sin_port);
	return end;
}

static void begin(struct bench *bench)
{
	struct rlimit files;
	socklen_t len = sizeof(bench->at);

	if (unshare(CLONE_NEWNET) < 0)
		die("a network namespace");

	if (getrlimit(RLIMIT_NOFILE, &files) < 0)
		die("limits");

	files.rlim_cur = files.rlim_max;
	if (system("ip link set lo up") || setrlimit(RLIMIT_NOFILE, &files))
		die("preparing");

	bench->files = files.rlim_max;
	bench->listener = socket(AF_INET, SOCK_STREAM, 0);
	bench->at = (struct sockaddr_in) {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	if (bind(bench->listener, (struct sockaddr *) &bench->at, len) < 0 ||
	    listen(bench->listener, 64) < 0 ||
	    getsockname(bench->listener, (struct sockaddr *) &bench->at,
			&len) < 0)
		die("a listener");
}

/* Both ends of a connection are sockets here; one is what we read. */
static void grow(struct bench *bench, int sockets)
{
	while (bench->n * 2 < sockets) {
		int fd = socket(AF_INET, SOCK_STREAM, 0);
		struct sockaddr_in local;
		socklen_t len = sizeof(local);

		if (connect(fd, (struct sockaddr *) &bench->at,
			    sizeof(bench->at)) < 0 ||
		    accept(bench->listener, NULL, NULL) < 0 ||
		    getsockname(fd, (struct sockaddr *) &local, &len) < 0)
			die("a connection");

		bench->all[bench->n++] = (struct connection) {
			endpoint(&local), endpoint(&bench->at)
		};
	}
}

static void on_sample(const struct core_action *action,
		      const struct core_sample *sample, void *data)
{
	struct bench *bench = data;

	bench->answers++;
}

static double time_single(struct bench *bench, struct sampler *sampler)
{
	double start = now_us();
	struct core_sample sample;

	for (int i = 0; i < READINGS; i++) {
		const struct connection *one = &bench->all[i % bench->n];

		if (!sampler_read(sampler, &one->local, &one->remote, 0,
				  &sample))
			die("a reading");
	}

	return (now_us() - start) / READINGS;
}

static double time_batch(struct bench *bench, struct sampler *sampler)
{
	double start = now_us();

	bench->answers = 0;
	for (int i = 0; i < READINGS; i++) {
		const struct connection *one = &bench->all[i % bench->n];
		struct core_action action = {
			.type = CORE_ACTION_SAMPLE,
			.local = one->local, .remote = one->remote,
		};

		if (sampler_submit(sampler, &action) < 0)
			die("a reading");
	}

	sampler_flush(sampler);
	if (bench->answers != READINGS)
		die("readings are missing");

	return (now_us() - start) / READINGS;
}

static int count_one(const struct nlmsghdr *nlh, void *data)
{
	++*(int *) data;
	return MNL_CB_OK;
}

static void ask_dump(struct mnl_socket *sock, void *buf)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct inet_diag_req_v2 *request;

	nlh->nlmsg_type = SOCK_DIAG_BY_FAMILY;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	request = mnl_nlmsg_put_extra_header(nlh, sizeof(*request));
	request->sdiag_family = AF_INET;
	request->sdiag_protocol = IPPROTO_TCP;
	request->idiag_ext = 1 << (INET_DIAG_INFO - 1);
	request->idiag_states = UINT32_MAX;
	if (mnl_socket_sendto(sock, nlh, nlh->nlmsg_len) < 0)
		die("a dump");
}

/* Of all sockets, which are counted. */
static double time_dump(int *ret_n)
{
	static _Alignas(NLMSG_ALIGNTO) char buf[DUMP_BUFFER];
	struct mnl_socket *sock = mnl_socket_open(NETLINK_SOCK_DIAG);
	double start = now_us();
	int more, n = 0;

	if (!sock || mnl_socket_bind(sock, 0, 0) < 0)
		die("a dump");

	ask_dump(sock, buf);
	do {
		ssize_t len = mnl_socket_recvfrom(sock, buf, sizeof(buf));

		more = len < 0 ? -1 : mnl_cb_run(buf, (size_t) len, 0, 0,
						 count_one, &n);
	} while (more > 0);

	if (more < 0 || !n)
		die("a dump");

	mnl_socket_close(sock);
	*ret_n = n;
	return now_us() - start;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *) a, y = *(const double *) b;

	return (x > y) - (x < y);
}

static double median(double *values)
{
	qsort(values, TURNS, sizeof(*values), compare);
	return values[TURNS / 2];
}

static struct costs measure(struct bench *bench, struct sampler *sampler)
{
	double single[TURNS], batch[TURNS], dump[TURNS];
	struct costs costs;
	int n;

	for (int i = 0; i < TURNS; i++) {
		single[i] = time_single(bench, sampler);
		batch[i] = time_batch(bench, sampler);
		dump[i] = time_dump(&n);
	}

	costs = (struct costs) {
		.single = median(single), .batch = median(batch),
		.dump_all = median(dump),
	};
	costs.dump = costs.dump_all / n;
	return costs;
}

static void print_begin(FILE *json)
{
	struct utsname kernel;

	uname(&kernel);
	printf("Microseconds for a reading of one subflow\n"
	       "%-8s %10s %12s %14s\n", "sockets", "alone", "in batches",
	       "dump, each");
	fprintf(json, "{\n  \"kernel\": \"%s\",\n  \"turns\": %d,\n"
		"  \"readings\": %d,\n  \"costs\": [", kernel.release, TURNS,
		READINGS);
}

static void print(FILE *json, bool first, int sockets,
		  const struct costs *costs)
{
	printf("%-8d %10.1f %12.1f %14.1f\n", sockets, costs->single,
	       costs->batch, costs->dump);
	fprintf(json, "%s\n    {\"sockets\": %d, \"single_us\": %.2f, "
		"\"batch_us\": %.2f, \"dump_us\": %.2f, "
		"\"dump_all_us\": %.1f}", first ? "" : ",", sockets,
		costs->single, costs->batch, costs->dump, costs->dump_all);
}

int main(int argc, char **argv)
{
	static const int sizes[] = { 10, 1000, SOCKETS_MAX };
	static struct bench bench;
	const struct sampler_options options = {
		.per_second = 1000000000, .on_sample = on_sample,
		.data = &bench,
	};
	FILE *json = fopen(argc > 1 ? argv[1] : "/dev/null", "w");
	struct sampler *sampler;

	if (!json)
		die(argv[1]);

	begin(&bench);
	sampler = sampler_new(&options);
	print_begin(json);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		struct costs costs;

		if ((rlim_t) sizes[i] + OTHER_FILES > bench.files) {
			fprintf(stderr, "%d sockets: not with \"ulimit -n\" "
				"%ju\n", sizes[i], (uintmax_t) bench.files);
			break;
		}

		grow(&bench, sizes[i]);
		costs = measure(&bench, sampler);
		print(json, !i, sizes[i], &costs);
	}

	fputs("\n  ]\n}\n", json);
	sampler_free(sampler);
	return fclose(json) ? 1 : 0;
}
