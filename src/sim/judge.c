/* SPDX-License-Identifier: MIT */
/*
 * sim/judge.c - what must hold of every world.
 *
 * Of what events tell, connection by connection: states change along legal edges (RFC 9293 figure
 * 5), nothing is acknowledged that was not sent, nothing is sent beyond the window or larger than
 * the peer's MSS, the window's right edge never moves left (SHLD-14), new data leaves only while
 * the congestion window allows it. Of the wire: no packet is longer than its link's MTU. Of a
 * stack: its own invariants, and that at the end nothing is left.
 */
#include "base/bytes.h"
#include "sim/play.h"
#include "stack/stack.h"

enum {
	STILL_LIMIT = 4000000, /* steps without progress: a hundred days of probes are fewer */
	/*
	 * Octets in flight beyond the congestion window: two segments of limited transmit (RFC
	 * 3042), a probe (RFC 8985 7.3), and what the last quantum was rounded up by.
	 */
	EXTRA_SEGMENTS = 4,
};

#define TO(s) (1u << AKSU_STATE_##s)

static const uint16_t edges[AKSU_STATE_COUNT] = {
	[AKSU_STATE_CLOSED] = TO(LISTEN) | TO(SYN_SENT) | TO(SYN_RECEIVED),
	[AKSU_STATE_LISTEN] = TO(SYN_RECEIVED) | TO(CLOSED),
	[AKSU_STATE_SYN_SENT] = TO(SYN_RECEIVED) | TO(ESTABLISHED) | TO(CLOSED),
	[AKSU_STATE_SYN_RECEIVED] = TO(ESTABLISHED) | TO(LISTEN) | TO(FIN_WAIT_1) | TO(CLOSED),
	[AKSU_STATE_ESTABLISHED] = TO(FIN_WAIT_1) | TO(CLOSE_WAIT) | TO(CLOSED),
	[AKSU_STATE_FIN_WAIT_1] = TO(FIN_WAIT_2) | TO(CLOSING) | TO(TIME_WAIT) | TO(CLOSED),
	[AKSU_STATE_FIN_WAIT_2] = TO(TIME_WAIT) | TO(CLOSED),
	[AKSU_STATE_CLOSE_WAIT] = TO(LAST_ACK) | TO(CLOSED),
	[AKSU_STATE_CLOSING] = TO(TIME_WAIT) | TO(CLOSED),
	[AKSU_STATE_LAST_ACK] = TO(CLOSED),
	[AKSU_STATE_TIME_WAIT] = TO(CLOSED),
};

bool sim_edge_is_legal(enum aksu_state from, enum aksu_state to)
{
	return (unsigned)from < AKSU_STATE_COUNT && (unsigned)to < AKSU_STATE_COUNT &&
	       (edges[from] & 1u << to) != 0;
}

void sim_coverage_add(struct sim_coverage *sum, const struct sim_coverage *more)
{
	for (unsigned i = 0; i < AKSU_STATE_COUNT; i++)
		for (unsigned k = 0; k < AKSU_STATE_COUNT; k++)
			sum->edges[i][k] += more->edges[i][k];
	for (unsigned i = 0; i < AKSU_DROP_COUNT; i++)
		sum->drops[i] += more->drops[i];
	for (unsigned i = 0; i < AKSU_WHY_COUNT; i++)
		sum->whys[i] += more->whys[i];
	for (unsigned i = 0; i < AKSU_TIMER_COUNT; i++)
		sum->timers[i] += more->timers[i];
	for (unsigned i = 0; i < SIM_NOTE_COUNT; i++)
		sum->notes[i] += more->notes[i];
}

/* ---- what events tell */

static void wrong(const struct flow_end *e, const char *what)
{
	run_wrong(e->run, e->side == 0 ? "the opener of flow" : "the answerer of flow", e->flow,
		  what);
}

/* The end that an event is about; NULL: a listener's, a stranger's, or no connection's. */
static struct flow_end *end_of(struct stage *r, unsigned node, const struct aksu_event *e)
{
	unsigned side = e->local_port >= PORT_FROM ? 0 : 1;
	unsigned flow = (unsigned)e->local_port - (side == 0 ? PORT_FROM : PORT_TO);
	const struct sim_flow_plan *p;

	if (e->local_port < PORT_TO || flow >= r->sc->flows)
		return NULL;
	p = &r->sc->flow[flow];
	if (p->udp || (side == 0 ? p->from : p->to) != node ||
	    e->remote_port != flow + (side == 0 ? PORT_TO : PORT_FROM))
		return NULL;
	return &r->end[2 * flow + side];
}

static void judge_state(struct flow_end *e, const struct aksu_event *v)
{
	if (v->from != e->story.state && v->from != AKSU_STATE_LISTEN)
		wrong(e, "left a state that it was not in");
	e->story.state = v->state;
}

static void note_syn(struct story *own, struct story *peer, const struct aksu_event *v)
{
	uint32_t mss = v->options & AKSU_OPT_MSS ? v->mss : 536;

	if (!own->sent_syn || own->iss != v->seq) { /* a record that was forgotten begins anew */
		peer->mss = 0;
		own->iss = v->seq;
		own->max_seq = v->seq + 1;
		own->edge = v->flags & AKSU_ACK ? v->ack + v->window : 0;
	}
	if (!(v->flags & AKSU_ACK))
		own->edge = 0;
	own->sent_syn = true;
	own->shift = v->options & AKSU_OPT_WSCALE ? v->wscale : 0;
	own->scaled = v->options & AKSU_OPT_WSCALE;
	peer->mss = max_u32(peer->mss, mss); /* the link's MTU may fall between two SYNs */
}

