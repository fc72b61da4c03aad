/* SPDX-License-Identifier: MIT */
/*
 * stack/passive_test.c - SYN queue, accept queue, cookies, and what becomes of them.
 *
 * RFC 9293 section 3.10.7.2, RFC 4987; rows B5 to B11 of the list of gotchas.
 */
#include "support/stack_bench.h"

static struct stack_bench b;
static struct bench_packet got;

static unsigned records(int state)
{
	struct aksu_info info;
	uint64_t cursor = 0;
	unsigned n = 0;

	while (aksu_next_info(b.n[0].s, &cursor, &info)) {
		assert_true(info.state != AKSU_STATE_SYN_RECEIVED || info.conn != 0);
		n += info.state == state;
	}
	return n;
}

static struct bench_peer client(uint16_t port)
{
	return bench_peer("10.0.0.9", port, &b.n[0].v4, 7);
}

static void start(const struct bench_options *o) { bench_start(&b, 1, o); }

/* Moves on to `at` by way of every deadline; counts the segments sent on the way. */
static unsigned sent_until(aksu_time at)
{
	unsigned n = 0;

	while (b.now < at) {
		b.now = min_u64(at, max_u64(b.now, aksu_deadline(b.n[0].s)));
		aksu_advance(b.n[0].s, b.now);
		while (bench_take(&b, &got))
			n++;
	}
	return n;
}

static void a_handshake_waits_to_be_accepted(void **state)
{
	struct bench_peer p;
	aksu_socket l, c;

	(void)state;
	start(NULL);
	l = bench_listen(&b, 0, 7, 2);
	p = client(4000);
	assert_int_equal(bench_say(&b, &p, AKSU_SYN, NULL), 1);
	assert_int_equal(records(AKSU_STATE_SYN_RECEIVED), 1);
	assert_int_equal(bench_hear(&b, &p, &got)->flags, AKSU_SYN | AKSU_ACK);
	assert_int_equal(bench_news(&b, 0, l), 0);
	assert_int_equal(aksu_accept(b.n[0].s, l, &c), -AKSU_EAGAIN);
	bench_say(&b, &p, AKSU_ACK, "text with it");
	assert_int_equal(records(AKSU_STATE_SYN_RECEIVED), 0);
	assert_int_equal(bench_news(&b, 0, l), AKSU_READABLE);
	assert_int_equal(aksu_accept(b.n[0].s, l, &c), 0);
	assert_int_equal(bench_state(&b, 0, c), AKSU_STATE_ESTABLISHED);
	assert_int_equal(bench_option(&b, 0, c, AKSU_TCP_UNREAD), 12);
	assert_int_equal(aksu_counters(b.n[0].s)->connections_accepted, 1);
	bench_end(&b);
}

/* MUST-23's sister on the passive side: 1, 2, 4, 8, 16 and 32 s apart, then silently forgotten. */
static void the_syn_ack_is_sent_six_times(void **state)
{
	static const unsigned at[] = {1, 3, 7, 15, 31};
	struct bench_peer p;
	aksu_time begin;
	uint32_t iss;

	(void)state;
	start(NULL);
	bench_listen(&b, 0, 7, 2);
	p = client(4000);
	begin = b.now;
	bench_say(&b, &p, AKSU_SYN, NULL);
	iss = seq_raw(bench_hear(&b, &p, &got)->seq);
	for (unsigned k = 0; k < COUNT_OF(at); k++) {
		assert_int_equal(sent_until(begin + at[k] * AKSU_SECOND - AKSU_MILLISECOND), 0);
		assert_int_equal(sent_until(begin + at[k] * AKSU_SECOND + 4 * AKSU_MILLISECOND), 1);
		assert_int_equal(seq_raw(got.seg.seq), iss); /* B11 */
		assert_int_equal(got.seg.opts.present, AKSU_OPT_MSS);
	}
	assert_int_equal(aksu_counters(b.n[0].s)->retransmissions, 5);
	assert_int_equal(sent_until(begin + 62 * AKSU_SECOND), 0);
	assert_int_equal(records(AKSU_STATE_SYN_RECEIVED), 1);
	assert_int_equal(sent_until(begin + 64 * AKSU_SECOND), 0);
	assert_int_equal(records(AKSU_STATE_SYN_RECEIVED), 0);
	assert_true(aksu_deadline(b.n[0].s) == AKSU_NEVER);
	bench_end(&b);
}

