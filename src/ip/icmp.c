/* SPDX-License-Identifier: MIT */
/*
 * ip/icmp.c - ICMP messages that arrive (RFC 792, RFC 1122 section 3.2.2, RFC 4443).
 *
 * An echo request is answered. Neighbour discovery is checked and handed on. An error is taken
 * apart as far as it can be without knowing what is in flight: which packet of ours it quotes, what
 * it means, and whether it is hard. Not acted on, by name: source quench (RFC 6633, MUST-55),
 * redirects of both families (a host with few routes loses little, and a forged one would move its
 * traffic), timestamps, address masks, and answers to questions that we did not ask.
 */
#include "ip/inside.h"

#include "wire/ip.h"
#include "wire/ipv4.h"
#include "wire/ipv6.h"

/* The first octets of TCP and UDP: as much of them as every error quotes (RFC 792). */
struct quoted_transport {
	be16 src_port, dst_port;
	be32 seq;
};
static_assert(sizeof(struct quoted_transport) == 8, "RFC 792");

/* ------------------------------------------------------------------ echo */

/* RFC 4443 section 4.2: to a group each answers as itself. False: nobody to answer as. */
static bool answer_source(const struct ip *ip, const struct ip_in *in, struct aksu_addr *src)
{
	struct ip_path path;

	*src = in->dst;
	if (in->cast == IP_UNICAST)
		return true;
	if (ip_route(ip, &in->src, NULL, &path) != 0)
		return false;
	*src = path.src;
	return true;
}

/*
 * RFC 1122 section 3.2.2.6, RFC 4443 section 4.2. To a broadcast nobody answers (a MAY there, since
 * a forged source turns the answers on a victim); neighbours may ask an IPv6 group who is there.
 */
static enum aksu_drop on_echo_request(struct ip *ip, struct ip_in *in, struct icmp *m, instant now)
{
	bool v4 = addr_is_v4(&in->src);
	struct aksu_addr src;

	if (v4 && (in->cast != IP_UNICAST || in->link_broadcast))
		return AKSU_DROP_ICMP_IGNORED;
	if (!answer_source(ip, in, &src))
		return AKSU_DROP_NO_ROUTE;
	if (!bucket_take(&ip->echoes, now))
		return AKSU_DROP_REPLY_QUEUE;
	m->kind = ICMP_ECHO_REPLY;
	if (!reply_with(ip, &in->reply, &src, &in->src, m))
		return AKSU_DROP_NO_MEMORY;
	in->reply.out.tos = (uint8_t)(in->tos & ~IP_ECN_MASK); /* RFC 1122 section 3.2.2.6 */
	in->reply.link = in->link;
	return AKSU_DROP_NONE;
}

/* ------------------------------------------------------------------ errors about our packets */

struct meaning {
	enum ip_error kind;
	enum aksu_error error;
	bool hard;
};

/* clang-format off */
/*
 * RFC 1122 sections 3.2.2.1 and 4.2.3.9: 2 to 4 are hard, 0, 1 and 5 are soft (MUST-56); of the
 * later codes those are hard by which somebody says no, and soft those that routing may mend.
 */
static const struct meaning unreachable_v4[16] = {
	[0]  = {IP_ERROR_NET_UNREACHABLE,      AKSU_ENETUNREACH,  false},
	[1]  = {IP_ERROR_HOST_UNREACHABLE,     AKSU_EHOSTUNREACH, false},
	[2]  = {IP_ERROR_PROTOCOL_UNREACHABLE, AKSU_ECONNREFUSED, true},
	[3]  = {IP_ERROR_PORT_UNREACHABLE,     AKSU_ECONNREFUSED, true},
	[4]  = {IP_ERROR_TOO_BIG,              AKSU_EMSGSIZE,     false}, /* RFC 1191 */
	[5]  = {IP_ERROR_SOURCE_ROUTE,         AKSU_EHOSTUNREACH, false},
	[6]  = {IP_ERROR_NET_UNREACHABLE,      AKSU_ENETUNREACH,  false}, /* network unknown */
	[7]  = {IP_ERROR_HOST_UNREACHABLE,     AKSU_EHOSTUNREACH, false}, /* host unknown */
	[8]  = {IP_ERROR_HOST_UNREACHABLE,     AKSU_EHOSTUNREACH, false}, /* source isolated */
	[9]  = {IP_ERROR_PROHIBITED,           AKSU_ENETUNREACH,  true},
	[10] = {IP_ERROR_PROHIBITED,           AKSU_EHOSTUNREACH, true},
	[11] = {IP_ERROR_NET_UNREACHABLE,      AKSU_ENETUNREACH,  false}, /* for this TOS */
	[12] = {IP_ERROR_HOST_UNREACHABLE,     AKSU_EHOSTUNREACH, false},
	[13] = {IP_ERROR_PROHIBITED,           AKSU_EHOSTUNREACH, true},  /* RFC 1812 5.2.7.1 */
	[14] = {IP_ERROR_HOST_UNREACHABLE,     AKSU_EHOSTUNREACH, false}, /* precedence */
	[15] = {IP_ERROR_HOST_UNREACHABLE,     AKSU_EHOSTUNREACH, false},
};