/* By no more than the grain of the window field. */
static void judge_window(struct flow_end *e, const struct story *peer, const struct aksu_event *v)
{
	struct story *own = &e->story;
	bool scaled = own->scaled && peer->scaled && !(v->flags & AKSU_SYN);
	uint8_t shift = scaled ? own->shift : 0;
	uint32_t edge = v->ack + ((uint32_t)v->window << shift);

	if (own->edge == 0)
		own->edge = edge;
	if ((int32_t)(edge - own->edge) < -(int32_t)(1u << shift) + 1)
		wrong(e, "took back some of its window");
	if ((int32_t)(edge - own->edge) > 0)
		own->edge = edge;
}

static void judge_size(struct flow_end *e, const struct story *peer, const struct aksu_event *v)
{
	uint32_t size = v->segments > 1 ? v->mss : v->length; /* of each piece on the wire */
	uint32_t allowed = v->cwnd + EXTRA_SEGMENTS * e->story.mss + v->length;

	if (peer->sent_syn && e->story.mss != 0 && size > e->story.mss)
		wrong(e, "sent a segment larger than the peer's MSS");
	if (v->why == AKSU_WHY_DATA && v->retransmission == 0 && v->in_flight > allowed)
		wrong(e, "sent new data beyond its congestion window");
	if (peer->sent_syn && peer->edge != 0 && v->length > 0 &&
	    (int32_t)(v->seq + v->length - peer->edge) > 1)
		wrong(e, "sent data beyond the window");
}

static void judge_sent(struct flow_end *e, const struct aksu_event *v)
{
	struct story *own = &e->story, *peer = &e->run->end[2 * e->flow + !e->side].story;
	uint32_t end = v->seq + v->length + (v->flags & (AKSU_SYN | AKSU_FIN) ? 1 : 0);

	if (v->flags & AKSU_RST)
		return;
	if (v->flags & AKSU_SYN)
		note_syn(own, peer, v);
	if (v->why == AKSU_WHY_NOTHING)
		wrong(e, "sent a segment without a reason");
	judge_size(e, peer, v);
	if (own->sent_syn && (int32_t)(end - own->max_seq) > 0)
		own->max_seq = end;
	if (!(v->flags & AKSU_ACK))
		return;
	if (peer->sent_syn && (int32_t)(v->ack - peer->max_seq) > 0)
		wrong(e, "acknowledged what was never sent");
	judge_window(e, peer, v);
}

static void count(struct sim_coverage *c, const struct aksu_event *v)
{
	if (v->kind == AKSU_EVENT_STATE && v->from < AKSU_STATE_COUNT &&
	    v->state < AKSU_STATE_COUNT)
		c->edges[v->from][v->state]++;
	else if (v->kind == AKSU_EVENT_SEGMENT_OUT && v->why < AKSU_WHY_COUNT)
		c->whys[v->why]++;
	else if (v->kind == AKSU_EVENT_TIMER && v->timer < AKSU_TIMER_COUNT)
		c->timers[v->timer]++;
}

void judge_event(struct stage *r, unsigned node, const struct aksu_event *v)
{
	struct flow_end *e;

	if (r->play->coverage != NULL)
		count(r->play->coverage, v);
	if (v->kind == AKSU_EVENT_STATE &&
	    !sim_edge_is_legal((enum aksu_state)v->from, (enum aksu_state)v->state))
		run_wrong(r, "node", (int)node, "changed its state along no legal edge");
	if ((e = end_of(r, node, v)) == NULL)
		return;
	if (v->kind == AKSU_EVENT_STATE && v->from == AKSU_STATE_SYN_RECEIVED &&
	    v->state == AKSU_STATE_LISTEN)
		r->may_fail[e->flow] = MAY_HANG;
	if (r->play->check != SIM_CHECK_EACH)
		return;
	if (v->kind == AKSU_EVENT_STATE)
		judge_state(e, v);
	else if (v->kind == AKSU_EVENT_SEGMENT_OUT)
		judge_sent(e, v);
}

void judge_note(struct stage *r, const struct sim_note *n)
{
	const struct sim_link_plan *plan;
	uint32_t mtu;

	if (r->play->coverage != NULL)
		r->play->coverage->notes[n->kind]++;
	if (n->kind != SIM_NOTE_SENT)
		return;
	plan = &r->sc->link[n->link];
	mtu = sim_net_device(r->net, n->link, n->side)->config.mtu;
	if (n->len > mtu + (plan->ethernet ? ETH_HDR_LEN : 0))
		run_wrong(r, "link", (int)n->link, "was given a packet longer than its MTU");
}

/* ---- a stack */

void judge_step(struct stage *r, unsigned node)
{
	struct run_host *h = &r->host[node];

	if (h->stack == NULL)
		return;
	if (!aksu_check(h->stack))
		run_wrong(r, "node", (int)node, "broke an invariant of its stack");
	if (h->ring.lost > 0)
		run_wrong(r, "node", (int)node, "told more events than the ring holds");
}

void judge_still(struct stage *r)
{
	static const char what[] = "four million steps brought nothing on: packets go in circles";

	r->still = r->progress != r->seen ? 0 : r->still + 1;
	r->seen = r->progress;
	if (r->still > STILL_LIMIT)
		run_wrong(r, "", -1, what);
}

void judge_end(struct stage *r)
{
	for (unsigned i = 0; i < r->sc->nodes; i++) {
		const struct aksu *s = r->host[i].stack;

		if (s == NULL)
			continue;
		if (s->conns.live + s->syns.live + s->timewaits.live + s->bounds.live +
			    s->env.exts.live + s->flows.count !=
		    0)
			run_wrong(r, "node", (int)i, "kept a connection, a record or a port");
		if (aksu_deadline(s) != AKSU_NEVER)
			run_wrong(r, "node", (int)i, "kept a timer");
	}
}
