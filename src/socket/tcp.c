/* SPDX-License-Identifier: MIT */
/*
 * socket/tcp.c - TCP sockets: making, opening, data, closing.
 *
 * Each call finds the connection, latches the time, asks tcp/ and settles what changed. Nothing
 * blocks and nothing is sent from here.
 */
#include "socket/handle.h"

/* No TCP socket has this name: it is a UDP socket's, or nobody's. */
static int bad_name(const struct aksu *s, aksu_socket h)
{
	uint32_t index;

	return udp_of(s, h, &index) != NULL ? -AKSU_EOPNOTSUPP : -AKSU_EBADF;
}

#define ENTER(h, now)                   \
	uint32_t index;                 \
	struct conn *c;                 \
	if (poisoned(s))                \
		return -AKSU_EPOISONED; \
	(void)latch(s, now);            \
	c = tcp_of(s, h, &index);       \
	if (c == NULL)                  \
	return bad_name(s, h)

/* ---------------------------------------------------------------- making */

aksu_socket aksu_socket_tcp(struct aksu *s)
{
	uint32_t index;
	struct conn *c = poisoned(s) ? NULL : conn_new(s, s->conf, &index);

	if (c == NULL)
		return AKSU_NO_SOCKET;
	c->flags |= CONN_OWNED;
	return (aksu_socket){index, c->gen};
}

static int bind_tcp(struct aksu *s, uint32_t index, const struct aksu_endpoint *local)
{
	struct conn *c = conn_at(s, index);
	uint32_t bound;
	int error;

	if (!conn_fresh(c) || c->flags & (CONN_BOUND | CONN_LISTENER))
		return -AKSU_EINVAL;
	bound = bound_add(s, 6, local, &error);
	if (bound == POOL_NONE)
		return error;
	bound_at(s, bound)->conn = index;
	c->bound = bound;
	c->flags |= CONN_BOUND;
	c->flow.local = bound_at(s, bound)->local.addr;
	c->flow.local_port = bound_at(s, bound)->local.port;
	return AKSU_OK;
}

int aksu_bind(struct aksu *s, aksu_socket h, const struct aksu_endpoint *local)
{
	uint32_t index;

	if (poisoned(s))
		return -AKSU_EPOISONED;
	if (is_udp(h))
		return socket_bind_udp(s, h, local);
	if (tcp_of(s, h, &index) == NULL)
		return -AKSU_EBADF;
	return bind_tcp(s, index, local);
}

int aksu_listen(struct aksu *s, aksu_socket h, unsigned backlog)
{
	uint32_t index;
	struct conn *c;

	if (poisoned(s))
		return -AKSU_EPOISONED;
	c = tcp_of(s, h, &index);
	if (c == NULL)
		return bad_name(s, h);
	if (!conn_fresh(c))
		return -AKSU_EISCONN;
	return stack_listen(s, index, backlog);
}

int aksu_accept(struct aksu *s, aksu_socket listener, aksu_socket *out)
{
	uint32_t index;
	struct conn *c;
	struct bound *b;

	if (poisoned(s))
		return -AKSU_EPOISONED;
	c = tcp_of(s, listener, &index);
	if (c == NULL)
		return bad_name(s, listener);
	b = listener_at(s, c);
	if (b == NULL)
		return -AKSU_EINVAL;
	if (b->accept.head == POOL_NONE)
		return -AKSU_EAGAIN;
	index = b->accept.head;
	list_remove(NEWS(s), &b->accept, index);
	b->accept_count--;
	c = conn_at(s, index);
	c->flags = (uint8_t)((c->flags & ~CONN_WAITING) | CONN_OWNED);
	c->bound = POOL_NONE;
	c->t.notices &= (uint8_t)~NOTICE_CONNECTED; /* accept says so */
	*out = (aksu_socket){index, c->gen};
	conn_settle(s, index);
	return AKSU_OK;
}

