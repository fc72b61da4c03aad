/* SPDX-License-Identifier: MIT */
/*
 * stack/timewait_test.c - the last two minutes of a connection, as a record and still held.
 *
 * RFC 9293 section 3.6.1 (MUST-13, MAY-2), RFC 1337, RFC 6191; rows G1 to G4 and B2.
 */
#include "support/stack_bench.h"

static struct stack_bench b;
static struct bench_packet got;

static unsigned records(int state)
{
	struct aksu_info info;
	uint64_t cursor = 0;
	unsigned n = 0;

	while (aksu_next_info(b.n[0].s, &cursor, &info))
		n += info.state == state;
	return n;
}

static void advance(aksu_time d)
{
	b.now += d;
	aksu_advance(b.n[0].s, b.now);
}

/* The server closes first; the peer is left where it would send its FIN. */
static struct bench_peer server_closes(aksu_socket l, uint16_t port, uint8_t options)
{
	struct bench_peer p = bench_peer("10.0.0.9", port, &b.n[0].v4, 7);
	aksu_socket c;

	p.options = options;
	bench_shake(&b, &p);
	assert_int_equal(aksu_accept(b.n[0].s, l, &c), 0);
	assert_int_equal(aksu_close(b.n[0].s, c, b.now), 0);
	assert_true(seg_has(bench_hear(&b, &p, &got), AKSU_FIN));
	bench_say(&b, &p, AKSU_ACK, NULL);
	return p;
}

/* And the peer's FIN makes it a record. */
static struct bench_peer waiting(aksu_socket l, uint16_t port, uint8_t options)
{
	struct bench_peer p = server_closes(l, port, options);

	bench_say(&b, &p, AKSU_FIN | AKSU_ACK, NULL);
	assert_int_equal(bench_hear(&b, &p, &got)->flags, AKSU_ACK);
	assert_int_equal(seq_raw(got.seg.ack), p.seq);
	return p;
}

/* MUST-48, MUST-49: a record has none of its own; its listener's count, while there is one. */
static void a_record_answers_as_its_listener_would(void **state)
{
	struct bench_peer p;
	aksu_socket l;

	(void)state;
	bench_start(&b, 1, NULL);
	l = bench_listen(&b, 0, 7, 5);
	assert_int_equal(aksu_set_option(b.n[0].s, l, AKSU_IP_TTL, 17, b.now), 0);
	assert_int_equal(aksu_set_option(b.n[0].s, l, AKSU_IP_TOS, 0x28, b.now), 0);
	p = waiting(l, 4000, AKSU_OPT_MSS);
	for (int k = 0; k < 2; k++) {
		assert_int_equal(b.n[0].s->timewaits.live, 1);
		p.seq--; /* the FIN again */
		bench_say(&b, &p, AKSU_FIN | AKSU_ACK, NULL);
		bench_hear(&b, &p, &got);
		assert_int_equal(got.ttl, k == 0 ? 17 : 64);
		assert_int_equal(got.tos, k == 0 ? 0x28 : 0);
		aksu_close(b.n[0].s, l, b.now);
	}
	bench_end(&b);
}

/* MUST-13, D6: a record as soon as the last ACK has left; 2MSL later nothing is left. */
static void must_13_a_record_lingers_for_two_msl(void **state)
{
	aksu_socket l;
	aksu_time end;

	(void)state;
	bench_start(&b, 1, NULL);
	l = bench_listen(&b, 0, 7, 5);
	waiting(l, 4000, AKSU_OPT_MSS);
	assert_int_equal(b.n[0].s->timewaits.live, 1);
	assert_int_equal(b.n[0].s->conns.live, 1); /* the listener */
	end = aksu_deadline(b.n[0].s);
	assert_true(end >= b.now + 60 * AKSU_SECOND);
	assert_true(end <= b.now + 60 * AKSU_SECOND + 32 * AKSU_MILLISECOND);
	advance(60 * AKSU_SECOND - AKSU_MILLISECOND);
	assert_int_equal(records(AKSU_STATE_TIME_WAIT), 1);
	b.now = end;
	aksu_advance(b.n[0].s, b.now);
	assert_int_equal(records(AKSU_STATE_TIME_WAIT), 0);
	assert_true(aksu_deadline(b.n[0].s) == AKSU_NEVER);
	bench_end(&b);
}

