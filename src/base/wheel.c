/* SPDX-License-Identifier: MIT */
/*
 * base/wheel.c - the timer wheel; see wheel.h for the picture.
 */
#include "base/wheel.h"

#define TICK_BITS 20u
#define SLOT_BITS 6u
#define HEAD_MARK 0x80000000u /* in `prev`: the low bits are level * 64 + slot */
#define SCAN_MAX  32u         /* entries looked at for the exact moment */

static_assert(TICK_BITS + SLOT_BITS * WHEEL_LEVELS >= 64, "reaches to the end of the clock");

static struct wheel_link *link_of(const struct wheel *w, uint32_t index)
{
	return (struct wheel_link *)(void *)((uint8_t *)pool_at(w->pool, index) + w->offset);
}

void wheel_init(struct wheel *w, const struct pool *pool, size_t offset, instant now)
{
	*w = (struct wheel){.pool = pool, .offset = offset, .tick = now.ns >> TICK_BITS};
	for (unsigned l = 0; l < WHEEL_LEVELS; l++)
		for (unsigned s = 0; s < WHEEL_SLOTS; s++)
			w->head[l][s] = POOL_NONE;
}

void wheel_add(struct wheel *w, uint32_t index, instant at)
{
	struct wheel_link *link = link_of(w, index);
	uint64_t tick = max_u64(at.ns >> TICK_BITS, w->tick), differ = tick ^ w->tick;
	unsigned level = differ == 0 ? 0 : (63u - (unsigned)__builtin_clzll(differ)) / SLOT_BITS;
	unsigned slot = (unsigned)(tick >> SLOT_BITS * level) % WHEEL_SLOTS;
	uint32_t *head = &w->head[level][slot];

	link->at = at;
	link->prev = HEAD_MARK | (level * WHEEL_SLOTS + slot);
	link->next = *head;
	if (*head != POOL_NONE)
		link_of(w, *head)->prev = index;
	*head = index;
	w->occupied[level] |= (uint64_t)1 << slot;
}

void wheel_remove(struct wheel *w, uint32_t index)
{
	struct wheel_link *link = link_of(w, index);

	if (is_never(link->at))
		return;
	if (link->prev & HEAD_MARK) {
		unsigned place = link->prev & ~HEAD_MARK;
		unsigned level = place / WHEEL_SLOTS, slot = place % WHEEL_SLOTS;

		w->head[level][slot] = link->next;
		if (link->next == POOL_NONE)
			w->occupied[level] &= ~((uint64_t)1 << slot);
	} else {
		link_of(w, link->prev)->next = link->next;
	}
	if (link->next != POOL_NONE)
		link_of(w, link->next)->prev = link->prev;
	link->at = INSTANT_NEVER;
}

/* The first occupied slot: its level, or WHEEL_LEVELS when the wheel is empty. */
static unsigned first_slot(const struct wheel *w, unsigned *slot, uint64_t *tick)
{
	for (unsigned level = 0; level < WHEEL_LEVELS; level++) {
		unsigned shift = SLOT_BITS * (level + 1);
		uint64_t above = shift < 64 ? w->tick >> shift << shift : 0;

		if (w->occupied[level] == 0)
			continue;
		*slot = low_bit_u64(w->occupied[level]);
		*tick = above | (uint64_t)*slot << SLOT_BITS * level;
		return level;
	}
	return WHEEL_LEVELS;
}

/* The clock has entered this slot: its entries move to lower levels. */
static void move_down(struct wheel *w, unsigned level, unsigned slot)
{
	uint32_t index = w->head[level][slot];

	w->head[level][slot] = POOL_NONE;
	w->occupied[level] &= ~((uint64_t)1 << slot);
	while (index != POOL_NONE) {
		struct wheel_link *link = link_of(w, index);
		uint32_t next = link->next;

		wheel_add(w, index, link->at);
		index = next;
	}
}

/* One entry of a level-0 slot that is due; in the current tick some may not be. */
static uint32_t pop_from(struct wheel *w, unsigned slot, instant now)
{
	for (uint32_t i = w->head[0][slot]; i != POOL_NONE; i = link_of(w, i)->next)
		if (due(link_of(w, i)->at, now)) {
			wheel_remove(w, i);
			return i;
		}
	return POOL_NONE;
}

uint32_t wheel_pop(struct wheel *w, instant now)
{
	uint64_t target = now.ns >> TICK_BITS, tick = 0;

	for (;;) {
		unsigned slot = 0, level = first_slot(w, &slot, &tick);

		if (level == WHEEL_LEVELS || tick > target)
			break;
		w->tick = max_u64(w->tick, tick);
		if (level == 0)
			return pop_from(w, slot, now);
		move_down(w, level, slot);
	}
	w->tick = max_u64(w->tick, target);
	return POOL_NONE;
}

instant wheel_next(const struct wheel *w)
{
	unsigned slot = 0, level, seen = 0;
	uint64_t tick = 0;
	instant first = INSTANT_NEVER;

	level = first_slot(w, &slot, &tick);
	if (level == WHEEL_LEVELS)
		return INSTANT_NEVER;
	for (uint32_t i = w->head[level][slot]; i != POOL_NONE; i = link_of(w, i)->next) {
		if (++seen > SCAN_MAX)
			return (instant){level == 0 ? (tick + 1) << TICK_BITS : tick << TICK_BITS};
		first = earlier(first, link_of(w, i)->at);
	}
	return first;
}