/* Nothing was pending for an hour, so nobody called aksu_advance(): the record is not overdue. */
static void an_idle_hour_makes_no_record_late(void **state)
{
	struct bench_peer p;

	(void)state;
	start(NULL);
	bench_listen(&b, 0, 7, 2);
	for (unsigned k = 0; k < 3; k++) {
		assert_true(aksu_deadline(b.n[0].s) == AKSU_NEVER);
		b.now += 3600 * AKSU_SECOND + 12345;
		p = client((uint16_t)(4000 + k));
		bench_say(&b, &p, AKSU_SYN, NULL);
		assert_true(aksu_deadline(b.n[0].s) > b.now + 990 * AKSU_MILLISECOND);
		assert_true(aksu_deadline(b.n[0].s) < b.now + 1010 * AKSU_MILLISECOND);
		aksu_advance(b.n[0].s, b.now);
		bench_hear(&b, &p, &got);
		bench_silent(&b);
		bench_say(&b, &p, AKSU_RST, NULL); /* gone again */
		assert_int_equal(records(AKSU_STATE_SYN_RECEIVED), 0);
	}
	assert_int_equal(aksu_counters(b.n[0].s)->retransmissions, 0);
	bench_end(&b);
}

/* D17: the machine slept; each record is sent once, not as often as would have been due. */
static void d17_a_clock_that_jumped_sends_no_burst(void **state)
{
	static const aksu_time jumps[] = {20, 50, 100, 100000};

	(void)state;
	for (unsigned k = 0; k < COUNT_OF(jumps); k++) {
		struct bench_peer p;

		start(NULL);
		bench_listen(&b, 0, 7, 20);
		for (unsigned i = 0; i < 10; i++) {
			p = client((uint16_t)(4000 + i));
			bench_say(&b, &p, AKSU_SYN, NULL);
			bench_hear(&b, &p, &got);
		}
		b.now += jumps[k] * AKSU_SECOND;
		aksu_advance(b.n[0].s, b.now);
		for (unsigned i = 0; i < 10; i++)
			assert_true(bench_take(&b, &got));
		bench_silent(&b);
		assert_true(aksu_deadline(b.n[0].s) > b.now);
		bench_end(&b);
	}
}

/* B6, MUST-11: an embryonic child killed by RST frees its place; nobody is told. */
static void b6_a_reset_frees_the_record(void **state)
{
	struct bench_options o = {.config = {.syn_queue = 1}};
	struct bench_peer p, q;

	(void)state;
	start(&o);
	bench_listen(&b, 0, 7, 2);
	p = client(4000);
	q = client(4001);
	bench_say(&b, &p, AKSU_SYN, NULL);
	bench_hear(&b, &p, &got);
	bench_say(&b, &p, AKSU_RST, NULL); /* exactly at RCV.NXT */
	assert_int_equal(records(AKSU_STATE_SYN_RECEIVED), 0);
	bench_silent(&b);
	bench_say(&b, &q, AKSU_SYN, NULL);
	assert_int_equal(records(AKSU_STATE_SYN_RECEIVED), 1);
	assert_int_equal(aksu_counters(b.n[0].s)->syn_cookies_sent, 0);
	/* C1: in the window but not exact: challenged, and the record stays. */
	bench_hear(&b, &q, &got);
	q.seq += 5;
	bench_say(&b, &q, AKSU_RST, NULL);
	assert_int_equal(bench_hear(&b, &q, &got)->flags, AKSU_ACK);
	assert_int_equal(records(AKSU_STATE_SYN_RECEIVED), 1);
	bench_end(&b);
}

