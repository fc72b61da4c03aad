/* SPDX-License-Identifier: MIT */
/*
 * sim/queue.c - active queue management: which packets are dropped, or marked, before a queue is
 * full.
 *
 *   RED    the average length lies between two marks: a chance that grows (RFC 2309 section 3)
 *   step   the length is above a mark: all of them (RFC 8257 section 3.1, for DCTCP)
 *   CoDel  packets have waited longer than the target for an interval (RFC 8289 section 5)
 *
 * Where the wire speaks ECN, what is ECN-capable is marked instead (RFC 3168 section 5).
 */
#include "sim/node.h"
#include "wire/checksum.h"
#include "wire/eth.h"
#include "wire/ipv4.h"
#include "wire/ipv6.h"

enum {
	RED_SHIFT = 9,    /* the weight of one packet in the average: 2^-9, as RED was proposed */
	RED_PACKET = 500, /* octets of the packets that an idle line might have sent */
	CODEL_TARGET_MS = 5,
	CODEL_INTERVAL_MS = 100,
	CODEL_MTU = 1514, /* RFC 8289 5.4: a queue of no more than this is never too long */
	ECN_MASK = 3,
};

static enum sim_verdict drop_or_mark(const struct sim_wire_config *c)
{
	return c->ecn ? SIM_MARK : SIM_DROP;
}

/* ---- RED, and the step */

/* An idle line forgets as if it had sent small packets all the time. */
static void red_update(struct sim_bottleneck *b, uint64_t rate, aksu_time now)
{
	struct sim_red *r = &b->red;
	uint64_t length = b->queue.octets << RED_SHIFT, packets;

	if (b->queue.first == NULL && rate != 0) {
		packets = (now - b->done_at) / (RED_PACKET * 8 * AKSU_SECOND / rate + 1);
		for (packets >>= RED_SHIFT; packets > 0 && r->average > 0; packets--)
			r->average -= r->average >> 1 | 1;
	}
	if (length > r->average)
		r->average += (length - r->average) >> RED_SHIFT;
	else
		r->average -= (r->average - length) >> RED_SHIFT;
}

enum sim_verdict sim_red_judge(struct sim_bottleneck *b, struct prng *prng,
			       const struct sim_wire_config *c, aksu_time now)
{
	uint64_t average, chance, spread;

	if (c->discipline == SIM_DISCIPLINE_STEP)
		return b->queue.octets > c->mark_min ? drop_or_mark(c) : SIM_PASS;
	red_update(b, c->rate, now);
	average = b->red.average >> RED_SHIFT;
	if (average < c->mark_min) {
		b->red.since = 0;
		return SIM_PASS;
	}
	if (average >= c->mark_max)
		return SIM_DROP; /* RFC 3168 section 7: above the maximum ECN does not help */
	b->red.since++;
	chance = (average - c->mark_min) * c->mark_chance / (c->mark_max - c->mark_min);
	spread = chance * b->red.since; /* so that the drops lie evenly, not in bunches */
	chance = spread >= 1000000 ? 1000000 : chance * 1000000 / (1000000 - spread);
	if (!prng_chance(prng, (uint32_t)min_u64(chance, 1000000)))
		return SIM_PASS;
	b->red.since = 0;
	return drop_or_mark(c);
}

/* ---- CoDel */

static uint64_t square_root(uint64_t n)
{
	uint64_t root = 0;

	for (uint64_t bit = (uint64_t)1 << 62; bit != 0; bit >>= 2) {
		if (n >= root + bit) {
			n -= root + bit;
			root = (root >> 1) + bit;
		} else {
			root >>= 1;
		}
	}
	return root;
}

/* RFC 8289 5.5: t + interval / sqrt(count); the root has 8 bits behind the point. */
static aksu_time control_law(aksu_time t, aksu_time interval, uint32_t count)
{
	return t + (interval << 8) / square_root((uint64_t)count << 16);
}

static bool too_long(struct sim_bottleneck *b, aksu_time target, aksu_time interval, aksu_time at)
{
	struct sim_codel *q = &b->codel;

	if (at - b->queue.first->due < target || b->queue.octets <= CODEL_MTU) {
		q->first_above = 0;
		return false;
	}
	if (q->first_above == 0)
		q->first_above = at + interval;
	return at >= q->first_above;
}

/* RFC 8289 5.5: the next episode begins where the last one left off, if that was lately. */
static void begin_dropping(struct sim_codel *q, aksu_time interval, aksu_time at)
{
	uint32_t delta = q->count - q->last_count;

	q->dropping = true;
	q->count = delta > 1 && at - q->drop_next < 16 * interval ? delta : 1;
	q->last_count = q->count;
	q->drop_next = control_law(at, interval, q->count);
}

enum sim_verdict sim_codel_judge(struct sim_bottleneck *b, const struct sim_wire_config *c,
				 aksu_time at, bool *again)
{
	aksu_time target = CODEL_TARGET_MS * AKSU_MILLISECOND;
	aksu_time interval = CODEL_INTERVAL_MS * AKSU_MILLISECOND;
	struct sim_codel *q = &b->codel;

	if (c->codel_target != 0)
		target = c->codel_target;
	if (c->codel_interval != 0)
		interval = c->codel_interval;
	*again = false;
	if (!too_long(b, target, interval, at)) {
		q->dropping = false;
		return SIM_PASS;
	}
	if (!q->dropping) {
		begin_dropping(q, interval, at);
	} else {
		if (at < q->drop_next)
			return SIM_PASS;
		q->count++;
		q->drop_next = control_law(q->drop_next, interval, q->count);
	}
	*again = !c->ecn;
	return drop_or_mark(c);
}

/* ---- ECN: the two low bits of the second octet (IPv4), or of the traffic class (IPv6) */

static bool mark_v4(uint8_t *ip, uint32_t len)
{
	struct ipv4_hdr h;
	uint32_t head;

	memcpy(&h, ip, sizeof(h));
	head = (uint32_t)(h.version_ihl & 15) * 4;
	if ((h.tos & ECN_MASK) == 0 || head < IPV4_HDR_LEN || head > len)
		return false;
	ip[offsetof(struct ipv4_hdr, tos)] |= ECN_MASK;
	h.checksum = put16(0);
	memcpy(ip + offsetof(struct ipv4_hdr, checksum), &h.checksum, sizeof(h.checksum));
	h.checksum = put16(csum_finish(csum_of(ip, head)));
	memcpy(ip + offsetof(struct ipv4_hdr, checksum), &h.checksum, sizeof(h.checksum));
	return true;
}

bool sim_mark(struct sim_packet *p, enum aksu_link_kind kind)
{
	uint32_t skip = kind == AKSU_LINK_ETHERNET ? ETH_HDR_LEN : 0;
	uint8_t *ip = p->data + skip;

	if (p->len < skip + IPV4_HDR_LEN)
		return false;
	if (ip[0] >> 4 == 4)
		return mark_v4(ip, p->len - skip);
	if (ip[0] >> 4 != 6 || p->len < skip + IPV6_HDR_LEN || (ip[1] >> 4 & ECN_MASK) == 0)
		return false;
	ip[1] |= ECN_MASK << 4;
	return true;
}
