/* SPDX-License-Identifier: BSD-3-Clause */
/* One story told by two: order, what either leaves out, and falling behind. */
#include <stdbool.h>
#include <string.h>

#include "host/merge.h"
#include "unit.h"

/* What was handed on: one letter each, capital if it was as heard. */
static char story[32];
static unsigned int handed_on, times_behind;

static char letter(const struct core_event *event)
{
	static const char letters[] = {
		[CORE_EVENT_CREATED] = 'c',
		[CORE_EVENT_ESTABLISHED] = 'e',
		[CORE_EVENT_CLOSED] = 'x',
		[CORE_EVENT_ANNOUNCED] = 'a',
		[CORE_EVENT_REMOVED] = 'r',
		[CORE_EVENT_SUBFLOW_UP] = 'u',
		[CORE_EVENT_SUBFLOW_DOWN] = 'd',
		[CORE_EVENT_SUBFLOW_PRIORITY] = 'p',
	};
	char c = letters[event->type];

	return (char) (event->known ? c - 'a' + 'A' : c);
}

static void note(const struct core_event *event, void *data)
{
	size_t len = strlen(story);

	handed_on++;
	if (len + 1 < sizeof(story))
		story[len] = letter(event);
}

static void count_behind(bool behind, void *data)
{
	times_behind += behind;
}

static struct merge *begin(void)
{
	struct merge_options options = {
		.hand_on = note,
		.on_behind = count_behind,
	};

	memset(story, 0, sizeof(story));
	handed_on = times_behind = 0;
	return merge_new(&options);
}

static struct anchor_time at(int64_t ms)
{
	return anchor_time_add((struct anchor_time) { 1 }, anchor_ms(ms));
}

static struct core_event event_of(char c, bool heard)
{
	struct core_event event = {
		.token = 7,
		.known = heard ? CORE_KNOWN_ROLE : 0,
	};

	for (event.type = 0; letter(&event) != (heard ? c - 'a' + 'A' : c);
	     event.type++)
		;

	return event;
}

/* Capitals are heard, others told. */
static void tell(struct merge *merge, int64_t ms, const char *events)
{
	for (; *events; events++) {
		bool heard = *events < 'a';
		char c = heard ? (char) (*events - 'A' + 'a') : *events;
		struct core_event event = event_of(c, heard);

		if (heard)
			merge_heard(merge, at(ms), &event);
		else
			merge_told(merge, at(ms), &event);
	}
}

static void test_either_first(void **state)
{
	static const char *const orders[] = { "CcEeUu", "cCeEuU", "CEUceu",
					      "ceuCEU", "cCEUeu" };

	for (size_t i = 0; i < sizeof(orders) / sizeof(*orders); i++) {
		struct merge *merge = begin();

		tell(merge, 0, orders[i]);
		assert_string_equal(story, "CEU");
		assert_true(anchor_time_is_never(merge_deadline(merge)));
		merge_free(merge);
	}
}

static void test_waits_for_the_host(void **state)
{
	struct merge *merge = begin();

	tell(merge, 0, "CE");
	assert_string_equal(story, "");
	tell(merge, 1, "c");
	assert_string_equal(story, "C");
	merge_free(merge);
}

static void test_one_leaves_out(void **state)
{
	struct merge *merge = begin();

	tell(merge, 0, "CcAEe");	/* not told: a */
	assert_string_equal(story, "CAE");
	tell(merge, 1, "udDd");		/* not heard: u */
	assert_string_equal(story, "CAEuD");
	merge_free(merge);
}

static void test_not_heard(void **state)
{
	struct merge *merge = begin();

	tell(merge, 0, "Ccu");
	assert_string_equal(story, "C");
	merge_expire(merge, at(249));
	assert_string_equal(story, "C");
	merge_expire(merge, at(250));
	assert_string_equal(story, "Cu");
	assert_false(merge_is_behind(merge));
	merge_free(merge);
}

/* Of connections that are older than the host's hearing. */
static void test_not_shared(void **state)
{
	struct merge *merge = begin();

	tell(merge, 0, "UDa");
	assert_string_equal(story, "UD");
	merge_expire(merge, at(250));
	assert_string_equal(story, "UD");
	tell(merge, 300, "CcXxU");
	assert_string_equal(story, "UDCXU");
	assert_false(merge_is_behind(merge));
	merge_free(merge);
}

