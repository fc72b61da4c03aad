/* SPDX-License-Identifier: MIT */
/*
 * Time: R1 and R2, the SYN's timers, TIME-WAIT, clocks that jump. RFC 9293 section 3.8.3
 * and 3.10.8, RFC 6298 section 5.
 */
#include "support/tcp_bench.h"

/* MUST-23, MUST-22, B15: 1 s, doubled, for three minutes at least. */
static void must_23_the_SYN_is_tried_for_three_minutes(void **state)
{
	static const uint64_t at[] = {1, 3, 7, 15, 31, 63, 127};
	struct bench *b = in_state(TCP_SYN_SENT);

	(void)state;
	advance(b, milliseconds(179999));
	is(b, TCP_SYN_SENT);
	for (size_t i = 0; i < COUNT_OF(at); i++) {
		tx(b, "S 0:0(0)"); /* the same number and options (B11) */
		assert_int_equal(at_ms(b), at[i] * 1000);
	}
	quiet(b);
	assert_true(b->t.notices & NOTICE_R1);
	advance(b, milliseconds(1));
	is(b, TCP_CLOSED);
	assert_int_equal(b->t.error, AKSU_ETIMEDOUT);
	done(b);
}

/* The soft error that was remembered says why (SHLD-25). */
static void shld_25_a_soft_error_is_told_in_the_end(void **state)
{
	struct bench *b = in_state(TCP_SYN_SENT);

	(void)state;
	tcp_icmp(&b->t, AKSU_EHOSTUNREACH, false, b->t.iss);
	is(b, TCP_SYN_SENT);
	advance(b, seconds(180));
	assert_int_equal(b->t.error, AKSU_EHOSTUNREACH);
	done(b);
}

/* MUST-20, SHLD-9, SHLD-10, SHLD-11. */
static void must_20_R1_is_told_and_R2_ends(void **state)
{
	struct bench *b = established();

	(void)state;
	assert_true(USER_TIMEOUT_DEFAULT.ns >= seconds(100).ns);
	sends(b, 10);
	tx(b, "P. 1:11(10)");
	advance(b, milliseconds(6999));
	assert_false(b->t.notices & NOTICE_R1); /* two retransmissions so far */
	advance(b, milliseconds(1));
	assert_true(b->t.notices & NOTICE_R1);
	is(b, TCP_ESTABLISHED);
	advance(b, seconds(292));
	is(b, TCP_ESTABLISHED);
	advance(b, seconds(1));
	is(b, TCP_CLOSED);
	assert_int_equal(b->t.error, AKSU_ETIMEDOUT);
	assert_null(b->t.x);
	done(b);
}

/* MUST-21: the application's R2, also never. */
static void must_21_the_application_sets_R2(void **state)
{
	struct bench *b = established();

	(void)state;
	b->conf.user_timeout = seconds(5);
	sends(b, 10);
	advance(b, seconds(5));
	is(b, TCP_CLOSED);
	done(b);
	b = established();
	b->conf.user_timeout = nanoseconds(UINT64_MAX);
	sends(b, 10);
	advance(b, seconds(86400));
	is(b, TCP_ESTABLISHED);
	b->conf.user_timeout = seconds(5); /* in the middle */
	tcp_conf_changed(&b->t, b->now);
	advance(b, seconds(5));
	is(b, TCP_CLOSED);
	done(b);
}

/* R2 counts from the last progress, not from the first octet. */
static void R2_counts_from_the_last_progress(void **state)
{
	struct bench *b = established();

	(void)state;
	for (int i = 0; i < 5; i++) {
		char line[60];

		sends(b, 10);
		advance(b, seconds(250));
		bench_forget(b);
		snprintf(line, sizeof(line), ". 1:1(0) ack %d", 11 + 10 * i);
		rx(b, line);
	}
	is(b, TCP_ESTABLISHED);
	done(b);
}

