/* SPDX-License-Identifier: MIT */
/*
 * tests/starve_test.c - memory that is refused: each allocation in turn, all from one on, or all
 * beyond a budget.
 *
 * One play is given again and again: two instances over a lossy link open, carry octets both ways
 * (with holes, so that text is held out of order), close halfway and whole; datagrams that travel
 * in fragments, pings; a listener that closes over children nobody accepted. Whatever is refused:
 * nothing crashes, no invariant breaks, nothing leaks, what arrives is right, and as soon as memory
 * is back the play goes on to its proper end (D7).
 *
 *      AKSU_STARVE=123 build/tests/test_tests_starve # one play alone
 */
#include <aksu/sim.h>
#include <aksu/trace.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "stack/stack.h"
#include "support/memory.h"
#include "wire/checksum.h"

#include <cmocka.h>

#if defined(__SANITIZE_ADDRESS__)
enum { STEP = 7 }; /* of the numbers of allocations, every so manieth */
#else
enum { STEP = 1 };
#endif

enum {
	OCTETS = 60000,
	DATAGRAM = 2000, /* four fragments */
	MTU = 600,
	DATAGRAMS = 3,
	RETRY_MS = 20,
	BUDGET_SANE = 72 << 10, /* what was begun here is brought to its end */
	RING = 1024,
};

#define FAMINE (3 * AKSU_SECOND) /* how long memory stays away */
/* Where holes cannot be held each costs a time-out; what was learnt of a path rests for 20 minutes.
 */
#define LIMIT (2000 * AKSU_SECOND)

struct play;

struct host {
	struct play *play;
	unsigned side;
	struct aksu *s;
	aksu_socket listener, doomed; /* right: the second is closed over its children */
	aksu_socket tcp, child, udp;
	bool listening[2], connected[2], shut, eof, closed, doomed_closed, udp_bound;
	bool hungry; /* a call was refused: try again soon */
	uint32_t sent, received, datagrams, pings;
	int error;
};

struct play {
	struct test_memory memory;
	struct test_memory world_memory; /* the simulator's own */
	struct host host[2];
	struct aksu_addr addr[2];
	struct sim_link *link;
	struct sim_world *world;
	aksu_time famine_since;
	bool talk;
	char wrong[200];
};

static void wrong(struct play *p, const char *format, ...)
{
	va_list args;

	if (p->wrong[0] != '\0')
		return;
	va_start(args, format);
	vsnprintf(p->wrong, sizeof(p->wrong), format, args);
	va_end(args);
}

static void on_panic(void *ctx, const char *file, int line, const char *what)
{
	wrong(ctx, "%s:%d: %s", file, line, what);
}

static uint8_t octet_at(unsigned side, uint32_t place)
{
	return (uint8_t)((place * 2654435761u >> 20) + side);
}

/* ------------------------------------------------------------------ the applications */

/* Memory was refused: that is no error of the play. */
static bool refused(struct host *h, int64_t result)
{
	if (result == -AKSU_ENOMEM || result == -AKSU_ENOBUFS)
		h->hungry = true;
	else if (result < 0 && result != -AKSU_EAGAIN && h->error == 0)
		h->error = (int)-result;
	return result < 0;
}

static bool have(struct host *h, aksu_socket *socket, bool udp)
{
	if (socket->gen == 0)
		*socket = udp ? aksu_socket_udp(h->s) : aksu_socket_tcp(h->s);
	h->hungry |= socket->gen == 0;
	return socket->gen != 0;
}

static void listen_on(struct host *h, unsigned which, aksu_socket *socket, uint16_t port)
{
	struct aksu_endpoint here = {.port = port};

	if (h->listening[which] || !have(h, socket, false))
		return;
	/* Bound already, when only listening was refused. */
	if (aksu_bind(h->s, *socket, &here) == -AKSU_ENOMEM) {
		h->hungry = true;
		return;
	}
	h->listening[which] = !refused(h, aksu_listen(h->s, *socket, 4));
}

static void connect_to(struct host *h, unsigned which, aksu_socket *socket, uint16_t port,
		       aksu_time now)
{
	struct aksu_endpoint there = {h->play->addr[1], port};

	if (h->connected[which] || !have(h, socket, false))
		return;
	if (!h->play->host[1].listening[which]) { /* what nobody listens on is refused, rightly */
		h->hungry = true;
		return;
	}
	h->connected[which] = !refused(h, aksu_connect(h->s, *socket, &there, now));
}

