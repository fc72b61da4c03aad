/* SPDX-License-Identifier: MIT */
/*
 * tcp/tlp.c - the tail loss probe: when no ACK comes, one segment asks for one, so that RACK can
 * tell what is lost long before the retransmission timer.
 *
 * RFC 8985 section 7. The timer is timeout.c's, the probe is built by output.c; here is when one
 * may go, what it is, and what its ACK says.
 */
#include "tcp/tcp.h"

/* 7.1 */
void tlp_reset(struct tcb *t) { t->x->tlp.out = t->x->tlp.due = false; }

/*
 * 7.2 and 7.3: no other probe is out, an RTT was measured since the last one, and neither SACK nor
 * a recovery is at work already.
 */
bool tlp_may_probe(const struct tcb *t)
{
	const struct tcb_ext *x = tcb_x(t);

	return has(t, TF_SACK) && tcp_synchronized(t) && x->sent.count > 0 && x->sent.lost == 0 &&
	       x->sent.sacked == 0 && !recovery_lasts(t) && !x->tlp.out && !x->tlp.due &&
	       !x->tlp.no_rtt && t->rtt.srtt_us > 0;
}

/* TLP_calc_PTO(), but for the RTO, which timeout.c knows. */
duration tlp_pto(const struct tcb *t)
{
	uint64_t us = max_u64(2 * (uint64_t)t->rtt.srtt_us, to_us(PTO_MIN));

	if (snd_in_flight(t) <= t->x->cc.smss)
		us += to_us(MAX_ACK_DELAY);
	return microseconds(us);
}

void tlp_timeout(struct tcb *t)
{
	if (tlp_may_probe(t))
		t->x->tlp.due = true;
}

/* "The highest-sequence segment sent so far": the last of the last run. */
struct run *tlp_run(struct tcb *t)
{
	struct sent *s = &t->x->sent;
	uint32_t last = s->count - 1, one = eff_snd_mss(t);
	uint32_t len = sent_run(s, last)->len;

	if (len <= one)
		return sent_run(s, last);
	if (!sent_split(s, &t->env->mem, last, len - one))
		return NULL;
	return sent_run(s, last + 1);
}

void tlp_sent(struct tcb *t, bool again, instant now)
{
	t->x->tlp = (struct tcp_tlp){
		.end_seq = t->snd.nxt,
		.out = true,
		.is_retrans = again,
		.no_rtt = true,
	};
	on_probe_sent(t, now);
}

/*
 * 7.4.2: did the probe repair a loss that nothing else shows? If both copies arrived, a D-SACK or a
 * bare duplicate says so; else one of them is taken for lost (F17).
 */
void tlp_on_ack(struct tcb *t, const struct ack_event *ev, const struct delivery *d)
{
	struct tcp_tlp *p = &t->x->tlp;

	if (ev->advanced)
		p->due = false;
	if (!p->out || seq_lt(t->snd.una, p->end_seq))
		return;
	if (!p->is_retrans || (d->dsack && seq_eq(d->dup_end, p->end_seq))) {
		p->out = false;
	} else if (seq_gt(t->snd.una, p->end_seq)) {
		p->out = false;
		if (!recovery_lasts(t))
			recovery_cut(t, ev);
	} else if (!ev->advanced && !d->blocks) {
		p->out = false;
	}
}
