/* SPDX-License-Identifier: MIT */
/*
 * wire/ipv6.c - reading and writing IPv6 headers, and the walk over what lies between them and TCP.
 *
 * RFC 8200; RFC 6946 (atomic fragments). Every header takes at least 8 octets and their number is
 * limited, so a walk ends.
 */
#include "wire/ipv6.h"

#include "wire/addr.h"

enum { FLOW = 0xfffff, OFFSET = 0xfff8, MORE = 1 };

/* Parameter problem codes, RFC 4443 section 3.4. */
enum { PROBLEM_HEADER = 0, PROBLEM_NEXT = 1, PROBLEM_OPTION = 2 };

enum { OPTION_PAD1 = 0, OPTION_PADN = 1 };

static struct aksu_addr addr_from_v6(const uint8_t b[16])
{
	struct aksu_addr a;

	memcpy(a.b, b, sizeof(a.b));
	return a;
}

enum aksu_drop ipv6_parse_quote(const uint8_t *data, size_t n, struct ipv6 *out)
{
	const struct ipv6_hdr *h = (const struct ipv6_hdr *)data;
	uint32_t word;

	if (n < 1)
		return AKSU_DROP_IP_SHORT;
	if (ip_version(data) != 6)
		return AKSU_DROP_IP_VERSION;
	if (n < IPV6_HDR_LEN)
		return AKSU_DROP_IP_SHORT;
	word = get32(h->version_class_flow);
	*out = (struct ipv6){
		.tclass = (uint8_t)(word >> 20),
		.next = h->next,
		.hop_limit = h->hop_limit,
		.payload_len = (uint16_t)min_size(get16(h->payload_len), n - IPV6_HDR_LEN),
		.flow = word & FLOW,
		.src = addr_from_v6(h->src),
		.dst = addr_from_v6(h->dst),
		.payload = data + IPV6_HDR_LEN,
	};
	if (addr_is_v4(&out->src))
		return AKSU_DROP_IP_SOURCE;
	return addr_is_v4(&out->dst) ? AKSU_DROP_IP_NOT_OURS : AKSU_DROP_NONE;
}

enum aksu_drop ipv6_parse(const uint8_t *data, size_t n, struct ipv6 *out)
{
	const struct ipv6_hdr *h = (const struct ipv6_hdr *)data;
	enum aksu_drop drop = ipv6_parse_quote(data, n, out);

	if (drop == AKSU_DROP_NONE && out->payload_len < get16(h->payload_len))
		return AKSU_DROP_IP_SHORT;
	return drop;
}

size_t ipv6_emit(const struct ipv6 *ip, uint8_t out[IPV6_HDR_LEN])
{
	struct ipv6_hdr h = {
		.version_class_flow =
			put32(6u << 28 | (uint32_t)ip->tclass << 20 | (ip->flow & FLOW)),
		.payload_len = put16(ip->payload_len),
		.next = ip->next,
		.hop_limit = ip->hop_limit,
	};

	memcpy(h.src, ip->src.b, sizeof(h.src));
	memcpy(h.dst, ip->dst.b, sizeof(h.dst));
	memcpy(out, &h, sizeof(h));
	return sizeof(h);
}

size_t ipv6_fragment_emit(const struct ipv6_fragment *f, uint8_t out[IPV6_FRAGMENT_HDR_LEN])
{
	struct ipv6_fragment_hdr h = {
		.next = f->next,
		.offset_more = put16((f->offset & OFFSET) | (f->more ? MORE : 0u)),
		.id = put32(f->id),
	};

	memcpy(out, &h, sizeof(h));
	return sizeof(h);
}

/* ------------------------------------------------------------------ extension headers */

struct walk {
	const uint8_t *start;
	struct cur c;
	struct ipv6_chain *out;
};

static uint32_t offset_of(const struct walk *w, const uint8_t *at)
{
	return (uint32_t)(at - w->start);
}

static enum aksu_drop problem(struct walk *w, uint8_t code, uint32_t pointer,
			      enum ipv6_answer answer)
{
	w->out->problem_code = code;
	w->out->pointer = pointer;
	w->out->answer = answer;
	return AKSU_DROP_IP6_EXTENSION;
}

/* The next header in the walk's way, by its own length field; NULL if it is not all there. */
static const uint8_t *take_header(struct walk *w)
{
	size_t len = cur_left(&w->c) < 2 ? 8 : ((size_t)w->c.at[1] + 1) * 8;

	return cur_take(&w->c, len);
}

/*
 * Reads "what follows" of a header that begins at `at`, where it is the first octet of all of them.
 */
static void step_over(struct walk *w, const uint8_t *at)
{
	w->out->next = at[0];
	w->out->next_at = offset_of(w, at);
}

