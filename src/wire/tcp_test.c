/* SPDX-License-Identifier: MIT */
/*
 * TCP headers and options: what is written is read again, what is illegal is refused, what is
 * unknown is skipped. The first two packets were sent by Linux.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/prng.h"
#include "wire/addr.h"
#include "wire/checksum.h"
#include "wire/tcp.h"

enum { ROUNDS = 20000 };

static size_t hex(const char *text, uint8_t *out)
{
	size_t n = 0;
	unsigned v;

	for (; sscanf(text, "%2x", &v) == 1; text += 2)
		out[n++] = (uint8_t)v;
	return n;
}

static struct prng seeded(uint64_t seed)
{
	print_message("seed %llu\n", (unsigned long long)seed);
	return prng_from(seed);
}

static const char SYN_V4[] = "c6ca00074778fb5900000000a002faf096d70000"
			     "020405b40402080ab4c5e3ba000000000103030a";
static const char SYN_V6[] = "bd7c00073844880600000000a002fd2079a90000"
			     "020405a00402080ab3aaa5bb000000000103030a";

/* A header of 20 + 40 octets whose options are those given, followed by EOL. */
static size_t with_options(const uint8_t *options, size_t n, uint8_t out[60])
{
	memset(out, 0, 60);
	out[12] = 15 << 4;
	out[13] = AKSU_ACK;
	memcpy(out + 20, options, n);
	return 60;
}

static enum aksu_drop parse_options(const uint8_t *options, size_t n, struct tcp_seg *seg)
{
	uint8_t frame[256] = {0}; /* who reads on over the end finds an EOL, not an error */

	return tcp_parse(frame, with_options(options, n, frame), seg);
}

/* ------------------------------------------------------------------ known answers */

static void must_4_a_syn_of_linux_is_understood(void **state)
{
	uint8_t frame[60];
	size_t n = hex(SYN_V4, frame);
	struct tcp_seg seg;

	(void)state;
	assert_int_equal(n, 40);
	assert_int_equal(tcp_parse(frame, n, &seg), AKSU_DROP_NONE);
	assert_int_equal(seg.src_port, 0xc6ca);
	assert_int_equal(seg.dst_port, 7);
	assert_int_equal(seg.seq.n, 0x4778fb59);
	assert_int_equal(seg.flags, AKSU_SYN);
	assert_int_equal(seg.rawwnd, 0xfaf0);
	assert_int_equal(seg.text_len, 0);
	assert_int_equal(seg.len, 1);
	assert_int_equal(seg.segments, 1);
	assert_int_equal(seg.opts.present,
			 AKSU_OPT_MSS | AKSU_OPT_SACK_OK | AKSU_OPT_TS | AKSU_OPT_WSCALE);
	assert_int_equal(seg.opts.mss, 1460);
	assert_int_equal(seg.opts.tsval.n, 0xb4c5e3ba);
	assert_int_equal(seg.opts.tsecr.n, 0);
	assert_int_equal(seg.opts.wscale, 10);
}

