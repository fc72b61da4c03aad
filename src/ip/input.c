/* SPDX-License-Identifier: MIT */
/*
 * ip/input.c - a packet arrives (RFC 791, RFC 1122 section 3.2.1, RFC 8200 section 4).
 *
 * In order: the header is read, the destination must be ours, the source must be able to send, an
 * IPv6 chain of extension headers is walked, a fragment goes to reasm.c, and what is whole goes to
 * its protocol. A datagram that was put together passes all of it once more, as the packet that it
 * would have been; so no check can be slipped by cutting.
 *
 * Nothing is forwarded. Source routes are declined; other options of IPv4 are stepped over
 * (MUST-50).
 */
#include "ip/inside.h"

#include "wire/ip.h"
#include "wire/ipv4.h"
#include "wire/ipv6.h"

/* How a packet came to be looked at. */
struct look {
	instant now;
	bool whole; /* it came in one piece */
};

/* ------------------------------------------------------------------ whom it is for */

static bool is_our_group_v4(const struct aksu_addr *a)
{
	static const uint8_t all_hosts[4] = {224, 0, 0, 1};

	return memcmp(addr_v4_bytes(a), all_hosts, sizeof(all_hosts)) == 0;
}

/*
 * All nodes of the interface or the link, and the solicited-node group of each address of the link.
 */
static bool is_our_group_v6(const struct ip *ip, const struct aksu_addr *a, int link)
{
	static const struct aksu_addr interface_nodes = {{0xff, 0x01, [15] = 0x01}};
	static const struct aksu_addr link_nodes = {{0xff, 0x02, [15] = 0x01}};

	if (addr_eq(a, &link_nodes) || addr_eq(a, &interface_nodes))
		return true;
	for (uint32_t i = 0; i < ip->addr_count; i++) {
		struct aksu_addr group = nd_solicited_node(&ip->addrs[i].addr);

		if (ip->addrs[i].link == link && !addr_is_v4(&ip->addrs[i].addr) &&
		    addr_eq(a, &group))
			return true;
	}
	return false;
}

/* Ours as seen from a link: loopback never from a wire, link-local only from its own link. */
static bool is_ours_here(const struct ip *ip, const struct aksu_addr *a, int link)
{
	if (!ip_is_ours(ip, a))
		return false;
	if (link == IP_LOCAL)
		return true;
	if (addr_is_loopback(a))
		return false;
	return addr_is_v4(a) || !addr_is_link_local(a) || ip_on_link(ip, a, link);
}

/*
 * RFC 1122 section 3.2.1.3; section 3.3.6: a frame for everybody with a packet for one host is
 * somebody's mistake.
 */
static enum aksu_drop check_destination(const struct ip *ip, struct ip_in *in)
{
	const struct aksu_addr *dst = &in->dst;

	if (is_ours_here(ip, dst, in->link)) {
		in->cast = IP_UNICAST;
		return in->link_broadcast ? AKSU_DROP_IP_NOT_OURS : AKSU_DROP_NONE;
	}
	if (addr_is_v4(dst) && ip_is_broadcast_to(ip, in->link, dst)) {
		in->cast = IP_BROADCAST;
		return AKSU_DROP_NONE;
	}
	if (addr_is_v4(dst) ? !is_our_group_v4(dst) : !is_our_group_v6(ip, dst, in->link))
		return AKSU_DROP_IP_NOT_OURS;
	in->cast = IP_MULTICAST;
	return AKSU_DROP_NONE;
}

/* ------------------------------------------------------------------ to its protocol */

/* RFC 1122 section 3.2.2.1, RFC 8200 section 4; "no next header" is not a question (4.7). */
static enum aksu_drop unknown_protocol(struct ip *ip, struct ip_in *in, uint32_t next_at,
				       instant now)
{
	struct complaint c = {.kind = ICMP_UNREACHABLE, .code = ICMP4_PROTOCOL_UNREACHABLE};

	if (!addr_is_v4(&in->dst))
		c = (struct complaint){
			.kind = ICMP_PARAMETER_PROBLEM,
			.code = ICMP6_PROBLEM_NEXT,
			.pointer = next_at,
		};
	if (addr_is_v4(&in->dst) || in->protocol != IP_PROTO_NONE)
		complain(ip, in, &c, now, &in->reply);
	return AKSU_DROP_IP_PROTOCOL;
}

