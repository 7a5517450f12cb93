/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Replays scenario files through the core on virtual time.
 *
 *	scenario FILE...
 *
 * A scenario is a list of lines; "#" begins a comment. Lines before the
 * first "start" describe the host:
 *
 *	policy NAME [KEY=VALUE...]	module and options; default: rail
 *	rendezvous backup|keep|close
 *	timers grace=300ms connect=5s retry-min=1s retry-max=60s hold-down=0s
 *		hold-down-max=60s [retry-refused]
 *	limits connections=10 subflows=4 announced=4
 *	manage all			else: anchored
 *	anchored 10.255.0.2/32 ...	rendezvous prefixes
 *	rail a [PREFIX...]
 *	seed N
 *	repeats				those of withdrawals are expected below
 *
 * then links and events, in any order; policy and rendezvous are a reload
 * there:
 *
 *	link eth1 a 10.1.2.2:6001 ...	address and join port, port 0: none;
 *					port 1: announced without one
 *	unlink eth1
 *	server|client TOKEN LOCAL REMOTE [deny]	created and established
 *	created server|client TOKEN LOCAL REMOTE [deny]
 *	established server|client TOKEN LOCAL REMOTE
 *	closed TOKEN
 *	announced TOKEN ID ENDPOINT
 *	removed TOKEN ID
 *	up TOKEN LOCAL REMOTE LOCAL-ID REMOTE-ID [backup]
 *	down TOKEN LOCAL REMOTE [ERRNO|prohibited]
 *	priority TOKEN LOCAL REMOTE backup|normal
 *	carries TOKEN LOCAL REMOTE [out=MBIT] [in=MBIT] [busy=PERMILLE]
 *		[rtt=10ms] [lost=SEGMENTS] [app-limited] [silent] [request]
 *		[lately] [ending]	what it does from now on; lost: so far
 *					since it was opened; silent: it
 *					gets no answers; request: the last one
 *					that was sent, now, gets none; lately:
 *					something has just come in; ending: its
 *					FIN was sent, and no event has told
 *	look				a loss probe was sent
 *	lost				events were, of any connection
 *	remember PEER ID ENDPOINT	it announced that before the start
 *	list start|loss|audit		the kernel is asked what there is
 *	listed server|client TOKEN LOCAL REMOTE [kernel] [unasked]
 *	subflow LOCAL REMOTE LOCAL-ID REMOTE-ID initial|opened|accepted
 *		[young] [opening|ending] [backup-here] [backup-peer]
 *	address ENDPOINT ID announced|source	both: of the one listed last
 *	end-list [again|failed]		all is handed in; it is in flux; there
 *					was more that could not be read
 *	counts [connections=N] [kernel=N] [adopted=N] [subflows-gone=N] ...
 *	load eth1 [speed=MBIT] [out=MBIT] [in=MBIT]
 *	wait 300ms
 *
 * and what the core must do about the lines since the last expectation, in
 * this order, and nothing else:
 *
 *	expect open 1 10.1.2.2 -> 10.1.1.2:6002 id 128 [fails ERRNO]
 *
 * What is expected after a "wait" may happen at any time within it; the rest
 * of that time passes before the next line that is no "expect". Samples that
 * the core asks for are answered by what subflows carry, and are not expected.
 * Commands succeed unless "fails" says otherwise. At the end of a scenario
 * nothing may be left over.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/describe.h"
#include "scenario/scenario.h"
#include "util/addrtext.h"

#define WORDS_MAX 16
void fail(struct scenario *s, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "%s:%u: ", s->file, s->line);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	s->failed = true;
}

struct anchor_span parse_span(struct scenario *s, const char *text)
{
	char *unit;
	long value = strtol(text, &unit, 10);

	if (!strcmp(unit, "ms"))
		return anchor_ms(value);

	if (!strcmp(unit, "s"))
		return anchor_ms(value * 1000);

	fail(s, "not a duration: %s", text);
	return anchor_us(0);
}

struct anchor_endpoint parse_endpoint(struct scenario *s, const char *text)
{
	struct anchor_endpoint endpoint = { 0 };

	if (addrtext_parse_endpoint(text, &endpoint) < 0 &&
	    addrtext_parse(text, &endpoint.addr) < 0)
		fail(s, "not an endpoint: %s", text);

