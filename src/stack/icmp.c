/* SPDX-License-Identifier: MIT */
/*
 * stack/icmp.c - ICMP errors to the connection that caused them (RFC 9293 section 3.9.2.2,
 * MUST-54).
 *
 * Nothing is believed before the transport has said that what is quoted is in flight (RFC 5927).
 */
#include "base/bytes.h"
#include "stack/stack.h"

/* RFC 1191 and 8201: the path takes less. */
static void too_big(struct aksu *s, uint32_t index, const struct ip_icmp_error *e)
{
	const struct conn *c = conn_at(s, index);
	tcp_seq quoted = seq_at(e->seq);

	if (!seq_geq(quoted, c->t.snd.una) || !seq_lt(quoted, c->t.snd.nxt)) {
		tcp_drop(&s->env, &c->t, AKSU_DROP_ICMP_QUOTE, NULL);
		return;
	}
	(void)ip_pmtu_learn(&s->ip, &e->dst, e->mtu, e->quoted_len, s->now);
	conn_reroute(s, index, true); /* also when another connection has learnt it before */
}

static void tcp_error(struct aksu *s, const struct ip_icmp_error *e)
{
	struct flow f = {e->src, e->dst, e->src_port, e->dst_port};
	flow_ref ref = flows_find(s, &f);
	struct conn *c;

	if (FLOW_KIND(ref) != FLOW_CONN) {
		tcp_drop(&s->env, NULL, AKSU_DROP_ICMP_QUOTE, NULL);
		return;
	}
	c = conn_at(s, FLOW_INDEX(ref));
	conn_enter(s, c);
	if (e->kind == IP_ERROR_TOO_BIG)
		too_big(s, FLOW_INDEX(ref), e);
	else
		tcp_icmp(&c->t, e->error, e->hard, seq_at(e->seq));
	conn_touch(s, FLOW_INDEX(ref));
}

void icmp_deliver(struct aksu *s, int link, const struct ip_icmp_error *e)
{
	if (e->protocol == 6)
		tcp_error(s, e);
	else if (e->protocol == 17)
		udp_icmp(s, link, e);
}

/* A neighbour did not answer: host unreachable, said by ourselves (RFC 1122 2.4). */
void link_failures(struct aksu *s, struct iface *i)
{
	struct link_failure failure;

	while (link_take_failure(&i->l, &failure)) {
		struct ip_icmp_error e = {
			.kind = IP_ERROR_HOST_UNREACHABLE,
			.error = AKSU_EHOSTUNREACH,
			.hard = true, /* it is our own word: nobody forged it */
		};

		if (ip_quote(failure.packet, failure.len, &e))
			icmp_deliver(s, i->number, &e);
	}
}

static void count(struct aksu *s, enum aksu_drop reason, uint32_t total, uint32_t *counted)
{
	while (*counted != total) {
		++*counted;
		tcp_drop(&s->env, NULL, reason, NULL);
	}
}

void link_count_drops(struct aksu *s, struct iface *i)
{
	const struct link_drops *d = &i->l.drops;

	count(s, AKSU_DROP_NEIGHBOUR_QUEUE, d->queue, &i->counted.queue);
	count(s, AKSU_DROP_NEIGHBOUR_FAILED, d->failed, &i->counted.failed);
	count(s, AKSU_DROP_NO_MEMORY, d->memory, &i->counted.memory);
	count(s, AKSU_DROP_REPLY_QUEUE, d->reply, &i->counted.reply);
}
