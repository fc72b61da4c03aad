/* SPDX-License-Identifier: MIT */
/*
 * SEGMENT ARRIVES beyond the matrix: trimming, holes, duplicate ACKs, urgent data, timestamps.
 * RFC 9293 section 3.10.7.4, RFC 5681 4.2, RFC 2018, RFC 7323.
 */
#include "support/tcp_bench.h"

/* ------------------------------------------------------------------ text */

static void A2_overlaps_are_trimmed(void **state)
{
	struct bench *b = established();

	(void)state;
	rx(b, ". 1:101(100) ack 1");
	rx(b, ". 51:201(150) ack 1"); /* left */
	rx(b, ". -99:301(400) ack 1");
	reads(b, 1000, 300);
	rx(b, "F. 301:70301(70000) ack 1"); /* right: and the FIN with it */
	is(b, TCP_ESTABLISHED);
	tx(b, ". 1:1(0) ack 60001 win 0");
	reads(b, 100000, 59700);
	done(b);
}

/* The whole window and more: in none of the rows of Table 6, and still wanted. */
static void A6_a_segment_around_the_window(void **state)
{
	struct bench *b = established();

	(void)state;
	rx(b, ". -9:65011(65020) ack 1");
	expect_drop(b, AKSU_DROP_NONE);
	reads(b, 100000, 60000);
	done(b);
}

/* RFC 9293 3.4, Table 6. The window is [1, 60001), or closed. */
static void A6_table_6(void **state)
{
	/* clang-format off */
	static const struct { const char *segment; bool closed, good; } rows[] = {
		/* 1 len 0, wnd > 0 */ {". 1:1(0) ack 1", false, true},
		{". 60000:60000(0) ack 1", false, true},
		{". 60001:60001(0) ack 1", false, false}, {". -1:-1(0) ack 1", false, false},
		/* 2 len 0, wnd = 0 */ {". 60001:60001(0) ack 1", true, true},
		{". 60002:60002(0) ack 1", true, false}, {". 59999:59999(0) ack 1", true, false},
		/* 3 len > 0, wnd > 0 */ {". 1:2(1) ack 1", false, true},
		{". 60000:60001(1) ack 1", false, true},
		{". 60001:60002(1) ack 1", false, false}, {". -9:1(10) ack 1", false, false},
		{". -9:2(11) ack 1", false, true},
		/* 4 len > 0, wnd = 0 */ {". 60001:60002(1) ack 1", true, false},
		{". 60000:60002(2) ack 1", true, false},
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct bench *b = established();

		if (rows[i].closed) {
			rx(b, ". 1:60001(60000) ack 1");
			tx(b, ". 1:1(0) ack 60001 win 0");
		}
		rx(b, rows[i].segment);
		BENCH_OK(bench_expect_drop(b, rows[i].good ? AKSU_DROP_NONE
							   : AKSU_DROP_SEQ_NOT_ACCEPTABLE));
		done(b);
	}
}

/* MUST-66, A7: a closed window still takes ACK, URG and RST. */
static void must_66_zero_window_takes_ack_urg_rst(void **state)
{
	struct bench *b = established();

	(void)state;
	sends(b, 100);
	tx(b, "P. 1:101(100)");
	rx(b, ". 1:60001(60000) ack 1");
	tx(b, ". 101:101(0) ack 60001 win 0");
	rx(b, "U. 60001:60011(10) ack 101 urg 10");
	expect_drop(b, AKSU_DROP_SEQ_NOT_ACCEPTABLE); /* the text */
	assert_int_equal(b->t.snd.una.n - b->iss, 101);
	assert_true(b->t.notices & NOTICE_URGENT);
	tx(b, ". 101:101(0) ack 60001 win 0");
	rx(b, "R 60001:60001(0)");
	is(b, TCP_CLOSED);
	done(b);
}

/* A3: an old ACK in range is no ACK, and its text is text. */
static void A3_text_with_an_old_ack(void **state)
{
	struct bench *b = established();

	(void)state;
	sends(b, 100);
	tx(b, "P. 1:101(100)");
	rx(b, ". 1:1(0) ack 101 win 4000");
	rx(b, ". 1:11(10) ack 50 win 9");
	reads(b, 100, 10);
	assert_int_equal(b->t.snd.una.n - b->iss, 101);
	assert_int_equal(b->t.snd.wnd, 4000);
	done(b);
}

