/* SPDX-License-Identifier: MIT */
/*
 * support/script_wire.c - segments of a script as IP packets, and back.
 *
 * Every packet that aksu sends is checked for what holds always, whatever the script is about:
 * checksums (MUST-2), reserved bits (U-1), form and place of options (MUST-65, MUST-68, MUST-69),
 * an ACK once synchronised (U-11), a right edge that does not go back (SHLD-14), the size of the
 * path, DF, and text that is the stream's (retransmitted or not).
 */
#include "support/script.h"

#include "wire/checksum.h"
#include "wire/ip.h"
#include "wire/ipv4.h"
#include "wire/ipv6.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint8_t pattern(bool ours, uint64_t i)
{
	return (uint8_t)(i * 7 + (i >> 8) * 13 + (i >> 16) * 29 + (ours ? 3 : 101));
}

/* ---------------------------------------------------------------- what stands behind the bar */

static int read_hex(const char *text, uint8_t *out, size_t cap)
{
	size_t n = strlen(text);

	if (n % 2 != 0 || n / 2 > cap)
		return -1;
	for (size_t i = 0; i < n / 2; i++) {
		char two[3] = {text[2 * i], text[2 * i + 1], '\0'};
		char *end;

		out[i] = (uint8_t)strtoul(two, &end, 16);
		if (*end != '\0')
			return -1;
	}
	return (int)(n / 2);
}

static bool read_corrupt(const char *value, struct mods *out)
{
	static const char *const what[] = {"", "header", "text", "pseudo", "ip"};

	for (int i = 1; i < 5; i++)
		if (strcmp(value, what[i]) == 0)
			out->corrupt = i;
	return out->corrupt != CORRUPT_NOT;
}

static bool read_mod(const char *key, const char *value, struct mods *out)
{
	static const struct {
		const char *key;
		size_t at;
	} numbers[] = {
		{"offset", offsetof(struct mods, offset)},
		{"reserved", offsetof(struct mods, reserved)},
		{"tos", offsetof(struct mods, tos)},
		{"ttl", offsetof(struct mods, ttl)},
		{"truncate", offsetof(struct mods, truncate)},
	};

	if (strcmp(key, "partial") == 0)
		return (out->partial = true);
	if (strcmp(key, "altered") == 0 || strcmp(key, "any-text") == 0 || strcmp(key, "df") == 0) {
		out->altered |= key[1] == 'l';
		out->any_text |= key[1] == 'n';
		out->df |= key[0] == 'd';
		return true;
	}
	if (strcmp(key, "corrupt") == 0)
		return read_corrupt(value, out);
	if (strcmp(key, "opt") == 0)
		return (out->options_len = read_hex(value, out->options, 40)) >= 0;
	if (strcmp(key, "ipopt") == 0)
		return (out->ip_options_len = read_hex(value, out->ip_options, 40)) >= 0;
	for (size_t i = 0; i < COUNT_OF(numbers); i++) {
		int64_t n;

		if (strcmp(key, numbers[i].key) != 0)
			continue;
		if (!script_number(value, &n) || n < 0 || n > 65535)
			return false;
		*(int *)((char *)out + numbers[i].at) = (int)n;
		return true;
	}
	return false;
}

bool mods_parse(const char *text, struct mods *out, const char **error)
{
	char copy[256], *save = NULL, *word;

	*out = (struct mods){.options_len = -1,
			     .offset = -1,
			     .reserved = 0,
			     .tos = -1,
			     .ttl = -1,
			     .truncate = -1};
	if (text == NULL)
		return true;
	snprintf(copy, sizeof(copy), "%s", text);
	for (word = strtok_r(copy, " \t|", &save); word; word = strtok_r(NULL, " \t|", &save)) {
		char *value = strchr(word, '=');

		if (value != NULL)
			*value++ = '\0';
		if (!read_mod(word, value != NULL ? value : "", out)) {
			*error = "behind the bar stand opt=HEX offset=N reserved=N tos=N ttl=N "
				 "truncate=N ipopt=HEX corrupt=WHAT altered any-text df partial";
			return false;
		}
	}
	return true;
}

/* ---------------------------------------------------------------- building */

/* Relative numbers become the flow's. */
static struct tcp_seg absolute(const struct flow *f, const struct trace_line *line)
{
	struct tcp_seg seg = line->seg;
	struct tcp_opts *o = &seg.opts;

