/* SPDX-License-Identifier: MIT */
/*
 * stack/output.c - aksu_output(): the driver has room; who sends, and in which order.
 *
 *   1  what the link itself has to say (ARP, neighbour discovery, packets whose neighbour answered)
 *   2  segments without a connection: resets, SYN-ACKs of records, ACKs of TIME-WAIT
 *   3  datagrams: ICMP and UDP, cut into fragments as they go
 *   4  connections that are ready, QUANTUM frames or QUANTUM_OCTETS each before the next one's turn
 */
#include "base/bytes.h"
#include "stack/stack.h"

/* ---------------------------------------------------------------- segments without a connection */

static struct iface *iface_for(struct aksu *s, const struct flow *f)
{
	struct ip_path path;

	if (ip_route(&s->ip, &f->remote, &f->local, &path) != 0)
		return NULL;
	return path.local ? &s->local : s->ifaces[path.link];
}

struct control *control_send(struct aksu *s, const struct flow *f, const struct tcp_seg *seg,
			     enum aksu_why why, enum tcp_state state, const struct tcp_conf *conf)
{
	struct iface *i = iface_for(s, f);
	struct control *k;

	if (i == NULL) {
		tcp_drop(&s->env, NULL, AKSU_DROP_NO_ROUTE, seg);
		return NULL;
	}
	k = ring_push(&i->control, &s->env.mem, sizeof(*k), CONTROL_MAX);
	if (k == NULL) {
		tcp_drop(&s->env, NULL, AKSU_DROP_REPLY_QUEUE, seg);
		return NULL;
	}
	*k = (struct control){
		.flow = *f,
		.seg = *seg,
		.conn = event_wanted(&s->env.events, AKSU_EVENT_SEGMENT_OUT) ? flow_id(s, f) : 0,
		.why = (uint8_t)why,
		.state = (uint8_t)state,
		.ttl = conf != NULL ? conf->ttl : 0,
		.tos = conf != NULL ? conf->tos : 0,
	};
	return k;
}

/* Resets answer strangers: so many in a second, and then silence (C6). */
static bool reset_allowed(struct aksu *s)
{
	if (longer(since(s->resets_since, s->now), seconds(1))) {
		s->resets_since = s->now;
		s->resets = 0;
	}
	return s->resets++ < RESETS_PER_SECOND;
}

void reply_send(struct aksu *s, const struct flow *f, const struct reply *re, enum tcp_state state,
		const struct tcp_conf *conf)
{
	bool last_word = conf != NULL && state == TCP_CLOSED; /* a connection ends: not limited */

	if (!re->set)
		return;
	if (seg_has(&re->seg, AKSU_RST) && !last_word && !reset_allowed(s)) {
		tcp_drop(&s->env, NULL, AKSU_DROP_RESET_LIMIT, &re->seg);
		return;
	}
	(void)control_send(s, f, &re->seg, (enum aksu_why)re->why, state, conf);
}

static bool control_next(struct aksu *s, struct iface *i, struct aksu_tx *tx)
{
	while (i->control.count > 0) {
		struct control k = *RING_AT(&i->control, struct control, 0);

		ring_pop(&i->control, &s->env.mem, sizeof(k));
		if (emit_control(s, i, &k, tx))
			return true;
	}
	return false;
}

/* ---------------------------------------------------------------- connections */

static uint32_t bulk_of(const struct iface *i, const struct conn *c)
{
	uint32_t mss = eff_snd_mss(&c->t);

	if (i->local || !(i->l.features & AKSU_LINK_TX_TSO) || mss == 0)
		return 1;
	return i->l.tso_max > 128 ? max_u32((i->l.tso_max - 128) / mss, 1) : 1;
}

/* Somewhere the path takes less than the link; what was learnt is forgotten after ten minutes. */
static bool is_narrowed(const struct iface *i, const struct conn *c)
{
	return !i->local && c->t.path_mss + path_headers(&c->flow.remote) < i->l.mtu;
}

static void path_search(struct aksu *s, const struct iface *i, const struct conn *c)
{
	uint32_t size = ip_pmtu_probe(&s->ip, &c->flow.remote, i->l.mtu, s->now);

	s->env.mtu_probe = size != 0 ? size - path_headers(&c->flow.remote) : 0;
}

