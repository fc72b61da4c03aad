/* SPDX-License-Identifier: MIT */
/*
 * trace/ladder_test.c - ladders of hand-made events, compared with what they should look like.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/compile.h"
#include "trace/text.h"

#define MS AKSU_MILLISECOND

static char printed[1 << 16];
static size_t printed_len;

static void collect(void *ctx, const char *text, size_t n)
{
	(void)ctx;
	assert_true(printed_len + n < sizeof(printed));
	memcpy(printed + printed_len, text, n);
	printed_len += n;
	printed[printed_len] = '\0';
}

static size_t allocations_left = SIZE_MAX;

static void *get(void *ctx, size_t size, size_t align)
{
	(void)ctx, (void)align;
	if (allocations_left == 0)
		return NULL;
	allocations_left--;
	return malloc(size);
}

static void put(void *ctx, void *mem, size_t size)
{
	(void)ctx, (void)size;
	free(mem);
}

static struct aksu_ladder *begin(uint32_t flags)
{
	const struct aksu_ladder_config config = {
		.size = sizeof(config),
		.allocator = {get, put, NULL},
		.out = {.write = collect},
		.flags = flags,
		.local = AKSU_RIGHT,
		.msl = 30 * AKSU_SECOND,
		.note = "link 20 ms, 10 Mbit/s   seed 7",
	};

	printed_len = 0;
	printed[0] = '\0';
	return aksu_ladder_new(&config);
}

/* ---- a small language for events: who sends what, and what becomes of it */

enum { LEFT_ISS = 7000, RIGHT_ISS = 3000000000u };

static uint64_t last_packet;

static struct aksu_event event(unsigned side, aksu_time time, enum aksu_event_kind kind)
{
	struct aksu_event e = {.time = time, .kind = (uint8_t)kind, .conn = 1};

	e.iss = side == AKSU_LEFT ? LEFT_ISS : RIGHT_ISS;
	e.irs = side == AKSU_LEFT ? RIGHT_ISS : LEFT_ISS;
	memcpy(e.local.b + 10, (uint8_t[]){0xff, 0xff, 10, 0, 0, (uint8_t)(side + 1)}, 6);
	memcpy(e.remote.b + 10, (uint8_t[]){0xff, 0xff, 10, 0, 0, (uint8_t)(2 - side)}, 6);
	e.local_port = side == AKSU_LEFT ? 49152 : 80;
	e.remote_port = side == AKSU_LEFT ? 80 : 49152;
	return e;
}

struct sent {
	unsigned side;
	struct aksu_event e;
};

static struct sent out(struct aksu_ladder *l, unsigned side, aksu_time time, uint8_t flags,
		       uint32_t seq, uint32_t ack, uint32_t length, enum aksu_why why)
{
	struct sent s = {side, event(side, time, AKSU_EVENT_SEGMENT_OUT)};

	s.e.packet = ++last_packet;
	s.e.flags = flags;
	s.e.seq = s.e.iss + seq;
	s.e.ack = s.e.irs + ack;
	s.e.length = length;
	s.e.why = (uint8_t)why;
	s.e.window = 1000;
	if (flags & AKSU_SYN)
		s.e.options = AKSU_OPT_MSS | AKSU_OPT_WSCALE | AKSU_OPT_SACK_OK;
	if (why == AKSU_WHY_RTO || why == AKSU_WHY_FAST_RETRANSMIT)
		s.e.retransmission = 1;
	aksu_ladder_event(l, side, &s.e);
	return s;
}

static void state(struct aksu_ladder *l, unsigned side, aksu_time time, enum aksu_state to)
{
	struct aksu_event e = event(side, time, AKSU_EVENT_STATE);

	e.state = (uint8_t)to;
	aksu_ladder_event(l, side, &e);
}

static void timer(struct aksu_ladder *l, unsigned side, aksu_time time, enum aksu_timer which)
{
	struct aksu_event e = event(side, time, AKSU_EVENT_TIMER);

	e.timer = (uint8_t)which;
	e.rto_us = 1000000;
	aksu_ladder_event(l, side, &e);
}

