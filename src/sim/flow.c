/* SPDX-License-Identifier: MIT */
/*
 * sim/flow.c - the applications at both ends of the flows of a scenario.
 *
 * One application on each host serves all ends there. What a flow carries is a pattern that every
 * place of the stream has its octet of, so that each octet is compared as it is read: nothing is
 * kept, and what is lost, doubled or moved is seen at once.
 */
#include "base/bytes.h"
#include "sim/play.h"

enum {
	PORTION = 8192,
	PORTION_UDP = 1000,
	BACKLOG = 4,
	SALT = 7919, /* between the patterns of two ends */
	KEEPALIVES = 20,
};

/* Where an end may vanish without a word, the other must be able to find out. */
#define KEEPALIVE (60 * AKSU_SECOND)
/* Datagrams may be on their way for so long after their sender has ended. */
#define UDP_LINGER (100 * AKSU_SECOND)
/* A connection that its opener has given up may still come out of the accept queue. */
#define LISTEN_LINGER (600 * AKSU_SECOND)

#define HOUR (3600 * AKSU_SECOND)

static struct flow_end *other(const struct flow_end *e)
{
	return &e->run->end[2 * e->flow + !e->side];
}

static struct run_host *host_of(const struct flow_end *e)
{
	return &e->run->host[e->side == 0 ? e->plan->from : e->plan->to];
}

static const uint8_t *pattern_at(const struct flow_end *sender, uint64_t place)
{
	uint64_t salt = (uint64_t)(2 * sender->flow + sender->side) * SALT;

	return sender->run->pattern + (place + salt) % PATTERN;
}

static void wrong(const struct flow_end *e, const char *what)
{
	run_wrong(e->run, e->side == 0 ? "the opener of flow" : "the answerer of flow", e->flow,
		  what);
}

/* ---- opening and closing */

static void set(const struct flow_end *e, aksu_socket h, enum aksu_option option, int64_t value,
		aksu_time now)
{
	if (value != 0 && aksu_set_option(host_of(e)->stack, h, option, value, now) != 0)
		wrong(e, "an option was not taken");
}

static void set_options(const struct flow_end *e, aksu_socket h, aksu_time now)
{
	const struct sim_flow_plan *p = e->plan;
	uint32_t cc = e->side == 0 ? p->cc : p->cc_to;
	aksu_time keepalive = p->keepalive;

	if (keepalive == 0 && e->run->may_fail[e->flow])
		keepalive = KEEPALIVE;
	set(e, h, AKSU_TCP_USER_TIMEOUT, p->user_timeout != 0 ? (int64_t)p->user_timeout : -1, now);
	set(e, h, AKSU_TCP_SYN_TIMEOUT, (int64_t)HOUR, now);
	set(e, h, AKSU_TCP_NODELAY, p->nodelay, now);
	set(e, h, AKSU_TCP_QUICKACK, p->quickack, now);
	set(e, h, AKSU_TCP_CORK, p->cork, now);
	set(e, h, AKSU_SO_KEEPALIVE, keepalive != 0, now);
	set(e, h, AKSU_TCP_KEEPIDLE, (int64_t)keepalive, now);
	set(e, h, AKSU_TCP_KEEPINTVL, (int64_t)keepalive, now);
	set(e, h, AKSU_TCP_KEEPCNT, keepalive != 0 ? KEEPALIVES : 0, now);
	if (p->linger)
		aksu_set_option(host_of(e)->stack, h, AKSU_SO_LINGER, 0, now);
	if (cc != 0)
		aksu_set_option(host_of(e)->stack, h, AKSU_TCP_CONGESTION, (int64_t)cc - 1, now);
}

static void done(struct flow_end *e, aksu_time now)
{
	struct aksu *s = host_of(e)->stack;

	if (e->listener.gen != 0)
		aksu_close(s, e->listener, now);
	if (e->socket.gen != 0)
		aksu_close(s, e->socket, now);
	e->listener = e->socket = AKSU_NO_SOCKET;
	e->closed = true;
	e->wake_at = AKSU_NEVER;
	e->run->progress++;
	if (e->side == 0)
		sim_net_wake(e->run->net, host_of(other(e))->node);
}

