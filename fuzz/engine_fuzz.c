/* SPDX-License-Identifier: MIT */
/*
 * engine - the whole stack: two instances, their applications and the wire between them, driven by
 * a list of operations.
 *
 * The first four octets choose family, buffers, budget and whether a stranger may inject; then each
 * octet is an operation (OPERATIONS below), followed by its arguments. What must hold: aksu_check()
 * of both after each operation; octets that arrive are those that were sent, in order (unless the
 * stranger injected); nobody talks without end; without injection and with memory everything that
 * was accepted for sending is acknowledged once the wire is good again; all memory comes back.
 *
 *      build/tests/replay_engine FILE        AKSU_TALK=1 prints the events
 */
#include <aksu/socket.h>
#include <aksu/trace.h>
#include <stdio.h>
#include <stdlib.h>

#include "stack/stack.h"
#include "support/fuzz.h"
#include "support/memory.h"
#include "wire/checksum.h"
#include "wire/ip.h"

enum {
	SOCKETS = 4,      /* of each side */
	HELD = 64,        /* frames on the wire */
	FRAME_MAX = 2048, /* above the MTU */
	OPERATIONS_MAX = 500,
	RING = 256,
	BURST_MAX = 20000, /* frames at one moment without an end in sight: a storm */
	PORT = 7,
};

struct frame {
	uint32_t len;
	uint8_t data[FRAME_MAX];
};

struct side {
	struct aksu *s;
	struct test_memory memory;
	struct aksu_addr addr;
	aksu_socket listener, udp, socket[SOCKETS];
	uint32_t sent[SOCKETS], received[SOCKETS];
	bool dirty[SOCKETS];      /* aborted, or closed while octets were due: no promise holds */
	struct frame *held[HELD]; /* sent by this side, on the wire */
	uint32_t held_count;
	struct aksu_event_ring ring;
	struct aksu_event events[RING];
};

struct fuzz {
	struct cur in;
	struct side side[2];
	aksu_time now;
	bool v6, stranger, scarce;
	bool injected;
	bool harsh; /* time was so long, or loss so long, that giving up is right */
};

static void on_panic(void *ctx, const char *file, int line, const char *what)
{
	(void)ctx;
	fprintf(stderr, "%s:%d: %s\n", file, line, what);
	abort();
}

/* ------------------------------------------------------------------ arguments */

static uint8_t octet(struct fuzz *f)
{
	const uint8_t *p = cur_take(&f->in, 1);

	return p != NULL ? *p : 0;
}

static uint16_t two(struct fuzz *f)
{
	uint8_t high = octet(f);

	return (uint16_t)(high << 8 | octet(f));
}

/* A length: small ones often, large ones too. */
static uint32_t length(struct fuzz *f)
{
	uint8_t x = octet(f);

	return x < 128 ? x : (uint32_t)(x - 127) * 257;
}

static struct side *a_side(struct fuzz *f, uint8_t x) { return &f->side[x & 1]; }

static uint8_t octet_at(unsigned side, uint32_t place)
{
	return (uint8_t)((place * 2654435761u >> 21) ^ (side * 0x5a));
}

/* ------------------------------------------------------------------ the wire */

static void print(void *ctx, const char *text, size_t n)
{
	(void)ctx;
	fwrite(text, 1, n, stdout);
}

static void talk(struct fuzz *f, unsigned k)
{
	static int wanted = -1;
	struct aksu_writer out = {print, NULL};
	struct aksu_event e;

	if (wanted < 0)
		wanted = getenv("AKSU_TALK") != NULL;
	while (aksu_event_take(&f->side[k].ring, &e))
		if (wanted)
			aksu_line_print(&out, k ? "right" : "left", &e, 0, false);
}

static void deliver(struct fuzz *f, unsigned to, const uint8_t *data, uint32_t len)
{
	uint8_t *exact = malloc(len ? len : 1); /* a sanitizer sees one octet too far */
	struct aksu_rx rx = {.data = exact, .len = len};

	must(exact != NULL);
	memcpy(exact, data, len);
	aksu_input(f->side[to].s, &rx, 1, f->now);
	free(exact);
	talk(f, to);
}

/* Takes a frame off the wire; to be freed. */
static struct frame *take_held(struct side *e, uint32_t i)
{
	struct frame *frame = e->held[i];

	memmove(&e->held[i], &e->held[i + 1], (e->held_count - i - 1) * sizeof(e->held[0]));
	e->held_count--;
	return frame;
}