static void fate(struct aksu_ladder *l, struct sent s, enum aksu_fate f, aksu_time time,
		 aksu_time extra)
{
	aksu_ladder_fate(l, s.side, s.e.packet, f, time, extra);
}

static void lose(struct aksu_ladder *l, struct sent s) { fate(l, s, AKSU_FATE_LOST, s.e.time, 0); }

/* It arrives; `to` is the receiver's state then, or -1. */
static void arrive(struct aksu_ladder *l, struct sent s, aksu_time time, int to)
{
	struct aksu_event e = event(1 - s.side, time, AKSU_EVENT_SEGMENT_IN);

	e.packet = s.e.packet;
	aksu_ladder_event(l, 1 - s.side, &e);
	if (to >= 0)
		state(l, 1 - s.side, time, (enum aksu_state)to);
	fate(l, s, AKSU_FATE_ARRIVED, time, 0);
}

static void expect(struct aksu_ladder *l, const char *want)
{
	aksu_ladder_flush(l);
	aksu_ladder_free(l);
	if (strcmp(printed, want) != 0)
		printf("---- printed\n%s---- wanted\n%s----\n", printed, want);
	assert_string_equal(printed, want);
	for (const char *at = printed; *at != '\0';) {
		size_t n = strcspn(at, "\n");

		assert_true(text_columns(at, n) <= 80);
		at += n + 1;
	}
}

#define S AKSU_SYN
#define A AKSU_ACK
#define F AKSU_FIN
#define P AKSU_PSH
#define C AKSU_LEFT
#define D AKSU_RIGHT

/* ---- the pictures */

/* The ladder of the design: a lost SYN-ACK, a lost segment in a burst, fast retransmit, close. */
static void draw_http(struct aksu_ladder *l)
{
	struct sent s, data[8], acks[8];

	state(l, C, 0, AKSU_STATE_SYN_SENT);
	s = out(l, C, 0, S, 0, 0, 0, AKSU_WHY_HANDSHAKE);
	arrive(l, s, 20 * MS, AKSU_STATE_SYN_RECEIVED);
	lose(l, out(l, D, 20 * MS, S | A, 0, 1, 0, AKSU_WHY_HANDSHAKE));
	timer(l, C, 1000 * MS, AKSU_TIMER_RTX);
	s = out(l, C, 1000 * MS, S, 0, 0, 0, AKSU_WHY_RTO);
	arrive(l, s, 1020 * MS, -1);
	s = (struct sent){D, event(D, 1020 * MS, AKSU_EVENT_SEGMENT_OUT)};
	s.e.packet = ++last_packet;
	s.e.flags = S | A;
	s.e.seq = s.e.iss;
	s.e.ack = s.e.irs + 1;
	s.e.why = AKSU_WHY_HANDSHAKE;
	s.e.retransmission = 1;
	aksu_ladder_event(l, D, &s.e);
	arrive(l, s, 1040 * MS, AKSU_STATE_ESTABLISHED);
	s = out(l, C, 1040 * MS, A, 1, 1, 0, AKSU_WHY_ACK);
	data[0] = out(l, C, 1040 * MS, A | P, 1, 1, 78, AKSU_WHY_DATA);
	arrive(l, s, 1060 * MS, AKSU_STATE_ESTABLISHED);
	arrive(l, data[0], 1060 * MS, -1);
	for (unsigned i = 0; i < 7; i++) {
		data[i] = out(l, D, (1060 + i) * MS, A, 1 + 1448 * i, 79, 1448, AKSU_WHY_DATA);
		if (i == 3)
			lose(l, data[i]);
	}
	for (unsigned i = 0; i < 7; i++)
		if (i != 3)
			arrive(l, data[i], (1080 + i) * MS, -1);
	acks[0] = out(l, C, 1086 * MS, A, 79, 4345, 0, AKSU_WHY_ACK);
	for (unsigned i = 1; i <= 3; i++) {
		struct aksu_event e = event(C, 1087 * MS, AKSU_EVENT_SEGMENT_OUT);

		e.packet = ++last_packet;
		e.flags = A;
		e.seq = e.iss + 79;
		e.ack = e.irs + 4345;
		e.window = 1000;
		e.why = AKSU_WHY_DUP_ACK;
		e.options = AKSU_OPT_SACK;
		e.sack_count = 1;
		e.sack[0] = (struct aksu_event_sack){e.irs + 5793, e.irs + 5793 + 1448 * i};
		acks[i] = (struct sent){C, e};
		aksu_ladder_event(l, C, &e);
	}
	for (unsigned i = 0; i <= 3; i++)
		arrive(l, acks[i], 1107 * MS, -1);
	s = out(l, D, 1108 * MS, A, 4345, 79, 1448, AKSU_WHY_FAST_RETRANSMIT);
	arrive(l, s, 1129 * MS, -1);
	s = out(l, C, 1129 * MS, A, 79, 10137, 0, AKSU_WHY_ACK);
	arrive(l, s, 1149 * MS, -1);
	state(l, C, 13529 * MS, AKSU_STATE_FIN_WAIT_1);
	s = out(l, C, 13529 * MS, F | A, 79, 10137, 0, AKSU_WHY_FIN);
	arrive(l, s, 13549 * MS, AKSU_STATE_CLOSE_WAIT);
	s = out(l, D, 13549 * MS, A, 10137, 80, 0, AKSU_WHY_ACK);
	state(l, D, 13551 * MS, AKSU_STATE_LAST_ACK);
	data[0] = out(l, D, 13551 * MS, F | A, 10137, 80, 0, AKSU_WHY_FIN);
	arrive(l, s, 13569 * MS, AKSU_STATE_FIN_WAIT_2);
	arrive(l, data[0], 13571 * MS, AKSU_STATE_TIME_WAIT);
	s.e = event(C, 13571 * MS, AKSU_EVENT_SEGMENT_OUT);
	s.side = C;
	s.e.packet = ++last_packet;
	s.e.flags = A;
	s.e.seq = s.e.iss + 80;
	s.e.ack = s.e.irs + 10138;
	s.e.window = 1000;
	s.e.state = AKSU_STATE_TIME_WAIT;
	s.e.why = AKSU_WHY_ACK;
	aksu_ladder_event(l, C, &s.e);
	arrive(l, s, 13591 * MS, AKSU_STATE_CLOSED);
	timer(l, C, 73571 * MS, AKSU_TIMER_LIFE);
	state(l, C, 73571 * MS, AKSU_STATE_CLOSED);
}