	return endpoint;
}

static struct anchor_prefix parse_prefix(struct scenario *s, const char *text)
{
	struct anchor_prefix prefix = { 0 };

	if (addrtext_parse_prefix(text, &prefix) < 0)
		fail(s, "not a prefix: %s", text);

	return prefix;
}

static const char *error_name(int error)
{
	return strerrorname_np(error);
}

static int parse_errno(struct scenario *s, const char *text)
{
	for (int error = 1; error < 256; error++)
		if (error_name(error) && !strcmp(error_name(error), text))
			return error;

	fail(s, "not an errno: %s", text);
	return EINVAL;
}

const char *value_of(const char *word, const char *key)
{
	size_t len = strlen(key);

	return !strncmp(word, key, len) && word[len] == '=' ?
		word + len + 1 : NULL;
}

static void tell_host(struct scenario *s)
{
	struct core_host host = {
		.locals = s->locals,
		.n_locals = s->n_locals,
		.rails = s->rails,
		.n_rails = s->n_rails,
		.rendezvous = s->rendezvous,
		.n_rendezvous = s->n_rendezvous,
	};

	if (core_set_host(s->core, s->now, &host) < 0)
		fail(s, "core_set_host() failed");
}

static void do_timers(struct scenario *s, char **words, int n)
{
	struct core_timers *timers = &s->config.timers;
	const struct {
		const char *key;
		struct anchor_span *span;
	} keys[] = {
		{ "grace", &timers->grace },
		{ "connect", &timers->connect },
		{ "retry-min", &timers->retry_min },
		{ "retry-max", &timers->retry_max },
		{ "hold-down", &timers->hold_min },
		{ "keep-alive", &timers->keep_alive },
		{ "hold-down-max", &timers->hold_max },
	};

	for (int i = 1; i < n; i++) {
		if (!strcmp(words[i], "retry-refused"))
			timers->retry_refused = true;

		for (size_t k = 0; k < sizeof(keys) / sizeof(*keys); k++) {
			const char *value = value_of(words[i], keys[k].key);

			if (value)
				*keys[k].span = parse_span(s, value);
		}
	}
}

static void do_limits(struct scenario *s, char **words, int n)
{
	struct core_limits *limits = &s->config.limits;
	const struct {
		const char *key;
		unsigned int *limit;
	} keys[] = {
		{ "connections", &limits->connections },
		{ "subflows", &limits->subflows },
		{ "announced", &limits->announced },
	};

	for (int i = 1; i < n; i++)
		for (size_t k = 0; k < sizeof(keys) / sizeof(*keys); k++) {
			const char *value = value_of(words[i], keys[k].key);

			if (value)
				*keys[k].limit = (unsigned int) atoi(value);
		}
}

static void do_manage(struct scenario *s, char **words, int n)
{
	s->config.scope.all = n == 2 && !strcmp(words[1], "all");
}

static void do_anchored(struct scenario *s, char **words, int n)
{
	for (int i = 1; i < n && s->n_rendezvous < PREFIXES_MAX; i++)
		s->rendezvous[s->n_rendezvous++] = parse_prefix(s, words[i]);
}

static void do_rail(struct scenario *s, char **words, int n)
{
	struct core_rail *rail = &s->rails[s->n_rails];

	snprintf(s->rail_names[s->n_rails], 16, "%s", words[1]);
	rail->name = s->rail_names[s->n_rails++];
	rail->prefixes = &s->prefixes[s->n_prefixes];
	for (int i = 2; i < n && s->n_prefixes < PREFIXES_MAX; i++) {
		s->prefixes[s->n_prefixes++] = parse_prefix(s, words[i]);
		rail->n_prefixes++;
	}
}

static void do_repeats(struct scenario *s, char **words, int n)
{
	s->repeats = true;
}

static void do_seed(struct scenario *s, char **words, int n)
{
	s->seed = n == 2 ? strtoull(words[1], NULL, 10) : 1;
}

static int16_t find_rail(struct scenario *s, const char *name)
{
	for (size_t i = 0; i < s->n_rails; i++)
		if (!strcmp(s->rails[i].name, name))
			return (int16_t) i;

	fail(s, "no rail %s", name);
	return ANCHOR_RAIL_NONE;
}

