/* SPDX-License-Identifier: MIT */
/*
 * wire/icmp.c - reading and writing ICMP, ICMPv6 and neighbour discovery; see icmp.h for the
 * picture.
 *
 * The checksum of ICMP covers the message, that of ICMPv6 a pseudo-header too (RFC 4443
 * section 2.3).
 */
#include "wire/icmp.h"

#include "wire/addr.h"
#include "wire/checksum.h"
#include "wire/ip.h"

enum { HDR_LEN = 8, ADDR_LEN = 16, REDIRECT_LEN = 40, RA_LEN = 16 };

enum { TYPE4_UNREACHABLE = 3 };

/* Types, by kind; 0 in both: not in this family. */
static const uint8_t TYPE4[ICMP_KIND_COUNT] = {
	[ICMP_ECHO_REQUEST] = 8,
	[ICMP_ECHO_REPLY] = 0,
	[ICMP_UNREACHABLE] = TYPE4_UNREACHABLE,
	[ICMP_TOO_BIG] = TYPE4_UNREACHABLE,
	[ICMP_TIME_EXCEEDED] = 11,
	[ICMP_PARAMETER_PROBLEM] = 12,
};

static const uint8_t TYPE6[ICMP_KIND_COUNT] = {
	[ICMP_ECHO_REQUEST] = 128,
	[ICMP_ECHO_REPLY] = 129,
	[ICMP_UNREACHABLE] = 1,
	[ICMP_TOO_BIG] = 2,
	[ICMP_TIME_EXCEEDED] = 3,
	[ICMP_PARAMETER_PROBLEM] = 4,
	[ICMP_ROUTER_SOLICITATION] = 133,
	[ICMP_ROUTER_ADVERTISEMENT] = 134,
	[ICMP_NEIGHBOUR_SOLICITATION] = 135,
	[ICMP_NEIGHBOUR_ADVERTISEMENT] = 136,
};

static enum icmp_kind kind4(uint8_t type, uint8_t code)
{
	switch (type) {
	case 0: return ICMP_ECHO_REPLY;
	case TYPE4_UNREACHABLE: return code == ICMP4_TOO_BIG ? ICMP_TOO_BIG : ICMP_UNREACHABLE;
	case 4: return ICMP_SOURCE_QUENCH;
	case 5: return ICMP_REDIRECT;
	case 8: return ICMP_ECHO_REQUEST;
	case 11: return ICMP_TIME_EXCEEDED;
	case 12: return ICMP_PARAMETER_PROBLEM;
	default: return ICMP_OTHER;
	}
}

static enum icmp_kind kind6(uint8_t type)
{
	switch (type) {
	case 1: return ICMP_UNREACHABLE;
	case 2: return ICMP_TOO_BIG;
	case 3: return ICMP_TIME_EXCEEDED;
	case 4: return ICMP_PARAMETER_PROBLEM;
	case 128: return ICMP_ECHO_REQUEST;
	case 129: return ICMP_ECHO_REPLY;
	case 133: return ICMP_ROUTER_SOLICITATION;
	case 134: return ICMP_ROUTER_ADVERTISEMENT;
	case 135: return ICMP_NEIGHBOUR_SOLICITATION;
	case 136: return ICMP_NEIGHBOUR_ADVERTISEMENT;
	case 137: return ICMP_REDIRECT;
	default: return ICMP_OTHER;
	}
}

bool icmp_is_error(const struct icmp *m)
{
	switch (m->kind) {
	case ICMP_UNREACHABLE:
	case ICMP_TOO_BIG:
	case ICMP_TIME_EXCEEDED:
	case ICMP_PARAMETER_PROBLEM:
	case ICMP_SOURCE_QUENCH:
	case ICMP_REDIRECT: return true;
	case ICMP_OTHER:
		return m->type != 0 && m->type < 128; /* ICMPv6: the upper bit says information */
	case ICMP_ECHO_REQUEST:
	case ICMP_ECHO_REPLY:
	case ICMP_ROUTER_SOLICITATION:
	case ICMP_ROUTER_ADVERTISEMENT:
	case ICMP_NEIGHBOUR_SOLICITATION:
	case ICMP_NEIGHBOUR_ADVERTISEMENT:
	case ICMP_KIND_COUNT: break;
	}
	return false;
}