static void the_ladder_of_the_design(void **unused)
{
	struct aksu_ladder *l = begin(0);

	(void)unused;
	draw_http(l);
	/* clang-format off */
	expect(l,
	"10.0.0.1:49152 (client) ⇄ 10.0.0.2:80 (server)   link 20 ms, 10 Mbit/s   seed 7\n"
	"    time      client │····· seq,ack are relative ·····│ server      mark\n"
	"   0.000    SYN-SENT │── SYN 0 ──────────────────────▶│ SYN-RCVD    mss ws sk\n"
	"   0.020             │           ✗───── SYN·ACK 0,1 ──│             ✗ lost\n"
	"   1.000             │── SYN 0 ──────────────────────▶│             R rto 1.0s\n"
	"   1.020 ESTABLISHED │◀──────────────── SYN·ACK 0,1 ──│             R\n"
	"   1.040             │── ACK 1,1 ────────────────────▶│ ESTABLISHED\n"
	"   1.040             │── data 1,1 len 78 ────────────▶│             P\n"
	"   1.060             │◀───────── data 1,79 len 1448 ──│             win 1000\n"
	"   1.061             │◀─────── 2× data 1449‥4344,79 ──│\n"
	"   1.063             │    ✗── data 4345,79 len 1448 ──│             ✗ lost\n"
	"   1.064             │◀────── 3× data 5793‥10136,79 ──│\n"
	"   1.086             │── ACK 79,4345 ────────────────▶│\n"
	"   1.087             │─ 3× ACK 79,4345 sk 5793-10137 ▶│             D3\n"
	"   1.108             │◀────── data 4345,79 len 1448 ──│             R fast\n"
	"   1.129             │── ACK 79,10137 ───────────────▶│             filled\n"
	"                     │········· 12.4 s quiet ·········│\n"
	"  13.529  FIN-WAIT-1 │── FIN·ACK 79,10137 ───────────▶│ CLOSE-WAIT\n"
	"  13.549  FIN-WAIT-2 │◀─────────────── ACK 10137,80 ──│\n"
	"  13.551   TIME-WAIT │◀─────────── FIN·ACK 10137,80 ──│ LAST-ACK\n"
	"  13.571             │── ACK 80,10138 ───────────────▶│ CLOSED      2MSL 60s\n"
	"                     │········· 60.0 s quiet ·········│\n"
	"  73.571      CLOSED │                                │             2MSL is over\n");
	/* clang-format on */
}

