/* SPDX-License-Identifier: MIT */
/*
 * tcp/state.c - the eleven states, the edges between them, and the one function that takes an edge.
 *
 * RFC 9293 section 3.3.2, Figure 5, completed by the text of section 3.10:
 *
 *                               CLOSED ──────────────► SYN-SENT
 *                                 │ (record completes)   │    │
 *                                 ▼                      │    │
 *                            SYN-RECEIVED ◄──────────────┘    │
 *                              │       │                      │
 *                              │       └────► ESTABLISHED ◄───┘
 *                              ▼               │       │
 *                         FIN-WAIT-1 ◄─────────┘       └────► CLOSE-WAIT
 *                          │  │    │                             │
 *                          │  │    └──► CLOSING ──► TIME-WAIT    ▼
 *                          ▼  └───────────────────► TIME-WAIT  LAST-ACK ──► CLOSED
 *                     FIN-WAIT-2 ─────────────────► TIME-WAIT ──► CLOSED
 *
 * LISTEN has no block: a listener is a row of stack/, and its children begin as SYN records.
 */
#include "tcp/tcb.h"

#define TO(s) (1u << TCP_##s)

/* Every edge that may be taken, and no other. */
static const uint16_t edges[AKSU_STATE_COUNT] = {
	[TCP_CLOSED] = TO(SYN_SENT) | TO(SYN_RECEIVED),
	[TCP_LISTEN] = 0,
	[TCP_SYN_SENT] = TO(SYN_RECEIVED) | TO(ESTABLISHED) | TO(CLOSED),
	[TCP_SYN_RECEIVED] = TO(ESTABLISHED) | TO(FIN_WAIT_1) | TO(CLOSED),
	[TCP_ESTABLISHED] = TO(FIN_WAIT_1) | TO(CLOSE_WAIT) | TO(CLOSED),
	[TCP_FIN_WAIT_1] = TO(FIN_WAIT_2) | TO(CLOSING) | TO(TIME_WAIT) | TO(CLOSED),
	[TCP_FIN_WAIT_2] = TO(TIME_WAIT) | TO(CLOSED),
	[TCP_CLOSE_WAIT] = TO(LAST_ACK) | TO(CLOSED),
	[TCP_CLOSING] = TO(TIME_WAIT) | TO(CLOSED),
	[TCP_LAST_ACK] = TO(CLOSED),
	[TCP_TIME_WAIT] = TO(CLOSED),
};

void tcb_set_state(struct tcb *t, enum tcp_state to)
{
	struct aksu_event *e;
	uint8_t from = t->state;

	AKSU_ASSERT(t->env, edges[from] & 1u << to);
	t->state = (uint8_t)to;
	t->state_s = (uint32_t)(t->env->events.now.ns / seconds(1).ns);
	e = tcb_event(t, AKSU_EVENT_STATE);
	if (e != NULL)
		e->from = from;
}