struct aksu_addr nd_solicited_node(const struct aksu_addr *a)
{
	return (struct aksu_addr){{0xff, 0x02, [11] = 0x01, 0xff, a->b[13], a->b[14], a->b[15]}};
}

/* ------------------------------------------------------------------ reading */

static uint32_t number32(const uint8_t *p) { return get32(*(const be32 *)p); }

static struct aksu_addr addr_at(const uint8_t *p)
{
	struct aksu_addr a;

	memcpy(a.b, p, sizeof(a.b));
	return a;
}

enum nd_option {
	ND_OPTION_SOURCE = 1,
	ND_OPTION_TARGET = 2,
	ND_OPTION_PREFIX = 3,
	ND_OPTION_REDIRECTED = 4,
	ND_OPTION_MTU = 5,
};

static void read_prefix(struct nd *nd, const uint8_t *option)
{
	if (nd->prefixes == ND_PREFIX_MAX || option[2] > 128)
		return;
	nd->prefix[nd->prefixes++] = (struct nd_prefix){
		.prefix = addr_at(option + 16),
		.len = option[2],
		.flags = option[3] & (ND_ON_LINK | ND_AUTONOMOUS),
		.valid_s = number32(option + 4),
		.preferred_s = number32(option + 8),
	};
}

/* One option of legal length; what is unknown, or known with another length, is skipped. */
static void read_nd_option(struct icmp *m, const uint8_t *option, size_t len)
{
	struct nd *nd = &m->nd;

	if (option[0] == ND_OPTION_SOURCE && len == 8) {
		nd->has_source = true;
		memcpy(nd->source.b, option + 2, sizeof(nd->source.b));
	} else if (option[0] == ND_OPTION_TARGET && len == 8) {
		nd->has_target = true;
		memcpy(nd->target.b, option + 2, sizeof(nd->target.b));
	} else if (option[0] == ND_OPTION_PREFIX && len == 32) {
		read_prefix(nd, option);
	} else if (option[0] == ND_OPTION_MTU && len == 8) {
		nd->mtu = number32(option + 4);
	} else if (option[0] == ND_OPTION_REDIRECTED && m->kind == ICMP_REDIRECT) {
		m->data = option + 8;
		m->len = len - 8;
	}
}

/*
 * An option of length zero, or one that runs over the end, condemns the message (RFC 4861 7.1.1).
 */
static enum aksu_drop read_nd_options(struct icmp *m, struct cur c)
{
	while (cur_left(&c) > 0) {
		size_t len = cur_left(&c) < 2 ? 0 : (size_t)c.at[1] * 8;
		const uint8_t *option = len == 0 ? NULL : cur_take(&c, len);

		if (option == NULL)
			return AKSU_DROP_ND_BAD;
		read_nd_option(m, option, len);
	}
	return AKSU_DROP_NONE;
}

static size_t nd_fixed_len(enum icmp_kind kind)
{
	if (kind == ICMP_REDIRECT)
		return REDIRECT_LEN;
	if (kind == ICMP_ROUTER_ADVERTISEMENT)
		return RA_LEN;
	return kind == ICMP_ROUTER_SOLICITATION ? HDR_LEN : HDR_LEN + ADDR_LEN;
}

static enum aksu_drop read_nd(struct icmp *m, const uint8_t *data, size_t n)
{
	size_t fixed = nd_fixed_len(m->kind);

