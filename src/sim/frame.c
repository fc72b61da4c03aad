/* SPDX-License-Identifier: MIT */
/*
 * sim/frame.c - a frame that passes, told as an event.
 *
 * What an instance knows of a segment beside its octets (why it was sent, its connection, its
 * state) is not in the frame; those fields stay zero. Checksums are not looked at: a tracer shows
 * what is there.
 */
#include "base/bytes.h"
#include "sim/node.h"
#include "wire/eth.h"
#include "wire/ipv4.h"
#include "wire/ipv6.h"
#include "wire/tcp.h"

/* What both versions of IP say. */
struct packet {
	struct aksu_addr src, dst;
	const uint8_t *payload;
	uint32_t len;
	uint8_t protocol;
};

static bool read_v4(const uint8_t *data, size_t n, struct packet *out)
{
	struct ipv4 ip;

	if (ipv4_parse(data, n, &ip) != AKSU_DROP_NONE)
		return false;
	*out = (struct packet){ip.src, ip.dst, ip.payload, ip.payload_len, ip.protocol};
	return true;
}

static bool read_v6(const uint8_t *data, size_t n, struct packet *out)
{
	struct ipv6 ip;

	if (ipv6_parse(data, n, &ip) != AKSU_DROP_NONE)
		return false;
	*out = (struct packet){ip.src, ip.dst, ip.payload, ip.payload_len, ip.next};
	return true;
}

static void fill_options(struct aksu_event *e, const struct tcp_opts *o)
{
	e->options = o->present;
	e->mss = o->mss;
	e->wscale = o->wscale;
	e->tsval = ts_dist(ts_at(0), o->tsval);
	e->tsecr = ts_dist(ts_at(0), o->tsecr);
	e->sack_count = o->sack_count;
	for (unsigned i = 0; i < o->sack_count && i < TCP_SACK_MAX; i++) {
		e->sack[i].start = seq_dist(seq_at(0), o->sack[i].start);
		e->sack[i].end = seq_dist(seq_at(0), o->sack[i].end);
	}
}

static void fill_segment(struct aksu_event *e, const struct tcp_seg *seg, bool out)
{
	e->kind = out ? AKSU_EVENT_SEGMENT_OUT : AKSU_EVENT_SEGMENT_IN;
	e->local_port = out ? seg->src_port : seg->dst_port;
	e->remote_port = out ? seg->dst_port : seg->src_port;
	e->flags = seg->flags;
	e->seq = seq_dist(seq_at(0), seg->seq);
	e->ack = seq_dist(seq_at(0), seg->ack);
	e->length = seg->text_len;
	e->window = seg->rawwnd;
	e->window_bytes = seg->rawwnd;
	e->urgent = seg->up;
	e->segments = 1;
	fill_options(e, &seg->opts);
}

bool sim_frame_event(enum aksu_link_kind kind, const uint8_t *data, size_t n, bool out,
		     struct aksu_event *e)
{
	size_t skip = kind == AKSU_LINK_ETHERNET ? ETH_HDR_LEN : 0;
	struct packet p = {0};
	struct tcp_seg seg;

	if (n <= skip)
		return false;
	data += skip;
	n -= skip;
	if (!(ip_version(data) == 4 ? read_v4(data, n, &p) : read_v6(data, n, &p)))
		return false;
	*e = (struct aksu_event){
		.kind = out ? AKSU_EVENT_PACKET_OUT : AKSU_EVENT_PACKET_IN,
		.local = out ? p.src : p.dst,
		.remote = out ? p.dst : p.src,
		.protocol = p.protocol,
		.length = p.len,
	};
	if (p.protocol == IP_PROTO_TCP && tcp_parse(p.payload, p.len, &seg) == AKSU_DROP_NONE)
		fill_segment(e, &seg, out);
	return true;
}

static void tell(void *ctx, bool out, aksu_time time, const uint8_t *data, size_t n,
		 uint64_t packet)
{
	struct sim_tracer *t = ctx;
	struct aksu_event e;

	if (!sim_frame_event(t->capture.device.config.kind, data, n, out, &e))
		return;
	e.time = time;
	e.packet = packet;
	t->event(t->ctx, &e);
}

bool sim_tracer_init(struct sim_tracer *t, struct aksu_device *inner,
		     const struct aksu_allocator *allocator)
{
	t->capture.frame = tell;
	t->capture.ctx = t;
	return sim_capture_init(&t->capture, inner, allocator);
}
