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

static void fill_conn(const struct aksu *s, const struct conn *c, struct aksu_info *out)
{
	const struct tcb *t = &c->t;
	const struct tcb_ext *x = tcb_x(t);
	struct ip_path path;

	fill_flow(out, &c->flow);
	out->state = c->flags & CONN_LISTENER ? (uint8_t)TCP_LISTEN : t->state;
	if (conn_fresh(c))
		return;
	fill_numbers(out, t);
	out->options = (uint8_t)((has(t, TF_TS) ? AKSU_OPT_TS : 0) |
				 (has(t, TF_SACK) ? AKSU_OPT_SACK_OK : 0) |
				 (has(t, TF_WS) ? AKSU_OPT_WSCALE : 0));
	out->snd_wscale = t->snd_shift;
	out->rcv_wscale = t->rcv_shift;
	out->backoff = t->backoff;
	out->in_recovery = x->recovery.active;
	out->conn = t->id;
	out->snd_mss = eff_snd_mss(t);
	out->rcv_mss = t->rcv_mss;
	out->advmss = t->path_mss;
	if (ip_route(&s->ip, &c->flow.remote, &c->flow.local, &path) == 0)
		out->pmtu = path.pmtu;
	out->cwnd = t->x != NULL ? x->cc.cwnd : t->cwnd;
	out->ssthresh = t->x != NULL ? x->cc.ssthresh : t->ssthresh;
	out->in_flight = snd_in_flight(t);
	out->srtt_us = t->rtt.srtt_us;
	out->rttvar_us = t->rtt.rttvar_us;
	out->rto_us = (uint32_t)to_us(rtt_rto(t));
	out->min_rtt_us = x->min_rtt_us;
	out->send_queue = x->sndq.length;
	out->receive_queue = x->rcvq.length;
	out->retransmissions = t->retransmissions;
	out->next_timer = tcp_deadline(t).ns;
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

static void fill_record(const struct aksu *s, const struct flow *f, struct aksu_info *out)
{
	fill_flow(out, f);
	out->conn = flow_id(s, f);
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
		if (k == 0) {
			fill_conn(s, conn_at(s, i), out);
			return true;
		}
		fill_record(s, k == 1 ? &syn_at(s, i)->flow : &timewait_at(s, i)->flow, out);
		out->state = k == 1 ? TCP_SYN_RECEIVED : TCP_TIME_WAIT;
		return true;
	}
	return false;
}
