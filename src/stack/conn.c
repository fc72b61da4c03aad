/* SPDX-License-Identifier: MIT */
/*
 * stack/conn.c - a connection among many: its lists, its place in the wheel, its news, its end.
 *
 * Calls into tcp/ are bracketed by conn_enter() and conn_settle(). Settling asks what the call
 * changed: does it want to send (tcp_why_send), when is it due, what may the application see, is it
 * over. A batch of segments settles each connection once (DESIGN D3).
 */
#include "stack/stack.h"

/* ---------------------------------------------------------------- options, shared copy-on-write */

struct tcp_conf *conf_ref(struct tcp_conf *conf)
{
	conf->refs++;
	return conf;
}

void conf_unref(struct aksu *s, struct tcp_conf *conf)
{
	if (conf != NULL && --conf->refs == 0)
		mem_free(&s->env.mem, conf, sizeof(*conf));
}

struct tcp_conf *conf_own(struct aksu *s, struct tcp_conf **conf)
{
	struct tcp_conf *own;

	if ((*conf)->refs == 1)
		return *conf;
	own = mem_alloc(&s->env.mem, sizeof(*own), _Alignof(struct tcp_conf));
	if (own == NULL)
		return NULL;
	*own = **conf;
	own->refs = 1;
	conf_unref(s, *conf);
	*conf = own;
	return own;
}

/* ---------------------------------------------------------------- birth and death */

struct conn *conn_new(struct aksu *s, struct tcp_conf *conf, uint32_t *index)
{
	struct conn *c = pool_get(&s->conns, index);

	if (c == NULL)
		return NULL;
	tcb_init(&c->t, &s->env, conf_ref(conf), 0, TCP_CLOSED);
	c->wheel.at = INSTANT_NEVER;
	c->gen = ++s->gen;
	if (c->gen == 0)
		c->gen = ++s->gen; /* 0 is no name */
	c->bound = POOL_NONE;
	c->link = IP_LOCAL;
	return c;
}

struct iface *conn_iface(struct aksu *s, const struct conn *c)
{
	if (UNLIKELY(c->link < 0))
		return c->link == IP_LOCAL ? &s->local : &s->nowhere;
	return s->ifaces[c->link];
}

static void leave_send_list(struct aksu *s, struct conn *c, uint32_t index)
{
	struct iface *i = conn_iface(s, c);

	if (c->flags & CONN_READY && i != NULL)
		list_remove(SENDING(s), &i->ready, index);
	c->flags &= (uint8_t)~CONN_READY;
}

static void leave_table(struct aksu *s, struct conn *c, uint32_t index)
{
	if (c->flags & CONN_IN_TABLE)
		flows_remove(s, FLOW_REF(FLOW_CONN, index));
	c->flags &= (uint8_t)~CONN_IN_TABLE;
}

static void leave_news(struct aksu *s, struct conn *c, uint32_t index)
{
	if (c->flags & CONN_NEWS)
		list_remove(NEWS(s), &s->news, index);
	if (c->flags & CONN_WAITING) {
		struct bound *b = bound_at(s, c->bound);

		list_remove(NEWS(s), &b->accept, index);
		b->accept_count--;
		c->bound = POOL_NONE;
	}
	c->flags &= (uint8_t) ~(CONN_NEWS | CONN_WAITING);
}

void conn_free(struct aksu *s, uint32_t index)
{
	struct conn *c = conn_at(s, index);
	struct tcp_conf *conf = c->t.conf;

	leave_send_list(s, c, index);
	leave_table(s, c, index);
	leave_news(s, c, index);
	s->nowhere_count -= c->link == NOWHERE;
	wheel_remove(&s->wheel, index);
	if (c->flags & CONN_BOUND)
		bound_remove(s, c->bound);
	tcb_fini(&c->t);
	conf_unref(s, conf);
	pool_put(&s->conns, index);
}

/* ---------------------------------------------------------------- around calls into tcp/ */

void scope_set(struct aksu *s, const struct flow *f, int link, uint64_t packet)
{
	if (LIKELY(s->env.events.mask == 0))
		return;
	s->env.events.scope = (struct event_scope){
		.packet = packet,
		.link = (uint16_t)link,
		.local_port = f->local_port,
		.remote_port = f->remote_port,
		.local = f->local,
		.remote = f->remote,
	};
}