static void shld_31_text_out_of_order_is_held(void **state)
{
	struct bench *b = established_with("<mss 1000,sackOK>", 30000);

	(void)state;
	rx(b, ". 1001:2001(1000) ack 1");
	tx(b, ". 1:1(0) ack 1 <nop,nop,sack 1001:2001>");
	why_was(b, DUP_ACK);
	rx(b, ". 3001:4001(1000) ack 1");
	tx(b, ". 1:1(0) ack 1 <nop,nop,sack 3001:4001 1001:2001>"); /* F12: the newest first */
	rx(b, ". 2001:3001(1000) ack 1");
	tx(b, ". 1:1(0) ack 1 <nop,nop,sack 1001:4001>");
	rx(b, ". 1:1001(1000) ack 1");
	tx(b, ". 1:1(0) ack 4001 <>"); /* A12, MUST-59: one ACK over all */
	why_was(b, ACK);
	quiet(b);
	reads(b, 9000, 4000);
	done(b);
}

/* F14: three blocks beside timestamps. */
static void F14_three_blocks_beside_timestamps(void **state)
{
	struct bench *b = established_with("<mss 1000,sackOK,TS val 7000 ecr 1>", 30000);

	(void)state;
	for (int i = 1; i <= 5; i++) {
		char line[60];

		snprintf(line, sizeof(line), ". %d:%d(1) ack 1", 10 * i, 10 * i + 1);
		rx(b, line);
	}
	for (int i = 0; i < 5; i++)
		tx(b, ". 1:1(0) ack 1 <nop,nop,TS val * ecr *,nop,nop,sack 50:51 40:41 30:31>");
	quiet(b);
	done(b);
}

/* RFC 5681 4.2: one duplicate ACK for each, also when they come as one batch. */
static void each_segment_out_of_order_is_answered(void **state)
{
	struct bench *b = established();

	(void)state;
	for (int i = 0; i < 3; i++) {
		char line[60];

		snprintf(line, sizeof(line), ". %d:%d(1000) ack 1", 1001 + 1000 * i,
			 2001 + 1000 * i);
		rx(b, line);
	}
	sends(b, 10);
	for (int i = 0; i < 3; i++)
		tx(b, ". 1:1(0) ack 1"); /* a duplicate with data would be none */
	tx(b, "P. 1:11(10) ack 1");
	quiet(b);
	done(b);
}

static void A9_what_is_held_is_kept(void **state)
{
	struct bench *b = established();

	(void)state;
	rx(b, ". 101:201(100) ack 1");
	rx(b, ". 301:401(100) ack 1");
	b->twist = 0xff; /* the same numbers, other octets: only the gaps are taken from them */
	rx(b, ". 151:351(200) ack 1");
	b->twist = 0;
	assert_int_equal(b->t.x->reasm.octets, 300);
	done(b);
	b = established();
	rx(b, ". 101:201(100) ack 1");
	rx(b, ". 251:301(50) ack 1");
	b->owned = true;
	rx(b, ". 1:101(100) ack 1");
	reads(b, 1000, 200);
	done(b);
}

/* In order and over what is held: what is held stays, whatever the segment says. */
static void A9_text_in_order_does_not_replace_what_is_held(void **state)
{
	(void)state;
	for (int owned = 0; owned < 2; owned++) {
		struct bench *b = established();
		uint8_t text[300];

		b->owned = owned;
		b->twist = 0x55;
		rx(b, ". 101:201(100) ack 1");
		b->twist = 0;
		rx(b, ". 1:301(300) ack 1");
		assert_int_equal(tcp_receive(&b->t, text, 300, b->now), 300);
		for (uint32_t i = 0; i < 300; i++)
			assert_int_equal(text[i],
					 bench_octet(1 + i) ^ (i >= 100 && i < 200 ? 0x55 : 0));
		done(b);
	}
}

static void A10_reassembly_is_bounded(void **state)
{
	struct bench *b = established();

	(void)state;
	for (int i = 0; i <= REASM_TINY_MAX; i++) {
		char line[60];

		snprintf(line, sizeof(line), ". %d:%d(1) ack 1", 10 + 2 * i, 11 + 2 * i);
		rx(b, line);
		tx(b, ". 1:1(0) ack 1"); /* answered even when it is not held */
	}
	expect_drop(b, AKSU_DROP_REASM_LIMIT);
	rx(b, ". 10:11(1) ack 1");
	expect_drop(b, AKSU_DROP_TEXT_DUPLICATE);
	rx(b, ". 1:10(9) ack 1"); /* what is in order is always taken */
	reads(b, 100, 10);
	done(b);
}

