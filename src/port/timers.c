/* SPDX-License-Identifier: MIT */
/*
 * port/timers.c - a binary heap whose entries know where they are; see timers.h.
 */
#include "port/timers.h"

#include <stdlib.h>

static void put(struct timers *t, size_t place, struct aksu_loop_timer *timer)
{
	t->heap[place] = timer;
	timer->place = place;
}

/* Moves `timer` from the hole at `place` towards the top, or the bottom, to where it belongs. */
static void settle(struct timers *t, size_t place, struct aksu_loop_timer *timer)
{
	while (place > 1 && timer->at < t->heap[place / 2]->at) {
		put(t, place, t->heap[place / 2]);
		place /= 2;
	}
	for (size_t child; (child = 2 * place) <= t->count; place = child) {
		if (child < t->count && t->heap[child + 1]->at < t->heap[child]->at)
			child++;
		if (timer->at <= t->heap[child]->at)
			break;
		put(t, place, t->heap[child]);
	}
	put(t, place, timer);
}

static void take_out(struct timers *t, struct aksu_loop_timer *timer)
{
	size_t hole = timer->place;
	struct aksu_loop_timer *last;

	if (!hole)
		return;
	timer->place = 0;
	last = t->heap[t->count--];
	if (last != timer)
		settle(t, hole, last);
}

static bool make_room(struct timers *t)
{
	size_t cap = t->cap ? 2 * t->cap : 16;
	struct aksu_loop_timer **heap;

	if (t->count + 1 < t->cap)
		return true;
	heap = realloc(t->heap, cap * sizeof(struct aksu_loop_timer *));
	if (!heap)
		return false;
	t->heap = heap;
	t->cap = cap;
	return true;
}

int timers_set(struct timers *t, struct aksu_loop_timer *timer, aksu_time at)
{
	if (at == AKSU_NEVER) {
		take_out(t, timer);
		timer->at = at;
		return 0;
	}
	if (!timer->place) {
		if (!make_room(t))
			return -AKSU_ENOMEM;
		timer->place = ++t->count;
	}
	timer->at = at;
	settle(t, timer->place, timer);
	return 0;
}

aksu_time timers_next(const struct timers *t) { return t->count ? t->heap[1]->at : AKSU_NEVER; }

void timers_run(struct timers *t, aksu_time now)
{
	for (size_t left = t->count; left > 0 && timers_next(t) <= now; left--) {
		struct aksu_loop_timer *timer = t->heap[1];

		take_out(t, timer);
		timer->at = AKSU_NEVER;
		if (timer->fire)
			timer->fire(timer->ctx, now);
	}
}

void timers_fini(struct timers *t)
{
	for (size_t i = 1; i <= t->count; i++)
		t->heap[i]->place = 0;
	free(t->heap);
}