/* A record has no block to report its states; the frame of the scope did it, if there is one. */
void report_state(struct aksu *s, const struct flow *f, enum tcp_state from, enum tcp_state to)
{
	struct aksu_event *e;

	if (LIKELY(!event_wanted(&s->env.events, AKSU_EVENT_STATE)))
		return;
	e = event_begin(&s->env.events, AKSU_EVENT_STATE);
	if (e == NULL)
		return;
	event_of_conn(e, flow_id(s, f), (uint8_t)to);
	e->from = (uint8_t)from;
	e->local = f->local;
	e->remote = f->remote;
	e->local_port = f->local_port;
	e->remote_port = f->remote_port;
}

void conn_enter(struct aksu *s, const struct conn *c)
{
	scope_set(s, &c->flow, c->link, 0);
	s->env.window_limit = share_window(s, c);
	s->env.mtu_probe = 0;
}

/* One wheel entry, moved only when the earliest deadline comes nearer, or at the end (D8). */
static void settle_wheel(struct aksu *s, struct conn *c, uint32_t index)
{
	instant at = tcp_deadline(&c->t);

	if (!before(at, c->wheel.at) && c->t.state != TCP_CLOSED)
		return;
	wheel_remove(&s->wheel, index);
	if (!is_never(at))
		wheel_add(&s->wheel, index, at);
}

static void settle_sending(struct aksu *s, struct conn *c, uint32_t index)
{
	struct iface *i = conn_iface(s, c);
	bool wants = i != NULL && tcp_why_send(&c->t, s->now) != AKSU_WHY_NOTHING;

	if (wants == (bool)(c->flags & CONN_READY))
		return;
	if (wants) {
		list_append(SENDING(s), &i->ready, index);
		c->flags |= CONN_READY;
	} else {
		leave_send_list(s, c, index);
	}
}

uint32_t conn_ready(const struct conn *c) { return conn_fresh(c) ? 0 : tcp_ready(&c->t); }

/* What grew since it was last told (edge-triggered); notices are told once. */
static void settle_news(struct aksu *s, struct conn *c, uint32_t index)
{
	uint8_t ready = (uint8_t)conn_ready(c);
	uint8_t trouble = c->t.conf->no_soft_errors ? 0 : NOTICE_SOFT_ERROR | NOTICE_R1;
	uint8_t notices = c->t.notices & (NOTICE_URGENT | NOTICE_CONNECTED | trouble);

	if (!(c->flags & CONN_OWNED) || c->flags & (CONN_NEWS | CONN_LISTENER)) {
		if (!(c->flags & CONN_NEWS))
			c->told &= ready;
		return;
	}
	if ((ready & ~c->told) == 0 && notices == 0) {
		c->told &= ready;
		return;
	}
	list_append(NEWS(s), &s->news, index);
	c->flags |= CONN_NEWS;
}

/* MUST-20, H11: what the connection knows of its neighbour, told once. */
static void settle_neighbour(struct aksu *s, struct conn *c)
{
	uint8_t notices = c->t.notices & (NOTICE_PROGRESS | NOTICE_DOUBT);
	struct iface *i = conn_iface(s, c);
	struct ip_path path;

	c->t.notices &= (uint8_t) ~(NOTICE_PROGRESS | NOTICE_DOUBT);
	if (notices == 0 || i == NULL || i->local || i->l.kind != AKSU_LINK_ETHERNET ||
	    ip_route(&s->ip, &c->flow.remote, &c->flow.local, &path) != 0 || path.link != i->number)
		return;
	if (notices & NOTICE_PROGRESS)
		link_confirm(&i->l, &path.next_hop, s->now);
	else
		link_suspect(&i->l, &path.next_hop, s->now);
}

/*
 * RFC 4821 7.6.2: after a loss that did not count, no probe for as long as it takes until a loss is
 * to be expected anyhow: as many round trips as there are segments in the window.
 */
static duration search_pause(const struct tcb *t)
{
	uint64_t rounds = t->x->cc.cwnd / max_u32(eff_snd_mss(t), 1);

	return microseconds(min_u64(rounds * t->rtt.srtt_us, to_us(SEARCH_PAUSE_MAX)));
}

