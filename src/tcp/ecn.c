/* SPDX-License-Identifier: MIT */
/*
 * tcp/ecn.c - RFC 3168 section 6.1 (SHLD-8) and RFC 9768 section 3, with RFC 8257 section 3.2.
 *
 * Negotiation, the receiver's echo, the sender's decoding and its one reaction in a window of data.
 * A SYN, a SYN-ACK, a pure ACK, a probe and what is sent again are never ECT (RFC 3168 6.1.1,
 * 6.1.4, 6.1.5, 6.1.6), so a mark on one of them is somebody's mangling.
 */
#include "tcp/ecn.h"

#include <aksu/socket.h>

#include "tcp/tcp.h"
#include "wire/ip.h"

#define ACE_WRAP 8u

/* The three bits as a number: AE, CWR, ECE. */
static unsigned ace_of(const struct tcp_seg *seg)
{
	return (seg->ae ? 4u : 0) | (seg_has(seg, AKSU_CWR) ? 2u : 0) |
	       (seg_has(seg, AKSU_ECE) ? 1u : 0);
}

enum { ACE_NOTHING = 0, ACE_CLASSIC_ANSWER = 1, ACE_CLASSIC_ASK = 3, ACE_ACCURATE_ASK = 7 };

static void put_ace(struct tcp_seg *seg, unsigned ace)
{
	seg->ae = ace & 4;
	seg->flags &= (uint8_t) ~(AKSU_CWR | AKSU_ECE);
	seg->flags |= (uint8_t)((ace & 2 ? AKSU_CWR : 0) | (ace & 1 ? AKSU_ECE : 0));
}

/* RFC 9768 Tables 2 and 3: how the ECN field of a SYN or SYN-ACK is told. */
static const uint8_t handshake_code[4] = {
	[IP_ECN_NOT_ECT] = 2,
	[IP_ECN_ECT_1] = 3,
	[IP_ECN_ECT_0] = 4,
	[IP_ECN_CE] = 6,
};

/* And read: IP_ECN_*, or -1. */
static int handshake_field(unsigned ace)
{
	for (int i = 0; i < 4; i++)
		if (handshake_code[i] == ace)
			return i;
	return -1;
}

static bool is_accurate(const struct tcb *t) { return has(t, TF_ECN_ACCURATE); }
static bool is_classic(const struct tcb *t) { return has(t, TF_ECN_CLASSIC); }

/* ---------------------------------------------------------------- the passive side's handshake */

static bool takes_accurate(const struct tcp_conf *conf)
{
	return conf->ecn == AKSU_ECN_ACCURATE || conf->ecn == AKSU_ECN_ACCEPT;
}

uint8_t ecn_answer(const struct tcp_conf *conf, const struct tcp_seg *syn)
{
	unsigned ask = ace_of(syn);

	if (conf->ecn == AKSU_ECN_OFF || ask == ACE_NOTHING)
		return SYN_ECN_OFF;
	if (ask == ACE_CLASSIC_ASK)
		return SYN_ECN_CLASSIC;
	if (takes_accurate(conf)) /* 3.1.3: every other combination asks for it, too */
		return (uint8_t)(SYN_ECN_ACCURATE + syn->ecn);
	return ask == ACE_ACCURATE_ASK ? SYN_ECN_CLASSIC : SYN_ECN_OFF;
}

bool ecn_answer_again(const struct tcp_conf *conf, uint8_t *ecn, const struct tcp_seg *syn)
{
	uint8_t now = ecn_answer(conf, syn);

	if (*ecn == SYN_ECN_OFF)
		return true; /* there is no point in offering more than the first time */
	if (*ecn == SYN_ECN_CLASSIC)
		return now < SYN_ECN_ACCURATE;
	if (now == SYN_ECN_CLASSIC)
		return false;
	*ecn = now == SYN_ECN_OFF ? SYN_ECN_GAVE_UP : now;
	return true;
}

/* 3.2.3.2.2: the option goes with the first only, the flags with the first two. */
void ecn_dress_syn_ack(uint8_t ecn, unsigned sends, struct tcp_seg *out)
{
	if (ecn == SYN_ECN_CLASSIC)
		put_ace(out, ACE_CLASSIC_ANSWER);
	if (ecn < SYN_ECN_ACCURATE || sends > ECN_SYN_TRIES)
		return;
	put_ace(out, handshake_code[ecn - SYN_ECN_ACCURATE]);
	if (sends > 1)
		return;
	out->opts.present |= AKSU_OPT_ACCECN0;
	out->opts.accecn = (struct tcp_accecn){
		.e0b = ECN_OCTETS_INITIAL,
		.e1b = ECN_OCTETS_INITIAL,
		.fields = 3,
	};
}