/* It ended with an error; whether it may have, the scenario says. */
static void failed(struct flow_end *e, int64_t result, aksu_time now)
{
	e->error = (int)-result;
	if (e->plan->open == SIM_OPENING_REFUSED ? e->error != AKSU_ECONNREFUSED
						 : !e->run->may_fail[e->flow] && !e->plan->udp)
		wrong(e, aksu_strerror(e->error));
	done(e, now);
}

static struct aksu_endpoint endpoint(const struct flow_end *e)
{
	return (struct aksu_endpoint){run_addr(e->plan->v6, host_of(e)->node),
				      (uint16_t)((e->side == 0 ? PORT_FROM : PORT_TO) + e->flow)};
}

static void open_udp(struct flow_end *e, aksu_time now)
{
	struct aksu_endpoint here = endpoint(e), there = endpoint(other(e));
	struct aksu *s = host_of(e)->stack;

	e->socket = aksu_socket_udp(s);
	e->connected = true;
	if (aksu_bind(s, e->socket, &here) != 0 ||
	    (e->side == 0 && aksu_connect(s, e->socket, &there, now) != 0))
		failed(e, -AKSU_ENOMEM, now);
}

static bool listens(const struct flow_end *e)
{
	return e->side == 1 && e->plan->open == SIM_OPENING_CALL;
}

static void open_tcp(struct flow_end *e, aksu_time now)
{
	struct aksu_endpoint here = endpoint(e), there = endpoint(other(e));
	struct aksu *s = host_of(e)->stack;
	aksu_socket h = aksu_socket_tcp(s);
	int result;

	aksu_set_user(s, h, e);
	set_options(e, h, now);
	*(listens(e) ? &e->listener : &e->socket) = h;
	result = aksu_bind(s, h, &here);
	if (result == 0)
		result = listens(e)
				 ? aksu_listen(s, h,
					       e->plan->backlog != 0 ? e->plan->backlog : BACKLOG)
				 : aksu_connect(s, h, &there, now);
	if (result != 0)
		failed(e, result, now);
}

static void open_end(struct flow_end *e, aksu_time now)
{
	e->begun = true;
	if (e->side == 0)
		e->run->out->flow[e->flow].begun = sim_net_now(e->run->net);
	if (e->plan->udp)
		open_udp(e, now);
	else if (e->side == 1 && e->plan->open == SIM_OPENING_REFUSED)
		done(e, now);
	else
		open_tcp(e, now);
	e->opened_at = now;
}

static bool take_connection(struct flow_end *e, aksu_time now)
{
	struct aksu *s = host_of(e)->stack;

	if (e->listener.gen == 0 || e->socket.gen != 0 ||
	    aksu_accept(s, e->listener, &e->socket) != 0)
		return false;
	aksu_set_user(s, e->socket, e);
	e->opened_at = now;
	e->wake_at = AKSU_NEVER;
	return true;
}

/* ---- data */

/* True: this end rests, and wakes later. */
static bool rests(struct flow_end *e, aksu_time now)
{
	const struct sim_flow_plan *p = e->plan;

	if (p->pause != 0 && now >= e->wake_at && prng_chance(&e->prng, p->pause))
		e->wake_at = now + 1 + prng_next(&e->prng) % (p->pause_max + 1);
	return e->wake_at > now && e->wake_at != AKSU_NEVER;
}

static uint32_t portion_of(const struct sim_flow_plan *p)
{
	if (p->portion != 0)
		return p->portion;
	return p->udp ? PORTION_UDP : PORTION;
}

static bool read_some(struct flow_end *e, aksu_time now)
{
	uint8_t *hand = e->run->hand;
	int64_t n;

	if (e->eof || (e->side == 1 && now < e->opened_at + e->plan->deaf))
		return false;
	n = aksu_recv(host_of(e)->stack, e->socket, hand, portion_of(e->plan), now);
	if (n > 0) {
		if (!e->plan->udp && memcmp(hand, pattern_at(other(e), e->received), (size_t)n))
			wrong(e, "was given octets that nobody sent there");
		e->received += (uint64_t)n;
		e->run->out->octets += (uint64_t)n;
		e->run->progress++;
		e->run->out->flow[e->flow].done = sim_net_now(e->run->net);
		return true;
	}
	if (n == 0)
		e->eof = true;
	else if (n != -AKSU_EAGAIN && n != -AKSU_ENOTCONN && !e->plan->udp)
		failed(e, n, now);
	return n == 0;
}