	seg.src_port = f->remote.port;
	seg.dst_port = f->local.port;
	seg.seq = seq_add(seg.seq, f->irs);
	if (seg_has(&seg, AKSU_ACK) || line->has & TRACE_HAS_ACK)
		seg.ack = seq_add(seg.ack, f->iss);
	if (o->present & AKSU_OPT_TS && f->ts_known)
		o->tsecr = ts_add(o->tsecr, f->ts_base);
	for (unsigned i = 0; i < o->sack_count; i++) {
		o->sack[i].start = seq_add(o->sack[i].start, f->iss);
		o->sack[i].end = seq_add(o->sack[i].end, f->iss);
	}
	return seg;
}

static size_t put_ip(const struct world *w, const struct aksu_addr *src,
		     const struct aksu_addr *dst, uint8_t protocol, uint8_t ecn, size_t payload,
		     const struct mods *m, uint8_t *out)
{
	uint8_t tos = (uint8_t)((m != NULL && m->tos >= 0 ? m->tos : 0) | ecn);
	uint8_t ttl = (uint8_t)(m != NULL && m->ttl >= 0 ? m->ttl : 64);

	if (w->v6)
		return ipv6_emit(&(struct ipv6){.tclass = tos,
						.next = protocol,
						.hop_limit = ttl,
						.payload_len = (uint16_t)payload,
						.src = *src,
						.dst = *dst},
				 out);
	return ipv4_emit(&(struct ipv4){.tos = tos,
					.ttl = ttl,
					.protocol = protocol,
					.dont_fragment = true,
					.options = m != NULL ? m->ip_options : NULL,
					.options_len = (uint8_t)(m != NULL ? m->ip_options_len : 0),
					.payload_len = (uint16_t)payload,
					.src = *src,
					.dst = *dst},
			 out);
}

/* Header, options and text of a segment without its checksum. */
static size_t put_tcp(struct flow *f, const struct tcp_seg *seg, const struct tcp_seg *relative,
		      const struct mods *m, uint8_t *out)
{
	size_t head = tcp_emit(seg, out);
	uint64_t first = relative->seq.n - 1u;

	if (m->options_len >= 0) {
		head = 20 + ((size_t)m->options_len + 3) / 4 * 4;
		memset(out + 20, 0, 40);
		memcpy(out + 20, m->options, (size_t)m->options_len);
		out[12] = (uint8_t)(head / 4 << 4);
	}
	if (m->offset >= 0)
		out[12] = (uint8_t)(m->offset << 4);
	out[12] |= (uint8_t)m->reserved;
	if (seg_has(relative, AKSU_SYN))
		first++;
	for (uint32_t i = 0; i < seg->text_len; i++)
		out[head + i] = (uint8_t)(pattern(false, first + i) ^ (m->altered ? 0xff : 0));
	f->altered |= m->altered;
	return head + seg->text_len;
}

static void corrupt(const struct mods *m, uint8_t *ip, uint8_t *tcp, size_t len)
{
	if (m->corrupt == CORRUPT_HEADER)
		tcp[15] ^= 0x04; /* the window */
	if (m->corrupt == CORRUPT_TEXT)
		tcp[len - 1] ^= 0x10;
	if (m->corrupt == CORRUPT_IP)
		ip[10] ^= 0x01;
}

size_t packet_build(struct world *w, struct flow *f, const struct trace_line *line,
		    const struct mods *m, uint8_t out[PACKET_MAX])
{
	struct tcp_seg seg = absolute(f, line);
	uint8_t tcp[PACKET_MAX];
	size_t len, head;
	struct aksu_addr dst = f->local.addr;
	be16 sum;

	if (seg.text_len + 120 > PACKET_MAX)
		return 0;
	len = put_tcp(f, &seg, &line->seg, m, tcp);
	if (m->truncate >= 0 && (size_t)m->truncate < len)
		len = (size_t)m->truncate;
	if (m->corrupt == CORRUPT_PSEUDO)
		dst.b[15] ^= 1;
	if (len >= 18) {
		csum s = csum_pseudo(&f->remote.addr, &dst, IP_PROTO_TCP, (uint32_t)len);

		memset(tcp + 16, 0, 2);
		sum = put16(m->partial ? csum_fold(s)
				       : csum_finish(csum_add(s, csum_of(tcp, len))));
		memcpy(tcp + 16, &sum, 2);
	}
	head = put_ip(w, &f->remote.addr, &f->local.addr, IP_PROTO_TCP, seg.ecn, len, m, out);
	corrupt(m, out, tcp, len);
	memcpy(out + head, tcp, len);
	return head + len;
}

