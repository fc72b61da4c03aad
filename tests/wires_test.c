/* SPDX-License-Identifier: MIT */
/*
 * Corner cases that need both ends: two connections, a listener as records, and a wire that loses
 * the n-th segment of a side.
 */
#include "support/tcp_pair.h"

/* A world without chance: 20 ms, nothing lost but what the test says, 3000 octets each way. */
static struct pair *plain(bool listens)
{
	static struct pair p;

	pair_init(&p, 1);
	p.loss = p.duplicate = p.reorder = 0;
	p.strip = 0;
	p.merge = false;
	p.delay = milliseconds(20);
	p.side[1].listens = listens;
	for (unsigned i = 0; i < 2; i++) {
		struct pair_side *s = &p.side[i];

		s->b->conf = (struct tcp_conf){
			.refs = 1,
			.sndbuf = 60000,
			.rcvbuf = 60000,
			.user_timeout = USER_TIMEOUT_DEFAULT,
			.syn_timeout = SYN_TIMEOUT_DEFAULT,
			.linger_ns = -1,
		};
		bench_path_mss(s->b, 1000);
		s->b->bulk = 1;
		s->total = 3000;
		s->chunk = 1000;
		s->app_pause = milliseconds(1);
	}
	return &p;
}

static void run(struct pair *p)
{
	PAIR_OK(pair_run(p));
	PAIR_OK(pair_done(p));
}

/* Each of the first twenty segments of each side lost in turn, then each pair of neighbours. */
static void any_segment_may_be_lost(void **state)
{
	(void)state;
	for (int listens = 0; listens < 2; listens++)
		for (unsigned side = 0; side < 2; side++)
			for (unsigned n = 0; n < 20; n++)
				for (uint64_t mask = 1; mask <= 7; mask++) {
					struct pair *p = plain(listens);

					p->side[side].lose = mask << n;
					run(p);
				}
}

/* Both lose the same ones: SYN and SYN-ACK, FIN and FIN, ACK and ACK. */
static void both_sides_may_lose(void **state)
{
	(void)state;
	for (unsigned a = 0; a < 14; a++)
		for (unsigned c = 0; c < 14; c++) {
			struct pair *p = plain(true);

			p->side[0].lose = (uint64_t)1 << a;
			p->side[1].lose = (uint64_t)1 << c;
			run(p);
		}
}

/* C-5: an old SYN makes a record, the reset of its SYN-ACK ends it, and the real SYN opens. */
static void C_5_C_6_old_duplicate_SYN_at_a_listener(void **state)
{
	struct bench *b = bench_new();
	struct tcp_seg old = {.seq = seq_at(b->irs - 7000),
			      .flags = AKSU_SYN,
			      .rawwnd = 9,
			      .segments = 1};
	struct tcp_seg rst = {.flags = AKSU_RST, .segments = 1};
	struct syn_record r = syn_record_from(&old, seq_at(b->iss), MSS_DEFAULT_V4, &b->conf);
	enum aksu_drop reason;

	(void)state;
	/* the peer, in SYN-SENT, has never sent that number: <SEQ=SEG.ACK><CTL=RST> is exact */
	rst.seq = seq_add(r.irs, 1);
	assert_int_equal(syn_record_input(&r, &b->passive, &rst, b->now, &reason), SYN_DIE);
	assert_int_equal(reason, AKSU_DROP_NONE);
	/*
	 * C-6: the real SYN meets the record of the old one: in the window it ends it, else an ACK
	 */
	old.seq = seq_at(b->irs);
	seg_measure(&old);
	assert_int_equal(syn_record_input(&r, &b->passive, &old, b->now, &reason), SYN_DIE);
	old.seq = seq_sub(r.irs, 7000);
	assert_int_equal(syn_record_input(&r, &b->passive, &old, b->now, &reason), SYN_ACK);
	done(b);
}

/* C-7: a SYN-ACK at a listener draws a reset; the record that sent it goes back to LISTEN. */
static void C_7_two_listeners_and_an_old_SYN(void **state)
{
	struct bench *b = bench_new();
	struct tcp_seg old = {.seq = seq_at(b->irs), .flags = AKSU_SYN, .rawwnd = 9, .segments = 1};
	struct syn_record r = syn_record_from(&old, seq_at(b->iss), MSS_DEFAULT_V4, &b->conf);
	struct tcp_seg syn_ack, rst;
	enum aksu_drop reason;

	(void)state;
	syn_record_answer(&r, &b->passive, b->now, &syn_ack);
	assert_int_equal(tcp_listen(&syn_ack, &reason), LISTEN_RESET);
	tcp_make_reset(&syn_ack, &rst);
	seg_measure(&rst);
	assert_int_equal(syn_record_input(&r, &b->passive, &rst, b->now, &reason), SYN_DIE);
	done(b);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(any_segment_may_be_lost),
	cmocka_unit_test(both_sides_may_lose),
	cmocka_unit_test(C_5_C_6_old_duplicate_SYN_at_a_listener),
	cmocka_unit_test(C_7_two_listeners_and_an_old_SYN),
};

int main(void) { return cmocka_run_group_tests(tests, NULL, NULL); }