/* The same segment is built as Linux built it, checksum included. */
static void must_2_a_syn_is_built_as_linux_builds_it(void **state)
{
	static const struct {
		const char *segment, *src, *dst;
	} rows[] = {
		/* 1 */ {SYN_V4, "10.7.0.1", "10.7.0.2"},
		/* 2 */ {SYN_V6, "fd00:7::1", "fd00:7::2"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		uint8_t frame[60], built[60];
		size_t n = hex(rows[i].segment, frame);
		struct aksu_addr src, dst;
		struct tcp_seg seg;
		be16 checksum;

		assert_true(aksu_addr_parse(rows[i].src, &src) &&
			    aksu_addr_parse(rows[i].dst, &dst));
		assert_true(csum_good(
			csum_add(csum_pseudo(&src, &dst, 6, (uint32_t)n), csum_of(frame, n))));
		assert_int_equal(tcp_parse(frame, n, &seg), AKSU_DROP_NONE);
		assert_int_equal(tcp_emit(&seg, built), n);
		assert_int_equal(built[16] | built[17], 0);
		checksum = put16(csum_finish(
			csum_add(csum_pseudo(&src, &dst, 6, (uint32_t)n), csum_of(built, n))));
		memcpy(built + 16, &checksum, 2);
		assert_memory_equal(built, frame, n);
	}
}

/* ------------------------------------------------------------------ identity */

/* The counters that are not on the wire are read as zero. */
static void random_accecn(struct prng *r, struct tcp_opts *o)
{
	bool zero = prng_below(r, 2);
	struct tcp_accecn *a = &o->accecn;

	o->present |= zero ? AKSU_OPT_ACCECN0 : AKSU_OPT_ACCECN1;
	a->fields = (uint32_t)prng_below(r, 4);
	if (a->fields > 0)
		*(zero ? &a->e0b : &a->e1b) = (uint32_t)prng_below(r, 1 << 24);
	if (a->fields > 1)
		a->ceb = (uint32_t)prng_below(r, 1 << 24);
	if (a->fields > 2)
		*(zero ? &a->e1b : &a->e0b) = (uint32_t)prng_below(r, 1 << 24);
}

static struct tcp_opts random_options(struct prng *r, uint8_t flags)
{
	struct tcp_opts o = {.tsval = ts_at(0)};
	bool syn = flags & AKSU_SYN;

	if (syn && prng_below(r, 4) > 0) {
		o.present |= AKSU_OPT_MSS;
		o.mss = (uint16_t)prng_next(r);
	}
	if (syn && prng_below(r, 2)) {
		o.present |= AKSU_OPT_WSCALE;
		o.wscale = (uint8_t)prng_next(r);
	}
	if (syn && prng_below(r, 2))
		o.present |= AKSU_OPT_SACK_OK;
	if (prng_below(r, 2)) {
		o.present |= AKSU_OPT_TS;
		o.tsval = ts_at((uint32_t)prng_next(r));
		o.tsecr = ts_at((uint32_t)prng_next(r));
	}
	if (prng_below(r, 2))
		random_accecn(r, &o);
	if (!syn && prng_below(r, 2)) {
		unsigned room = 40 - (unsigned)tcp_opts_len(&o, flags);

		o.present |= AKSU_OPT_SACK;
		o.sack_count = (uint8_t)(1 + prng_below(r, (room - 4) / 8));
		for (unsigned i = 0; i < o.sack_count; i++)
			o.sack[i] = (struct tcp_sack_block){seq_at((uint32_t)prng_next(r)),
							    seq_at((uint32_t)prng_next(r))};
	}
	return o;
}

static void assert_same_options(const struct tcp_opts *a, const struct tcp_opts *b)
{
	assert_int_equal(a->present, b->present);
	assert_int_equal(a->mss, b->mss);
	assert_int_equal(a->wscale, b->wscale);
	assert_int_equal(a->tsval.n, b->tsval.n);
	assert_int_equal(a->tsecr.n, b->tsecr.n);
	assert_memory_equal(&a->accecn, &b->accecn, sizeof(a->accecn));
	assert_int_equal(a->sack_count, b->sack_count);
	for (unsigned i = 0; i < a->sack_count; i++) {
		assert_int_equal(a->sack[i].start.n, b->sack[i].start.n);
		assert_int_equal(a->sack[i].end.n, b->sack[i].end.n);
	}
}

static void what_is_written_is_read_again(void **state)
{
	struct prng r = seeded(21);

	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		struct tcp_seg out = {
			.src_port = (uint16_t)prng_next(&r),
			.dst_port = (uint16_t)prng_next(&r),
			.seq = seq_at((uint32_t)prng_next(&r)),
			.ack = seq_at((uint32_t)prng_next(&r)),
			.flags = (uint8_t)prng_next(&r),
			.ae = prng_below(&r, 2),
			.rawwnd = (uint16_t)prng_next(&r),
			.up = (uint16_t)prng_next(&r),
		};
		struct tcp_seg in;
		uint8_t frame[64];
		size_t n, text = prng_below(&r, 4);

		out.opts = random_options(&r, out.flags);
		n = tcp_emit(&out, frame);
		assert_int_equal(n, 20 + tcp_opts_len(&out.opts, out.flags));
		assert_int_equal(n % 4, 0);
		assert_true(n <= 60);
		assert_int_equal(tcp_parse(frame, n + text, &in), AKSU_DROP_NONE);
		assert_ptr_equal(in.text, frame + n);
		assert_int_equal(in.text_len, text);
		assert_int_equal(in.len,
				 text + !!(out.flags & AKSU_SYN) + !!(out.flags & AKSU_FIN));
		assert_int_equal(in.src_port, out.src_port);
		assert_int_equal(in.dst_port, out.dst_port);
		assert_int_equal(in.seq.n, out.seq.n);
		assert_int_equal(in.ack.n, out.ack.n);
		assert_int_equal(in.flags, out.flags);
		assert_int_equal(in.ae, out.ae);
		assert_int_equal(in.rawwnd, out.rawwnd);
		assert_int_equal(in.up, out.up);
		assert_same_options(&in.opts, &out.opts);
	}
}