/* ---------------------------------------------------------------- ICMP errors */

struct icmp_word {
	const char *name;
	int type4, code4, type6, code6;
};

/* clang-format off */
static const struct icmp_word icmp_words[] = {
	{"net-unreachable",       3,  0,  1, 0},
	{"host-unreachable",      3,  1,  1, 3},
	{"protocol-unreachable",  3,  2,  4, 1},
	{"port-unreachable",      3,  3,  1, 4},
	{"too-big",               3,  4,  2, 0},
	{"source-route-failed",   3,  5, -1, 0},
	{"prohibited",            3, 13,  1, 1},
	{"ttl-exceeded",         11,  0,  3, 0},
	{"reassembly-exceeded",  11,  1,  3, 1},
	{"parameter-problem",    12,  0,  4, 0},
	{"option-problem",       12,  1,  4, 2},
	{"source-quench",         4,  0, -1, 0},
};
/* clang-format on */

/* icmp WORD [mtu N] [seq N]; icmp type T code C ... */
static bool icmp_what(const struct world *w, char *const *word, int words, uint8_t head[8], int *at)
{
	int64_t type = -1, code = 0;

	*at = 2;
	for (size_t i = 0; words > 1 && i < COUNT_OF(icmp_words); i++)
		if (strcmp(word[1], icmp_words[i].name) == 0) {
			type = w->v6 ? icmp_words[i].type6 : icmp_words[i].type4;
			code = w->v6 ? icmp_words[i].code6 : icmp_words[i].code4;
		}
	if (words > 4 && strcmp(word[1], "type") == 0) {
		if (!script_number(word[2], &type) || !script_number(word[4], &code))
			return false;
		*at = 5;
	}
	memset(head, 0, 8);
	head[0] = (uint8_t)type;
	head[1] = (uint8_t)code;
	return type >= 0;
}

size_t packet_icmp(struct world *w, struct flow *f, char *const *word, int words,
		   uint8_t out[PACKET_MAX])
{
	struct aksu_addr router;
	uint8_t icmp[PACKET_MAX];
	size_t ip_head = w->v6 ? 40 : 20, len = 8, head;
	size_t quote = f->last_len < ip_head + 8 ? f->last_len : ip_head + 8;
	int at;

	if (!aksu_addr_parse(w->v6 ? "2001:db8:ffff::1" : "203.0.113.1", &router) ||
	    !icmp_what(w, word, words, icmp, &at) || f->last_len == 0)
		return 0;
	memcpy(icmp + 8, f->last, quote);
	for (; at + 1 < words; at += 2) {
		int64_t n;
		be32 v;

		if (!script_number(word[at + 1], &n))
			return 0;
		v = put32((uint32_t)n + (strcmp(word[at], "seq") == 0 ? f->iss : 0));
		if (strcmp(word[at], "seq") == 0)
			memcpy(icmp + 8 + ip_head + 4, &v, 4);
		else if (strcmp(word[at], "mtu") == 0)
			memcpy(icmp + 4, &v, 4);
		else
			return 0;
	}
	len += quote;
	if (w->v6) {
		csum s = csum_pseudo(&router, &f->local.addr, IP_PROTO_ICMPV6, (uint32_t)len);
		be16 sum = put16(csum_finish(csum_add(s, csum_of(icmp, len))));

		memcpy(icmp + 2, &sum, 2);
	} else {
		be16 sum = put16(csum_finish(csum_of(icmp, len)));

		memcpy(icmp + 2, &sum, 2);
	}
	head = put_ip(w, &router, &f->local.addr, w->v6 ? IP_PROTO_ICMPV6 : IP_PROTO_ICMP, 0, len,
		      NULL, out);
	memcpy(out + head, icmp, len);
	return head + len;
}

/* ---------------------------------------------------------------- reading what aksu sent */

struct ip_view {
	struct aksu_addr src, dst;
	const uint8_t *payload;
	size_t len;
	uint8_t protocol, tos, ttl;
	bool df;
};