/* An instance that slept for an hour, with nothing pending, then closes at once: still 2MSL. */
static void an_idle_hour_shortens_no_time_wait(void **state)
{
	aksu_socket l;

	(void)state;
	bench_start(&b, 1, NULL);
	l = bench_listen(&b, 0, 7, 5);
	for (uint16_t k = 0; k < 3; k++) {
		b.now += 3600 * AKSU_SECOND;
		waiting(l, (uint16_t)(4000 + k), AKSU_OPT_MSS);
		aksu_advance(b.n[0].s, b.now);
		assert_int_equal(records(AKSU_STATE_TIME_WAIT), 1);
		assert_true(aksu_deadline(b.n[0].s) > b.now + 59 * AKSU_SECOND);
		advance(59 * AKSU_SECOND);
		assert_int_equal(records(AKSU_STATE_TIME_WAIT), 1);
		advance(2 * AKSU_SECOND);
		assert_int_equal(records(AKSU_STATE_TIME_WAIT), 0);
	}
	bench_end(&b);
}

/* G1: the FIN again is acknowledged again, and the wait begins anew. */
static void g1_a_repeated_fin_restarts_the_wait(void **state)
{
	struct bench_peer p;
	aksu_socket l;

	(void)state;
	bench_start(&b, 1, NULL);
	l = bench_listen(&b, 0, 7, 5);
	p = waiting(l, 4000, AKSU_OPT_MSS);
	advance(50 * AKSU_SECOND);
	p.seq--;
	bench_say(&b, &p, AKSU_FIN | AKSU_ACK, NULL);
	assert_int_equal(bench_hear(&b, &p, &got)->flags, AKSU_ACK);
	assert_int_equal(seq_raw(got.seg.ack), p.seq);
	advance(59 * AKSU_SECOND);
	assert_int_equal(records(AKSU_STATE_TIME_WAIT), 1);
	advance(2 * AKSU_SECOND);
	assert_int_equal(records(AKSU_STATE_TIME_WAIT), 0);
	bench_end(&b);
}

/* G2: a reset does not end it. */
static void g2_a_reset_is_ignored(void **state)
{
	struct bench_peer p;
	aksu_socket l;

	(void)state;
	bench_start(&b, 1, NULL);
	l = bench_listen(&b, 0, 7, 5);
	p = waiting(l, 4000, AKSU_OPT_MSS);
	bench_say(&b, &p, AKSU_RST, NULL);
	bench_silent(&b);
	assert_int_equal(records(AKSU_STATE_TIME_WAIT), 1);
	assert_int_equal(bench_drops(&b, 0, AKSU_DROP_RST_IN_TIME_WAIT), 1);
	bench_end(&b);
}

/* G3, MAY-2, B2: a SYN above what was received begins anew, with a number above what was sent. */
static void g3_a_newer_syn_begins_anew(void **state)
{
	struct bench_options o = {.events = AKSU_EVENT_BIT(AKSU_EVENT_STATE)};
	struct bench_peer p;
	aksu_socket l, c;
	struct aksu_event e;
	uint32_t sent;
	uint8_t at = AKSU_STATE_LISTEN;
	unsigned ends = 0;

	(void)state;
	bench_start(&b, 1, &o);
	l = bench_listen(&b, 0, 7, 5);
	p = waiting(l, 4000, AKSU_OPT_MSS);
	sent = p.ack;
	p.seq += 1000;
	bench_say(&b, &p, AKSU_SYN, NULL);
	assert_int_equal(bench_hear(&b, &p, &got)->flags, AKSU_SYN | AKSU_ACK);
	assert_true((int32_t)(seq_raw(got.seg.seq) - sent) > 0);
	assert_int_equal(records(AKSU_STATE_TIME_WAIT), 1); /* kept until the new one is open */
	assert_int_equal(records(AKSU_STATE_SYN_RECEIVED), 1);
	bench_say(&b, &p, AKSU_ACK, NULL);
	assert_int_equal(records(AKSU_STATE_TIME_WAIT), 0);
	assert_int_equal(aksu_accept(b.n[0].s, l, &c), 0);
	assert_int_equal(bench_state(&b, 0, c), AKSU_STATE_ESTABLISHED);
	while (aksu_event_take(&b.n[0].events, &e)) {
		if (e.remote_port != 4000)
			continue;
		ends += e.state == AKSU_STATE_CLOSED;
		at = e.state;
	}
	assert_int_equal(ends, 1); /* of the old one */
	assert_int_equal(at, AKSU_STATE_ESTABLISHED);
	bench_end(&b);
}

