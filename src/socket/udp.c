/* SPDX-License-Identifier: MIT */
/*
 * socket/udp.c - UDP sockets (RFC 768). A socket is its binding: it has a port from the start.
 */
#include "socket/handle.h"

static aksu_socket name_of(const struct aksu *s, uint32_t index)
{
	return (aksu_socket){index | SLOT_UDP, bound_at(s, index)->gen};
}

aksu_socket aksu_socket_udp(struct aksu *s)
{
	struct aksu_endpoint any = {.port = 0};
	uint32_t index;
	int error;

	if (poisoned(s))
		return AKSU_NO_SOCKET;
	index = bound_add(s, 17, &any, &error);
	if (index == POOL_NONE)
		return AKSU_NO_SOCKET;
	bound_at(s, index)->conf = conf_ref(s->conf);
	bound_at(s, index)->gen = ++s->gen != 0 ? s->gen : ++s->gen;
	return name_of(s, index);
}

int socket_bind_udp(struct aksu *s, aksu_socket h, const struct aksu_endpoint *local)
{
	uint32_t index;

	if (udp_of(s, h, &index) == NULL)
		return -AKSU_EBADF;
	return bound_move(s, index, local);
}

int socket_connect_udp(struct aksu *s, aksu_socket h, const struct aksu_endpoint *remote)
{
	uint32_t index;
	struct bound *b = udp_of(s, h, &index);
	struct ip_path path;
	int error;

	if (b == NULL)
		return -AKSU_EBADF;
	error = ip_route_on(&s->ip, b->link, &remote->addr,
			    addr_is_unspecified(&b->local.addr) ? NULL : &b->local.addr, &path);
	if (error != AKSU_OK || remote->port == 0)
		return error != AKSU_OK ? error : -AKSU_EINVAL;
	b->remote = *remote;
	b->connected = true;
	return AKSU_OK;
}

int socket_close_udp(struct aksu *s, aksu_socket h)
{
	uint32_t index;

	if (poisoned(s))
		return -AKSU_EPOISONED;
	if (udp_of(s, h, &index) == NULL)
		return -AKSU_EBADF;
	bound_remove(s, index);
	return AKSU_OK;
}

/* No UDP socket has this name: it is a TCP socket's, or nobody's. */
static int no_udp(const struct aksu *s, aksu_socket h)
{
	uint32_t index;

	return tcp_of(s, h, &index) != NULL ? -AKSU_EOPNOTSUPP : -AKSU_EBADF;
}

int64_t aksu_sendto(struct aksu *s, aksu_socket h, const void *data, size_t n,
		    const struct aksu_endpoint *to, aksu_time now)
{
	uint32_t index;

	if (poisoned(s))
		return -AKSU_EPOISONED;
	(void)latch(s, now);
	if (udp_of(s, h, &index) == NULL)
		return no_udp(s, h);
	return udp_send(s, index, data, n, to);
}

int64_t aksu_recvfrom(struct aksu *s, aksu_socket h, void *data, size_t n,
		      struct aksu_endpoint *from)
{
	uint32_t index;

	if (poisoned(s))
		return -AKSU_EPOISONED;
	if (udp_of(s, h, &index) == NULL)
		return no_udp(s, h);
	return udp_receive(s, index, data, n, from);
}
