/* SPDX-License-Identifier: MIT */
/*
 * sim/router.c - what a router does with a packet: RFC 1812 section 5.2, RFC 8200, RFC 4443.
 *
 * It checks the header, counts down TTL or hop limit, cuts what is too long and may be cut, and
 * hands it to the next link; or it complains: time exceeded, too big (RFC 1191, RFC 8201),
 * unreachable. It answers nothing else, limits its complaints by nothing but RFC 1122 3.2.2 (never
 * about an ICMP error, a later fragment or a group), and has no neighbours to ask for.
 */
#include "base/bytes.h"
#include "sim/net.h"
#include "wire/checksum.h"
#include "wire/icmp.h"
#include "wire/ipv4.h"
#include "wire/ipv6.h"

enum {
	ROUTER_TTL = 64,
	QUOTE_V4 = 576 - 28,  /* octets quoted: RFC 1812 4.3.2.3, as many as fit in 576 */
	QUOTE_V6 = 1280 - 48, /* RFC 4443 2.4 (c): in the minimum MTU */
	ICMP6_ERRORS_END = 128,
};

/* A packet on its way through a router. */
struct transit {
	struct sim_net *net;
	unsigned node;
	struct sim_packet *p;
	struct sim_wire *in;
	struct aksu_addr src, dst;
	bool v4, may_cut;
	bool quiet; /* no complaint may be made about it */
	uint32_t len;
};

static void drop(struct transit *t)
{
	sim_packet_free(t->in, t->p);
	t->p = NULL;
}

static bool is_group(const struct transit *t, const struct aksu_addr *a)
{
	if (t->v4)
		return a->b[12] >= 224 || a->b[12] == 0 || a->b[12] == 127;
	return a->b[0] == 0xff || (a->b[0] == 0xfe && (a->b[1] & 0xc0) == 0x80);
}

/* ---- reading the header */

static bool read_v4(struct transit *t)
{
	struct ipv4 ip;

	if (ipv4_parse(t->p->data, t->p->len, &ip) != AKSU_DROP_NONE)
		return false;
	t->src = ip.src;
	t->dst = ip.dst;
	t->may_cut = !ip.dont_fragment;
	t->len = (uint32_t)(ip.payload + ip.payload_len - t->p->data);
	t->quiet = ip.offset != 0;
	if (ip.protocol == IP_PROTO_ICMP && ip.payload_len > 0) {
		uint8_t type = ip.payload[0];

		t->quiet |= type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
	}
	return true;
}

static bool read_v6(struct transit *t)
{
	struct ipv6 ip;

	if (ipv6_parse(t->p->data, t->p->len, &ip) != AKSU_DROP_NONE)
		return false;
	t->src = ip.src;
	t->dst = ip.dst;
	t->len = (uint32_t)(ip.payload + ip.payload_len - t->p->data);
	t->quiet = ip.next == IP_PROTO_ICMPV6 && ip.payload_len > 0 &&
		   ip.payload[0] < ICMP6_ERRORS_END;
	return true;
}

static bool read_header(struct transit *t)
{
	t->v4 = t->p->len > 0 && t->p->data[0] >> 4 == 4;
	if (!(t->v4 ? read_v4(t) : read_v6(t)))
		return false;
	t->quiet |= is_group(t, &t->src);
	return !is_group(t, &t->dst);
}

/* ---- complaining */

static void enter(struct sim_net *n, net_end out, struct sim_packet *p)
{
	sim_wire_enter(net_wire(n, out), p, n->now);
	net_sent(n, out);
}

/* Writes the complaint that `m` is, its quotation included; its length. */
static uint32_t write_v4(struct transit *t, const struct icmp *m, uint8_t *out)
{
	uint8_t head[ICMP_HEAD_MAX];
	size_t n = icmp4_emit(m, head);
	const struct ipv4 ip = {
		.ttl = ROUTER_TTL,
		.protocol = IP_PROTO_ICMP,
		.id = (uint16_t)t->net->node[t->node].icmp_number++,
		.payload_len = (uint16_t)(n + m->len),
		.src = t->net->node[t->node].v4,
		.dst = t->src,
	};
	size_t at = ipv4_emit(&ip, out);

	memcpy(out + at, head, n);
	memcpy(out + at + n, m->data, m->len);
	return (uint32_t)(at + n + m->len);
}

static uint32_t write_v6(struct transit *t, const struct icmp *m, uint8_t *out)
{
	uint8_t head[ICMP_HEAD_MAX];
	const struct aksu_addr *own = &t->net->node[t->node].v6;
	size_t n = icmp6_emit(m, own, &t->src, head);
	const struct ipv6 ip = {
		.next = IP_PROTO_ICMPV6,
		.hop_limit = ROUTER_TTL,
		.payload_len = (uint16_t)(n + m->len),
		.src = *own,
		.dst = t->src,
	};
	size_t at = ipv6_emit(&ip, out);

	memcpy(out + at, head, n);
	memcpy(out + at + n, m->data, m->len);
	return (uint32_t)(at + n + m->len);
}