/* Takes up to n frames out of a stack onto the wire; returns how many. */
static uint32_t put_out(struct fuzz *f, unsigned k, uint32_t n)
{
	struct side *e = &f->side[k];
	struct aksu_tx tx;
	uint32_t done = 0;

	while (done < n && aksu_output(e->s, 0, &tx, 1, f->now) == 1) {
		struct frame *frame;

		if (e->held_count == HELD)
			free(take_held(e, 0)); /* lost */
		frame = malloc(sizeof(*frame));
		must(frame != NULL);
		e->held[e->held_count++] = frame;
		frame->len = (uint32_t)aksu_tx_copy(&tx, frame->data, FRAME_MAX);
		must(frame->len > 0 && frame->len <= 1500);
		aksu_tx_done(e->s, &tx, 1);
		talk(f, k);
		done++;
	}
	return done;
}

/* What one octet says of the next frame: 0-3 deliver, 4 drop, 5 twice, 6 the one behind it first,
 * 7 with a bit flipped. */
static void carry_one(struct fuzz *f, unsigned k, uint8_t how)
{
	struct side *e = &f->side[k];
	struct frame *frame;

	if (e->held_count == 0)
		return;
	frame = take_held(e, (how & 7) == 6 && e->held_count > 1 ? 1 : 0);
	if ((how & 7) == 7)
		frame->data[how * 5u % frame->len] ^= (uint8_t)(1u << (how >> 5));
	if ((how & 7) != 4)
		deliver(f, !k, frame->data, frame->len);
	if ((how & 7) == 5)
		deliver(f, !k, frame->data, frame->len);
	free(frame);
}

/* ------------------------------------------------------------------ the applications */

static void say(struct fuzz *f, unsigned k, unsigned i, uint32_t n, int flags)
{
	struct side *e = &f->side[k];
	static uint8_t data[40000];
	int64_t done;

	n = n < sizeof(data) ? n : sizeof(data);
	for (uint32_t b = 0; b < n; b++)
		data[b] = octet_at(k, e->sent[i] + b);
	done = aksu_send(e->s, e->socket[i], data, n, flags, f->now);
	must(done <= (int64_t)n);
	if (done > 0)
		e->sent[i] += (uint32_t)done;
}

static int64_t hear(struct fuzz *f, unsigned k, unsigned i, uint32_t n)
{
	struct side *e = &f->side[k];
	static uint8_t data[40000];
	int64_t done;

	n = n < sizeof(data) ? n : sizeof(data);
	done = aksu_recv(e->s, e->socket[i], data, n, f->now);
	must(done <= (int64_t)n);
	for (int64_t b = 0; b < done && !f->injected; b++)
		must(data[b] == octet_at(!k, e->received[i] + (uint32_t)b));
	if (done > 0)
		e->received[i] += (uint32_t)done;
	return done;
}

static void forget(struct side *e, unsigned i)
{
	e->socket[i] = AKSU_NO_SOCKET;
	e->sent[i] = e->received[i] = 0;
	e->dirty[i] = false;
}

static void open_one(struct fuzz *f, unsigned k, unsigned i, uint8_t how)
{
	struct side *e = &f->side[k];
	struct aksu_endpoint there = {f->side[!k].addr, PORT};

	if (e->socket[i].gen != 0)
		return;
	forget(e, i);
	e->socket[i] = aksu_socket_tcp(e->s);
	if (how & 1) /* a port of its own: both may connect to each other's, crossing */
		aksu_bind(e->s, e->socket[i], &(struct aksu_endpoint){.port = (uint16_t)(100 + i)});
	if (how & 2)
		there.port = (uint16_t)(100 + i);
	if (how & 4)
		there.addr = e->addr; /* to oneself */
	if (aksu_connect(e->s, e->socket[i], &there, f->now) != 0) {
		aksu_close(e->s, e->socket[i], f->now);
		e->socket[i] = AKSU_NO_SOCKET;
	}
	e->dirty[i] = how & 4; /* the far end is on the same side: its octets are others */
	f->injected |= how & 4;
}

static void take_one(struct fuzz *f, unsigned k)
{
	struct side *e = &f->side[k];
	aksu_socket h;

	for (unsigned i = 0; i < SOCKETS; i++)
		if (e->socket[i].gen == 0 && aksu_accept(e->s, e->listener, &h) == 0) {
			forget(e, i);
			e->socket[i] = h;
		}
}