	if (n < fixed || m->code != 0)
		return AKSU_DROP_ND_BAD;
	m->data = NULL;
	m->len = 0;
	if (m->kind == ICMP_ROUTER_ADVERTISEMENT) {
		m->nd.hop_limit = data[4];
		m->nd.flags = data[5] & (ND_MANAGED | ND_OTHER);
		m->nd.lifetime_s = get16(*(const be16 *)(data + 6));
		m->nd.reachable_ms = number32(data + 8);
		m->nd.retrans_ms = number32(data + 12);
	} else if (m->kind != ICMP_ROUTER_SOLICITATION) {
		m->target = addr_at(data + HDR_LEN);
		if (addr_is_multicast(&m->target) || addr_is_v4(&m->target))
			return AKSU_DROP_ND_BAD;
	}
	if (m->kind == ICMP_NEIGHBOUR_ADVERTISEMENT)
		m->nd.flags = data[4] & (ND_ROUTER | ND_SOLICITED | ND_OVERRIDE);
	if (m->kind == ICMP_REDIRECT)
		m->dst = addr_at(data + HDR_LEN + ADDR_LEN);
	return read_nd_options(m, (struct cur){data + fixed, data + n});
}

/* What both families have, from the second word on. */
static void read_common(struct icmp *m, const uint8_t *data, size_t n)
{
	uint32_t rest = get32(((const struct icmp_hdr *)data)->rest);

	m->type = data[0];
	m->code = data[1];
	m->data = data + HDR_LEN;
	m->len = n - HDR_LEN;
	if (m->kind == ICMP_ECHO_REQUEST || m->kind == ICMP_ECHO_REPLY) {
		m->id = (uint16_t)(rest >> 16);
		m->seq = (uint16_t)rest;
	} else if (m->kind == ICMP_TOO_BIG) {
		m->mtu = rest;
	} else if (m->kind == ICMP_PARAMETER_PROBLEM) {
		m->pointer = rest;
	}
}

enum aksu_drop icmp4_parse(const uint8_t *data, size_t n, struct icmp *out)
{
	if (n < HDR_LEN || !csum_good(csum_of(data, n)))
		return AKSU_DROP_ICMP_BAD;
	*out = (struct icmp){.kind = kind4(data[0], data[1])};
	read_common(out, data, n);
	out->mtu &= 0xffff;  /* RFC 1191 section 4: the second half of the word */
	out->pointer >>= 24; /* RFC 792: its first octet */
	if (out->kind == ICMP_REDIRECT)
		out->target = addr_from_v4(data + 4);
	return AKSU_DROP_NONE;
}

enum aksu_drop icmp6_parse(const uint8_t *data, size_t n, const struct aksu_addr *src,
			   const struct aksu_addr *dst, struct icmp *out)
{
	csum s;

	if (n < HDR_LEN || n > UINT16_MAX)
		return AKSU_DROP_ICMP_BAD;
	s = csum_add(csum_pseudo(src, dst, IP_PROTO_ICMPV6, (uint32_t)n), csum_of(data, n));
	if (!csum_good(s))
		return AKSU_DROP_ICMP_BAD;
	*out = (struct icmp){.kind = kind6(data[0])};
	read_common(out, data, n);
	if (out->kind >= ICMP_REDIRECT)
		return read_nd(out, data, n);
	return AKSU_DROP_NONE;
}

/* ------------------------------------------------------------------ writing */

static uint8_t *put_word(uint8_t *p, uint32_t v)
{
	be32 x = put32(v);

	memcpy(p, &x, sizeof(x));
	return p + sizeof(x);
}

static uint8_t *put_addr(uint8_t *p, const struct aksu_addr *a)
{
	memcpy(p, a->b, sizeof(a->b));
	return p + sizeof(a->b);
}

static uint8_t *put_mac_option(uint8_t *p, bool has, enum nd_option type, struct mac mac)
{
	if (!has)
		return p;
	p[0] = (uint8_t)type;
	p[1] = 1;
	memcpy(p + 2, mac.b, sizeof(mac.b));
	return p + 8;
}

static uint8_t *put_prefix(uint8_t *p, const struct nd_prefix *x)
{
	p = put_word(p, (uint32_t)ND_OPTION_PREFIX << 24 | 4u << 16 | (uint32_t)x->len << 8 |
				x->flags);
	p = put_word(p, x->valid_s);
	p = put_word(p, x->preferred_s);
	p = put_word(p, 0);
	return put_addr(p, &x->prefix);
}