static void complain(struct transit *t, struct icmp m)
{
	net_end back = ways_out(t->net, t->node, &t->src);
	struct sim_packet *p;

	if (t->quiet || back == NO_END)
		return;
	m.data = t->p->data;
	m.len = min_u32(t->len, t->v4 ? QUOTE_V4 : QUOTE_V6);
	p = sim_packet_new(t->in, (uint32_t)m.len + IPV6_HDR_LEN + ICMP_HEAD_MAX);
	if (p == NULL)
		return;
	p->len = t->v4 ? write_v4(t, &m, p->data) : write_v6(t, &m, p->data);
	enter(t->net, back, p);
}

static bool expired(struct transit *t)
{
	uint8_t left = t->p->data[t->v4 ? offsetof(struct ipv4_hdr, ttl)
					: offsetof(struct ipv6_hdr, hop_limit)];

	if (left > 1)
		return false;
	t->net->counters.time_exceeded++;
	complain(t, (struct icmp){.kind = ICMP_TIME_EXCEEDED, .code = ICMP_TTL_EXCEEDED});
	return true;
}

/* ---- forwarding */

static void count_down(struct transit *t)
{
	struct ipv4_hdr *h = (struct ipv4_hdr *)(void *)t->p->data;

	if (!t->v4) {
		t->p->data[offsetof(struct ipv6_hdr, hop_limit)]--;
		return;
	}
	h->ttl--;
	h->checksum = put16(0);
	h->checksum = put16(csum_finish(csum_of(h, (size_t)(h->version_ihl & 15) * 4)));
}

/* RFC 791 section 3.2: pieces of multiples of eight octets, each with the header as it is. */
static void cut(struct transit *t, net_end out, uint32_t mtu)
{
	uint32_t head = (uint32_t)(t->p->data[0] & 15) * 4, step = (mtu - head) / 8 * 8;
	struct ipv4 ip;

	if (ipv4_parse(t->p->data, t->p->len, &ip) != AKSU_DROP_NONE)
		return;
	t->net->counters.fragmented++;
	for (uint32_t at = 0; at < ip.payload_len; at += step) {
		uint32_t len = min_u32(step, ip.payload_len - at);
		struct ipv4 piece = ip;
		struct sim_packet *p = sim_packet_new(t->in, head + len);

		if (p == NULL)
			return;
		piece.offset = (uint16_t)(ip.offset + at);
		piece.more_fragments = ip.more_fragments || at + len < ip.payload_len;
		piece.payload_len = (uint16_t)len;
		p->number = t->p->number;
		ipv4_emit(&piece, p->data);
		memcpy(p->data + head, ip.payload + at, len);
		enter(t->net, out, p);
	}
}

/* True: it fits, and goes on as it is. */
static bool fits(struct transit *t, net_end out)
{
	uint32_t mtu = sim_net_device(t->net, out / 2, out & 1)->config.mtu;

	if (t->len <= mtu)
		return true;
	if (t->v4 && t->may_cut) {
		cut(t, out, mtu);
		return false;
	}
	t->net->counters.too_big++;
	complain(t, (struct icmp){.kind = ICMP_TOO_BIG,
				  .code = t->v4 ? ICMP4_TOO_BIG : 0,
				  .mtu = mtu});
	return false;
}

static bool forward(struct transit *t)
{
	net_end out;

	if (!read_header(t)) {
		t->net->counters.malformed++;
		return false;
	}
	if (expired(t))
		return false;
	out = ways_out(t->net, t->node, &t->dst);
	if (out == NO_END) {
		t->net->counters.unreachable++;
		complain(t, (struct icmp){.kind = ICMP_UNREACHABLE,
					  .code = t->v4 ? ICMP4_HOST_UNREACHABLE : ICMP6_NO_ROUTE});
		return false;
	}
	count_down(t);
	if (!fits(t, out))
		return false;
	t->net->counters.forwarded++;
	enter(t->net, out, t->p);
	return true;
}

void router_run(struct sim_net *n, unsigned node)
{
	for (net_end e = n->node[node].first; e != NO_END; e = n->link[e / 2].next[e & 1]) {
		struct transit t = {.net = n, .node = node, .in = net_wire(n, e ^ 1)};

		while ((t.p = sim_wire_take(t.in, n->now)) != NULL)
			if (!forward(&t))
				drop(&t);
	}
}