/* MAY-2: it was an old duplicate after all: the peer resets, and the old record is still there. */
static void may_2_a_stale_syn_restores_time_wait(void **state)
{
	struct bench_peer p, q;
	aksu_socket l;

	(void)state;
	bench_start(&b, 1, NULL);
	l = bench_listen(&b, 0, 7, 5);
	p = q = waiting(l, 4000, AKSU_OPT_MSS);
	q.seq += 1000;
	bench_say(&b, &q, AKSU_SYN, NULL);
	bench_hear(&b, &q, &got);
	bench_say(&b, &q, AKSU_RST, NULL);
	assert_int_equal(records(AKSU_STATE_SYN_RECEIVED), 0);
	assert_int_equal(records(AKSU_STATE_TIME_WAIT), 1);
	p.seq--;
	bench_say(&b, &p, AKSU_FIN | AKSU_ACK, NULL);
	assert_int_equal(bench_hear(&b, &p, &got)->flags, AKSU_ACK);
	assert_int_equal(seq_raw(got.seg.ack), p.seq);
	bench_end(&b);
}

/* RFC 6191 section 2: the timestamp decides where there is one, and an old SYN begins nothing. */
static void g3_timestamps_tell_old_from_new(void **state)
{
	struct bench_peer p, q;
	aksu_socket l;

	(void)state;
	bench_start(&b, 1, NULL);
	l = bench_listen(&b, 0, 7, 5);
	p = waiting(l, 4000, AKSU_OPT_MSS | AKSU_OPT_TS);
	q = p;
	q.tsval -= 10;
	q.seq += 5000;
	assert_int_equal(bench_say(&b, &q, AKSU_SYN, NULL), 0);
	bench_silent(&b);
	assert_int_equal(bench_drops(&b, 0, AKSU_DROP_SYN_IN_TIME_WAIT), 1);
	q = p;
	q.tsval += 10;
	q.seq -= 900000; /* below, and yet new */
	assert_int_equal(bench_say(&b, &q, AKSU_SYN, NULL), 1);
	assert_int_equal(bench_hear(&b, &q, &got)->flags, AKSU_SYN | AKSU_ACK);
	assert_true(q.tsecr - p.tsecr < 1000); /* C-21: our clock only grows between two hosts */
	bench_end(&b);
}

/* Without a listener the SYN is an old duplicate or a mistake: the record stays. */
static void without_a_listener_nothing_begins(void **state)
{
	struct bench_peer p;
	aksu_socket l;

	(void)state;
	bench_start(&b, 1, NULL);
	l = bench_listen(&b, 0, 7, 5);
	p = waiting(l, 4000, AKSU_OPT_MSS);
	aksu_close(b.n[0].s, l, b.now);
	p.seq += 1000;
	assert_int_equal(bench_say(&b, &p, AKSU_SYN, NULL), 0);
	bench_silent(&b);
	assert_int_equal(records(AKSU_STATE_TIME_WAIT), 1);
	bench_end(&b);
}