/* RFC 4443 section 3.1: 1 and 4 are hard, 0 and 3 soft (MUST-56); 5 and 6 are kinds of 1. */
static const struct meaning unreachable_v6[7] = {
	[0] = {IP_ERROR_NET_UNREACHABLE,  AKSU_ENETUNREACH,  false},
	[1] = {IP_ERROR_PROHIBITED,       AKSU_EHOSTUNREACH, true},
	[2] = {IP_ERROR_HOST_UNREACHABLE, AKSU_EHOSTUNREACH, false}, /* beyond the source's scope */
	[3] = {IP_ERROR_HOST_UNREACHABLE, AKSU_EHOSTUNREACH, false},
	[4] = {IP_ERROR_PORT_UNREACHABLE, AKSU_ECONNREFUSED, true},
	[5] = {IP_ERROR_PROHIBITED,       AKSU_EHOSTUNREACH, true},
	[6] = {IP_ERROR_PROHIBITED,       AKSU_EHOSTUNREACH, true},
};
/* clang-format on */

/* False: a code that nobody has defined. */
static bool meaning_of(const struct icmp *m, bool v4, struct meaning *out)
{
	*out = (struct meaning){IP_ERROR_PARAMETER, AKSU_EPROTO, false};
	if (m->kind == ICMP_TOO_BIG)
		*out = (struct meaning){IP_ERROR_TOO_BIG, AKSU_EMSGSIZE, false};
	if (m->kind == ICMP_TIME_EXCEEDED)
		*out = (struct meaning){m->code == ICMP_REASSEMBLY_EXCEEDED
						? IP_ERROR_REASSEMBLY_TIME
						: IP_ERROR_TIME_EXCEEDED,
					AKSU_EHOSTUNREACH, false};
	if (m->kind != ICMP_UNREACHABLE)
		return true;
	if (m->code >= (v4 ? COUNT_OF(unreachable_v4) : COUNT_OF(unreachable_v6)))
		return false;
	*out = v4 ? unreachable_v4[m->code] : unreachable_v6[m->code];
	return true;
}

static bool quote_v4(const struct icmp *m, struct ip_icmp_error *e)
{
	struct ipv4 q;

	if (ipv4_parse_quote(m->data, m->len, &q) != AKSU_DROP_NONE || q.offset != 0)
		return false;
	e->src = q.src;
	e->dst = q.dst;
	e->protocol = q.protocol;
	e->quoted_len = get16(((const struct ipv4_hdr *)m->data)->total_len);
	e->transport = q.payload;
	e->transport_len = q.payload_len;
	return true;
}

static bool quote_v6(const struct icmp *m, struct ip_icmp_error *e)
{
	struct ipv6_chain chain;
	struct ipv6 q;

	if (ipv6_parse_quote(m->data, m->len, &q) != AKSU_DROP_NONE ||
	    ipv6_walk(q.next, q.payload, q.payload_len, true, &chain) != AKSU_DROP_NONE)
		return false;
	if (chain.fragmented && chain.fragment.offset != 0)
		return false;
	e->src = q.src;
	e->dst = q.dst;
	e->protocol = chain.next;
	e->quoted_len =
		(uint32_t)IPV6_HDR_LEN + get16(((const struct ipv6_hdr *)m->data)->payload_len);
	e->transport = chain.payload;
	e->transport_len = chain.payload_len;
	return true;
}

