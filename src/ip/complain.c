/* SPDX-License-Identifier: MIT */
/*
 * ip/complain.c - ICMP errors of our own, and the rules of when there must be none.
 *
 * RFC 1122 section 3.2.2, RFC 4443 section 2.4 (e): never about an ICMP error, a packet to more
 * than one host, a fragment but the first, or a source that is not one host; and never too many
 * (f). They quote as much of the packet as fits 576 octets (RFC 1812 section 4.3.2.3) or the IPv6
 * minimum MTU.
 */
#include "ip/inside.h"

#include "wire/ip.h"
#include "wire/ipv4.h"
#include "wire/ipv6.h"

enum {
	ICMP_HEAD = 8, /* of errors and echoes */
	QUOTE_MAX_V4 = 576 - IPV4_HDR_LEN - ICMP_HEAD,
	QUOTE_MAX_V6 = IP_PMTU_MIN_V6 - IPV6_HDR_LEN - ICMP_HEAD,
	PROHIBITED_V4 =
		13, /* RFC 1812 section 5.2.7.1: communication administratively prohibited */
	REDIRECT_V6 = 137,
};

/* ------------------------------------------------------------------ how many */

bool bucket_take(struct ip_bucket *b, instant now)
{
	uint64_t ns = min_u64(since(b->last, now).ns, seconds(1).ns);
	uint64_t gained = ns * b->rate / seconds(1).ns;

	if (gained != 0) {
		b->tokens = (uint32_t)min_u64(b->burst, b->tokens + gained);
		b->last = now;
	}
	if (b->tokens == 0)
		return false;
	b->tokens--;
	return true;
}

/*
 * One in four costs two: a limit that could be counted from outside would tell who else was
 * answered, and so which ports are open to others.
 */
static bool may_send_another(struct ip *ip, instant now)
{
	if (!bucket_take(&ip->errors, now))
		return false;
	if (prng_below(&ip->prng, 4) == 0 && ip->errors.tokens > 0)
		ip->errors.tokens--;
	return true;
}

/* ------------------------------------------------------------------ about what */

/* Of ICMP only questions and answers are no errors; what nobody knows counts as one. */
static bool is_error_v4(uint8_t type) { return type != 0 && type != 8 && (type < 13 || type > 18); }

static bool about_error_v4(const struct ip_in *about)
{
	struct ipv4 h;

	if (ipv4_parse_quote(about->packet, about->packet_len, &h) != AKSU_DROP_NONE)
		return true;
	if (h.offset != 0)
		return true;
	return h.protocol == IP_PROTO_ICMP && (h.payload_len == 0 || is_error_v4(h.payload[0]));
}

/* A chain that cannot be walked to its end is itself the matter of the complaint. */
static bool about_error_v6(const struct ip_in *about)
{
	struct ipv6_chain chain;
	struct ipv6 h;

	if (ipv6_parse_quote(about->packet, about->packet_len, &h) != AKSU_DROP_NONE)
		return true;
	if (ipv6_walk(h.next, h.payload, h.payload_len, true, &chain) != AKSU_DROP_NONE)
		return false;
	if (chain.next != IP_PROTO_ICMPV6 || (chain.fragmented && chain.fragment.offset != 0))
		return false;
	return chain.payload_len == 0 || chain.payload[0] < 128 || chain.payload[0] == REDIRECT_V6;
}

static bool may_complain(const struct ip *ip, const struct ip_in *about, const struct complaint *c)
{
	bool v4 = addr_is_v4(&about->src);
	bool group = about->cast == IP_MULTICAST && c->multicast_too && !v4;

	if (!group && (about->cast != IP_UNICAST || about->link_broadcast))
		return false;
	if (!ip_may_send(ip, &about->src, about->link))
		return false;
	return v4 ? !about_error_v4(about) : !about_error_v6(about);
}

/* ------------------------------------------------------------------ the message */

bool reply_with(struct ip *ip, struct ip_reply *reply, const struct aksu_addr *src,
		const struct aksu_addr *dst, const struct icmp *m)
{
	bool v4 = addr_is_v4(dst);
	uint32_t len = (uint32_t)(ICMP_HEAD + m->len);
	struct aksu_block *b = block_new(ip->mem, len);
	uint8_t head[ICMP_HEAD_MAX];

	reply->payload.block = NULL;
	if (!b)
		return false;
	if (v4)
		icmp4_emit(m, head);
	else
		icmp6_emit(m, src, dst, head);
	memcpy(b->data, head, ICMP_HEAD);
	if (m->len > 0)
		memcpy(b->data + ICMP_HEAD, m->data, m->len);
	b->filled = len;
	reply->payload = (struct slice){.block = b, .at = 0, .len = len};
	reply->out = (struct ip_out){
		.src = *src,
		.dst = *dst,
		.payload_len = len,
		.protocol = v4 ? IP_PROTO_ICMP : IP_PROTO_ICMPV6,
		.ttl = IP_TTL_DEFAULT,
	};
	return true;
}

bool complain(struct ip *ip, const struct ip_in *about, const struct complaint *c, instant now,
	      struct ip_reply *reply)
{
	bool v4 = addr_is_v4(&about->src);
	struct icmp m = {
		.kind = c->kind,
		.code = c->code,
		.pointer = c->pointer,
		.data = about->packet,
		.len = min_u32(about->packet_len, v4 ? QUOTE_MAX_V4 : QUOTE_MAX_V6),
	};
	struct aksu_addr src = about->dst;
	struct ip_path path;

	reply->payload.block = NULL;
	if (!may_complain(ip, about, c))
		return false;
	if (about->cast != IP_UNICAST) {
		if (ip_route(ip, &about->src, NULL, &path) != 0)
			return false;
		src = path.src;
	}
	if (!may_send_another(ip, now))
		return false;
	reply->link = about->link;
	return reply_with(ip, reply, &src, &about->src, &m);
}

bool ip_unreachable(struct ip *ip, const struct ip_in *offending, enum ip_refusal why, instant now,
		    struct ip_reply *reply)
{
	bool v4 = addr_is_v4(&offending->src), port = why == IP_REFUSE_PORT;
	struct complaint c = {
		.kind = ICMP_UNREACHABLE,
		.code = v4 ? (port ? ICMP4_PORT_UNREACHABLE : PROHIBITED_V4)
			   : (port ? ICMP6_PORT_UNREACHABLE : ICMP6_PROHIBITED),
	};

	return complain(ip, offending, &c, now, reply);
}
