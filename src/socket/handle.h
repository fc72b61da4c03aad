/* SPDX-License-Identifier: MIT */
/*
 * socket/handle.h - from the application's name of a socket to what it names.
 *
 * The upper bit of a slot tells UDP sockets from TCP's; the generation tells a name that is still
 * good from one that was given up: a stale name is an error, never a crash.
 */
#ifndef AKSU_SOCKET_HANDLE_H
#define AKSU_SOCKET_HANDLE_H

#include "stack/stack.h"

#define SLOT_UDP 0x80000000u

static inline bool is_udp(aksu_socket h) { return h.slot & SLOT_UDP; }

/* The TCP socket, or NULL; *index is its place in the pool. */
static inline struct conn *tcp_of(const struct aksu *s, aksu_socket h, uint32_t *index)
{
	struct conn *c;

	*index = h.slot;
	if (is_udp(h) || h.gen == 0 || !pool_lives(&s->conns, h.slot))
		return NULL;
	c = conn_at(s, h.slot);
	return c->gen == h.gen && c->flags & CONN_OWNED ? c : NULL;
}

/* The UDP socket, or NULL. */
static inline struct bound *udp_of(const struct aksu *s, aksu_socket h, uint32_t *index)
{
	struct bound *b;

	*index = h.slot & ~SLOT_UDP;
	if (!is_udp(h) || h.gen == 0 || !pool_lives(&s->bounds, *index))
		return NULL;
	b = bound_at(s, *index);
	return b->gen == h.gen && b->protocol == 17 ? b : NULL;
}

/* The listener that a TCP socket names, or NULL. */
static inline struct bound *listener_at(const struct aksu *s, const struct conn *c)
{
	return c->flags & CONN_LISTENER ? bound_at(s, c->bound) : NULL;
}

/* udp.c, behind the calls that serve both kinds */
int socket_bind_udp(struct aksu *s, aksu_socket h, const struct aksu_endpoint *local);
int socket_connect_udp(struct aksu *s, aksu_socket h, const struct aksu_endpoint *remote);
int socket_close_udp(struct aksu *s, aksu_socket h);

#endif