static bool read_ip(struct world *w, const struct sent_packet *p, struct ip_view *v)
{
	struct ipv4 four;
	struct ipv6 six;

	if (p->len == 0)
		return fail(w, "an empty packet was sent");
	if (ip_version(p->data) == 4) {
		if (ipv4_parse(p->data, p->len, &four) != AKSU_DROP_NONE)
			return fail(w, "the IPv4 header that was sent is malformed");
		*v = (struct ip_view){four.src,      four.dst, four.payload, four.payload_len,
				      four.protocol, four.tos, four.ttl,     four.dont_fragment};
		return true;
	}
	if (ipv6_parse(p->data, p->len, &six) != AKSU_DROP_NONE)
		return fail(w, "the IPv6 header that was sent is malformed");
	*v = (struct ip_view){six.src,  six.dst,    six.payload,   six.payload_len,
			      six.next, six.tclass, six.hop_limit, true};
	return true;
}

static bool is_of(const struct flow *f, const struct ip_view *v, const struct tcp_seg *seg)
{
	return aksu_addr_equal(&f->remote.addr, &v->dst) && f->remote.port == seg->dst_port &&
	       (f->local.port == seg->src_port || f->local.port == 0);
}

/* MUST-68, MUST-69, MUST-65, U-1. */
static bool form_is_good(struct world *w, const uint8_t *tcp, size_t head, bool syn)
{
	size_t i = 20;

	if (tcp[12] & 0x0e)
		return fail(w, "reserved bits were sent that are not zero (U-1)");
	while (i < head && tcp[i] != 0) {
		if (tcp[i] == 2 && !syn)
			return fail(w, "MSS was sent without SYN (MUST-65)");
		if (tcp[i] == 1) {
			i++;
			continue;
		}
		if (i + 1 >= head || tcp[i + 1] < 2 || i + tcp[i + 1] > head)
			return fail(w, "an option was sent without its length (MUST-68)");
		i += tcp[i + 1];
	}
	for (; i < head; i++)
		if (tcp[i] != 0)
			return fail(w, "octets behind EOL are not zero (MUST-69)");
	return true;
}

/* SHLD-14; what the grain of the scale rounds away is forgiven (RFC 7323 2.4). */
static bool edge_is_good(struct world *w, struct flow *f, const struct tcp_seg *seg)
{
	uint8_t shift = seg_has(seg, AKSU_SYN) || !f->they_scale ? 0 : f->our_shift;
	uint32_t edge = seg->ack.n + ((uint32_t)seg->rawwnd << shift);

	if (!seg_has(seg, AKSU_ACK) || seg_has(seg, AKSU_RST))
		return true;
	if (!f->edge_known || seg_has(seg, AKSU_SYN)) {
		f->edge = edge;
		f->edge_known = true;
		return true;
	}
	if ((int32_t)(edge + (1u << shift) - 1 - f->edge) < 0)
		return fail(w, "the right edge of the window moved left by %u (SHLD-14)",
			    f->edge - edge);
	if ((int32_t)(edge - f->edge) > 0)
		f->edge = edge;
	return true;
}

/* Where relative numbers begin. */
static void learn(struct flow *f, const struct tcp_seg *seg)
{
	if (seg_has(seg, AKSU_SYN)) {
		if (f->iss_known && f->iss != seg->seq.n) {
			f->last_iss = f->iss;
			f->ts_known = f->edge_known = false;
		}
		f->iss = seg->seq.n;
		f->iss_known = true;
		f->our_shift = seg->opts.present & AKSU_OPT_WSCALE ? seg->opts.wscale : 0;
	}
	if (seg->opts.present & AKSU_OPT_TS && !f->ts_known && !seg_has(seg, AKSU_RST)) {
		f->ts_base = seg->opts.tsval.n;
		f->ts_known = true;
	}
}

/*
 * <SEQ=0> of a reset is no number of the connection's; neither is an ACK field that is not there.
 */
static struct tcp_seg relative(const struct flow *f, const struct tcp_seg *in)
{
	struct tcp_seg seg = *in;
	struct tcp_opts *o = &seg.opts;
	bool bare_reset = seg_has(in, AKSU_RST) && seg_has(in, AKSU_ACK) && in->seq.n == 0;

