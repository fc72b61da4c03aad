/* SPDX-License-Identifier: MIT */
/*
 * wire/tcp.c - reading and writing TCP headers and options.
 *
 * RFC 9293 section 3.1 and 3.2 (header, EOL, NOP, MSS), RFC 7323 (window scale, timestamps), RFC
 * 2018 (SACK), RFC 9768 (the AE bit, AccECN0 and 1). Which options mean something on which segment
 * is not known here, save for what may be sent: MSS, window scale and SACK-permitted go on a SYN
 * and nowhere else.
 */
#include "wire/tcp.h"

enum option_kind {
	KIND_EOL = 0,
	KIND_NOP = 1,
	KIND_MSS = 2,
	KIND_WSCALE = 3,
	KIND_SACK_OK = 4,
	KIND_SACK = 5,
	KIND_TS = 8,
	KIND_ACCECN0 = 172,
	KIND_ACCECN1 = 174,
};

enum {
	LEN_MSS = 4,
	LEN_WSCALE = 3,
	LEN_SACK_OK = 2,
	LEN_SACK = 2, /* and LEN_BLOCK for each block */
	LEN_BLOCK = 8,
	LEN_TS = 10,
	LEN_ACCECN = 2, /* and LEN_COUNTER for each counter */
	LEN_COUNTER = 3,
};

static uint32_t number32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* ------------------------------------------------------------------ reading */

static void read_timestamps(struct tcp_opts *o, const uint8_t *value)
{
	o->present |= AKSU_OPT_TS;
	o->tsval = ts_at(number32(value));
	o->tsecr = ts_at(number32(value + 4));
}

static void read_sack(struct tcp_opts *o, const uint8_t *value, unsigned len)
{
	unsigned blocks = (len - LEN_SACK) / LEN_BLOCK;

	if (blocks == 0 || blocks > TCP_SACK_MAX || (len - LEN_SACK) % LEN_BLOCK != 0)
		return;
	o->present |= AKSU_OPT_SACK;
	o->sack_count = (uint8_t)blocks;
	for (unsigned i = 0; i < blocks; i++, value += LEN_BLOCK)
		o->sack[i] = (struct tcp_sack_block){seq_at(number32(value)),
						     seq_at(number32(value + 4))};
}