static void ascii_has_seven_bits_and_the_same_shape(void **unused)
{
	struct aksu_ladder *l = begin(AKSU_LADDER_ASCII);

	(void)unused;
	draw_http(l);
	/* clang-format off */
	expect(l,
	"10.0.0.1:49152 (client) <> 10.0.0.2:80 (server)   link 20 ms, 10 Mbit/s   seed 7\n"
	"    time      client |..... seq,ack are relative .....| server      mark\n"
	"   0.000    SYN-SENT |-- SYN 0 ---------------------->| SYN-RCVD    mss ws sk\n"
	"   0.020             |           X----- SYN+ACK 0,1 --|             X lost\n"
	"   1.000             |-- SYN 0 ---------------------->|             R rto 1.0s\n"
	"   1.020 ESTABLISHED |<---------------- SYN+ACK 0,1 --|             R\n"
	"   1.040             |-- ACK 1,1 -------------------->| ESTABLISHED\n"
	"   1.040             |-- data 1,1 len 78 ------------>|             P\n"
	"   1.060             |<--------- data 1,79 len 1448 --|             win 1000\n"
	"   1.061             |<------ 2x data 1449..4344,79 --|\n"
	"   1.063             |    X-- data 4345,79 len 1448 --|             X lost\n"
	"   1.064             |<----- 3x data 5793..10136,79 --|\n"
	"   1.086             |-- ACK 79,4345 ---------------->|\n"
	"   1.087             |- 3x ACK 79,4345 sk 5793-10137 >|             D3\n"
	"   1.108             |<------ data 4345,79 len 1448 --|             R fast\n"
	"   1.129             |-- ACK 79,10137 --------------->|             filled\n"
	"                     |......... 12.4 s quiet .........|\n"
	"  13.529  FIN-WAIT-1 |-- FIN+ACK 79,10137 ----------->| CLOSE-WAIT\n"
	"  13.549  FIN-WAIT-2 |<--------------- ACK 10137,80 --|\n"
	"  13.551   TIME-WAIT |<----------- FIN+ACK 10137,80 --| LAST-ACK\n"
	"  13.571             |-- ACK 80,10138 --------------->| CLOSED      2MSL 60s\n"
	"                     |......... 60.0 s quiet .........|\n"
	"  73.571      CLOSED |                                |             2MSL is over\n");
	/* clang-format on */
}