size_t find_name(struct scenario *s, const char *name)
{
	size_t i = 0;

	while (i < s->n_names && strcmp(s->names[i], name))
		i++;

	if (i == s->n_names && s->n_names < LINKS_MAX)
		snprintf(s->names[s->n_names++], 16, "%s", name);

	return i;
}

static void drop_link(struct scenario *s, size_t name)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->n_locals; i++)
		if (s->locals[i].ifindex != (int) name + 1)
			s->locals[kept++] = s->locals[i];

	s->n_locals = kept;
}

static void do_link(struct scenario *s, char **words, int n)
{
	size_t name = find_name(s, words[1]);

	drop_link(s, name);
	for (int i = 3; i < n && s->n_locals < ANCHOR_LOCALS_MAX; i++) {
		struct anchor_endpoint endpoint = parse_endpoint(s, words[i]);

		s->locals[s->n_locals++] = (struct core_local) {
			.addr = endpoint.addr,
			.link = s->names[name],
			.ifindex = (int) name + 1,
			.rail = find_rail(s, words[2]),
			.join_port = endpoint.port,
			.bare = endpoint.port == 1,
			.id = (uint8_t) (name + 1 + (unsigned int) (i - 3) *
					 LINKS_MAX),
		};
	}

	tell_host(s);
}

static void do_unlink(struct scenario *s, char **words, int n)
{
	drop_link(s, find_name(s, words[1]));
	tell_host(s);
}

static void hand_in(struct scenario *s, const struct core_event *event)
{
	int err = core_handle(s->core, s->now, event);

	if (err < 0 && err != -ENOSPC)
		fail(s, "core_handle(): %s", strerror(-err));
}

uint32_t parse_token(const char *text)
{
	return (uint32_t) strtoul(text, NULL, 16);
}

static struct core_event conn_event(struct scenario *s, char **words, int n,
				    const char *role)
{
	return (struct core_event) {
		.known = CORE_KNOWN_ROLE | CORE_KNOWN_DENY_JOIN,
		.role = strcmp(role, "server") ? ANCHOR_ROLE_CLIENT :
			ANCHOR_ROLE_SERVER,
		.token = parse_token(words[0]),
		.local = parse_endpoint(s, words[1]),
		.remote = parse_endpoint(s, words[2]),
		.deny_join_id0 = n > 3 && !strcmp(words[3], "deny"),
	};
}

static void do_conn(struct scenario *s, char **words, int n)
{
	struct core_event event = conn_event(s, words + 1, n - 1, words[0]);

	event.type = CORE_EVENT_CREATED;
	hand_in(s, &event);
	event.type = CORE_EVENT_ESTABLISHED;
	hand_in(s, &event);
}

static void do_phase(struct scenario *s, char **words, int n)
{
	struct core_event event = conn_event(s, words + 2, n - 2, words[1]);

	event.type = strcmp(words[0], "created") ? CORE_EVENT_ESTABLISHED :
		CORE_EVENT_CREATED;
	hand_in(s, &event);
}

static void do_closed(struct scenario *s, char **words, int n)
{
	struct core_event event = {
		.type = CORE_EVENT_CLOSED,
		.token = parse_token(words[1]),
	};

	hand_in(s, &event);
}

static uint64_t token_bit(uint32_t token)
{
	return UINT64_C(1) << token % 64;
}

static void do_announced(struct scenario *s, char **words, int n)
{
	struct core_event event = {
		.type = CORE_EVENT_ANNOUNCED,
		.known = CORE_KNOWN_IDS,
		.token = parse_token(words[1]),
		.remote_id = (uint8_t) atoi(words[2]),
		.remote = parse_endpoint(s, words[3]),
	};

	s->echoing |= token_bit(event.token);
	hand_in(s, &event);
}

static void do_removed(struct scenario *s, char **words, int n)
{
	struct core_event event = {
		.type = CORE_EVENT_REMOVED,
		.known = CORE_KNOWN_IDS,
		.token = parse_token(words[1]),
		.remote_id = (uint8_t) atoi(words[2]),
	};

	hand_in(s, &event);
}

