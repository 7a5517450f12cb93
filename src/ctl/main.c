/* SPDX-License-Identifier: BSD-3-Clause */
/* anchorctl: asks the daemon, and shows what it says. */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "ctl/client.h"
#include "ctl/commands.h"
#include "ctl/format.h"

enum {
	STATUS_OK = 0,
	STATUS_FAILED = 1,
	STATUS_USAGE = 2,
};

static const struct command *const commands[] = {
	&command_status,
	&command_links,
	&command_connections,
	&command_paths,
	&command_explain,
	&command_monitor,
	&command_reload,
};

#define N_COMMANDS (sizeof(commands) / sizeof(*commands))

static void print_usage(FILE *out)
{
	fputs("usage: anchorctl [-s SOCKET] COMMAND [--json]\n\n", out);
	for (size_t i = 0; i < N_COMMANDS; i++)
		fprintf(out, "  %-12s %s\n", commands[i]->name,
			commands[i]->help);

	fputs("\n", out);
	for (size_t i = 0; i < N_COMMANDS; i++)
		if (commands[i]->arguments)
			fprintf(out, "  %s %s\n", commands[i]->name,
				commands[i]->arguments);

	fputs("\n  -s, --socket SOCKET  " ANCHOR_CONTROL_SOCKET "\n"
	      "  -j, --json           the daemon's own words\n"
	      "      --samples        with paths: how each of them does\n"
	      "  -h, --help           this\n"
	      "      --version\n", out);
}

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < N_COMMANDS; i++)
		if (!strcmp(commands[i]->name, name))
			return commands[i];

	return NULL;
}

static bool print_json(const json_t *answer, size_t flags)
{
	return !json_dumpf(answer, stdout, flags) && putchar('\n') != EOF;
}

static bool print_text(const struct command *command, json_t *answer)
{
	format_make_printable(answer);
	command->print(answer, stdout);
	return !ferror(stdout);
}

struct follower {
	const struct command *command;
	bool json;
	bool good;
};

/* One line each, so that other programs can read them as they come. */
static bool print_line(json_t *line, void *data)
{
	struct follower *follower = data;

	follower->good = follower->json ? print_json(line, JSON_COMPACT) :
		print_text(follower->command, line);
	follower->good &= !fflush(stdout);
	return follower->good;
}

static int follow(const struct command *command, const json_t *request,
		  const char *socket_path, bool json)
{
	struct follower follower = { command, json, true };

	if (!client_follow(socket_path, request, print_line, &follower) ||
	    !follower.good)
		return STATUS_FAILED;

	return STATUS_OK;
}

static int run(const struct command *command, const json_t *request,
	       const char *socket_path, bool json)
{
	json_t *answer = client_ask(socket_path, request);
	bool good;

	if (!answer)
		return STATUS_FAILED;

	good = json ? print_json(answer, JSON_INDENT(2)) : print_text(command, answer);
	json_decref(answer);
	if (good && !fflush(stdout))
		return STATUS_OK;

	fputs("anchorctl: the answer could not be printed\n", stderr);
	return STATUS_FAILED;
}

static int usage_error(const char *what, const char *word)
{
	fprintf(stderr, "anchorctl: %s%s\n", what, word);
	print_usage(stderr);
	return STATUS_USAGE;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "socket", required_argument, NULL, 's' },
		{ "json", no_argument, NULL, 'j' },
		{ "samples", no_argument, NULL, 'S' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 },
	};
	const char *socket_path = ANCHOR_CONTROL_SOCKET;
	const struct command *command;
	json_t *request;
	bool json = false, samples = false;
	int option, status;

	while ((option = getopt_long(argc, argv, "s:jhV", options,
				     NULL)) != -1)
		switch (option) {
		case 's':
			socket_path = optarg;
			break;
		case 'j':
			json = true;
			break;
		case 'S':
			samples = true;
			break;
		case 'h':
			print_usage(stdout);
			return STATUS_OK;
		case 'V':
			puts("anchorctl " ANCHOR_VERSION);
			return STATUS_OK;
		default:
			print_usage(stderr);
			return STATUS_USAGE;
		}

	if (optind == argc)
		return usage_error("a command is missing", "");

	command = find_command(argv[optind]);
	if (!command)
		return usage_error("unknown command ", argv[optind]);

	argc -= optind + 1;
	argv += optind + 1;
	if (argc && !command->request)
		return usage_error("unexpected argument ", argv[0]);

	request = json_pack("{s:s, s:b}", "command", command->name,
			    "samples", samples);
	if (command->request && !command->request(request, argc, argv))
		status = usage_error("wrong arguments for ", command->name);
	else if (command->follows)
		status = follow(command, request, socket_path, json);
	else
		status = run(command, request, socket_path, json);

	json_decref(request);
	return status;
}
