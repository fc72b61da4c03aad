/* SPDX-License-Identifier: MIT */
/*
 * sim/link_test.c - wires with hand-made frames: time, order, loss, copies, damage, and that a seed
 * means the same for ever.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sim/node.h"
#include "support/memory.h"
#include "wire/addr.h"
#include "wire/ipv4.h"
#include "wire/ipv6.h"
#include "wire/tcp.h"

#define MS AKSU_MILLISECOND

static struct test_memory memory;

static unsigned notes[SIM_NOTE_COUNT];

static void count_note(void *ctx, const struct sim_note *note)
{
	(void)ctx;
	notes[note->kind]++;
}

static struct sim_link_config config_of(const struct sim_wire_config *wire)
{
	struct sim_link_config config = {
		.size = sizeof(config),
		.allocator = {test_memory_take, test_memory_give, &memory},
		.seed = 7,
		.kind = AKSU_LINK_IP,
		.observer = {.note = count_note},
	};

	memset(notes, 0, sizeof(notes));
	config.wire[SIM_LEFT] = config.wire[SIM_RIGHT] = *wire;
	return config;
}

static struct sim_link *link_of(const struct sim_wire_config *wire)
{
	struct sim_link_config config = config_of(wire);
	struct sim_link *l = sim_link_new(&config);

	assert_non_null(l);
	return l;
}

static void send_octets(struct aksu_device *dev, uint64_t packet, uint32_t len, aksu_time now)
{
	static uint8_t body[4000];
	struct aksu_tx tx = {.packet = packet, .len = len, .pieces = 1};

	tx.piece[0].data = body;
	tx.piece[0].len = len;
	assert_int_equal(dev->ops->send(dev, &tx, 1, now), 1);
}

/* The next packet's number, or 0 when none has arrived. */
static uint64_t receive(struct aksu_device *dev, aksu_time now)
{
	struct aksu_rx rx;

	return dev->ops->receive(dev, &rx, 1, now) == 1 ? rx.packet : 0;
}

static void delay_is_exact_and_both_ways(void **state)
{
	struct sim_link *l = link_of(&(struct sim_wire_config){.delay = 20 * MS});
	struct aksu_device *a = sim_link_end(l, SIM_LEFT), *b = sim_link_end(l, SIM_RIGHT);

	(void)state;
	send_octets(a, 1, 100, 5 * MS);
	send_octets(b, 9, 100, 6 * MS);
	assert_int_equal(b->ops->next_at(b), 25 * MS);
	assert_int_equal(receive(b, 25 * MS - 1), 0);
	assert_int_equal(receive(b, 25 * MS), 1);
	assert_int_equal(receive(b, 25 * MS), 0);
	assert_int_equal(receive(a, 26 * MS), 9);
	assert_true(b->ops->next_at(b) == AKSU_NEVER);
	sim_link_free(l);
	assert_int_equal(memory.blocks, 0);
}

/*
 * 1500 octets at 10 Mbit/s are 1.2 ms; three fit into a queue of 4500, the fourth is one too many.
 */
static void rate_and_queue_are_exact(void **state)
{
	struct sim_link *l = link_of(&(struct sim_wire_config){.rate = 10000000, .queue = 4500});
	struct aksu_device *a = sim_link_end(l, SIM_LEFT), *b = sim_link_end(l, SIM_RIGHT);

	(void)state;
	for (uint64_t i = 1; i <= 4; i++)
		send_octets(a, i, 1500, 0);
	assert_int_equal(notes[SIM_NOTE_QUEUE], 1);
	assert_int_equal(receive(b, 1200000 - 1), 0);
	assert_int_equal(receive(b, 1200000), 1);
	assert_int_equal(receive(b, 2400000), 2);
	assert_int_equal(receive(b, 3600000), 3);
	assert_int_equal(receive(b, AKSU_SECOND), 0);
	sim_link_free(l);
	assert_int_equal(memory.blocks, 0);
}

/* A third of a nanosecond per octet must not be lost over a million packets. */
static void a_rate_does_not_drift(void **state)
{
	struct sim_link *l = link_of(&(struct sim_wire_config){.rate = 24000000001u});
	struct aksu_device *a = sim_link_end(l, SIM_LEFT), *b = sim_link_end(l, SIM_RIGHT);
	aksu_time last = 0;

	(void)state;
	for (uint64_t i = 1; i <= 3000; i++)
		send_octets(a, i, 1000, 0);
	while (b->ops->next_at(b) != AKSU_NEVER) {
		last = b->ops->next_at(b);
		receive(b, last);
	}
	assert_int_equal(last, 3000ull * 8000 * AKSU_SECOND / 24000000001u);
	sim_link_free(l);
}

