/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The core, with every module of the tree: the input is what happens to it.
 * A letter says what, and the characters behind it which; blanks, and what
 * stands behind "#" on a line, say nothing. C is a connection, of four:
 *
 *	n C R		it is created and established; R 0: we are the client
 *	N C R		it is created		E C	it is established
 *	x C		it is closed
 *	a C ID RAIL P	the peer announces an address, at the P-th port
 *	z C ID		and removes it
 *	j C LINK RAIL	the peer joins
 *	k C I E		the I-th subflow ends; E 1: refused, 2: prohibited
 *	y C I B		the peer wants it as backup, or no more (B 0)
 *	l LINK		a link's address goes or comes
 *	p N		reload, with the N-th rule (core-rules.c)
 *	o		something may be silent: look
 *	t T		time passes: 1, 10, 100, 300 ms, 1, 5, 60 s, 1 h
 *	T		the next deadline comes
 *	v C		somebody asks what would become of such a connection
 *	w LINK N	its load is known
 *	L		the events that wait are lost, and that is noticed
 *	m		the first of them is, and it is not
 *	u C W		unheard: it is closed, is established, is joined (W 2)
 *	s K		the kernel lists all; K 0: as at the start, 1: as
 *			after a loss, 2: as an audit; 3 to 5: and no addresses
 *	S		the list is handed in	F	it cannot be read
 *	R ID RAIL P	a peer's announcement is remembered
 *	Z		another core begins
 *
 * and from now on
 *
 *	q F		what readings say (enum sample_fate)
 *	f F		what becomes of opened paths (enum open_fate)
 *	g E		other commands end with the E-th of some errors
 *	b B		results wait (1)	r	one comes
 *	d B		our doings' events wait	e	one comes
 *	h B		nothing is taken from the core
 *	M H L		the allocation number 64 H + L fails, from 0 on
 *	W N S		one of N allocations fails, by seed S; N 0: none
 *
 * core-world.h says what must never happen. At the end all goes well, and the
 * core comes to rest; a module that looks for ever changes nothing then. With
 * FUZZ_TRACE in the environment it is told.
 */
#include <errno.h>

#include "fuzz/core-world.h"
#include "fuzz/fuzz.h"
#include "fuzz/scarce.h"

#define LETTERS_MAX 2000

struct run {
	struct world world;
	struct fuzz_input input;
	bool hold;		/* take nothing */
};

static uint8_t next_letter(struct fuzz_input *input)
{
	while (input->left) {
		uint8_t byte = fuzz_byte(input);

		if (byte == '#')
			while (input->left && fuzz_byte(input) != '\n')
				continue;
		else if (byte > ' ')
			return byte;
	}

	return 0;
}

/* The next argument, as a number below n. */
static unsigned int next(struct run *run, unsigned int n)
{
	return (unsigned int) (next_letter(&run->input) - '0') % n;
}

static void wait_some(struct run *run)
{
	static const int64_t ms[] = {
		1, 10, 100, 300, 1000, 5000, 60000, 3600000
	};

	world_wait(&run->world, anchor_ms(ms[next(run, 8)]));
}

static void set_error(struct run *run)
{
	static const int errors[] = {
		0, -EINVAL, -ESRCH, -ENOENT, -ENOBUFS, -EOPNOTSUPP, -ENOMEM,
		-ECANCELED
	};

	run->world.error = errors[next(run, 8)];
}

static void on_explained(const struct core_explanation *explanation,
			 void *data)
{
	if (!explanation->managed)
		return;

	require(explanation->rule && explanation->view && explanation->plan);
	require(explanation->plan->n_paths <= ANCHOR_PATHS_MAX);
}

static void explain(struct run *run)
{
	static const struct anchor_addr peer = {
		ANCHOR_FAMILY_INET, { 10, 255, 0, 1 }
	};
	unsigned int c = next(run, WORLD_CONNS);
	struct core_query query = {
		.peer = peer,
		.service_port = c & 2 ? 5000 : 0,
		.role = c & 1 ? ANCHOR_ROLE_SERVER : ANCHOR_ROLE_CLIENT,
	};

	int err = core_explain(run->world.core, run->world.now, &query,
			       on_explained, NULL);

	world_note_scarcity(&run->world);
	require(!err || (err == -ENOMEM && run->world.starved));
}

static void set_load(struct run *run)
{
	int ifindex = (int) next(run, 3);
	uint64_t rate = next(run, 10) * UINT64_C(10000000);
	const struct anchor_load load = {
		.at = run->world.now, .speed = 100000000,
		.rate_out = rate, .rate_in = rate / 2,
	};

	core_set_load(run->world.core, ifindex, &load);
}

static void end_sub(struct run *run)
{
	unsigned int c = next(run, WORLD_CONNS), i = next(run, WORLD_SUBS);
	unsigned int how = next(run, 3);

	world_sub_ends(&run->world, c, i, how == 1 ? ECONNREFUSED : 0,
		       how == 2);
}

