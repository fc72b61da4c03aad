/* SPDX-License-Identifier: MIT */
/*
 * socket/info.c - STATUS (RFC 9293 section 3.10.6): one connection, or all of them in turn.
 */
#include "socket/handle.h"

static void fill_flow(struct aksu_info *out, const struct flow *f)
{
	out->local = (struct aksu_endpoint){f->local, f->local_port};
	out->remote = (struct aksu_endpoint){f->remote, f->remote_port};
	out->next_timer = AKSU_NEVER;
	out->timer = AKSU_TIMER_COUNT;
}

static void fill_numbers(struct aksu_info *out, const struct tcb *t)
{
	out->iss = seq_raw(t->iss);
	out->irs = seq_raw(t->irs);
	out->snd_una = seq_raw(t->snd.una);
	out->snd_nxt = seq_raw(t->snd.nxt);
	out->snd_wnd = t->snd.wnd;
	out->rcv_nxt = seq_raw(t->rcv.nxt);
	out->rcv_wnd = rcv_wnd(t);
	out->octets_acked = ((uint64_t)t->una_wraps << 32) + seq_dist(t->iss, t->snd.una);
	out->octets_received = ((uint64_t)t->nxt_wraps << 32) + seq_dist(t->irs, t->rcv.nxt);
}

/* As Linux: what waits for accept(), and how much may. */
static void fill_listener(const struct bound *b, struct aksu_info *out)
{
	out->state = TCP_LISTEN;
	out->local = b->local;
	out->receive_queue = b->accept_count;
	out->send_queue = b->backlog;
}

static void fill_conn(const struct aksu *s, const struct conn *c, struct aksu_info *out)
{
	const struct tcb *t = &c->t;
	const struct tcb_ext *x = tcb_x(t);
	struct ip_path path;

	fill_flow(out, &c->flow);
	out->state = t->state;
	if (c->flags & CONN_LISTENER)
		fill_listener(bound_at(s, c->bound), out);
	if (conn_fresh(c))
		return;
	fill_numbers(out, t);
	out->error = t->error;
	out->state_since = seconds(t->state_s).ns;
	out->options = (uint8_t)((has(t, TF_TS) ? AKSU_OPT_TS : 0) |
				 (has(t, TF_SACK) ? AKSU_OPT_SACK_OK : 0) |
				 (has(t, TF_WS) ? AKSU_OPT_WSCALE : 0));
	if (tcp_synchronized(t))
		out->ecn = has(t, TF_ECN_ACCURATE)  ? AKSU_ECN_ACCURATE
			   : has(t, TF_ECN_CLASSIC) ? AKSU_ECN_CLASSIC
						    : AKSU_ECN_OFF;
	out->snd_wscale = t->snd_shift;
	out->rcv_wscale = t->rcv_shift;
	out->backoff = t->backoff;
	out->in_recovery = x->recovery.active;
	out->reordering = has(t, TF_REORDERS);
	out->conn = t->id;
	out->snd_mss = eff_snd_mss(t);
	out->rcv_mss = t->rcv_mss;
	out->advmss = mss_announced(t);
	if (ip_route(&s->ip, &c->flow.remote, &c->flow.local, &path) == 0)
		out->pmtu = path.pmtu;
	out->cwnd = t->x != NULL ? x->cc.cwnd : t->cwnd;
	out->ssthresh = t->x != NULL ? x->cc.ssthresh : t->ssthresh;
	out->in_flight = snd_in_flight(t);
	out->sacked = x->sent.sacked;
	out->lost = x->sent.lost;
	out->resent = t->retransmissions > 0 ? sent_resent(&x->sent) : 0;
	out->srtt_us = t->rtt.srtt_us;
	out->rttvar_us = t->rtt.rttvar_us;
	out->rto_us = (uint32_t)to_us(rtt_rto(t));
	out->min_rtt_us = x->min_rtt_us;
	out->send_queue = x->sndq.length;
	out->receive_queue = x->rcvq.length;
	out->retransmissions = t->retransmissions;
	out->next_timer = clock_outward(s, tcp_deadline(t));
	out->timer = (uint8_t)tcp_next_timer(t);
	out->congestion = cc_ops_of(t->conf->cc)->name;
}

