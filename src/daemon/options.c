/* SPDX-License-Identifier: BSD-3-Clause */
/* The command line of anchord. */
#include <getopt.h>
#include <stdio.h>

#include "daemon/options.h"

#define STATUS_USAGE 2

enum {
	OPTION_POLICY_DIR = 256,
	OPTION_MODULE_DIR,
	OPTION_CONTROL,
	OPTION_CHECK_CONFIG,
	OPTION_PRINT_CONFIG,
	OPTION_VERSION,
};

static const struct option long_options[] = {
	{ "config", required_argument, NULL, 'c' },
	{ "policy-dir", required_argument, NULL, OPTION_POLICY_DIR },
	{ "module-dir", required_argument, NULL, OPTION_MODULE_DIR },
	{ "control", required_argument, NULL, OPTION_CONTROL },
	{ "debug", optional_argument, NULL, 'd' },
	{ "check-config", no_argument, NULL, OPTION_CHECK_CONFIG },
	{ "print-config", no_argument, NULL, OPTION_PRINT_CONFIG },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, OPTION_VERSION },
	{ NULL, 0, NULL, 0 },
};

static void print_usage(FILE *out)
{
	fputs("usage: anchord [-h] [-c FILE] [-d[GLOB]] [--policy-dir DIR]\n"
	      "               [--module-dir DIR] [--control SOCKET]\n"
	      "               [--check-config | --print-config] [--version]\n"
	      "\n"
	      "  -c, --config FILE    " ANCHOR_CONFIG "\n"
	      "  --policy-dir DIR     " ANCHOR_POLICY_DIR "\n"
	      "  --module-dir DIR     " ANCHOR_MODULE_DIR "\n"
	      "  --control SOCKET     " ANCHOR_CONTROL_SOCKET "\n"
	      "  -d, --debug[=GLOB]   debug output of all, or of the source "
	      "files and\n"
	      "                       functions that match\n"
	      "  --check-config       only say what is wrong with the "
	      "configuration\n"
	      "  --print-config       print it, with all defaults\n", out);
}

bool options_parse(int argc, char **argv, struct options *ret_options,
		   int *ret_status)
{
	struct options options = {
		.config = ANCHOR_CONFIG,
		.policy_dir = ANCHOR_POLICY_DIR,
		.module_dir = ANCHOR_MODULE_DIR,
		.control = ANCHOR_CONTROL_SOCKET,
	};
	int option;

	*ret_status = STATUS_USAGE;
	while ((option = getopt_long(argc, argv, "c:d::h", long_options,
				     NULL)) != -1)
		switch (option) {
		case 'c':
			options.config = optarg;
			options.config_given = true;
			break;
		case 'd':
			options.debug = optarg ? optarg : "*";
			break;
		case OPTION_POLICY_DIR:
			options.policy_dir = optarg;
			break;
		case OPTION_MODULE_DIR:
			options.module_dir = optarg;
			break;
		case OPTION_CONTROL:
			options.control = optarg;
			break;
		case OPTION_CHECK_CONFIG:
			options.mode = OPTIONS_CHECK_CONFIG;
			break;
		case OPTION_PRINT_CONFIG:
			options.mode = OPTIONS_PRINT_CONFIG;
			break;
		case 'h':
			print_usage(stdout);
			*ret_status = 0;
			return false;
		case OPTION_VERSION:
			puts("anchord " ANCHOR_VERSION);
			*ret_status = 0;
			return false;
		default:
			print_usage(stderr);
			return false;
		}

	if (optind < argc) {
		fprintf(stderr, "anchord: unexpected argument \"%s\"\n",
			argv[optind]);
		print_usage(stderr);
		return false;
	}

	*ret_options = options;
	return true;
}