static void test_behind(void **state)
{
	struct merge *merge = begin();

	tell(merge, 0, "CcE");
	assert_false(anchor_time_is_never(merge_deadline(merge)));
	merge_expire(merge, at(250));
	assert_false(merge_is_behind(merge));
	merge_expire(merge, at(349));
	assert_false(merge_is_behind(merge));
	merge_expire(merge, at(350));
	assert_true(merge_is_behind(merge));
	assert_string_equal(story, "CE");
	tell(merge, 400, "UueX");
	assert_string_equal(story, "CEUX");
	assert_int_equal(times_behind, 1);
	assert_true(anchor_time_is_never(merge_deadline(merge)));
	merge_free(merge);
}

/* The loop was held up for long: what the host tells then is in time. */
static void test_held_up(void **state)
{
	struct merge *merge = begin();

	tell(merge, 0, "CE");
	merge_expire(merge, at(2000));
	assert_false(merge_is_behind(merge));
	tell(merge, 2000, "ce");
	assert_string_equal(story, "CE");
	assert_true(anchor_time_is_never(merge_deadline(merge)));
	merge_free(merge);
}

static void test_far_behind(void **state)
{
	struct merge *merge = begin();
	struct core_event event = event_of('c', true);

	for (uint32_t i = 0; i < MERGE_MAX; i++) {
		event.token = i;
		merge_heard(merge, at(0), &event);
	}

	assert_int_equal(handed_on, 0);
	event.token = MERGE_MAX;
	merge_heard(merge, at(0), &event);
	assert_int_equal(handed_on, MERGE_MAX + 1);
	assert_true(merge_is_behind(merge));
	merge_free(merge);
}

/* Before a list: what is told later is known, and what follows waits. */
static void test_catch_up(void **state)
{
	struct merge *merge = begin();

	tell(merge, 0, "CE");
	merge_catch_up(merge);
	assert_string_equal(story, "CE");
	tell(merge, 10, "Uce");
	merge_catch_up(merge);
	assert_string_equal(story, "CEU");
	tell(merge, 20, "Aua");
	assert_string_equal(story, "CEUA");
	assert_true(anchor_time_is_never(merge_deadline(merge)));

	tell(merge, 30, "X");
	merge_catch_up(merge);
	tell(merge, 40, "CxcUu");	/* the same token again */
	assert_string_equal(story, "CEUAXCU");
	assert_false(merge_is_behind(merge));
	merge_free(merge);
}

static void test_caught_up_and_behind(void **state)
{
	struct merge *merge = begin();

	tell(merge, 0, "CE");
	merge_catch_up(merge);
	tell(merge, 1, "U");
	merge_expire(merge, at(250));
	merge_expire(merge, at(350));
	assert_true(merge_is_behind(merge));
	assert_string_equal(story, "CEU");
	merge_free(merge);
}

static void test_lost(void **state)
{
	struct merge *merge = begin();

	tell(merge, 0, "CcEa");
	merge_lost(merge);
	merge_lost(merge);
	assert_string_equal(story, "CE");
	tell(merge, 1, "eUux");
	assert_string_equal(story, "CEU");
	assert_int_equal(times_behind, 1);
	merge_free(merge);
}

/* Once more while it is behind: it does not lead by what was heard between. */
static void test_lost_again(void **state)
{
	struct merge *merge = begin();

	merge_lost(merge);
	tell(merge, 0, "C");
	merge_lost(merge);
	tell(merge, 0, "A");
	tell(merge, 1, "ca");
	assert_true(merge_is_behind(merge));
	assert_string_equal(story, "CA");
	merge_free(merge);
}

static void tell_of(struct merge *merge, uint32_t token, char c, bool heard)
{
	struct core_event event = event_of(c, heard);

	event.token = token;
	if (heard)
		merge_heard(merge, at(0), &event);
	else
		merge_told(merge, at(0), &event);
}