/* `next_at`: where the packet names the protocol. */
static enum aksu_drop to_protocol(struct ip *ip, struct ip_in *in, uint32_t next_at,
				  const struct look *look)
{
	uint8_t icmp = addr_is_v4(&in->dst) ? IP_PROTO_ICMP : IP_PROTO_ICMPV6;

	if (in->protocol == IP_PROTO_TCP || in->protocol == IP_PROTO_UDP) {
		in->kind = IP_DELIVER;
		return AKSU_DROP_NONE;
	}
	if (in->protocol == icmp)
		return icmp_input(ip, in, look->whole, look->now);
	return unknown_protocol(ip, in, next_at, look->now);
}

/* ------------------------------------------------------------------ IPv4 */

static enum aksu_drop input_v4(struct ip *ip, struct ip_in *in, const uint8_t *data, size_t n,
			       const struct look *look);

static enum aksu_drop fragment_v4(struct ip *ip, struct ip_in *in, const struct ipv4 *h,
				  const struct look *look)
{
	struct fragment f = {
		.src = h->src,
		.dst = h->dst,
		.id = h->id,
		.at = h->offset,
		.len = h->payload_len,
		.data = h->payload,
		.head = in->packet,
		.head_len = (uint32_t)(h->payload - in->packet),
		.protocol = h->protocol,
		.tos = h->tos,
		.v4 = true,
		.more = h->more_fragments,
		.link = in->link,
	};
	struct look again = {.now = look->now};
	struct reassembled r;
	enum aksu_drop why;

	if (f.len == 0 || (f.more && f.len % 8 != 0) || f.head_len + f.at + f.len > UINT16_MAX)
		return AKSU_DROP_FRAGMENT_BAD;
	why = ip_reasm_add(ip, &f, look->now, &r);
	in->evicted = r.evicted;
	if (why != AKSU_DROP_NONE || !r.block)
		return why;
	in->block = r.block;
	return input_v4(ip, in, r.packet, r.len, &again);
}

static enum aksu_drop input_v4(struct ip *ip, struct ip_in *in, const uint8_t *data, size_t n,
			       const struct look *look)
{
	struct ipv4 h;
	enum aksu_drop why = ipv4_parse(data, n, &h);

	if (why != AKSU_DROP_NONE)
		return why;
	in->src = h.src;
	in->dst = h.dst;
	in->protocol = h.protocol;
	in->ttl = h.ttl;
	in->tos = h.tos;
	in->payload = h.payload;
	in->len = h.payload_len;
	in->packet = data;
	in->packet_len = (uint32_t)(h.payload - data) + h.payload_len;

	why = check_destination(ip, in);
	if (why != AKSU_DROP_NONE)
		return why;
	if (!ip_may_send(ip, &h.src, in->link))
		return AKSU_DROP_IP_SOURCE;
	if (h.source_route)
		return AKSU_DROP_IP_OPTIONS;
	if (h.more_fragments || h.offset != 0)
		return fragment_v4(ip, in, &h, look);
	return to_protocol(ip, in, offsetof(struct ipv4_hdr, protocol), look);
}

/* ------------------------------------------------------------------ IPv6 */

static enum aksu_drop input_v6(struct ip *ip, struct ip_in *in, const uint8_t *data, size_t n,
			       const struct look *look);

static void parameter_problem(struct ip *ip, struct ip_in *in, uint8_t code, uint32_t pointer,
			      bool multicast_too, instant now)
{
	struct complaint c = {
		.kind = ICMP_PARAMETER_PROBLEM,
		.code = code,
		.pointer = pointer,
		.multicast_too = multicast_too,
	};

	complain(ip, in, &c, now, &in->reply);
}

