/* SPDX-License-Identifier: MIT */
/*
 * stack/datagram.c - packets of ours that are not TCP: ICMP replies and UDP, cut to the path as
 * they go.
 */
#include "base/bytes.h"
#include "stack/stack.h"

static struct iface *iface_of(struct aksu *s, const struct ip_reply *d, struct ip_path *path)
{
	if (ip_route_on(&s->ip, d->tied ? d->link : IP_LOCAL, &d->out.dst, &d->out.src, path) != 0)
		return NULL;
	if (addr_is_link_local(&d->out.dst) && d->link >= 0)
		path->link = d->link; /* a link-local answer goes back where its cause came from */
	return path->local ? &s->local : s->ifaces[path->link];
}

static int refuse(struct aksu *s, struct ip_reply *d, enum aksu_drop reason, int error)
{
	tcp_drop(&s->env, NULL, reason, NULL);
	block_unref(d->payload.block);
	d->payload.block = NULL;
	return error;
}

int datagram_send(struct aksu *s, struct ip_reply *d)
{
	struct ip_path path = {0};
	struct iface *i = iface_of(s, d, &path);
	struct ip_reply *at;

	if (i == NULL)
		return refuse(s, d, AKSU_DROP_NO_ROUTE, -AKSU_ENETUNREACH);
	at = ring_push(&i->datagrams, &s->env.mem, sizeof(*at), DATAGRAMS_MAX);
	if (at == NULL && i->datagrams.count < DATAGRAMS_MAX)
		return refuse(s, d, AKSU_DROP_NO_MEMORY, -AKSU_ENOMEM);
	if (at == NULL) {
		i->datagram_refused = true;
		return refuse(s, d, AKSU_DROP_REPLY_QUEUE, -AKSU_EAGAIN);
	}
	*at = *d;
	d->payload.block = NULL; /* the reference moved */
	return AKSU_OK;
}

static void finish_first(struct aksu *s, struct iface *i)
{
	block_unref(RING_AT(&i->datagrams, struct ip_reply, 0)->payload.block);
	ring_pop(&i->datagrams, &s->env.mem, sizeof(struct ip_reply));
	i->cutting_valid = false;
	if (i->datagram_refused && i->datagrams.count <= DATAGRAMS_MAX / 2) {
		i->datagram_refused = false;
		udp_writable(s);
	}
}

static void report(struct aksu *s, struct iface *i, const struct ip_reply *d,
		   const struct aksu_tx *tx)
{
	struct flow f = {d->out.src, d->out.dst, 0, 0};
	struct aksu_event *e;

	if (LIKELY(!event_wanted(&s->env.events, AKSU_EVENT_PACKET_OUT)))
		return;
	scope_set(s, &f, i->number, tx->packet);
	e = event_begin(&s->env.events, AKSU_EVENT_PACKET_OUT);
	if (e != NULL) {
		e->protocol = d->out.protocol;
		e->length = tx->len;
	}
}

/* The link knows no subnets: for the broadcast of one it wants the limited one (link/link.h). */
static void name_broadcast(struct ip_path *path)
{
	if (path->broadcast && addr_is_v4(&path->next_hop) && !addr_is_multicast(&path->next_hop))
		path->next_hop = aksu_addr_v4(255, 255, 255, 255);
}

/* The next fragment of the first datagram; 0: it is done. */
static bool next_piece(struct aksu *s, struct iface *i, struct ip_reply *d, struct aksu_tx *tx)
{
	size_t ip_at = i->local ? 0 : link_head_len(&i->l), head;
	uint32_t offset, len;

	if (!i->cutting_valid) {
		if (iface_of(s, d, &i->cutting_path) != i) {
			tcp_drop(&s->env, NULL, AKSU_DROP_NO_ROUTE, NULL);
			return false; /* the route changed while it waited */
		}
		name_broadcast(&i->cutting_path);
		ip_fragments_start(&i->cutting, &s->ip, &d->out,
				   i->local ? IP_LOCAL_MTU : i->cutting_path.pmtu);
		i->cutting_valid = true;
	}
	head = ip_fragment(&i->cutting, tx->head + ip_at, &offset, &len);
	if (head == 0)
		return false;
	tx->head_len = (uint16_t)(ip_at + head);
	tx->len = (uint32_t)(ip_at + head) + len;
	tx->checksum = 0;
	tx->csum_start = tx->csum_offset = tx->mss = tx->transport = 0;
	tx->pieces = 1;
	tx->piece[0] = (struct aksu_piece){
		d->payload.block->data + d->payload.at + offset,
		len,
		block_ref(d->payload.block),
	};
	tx->packet = ++s->packets;
	return true;
}

bool datagrams_next(struct aksu *s, struct iface *i, struct aksu_tx *tx)
{
	while (i->datagrams.count > 0) {
		struct ip_reply *d = RING_AT(&i->datagrams, struct ip_reply, 0);
		enum link_verdict verdict;

		if (!next_piece(s, i, d, tx)) {
			finish_first(s, i);
			continue;
		}
		report(s, i, d, tx);
		if (i->local || i->l.kind == AKSU_LINK_IP)
			return true;
		verdict = link_output(&i->l, tx, &i->cutting_path.next_hop, s->now);
		if (verdict == LINK_SEND)
			return true;
		if (verdict == LINK_DROP)
			tx_release(tx);
	}
	return false;
}
