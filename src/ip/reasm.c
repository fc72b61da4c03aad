/* SPDX-License-Identifier: MIT */
/*
 * ip/reasm.c - fragments become datagrams again (RFC 791 section 3.2, RFC 815, RFC 8200
 * section 4.5).
 *
 *   block:   │◄── 128: room for the header ──►│◄────────── data of the datagram ──────────►│
 *                                             ├─ run ─┤      ├── run ──┤        ├─ run ───┤
 *                                             0                                         end
 *
 * RFC 815 keeps a list of holes; here it is the list of what has come, sorted, since runs that
 * never overlap are whole exactly when their lengths add up to the end. Overlap is never an
 * accident: the datagram is dropped and its name remembered until its time is over, so that late
 * fragments of it begin nothing new (RFC 5722, and the same for IPv4). An exact copy of a run is
 * the network's work and is ignored. Bounded by count, by octets, by runs and by 60 seconds; the
 * oldest makes room.
 */
#include "ip/inside.h"

#include "wire/checksum.h"
#include "wire/icmp.h"
#include "wire/ip.h"
#include "wire/ipv4.h"
#include "wire/ipv6.h"

struct run {
	uint16_t at, end;
};

struct ip_datagram {
	struct ip_datagram *older, *newer;
	struct aksu_addr src, dst;
	instant expires;
	struct aksu_block *block; /* NULL: only the name is left */
	uint32_t id;
	uint32_t end;      /* octets of data; 0 until the last fragment has come */
	uint32_t held;     /* octets of data that have come */
	uint32_t head_len; /* 0 until the first fragment has come */
	uint32_t next_at;
	int link;
	uint16_t runs;
	uint8_t protocol, next;
	uint8_t ecn; /* bit i: code point i has come */
	bool v4, dead;
	struct run run[IP_REASM_RUNS];
	uint8_t head[IP_REASM_HEAD];
};

enum { REASM_GRAIN = 2048 }; /* the smallest buffer, so that two full frames need no second one */

/* ------------------------------------------------------------------ the table */

static void release_buffer(struct ip *ip, struct ip_datagram *d)
{
	if (!d->block)
		return;
	ip->reasm.octets -= d->block->cap;
	block_unref(d->block);
	d->block = NULL;
}

static void forget(struct ip *ip, struct ip_datagram *d)
{
	struct ip_reasm *r = &ip->reasm;

	*(d->older ? &d->older->newer : &r->oldest) = d->newer;
	*(d->newer ? &d->newer->older : &r->newest) = d->older;
	r->count--;
	release_buffer(ip, d);
	mem_free(ip->mem, d, sizeof(*d));
}

/* What was held of it goes; its name stays, so that the rest of it is dropped too (RFC 5722 section
 * 4). */
static enum aksu_drop condemn(struct ip *ip, struct ip_datagram *d, enum aksu_drop why)
{
	d->dead = true;
	release_buffer(ip, d);
	return why;
}

static struct ip_datagram *find(const struct ip *ip, const struct fragment *f)
{
	struct ip_datagram *d = ip->reasm.newest;

	for (; d; d = d->older)
		if (d->id == f->id && d->protocol == (f->v4 ? f->protocol : 0) && d->v4 == f->v4 &&
		    addr_eq(&d->src, &f->src) && addr_eq(&d->dst, &f->dst))
			return d;
	return NULL;
}

static struct ip_datagram *begin(struct ip *ip, const struct fragment *f, instant now,
				 uint32_t *evicted)
{
	struct ip_reasm *r = &ip->reasm;
	struct ip_datagram *d;

	if (r->count >= IP_REASM_MAX) {
		forget(ip, r->oldest);
		++*evicted;
	}
	d = mem_alloc(ip->mem, sizeof(*d), _Alignof(struct ip_datagram));
	if (!d)
		return NULL;
	*d = (struct ip_datagram){
		.older = r->newest,
		.src = f->src,
		.dst = f->dst,
		.expires = after(now, seconds(IP_REASM_SECONDS)),
		.id = f->id,
		.link = f->link,
		.protocol = f->v4 ? f->protocol : 0,
		.v4 = f->v4,
	};
	*(r->newest ? &r->newest->newer : &r->oldest) = d;
	r->newest = d;
	r->count++;
	return d;
}

void ip_reasm_fini(struct ip *ip)
{
	while (ip->reasm.oldest)
		forget(ip, ip->reasm.oldest);
}

/* ------------------------------------------------------------------ the buffer */

static uint32_t octets_max(const struct ip *ip)
{
	return (uint32_t)min_size(IP_REASM_OCTETS, ip->mem->budget / 8);
}