/* The octet before a fragment header that says that one follows. */
static uint32_t next_field(const uint8_t *packet, uint32_t fragment_at)
{
	uint32_t field = offsetof(struct ipv6_hdr, next), at = IPV6_HDR_LEN;

	while (at < fragment_at) {
		uint32_t len = packet[field] == IP_PROTO_FRAGMENT ? 0 : packet[at + 1];

		field = at;
		at += (len + 1) * 8;
	}
	return field;
}

/* RFC 7112: the first fragment holds all headers, with those of the transport. */
static bool chain_complete(const struct ipv6_chain *chain)
{
	struct ipv6_chain rest;

	if (ipv6_walk(chain->fragment.next, chain->payload, chain->payload_len, false, &rest) !=
	    AKSU_DROP_NONE)
		return false;
	switch (rest.next) {
	case IP_PROTO_TCP: return rest.payload_len >= 20;
	case IP_PROTO_UDP:
	case IP_PROTO_ICMPV6: return rest.payload_len >= 8;
	default: return true;
	}
}

/* RFC 8200 section 4.5, with the answers that it asks for; RFC 7112 section 5. */
static enum aksu_drop check_fragment_v6(struct ip *ip, struct ip_in *in,
					const struct ipv6_chain *chain, instant now)
{
	enum { CHAIN_INCOMPLETE = 3 }; /* RFC 7112 section 5: of the parameter problem */
	uint32_t at = chain->fragment.offset, len = chain->payload_len;
	uint32_t head_len = (uint32_t)(chain->payload - in->packet);

	if (len == 0)
		return AKSU_DROP_FRAGMENT_BAD;
	if (chain->fragment.more && len % 8 != 0)
		parameter_problem(ip, in, ICMP6_PROBLEM_HEADER,
				  offsetof(struct ipv6_hdr, payload_len), false, now);
	else if (head_len - IPV6_HDR_LEN - IPV6_FRAGMENT_HDR_LEN + at + len > UINT16_MAX)
		parameter_problem(ip, in, ICMP6_PROBLEM_HEADER,
				  head_len - IPV6_FRAGMENT_HDR_LEN + 2, false, now);
	else if (at == 0 && !chain_complete(chain))
		parameter_problem(ip, in, CHAIN_INCOMPLETE, 0, false, now);
	else
		return AKSU_DROP_NONE;
	return AKSU_DROP_FRAGMENT_BAD;
}

static enum aksu_drop fragment_v6(struct ip *ip, struct ip_in *in, const struct ipv6_chain *chain,
				  const struct look *look)
{
	uint32_t head_len = (uint32_t)(chain->payload - in->packet);
	struct fragment f = {
		.src = in->src,
		.dst = in->dst,
		.id = chain->fragment.id,
		.at = chain->fragment.offset,
		.len = chain->payload_len,
		.data = chain->payload,
		.head = in->packet,
		.head_len = head_len,
		.next_at = next_field(in->packet, head_len - IPV6_FRAGMENT_HDR_LEN),
		.protocol = chain->fragment.next,
		.tos = in->tos,
		.more = chain->fragment.more,
		.link = in->link,
	};
	struct look again = {.now = look->now};
	struct reassembled r;
	enum aksu_drop why = check_fragment_v6(ip, in, chain, look->now);

	if (why != AKSU_DROP_NONE)
		return why;
	why = ip_reasm_add(ip, &f, look->now, &r);
	in->evicted = r.evicted;
	if (why != AKSU_DROP_NONE || !r.block)
		return why;
	in->block = r.block;
	return input_v6(ip, in, r.packet, r.len, &again);
}

/*
 * The unspecified address may ask whether an address is in use, and whoever has ours may say so
 * (RFC 4862 section 5.4): both are neighbour discovery, and good for nothing else.
 */