static void listen_or_not(struct fuzz *f, unsigned k, uint8_t backlog)
{
	struct side *e = &f->side[k];

	if (e->listener.gen != 0 && backlog == 0) {
		aksu_close(e->s, e->listener, f->now);
		e->listener = AKSU_NO_SOCKET;
		f->harsh = true; /* what nobody accepted is reset */
		return;
	}
	if (e->listener.gen == 0) {
		e->listener = aksu_socket_tcp(e->s);
		aksu_bind(e->s, e->listener, &(struct aksu_endpoint){.port = PORT});
	}
	if (aksu_listen(e->s, e->listener, backlog) != 0) {
		aksu_close(e->s, e->listener, f->now);
		e->listener = AKSU_NO_SOCKET;
	}
}

static void end_one(struct fuzz *f, unsigned k, unsigned i, bool abort)
{
	struct side *e = &f->side[k];

	if (e->socket[i].gen == 0)
		return;
	if (abort)
		aksu_abort(e->s, e->socket[i], f->now);
	else
		aksu_close(e->s, e->socket[i], f->now);
	must(aksu_ready(e->s, e->socket[i]) == 0); /* the name is no longer valid */
	forget(e, i);
	f->harsh = true; /* octets may be due to a socket that is gone: its peer is reset */
}

static void set_one(struct fuzz *f, unsigned k, unsigned i, uint8_t which, uint16_t value)
{
	static const uint64_t unit[AKSU_OPTION_COUNT] = {
		[AKSU_TCP_KEEPIDLE] = AKSU_SECOND,
		[AKSU_TCP_KEEPINTVL] = AKSU_SECOND,
		[AKSU_TCP_USER_TIMEOUT] = AKSU_SECOND,
		[AKSU_TCP_SYN_TIMEOUT] = AKSU_SECOND,
	};
	enum aksu_option option = (enum aksu_option)(which % AKSU_OPTION_COUNT);
	int64_t v = unit[option] != 0 ? (int64_t)(unit[option] * value) : value, got;

	if (value == UINT16_MAX)
		v = -1;
	aksu_set_option(f->side[k].s, f->side[k].socket[i], option, v, f->now);
	aksu_get_option(f->side[k].s, f->side[k].socket[i], option, &got);
	f->harsh = true; /* time-outs may be short now, patience at an end */
}

static void datagram(struct fuzz *f, unsigned k, uint32_t n)
{
	static uint8_t data[40000];
	struct side *e = &f->side[k];
	struct aksu_endpoint there = {f->side[!k].addr, 9};

	if (e->udp.gen == 0) {
		e->udp = aksu_socket_udp(e->s);
		aksu_bind(e->s, e->udp, &(struct aksu_endpoint){.port = 9});
	}
	aksu_sendto(e->s, e->udp, data, n, &there, f->now);
	aksu_recvfrom(e->s, e->udp, data, sizeof(data), &there);
}

/* ------------------------------------------------------------------ the stranger */

/* An IP header in front of n octets of `protocol`, as if `from` had sent them; mends checksums. */
static uint32_t envelope(struct fuzz *f, unsigned from, uint8_t protocol, uint8_t *p, uint32_t n)
{
	const struct aksu_addr *src = &f->side[from].addr, *dst = &f->side[!from].addr;
	uint32_t head = f->v6 ? 40 : 20, at = protocol == IP_PROTO_TCP ? 16 : 2;
	uint8_t *body = p + head;
	csum sum = csum_of(body, n);
	uint16_t out;

	memset(p, 0, head);
	if (f->v6) {
		p[0] = 0x60;
		p[4] = (uint8_t)(n >> 8);
		p[5] = (uint8_t)n;
		p[6] = protocol;
		p[7] = 64;
		memcpy(p + 8, src->b, 16);
		memcpy(p + 24, dst->b, 16);
	} else {
		p[0] = 0x45;
		p[2] = (uint8_t)((n + 20) >> 8);
		p[3] = (uint8_t)(n + 20);
		p[8] = 64;
		p[9] = protocol;
		memcpy(p + 12, src->b + 12, 4);
		memcpy(p + 16, dst->b + 12, 4);
		out = csum_finish(csum_of(p, 20));
		p[10] = (uint8_t)(out >> 8);
		p[11] = (uint8_t)out;
	}
	if (protocol != IP_PROTO_ICMP)
		sum = csum_add(sum, csum_pseudo(src, dst, protocol, n));
	out = csum_finish(sum);
	body[at] = (uint8_t)(out >> 8);
	body[at + 1] = (uint8_t)out;
	return head + n;
}