/* RFC 9293 Figure 7: two SYNs cross; each side's states stand in their order. */
static void must_10_crossing_syns_are_drawn_apart(void **unused)
{
	struct aksu_ladder *l = begin(0);
	struct sent a, b;

	(void)unused;
	state(l, C, 0, AKSU_STATE_SYN_SENT);
	a = out(l, C, 0, S, 0, 0, 0, AKSU_WHY_HANDSHAKE);
	state(l, D, 0, AKSU_STATE_SYN_SENT);
	b = out(l, D, 0, S, 0, 0, 0, AKSU_WHY_HANDSHAKE);
	arrive(l, b, 20 * MS, AKSU_STATE_SYN_RECEIVED);
	arrive(l, a, 20 * MS, AKSU_STATE_SYN_RECEIVED);
	a = out(l, C, 20 * MS, S | A, 0, 1, 0, AKSU_WHY_HANDSHAKE);
	b = out(l, D, 20 * MS, S | A, 0, 1, 0, AKSU_WHY_HANDSHAKE);
	arrive(l, b, 40 * MS, AKSU_STATE_ESTABLISHED);
	arrive(l, a, 40 * MS, AKSU_STATE_ESTABLISHED);
	/* clang-format off */
	expect(l,
	"10.0.0.1:49152 (client) ⇄ 10.0.0.2:80 (server)   link 20 ms, 10 Mbit/s   seed 7\n"
	"    time      client │····· seq,ack are relative ·····│ server      mark\n"
	"   0.000    SYN-SENT │── SYN 0 ───────────╮           │             mss ws sk\n"
	"   0.000             │           ╭─────────── SYN 0 ──│ SYN-SENT    mss ws sk\n"
	"   0.020    SYN-RCVD │◀────────── SYN 0 ──╯           │             mss ws sk\n"
	"   0.020             │           ╰── SYN 0 ──────────▶│ SYN-RCVD    mss ws sk\n"
	"   0.020             │── SYN·ACK 0,1 ────────────────▶│ ESTABLISHED mss ws sk\n"
	"   0.020 ESTABLISHED │◀──────────────── SYN·ACK 0,1 ──│             mss ws sk\n");
	/* clang-format on */
}

/* A segment that the link cuts is as many as it is cut into, and folds with others. */
static void a_segment_for_several_is_counted(void **unused)
{
	struct aksu_ladder *l = begin(0);
	struct aksu_event e = event(C, 0, AKSU_EVENT_SEGMENT_OUT);

	(void)unused;
	for (uint32_t k = 0; k < 2; k++) {
		e.packet = ++last_packet;
		e.flags = A;
		e.window = 1000;
		e.seq = e.iss + 1 + k * 4380;
		e.ack = e.irs + 1;
		e.length = 4380;
		e.segments = 3;
		e.mss = 1460;
		e.why = AKSU_WHY_DATA;
		aksu_ladder_event(l, C, &e);
	}
	/* clang-format off */
	expect(l,
	"10.0.0.1:49152 (client) ⇄ 10.0.0.2:80 (server)   link 20 ms, 10 Mbit/s   seed 7\n"
	"    time      client │····· seq,ack are relative ·····│ server      mark\n"
	"   0.000             │── 6× data 1‥8760,1 ───────────▶│\n");
	/* clang-format on */
}

/* What a wire does to segments besides losing them, and what the receiver says to it. */
static void what_the_wire_did_is_marked(void **unused)
{
	struct aksu_ladder *l = begin(0);
	struct aksu_event drop;
	struct sent s, t;

	(void)unused;
	s = out(l, C, 0, A, 1, 1, 100, AKSU_WHY_DATA);
	fate(l, s, AKSU_FATE_CORRUPTED, 0, 0);
	drop = event(D, 20 * MS, AKSU_EVENT_DROP);
	drop.packet = s.e.packet;
	drop.drop = AKSU_DROP_TCP_CHECKSUM;
	aksu_ladder_event(l, D, &drop);
	fate(l, s, AKSU_FATE_ARRIVED, 20 * MS, 0);
	s = out(l, C, 30 * MS, A, 1, 1, 100, AKSU_WHY_DATA);
	fate(l, s, AKSU_FATE_DUPLICATED, 30 * MS, 0);
	arrive(l, s, 50 * MS, -1);
	arrive(l, s, 50 * MS, -1);
	s = out(l, C, 60 * MS, A, 101, 1, 100, AKSU_WHY_DATA);
	fate(l, s, AKSU_FATE_DELAYED, 60 * MS, 15 * MS);
	t = out(l, C, 61 * MS, A, 201, 1, 100, AKSU_WHY_DATA);
	arrive(l, t, 81 * MS, -1);
	arrive(l, s, 95 * MS, -1);
	s = out(l, C, 100 * MS, A, 301, 1, 100, AKSU_WHY_DATA);
	fate(l, s, AKSU_FATE_QUEUE, 100 * MS, 0);
	s = out(l, C, 101 * MS, A, 301, 1, 1400, AKSU_WHY_DATA);
	fate(l, s, AKSU_FATE_TOO_BIG, 101 * MS, 0);
	/* clang-format off */
	expect(l,
	"10.0.0.1:49152 (client) ⇄ 10.0.0.2:80 (server)   link 20 ms, 10 Mbit/s   seed 7\n"
	"    time      client │····· seq,ack are relative ·····│ server      mark\n"
	"   0.000             │── data 1,1 len 100 ───────────✗│             ✗ corrupt\n"
	"   0.030             │── data 1,1 len 100 ───────────▶│\n"
	"   0.030             │── data 1,1 len 100 ───────────▶│             copy\n"
	"   0.060             │── data 101,1 len 100 ─────────▶│             late 15 ms\n"
	"   0.061             │── data 201,1 len 100 ─────────▶│\n"
	"   0.100             │── data 301,1 len 100 ───✗      │             ✗ queue full\n"
	"   0.101             │── data 301,1 len 1400 ──✗      │             ✗ too big\n");
	/* clang-format on */
}

