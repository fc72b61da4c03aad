/* SPDX-License-Identifier: MIT */
/*
 * stack/input.c - aksu_input(): a frame's way up, one plain call for each hop.
 *
 *   link_input ─► ip_input ─► tcp_parse ─► flow ─► connection | record | listener | nobody
 *                    ├─► UDP, ICMP errors
 *                    └─► replies, neighbour discovery
 *
 * Nothing is sent from here; the batch is settled once at its end (MUST-58, MUST-59).
 */
#include "base/bytes.h"
#include "stack/stack.h"
#include "wire/checksum.h"
#include "wire/ip.h"

/* ---------------------------------------------------------------- TCP */

static void drop_frame(struct aksu *s, const struct aksu_rx *rx, enum aksu_drop reason)
{
	s->env.events.scope = (struct event_scope){.packet = rx->packet, .link = rx->link};
	tcp_drop(&s->env, NULL, reason, NULL);
}

/* MUST-3; a sum that a device verified, or that was never made, is not looked at. */
static bool checksum_good(const struct ip_in *in, const struct aksu_rx *rx)
{
	csum sum;

	if (in->block == NULL && rx->checksum != AKSU_CHECKSUM_UNKNOWN)
		return true; /* a reassembled segment is summed in any case */
	sum = csum_pseudo(&in->src, &in->dst, in->protocol, in->len);
	return csum_good(csum_add(sum, csum_of(in->payload, in->len)));
}

static void report_in(struct aksu *s, const struct flow *f, flow_ref ref, const struct tcp_seg *seg)
{
	struct aksu_event *e;

	if (LIKELY(!event_wanted(&s->env.events, AKSU_EVENT_SEGMENT_IN)))
		return;
	e = FLOW_KIND(ref) == FLOW_CONN
		    ? tcb_event(&conn_at(s, FLOW_INDEX(ref))->t, AKSU_EVENT_SEGMENT_IN)
		    : event_begin(&s->env.events, AKSU_EVENT_SEGMENT_IN);
	if (e == NULL)
		return;
	event_segment(e, seg);
	e->conn = flow_id(s, f);
	e->window_bytes = e->window;
	if (FLOW_KIND(ref) == FLOW_CONN && !(e->flags & AKSU_SYN))
		e->window_bytes <<= conn_at(s, FLOW_INDEX(ref))->t.snd_shift;
	if (FLOW_KIND(ref) == FLOW_SYN) {
		e->iss = seq_raw(syn_at(s, FLOW_INDEX(ref))->r.iss);
		e->irs = seq_raw(syn_at(s, FLOW_INDEX(ref))->r.irs);
	}
	if (FLOW_KIND(ref) != FLOW_CONN)
		event_of_conn(e, e->conn,
			      FLOW_KIND(ref) == FLOW_SYN        ? TCP_SYN_RECEIVED
			      : FLOW_KIND(ref) == FLOW_TIMEWAIT ? TCP_TIME_WAIT
								: TCP_CLOSED);
}

/*
 * RFC 6191: a SYN for a connection in TIME-WAIT that the application still holds. If it may begin
 * anew, the old one is over for the network, and the listener takes the SYN.
 */
static bool reopens(struct aksu *s, uint32_t index, const struct flow *f, const struct tcp_seg *seg)
{
	struct conn *c = conn_at(s, index);
	uint32_t listener;
	struct timewait w;
	tcp_seq floor;

	if (c->t.state != TCP_TIME_WAIT || !timewait_is_syn(seg))
		return false;
	listener = bound_find(s, 6, IP_LOCAL, &f->local, f->local_port, NULL);
	w = timewait_from(&c->t);
	if (listener == POOL_NONE || !timewait_may_reuse(&w, seg))
		return false;
	if (!passive_has_room(s, listener, seg))
		return true; /* the old one stays until there is */
	floor = timewait_iss_floor(&w);
	tcb_terminate(&c->t, AKSU_OK);
	conn_settle(s, index);
	passive_syn(s, listener, f, seg, &floor);
	return true;
}

static void conn_segment(struct aksu *s, uint32_t index, const struct flow *f,
			 const struct tcp_seg *seg)
{
	struct conn *c = conn_at(s, index);
	struct reply re = {0};

	if (reopens(s, index, f, seg))
		return;
	if (seg->text_len > 0)
		share_note(s, c, index);
	tcp_input(&c->t, seg, s->now, &re);
	reply_send(s, f, &re, (enum tcp_state)c->t.state, c->t.conf);
	conn_touch(s, index);
}

static void nobody(struct aksu *s, const struct flow *f, const struct tcp_seg *seg)
{
	uint32_t bound = bound_find(s, 6, IP_LOCAL, &f->local, f->local_port, NULL);
	struct reply re = {0};

	if (bound != POOL_NONE) {
		passive_listen(s, bound, f, seg);
		return;
	}
	tcp_closed(&s->env, seg, &re);
	reply_send(s, f, &re, TCP_CLOSED, NULL);
}

static void demultiplex(struct aksu *s, const struct flow *f, const struct tcp_seg *seg)
{
	flow_ref ref = flows_find(s, f);

	report_in(s, f, ref, seg);
	switch (FLOW_KIND(ref)) {
	case FLOW_CONN: conn_segment(s, FLOW_INDEX(ref), f, seg); return;
	case FLOW_SYN: passive_segment(s, FLOW_INDEX(ref), seg); return;
	case FLOW_TIMEWAIT: timewait_segment(s, FLOW_INDEX(ref), seg); return;
	case FLOW_NONE: nobody(s, f, seg); return;
	}
}

/*
 * How many wire segments were merged into this one, and how large they were. A device is believed
 * as far as it can be right: each had an octet of text at least, and all together these.
 */
