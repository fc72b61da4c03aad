/* SPDX-License-Identifier: MIT */
/*
 * stack/clock.c - the caller's clock and the instance's own, when they part.
 *
 *      caller   ──────┬───────────(nobody calls)──────────┬────────►
 *      instance ──────┴─ to the deadline, and a second ┬─┘ taken out ─►
 *
 * The instance's clock never goes back, and it counts no time in which nobody drove the instance
 * though something was due: a process that was stopped, a virtual machine that was paused. Silence
 * that nobody listened to is not the peer's, and attempts that nobody made are not spent (RFC 9293
 * section 3.8.3). So the core's timers, records and timestamps need to know nothing of pauses. The
 * time with nothing due counts: nothing can run out in it.
 */
#include "stack/stack.h"

/* A clock that goes back by less is waited for; beyond it was set anew, and is followed. */
#define BACK_MAX seconds(1)

/* The peer's clock of timestamps did not stand still with ours (RFC 7323 section 5.5). */
static void age_timestamps(struct aksu *s, duration pause)
{
	if (!longer(TS_RECENT_LIFETIME, pause))
		for (uint32_t i = pool_next(&s->conns, 0); i != POOL_NONE;
		     i = pool_next(&s->conns, i + 1))
			conn_at(s, i)->t.ts_recent_s -= (uint32_t)(pause.ns / seconds(1).ns);
}

uint64_t clock_step(struct aksu *s, aksu_time now)
{
	uint64_t step = now - s->clock, most;
	instant due;

	if (now < s->clock) {
		if (s->clock - now > BACK_MAX.ns)
			s->clock = now;
		return 0;
	}
	s->clock = now;
	due = stack_deadline(s);
	most = s->suspended ? 0 : is_never(due) ? step : since(s->now, due).ns + CLOCK_LATE_MAX.ns;
	if (step <= most)
		return step;
	age_timestamps(s, nanoseconds(step - most));
	return most;
}

aksu_time clock_outward(const struct aksu *s, instant at)
{
	return is_never(at) ? AKSU_NEVER : after((instant){s->clock}, since(s->now, at)).ns;
}

void aksu_suspend(struct aksu *s, aksu_time now)
{
	if (poisoned(s) || s->suspended)
		return;
	(void)latch(s, now);
	s->suspended = true;
	s->step_max = 0;
}

void aksu_resume(struct aksu *s, aksu_time now)
{
	if (poisoned(s))
		return;
	(void)latch(s, now);
	s->suspended = false;
	s->step_max = CLOCK_LATE_MAX.ns;
	for (unsigned k = 0; k < s->iface_end; k++)
		if (s->ifaces[k] != NULL)
			link_renew(&s->ifaces[k]->l, s->now);
	for (uint32_t i = pool_next(&s->conns, 0); i != POOL_NONE; i = pool_next(&s->conns, i + 1))
		conn_revive(s, i);
}
