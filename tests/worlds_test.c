/* SPDX-License-Identifier: MIT */
/*
 * tests/worlds_test.c - whole connections on bad wires, each drawn from one number.
 *
 * A seed draws a link (loss, duplication, reordering, corruption up to a tenth each, both ways;
 * delay, jitter, rate, queue, MTU; devices that cut, sum and merge, or not), two hosts (family,
 * buffers, clocks, initial sequence numbers next to a wrap) and two applications (who opens, how
 * much is sent, in what portions, with which pauses, who closes first). What must hold in every
 * world:
 *
 *   each octet arrives once, in its place; both ends reach CLOSED; no invariant breaks after any
 *   event; events tell a legal story; nothing stands still; memory goes back to where it began.
 *
 *      AKSU_SEEDS=17 build/tests/test_tests_worlds        # one world, with its lines
 *      AKSU_SEEDS=1..100000 build/tests/test_tests_worlds
 */
#include <aksu/sim.h>
#include <aksu/trace.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/prng.h"
#include "stack/stack.h"
#include "support/memory.h"

#include <cmocka.h>

#if defined(__SANITIZE_ADDRESS__)
#define SEEDS_DEFAULT "1..400"
#else
#define SEEDS_DEFAULT "1..2000"
#endif

enum { RING = 4096, SIZE_MAX_SENT = 200 << 10, PORT_LEFT = 40000, PORT_RIGHT = 7 };

#define HOUR  (3600 * AKSU_SECOND)
#define LIMIT (100 * 24 * HOUR) /* of one world: small windows over a slow wire need hours */

/* Who does what: X(NAME). */
#define OPENINGS(X)     X(LEFT_OPENS) X(RIGHT_OPENS) X(BOTH_OPEN)
#define CLOSINGS(X)     X(LEFT_FIRST) X(RIGHT_FIRST) X(BOTH_AT_ONCE) X(LEFT_HALF) X(RIGHT_HALF)
#define NAME_ENUM(name) name,
#define NAME_TEXT(name) #name,
enum opening { OPENINGS(NAME_ENUM) OPENING_COUNT };
enum closing { CLOSINGS(NAME_ENUM) CLOSING_COUNT };
static const char *const opening_names[] = {OPENINGS(NAME_TEXT)};
static const char *const closing_names[] = {CLOSINGS(NAME_TEXT)};

/* ------------------------------------------------------------------ what a world consists of */

/* What the events of one host have told so far. */
struct story {
	uint8_t state;
	bool sent_syn, heard_syn, scaled;
	uint32_t iss, irs, max_seq; /* right of the last octet sent */
	uint32_t edge;              /* right of the window promised, the furthest ever */
	uint8_t shift, peer_shift;
	uint32_t mss; /* announced by the peer */
	uint64_t segments, resent;
};

struct end {
	struct world *w;
	unsigned side;
	struct aksu *s;
	struct aksu_event *events;
	struct aksu_event_ring ring;
	struct test_memory memory;
	size_t other_before; /* octets outside of the pools, before anything was opened */
	struct story story;
	/* the application */
	struct prng prng;
	aksu_socket listener, socket;
	bool opens, listens, begun, accepted, shut, eof, closed;
	bool waits_for_eof; /* closes its direction only after the peer's end */
	bool starts_at_eof; /* says nothing before the peer's end: a half-close on trial */
	bool closes_early;  /* gives the socket up as soon as nothing more is due */
	uint32_t portion;   /* octets of one call, at most */
	uint32_t pause;     /* millionths of calls after which it pauses */
	aksu_time pause_max, pause_until;
	uint32_t to_send, sent, expected, received;
};

struct world {
	uint64_t seed;
	struct prng prng;
	bool v6, talk;
	enum opening opening;
	enum closing closing;
	struct end end[2];
	struct aksu_addr addr[2];
	struct sim_link_config link;
	struct sim_link *wire;
	struct sim_world *sim;
	struct aksu_ladder *ladder;
	struct test_memory memory;
	aksu_time progress_at;
	uint64_t progress;
	char wrong[256]; /* the first thing that did not hold */
};

static void wrong(struct world *w, const char *format, ...)
{
	va_list args;

	if (w->wrong[0] != '\0')
		return;
	va_start(args, format);
	vsnprintf(w->wrong, sizeof(w->wrong), format, args);
	va_end(args);
}

static void on_panic(void *ctx, const char *file, int line, const char *what)
{
	const struct end *e = ctx;

	wrong(e->w, "%s: %s:%d: %s", e->side ? "right" : "left", file, line, what);
}

