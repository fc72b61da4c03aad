/* SPDX-License-Identifier: MIT */
/*
 * stack/icmp_codes_test.c - every type and code of ICMP, to a connection that is not yet open and
 * to one that is.
 *
 * RFC 9293 section 3.9.2.2 (MUST-54 to MUST-56, SHLD-26), RFC 1122 sections 3.2.2.1 and 4.2.3.9,
 * RFC 4443, RFC 5461, RFC 5927, RFC 6633. What the table does not name must change nothing.
 */
#include "support/stack_bench.h"

#include "wire/checksum.h"

static struct stack_bench b;
static struct bench_packet sent, got;

enum verdict { IGNORED, SOFT, HARD, TOO_BIG };

struct row {
	uint8_t type, code;
	enum verdict verdict;
	enum aksu_error error;
};

static const struct row v4[] = {
	{3, 0, SOFT, AKSU_ENETUNREACH},   {3, 1, SOFT, AKSU_EHOSTUNREACH},
	{3, 2, HARD, AKSU_ECONNREFUSED},  {3, 3, HARD, AKSU_ECONNREFUSED},
	{3, 4, TOO_BIG, AKSU_OK},         {3, 5, SOFT, AKSU_EHOSTUNREACH},
	{3, 6, SOFT, AKSU_ENETUNREACH},   {3, 7, SOFT, AKSU_EHOSTUNREACH},
	{3, 8, SOFT, AKSU_EHOSTUNREACH},  {3, 9, HARD, AKSU_ENETUNREACH},
	{3, 10, HARD, AKSU_EHOSTUNREACH}, {3, 11, SOFT, AKSU_ENETUNREACH},
	{3, 12, SOFT, AKSU_EHOSTUNREACH}, {3, 13, HARD, AKSU_EHOSTUNREACH},
	{3, 14, SOFT, AKSU_EHOSTUNREACH}, {3, 15, SOFT, AKSU_EHOSTUNREACH},
	{11, 0, SOFT, AKSU_EHOSTUNREACH}, {11, 1, SOFT, AKSU_EHOSTUNREACH},
	{12, 0, SOFT, AKSU_EPROTO},       {12, 1, SOFT, AKSU_EPROTO},
	{12, 2, SOFT, AKSU_EPROTO},
};

static const struct row v6[] = {
	{1, 0, SOFT, AKSU_ENETUNREACH},  {1, 1, HARD, AKSU_EHOSTUNREACH},
	{1, 2, SOFT, AKSU_EHOSTUNREACH}, {1, 3, SOFT, AKSU_EHOSTUNREACH},
	{1, 4, HARD, AKSU_ECONNREFUSED}, {1, 5, HARD, AKSU_EHOSTUNREACH},
	{1, 6, HARD, AKSU_EHOSTUNREACH}, {2, 0, TOO_BIG, AKSU_OK},
	{3, 0, SOFT, AKSU_EHOSTUNREACH}, {3, 1, SOFT, AKSU_EHOSTUNREACH},
	{4, 0, SOFT, AKSU_EPROTO},       {4, 1, SOFT, AKSU_EPROTO},
	{4, 2, SOFT, AKSU_EPROTO},
};

/* A code that nobody has defined is the type's general one, or, of "unreachable", nothing. */
static struct row row_of(bool six, unsigned type, unsigned code)
{
	bool general = six ? type >= 2 && type <= 4 : type == 11 || type == 12;

	const struct row *rows = six ? v6 : v4;

	for (unsigned k = 0; k < (six ? COUNT_OF(v6) : COUNT_OF(v4)); k++)
		if (rows[k].type == type && rows[k].code == code)
			return rows[k];
	if (general && code != 0)
		return row_of(six, type, 0);
	return (struct row){(uint8_t)type, (uint8_t)code, IGNORED, AKSU_OK};
}

static const char *peer_addr(bool six) { return six ? "fd00::9" : "10.0.0.9"; }

/*
 * The message about a packet of ours, of which it quotes the header of IP and `octets` more; `rest`
 * is what stands in the second word, the MTU of "too big".
 */
static void say(bool six, uint8_t type, uint8_t code, uint32_t rest, uint32_t octets)
{
	struct aksu_addr router = bench_addr(six ? "fd00::ff" : "10.0.0.254");
	static uint8_t message[BENCH_FRAME];
	struct ip_out ip = {
		.src = sent.src,
		.dst = sent.dst,
		.payload_len = sent.len,
		.protocol = 6,
		.ttl = 60,
		.dont_fragment = true,
	};
	uint32_t len = 8 + (uint32_t)ip_emit(&ip, message + 8) + octets;
	csum sum = {0};

	memcpy(message + len - octets, sent.payload, octets);
	memset(message, 0, 8);
	message[0] = type;
	message[1] = code;
	message[6] = (uint8_t)(rest >> 8);
	message[7] = (uint8_t)rest;
	if (six)
		sum = csum_pseudo(&router, &sent.src, 58, len);
	sum = csum_add(sum, csum_of(message, len));
	message[2] = (uint8_t)(csum_finish(sum) >> 8);
	message[3] = (uint8_t)csum_finish(sum);
	bench_give_ip(&b, &router, &sent.src, six ? 58 : 1, message, len);
}

/* SYN-SENT; `sent` is the SYN. */
static aksu_socket opening(bool six)
{
	struct aksu_addr to = bench_addr(peer_addr(six));
	aksu_socket c;

	bench_start(&b, 1, NULL);
	c = bench_connect(&b, 0, &to, 80);
	bench_take_tcp(&b, &sent);
	return c;
}