static struct core_event subflow_event(struct scenario *s, char **words)
{
	return (struct core_event) {
		.token = parse_token(words[1]),
		.local = parse_endpoint(s, words[2]),
		.remote = parse_endpoint(s, words[3]),
	};
}

static void do_up(struct scenario *s, char **words, int n)
{
	struct core_event event = subflow_event(s, words);

	event.type = CORE_EVENT_SUBFLOW_UP;
	event.known = CORE_KNOWN_IDS | CORE_KNOWN_BACKUP;
	event.local_id = (uint8_t) atoi(words[4]);
	event.remote_id = (uint8_t) atoi(words[5]);
	event.backup = n > 6 && !strcmp(words[6], "backup");
	hand_in(s, &event);
}

static bool match_prefix(const struct scenario *s,
			 const struct anchor_addr *addr)
{
	for (size_t i = 0; i < s->n_rendezvous; i++)
		if (anchor_prefix_contains(&s->rendezvous[i], addr))
			return true;

	return false;
}

static void do_down(struct scenario *s, char **words, int n)
{
	struct core_event event = subflow_event(s, words);

	event.type = CORE_EVENT_SUBFLOW_DOWN;
	s->no_initial = match_prefix(s, &event.local.addr);
	if (n > 4 && !strcmp(words[4], "prohibited")) {
		event.prohibited = true;
	} else if (n > 4) {
		event.known = CORE_KNOWN_ERROR;
		event.error = parse_errno(s, words[4]);
	}

	hand_in(s, &event);
}

static void do_priority(struct scenario *s, char **words, int n)
{
	struct core_event event = subflow_event(s, words);

	event.type = CORE_EVENT_SUBFLOW_PRIORITY;
	event.known = CORE_KNOWN_BACKUP;
	event.backup = !strcmp(words[4], "backup");
	hand_in(s, &event);
}

static bool is_nudge(const struct core_action *action)
{
	return action->reason == CORE_REASON_NUDGE;
}

/* To the next thing that time brings, or the end of the wait; false there. */
static bool step(struct scenario *s)
{
	struct anchor_time next = core_next_deadline(s->core);

	if (!anchor_time_before(s->now, s->until))
		return false;

	if (anchor_time_before(s->until, next))
		next = s->until;

	if (anchor_time_before(s->now, next))
		s->now = next;

	core_expire(s->core, s->now);
	return true;
}

static void end_nudge(struct scenario *s, const struct core_action *nudge)
{
	s->echoing &= ~token_bit(nudge->token);
	core_result(s->core, s->now, nudge, 0);
}

/*
 * A second after each loss what paths were lost by is withdrawn once more, for
 * which it is announced first. Only where that is the matter is it expected.
 */
static bool take_repeat(struct scenario *s, const struct core_action *first)
{
	struct core_action next;

	if (first->reason != CORE_REASON_REPEAT || s->repeats)
		return false;

	core_result(s->core, s->now, first, 0);
	if (first->type != CORE_ACTION_ANNOUNCE)
		fail(s, "a repetition without an announcement");

	while (core_take_action(s->core, s->now, &next) && is_nudge(&next))
		end_nudge(s, &next);

	if (next.type != CORE_ACTION_WITHDRAW || next.id != first->id ||
	    next.reason != CORE_REASON_REPEAT)
		fail(s, "a repetition without a withdrawal");

	core_result(s->core, s->now, &next, 0);
	return true;
}

/* The next action at this moment; samples are answered on the way. */
static bool take_now(struct scenario *s, struct core_action *ret_action)
{
	while (core_take_action(s->core, s->now, ret_action)) {
		if (ret_action->type == CORE_ACTION_SAMPLE)
			answer_sample(s, ret_action);
		else if (!take_repeat(s, ret_action))
			return true;
	}

	return false;
}

/*
 * Each new announcement and withdrawal is followed by a command that only
 * makes it leave, or, where an echo may be in the way of a withdrawal, that
 * comes after one for the echo. It is checked here, and not written down
 * everywhere.
 */
