/* SPDX-License-Identifier: MIT */
/*
 * tcp/validate.c - how far the congestion window is to be believed: what of it was used in the last
 * round trips, and what is left of it after a pause.
 *
 * RFC 5681 section 3.1 (FlightSize) and 4.1 (restarting idle connections), RFC 7661 (unused windows
 * do not grow; where they end), RFC 9438 section 5.8. It knows no algorithm: that one is told
 * whether the window was the limit, and what the flight was.
 */
#include "tcp/tcp.h"

/*
 * After something was sent. In slow start half of the window is use enough, for the other half may
 * be what the last ACKs have just added (RFC 7661 4.3).
 */
void cwnd_used(struct tcb *t)
{
	struct tcp_use *u = &t->x->use;
	const struct cc *cc = &t->x->cc;
	uint32_t flight = snd_in_flight(t);

	u->flight = max_u32(u->flight, flight);
	if (flight + cc->smss > cc->cwnd ||
	    (!cc->ops->model && cc->cwnd < cc->ssthresh && flight >= cc->cwnd / 2))
		u->limited = true;
}

void cwnd_round(struct tcb *t)
{
	struct tcp_use *u = &t->x->use;

	*u = (struct tcp_use){.last_flight = u->flight, .was_limited = u->limited};
}

bool cwnd_limited(const struct tcb *t)
{
	const struct tcp_use *u = &tcb_x(t)->use;

	return u->limited || u->was_limited;
}

/* ACKs that came together leave little in flight for the last of them, which says nothing. */
uint32_t cwnd_flight(const struct tcb *t)
{
	const struct tcb_ext *x = tcb_x(t);

	return min_u32(max_u32(x->use.flight, x->use.last_flight), x->cc.cwnd);
}

/*
 * RFC 5681 4.1 (F18): after a pause of more than an RTO nothing clocks a burst any more: it begins
 * as a connection does, unless a model tells its pace. RFC 7661 4.4.3: ssthresh remembers, so
 * that slow start comes back fast.
 */
void cwnd_resume(struct tcb *t, instant now)
{
	uint32_t now_ms = (uint32_t)(now.ns / milliseconds(1).ns);
	uint32_t idle = now_ms - t->last_sent_ms;
	struct cc *cc = &t->x->cc;

	t->last_sent_ms = now_ms;
	if (cc->ops->on_restart != NULL && snd_in_flight(t) == 0 && t->x->app_limited != 0)
		cc->ops->on_restart(cc, now);
	if (cc->ops->model)
		return;
	if (snd_outstanding(t) > 0 || idle <= to_ms(rtt_rto(t)))
		return;
	t->x->use = (struct tcp_use){0};
	if (cc->ops->keeps_window)
		return;
	cc->ssthresh = max_u32(cc->ssthresh, cc->cwnd / 4 * 3);
	cc->cwnd = min_u32(cc->cwnd, initial_window(cc->smss));
}
