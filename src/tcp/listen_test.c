/* SPDX-License-Identifier: MIT */
/*
 * SYN records and SYN cookies: what a SYN leaves behind, what the SYN-ACK offers, and what the ACK
 * of a cookie brings back. RFC 9293 3.10.7.2, RFC 4987.
 */
#include "support/tcp_bench.h"

#include <aksu/socket.h>

static struct tcp_seg segment(struct bench *b, const char *line)
{
	struct trace_line parsed;

	BENCH_OK(bench_parse(b, line, &parsed));
	parsed.seg.seq = seq_add(parsed.seg.seq, b->irs);
	if (seg_has(&parsed.seg, AKSU_ACK))
		parsed.seg.ack = seq_add(parsed.seg.ack, b->iss);
	return parsed.seg;
}

/* B9: only what the SYN offered; never a scaled window; MSS always (SHLD-5). */
static void B9_the_answer_offers_what_was_offered(void **state)
{
	/* clang-format off */
	static const struct { const char *syn; unsigned options; } rows[] = {
		{"S 0:0(0)", AKSU_OPT_MSS},
		{"S 0:0(0) <mss 1000>", AKSU_OPT_MSS},
		{"S 0:0(0) <sackOK>", AKSU_OPT_MSS | AKSU_OPT_SACK_OK},
		{"S 0:0(0) <wscale 3>", AKSU_OPT_MSS | AKSU_OPT_WSCALE},
		{"S 0:0(0) <TS val 9 ecr 0>", AKSU_OPT_MSS | AKSU_OPT_TS},
		{"S 0:0(0) <mss 9,sackOK,TS val 9 ecr 0,wscale 0>",
		 AKSU_OPT_MSS | AKSU_OPT_SACK_OK | AKSU_OPT_TS | AKSU_OPT_WSCALE},
	};
	/* clang-format on */
	struct bench *b = bench_new();

	(void)state;
	b->conf.rcvbuf = 1 << 20;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct tcp_seg syn = segment(b, rows[i].syn), out;
		struct syn_record r =
			syn_record_from(&syn, seq_at(b->iss), MSS_DEFAULT_V6, &b->conf);

		syn_record_answer(&r, &b->passive, b->now, &out);
		assert_int_equal(out.opts.present, rows[i].options);
		assert_int_equal(out.opts.mss, BENCH_PATH_MSS);
		assert_int_equal(out.rawwnd, 65535);
		assert_int_equal(out.flags, AKSU_SYN | AKSU_ACK);
		assert_int_equal(seq_raw(out.seq), b->iss);
		assert_int_equal(seq_raw(out.ack), b->irs + 1);
		assert_int_equal(ts_raw(out.opts.tsecr), rows[i].options & AKSU_OPT_TS ? 9 : 0);
	}
	done(b);
}

/* MUST-15, H2, B10. */
static void must_15_what_a_SYN_leaves_behind(void **state)
{
	struct bench *b = bench_new();
	struct tcp_seg bare = segment(b, "S 0:0(0)"),
		       absurd = segment(b, "S 0:0(0) <mss 1,wscale 15>");
	struct syn_record r = syn_record_from(&bare, seq_at(b->iss), MSS_DEFAULT_V6, &b->conf);

	(void)state;
	assert_int_equal(r.peer_mss, MSS_DEFAULT_V6);
	r = syn_record_from(&absurd, seq_at(b->iss), MSS_DEFAULT_V6, &b->conf);
	assert_int_equal(r.peer_mss, MSS_MIN);
	assert_int_equal(r.snd_shift, WSCALE_MAX);
	done(b);
}