/* Gives up the oldest others until `more` octets are free; false if that is not enough. */
static bool make_room(struct ip *ip, const struct ip_datagram *keep, uint32_t more,
		      uint32_t *evicted)
{
	struct ip_datagram *d = ip->reasm.oldest;

	while (d && ip->reasm.octets + more > octets_max(ip)) {
		struct ip_datagram *newer = d->newer;

		if (d != keep && d->block) {
			forget(ip, d);
			++*evicted;
		}
		d = newer;
	}
	return ip->reasm.octets + more <= octets_max(ip);
}

/* A buffer for data up to `end`: doubled, but never more than the datagram or IP can have. */
static enum aksu_drop make_buffer(struct ip *ip, struct ip_datagram *d, uint32_t end,
				  uint32_t *evicted)
{
	uint32_t had = d->block ? d->block->cap : 0, cap = max_u32(REASM_GRAIN, had * 2);
	struct aksu_block *b;

	if (IP_REASM_HEAD + end <= had)
		return AKSU_DROP_NONE;
	while (cap < IP_REASM_HEAD + end)
		cap *= 2;
	cap = min_u32(cap, IP_REASM_HEAD + (d->end ? d->end : IP_LOCAL_MTU));
	if (!make_room(ip, d, cap, evicted))
		return AKSU_DROP_FRAGMENT_LIMIT;
	b = block_new(ip->mem, cap);
	if (!b)
		return AKSU_DROP_NO_MEMORY;
	ip->reasm.octets += b->cap;
	if (d->block)
		memcpy(b->data, d->block->data, had);
	release_buffer(ip, d);
	d->block = b;
	b->filled = b->cap;
	return AKSU_DROP_NONE;
}

/* ------------------------------------------------------------------ a fragment */

/* Whether the fragment agrees with the end that is known, or says a possible one. */
static bool end_agrees(const struct ip_datagram *d, const struct fragment *f)
{
	uint32_t end = f->at + f->len;

	if (d->end != 0)
		return f->more ? end <= d->end : end == d->end;
	return f->more || d->runs == 0 || d->run[d->runs - 1].end <= end;
}

/* The place of a run; it may overlap its neighbours. */
static uint16_t place_of(const struct ip_datagram *d, uint32_t at)
{
	uint16_t i = d->runs;

	while (i > 0 && d->run[i - 1].at >= at)
		i--;
	return i;
}

static bool overlaps(const struct ip_datagram *d, uint16_t i, const struct fragment *f)
{
	return (i > 0 && d->run[i - 1].end > f->at) ||
	       (i < d->runs && d->run[i].at < f->at + f->len);
}

/* The very same octets at the very same place. */
static bool is_copy(const struct ip_datagram *d, uint16_t i, const struct fragment *f)
{
	return i < d->runs && d->run[i].at == f->at && d->run[i].end == f->at + f->len &&
	       memcmp(d->block->data + IP_REASM_HEAD + f->at, f->data, f->len) == 0;
}

static void keep(struct ip_datagram *d, uint16_t i, const struct fragment *f)
{
	memmove(&d->run[i + 1], &d->run[i], (size_t)(d->runs - i) * sizeof(d->run[0]));
	d->run[i] = (struct run){(uint16_t)f->at, (uint16_t)(f->at + f->len)};
	d->runs++;
	d->held += f->len;
	d->ecn |= (uint8_t)(1u << (f->tos & IP_ECN_MASK));
	if (!f->more)
		d->end = f->at + f->len;
	memcpy(d->block->data + IP_REASM_HEAD + f->at, f->data, f->len);
	if (f->at != 0)
		return;
	memcpy(d->head, f->head, f->head_len);
	d->head_len = f->head_len;
	d->next_at = f->next_at;
	d->next = f->protocol;
}

/* ------------------------------------------------------------------ the whole */

/*
 * RFC 3168 section 5.3: a mark on one is a mark on all; a mark beside "not capable" is a forgery.
 */
static bool ecn_of_whole(const struct ip_datagram *d, uint8_t *tos)
{
	if (!(d->ecn & 1u << IP_ECN_CE))
		return true;
	*tos |= IP_ECN_CE;
	return !(d->ecn & 1u << IP_ECN_NOT_ECT);
}

/*
 * Writes the header before the data as if the packet had never been cut; returns where it begins.
 */
static uint8_t *join_v4(const struct ip_datagram *d, uint8_t tos)
{
	uint8_t *packet = d->block->data + IP_REASM_HEAD - d->head_len;
	struct ipv4_hdr *h = (struct ipv4_hdr *)packet;

	memcpy(packet, d->head, d->head_len);
	h->tos = tos;
	h->total_len = put16(d->head_len + d->end);
	h->flags_offset = put16(0);
	h->checksum = put16(0);
	h->checksum = put16(csum_finish(csum_of(packet, d->head_len)));
	return packet;
}

