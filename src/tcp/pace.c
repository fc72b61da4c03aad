/* SPDX-License-Identifier: MIT */
/*
 * tcp/pace.c - when the next text may leave: a deadline, and never a wait.
 *
 * draft-ietf-ccwg-bbr sections 5.6.2 (C.next_send_time) and 5.6.3 (C.send_quantum). What leaves
 * moves C.next_send_time on by the time that the rate gives it; when a quantum has left, the rest
 * waits until that moment, and a quantum more goes. So a wake-up carries a quantum at any rate. New
 * text, what is sent again and loss probes are paced; ACKs, handshakes, window probes and a bare
 * FIN are not. The rate is the congestion control's or the application's, whichever is less; the
 * timer is timeout.c's.
 */
#include "tcp/tcp.h"

uint64_t pace_rate(const struct tcb *t)
{
	uint64_t rate = t->x->cc.pacing, most = t->conf->max_pacing_rate;

	return rate == 0 || (most != 0 && most < rate) ? most : rate;
}

bool pace_holds(const struct tcb *t, instant now)
{
	instant until = tcb_x(t)->deadline[TIMER_PACE];

	return !is_never(until) && before(now, until);
}

uint32_t pace_bulk(const struct tcb *t, uint32_t bulk)
{
	uint64_t rate = t->x != NULL ? pace_rate(t) : 0;
	uint32_t mss = max_u32(eff_snd_mss(t), 1);

	return rate == 0 ? bulk : min_u32(bulk, max_u32(cc_quantum(rate, mss) / mss, 1));
}

/* How long n octets take at a rate; what never ends is INSTANT_NEVER's distance. */
static duration time_for(uint32_t n, uint64_t rate)
{
	return nanoseconds((uint64_t)n * seconds(1).ns / rate);
}

/*
 * n octets leave now: until when the next wait, or INSTANT_NEVER while more of this quantum may go.
 * A late wake-up is made up for, or the mean would lie below the rate; but what was not sent for
 * longer is no credit.
 */
instant pace_sent(struct tcb *t, uint32_t n, instant now)
{
	struct tcb_ext *x = t->x;
	uint64_t rate = pace_rate(t);
	uint32_t mss, quantum;
	instant full;

	if (rate == 0)
		return INSTANT_NEVER;
	mss = eff_snd_mss(t);
	quantum = cc_quantum(rate, mss);
	if (longer(since(x->next_send_time, now), PACE_CREDIT))
		x->next_send_time = (instant){now.ns - PACE_CREDIT.ns};
	x->next_send_time = after(x->next_send_time, time_for(n, rate));
	full = after(now, time_for(quantum - min_u32(quantum, mss), rate));
	return before(full, x->next_send_time) ? x->next_send_time : INSTANT_NEVER;
}