int aksu_connect(struct aksu *s, aksu_socket h, const struct aksu_endpoint *remote, aksu_time now)
{
	uint32_t index;
	struct conn *c;

	if (poisoned(s))
		return -AKSU_EPOISONED;
	(void)latch(s, now);
	if (is_udp(h))
		return socket_connect_udp(s, h, remote);
	c = tcp_of(s, h, &index);
	if (c == NULL)
		return -AKSU_EBADF;
	if (c->flags & CONN_LISTENER)
		return -AKSU_EOPNOTSUPP;
	if (c->t.state == TCP_SYN_SENT || c->t.state == TCP_SYN_RECEIVED)
		return -AKSU_EALREADY;
	if (!conn_fresh(c))
		return -AKSU_EISCONN;
	return stack_connect(s, index, remote, s->now);
}

/* ---------------------------------------------------------------- closing */

int aksu_shutdown(struct aksu *s, aksu_socket h, aksu_time now)
{
	int result;

	ENTER(h, now);
	if (c->flags & CONN_LISTENER)
		return -AKSU_ENOTCONN;
	conn_enter(s, c);
	result = tcp_shutdown(&c->t, s->now);
	conn_settle(s, index);
	return result;
}

static void close_listener(struct aksu *s, uint32_t index)
{
	struct conn *c = conn_at(s, index);

	conn_enter(s, c);
	passive_forget(s, c->bound);
	report_state(s, &c->flow, TCP_LISTEN, TCP_CLOSED);
	conn_free(s, index); /* its binding goes with it */
}

/* CLOSE and ABORT: what the peer must be told goes out as a reply; the name ends here. */
static int give_up(struct aksu *s, aksu_socket h, aksu_time now, bool abort)
{
	struct reply re = {0};
	struct flow f;

	ENTER(h, now);
	if (c->flags & CONN_LISTENER) {
		close_listener(s, index);
		return AKSU_OK;
	}
	f = c->flow;
	conn_enter(s, c);
	if (abort)
		tcp_abort(&c->t, &re);
	else
		(void)tcp_close(&c->t, s->now, &re);
	reply_send(s, &f, &re, (enum tcp_state)c->t.state, c->t.conf);
	conn_disown(s, index);
	return AKSU_OK;
}

int aksu_close(struct aksu *s, aksu_socket h, aksu_time now)
{
	return is_udp(h) ? socket_close_udp(s, h) : give_up(s, h, now, false);
}

int aksu_abort(struct aksu *s, aksu_socket h, aksu_time now)
{
	return is_udp(h) ? socket_close_udp(s, h) : give_up(s, h, now, true);
}

/* ---------------------------------------------------------------- data */

int64_t aksu_send(struct aksu *s, aksu_socket h, const void *data, size_t n, int flags,
		  aksu_time now)
{
	int64_t result;

	if (is_udp(h))
		return aksu_sendto(s, h, data, n, NULL, now);
	{
		ENTER(h, now);
		conn_enter(s, c);
		result = tcp_send(&c->t, data, n, flags & AKSU_MSG_MORE, flags & AKSU_MSG_OOB,
				  s->now);
		c->told &= (uint8_t)tcp_ready(&c->t); /* what is no longer so may be told again */
		conn_settle(s, index);
	}
	return result;
}

int64_t aksu_recv(struct aksu *s, aksu_socket h, void *data, size_t n, aksu_time now)
{
	int64_t result;

	if (is_udp(h))
		return aksu_recvfrom(s, h, data, n, NULL);
	{
		ENTER(h, now);
		conn_enter(s, c);
		result = tcp_receive(&c->t, data, n, s->now);
		c->told &= (uint8_t)tcp_ready(&c->t);
		conn_settle(s, index);
	}
	return result;
}

int64_t aksu_peek(struct aksu *s, aksu_socket h, void *data, size_t n)
{
	uint32_t index;
	const struct conn *c = tcp_of(s, h, &index);

	if (poisoned(s))
		return -AKSU_EPOISONED;
	return c != NULL ? tcp_peek(&c->t, data, n) : bad_name(s, h);
}