/* A SYN that comes again is answered again: counted, and marked in the events. */
static void a_repeated_syn_is_answered_with_the_same(void **state)
{
	struct bench_options o = {.events = AKSU_EVENT_BIT(AKSU_EVENT_SEGMENT_OUT)};
	struct bench_peer p;
	struct aksu_event e;
	uint32_t iss = 0;

	(void)state;
	start(&o);
	bench_listen(&b, 0, 7, 2);
	p = client(4000);
	for (unsigned k = 0; k < 3; k++) {
		p.seq = 1000;
		bench_say(&b, &p, AKSU_SYN, NULL);
		assert_int_equal(bench_hear(&b, &p, &got)->flags, AKSU_SYN | AKSU_ACK);
		iss = k == 0 ? seq_raw(got.seg.seq) : iss;
		assert_int_equal(seq_raw(got.seg.seq), iss);
		assert_true(aksu_event_take(&b.n[0].events, &e));
		assert_int_equal(e.retransmission, k);
		assert_int_equal(aksu_counters(b.n[0].s)->retransmissions, k);
	}
	bench_end(&b);
}

/* B7: a full accept queue drops SYN and final ACK, resets nobody, and catches up later. */
static void b7_a_full_accept_queue_makes_peers_wait(void **state)
{
	struct bench_peer p, q, r;
	aksu_socket l, c;

	(void)state;
	start(NULL);
	l = bench_listen(&b, 0, 7, 1);
	p = client(4000);
	q = client(4001);
	r = client(4002);
	bench_say(&b, &p, AKSU_SYN, NULL);
	bench_hear(&b, &p, &got);
	bench_say(&b, &q, AKSU_SYN, NULL);
	bench_hear(&b, &q, &got);
	assert_int_equal(bench_say(&b, &p, AKSU_ACK, NULL), 1);
	assert_int_equal(bench_say(&b, &q, AKSU_ACK, NULL), 0);
	assert_int_equal(bench_say(&b, &r, AKSU_SYN, NULL), 0);
	assert_int_equal(bench_drops(&b, 0, AKSU_DROP_ACCEPT_QUEUE_FULL), 2);
	bench_silent(&b);
	assert_int_equal(aksu_accept(b.n[0].s, l, &c), 0);
	assert_int_equal(aksu_accept(b.n[0].s, l, &c), -AKSU_EAGAIN);
	/* Our SYN-ACK comes again, and its ACK completes the second. */
	b.now += AKSU_SECOND + 4 * AKSU_MILLISECOND;
	aksu_advance(b.n[0].s, b.now);
	assert_int_equal(bench_hear(&b, &q, &got)->flags, AKSU_SYN | AKSU_ACK);
	assert_int_equal(bench_say(&b, &q, AKSU_ACK, NULL), 1);
	assert_int_equal(aksu_accept(b.n[0].s, l, &c), 0);
	bench_end(&b);
}

/* MUST-48, MUST-49: what the listener chose is on its SYN-ACKs too, and is inherited. */
static void must_49_ttl_and_tos_hold_from_the_syn_ack_on(void **state)
{
	struct bench_peer p;
	aksu_socket l, c;

	(void)state;
	start(NULL);
	l = bench_listen(&b, 0, 7, 1);
	assert_int_equal(aksu_set_option(b.n[0].s, l, AKSU_IP_TTL, 255, b.now), 0);
	assert_int_equal(aksu_set_option(b.n[0].s, l, AKSU_IP_TOS, 0xb8, b.now), 0);
	p = client(4000);
	bench_say(&b, &p, AKSU_SYN, NULL);
	bench_hear(&b, &p, &got);
	assert_int_equal(got.ttl, 255);
	assert_int_equal(got.tos, 0xb8);
	bench_say(&b, &p, AKSU_ACK, NULL);
	assert_int_equal(aksu_accept(b.n[0].s, l, &c), 0);
	assert_int_equal(bench_option(&b, 0, c, AKSU_IP_TTL), 255);
	assert_int_equal(aksu_abort(b.n[0].s, c, b.now), 0);
	assert_true(seg_has(bench_hear(&b, &p, &got), AKSU_RST));
	assert_int_equal(got.ttl, 255);
	assert_int_equal(got.tos, 0xb8);
	bench_end(&b);
}

/* ---------------------------------------------------------------- cookies */

