/* SPDX-License-Identifier: MIT */
/*
 * stack/passive.c - passive OPEN: SYN records, SYN cookies, the accept queue.
 *
 * RFC 9293 section 3.10.7.2, RFC 4987. What a segment means for a listener or a record is decided
 * in tcp/listen.c; here are addresses, queues, time and the limits:
 *
 *   SYN ─► record (SYN queue) ─► ACK ─► connection (accept queue) ─► aksu_accept()
 *     └──► cookie, when the SYN queue is full or memory is tight ──┘
 */
#include "stack/stack.h"

#define COOKIE_LIFE seconds(128) /* as long as cookie_check() may find one good */

/* ---------------------------------------------------------------- records */

static duration level_timeout(unsigned level) { return seconds(1u << level); }

static unsigned level_of(const struct syn_entry *e) { return e->r.sends > 0 ? e->r.sends - 1u : 0; }

static struct tcp_passive passive_of(struct aksu *s, const struct flow *f, struct tcp_conf *conf)
{
	struct tcp_passive p = {
		.conf = conf,
		.ts_offset = ts_offset_of(s, f),
		.default_mss = default_mss_of(&f->remote),
	};
	struct ip_path path;

	p.path_mss = p.default_mss;
	if (ip_route(&s->ip, &f->remote, &f->local, &path) != 0)
		return p;
	p.path_mss = path_mss_of(&path);
	if (!path.local)
		p.window = share_first_window(s->ifaces[path.link], p.path_mss);
	return p;
}

uint32_t passive_listener(const struct aksu *s, const struct flow *f)
{
	uint32_t i = bound_find(s, 6, IP_LOCAL, &f->local, f->local_port, NULL);

	return i != POOL_NONE && bound_at(s, i)->listening ? i : POOL_NONE;
}

void syn_free(struct aksu *s, uint32_t index)
{
	struct syn_entry *e = syn_at(s, index);
	uint32_t l = passive_listener(s, &e->flow);

	if (l != POOL_NONE && bound_at(s, l)->syn_count > 0)
		bound_at(s, l)->syn_count--;
	fifo_remove(&s->syns, &s->syn_fifo[level_of(e)], index);
	flows_remove(s, FLOW_REF(FLOW_SYN, index));
	pool_put(&s->syns, index);
}

/* Sends the SYN-ACK, again or for the first time, and waits twice as long as the last time. */
static void send_syn_ack(struct aksu *s, uint32_t index, const struct tcp_passive *p)
{
	struct syn_entry *e = syn_at(s, index);
	struct tcp_seg seg;
	struct control *k;

	if (e->r.sends > 0)
		fifo_remove(&s->syns, &s->syn_fifo[level_of(e)], index);
	if (e->r.sends < SYN_LEVELS)
		e->r.sends++;
	e->due = due_at(after(s->now, level_timeout(level_of(e))), SYN_UNIT);
	fifo_push(&s->syns, &s->syn_fifo[level_of(e)], index);
	syn_record_answer(&e->r, p, s->now, &seg);
	k = control_send(s, &e->flow, &seg, e->r.sends > 1 ? AKSU_WHY_RTO : AKSU_WHY_HANDSHAKE,
			 TCP_SYN_RECEIVED, p->conf);
	if (k != NULL)
		k->transmissions = (uint8_t)(e->r.sends - 1);
}

/* ---------------------------------------------------------------- SYN arrives */

static void send_cookie(struct aksu *s, struct bound *b, const struct flow *f,
			const struct tcp_seg *syn, const struct tcp_passive *p)
{
	tcp_seq iss = cookie_make(&s->key_cookie, f, sizeof(*f), syn, p->default_mss, s->now);
	struct syn_record r = syn_record_from(syn, iss, p->default_mss, p->conf);
	struct tcp_seg seg;

	if (!r.ts) /* nowhere to keep the rest */
		syn_record_plain(&r);
	syn_record_answer(&r, p, s->now, &seg);
	if (r.ts)
		seg.opts.tsval = cookie_tsval(&r, seg.opts.tsval);
	b->cookies_until = after(s->now, COOKIE_LIFE);
	s->env.counters.syn_cookies_sent++;
	(void)control_send(s, f, &seg, AKSU_WHY_SYN_COOKIE, TCP_LISTEN, p->conf);
}

