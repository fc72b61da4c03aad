/* SPDX-License-Identifier: MIT */
/*
 * trace/ladder.c - joins what two hosts and the wire say into steps, one for each segment.
 *
 * The hosts tell their events in the order of time, each in its own; the wire tells what became of
 * each packet. A step is decided when the packet is lost, or when the receiver has said all that it
 * has to say about it. Steps leave in the order in which they were sent.
 *
 * Two segments that cross may change states in an order that rows by time of sending would draw
 * wrongly (simultaneous open and close): such a step is cut into a departure and an arrival.
 */
#include "trace/ladder.h"

#include "trace/text.h"

/* ---- the queue of steps */

static struct step *step_at(struct aksu_ladder *l, uint32_t i)
{
	return &l->steps[i & (l->cap - 1)];
}

static bool grow(struct aksu_ladder *l)
{
	uint32_t cap = l->cap * 2;
	struct step *steps = mem_alloc(&l->mem, cap * sizeof(*steps), _Alignof(struct step));

	if (steps == NULL)
		return false;
	for (uint32_t i = l->head; i != l->tail; i++)
		steps[i & (cap - 1)] = *step_at(l, i);
	mem_free(&l->mem, l->steps, l->cap * sizeof(*steps));
	l->steps = steps;
	l->cap = cap;
	return true;
}

/* Draws the steps at the head that are decided. */
static void drain(struct aksu_ladder *l)
{
	while (l->head != l->tail && step_at(l, l->head)->decided) {
		struct row row = ladder_mark(l, step_at(l, l->head));

		l->head++;
		ladder_fold(l, &row);
	}
}

/*
 * A step at the end of the queue. When there is no room the oldest leaves, whatever became of it.
 */
static struct step *push(struct aksu_ladder *l, enum step_kind kind, unsigned side,
			 const struct aksu_event *e)
{
	struct step *step;

	if (l->tail - l->head == l->cap && (l->cap == LADDER_STEPS_MAX || !grow(l))) {
		step_at(l, l->head)->decided = true;
		drain(l);
	}
	step = step_at(l, l->tail++);
	*step = (struct step){
		.e = *e,
		.kind = (uint8_t)kind,
		.side = (uint8_t)side,
		.state = {LADDER_NO_STATE, LADDER_NO_STATE},
	};
	return step;
}

/* The step that a host is just taking in, while it is in the queue. */
static struct step *current_step(struct aksu_ladder *l, unsigned side)
{
	uint32_t i = l->current[side] - 1;

	if (l->current[side] == 0 || i - l->head >= l->tail - l->head)
		return NULL;
	return step_at(l, i);
}

/* The oldest step of this packet that is still under way, as index + 1; 0: none. */
static uint32_t find(struct aksu_ladder *l, unsigned sender, uint64_t packet)
{
	for (uint32_t i = l->head; i != l->tail; i++) {
		const struct step *step = step_at(l, i);

		if (step->side == sender && step->kind == STEP_SEGMENT && !step->decided &&
		    step->e.packet == packet)
			return i + 1;
	}
	return 0;
}

/*
 * A state of `side` stands on step `before`: what reaches it later must not stand above that.
 * Returns whether one of those changed the state of its own sender too: then the two mirror each
 * other.
 */
static bool cross(struct aksu_ladder *l, unsigned side, uint32_t before)
{
	bool mirror = false;

	for (uint32_t i = l->head; i != before; i++) {
		struct step *step = step_at(l, i);

		if (step->side == side || step->decided)
			continue;
		step->crossed = true;
		mirror |= step->state[1 - side] != LADDER_NO_STATE;
	}
	return mirror;
}

/* ---- states */

/* The last segment that this host sent at the same moment, if its row can still show the state. */
static struct step *sent_just_now(struct aksu_ladder *l, unsigned side, aksu_time now)
{
	for (uint32_t i = l->tail; i != l->head; i--) {
		struct step *step = step_at(l, i - 1);

		if (step->side == side && step->kind == STEP_SEGMENT)
			return step->e.time == now && step->state[side] == LADDER_NO_STATE ? step
											   : NULL;
	}
	return NULL;
}

/* The state did not come with a segment: it has its own row, or joins the one sent just before. */
static void settle_side(struct aksu_ladder *l, unsigned side)
{
	struct pending_state *p = &l->pending[side];
	struct step *step = p->timer == 0 ? sent_just_now(l, side, p->e.time) : NULL;

	p->set = false;
	if (step != NULL) {
		step->state[side] = p->e.state;
		step->error = p->error;
		return;
	}
	cross(l, side, l->tail);
	step = push(l, STEP_STATE, side, &p->e);
	step->state[side] = p->e.kind == AKSU_EVENT_STATE ? p->e.state : (uint8_t)LADDER_NO_STATE;
	step->from = p->e.from;
	step->timer = p->timer;
	step->error = p->error;
	step->decided = true;
}