int aksu_info(const struct aksu *s, aksu_socket h, struct aksu_info *out)
{
	uint32_t index;
	const struct conn *c = tcp_of(s, h, &index);
	const struct bound *b = udp_of(s, h, &index);

	*out = (struct aksu_info){0};
	if (poisoned(s))
		return -AKSU_EPOISONED;
	if (c != NULL) {
		fill_conn(s, c, out);
		return AKSU_OK;
	}
	if (b == NULL)
		return -AKSU_EBADF;
	out->local = b->local;
	out->remote = b->remote;
	return AKSU_OK;
}

/* Half open: our SYN-ACK was sent, and is the one thing outstanding. */
static void fill_syn(const struct aksu *s, const struct syn_entry *e, struct aksu_info *out)
{
	const struct syn_record *r = &e->r;
	instant at = due_instant(e->due, s->syns_since, SYN_UNIT);
	uint64_t waits = seconds((1u << r->sends) - 1).ns; /* 1, 2, 4 ... s: send_syn_ack() */
	bool scaled = r->snd_shift != SYN_UNSCALED;

	fill_flow(out, &e->flow);
	out->state = TCP_SYN_RECEIVED;
	out->conn = flow_id(s, &e->flow);
	out->options = (uint8_t)((r->ts ? AKSU_OPT_TS : 0) | (r->sack ? AKSU_OPT_SACK_OK : 0) |
				 (scaled ? AKSU_OPT_WSCALE : 0));
	out->snd_wscale = scaled ? r->snd_shift : 0;
	out->ecn = r->ecn == SYN_ECN_OFF       ? AKSU_ECN_OFF
		   : r->ecn == SYN_ECN_CLASSIC ? AKSU_ECN_CLASSIC
					       : AKSU_ECN_ACCURATE;
	out->snd_mss = r->peer_mss;
	out->iss = out->snd_una = seq_raw(r->iss);
	out->snd_nxt = seq_raw(seq_add(r->iss, 1));
	out->irs = seq_raw(r->irs);
	out->rcv_nxt = seq_raw(seq_add(r->irs, 1));
	out->octets_received = 1;
	out->in_flight = 1;
	out->backoff = r->sends > 0 ? (uint8_t)(r->sends - 1) : 0;
	out->retransmissions = out->backoff;
	out->rto_us = (uint32_t)to_us(seconds(1u << out->backoff));
	out->state_since = at.ns > waits ? (at.ns - waits) / AKSU_SECOND * AKSU_SECOND : 0;
	out->next_timer = at.ns;
	out->timer = TIMER_RTX;
}

static void fill_timewait(const struct aksu *s, const struct timewait_entry *e,
			  struct aksu_info *out)
{
	instant at = due_instant(e->due, s->timewaits_since, TIMEWAIT_UNIT);
	uint64_t two_msl = 2 * s->env.msl.ns;

	fill_flow(out, &e->flow);
	out->state = TCP_TIME_WAIT;
	out->conn = flow_id(s, &e->flow);
	out->options = e->w.shift & TIMEWAIT_TS ? AKSU_OPT_TS : 0;
	out->rcv_wscale = e->w.shift & (uint8_t)~TIMEWAIT_TS;
	out->snd_una = out->snd_nxt = seq_raw(e->w.snd_nxt);
	out->rcv_nxt = seq_raw(e->w.rcv_nxt);
	out->rcv_wnd = (uint32_t)e->w.rawwnd << out->rcv_wscale;
	out->state_since = at.ns > two_msl ? (at.ns - two_msl) / AKSU_SECOND * AKSU_SECOND : 0;
	out->next_timer = at.ns;
	out->timer = TIMER_LIFE;
}

/* The cursor counts through the pools, one after the other: the pool's number above, an index
 * below. */
bool aksu_next_info(const struct aksu *s, uint64_t *cursor, struct aksu_info *out)
{
	const struct pool *const pools[] = {&s->conns, &s->syns, &s->timewaits};

	for (uint64_t k = *cursor >> 32; k < COUNT_OF(pools) && !poisoned(s); *cursor = ++k << 32) {
		uint32_t i = pool_next(pools[k], (uint32_t)*cursor);

		if (i == POOL_NONE)
			continue;
		*cursor = k << 32 | (i + 1);
		*out = (struct aksu_info){0};
		if (k == 0)
			fill_conn(s, conn_at(s, i), out);
		else if (k == 1)
			fill_syn(s, syn_at(s, i), out);
		else
			fill_timewait(s, timewait_at(s, i), out);
		return true;
	}
	return false;
}