static uint8_t *put_nd(uint8_t *p, const struct icmp *m)
{
	const struct nd *nd = &m->nd;

	if (m->kind == ICMP_ROUTER_ADVERTISEMENT) {
		p = put_word(p, nd->reachable_ms);
		p = put_word(p, nd->retrans_ms);
	} else if (m->kind != ICMP_ROUTER_SOLICITATION) {
		p = put_addr(p, &m->target);
	}
	p = put_mac_option(p, nd->has_source, ND_OPTION_SOURCE, nd->source);
	p = put_mac_option(p, nd->has_target, ND_OPTION_TARGET, nd->target);
	if (m->kind != ICMP_ROUTER_ADVERTISEMENT)
		return p;
	if (nd->mtu != 0) {
		p = put_word(p, (uint32_t)ND_OPTION_MTU << 24 | 1u << 16);
		p = put_word(p, nd->mtu);
	}
	for (unsigned i = 0; i < nd->prefixes && i < ND_PREFIX_MAX; i++)
		p = put_prefix(p, &nd->prefix[i]);
	return p;
}

/* The second word of a message. */
static uint32_t rest_of(const struct icmp *m, bool v4)
{
	switch (m->kind) {
	case ICMP_ECHO_REQUEST:
	case ICMP_ECHO_REPLY: return (uint32_t)m->id << 16 | m->seq;
	case ICMP_TOO_BIG: return v4 ? m->mtu & 0xffff : m->mtu;
	case ICMP_PARAMETER_PROBLEM: return v4 ? m->pointer << 24 : m->pointer;
	case ICMP_ROUTER_ADVERTISEMENT:
		return (uint32_t)m->nd.hop_limit << 24 | (uint32_t)m->nd.flags << 16 |
		       m->nd.lifetime_s;
	case ICMP_NEIGHBOUR_ADVERTISEMENT: return (uint32_t)m->nd.flags << 24;
	case ICMP_ROUTER_SOLICITATION:
	case ICMP_NEIGHBOUR_SOLICITATION:
	case ICMP_UNREACHABLE:
	case ICMP_TIME_EXCEEDED:
	case ICMP_REDIRECT:
	case ICMP_SOURCE_QUENCH:
	case ICMP_OTHER:
	case ICMP_KIND_COUNT: break;
	}
	return 0;
}

static size_t emit(const struct icmp *m, uint8_t type, uint8_t code, bool v4, uint8_t *out)
{
	struct icmp_hdr h = {.type = type, .code = code, .rest = put32(rest_of(m, v4))};
	uint8_t *end = out + sizeof(h);

	memcpy(out, &h, sizeof(h));
	if (m->kind >= ICMP_REDIRECT)
		end = put_nd(end, m);
	return (size_t)(end - out);
}

static void put_checksum(uint8_t *out, csum s)
{
	be16 checksum = put16(csum_finish(s));

	memcpy(out + offsetof(struct icmp_hdr, checksum), &checksum, sizeof(checksum));
}

size_t icmp4_emit(const struct icmp *m, uint8_t out[ICMP_HEAD_MAX])
{
	size_t n;

	if (TYPE4[m->kind] == 0 && m->kind != ICMP_ECHO_REPLY)
		return 0;
	n = emit(m, TYPE4[m->kind], m->kind == ICMP_TOO_BIG ? ICMP4_TOO_BIG : m->code, true, out);
	put_checksum(out, csum_add(csum_of(out, n), csum_of(m->data, m->len)));
	return n;
}

size_t icmp6_emit(const struct icmp *m, const struct aksu_addr *src, const struct aksu_addr *dst,
		  uint8_t out[ICMP_HEAD_MAX])
{
	size_t n;
	csum s;

	if (TYPE6[m->kind] == 0)
		return 0;
	n = emit(m, TYPE6[m->kind], m->code, false, out);
	s = csum_pseudo(src, dst, IP_PROTO_ICMPV6, (uint32_t)(n + m->len));
	put_checksum(out, csum_add(s, csum_add(csum_of(out, n), csum_of(m->data, m->len))));
	return n;
}