/* The octet at a place of the stream that `side` sends. */
static uint8_t octet_at(unsigned side, uint32_t place)
{
	uint32_t x = place * 2654435761u + side * 40503u;

	return (uint8_t)(x >> 24 ^ x >> 11);
}

/* ------------------------------------------------------------------ the applications */

static bool may_act(struct end *e, aksu_time now)
{
	if (prng_chance(&e->prng, e->pause))
		e->pause_until = now + 1 + prng_next(&e->prng) % e->pause_max;
	return now >= e->pause_until;
}

static void options_of(struct end *e, aksu_socket h, aksu_time now)
{
	/* The wire may be as bad as it likes: patience has no end. */
	aksu_set_option(e->s, h, AKSU_TCP_USER_TIMEOUT, -1, now);
	aksu_set_option(e->s, h, AKSU_TCP_SYN_TIMEOUT, (int64_t)HOUR, now);
}

static void begin(struct end *e, aksu_time now)
{
	struct aksu_endpoint here = {.port = e->side ? PORT_RIGHT : PORT_LEFT};
	struct aksu_endpoint there = {e->w->addr[!e->side], e->side ? PORT_LEFT : PORT_RIGHT};
	aksu_socket h = aksu_socket_tcp(e->s);

	e->begun = true;
	options_of(e, h, now);
	if (aksu_bind(e->s, h, &here) != 0)
		wrong(e->w, "bind failed");
	if (e->listens) {
		e->listener = h;
		if (aksu_listen(e->s, h, 1 + prng_below(&e->prng, 4)) != 0)
			wrong(e->w, "listen failed");
		return;
	}
	e->socket = h;
	if (aksu_connect(e->s, h, &there, now) != 0)
		wrong(e->w, "connect failed");
}

static void take_connection(struct end *e, aksu_time now)
{
	if (e->accepted || !e->listens || aksu_accept(e->s, e->listener, &e->socket) != 0)
		return;
	e->accepted = true;
	if (aksu_close(e->s, e->listener, now) != 0)
		wrong(e->w, "the listener did not close");
}

static bool read_some(struct end *e, aksu_time now)
{
	uint8_t data[8192];
	size_t cap = 1 + prng_below(&e->prng, e->portion);
	int64_t n;

	if (e->eof)
		return false;
	n = aksu_recv(e->s, e->socket, data, cap, now);
	for (int64_t i = 0; i < n; i++)
		if (data[i] != octet_at(!e->side, e->received + (uint32_t)i)) {
			wrong(e->w, "octet %u differs", e->received + (uint32_t)i);
			return false;
		}
	if (n > 0) {
		e->received += (uint32_t)n;
		return true;
	}
	e->eof = n == 0;
	if (e->eof && e->received != e->expected)
		wrong(e->w, "the end came after %u of %u octets", e->received, e->expected);
	if (n < 0 && n != -AKSU_EAGAIN)
		wrong(e->w, "%s: recv: %s", e->side ? "right" : "left", aksu_strerror((int)n));
	return e->eof;
}

static bool write_some(struct end *e, aksu_time now)
{
	uint8_t data[8192];
	uint32_t left = e->to_send - e->sent, cap = 1 + prng_below(&e->prng, e->portion);
	uint32_t k = cap < left ? cap : left;
	int64_t n;

	if (left == 0 || (e->starts_at_eof && !e->eof))
		return false;
	for (uint32_t i = 0; i < k; i++)
		data[i] = octet_at(e->side, e->sent + i);
	n = aksu_send(e->s, e->socket, data, k, prng_below(&e->prng, 8) == 0 ? AKSU_MSG_MORE : 0,
		      now);
	if (n < 0 && n != -AKSU_EAGAIN)
		wrong(e->w, "%s: send: %s", e->side ? "right" : "left", aksu_strerror((int)n));
	if (n > 0)
		e->sent += (uint32_t)n;
	return n > 0;
}

static bool finish(struct end *e, aksu_time now)
{
	bool done = e->sent == e->to_send && (e->eof || !e->waits_for_eof);

	if (done && e->closes_early && e->received == e->expected) {
		e->closed = true;
		return aksu_close(e->s, e->socket, now) == 0;
	}
	if (done && !e->shut) {
		e->shut = true;
		return aksu_shutdown(e->s, e->socket, now) == 0;
	}
	if (!e->shut || !e->eof)
		return false;
	e->closed = true;
	return aksu_close(e->s, e->socket, now) == 0;
}