/* RFC 9293 Figure 13: both sides close at once. */
static void crossing_fins_are_drawn_apart(void **unused)
{
	struct aksu_ladder *l = begin(0);
	struct sent a, b;

	(void)unused;
	state(l, C, 0, AKSU_STATE_FIN_WAIT_1);
	a = out(l, C, 0, F | A, 1, 1, 0, AKSU_WHY_FIN);
	state(l, D, 5 * MS, AKSU_STATE_FIN_WAIT_1);
	b = out(l, D, 5 * MS, F | A, 1, 1, 0, AKSU_WHY_FIN);
	arrive(l, a, 20 * MS, AKSU_STATE_CLOSING);
	a = out(l, D, 20 * MS, A, 2, 2, 0, AKSU_WHY_ACK);
	arrive(l, b, 25 * MS, AKSU_STATE_CLOSING);
	b = out(l, C, 25 * MS, A, 2, 2, 0, AKSU_WHY_ACK);
	arrive(l, a, 40 * MS, AKSU_STATE_TIME_WAIT);
	arrive(l, b, 45 * MS, AKSU_STATE_TIME_WAIT);
	/* clang-format off */
	expect(l,
	"10.0.0.1:49152 (client) ⇄ 10.0.0.2:80 (server)   link 20 ms, 10 Mbit/s   seed 7\n"
	"    time      client │····· seq,ack are relative ·····│ server      mark\n"
	"   0.000  FIN-WAIT-1 │── FIN·ACK 1,1 ────────╮        │\n"
	"   0.005             │        ╭──────── FIN·ACK 1,1 ──│ FIN-WAIT-1\n"
	"   0.020             │        ╰── FIN·ACK 1,1 ───────▶│ CLOSING\n"
	"   0.020             │          ╭────────── ACK 2,2 ──│\n"
	"   0.025     CLOSING │◀─────── FIN·ACK 1,1 ──╯        │\n"
	"   0.025             │── ACK 2,2 ────────────────────▶│ TIME-WAIT\n"
	"   0.040   TIME-WAIT │◀───────── ACK 2,2 ──╯          │\n");
	/* clang-format on */
}