/* The ports and the number that every quotation holds; false: not even those. */
static bool read_quote(const struct icmp *m, bool v4, struct ip_icmp_error *e)
{
	const struct quoted_transport *t;

	if (!(v4 ? quote_v4(m, e) : quote_v6(m, e)) || e->transport_len < sizeof(*t))
		return false;
	t = (const struct quoted_transport *)e->transport;
	e->src_port = get16(t->src_port);
	e->dst_port = get16(t->dst_port);
	e->seq = get32(t->seq);
	return true;
}

bool ip_quote(const uint8_t *packet, size_t n, struct ip_icmp_error *e)
{
	struct icmp m = {.data = packet, .len = (uint32_t)n};

	return n > 0 && read_quote(&m, packet[0] >> 4 == 4, e);
}

/*
 * MUST-54. What can be known here: that the quoted packet was of this instance and to one host, and
 * that its transport can be named (RFC 5927 section 4 leaves the rest to the transport).
 */
static enum aksu_drop on_error(struct ip *ip, struct ip_in *in, const struct icmp *m)
{
	bool v4 = addr_is_v4(&in->src);
	struct ip_icmp_error *e = &in->error;
	struct meaning meaning;

	if (in->cast != IP_UNICAST || !meaning_of(m, v4, &meaning))
		return AKSU_DROP_ICMP_IGNORED;
	*e = (struct ip_icmp_error){.type = m->type, .code = m->code};
	if (!read_quote(m, v4, e))
		return AKSU_DROP_ICMP_QUOTE;
	if (!ip_is_ours(ip, &e->src) || !ip_valid_remote(ip, &e->dst))
		return AKSU_DROP_ICMP_QUOTE;
	e->kind = meaning.kind;
	e->error = meaning.error;
	e->hard = meaning.hard;
	e->mtu = m->kind == ICMP_TOO_BIG ? m->mtu : 0;
	in->kind = IP_ICMP_ERROR;
	return AKSU_DROP_NONE;
}

/* ------------------------------------------------------------------ neighbour discovery */

/*
 * RFC 4861 sections 6.1 and 7.1: a hop limit of 255 proves a neighbour. RFC 6980: no fragments, for
 * they evade filters; we are stricter and take no extension header at all.
 */
static enum aksu_drop on_discovery(struct ip_in *in, bool whole)
{
	if (in->ttl != ND_HOP_LIMIT || !whole || in->payload != in->packet + IPV6_HDR_LEN)
		return AKSU_DROP_ND_BAD;
	in->kind = IP_ND;
	return AKSU_DROP_NONE;
}

/* ------------------------------------------------------------------ the door */

static bool is_discovery(enum icmp_kind kind)
{
	return kind == ICMP_ROUTER_SOLICITATION || kind == ICMP_ROUTER_ADVERTISEMENT ||
	       kind == ICMP_NEIGHBOUR_SOLICITATION || kind == ICMP_NEIGHBOUR_ADVERTISEMENT;
}

static bool is_error_for_us(enum icmp_kind kind)
{
	return kind == ICMP_UNREACHABLE || kind == ICMP_TOO_BIG || kind == ICMP_TIME_EXCEEDED ||
	       kind == ICMP_PARAMETER_PROBLEM;
}

enum aksu_drop icmp_input(struct ip *ip, struct ip_in *in, bool whole, instant now)
{
	struct icmp m;
	enum aksu_drop why = addr_is_v4(&in->src)
				     ? icmp4_parse(in->payload, in->len, &m)
				     : icmp6_parse(in->payload, in->len, &in->src, &in->dst, &m);

	if (why != AKSU_DROP_NONE)
		return why;
	if (is_discovery(m.kind))
		return on_discovery(in, whole);
	if (!ip_may_send(ip, &in->src, in->link)) /* it was let in for discovery only */
		return AKSU_DROP_IP_SOURCE;
	if (m.kind == ICMP_ECHO_REQUEST)
		return on_echo_request(ip, in, &m, now);
	if (is_error_for_us(m.kind))
		return on_error(ip, in, &m);
	return AKSU_DROP_ICMP_IGNORED;
}