static void a_mask_loses_the_packets_that_it_names(void **state)
{
	struct sim_link *l = link_of(&(struct sim_wire_config){.loss_mask = 0x24});
	struct aksu_device *a = sim_link_end(l, SIM_LEFT), *b = sim_link_end(l, SIM_RIGHT);
	uint64_t got = 0, n;

	(void)state;
	for (uint64_t i = 0; i < 130; i++)
		send_octets(a, i + 1, 10, 0);
	for (n = receive(b, 0); n != 0; n = receive(b, 0))
		got++;
	assert_int_equal(notes[SIM_NOTE_LOST], 4); /* 2, 5, 66, 69 */
	assert_int_equal(got, 126);
	sim_link_free(l);
}

static void what_is_longer_than_the_mtu_vanishes(void **state)
{
	struct sim_link *l = link_of(&(struct sim_wire_config){.mtu = 1400});
	struct aksu_device *a = sim_link_end(l, SIM_LEFT), *b = sim_link_end(l, SIM_RIGHT);

	(void)state;
	send_octets(a, 1, 1401, 0);
	send_octets(a, 2, 1400, 0);
	assert_int_equal(receive(b, 0), 2);
	assert_int_equal(notes[SIM_NOTE_TOO_BIG], 1);
	sim_link_free(l);
}

/* As netem's does: 5 ms of jitter on packets that follow each other by 1 ms. */
static void jitter_overtakes_where_it_may(void **state)
{
	(void)state;
	for (unsigned may = 0; may < 2; may++) {
		struct sim_link *l = link_of(&(struct sim_wire_config){.delay = 33 * MS,
								       .jitter = 5 * MS,
								       .overtake = may});
		struct aksu_device *a = sim_link_end(l, SIM_LEFT), *b = sim_link_end(l, SIM_RIGHT);
		unsigned overtaken = 0, got = 0;
		uint64_t highest = 0;
		aksu_time at;

		for (uint64_t i = 1; i <= 1000; i++)
			send_octets(a, i, 100, i * MS);
		while ((at = b->ops->next_at(b)) != AKSU_NEVER) {
			uint64_t n = receive(b, at);

			assert_in_range(at - n * MS, 33 * MS, 38 * MS + (may ? 0 : 5 * MS));
			overtaken += n < highest;
			highest = n > highest ? n : highest;
			got++;
		}
		assert_int_equal(got, 1000);
		assert_true(may ? overtaken > 200 : overtaken == 0);
		sim_link_free(l);
	}
}

/* Which packets are lost is a matter of the seed and their number: who sends when is none. */
static void the_nth_packet_is_lost_whenever_it_comes(void **state)
{
	uint64_t lost[2] = {0};

	(void)state;
	for (unsigned slow = 0; slow < 2; slow++) {
		struct sim_link *l = link_of(&(struct sim_wire_config){.delay = 20 * MS,
								       .jitter = 9 * MS,
								       .rate = 10000000,
								       .loss = 200000,
								       .duplicate = 100000,
								       .overtake = true});
		struct aksu_device *a = sim_link_end(l, SIM_LEFT), *b = sim_link_end(l, SIM_RIGHT);

		for (uint64_t i = 1; i <= 64; i++) {
			unsigned before = notes[SIM_NOTE_LOST];

			send_octets(a, i, slow ? 1500 : 40, i * MS * (slow ? 7 : 1));
			(void)receive(b, i * MS);
			lost[slow] |= (uint64_t)(notes[SIM_NOTE_LOST] - before) << (i - 1);
		}
		sim_link_free(l);
	}
	assert_true(lost[0] == lost[1]);
	assert_true(lost[0] != 0);
}

/*
 * A wire with every fault, as a line of text: this is what seed 7 means, everywhere and for ever.
 */
static void a_seed_means_the_same_everywhere(void **state)
{
	const struct sim_wire_config wire = {
		.delay = 20 * MS,
		.jitter = 3 * MS,
		.rate = 10000000,
		.loss = 100000,
		.duplicate = 100000,
		.reorder = 100000,
		.reorder_extra = 10 * MS,
		.corrupt = 100000,
	};
	struct sim_link *l = link_of(&wire);
	struct aksu_device *a = sim_link_end(l, SIM_LEFT), *b = sim_link_end(l, SIM_RIGHT);
	uint64_t hash = 0xcbf29ce484222325u;

	(void)state;
	for (uint64_t i = 1; i <= 1000; i++)
		send_octets(a, i, 1000, i * MS);
	while (b->ops->next_at(b) != AKSU_NEVER) {
		aksu_time at = b->ops->next_at(b);
		struct aksu_rx rx;

		if (b->ops->receive(b, &rx, 1, at) == 0)
			continue;
		hash = (hash ^ at ^ rx.packet << 40) * 0x100000001b3u;
		for (uint32_t i = 0; i < rx.len; i++)
			hash = (hash ^ rx.data[i]) * 0x100000001b3u;
	}
	printf("lost %u, copies %u, late %u, damaged %u, hash %016llx\n", notes[SIM_NOTE_LOST],
	       notes[SIM_NOTE_DUPLICATED], notes[SIM_NOTE_DELAYED], notes[SIM_NOTE_CORRUPTED],
	       (unsigned long long)hash);
	assert_true(notes[SIM_NOTE_LOST] > 70 && notes[SIM_NOTE_LOST] < 130);
	assert_true(notes[SIM_NOTE_DUPLICATED] > 60 && notes[SIM_NOTE_DUPLICATED] < 120);
	assert_true(hash == 0xc3eb55e0d1662790u);
	sim_link_free(l);
	assert_int_equal(memory.blocks, 0);
}