/* A block out of a record is as if it had been there all the time. */
static void a_record_becomes_a_connection(void **state)
{
	struct bench *b = bench_new();

	(void)state;
	BENCH_OK(bench_accept(b, "S 0:0(0) win 1000 <mss 900,sackOK,TS val 5 ecr 0,wscale 3>", 1));
	rx(b, ". 1:1(0) ack 1 win 100 <nop,nop,TS val 6 ecr 1000000>");
	is(b, TCP_ESTABLISHED);
	assert_int_equal(b->t.snd.wnd, 800); /* scaled: it is no SYN */
	sends(b, 2000);
	tx(b, ". 1:801(800) ack 1");
	shuts(b);
	done(b);
}

/* B15: a SYN-ACK that went more than once: no sample, a window of one segment. */
static void a_repeated_SYN_ACK_is_remembered(void **state)
{
	struct bench *b = bench_new();

	(void)state;
	BENCH_OK(bench_accept(b, "S 0:0(0) win 1000 <mss 900>", 3));
	advance(b, milliseconds(300));
	rx(b, ". 1:1(0) ack 1 win 1000");
	assert_int_equal(b->t.cwnd, 900);
	assert_int_equal(b->t.rtt.srtt_us, 0);
	done(b);
}

static void no_memory_leaves_nothing_behind(void **state)
{
	(void)state;
	for (uint64_t n = 1; n <= 3; n++) {
		struct bench *b = bench_new();
		const char *why;

		b->fail_at = n;
		b->fail_for = 1;
		why = bench_accept(b, "S 0:0(0) win 1000 <mss 900>", 1);
		assert_true(why != NULL);
		b->fail_for = 0;
		tcb_init(&b->t, &b->env, &b->conf, 1, TCP_CLOSED);
		done(b);
	}
}

/* ------------------------------------------------------------------ cookies */

static const struct hash_key key = {0x0123456789abcdef, 0xfedcba9876543210};
static const struct tcp_conf conf = {.ecn = AKSU_ECN_ACCEPT};
static const char flow[] = "10.0.0.1:4000 10.0.0.2:80 and so on, much longer than what is hashed";

static bool check(const struct tcp_seg *ack, uint64_t second, struct syn_record *r)
{
	return cookie_check(&key, flow, sizeof(flow), &conf, ack, (instant){seconds(second).ns}, r);
}

static struct tcp_seg cookie_ack(struct bench *b, const char *syn_line, uint64_t second)
{
	struct tcp_seg syn = segment(b, syn_line), ack = segment(b, ". 1:1(0) ack 1");

	ack.ack = seq_add(cookie_make(&key, flow, sizeof(flow), &syn, 536,
				      (instant){seconds(second).ns}),
			  1);
	return ack;
}

static void B8_a_cookie_brings_the_mss_back(void **state)
{
	/* clang-format off */
	static const struct { const char *syn; unsigned mss; } rows[] = {
		{"S 0:0(0)", 536}, {"S 0:0(0) <mss 1>", 48}, {"S 0:0(0) <mss 1459>", 1440},
		{"S 0:0(0) <mss 1460>", 1460}, {"S 0:0(0) <mss 65535>", 8940},
	};
	/* clang-format on */
	struct bench *b = bench_new();
	struct syn_record r;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct tcp_seg ack = cookie_ack(b, rows[i].syn, 5000);

		assert_true(check(&ack, 5000, &r));
		assert_int_equal(r.peer_mss, rows[i].mss);
		assert_int_equal(seq_raw(r.irs), b->irs);
		assert_int_equal(seq_raw(r.iss), seq_raw(ack.ack) - 1);
		assert_int_equal(r.ts | r.sack | r.ecn, 0);
		assert_int_equal(r.snd_shift, SYN_UNSCALED);
	}
	done(b);
}

static void B8_a_cookie_ages(void **state)
{
	struct bench *b = bench_new();
	struct syn_record r;

	(void)state;
	for (uint64_t at = 6400; at < 6400 + 64 * 40;
	     at += 64) { /* through all five bits of time */
		struct tcp_seg ack = cookie_ack(b, "S 0:0(0) <mss 1460>", at);

		assert_true(check(&ack, at + 63, &r));
		assert_true(check(&ack, at + 127, &r));
		assert_false(check(&ack, at + 128, &r));
		assert_false(check(&ack, at - 64, &r));
		assert_false(check(&ack, at + 64 * 32 * 3, &r)); /* the same five bits again */
	}
	done(b);
}

