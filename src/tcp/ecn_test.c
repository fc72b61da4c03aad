/* SPDX-License-Identifier: MIT */
/*
 * ECN: what an ACK's three bits and its option tell (RFC 9768 3.2.2.5.2, A.2), and when the
 * extension may go. Handshakes and echoes are in tests/script/rfc3168 and rfc9768.
 */
#include "support/tcp_bench.h"

#include <aksu/socket.h>

/* Accurate, with ten segments of 1000 octets on their way; ACE is 5 on both sides. */
static struct bench *sending(const char *options)
{
	struct bench *b = bench_new();
	char line[200];

	b->conf.ecn = AKSU_ECN_ACCURATE;
	BENCH_OK(bench_open(b));
	tx(b, "SEWA 0:0(0)");
	snprintf(line, sizeof(line), "SW. 0:0(0) ack 1 win 60000 %s", options);
	rx(b, line);
	tx(b, "W. 1:1(0) ack 1");
	sends(b, 200000);
	BENCH_OK(bench_pump(b));
	bench_forget(b);
	return b;
}

static uint32_t told(const struct bench *b) { return b->t.x->ecn.s_cep - ECN_CEP_INITIAL; }

/* 3.2.2.2: the least that the field can mean; A.2.1: no mark was told of before, so it is that. */
static void rfc9768_the_least_that_the_field_can_mean(void **state)
{
	struct bench *b = sending("<mss 1000>");

	(void)state;
	rx(b, "EA. 1:1(0) ack 2001 win 60000");
	assert_int_equal(told(b), 0);
	rx(b, "WA. 1:1(0) ack 3001 win 60000");
	assert_int_equal(told(b), 1);
	rx(b, "A. 1:1(0) ack 4001 win 60000"); /* from 6 to 4: round, with 6 more */
	assert_int_equal(told(b), 7);
	rx(b, "A. 1:1(0) ack 4001 win 60000"); /* nothing new: superseded */
	assert_int_equal(told(b), 7);
	bench_forget(b);
	bench_abort(b);
	bench_forget(b);
	done(b);
}

/* A.2.1: ACKs were lost, and marks were told of: nine for one may have been nine marks, and not
 * one.
 */
static void rfc9768_the_safest_that_is_likely(void **state)
{
	struct bench *b = sending("<mss 1000>");

	(void)state;
	rx(b, "WA. 1:1(0) ack 1001 win 60000");
	assert_int_equal(told(b), 1);
	rx(b, "EWA. 1:1(0) ack 9993 win 60000");
	assert_int_equal(told(b), 10);
	bench_forget(b);
	bench_abort(b);
	bench_forget(b);
	done(b);
}

/* A.2.2: the option says how often the field came round; 3.2.3.2.5: or that one was mangled. */
static void rfc9768_the_option_says_how_often_round(void **state)
{
	struct bench *b = sending("<mss 1000,ECN e0b 1 ceb 0 e1b 1>");

	(void)state;
	rx(b, "EWA. 1:1(0) ack 9993 win 60000 <ECN e0b 2001 ceb 9992>");
	assert_int_equal(told(b), 10);
	assert_false(has(&b->t, TF_NO_ECT));
	BENCH_OK(bench_pump(b));
	rx(b, "EWA. 1:1(0) ack 10993 win 60000 <ECN e0b 3001 ceb 9992>");
	assert_int_equal(told(b), 10);
	rx(b, "EWA. 1:1(0) ack 11993 win 60000 <ECN e0b 3001 ceb 10992>");
	assert_true(has(&b->t, TF_NO_ECT));
	bench_forget(b);
	bench_abort(b);
	bench_forget(b);
	done(b);
}

/* D6: an idle connection gives its extension back, unless something was counted in it. */
static void the_extension_stays_with_what_it_counts(void **state)
{
	struct bench *b = bench_new();

	(void)state;
	b->conf.ecn = AKSU_ECN_ACCEPT;
	BENCH_OK(bench_accept(b, "SEWA 0:0(0) win 60000 <mss 1000>", 1));
	rx(b, "W. 1:1(0) ack 1 win 60000");
	assert_null(b->t.x);
	rx(b, "[ect0] . 1:101(100) ack 1");
	advance(b, milliseconds(40));
	tx(b, "EA. 1:1(0) ack 101");
	reads(b, 100, 100);
	assert_non_null(b->t.x);
	shuts(b);
	tx(b, "FEA. 1:1(0) ack 101");
	done(b);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(rfc9768_the_least_that_the_field_can_mean),
	cmocka_unit_test(rfc9768_the_safest_that_is_likely),
	cmocka_unit_test(rfc9768_the_option_says_how_often_round),
	cmocka_unit_test(the_extension_stays_with_what_it_counts),
};

RUN_EVERYWHERE(tests)