static void talk_udp(struct host *h, aksu_time now)
{
	static uint8_t data[DATAGRAM];
	struct aksu_endpoint here = {.port = 9}, there = {h->play->addr[!h->side], 9};
	int64_t n;

	if (!have(h, &h->udp, true))
		return;
	if (!h->udp_bound && (h->udp_bound = !refused(h, aksu_bind(h->s, h->udp, &here))) == false)
		return;
	if (h->side == 0 && h->datagrams < DATAGRAMS) {
		n = aksu_sendto(h->s, h->udp, data, sizeof(data), &there, now);
		h->datagrams += n > 0;
		h->hungry |= n < 0;
	}
	while (h->side == 1 && (n = aksu_recvfrom(h->s, h->udp, data, sizeof(data), &there)) >= 0) {
		if (n != DATAGRAM)
			wrong(h->play, "a datagram of %d octets", (int)n);
		h->datagrams++;
	}
}

/* Echo requests from a stranger on the link, straight into the instance. */
static void ping(struct host *h, aksu_time now)
{
	uint8_t p[28 + 500] = {0x45, 0, sizeof(p) >> 8, (uint8_t)sizeof(p), 0, 1, 0, 0, 64, 1};
	struct aksu_rx rx = {.data = p, .len = sizeof(p)};
	uint16_t sum;

	if (h->pings++ >= 5)
		return;
	memcpy(p + 12, (uint8_t[]){10, 0, 0, 77}, 4);
	memcpy(p + 16, h->play->addr[h->side].b + 12, 4);
	sum = csum_finish(csum_of(p, 20));
	p[10] = (uint8_t)(sum >> 8);
	p[11] = (uint8_t)sum;
	p[20] = 8;
	sum = csum_finish(csum_of(p + 20, sizeof(p) - 20));
	p[22] = (uint8_t)(sum >> 8);
	p[23] = (uint8_t)sum;
	aksu_input(h->s, &rx, 1, now);
}

static bool read_some(struct host *h, aksu_time now)
{
	uint8_t data[1500];
	int64_t n = h->eof ? -AKSU_EAGAIN : aksu_recv(h->s, h->tcp, data, sizeof(data), now);

	for (int64_t i = 0; i < n; i++)
		if (data[i] != octet_at(!h->side, h->received + (uint32_t)i)) {
			wrong(h->play, "octet %u is wrong", h->received + (uint32_t)i);
			return false;
		}
	if (n == 0 && h->received != OCTETS)
		wrong(h->play, "the end came after %u octets", h->received);
	h->eof |= n == 0;
	return !refused(h, n) && n > 0 && (h->received += (uint32_t)n) > 0;
}

static bool write_some(struct host *h, aksu_time now)
{
	uint8_t data[1000];
	uint32_t k = 0;
	int64_t n;

	for (; k < sizeof(data) && h->sent + k < OCTETS; k++)
		data[k] = octet_at(h->side, h->sent + k);
	if (k == 0)
		return false;
	n = aksu_send(h->s, h->tcp, data, k, 0, now);
	return !refused(h, n) && (h->sent += (uint32_t)n) > 0;
}

static void carry(struct host *h, aksu_time now)
{
	uint32_t ready = aksu_ready(h->s, h->tcp);

	if (h->closed || !(ready & (AKSU_WRITABLE | AKSU_READABLE | AKSU_HUP | AKSU_ERROR)))
		return;
	while (h->error == 0 && (read_some(h, now) || write_some(h, now)))
		;
	if (h->sent == OCTETS && !h->shut && (h->side == 0 || h->eof))
		h->shut = !refused(h, aksu_shutdown(h->s, h->tcp, now));
	if ((h->shut && h->eof) || h->error != 0)
		h->closed = aksu_close(h->s, h->tcp, now) == 0;
}

static void act_right(struct host *h, aksu_time now)
{
	if (h->tcp.gen == 0)
		listen_on(h, 0, &h->listener, 7);
	if (!h->doomed_closed)
		listen_on(h, 1, &h->doomed, 8);
	if (h->tcp.gen == 0 && h->listening[0]) {
		if (aksu_accept(h->s, h->listener, &h->tcp) == 0)
			aksu_close(h->s, h->listener, now);
		else
			h->tcp = AKSU_NO_SOCKET;
	}
	if (h->tcp.gen != 0 && h->received > OCTETS / 2 && !h->doomed_closed) {
		h->doomed_closed = true;
		aksu_close(h->s, h->doomed, now);
	}
}

static aksu_time act(void *ctx, struct aksu *s, aksu_time now)
{
	struct host *h = ctx;

	(void)s;
	h->hungry = false;
	if (h->side == 1)
		act_right(h, now);
	if (h->side == 0) {
		connect_to(h, 0, &h->tcp, 7, now);
		connect_to(h, 1, &h->child, 8, now);
	}
	talk_udp(h, now);
	ping(h, now);
	if (h->tcp.gen != 0)
		carry(h, now);
	if (h->side == 0 && h->closed && h->child.gen != 0 && aksu_close(h->s, h->child, now) == 0)
		h->child = AKSU_NO_SOCKET;
	if (!aksu_check(h->s))
		wrong(h->play, "an invariant broke");
	return h->hungry ? now + RETRY_MS * AKSU_MILLISECOND : AKSU_NEVER;
}