bool passive_has_room(struct aksu *s, uint32_t listener, const struct tcp_seg *seg)
{
	const struct bound *b = bound_at(s, listener);

	if (b->accept_count < b->backlog)
		return true;
	tcp_drop(&s->env, NULL, AKSU_DROP_ACCEPT_QUEUE_FULL, seg);
	return false;
}

void passive_syn(struct aksu *s, uint32_t bound, const struct flow *f, const struct tcp_seg *seg,
		 const tcp_seq *iss_floor)
{
	struct bound *b = bound_at(s, bound);
	struct tcp_passive p = passive_of(s, f, b->conf);
	tcp_seq iss = isn_of(s, f, s->now);
	struct syn_entry *e = NULL;
	uint32_t index;

	if (!passive_has_room(s, bound, seg))
		return; /* the SYN will come again (B7) */
	if (b->syn_count < s->syn_queue && !mem_tight(&s->env.mem))
		e = pool_get(&s->syns, &index);
	if (e == NULL && iss_floor != NULL) { /* a cookie cannot be above the floor (MAY-2) */
		tcp_drop(&s->env, NULL, AKSU_DROP_SYN_QUEUE_FULL, seg);
		return;
	}
	if (e == NULL) {
		send_cookie(s, b, f, seg, &p);
		return;
	}
	if (iss_floor != NULL)
		iss = seq_max(iss, *iss_floor);
	e->flow = *f;
	e->r = syn_record_from(seg, iss, p.default_mss, p.conf);
	flows_insert(s, FLOW_REF(FLOW_SYN, index));
	b->syn_count++;
	report_state(s, f, TCP_LISTEN, TCP_SYN_RECEIVED);
	send_syn_ack(s, index, &p);
}

/* ---------------------------------------------------------------- the handshake completes */

/*
 * A connection takes the record's place and is given the segment. False: there was no room, and
 * the record stays: the peer's next segment, or our next SYN-ACK, tries again.
 */
static bool complete(struct aksu *s, uint32_t listener, const struct flow *f,
		     const struct syn_record *r, const struct tcp_passive *p, instant syn_ack_sent,
		     uint32_t *index)
{
	struct bound *b = bound_at(s, listener);
	struct ip_path path;
	struct conn *c;

	if (ip_route(&s->ip, &f->remote, &f->local, &path) != 0)
		return false;
	c = conn_new(s, b->conf, index);
	if (c == NULL)
		return false;
	c->flow = *f;
	c->link = (int16_t)path.link;
	if (!tcp_open_passive(&c->t, &s->env, r, p, flow_id(s, f), syn_ack_sent)) {
		conn_free(s, *index);
		return false;
	}
	c->bound = listener;
	return true;
}

static void join_accept_queue(struct aksu *s, uint32_t listener, uint32_t index)
{
	struct bound *b = bound_at(s, listener);

	conn_at(s, index)->flags |= CONN_WAITING;
	list_append(NEWS(s), &b->accept, index);
	b->accept_count++;
	s->env.counters.connections_accepted++;
	bound_tell(s, listener);
}

static bool open_connection(struct aksu *s, uint32_t listener, const struct flow *f,
			    const struct syn_record *r, const struct tcp_passive *p,
			    instant syn_ack_sent, const struct tcp_seg *seg)
{
	struct reply re = {0};
	flow_ref old;
	uint32_t index;

	if (!complete(s, listener, f, r, p, syn_ack_sent, &index)) {
		tcp_drop(&s->env, NULL, AKSU_DROP_NO_MEMORY, seg);
		return false;
	}
	old = flows_find(s, f); /* the record, and TIME-WAIT of the incarnation before (MAY-2) */
	if (FLOW_KIND(old) == FLOW_SYN)
		syn_free(s, FLOW_INDEX(old));
	old = flows_find(s, f);
	if (FLOW_KIND(old) == FLOW_TIMEWAIT)
		timewait_free(s, FLOW_INDEX(old));
	flows_insert(s, FLOW_REF(FLOW_CONN, index));
	conn_at(s, index)->flags |= CONN_IN_TABLE;
	join_accept_queue(s, listener, index);
	tcp_input(&conn_at(s, index)->t, seg, s->now, &re);
	reply_send(s, f, &re, (enum tcp_state)conn_at(s, index)->t.state, p->conf);
	conn_touch(s, index);
	return true;
}

