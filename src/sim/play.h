/* SPDX-License-Identifier: MIT */
/*
 * sim/play.h - a scenario that is being played.
 *
 *   play.c    makes network and hosts, runs them, tells what became of it
 *   flow.c    the applications at both ends of each flow
 *   judge.c   what must hold: what events tell, sizes on the wire, what is left at the end
 */
#ifndef AKSU_SIM_PLAY_H
#define AKSU_SIM_PLAY_H

#include <aksu/scenario.h>

#include "base/mem.h"
#include "base/prng.h"
#include "sim/fields.h"

enum {
	RUN_RING = 1024, /* events of a host: emptied after each call into its stack */
	PORT_TO = 1000,  /* plus the flow's number */
	PORT_FROM = 2000,
	PATTERN =
		65521, /* octets repeat after so many: a prime, so that a shift never looks right */
	HAND = 65536,  /* octets that an application has in hand at once */
};

struct stage;

/* Whether a flow may end with an error. */
enum failing {
	MUST_SUCCEED,
	MAY_FAIL,
	/*
	 * The answerer has forgotten a half-open connection after a minute of silence: the opener
	 * is reset, or, where it has nothing to say, never hears of it.
	 */
	MAY_HANG,
};

/* What the events of one end have told so far; absolute sequence numbers. */
struct story {
	uint8_t state;
	bool sent_syn, scaled;
	uint32_t iss, max_seq; /* right of the last octet sent */
	uint32_t edge;         /* right of the window promised, the furthest ever; 0: none yet */
	uint8_t shift;
	uint32_t mss; /* announced by the peer */
};

/* One end of a flow; [0] is `from`. */
struct flow_end {
	struct stage *run;
	const struct sim_flow_plan *plan;
	uint16_t flow;
	uint8_t side;
	struct prng prng;
	aksu_socket listener, socket;
	bool begun, connected, shut, eof, closed;
	aksu_time opened_at, wake_at; /* by the host's clock */
	uint64_t total, sent, received;
	int error;
	struct story story;
};

struct run_host {
	struct stage *run;
	unsigned node;
	struct aksu *stack;
	struct aksu_event_ring ring;
	struct aksu_event *events;
	aksu_time clock;
	uint16_t first; /* of its ends: 2 * flow + side, linked by run.next; NO_FLOW */
};

#define NO_FLOW 0xffff

struct stage {
	const struct sim_scenario *sc;
	const struct sim_play *play;
	struct sim_outcome *out;
	struct mem mem;
	struct aksu_allocator allocator; /* of `mem`: what is not given back is seen */
	struct sim_net *net;
	struct run_host *host;  /* [sc->nodes]; routers have no stack */
	struct flow_end *end;   /* [2 * sc->flows] */
	uint16_t *next;         /* [2 * sc->flows] */
	enum failing *may_fail; /* [sc->flows] */
	uint8_t *pattern, *hand;
	bool hangs;                   /* a flow that may hang does: something is left at the end */
	unsigned change;              /* the next one */
	struct sim_wire_config *wire; /* [2 * sc->links], as they are now */
	/* What was delivered or closed, as it was seen last; steps since it grew. */
	uint64_t progress, seen, still;
};

/* The first thing that did not hold; `where` is put before it, with a number unless that is -1. */
void run_wrong(struct stage *r, const char *where, int number, const char *what);

struct aksu_addr run_addr(bool v6, unsigned node);

/* ---- flow.c */
void flow_begin(struct stage *r, unsigned flow);
struct sim_app flow_app(struct run_host *h);
/* Whether every flow has ended as it should have; else says which did not. */
void flow_check_all(struct stage *r);

/* ---- judge.c */
void judge_event(struct stage *r, unsigned node, const struct aksu_event *e);
void judge_note(struct stage *r, const struct sim_note *n);
/* After each step of a host. */
void judge_step(struct stage *r, unsigned node);
/* After each step: whether anything goes on at all. */
void judge_still(struct stage *r);
/* When nothing happens any more. */
void judge_end(struct stage *r);

#endif