/* The fragment header goes out of the chain (RFC 8200 section 4.5). */
static uint8_t *join_v6(const struct ip_datagram *d, uint8_t tos)
{
	uint32_t head_len = d->head_len - IPV6_FRAGMENT_HDR_LEN;
	uint8_t *packet = d->block->data + IP_REASM_HEAD - head_len;
	struct ipv6_hdr *h = (struct ipv6_hdr *)packet;

	memcpy(packet, d->head, head_len);
	packet[d->next_at] = d->next;
	packet[1] = (uint8_t)((packet[1] & 0x0f) | tos << 4);
	h->payload_len = put16(head_len - IPV6_HDR_LEN + d->end);
	return packet;
}

static enum aksu_drop finish(struct ip *ip, struct ip_datagram *d, struct reassembled *out)
{
	uint32_t overhead =
		d->v4 ? d->head_len : d->head_len - IPV6_HDR_LEN - IPV6_FRAGMENT_HDR_LEN;
	uint8_t tos = (uint8_t)(d->v4 ? d->head[1] : d->head[0] << 4 | d->head[1] >> 4);
	uint32_t end = d->end;

	if (overhead + end > UINT16_MAX || !ecn_of_whole(d, &tos))
		return condemn(ip, d, AKSU_DROP_FRAGMENT_BAD);
	out->packet = d->v4 ? join_v4(d, tos) : join_v6(d, tos);
	out->block = block_ref(d->block);
	out->len = (uint32_t)(d->block->data + IP_REASM_HEAD - out->packet) + end;
	forget(ip, d);
	return AKSU_DROP_NONE;
}

/* ------------------------------------------------------------------ the door */

static enum aksu_drop add_to(struct ip *ip, struct ip_datagram *d, const struct fragment *f,
			     struct reassembled *out)
{
	uint16_t i = place_of(d, f->at);
	enum aksu_drop why;

	if (!end_agrees(d, f))
		return condemn(ip, d, AKSU_DROP_FRAGMENT_BAD);
	if (is_copy(d, i, f))
		return AKSU_DROP_NONE;
	if (overlaps(d, i, f))
		return condemn(ip, d, AKSU_DROP_FRAGMENT_OVERLAP);
	why = d->runs == IP_REASM_RUNS ? AKSU_DROP_FRAGMENT_LIMIT
				       : make_buffer(ip, d, f->at + f->len, &out->evicted);
	if (why != AKSU_DROP_NONE) {
		condemn(ip, d, why);
		return why;
	}
	keep(d, i, f);
	if (d->end != 0 && d->held == d->end)
		return finish(ip, d, out);
	return AKSU_DROP_NONE;
}

enum aksu_drop ip_reasm_add(struct ip *ip, const struct fragment *f, instant now,
			 struct reassembled *out)
{
	struct ip_datagram *d = find(ip, f);

	*out = (struct reassembled){0};
	if (f->head_len > IP_REASM_HEAD)
		return AKSU_DROP_FRAGMENT_LIMIT;
	if (d && d->dead)
		return AKSU_DROP_FRAGMENT_OVERLAP;
	if (!d && mem_tight(ip->mem))
		return AKSU_DROP_FRAGMENT_LIMIT;
	if (!d)
		d = begin(ip, f, now, &out->evicted);
	if (!d)
		return AKSU_DROP_NO_MEMORY;
	return add_to(ip, d, f, out);
}

/* ------------------------------------------------------------------ time */

instant ip_reasm_deadline(const struct ip *ip)
{
	return ip->reasm.oldest ? ip->reasm.oldest->expires : INSTANT_NEVER;
}

/*
 * RFC 1122 section 3.3.2, RFC 8200 section 4.5: the sender is told if its first fragment came,
 * since without the transport's header it could not make anything of the message.
 */
static void tell_sender(struct ip *ip, const struct ip_datagram *d, instant now,
			struct ip_reply *reply)
{
	struct complaint c = {
		.kind = ICMP_TIME_EXCEEDED,
		.code = ICMP_REASSEMBLY_EXCEEDED,
	};
	uint8_t *packet = d->block->data + IP_REASM_HEAD - d->head_len;
	struct ip_in about = {
		.link = d->link,
		.src = d->src,
		.dst = d->dst,
		.packet = packet,
		.packet_len = d->head_len + d->run[0].end,
	};

	memcpy(packet, d->head, d->head_len);
	complain(ip, &about, &c, now, reply);
}

enum aksu_drop ip_reasm_expire(struct ip *ip, instant now, struct ip_reply *reply)
{
	struct ip_datagram *d;

	reply->payload.block = NULL;
	while ((d = ip->reasm.oldest) && due(d->expires, now)) {
		bool dead = d->dead;

		if (!dead && d->head_len != 0)
			tell_sender(ip, d, now, reply);
		forget(ip, d);
		if (!dead)
			return AKSU_DROP_FRAGMENT_TIMEOUT;
	}
	return AKSU_DROP_NONE;
}