static aksu_time act(void *ctx, struct aksu *s, aksu_time now)
{
	struct end *e = ctx;
	uint32_t ready;
	bool more = true;

	(void)s;
	if (!e->begun)
		begin(e, now);
	take_connection(e, now);
	ready = e->socket.gen != 0 && !e->closed ? aksu_ready(e->s, e->socket) : 0;
	if ((ready & (AKSU_WRITABLE | AKSU_READABLE | AKSU_HUP)) == 0)
		return AKSU_NEVER;
	while (more && !e->closed && e->w->wrong[0] == '\0') {
		if (!may_act(e, now))
			return e->pause_until;
		more = read_some(e, now);
		more |= write_some(e, now);
		more |= finish(e, now);
	}
	return AKSU_NEVER;
}

/* ------------------------------------------------------------------ what the events tell */

#define TO(s) (1u << AKSU_STATE_##s)

/* RFC 9293 figure 5; a SYN record begins in SYN-RECEIVED, a child with its connection. */
static const uint16_t edges[AKSU_STATE_COUNT] = {
	[AKSU_STATE_CLOSED] = TO(LISTEN) | TO(SYN_SENT),
	[AKSU_STATE_LISTEN] = TO(SYN_RECEIVED) | TO(CLOSED),
	[AKSU_STATE_SYN_SENT] = TO(SYN_RECEIVED) | TO(ESTABLISHED),
	[AKSU_STATE_SYN_RECEIVED] = TO(ESTABLISHED) | TO(LISTEN),
	[AKSU_STATE_ESTABLISHED] = TO(FIN_WAIT_1) | TO(CLOSE_WAIT),
	[AKSU_STATE_FIN_WAIT_1] = TO(FIN_WAIT_2) | TO(CLOSING) | TO(TIME_WAIT),
	[AKSU_STATE_FIN_WAIT_2] = TO(TIME_WAIT) | TO(CLOSED), /* an orphan's patience has an end */
	[AKSU_STATE_CLOSE_WAIT] = TO(LAST_ACK),
	[AKSU_STATE_CLOSING] = TO(TIME_WAIT) | TO(CLOSED),
	[AKSU_STATE_LAST_ACK] = TO(CLOSED),
	[AKSU_STATE_TIME_WAIT] = TO(CLOSED),
};

static void check_state(struct end *e, const struct aksu_event *v)
{
	bool listener = v->remote_port == 0;

	if (v->from >= AKSU_STATE_COUNT || v->state >= AKSU_STATE_COUNT ||
	    !(edges[v->from] & 1u << v->state))
		wrong(e->w, "state %u -> %u is no edge", v->from, v->state);
	else if (!listener && v->from != e->story.state && v->from != AKSU_STATE_LISTEN)
		wrong(e->w, "state %s left, but it was in %s",
		      aksu_state_name((enum aksu_state)v->from),
		      aksu_state_name((enum aksu_state)e->story.state));
	if (!listener)
		e->story.state = v->state;
}

static void note_syn(struct end *e, const struct aksu_event *v)
{
	struct story *own = &e->story, *peer = &e->w->end[!e->side].story;

	if (!own->sent_syn || own->iss != v->seq) { /* a record that was forgotten begins anew */
		own->iss = v->seq;
		own->max_seq = v->seq + 1;
		own->edge = v->ack + v->window;
	}
	if (!(v->flags & AKSU_ACK))
		own->edge = 0;
	own->sent_syn = true;
	own->shift = v->options & AKSU_OPT_WSCALE ? v->wscale : 0;
	own->scaled = v->options & AKSU_OPT_WSCALE;
	peer->mss = v->options & AKSU_OPT_MSS ? v->mss : 536;
}

/* SHLD-14: the right edge never moves left, by more than the grain of the window field. */
static void check_window(struct end *e, const struct aksu_event *v)
{
	struct story *own = &e->story, *peer = &e->w->end[!e->side].story;
	bool scaled = own->scaled && peer->scaled && !(v->flags & AKSU_SYN);
	uint8_t shift = scaled ? own->shift : 0;
	uint32_t edge = v->ack + ((uint32_t)v->window << shift);

	if (!(v->flags & AKSU_ACK))
		return;
	if (own->edge == 0)
		own->edge = edge;
	if ((int32_t)(edge - own->edge) < -(int32_t)(1u << shift) + 1)
		wrong(e->w, "the window shrank by %u octets", own->edge - edge);
	if ((int32_t)(edge - own->edge) > 0)
		own->edge = edge;
}

