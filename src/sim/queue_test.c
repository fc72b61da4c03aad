/* SPDX-License-Identifier: MIT */
/*
 * sim/queue_test.c - queue disciplines, bursts of loss and policers keep what they promise.
 *
 * A load of packets of 1000 octets, evenly spaced, goes over one wire; counted is what became of
 * them, and how long the longest was on its way.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <aksu/sim.h>

#include "base/compile.h"
#include "wire/ipv4.h"
#include "wire/ipv6.h"

#define MS AKSU_MILLISECOND

enum { LEN = 1000, ECT_0 = 2, CE = 3 };

struct outcome {
	unsigned arrived, notes[SIM_NOTE_COUNT], marked;
	unsigned bursts;   /* runs of packets that were lost */
	aksu_time longest; /* of those that came in the second half */
};

static void *get(void *ctx, size_t size, size_t align)
{
	(void)ctx, (void)align;
	return malloc(size);
}

static void put(void *ctx, void *mem, size_t size)
{
	(void)ctx, (void)size;
	free(mem);
}

static void count_note(void *ctx, const struct sim_note *note)
{
	struct outcome *o = ctx;

	o->notes[note->kind]++;
}

/* A packet of its family with these ECN bits. */
static void packet_of(uint8_t *out, bool v6, uint8_t ecn)
{
	struct ipv4 four = {.tos = ecn, .ttl = 64, .protocol = IP_PROTO_UDP};
	struct ipv6 six = {.tclass = ecn, .next = IP_PROTO_UDP, .hop_limit = 64};

	memset(out, 0, LEN);
	four.src = four.dst = aksu_addr_v4(10, 0, 0, 1);
	aksu_addr_parse("fd00::1", &six.src);
	six.dst = six.src;
	four.payload_len = LEN - IPV4_HDR_LEN;
	six.payload_len = LEN - IPV6_HDR_LEN;
	if (v6)
		ipv6_emit(&six, out);
	else
		ipv4_emit(&four, out);
}

static void note_arrival(struct outcome *o, const struct aksu_rx *rx, aksu_time took, bool late)
{
	static uint64_t last;
	struct ipv4 four;
	struct ipv6 six;

	o->bursts += rx->packet > last + 1 && o->arrived > 0;
	last = rx->packet;
	o->arrived++;
	if (late && took > o->longest)
		o->longest = took;
	if (rx->data[0] >> 4 == 6) {
		assert_int_equal(ipv6_parse(rx->data, rx->len, &six), AKSU_DROP_NONE);
		o->marked += (six.tclass & CE) == CE;
		return;
	}
	assert_int_equal(ipv4_parse(rx->data, rx->len, &four), AKSU_DROP_NONE); /* its checksum */
	o->marked += (four.tos & CE) == CE;
}

/* `count` packets at `load` bits per second. */
static struct outcome carry(const struct sim_wire_config *wire, unsigned count, uint64_t load,
			    bool v6, uint8_t ecn)
{
	struct outcome o = {0};
	struct sim_link_config config = {.size = sizeof(config),
					 .allocator = {get, put, NULL},
					 .seed = 5,
					 .wire = {*wire, *wire},
					 .observer = {count_note, &o}};
	struct sim_link *l = sim_link_new(&config);
	struct aksu_device *a = sim_link_end(l, SIM_LEFT), *b = sim_link_end(l, SIM_RIGHT);
	aksu_time gap = LEN * 8 * AKSU_SECOND / load, now = 0;
	uint8_t body[LEN];
	struct aksu_tx tx = {.len = LEN, .pieces = 1, .piece = {{.data = body, .len = LEN}}};
	struct aksu_rx rx;

	packet_of(body, v6, ecn);
	for (unsigned sent = 0; sent < count || b->ops->next_at(b) != AKSU_NEVER;) {
		aksu_time due = b->ops->next_at(b), next = sent < count ? sent * gap : AKSU_NEVER;

		now = due <= next ? due : next;
		if (next < due) {
			tx.packet = ++sent;
			assert_int_equal(a->ops->send(a, &tx, 1, now), 1);
		}
		while (b->ops->receive(b, &rx, 1, now) == 1)
			note_arrival(&o, &rx, now - (rx.packet - 1) * gap, rx.packet > count / 2);
	}
	sim_link_free(l);
	return o;
}

static const struct sim_wire_config line = {.rate = 10000000, .queue = 500000, .delay = MS};

/* 12 Mbit/s into 10: a queue of 500 kB fills within two seconds and stays full. */
static void tail_drop_fills_the_queue(void **state)
{
	struct outcome o = carry(&line, 10000, 12000000, false, 0);

	(void)state;
	assert_true(o.notes[SIM_NOTE_QUEUE] > 1000);
	assert_true(o.longest > 395 * MS);
}

