/* SPDX-License-Identifier: MIT */
/*
 * tcp/tcb.c - the life of a block: its core, its extension, and what it says of itself in events.
 */
#include "tcp/tcb.h"

#include "tcp/tcp.h"

void tcp_panic(struct tcp_env *env, const char *file, int line, const char *what)
{
	if (env->poisoned)
		return;
	env->poisoned = true;
	if (env->panic != NULL)
		env->panic(env->panic_ctx, file, line, what);
}

void tcb_init(struct tcb *t, struct tcp_env *env, struct tcp_conf *conf, uint32_t id,
	      enum tcp_state state)
{
	*t = (struct tcb){
		.env = env,
		.conf = conf,
		.slow = INSTANT_NEVER,
		.rtt = {.rto_us = (uint32_t)to_us(RTO_INITIAL)},
		.ssthresh = SSTHRESH_INFINITE,
		.id = id,
		.state = (uint8_t)state,
		.state_s = (uint32_t)(env->events.now.ns / seconds(1).ns),
		.challenges = CHALLENGE_PER_SECOND, /* also in the clock's first second */
	};
}

const struct tcb_ext *tcb_x(const struct tcb *t)
{
	static const struct tcb_ext none = {
		.deadline = {{UINT64_MAX},
			     {UINT64_MAX},
			     {UINT64_MAX},
			     {UINT64_MAX},
			     {UINT64_MAX},
			     {UINT64_MAX},
			     {UINT64_MAX},
			     {UINT64_MAX}},
		.rack = {.next = {UINT64_MAX}},
		.ecn = ECN_INITIAL,
	};
	static_assert(TIMER_FAST_COUNT == 8, "one INSTANT_NEVER for each");

	return t->x != NULL ? t->x : &none;
}

/* Extensions are named by pointer; the pool wants its index back. It is kept in front. */
struct ext_cell {
	uint32_t index;
	struct tcb_ext ext;
};

uint32_t tcb_ext_size(void) { return sizeof(struct ext_cell); }

struct tcb_ext *tcb_extend(struct tcb *t)
{
	struct ext_cell *cell;
	uint32_t index;

	if (t->x != NULL)
		return t->x;
	cell = pool_get(&t->env->exts, &index);
	if (cell == NULL)
		return NULL;
	cell->index = index;
	t->x = &cell->ext;
	for (int i = 0; i < TIMER_FAST_COUNT; i++)
		t->x->deadline[i] = INSTANT_NEVER;
	t->x->sndq.end = seq_raw(t->snd.una);
	t->x->cc = (struct cc){
		.cwnd = t->cwnd,
		.ssthresh = t->ssthresh,
		.smss = eff_snd_mss(t),
		.srtt_us = t->rtt.srtt_us,
	};
	t->x->delivered_at = t->x->first_sent_at = t->env->events.now;
	t->x->app_limited = 1; /* it slept for want of text */
	t->x->min_rtt_us = t->rtt.srtt_us; /* of what was, that much is kept */
	t->x->min_rtt_since = t->env->events.now;
	t->x->ecn = (struct tcp_ecn)ECN_INITIAL;
	t->x->rack.next = INSTANT_NEVER;
	t->x->rack.reo_wnd_more = (uint8_t)((t->flags & TF_REO_WND) >> TF_REO_WND_SHIFT);
	t->x->rack.reo_wnd_persist = REO_WND_PERSIST;
	t->x->rack.fack = t->snd.una;
	t->x->round_end = t->snd.nxt;
	tcb_ts_begin(t, t->ts_recent);
	cc_resume(&t->x->cc, cc_ops_of(t->conf->cc), t->env->events.now);
	return t->x;
}

void tcb_ts_begin(struct tcb *t, tcp_ts recent)
{
	if (t->x == NULL)
		return;
	t->x->ts_floor = t->x->ts_next = recent;
	t->x->ts_since = t->rcv.nxt;
}

static void release(struct tcb *t)
{
	struct tcb_ext *x = t->x;
	struct mem *mem = &t->env->mem;

	x->cc.srtt_us = t->rtt.srtt_us;
	if (x->cc.ops->rest != NULL)
		x->cc.ops->rest(&x->cc);
	t->cwnd = x->cc.cwnd;
	t->ssthresh = x->cc.ssthresh;
	t->flags &= ~(uint32_t)TF_REO_WND;
	t->flags |= min_u32(x->rack.reo_wnd_more, TF_REO_WND >> TF_REO_WND_SHIFT)
		    << TF_REO_WND_SHIFT;
	bytes_fini(&x->sndq, mem);
	bytes_fini(&x->rcvq, mem);
	reasm_fini(&x->reasm, mem);
	sent_fini(&x->sent, mem);
	t->x = NULL;
	pool_put(&t->env->exts, CONTAINER_OF(x, struct ext_cell, ext)->index);
}

