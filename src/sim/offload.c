/* SPDX-License-Identifier: MIT */
/*
 * sim/offload.c - what devices do for TCP: cut what is larger than the MSS, merge what has arrived
 * together.
 *
 *      uncut frame ─► cut ─► wire segments ─► wire ─► merge ─► one frame, `segments` and `mss`
 *
 * As Linux does both: every piece has the options of the whole, its own number, length and
 * checksum; FIN and PSH go with the last one, CWR with the first. Merged is what continues the
 * frame before it and differs in nothing else; what is damaged is left alone. Only TCP over IPv4
 * and IPv6 without extension headers.
 */
#include "base/bytes.h"
#include "sim/node.h"
#include "wire/checksum.h"
#include "wire/eth.h"
#include "wire/ip.h"
#include "wire/ipv4.h"
#include "wire/ipv6.h"
#include "wire/tcp.h"

enum {
	UDP_CHECKSUM_AT = 6,
	TCP_SEQ_AT = 4,
	TCP_OFFSET_AT = 12,
	TCP_FLAGS_AT = 13,
	TCP_CHECKSUM_AT = 16,
	IPV4_LENGTH_AT = 2,
	IPV4_ID_AT = 4,
	IPV4_FRAGMENT_AT = 6,
	IPV4_PROTOCOL_AT = 9,
	IPV4_CHECKSUM_AT = 10,
	IPV4_SRC_AT = 12,
	IPV6_LENGTH_AT = 4,
	IPV6_NEXT_AT = 6,
	IPV6_SRC_AT = 8,
	HEADERS_MAX = ETH_HDR_LEN + IPV6_HDR_LEN + TCP_HDR_LEN + TCP_OPTIONS_MAX,
};

/* Where the parts of a frame lie; `len` is its end. */
struct parts {
	uint32_t ip, tcp, text, len;
	bool v4;
};

static uint16_t load16(const uint8_t *p) { return (uint16_t)(p[0] << 8 | p[1]); }

static void store16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static uint32_t load32(const uint8_t *p) { return (uint32_t)load16(p) << 16 | load16(p + 2); }

static void store32(uint8_t *p, uint32_t v)
{
	store16(p, v >> 16);
	store16(p + 2, v);
}

/* False: not TCP, not whole, or not as simple as what is cut and merged. */
static bool read_parts(enum aksu_link_kind kind, const uint8_t *data, uint32_t len,
		       struct parts *out)
{
	uint32_t ip = kind == AKSU_LINK_ETHERNET ? ETH_HDR_LEN : 0;
	const uint8_t *h = data + ip;
	uint32_t tcp, end;
	bool v4;

	if (len < ip + IPV4_HDR_LEN + TCP_HDR_LEN)
		return false;
	v4 = h[0] == 0x45; /* without options */
	if (!v4 && (h[0] >> 4 != 6 || len < ip + IPV6_HDR_LEN + TCP_HDR_LEN))
		return false;
	tcp = ip + (v4 ? IPV4_HDR_LEN : IPV6_HDR_LEN);
	end = v4 ? ip + load16(h + IPV4_LENGTH_AT) : tcp + load16(h + IPV6_LENGTH_AT);
	if (h[v4 ? IPV4_PROTOCOL_AT : IPV6_NEXT_AT] != IP_PROTO_TCP || end != len)
		return false;
	if (v4 && load16(h + IPV4_FRAGMENT_AT) & 0x3fff)
		return false;
	*out = (struct parts){ip, tcp, tcp + (data[tcp + TCP_OFFSET_AT] >> 4) * 4u, len, v4};
	return out->text >= tcp + TCP_HDR_LEN && out->text <= len;
}

static csum tcp_sum(const uint8_t *data, const struct parts *p)
{
	const uint8_t *h = data + p->ip;
	uint32_t n = p->len - p->tcp;
	struct aksu_addr src, dst;

	if (p->v4) {
		h += IPV4_SRC_AT;
		src = aksu_addr_v4(h[0], h[1], h[2], h[3]);
		dst = aksu_addr_v4(h[4], h[5], h[6], h[7]);
	} else {
		memcpy(src.b, h + IPV6_SRC_AT, 16);
		memcpy(dst.b, h + IPV6_SRC_AT + 16, 16);
	}
	return csum_add(csum_pseudo(&src, &dst, 6, n), csum_of(data + p->tcp, n));
}