/* A connection of some age: its first segments are acknowledged one by one (RFC 5681 3.1). */
static struct bench *after_the_beginning(void)
{
	struct bench *b = established();

	b->t.irs = seq_sub(b->t.irs, QUICK_ACK_SEGMENTS * UINT16_MAX);
	return b;
}

/* SHLD-18, SHLD-19, MUST-40, E12: delayed, but for every second full segment, and for a FIN. */
static void shld_19_delayed_ack(void **state)
{
	struct bench *b = after_the_beginning();

	(void)state;
	rx(b, ". 1:1001(1000) ack 1");
	quiet(b);
	rx(b, ". 1001:2001(1000) ack 1");
	tx(b, ". 1:1(0) ack 2001");
	why_was(b, ACK);
	rx(b, "P. 2001:2011(10) ack 1");
	quiet(b);
	advance(b, milliseconds(499));
	tx(b, ". 1:1(0) ack 2011");
	why_was(b, DELAYED_ACK);
	assert_true(at_ms(b) < 500); /* MUST-40 */
	b->conf.quickack = true;
	rx(b, "P. 2011:2021(10) ack 1");
	tx(b, ". 1:1(0) ack 2021");
	done(b);
}

/* MUST-58: a batch of segments in order, one ACK. */
static void must_58_acks_are_aggregated(void **state)
{
	struct bench *b = established();

	(void)state;
	for (int i = 0; i < 20; i++) {
		char line[60];

		snprintf(line, sizeof(line), ". %d:%d(1000) ack 1", 1 + 1000 * i, 1001 + 1000 * i);
		rx(b, line);
	}
	tx(b, ". 1:1(0) ack 20001");
	quiet(b);
	done(b);
}

/* SHLD-2: a reset may carry text, which is not of the stream. */
static void shld_2_a_reset_with_text(void **state)
{
	struct bench *b = established();

	(void)state;
	rx(b, "R. 1:11(10) ack 1");
	is(b, TCP_CLOSED);
	reads(b, 100, -AKSU_ECONNRESET);
	done(b);
}

/* MUST-12: the end of the stream is not an error, and comes after all text. */
static void must_12_how_it_ended(void **state)
{
	struct bench *b = established();

	(void)state;
	rx(b, "FP. 1:11(10) ack 1");
	reads(b, 100, 10);
	reads(b, 100, 0);
	rx(b, "R 12:12(0)");
	reads(b, 100, -AKSU_ECONNRESET);
	done(b);
}

/* ------------------------------------------------------------------ urgent */

/*
 * MUST-32, MUST-33: told of the first pointer and of each advance; how much is left can be asked.
 */
static void must_32_must_33_urgent_data_is_told(void **state)
{
	struct bench *b = established();

	(void)state;
	rx(b, "U. 1:11(10) ack 1 urg 20");
	assert_true(b->t.notices & NOTICE_URGENT);
	assert_int_equal(tcp_urgent_left(&b->t), 20);
	b->t.notices = 0;
	rx(b, "U. 11:16(5) ack 1 urg 10"); /* the same pointer */
	assert_false(b->t.notices & NOTICE_URGENT);
	rx(b, "U. 16:21(5) ack 1 urg 30");
	assert_true(b->t.notices & NOTICE_URGENT);
	assert_int_equal(tcp_urgent_left(&b->t), 45);
	reads(b, 20, 20); /* in line */
	assert_int_equal(tcp_urgent_left(&b->t), 25);
	rx(b, ". 21:51(30) ack 1");
	reads(b, 100, 30);
	assert_int_equal(tcp_urgent_left(&b->t), 0);
	done(b);
}

/* I2: pointers that make no sense neither stall nor over-read. */
static void I2_strange_urgent_pointers(void **state)
{
	struct bench *b = established();

	(void)state;
	rx(b, "U. 1:11(10) ack 1 urg 0");
	assert_int_equal(tcp_urgent_left(&b->t), 0);
	rx(b, "U. 11:21(10) ack 1 urg 65535");
	rx(b, "U. 21:31(10) ack 1 urg 1"); /* goes back: ignored */
	assert_int_equal(tcp_urgent_left(&b->t), 10 + 65535);
	reads(b, 100, 30);
	rx(b, "U. 31:31(0) ack 1 urg 5");
	done(b);
}