/* How much there is still to send; a flow of a certain time ends when that is over. */
static uint64_t left(struct flow_end *e, aksu_time now)
{
	if (e->side == 0 && e->plan->last != 0)
		return now < e->opened_at + e->plan->last ? UINT64_MAX : 0;
	return e->total - e->sent;
}

static bool write_some(struct flow_end *e, aksu_time now)
{
	uint64_t more = left(e, now);
	size_t n = (size_t)min_u64(more, portion_of(e->plan));
	int64_t taken;

	if (n == 0 || (e->side == 1 && e->plan->turn && !e->eof))
		return false;
	taken = aksu_send(host_of(e)->stack, e->socket, pattern_at(e, e->sent), n, 0, now);
	if (taken > 0) {
		e->sent += (uint64_t)taken;
		if (e->side == 0 && e->plan->gap != 0)
			e->wake_at = now + e->plan->gap;
		return true;
	}
	if (taken == -AKSU_ENOMEM)
		return false; /* AKSU_WRITABLE will tell */
	if (taken != -AKSU_EAGAIN && e->plan->udp)
		e->wake_at = now + e->plan->gap; /* what ICMP said; the next may arrive */
	else if (taken != -AKSU_EAGAIN)
		failed(e, taken, now);
	return false;
}

/* ---- ending */

static bool aborts_now(const struct flow_end *e, aksu_time now)
{
	const struct sim_flow_plan *p = e->plan;
	const struct flow_end *from = &e->run->end[2 * e->flow];

	if (p->close == SIM_ENDING_FROM_ABORTS && e->side == 0)
		return p->last != 0 ? now - e->opened_at > p->last / 2
				    : e->sent >= (p->octets + 1) / 2;
	if ((p->close == SIM_ENDING_TO_ABORTS || p->close == SIM_ENDING_TO_LEAVES) && e->side == 1)
		return e->received >= from->total / 2 || e->eof;
	return false;
}

static bool waits_for_eof(const struct flow_end *e)
{
	if (e->plan->turn)
		return e->side == 1;
	return e->plan->close == (e->side == 0 ? SIM_ENDING_TO_FIRST : SIM_ENDING_FROM_FIRST);
}

static bool finish(struct flow_end *e, aksu_time now)
{
	struct aksu *s = host_of(e)->stack;

	if (aborts_now(e, now)) {
		if (e->plan->close != SIM_ENDING_TO_LEAVES)
			aksu_abort(s, e->socket, now);
		else
			aksu_close(s, e->socket, now);
		e->socket = AKSU_NO_SOCKET;
		done(e, now);
		return true;
	}
	if (!e->shut && left(e, now) == 0 && (e->eof || !waits_for_eof(e))) {
		e->shut = true;
		return aksu_shutdown(s, e->socket, now) == 0;
	}
	if (!e->shut || !e->eof)
		return false;
	done(e, now);
	return true;
}

/* Nothing in a datagram says that it is the last: who reads goes a while after who sent. */
static void finish_udp(struct flow_end *e, aksu_time now)
{
	if (e->side == 0 && left(e, now) == 0)
		done(e, now);
	else if (e->side == 1 && other(e)->closed && !e->shut)
		e->shut = true, e->opened_at = now;
	else if (e->side == 1 && e->shut && now >= e->opened_at + UDP_LINGER)
		done(e, now);
}

/* A listener that nobody connects to any more. */
static void finish_listener(struct flow_end *e, aksu_time now)
{
	if (e->listener.gen == 0 || e->socket.gen != 0 || !other(e)->closed)
		return;
	if (e->wake_at == AKSU_NEVER)
		e->wake_at = now + LISTEN_LINGER;
	else if (now >= e->wake_at)
		done(e, now);
}

/* ---- one end, one host */