static void fill_queue(unsigned n)
{
	for (unsigned k = 0; k < n; k++) {
		struct bench_peer p = client((uint16_t)(20000 + k));

		bench_say(&b, &p, AKSU_SYN, NULL);
		bench_hear(&b, &p, &got);
	}
	assert_int_equal(records(AKSU_STATE_SYN_RECEIVED), n);
	assert_int_equal(aksu_counters(b.n[0].s)->syn_cookies_sent, 0);
}

static struct bench_peer cookie_from(uint16_t port, uint8_t options)
{
	struct bench_peer p = client(port);

	p.options = options;
	p.wscale = 9;
	p.mss = 1400;
	bench_say(&b, &p, AKSU_SYN, NULL);
	assert_int_equal(bench_hear(&b, &p, &got)->flags, AKSU_SYN | AKSU_ACK);
	return p;
}

/* B8: no cookie while there is room; then no memory, and the ACK brings everything back. */
static void b8_a_cookie_remembers_the_options(void **state)
{
	struct bench_options o = {.config = {.syn_queue = 4}};
	struct bench_peer p;
	struct aksu_info info;
	aksu_socket l, c;

	(void)state;
	start(&o);
	l = bench_listen(&b, 0, 7, 9);
	fill_queue(4);
	p = cookie_from(5000, AKSU_OPT_MSS | AKSU_OPT_WSCALE | AKSU_OPT_SACK_OK | AKSU_OPT_TS);
	assert_int_equal(aksu_counters(b.n[0].s)->syn_cookies_sent, 1);
	assert_int_equal(records(AKSU_STATE_SYN_RECEIVED), 4);
	b.now += 60 * AKSU_MILLISECOND;
	p.tsval += 60;
	bench_say(&b, &p, AKSU_ACK, "GET");
	assert_int_equal(aksu_counters(b.n[0].s)->syn_cookies_good, 1);
	assert_int_equal(aksu_accept(b.n[0].s, l, &c), 0);
	assert_int_equal(aksu_info(b.n[0].s, c, &info), 0);
	assert_int_equal(info.options, AKSU_OPT_WSCALE | AKSU_OPT_SACK_OK | AKSU_OPT_TS);
	assert_int_equal(info.snd_wscale, 9);
	assert_int_equal(info.snd_mss, 1360 - 12); /* the step below 1400, less timestamps */
	assert_int_equal(bench_option(&b, 0, c, AKSU_TCP_UNREAD), 3);
	/* Without timestamps only the MSS survives, and nothing else was offered. */
	p = cookie_from(5001, AKSU_OPT_MSS | AKSU_OPT_WSCALE | AKSU_OPT_SACK_OK);
	assert_int_equal(got.seg.opts.present, AKSU_OPT_MSS);
	bench_say(&b, &p, AKSU_ACK, NULL);
	assert_int_equal(aksu_accept(b.n[0].s, l, &c), 0);
	assert_int_equal(aksu_info(b.n[0].s, c, &info), 0);
	assert_int_equal(info.options, 0);
	assert_int_equal(info.snd_mss, 1360);
	bench_end(&b);
}

static void b8_a_cookie_that_is_wrong_or_old_is_refused(void **state)
{
	struct bench_options o = {.config = {.syn_queue = 1}};
	struct bench_peer p, q;

	(void)state;
	start(&o);
	bench_listen(&b, 0, 7, 9);
	fill_queue(1);
	p = q = cookie_from(5000, AKSU_OPT_MSS);
	for (uint32_t bit = 0; bit < 32; bit++) {
		q = p;
		q.ack ^= (uint32_t)1 << bit;
		assert_int_equal(bench_say(&b, &q, AKSU_ACK, NULL), 0);
		assert_int_equal(bench_hear(&b, &q, &got)->flags, AKSU_RST);
		assert_int_equal(seq_raw(got.seg.seq), q.ack);
	}
	assert_int_equal(bench_drops(&b, 0, AKSU_DROP_COOKIE_BAD), 32);
	assert_int_equal(bench_drops(&b, 0, AKSU_DROP_ACK_AT_LISTEN), 0); /* one name for each */
	q = p;
	q.seq++; /* another ISN of the peer's */
	assert_int_equal(bench_say(&b, &q, AKSU_ACK, NULL), 0);
	bench_hear(&b, &q, &got);
	sent_until(b.now + 200 * AKSU_SECOND);
	assert_int_equal(bench_say(&b, &p, AKSU_ACK, NULL), 0);
	assert_true(seg_has(bench_hear(&b, &p, &got), AKSU_RST));
	assert_int_equal(aksu_counters(b.n[0].s)->syn_cookies_good, 0);
	bench_end(&b);
}

