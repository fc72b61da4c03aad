/* SPDX-License-Identifier: MIT */
/*
 * stack/open.c - active OPEN: source address, port, initial sequence number.
 *
 * RFC 9293 section 3.10.1 and 3.9.2.3 (MUST-44 to MUST-46), RFC 6528 (ISN), RFC 6056 (ports), RFC
 * 6191 section 3 (timestamps that grow from one connection of a pair to the next).
 */
#include "stack/stack.h"

enum {
	PORT_FIRST = 1024, /* RFC 6056 3.2: all but the well-known ones */
	PORTS = 65536 - PORT_FIRST,
	PORT_LEAPS = 64, /* tries with steps at random; more find nothing only where few are free */
};

/* ISN = M + F(localip, localport, remoteip, remoteport, secretkey): MUST-8, SHLD-1, MUST-9. */
tcp_seq isn_of(const struct aksu *s, const struct flow *f, instant now)
{
	uint32_t m = (uint32_t)(now.ns / microseconds(4).ns);

	return seq_at(s->isn_seed + m + (uint32_t)siphash(&s->key_isn, f, sizeof(*f)));
}

/* The same for every connection of two hosts, so that it only grows between them (C-21). */
tcp_ts ts_offset_of(const struct aksu *s, const struct flow *f)
{
	struct aksu_addr pair[2] = {f->local, f->remote};

	return ts_at((uint32_t)siphash(&s->key_ts, pair, sizeof(pair)));
}

/*
 * MUST-67: what the path takes, less fixed headers. 28 at least: no link is below 68 (RFC 791), and
 * what ICMP may say ends far above (ip/pmtu.c).
 */
uint16_t path_mss_of(const struct ip_path *path)
{
	return (uint16_t)(min_u32(path->pmtu, UINT16_MAX) - path_headers(&path->src));
}

uint16_t default_mss_of(const struct aksu_addr *remote)
{
	return addr_is_v4(remote) ? MSS_DEFAULT_V4 : MSS_DEFAULT_V6;
}

/*
 * RFC 6056 algorithm 4 with steps at random: each destination has its own sequence, and nobody can
 * tell where it stands (B3). Where ports are scarce the steps are of one: no free one is missed.
 */
static int choose_port(struct aksu *s, struct flow *f)
{
	struct {
		struct aksu_addr local, remote;
		uint16_t port, none;
	} key = {f->local, f->remote, f->remote_port, 0};
	uint64_t h = siphash(&s->key_port, &key, sizeof(key));
	uint32_t offset = (uint32_t)h % PORTS, *next = &s->port_table[h >> 60];

	for (uint32_t tries = 0; tries < PORT_LEAPS + PORTS; tries++) {
		*next = (*next + (tries < PORT_LEAPS ? 1 + prng_below(&s->env.prng, 7) : 1)) %
			PORTS;
		f->local_port = (uint16_t)(PORT_FIRST + (offset + *next) % PORTS);
		if (!port_taken(s, 6, f->local_port) && flows_find(s, f) == FLOW_END)
			return AKSU_OK;
	}
	return -AKSU_EADDRINUSE;
}

/*
 * A pair of endpoints that rests in TIME-WAIT may begin anew where timestamps keep the old apart
 * from the new (RFC 6191 section 3), above anything that was sent before.
 */
static int reuse_timewait(const struct aksu *s, flow_ref old, tcp_seq *iss)
{
	const struct timewait *w;

	if (old == FLOW_END)
		return AKSU_OK;
	if (FLOW_KIND(old) != FLOW_TIMEWAIT)
		return -AKSU_EADDRINUSE;
	w = &timewait_at(s, FLOW_INDEX(old))->w;
	if (!(w->shift & TIMEWAIT_TS))
		return -AKSU_EADDRINUSE;
	*iss = seq_max(*iss, timewait_iss_floor(w));
	return AKSU_OK;
}

static int find_path(struct aksu *s, const struct conn *c, const struct aksu_endpoint *remote,
		     struct flow *f, struct ip_path *path)
{
	const struct aksu_addr *src = NULL;
	int error;

	if (remote->port == 0 || !ip_valid_remote(&s->ip, &remote->addr))
		return -AKSU_EINVAL; /* MUST-46 */
	*f = (struct flow){.remote = remote->addr, .remote_port = remote->port};
	if (c->flags & CONN_BOUND) {
		const struct bound *b = bound_at(s, c->bound);

		f->local_port = b->local.port;
		if (!addr_is_unspecified(&b->local.addr))
			src = &b->local.addr;
	}
	error = ip_route(&s->ip, &remote->addr, src, path);
	f->local = path->src; /* MUST-44; from here on it never changes (MUST-45) */
	return error;
}

int stack_connect(struct aksu *s, uint32_t index, const struct aksu_endpoint *remote, instant now)
{
	struct conn *c = conn_at(s, index);
	struct ip_path path = {0};
	struct flow f, before = c->flow;
	struct tcp_open open;
	flow_ref old;
	int error = find_path(s, c, remote, &f, &path);

	if (error == AKSU_OK && f.local_port == 0)
		error = choose_port(s, &f);
	if (error != AKSU_OK)
		return error;
	open = (struct tcp_open){
		.iss = isn_of(s, &f, now),
		.ts_offset = ts_offset_of(s, &f),
		.path_mss = path_mss_of(&path),
		.default_mss = default_mss_of(&f.remote),
	};
	old = flows_find(s, &f);
	error = reuse_timewait(s, old, &open.iss);
	if (error != AKSU_OK)
		return error;
	if (FLOW_KIND(old) == FLOW_TIMEWAIT)
		timewait_free(s, FLOW_INDEX(old));
	c->flow = f;
	c->t.id = flow_id(s, &f);
	c->link = (int16_t)path.link;
	conn_enter(s, c);
	error = tcp_open(&c->t, &open, now);
	if (error != AKSU_OK) { /* no memory: the socket is as it was */
		c->flow = before;
		return error;
	}
	flows_insert(s, FLOW_REF(FLOW_CONN, index));
	c->flags |= CONN_IN_TABLE;
	conn_settle(s, index);
	return AKSU_OK;
}