static uint32_t number24(const uint8_t *p)
{
	return (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
}

/* RFC 9768 3.2.3: as many whole counters as there are; what is behind the third is padding. */
static void read_accecn(struct tcp_opts *o, unsigned kind, unsigned len, const uint8_t *value)
{
	struct tcp_accecn *a = &o->accecn;
	unsigned n = min_u32((len - LEN_ACCECN) / LEN_COUNTER, 3);
	uint32_t first = n > 0 ? number24(value) : 0;
	uint32_t third = n > 2 ? number24(value + 2 * LEN_COUNTER) : 0;

	o->present &= (uint8_t) ~(AKSU_OPT_ACCECN0 | AKSU_OPT_ACCECN1);
	o->present |= kind == KIND_ACCECN0 ? AKSU_OPT_ACCECN0 : AKSU_OPT_ACCECN1;
	a->fields = n;
	a->e0b = kind == KIND_ACCECN0 ? first : third;
	a->ceb = n > 1 ? number24(value + LEN_COUNTER) : 0;
	a->e1b = kind == KIND_ACCECN0 ? third : first;
}

/*
 * One option whose length is legal. A known kind with a length that is not its own is skipped like
 * an unknown one: the option is worthless, the segment is not. Of an option that comes twice the
 * last counts.
 */
static void read_option(struct tcp_opts *o, unsigned kind, unsigned len, const uint8_t *value)
{
	if (kind == KIND_MSS && len == LEN_MSS) {
		o->present |= AKSU_OPT_MSS;
		o->mss = (uint16_t)(value[0] << 8 | value[1]);
	} else if (kind == KIND_WSCALE && len == LEN_WSCALE) {
		o->present |= AKSU_OPT_WSCALE;
		o->wscale = value[0];
	} else if (kind == KIND_SACK_OK && len == LEN_SACK_OK) {
		o->present |= AKSU_OPT_SACK_OK;
	} else if (kind == KIND_SACK) {
		read_sack(o, value, len);
	} else if (kind == KIND_TS && len == LEN_TS) {
		read_timestamps(o, value);
	} else if (kind == KIND_ACCECN0 || kind == KIND_ACCECN1) {
		read_accecn(o, kind, len, value);
	}
}

/*
 * On any segment (MUST-5): EOL, NOP, MSS (MUST-4) and more. They begin at any octet (MUST-64),
 * unknown ones are skipped by their length (MUST-6), and a length that is less than 2 or runs over
 * the header condemns the segment (MUST-7). After EOL nothing is read.
 */
static enum aksu_drop read_options(struct tcp_opts *o, const uint8_t *p, size_t n)
{
	while (n > 0 && p[0] != KIND_EOL) {
		size_t len = 1;

		if (p[0] != KIND_NOP) {
			if (n < 2 || p[1] < 2 || p[1] > n)
				return AKSU_DROP_TCP_OPTIONS;
			len = p[1];
			read_option(o, p[0], p[1], p + 2);
		}
		p += len;
		n -= len;
	}
	return AKSU_DROP_NONE;
}

/* NOP NOP timestamps and nothing else: what most segments carry (RFC 7323 appendix A). */
static bool is_only_timestamps(const uint8_t *p, size_t n)
{
	return n == 12 && p[0] == KIND_NOP && p[1] == KIND_NOP && p[2] == KIND_TS && p[3] == LEN_TS;
}

enum aksu_drop tcp_parse(const uint8_t *data, size_t n, struct tcp_seg *out)
{
	const struct tcp_hdr *h = (const struct tcp_hdr *)data;
	size_t header;

	if (n < TCP_HDR_LEN || n > UINT32_MAX)
		return AKSU_DROP_TCP_SHORT;
	header = (size_t)(h->offset >> 4) * 4;
	if (header < TCP_HDR_LEN || header > n)
		return AKSU_DROP_TCP_SHORT;
	*out = (struct tcp_seg){
		.src_port = get16(h->src_port),
		.dst_port = get16(h->dst_port),
		.seq = seq_at(get32(h->seq)),
		.ack = seq_at(get32(h->ack)),
		.text_len = (uint32_t)(n - header),
		.text = data + header,
		.flags = h->flags,
		.ae = h->offset & 1,
		.rawwnd = get16(h->window),
		.up = get16(h->urgent),
		.segments = 1,
	};
	seg_measure(out);
	if (is_only_timestamps(data + TCP_HDR_LEN, header - TCP_HDR_LEN)) {
		read_timestamps(&out->opts, data + TCP_HDR_LEN + 4);
		return AKSU_DROP_NONE;
	}
	return read_options(&out->opts, data + TCP_HDR_LEN, header - TCP_HDR_LEN);
}

/* ------------------------------------------------------------------ writing */

static uint8_t *put_octets(uint8_t *p, uint8_t a, uint8_t b)
{
	p[0] = a;
	p[1] = b;
	return p + 2;
}

static uint8_t *put_number32(uint8_t *p, uint32_t v)
{
	be32 x = put32(v);

	memcpy(p, &x, sizeof(x));
	return p + sizeof(x);
}

static uint8_t *put_timestamps(uint8_t *p, const struct tcp_opts *o)
{
	p = put_octets(p, KIND_TS, LEN_TS);
	p = put_number32(p, o->tsval.n);
	return put_number32(p, o->tsecr.n);
}

/* As long as AccECN with its counters, and the NOPs that fill it up to a multiple of 4. */
static uint8_t *put_accecn(uint8_t *p, const struct tcp_opts *o)
{
	bool zero = o->present & AKSU_OPT_ACCECN0;
	const struct tcp_accecn *a = &o->accecn;
	const uint32_t counters[3] = {zero ? a->e0b : a->e1b, a->ceb, zero ? a->e1b : a->e0b};
	unsigned n = min_u32(a->fields, 3), len = LEN_ACCECN + LEN_COUNTER * n;

	if (!(o->present & (AKSU_OPT_ACCECN0 | AKSU_OPT_ACCECN1)))
		return p;
	p = put_octets(p, zero ? KIND_ACCECN0 : KIND_ACCECN1, (uint8_t)len);
	for (unsigned i = 0; i < n; i++) {
		*p++ = (uint8_t)(counters[i] >> 16);
		p = put_octets(p, (uint8_t)(counters[i] >> 8), (uint8_t)counters[i]);
	}
	for (; len % 4 != 0; len++)
		*p++ = KIND_NOP;
	return p;
}

/* 4 + [2 + 10 | 4] + 4 + 12 = 32 octets at most. NOPs stand where they keep the numbers aligned. */
static uint8_t *put_syn_options(uint8_t *p, const struct tcp_opts *o)
{
	bool ts = o->present & AKSU_OPT_TS, sack_ok = o->present & AKSU_OPT_SACK_OK;

	if (o->present & AKSU_OPT_MSS) {
		p = put_octets(p, KIND_MSS, LEN_MSS);
		p = put_octets(p, (uint8_t)(o->mss >> 8), (uint8_t)o->mss);
	}
	if (ts != sack_ok)
		p = put_octets(p, KIND_NOP, KIND_NOP);
	if (sack_ok)
		p = put_octets(p, KIND_SACK_OK, LEN_SACK_OK);
	if (ts)
		p = put_timestamps(p, o);
	if (o->present & AKSU_OPT_WSCALE) {
		p = put_octets(p, KIND_NOP, KIND_WSCALE);
		p = put_octets(p, LEN_WSCALE, o->wscale);
	}
	return put_accecn(p, o);
}

/* 2 + 10 + 4 + 3 * 8 = 40, or 4 + 4 * 8 = 36: as many blocks as there is room for (RFC 2018 section
 * 3), which is two beside all of timestamps and AccECN but its third counter. */
static uint8_t *put_later_options(uint8_t *const start, const struct tcp_opts *o)
{
	uint8_t *p = start;
	unsigned blocks = o->sack_count, room;

	if (o->present & AKSU_OPT_TS) {
		p = put_octets(p, KIND_NOP, KIND_NOP);
		p = put_timestamps(p, o);
	}
	p = put_accecn(p, o);
	room = TCP_OPTIONS_MAX - (unsigned)(p - start);
	blocks = min_u32(blocks, room > 4 ? (room - 4) / LEN_BLOCK : 0);
	if (!(o->present & AKSU_OPT_SACK) || blocks == 0)
		return p;
	p = put_octets(p, KIND_NOP, KIND_NOP);
	p = put_octets(p, KIND_SACK, (uint8_t)(LEN_SACK + LEN_BLOCK * blocks));
	for (unsigned i = 0; i < blocks; i++) {
		p = put_number32(p, o->sack[i].start.n);
		p = put_number32(p, o->sack[i].end.n);
	}
	return p;
}

/* Each has its length (MUST-68). All that we send is a multiple of 4 by its NOPs, so nothing
 * follows that MUST-69 would want zero.
 */
static size_t put_options(uint8_t *p, const struct tcp_opts *o, uint8_t flags)
{
	return (size_t)((flags & AKSU_SYN ? put_syn_options(p, o) : put_later_options(p, o)) - p);
}

size_t tcp_opts_len(const struct tcp_opts *opts, uint8_t flags)
{
	uint8_t scratch[TCP_OPTIONS_MAX];

	return put_options(scratch, opts, flags);
}

size_t tcp_emit(const struct tcp_seg *seg, uint8_t out[60])
{
	size_t len = TCP_HDR_LEN + put_options(out + TCP_HDR_LEN, &seg->opts, seg->flags);
	struct tcp_hdr h = {
		.src_port = put16(seg->src_port),
		.dst_port = put16(seg->dst_port),
		.seq = put32(seg->seq.n),
		.ack = put32(seg->ack.n),
		.offset = (uint8_t)(len / 4 << 4 | seg->ae), /* the rest is zero (U-1) */
		.flags = seg->flags,
		.window = put16(seg->rawwnd),
		.urgent = put16(seg->up),
	};

	memcpy(out, &h, sizeof(h));
	return len;
}
