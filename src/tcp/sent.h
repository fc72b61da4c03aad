/* SPDX-License-Identifier: MIT */
/*
 * tcp/sent.h - what was sent and is not yet acknowledged, run by run, in sequence order.
 *
 *    snd.una                                             snd.nxt
 *       ├── run ──┼──── run ────┼─ run ─┼───── run ─────┤
 *
 * Each run remembers when it was (last) sent and what had been delivered by then, so that round
 * trips and delivery rates can be read off an ACK (RFC 6298, RFC 8985,
 * draft-cheng-iccrg-delivery-rate). Runs lie in a ring without gaps: the run of a number is found
 * by bisection.
 */
#ifndef AKSU_TCP_SENT_H
#define AKSU_TCP_SENT_H

#include "base/mem.h"
#include "base/serial.h"
#include "base/time.h"

enum {
	RUN_LOST = 1,          /* taken for lost, not sent again since */
	RUN_RETRANSMITTED = 2, /* sent more than once: no RTT sample (Karn) */
	RUN_SACKED = 4,        /* the peer holds it */
	RUN_PROBE = 8,         /* was sent beyond the window */
	RUN_APP_LIMITED = 16,  /* there was nothing more to send */
};

struct run {
	tcp_seq seq;
	uint32_t len;
	instant sent_at;       /* last transmission */
	uint64_t delivered;    /* octets delivered when it was sent: the snapshot ... */
	instant delivered_at;  /* ... and when the last of them was */
	instant first_sent_at; /* start of the send window that the rate is measured over */
	uint16_t flags;
	uint16_t transmissions;
};

struct sent {
	struct run *ring;
	uint32_t cap; /* runs in the ring: 0 or a power of two */
	uint32_t head, count;
	uint32_t lost;   /* octets in runs with RUN_LOST */
	uint32_t sacked; /* octets in runs with RUN_SACKED */
};

static inline struct run *sent_run(const struct sent *s, uint32_t i)
{
	return &s->ring[(s->head + i) & (s->cap - 1)];
}

/* Makes room for one more run; false: no memory, or SENT_MAX runs. */
MUST_USE bool sent_reserve(struct sent *s, struct mem *mem);

/* Adds a run at the end; room was reserved. */
struct run *sent_push(struct sent *s, struct run r);

/* Index of the run that holds `seq`, or s->count when none does. */
uint32_t sent_find(const struct sent *s, tcp_seq seq);

/* Cuts the run at index i after `len` octets; false: no memory. */
MUST_USE bool sent_split(struct sent *s, struct mem *mem, uint32_t i, uint32_t len);

/* Forgets everything before `una`; a run that is acknowledged in part keeps its rest. */
void sent_ack(struct sent *s, struct mem *mem, tcp_seq una);

void sent_mark_lost(struct sent *s, struct run *r);
void sent_mark_resent(struct sent *s, struct run *r, instant now);

/* The first run that is lost and not sent again, or NULL. */
struct run *sent_first_lost(const struct sent *s);

void sent_fini(struct sent *s, struct mem *mem);

#endif
