/* SPDX-License-Identifier: MIT */
/*
 * trace/ladder_infer.c - the state of a host that says nothing, from the segments that were seen.
 *
 * One point of observation cannot know the other side: it may not have received what was sent to
 * it. The answer is what RFC 9293 Figure 5 makes of the segments if none is lost; ladders print it
 * with a
 * "~" before it. Corrections come with what the silent host sends next.
 */
#include "trace/ladder.h"

/* It sends. */
static uint8_t after_sending(const struct flow *flow, unsigned silent, const struct aksu_event *e)
{
	uint8_t state = flow->state[silent];
	bool peer_fin_acked = flow->fin_sent[1 - silent] && e->flags & AKSU_ACK &&
			      seq_eq(seq_at(e->ack), flow->fin_end[1 - silent]);

	if (e->flags & AKSU_RST)
		return AKSU_STATE_CLOSED;
	if (e->flags & AKSU_SYN)
		return e->flags & AKSU_ACK ? AKSU_STATE_SYN_RECEIVED : AKSU_STATE_SYN_SENT;
	if (!(e->flags & AKSU_FIN))
		return state == AKSU_STATE_CLOSED || state == AKSU_STATE_SYN_SENT
			       ? (uint8_t)AKSU_STATE_ESTABLISHED
			       : state;
	if (state == AKSU_STATE_CLOSE_WAIT || peer_fin_acked)
		return AKSU_STATE_LAST_ACK;
	return state == AKSU_STATE_ESTABLISHED || state == AKSU_STATE_CLOSED
		       ? (uint8_t)AKSU_STATE_FIN_WAIT_1
		       : state;
}

/* It is sent something that acknowledges its FIN. */
static uint8_t after_fin_acked(uint8_t state)
{
	switch (state) {
	case AKSU_STATE_FIN_WAIT_1: return AKSU_STATE_FIN_WAIT_2;
	case AKSU_STATE_CLOSING: return AKSU_STATE_TIME_WAIT;
	case AKSU_STATE_LAST_ACK: return AKSU_STATE_CLOSED;
	}
	return state;
}

/* It is sent a FIN. */
static uint8_t after_fin(uint8_t state)
{
	switch (state) {
	case AKSU_STATE_SYN_RECEIVED:
	case AKSU_STATE_ESTABLISHED: return AKSU_STATE_CLOSE_WAIT;
	case AKSU_STATE_FIN_WAIT_1: return AKSU_STATE_CLOSING;
	case AKSU_STATE_FIN_WAIT_2: return AKSU_STATE_TIME_WAIT;
	}
	return state;
}

static uint8_t after_receiving(const struct flow *flow, unsigned silent, const struct aksu_event *e)
{
	uint8_t state = flow->state[silent];

	if (e->flags & AKSU_RST)
		return AKSU_STATE_CLOSED;
	if (e->flags & AKSU_SYN)
		return e->flags & AKSU_ACK ? AKSU_STATE_ESTABLISHED : AKSU_STATE_SYN_RECEIVED;
	if (e->flags & AKSU_ACK && state == AKSU_STATE_SYN_RECEIVED)
		state = AKSU_STATE_ESTABLISHED;
	if (e->flags & AKSU_ACK && flow->fin_sent[silent] &&
	    seq_eq(seq_at(e->ack), flow->fin_end[silent]))
		state = after_fin_acked(state);
	return e->flags & AKSU_FIN ? after_fin(state) : state;
}

uint8_t ladder_infer(struct flow *flow, unsigned silent, const struct step *step)
{
	uint8_t before = flow->state[silent];

	if (step->e.kind != AKSU_EVENT_SEGMENT_IN && step->e.kind != AKSU_EVENT_SEGMENT_OUT)
		return LADDER_NO_STATE;
	flow->state[silent] = step->side == silent ? after_sending(flow, silent, &step->e)
						   : after_receiving(flow, silent, &step->e);
	return flow->state[silent] == before ? (uint8_t)LADDER_NO_STATE : flow->state[silent];
}