/* ------------------------------------------------------------------ what is sent */

static void order_of_options_on_a_syn(void **state)
{
	static const struct {
		uint8_t present;
		const char *options;
	} rows[] = {
		/* 1 */ {AKSU_OPT_MSS, "020405b4"},
		/* 2 */ {AKSU_OPT_MSS | AKSU_OPT_SACK_OK, "020405b401010402"},
		/* 3 */ {AKSU_OPT_MSS | AKSU_OPT_WSCALE, "020405b401030308"},
		/* 4 */
		{AKSU_OPT_MSS | AKSU_OPT_SACK_OK | AKSU_OPT_WSCALE, "020405b40101040201030308"},
		/* 5 */ {AKSU_OPT_MSS | AKSU_OPT_TS, "020405b40101080a1122334455667788"},
		/* 6 */
		{AKSU_OPT_MSS | AKSU_OPT_TS | AKSU_OPT_SACK_OK, "020405b40402080a1122334455667788"},
		/* 7 */ {0x1f, "020405b40402080a112233445566778801030308"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct tcp_seg seg = {
			.flags = AKSU_SYN,
			.opts = {.present = rows[i].present,
				 .mss = 1460,
				 .wscale = 8,
				 .sack_count = 2,
				 .tsval = ts_at(0x11223344),
				 .tsecr = ts_at(0x55667788)},
		};
		uint8_t frame[60], wanted[40];
		size_t n = hex(rows[i].options, wanted);

		assert_int_equal(tcp_emit(&seg, frame), 20 + n);
		assert_memory_equal(frame + 20, wanted, n);
	}
}

static void must_65_mss_and_its_kind_only_on_a_syn(void **state)
{
	struct tcp_seg seg = {
		.flags = AKSU_ACK,
		.opts = {.present = AKSU_OPT_MSS | AKSU_OPT_WSCALE | AKSU_OPT_SACK_OK, .mss = 1460},
	};
	uint8_t frame[60];

	(void)state;
	assert_int_equal(tcp_emit(&seg, frame), 20);
	assert_int_equal(tcp_opts_len(&seg.opts, AKSU_ACK), 0);
	assert_int_equal(tcp_opts_len(&seg.opts, AKSU_ACK | AKSU_SYN), 12);
}

static void rfc2018_blocks_are_limited_to_the_room(void **state)
{
	struct tcp_opts o = {.present = AKSU_OPT_SACK, .sack_count = 4};

	(void)state;
	assert_int_equal(tcp_opts_len(&o, AKSU_ACK), 36);
	o.present |= AKSU_OPT_TS;
	assert_int_equal(tcp_opts_len(&o, AKSU_ACK), 40);
	o.sack_count = 0;
	assert_int_equal(tcp_opts_len(&o, AKSU_ACK), 12);
}

static void must_69_padding_is_not_garbage(void **state)
{
	struct prng r = seeded(22);

	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		struct tcp_seg seg = {.flags = prng_below(&r, 2) ? AKSU_SYN : AKSU_ACK};
		uint8_t frame[60], again[60];
		size_t n;

		seg.opts = random_options(&r, seg.flags);
		memset(frame, 0xee, sizeof(frame));
		memset(again, 0x11, sizeof(again));
		n = tcp_emit(&seg, frame);
		tcp_emit(&seg, again);
		assert_memory_equal(frame, again, n); /* every octet was written */
		for (size_t k = n; k < 60; k++)
			assert_int_equal(frame[k], 0xee);
	}
}

/* ------------------------------------------------------------------ what is received */