/* ---- rules */

static uint32_t segment(uint8_t *out, bool v6, uint8_t flags, uint32_t text)
{
	struct tcp_seg seg = {.flags = flags, .src_port = 1, .dst_port = 2};
	struct ipv4 v4 = {.ttl = 64, .protocol = IP_PROTO_TCP};
	struct ipv6 six = {.hop_limit = 64, .next = IP_PROTO_TCP};
	uint8_t header[60], ip[IPV4_HDR_MAX];
	size_t n = tcp_emit(&seg, header), head;

	v4.payload_len = six.payload_len = (uint16_t)(n + text);
	v4.src = v4.dst = addr_from_v4((uint8_t[]){10, 0, 0, 1});
	six.src.b[0] = six.dst.b[0] = 0xfd;
	head = v6 ? ipv6_emit(&six, ip) : ipv4_emit(&v4, ip);
	memcpy(out, ip, head);
	memcpy(out + head, header, n);
	memset(out + head + n, 'x', text);
	return (uint32_t)(head + n + text);
}

static void rules_lose_the_nth_of_a_kind(void **state)
{
	struct sim_rules rules = {.kind = AKSU_LINK_IP, .count = 3};
	uint8_t frame[2000];
	uint32_t n;

	(void)state;
	assert_true(sim_rule_parse("syn-ack:1", &rules.rule[0]));
	assert_true(sim_rule_parse("data:3", &rules.rule[1]));
	assert_true(sim_rule_parse("server:fin:2", &rules.rule[2]));
	for (unsigned v6 = 0; v6 < 2; v6++) {
		for (unsigned i = 0; i < 3; i++)
			rules.rule[i].seen = 0;
		n = segment(frame, v6, AKSU_SYN, 0);
		assert_false(sim_rules_match(&rules, SIM_LEFT, frame, n));
		n = segment(frame, v6, AKSU_SYN | AKSU_ACK, 0);
		assert_true(sim_rules_match(&rules, SIM_RIGHT, frame, n));
		assert_false(sim_rules_match(&rules, SIM_RIGHT, frame, n));
		n = segment(frame, v6, AKSU_ACK, 10);
		assert_false(sim_rules_match(&rules, SIM_LEFT, frame, n));
		assert_false(sim_rules_match(&rules, SIM_RIGHT, frame, n));
		assert_true(sim_rules_match(&rules, SIM_LEFT, frame, n));
		n = segment(frame, v6, AKSU_ACK | AKSU_FIN, 0);
		assert_false(sim_rules_match(&rules, SIM_RIGHT, frame, n));
		assert_false(sim_rules_match(&rules, SIM_LEFT, frame, n));
		assert_true(sim_rules_match(&rules, SIM_RIGHT, frame, n));
		assert_false(sim_rules_match(&rules, SIM_RIGHT, frame, 10));
	}
}

static void rules_are_read_strictly(void **state)
{
	static const char *const bad[] = {
		"",        "syn",    "syn:",       "syn:0",          "syn:x",
		"sin:1",   "syn:1x", "both:syn:1", "client:",        "client:syn",
		"syn-ack", "SYN:1",  "syn:-1",     "syn:99999999999"};
	struct sim_rule rule;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		if (sim_rule_parse(bad[i], &rule))
			fail_msg("accepted: %s", bad[i]);
	assert_true(sim_rule_parse("client:data:4", &rule));
	assert_int_equal(rule.kind, SIM_KIND_DATA);
	assert_int_equal(rule.from, SIM_LEFT);
	assert_int_equal(rule.nth, 4);
}

/* ---- decorators */

static unsigned seen_out, seen_in;

static void see(void *ctx, bool out, aksu_time time, const uint8_t *data, size_t n, uint64_t packet)
{
	(void)ctx, (void)time, (void)data, (void)packet;
	assert_int_equal(n, 100);
	*(out ? &seen_out : &seen_in) += 1;
}

