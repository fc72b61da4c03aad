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
	    conn_iface(s, c) != NULL)
		CHECK(c->flags & CONN_READY || !is_never(at));
	return true;
}

/* A list's links agree both ways, its members say that they are in it; how many they are. */
static bool check_list(struct aksu *s, const struct list *l, size_t offset, unsigned flag,
		       uint32_t *members)
{
	uint32_t before = POOL_NONE;

	for (uint32_t i = l->head; i != POOL_NONE; i = list_link(&s->conns, offset, i)->next) {
		CHECK(pool_lives(&s->conns, i) && conn_at(s, i)->flags & flag);
		CHECK(list_link(&s->conns, offset, i)->prev == before);
		before = i;
		++*members;
	}
	CHECK(l->tail == before);
	return true;
}

/* Who says to be in a list is in one. */
static bool check_lists(struct aksu *s)
{
	uint32_t ready = 0, news = 0, waiting = 0;

	if (!check_list(s, &s->local.ready, offsetof(struct conn, sending), CONN_READY, &ready) ||
	    !check_list(s, &s->nowhere.ready, offsetof(struct conn, sending), CONN_READY, &ready))
		return false;
	for (unsigned k = 0; k < s->iface_end; k++)
		if (s->ifaces[k] != NULL &&
		    !check_list(s, &s->ifaces[k]->ready, offsetof(struct conn, sending), CONN_READY,
				&ready))
			return false;
	if (!check_list(s, &s->news, offsetof(struct conn, news), CONN_NEWS, &news))
		return false;
	for (uint32_t i = pool_next(&s->bounds, 0); i != POOL_NONE;
	     i = pool_next(&s->bounds, i + 1)) {
		uint32_t n = 0;

		if (!check_list(s, &bound_at(s, i)->accept, offsetof(struct conn, news),
				CONN_WAITING, &n))
			return false;
		CHECK(n == bound_at(s, i)->accept_count);
		waiting += n;
	}
	for (uint32_t i = pool_next(&s->conns, 0); i != POOL_NONE;
	     i = pool_next(&s->conns, i + 1)) {
		ready -= conn_at(s, i)->flags & CONN_READY ? 1 : 0;
		news -= conn_at(s, i)->flags & CONN_NEWS ? 1 : 0;
		waiting -= conn_at(s, i)->flags & CONN_WAITING ? 1 : 0;
	}
	CHECK(ready == 0 && news == 0 && waiting == 0);
	return true;
}

bool aksu_check(struct aksu *s)
{
	uint32_t flows = s->syns.live + s->timewaits.live, nowhere = 0;

	for (uint32_t i = pool_next(&s->conns, 0); i != POOL_NONE;
	     i = pool_next(&s->conns, i + 1)) {
		if (!check_conn(s, i))
			return false;
		flows += conn_at(s, i)->flags & CONN_IN_TABLE ? 1 : 0;
		nowhere += conn_at(s, i)->link == NOWHERE;
	}
	CHECK(nowhere == s->nowhere_count);
	if (!check_lists(s))
		return false;
	CHECK(flows == s->flows.count);
	CHECK(s->env.mem.used <= s->env.mem.budget);
	return !s->env.poisoned;
}