static void settle(struct aksu_ladder *l, aksu_time now)
{
	unsigned first = l->pending[AKSU_LEFT].e.time <= l->pending[AKSU_RIGHT].e.time ? 0 : 1;

	for (unsigned k = 0; k < 2; k++) {
		unsigned side = first ^ k;

		if (l->pending[side].set && l->pending[side].e.time < now)
			settle_side(l, side);
	}
}

/* States that only the host's own application leads to: no segment that arrives does. */
static bool is_own_deed(uint8_t state)
{
	return state == AKSU_STATE_SYN_SENT || state == AKSU_STATE_FIN_WAIT_1 ||
	       state == AKSU_STATE_LAST_ACK;
}

/* LISTEN begins and ends without a peer: it is in no picture of a connection. */
static bool is_listeners(const struct aksu_event *e)
{
	return e->state == AKSU_STATE_LISTEN ||
	       (e->from == AKSU_STATE_LISTEN && e->state == AKSU_STATE_CLOSED);
}

static void on_state(struct aksu_ladder *l, unsigned side, const struct aksu_event *e)
{
	struct step *current = is_own_deed(e->state) ? NULL : current_step(l, side);
	struct pending_state *p = &l->pending[side];

	if (is_listeners(e))
		return;
	if (current != NULL) {
		current->state[side] = e->state;
		cross(l, side, l->current[side] - 1);
		return;
	}
	if (p->set && p->e.kind == AKSU_EVENT_STATE) {
		uint8_t from = p->e.from;

		p->e = *e;
		p->e.from = from;
		return;
	}
	p->e = *e;
	p->error = p->set ? p->error : 0;
	p->timer = l->timer_time[side] == e->time ? l->timer[side] : 0;
	p->set = true;
}

static void on_error(struct aksu_ladder *l, unsigned side, const struct aksu_event *e)
{
	struct pending_state *p = &l->pending[side];
	struct step *current = current_step(l, side);

	if (current != NULL) {
		current->error = e->error;
		return;
	}
	if (!p->set)
		*p = (struct pending_state){.set = true, .e = *e};
	p->error = e->error;
}

/* ---- segments */

/* One-sided: what came before is decided by what comes now. */
static void decide_all(struct aksu_ladder *l)
{
	for (unsigned side = 0; side < 2; side++)
		l->current[side] = 0;
	for (uint32_t i = l->head; i != l->tail; i++)
		step_at(l, i)->decided = true;
}

static void on_out(struct aksu_ladder *l, unsigned side, const struct aksu_event *e)
{
	struct pending_state *p = &l->pending[side];
	bool mirror = false;
	struct step *step;

	if (ladder_has(l, AKSU_LADDER_ONE_SIDED))
		decide_all(l);
	if (p->set && p->e.remote_port != e->remote_port && p->e.remote_port != 0)
		settle_side(l, side);
	if (p->set)
		mirror = cross(l, side, l->tail);
	step = push(l, STEP_SEGMENT, side, e);
	step->crossed = mirror;
	if (e->why == AKSU_WHY_RTO && l->timer_time[side] == e->time)
		step->rto = l->timer_rto[side];
	if (p->set && p->e.kind == AKSU_EVENT_STATE)
		step->state[side] = p->e.state;
	if (p->set)
		step->error = p->error;
	p->set = false;
}

/* One-sided: the segment's sender says nothing, so its step begins here. */
static void on_in_alone(struct aksu_ladder *l, unsigned side, const struct aksu_event *e)
{
	struct aksu_event sent = *e;

	decide_all(l);
	sent.local = e->remote;
	sent.remote = e->local;
	sent.local_port = e->remote_port;
	sent.remote_port = e->local_port;
	sent.iss = e->irs;
	sent.irs = e->iss;
	sent.why = AKSU_WHY_NOTHING;
	sent.cwnd = sent.in_flight = 0;
	push(l, STEP_SEGMENT, 1 - side, &sent);
	l->current[side] = l->tail;
}

static void on_in(struct aksu_ladder *l, unsigned side, const struct aksu_event *e)
{
	if (ladder_has(l, AKSU_LADDER_ONE_SIDED))
		on_in_alone(l, side, e);
	else
		l->current[side] = find(l, 1 - side, e->packet);
}

static void on_drop(struct aksu_ladder *l, unsigned side, const struct aksu_event *e)
{
	struct step *current;

	if (current_step(l, side) == NULL && !ladder_has(l, AKSU_LADDER_ONE_SIDED))
		l->current[side] = find(l, 1 - side, e->packet);
	current = current_step(l, side);
	if (current != NULL)
		current->drop = e->drop;
}

static void on_timer(struct aksu_ladder *l, unsigned side, const struct aksu_event *e)
{
	l->timer_time[side] = e->time;
	l->timer[side] = (uint8_t)(e->timer + 1);
	l->timer_rto[side] = e->rto_us * AKSU_MICROSECOND;
}

/* ---- the public face */

