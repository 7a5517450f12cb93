/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * When something was last heard on each pair of addresses, by whichever
 * subflow of whichever connection: a path is dead by their agreement, and
 * one that is answered while another waits has lost packets, not its way.
 *
 * A table of a fixed size, in which a pair takes the place of another that
 * falls on the same slot: what is lost is that evidence, until it is next
 * heard. Private to the core.
 */
#ifndef CORE_HEARD_H
#define CORE_HEARD_H

#include <anchor/types.h>

#define HEARD_SLOTS 1024

struct heard_pair {
	struct anchor_addr local, remote;
	struct anchor_time at;
	struct anchor_time lossy;	/* many packets were lost there */
	struct anchor_time asked;	/* all subflows there were read */
};

struct heard {
	struct heard_pair pairs[HEARD_SLOTS];
};

void heard_note(struct heard *heard, const struct anchor_addr *local,
		const struct anchor_addr *remote, struct anchor_time at);

/* Many packets are lost there. */
void heard_note_losses(struct heard *heard, const struct anchor_addr *local,
		       const struct anchor_addr *remote,
		       struct anchor_time at);

/* All subflows there are to be read now. */
void heard_note_asked(struct heard *heard, const struct anchor_addr *local,
		      const struct anchor_addr *remote,
		      struct anchor_time at);

/* All return the time 0 if nothing is known. */
struct anchor_time heard_losses(const struct heard *heard,
				const struct anchor_addr *local,
				const struct anchor_addr *remote);
struct anchor_time heard_asked(const struct heard *heard,
			       const struct anchor_addr *local,
			       const struct anchor_addr *remote);
struct anchor_time heard_at(const struct heard *heard,
			    const struct anchor_addr *local,
			    const struct anchor_addr *remote);

#endif