static void must_64_options_at_any_octet(void **state)
{
	(void)state;
	for (size_t at = 0; at <= 36; at++) {
		uint8_t options[40];
		struct tcp_seg seg;

		memset(options, 1, sizeof(options)); /* NOP */
		memcpy(options + at, (const uint8_t[]){2, 4, 0x05, 0x78}, 4);
		assert_int_equal(parse_options(options, 40, &seg), AKSU_DROP_NONE);
		assert_int_equal(seg.opts.present, AKSU_OPT_MSS);
		assert_int_equal(seg.opts.mss, 1400);
	}
}

static void must_6_unknown_options_are_skipped_by_their_length(void **state)
{
	static const uint8_t known[] = {0, 1, 2, 3, 4, 5, 8, 172, 174};

	(void)state;
	for (unsigned kind = 0; kind < 256; kind++)
		for (uint8_t len = 2; len <= 36; len++) {
			uint8_t options[40] = {(uint8_t)kind, len};
			struct tcp_seg seg;

			if (memchr(known, (int)kind, sizeof(known)) != NULL)
				continue;
			memset(options + 2, 0xee, len - 2u);
			memcpy(options + len, (const uint8_t[]){2, 4, 0x05, 0x78}, 4);
			assert_int_equal(parse_options(options, 40, &seg), AKSU_DROP_NONE);
			assert_int_equal(seg.opts.present, AKSU_OPT_MSS);
			assert_int_equal(seg.opts.mss, 1400);
		}
}

/* RFC 9768 3.2.3, Table 5: of each length the whole counters count, and the rest is padding. */
static void rfc9768_accecn_of_any_length(void **state)
{
	(void)state;
	for (uint8_t kind = 172; kind <= 174; kind += 2)
		for (uint8_t len = 2; len <= 40; len++) {
			uint8_t options[40] = {kind, len};
			uint32_t n = (uint32_t)(len - 2) / 3;
			struct tcp_seg seg;
			struct tcp_accecn a;

			for (uint8_t i = 2; i < len; i++)
				options[i] = i;
			assert_int_equal(parse_options(options, 40, &seg), AKSU_DROP_NONE);
			a = seg.opts.accecn;
			assert_int_equal(seg.opts.present,
					 kind == 172 ? AKSU_OPT_ACCECN0 : AKSU_OPT_ACCECN1);
			assert_int_equal(a.fields, n > 3 ? 3 : n);
			assert_int_equal(kind == 172 ? a.e0b : a.e1b, n > 0 ? 0x020304 : 0);
			assert_int_equal(a.ceb, n > 1 ? 0x050607 : 0);
			assert_int_equal(kind == 172 ? a.e1b : a.e0b, n > 2 ? 0x08090a : 0);
		}
}

static void must_7_illegal_lengths_condemn_the_segment(void **state)
{
	(void)state;
	for (unsigned kind = 2; kind < 256; kind++)
		for (size_t at = 0; at < 40; at++)
			for (unsigned len = 0; len < 256; len++) {
				uint8_t options[40];
				struct tcp_seg seg;
				bool legal = len >= 2 && at + len <= 40;

				memset(options, 1, sizeof(options));
				options[at] = (uint8_t)kind;
				if (at < 39)
					options[at + 1] = (uint8_t)len;
				else if (len > 0)
					continue; /* the last octet is a kind without a length */
				assert_int_equal(parse_options(options, 40, &seg),
						 legal ? AKSU_DROP_NONE : AKSU_DROP_TCP_OPTIONS);
			}
}

static void known_options_of_wrong_length_count_for_nothing(void **state)
{
	static const struct {
		uint8_t kind, len;
	} right[] = {{2, 4}, {3, 3}, {4, 2}, {5, 10}, {5, 18}, {5, 26}, {5, 34}, {8, 10}};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(right); i++)
		for (uint8_t len = 2; len <= 40; len++) {
			uint8_t options[40];
			struct tcp_seg seg;
			bool good = false;

			for (size_t k = 0; k < COUNT_OF(right); k++)
				good |= right[k].kind == right[i].kind && right[k].len == len;
			memset(options, 1, sizeof(options));
			options[0] = right[i].kind;
			options[1] = len;
			assert_int_equal(parse_options(options, 40, &seg), AKSU_DROP_NONE);
			assert_int_equal(seg.opts.present != 0, good);
			if (right[i].kind == 5)
				assert_int_equal(seg.opts.sack_count, good ? (len - 2) / 8 : 0);
		}
}