void ecn_dress_record_ack(uint8_t ecn, struct tcp_seg *out)
{
	if (ecn >= SYN_ECN_GAVE_UP)
		put_ace(out, ECN_CEP_INITIAL);
}

/* 5.1: zero and one are what others send. */
uint8_t ecn_of_cookie(const struct tcp_conf *conf, bool classic, const struct tcp_seg *ack)
{
	if (takes_accurate(conf) && ace_of(ack) > ACE_CLASSIC_ANSWER)
		return SYN_ECN_ACCURATE + IP_ECN_NOT_ECT;
	return classic && conf->ecn != AKSU_ECN_OFF ? SYN_ECN_CLASSIC : SYN_ECN_OFF;
}

/* 3.1.5: a server that sent or received a SYN without a request may not send ECT. */
uint32_t ecn_flags_of(uint8_t ecn, unsigned sends)
{
	if (ecn == SYN_ECN_OFF)
		return 0;
	if (ecn == SYN_ECN_CLASSIC)
		return TF_ECN_CLASSIC;
	return TF_ECN_ACCURATE | (ecn == SYN_ECN_GAVE_UP || sends > ECN_SYN_TRIES ? TF_NO_ECT : 0);
}

void ecn_first_ack(struct tcb *t, const struct tcp_seg *seg)
{
	unsigned ace = ace_of(seg);

	if (!is_accurate(t) || seg->text_len > 0 || seg->opts.present & AKSU_OPT_SACK)
		return;
	if (ace == ACE_NOTHING) /* note 1: the client does no ECN */
		t->flags |= TF_NO_ECT | TF_ECN_DEAF;
	if (handshake_field(ace) > IP_ECN_NOT_ECT) /* 3.2.2.3: our SYN-ACK went as Not-ECT */
		t->flags |= TF_NO_ECT;
	if (handshake_field(ace) == IP_ECN_CE)
		t->x->ecn.s_cep++;
}

/* ---------------------------------------------------------------- the active side's handshake */

void ecn_open(struct tcb *t)
{
	t->flags &= ~(uint32_t)TF_ECN;
	if (t->conf->ecn == AKSU_ECN_CLASSIC)
		t->flags |= TF_ECN_CLASSIC;
	if (t->conf->ecn == AKSU_ECN_ACCURATE ||
	    (t->conf->ecn == AKSU_ECN_ACCEPT && cc_ops_of(t->conf->cc)->counts_ce))
		t->flags |= TF_ECN_ACCURATE;
}

/* 3.1.4.1, RFC 3168 6.1.1.1: what keeps a SYN from passing may be its flags. */
void ecn_dress_syn(const struct tcb *t, unsigned before, struct tcp_seg *out)
{
	bool syn_ack = seg_has(out, AKSU_ACK);

	if (before >= ECN_SYN_TRIES && (!syn_ack || is_accurate(t)))
		return;
	if (is_classic(t))
		put_ace(out, syn_ack ? ACE_CLASSIC_ANSWER : ACE_CLASSIC_ASK);
	if (is_accurate(t))
		put_ace(out, syn_ack ? handshake_code[t->x->ecn.syn_echo & 3] : ACE_ACCURATE_ASK);
}

/* 3.2.3.2.4: what begins with one cannot have become zero so soon. */
static bool is_zeroed(const struct tcp_opts *o)
{
	const struct tcp_accecn *a = &o->accecn;
	bool zero = o->present & AKSU_OPT_ACCECN0;

	if (!(o->present & (AKSU_OPT_ACCECN0 | AKSU_OPT_ACCECN1)) || a->fields == 0)
		return false;
	return (zero ? a->e0b : a->e1b) == 0 || (a->fields == 3 && (zero ? a->e1b : a->e0b) == 0);
}

/* Accurate, says the SYN-ACK, and in which way our SYN arrived, which left as Not-ECT. */
static void agree_accurate(struct tcb *t, const struct tcp_seg *syn_ack, unsigned field)
{
	struct tcp_ecn *e = &t->x->ecn;

	t->flags |= TF_ECN_ACCURATE | (field != IP_ECN_NOT_ECT ? TF_NO_ECT : 0);
	if (syn_ack->ecn == IP_ECN_CE)
		e->r_cep++;
	e->syn_echo = (uint8_t)(1 + syn_ack->ecn);
	e->option_due = 1;
	e->option_bad = is_zeroed(&syn_ack->opts);
}