static void B8_a_forged_cookie_is_refused(void **state)
{
	struct bench *b = bench_new();
	struct tcp_seg good = cookie_ack(b, "S 0:0(0) <mss 1460>", 5000), bad;
	struct prng r = prng_from(9);
	struct hash_key other = {1, 2};
	struct syn_record record;
	unsigned hits = 0;

	(void)state;
	for (unsigned bit = 0; bit < 32; bit++) {
		bad = good;
		bad.ack = seq_at(seq_raw(seq_sub(good.ack, 1)) ^ 1u << bit);
		bad.ack = seq_add(bad.ack, 1);
		assert_false(check(&bad, 5000, &record));
	}
	bad = good;
	bad.seq = seq_add(good.seq, 1); /* another ISN of the peer */
	assert_false(check(&bad, 5000, &record));
	assert_false(cookie_check(&other, flow, sizeof(flow), &conf, &good,
				  (instant){seconds(5000).ns}, &record));
	assert_false(cookie_check(&key, "another", 7, &conf, &good, (instant){seconds(5000).ns},
				  &record));
	for (int i = 0; i < 200000; i++) {
		bad.ack = seq_at((uint32_t)prng_next(&r));
		hits += check(&bad, 5000, &record);
	}
	assert_true(hits <= 2);
	done(b);
}

static void B8_the_timestamp_brings_the_other_options_back(void **state)
{
	struct bench *b = bench_new();

	(void)state;
	for (unsigned shift = 0; shift <= 14; shift++)
		for (unsigned bits = 0; bits < 8; bits++)
			for (uint32_t now = 0xffffffc0u; now - 0xffffffc0u < 160; now += 13) {
				struct tcp_seg ack = cookie_ack(b, "S 0:0(0) <mss 1460>", 5000);
				struct syn_record in = {.ts = 1, .snd_shift = SYN_UNSCALED}, out;
				tcp_ts tsval;

				if (bits & 1)
					in.sack = 1;
				if (bits & 2)
					in.snd_shift = shift & 0xfu;
				if (bits & 4)
					in.ecn = SYN_ECN_CLASSIC;
				tsval = cookie_tsval(&in, ts_at(now));
				assert_false(
					ts_lt(ts_at(now), tsval)); /* never ahead of the clock */
				assert_true(ts_dist(tsval, ts_at(now)) < 128);
				ack.opts.present = AKSU_OPT_TS;
				ack.opts.tsecr = tsval;
				ack.opts.tsval = ts_at(77);
				assert_true(check(&ack, 5000, &out));
				assert_int_equal(out.ts, in.ts);
				assert_int_equal(out.sack, in.sack);
				assert_int_equal(out.snd_shift, in.snd_shift);
				assert_int_equal(out.ecn, in.ecn);
				assert_int_equal(ts_raw(out.ts_recent), 77);
			}
	done(b);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(B9_the_answer_offers_what_was_offered),
	cmocka_unit_test(must_15_what_a_SYN_leaves_behind),
	cmocka_unit_test(a_record_becomes_a_connection),
	cmocka_unit_test(a_repeated_SYN_ACK_is_remembered),
	cmocka_unit_test(no_memory_leaves_nothing_behind),
	cmocka_unit_test(B8_a_cookie_brings_the_mss_back),
	cmocka_unit_test(B8_a_cookie_ages),
	cmocka_unit_test(B8_a_forged_cookie_is_refused),
	cmocka_unit_test(B8_the_timestamp_brings_the_other_options_back),
};

RUN_EVERYWHERE(tests)