static void check_sent(struct end *e, const struct aksu_event *v)
{
	struct story *own = &e->story, *peer = &e->w->end[!e->side].story;
	uint32_t end = v->seq + v->length + (v->flags & (AKSU_SYN | AKSU_FIN) ? 1 : 0);
	uint32_t size = v->segments > 1 ? v->mss : v->length; /* of each piece on the wire */

	own->segments++;
	own->resent += v->retransmission > 0;
	if (v->flags & AKSU_RST)
		return;
	if (v->flags & AKSU_SYN)
		note_syn(e, v);
	if (v->why == AKSU_WHY_NOTHING)
		wrong(e->w, "a segment without a reason");
	if (peer->sent_syn && own->mss != 0 && size > own->mss)
		wrong(e->w, "%u octets, but the peer takes %u", size, own->mss);
	if (v->segments > 1 && !(e->w->link.features & AKSU_LINK_TX_TSO))
		wrong(e->w, "%u octets to be cut by a link that cannot", v->length);
	if (own->sent_syn && (int32_t)(end - own->max_seq) > 0)
		own->max_seq = end;
	if (v->flags & AKSU_ACK && peer->sent_syn && (int32_t)(v->ack - peer->max_seq) > 0)
		wrong(e->w, "an acknowledgement of what was never sent");
	if (peer->sent_syn && peer->edge != 0 && v->length > 0 &&
	    (int32_t)(v->seq + v->length - peer->edge) > 1)
		wrong(e->w, "%u octets beyond the window", v->seq + v->length - peer->edge);
	check_window(e, v);
}

static void on_event(struct end *e, const struct aksu_event *v)
{
	if (v->kind == AKSU_EVENT_STATE)
		check_state(e, v);
	else if (v->kind == AKSU_EVENT_SEGMENT_OUT)
		check_sent(e, v);
	else if (v->kind == AKSU_EVENT_ERROR)
		wrong(e->w, "%s: error: %s", e->side ? "right" : "left", aksu_strerror(v->error));
	else if (v->kind == AKSU_EVENT_DROP && v->drop == AKSU_DROP_NO_MEMORY)
		wrong(e->w, "%s: no memory, with a default budget", e->side ? "right" : "left");
}

static void print(void *ctx, const char *text, size_t n)
{
	(void)ctx;
	fwrite(text, 1, n, stdout);
}

static void tell(struct world *w, const struct sim_note *n)
{
	static const enum aksu_fate fates[SIM_NOTE_COUNT] = {
		[SIM_NOTE_ARRIVED] = AKSU_FATE_ARRIVED,
		[SIM_NOTE_LOST] = AKSU_FATE_LOST,
		[SIM_NOTE_QUEUE] = AKSU_FATE_QUEUE,
		[SIM_NOTE_TOO_BIG] = AKSU_FATE_TOO_BIG,
		[SIM_NOTE_CORRUPTED] = AKSU_FATE_CORRUPTED,
		[SIM_NOTE_DUPLICATED] = AKSU_FATE_DUPLICATED,
		[SIM_NOTE_DELAYED] = AKSU_FATE_DELAYED,
	};
	struct aksu_writer out = {print, NULL};

	if (n->kind == SIM_NOTE_SENT && getenv("AKSU_FRAMES") != NULL) {
		printf("%.6f %s > frame", (double)n->time / 1e9, n->side ? "right" : "left");
		for (uint32_t i = 0; i < n->len && i < 64; i++)
			printf("%s%02x", i % 4 ? "" : " ", n->data[i]);
		printf("\n");
	}
	if (n->kind == SIM_NOTE_EVENT)
		aksu_line_print(&out, n->side ? "right" : "left", n->event, 0, false);
	if (n->kind == SIM_NOTE_EVENT && w->ladder != NULL)
		aksu_ladder_event(w->ladder, n->side, n->event);
	else if (w->ladder != NULL && n->kind != SIM_NOTE_SENT && n->kind != SIM_NOTE_NO_MEMORY)
		aksu_ladder_fate(w->ladder, n->side, n->packet, fates[n->kind], n->time, n->extra);
}

static void on_note(void *ctx, const struct sim_note *n)
{
	struct world *w = ctx;

	if (w->talk)
		tell(w, n);
	if (n->kind == SIM_NOTE_EVENT)
		on_event(&w->end[n->side], n->event);
	if (n->kind == SIM_NOTE_ARRIVED && !aksu_check(w->end[!n->side].s))
		wrong(w, "an invariant broke after a frame");
}