/* A number near one that matters to the connection. */
static tcp_seq near(struct fuzz *f, uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
	const uint32_t base[4] = {a, b, c, d};
	uint8_t x = octet(f);
	int8_t offset = (int8_t)octet(f);
	uint32_t scale = x & 0x80 ? (uint32_t)1 << (x >> 2 & 0x1f) : 1;

	return seq_at(base[x & 3] + (uint32_t)offset * scale);
}

static void stranger_options(struct fuzz *f, const struct aksu_info *i, struct tcp_seg *seg)
{
	uint8_t what = octet(f);

	seg->opts.present =
		what & (AKSU_OPT_MSS | AKSU_OPT_WSCALE | AKSU_OPT_SACK_OK | AKSU_OPT_TS);
	seg->opts.mss = two(f);
	seg->opts.wscale = what >> 4;
	/* The clock of timestamps is not told; what was heard last is near enough to zero. */
	seg->opts.tsval = ts_at((uint32_t)two(f) << (what >> 4));
	seg->opts.tsecr = ts_at(two(f));
	if (what & 0x80 && !seg_has(seg, AKSU_SYN)) {
		seg->opts.present |= AKSU_OPT_SACK;
		seg->opts.sack_count = 2;
		for (unsigned k = 0; k < 2; k++) {
			seg->opts.sack[k].start = near(f, i->snd_una, i->snd_nxt, i->rcv_nxt, 0);
			seg->opts.sack[k].end = near(f, i->snd_una, i->snd_nxt, i->rcv_nxt, 0);
		}
	}
}

/* A segment for socket i of side `to`, built around its numbers. */
static void inject(struct fuzz *f, unsigned to, unsigned i)
{
	static uint8_t p[FRAME_MAX];
	struct side *e = &f->side[to];
	struct aksu_info info = {0};
	struct tcp_seg seg = {.segments = 1};
	uint32_t head = f->v6 ? 40 : 20, n;

	if (aksu_info(e->s, e->socket[i], &info) != 0)
		info.remote.port = (uint16_t)(100 + i), info.local.port = PORT;
	f->injected = true;
	seg.src_port = info.remote.port;
	seg.dst_port = info.local.port;
	seg.seq = near(f, info.rcv_nxt, info.rcv_nxt + info.rcv_wnd, info.irs, 0);
	seg.ack = near(f, info.snd_una, info.snd_nxt, info.iss, 0);
	seg.flags = octet(f);
	seg.rawwnd = two(f);
	seg.up = octet(f);
	stranger_options(f, &info, &seg);
	seg.text_len = length(f) % 1200;
	n = (uint32_t)tcp_emit(&seg, p + head);
	memset(p + head + n, 0xee, seg.text_len);
	n = envelope(f, !to, IP_PROTO_TCP, p, n + seg.text_len);
	deliver(f, to, p, n);
}

/* An ICMP error that quotes what the connection has in flight. */
static void icmp_error(struct fuzz *f, unsigned to, unsigned i)
{
	uint8_t p[40 + 8 + 40 + 20] = {0}, quote[FRAME_MAX] = {0};
	struct side *e = &f->side[to];
	uint32_t head = f->v6 ? 40 : 20, seq;
	struct aksu_info info = {0};
	uint8_t *body = p + head;

	if (aksu_info(e->s, e->socket[i], &info) != 0)
		return;
	f->injected = true;
	body[0] = octet(f) % (f->v6 ? 5 : 13);
	body[1] = octet(f) % 16;
	body[6] = octet(f);
	body[7] = octet(f);
	seq = seq_raw(near(f, info.snd_una, info.snd_nxt, info.rcv_nxt, info.iss));
	quote[head] = (uint8_t)(info.local.port >> 8);
	quote[head + 1] = (uint8_t)info.local.port;
	quote[head + 2] = (uint8_t)(info.remote.port >> 8);
	quote[head + 3] = (uint8_t)info.remote.port;
	for (unsigned k = 0; k < 4; k++)
		quote[head + 4 + k] = (uint8_t)(seq >> (24 - 8 * k));
	envelope(f, to, IP_PROTO_TCP, quote, 1000); /* as if it were a long segment */
	memcpy(body + 8, quote, head + 20);
	deliver(f, to, p,
		envelope(f, !to, f->v6 ? IP_PROTO_ICMPV6 : IP_PROTO_ICMP, p, 8 + head + 20));
}

