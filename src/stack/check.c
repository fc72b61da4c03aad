/* SPDX-License-Identifier: MIT */
/*
 * stack/check.c - what must hold of an instance as a whole; for tests and simulation.
 */
#include "stack/stack.h"

#define CHECK(cond) AKSU_ASSERT(&s->env, cond, false)

static bool check_conn(struct aksu *s, uint32_t index)
{
	const struct conn *c = conn_at(s, index);
	instant at = tcp_deadline(&c->t);

	if (!tcb_check(&c->t, s->now))
		return false;
	/* The wheel wakes it in time (early is fine), and its flow finds it. */
	CHECK(is_never(at) || !before(at, c->wheel.at));
	if (c->flags & CONN_IN_TABLE)
		CHECK(flows_find(s, &c->flow) == FLOW_REF(FLOW_CONN, index));
	CHECK(!(c->flags & CONN_TOUCHED)); /* between verbs nothing is left unsettled */
	/* Whoever wants to send stands in line. */
	if (tcp_why_send(&c->t, s->now) != AKSU_WHY_NOTHING && c->link != IP_LOCAL &&
	    s->ifaces[c->link] != NULL)
		CHECK(c->flags & CONN_READY || !is_never(at));
	return true;
}

bool aksu_check(struct aksu *s)
{
	uint32_t flows = s->syns.live + s->timewaits.live;

	for (uint32_t i = pool_next(&s->conns, 0); i != POOL_NONE;
	     i = pool_next(&s->conns, i + 1)) {
		if (!check_conn(s, i))
			return false;
		flows += conn_at(s, i)->flags & CONN_IN_TABLE ? 1 : 0;
	}
	CHECK(flows == s->flows.count);
	CHECK(s->env.mem.used <= s->env.mem.budget);
	return !s->env.poisoned;
}
