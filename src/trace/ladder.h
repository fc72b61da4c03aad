/* SPDX-License-Identifier: MIT */
/*
 * trace/ladder.h - the parts of a ladder, private to the room.
 *
 *   events, fates ──► ladder.c     joins them into steps: one per segment, in the order of sending
 *                       │ a step that is decided, and all before it
 *                       ▼
 *                     ladder_mark.c   what the step means: class, numbers, mark  (struct row)
 *                       ▼
 *                     ladder_fold.c   bursts into one row, quiet into another
 *                       ▼
 *                     ladder_draw.c   a row into a line of text
 *
 * A step waits until it is known what became of its segment at the other end, because the state
 * that the segment caused there stands on the same row.
 */
#ifndef AKSU_TRACE_LADDER_H
#define AKSU_TRACE_LADDER_H

#include <aksu/trace.h>

#include "base/mem.h"
#include "base/serial.h"

enum {
	LADDER_NO_STATE = 0xff,
	LADDER_FLOWS = 16,       /* connections whose numbers are remembered at once */
	LADDER_MARK_MAX = 48,    /* octets of a mark: 12 columns of UTF-8 */
	LADDER_STEPS_FIRST = 64, /* steps that wait at first; doubled when needed */
	LADDER_STEPS_MAX =
		1 << 16, /* then the oldest is taken as decided: no trace eats all memory */
};

enum step_kind {
	STEP_SEGMENT, /* left one host, and reached the other or not */
	STEP_DEPART,  /* the first half of one that was crossed by a change of state */
	STEP_ARRIVE,  /* the second half */
	STEP_STATE,   /* a host changed its state by itself */
};

/* One thing that will be a row, or part of one. */
struct step {
	struct aksu_event e; /* as its sender wrote it */
	aksu_time extra;     /* how much later than its neighbours it arrives */
	aksu_time rto;       /* the timeout that made it be sent, or 0 */
	uint8_t kind;        /* enum step_kind */
	uint8_t side;        /* who sent it, or whose state it is */
	uint8_t fate;        /* enum aksu_fate; meaningful when decided */
	uint8_t state[2];    /* enum aksu_state to draw on each side, or LADDER_NO_STATE */
	uint8_t drop;        /* enum aksu_drop at the receiver */
	uint8_t error;       /* enum aksu_error told to an application because of it */
	uint8_t timer;       /* STEP_STATE: enum aksu_timer + 1 that caused it, or 0 */
	uint8_t from;        /* STEP_STATE: the state before */
	bool corrupt, copy, crossed, decided;
};

/* What is known of one connection, for relative numbers and for marks. Indices: the side. */
struct flow {
	struct aksu_endpoint end[2];
	bool used;
	bool iss_known[2], has_sent[2], has_acked[2];
	uint32_t iss[2];
	tcp_seq sent_end[2]; /* the number after the highest that this side has sent */
	tcp_seq acked[2];    /* the highest that this side has acknowledged */
	uint16_t window[2];
	bool scales[2];       /* this side offered window scaling ... */
	uint8_t shift[2];     /* ... by so many bits */
	uint8_t syn_flags[2]; /* of the last SYN that this side sent */
	uint32_t dups[2];     /* duplicate ACKs that this side has sent in a row */
	uint8_t state[2];     /* drawn or inferred last */
	bool fin_sent[2];
	tcp_seq fin_end[2]; /* the number after the FIN */
};

enum row_class { CLASS_SYN, CLASS_DATA, CLASS_ACK, CLASS_FIN, CLASS_RST, CLASS_PACKET, CLASS_NONE };

enum row_shape { SHAPE_ARROW, SHAPE_LOST, SHAPE_BROKEN, SHAPE_DEPART, SHAPE_ARRIVE, SHAPE_NONE };

enum row_tone { TONE_PLAIN, TONE_BAD, TONE_AGAIN, TONE_DUPLICATE, TONE_FACT };

struct row {
	aksu_time time, last; /* of the first and the last segment in it */
	uint32_t flow;
	uint8_t side, class, shape, tone;
	uint8_t state[2];
	bool inferred[2];
	uint8_t flags, options, why;
	bool foldable, absolute;
	uint32_t count;
	uint32_t seq, end, ack, length; /* relative, unless absolute; end: after the last octet */
	struct aksu_event_sack sack;
	uint8_t sack_count;
	uint16_t protocol;
	uint32_t cwnd, in_flight;
	char mark[LADDER_MARK_MAX];
};

/* A state change that waits for the segment that tells of it. */
struct pending_state {
	bool set;
	struct aksu_event e;
	uint8_t timer; /* enum aksu_timer + 1, or 0 */
	uint8_t error;
};

enum { FOLD_OPEN_MAX = 6 }; /* one for each side of: data, ACK, duplicate ACK */

struct fold {
	struct row open[FOLD_OPEN_MAX];
	unsigned open_count;
	unsigned plain; /* plain rows since the last remarkable one */
};

struct aksu_ladder {
	struct aksu_ladder_config config;
	struct mem mem;
	struct step *steps; /* a ring; cap is a power of two */
	uint32_t cap, head, tail;
	uint32_t current[2]; /* step + 1 that this host is just taking in, or 0 */
	struct pending_state pending[2];
	aksu_time timer_time[2]; /* the last timer of each host, to find what it caused */
	uint8_t timer[2];
	aksu_time timer_rto[2];
	struct flow flows[LADDER_FLOWS];
	uint32_t flow_next, flow_drawn;
	struct fold fold;
	bool heading_drawn, any_row;
	aksu_time drawn_until; /* time of the last row, for quiet gaps */
};

static inline bool ladder_has(const struct aksu_ladder *l, uint32_t flag)
{
	return l->config.flags & flag;
}

/* Which connection an event of `side` belongs to: an index into flows. */
uint32_t ladder_flow(struct aksu_ladder *l, unsigned side, const struct aksu_event *e);

/* Turns a decided step into a row. */
struct row ladder_mark(struct aksu_ladder *l, const struct step *step);

/* What the host that tells nothing must be in now: one-sided ladders only. */
uint8_t ladder_infer(struct flow *flow, unsigned silent, const struct step *step);

/* Takes a row; rows leave when they cannot grow any more. */
void ladder_fold(struct aksu_ladder *l, const struct row *row);
void ladder_fold_flush(struct aksu_ladder *l);

/* Draws a row, and what must stand before it: heading, quiet gap, change of connection. */
void ladder_draw(struct aksu_ladder *l, const struct row *row);

#endif