static void take_nudge(struct scenario *s, const struct core_action *action)
{
	struct core_action nudge;

	if (action->type == CORE_ACTION_WITHDRAW && !s->no_initial &&
	    s->echoing & token_bit(action->token))
		fail(s, "a withdrawal while an echo may be in its way");

	if ((action->type != CORE_ACTION_ANNOUNCE &&
	     action->type != CORE_ACTION_WITHDRAW) ||
	    action->reason == CORE_REASON_RESTORE ||
	    action->reason == CORE_REASON_REPEAT)
		return;

	/* Nothing to nudge where the initial subflow is gone. */
	if (s->no_initial)
		return;

	if (!core_take_action(s->core, s->now, &nudge) || !is_nudge(&nudge))
		fail(s, "an announcement or withdrawal without a nudge");
	else
		end_nudge(s, &nudge);
}

/* The next action, if there is one before the wait is over. */
static bool take(struct scenario *s, struct core_action *ret_action)
{
	while (!take_now(s, ret_action))
		if (!step(s))
			return false;

	if (is_nudge(ret_action)) {
		end_nudge(s, ret_action);
		if (!take_now(s, ret_action) ||
		    ret_action->type != CORE_ACTION_WITHDRAW)
			fail(s, "a nudge without an announcement");

		return true;
	}

	take_nudge(s, ret_action);
	return true;
}

static void refuse(struct scenario *s, const struct core_action *action)
{
	char text[DESCRIBE_MAX];

	fail(s, "not expected: %s", describe_action(action, text));
	core_result(s->core, s->now, action, 0);
}

static void expect_nothing(struct scenario *s)
{
	struct core_action action;

	while (take(s, &action))
		refuse(s, &action);
}

/* What becomes due at its very end belongs to the next expectations. */
static void finish_wait(struct scenario *s)
{
	struct core_action action;

	while (anchor_time_before(s->now, s->until)) {
		while (take_now(s, &action)) {
			take_nudge(s, &action);
			refuse(s, &action);
		}

		step(s);
	}
}

static void do_wait(struct scenario *s, char **words, int n)
{
	expect_nothing(s);
	s->until = anchor_time_add(s->now, parse_span(s, words[1]));
}

/* Joins words, so that spacing does not matter; tokens as they are logged. */
static void expected_text(char **words, int n, char *buf)
{
	int at = 0;

	buf[0] = '\0';
	for (int i = 0; i < n && at < DESCRIBE_MAX; i++) {
		if (i == 1)
			at += snprintf(buf + at, (size_t) (DESCRIBE_MAX - at),
				       " %08x", parse_token(words[i]));
		else
			at += snprintf(buf + at, (size_t) (DESCRIBE_MAX - at),
				       "%s%s", i ? " " : "", words[i]);
	}
}

static void do_expect(struct scenario *s, char **words, int n)
{
	struct core_action action;
	char expected[DESCRIBE_MAX];
	char text[DESCRIBE_MAX];
	int error = 0;

	if (n > 3 && !strcmp(words[n - 2], "fails")) {
		error = -parse_errno(s, words[n - 1]);
		n -= 2;
	}

	expected_text(words + 1, n - 1, expected);
	if (!take(s, &action)) {
		fail(s, "expected: %s, got: nothing", expected);
		return;
	}

	if (strcmp(expected, describe_action(&action, text)))
		fail(s, "expected: %s, got: %s", expected, text);

	core_result(s->core, s->now, &action, error);
}

/* When a line may come: before the core is made, or after. */
enum phase {
	SETUP,
	EVENT,
	EITHER,
};