/* Two hosts that talk about nothing (ARP, challenges) would do so for ever. */
static void check_storm(struct world *w)
{
	uint64_t segments = w->end[0].story.segments + w->end[1].story.segments;

	for (unsigned k = 0; k < 2; k++)
		if (aksu_counters(w->end[k].s)->frames_out > 2 * segments + 1000)
			wrong(w, "a storm: %llu frames for %llu segments",
			      (unsigned long long)aksu_counters(w->end[k].s)->frames_out,
			      (unsigned long long)segments);
}

/* After each moment: everything holds, and something goes on. */
static bool check(void *ctx, aksu_time now)
{
	struct world *w = ctx;
	uint64_t progress = w->end[0].received + w->end[1].received;

	for (unsigned k = 0; k < 2; k++) {
		if (!aksu_check(w->end[k].s))
			wrong(w, "an invariant broke");
		if (w->end[k].ring.lost > 0)
			wrong(w, "events were lost: the ring is too small");
		progress += w->end[k].story.state + w->end[k].sent;
	}
	if (progress != w->progress)
		w->progress_at = now;
	w->progress = progress;
	check_storm(w);
	if (now - w->progress_at > 6 * HOUR)
		wrong(w, "nothing has moved for six hours");
	return w->wrong[0] == '\0';
}

/* ------------------------------------------------------------------ drawing a world */

static uint32_t between(struct prng *r, uint32_t low, uint32_t high)
{
	return low + prng_below(r, high - low + 1);
}

static uint32_t one_of(struct prng *r, const uint32_t *list, uint32_t n)
{
	return list[prng_below(r, n)];
}

/* A fault of up to a tenth, absent in every other world. */
static uint32_t draw_fault(struct prng *r)
{
	return prng_below(r, 2) == 0 ? 0 : between(r, 1, 100000);
}

static void draw_wire(struct world *w, struct sim_wire_config *c)
{
	static const uint32_t delays_us[] = {1, 50, 1000, 20000, 100000, 300000};
	static const uint32_t rates_kb[] = {0, 0, 64, 1000, 20000, 1000000};
	static const uint32_t queues[] = {0, 8000, 30000, 200000};
	struct prng *r = &w->prng;

	*c = (struct sim_wire_config){
		.delay = one_of(r, delays_us, 6) * AKSU_MICROSECOND,
		.rate = (uint64_t)one_of(r, rates_kb, 6) * 1000,
		.queue = one_of(r, queues, 4),
		.loss = draw_fault(r),
		.duplicate = draw_fault(r),
		.reorder = draw_fault(r),
		.corrupt = draw_fault(r),
	};
	if (prng_below(r, 2) == 0)
		c->jitter = prng_next(r) % (c->delay + 1);
	if (w->link.kind ==
	    AKSU_LINK_ETHERNET) { /* three lost questions are a host that is not there */
		c->loss /= 4;
		c->corrupt /= 4;
	}
	c->reorder_extra = (1 + prng_below(r, 4)) * c->delay + prng_below(r, 5000000);
}

static void draw_link(struct world *w)
{
	static const uint32_t mtus_v4[] = {1500, 1500, 9000, 576, 296, 68};
	static const uint32_t mtus_v6[] = {1500, 1500, 9000, 1280, 1400, 1280};

	w->v6 = prng_below(&w->prng, 2);
	w->link = (struct sim_link_config){
		.size = sizeof(w->link),
		.allocator = test_memory_allocator(&w->memory),
		.seed = w->seed,
		.kind = prng_below(&w->prng, 6) == 0 ? AKSU_LINK_ETHERNET : AKSU_LINK_IP,
		.mtu = one_of(&w->prng, w->v6 ? mtus_v6 : mtus_v4, 6),
		.observer = {on_note, w},
	};
	for (unsigned k = 0; k < 2; k++) {
		draw_wire(w, &w->link.wire[k]);
		if (w->link.wire[k].queue != 0 && w->link.wire[k].queue < 2 * w->link.mtu)
			w->link.wire[k].queue = 2 * w->link.mtu; /* else nothing ever passes */
		if (!aksu_addr_parse(w->v6 ? (k ? "fd00::2" : "fd00::1")
					   : (k ? "10.0.0.2" : "10.0.0.1"),
				     &w->addr[k]))
			wrong(w, "no address");
	}
}

/* From numbers of its own: the rest of a world is the same with offloads and without. */
static void draw_offload(struct world *w)
{
	static const uint32_t features[] = {0, 0, AKSU_LINK_TX_CSUM,
					    AKSU_LINK_TX_CSUM | AKSU_LINK_TX_TSO,
					    AKSU_LINK_TX_TSO | AKSU_LINK_RX_CSUM};

	struct prng r = prng_from(w->seed * 4 + 1);

	w->link.features = one_of(&r, features, 5);
	w->link.merge = prng_below(&r, 2);
}