/* What arrives and what does not says how large packets to the host may be (RFC 4821). */
static void settle_path(struct aksu *s, struct conn *c, uint32_t index)
{
	uint8_t notices = c->t.notices & (NOTICE_BLACK_HOLE | NOTICE_PROBED);
	const struct aksu_addr *dst = &c->flow.remote;
	uint32_t fixed = path_headers(dst), full = eff_snd_mss(&c->t) + fixed;

	if (LIKELY(notices == 0))
		return;
	if (notices & NOTICE_PROBED) {
		const struct tcp_mtu *m = &c->t.x->mtu;

		ip_pmtu_probed(&s->ip, dst, m->mss + fixed, m->arrived, search_pause(&c->t),
			       s->now);
	}
	c->t.notices &= (uint8_t)~notices;
	full += has(&c->t, TF_TS) ? TS_OPTION_LEN : 0;
	if (c->link >= 0 && notices & NOTICE_BLACK_HOLE &&
	    !ip_pmtu_silent(&s->ip, dst, full, s->now))
		return;
	conn_reroute(s, index, notices & NOTICE_BLACK_HOLE);
	tcb_rest(&c->t);
}

/* The connection is over: its flow is free for another; it stays while the application has it. */
static bool settle_end(struct aksu *s, struct conn *c, uint32_t index)
{
	bool kept = c->flags & (CONN_OWNED | CONN_WAITING);

	if (c->t.state == TCP_CLOSED && c->flags & CONN_IN_TABLE)
		leave_table(s, c, index);
	if (c->t.state == TCP_CLOSED && !kept) {
		conn_free(s, index);
		return true;
	}
	return c->t.state == TCP_TIME_WAIT && !kept && c->t.acks_due == 0 &&
	       timewait_compress(s, index);
}

void conn_settle(struct aksu *s, uint32_t index)
{
	struct conn *c = conn_at(s, index);

	if (settle_end(s, c, index))
		return;
	settle_neighbour(s, c);
	settle_path(s, c, index);
	settle_sending(s, c, index);
	settle_wheel(s, c, index);
	settle_news(s, c, index);
}

void conn_settle_starved(struct aksu *s, uint32_t index)
{
	struct conn *c = conn_at(s, index);

	settle_wheel(s, c, index);
	settle_news(s, c, index);
}

void conn_touch(struct aksu *s, uint32_t index)
{
	struct conn *c = conn_at(s, index);

	if (c->flags & CONN_TOUCHED)
		return;
	if (s->touched_count == TOUCHED_MAX)
		conn_settle_touched(s);
	s->touched[s->touched_count++] = index;
	c->flags |= CONN_TOUCHED;
}

void conn_settle_touched(struct aksu *s)
{
	for (uint32_t k = 0; k < s->touched_count; k++) {
		uint32_t index = s->touched[k];

		if (!pool_lives(&s->conns, index) || !(conn_at(s, index)->flags & CONN_TOUCHED))
			continue;
		conn_at(s, index)->flags &= (uint8_t)~CONN_TOUCHED;
		conn_settle(s, index);
	}
	s->touched_count = 0;
}

void conn_disown(struct aksu *s, uint32_t index)
{
	struct conn *c = conn_at(s, index);

	leave_news(s, c, index);
	c->flags &= (uint8_t)~CONN_OWNED;
	c->user = NULL;
	conn_settle(s, index);
}

/* Its packets leave by another link now. */
static void change_link(struct aksu *s, struct conn *c, uint32_t index, int link)
{
	leave_send_list(s, c, index);
	s->nowhere_count += (uint32_t)(link == NOWHERE) - (c->link == NOWHERE);
	c->link = (int16_t)link;
	settle_sending(s, c, index);
}

void conn_reroute(struct aksu *s, uint32_t index, bool lost)
{
	struct conn *c = conn_at(s, index);
	struct ip_path path;
	uint16_t mss;
	int error;

	if (c->link == IP_LOCAL || !(c->flags & CONN_IN_TABLE))
		return;
	error = ip_route(&s->ip, &c->flow.remote, &c->flow.local, &path);
	if (error != 0 && c->link != NOWHERE) {
		change_link(s, c, index, NOWHERE);
		tcp_soft_error(&c->t, (enum aksu_error)(-error));
	}
	if (error != 0 || path.local)
		return;
	if (c->link == NOWHERE)
		tcp_resume(&c->t, s->now);
	if (path.link != c->link)
		change_link(s, c, index, path.link);
	mss = path_mss_of(&path);
	if (mss != c->t.path_mss)
		tcp_path_mss(&c->t, mss, lost && mss < c->t.path_mss);
}

void conn_revive(struct aksu *s, uint32_t index)
{
	struct conn *c = conn_at(s, index);

	if (!(c->flags & CONN_IN_TABLE))
		return;
	conn_enter(s, c);
	conn_reroute(s, index, false);
	tcp_resume(&c->t, s->now);
	conn_settle(s, index);
}
