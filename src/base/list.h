/* SPDX-License-Identifier: MIT */
/*
 * base/list.h - lists of pool objects, linked by index through a link in the object.
 *
 * An object may be in as many lists at once as it has links. Who is in which list is the owner's
 * to remember: adding twice, or removing what is not in, is a mistake that is not found here.
 */
#ifndef AKSU_BASE_LIST_H
#define AKSU_BASE_LIST_H

#include "base/pool.h"

struct list_link {
	uint32_t prev, next; /* POOL_NONE at the ends */
};

struct list {
	uint32_t head, tail; /* POOL_NONE when empty */
};

#define LIST_EMPTY ((struct list){POOL_NONE, POOL_NONE})

/* `offset` is that of the link in an object. */
static inline struct list_link *list_link(const struct pool *p, size_t offset, uint32_t index)
{
	return (struct list_link *)(void *)((uint8_t *)pool_at(p, index) + offset);
}

static inline void list_append(const struct pool *p, size_t offset, struct list *l, uint32_t index)
{
	*list_link(p, offset, index) = (struct list_link){l->tail, POOL_NONE};
	if (l->tail == POOL_NONE)
		l->head = index;
	else
		list_link(p, offset, l->tail)->next = index;
	l->tail = index;
}

static inline void list_remove(const struct pool *p, size_t offset, struct list *l, uint32_t index)
{
	struct list_link link = *list_link(p, offset, index);

	if (link.prev == POOL_NONE)
		l->head = link.next;
	else
		list_link(p, offset, link.prev)->next = link.next;
	if (link.next == POOL_NONE)
		l->tail = link.prev;
	else
		list_link(p, offset, link.next)->prev = link.prev;
}

#endif