static void octets_after_eol_are_ignored(void **state)
{
	static const uint8_t options[] = {3, 3, 7, 0, 2, 4, 5, 0xb4, 9, 0};
	struct tcp_seg seg;

	(void)state;
	assert_int_equal(parse_options(options, sizeof(options), &seg), AKSU_DROP_NONE);
	assert_int_equal(seg.opts.present, AKSU_OPT_WSCALE);
}

static void H13_of_an_option_that_comes_twice_the_last_counts(void **state)
{
	static const uint8_t options[] = {2, 4, 5, 0xb4, 5, 10, 0, 0,  0, 1, 0, 0,
					  0, 2, 2, 4,    2, 0,  5, 10, 0, 0, 0, 7,
					  0, 0, 0, 9,    3, 3,  1, 3,  3, 2, 1, 1};
	struct tcp_seg seg;

	(void)state;
	assert_int_equal(parse_options(options, sizeof(options), &seg), AKSU_DROP_NONE);
	assert_int_equal(seg.opts.mss, 0x200);
	assert_int_equal(seg.opts.wscale, 2);
	assert_int_equal(seg.opts.sack_count, 1);
	assert_int_equal(seg.opts.sack[0].start.n, 7);
}

static void must_5_options_on_any_segment(void **state)
{
	uint8_t frame[60];
	size_t n = hex(SYN_V4, frame);

	(void)state;
	for (unsigned flags = 0; flags < 256; flags++) {
		struct tcp_seg seg;

		frame[13] = (uint8_t)flags;
		assert_int_equal(tcp_parse(frame, n, &seg), AKSU_DROP_NONE);
		assert_int_equal(seg.opts.mss, 1460);
	}
}

static void timestamps_alone_are_read_by_the_short_way_too(void **state)
{
	struct tcp_seg seg;
	uint8_t frame[33];
	size_t n = hex("0001000200000003000000048010010000000000"
		       "0101080a1122334455667788ff",
		       frame);

	(void)state;
	assert_int_equal(tcp_parse(frame, n, &seg), AKSU_DROP_NONE);
	assert_int_equal(seg.opts.present, AKSU_OPT_TS);
	assert_int_equal(seg.opts.tsval.n, 0x11223344);
	assert_int_equal(seg.opts.tsecr.n, 0x55667788);
	assert_int_equal(seg.text_len, 1);
	assert_int_equal(seg.text[0], 0xff);
}

static void H14_data_offset_below_5_or_beyond_the_segment(void **state)
{
	uint8_t frame[64] = {0};

	(void)state;
	for (unsigned offset = 0; offset < 16; offset++)
		for (size_t n = 0; n <= sizeof(frame); n++) {
			struct tcp_seg seg;
			bool good = offset >= 5 && n >= offset * 4;

			frame[12] = (uint8_t)(offset << 4);
			assert_int_equal(tcp_parse(frame, n, &seg),
					 good ? AKSU_DROP_NONE : AKSU_DROP_TCP_SHORT);
			if (good)
				assert_int_equal(seg.text_len, n - offset * 4);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(must_4_a_syn_of_linux_is_understood),
		cmocka_unit_test(must_2_a_syn_is_built_as_linux_builds_it),
		cmocka_unit_test(what_is_written_is_read_again),
		cmocka_unit_test(order_of_options_on_a_syn),
		cmocka_unit_test(must_65_mss_and_its_kind_only_on_a_syn),
		cmocka_unit_test(rfc2018_blocks_are_limited_to_the_room),
		cmocka_unit_test(must_69_padding_is_not_garbage),
		cmocka_unit_test(must_64_options_at_any_octet),
		cmocka_unit_test(must_6_unknown_options_are_skipped_by_their_length),
		cmocka_unit_test(rfc9768_accecn_of_any_length),
		cmocka_unit_test(must_7_illegal_lengths_condemn_the_segment),
		cmocka_unit_test(known_options_of_wrong_length_count_for_nothing),
		cmocka_unit_test(octets_after_eol_are_ignored),
		cmocka_unit_test(H13_of_an_option_that_comes_twice_the_last_counts),
		cmocka_unit_test(must_5_options_on_any_segment),
		cmocka_unit_test(timestamps_alone_are_read_by_the_short_way_too),
		cmocka_unit_test(H14_data_offset_below_5_or_beyond_the_segment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
