/* SPDX-License-Identifier: MIT */
/*
 * socket/ready.c - what a socket can do now, and which sockets have news (edge-triggered).
 */
#include "socket/handle.h"

static uint32_t ready_of_bound(const struct bound *b)
{
	if (b->protocol == 6)
		return b->accept_count > 0 ? AKSU_READABLE : 0;
	return AKSU_WRITABLE | (b->queue.count > 0 ? AKSU_READABLE : 0) |
	       (b->error != 0 ? AKSU_ERROR : 0);
}

uint32_t aksu_ready(const struct aksu *s, aksu_socket h)
{
	uint32_t index;
	const struct conn *c = tcp_of(s, h, &index);
	const struct bound *b;

	if (poisoned(s))
		return 0;
	if (c != NULL && c->flags & CONN_LISTENER)
		return ready_of_bound(bound_at(s, c->bound));
	if (c != NULL)
		return conn_ready(c);
	b = udp_of(s, h, &index);
	return b != NULL ? ready_of_bound(b) : 0;
}

/* Notices are told once, and forgotten with that. */
static uint32_t take_notices(struct conn *c)
{
	uint8_t n = c->t.notices;
	uint32_t events = 0;

	c->t.notices &=
		(uint8_t) ~(NOTICE_CONNECTED | NOTICE_URGENT | NOTICE_SOFT_ERROR | NOTICE_R1);
	if (n & NOTICE_CONNECTED)
		events |= AKSU_CONNECTED;
	if (n & NOTICE_URGENT)
		events |= AKSU_URGENT;
	if (n & (NOTICE_SOFT_ERROR | NOTICE_R1) && !c->t.conf->no_soft_errors) /* SHLD-20 */
		events |= AKSU_NOTICE;
	return events;
}

static void take_conn(struct aksu *s, uint32_t index, struct aksu_ready *out)
{
	struct conn *c = conn_at(s, index);
	uint32_t ready = conn_ready(c);

	list_remove(NEWS(s), &s->news, index);
	c->flags &= (uint8_t)~CONN_NEWS;
	c->told = (uint8_t)ready;
	*out = (struct aksu_ready){{index, c->gen}, ready | take_notices(c), c->user};
}

static void take_bound(struct aksu *s, uint32_t index, struct aksu_ready *out)
{
	struct bound *b = bound_at(s, index);

	list_remove(BOUND_NEWS(s), &s->bound_news, index);
	b->has_news = false;
	if (b->protocol == 17) {
		*out = (struct aksu_ready){{index | SLOT_UDP, b->gen}, ready_of_bound(b), b->user};
	} else {
		struct conn *c = conn_at(s, b->conn);

		*out = (struct aksu_ready){{b->conn, c->gen}, ready_of_bound(b), c->user};
	}
}

bool aksu_next_ready(struct aksu *s, struct aksu_ready *out)
{
	while (!poisoned(s) && (s->bound_news.head != POOL_NONE || s->news.head != POOL_NONE)) {
		if (s->bound_news.head != POOL_NONE)
			take_bound(s, s->bound_news.head, out);
		else
			take_conn(s, s->news.head, out);
		if (out->events != 0)
			return true;
	}
	return false;
}

int aksu_set_user(struct aksu *s, aksu_socket h, void *user)
{
	uint32_t index;
	struct conn *c = tcp_of(s, h, &index);
	struct bound *b = udp_of(s, h, &index);

	if (poisoned(s))
		return -AKSU_EPOISONED;
	if (c == NULL && b == NULL)
		return -AKSU_EBADF;
	if (c != NULL)
		c->user = user;
	else
		b->user = user;
	return AKSU_OK;
}

void *aksu_get_user(const struct aksu *s, aksu_socket h)
{
	uint32_t index;
	const struct conn *c = tcp_of(s, h, &index);
	const struct bound *b = udp_of(s, h, &index);

	if (c != NULL)
		return c->user;
	return b != NULL ? b->user : NULL;
}
