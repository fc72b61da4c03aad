/* SPDX-License-Identifier: MIT */
/*
 * cli/service.c - see cli/service.h: the connections of a server, whatever it does with them.
 */
#include "cli/service.h"

#include <string.h>

enum { BACKLOG = 1024 }; /* connections that may wait for a turn of the loop */

static const struct aksu_addr ANY = {{0}};

/* ------------------------------------------------------------------ start */

static int listen_tcp(struct service *v, const struct aksu_endpoint *local)
{
	int error;

	v->listener = aksu_socket_tcp(v->stack);
	if (v->listener.gen == 0)
		return -AKSU_ENOMEM;
	error = aksu_bind(v->stack, v->listener, local);
	return error ? error : aksu_listen(v->stack, v->listener, BACKLOG);
}

static int bind_udp(struct service *v, const struct aksu_endpoint *local)
{
	v->udp = aksu_socket_udp(v->stack);
	if (v->udp.gen == 0)
		return -AKSU_ENOMEM;
	return aksu_bind(v->stack, v->udp, local);
}

static bool take_memory(struct service *v)
{
	v->buffer = v->allocator.alloc(v->allocator.ctx, SERVICE_CHUNK, 64);
	if (!v->buffer || !v->policy->prepare)
		return v->buffer != NULL;
	v->pattern = v->allocator.alloc(v->allocator.ctx, SERVICE_CHUNK, 64);
	if (!v->pattern)
		return false;
	v->policy->prepare(v);
	return true;
}

int service_start(struct service *v, const struct service_policy *policy, struct aksu *stack,
		  const struct aksu_allocator *allocator, uint16_t port)
{
	struct aksu_endpoint local = {.addr = ANY, .port = port};
	int error;

	*v = (struct service){
		.policy = policy,
		.stack = stack,
		.allocator = *allocator,
	};
	if (!take_memory(v))
		return -AKSU_ENOMEM;
	error = listen_tcp(v, &local);
	return error ? error : bind_udp(v, &local);
}

/* ------------------------------------------------------------------ connections */

static void forget(struct service *v, struct service_conn *c)
{
	if (c->prev)
		c->prev->next = c->next;
	else
		v->conns = c->next;
	if (c->next)
		c->next->prev = c->prev;
	v->open--;
	v->allocator.free(v->allocator.ctx, c, sizeof(*c));
}

static void finish(struct service *v, struct service_conn *c, aksu_time now)
{
	aksu_close(v->stack, c->socket, now);
	v->ended++;
	forget(v, c);
}

static void fail(struct service *v, struct service_conn *c, aksu_time now)
{
	aksu_abort(v->stack, c->socket, now);
	v->failed++;
	forget(v, c);
}

/* Whatever comes is let go by, until the peer's FIN. */
static int64_t drain(struct service *v, struct service_conn *c, aksu_time now)
{
	int64_t n;

	do
		n = aksu_recv(v->stack, c->socket, v->buffer, SERVICE_CHUNK, now);
	while (n > 0);
	return n;
}

static void pump(struct service *v, struct service_conn *c, aksu_time now)
{
	int64_t end = v->stopping ? drain(v, c, now) : v->policy->move(v, c, now);

	if (end == 0)
		finish(v, c, now);
	else if (end != -AKSU_EAGAIN && end != -AKSU_ENOMEM)
		fail(v, c, now);
}

static void adopt(struct service *v, aksu_socket socket, aksu_time now)
{
	struct service_conn *c =
		v->allocator.alloc(v->allocator.ctx, sizeof(*c), _Alignof(struct service_conn));

	if (!c) {
		aksu_abort(v->stack, socket, now);
		return;
	}
	*c = (struct service_conn){.next = v->conns, .socket = socket};
	if (v->conns)
		v->conns->prev = c;
	v->conns = c;
	v->open++;
	v->taken++;
	aksu_set_user(v->stack, socket, c);
	pump(v, c, now); /* data may have come with the handshake */
}

static void take_connections(struct service *v, aksu_time now)
{
	aksu_socket socket;

	while ((v->most == 0 || v->taken < v->most) &&
	       aksu_accept(v->stack, v->listener, &socket) == 0)
		adopt(v, socket, now);
	if (v->most != 0 && v->taken == v->most && v->listener.gen != 0) {
		aksu_close(v->stack, v->listener, now);
		v->listener = AKSU_NO_SOCKET;
	}
}

static void take_datagrams(struct service *v, aksu_time now)
{
	struct aksu_endpoint from;
	int64_t n;

	while ((n = aksu_recvfrom(v->stack, v->udp, v->buffer, SERVICE_CHUNK, &from)) >= 0) {
		if (n > SERVICE_CHUNK)
			continue;
		v->datagrams++;
		/* Another small service would answer the answer, and so on for ever. */
		if (from.port >= 1024)
			v->policy->answer(v, (size_t)n, &from, now);
	}
}

void service_ready(struct service *v, const struct aksu_ready *ready, aksu_time now)
{
	if (aksu_socket_equal(ready->socket, v->listener)) {
		take_connections(v, now);
	} else if (aksu_socket_equal(ready->socket, v->udp)) {
		take_datagrams(v, now);
	} else if (ready->user) {
		struct service_conn *c = ready->user;

		if (ready->events & AKSU_ERROR)
			fail(v, c, now);
		else
			pump(v, c, now);
	}
}

/* ------------------------------------------------------------------ end */

void service_stop(struct service *v, aksu_time now)
{
	struct service_conn *next;

	v->stopping = true;
	if (v->listener.gen != 0)
		aksu_close(v->stack, v->listener, now);
	v->listener = AKSU_NO_SOCKET;
	for (struct service_conn *c = v->conns; c; c = next) {
		next = c->next;
		aksu_shutdown(v->stack, c->socket, now);
		pump(v, c, now);
	}
}

void service_abort(struct service *v, aksu_time now)
{
	for (int i = 0; v->conns && i < SERVICE_RESETS; i++)
		fail(v, v->conns, now);
}

static void give_back(struct service *v, uint8_t **memory)
{
	if (*memory)
		v->allocator.free(v->allocator.ctx, *memory, SERVICE_CHUNK);
	*memory = NULL;
}

void service_fini(struct service *v)
{
	while (v->conns)
		forget(v, v->conns);
	give_back(v, &v->buffer);
	give_back(v, &v->pattern);
}
