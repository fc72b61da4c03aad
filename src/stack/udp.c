/* SPDX-License-Identifier: MIT */
/*
 * stack/udp.c - UDP (RFC 768, RFC 1122 section 4.1): datagrams in and out of bound sockets.
 *
 * A datagram that comes waits as one block; a socket's queue is bounded by its receive buffer in
 * octets and by QUEUE_MAX in number. One that leaves is queued for its link and cut there.
 */
#include "wire/udp.h"
#include "base/bytes.h"
#include "stack/stack.h"

#define QUEUE_MAX 512u /* datagrams: bounds what empty ones cost */

void udp_drop_queue(struct aksu *s, struct bound *b)
{
	for (uint32_t k = 0; k < b->queue.count; k++)
		block_unref(RING_AT(&b->queue, struct datagram, k)->block);
	ring_fini(&b->queue, &s->env.mem, sizeof(struct datagram));
	b->queue_octets = 0;
}

static void drop(struct aksu *s, enum aksu_drop reason) { tcp_drop(&s->env, NULL, reason, NULL); }

static void enqueue(struct aksu *s, uint32_t index, const struct ip_in *in, const struct udp *u)
{
	struct bound *b = bound_at(s, index);
	struct aksu_block *block;
	struct datagram *d;

	if (b->queue_octets + u->text_len > udp_queue_limit(b->conf)) {
		drop(s, AKSU_DROP_UDP_QUEUE_FULL);
		return;
	}
	block = block_new(&s->env.mem, max_u32(u->text_len, 1));
	if (block == NULL) {
		drop(s, AKSU_DROP_NO_MEMORY);
		return;
	}
	d = ring_push(&b->queue, &s->env.mem, sizeof(*d), QUEUE_MAX);
	if (d == NULL) {
		block_unref(block);
		drop(s, AKSU_DROP_UDP_QUEUE_FULL);
		return;
	}
	memcpy(block->data, u->text, u->text_len);
	block->filled = u->text_len;
	*d = (struct datagram){block, 0, u->text_len, {in->src, u->src_port}};
	b->queue_octets += u->text_len;
	bound_tell(s, index);
}

void udp_deliver(struct aksu *s, const struct ip_in *in, const struct aksu_rx *rx)
{
	/* What a device verified, or never crossed a wire, is not summed; reassembled text is. */
	bool sum = rx->checksum == AKSU_CHECKSUM_UNKNOWN || in->block != NULL;
	struct ip_reply reply = {0};
	struct udp u = {0};
	enum aksu_drop reason = udp_parse(in->payload, in->len, &u);
	uint32_t index;

	scope_set(s, &(struct flow){in->dst, in->src, u.dst_port, u.src_port}, in->link,
		  rx->packet);
	if (reason == AKSU_DROP_NONE && sum && !udp_checksum_good(&in->src, &in->dst, in->payload))
		reason = AKSU_DROP_UDP_CHECKSUM;
	if (reason != AKSU_DROP_NONE) {
		drop(s, reason);
		return;
	}
	index = bound_find(s, 17, in->link, &in->dst, u.dst_port,
			   &(struct aksu_endpoint){in->src, u.src_port});
	if (index != POOL_NONE) {
		enqueue(s, index, in, &u);
		return;
	}
	drop(s, AKSU_DROP_UDP_NO_SOCKET);
	if (ip_unreachable(&s->ip, in, IP_REFUSE_PORT, s->now, &reply))
		(void)datagram_send(s, &reply);
}

void udp_icmp(struct aksu *s, int link, const struct ip_icmp_error *e)
{
	struct aksu_endpoint remote = {e->dst, e->dst_port};
	uint32_t index = bound_find(s, 17, link, &e->src, e->src_port, &remote);

	if (index == POOL_NONE)
		return;
	if (e->kind == IP_ERROR_TOO_BIG)
		(void)ip_pmtu_learn(&s->ip, &e->dst, e->mtu, e->quoted_len, s->now);
	if (e->kind == IP_ERROR_TOO_BIG)
		return; /* the next one is cut to fit */
	if (!bound_at(s, index)->connected)
		return; /* an unconnected socket cannot tell which of its peers is meant */
	bound_at(s, index)->error = (uint8_t)e->error;
	bound_tell(s, index);
}

void udp_writable(struct aksu *s)
{
	for (uint32_t i = pool_next(&s->bounds, 0); i != POOL_NONE;
	     i = pool_next(&s->bounds, i + 1)) {
		struct bound *b = bound_at(s, i);

		if (!b->blocked)
			continue;
		b->blocked = false;
		bound_tell(s, i);
	}
}

int64_t udp_send(struct aksu *s, uint32_t index, const void *data, size_t n,
		 const struct aksu_endpoint *to)
{
	struct bound *b = bound_at(s, index);
	const struct aksu_addr *src = addr_is_unspecified(&b->local.addr) ? NULL : &b->local.addr;
	struct ip_path path = {0};
	struct udp u = {.src_port = b->local.port};
	struct ip_reply d = {0};
	struct aksu_block *block;
	int error;

	if (to == NULL && !b->connected)
		return -AKSU_ENOTCONN;
	if (to == NULL)
		to = &b->remote;
	if (n > UDP_TEXT_MAX - 20u)
		return -AKSU_EMSGSIZE;
	if (to->port == 0)
		return -AKSU_EINVAL;
	error = ip_route_on(&s->ip, b->link, &to->addr, src, &path);
	if (error != AKSU_OK)
		return error;
	block = block_new(&s->env.mem, (uint32_t)n + UDP_HDR_LEN);
	if (block == NULL)
		return -AKSU_ENOMEM;
	if (n > 0)
		memcpy(block->data + UDP_HDR_LEN, data, n);
	block->filled = block->cap;
	u.dst_port = to->port;
	u.text = block->data + UDP_HDR_LEN;
	u.text_len = (uint16_t)n;
	(void)udp_emit(&u, &path.src, &to->addr, block->data);
	d.out = (struct ip_out){
		.src = path.src,
		.dst = to->addr,
		.payload_len = block->filled,
		.protocol = 17,
		.ttl = b->conf->ttl != 0 ? b->conf->ttl : IP_TTL_DEFAULT,
		.tos = b->conf->tos,
	};
	d.payload = (struct slice){block, 0, block->filled};
	d.link = path.link;
	d.tied = b->link != IP_LOCAL && !path.local;
	error = datagram_send(s, &d);
	b->blocked |= error == -AKSU_EAGAIN;
	return error == AKSU_OK ? (int64_t)n : error;
}

int64_t udp_receive(struct aksu *s, uint32_t index, void *data, size_t n,
		    struct aksu_endpoint *from)
{
	struct bound *b = bound_at(s, index);
	struct datagram *d;
	int64_t whole;

	if (b->error != 0) {
		int error = b->error;

		b->error = 0;
		return -error;
	}
	if (b->queue.count == 0)
		return -AKSU_EAGAIN;
	d = RING_AT(&b->queue, struct datagram, 0);
	if (n > 0 && d->len > 0)
		memcpy(data, d->block->data + d->at, min_size(n, d->len));
	if (from != NULL)
		*from = d->from;
	whole = d->len;
	b->queue_octets -= d->len;
	block_unref(d->block);
	ring_pop(&b->queue, &s->env.mem, sizeof(*d));
	return whole;
}