/* A cookie cannot promise a number above the old one's: where records are short the SYN waits. */
static void b2_no_cookie_is_sent_over_time_wait(void **state)
{
	struct bench_options o = {.config = {.syn_queue = 1}};
	struct bench_peer p, q;
	aksu_socket l;

	(void)state;
	bench_start(&b, 1, &o);
	l = bench_listen(&b, 0, 7, 5);
	p = waiting(l, 4000, AKSU_OPT_MSS);
	q = bench_peer("10.0.0.9", 4001, &b.n[0].v4, 7);
	bench_say(&b, &q, AKSU_SYN, NULL);
	bench_hear(&b, &q, &got);
	p.seq += 1000;
	assert_int_equal(bench_say(&b, &p, AKSU_SYN, NULL), 0);
	assert_int_equal(bench_drops(&b, 0, AKSU_DROP_SYN_QUEUE_FULL), 1);
	bench_silent(&b);
	assert_int_equal(records(AKSU_STATE_TIME_WAIT), 1);
	bench_end(&b);
}

/* The application still has its name: it sees the end, and a SYN may begin anew all the same. */
static void a_held_connection_makes_way(void **state)
{
	struct bench_peer p = {0}, q;
	aksu_socket l, c, d;
	uint32_t sent;

	(void)state;
	bench_start(&b, 1, NULL);
	l = bench_listen(&b, 0, 7, 1);
	p = bench_peer("10.0.0.9", 4000, &b.n[0].v4, 7);
	bench_shake(&b, &p);
	assert_int_equal(aksu_accept(b.n[0].s, l, &c), 0);
	assert_int_equal(aksu_shutdown(b.n[0].s, c, b.now), 0);
	bench_hear(&b, &p, &got);
	bench_say(&b, &p, AKSU_ACK, "last words");
	bench_say(&b, &p, AKSU_FIN | AKSU_ACK, NULL);
	bench_hear(&b, &p, &got);
	sent = p.ack;
	assert_int_equal(bench_state(&b, 0, c), AKSU_STATE_TIME_WAIT);
	/* The accept queue is full: the old one stays. */
	q = bench_peer("10.0.0.9", 4001, &b.n[0].v4, 7);
	bench_shake(&b, &q);
	p.seq += 1000;
	assert_int_equal(bench_say(&b, &p, AKSU_SYN, NULL), 0);
	assert_int_equal(bench_state(&b, 0, c), AKSU_STATE_TIME_WAIT);
	assert_int_equal(aksu_accept(b.n[0].s, l, &d), 0);
	p.seq--;
	assert_int_equal(bench_say(&b, &p, AKSU_SYN, NULL), 1);
	assert_int_equal(bench_hear(&b, &p, &got)->flags, AKSU_SYN | AKSU_ACK);
	assert_true((int32_t)(seq_raw(got.seg.seq) - sent) > 0);
	bench_say(&b, &p, AKSU_ACK, NULL);
	assert_int_equal(aksu_accept(b.n[0].s, l, &d), 0);
	assert_int_equal(bench_state(&b, 0, d), AKSU_STATE_ESTABLISHED);
	assert_int_equal(bench_state(&b, 0, c), AKSU_STATE_CLOSED);
	assert_int_equal(bench_option(&b, 0, c, AKSU_TCP_UNREAD), 10); /* G9 */
	assert_int_equal(bench_option(&b, 0, c, AKSU_SO_ERROR), 0);
	aksu_close(b.n[0].s, c, b.now);
	assert_int_equal(bench_state(&b, 0, d), AKSU_STATE_ESTABLISHED);
	bench_end(&b);
}