/* When time itself will bring something, though nothing comes. */
static aksu_time wakes_at(const struct flow_end *e, aksu_time now)
{
	aksu_time at = e->wake_at > now ? e->wake_at : AKSU_NEVER;

	if (e->closed)
		return AKSU_NEVER;
	if (!e->begun)
		return e->plan->start + host_of(e)->clock;
	if (e->socket.gen == 0)
		return e->listener.gen != 0 ? at : AKSU_NEVER;
	if (e->side == 0 && e->plan->last != 0 && !e->shut)
		at = min_u64(at, max_u64(now + 1, e->opened_at + e->plan->last));
	if (e->side == 1 && e->plan->udp && e->shut)
		at = min_u64(at, e->opened_at + UDP_LINGER);
	if (e->side == 1 && now < e->opened_at + e->plan->deaf)
		at = min_u64(at, e->opened_at + e->plan->deaf);
	return at;
}

static void act_end(struct flow_end *e, aksu_time now)
{
	bool more = true;

	if (!e->begun && (now >= e->plan->start + host_of(e)->clock || listens(e)))
		open_end(e, now);
	if (e->begun)
		take_connection(e, now);
	finish_listener(e, now);
	while (more && e->socket.gen != 0 && !rests(e, now)) {
		more = read_some(e, now);
		if (e->socket.gen != 0 && !rests(e, now))
			more |= write_some(e, now);
		if (e->socket.gen != 0 && !e->plan->udp)
			more |= finish(e, now);
	}
	if (e->socket.gen != 0 && e->plan->udp)
		finish_udp(e, now);
}

static aksu_time act(void *ctx, struct aksu *s, aksu_time now)
{
	struct run_host *h = ctx;
	aksu_time next = AKSU_NEVER;
	struct aksu_ready ready;

	while (aksu_next_ready(s, &ready))
		if (ready.user != NULL)
			act_end(ready.user, now);
	for (uint16_t i = h->first; i != NO_FLOW; i = h->run->next[i]) {
		struct flow_end *e = &h->run->end[i];

		if (!e->closed &&
		    (e->plan->udp || e->socket.gen == 0 || wakes_at(e, now - 1) <= now))
			act_end(e, now);
		next = min_u64(next, wakes_at(e, now));
	}
	return next;
}

struct sim_app flow_app(struct run_host *h) { return (struct sim_app){act, h}; }

void flow_begin(struct stage *r, unsigned flow)
{
	const struct sim_flow_plan *p = &r->sc->flow[flow];

	for (unsigned side = 0; side < 2; side++) {
		struct flow_end *e = &r->end[2 * flow + side];
		struct run_host *h = &r->host[side == 0 ? p->from : p->to];

		*e = (struct flow_end){
			.run = r,
			.plan = p,
			.flow = (uint16_t)flow,
			.side = (uint8_t)side,
			.prng = prng_from(r->sc->seed ^ (uint64_t)(2 * flow + side + 1) << 40),
			.wake_at = AKSU_NEVER,
			.total = side == 0 ? p->octets : p->back,
		};
		r->next[2 * flow + side] = h->first;
		h->first = (uint16_t)(2 * flow + side);
	}
	if (p->linger || p->user_timeout != 0 || p->close >= SIM_ENDING_FROM_ABORTS)
		r->may_fail[flow] = MAY_FAIL;
}

void flow_check_all(struct stage *r)
{
	for (unsigned i = 0; i < 2 * r->sc->flows; i++) {
		const struct flow_end *e = &r->end[i];
		bool whole = e->received == other(e)->sent && e->sent >= e->total;

		if (!e->closed && r->may_fail[e->flow] == MAY_HANG)
			r->hangs = true;
		else if (!e->closed)
			wrong(e, "never came to its end");
		else if (!e->plan->udp && !r->may_fail[e->flow] &&
			 e->plan->open != SIM_OPENING_REFUSED && !whole)
			wrong(e, "did not get all that the other sent");
		else if (e->plan->open == SIM_OPENING_REFUSED && e->side == 0 && e->error == 0 &&
			 !r->may_fail[e->flow])
			wrong(e, "was not refused");
	}
}
