/* SPDX-License-Identifier: MIT */
/*
 * cli/wire_fields_test.c - what can be wrong with a wire is read by one table, and strictly.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/wire_fields.h"

static struct sim_wire_config with(const char *name, const char *value)
{
	struct wire_described w = wire_perfect();
	struct aksu_reason why = {"nothing"};

	if (!wire_field_set(&w, name, value, &why))
		fail_msg("%s %s: %s", name, value, why.text);
	return wire_finished(&w, &w);
}

static void values_have_units(void **state)
{
	(void)state;
	assert_true(with("delay", "33ms").delay == 33 * AKSU_MILLISECOND);
	assert_true(with("delay", "20").delay == 20 * AKSU_MILLISECOND);
	assert_true(with("delay", "0.25").delay == 250 * AKSU_MICROSECOND);
	assert_true(with("jitter", "250us").jitter == 250 * AKSU_MICROSECOND);
	assert_true(with("late", "1.5s").reorder_extra == 1500 * AKSU_MILLISECOND);
	assert_true(with("rate", "100mbit").rate == 100000000);
	assert_true(with("rate", "1.5gbit").rate == 1500000000);
	assert_true(with("rate", "9600").rate == 9600);
	assert_int_equal(with("queue", "64k").queue, 64000);
	assert_int_equal(with("mtu", "1400").mtu, 1400);
	assert_int_equal(with("loss", "0.1%").loss, 1000);
	assert_true(with("mask", "8000000000000001").loss_mask == UINT64_C(0x8000000000000001));
	assert_int_equal(with("discipline", "codel").discipline, SIM_DISCIPLINE_CODEL);
	assert_int_equal(with("burst-end", "25%").burst_end, 250000);
	assert_true(with("police", "5mbit").police_rate == 5000000);
	assert_true(with("overtake", NULL).overtake);
	assert_false(with("loss", "1").overtake);
}

static void what_is_none_is_refused(void **state)
{
	static const char *const bad[][2] = {
		{"delay", "61s"},     {"delay", "1m"},
		{"delay", ""},        {"delay", "-1"},
		{"delay", ".5"},      {"rate", "fast"},
		{"rate", "1tbit"},    {"rate", "9999999gbit"},
		{"queue", "bdpx"},    {"queue", "0bdp"},
		{"queue", "-1"},      {"queue", "4294967296"},
		{"mask", "g"},        {"mask", ""},
		{"mask", "0x1"},      {"mask", "11111111111111111"},
		{"loss", "101"},      {"loss", NULL},
		{"overtake", "1"},    {"noise", "1"},
		{"discipline", "fq"}, {"mtu", "99999999999999999999"},
	};
	struct wire_described w = wire_perfect();
	struct aksu_reason why;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (wire_field_set(&w, bad[i][0], bad[i][1], &why))
			fail_msg("%s took %s", bad[i][0], bad[i][1] ? bad[i][1] : "nothing");
}

/* 100 Mbit/s and 33 ms each way: 825,000 octets; the way back may be another one. */
static void a_queue_in_bdp_counts_both_ways(void **state)
{
	struct wire_described w = wire_perfect(), back = wire_perfect();
	struct aksu_reason why;

	(void)state;
	assert_true(wire_field_set(&w, "rate", "100mbit", &why));
	assert_true(wire_field_set(&w, "delay", "33ms", &why));
	assert_true(wire_field_set(&w, "queue", "bdp", &why));
	back.wire.delay = 33 * AKSU_MILLISECOND;
	assert_int_equal(wire_finished(&w, &back).queue, 825000);
	assert_true(wire_field_set(&w, "queue", "0.5bdp", &why));
	assert_int_equal(wire_finished(&w, &back).queue, 412500);
	back.wire.delay = 0;
	assert_int_equal(wire_finished(&w, &back).queue, 206250);
	w.wire.delay = 0; /* an initial window has room */
	assert_int_equal(wire_finished(&w, &back).queue, 15140);
	assert_true(wire_field_set(&w, "queue", "64k", &why));
	assert_int_equal(wire_finished(&w, &back).queue, 64000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_have_units),
		cmocka_unit_test(what_is_none_is_refused),
		cmocka_unit_test(a_queue_in_bdp_counts_both_ways),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
