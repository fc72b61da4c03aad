/* SPDX-License-Identifier: MIT */
/*
 * stack/emit.c - from a segment to a frame: headers in front, payload by reference, checksum.
 *
 *   aksu_tx.head   | link header | IP | TCP and options |      piece 0 | piece 1 | ...
 */
#include "base/bytes.h"
#include "stack/stack.h"
#include "wire/checksum.h"

#define TCP_CHECKSUM_AT 16u /* of the field, in the TCP header */

void tx_release(struct aksu_tx *tx) { link_release(tx); }

/* References the payload; returns its sum if the device will not make it. */
static csum attach(const struct tcp_out *out, bool sum, struct aksu_tx *tx)
{
	csum total = {0};
	uint32_t at = 0;

	for (unsigned k = 0; k < out->pieces; k++) {
		const struct slice *p = &out->piece[k];
		const uint8_t *data = p->block->data + p->at;

		tx->piece[k] = (struct aksu_piece){data, p->len, block_ref(p->block)};
		if (sum) {
			csum s = csum_of(data, p->len);

			total = csum_add(total, at % 2 == 0 ? s : csum_shift(s));
		}
		at += p->len;
	}
	tx->pieces = out->pieces;
	return total;
}

/* A keep-alive's octet lies in no block: it goes behind the header. */
static size_t append_small(const struct tcp_seg *seg, uint8_t *at)
{
	if (seg->text == NULL || seg->text_len > 1)
		return 0;
	memcpy(at, seg->text, seg->text_len);
	return seg->text_len;
}

/* MUST-2: by us, or by the device. */
static void put_checksum(struct aksu_tx *tx, size_t tcp_at, csum sum, bool partial)
{
	uint16_t field = partial ? csum_fold(sum) : csum_finish(sum);

	tx->head[tcp_at + TCP_CHECKSUM_AT] = (uint8_t)(field >> 8);
	tx->head[tcp_at + TCP_CHECKSUM_AT + 1] = (uint8_t)field;
	if (!partial)
		return;
	tx->checksum = 1;
	tx->csum_start = (uint16_t)tcp_at;
	tx->csum_offset = TCP_CHECKSUM_AT;
}

static bool route_frame(struct aksu *s, struct iface *i, const struct flow *f, struct aksu_tx *tx)
{
	struct ip_path path;
	enum link_verdict verdict;

	if (i->local || i->l.kind == AKSU_LINK_IP)
		return true;
	if (ip_route(&s->ip, &f->remote, &f->local, &path) != 0 || path.link != i->number) {
		tcp_drop(&s->env, NULL, AKSU_DROP_NO_ROUTE, NULL);
		tx_release(tx);
		return false;
	}
	verdict = link_output(&i->l, tx, &path.next_hop, s->now);
	if (verdict == LINK_DROP)
		tx_release(tx);
	return verdict == LINK_SEND;
}

static void report(struct aksu *s, const struct iface *i, const struct flow *f,
		   const struct tcp_out *out, const struct aksu_tx *tx, const struct tcb *t,
		   uint32_t id, uint8_t state)
{
	struct aksu_event *e;

	if (LIKELY(!event_wanted(&s->env.events, AKSU_EVENT_SEGMENT_OUT)))
		return;
	scope_set(s, f, i->number, tx->packet);
	e = t != NULL ? tcb_event(t, AKSU_EVENT_SEGMENT_OUT)
		      : event_begin(&s->env.events, AKSU_EVENT_SEGMENT_OUT);
	if (e == NULL)
		return;
	event_segment(e, &out->seg);
	event_of_conn(e, id, state);
	e->window_bytes = e->window;
	if (t != NULL && !(e->flags & AKSU_SYN))
		e->window_bytes <<= t->rcv_shift;
	if (t == NULL && e->flags & AKSU_SYN) { /* of a record: it tells both numbers itself */
		e->iss = e->seq;
		e->irs = e->ack - 1;
	}
	e->why = out->why;
	e->retransmission = (uint8_t)min_u32(out->transmissions, UINT8_MAX);
}

/* What IP is told beside the addresses. */
struct envelope {
	uint32_t label; /* IPv6 flow label: the same for all packets of a flow (RFC 6437) */
	uint8_t ttl, tos;
	bool may_cut; /* IPv4: the path is narrower than what we stay above with DF (ip/pmtu.c) */
};