static void draw_app(struct world *w, struct end *e)
{
	static const uint32_t sizes[] = {0,    1,     100,           1460,
					 5000, 30000, SIZE_MAX_SENT, SIZE_MAX_SENT};
	static const uint32_t portions[] = {1, 7, 512, 2048, 8192, 8192};
	static const uint32_t pauses[] = {0, 0, 1000, 100000};
	struct prng *r = &w->prng;

	e->prng = prng_from(w->seed * 4 + 2 + e->side);
	e->to_send = between(r, 0, one_of(r, sizes, 8));
	e->portion = one_of(r, portions, 6);
	e->pause = one_of(r, pauses, 4);
	e->pause_max = (1 + prng_below(r, 2000)) * AKSU_MILLISECOND;
	e->closes_early = prng_below(r, 3) == 0;
}

static void draw_roles(struct world *w)
{
	w->opening = (enum opening)prng_below(&w->prng, OPENING_COUNT);
	w->closing = (enum closing)prng_below(&w->prng, CLOSING_COUNT);
	for (unsigned k = 0; k < 2; k++) {
		struct end *e = &w->end[k];

		draw_app(w, e);
		e->opens = w->opening == BOTH_OPEN || w->opening == (k ? RIGHT_OPENS : LEFT_OPENS);
		e->listens = !e->opens;
		e->waits_for_eof = w->closing == (k ? LEFT_FIRST : RIGHT_FIRST);
	}
	for (unsigned k = 0; k < 2; k++)
		if (w->closing == (k ? RIGHT_HALF : LEFT_HALF)) {
			w->end[!k].waits_for_eof = true;
			w->end[!k].starts_at_eof = true;
			w->end[k].closes_early = false;
		}
	for (unsigned k = 0; k < 2; k++)
		if (w->end[0].portion < 512 || w->end[1].portion < 512)
			w->end[k].to_send %= 5000; /* octet by octet, but not for ever */
	w->end[0].expected = w->end[1].to_send;
	w->end[1].expected = w->end[0].to_send;
}

/* Octets that are in no pool: they must come back to the last one. */
static size_t pool_octets(const struct pool *p)
{
	size_t n = 0;

	for (uint32_t i = 0; i < p->slabs; i++)
		if (pool_slab(p, i)->objects != NULL)
			n += (size_t)p->object_size * POOL_SLAB;
	for (uint32_t k = 0; k < POOL_CHUNKS; k++)
		if (p->chunk[k] != NULL)
			n += sizeof(struct slab) * (k == 0 ? 64u : 32u << k);
	return n;
}

static size_t other_octets(const struct aksu *s)
{
	return aksu_memory_used(s) - pool_octets(&s->conns) - pool_octets(&s->syns) -
	       pool_octets(&s->timewaits) - pool_octets(&s->bounds) - pool_octets(&s->env.exts);
}

static struct aksu *new_stack(struct world *w, struct end *e, uint64_t seed, aksu_time clock)
{
	static const uint32_t buffers[] = {0, 0, 1 << 20, 65535, 8192, 1000, 256};
	struct prng r = prng_from(w->seed * 8 + e->side);
	struct aksu_config config = {
		.size = sizeof(config),
		.allocator = test_memory_allocator(&e->memory),
		.rto_min = prng_below(&r, 2) == 0 ? 0 : 200 * AKSU_MILLISECOND,
		.seed = seed,
		.send_buffer = one_of(&r, buffers, 7),
		.receive_buffer = one_of(&r, buffers, 7),
		.events = &e->ring,
		.event_mask = AKSU_EVENTS_ALL,
		.panic = on_panic,
		.panic_ctx = e,
	};
	const struct aksu_link_config *link = &sim_link_end(w->wire, e->side)->config;
	struct aksu *s;

	for (unsigned i = 0; i < sizeof(config.entropy); i++)
		config.entropy[i] = (uint8_t)prng_next(&r);
	e->ring = (struct aksu_event_ring){.events = e->events, .cap = RING};
	s = aksu_new(&config, clock);
	if (s == NULL || aksu_link_add(s, link, clock) != 0 ||
	    aksu_addr_add(s, 0, &w->addr[e->side], w->v6 ? 64 : 24) != 0)
		wrong(w, "no stack");
	return s;
}

/*
 * The clock of ISNs begins at config.seed: a first instance says which ISN it would choose, the
 * second is shifted so that the connection begins just before a wrap. Timestamps the same way.
 */
