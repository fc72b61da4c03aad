/* SPDX-License-Identifier: MIT */
/*
 * stack/advance.c - time: when something is due next, and letting it happen.
 *
 * Nothing ticks: with nothing pending the deadline is AKSU_NEVER.
 */
#include "stack/stack.h"

static void run_connections(struct aksu *s)
{
	uint32_t index;

	while ((index = wheel_pop(&s->wheel, s->now)) != POOL_NONE) {
		struct conn *c = conn_at(s, index);

		conn_enter(s, c);
		tcp_advance(&c->t, s->now);
		if (c->t.backoff > 0)
			conn_reroute(s, index, false); /* the path may have changed since */
		conn_settle(s, index);
	}
}

static void run_ip(struct aksu *s)
{
	struct ip_reply reply = {0};
	enum aksu_drop reason;

	while ((reason = ip_advance(&s->ip, s->now, &reply)) != AKSU_DROP_NONE) {
		tcp_drop(&s->env, NULL, reason, NULL);
		if (reply.payload.block != NULL)
			(void)datagram_send(s, &reply);
		reply = (struct ip_reply){0};
	}
}

static void run_links(struct aksu *s)
{
	for (unsigned k = 0; k < s->iface_end; k++) {
		struct iface *i = s->ifaces[k];

		if (i == NULL || !due(link_deadline(&i->l), s->now))
			continue;
		link_advance(&i->l, s->now);
		link_failures(s, i);
		link_count_drops(s, i);
	}
	conn_settle_touched(s);
}

void aksu_advance(struct aksu *s, aksu_time now)
{
	if (poisoned(s))
		return;
	(void)latch(s, now);
	if (s->suspended)
		return;
	s->env.events.scope = (struct event_scope){0};
	run_connections(s);
	syn_advance(s);
	timewait_advance(s);
	s->syns_since = s->timewaits_since = s->now;
	run_ip(s);
	run_links(s);
	starved_advance(s);
	local_run(s);
	nowhere_run(s);
}

instant stack_deadline(const struct aksu *s)
{
	instant first;

	if (iface_wants_output(&s->local) || iface_wants_output(&s->nowhere))
		return s->now; /* more to carry than one burst */
	first = earlier(wheel_next(&s->wheel), ip_deadline(&s->ip));
	first = earlier(first, earlier(syn_deadline(s), timewait_deadline(s)));
	first = earlier(first, starved_deadline(s));
	for (unsigned k = 0; k < s->iface_end; k++)
		if (s->ifaces[k] != NULL)
			first = earlier(first, link_deadline(&s->ifaces[k]->l));
	return first;
}

aksu_time aksu_deadline(const struct aksu *s)
{
	if (poisoned(s) || s->suspended)
		return AKSU_NEVER;
	return clock_outward(s, stack_deadline(s));
}