static bool may_send_v6(const struct ip *ip, const struct ip_in *in)
{
	if (ip_may_send(ip, &in->src, in->link))
		return true;
	return !addr_is_multicast(&in->src) && !addr_is_loopback(&in->src) &&
	       in->packet[offsetof(struct ipv6_hdr, next)] == IP_PROTO_ICMPV6;
}

static enum aksu_drop walk_v6(struct ip *ip, struct ip_in *in, const struct ipv6 *h,
			      const struct look *look)
{
	struct ipv6_chain chain;
	enum aksu_drop why = ipv6_walk(h->next, h->payload, h->payload_len, true, &chain);

	if (why != AKSU_DROP_NONE) {
		if (chain.answer != IPV6_ANSWER_NOTHING)
			parameter_problem(ip, in, chain.problem_code, IPV6_HDR_LEN + chain.pointer,
					  chain.answer == IPV6_ANSWER_ALWAYS, look->now);
		return why;
	}
	if (chain.fragmented) /* one inside another is nobody's honest work */
		return look->whole ? fragment_v6(ip, in, &chain, look) : AKSU_DROP_FRAGMENT_BAD;
	in->protocol = chain.next;
	in->payload = chain.payload;
	in->len = chain.payload_len;
	return to_protocol(ip, in,
			   chain.next_at == UINT32_MAX ? offsetof(struct ipv6_hdr, next)
						       : IPV6_HDR_LEN + chain.next_at,
			   look);
}

static enum aksu_drop input_v6(struct ip *ip, struct ip_in *in, const uint8_t *data, size_t n,
			       const struct look *look)
{
	struct ipv6 h;
	enum aksu_drop why = ipv6_parse(data, n, &h);

	if (why != AKSU_DROP_NONE)
		return why;
	in->src = h.src;
	in->dst = h.dst;
	in->ttl = h.hop_limit;
	in->tos = h.tclass;
	in->packet = data;
	in->packet_len = (uint32_t)IPV6_HDR_LEN + h.payload_len;

	why = check_destination(ip, in);
	if (why != AKSU_DROP_NONE)
		return why;
	if (!may_send_v6(ip, in))
		return AKSU_DROP_IP_SOURCE;
	return walk_v6(ip, in, &h, look);
}

/* ------------------------------------------------------------------ the door */

static enum aksu_drop input(struct ip *ip, struct ip_in *in, const uint8_t *data, size_t n,
			    const struct look *look)
{
	if (n == 0)
		return AKSU_DROP_IP_SHORT;
	switch (ip_version(data)) {
	case 4: return input_v4(ip, in, data, n, look);
	case 6: return input_v6(ip, in, data, n, look);
	default: return AKSU_DROP_IP_VERSION;
	}
}

enum aksu_drop ip_input(struct ip *ip, int link, const uint8_t *data, size_t n, bool link_broadcast,
			instant now, struct ip_in *out)
{
	struct look look = {.now = now, .whole = true};
	enum aksu_drop why;

	out->kind = IP_CONSUMED;
	out->link = link;
	out->link_broadcast = link_broadcast;
	out->block = NULL;
	out->evicted = 0;
	out->reply.payload.block = NULL;
	why = input(ip, out, data, n, &look);
	if (out->reply.payload.block)
		out->kind = IP_REPLY;
	if (out->kind == IP_CONSUMED || out->kind == IP_REPLY) {
		block_unref(out->block);
		out->block = NULL;
	}
	return why;
}

void ip_in_release(struct ip_in *in)
{
	block_unref(in->block);
	block_unref(in->reply.payload.block);
	in->block = NULL;
	in->reply.payload.block = NULL;
}

/* ------------------------------------------------------------------ time */

instant ip_deadline(const struct ip *ip) { return earlier(ip_reasm_deadline(ip), ip->pmtu.next); }

enum aksu_drop ip_advance(struct ip *ip, instant now, struct ip_reply *reply)
{
	pmtu_expire(ip, now);
	return ip_reasm_expire(ip, now, reply);
}