/*
 * RFC 3168 6.1.1, RFC 9768 Table 2. A peer that only reflects the bits of the SYN knows nothing of
 * ECN (F22).
 */
static void agree_to_syn_ack(struct tcb *t, uint32_t asked, const struct tcp_seg *syn_ack)
{
	unsigned ace = ace_of(syn_ack);
	int field = handshake_field(ace);

	if (asked == TF_ECN_CLASSIC && (ace & 3) == ACE_CLASSIC_ANSWER)
		t->flags |= TF_ECN_CLASSIC;
	if (asked != TF_ECN_ACCURATE)
		return;
	if (ace == ACE_CLASSIC_ANSWER)
		t->flags |= TF_ECN_CLASSIC;
	else if (field >= 0)
		agree_accurate(t, syn_ack, (unsigned)field);
	else if (ace == 5) /* 3.1.3: kept for the future, and as good as "unchanged" */
		agree_accurate(t, syn_ack, IP_ECN_NOT_ECT);
}

/* 3.1.2, simultaneous open: as a listener; but no more than we asked for, which the peer goes by.
 */
static void agree_to_syn(struct tcb *t, uint32_t asked, const struct tcp_seg *syn)
{
	uint8_t answer = ecn_answer(t->conf, syn);

	if (asked == 0 || answer == SYN_ECN_OFF)
		return;
	if (asked == TF_ECN_CLASSIC || answer == SYN_ECN_CLASSIC) {
		t->flags |= TF_ECN_CLASSIC;
		return;
	}
	t->flags |= TF_ECN_ACCURATE;
	t->x->ecn.syn_echo = syn->ecn; /* for the SYN-ACK */
}

void ecn_agree(struct tcb *t, const struct tcp_seg *syn)
{
	uint32_t asked = t->flags & TF_ECN;

	t->flags &= ~(uint32_t)TF_ECN;
	if (seg_has(syn, AKSU_ACK))
		agree_to_syn_ack(t, asked, syn);
	else
		agree_to_syn(t, asked, syn);
}

void ecn_syn_ack_again(struct tcb *t, const struct tcp_seg *seg)
{
	if (is_accurate(t) && !has(t, TF_PASSIVE) && seg_has(seg, AKSU_ACK) &&
	    seq_eq(seg->seq, t->irs) && tcb_extend(t) != NULL)
		t->x->ecn.syn_echo = (uint8_t)(1 + seg->ecn);
}

bool ecn_ack_goes_alone(const struct tcb *t)
{
	return is_accurate(t) && tcp_synchronized(t) && tcb_x(t)->ecn.syn_echo != 0;
}

/* ---------------------------------------------------------------- receiver */

/* RFC 8257 3.2: ECE says how the last text came; a change is told at once. */
static bool received_dctcp(struct tcp_ecn *e, const struct tcp_seg *seg)
{
	bool ce = seg->ecn == IP_ECN_CE, changed = e->echo != ce;

	e->echo = ce;
	return changed;
}

/* RFC 3168 6.1.3: first CWR, then CE (erratum 3639). After a cut the peer may have little to send,
 * and waits for the ACK. */
static bool received_classic(struct tcp_ecn *e, const struct tcp_seg *seg)
{
	bool ce = seg->ecn == IP_ECN_CE, cwr = seg_has(seg, AKSU_CWR), news;

	if (cwr)
		e->echo = false;
	news = cwr || (ce && !e->echo);
	e->echo |= ce;
	return news;
}

static void count_octets(struct tcp_ecn *e, const struct tcp_seg *seg)
{
	if (seg->text_len == 0 || seg->ecn == IP_ECN_NOT_ECT)
		return;
	if (seg->ecn == IP_ECN_ECT_0)
		e->r_e0b += seg->text_len;
	else if (seg->ecn == IP_ECN_ECT_1)
		e->r_e1b += seg->text_len;
	else
		e->r_ceb += seg->text_len;
	if (e->option_due == 0)
		e->option_due = 1;
}

/* RFC 9768 3.2 and 3.2.2.5.1: a change to CE, and each second or third mark. */
static bool received_accurate(struct tcb *t, const struct tcp_seg *seg)
{
	struct tcp_ecn *e = &t->x->ecn;
	bool ce = seg->ecn == IP_ECN_CE, changed = ce && !e->was_ce && seg->text_len > 0;
	unsigned limit = t->x->unacked_rcvd > 0 || seg->text_len > 0 ? 2 : 3;

	e->was_ce = ce;
	count_octets(e, seg);
	if (!ce)
		return false;
	e->r_cep += seg->segments;
	e->ce_unacked = (uint8_t)min_u32(e->ce_unacked + seg->segments, ACE_WRAP);
	return changed || e->ce_unacked >= limit;
}