/* U-12, RFC 6298 5.5: doubled each time, up to the ceiling. */
static void must_19_exponential_backoff(void **state)
{
	static const uint64_t at[] = {1, 3, 7, 15, 31, 63, 127, 247, 367, 487};
	struct bench *b = established();

	(void)state;
	b->conf.user_timeout = nanoseconds(UINT64_MAX);
	sends(b, 10);
	tx(b, "P. 1:11(10)");
	advance(b, seconds(500));
	for (size_t i = 0; i < COUNT_OF(at); i++) {
		tx(b, "P. 1:11(10)");
		why_was(b, RTO);
		assert_int_equal(b->last.out.transmissions, i + 1);
		assert_int_equal(at_ms(b), at[i] * 1000);
	}
	quiet(b);
	done(b);
}

/* MUST-13: twice the MSL, which is the instance's to choose. */
static void must_13_time_wait_lasts_2MSL(void **state)
{
	struct bench *b = bench_new();

	(void)state;
	bench_free(b);
	b = in_state(TCP_FIN_WAIT_2);
	b->env.msl = seconds(120);
	rx(b, "F. 1:1(0) ack 2");
	advance(b, milliseconds(239999));
	is(b, TCP_TIME_WAIT);
	advance(b, milliseconds(1));
	is(b, TCP_CLOSED);
	assert_int_equal(b->t.error, AKSU_OK);
	done(b);
}

/* D17: a machine that slept does not fire a burst, and nothing is negative. */
static void D17_a_clock_that_jumps(void **state)
{
	struct bench *b = established();

	(void)state;
	b->conf.user_timeout = nanoseconds(UINT64_MAX);
	sends(b, 5000);
	BENCH_OK(bench_pump(b));
	bench_forget(b);
	b->now = b->env.events.now = after(b->now, seconds(3600));
	tcp_advance(&b->t, b->now);
	BENCH_OK(bench_check(b));
	assert_int_equal(b->t.backoff, 1);
	tx(b, ". 1:1001(1000)");
	quiet(b);
	assert_false(due(tcp_deadline(&b->t), b->now));
	done(b);
}

/* E4: the two never run together. tcb_check() asks the same after every event. */
static void E4_persist_and_retransmission_exclude_each_other(void **state)
{
	struct bench *b = established();

	(void)state;
	sends(b, 3000);
	BENCH_OK(bench_pump(b));
	bench_forget(b);
	assert_int_equal(tcp_next_timer(&b->t), TIMER_RTX);
	rx(b, ". 1:1(0) ack 1 win 0");
	assert_int_equal(tcp_next_timer(&b->t), TIMER_PERSIST);
	assert_true(is_never(b->t.x->deadline[TIMER_RTX]));
	rx(b, ". 1:1(0) ack 1 win 9000");
	assert_int_equal(tcp_next_timer(&b->t), TIMER_RTX);
	assert_true(is_never(b->t.x->deadline[TIMER_PERSIST]));
	done(b);
}

/* DESIGN D6: what is idle holds no extension and asks for no tick. */
static void D6_idle_costs_nothing(void **state)
{
	struct bench *b = established();

	(void)state;
	sends(b, 100);
	tx(b, "P. 1:101(100)");
	assert_non_null(b->t.x);
	rx(b, "P. 1:11(10) ack 101");
	reads(b, 100, 10);
	advance(b, milliseconds(40));
	tx(b, ". 101:101(0) ack 11");
	advance(b, milliseconds(1));
	assert_null(b->t.x);
	assert_true(is_never(tcp_deadline(&b->t)));
	done(b);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(must_23_the_SYN_is_tried_for_three_minutes),
	cmocka_unit_test(shld_25_a_soft_error_is_told_in_the_end),
	cmocka_unit_test(must_20_R1_is_told_and_R2_ends),
	cmocka_unit_test(must_21_the_application_sets_R2),
	cmocka_unit_test(R2_counts_from_the_last_progress),
	cmocka_unit_test(must_19_exponential_backoff),
	cmocka_unit_test(must_13_time_wait_lasts_2MSL),
	cmocka_unit_test(D17_a_clock_that_jumps),
	cmocka_unit_test(E4_persist_and_retransmission_exclude_each_other),
	cmocka_unit_test(D6_idle_costs_nothing),
};

RUN_EVERYWHERE(tests)
