/* SPDX-License-Identifier: MIT */
/*
 * tests/support/contest.c - see contest.h.
 */
#include "support/contest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "socket/handle.h"

enum { PORT = 5001, PORT_FIRST = 40000, CHUNK = 65536 };

#define BUFFER    (16u << 20)
#define LOOK_EACH (5 * AKSU_MILLISECOND)

static uint8_t chunk[CHUNK];

static void on_panic(void *ctx, const char *file, int line, const char *what)
{
	(void)ctx;
	fail_msg("%s:%d: %s", file, line, what);
}

aksu_time contest_now(const struct contest *f) { return sim_world_now(f->world); }

static void open_flow(struct contest *f, unsigned i, aksu_time now)
{
	struct one_flow *o = &f->flow[i];
	struct aksu_endpoint local = {aksu_addr_v4(10, 0, 0, 1), (uint16_t)(PORT_FIRST + i)};
	struct aksu_endpoint remote = {aksu_addr_v4(10, 0, 0, 2), PORT};

	o->socket = aksu_socket_tcp(f->stack[0]);
	assert_int_equal(aksu_bind(f->stack[0], o->socket, &local), 0);
	assert_int_equal(aksu_set_option(f->stack[0], o->socket, AKSU_TCP_CONGESTION, o->congestion,
					 now),
			 0);
	assert_int_equal(aksu_set_option(f->stack[0], o->socket, AKSU_TCP_MAX_PACING_RATE,
					 (int64_t)o->max_pacing_rate, now),
			 0);
	assert_int_equal(aksu_connect(f->stack[0], o->socket, &remote, now), 0);
	o->open = true;
}

/* Octets that the application has by now and has not queued. */
static uint64_t has_more(const struct one_flow *o, aksu_time now)
{
	uint64_t due;

	if (now >= o->silent_from && now < o->silent_to)
		return 0;
	if (o->app_rate == 0)
		return CHUNK;
	due = (now - o->start) / AKSU_MILLISECOND * o->app_rate / 1000;
	return due > o->queued ? due - o->queued : 0;
}

static void feed(struct contest *f, struct one_flow *o, aksu_time now)
{
	uint64_t n;

	while ((n = has_more(o, now)) > 0) {
		int64_t took = aksu_send(f->stack[0], o->socket, chunk,
					 n < CHUNK ? (size_t)n : CHUNK, 0, now);

		if (took <= 0)
			return;
		o->queued += (uint64_t)took;
	}
}

static aksu_time act_left(void *ctx, struct aksu *s, aksu_time now)
{
	struct contest *f = ctx;
	aksu_time next = AKSU_NEVER;
	struct aksu_ready ready;

	while (aksu_next_ready(s, &ready))
		;
	for (unsigned i = 0; i < f->count; i++) {
		struct one_flow *o = &f->flow[i];

		if (now < o->start) {
			next = o->start < next ? o->start : next;
			continue;
		}
		if (!o->open)
			open_flow(f, i, now);
		feed(f, o, now);
		if (o->app_rate != 0 && now + AKSU_MILLISECOND < next)
			next = now + AKSU_MILLISECOND;
		if (now < o->silent_to && o->silent_to < next)
			next = o->silent_to;
	}
	return next;
}

static void read_all(struct contest *f, struct one_flow *o, aksu_time now)
{
	int64_t n;

	while (o->accepted && (n = aksu_recv(f->stack[1], o->sink, chunk, CHUNK, now)) > 0)
		o->got += (uint64_t)n;
}

static aksu_time act_right(void *ctx, struct aksu *s, aksu_time now)
{
	struct contest *f = ctx;
	struct aksu_ready ready;
	aksu_socket sink;

	while (aksu_next_ready(s, &ready))
		;
	while (aksu_accept(s, f->listener, &sink) == 0) {
		struct aksu_info info;
		struct one_flow *o;

		assert_int_equal(aksu_info(s, sink, &info), 0);
		o = &f->flow[info.remote.port - PORT_FIRST];
		o->sink = sink;
		o->accepted = true;
	}
	for (unsigned i = 0; i < f->count; i++)
		read_all(f, &f->flow[i], now);
	return AKSU_NEVER;
}

struct tcb *contest_tcb(struct contest *f, unsigned i)
{
	uint32_t index;
	struct conn *c = f->flow[i].open ? tcp_of(f->stack[0], f->flow[i].socket, &index) : NULL;

