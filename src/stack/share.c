/* SPDX-License-Identifier: MIT */
/*
 * stack/share.c - windows that respect the queue of a link's device.
 *
 * A TUN device drops without a word what overflows its queue. So the windows that are offered
 * over a link add up to what its queue takes: each connection that hears text is given an equal
 * share of it. Who does is counted anew in each period, by a bit for each, so that idle connections
 * cost nothing; what was promised is never taken back (RFC 9293 SHLD-14), so that many which begin
 * at one moment can overrun the queue for one flight. It owns the count; windows are
 * tcp/window.c's.
 */
#include "base/bytes.h"
#include "stack/stack.h"

#define PERIOD milliseconds(200) /* longer than a round trip to those whom a queue would hurt */

enum {
	/* One half of the queue: the other is for ACKs, for datagrams, and for late counting. */
	RESERVE = 2,
	/* Segments for each, however many they are: with less the peer waits for delayed ACKs. */
	LEAST = 2,
};

void share_init(struct iface *i)
{
	i->share.frames = i->l.queue == 0 ? 0 : max_u32(i->l.queue / i->l.mtu / RESERVE, LEAST);
}

static void count_again(struct share *h, instant now)
{
	uint64_t period = now.ns / PERIOD.ns;

	if (period == h->period)
		return;
	h->last = period == h->period + 1 ? h->count : 0;
	h->period = period;
	h->count = 0;
	memset(h->seen, 0, sizeof(h->seen));
}

void share_note(struct aksu *s, const struct conn *c, uint32_t index)
{
	struct iface *i = conn_iface(s, c);
	uint64_t bit = (uint64_t)1 << index % 64;
	uint64_t *word;

	if (i == NULL || i->share.frames == 0)
		return;
	count_again(&i->share, s->now);
	word = &i->share.seen[index / 64 % COUNT_OF(i->share.seen)];
	i->share.count += (*word & bit) == 0;
	*word |= bit;
}

uint32_t share_first_window(const struct iface *i, uint16_t mss)
{
	if (i == NULL || i->share.frames == 0)
		return 0;
	return min_u32(i->share.frames * mss, initial_window(mss));
}

uint32_t share_window(struct aksu *s, const struct conn *c)
{
	struct iface *i = conn_iface(s, c);

	if (i == NULL || i->share.frames == 0)
		return 0;
	if (!tcp_synchronized(&c->t))
		return share_first_window(i, c->t.path_mss);
	count_again(&i->share, s->now);
	return max_u32(i->share.frames / max_u32(max_u32(i->share.count, i->share.last), 1),
		       LEAST) *
	       c->t.path_mss;
}