/* A long transfer: some turns as they are, then each direction grows one row, until a loss. */
static void a_steady_exchange_is_gathered(void **unused)
{
	struct aksu_ladder *l = begin(0);

	(void)unused;
	for (unsigned i = 0; i < 40; i++) {
		struct sent s = out(l, C, i * MS, A, 1 + 1000 * i, 1, 1000, AKSU_WHY_DATA);

		if (i == 30) {
			lose(l, s);
			continue;
		}
		arrive(l, s, i * MS, -1);
		s = out(l, D, i * MS, A, 1, i < 30 ? 1001 + 1000 * i : 30001, 0,
			i < 30 ? AKSU_WHY_ACK : AKSU_WHY_DUP_ACK);
		arrive(l, s, i * MS, -1);
	}
	/* clang-format off */
	expect(l,
	"10.0.0.1:49152 (client) ⇄ 10.0.0.2:80 (server)   link 20 ms, 10 Mbit/s   seed 7\n"
	"    time      client │····· seq,ack are relative ·····│ server      mark\n"
	"   0.000             │── data 1,1 len 1000 ──────────▶│\n"
	"   0.000             │◀───────────────── ACK 1,1001 ──│\n"
	"   0.001             │── data 1001,1 len 1000 ───────▶│\n"
	"   0.001             │◀───────────────── ACK 1,2001 ──│\n"
	"   0.002             │── data 2001,1 len 1000 ───────▶│\n"
	"   0.002             │◀───────────────── ACK 1,3001 ──│\n"
	"   0.003             │── data 3001,1 len 1000 ───────▶│\n"
	"   0.003             │◀──────────── 27× ACK 1,30001 ──│\n"
	"   0.004             │── 26× data 4001‥30000,1 ──────▶│\n"
	"   0.030             │── data 30001,1 len 1000 ──✗    │             ✗ lost\n"
	"   0.031             │── data 31001,1 len 1000 ──────▶│\n"
	"   0.031             │◀──────────────── ACK 1,30001 ──│             D1\n"
	"   0.032             │── data 32001,1 len 1000 ──────▶│\n"
	"   0.032             │◀──────────────── ACK 1,30001 ──│             D2\n"
	"   0.033             │── data 33001,1 len 1000 ──────▶│\n"
	"   0.033             │◀──────────────── ACK 1,30001 ──│             D3\n"
	"   0.034             │── data 34001,1 len 1000 ──────▶│\n"
	"   0.034             │◀───────────── 6× ACK 1,30001 ──│             D9\n"
	"   0.035             │── 5× data 35001‥40000,1 ──────▶│\n");
	/* clang-format on */
}

static void a_listener_that_closes_is_not_drawn(void **unused)
{
	struct aksu_ladder *l = begin(AKSU_LADDER_ONE_SIDED);
	struct aksu_event e = event(D, MS, AKSU_EVENT_STATE);

	(void)unused;
	e.from = AKSU_STATE_LISTEN;
	e.state = AKSU_STATE_CLOSED;
	e.remote = (struct aksu_addr){{0}};
	e.remote_port = 0;
	aksu_ladder_event(l, D, &e);
	aksu_ladder_flush(l);
	assert_string_equal(printed, "");
	aksu_ladder_free(l);
}

/* One host's events only: rows leave at once, and the other's states carry a "~". */
static void a_live_ladder_infers_the_other_side(void **unused)
{
	struct aksu_ladder *l = begin(AKSU_LADDER_ONE_SIDED | AKSU_LADDER_FINE);
	static const struct {
		uint8_t flags;
		uint32_t seq, ack, length;
		int state;
		bool in;
	} rows[] = {
		{S, 0, 0, 0, AKSU_STATE_SYN_RECEIVED, true},
		{S | A, 0, 1, 0, -1, false},
		{A, 1, 1, 0, AKSU_STATE_ESTABLISHED, true},
		{A | P, 1, 1, 5, -1, true},
		{A | P, 1, 6, 5, -1, false},
		{F | A, 6, 6, 0, AKSU_STATE_CLOSE_WAIT, true},
		{A, 6, 7, 0, -1, false},
		{F | A, 6, 7, 0, AKSU_STATE_LAST_ACK, false},
		{A, 7, 7, 0, AKSU_STATE_CLOSED, true},
	};

	(void)unused;
	for (unsigned i = 0; i < COUNT_OF(rows); i++) {
		struct aksu_event e = event(D, i * MS, AKSU_EVENT_SEGMENT_OUT);

		if (!rows[i].in && rows[i].state >= 0)
			state(l, D, i * MS, (enum aksu_state)rows[i].state);
		e.kind = rows[i].in ? AKSU_EVENT_SEGMENT_IN : AKSU_EVENT_SEGMENT_OUT;
		e.flags = rows[i].flags;
		e.seq = rows[i].seq + (rows[i].in ? e.irs : e.iss);
		e.ack = rows[i].ack + (rows[i].in ? e.iss : e.irs);
		e.length = rows[i].length;
		e.window = 100;
		aksu_ladder_event(l, D, &e);
		if (rows[i].in && rows[i].state >= 0)
			state(l, D, i * MS, (enum aksu_state)rows[i].state);
		if (i == 2) {
			aksu_ladder_tick(l, 3 * MS);
			assert_non_null(strstr(printed, "ACK 1,1"));
		}
	}
	/* clang-format off */
	expect(l,
	"10.0.0.1:49152 (client) ⇄ 10.0.0.2:80 (server)   link 20 ms, 10 Mbit/s   seed 7\n"
	"      time       client │··· seq,ack are relative ····│ server      mark\n"
	"  0.000000    ~SYN-SENT │── SYN 0 ───────────────────▶│ SYN-RCVD\n"
	"  0.001000 ~ESTABLISHED │◀───────────── SYN·ACK 0,1 ──│\n"
	"  0.002000              │── ACK 1,1 ─────────────────▶│ ESTABLISHED\n"
	"  0.003000              │── data 1,1 len 5 ──────────▶│             P\n"
	"  0.004000              │◀────────── data 1,6 len 5 ──│             P\n"
	"  0.005000  ~FIN-WAIT-1 │── FIN·ACK 6,6 ─────────────▶│ CLOSE-WAIT\n"
	"  0.006000  ~FIN-WAIT-2 │◀───────────────── ACK 6,7 ──│\n"
	"  0.007000   ~TIME-WAIT │◀───────────── FIN·ACK 6,7 ──│ LAST-ACK\n"
	"  0.008000              │── ACK 7,7 ─────────────────▶│ CLOSED\n");
	/* clang-format on */
}

