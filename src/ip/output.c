/* SPDX-License-Identifier: MIT */
/*
 * ip/output.c - headers of packets that leave, and datagrams cut to fit (RFC 791 section 3.2, RFC
 * 8200 section 4.5).
 *
 * TCP sends atomic datagrams: DF set, any identification (RFC 6864 section 4.1). What may be cut
 * gets one from a counter that others do not see: a keyed hash of the addresses tells which of the
 * counters, and where it begins (RFC 7739 section 5.3).
 */
#include "ip/inside.h"

#include "wire/ip.h"
#include "wire/ipv4.h"
#include "wire/ipv6.h"

size_t ip_header_len(const struct aksu_addr *dst)
{
	return addr_is_v4(dst) ? IPV4_HDR_LEN : IPV6_HDR_LEN;
}

static size_t emit_v4(const struct ip_out *o, uint32_t offset, bool more, uint32_t len,
		      uint8_t *out)
{
	struct ipv4 h = {
		.tos = o->tos,
		.ttl = o->ttl,
		.protocol = o->protocol,
		.dont_fragment = o->dont_fragment,
		.more_fragments = more,
		.id = o->id,
		.offset = (uint16_t)offset,
		.payload_len = (uint16_t)len,
		.src = o->src,
		.dst = o->dst,
	};

	return ipv4_emit(&h, out);
}

static size_t emit_v6(const struct ip_out *o, uint8_t next, uint32_t len, uint8_t *out)
{
	struct ipv6 h = {
		.tclass = o->tos,
		.next = next,
		.hop_limit = o->ttl,
		.payload_len = (uint16_t)len,
		.flow = o->flow,
		.src = o->src,
		.dst = o->dst,
	};

	return ipv6_emit(&h, out);
}

size_t ip_emit(const struct ip_out *o, uint8_t *out)
{
	if (addr_is_v4(&o->dst))
		return emit_v4(o, 0, false, o->payload_len, out);
	return emit_v6(o, o->protocol, o->payload_len, out);
}

uint32_t ip_id(struct ip *ip, const struct aksu_addr *src, const struct aksu_addr *dst,
	       uint8_t protocol)
{
	uint8_t name[33];
	uint64_t h;

	memcpy(name, src->b, 16);
	memcpy(name + 16, dst->b, 16);
	name[32] = addr_is_v4(dst) ? protocol : 0; /* IPv6 counts for all of them together */
	h = siphash(&ip->key, name, sizeof(name));
	return (uint32_t)(h >> 32) + ip->ids[h % IP_ID_COUNTERS]++;
}

/* ------------------------------------------------------------------ fragments */

void ip_fragments_start(struct ip_fragments *f, struct ip *ip, const struct ip_out *o, uint32_t mtu)
{
	bool v4 = addr_is_v4(&o->dst);

	*f = (struct ip_fragments){
		.out = *o,
		.mtu = max_u32(mtu, v4 ? (uint32_t)IPV4_MTU_MIN : (uint32_t)IP_PMTU_MIN_V6),
	};
	f->whole = ip_header_len(&o->dst) + o->payload_len <= f->mtu;
	f->done = !f->whole && v4 && o->dont_fragment;
	if (v4 ? !o->dont_fragment : !f->whole)
		f->id = ip_id(ip, &o->src, &o->dst, o->protocol);
	if (v4 && !o->dont_fragment)
		f->out.id = (uint16_t)f->id;
}

static size_t fragment_v6(const struct ip_fragments *f, bool more, uint32_t len, uint8_t *out)
{
	struct ipv6_fragment h = {
		.next = f->out.protocol,
		.more = more,
		.offset = (uint16_t)f->at,
		.id = f->id,
	};
	size_t head = emit_v6(&f->out, IP_PROTO_FRAGMENT, IPV6_FRAGMENT_HDR_LEN + len, out);

	return head + ipv6_fragment_emit(&h, out + head);
}

size_t ip_fragment(struct ip_fragments *f, uint8_t header[IP_HEADER_MAX], uint32_t *offset,
		   uint32_t *len)
{
	bool v4 = addr_is_v4(&f->out.dst), more;
	uint32_t head = v4 ? IPV4_HDR_LEN : IPV6_HDR_LEN + IPV6_FRAGMENT_HDR_LEN;
	uint32_t left = f->out.payload_len - f->at, cut = (f->mtu - head) & ~7u;
	size_t written;

	if (f->done)
		return 0;
	more = !f->whole && left > cut;
	*offset = f->at;
	*len = more ? cut : left;
	if (f->whole)
		written = ip_emit(&f->out, header);
	else if (v4)
		written = emit_v4(&f->out, f->at, more, *len, header);
	else
		written = fragment_v6(f, more, *len, header);
	f->at += *len;
	f->done = !more;
	return written;
}