bool ecn_received(struct tcb *t, const struct tcp_seg *seg)
{
	bool nothing = seg->ecn == IP_ECN_NOT_ECT && !seg_has(seg, AKSU_CWR);

	if (!has(t, TF_ECN) || (t->x == NULL && nothing))
		return false;
	if (tcb_extend(t) == NULL)
		return false; /* no memory for its text either: it is not acknowledged */
	if (is_accurate(t))
		return received_accurate(t, seg);
	if (seg->text_len == 0)
		return false;
	return cc_ops_of(t->conf->cc)->counts_ce ? received_dctcp(&t->x->ecn, seg)
						 : received_classic(&t->x->ecn, seg);
}

/* 3.2.3.2.1: beside the first ACK, the client's first text tries whether the option passes. */
static bool is_first(const struct tcb *t)
{
	return !has(t, TF_PASSIVE) && seq_eq(t->snd.nxt, seq_add(t->iss, 1));
}

/*
 * 3.2.3.3: each counter that ever changed, the tail cut off. Two blocks of SACK go before it, and
 * on the narrowest links, text.
 */
void ecn_offer(const struct tcb *t, struct tcp_opts *o, bool text)
{
	const struct tcb_ext *x = tcb_x(t);
	const struct tcp_ecn *e = &x->ecn;
	bool e0b = e->r_e0b != ECN_OCTETS_INITIAL, e1b = e->r_e1b != ECN_OCTETS_INITIAL,
	     one = e1b && !e0b;
	unsigned fields = e0b && e1b ? 3 : e->r_ceb != 0 ? 2 : 1;

	if (!is_accurate(t) || !(e->option_due > 0 || (text && is_first(t))) ||
	    eff_snd_mss(t) < ACCECN_MSS_MIN)
		return;
	if (fields == 3 && has(t, TF_TS) && (x->dsack_set || x->reasm.count > 0))
		return;
	o->present |= one ? AKSU_OPT_ACCECN1 : AKSU_OPT_ACCECN0;
	o->accecn = (struct tcp_accecn){
		.e0b = e->r_e0b & TCP_ACCECN_MASK,
		.ceb = e->r_ceb & TCP_ACCECN_MASK,
		.e1b = e->r_e1b & TCP_ACCECN_MASK,
		.fields = fields,
	};
}

static bool is_pure_ack(const struct tcp_seg *seg)
{
	return seg->len == 0 && !(seg->opts.present & AKSU_OPT_SACK);
}

void ecn_tell(struct tcb *t, struct tcp_seg *seg)
{
	const struct tcp_ecn *e = &tcb_x(t)->ecn;
	bool syn_echo = ecn_ack_goes_alone(t) && is_pure_ack(seg);

	if (is_classic(t) && e->echo)
		seg->flags |= AKSU_ECE;
	if (is_accurate(t))
		put_ace(seg,
			syn_echo ? handshake_code[(e->syn_echo - 1) & 3] : e->r_cep % ACE_WRAP);
	if (t->x == NULL)
		return;
	if (syn_echo)
		t->x->ecn.syn_echo = 0;
	t->x->ecn.ce_unacked = 0;
	if (seg->opts.present & (AKSU_OPT_ACCECN0 | AKSU_OPT_ACCECN1) && e->option_due > 0)
		t->x->ecn.option_due--;
}

/* ---------------------------------------------------------------- sender */

void ecn_mark_text(struct tcb *t, struct tcp_seg *seg)
{
	if (!has(t, TF_ECN))
		return;
	if (is_classic(t) && t->x->ecn.cwr) {
		seg->flags |= AKSU_CWR;
		t->x->ecn.cwr = false;
	}
	if (!has(t, TF_NO_ECT))
		seg->ecn = IP_ECN_ECT_0;
}

bool ecn_uncut(const struct tcb *t)
{
	const struct tcp_ecn *e = &tcb_x(t)->ecn;

	return is_accurate(t) ? e->r_cep & 2 : is_classic(t) && e->cwr;
}

/* 3.2.2.2, A.1: an ACK that says nothing new may be older than one that came before. */
static bool is_superseded(const struct tcb *t, const struct tcp_seg *seg,
			  const struct ack_event *ev)
{
	return ev->delivered == 0 && !(has(t, TF_TS) && seg->opts.present & AKSU_OPT_TS &&
				       ts_lt(t->ts_recent, seg->opts.tsval));
}