/* ESTABLISHED, with one full segment in flight: `sent`. */
static aksu_socket open_with_text(bool six, struct bench_peer *p)
{
	static const uint8_t text[1460];
	aksu_socket c = opening(six);

	*p = bench_peer(peer_addr(six), 80, six ? &b.n[0].v6 : &b.n[0].v4, sent.seg.src_port);
	p->ack = seq_raw(sent.seg.seq) + 1;
	bench_say(&b, p, AKSU_SYN | AKSU_ACK, NULL);
	bench_hear(&b, p, &got);
	assert_int_equal(aksu_send(b.n[0].s, c, text, six ? 1440 : 1460, 0, b.now),
			 six ? 1440 : 1460);
	bench_hear(&b, p, &sent);
	(void)bench_news(&b, 0, c);
	return c;
}

static void not_yet_open(bool six, const struct row *r, uint32_t octets)
{
	aksu_socket c = opening(six);

	say(six, r->type, r->code, 1300, octets);
	assert_int_equal(bench_state(&b, 0, c),
			 r->verdict == HARD ? AKSU_STATE_CLOSED : AKSU_STATE_SYN_SENT);
	assert_int_equal(bench_option(&b, 0, c, AKSU_SO_ERROR), r->verdict == HARD ? r->error : 0);
	assert_int_equal(bench_option(&b, 0, c, AKSU_SO_SOFT_ERROR),
			 r->verdict == SOFT ? r->error : 0);
	bench_silent(&b); /* MUST-55: nothing is answered, nor sent again */
	bench_end(&b);
}

static void already_open(bool six, const struct row *r, uint32_t octets)
{
	struct bench_peer p;
	aksu_socket c = open_with_text(six, &p);
	bool told = r->verdict == SOFT || r->verdict == HARD;

	say(six, r->type, r->code, 1300, octets);
	assert_int_equal(bench_state(&b, 0, c), AKSU_STATE_ESTABLISHED); /* MUST-56, SHLD-26 */
	assert_int_equal(bench_option(&b, 0, c, AKSU_SO_SOFT_ERROR), told ? r->error : 0);
	assert_int_equal(!!(bench_news(&b, 0, c) & AKSU_NOTICE), told);
	if (r->verdict == TOO_BIG) {
		bench_hear(&b, &p, &got);
		assert_int_equal(got.frame_len, 1300);
		bench_hear(&b, &p, &got);
	}
	bench_silent(&b);
	bench_say(&b, &p, AKSU_ACK, NULL); /* and it goes on */
	assert_int_equal(bench_option(&b, 0, c, AKSU_TCP_UNACKED), 0);
	bench_end(&b);
}

static bool is_question(bool six, unsigned type) { return type == (six ? 128u : 8u); }

static void must_56_every_type_and_code(void **state)
{
	(void)state;
	for (unsigned type = 0; type < 256; type++)
		for (unsigned code = 0; code < 256; code += code < 20 ? 1 : 47)
			for (int six = 0; six < 2; six++) {
				struct row r = row_of(six, type, code);

				if (is_question(six, type))
					continue;
				r.code = (uint8_t)code;
				not_yet_open(six, &r, 20);
				already_open(six, &r, 20);
			}
}

/* RFC 792: eight octets behind the header of IP are all that a message must quote; RFC 1122. */
static void h6_eight_octets_are_enough_and_seven_are_not(void **state)
{
	(void)state;
	for (unsigned k = 0; k < COUNT_OF(v4) + COUNT_OF(v6); k++) {
		bool six = k >= COUNT_OF(v4);
		struct row r = six ? v6[k - COUNT_OF(v4)] : v4[k];

		not_yet_open(six, &r, 8);
		already_open(six, &r, 8);
		r.verdict = IGNORED;
		not_yet_open(six, &r, 7);
		already_open(six, &r, 7);
		not_yet_open(six, &r, 0);
		already_open(six, &r, 0);
	}
}

/* RFC 5927 section 4: what is quoted must be in flight, from SND.UNA to before SND.NXT. */
static void rfc_5927_other_numbers_are_ignored(void **state)
{
	static const uint32_t away[] = {1, 1460, 65536, 1u << 31, UINT32_MAX};

	(void)state;
	for (unsigned k = 0; k < COUNT_OF(v4) + COUNT_OF(v6); k++)
		for (unsigned n = 0; n < COUNT_OF(away); n++) {
			bool six = k >= COUNT_OF(v4);
			struct row r = six ? v6[k - COUNT_OF(v4)] : v4[k];
			uint32_t seq;
			aksu_socket c = opening(six);

			seq = seq_raw(sent.seg.seq) + away[n];
			for (int o = 0; o < 4; o++)
				sent.payload[4 + o] = (uint8_t)(seq >> (24 - 8 * o));
			say(six, r.type, r.code, 1300, 20);
			assert_int_equal(bench_state(&b, 0, c), AKSU_STATE_SYN_SENT);
			assert_int_equal(bench_option(&b, 0, c, AKSU_SO_SOFT_ERROR), 0);
			assert_int_equal(bench_drops(&b, 0, AKSU_DROP_ICMP_QUOTE), 1);
			bench_end(&b);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(must_56_every_type_and_code),
		cmocka_unit_test(h6_eight_octets_are_enough_and_seven_are_not),
		cmocka_unit_test(rfc_5927_other_numbers_are_ignored),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