static void announce(struct run *run)
{
	unsigned int c = next(run, WORLD_CONNS), id = next(run, 8);
	unsigned int rail = next(run, 3), port = next(run, 4);

	world_announce(&run->world, c, (uint8_t) id, rail, port);
}

static void join(struct run *run)
{
	unsigned int c = next(run, WORLD_CONNS);
	unsigned int local = next(run, WORLD_LOCALS), rail = next(run, 3);

	world_join(&run->world, c, local, rail);
}

static void prefer(struct run *run)
{
	unsigned int c = next(run, WORLD_CONNS), i = next(run, WORLD_SUBS);

	world_priority(&run->world, c, i, next(run, 2));
}

static void begin(struct run *run, bool establish)
{
	unsigned int c = next(run, WORLD_CONNS);

	world_begin(&run->world, c, next(run, 2) ? ANCHOR_ROLE_SERVER :
		    ANCHOR_ROLE_CLIENT);
	if (establish)
		world_establish(&run->world, c);
}

static void remember(struct run *run)
{
	unsigned int id = next(run, 8), rail = next(run, 3);

	world_remember(&run->world, (uint8_t) id, rail, next(run, 4));
}

/* What is lost, and found in lists. */
static void lose(struct run *run, uint8_t letter)
{
	static const enum core_sync_kind kinds[] = {
		CORE_SYNC_START, CORE_SYNC_LOSS, CORE_SYNC_AUDIT,
	};
	struct world *world = &run->world;
	unsigned int c, kind;

	switch (letter) {
	case 'L':
		world_lose_events(world);
		break;
	case 'm':
		world_lose_event(world);
		break;
	case 'u':
		c = next(run, WORLD_CONNS);
		world_happen_unheard(world, c, (enum unheard)
				     next(run, UNHEARD_KINDS));
		break;
	case 's':
		kind = next(run, 6);
		world_begin_list(world, kinds[kind % 3], kind < 3);
		break;
	case 'S':
		world_end_list(world);
		break;
	case 'F':
		world_fail_list(world);
		break;
	case 'R':
		remember(run);
		break;
	case 'Z':
		world_restart(world);
		break;
	}
}

/* What the kernel, the peer or the host's owner does. */
static void happen(struct run *run, uint8_t letter)
{
	struct world *world = &run->world;
	unsigned int c;

	switch (letter) {
	case 'n':
	case 'N':
		begin(run, letter == 'n');
		break;
	case 'E':
		world_establish(world, next(run, WORLD_CONNS));
		break;
	case 'x':
		world_end(world, next(run, WORLD_CONNS));
		break;
	case 'a':
		announce(run);
		break;
	case 'z':
		c = next(run, WORLD_CONNS);
		world_remove(world, c, (uint8_t) next(run, 8));
		break;
	case 'j':
		join(run);
		break;
	case 'k':
		end_sub(run);
		break;
	case 'y':
		prefer(run);
		break;
	case 'l':
		world_toggle_link(world, next(run, WORLD_LOCALS));
		break;
	case 'p':
		world_reload(world, next(run, (unsigned int)
					 world->rules->n));
		break;
	case 'o':
		core_look(world->core, world->now);
		break;
	case 't':
		wait_some(run);
		break;
	case 'T':
		world_wait_deadline(world);
		break;
	case 'v':
		explain(run);
		break;
	case 'w':
		set_load(run);
		break;
	case 'r':
		world_release_result(world);
		break;
	case 'e':
		world_release_event(world);
		break;
	}
}

static void set_memory(struct run *run, uint8_t letter)
{
	unsigned int first = next(run, 64), second = next(run, 64);

	if (letter == 'M')
		scarce_at(first * 64 + second, 1);
	else if (first)
		scarce_by(second, first);
	else
		scarce_end();
}

/* How things go from now on. */
static void arrange(struct run *run, uint8_t letter)
{
	struct world *world = &run->world;

	switch (letter) {
	case 'q':
		world_set_samples(world, (enum sample_fate)
				  next(run, SAMPLE_FATES));
		break;
	case 'f':
		world->open_fate = (enum open_fate) next(run, OPEN_FATES);
		break;
	case 'g':
		set_error(run);
		break;
	case 'b':
		world->hold_results = next(run, 2);
		break;
	case 'd':
		world->hold_events = next(run, 2);
		break;
	case 'h':
		run->hold = next(run, 2);
		break;
	case 'M':
	case 'W':
		set_memory(run, letter);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct run *run = calloc(1, sizeof(*run));
	uint8_t letter;

	require(run);
	run->input = (struct fuzz_input) { data, size };
	world_new(&run->world);
	for (int i = 0; i < LETTERS_MAX; i++) {
		letter = next_letter(&run->input);
		if (!letter)
			break;

		happen(run, letter);
		lose(run, letter);
		arrange(run, letter);
		if (!run->hold)
			world_drain(&run->world);

		world_compare(&run->world);
	}

	world_settle(&run->world);
	world_compare(&run->world);
	world_free(&run->world);
	free(run);
	return 0;
}