/* RFC 8289: the delay of a queue that stands is brought down; it never needs to fill. */
static void codel_keeps_the_delay_down(void **state)
{
	struct sim_wire_config wire = line;
	struct outcome o;

	(void)state;
	wire.discipline = SIM_DISCIPLINE_CODEL;
	o = carry(&wire, 40000, 10500000, false, 0);
	assert_true(o.notes[SIM_NOTE_EARLY] > 1000);
	assert_int_equal(o.notes[SIM_NOTE_QUEUE], 0);
	assert_true(o.longest < 200 * MS);
	assert_int_equal(o.arrived + o.notes[SIM_NOTE_EARLY], 40000);
	o = carry(&wire, 10000, 9000000, false, 0);
	assert_int_equal(o.arrived, 10000); /* no queue, no drop */
}

/* RFC 2309: the average settles between the marks, and nothing waits for a full queue. */
static void red_drops_between_its_marks(void **state)
{
	struct sim_wire_config wire = line;
	struct outcome o;

	(void)state;
	wire.discipline = SIM_DISCIPLINE_RED;
	wire.mark_min = 50000;
	wire.mark_max = 200000;
	wire.mark_chance = 200000;
	o = carry(&wire, 20000, 10500000, false, 0);
	assert_true(o.notes[SIM_NOTE_EARLY] > 500);
	assert_int_equal(o.notes[SIM_NOTE_QUEUE], 0);
	assert_true(o.longest > 40 * MS && o.longest < 160 * MS);
}

/* RFC 3168 section 5: what is ECN-capable is marked instead, in both families; the rest is not. */
static void what_is_ecn_capable_is_marked(void **state)
{
	static const enum sim_discipline which[] = {SIM_DISCIPLINE_RED, SIM_DISCIPLINE_STEP,
						    SIM_DISCIPLINE_CODEL};
	struct sim_wire_config wire = line;

	(void)state;
	wire.ecn = true;
	wire.queue = 4000000;
	wire.mark_min = 50000;
	wire.mark_max = 2000000;
	wire.mark_chance = 200000;
	for (unsigned i = 0; i < COUNT_OF(which); i++) {
		for (unsigned v6 = 0; v6 < 2; v6++) {
			struct outcome o;

			wire.discipline = which[i];
			o = carry(&wire, 10000, 10500000, v6, ECT_0);
			assert_int_equal(o.arrived, 10000);
			assert_true(o.marked > 10 && o.marked == o.notes[SIM_NOTE_MARKED]);
			o = carry(&wire, 10000, 10500000, v6, 0);
			assert_int_equal(o.marked, 0);
			assert_true(o.notes[SIM_NOTE_EARLY] > 10);
		}
	}
}

/* In steady state a burst begins every 1 / 0.002 packets, lasts 1 / 0.1 and loses all of them. */
static void loss_comes_in_bursts(void **state)
{
	const struct sim_wire_config wire = {.burst_begin = 2000, .burst_end = 100000};
	struct outcome o = carry(&wire, 100000, 1000000000, false, 0);

	(void)state;
	assert_true(o.bursts > 140 && o.bursts < 260);
	assert_true(o.notes[SIM_NOTE_LOST] > 1400 && o.notes[SIM_NOTE_LOST] < 2600);
}

/* Over the rate nothing passes but the burst; under it, everything. */
static void a_policer_lets_its_rate_through(void **state)
{
	const struct sim_wire_config wire = {.police_rate = 10000000, .police_burst = 20000};
	struct outcome o = carry(&wire, 12500, 100000000, false, 0); /* for a second */

	(void)state;
	assert_true(o.arrived >= 1268 && o.arrived <= 1271);
	assert_int_equal(o.notes[SIM_NOTE_POLICED], 12500 - o.arrived);
	o = carry(&wire, 1000, 9900000, false, 0);
	assert_int_equal(o.arrived, 1000);
}

static void a_wire_that_is_down_loses_all(void **state)
{
	struct outcome o = carry(&(struct sim_wire_config){.down = true}, 10, 1000000, false, 0);

	(void)state;
	assert_int_equal(o.arrived, 0);
	assert_int_equal(o.notes[SIM_NOTE_LOST], 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tail_drop_fills_the_queue),
		cmocka_unit_test(codel_keeps_the_delay_down),
		cmocka_unit_test(red_drops_between_its_marks),
		cmocka_unit_test(what_is_ecn_capable_is_marked),
		cmocka_unit_test(loss_comes_in_bursts),
		cmocka_unit_test(a_policer_lets_its_rate_through),
		cmocka_unit_test(a_wire_that_is_down_loses_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
