/* SPDX-License-Identifier: MIT */
/*
 * cli/echo_server.c - see cli/echo_server.h.
 */
#include "cli/echo_server.h"

#include <string.h>

enum {
	CHUNK = 64 * 1024, /* octets moved at once, also the largest datagram */
	BACKLOG = 1024,    /* connections that may wait for a turn of the loop */
};

/* Memory comes back by acknowledgements, and no readiness tells of it: ask again after this. */
#define RETRY (20 * AKSU_MILLISECOND)

struct echo_conn {
	struct echo_conn *prev, *next;
	aksu_socket socket;
	bool starved; /* the stack's memory was used up: try again at es->retry_at */
};

static const struct aksu_addr ANY = {{0}};

static int listen_tcp(struct echo_server *es, const struct aksu_endpoint *local)
{
	int error;

	es->listener = aksu_socket_tcp(es->stack);
	if (es->listener.gen == 0)
		return -AKSU_ENOMEM;
	error = aksu_bind(es->stack, es->listener, local);
	return error ? error : aksu_listen(es->stack, es->listener, BACKLOG);
}

static int bind_udp(struct echo_server *es, const struct aksu_endpoint *local)
{
	es->udp = aksu_socket_udp(es->stack);
	if (es->udp.gen == 0)
		return -AKSU_ENOMEM;
	return aksu_bind(es->stack, es->udp, local);
}

int echo_server_start(struct echo_server *es, struct aksu *stack,
		      const struct aksu_allocator *allocator, uint16_t port)
{
	struct aksu_endpoint local = {.addr = ANY, .port = port};
	int error;

	memset(es, 0, sizeof(*es));
	es->retry_at = AKSU_NEVER;
	es->stack = stack;
	es->allocator = *allocator;
	es->buffer = allocator->alloc(allocator->ctx, CHUNK, 64);
	if (!es->buffer)
		return -AKSU_ENOMEM;
	error = listen_tcp(es, &local);
	return error ? error : bind_udp(es, &local);
}

static void forget(struct echo_server *es, struct echo_conn *c)
{
	if (c->prev)
		c->prev->next = c->next;
	else
		es->conns = c->next;
	if (c->next)
		c->next->prev = c->prev;
	es->open--;
	es->allocator.free(es->allocator.ctx, c, sizeof(*c));
}

static void finish(struct echo_server *es, struct echo_conn *c, aksu_time now)
{
	aksu_close(es->stack, c->socket, now);
	es->ended++;
	forget(es, c);
}

static void fail(struct echo_server *es, struct echo_conn *c, aksu_time now)
{
	aksu_abort(es->stack, c->socket, now);
	es->failed++;
	forget(es, c);
}

static void starve(struct echo_server *es, struct echo_conn *c, aksu_time now)
{
	c->starved = true;
	if (es->retry_at == AKSU_NEVER)
		es->retry_at = now + RETRY;
}

/*
 * Moves octets until one side says no: the receive buffer is empty (READABLE will tell), or the
 * send buffer is full (WRITABLE will). They are looked at first and taken when they are sent.
 */
static void pump(struct echo_server *es, struct echo_conn *c, aksu_time now)
{
	for (;;) {
		int64_t n = aksu_peek(es->stack, c->socket, es->buffer, CHUNK);
		int64_t sent = n;

		if (n == -AKSU_EAGAIN)
			return;
		if (n == 0) {
			finish(es, c, now);
			return;
		}
		if (n > 0 && !es->stopping)
			sent = aksu_send(es->stack, c->socket, es->buffer, (size_t)n, 0, now);
		if (sent == -AKSU_EAGAIN)
			return;
		if (sent == -AKSU_ENOMEM) {
			starve(es, c, now);
			return;
		}
		if (sent > 0)
			sent = aksu_recv(es->stack, c->socket, es->buffer, (size_t)sent, now);
		if (sent <= 0) {
			fail(es, c, now);
			return;
		}
		es->octets += es->stopping ? 0 : (uint64_t)sent;
	}
}

static void adopt(struct echo_server *es, aksu_socket socket, aksu_time now)
{
	struct echo_conn *c =
		es->allocator.alloc(es->allocator.ctx, sizeof(*c), _Alignof(struct echo_conn));

	if (!c) {
		aksu_abort(es->stack, socket, now);
		return;
	}
	*c = (struct echo_conn){.next = es->conns, .socket = socket};
	if (es->conns)
		es->conns->prev = c;
	es->conns = c;
	es->open++;
	es->taken++;
	aksu_set_user(es->stack, socket, c);
	pump(es, c, now); /* data may have come with the handshake */
}

static void take_connections(struct echo_server *es, aksu_time now)
{
	aksu_socket socket;

	while ((es->most == 0 || es->taken < es->most) &&
	       aksu_accept(es->stack, es->listener, &socket) == 0)
		adopt(es, socket, now);
	if (es->most != 0 && es->taken == es->most && es->listener.gen != 0) {
		aksu_close(es->stack, es->listener, now);
		es->listener = AKSU_NO_SOCKET;
	}
}

static void echo_datagrams(struct echo_server *es, aksu_time now)
{
	struct aksu_endpoint from;
	int64_t n;

	while ((n = aksu_recvfrom(es->stack, es->udp, es->buffer, CHUNK, &from)) >= 0) {
		/* RFC 862: "returned". Another echo port would return it again, for ever. */
		if (n > CHUNK || from.port < 1024)
			continue;
		es->datagrams++;
		aksu_sendto(es->stack, es->udp, es->buffer, (size_t)n, &from, now);
	}
}

void echo_server_ready(struct echo_server *es, const struct aksu_ready *ready, aksu_time now)
{
	if (aksu_socket_equal(ready->socket, es->listener)) {
		take_connections(es, now);
	} else if (aksu_socket_equal(ready->socket, es->udp)) {
		echo_datagrams(es, now);
	} else if (ready->user) {
		struct echo_conn *c = ready->user;

		if (ready->events & AKSU_ERROR)
			fail(es, c, now);
		else
			pump(es, c, now);
	}
}

void echo_server_turn(struct echo_server *es, aksu_time now)
{
	struct echo_conn *next;

	if (now < es->retry_at)
		return;
	es->retry_at = AKSU_NEVER;
	for (struct echo_conn *c = es->conns; c; c = next) {
		next = c->next;
		if (!c->starved)
			continue;
		c->starved = false;
		pump(es, c, now);
	}
}

void echo_server_stop(struct echo_server *es, aksu_time now)
{
	struct echo_conn *next;

	es->stopping = true;
	if (es->listener.gen != 0)
		aksu_close(es->stack, es->listener, now);
	es->listener = AKSU_NO_SOCKET;
	for (struct echo_conn *c = es->conns; c; c = next) {
		next = c->next;
		aksu_shutdown(es->stack, c->socket, now);
		pump(es, c, now);
	}
}

void echo_server_abort(struct echo_server *es, aksu_time now)
{
	while (es->conns)
		fail(es, es->conns, now);
}

bool echo_server_lingers(const struct echo_server *es)
{
	struct aksu_info info;
	uint64_t cursor = 0;

	while (aksu_next_info(es->stack, &cursor, &info))
		if (info.state != AKSU_STATE_LISTEN && info.state != AKSU_STATE_CLOSED &&
		    info.state != AKSU_STATE_TIME_WAIT)
			return true;
	return false;
}

void echo_server_fini(struct echo_server *es)
{
	while (es->conns)
		forget(es, es->conns);
	if (es->buffer)
		es->allocator.free(es->allocator.ctx, es->buffer, CHUNK);
	es->buffer = NULL;
}