/* The octets that the option tells of; it may lack the counter, if that never changed. */
static uint32_t new_ceb(struct tcp_ecn *e, const struct tcp_opts *o)
{
	uint32_t d = o->accecn.fields > 1 ? (o->accecn.ceb - e->s_ceb) & TCP_ACCECN_MASK : 0;

	e->s_ceb += d;
	return d;
}

/*
 * A.2.1: ACKs were lost, and the counter may have come round: then the most that can be. But not
 * where one ACK for many packets is the rule, and not where no mark was ever told of.
 */
static uint32_t safe_count(const struct tcp_ecn *e, uint32_t least, uint32_t acked)
{
	bool stretched = e->acked >= ECN_ACKED_MANY * ECN_AVERAGE_ONE;

	if (acked < ACE_WRAP || stretched || e->s_cep == ECN_CEP_INITIAL)
		return least;
	return acked - (acked - least) % ACE_WRAP;
}

static void average(struct tcp_ecn *e, uint32_t acked)
{
	uint32_t now = min_u32(acked, 255) * ECN_AVERAGE_ONE;

	e->acked = (uint16_t)(e->acked == 0 ? now : e->acked - e->acked / 8u + now / 8u);
}

/* Packets with CE that an ACK tells of, and how many octets those were. */
static uint32_t decode(struct tcb *t, const struct tcp_seg *seg, const struct ack_event *ev,
		       uint32_t *octets)
{
	struct tcp_ecn *e = &t->x->ecn;
	const struct tcp_opts *o = &seg->opts;
	uint32_t smss = max_u32(t->x->cc.smss, 1), acked = (ev->delivered + smss - 1) / smss;
	uint32_t least = (ace_of(seg) - e->s_cep) % ACE_WRAP, n = least;

	average(e, acked);
	if (o->present & (AKSU_OPT_ACCECN0 | AKSU_OPT_ACCECN1) && o->accecn.fields > 0 &&
	    !e->option_bad) {
		*octets = new_ceb(e, o);
		if (*octets > n * smss) /* A.2.2: as often round as the octets want */
			n += (*octets - n * smss + ACE_WRAP * smss - 1) / (ACE_WRAP * smss) *
			     ACE_WRAP;
		if (*octets > 0 && least == 0 && acked < ACE_WRAP)
			t->flags |= TF_NO_ECT; /* 3.2.3.2.5: one of the two was mangled */
	} else {
		n = safe_count(e, least, acked);
		*octets = n * smss;
	}
	e->s_cep += n;
	return n;
}

void ecn_on_ack(struct tcb *t, const struct tcp_seg *seg, struct ack_event *ev)
{
	uint32_t octets = ev->delivered;

	if (!has(t, TF_ECN) || has(t, TF_ECN_DEAF))
		return;
	if (is_classic(t))
		ev->ece = seg_has(seg, AKSU_ECE);
	else if (!is_superseded(t, seg, ev))
		ev->ece = decode(t, seg, ev, &octets) > 0;
	if (ev->ece)
		ev->ce = min_u32(octets, ev->delivered);
}

void ecn_reduced(struct tcb *t)
{
	struct tcp_ecn *e = &t->x->ecn;

	e->cut = true;
	e->held = false;
	e->cut_end = t->snd.nxt;
	e->cwr = is_classic(t);
}

static void slow_down(struct tcb *t, const struct ack_event *ev)
{
	struct cc *cc = &t->x->cc;

	if (cc->ops->on_ce == NULL) {
		recovery_cut(t, ev);
		return;
	}
	cc->ops->on_ce(cc, ev);
	(void)tcb_event(t, AKSU_EVENT_CWND);
}

void ecn_react(struct tcb *t, struct ack_event *ev)
{
	struct tcp_ecn *e = &t->x->ecn;

	if (ev->ece && !e->cut) {
		slow_down(t, ev);
		ecn_reduced(t);
		e->held = true;
	}
	if (e->held)
		ev->cwnd_limited = false;
	if (e->cut && seq_geq(t->snd.una, e->cut_end))
		e->cut = e->held = false; /* from the next ACK on: this one told of both sides */
}

bool ecn_may_rest(const struct tcb *t)
{
	static const struct tcp_ecn initial = ECN_INITIAL;
	const struct tcp_ecn *e = &t->x->ecn;

	if (is_classic(t))
		return !e->echo && !e->cwr;
	return !is_accurate(t) ||
	       (e->r_cep == initial.r_cep && e->s_cep == initial.s_cep &&
		e->r_e0b == initial.r_e0b && e->r_e1b == initial.r_e1b && e->r_ceb == 0 &&
		e->s_ceb == 0 && e->syn_echo == 0 && !e->option_bad);
}