/* ------------------------------------------------------------------ timestamps */

/* D8: TS.Recent is that of what was last acknowledged, so that delayed ACKs count. */
static void D8_the_earliest_unacknowledged_is_echoed(void **state)
{
	struct bench *b = established_with("<mss 1000,TS val 7000 ecr 1>", 30000);

	(void)state;
	rx(b, ". 1:101(100) ack 1 <nop,nop,TS val 7001 ecr 1>");
	rx(b, ". 101:201(100) ack 1 <nop,nop,TS val 7002 ecr 1>");
	advance(b, milliseconds(40));
	tx(b, ". 1:1(0) ack 201 <nop,nop,TS val * ecr 7001>");
	rx(b, ". 301:401(100) ack 1 <nop,nop,TS val 7004 ecr 1>");
	tx(b, ". 1:1(0) ack 201 <nop,nop,TS val * ecr 7001>");
	rx(b, ". 201:301(100) ack 1 <nop,nop,TS val 7003 ecr 1>"); /* fills the hole */
	tx(b, ". 1:1(0) ack 401 <nop,nop,TS val * ecr 7003>");
	done(b);
}

/* D11: before the window is looked at, and answered. */
static void D11_paws_comes_first(void **state)
{
	struct bench *b = established_with("<mss 1000,TS val 7000 ecr 1>", 30000);

	(void)state;
	rx(b, ". 99999:99999(0) ack 1 <nop,nop,TS val 6999 ecr 1>");
	expect_drop(b, AKSU_DROP_PAWS);
	tx(b, ". 1:1(0) ack 1");
	done(b);
}

/* C10: options of a SYN on another segment are nothing. */
static void C10_options_in_the_middle_are_ignored(void **state)
{
	struct bench *b = established();

	(void)state;
	rx(b, "P. 1:11(10) ack 1 <mss 50,sackOK,nop,wscale 9>");
	is(b, TCP_ESTABLISHED);
	assert_int_equal(b->t.peer_mss, 1000);
	assert_int_equal(b->t.snd_shift, 0);
	done(b);
}

/*
 * E13: what the link merged counts for as many as it says; and full-sized stays what a path takes.
 */
static void E13_merged_segments(void **state)
{
	struct bench *b = after_the_beginning();

	(void)state;
	rx(b, ". 1:20001(20000) ack 1");
	tx(b, ". 1:1(0) ack 20001");
	rx(b, ". 20001:21461(1460) ack 1");
	quiet(b);
	rx(b, ". 21461:22921(1460) ack 1");
	tx(b, ". 1:1(0) ack 22921");
	done(b);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(A2_overlaps_are_trimmed),
	cmocka_unit_test(A6_a_segment_around_the_window),
	cmocka_unit_test(A6_table_6),
	cmocka_unit_test(must_66_zero_window_takes_ack_urg_rst),
	cmocka_unit_test(A3_text_with_an_old_ack),
	cmocka_unit_test(shld_31_text_out_of_order_is_held),
	cmocka_unit_test(F14_three_blocks_beside_timestamps),
	cmocka_unit_test(each_segment_out_of_order_is_answered),
	cmocka_unit_test(A9_what_is_held_is_kept),
	cmocka_unit_test(A9_text_in_order_does_not_replace_what_is_held),
	cmocka_unit_test(A10_reassembly_is_bounded),
	cmocka_unit_test(shld_19_delayed_ack),
	cmocka_unit_test(must_58_acks_are_aggregated),
	cmocka_unit_test(shld_2_a_reset_with_text),
	cmocka_unit_test(must_12_how_it_ended),
	cmocka_unit_test(must_32_must_33_urgent_data_is_told),
	cmocka_unit_test(I2_strange_urgent_pointers),
	cmocka_unit_test(D8_the_earliest_unacknowledged_is_echoed),
	cmocka_unit_test(D11_paws_comes_first),
	cmocka_unit_test(C10_options_in_the_middle_are_ignored),
	cmocka_unit_test(E13_merged_segments),
};

RUN_EVERYWHERE(tests)
