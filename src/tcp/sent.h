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
 *
 * The ring is the scoreboard too (RFC 2018 section 5, RFC 6675 section 3): runs that the peer
 * reported are marked, and a marked run leads to the end of what is marked behind it, so that a
 * block that is reported again and again is stepped over. What was sent once lies in the order of
 * its transmission times; what was sent again is noted, in that order, in a second ring
 * (RFC 8985 section 6.2, "as an optimization").
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
	RUN_CUT = 32,          /* begins where a SACK block cut a larger run */
};

struct run {
	tcp_seq seq;
	uint32_t len;
	instant sent_at;          /* last transmission; the next five are as of then (rate.c) */
	instant delivered_at;     /* when the last text was delivered ... */
	uint32_t delivered;       /* ... and how many octets altogether, modulo 2^32 */
	uint32_t lost;            /* octets found lost, modulo 2^32 */
	uint32_t send_elapsed_us; /* since the newest of what was delivered had been sent */
	uint32_t tx_in_flight;    /* octets in flight, its own included */
	uint16_t flags;
	uint16_t transmissions;
	tcp_seq sacked_to; /* RUN_SACKED: all before this is marked too; at least the end */
};

/* The count stays at its end: whose patience is infinite comes there within three months. */
static inline void run_sent_again(struct run *r)
{
	r->transmissions = (uint16_t)min_u32(r->transmissions + 1u, UINT16_MAX);
}

/* What was sent again, and when. It holds while its runs still have this time. */
struct resent {
	tcp_seq seq, end;
	instant at;
};

struct sent {
	struct run *ring;
	uint32_t cap; /* runs in the ring: 0 or a power of two */
	uint32_t head, count;
	uint32_t lost;        /* octets in runs with RUN_LOST */
	uint32_t sacked;      /* octets in runs with RUN_SACKED */
	uint32_t sacked_runs; /* how many runs those are */
	uint32_t cuts;        /* runs with RUN_CUT */
	tcp_seq lost_from;    /* no run before it has RUN_LOST */
	tcp_seq once_from;    /* no run before it was sent once and still waits for its ACK */
	struct resent *again; /* in the order of time; what no longer holds is dropped later */
	uint32_t again_cap, again_head, again_count;
	uint64_t octets;     /* sent since the extension was taken, what was sent again included */
	uint64_t found_lost; /* octets that were marked lost, ever; rightly or not */
};

static inline tcp_seq run_end(const struct run *r) { return seq_add(r->seq, r->len); }

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

/*
 * Marks the next run in [*at, end) that is not marked yet as SACKed, moves *at behind it and
 * returns it; NULL when there is none. A run that the block covers in part is cut, but no more than
 * `cuts` of them at a time: what cannot be cut is left unmarked (F13). The caller has clipped the
 * block to what is outstanding.
 */
struct run *sent_sack(struct sent *s, struct mem *mem, tcp_seq *at, tcp_seq end, uint32_t cuts);

/* The peer may have thrown away what it reported (RFC 2018 section 8). */
void sent_unsack(struct sent *s);

/* The index behind the marked runs that begin at index i. */
uint32_t sent_skip_sacked(const struct sent *s, uint32_t i);

void sent_mark_lost(struct sent *s, struct run *r);
void sent_unmark_lost(struct sent *s);
void sent_mark_resent(struct sent *s, struct run *r, instant now);

/* Notes the transmission of a run that was sent again; false: no memory. */
MUST_USE bool sent_note_resent(struct sent *s, struct mem *mem, const struct run *r);

/* The oldest of these notes that still holds in part, or NULL; drops those before it. */
const struct resent *sent_oldest_resent(struct sent *s);

/* Octets that were sent again and are not known to have arrived; O(n), for STATUS. */
uint32_t sent_resent(const struct sent *s);

/* The first run that is lost and not sent again, or NULL. */
struct run *sent_first_lost(const struct sent *s);

void sent_fini(struct sent *s, struct mem *mem);

#endif