	if (!bare_reset)
		seg.seq = seq_sub(seg.seq, f->iss);
	if (seg_has(&seg, AKSU_ACK))
		seg.ack = seq_sub(seg.ack, f->irs);
	if (o->present & AKSU_OPT_TS && !seg_has(in, AKSU_RST) && f->ts_known)
		o->tsval.n -= f->ts_base;
	for (unsigned i = 0; i < o->sack_count && i < TCP_SACK_MAX; i++) {
		o->sack[i].start = seq_sub(o->sack[i].start, f->irs);
		o->sack[i].end = seq_sub(o->sack[i].end, f->irs);
	}
	return seg;
}

bool packet_text_good(const struct flow *f, const struct tcp_seg *seg)
{
	uint64_t first = seg->seq.n - (seg_has(seg, AKSU_SYN) ? 0u : 1u);

	(void)f;
	for (uint32_t i = 0; i < seg->text_len; i++)
		if (seg->text[i] != pattern(true, first + i))
			return false;
	return true;
}

static struct flow *flow_of(struct world *w, const struct ip_view *v, const struct tcp_seg *seg)
{
	for (int i = 0; i < w->flow_count; i++)
		if (is_of(&w->flows[i], v, seg))
			return &w->flows[i];
	return NULL;
}

/* Of the packet, or of the first of those that it is cut into. */
static size_t wire_len(const struct sent_packet *p, const struct tcp_seg *seg)
{
	return p->mss == 0 ? p->len : p->len - seg->text_len + p->mss;
}

static bool always(struct world *w, const struct sent_packet *p, const struct ip_view *v,
		   const struct seen *out, size_t head)
{
	const struct tcp_seg *seg = &out->seg;
	csum s = csum_pseudo(&v->src, &v->dst, IP_PROTO_TCP, (uint32_t)v->len);

	if (!csum_good(csum_add(s, csum_of(v->payload, v->len))))
		return fail(w, "the checksum that was sent is wrong (MUST-2): %s", out->line);
	if (!form_is_good(w, v->payload, head, seg_has(seg, AKSU_SYN)))
		return false;
	if (!seg_has(seg, AKSU_ACK) && !(seg->flags & (AKSU_SYN | AKSU_RST)))
		return fail(w, "a segment without ACK was sent (U-11): %s", out->line);
	if (wire_len(p, seg) > w->script->mtu + (w->v6 ? 20 : 0) && !w->v6)
		return fail(w, "%zu octets do not fit the MTU: %s", wire_len(p, seg), out->line);
	if (p->mss != 0 && seg_has(seg, AKSU_URG))
		return fail(w, "an urgent pointer in what is to be cut: %s", out->line);
	if (!aksu_addr_equal(&v->src, &out->flow->local.addr))
		return fail(w, "the source address is not the connection's (MUST-45)");
	return edge_is_good(w, out->flow, seg);
}

bool packet_read(struct world *w, const struct sent_packet *p, struct seen *out)
{
	struct ip_view v;
	struct tcp_seg seg;
	size_t head;

	if (!read_ip(w, p, &v))
		return false;
	if (v.protocol != IP_PROTO_TCP)
		return fail(w, "a packet of protocol %u was sent", v.protocol);
	if (tcp_parse(v.payload, v.len, &seg) != AKSU_DROP_NONE)
		return fail(w, "a segment was sent that cannot be read");
	if (p->mss != 0) {
		seg.mss = p->mss;
		seg.segments = (uint16_t)((seg.text_len + p->mss - 1u) / p->mss);
	}
	*out = (struct seen){.flow = flow_of(w, &v, &seg), .tos = v.tos, .ttl = v.ttl, .df = v.df};
	if (out->flow == NULL)
		return fail(w, "a segment was sent to nobody of this script, port %u to %u",
			    seg.src_port, seg.dst_port);
	if (out->flow->local.port == 0)
		out->flow->local.port = seg.src_port;
	learn(out->flow, &seg);
	seg.ecn = v.tos & IP_ECN_MASK;
	out->seg = seg;
	head = (size_t)(v.payload[12] >> 4) * 4;
	out->options_len = head - 20;
	memcpy(out->options, v.payload + 20, head - 20);
	if (!always(w, p, &v, out, head))
		return false;
	memcpy(out->flow->last, p->data, p->len);
	out->flow->last_len = p->len;
	out->seg = relative(out->flow, &seg);
	(void)trace_segment_print(&out->seg, out->line, sizeof(out->line));
	return true;
}