/* An option that we do not know says itself what to do about that (RFC 8200 section 4.2). */
static enum aksu_drop unknown_option(struct walk *w, const uint8_t *option)
{
	static const enum ipv6_answer answer[4] = {
		[2] = IPV6_ANSWER_ALWAYS,
		[3] = IPV6_ANSWER_UNLESS_GROUP,
	};
	unsigned action = option[0] >> 6;

	if (action == 0)
		return AKSU_DROP_NONE;
	return problem(w, PROBLEM_OPTION, offset_of(w, option), answer[action]);
}

/* Hop-by-hop and destination options: nobody of whom we know any. */
static enum aksu_drop walk_options(struct walk *w)
{
	const uint8_t *at = take_header(w);
	enum aksu_drop drop = AKSU_DROP_NONE;
	unsigned options = 0;
	struct cur c;

	if (at == NULL)
		return AKSU_DROP_IP6_EXTENSION;
	c = (struct cur){at + 2, w->c.at};
	while (drop == AKSU_DROP_NONE && cur_left(&c) > 0) {
		const uint8_t *option = c.at;

		if (option[0] == OPTION_PAD1) {
			c.at++;
			continue;
		}
		if (cur_left(&c) < 2 || cur_take(&c, 2 + (size_t)option[1]) == NULL)
			return AKSU_DROP_IP6_EXTENSION;
		if (option[0] == OPTION_PADN)
			continue;
		drop = ++options > IPV6_OPTIONS_MAX ? AKSU_DROP_IP6_EXTENSION
						    : unknown_option(w, option);
	}
	step_over(w, at);
	return drop;
}

/* A routing header with segments left asks us to forward: we do not (RFC 8200 4.4, RFC 5095). */
static enum aksu_drop walk_routing(struct walk *w)
{
	const uint8_t *at = take_header(w);

	if (at == NULL)
		return AKSU_DROP_IP6_EXTENSION;
	if (at[3] != 0)
		return problem(w, PROBLEM_HEADER, offset_of(w, at + 2), IPV6_ANSWER_UNLESS_GROUP);
	step_over(w, at);
	return AKSU_DROP_NONE;
}

/* An atomic fragment is a whole datagram and is walked on, whatever else is in reassembly (RFC
 * 6946). */
static enum aksu_drop walk_fragment(struct walk *w)
{
	const struct ipv6_fragment_hdr *h = cur_take(&w->c, sizeof(*h));
	unsigned offset;

	if (h == NULL)
		return AKSU_DROP_FRAGMENT_BAD;
	offset = get16(h->offset_more);
	step_over(w, &h->next);
	if ((offset & (OFFSET | MORE)) == 0)
		return AKSU_DROP_NONE;
	w->out->fragmented = true;
	w->out->fragment = (struct ipv6_fragment){
		.next = h->next,
		.more = offset & MORE,
		.offset = (uint16_t)(offset & OFFSET),
		.id = get32(h->id),
	};
	return AKSU_DROP_NONE;
}

static enum aksu_drop walk_one(struct walk *w, bool first)
{
	switch (w->out->next) {
	case IP_PROTO_HOP_BY_HOP:
		if (!first) /* only at the very beginning: anywhere else it is unknown (section 4.1)
			     */
			return problem(w, PROBLEM_NEXT, w->out->next_at, IPV6_ANSWER_UNLESS_GROUP);
		return walk_options(w);
	case IP_PROTO_DESTINATION: return walk_options(w);
	case IP_PROTO_ROUTING: return walk_routing(w);
	default: return walk_fragment(w);
	}
}

static bool is_extension(uint8_t next)
{
	return next == IP_PROTO_HOP_BY_HOP || next == IP_PROTO_DESTINATION ||
	       next == IP_PROTO_ROUTING || next == IP_PROTO_FRAGMENT;
}

enum aksu_drop ipv6_walk(uint8_t first, const uint8_t *data, size_t n, bool outermost,
			 struct ipv6_chain *out)
{
	struct walk w = {.start = data, .c = {data, data + n}, .out = out};
	enum aksu_drop drop;

	*out = (struct ipv6_chain){.next = first, .next_at = UINT32_MAX};
	for (unsigned headers = 0; is_extension(out->next) && !out->fragmented; headers++) {
		if (headers == IPV6_EXTENSIONS_MAX)
			return AKSU_DROP_IP6_EXTENSION;
		drop = walk_one(&w, outermost && headers == 0);
		if (drop != AKSU_DROP_NONE)
			return drop;
	}
	out->payload = w.c.at;
	out->payload_len = (uint16_t)cur_left(&w.c);
	return AKSU_DROP_NONE;
}