/* An ACK out of the blue costs a reset, not a connection, when no cookie was ever sent. */
static void no_cookie_is_looked_for_when_none_was_sent(void **state)
{
	struct bench_peer p;

	(void)state;
	start(NULL);
	bench_listen(&b, 0, 7, 9);
	p = client(4000);
	p.ack = 77;
	bench_say(&b, &p, AKSU_ACK, NULL);
	assert_true(seg_has(bench_hear(&b, &p, &got), AKSU_RST));
	assert_int_equal(bench_drops(&b, 0, AKSU_DROP_COOKIE_BAD), 0);
	assert_int_equal(bench_drops(&b, 0, AKSU_DROP_ACK_AT_LISTEN), 1);
	bench_end(&b);
}

/* ---------------------------------------------------------------- the listener goes */

/* C-39: half-open children are forgotten, complete ones are reset; what comes later is nobody's. */
static void c39_a_listener_that_closes_takes_its_children_along(void **state)
{
	struct bench_peer p, q;
	aksu_socket l, m;

	(void)state;
	start(NULL);
	l = bench_listen(&b, 0, 7, 5);
	m = bench_listen(&b, 0, 8, 5);
	p = client(4000);
	q = client(4001);
	bench_shake(&b, &p);
	bench_say(&b, &q, AKSU_SYN, NULL);
	bench_hear(&b, &q, &got);
	assert_int_equal(aksu_close(b.n[0].s, l, b.now), 0);
	assert_int_equal(bench_hear(&b, &p, &got)->flags, AKSU_RST | AKSU_ACK);
	assert_int_equal(seq_raw(got.seg.seq), p.ack);
	bench_silent(&b);
	assert_int_equal(records(AKSU_STATE_SYN_RECEIVED), 0);
	assert_int_equal(bench_say(&b, &q, AKSU_ACK, NULL), 0);
	assert_int_equal(bench_hear(&b, &q, &got)->flags, AKSU_RST);
	assert_int_equal(aksu_accept(b.n[0].s, l, &m), -AKSU_EBADF);
	assert_int_equal(bench_drops(&b, 0, AKSU_DROP_NO_CONNECTION), 1);
	bench_end(&b);
}

/* A listener's death with thousands of children resets every one that was complete. */
static void resets_of_our_own_are_not_limited(void **state)
{
	enum { MANY = 1010 };
	aksu_socket l;
	unsigned resets = 0;

	(void)state;
	start(NULL);
	l = bench_listen(&b, 0, 7, MANY);
	for (unsigned k = 0; k < MANY; k++) {
		struct bench_peer p = client((uint16_t)(2000 + k));

		bench_shake(&b, &p);
	}
	/* A thousand resets for strangers are all there is in a second ... */
	for (unsigned k = 0; k < 1100; k++) {
		struct bench_peer p = bench_peer("10.0.0.9", (uint16_t)(2000 + k), &b.n[0].v4, 99);

		bench_say(&b, &p, AKSU_SYN, NULL);
		resets += bench_take(&b, &got);
	}
	assert_int_equal(resets, 1000);
	assert_int_equal(bench_drops(&b, 0, AKSU_DROP_RESET_LIMIT), 100);
	/* ... but who had a connection is told. */
	assert_int_equal(aksu_close(b.n[0].s, l, b.now), 0);
	for (resets = 0; bench_take(&b, &got); resets++)
		;
	assert_int_equal(resets, MANY);
	bench_end(&b);
}

/* ---------------------------------------------------------------- events */

