/* SPDX-License-Identifier: BSD-3-Clause */
/* The traffic of a scenario: counters that grow on virtual time. */
#include <stdlib.h>
#include <string.h>

#include "scenario/scenario.h"

#define BYTES_PER_MBIT 125000

static struct flow *find_flow(struct scenario *s, uint32_t token,
			      const struct anchor_endpoint *local,
			      const struct anchor_endpoint *remote)
{
	for (size_t i = 0; i < s->n_flows; i++)
		if (s->flows[i].token == token &&
		    anchor_endpoint_equal(&s->flows[i].local, local) &&
		    anchor_endpoint_equal(&s->flows[i].remote, remote))
			return &s->flows[i];

	return NULL;
}

static void count(struct flow *flow, struct anchor_time now)
{
	double us = (double) anchor_time_since(now, flow->since).us;

	flow->bytes_out += flow->out * us / 1e6;
	flow->bytes_in += flow->in * us / 1e6;
	flow->busy_us += flow->busy * us / 1e3;
	flow->since = now;
}

static void set_flow(struct scenario *s, struct flow *flow, const char *word)
{
	const char *value;

	if ((value = value_of(word, "out")))
		flow->out = atof(value) * BYTES_PER_MBIT;
	else if ((value = value_of(word, "in")))
		flow->in = atof(value) * BYTES_PER_MBIT;
	else if ((value = value_of(word, "busy")))
		flow->busy = (unsigned int) atoi(value);
	else if ((value = value_of(word, "lost")))
		flow->lost = strtoull(value, NULL, 10);
	else if ((value = value_of(word, "rtt")))
		flow->rtt = parse_span(s, value);
	else if (!strcmp(word, "app-limited"))
		flow->app_limited = true;
	else if (!strcmp(word, "silent"))
		flow->silent = true;
	else if (!strcmp(word, "request"))
		flow->request = true;
	else if (!strcmp(word, "ending"))
		flow->ending = true;
	else if (!strcmp(word, "lately"))
		flow->last_in = s->now;
	else
		fail(s, "not understood: %s", word);
}

void do_carries(struct scenario *s, char **words, int n)
{
	uint32_t token = parse_token(words[1]);
	struct anchor_endpoint local = parse_endpoint(s, words[2]);
	struct anchor_endpoint remote = parse_endpoint(s, words[3]);
	struct flow *flow = find_flow(s, token, &local, &remote);

	if (!flow && s->n_flows == FLOWS_MAX) {
		fail(s, "too many flows");
		return;
	}

	if (!flow) {
		flow = &s->flows[s->n_flows++];
		*flow = (struct flow) {
			.token = token, .local = local, .remote = remote,
			.since = s->now,
		};
	}

	count(flow, s->now);
	flow->last_in = (struct anchor_time) { 0 };
	flow->out = flow->in = 0;
	flow->busy = 0;
	flow->rtt = anchor_ms(1);
	flow->app_limited = false;
	flow->silent = flow->request = flow->ending = false;
	flow->silent_since = s->now;
	for (int i = 4; i < n; i++)
		set_flow(s, flow, words[i]);
}

void do_load(struct scenario *s, char **words, int n)
{
	struct anchor_load load = { .at = s->now };
	const char *value;

	for (int i = 2; i < n; i++) {
		if ((value = value_of(words[i], "speed")))
			load.speed = strtoull(value, NULL, 10) *
				BYTES_PER_MBIT;
		else if ((value = value_of(words[i], "out")))
			load.rate_out = strtoull(value, NULL, 10) *
				BYTES_PER_MBIT;
		else if ((value = value_of(words[i], "in")))
			load.rate_in = strtoull(value, NULL, 10) *
				BYTES_PER_MBIT;
		else
			fail(s, "not understood: %s", words[i]);
	}

	core_set_load(s->core, (int) find_name(s, words[1]) + 1, &load);
}

void do_look(struct scenario *s, char **words, int n)
{
	core_look(s->core, s->now);
}

/* A subflow that nothing was said of carries nothing. */
void answer_sample(struct scenario *s, const struct core_action *action)
{
	struct flow *flow = find_flow(s, action->token, &action->local,
				      &action->remote);
	struct core_sample sample = {
		.rtt = anchor_ms(1), .rtt_min = anchor_ms(1), .cwnd = 10,
		.app_limited = true, .last_ack = anchor_ms(10000),
		.last_data_in = anchor_ms(10000),
	};

	if (flow) {
		count(flow, s->now);
		sample.rtt = flow->rtt;
		sample.delivery_rate = (uint64_t) flow->out;
		sample.bytes_out = (uint64_t) flow->bytes_out;
		sample.bytes_in = (uint64_t) flow->bytes_in;
		sample.busy = anchor_us((int64_t) flow->busy_us);
		sample.app_limited = flow->app_limited;
		sample.retransmitted = flow->lost;
		sample.ending = flow->ending;
		sample.unacked = flow->silent || flow->busy ? 10 : 0;
		if (flow->out > 0)
			sample.last_ack = anchor_us(0);

		if (flow->in > 0)
			sample.last_data_in = anchor_us(0);
		else if (flow->last_in.us)
			sample.last_data_in = anchor_time_since(s->now,
							flow->last_in);

		if (flow->silent)
			sample.last_ack = anchor_time_since(s->now,
							flow->silent_since);

		if (flow->request) {
			sample.unacked = 1;
			sample.last_data = sample.last_ack =
				anchor_time_since(s->now, flow->silent_since);
		}
	}

	core_sample(s->core, s->now, action, &sample);
}