static aksu_time make_stack(struct world *w, struct end *e)
{
	static const uint32_t wraps[] = {0, 0x80000000u, 0};
	struct flow f = {w->addr[e->side], w->addr[!e->side], e->side ? PORT_RIGHT : PORT_LEFT,
			 e->side ? PORT_LEFT : PORT_RIGHT};
	uint32_t which = prng_below(&w->prng, 3), want = wraps[which];
	aksu_time clock = AKSU_SECOND + prng_next(&w->prng) % (1000 * HOUR);
	struct aksu *s = new_stack(w, e, w->seed, clock);

	want -= between(&w->prng, 1, 100000);
	if (prng_below(&w->prng, 4) == 0) { /* the timestamp wraps after some seconds */
		uint32_t ms = (uint32_t)(clock / AKSU_MILLISECOND) + ts_raw(ts_offset_of(s, &f));

		clock += (aksu_time)(0u - ms - between(&w->prng, 1, 5000)) * AKSU_MILLISECOND;
	}
	want -= seq_raw(isn_of(s, &f, (instant){clock}));
	if (which == 2)
		want = 0;
	aksu_free(s);
	e->s = new_stack(w, e, w->seed + want, clock);
	e->other_before = other_octets(e->s);
	return clock;
}

/* ------------------------------------------------------------------ one world */

static struct world *world_new(uint64_t seed, bool talk)
{
	struct world *w = calloc(1, sizeof(*w));
	struct sim_world_config config;

	w->seed = seed;
	w->talk = talk;
	w->prng = prng_from(seed);
	config = (struct sim_world_config){
		.size = sizeof(config),
		.allocator = test_memory_allocator(&w->memory),
		.observer = {on_note, w},
		.check = check,
		.check_ctx = w,
	};
	draw_link(w);
	for (unsigned k = 0; k < 2; k++) {
		w->end[k].w = w;
		w->end[k].side = k;
		w->end[k].events = calloc(RING, sizeof(struct aksu_event));
	}
	draw_roles(w);
	draw_offload(w);
	w->wire = sim_link_new(&w->link);
	w->sim = sim_world_new(&config);
	for (unsigned k = 0; k < 2; k++) {
		aksu_time clock = make_stack(w, &w->end[k]);
		struct sim_host host = {
			.stack = w->end[k].s,
			.device = sim_link_end(w->wire, k),
			.app = {act, &w->end[k]},
			.clock = clock,
			.events = &w->end[k].ring,
		};

		sim_world_host(w->sim, k, &host);
	}
	return w;
}

/* Nothing is left of the connection, neither in the tables nor in memory. */
static void check_the_end(struct end *e)
{
	const struct aksu *s = e->s;
	size_t other = other_octets(s);
	const struct pool *pools[] = {&s->conns, &s->syns, &s->timewaits, &s->bounds, &s->env.exts};

	if (!e->closed || !e->eof || e->received != e->expected || e->sent != e->to_send) {
		if (!(e->closed && e->closes_early && e->received == e->expected))
			wrong(e->w, "%s: %u of %u octets came, %u of %u were sent, in %s",
			      e->side ? "right" : "left", e->received, e->expected, e->sent,
			      e->to_send, aksu_state_name((enum aksu_state)e->story.state));
	}
	if (e->story.state != AKSU_STATE_CLOSED)
		wrong(e->w, "%s: still in %s", e->side ? "right" : "left",
		      aksu_state_name((enum aksu_state)e->story.state));
	for (unsigned i = 0; i < 5; i++)
		if (pools[i]->live != 0)
			wrong(e->w, "%u of pool %u still live", pools[i]->live, i);
	if (s->flows.count != 0 || aksu_deadline(s) != AKSU_NEVER)
		wrong(e->w, "a flow or a deadline is left");
	if (e->w->link.kind == AKSU_LINK_IP && other > e->other_before)
		wrong(e->w, "%zu octets more than before", other - e->other_before);
}

static void world_free(struct world *w)
{
	sim_world_free(w->sim);
	for (unsigned k = 0; k < 2; k++) {
		aksu_free(w->end[k].s);
		free(w->end[k].events);
		if (w->end[k].memory.live != 0)
			wrong(w, "%zu octets were never given back", w->end[k].memory.live);
	}
	sim_link_free(w->wire);
	aksu_ladder_free(w->ladder);
	if (w->memory.live != 0)
		wrong(w, "the simulator lost %zu octets", w->memory.live);
}