/* ------------------------------------------------------------------ the play */

/* After each moment; also the famine's end. */
static bool check(void *ctx, aksu_time now)
{
	struct play *p = ctx;

	if (p->famine_since == 0 && p->memory.refused > 0)
		p->famine_since = now;
	if (p->famine_since != 0 && now > p->famine_since + FAMINE &&
	    p->memory.fail_until == UINT64_MAX - 1)
		p->memory.fail_from = 0;
	for (unsigned k = 0; k < 2; k++)
		if (!aksu_check(p->host[k].s))
			wrong(p, "an invariant broke");
	return p->wrong[0] == '\0';
}

static void print(void *ctx, const char *text, size_t n)
{
	(void)ctx;
	fwrite(text, 1, n, stdout);
}

static void on_note(void *ctx, const struct sim_note *n)
{
	struct play *p = ctx;
	struct aksu_writer out = {print, NULL};

	if (p->talk && n->kind == SIM_NOTE_EVENT)
		aksu_line_print(&out, n->side ? "right" : "left", n->event, 0, false);
}

static bool set_stage(struct play *p, const size_t *budgets)
{
	static struct aksu_event events[2][RING];
	static struct aksu_event_ring ring[2];
	struct sim_wire_config wire = {
		.delay = 10 * AKSU_MILLISECOND,
		.loss = 80000,
		.reorder = 80000,
		.reorder_extra = 30 * AKSU_MILLISECOND,
	};
	struct sim_link_config link = {
		.size = sizeof(link),
		.allocator = test_memory_allocator(&p->world_memory),
		.seed = 5,
		.kind = AKSU_LINK_IP,
		.mtu = MTU,
		.wire = {wire, wire},
		.observer = {on_note, p},
	};
	struct aksu_allocator memory = test_memory_allocator(&p->memory);

	p->link = sim_link_new(&link);
	for (unsigned k = 0; k < 2; k++) {
		struct aksu_config base = {
			.budget = budgets[k],
			.send_buffer = 16384,
			.receive_buffer = 16384,
			.events = &ring[k],
			.event_mask = p->talk ? AKSU_EVENTS_ALL : 0,
			.panic = on_panic,
			.panic_ctx = p,
		};

		ring[k] = (struct aksu_event_ring){.events = events[k], .cap = RING};
		p->addr[k] = aksu_addr_v4(10, 0, 0, (uint8_t)(k + 1));
		p->host[k].play = p;
		p->host[k].side = k;
		p->host[k].s = sim_stack_new(&base, &memory, k + 7, sim_link_end(p->link, k),
					     &p->addr[k], 24, AKSU_SECOND);
		if (p->host[k].s == NULL)
			return false;
	}
	for (unsigned k = 0; k < 2; k++)
		p->host[k].play = p;
	{
		struct sim_world_config world = {
			.size = sizeof(world),
			.allocator = test_memory_allocator(&p->world_memory),
			.observer = {on_note, p},
			.check = check,
			.check_ctx = p,
		};

		p->world = sim_world_new(&world);
	}
	for (unsigned k = 0; k < 2; k++) {
		struct sim_host host = {
			.stack = p->host[k].s,
			.device = sim_link_end(p->link, k),
			.app = {act, &p->host[k]},
			.clock = AKSU_SECOND,
			.events = &ring[k],
		};

		sim_world_host(p->world, k, &host);
	}
	return true;
}

static bool carried_all(const struct play *p)
{
	for (unsigned k = 0; k < 2; k++)
		if (p->host[k].received != OCTETS || !p->host[k].closed || p->host[k].error != 0)
			return false;
	return true;
}

static void clear_stage(struct play *p)
{
	sim_world_free(p->world);
	for (unsigned k = 0; k < 2; k++)
		aksu_free(p->host[k].s);
	sim_link_free(p->link);
	if (p->memory.live != 0 || p->memory.blocks != 0)
		wrong(p, "%zu octets leaked", p->memory.live);
	if (p->world_memory.live != 0)
		wrong(p, "the simulator leaked");
}

enum outcome { NO_STAGE, NOT_BEGUN, UNFINISHED, COMPLETE };

/* Gives the play once; `m` says what is refused. */
static enum outcome give_play(struct test_memory *m, const size_t *budgets, bool talk, char *why)
{
	struct play *p = calloc(1, sizeof(*p));
	enum outcome outcome = NO_STAGE;
	enum sim_end end;