	return c != NULL ? &c->t : NULL;
}

static bool check(void *ctx, aksu_time now)
{
	struct contest *f = ctx;
	const struct tcb *t;

	if (now < f->next_look)
		return true;
	f->next_look = now + LOOK_EACH;
	t = contest_tcb(f, 0);
	if (t != NULL && t->rtt.srtt_us > 0) {
		f->srtt_sum += t->rtt.srtt_us;
		f->srtt_count++;
		f->srtt_most_us = max_u32(f->srtt_most_us, t->rtt.srtt_us);
	}
	if (f->look != NULL)
		f->look(f);
	return aksu_check(f->stack[0]) && aksu_check(f->stack[1]);
}

static void add_host(struct contest *f, unsigned side)
{
	struct aksu_config base = {.send_buffer = BUFFER,
				   .receive_buffer = BUFFER,
				   .panic = on_panic,
				   .budget = (size_t)1 << 30};
	struct aksu_allocator allocator = test_memory_allocator(&f->memory);
	struct aksu_addr addr = aksu_addr_v4(10, 0, 0, (uint8_t)(side + 1));
	struct sim_host host = {
		.device = sim_link_end(f->link, side),
		.app = {side == 0 ? act_left : act_right, f},
	};

	f->stack[side] = host.stack =
		sim_stack_new(&base, &allocator, f->seed + side, host.device, &addr, 24, 0);
	assert_non_null(host.stack);
	if (side == 1) {
		struct aksu_endpoint local = {addr, PORT};

		f->listener = aksu_socket_tcp(host.stack);
		assert_int_equal(aksu_bind(host.stack, f->listener, &local), 0);
		assert_int_equal(aksu_listen(host.stack, f->listener, CONTEST_MAX), 0);
	}
	sim_world_host(f->world, side, &host);
}

void contest_begin(struct contest *f)
{
	struct sim_link_config link = {
		.size = sizeof(link),
		.allocator = test_memory_allocator(&f->memory),
		.seed = f->seed,
		.kind = AKSU_LINK_IP,
		.wire = {f->wire, f->back},
	};
	struct sim_world_config world = {
		.size = sizeof(world),
		.allocator = link.allocator,
		.check = check,
		.check_ctx = f,
	};

	f->memory.plain = true;
	link.wire[0].rate = f->rate;
	link.wire[0].delay = link.wire[1].delay = f->rtt / 2;
	link.wire[0].queue =
		f->queue != 0 ? f->queue : (uint32_t)(f->rate / 8 * f->rtt / AKSU_SECOND);
	f->link = sim_link_new(&link);
	f->world = sim_world_new(&world);
	assert_non_null(f->link);
	assert_non_null(f->world);
	add_host(f, 0);
	add_host(f, 1);
}

static uint64_t resent(struct contest *f, unsigned i)
{
	const struct tcb *t = contest_tcb(f, i);

	return t != NULL ? t->retransmissions : 0;
}

void contest_run(struct contest *f, aksu_time d)
{
	aksu_time from = contest_now(f);
	uint64_t segments = 0, again = 0;

	f->srtt_sum = f->srtt_count = f->srtt_most_us = 0;
	for (unsigned i = 0; i < f->count; i++) {
		f->flow[i].got_before = f->flow[i].got;
		f->flow[i].resent_before = resent(f, i);
	}
	assert_int_equal(sim_world_run(f->world, from + d), SIM_LIMIT);
	f->used = 0;
	for (unsigned i = 0; i < f->count; i++) {
		struct one_flow *o = &f->flow[i];

		o->goodput = (o->got - o->got_before) * 8 * 1000 / (d / AKSU_MILLISECOND);
		o->resent = resent(f, i) - o->resent_before;
		f->used += o->goodput;
		segments += (o->got - o->got_before) / 1460;
		again += o->resent;
	}
	f->lost_percent_x100 = (uint32_t)(again * 10000 / (segments + 1));
}

uint32_t contest_mean_srtt_us(const struct contest *f)
{
	return (uint32_t)(f->srtt_sum / (f->srtt_count + (f->srtt_count == 0)));
}

void contest_end(struct contest *f)
{
	sim_world_free(f->world);
	aksu_free(f->stack[0]);
	aksu_free(f->stack[1]);
	sim_link_free(f->link);
	assert_int_equal(f->memory.live, 0);
}