static const struct command {
	const char *word;
	int words;		/* at least */
	enum phase phase;
	void (*run)(struct scenario *s, char **words, int n);
} commands[] = {
	{ "policy", 1, EITHER, do_policy },
	{ "rendezvous", 2, EITHER, do_rendezvous },
	{ "timers", 2, SETUP, do_timers },
	{ "limits", 2, SETUP, do_limits },
	{ "manage", 2, SETUP, do_manage },
	{ "anchored", 2, SETUP, do_anchored },
	{ "rail", 2, SETUP, do_rail },
	{ "seed", 2, SETUP, do_seed },
	{ "repeats", 1, SETUP, do_repeats },
	{ "link", 4, EVENT, do_link },
	{ "unlink", 2, EVENT, do_unlink },
	{ "server", 4, EVENT, do_conn },
	{ "client", 4, EVENT, do_conn },
	{ "created", 5, EVENT, do_phase },
	{ "established", 5, EVENT, do_phase },
	{ "closed", 2, EVENT, do_closed },
	{ "announced", 4, EVENT, do_announced },
	{ "removed", 3, EVENT, do_removed },
	{ "up", 6, EVENT, do_up },
	{ "down", 4, EVENT, do_down },
	{ "priority", 5, EVENT, do_priority },
	{ "carries", 5, EVENT, do_carries },
	{ "load", 3, EVENT, do_load },
	{ "look", 1, EVENT, do_look },
	{ "lost", 1, EVENT, do_lost },
	{ "list", 2, EVENT, do_list },
	{ "listed", 5, EVENT, do_listed },
	{ "subflow", 5, EVENT, do_subflow },
	{ "address", 4, EVENT, do_address },
	{ "end-list", 1, EVENT, do_end_list },
	{ "remember", 4, EVENT, do_remember },
	{ "counts", 2, EVENT, do_counts },
	{ "wait", 2, EVENT, do_wait },
	{ "expect", 3, EVENT, do_expect },
};

static const struct command *find_command(const char *word)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		if (!strcmp(commands[i].word, word))
			return &commands[i];

	return NULL;
}

static void run_words(struct scenario *s, char **words, int n)
{
	const struct command *command = find_command(words[0]);

	if (!command || n < command->words) {
		fail(s, "not understood: %s", words[0]);
		return;
	}

	if (command->phase == SETUP && s->core) {
		fail(s, "%s comes before links and events", words[0]);
		return;
	}

	if (command->phase == EVENT && !s->core) {
		s->core = core_new(&s->config, s->seed);
		tell_host(s);
	}

	if (s->core && command->run != do_expect)
		finish_wait(s);

	command->run(s, words, n);
}

static void run_line(struct scenario *s, char *line)
{
	char *words[WORDS_MAX];
	int n = 0;

	line[strcspn(line, "#\n")] = '\0';
	for (char *word = strtok(line, " \t"); word && n < WORDS_MAX;
	     word = strtok(NULL, " \t"))
		words[n++] = word;

	if (n)
		run_words(s, words, n);
}

static void set_defaults(struct scenario *s, const char *file,
			 struct modules *modules)
{
	char *rail[] = { (char[]) { "policy" } };

	*s = (struct scenario) {
		.file = file,
		.modules = modules,
		.seed = 1,
		.now = { 1000000 },
		.config = {
			.limits = { 1000, 16, 16 },
			.timers = {
				.grace = anchor_ms(300),
				.connect = anchor_ms(5000),
				.retry_min = anchor_ms(1000),
				.retry_max = anchor_ms(60000),
			},
			.n_rules = 1,
		},
		.rule = { .rendezvous = ANCHOR_RENDEZVOUS_BACKUP },
	};
	s->config.rules = &s->rule;
	do_policy(s, rail, 1);
}

static bool run_file(const char *file, struct modules *modules)
{
	static struct scenario s;
	FILE *in = fopen(file, "re");
	char line[512];

	if (!in) {
		perror(file);
		return false;
	}

	set_defaults(&s, file, modules);
	while (s.rule.policy && fgets(line, sizeof(line), in)) {
		s.line++;
		run_line(&s, line);
	}

	fclose(in);
	if (s.core)
		expect_nothing(&s);
	else
		fail(&s, "nothing happens");

	core_free(s.core);
	clear_rule(&s.rule);
	return !s.failed;
}

/* Modules are where the build puts them, or where we are told. */
static struct modules *open_modules(void)
{
	const char *build = getenv("ANCHOR_BUILDDIR");
	struct modules *modules;
	char *dir;

	if (asprintf(&dir, "%s/plugins/policies/.libs", build ? build : ".") <
	    0)
		return NULL;

	modules = modules_new(dir);
	free(dir);
	return modules;
}

int main(int argc, char **argv)
{
	struct modules *modules = open_modules();
	bool good = argc > 1 && modules;

	for (int i = 1; good && i < argc; i++)
		good &= run_file(argv[i], modules);

	modules_free(modules);
	return good ? 0 : 1;
}