/* ---------------------------------------------------------------- segments for a record */

void passive_segment(struct aksu *s, uint32_t syn, const struct tcp_seg *seg)
{
	struct syn_entry *e = syn_at(s, syn);
	uint32_t l = passive_listener(s, &e->flow);
	enum aksu_drop reason;
	struct tcp_passive p;
	struct reply re = {.set = true, .why = AKSU_WHY_OUT_OF_WINDOW};
	struct flow f = e->flow;
	enum syn_verdict verdict;

	if (l == POOL_NONE) { /* the listener is gone (C-39) */
		report_state(s, &f, TCP_SYN_RECEIVED, TCP_CLOSED);
		syn_free(s, syn);
		re.set = false;
		tcp_closed(&s->env, seg, &re);
		reply_send(s, &f, &re, TCP_CLOSED, NULL);
		return;
	}
	p = passive_of(s, &f, bound_at(s, l)->conf);
	verdict = syn_record_input(&e->r, &p, seg, s->now, &reason);
	switch (verdict) {
	case SYN_DROP: re.set = false; break;
	case SYN_RESEND:
		re.set = false;
		send_syn_ack(s, syn, &p);
		break;
	case SYN_ACK: syn_record_ack(&e->r, &p, s->now, &re.seg); break;
	case SYN_RESET:
		re.why = AKSU_WHY_RESET;
		tcp_make_reset(seg, &re.seg);
		break;
	case SYN_ABORT:
	case SYN_DIE: /* back to LISTEN, and nobody is told (MUST-11) */
		re.set = verdict == SYN_ABORT;
		re.why = AKSU_WHY_RESET;
		tcp_make_reset(seg, &re.seg);
		report_state(s, &f, TCP_SYN_RECEIVED, TCP_LISTEN);
		syn_free(s, syn);
		break;
	case SYN_COMPLETE:
		re.set = false;
		if (passive_has_room(s, l, seg)) {
			struct syn_record r = e->r;
			instant due = due_instant(e->due, s->syns_since, SYN_UNIT);
			duration waited = level_timeout(level_of(e));

			(void)open_connection(s, l, &f, &r, &p,
					      (instant){due.ns > waited.ns ? due.ns - waited.ns
									   : 0},
					      seg);
		}
		return;
	}
	if (reason != AKSU_DROP_NONE)
		tcp_drop(&s->env, NULL, reason, seg);
	reply_send(s, &f, &re, TCP_SYN_RECEIVED, p.conf);
}

/* ---------------------------------------------------------------- segments for a listener */

/* An ACK that may bring back a cookie of ours. */
static bool take_cookie(struct aksu *s, uint32_t bound, const struct flow *f,
			const struct tcp_seg *seg, enum aksu_drop *reason)
{
	struct bound *b = bound_at(s, bound);
	struct tcp_passive p;
	struct syn_record r;

	if (!before(s->now, b->cookies_until) || seg_has(seg, AKSU_SYN))
		return false;
	if (!cookie_check(&s->key_cookie, f, sizeof(*f), b->conf, seg, s->now, &r)) {
		*reason = AKSU_DROP_COOKIE_BAD;
		return false;
	}
	s->env.counters.syn_cookies_good++;
	if (!passive_has_room(s, bound, seg))
		return true;
	p = passive_of(s, f, b->conf);
	r.rcv_shift = option_rcv_shift(b->conf) & 0x0fu; /* a cookie has no room for it */
	report_state(s, f, TCP_LISTEN, TCP_SYN_RECEIVED);
	if (!open_connection(s, bound, f, &r, &p, s->now, seg))
		report_state(s, f, TCP_SYN_RECEIVED, TCP_LISTEN);
	return true;
}