/* Headers of IP and TCP, at the offset that the link wants; returns where TCP's begins. */
static size_t write_headers(struct aksu *s, struct iface *i, const struct flow *f,
			    const struct tcp_out *out, struct envelope env, struct aksu_tx *tx)
{
	size_t ip_at = i->local ? 0 : link_head_len(&i->l),
	       tcp_at = ip_at + ip_header_len(&f->remote);
	struct tcp_seg seg = out->seg;
	size_t tcp_len;
	struct ip_out ip = {
		.src = f->local,
		.dst = f->remote,
		.protocol = 6,
		.ttl = env.ttl != 0 ? env.ttl : IP_TTL_DEFAULT,
		.tos = (uint8_t)(env.tos | out->seg.ecn), /* the upper bits are the application's */
		.id = (uint16_t)(env.may_cut ? ip_id(&s->ip, &f->local, &f->remote, 6)
					     : s->packets), /* with DF it means nothing (MAY-4) */
		.flow = env.label & 0xfffff,
		.dont_fragment = !env.may_cut,
	};

	seg.src_port = f->local_port;
	seg.dst_port = f->remote_port;
	tcp_len = tcp_emit(&seg, tx->head + tcp_at);
	ip.payload_len = (uint32_t)tcp_len + seg.text_len;
	(void)ip_emit(&ip, tx->head + ip_at);
	tcp_len += append_small(&seg, tx->head + tcp_at + tcp_len);
	tx->head_len = (uint16_t)(tcp_at + tcp_len);
	tx->len = (uint32_t)(tcp_at + ip.payload_len);
	return tcp_at;
}

/*
 * What must always hold of what leaves, whoever made it that long: it fits the link, and so does
 * each piece of what the link cuts (MUST-16, RFC 1191).
 */
static bool fits(const struct iface *i, const struct tcp_out *out, const struct aksu_tx *tx)
{
	uint32_t excess = tx->mss != 0 ? out->seg.text_len - out->mss : 0;

	return i->local || tx->len - excess - link_head_len(&i->l) <= i->l.mtu;
}

static bool emit(struct aksu *s, struct iface *i, const struct flow *f, const struct tcp_out *out,
		 struct envelope env, struct aksu_tx *tx)
{
	bool partial = i->local || i->l.features & AKSU_LINK_TX_CSUM;
	size_t tcp_at;
	csum sum;

	tx->checksum = 0;
	tx->csum_start = tx->csum_offset = tx->mss = tx->transport = 0;
	tcp_at = write_headers(s, i, f, out, env, tx);
	sum = csum_add(attach(out, !partial, tx),
		       csum_pseudo(&f->local, &f->remote, 6, (uint32_t)(tx->len - tcp_at)));
	if (!partial)
		sum = csum_add(sum, csum_of(tx->head + tcp_at, tx->head_len - tcp_at));
	put_checksum(tx, tcp_at, sum, partial);
	if (out->seg.text_len > out->mss && out->mss > 0) {
		tx->mss = out->mss;
		tx->transport = (uint16_t)tcp_at;
	}
	AKSU_ASSERT(&s->env, fits(i, out, tx), false);
	tx->packet = ++s->packets;
	s->env.counters.segments_out += out->seg.segments;
	if (out->transmissions > 0)
		s->env.counters.retransmissions += out->seg.segments;
	return route_frame(s, i, f, tx);
}

/* Only a path MTU at the floor can be one that lies below it. */
static bool may_cut(const struct aksu *s, const struct conn *c)
{
	struct ip_path path;

	if (!addr_is_v4(&c->flow.remote) || c->t.path_mss > IP_PMTU_MIN_V4 - 20 - TCP_HDR_LEN)
		return false;
	return ip_route(&s->ip, &c->flow.remote, &c->flow.local, &path) == 0 && path.fragment;
}

bool emit_segment(struct aksu *s, struct iface *i, struct conn *c, const struct tcp_out *out,
		  struct aksu_tx *tx)
{
	struct envelope env = {c->t.id, c->t.conf->ttl, c->t.conf->tos, may_cut(s, c)};
	bool sent;

	if (UNLIKELY(i == &s->nowhere)) {
		tcp_drop(&s->env, &c->t, AKSU_DROP_NO_ROUTE, &out->seg);
		return false;
	}
	sent = emit(s, i, &c->flow, out, env, tx);
	report(s, i, &c->flow, out, tx, &c->t, c->t.id, c->t.state);
	return sent;
}

bool emit_control(struct aksu *s, struct iface *i, const struct control *k, struct aksu_tx *tx)
{
	struct tcp_out out = {
		.seg = k->seg,
		.why = k->why,
		.transmissions = k->transmissions,
	};
	uint32_t label = addr_is_v4(&k->flow.remote) ? 0 : flow_id(s, &k->flow);
	struct envelope env = {label, k->ttl, k->tos, false};
	bool sent = emit(s, i, &k->flow, &out, env, tx);

	report(s, i, &k->flow, &out, tx, NULL, k->conn, k->state);
	return sent;
}