/* A connection's turn; returns how many frames it filled. */
static size_t serve(struct aksu *s, struct iface *i, uint32_t index, struct aksu_tx *tx, size_t cap)
{
	struct conn *c = conn_at(s, index);
	size_t n = 0;
	uint32_t octets = 0;
	struct tcp_out out;

	conn_enter(s, c);
	if (is_narrowed(i, c))
		path_search(s, i, c);
	for (size_t turns = 0; n < cap && turns < QUANTUM && octets < QUANTUM_OCTETS; turns++) {
		if (!tcp_output(&c->t, bulk_of(i, c), s->now, &out))
			break;
		octets += out.seg.text_len;
		if (emit_segment(s, i, c, &out, &tx[n]))
			n++;
	}
	tcb_rest(&c->t);
	return n;
}

static size_t serve_ready(struct aksu *s, struct iface *i, struct aksu_tx *tx, size_t cap)
{
	size_t n = 0;

	while (n < cap && i->ready.head != POOL_NONE) {
		uint32_t index = i->ready.head;
		struct conn *c = conn_at(s, index);
		size_t filled;

		if (is_narrowed(i, c))
			conn_reroute(s, index, false); /* the path may be wider again (H5) */
		if (conn_iface(s, c) != i)
			continue; /* and it leaves elsewhere */

		/* To the end of the line; conn_settle() takes it out if it has nothing more. */
		list_remove(SENDING(s), &i->ready, index);
		list_append(SENDING(s), &i->ready, index);
		filled = serve(s, i, index, tx + n, cap - n);
		n += filled;
		if (filled == 0 && tcp_why_send(&c->t, s->now) != AKSU_WHY_NOTHING) {
			/*
			 * Memory was refused, or a neighbour is awaited: its timer brings it back.
			 */
			list_remove(SENDING(s), &i->ready, index);
			c->flags &= (uint8_t)~CONN_READY;
			conn_settle_starved(s, index);
			continue;
		}
		conn_settle(s, index);
	}
	return n;
}

/* ---------------------------------------------------------------- the verb */

bool iface_wants_output(const struct iface *i)
{
	return i->control.count > 0 || i->datagrams.count > 0 || i->ready.head != POOL_NONE ||
	       (!i->local && link_wants_output(&i->l));
}

static size_t take_from_link(struct aksu *s, struct iface *i, struct aksu_tx *tx, size_t cap)
{
	size_t n = i->local ? 0 : link_take(&i->l, tx, cap);

	for (size_t k = 0; k < n; k++)
		if (tx[k].packet == 0)
			tx[k].packet = ++s->packets;
	return n;
}

size_t iface_output(struct aksu *s, struct iface *i, struct aksu_tx *tx, size_t cap)
{
	size_t n = take_from_link(s, i, tx, cap);

	while (n < cap && control_next(s, i, &tx[n]))
		n++;
	while (n < cap && datagrams_next(s, i, &tx[n]))
		n++;
	n += serve_ready(s, i, tx + n, cap - n);
	/* Of what was served now, the first packet to a neighbour made a question. */
	n += take_from_link(s, i, tx + n, cap - n);
	for (size_t k = 0; k < n; k++)
		s->env.counters.octets_out += tx[k].len;
	s->env.counters.frames_out += n;
	if (!i->local)
		link_count_drops(s, i);
	return n;
}

size_t aksu_output(struct aksu *s, int link, struct aksu_tx *tx, size_t cap, aksu_time now)
{
	if (poisoned(s) || link < 0 || link >= LINKS_MAX || s->ifaces[link] == NULL)
		return 0;
	(void)latch(s, now);
	if (s->suspended)
		return 0;
	local_run(s);
	return iface_output(s, s->ifaces[link], tx, cap);
}

bool aksu_wants_output(const struct aksu *s, int link)
{
	return !poisoned(s) && !s->suspended && link >= 0 && link < LINKS_MAX &&
	       s->ifaces[link] != NULL && iface_wants_output(s->ifaces[link]);
}

void aksu_tx_done(struct aksu *s, struct aksu_tx *tx, size_t n)
{
	(void)s;
	for (size_t k = 0; k < n; k++)
		tx_release(&tx[k]);
}

size_t aksu_tx_copy(const struct aksu_tx *tx, uint8_t *out, size_t cap)
{
	size_t at = tx->head_len;

	if (tx->len > cap)
		return 0;
	memcpy(out, tx->head, at);
	for (unsigned k = 0; k < tx->pieces; k++) {
		memcpy(out + at, tx->piece[k].data, tx->piece[k].len);
		at += tx->piece[k].len;
	}
	return at;
}