/* Held to the end: 2MSL later it is CLOSED, once, and says so. */
static void a_held_connection_ends_after_two_msl(void **state)
{
	struct bench_peer p;
	aksu_socket l, c;

	(void)state;
	bench_start(&b, 1, NULL);
	l = bench_listen(&b, 0, 7, 1);
	p = bench_peer("10.0.0.9", 4000, &b.n[0].v4, 7);
	bench_shake(&b, &p);
	assert_int_equal(aksu_accept(b.n[0].s, l, &c), 0);
	aksu_shutdown(b.n[0].s, c, b.now);
	bench_hear(&b, &p, &got);
	bench_say(&b, &p, AKSU_FIN | AKSU_ACK, NULL);
	bench_hear(&b, &p, &got);
	assert_true(bench_news(&b, 0, c) & AKSU_HUP);
	bench_pass(&b, 61 * AKSU_SECOND);
	assert_int_equal(bench_state(&b, 0, c), AKSU_STATE_CLOSED);
	assert_int_equal(b.n[0].s->flows.count, 0);
	bench_end(&b);
}

/* G4: when memory is short the oldest record goes. */
static void g4_pressure_recycles_the_oldest(void **state)
{
	aksu_socket l;

	(void)state;
	bench_start(&b, 1, NULL);
	b.n[0].s->timewaits.max = 3; /* as if there were memory for three */
	l = bench_listen(&b, 0, 7, 5);
	for (uint16_t k = 0; k < 5; k++) {
		waiting(l, (uint16_t)(4000 + k), AKSU_OPT_MSS);
		advance(AKSU_SECOND);
	}
	assert_int_equal(records(AKSU_STATE_TIME_WAIT), 3);
	for (uint16_t k = 0; k < 5; k++) {
		struct flow f = {b.n[0].v4, bench_addr("10.0.0.9"), 7, (uint16_t)(4000 + k)};

		assert_int_equal(flows_find(b.n[0].s, &f) != FLOW_END, k >= 2);
	}
	bench_end(&b);
}

/* B2, MAY-2, RFC 6191 section 3: our own SYN may reuse the pair where timestamps protect it. */
static void may_2_an_active_open_may_reuse_the_pair(void **state)
{
	static const uint8_t with[] = {AKSU_OPT_MSS | AKSU_OPT_TS, AKSU_OPT_MSS};

	(void)state;
	for (unsigned k = 0; k < 2; k++) {
		struct aksu_endpoint mine = {.port = 7}, theirs;
		struct bench_peer p;
		aksu_socket l, c;
		uint32_t sent;
		int error;

		bench_start(&b, 1, NULL);
		l = bench_listen(&b, 0, 7, 5);
		p = waiting(l, 4000, with[k]);
		sent = p.ack;
		aksu_close(b.n[0].s, l, b.now);
		theirs = (struct aksu_endpoint){bench_addr("10.0.0.9"), 4000};
		c = aksu_socket_tcp(b.n[0].s);
		assert_int_equal(aksu_bind(b.n[0].s, c, &mine), 0);
		error = aksu_connect(b.n[0].s, c, &theirs, b.now);
		assert_int_equal(error, k == 0 ? 0 : -AKSU_EADDRINUSE);
		if (k == 0) {
			assert_int_equal(bench_hear(&b, &p, &got)->flags, AKSU_SYN);
			assert_true((int32_t)(seq_raw(got.seg.seq) - sent) > 0);
			assert_int_equal(records(AKSU_STATE_TIME_WAIT), 0);
		}
		bench_end(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_record_answers_as_its_listener_would),
		cmocka_unit_test(must_13_a_record_lingers_for_two_msl),
		cmocka_unit_test(an_idle_hour_shortens_no_time_wait),
		cmocka_unit_test(g1_a_repeated_fin_restarts_the_wait),
		cmocka_unit_test(g2_a_reset_is_ignored),
		cmocka_unit_test(g3_a_newer_syn_begins_anew),
		cmocka_unit_test(may_2_a_stale_syn_restores_time_wait),
		cmocka_unit_test(g3_timestamps_tell_old_from_new),
		cmocka_unit_test(without_a_listener_nothing_begins),
		cmocka_unit_test(b2_no_cookie_is_sent_over_time_wait),
		cmocka_unit_test(a_held_connection_makes_way),
		cmocka_unit_test(a_held_connection_ends_after_two_msl),
		cmocka_unit_test(g4_pressure_recycles_the_oldest),
		cmocka_unit_test(may_2_an_active_open_may_reuse_the_pair),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
