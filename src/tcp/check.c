/* SPDX-License-Identifier: MIT */
/*
 * tcp/check.c - what must always hold of a block: asked after every event in tests and simulation.
 *
 * O(n) in what is in flight and out of order; the live stack does not call it. The liveness rows
 * catch the bugs that hurt most: a connection that waits for nothing.
 */
#include "tcp/tcp.h"

#define CHECK(cond) AKSU_ASSERT(t->env, cond, false)

static bool timer_runs(const struct tcb *t, enum tcp_timer timer)
{
	return !is_never(tcb_x(t)->deadline[timer]);
}

/* Runs lie without gaps from snd.una to snd.nxt, and the sums are right. */
static bool check_sent(const struct tcb *t)
{
	const struct sent *s = &tcb_x(t)->sent;
	tcp_seq at = t->snd.una;
	uint32_t lost = 0, sacked = 0, runs = 0, cuts = 0;

	for (uint32_t i = 0; i < s->count; i++) {
		const struct run *r = sent_run(s, i);

		CHECK(seq_eq(r->seq, at));
		CHECK(r->len > 0 && r->transmissions > 0);
		at = seq_add(at, r->len);
		lost += r->flags & RUN_LOST ? r->len : 0;
		sacked += r->flags & RUN_SACKED ? r->len : 0;
		runs += r->flags & RUN_SACKED ? 1 : 0;
		cuts += r->flags & RUN_CUT ? 1 : 0;
		CHECK((r->flags & (RUN_LOST | RUN_SACKED)) != (RUN_LOST | RUN_SACKED));
		CHECK(!(r->flags & RUN_LOST) || seq_geq(r->seq, s->lost_from));
		CHECK(r->flags & (RUN_LOST | RUN_SACKED | RUN_RETRANSMITTED) ||
		      seq_geq(r->seq, s->once_from));
	}
	CHECK(seq_eq(at, t->snd.nxt));
	CHECK(lost == s->lost && sacked == s->sacked);
	CHECK(runs == s->sacked_runs && cuts == s->cuts);
	return true;
}

/* Somewhere memory was refused before. */
static bool starved(const struct tcb *t) { return t->env->counters.drops[AKSU_DROP_NO_MEMORY] > 0; }

/*
 * Pieces are sorted, apart, and right of a hole, unless want of memory keeps them from the queue.
 */
static bool check_reasm(const struct tcb *t)
{
	const struct reasm *r = &tcb_x(t)->reasm;
	tcp_seq at = t->rcv.nxt;
	uint32_t octets = 0;

	for (uint32_t i = 0; i < r->count; i++) {
		const struct piece *p = reasm_piece(r, i);

		CHECK(p->len > 0);
		CHECK(i == 0 || seq_geq(p->seq, at));
		at = seq_add(p->seq, p->len);
		octets += p->len;
	}
	CHECK(r->count == 0 || seq_gt(reasm_piece(r, 0)->seq, t->rcv.nxt) || starved(t));
	CHECK(octets == r->octets);
	CHECK(r->count == 0 || seq_leq(at, t->rcv.adv)); /* never more than was promised */
	return true;
}

static bool check_windows(const struct tcb *t)
{
	CHECK(snd_outstanding(t) <= 1u << 31);
	CHECK(rcv_wnd(t) <= (1u << 30) + UINT16_MAX);
	CHECK(t->snd_shift <= WSCALE_MAX && t->rcv_shift <= WSCALE_MAX);
	CHECK(has(t, TF_WS) || t->state == TCP_SYN_SENT ||
	      (t->snd_shift == 0 && t->rcv_shift == 0));
	return true;
}

/* Something must be going to happen whenever something is missing. */
static bool check_liveness(const struct tcb *t)
{
	bool out = snd_outstanding(t) > 0;
	bool waits = snd_unsent(t) > 0 || snd_fin_pending(t);

	CHECK(!(timer_runs(t, TIMER_RTX) && timer_runs(t, TIMER_PERSIST)));
	CHECK(!out || timer_runs(t, TIMER_RTX) || timer_runs(t, TIMER_PERSIST));
	CHECK(timer_runs(t, TIMER_RTX) || !(timer_runs(t, TIMER_TLP) || timer_runs(t, TIMER_RACK)));
	CHECK(!(waits && t->snd.wnd == 0 && !out && tcp_may_send_text(t)) ||
	      timer_runs(t, TIMER_PERSIST));
	CHECK(!has(t, TF_ACK_DELAYED) || timer_runs(t, TIMER_DELACK));
	return true;
}

static bool check_state(const struct tcb *t)
{
	const struct tcb_ext *x = tcb_x(t);
	bool closed = t->state == TCP_CLOSED;

	CHECK(t->state < AKSU_STATE_COUNT && t->state != TCP_LISTEN);
	if (t->state == TCP_TIME_WAIT) {
		CHECK(has(t, TF_LIFE) && !is_never(t->slow));
		CHECK(snd_outstanding(t) == 0 && x->sndq.length == 0);
		for (int i = 0; i < TIMER_FAST_COUNT; i++)
			CHECK(!timer_runs(t, (enum tcp_timer)i));
	}
	if (closed)
		CHECK(is_never(tcp_deadline(t)) && x->sndq.length == 0 && x->sent.count == 0);
	CHECK(!has(t, TF_FIN_SENT) || has(t, TF_CLOSED));
	CHECK(!has(t, TF_FIN_RECEIVED) || t->state == TCP_CLOSED || t->state >= TCP_CLOSE_WAIT);
	return true;
}

bool tcb_check(const struct tcb *t, instant now)
{
	(void)now;
	if (!check_state(t))
		return false;
	if (t->state == TCP_CLOSED)
		return true;
	return check_windows(t) && check_sent(t) && check_reasm(t) && check_liveness(t);
}