void passive_listen(struct aksu *s, uint32_t bound, const struct flow *f, const struct tcp_seg *seg)
{
	struct reply re = {.set = true, .why = AKSU_WHY_RESET};
	enum aksu_drop reason;

	switch (tcp_listen(seg, &reason)) {
	case LISTEN_IGNORE: tcp_drop(&s->env, NULL, reason, seg); return;
	case LISTEN_RESET:
		if (take_cookie(s, bound, f, seg, &reason))
			return;
		tcp_make_reset(seg, &re.seg);
		tcp_drop(&s->env, NULL, reason, seg);
		reply_send(s, f, &re, TCP_LISTEN, bound_at(s, bound)->conf);
		return;
	case LISTEN_SYN: passive_syn(s, bound, f, seg, NULL); return;
	}
}

/* Passive OPEN of an owned connection in CLOSED: its name now names a listener. */
int stack_listen(struct aksu *s, uint32_t index, unsigned backlog)
{
	struct conn *c = conn_at(s, index);
	struct bound *b;
	int error;

	if (!(c->flags & CONN_BOUND)) {
		uint32_t bound = bound_add(s, 6, &(struct aksu_endpoint){.port = 0}, &error);

		if (bound == POOL_NONE)
			return error;
		c->bound = bound;
		c->flags |= CONN_BOUND;
	}
	b = bound_at(s, c->bound);
	b->backlog = max_u32(backlog, 1);
	if (b->listening)
		return AKSU_OK; /* the backlog may be changed */
	b->listening = true;
	b->conn = index;
	b->conf = conf_ref(c->t.conf);
	c->flags |= CONN_LISTENER;
	c->flow.local = b->local.addr;
	c->flow.local_port = b->local.port;
	conn_enter(s, c);
	report_state(s, &c->flow, TCP_CLOSED, TCP_LISTEN);
	return AKSU_OK;
}

/* The listener closes: records are forgotten, connections that nobody accepted are reset. */
void passive_forget(struct aksu *s, uint32_t bound)
{
	struct bound *b = bound_at(s, bound);

	while (b->accept.head != POOL_NONE) {
		uint32_t index = b->accept.head;
		struct conn *c = conn_at(s, index);
		struct reply re = {0};
		struct flow f = c->flow;

		conn_enter(s, c);
		tcp_abort(&c->t, &re);
		reply_send(s, &f, &re, TCP_CLOSED, c->t.conf);
		conn_disown(s, index);
	}
	for (uint32_t i = pool_next(&s->syns, 0); i != POOL_NONE; i = pool_next(&s->syns, i + 1))
		if (passive_listener(s, &syn_at(s, i)->flow) == bound) {
			report_state(s, &syn_at(s, i)->flow, TCP_SYN_RECEIVED, TCP_CLOSED);
			syn_free(s, i);
		}
}

/* ---------------------------------------------------------------- time */

instant syn_deadline(const struct aksu *s)
{
	instant first = INSTANT_NEVER;

	for (unsigned l = 0; l < SYN_LEVELS; l++)
		if (s->syn_fifo[l].oldest != POOL_NONE)
			first = earlier(first, due_instant(syn_at(s, s->syn_fifo[l].oldest)->due,
							   s->syns_since, SYN_UNIT));
	return first;
}

static void syn_timeout(struct aksu *s, uint32_t index)
{
	struct syn_entry *e = syn_at(s, index);
	uint32_t l = passive_listener(s, &e->flow);
	struct tcp_passive p;

	if (l == POOL_NONE || e->r.sends >= SYN_LEVELS) { /* silently (T3) */
		report_state(s, &e->flow, TCP_SYN_RECEIVED, TCP_LISTEN);
		syn_free(s, index);
		return;
	}
	p = passive_of(s, &e->flow, bound_at(s, l)->conf);
	send_syn_ack(s, index, &p);
}

/* The records of one level that are due; one that is sent again moves on to the next. */
static void advance_level(struct aksu *s, unsigned level)
{
	const struct fifo *f = &s->syn_fifo[level];
	uint32_t last = f->newest, i;

	while ((i = f->oldest) != POOL_NONE) {
		if (!due(due_instant(syn_at(s, i)->due, s->syns_since, SYN_UNIT), s->now))
			return;
		syn_timeout(s, i);
		if (i == last)
			return;
	}
}

/* From the last level to the first: a record is sent once at most, however late we are (D17). */
void syn_advance(struct aksu *s)
{
	for (unsigned l = SYN_LEVELS; l-- > 0;)
		advance_level(s, l);
}
