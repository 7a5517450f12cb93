/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Carries CORE_ACTION_SAMPLE out: reads how subflows and links do. Never more
 * than a bounded number a second; what is over it is skipped and counted.
 *
 *	while (core_take_action(...))
 *		if (action.type == CORE_ACTION_SAMPLE)
 *			sampler_submit(sampler, &action);
 *
 *	sampler_flush(sampler);		answers come by on_sample
 *
 * The kernel answers while it is asked, so that there is nothing to wait for
 * and nothing to watch. A socket that fails is opened anew with the next
 * flush; everything else goes on without samples.
 */
#ifndef HOST_SAMPLER_H
#define HOST_SAMPLER_H

#include "core/core.h"

struct sampler;

struct sampler_options {
	unsigned int per_second;	/* subflows read, at most */
	void (*on_sample)(const struct core_action *action,
			  const struct core_sample *sample, void *data);
	void *data;
};

struct sampler *sampler_new(const struct sampler_options *options);
void sampler_free(struct sampler *sampler);

/* Changes options.per_second. */
void sampler_set_limit(struct sampler *sampler, unsigned int per_second);

/* Returns 0, or -EAGAIN if it was one too many. */
int sampler_submit(struct sampler *sampler, const struct core_action *action);
void sampler_flush(struct sampler *sampler);

/* Reads one subflow at once; false if there is none, or it is one too many. */
bool sampler_read(struct sampler *sampler,
		  const struct anchor_endpoint *local,
		  const struct anchor_endpoint *remote, int ifindex,
		  struct core_sample *ret_sample);

/*
 * What a link carries, by its counters now and at the last call for it, and
 * how fast it is. False if there is nothing to tell.
 */
bool sampler_load(struct sampler *sampler, int ifindex, const char *name,
		  struct anchor_load *ret_load);

struct sampler_stats {
	uint64_t taken;
	uint64_t missing;	/* there was no such socket */
	uint64_t skipped;	/* over the limit */
	uint64_t us;		/* processor time that it took in all */
	uint64_t look_us;	/* of that, for CORE_REASON_LOOK */
};
void sampler_get_stats(const struct sampler *sampler,
		       struct sampler_stats *ret_stats);

#endif