/* Walks the state events of a flow: each begins where the one before ended. */
static unsigned follow(uint16_t port, uint8_t first, uint8_t last)
{
	struct aksu_event e;
	uint8_t at = first;
	uint32_t conn = 0;
	unsigned n = 0;

	for (uint32_t k = b.n[0].events.tail; k != b.n[0].events.head; k++) {
		e = b.n[0].events.events[k & (BENCH_EVENTS - 1)];
		if (e.kind != AKSU_EVENT_STATE || e.remote_port != port)
			continue;
		assert_int_equal(e.from, at);
		assert_true(conn == 0 || e.conn == conn); /* one name through all sizes */
		assert_true(aksu_addr_equal(&e.local, &b.n[0].v4));
		conn = e.conn;
		at = e.state;
		n++;
	}
	assert_int_equal(at, last);
	return n;
}

static void every_edge_is_reported_once(void **state)
{
	struct bench_options o = {.events = AKSU_EVENTS_ALL};
	struct bench_peer p, q;
	aksu_socket l, c;

	(void)state;
	start(&o);
	l = bench_listen(&b, 0, 7, 5);
	p = client(4000);
	q = client(4001);
	bench_shake(&b, &p);
	bench_say(&b, &q, AKSU_SYN, NULL);
	bench_hear(&b, &q, &got);
	assert_int_equal(aksu_accept(b.n[0].s, l, &c), 0);
	aksu_close(b.n[0].s, c, b.now);
	bench_hear(&b, &p, &got);
	bench_say(&b, &p, AKSU_FIN | AKSU_ACK, NULL);
	bench_hear(&b, &p, &got);
	sent_until(b.now + 61 * AKSU_SECOND);
	aksu_close(b.n[0].s, l, b.now);
	/* SYN-RECEIVED ESTABLISHED FIN-WAIT-1 FIN-WAIT-2 TIME-WAIT CLOSED */
	assert_int_equal(follow(4000, AKSU_STATE_LISTEN, AKSU_STATE_CLOSED), 6);
	assert_int_equal(follow(4001, AKSU_STATE_LISTEN, AKSU_STATE_CLOSED), 2);
	bench_end(&b);
}

static void a_listener_has_two_edges(void **state)
{
	struct bench_options o = {.events = AKSU_EVENT_BIT(AKSU_EVENT_STATE)};
	struct aksu_event e;
	aksu_socket l;

	(void)state;
	start(&o);
	l = bench_listen(&b, 0, 7, 5);
	aksu_close(b.n[0].s, l, b.now);
	assert_true(aksu_event_take(&b.n[0].events, &e));
	assert_true(e.from == AKSU_STATE_CLOSED && e.state == AKSU_STATE_LISTEN);
	assert_int_equal(e.local_port, 7);
	assert_true(aksu_event_take(&b.n[0].events, &e));
	assert_true(e.from == AKSU_STATE_LISTEN && e.state == AKSU_STATE_CLOSED);
	assert_int_equal(e.local_port, 7);
	assert_false(aksu_event_take(&b.n[0].events, &e));
	bench_end(&b);
}

/* Every event that a frame caused carries the frame's number. */
static void events_name_the_frame(void **state)
{
	struct bench_options o = {.events = AKSU_EVENTS_ALL};
	struct bench_peer p;
	struct aksu_event e;
	uint8_t junk[3] = {0x45, 0, 0};
	struct aksu_rx rx = {.data = junk, .len = 3, .packet = 4711};

	(void)state;
	start(&o);
	bench_listen(&b, 0, 7, 5);
	while (aksu_event_take(&b.n[0].events, &e))
		;
	rx.link = (uint16_t)b.n[0].link;
	assert_int_equal(aksu_input(b.n[0].s, &rx, 1, b.now), 0);
	assert_true(aksu_event_take(&b.n[0].events, &e));
	assert_int_equal(e.kind, AKSU_EVENT_DROP);
	assert_int_equal(e.packet, 4711);
	assert_int_equal(e.link, b.n[0].link);
	p = client(4000);
	bench_say(&b, &p, AKSU_SYN, NULL);
	bench_hear(&b, &p, &got);
	bench_end(&b);
}

/* ---------------------------------------------------------------- many */

