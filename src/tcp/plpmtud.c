/* SPDX-License-Identifier: MIT */
/*
 * tcp/plpmtud.c - how large a packet the path takes, where no router says so: RFC 4821, with RFC
 * 8899 as the model.
 *
 * Downwards: when the retransmission timer expires again and again for a full-sized segment, it may
 * be its size that keeps it from arriving (RFC 4821 7.7); the rooms above are told, and look for a
 * smaller one. Upwards: while they know of a size to try, one segment of new text now and then is
 * that large; that it arrives, or that it alone is lost, is the answer (7.6). Such a loss says
 * nothing of congestion.
 *
 * It owns the probe that is out. Which sizes are tried, and what follows for other connections to
 * the same host, is ip/pmtu.c's; that a packet fits the first hop is sure before.
 */
#include "tcp/tcp.h"

/* ---------------------------------------------------------------- downwards */

/*
 * 7.7: R1. But of a size that has never carried anything, while what is smaller arrives behind it,
 * a time-out less is enough: every connection over a black hole would wait for seven seconds.
 */
static unsigned patience(const struct tcb *t)
{
	bool smaller_arrives = !t->x->mtu.proven && t->x->mtu.passed;

	return smaller_arrives ? R1_RETRANSMISSIONS - 1 : R1_RETRANSMISSIONS;
}

/* Beyond a window that shrank, a segment is refused for its place, not for its size. */
void mtu_timed_out(struct tcb *t)
{
	mtu_probe_over(t);
	if (!tcp_synchronized(t) || t->x->sent.count == 0 || t->backoff < patience(t))
		return;
	if (sent_run(&t->x->sent, 0)->len >= eff_snd_mss(t) && t->snd.wnd >= eff_snd_mss(t))
		t->notices |= NOTICE_BLACK_HOLE;
}

/* ---------------------------------------------------------------- upwards */

/*
 * The window has room; or nearly: where segments are clocked out one by one there never is for one
 * that is much larger, and a quarter more, once in many round trips, does no harm.
 */
static bool cwnd_bears(const struct tcb *t, uint32_t size)
{
	uint32_t cwnd = t->x->cc.cwnd;

	return (uint64_t)snd_in_flight(t) + size <= (uint64_t)cwnd + cwnd / 4;
}

/*
 * 7.4: nothing is lost, a loss of this one would show, and window and queue have what it takes: the
 * probe, and as much behind it as tells that only the probe is missing.
 */
static bool may_probe(const struct tcb *t, uint32_t size, uint32_t mss)
{
	const struct tcb_ext *x = t->x;
	uint32_t behind = DUPACK_THRESHOLD * mss;

	return has(t, TF_SACK) && !x->mtu.out && !(t->notices & NOTICE_PROBED) &&
	       !recovery_lasts(t) && x->sent.lost == 0 && x->sent.sacked == 0 && t->backoff == 0 &&
	       !has(t, TF_SND_URGENT) && snd_unsent(t) >= size + behind &&
	       snd_usable(t) >= size + behind && cwnd_bears(t, size);
}

uint32_t mtu_probe_size(const struct tcb *t, uint32_t mss, uint32_t options)
{
	uint32_t size = min_u32(t->env->mtu_probe, t->peer_mss);

	if (t->conf->maxseg != 0)
		size = min_u32(size, t->conf->maxseg);
	if (size <= mss + options || !may_probe(t, size - options, mss))
		return 0;
	return size - options;
}

void mtu_probe_sent(struct tcb *t, tcp_seq seq, uint32_t mss)
{
	t->x->mtu.out = true;
	t->x->mtu.seq = seq;
	t->x->mtu.mss = mss;
}

/* Without an answer that means anything (7.6.4). */
void mtu_probe_over(struct tcb *t) { t->x->mtu.out = false; }

static void answer(struct tcb *t, bool arrived)
{
	t->x->mtu.out = false;
	t->x->mtu.arrived = arrived;
	t->notices |= NOTICE_PROBED;
}

/* 7.6.1. It was sent once: whoever sends it again says that it is over. */
void mtu_on_ack(struct tcb *t, const struct ack_event *ev)
{
	struct tcp_mtu *m = &t->x->mtu;

	if (ev->acked >= eff_snd_mss(t))
		m->proven = true;
	if (t->x->sent.sacked > 0 || ev->acked > 0)
		m->passed = true;
	if (!m->out)
		return;
	if (seq_gt(t->snd.una, m->seq) ||
	    sent_run(&t->x->sent, sent_find(&t->x->sent, m->seq))->flags & RUN_SACKED)
		answer(t, true);
}

/* 7.6.2: it alone. What else is lost with it makes it a loss like any other. */
bool mtu_probe_lost(struct tcb *t, const struct run *r)
{
	struct tcb_ext *x = t->x;

	if (!x->mtu.out || !seq_eq(r->seq, x->mtu.seq))
		return false;
	mtu_probe_over(t);
	if (recovery_lasts(t) || x->sent.lost > 0)
		return false;
	t->flags |= TF_RTX_PMTU;
	answer(t, false);
	return true;
}