static void describe(const struct world *w)
{
	printf("world %llu: %s %s mtu %u, offloads %x%s, %s, %s, left sends %u, right sends %u\n",
	       (unsigned long long)w->seed, w->v6 ? "v6" : "v4",
	       w->link.kind == AKSU_LINK_IP ? "IP" : "Ethernet", w->link.mtu, w->link.features,
	       w->link.merge ? " merging" : "", opening_names[w->opening],
	       closing_names[w->closing], w->end[0].to_send, w->end[1].to_send);
	for (unsigned k = 0; k < 2; k++) {
		const struct sim_wire_config *c = &w->link.wire[k];

		printf("  %s: delay %llu us, jitter %llu us, rate %llu, queue %u, loss %u, "
		       "duplicate %u, reorder %u, corrupt %u (millionths)\n",
		       k ? "<" : ">", (unsigned long long)(c->delay / 1000),
		       (unsigned long long)(c->jitter / 1000), (unsigned long long)c->rate,
		       c->queue, c->loss, c->duplicate, c->reorder, c->corrupt);
	}
}

static void draw_ladder(struct world *w)
{
	struct aksu_ladder_config config = {
		.size = sizeof(config),
		.allocator = test_memory_allocator(&w->memory),
		.out = {print, NULL},
		.flags = AKSU_LADDER_ALL | AKSU_LADDER_WIDE,
		.name = {"left", "right"},
	};

	if (getenv("AKSU_LADDER") != NULL)
		w->ladder = aksu_ladder_new(&config);
}

struct totals {
	uint64_t worlds, segments, resent, octets;
	aksu_time longest;
	uint64_t longest_seed;
};

static bool run_world(uint64_t seed, bool talk, struct totals *t)
{
	static const char *const ends[] = {"quiet", "the time is over", "stuck", "failed"};
	struct world *w = world_new(seed, talk);
	enum sim_end how;
	bool good;

	if (talk) {
		describe(w);
		draw_ladder(w);
	}
	how = sim_world_run(w->sim, LIMIT);
	if (w->ladder != NULL)
		aksu_ladder_flush(w->ladder);
	if (how != SIM_QUIET && how != SIM_FAILED)
		wrong(w, "the world ended: %s", ends[how]);
	for (unsigned k = 0; k < 2 && how == SIM_QUIET; k++)
		check_the_end(&w->end[k]);
	for (unsigned k = 0; k < 2; k++) {
		t->segments += w->end[k].story.segments;
		t->resent += w->end[k].story.resent;
		t->octets += w->end[k].received;
	}
	t->worlds++;
	if (sim_world_now(w->sim) > t->longest) {
		t->longest = sim_world_now(w->sim);
		t->longest_seed = seed;
	}
	if (w->wrong[0] != '\0')
		describe(w);
	world_free(w);
	good = w->wrong[0] == '\0';
	if (!good)
		printf("world %llu: %s\n  AKSU_SEEDS=%llu "
		       "build/tests/test_tests_worlds\n",
		       (unsigned long long)seed, w->wrong, (unsigned long long)seed);
	free(w);
	return good;
}

/* "17" or "1..2000". */
static void seeds_from(const char *text, uint64_t *first, uint64_t *last)
{
	char *end;

	*first = *last = strtoull(text, &end, 0);
	if (end[0] == '.' && end[1] == '.')
		*last = strtoull(end + 2, NULL, 0);
}

static void every_octet_arrives_once_in_every_world(void **state)
{
	const char *given = getenv("AKSU_SEEDS");
	uint64_t first, last, bad = 0;
	struct totals t = {0};
	clock_t begin = clock();
	double took;

	(void)state;
	seeds_from(given != NULL ? given : SEEDS_DEFAULT, &first, &last);
	for (uint64_t seed = first; seed <= last && bad < 20; seed++)
		bad += !run_world(seed, first == last, &t);
	took = (double)(clock() - begin) / CLOCKS_PER_SEC;
	printf("%llu worlds in %.1f s (%.0f a second): %llu octets, %llu segments, %llu sent "
	       "again; "
	       "the longest, %llu, took %llu s of its own time\n",
	       (unsigned long long)t.worlds, took, (double)t.worlds / (took > 0 ? took : 1),
	       (unsigned long long)t.octets, (unsigned long long)t.segments,
	       (unsigned long long)t.resent, (unsigned long long)t.longest_seed,
	       (unsigned long long)(t.longest / AKSU_SECOND));
	if (bad > 0)
		fail_msg("%llu of %llu worlds went wrong", (unsigned long long)bad,
			 (unsigned long long)t.worlds);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_octet_arrives_once_in_every_world),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