/* The flow table grows and shrinks by one bucket at a time, and loses nobody. */
static void two_hundred_thousand_flows_are_all_found(void **state)
{
	enum { FLOWS = 200000 };
	struct bench_options o = {.config = {.syn_queue = FLOWS, .budget = (size_t)1 << 30}};
	size_t before;
	struct bench_peer p;

	(void)state;
	start(&o);
	bench_listen(&b, 0, 7, 5);
	before = aksu_memory_used(b.n[0].s);
	for (uint32_t k = 0; k < FLOWS; k++) {
		p = client((uint16_t)(1 + k % 60000));
		p.addr.b[15] = (uint8_t)(100 + k / 60000);
		p.seq = k;
		bench_say(&b, &p, AKSU_SYN, NULL);
		bench_take_tcp(&b, &got);
	}
	assert_int_equal(b.n[0].s->flows.count, FLOWS);
	assert_int_equal(aksu_counters(b.n[0].s)->syn_cookies_sent, 0);
	for (uint32_t k = FLOWS; k-- > 0;) {
		p = client((uint16_t)(1 + k % 60000));
		p.addr.b[15] = (uint8_t)(100 + k / 60000);
		p.seq = k + 1;
		bench_say(&b, &p, AKSU_RST, NULL);
		assert_int_equal(b.n[0].s->flows.count, k); /* it was found */
	}
	assert_int_equal(aksu_memory_used(b.n[0].s), before);
	bench_end(&b);
}

/*
 * RFC 7323 2.2: what the SYN-ACK said of the scale holds, whatever becomes of the listener's
 * options before the handshake is complete.
 */
static void the_scale_is_the_one_that_was_announced(void **state)
{
	static const int64_t buffers[] = {300, 2000, 1 << 20, 1 << 28};
	struct bench_peer p;
	struct aksu_info info;
	aksu_socket l, c;

	(void)state;
	for (unsigned k = 0; k < COUNT_OF(buffers) * COUNT_OF(buffers); k++) {
		uint8_t announced;

		bench_start(&b, 1, NULL);
		l = bench_listen(&b, 0, 7, 5);
		assert_int_equal(aksu_set_option(b.n[0].s, l, AKSU_SO_RCVBUF, buffers[k % 4],
						 b.now),
				 0);
		p = client(5000);
		p.options = AKSU_OPT_MSS | AKSU_OPT_WSCALE;
		bench_say(&b, &p, AKSU_SYN, NULL);
		bench_hear(&b, &p, &got);
		announced = got.seg.opts.wscale;
		assert_int_equal(aksu_set_option(b.n[0].s, l, AKSU_SO_RCVBUF, buffers[k / 4],
						 b.now),
				 0);
		bench_say(&b, &p, AKSU_ACK, NULL);
		assert_int_equal(aksu_accept(b.n[0].s, l, &c), 0);
		assert_int_equal(aksu_info(b.n[0].s, c, &info), 0);
		assert_int_equal(info.rcv_wscale, announced);
		bench_end(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_handshake_waits_to_be_accepted),
		cmocka_unit_test(the_scale_is_the_one_that_was_announced),
		cmocka_unit_test(the_syn_ack_is_sent_six_times),
		cmocka_unit_test(an_idle_hour_makes_no_record_late),
		cmocka_unit_test(d17_a_clock_that_jumped_sends_no_burst),
		cmocka_unit_test(b6_a_reset_frees_the_record),
		cmocka_unit_test(a_repeated_syn_is_answered_with_the_same),
		cmocka_unit_test(b7_a_full_accept_queue_makes_peers_wait),
		cmocka_unit_test(must_49_ttl_and_tos_hold_from_the_syn_ack_on),
		cmocka_unit_test(b8_a_cookie_remembers_the_options),
		cmocka_unit_test(b8_a_cookie_that_is_wrong_or_old_is_refused),
		cmocka_unit_test(no_cookie_is_looked_for_when_none_was_sent),
		cmocka_unit_test(c39_a_listener_that_closes_takes_its_children_along),
		cmocka_unit_test(resets_of_our_own_are_not_limited),
		cmocka_unit_test(every_edge_is_reported_once),
		cmocka_unit_test(a_listener_has_two_edges),
		cmocka_unit_test(events_name_the_frame),
		cmocka_unit_test(two_hundred_thousand_flows_are_all_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
