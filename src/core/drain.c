/* SPDX-License-Identifier: BSD-3-Clause */
/* What is on its way when a link is lost. */
#include "core/drain.h"

#define DRAIN_MAX anchor_ms(50)
#define QUIET anchor_ms(100)	/* nothing has come in for so long */
#define RECENT anchor_ms(100)	/* a reading before the loss */

void drain_note(struct subflow *subflow, const struct core_sample *sample)
{
	int64_t us = sample->rtt.us;

	if (us > DRAIN_MAX.us)
		us = DRAIN_MAX.us;

	if (!sample->unacked || sample->last_data_in.us < QUIET.us)
		us = 0;

	subflow->drain_ms = (uint16_t) (us / 1000);
}

struct anchor_time drain_until(const struct compare *cmp,
			       const struct subflow *subflow)
{
	struct anchor_time lost = holddown_lost(&cmp->core->holddown,
						&subflow->local.addr);

	if (!subflow->drain_ms || anchor_time_is_never(lost) ||
	    anchor_time_since(lost, subflow->read).us > RECENT.us)
		return (struct anchor_time) { 0 };

	return anchor_time_add(lost, anchor_ms(subflow->drain_ms));
}

bool drain_keeps(const struct compare *cmp, const struct subflow *subflow)
{
	struct anchor_time *drained = &cmp->core->drained;
	struct anchor_time until = drain_until(cmp, subflow);

	if (!anchor_time_before(cmp->now, until))
		return false;

	if (anchor_time_is_never(*drained) ||
	    anchor_time_before(*drained, until))
		*drained = until;

	return true;
}

bool drain_holds(const struct compare *cmp, const struct anchor_addr *local)
{
	for (unsigned int i = 0; i < cmp->conn->n_subflows; i++) {
		const struct subflow *subflow = &cmp->conn->subflows[i];

		if (anchor_addr_equal(&subflow->local.addr, local) &&
		    anchor_time_before(cmp->now, drain_until(cmp, subflow)))
			return true;
	}

	return false;
}