/* The application closes while the peer's FIN is taken in: that state goes with our FIN. */
static void an_answer_to_a_fin_is_not_the_fins_doing(void **unused)
{
	struct aksu_ladder *l = begin(AKSU_LADDER_ONE_SIDED);
	struct aksu_event e = event(D, 0, AKSU_EVENT_SEGMENT_IN);

	(void)unused;
	e.flags = F | A;
	e.seq = e.irs + 1;
	e.ack = e.iss + 1;
	aksu_ladder_event(l, D, &e);
	state(l, D, 0, AKSU_STATE_CLOSE_WAIT);
	state(l, D, 0, AKSU_STATE_LAST_ACK);
	out(l, D, 0, F | A, 1, 2, 0, AKSU_WHY_FIN);
	aksu_ladder_flush(l);
	assert_non_null(strstr(printed, "── FIN·ACK 1,1 ────────────────▶│ CLOSE-WAIT"));
	assert_non_null(strstr(printed, "◀──────────────── FIN·ACK 1,2 ──│ LAST-ACK"));
	aksu_ladder_free(l);
}

static void allocations_that_fail_lose_rows_and_nothing_else(void **unused)
{
	struct aksu_ladder *l;

	(void)unused;
	allocations_left = 0;
	assert_null(begin(0));
	allocations_left = 1;
	assert_null(begin(0));
	allocations_left = 2;
	l = begin(AKSU_LADDER_ALL);
	for (unsigned i = 0; i < 300; i++)
		out(l, C, i * MS, A, 1 + i, 1, 1, AKSU_WHY_DATA);
	aksu_ladder_flush(l);
	aksu_ladder_free(l);
	allocations_left = SIZE_MAX;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_ladder_of_the_design),
		cmocka_unit_test(ascii_has_seven_bits_and_the_same_shape),
		cmocka_unit_test(must_10_crossing_syns_are_drawn_apart),
		cmocka_unit_test(a_segment_for_several_is_counted),
		cmocka_unit_test(what_the_wire_did_is_marked),
		cmocka_unit_test(crossing_fins_are_drawn_apart),
		cmocka_unit_test(a_steady_exchange_is_gathered),
		cmocka_unit_test(a_live_ladder_infers_the_other_side),
		cmocka_unit_test(a_listener_that_closes_is_not_drawn),
		cmocka_unit_test(an_answer_to_a_fin_is_not_the_fins_doing),
		cmocka_unit_test(allocations_that_fail_lose_rows_and_nothing_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