	assert_non_null(p);
	p->memory = *m;
	p->memory.plain = m->plain;
	p->world_memory.plain = true;
	p->talk = talk;
	if (set_stage(p, budgets)) {
		end = sim_world_run(p->world, LIMIT);
		if (end == SIM_STUCK)
			wrong(p, "stuck: a host talks to itself");
		outcome = carried_all(p) && end == SIM_QUIET ? COMPLETE : UNFINISHED;
		if (outcome == UNFINISHED && p->host[0].received + p->host[1].received == 0)
			outcome = NOT_BEGUN;
		if (outcome != COMPLETE)
			snprintf(why, 200, "left %u/%u error %d, right %u/%u error %d, end %d",
				 p->host[0].received, p->host[0].closed, p->host[0].error,
				 p->host[1].received, p->host[1].closed, p->host[1].error,
				 (int)end);
	}
	clear_stage(p);
	*m = p->memory;
	if (p->wrong[0] != '\0') {
		snprintf(why, 200, "%s", p->wrong);
		free(p);
		fail_msg("%s (AKSU_STARVE=%llu)", why, (unsigned long long)m->fail_at);
	}
	free(p);
	return outcome;
}

static const size_t plenty[2] = {8 << 20, 8 << 20};

/* How many allocations the play makes when none is refused. */
static uint64_t count_allocations(void)
{
	struct test_memory m = {0};
	char why[200] = "";

	if (give_play(&m, plenty, false, why) != COMPLETE)
		fail_msg("the play does not even end with plenty of memory: %s", why);
	return m.asked;
}

static void D7_any_allocation_may_fail_once(void **state)
{
	const char *only = getenv("AKSU_STARVE");
	uint64_t total = count_allocations(), bad = 0, none = 0;

	(void)state;
	for (uint64_t n = 1; n <= total; n += STEP) {
		struct test_memory m = {.fail_at = only != NULL ? strtoull(only, NULL, 0) : n};
		char why[200] = "";
		enum outcome o = give_play(&m, plenty, only != NULL, why);

		none += o == NO_STAGE;
		if (o == UNFINISHED || o == NOT_BEGUN) {
			printf("allocation %llu refused: %s\n", (unsigned long long)m.fail_at, why);
			bad++;
		}
		if (only != NULL)
			break;
	}
	printf("%llu allocations, each refused in turn; %llu of them made an instance impossible\n",
	       (unsigned long long)total, (unsigned long long)none);
	assert_int_equal(bad, 0);
}

static void D7_a_famine_of_three_seconds_ends_well(void **state)
{
	uint64_t total = count_allocations(), bad = 0;

	(void)state;
	for (uint64_t n = 1; n <= total; n += STEP) {
		struct test_memory m = {.fail_from = n, .fail_until = UINT64_MAX - 1};
		char why[200] = "";

		if (give_play(&m, plenty, false, why) % COMPLETE != NO_STAGE) {
			printf("famine from allocation %llu: %s\n", (unsigned long long)n, why);
			bad++;
		}
	}
	assert_int_equal(bad, 0);
}

/* Memory never comes back: whatever happens, everything is given back at the end. */
static void D7_a_famine_without_end_leaks_nothing(void **state)
{
	uint64_t total = count_allocations();

	(void)state;
	for (uint64_t n = 1; n <= total; n += 5 * STEP) {
		struct test_memory m = {.fail_from = n, .fail_until = UINT64_MAX};
		char why[200] = "";

		(void)give_play(&m, plenty, false, why);
	}
}

static void D7_small_budgets_slow_down_but_abort_nothing(void **state)
{
	const char *only = getenv("AKSU_BUDGET");
	size_t enough = 0;

	(void)state;
	for (size_t budget = only != NULL ? strtoull(only, NULL, 0) : 1000; budget < 300000;
	     budget += budget / 40 * STEP + 1) {
		for (unsigned both = 1; both <= 3; both++) {
			size_t budgets[2] = {both & 1 ? budget : plenty[0],
					     both & 2 ? budget : plenty[1]};
			struct test_memory m = {0};
			char why[200] = "";
			enum outcome o = give_play(&m, budgets, only != NULL, why);

			if (o != COMPLETE)
				enough = 0;
			else if (enough == 0)
				enough = budget;
			/* Below, one segment may find no room beside sockets and their tables. */
			if (o == UNFINISHED && budget >= BUDGET_SANE)
				fail_msg("budget %zu (%u): %s", budget, both, why);
		}
	}
	printf("the play is given to its end from a budget of %zu octets on\n", enough);
	assert_true(enough != 0 && enough < 96 << 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(D7_any_allocation_may_fail_once),
		cmocka_unit_test(D7_a_famine_of_three_seconds_ends_well),
		cmocka_unit_test(D7_a_famine_without_end_leaks_nothing),
		cmocka_unit_test(D7_small_budgets_slow_down_but_abort_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