void aksu_ladder_event(struct aksu_ladder *l, unsigned side, const struct aksu_event *e)
{
	side &= 1;
	settle(l, e->time);
	switch ((enum aksu_event_kind)e->kind) {
	case AKSU_EVENT_SEGMENT_OUT:
	case AKSU_EVENT_PACKET_OUT: on_out(l, side, e); break;
	case AKSU_EVENT_SEGMENT_IN:
	case AKSU_EVENT_PACKET_IN: on_in(l, side, e); break;
	case AKSU_EVENT_STATE: on_state(l, side, e); break;
	case AKSU_EVENT_TIMER: on_timer(l, side, e); break;
	case AKSU_EVENT_DROP: on_drop(l, side, e); break;
	case AKSU_EVENT_ERROR: on_error(l, side, e); break;
	case AKSU_EVENT_CWND:
	case AKSU_EVENT_LOSS:
	case AKSU_EVENT_KIND_COUNT: break;
	}
	drain(l);
}

/* The states that this segment caused would stand above older ones: draw its two ends apart. */
static void split(struct aksu_ladder *l, uint32_t at, aksu_time now)
{
	struct step *whole = step_at(l, at), copy = *whole, *arrival;
	unsigned receiver = 1u - copy.side;

	whole->kind = STEP_DEPART;
	whole->state[receiver] = LADDER_NO_STATE;
	whole->error = 0;
	whole->decided = true;
	cross(l, receiver, l->tail);
	arrival = push(l, STEP_ARRIVE, copy.side, &copy.e);
	arrival->e.time = now;
	arrival->state[receiver] = copy.state[receiver];
	arrival->error = copy.error;
	arrival->drop = copy.drop;
	arrival->decided = true;
}

static void arrived(struct aksu_ladder *l, uint32_t at, aksu_time now)
{
	struct step *step = step_at(l, at);
	unsigned receiver = 1u - step->side;

	l->current[receiver] = 0;
	step->fate = AKSU_FATE_ARRIVED;
	step->decided = true;
	if (step->crossed && step->state[receiver] != LADDER_NO_STATE)
		split(l, at, now);
}

void aksu_ladder_fate(struct aksu_ladder *l, unsigned side, uint64_t packet, enum aksu_fate fate,
		      aksu_time now, aksu_time extra)
{
	uint32_t found = find(l, side & 1, packet);
	struct step *step, twin;

	if (found == 0)
		return;
	step = step_at(l, found - 1);
	switch (fate) {
	case AKSU_FATE_ARRIVED: arrived(l, found - 1, now); break;
	case AKSU_FATE_LOST:
	case AKSU_FATE_QUEUE:
	case AKSU_FATE_TOO_BIG: step->decided = true; break;
	case AKSU_FATE_CORRUPTED: step->corrupt = true; break;
	case AKSU_FATE_DELAYED: step->extra = extra; break;
	case AKSU_FATE_DUPLICATED:
		twin = *step;
		step = push(l, STEP_SEGMENT, twin.side, &twin.e);
		step->copy = true;
		break;
	case AKSU_FATE_COUNT: break;
	}
	if (fate <= AKSU_FATE_TOO_BIG)
		step_at(l, found - 1)->fate = (uint8_t)fate;
	drain(l);
}

void aksu_ladder_tick(struct aksu_ladder *l, aksu_time now)
{
	settle(l, now);
	if (ladder_has(l, AKSU_LADDER_ONE_SIDED))
		decide_all(l);
	drain(l);
	ladder_fold_flush(l);
}

void aksu_ladder_flush(struct aksu_ladder *l)
{
	settle(l, AKSU_NEVER);
	decide_all(l);
	drain(l);
	ladder_fold_flush(l);
}

struct aksu_ladder *aksu_ladder_new(const struct aksu_ladder_config *config)
{
	struct mem mem = {.from = config->allocator, .budget = SIZE_MAX};
	struct aksu_ladder *l;

	if (config->size != sizeof(*config) || config->out.write == NULL ||
	    config->allocator.alloc == NULL || config->local > 1)
		return NULL;
	l = mem_alloc(&mem, sizeof(*l), _Alignof(struct aksu_ladder));
	if (l == NULL)
		return NULL;
	*l = (struct aksu_ladder){.config = *config, .mem = mem, .cap = LADDER_STEPS_FIRST};
	if (config->name[0] == NULL)
		l->config.name[0] = "client";
	if (config->name[1] == NULL)
		l->config.name[1] = "server";
	l->steps = mem_alloc(&l->mem, l->cap * sizeof(*l->steps), _Alignof(struct step));
	if (l->steps == NULL) {
		aksu_ladder_free(l);
		return NULL;
	}
	l->drawn_until = config->start;
	return l;
}

void aksu_ladder_free(struct aksu_ladder *l)
{
	struct mem mem;

	if (l == NULL)
		return;
	mem = l->mem;
	mem_free(&mem, l->steps, l->cap * sizeof(*l->steps));
	mem_free(&mem, l, sizeof(*l));
}
