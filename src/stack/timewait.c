/* SPDX-License-Identifier: MIT */
/*
 * stack/timewait.c - connections in TIME-WAIT, 64 octets each, in one queue by age.
 *
 * What a segment means is decided in tcp/timewait.c. A record takes the place of a connection as
 * soon as the application has given it up and the last ACK has left.
 */
#include "stack/stack.h"

static duration two_msl(const struct aksu *s) { return nanoseconds(2 * s->env.msl.ns); }

static void begin_wait(struct aksu *s, uint32_t index)
{
	timewait_at(s, index)->due = due_at(after(s->now, two_msl(s)), TIMEWAIT_UNIT);
	fifo_push(&s->timewaits, &s->timewait_fifo, index);
}

static void forget(struct aksu *s, uint32_t index)
{
	report_state(s, &timewait_at(s, index)->flow, TCP_TIME_WAIT, TCP_CLOSED);
	fifo_remove(&s->timewaits, &s->timewait_fifo, index);
	flows_remove(s, FLOW_REF(FLOW_TIMEWAIT, index));
	pool_put(&s->timewaits, index);
}

void timewait_free(struct aksu *s, uint32_t index) { forget(s, index); }

/* Memory is short: the oldest has waited longest (G4). */
static struct timewait_entry *new_entry(struct aksu *s, uint32_t *index)
{
	struct timewait_entry *e = pool_get(&s->timewaits, index);

	if (e != NULL || s->timewait_fifo.oldest == POOL_NONE)
		return e;
	forget(s, s->timewait_fifo.oldest);
	return pool_get(&s->timewaits, index);
}

bool timewait_compress(struct aksu *s, uint32_t conn)
{
	struct conn *c = conn_at(s, conn);
	uint32_t index;
	struct timewait_entry *e;

	if (!(c->flags & CONN_IN_TABLE))
		return false;
	e = new_entry(s, &index);
	if (e == NULL)
		return false;
	e->flow = c->flow;
	e->w = timewait_from(&c->t);
	conn_free(s, conn);
	flows_insert(s, FLOW_REF(FLOW_TIMEWAIT, index));
	begin_wait(s, index);
	return true;
}

/*
 * A record keeps no TTL and no DiffServ field (MUST-48, MUST-49): its answers have those of the
 * listener that its connection came from, or of any socket that has chosen none.
 */
static const struct tcp_conf *conf_of(const struct aksu *s, const struct flow *f)
{
	uint32_t i = passive_listener(s, f);

	return i != POOL_NONE ? bound_at(s, i)->conf : NULL;
}

static void answer(struct aksu *s, struct timewait_entry *e, enum aksu_why why)
{
	struct tcp_seg seg;

	timewait_ack(&e->w, ts_offset_of(s, &e->flow), s->now, &seg);
	(void)control_send(s, &e->flow, &seg, why, TCP_TIME_WAIT, conf_of(s, &e->flow));
}

void timewait_segment(struct aksu *s, uint32_t index, const struct tcp_seg *seg)
{
	struct timewait_entry *e = timewait_at(s, index);
	enum aksu_drop reason;
	struct flow f = e->flow;
	uint32_t listener;
	tcp_seq floor;

	switch (timewait_input(&e->w, seg, s->now, &reason)) {
	case TIMEWAIT_DROP: break;
	case TIMEWAIT_ACK: answer(s, e, AKSU_WHY_OUT_OF_WINDOW); break;
	case TIMEWAIT_RESTART:
		fifo_remove(&s->timewaits, &s->timewait_fifo, index);
		begin_wait(s, index);
		answer(s, e, AKSU_WHY_TIME_WAIT_ACK);
		break;
	case TIMEWAIT_REUSE: /* the record stays until the new connection is open (MAY-2) */
		listener = bound_find(s, 6, IP_LOCAL, &f.local, f.local_port, NULL);
		floor = timewait_iss_floor(&e->w);
		if (listener != POOL_NONE)
			passive_syn(s, listener, &f, seg, &floor);
		else
			reason = AKSU_DROP_SYN_IN_TIME_WAIT;
		break;
	}
	if (reason != AKSU_DROP_NONE)
		tcp_drop(&s->env, NULL, reason, seg);
}

instant timewait_deadline(const struct aksu *s)
{
	if (s->timewait_fifo.oldest == POOL_NONE)
		return INSTANT_NEVER;
	return due_instant(timewait_at(s, s->timewait_fifo.oldest)->due, s->timewaits_since,
			   TIMEWAIT_UNIT);
}

void timewait_advance(struct aksu *s)
{
	while (s->timewait_fifo.oldest != POOL_NONE) {
		uint32_t index = s->timewait_fifo.oldest;
		const struct timewait_entry *e = timewait_at(s, index);

		if (!due(due_instant(e->due, s->timewaits_since, TIMEWAIT_UNIT), s->now))
			break;
		forget(s, index);
	}
}