/* Their ends may have been lost: nothing is kept for what there was then. */
static void test_lost_forgets(void **state)
{
	struct merge *merge = begin();

	for (uint32_t token = 1; token <= MERGE_SHARED_MAX; token++) {
		tell_of(merge, token, 'c', true);
		tell_of(merge, token, 'c', false);
	}

	merge_lost(merge);
	tell_of(merge, 7000000, 'c', true);
	tell_of(merge, 7000000, 'c', false);
	assert_false(merge_is_behind(merge));
	memset(story, 0, sizeof(story));
	tell_of(merge, 1, 'u', true);
	assert_string_equal(story, "U");
	tell_of(merge, 7000000, 'u', true);
	assert_string_equal(story, "U");	/* that one is shared */
	tell_of(merge, 7000000, 'u', false);
	assert_string_equal(story, "UU");

	merge_lost(merge);
	merge_lost(merge);
	tell_of(merge, 7000000, 'd', true);
	assert_string_equal(story, "UUD");
	merge_free(merge);
}

/* The host leads no more connections than that. */
static void test_many_shared(void **state)
{
	struct merge *merge = begin();

	for (uint32_t token = 1; token <= MERGE_SHARED_MAX + 1; token++) {
		tell_of(merge, token, 'c', true);
		tell_of(merge, token, 'c', false);
	}

	memset(story, 0, sizeof(story));
	tell_of(merge, MERGE_SHARED_MAX, 'u', true);
	assert_string_equal(story, "");
	tell_of(merge, MERGE_SHARED_MAX + 1, 'u', true);
	assert_string_equal(story, "U");
	tell_of(merge, MERGE_SHARED_MAX + 1, 'u', false);
	merge_expire(merge, at(350));
	assert_string_equal(story, "U");
	merge_free(merge);
}

static void fall_behind(struct merge *merge)
{
	tell(merge, 0, "CcE");
	merge_expire(merge, at(250));
	merge_expire(merge, at(350));
	assert_true(merge_is_behind(merge));
	memset(story, 0, sizeof(story));
}

/* Not by what it tells of older ones; then it leads again. */
static void test_catches_up(void **state)
{
	struct merge *merge = begin();

	fall_behind(merge);
	tell(merge, 400, "UXCEUD");
	assert_string_equal(story, "UXCEUD");
	tell(merge, 500, "eux");
	assert_true(merge_is_behind(merge));
	assert_true(anchor_time_is_never(merge_deadline(merge)));
	tell(merge, 510, "c");
	assert_false(merge_is_behind(merge));
	assert_int_equal(merge_deadline(merge).us, at(510 + 250).us);
	tell(merge, 520, "Aeuda");
	assert_string_equal(story, "UXCEUDA");
	assert_true(anchor_time_is_never(merge_deadline(merge)));
	merge_free(merge);
}

/* Of the newest connection more is heard than is kept: by the next one. */
static void test_catches_up_late(void **state)
{
	struct merge *merge = begin();

	fall_behind(merge);
	tell(merge, 400, "C");
	for (size_t i = 0; i < MERGE_MAX; i++)
		tell(merge, 400, "P");

	assert_int_equal(handed_on, 2 + 1 + MERGE_MAX);
	tell(merge, 500, "c");
	assert_true(merge_is_behind(merge));
	tell(merge, 510, "XCpxc");
	assert_false(merge_is_behind(merge));
	assert_true(anchor_time_is_never(merge_deadline(merge)));
	merge_free(merge);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_either_first),
		cmocka_unit_test(test_waits_for_the_host),
		cmocka_unit_test(test_one_leaves_out),
		cmocka_unit_test(test_not_heard),
		cmocka_unit_test(test_not_shared),
		cmocka_unit_test(test_behind),
		cmocka_unit_test(test_held_up),
		cmocka_unit_test(test_far_behind),
		cmocka_unit_test(test_catch_up),
		cmocka_unit_test(test_caught_up_and_behind),
		cmocka_unit_test(test_lost),
		cmocka_unit_test(test_lost_again),
		cmocka_unit_test(test_lost_forgets),
		cmocka_unit_test(test_many_shared),
		cmocka_unit_test(test_catches_up),
		cmocka_unit_test(test_catches_up_late),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