static void count_merged(const struct aksu_rx *rx, struct tcp_seg *seg)
{
	uint32_t n = min_u32(rx->segments, seg->text_len), mss = rx->mss;

	if (n <= 1)
		return;
	if (mss == 0 || mss > seg->text_len)
		mss = (seg->text_len + n - 1) / n;
	n = min_u32(n, (seg->text_len + mss - 1) / mss);
	seg->segments = (uint16_t)max_u32(n, 1);
	seg->mss = (uint16_t)min_u32(mss, UINT16_MAX);
}

static void tcp_deliver(struct aksu *s, const struct ip_in *in, const struct aksu_rx *rx)
{
	struct tcp_seg seg = {0};
	enum aksu_drop reason = tcp_parse(in->payload, in->len, &seg);
	struct flow f = {in->dst, in->src, seg.dst_port, seg.src_port};

	scope_set(s, &f, in->link, rx->packet);
	if (in->cast != IP_UNICAST || in->link_broadcast)
		reason = AKSU_DROP_TCP_ADDRESS; /* MUST-57 */
	else if (!checksum_good(in, rx))
		reason = AKSU_DROP_TCP_CHECKSUM; /* before anything else has an effect (B20) */
	if (reason != AKSU_DROP_NONE) {
		tcp_drop(&s->env, NULL, reason, NULL);
		return;
	}
	count_merged(rx, &seg);
	seg.ecn = in->tos & IP_ECN_MASK; /* nothing merges across a change of it */
	seg.block = in->block != NULL ? in->block : rx->block;
	s->env.counters.segments_in += seg.segments;
	demultiplex(s, &f, &seg);
}

/* ---------------------------------------------------------------- everything else */

static void report_packet(struct aksu *s, const struct ip_in *in, const struct aksu_rx *rx)
{
	struct flow f = {in->dst, in->src, 0, 0};
	struct aksu_event *e;

	if (LIKELY(!event_wanted(&s->env.events, AKSU_EVENT_PACKET_IN)) || in->protocol == 6)
		return;
	scope_set(s, &f, in->link, rx->packet);
	e = event_begin(&s->env.events, AKSU_EVENT_PACKET_IN);
	if (e != NULL) {
		e->protocol = in->protocol;
		e->length = in->packet_len;
	}
}

static void nd_deliver(struct aksu *s, struct iface *i, const struct ip_in *in,
		       const struct aksu_rx *rx)
{
	struct link_nd nd = {
		.data = in->payload,
		.len = in->len,
		.src = in->src,
		.dst = in->dst,
		.hop_limit = in->ttl,
	};
	enum aksu_drop reason = link_nd_input(&i->l, &nd, s->now, NULL);

	if (reason != AKSU_DROP_NONE)
		drop_frame(s, rx, reason);
	link_failures(s, i);
}

/* One IP packet; `i` is NULL for the instance itself. */
static void ip_deliver(struct aksu *s, struct iface *i, const uint8_t *data, size_t len,
		       bool broadcast, const struct aksu_rx *rx)
{
	struct ip_in in = {0};
	enum aksu_drop reason = ip_input(&s->ip, i != NULL ? i->number : IP_LOCAL, data, len,
					 broadcast, s->now, &in);

	s->env.counters.drops[AKSU_DROP_FRAGMENT_LIMIT] += in.evicted;
	if (reason != AKSU_DROP_NONE)
		drop_frame(s, rx, reason);
	else
		report_packet(s, &in, rx);
	switch (in.kind) {
	case IP_CONSUMED: break;
	case IP_DELIVER:
		if (in.protocol == 6)
			tcp_deliver(s, &in, rx);
		else
			udp_deliver(s, &in, rx);
		break;
	case IP_REPLY:
		if (in.reply.payload.block != NULL)
			(void)datagram_send(s, &in.reply);
		break;
	case IP_ND:
		if (i != NULL)
			nd_deliver(s, i, &in, rx);
		break;
	case IP_ICMP_ERROR: icmp_deliver(s, in.link, &in.error); break;
	}
	ip_in_release(&in);
}

void local_input(struct aksu *s, const struct aksu_rx *rx)
{
	ip_deliver(s, NULL, rx->data, rx->len, false, rx);
}

static void frame_input(struct aksu *s, const struct aksu_rx *rx)
{
	struct iface *i = rx->link < LINKS_MAX ? s->ifaces[rx->link] : NULL;
	struct link_in in = {0};
	enum aksu_drop reason;

	s->env.counters.frames_in++;
	s->env.counters.octets_in += rx->len;
	if (i == NULL || s->suspended) {
		drop_frame(s, rx, i == NULL ? AKSU_DROP_FRAME_LINK : AKSU_DROP_LINK_DOWN);
		return;
	}
	reason = link_input(&i->l, rx->data, rx->len, s->now, &in);
	if (reason != AKSU_DROP_NONE)
		drop_frame(s, rx, reason);
	else if (in.version != 0)
		ip_deliver(s, i, in.data, in.len, in.broadcast, rx);
}

size_t aksu_input(struct aksu *s, const struct aksu_rx *rx, size_t n, aksu_time now)
{
	uint64_t dropped = 0;

	if (poisoned(s))
		return 0;
	(void)latch(s, now);
	for (size_t k = 0; k < n && !poisoned(s); k++) {
		uint64_t before = s->env.dropped;

		frame_input(s, &rx[k]);
		dropped += s->env.dropped != before;
	}
	conn_settle_touched(s);
	for (unsigned k = 0; k < s->iface_end; k++)
		if (s->ifaces[k] != NULL)
			link_count_drops(s, s->ifaces[k]);
	local_run(s);
	return n - (size_t)dropped;
}