/* Length and checksum of IP, for a frame that ends at p->len. */
static void seal_ip(uint8_t *data, const struct parts *p)
{
	uint8_t *h = data + p->ip;

	if (!p->v4) {
		store16(h + IPV6_LENGTH_AT, p->len - p->tcp);
		return;
	}
	store16(h + IPV4_LENGTH_AT, p->len - p->ip);
	store16(h + IPV4_CHECKSUM_AT, 0);
	store16(h + IPV4_CHECKSUM_AT, csum_finish(csum_of(h, IPV4_HDR_LEN)));
}

static void seal_tcp(uint8_t *data, const struct parts *p)
{
	store16(data + p->tcp + TCP_CHECKSUM_AT, 0);
	store16(data + p->tcp + TCP_CHECKSUM_AT, csum_finish(tcp_sum(data, p)));
}

bool sim_frame_sound(enum aksu_link_kind kind, const uint8_t *data, uint32_t len)
{
	struct parts p;

	return read_parts(kind, data, len, &p) &&
	       (!p.v4 || csum_good(csum_of(data + p.ip, IPV4_HDR_LEN))) &&
	       csum_good(tcp_sum(data, &p));
}

/* ---- a sum that was left undone */

void sim_sum(enum aksu_link_kind kind, struct sim_packet *p)
{
	uint32_t ip = kind == AKSU_LINK_ETHERNET ? ETH_HDR_LEN : 0;
	const uint8_t *h = p->data + ip;
	uint32_t at, end, field;
	uint8_t protocol;
	uint16_t sum;

	if (p->len < ip + IPV4_HDR_LEN)
		return;
	if (h[0] >> 4 == 4) {
		at = ip + (h[0] & 15u) * 4;
		end = ip + load16(h + IPV4_LENGTH_AT);
		protocol = h[IPV4_PROTOCOL_AT];
	} else {
		at = ip + IPV6_HDR_LEN;
		end = at + load16(h + IPV6_LENGTH_AT);
		protocol = h[IPV6_NEXT_AT];
	}
	field = at + (protocol == IP_PROTO_TCP ? TCP_CHECKSUM_AT : UDP_CHECKSUM_AT);
	if ((protocol != IP_PROTO_TCP && protocol != IP_PROTO_UDP) || field + 2 > end ||
	    end > p->len)
		return;
	sum = csum_finish(csum_of(p->data + at, end - at));
	store16(p->data + field, sum == 0 && protocol == IP_PROTO_UDP ? UINT16_MAX : sum);
	p->checksum = AKSU_CHECKSUM_UNKNOWN;
}

/* ---- cutting */

/* The piece of `whole` that begins at octet `at` of its text. */
static struct sim_packet *piece(struct sim_wire *w, const struct sim_packet *whole,
				const struct parts *p, uint32_t at, uint32_t mss)
{
	uint32_t text = p->len - p->text, n = min_u32(mss, text - at);
	struct sim_packet *out = sim_packet_new(w, p->text + n);
	struct parts mine = *p;
	uint8_t *tcp;

	if (out == NULL)
		return NULL;
	out->number = whole->number;
	memcpy(out->data, whole->data, p->text);
	memcpy(out->data + p->text, whole->data + p->text + at, n);
	tcp = out->data + p->tcp;
	store32(tcp + TCP_SEQ_AT, load32(tcp + TCP_SEQ_AT) + at);
	if (at + n < text)
		tcp[TCP_FLAGS_AT] &= (uint8_t) ~(AKSU_FIN | AKSU_PSH);
	if (at > 0)
		tcp[TCP_FLAGS_AT] &= (uint8_t)~AKSU_CWR;
	if (p->v4)
		store16(out->data + p->ip + IPV4_ID_AT,
			load16(out->data + p->ip + IPV4_ID_AT) + at / mss);
	mine.len = out->len;
	seal_ip(out->data, &mine);
	seal_tcp(out->data, &mine);
	return out;
}

bool sim_cut(struct sim_wire *w, const struct sim_packet *whole, uint32_t mss, aksu_time now)
{
	struct parts p;

	if (mss == 0 || !read_parts(w->rules->kind, whole->data, whole->len, &p))
		return false;
	for (uint32_t at = 0; at < p.len - p.text; at += mss) {
		struct sim_packet *out = piece(w, whole, &p, at, mss);

		if (out == NULL)
			sim_wire_no_memory(w, whole->number, now);
		else
			sim_wire_enter(w, out, now);
	}
	return true;
}