static void raw_frame(struct fuzz *f, unsigned to, uint32_t n)
{
	size_t left = cur_left(&f->in);
	const uint8_t *p = cur_take(&f->in, n < left ? n : left);

	f->injected = true;
	if (p != NULL)
		deliver(f, to, p, (uint32_t)(n < left ? n : left));
}

/* ------------------------------------------------------------------ time */

static void advance(struct fuzz *f)
{
	for (unsigned k = 0; k < 2; k++) {
		aksu_advance(f->side[k].s, f->now);
		talk(f, k);
	}
}

/* 0: to the next deadline; else 1 ms, doubled up to 2^30 ms: twelve days at once. */
static void pass(struct fuzz *f, uint8_t x)
{
	aksu_time next = AKSU_NEVER;

	for (unsigned k = 0; k < 2; k++)
		if (aksu_deadline(f->side[k].s) < next)
			next = aksu_deadline(f->side[k].s);
	if (x % 32 != 0)
		f->now += AKSU_MILLISECOND << (x % 32 - 1);
	else if (next != AKSU_NEVER && next > f->now)
		f->now = next;
	if (x % 32 > 14)
		f->harsh = true; /* more than half a minute: time-outs of the other side's may end
				    it */
	advance(f);
}

static void drain(struct fuzz *f, unsigned k)
{
	struct aksu_ready ready;

	for (unsigned n = 0; aksu_next_ready(f->side[k].s, &ready); n++)
		must(n < 1000);
}

/* ------------------------------------------------------------------ the end */

/* The wire is good, everybody accepts and reads: until nothing happens any more. */
static void heal(struct fuzz *f)
{
	aksu_time end = f->now + 400 * AKSU_SECOND;
	uint32_t burst = 0;

	while (f->now < end) {
		bool any = false;

		for (unsigned k = 0; k < 2; k++) {
			any |= put_out(f, k, 32) > 0 || f->side[k].held_count > 0;
			burst += f->side[k].held_count;
			must(burst < BURST_MAX);
			while (f->side[k].held_count > 0)
				carry_one(f, k, 0);
			take_one(f, k);
			for (unsigned i = 0; i < SOCKETS; i++)
				while (f->side[k].socket[i].gen != 0 && hear(f, k, i, 40000) > 0)
					any = true;
		}
		if (any)
			continue;
		burst = 0;
		if (aksu_deadline(f->side[0].s) == AKSU_NEVER &&
		    aksu_deadline(f->side[1].s) == AKSU_NEVER)
			break;
		pass(f, 0);
		if (aksu_deadline(f->side[0].s) <= f->now || aksu_deadline(f->side[1].s) <= f->now)
			must(++burst < BURST_MAX); /* a deadline that stays in the past */
	}
	for (unsigned k = 0; k < 2; k++)
		must(aksu_check(f->side[k].s));
}

/* Without a stranger and with memory, what was queued has been acknowledged. */
static void check_delivered(struct fuzz *f)
{
	for (unsigned k = 0; k < 2; k++)
		for (unsigned i = 0; i < SOCKETS; i++) {
			struct side *e = &f->side[k];
			int64_t unacked = 0;
			struct aksu_info info;

			if (aksu_info(e->s, e->socket[i], &info) != 0 || e->dirty[i] ||
			    (info.state != AKSU_STATE_ESTABLISHED &&
			     info.state != AKSU_STATE_CLOSE_WAIT))
				continue;
			must(aksu_get_option(e->s, e->socket[i], AKSU_TCP_UNACKED, &unacked) == 0);
			must(unacked == 0);
		}
}

/* ------------------------------------------------------------------ operations */

enum operation {
	OP_SEND,
	OP_RECV,
	OP_OUTPUT, /* frames onto the wire, and what becomes of each */
	OP_CARRY,
	OP_PASS,
	OP_OPEN,
	OP_ACCEPT,
	OP_LISTEN,
	OP_SHUTDOWN,
	OP_CLOSE,
	OP_ABORT,
	OP_OPTION,
	OP_DATAGRAM,
	OP_READY,
	OP_MTU,
	OP_INJECT,
	OP_ICMP,
	OP_RAW,
	OP_COUNT,
};

static void output_and_carry(struct fuzz *f, unsigned k)
{
	uint32_t n = put_out(f, k, 1 + octet(f) % 32);

	while (n-- > 0)
		carry_one(f, k, octet(f));
}

