/* SPDX-License-Identifier: MIT */
/*
 * port/timers.h - the timers of a loop's users: a binary heap of pointers to them, earliest first.
 *
 * A timer knows its place in the heap (1 is the top, 0 is out), so that moving it is O(log n). The
 * core's own timers are not here: it has a wheel of its own (base/wheel.h).
 */
#ifndef AKSU_PORT_TIMERS_H
#define AKSU_PORT_TIMERS_H

#include <aksu/loop.h>

struct timers {
	struct aksu_loop_timer **heap; /* [1, count] */
	size_t count, cap;
};

void timers_fini(struct timers *t);

/* As aksu_loop_timer_set(). */
int timers_set(struct timers *t, struct aksu_loop_timer *timer, aksu_time at);

/* AKSU_NEVER: none is set. */
aksu_time timers_next(const struct timers *t);

/* Fires what is due, but no more than were set before: a timer that sets itself to a moment that
 * has come does not keep the loop. */
void timers_run(struct timers *t, aksu_time now);

#endif