void tcb_rest(struct tcb *t)
{
	const struct tcb_ext *x = t->x;

	if (t->state == TCP_SYN_SENT || t->state == TCP_SYN_RECEIVED)
		return; /* the SYN may not be sent yet, and will need it */
	if (x == NULL || x->sndq.length > 0 || x->rcvq.length > 0 || x->reasm.count > 0 ||
	    x->sent.count > 0 || x->dsack_set || !ecn_may_rest(t) || t->notices & NOTICE_PROBED ||
	    has(t, TF_ACK_DELAYED | TF_FIN_HELD | TF_SND_URGENT | TF_RCV_URGENT))
		return;
	for (int i = 0; i < TIMER_FAST_COUNT; i++)
		if (i != TIMER_PACE && !is_never(x->deadline[i]))
			return; /* for the pace, nothing waits any more */
	release(t);
}

void tcb_starve(struct tcb *t, instant now)
{
	struct tcp_starved *w = &t->env->starved;

	w->count += !has(t, TF_STARVED);
	w->used = t->env->mem.used;
	w->at = now;
	t->flags |= TF_STARVED;
}

void tcb_unstarve(struct tcb *t)
{
	t->env->starved.count -= has(t, TF_STARVED);
	t->flags &= ~(uint32_t)TF_STARVED;
}

void tcb_fini(struct tcb *t)
{
	tcb_unstarve(t);
	if (t->x != NULL)
		release(t);
}

void tcb_terminate(struct tcb *t, enum aksu_error error)
{
	struct aksu_event *e;

	if (t->state == TCP_CLOSED)
		return;
	if (error != AKSU_OK && error != AKSU_ECONNABORTED && !tcp_synchronized(t))
		t->env->counters.connections_failed++;
	if (error != AKSU_OK && t->error == AKSU_OK) {
		t->error = (uint8_t)error;
		e = tcb_event(t, AKSU_EVENT_ERROR);
		if (e != NULL)
			e->error = (uint8_t)error;
	}
	tcb_set_state(t, TCP_CLOSED);
	on_closed(t);
	tcb_unstarve(t);
	t->flags &= ~(uint32_t)(TF_ACK_DELAYED | TF_WINDOW_DUE | TF_PROBE_DUE | TF_KEEPALIVE_DUE |
				TF_OVERRIDE | TF_FIN_HELD | TF_SND_URGENT);
	t->acks_due = 0;
	if (t->x == NULL)
		return;
	/* What came before the end is read first, whatever the end was: see docs/departures.md. */
	if (has(t, TF_NO_READER))
		bytes_fini(&t->x->rcvq, &t->env->mem);
	bytes_fini(&t->x->sndq, &t->env->mem);
	reasm_fini(&t->x->reasm, &t->env->mem);
	sent_fini(&t->x->sent, &t->env->mem);
	tcb_rest(t);
}

/* ---------------------------------------------------------------- events */

struct aksu_event *tcb_event(const struct tcb *t, enum aksu_event_kind kind)
{
	struct aksu_event *e = event_begin(&t->env->events, kind);

	if (e == NULL)
		return NULL;
	event_of_conn(e, t->id, t->state);
	e->iss = seq_raw(t->iss);
	e->irs = seq_raw(t->irs);
	e->cwnd = t->x != NULL ? t->x->cc.cwnd : t->cwnd;
	e->ssthresh = t->x != NULL ? t->x->cc.ssthresh : t->ssthresh;
	e->in_flight = snd_in_flight(t);
	e->srtt_us = t->rtt.srtt_us;
	e->rto_us = (uint32_t)to_us(rtt_rto(t));
	e->window_bytes = t->snd.wnd;
	return e;
}

void event_segment(struct aksu_event *e, const struct tcp_seg *seg)
{
	const struct tcp_opts *o = &seg->opts;

	e->seq = seq_raw(seg->seq);
	e->ack = seq_raw(seg->ack);
	e->length = seg->text_len;
	e->flags = seg->flags;
	e->window = seg->rawwnd;
	e->urgent = seg->up;
	e->segments = seg->segments;
	e->ae = seg->ae;
	e->ecn = seg->ecn;
	e->options = o->present;
	e->mss = seg->segments > 1 ? seg->mss : o->mss;
	e->wscale = o->wscale;
	e->tsval = ts_raw(o->tsval);
	e->tsecr = ts_raw(o->tsecr);
	e->accecn_fields = (uint8_t)o->accecn.fields;
	e->accecn[0] = o->accecn.e0b;
	e->accecn[1] = o->accecn.ceb;
	e->accecn[2] = o->accecn.e1b;
	e->sack_count = o->sack_count;
	for (unsigned i = 0; i < o->sack_count && i < TCP_SACK_MAX; i++) {
		e->sack[i].start = seq_raw(o->sack[i].start);
		e->sack[i].end = seq_raw(o->sack[i].end);
	}
}

void tcp_drop(struct tcp_env *env, const struct tcb *t, enum aksu_drop reason,
	      const struct tcp_seg *seg)
{
	struct aksu_event *e;

	env->counters.drops[reason]++;
	env->dropped++;
	if (LIKELY(!event_wanted(&env->events, AKSU_EVENT_DROP)))
		return;
	e = t != NULL ? tcb_event(t, AKSU_EVENT_DROP) : event_begin(&env->events, AKSU_EVENT_DROP);
	if (e == NULL)
		return;
	e->drop = (uint8_t)reason;
	if (seg != NULL)
		event_segment(e, seg);
}