/* left: capture ⇄ faulty (every third of what it sends is lost) ⇄ a perfect link ⇄ right */
static void decorators_fit_on_any_device(void **state)
{
	const struct aksu_allocator allocator = {test_memory_take, test_memory_give, &memory};
	struct sim_link *l = link_of(&(struct sim_wire_config){.delay = MS});
	struct sim_link_config bad = config_of(&(struct sim_wire_config){.delay = 2 * MS});
	struct aksu_device *right = sim_link_end(l, SIM_RIGHT), *left;
	struct sim_capture capture = {.frame = see};
	struct sim_faulty *faulty;
	unsigned got = 0;

	(void)state;
	bad.wire[SIM_LEFT].loss_mask = 0x9249249249249249u;
	faulty = sim_faulty_new(&bad, sim_link_end(l, SIM_LEFT));
	assert_non_null(faulty);
	assert_true(sim_capture_init(&capture, sim_faulty_device(faulty), &allocator));
	left = &capture.device;
	assert_int_equal(left->config.mtu, 1500);
	seen_out = seen_in = 0;
	for (uint64_t i = 1; i <= 30; i++)
		send_octets(left, i, 100, 0);
	send_octets(right, 1, 100, 0);
	assert_int_equal(left->ops->next_at(left), MS);
	assert_int_equal(receive(left, MS), 0); /* it has reached the faulty wire only */
	assert_int_equal(left->ops->next_at(left), 2 * MS);
	assert_int_equal(receive(left, 2 * MS), 0); /* drives what was sent into the link */
	assert_int_equal(receive(left, 3 * MS), 1);
	while (receive(right, 3 * MS) != 0)
		got++;
	assert_int_equal(got, 20);
	assert_int_equal(seen_out, 30);
	assert_int_equal(seen_in, 1);
	left->ops->close(left);
	sim_link_free(l);
	assert_int_equal(memory.blocks, 0);
}

static struct aksu_event told;
static unsigned told_count;

static void hear(void *ctx, const struct aksu_event *e)
{
	(void)ctx;
	told = *e;
	told_count++;
}

/* A tracer sees what the octets say, from the side where it sits. */
static void a_tracer_reads_frames_as_events(void **state)
{
	const struct aksu_allocator allocator = {test_memory_take, test_memory_give, &memory};
	struct sim_link *l = link_of(&(struct sim_wire_config){.delay = MS});
	struct aksu_device *left = sim_link_end(l, SIM_LEFT);
	struct sim_tracer tracer = {.event = hear};
	uint8_t frame[2000];

	(void)state;
	assert_true(sim_tracer_init(&tracer, sim_link_end(l, SIM_RIGHT), &allocator));
	told_count = 0;
	for (unsigned v6 = 0; v6 < 2; v6++) {
		struct aksu_tx tx = {.packet = 5 + v6, .pieces = 1};

		tx.len = segment(frame, v6, AKSU_PSH | AKSU_ACK, 11);
		tx.piece[0].data = frame;
		tx.piece[0].len = tx.len;
		left->ops->send(left, &tx, 1, 0);
		assert_int_equal(receive(&tracer.capture.device, MS), 5 + v6);
		assert_int_equal(told_count, v6 + 1);
		assert_int_equal(told.kind, AKSU_EVENT_SEGMENT_IN);
		assert_int_equal(told.packet, 5 + v6);
		assert_int_equal(told.time, MS);
		assert_int_equal(told.length, 11);
		assert_int_equal(told.flags, AKSU_PSH | AKSU_ACK);
		assert_int_equal(told.remote_port, 1);
		assert_int_equal(told.local_port, 2);
	}
	assert_false(sim_frame_event(AKSU_LINK_IP, frame, 0, true, &told));
	assert_false(sim_frame_event(AKSU_LINK_IP, frame, 10, true, &told));
	assert_false(sim_frame_event(AKSU_LINK_ETHERNET, frame, 14, true, &told));
	tracer.capture.device.ops->close(&tracer.capture.device);
	sim_link_free(l);
	assert_int_equal(memory.blocks, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(delay_is_exact_and_both_ways),
		cmocka_unit_test(rate_and_queue_are_exact),
		cmocka_unit_test(a_rate_does_not_drift),
		cmocka_unit_test(a_mask_loses_the_packets_that_it_names),
		cmocka_unit_test(what_is_longer_than_the_mtu_vanishes),
		cmocka_unit_test(jitter_overtakes_where_it_may),
		cmocka_unit_test(the_nth_packet_is_lost_whenever_it_comes),
		cmocka_unit_test(a_seed_means_the_same_everywhere),
		cmocka_unit_test(rules_lose_the_nth_of_a_kind),
		cmocka_unit_test(rules_are_read_strictly),
		cmocka_unit_test(a_tracer_reads_frames_as_events),
		cmocka_unit_test(decorators_fit_on_any_device),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