static void operation(struct fuzz *f)
{
	uint8_t x = octet(f), where = octet(f);
	unsigned k = where & 1, i = where >> 1 & (SOCKETS - 1);
	struct side *e = a_side(f, where);

	switch ((enum operation)(x % OP_COUNT)) {
	case OP_SEND: say(f, k, i, length(f), where >> 3 & AKSU_MSG_MORE); break;
	case OP_RECV: hear(f, k, i, length(f)); break;
	case OP_OUTPUT: output_and_carry(f, k); break;
	case OP_CARRY: carry_one(f, k, octet(f)); break;
	case OP_PASS: pass(f, octet(f)); break;
	case OP_OPEN: open_one(f, k, i, where >> 3); break;
	case OP_ACCEPT: take_one(f, k); break;
	case OP_LISTEN: listen_or_not(f, k, where >> 4); break;
	case OP_SHUTDOWN: aksu_shutdown(e->s, e->socket[i], f->now); break;
	case OP_CLOSE: end_one(f, k, i, false); break;
	case OP_ABORT: end_one(f, k, i, true); break;
	case OP_OPTION: {
		uint8_t which = octet(f);

		set_one(f, k, i, which, two(f));
		break;
	}
	case OP_DATAGRAM: datagram(f, k, length(f)); break;
	case OP_READY: drain(f, k); break;
	case OP_MTU: /* of both ends: else what is too long vanishes, and no one says so */
		for (unsigned m = 0; m < 2; m++)
			aksu_link_set_mtu(f->side[m].s, 0,
					  f->v6 ? 1280 + where % 220 : 68 + where * 5);
		break;
	case OP_INJECT:
		if (f->stranger)
			inject(f, k, i);
		break;
	case OP_ICMP:
		if (f->stranger)
			icmp_error(f, k, i);
		break;
	case OP_RAW:
		if (f->stranger)
			raw_frame(f, k, length(f) % 1200);
		break;
	case OP_COUNT: break;
	}
}

static bool begin(struct fuzz *f)
{
	uint8_t world = octet(f), buffers = octet(f), budget = octet(f), clock = octet(f);
	static const uint32_t sizes[8] = {0, 256, 300, 1000, 4000, 20000, 65536, 1 << 20};

	f->v6 = world & 1;
	f->stranger = world & 2;
	f->scarce = budget != 0;
	f->now = AKSU_SECOND + ((uint64_t)clock << 46); /* timestamps and 16-bit clocks wrap */
	for (unsigned k = 0; k < 2; k++) {
		struct side *e = &f->side[k];
		struct aksu_link_config link = {.size = sizeof(link),
						.kind = AKSU_LINK_IP,
						.mtu = 1500};
		struct aksu_config config = {
			.size = sizeof(config),
			.allocator = test_memory_allocator(&e->memory),
			.entropy = {world, (uint8_t)k},
			.send_buffer = sizes[buffers >> (k ? 3 : 0) & 7],
			.receive_buffer = sizes[buffers >> (k ? 0 : 3) & 7],
			.budget = f->scarce ? 40000 + budget * 2000u : 0,
			.syn_queue = world & 4 ? 1 : 0,
			.seed = (uint64_t)clock << 24,
			.events = &e->ring,
			.event_mask = AKSU_EVENTS_ALL,
			.panic = on_panic,
		};

		e->ring = (struct aksu_event_ring){.events = e->events, .cap = RING};
		must(aksu_addr_parse(f->v6 ? (k ? "fd00::2" : "fd00::1")
					   : (k ? "10.0.0.2" : "10.0.0.1"),
				     &e->addr));
		e->s = aksu_new(&config, f->now);
		if (e->s == NULL || aksu_link_add(e->s, &link, f->now) != 0 ||
		    aksu_addr_add(e->s, 0, &e->addr, f->v6 ? 64 : 24) != 0)
			return false;
	}
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz *f = calloc(1, sizeof(*f));

	must(f != NULL);
	f->in = (struct cur){data, data + size};
	if (begin(f)) {
		for (unsigned n = 0; n < OPERATIONS_MAX && cur_left(&f->in) > 0; n++) {
			operation(f);
			for (unsigned k = 0; k < 2; k++) {
				talk(f, k);
				must(aksu_check(f->side[k].s));
			}
		}
		heal(f);
		if (!f->injected && !f->scarce && !f->harsh)
			check_delivered(f);
	}
	for (unsigned k = 0; k < 2; k++) {
		while (f->side[k].held_count > 0)
			free(take_held(&f->side[k], 0));
		aksu_free(f->side[k].s);
		must(f->side[k].memory.live == 0 && f->side[k].memory.blocks == 0);
	}
	free(f);
	return 0;
}