/* ---- merging */

/* The headers without what differs from one segment to the next. */
static void blank(uint8_t *out, const uint8_t *data, const struct parts *p)
{
	memcpy(out, data, p->text);
	if (p->v4) {
		store16(out + p->ip + IPV4_LENGTH_AT, 0);
		store16(out + p->ip + IPV4_ID_AT, 0);
		store16(out + p->ip + IPV4_CHECKSUM_AT, 0);
	} else {
		store16(out + p->ip + IPV6_LENGTH_AT, 0);
	}
	store32(out + p->tcp + TCP_SEQ_AT, 0);
	store16(out + p->tcp + TCP_CHECKSUM_AT, 0);
	out[p->tcp + TCP_FLAGS_AT] &= (uint8_t)~AKSU_PSH;
}

/* Whether `next` goes on where `end`, a number of the first one's flow, says. */
static bool continues(const struct sim_packet *first, const struct parts *p,
		      const struct sim_packet *next, const struct parts *q, uint32_t end)
{
	uint8_t a[HEADERS_MAX], b[HEADERS_MAX];

	if (p->text != q->text || p->v4 != q->v4 || q->text == q->len ||
	    q->len - q->text > p->len - p->text)
		return false;
	blank(a, first->data, p);
	blank(b, next->data, q);
	return memcmp(a, b, p->text) == 0 && load32(next->data + q->tcp + TCP_SEQ_AT) == end;
}

/* Text with nothing that must be seen by itself; PSH ends a merged frame (or is it, alone). */
static bool is_plain_text(enum aksu_link_kind kind, const struct sim_packet *s, struct parts *p)
{
	return read_parts(kind, s->data, s->len, p) && p->text <= HEADERS_MAX && p->text < p->len &&
	       (s->data[p->tcp + TCP_FLAGS_AT] & ~AKSU_PSH) == AKSU_ACK &&
	       sim_frame_sound(kind, s->data, s->len);
}

/* How many of those that have arrived go on where `first` ends, and the octets of their text. */
static uint32_t find_rest(struct sim_wire *w, const struct sim_packet *first, const struct parts *p,
			  aksu_time now, uint32_t *octets)
{
	enum aksu_link_kind kind = w->rules->kind;
	uint32_t mss = p->len - p->text, n = 0;
	uint32_t seq = load32(first->data + p->tcp + TCP_SEQ_AT) + mss;
	bool ends = first->data[p->tcp + TCP_FLAGS_AT] & AKSU_PSH;

	*octets = 0;
	for (const struct sim_packet *s = w->exit.queue.first; s != NULL && !ends; s = s->next) {
		struct parts q;

		if (s->due > now || !is_plain_text(kind, s, &q) ||
		    !continues(first, p, s, &q, seq + *octets) ||
		    p->len - p->ip + *octets + (q.len - q.text) > UINT16_MAX)
			break;
		*octets += q.len - q.text;
		n++;
		ends = q.len - q.text < mss || s->data[q.tcp + TCP_FLAGS_AT] & AKSU_PSH;
	}
	return n;
}

struct sim_packet *sim_merge(struct sim_wire *w, struct sim_packet *first, aksu_time now)
{
	struct sim_packet *all;
	struct parts p;
	uint32_t n, octets;

	if (!is_plain_text(w->rules->kind, first, &p))
		return first;
	n = find_rest(w, first, &p, now, &octets);
	all = n > 0 ? sim_packet_new(w, first->len + octets) : NULL;
	if (all == NULL)
		return first;
	all->number = first->number;
	all->segments = (uint16_t)(n + 1);
	all->mss = (uint16_t)(p.len - p.text);
	all->checksum = AKSU_CHECKSUM_VERIFIED;
	memcpy(all->data, first->data, first->len);
	sim_packet_free(w, first);
	for (uint32_t at = p.len; n > 0; n--) {
		struct sim_packet *s = sim_wire_take(w, now);

		memcpy(all->data + at, s->data + p.text, s->len - p.text);
		at += s->len - p.text;
		all->data[p.tcp + TCP_FLAGS_AT] |= s->data[p.tcp + TCP_FLAGS_AT];
		sim_packet_free(w, s);
	}
	p.len = all->len;
	seal_ip(all->data, &p);
	return all;
}
