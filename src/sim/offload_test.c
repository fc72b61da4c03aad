/* SPDX-License-Identifier: MIT */
/*
 * sim/offload_test.c - devices of the simulator that cut and merge: pieces that TCP itself could
 * have sent, nothing merged that should be seen by itself, and decorators in between.
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
#include "wire/checksum.h"
#include "wire/ipv4.h"
#include "wire/ipv6.h"
#include "wire/tcp.h"

enum { TEXT = 5000, MSS = 1000 };

static uint8_t text[TEXT];

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

static struct sim_link_config config_of(bool merge)
{
	return (struct sim_link_config){
		.size = sizeof(struct sim_link_config),
		.allocator = {get, put, NULL},
		.seed = 3,
		.features = AKSU_LINK_TX_CSUM | AKSU_LINK_TX_TSO,
		.merge = merge,
	};
}

/* n octets of text from place `at`, as a stack gives it to a device that sums, and maybe cuts. */
static struct aksu_tx frame(bool v6, uint32_t at, uint32_t n, uint8_t flags, uint16_t mss)
{
	struct aksu_addr a = aksu_addr_v4(10, 0, 0, 1), b = aksu_addr_v4(10, 0, 0, 2);
	struct tcp_seg seg = {.src_port = 1,
			      .dst_port = 2,
			      .seq = seq_at(0xffffff00u + at),
			      .ack = seq_at(7),
			      .flags = flags,
			      .rawwnd = 99,
			      .opts = {.present = AKSU_OPT_TS, .tsval = ts_at(5)}};
	struct aksu_tx tx = {.checksum = 1, .csum_offset = 16, .mss = mss, .pieces = 1};
	uint16_t sum;
	size_t head;

	if (v6)
		a.b[0] = b.b[0] = 0xfd, a.b[10] = b.b[10] = 0, a.b[11] = b.b[11] = 0;
	head = v6 ? ipv6_emit(&(struct ipv6){.next = 6,
					     .hop_limit = 9,
					     .payload_len = (uint16_t)(n + 32),
					     .src = a,
					     .dst = b},
			      tx.head)
		  : ipv4_emit(&(struct ipv4){.protocol = 6,
					     .ttl = 9,
					     .id = 0xfffe,
					     .dont_fragment = true,
					     .payload_len = (uint16_t)(n + 32),
					     .src = a,
					     .dst = b},
			      tx.head);
	tx.csum_start = tx.transport = (uint16_t)head;
	tx.head_len = (uint16_t)(head + tcp_emit(&seg, tx.head + head));
	sum = csum_fold(csum_pseudo(&a, &b, 6, n + 32));
	tx.head[head + 16] = (uint8_t)(sum >> 8);
	tx.head[head + 17] = (uint8_t)sum;
	tx.piece[0] = (struct aksu_piece){.data = text + at, .len = n};
	tx.len = tx.head_len + n;
	return tx;
}

static void send(struct sim_link *l, struct aksu_tx tx)
{
	struct aksu_device *dev = sim_link_end(l, SIM_LEFT);

	assert_int_equal(dev->ops->send(dev, &tx, 1, 0), 1);
}

/* What arrives at the right end, its segment too; false: nothing. */
static bool arrives(struct sim_link *l, struct aksu_rx *rx, struct tcp_seg *seg)
{
	struct aksu_device *dev = sim_link_end(l, SIM_RIGHT);
	bool v6;

	if (dev->ops->receive(dev, rx, 1, 0) == 0)
		return false;
	v6 = rx->data[0] >> 4 == 6;
	assert_int_equal(tcp_parse(rx->data + (v6 ? 40 : 20), rx->len - (v6 ? 40 : 20), seg),
			 AKSU_DROP_NONE);
	return true;
}

static void an_uncut_frame_crosses_in_pieces(void **state)
{
	struct sim_link_config config = config_of(false);

	(void)state;
	for (unsigned v6 = 0; v6 < 2; v6++) {
		struct sim_link *l = sim_link_new(&config);
		uint32_t n = TEXT - 300, at = 0;
		struct tcp_seg seg;
		struct aksu_rx rx;

		send(l, frame(v6, 0, n, AKSU_ACK | AKSU_PSH | AKSU_FIN | AKSU_CWR, MSS));
		for (uint32_t k = 0; at < n; k++) {
			bool last = n - at <= MSS;
			struct ipv4 ip;

			assert_true(arrives(l, &rx, &seg));
			assert_true(sim_frame_sound(AKSU_LINK_IP, rx.data, rx.len));
			assert_int_equal(seq_raw(seg.seq), 0xffffff00u + at);
			assert_int_equal(seg.text_len, last ? n - at : MSS);
			assert_memory_equal(seg.text, text + at, seg.text_len);
			assert_int_equal(seg.flags, AKSU_ACK | (last ? AKSU_PSH | AKSU_FIN : 0) |
							    (k == 0 ? AKSU_CWR : 0));
			assert_int_equal(seg.opts.present, AKSU_OPT_TS);
			assert_int_equal(rx.segments, 1);
			if (!v6) {
				assert_int_equal(ipv4_parse(rx.data, rx.len, &ip), AKSU_DROP_NONE);
				assert_int_equal(ip.id, (uint16_t)(0xfffe + k));
			}
			at += seg.text_len;
		}
		assert_false(arrives(l, &rx, &seg));
		sim_link_free(l);
	}
}

static void what_arrives_together_is_merged(void **state)
{
	struct sim_link_config config = config_of(true);

	(void)state;
	for (unsigned v6 = 0; v6 < 2; v6++) {
		struct sim_link *l = sim_link_new(&config);
		struct tcp_seg seg;
		struct aksu_rx rx;

		send(l, frame(v6, 0, TEXT - 300, AKSU_ACK | AKSU_PSH, MSS));
		assert_true(arrives(l, &rx, &seg));
		assert_int_equal(rx.segments, 5);
		assert_int_equal(rx.mss, MSS);
		assert_int_equal(rx.checksum, AKSU_CHECKSUM_VERIFIED);
		assert_int_equal(seg.flags, AKSU_ACK | AKSU_PSH);
		assert_int_equal(seg.text_len, TEXT - 300);
		assert_memory_equal(seg.text, text, seg.text_len);
		assert_false(arrives(l, &rx, &seg));
		sim_link_free(l);
	}
}

/* Each of these stands behind a full segment, and must be seen by itself. */
static void what_differs_is_not_merged(void **state)
{
	struct sim_link_config config = config_of(true);
	struct aksu_tx other[6];
	struct tcp_seg seg;
	struct aksu_rx rx;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(other); i++)
		other[i] = frame(false, MSS, MSS, AKSU_ACK, 0);
	other[0] = frame(false, 2 * MSS, MSS, AKSU_ACK, 0); /* a hole */
	other[1] = frame(false, MSS, MSS + 1, AKSU_ACK, 0); /* larger */
	other[2] = frame(false, MSS, MSS, AKSU_ACK | AKSU_FIN, 0);
	other[3].head[20 + 15] ^= 1; /* another window (its checksum follows) */
	other[4].head[20 + 8] ^= 1;  /* another acknowledgement */
	other[5] = frame(true, MSS, MSS, AKSU_ACK, 0);
	for (size_t i = 0; i < COUNT_OF(other); i++) {
		struct sim_link *l = sim_link_new(&config);

		send(l, frame(false, 0, MSS, AKSU_ACK, 0));
		send(l, other[i]);
		for (int k = 0; k < 2; k++) {
			assert_true(arrives(l, &rx, &seg));
			assert_int_equal(rx.segments, 1);
		}
		assert_false(arrives(l, &rx, &seg));
		sim_link_free(l);
	}
}

/* Damage stays visible: what is merged was sound. */
static void what_is_damaged_is_not_merged(void **state)
{
	struct sim_link_config config = config_of(true);
	unsigned bad = 0;
	struct tcp_seg seg;
	struct aksu_rx rx;

	(void)state;
	config.wire[SIM_LEFT].corrupt = 300000;
	for (config.seed = 1; config.seed < 50; config.seed++) {
		struct sim_link *l = sim_link_new(&config);
		struct aksu_device *dev = sim_link_end(l, SIM_RIGHT);

		send(l, frame(false, 0, TEXT, AKSU_ACK, MSS));
		while (dev->ops->receive(dev, &rx, 1, 0) > 0) {
			if (rx.segments == 1) {
				bad += !sim_frame_sound(AKSU_LINK_IP, rx.data, rx.len);
				continue;
			}
			assert_int_equal(tcp_parse(rx.data + 20, rx.len - 20, &seg),
					 AKSU_DROP_NONE);
			assert_memory_equal(seg.text,
					    text + (uint32_t)(seq_raw(seg.seq) - 0xffffff00u),
					    seg.text_len);
		}
		sim_link_free(l);
	}
	assert_true(bad > 20);
}

/* ---- decorators over a device that merges */

static struct aksu_rx offered;

static size_t offer(struct aksu_device *dev, struct aksu_rx *rx, size_t cap, aksu_time now)
{
	(void)dev, (void)now;
	if (cap == 0 || offered.len == 0)
		return 0;
	*rx = offered;
	offered.len = 0;
	return 1;
}

static aksu_time never(const struct aksu_device *dev)
{
	(void)dev;
	return AKSU_NEVER;
}

static void nothing(struct aksu_device *dev) { (void)dev; }

static size_t frames_seen, octets_seen;

static void see(void *ctx, bool out, aksu_time time, const uint8_t *data, size_t n, uint64_t packet)
{
	(void)ctx, (void)out, (void)time, (void)data, (void)packet;
	frames_seen++;
	octets_seen += n;
}

/* inner (says: 5 segments, sum not made) ⇄ faulty ⇄ capture */
static void decorators_pass_on_what_the_device_said(void **state)
{
	static const struct aksu_device_ops ops = {.receive = offer,
						   .next_at = never,
						   .close = nothing};
	static uint8_t packet[TEXT + 60];
	struct aksu_device inner = {.ops = &ops,
				    .config = {.features = AKSU_LINK_TX_TSO, .mtu = 1500}};
	struct aksu_tx tx = frame(false, 0, TEXT, AKSU_ACK, MSS);

	(void)state;
	for (unsigned damaged = 0; damaged < 2; damaged++) {
		struct sim_link_config config = config_of(false);
		struct aksu_device *faulty;
		struct sim_capture capture = {.frame = see};
		struct aksu_rx rx;

		config.wire[SIM_RIGHT].corrupt = damaged ? 1000000 : 0;
		config.wire[SIM_RIGHT].mtu = 1500; /* of the wire before it was merged */
		faulty = sim_faulty_device(sim_faulty_new(&config, &inner));
		assert_int_equal(faulty->config.features, 0);
		assert_true(sim_capture_init(&capture, faulty, &config.allocator));
		frames_seen = octets_seen = 0;
		offered =
			(struct aksu_rx){.data = packet,
					 .len = (uint32_t)aksu_tx_copy(&tx, packet, sizeof(packet)),
					 .segments = 5,
					 .mss = MSS,
					 .packet = 77,
					 .checksum = AKSU_CHECKSUM_PARTIAL};
		assert_int_equal(capture.device.ops->receive(&capture.device, &rx, 1, 0), 1);
		assert_int_equal(rx.segments, 5);
		assert_int_equal(rx.mss, MSS);
		assert_int_equal(rx.packet, 77);
		assert_int_equal(rx.checksum,
				 damaged ? AKSU_CHECKSUM_UNKNOWN : AKSU_CHECKSUM_PARTIAL);
		assert_int_equal(rx.len, TEXT + 52);
		assert_int_equal(frames_seen, 1);
		assert_int_equal(octets_seen, TEXT + 52);
		capture.device.ops->close(&capture.device);
	}
}

/* A cable between two devices: what one of them merged, and did not sum, is whole on the wire. */
static void what_a_device_merged_enters_in_pieces(void **state)
{
	static uint8_t packet[TEXT + 72];
	struct sim_link_config config = config_of(false);

	(void)state;
	config.features = 0;
	for (unsigned v6 = 0; v6 < 2; v6++) {
		struct sim_link *l = sim_link_new(&config);
		struct aksu_tx tx = frame(v6, 0, TEXT, AKSU_ACK, MSS);
		struct aksu_rx in = {.data = packet,
				     .segments = TEXT / MSS,
				     .mss = MSS,
				     .checksum = AKSU_CHECKSUM_PARTIAL};
		struct tcp_seg seg;
		struct aksu_rx rx;

		in.len = (uint32_t)aksu_tx_copy(&tx, packet, sizeof(packet));
		sim_link_enter(l, SIM_LEFT, &in, 1, 0);
		for (unsigned i = 0; i < TEXT / MSS; i++) {
			assert_true(arrives(l, &rx, &seg));
			assert_int_equal(seg.text_len, MSS);
			assert_true(sim_frame_sound(AKSU_LINK_IP, rx.data, rx.len));
		}
		assert_false(arrives(l, &rx, &seg));
		sim_link_free(l);
	}
}

static void what_a_device_did_not_sum_is_summed(void **state)
{
	static uint8_t packet[200];
	struct sim_link_config config = config_of(false);

	(void)state;
	config.features = 0;
	for (unsigned v6 = 0; v6 < 2; v6++) {
		struct sim_link *l = sim_link_new(&config);
		struct aksu_tx tx = frame(v6, 0, 99, AKSU_ACK, 0);
		struct aksu_rx in = {.data = packet, .checksum = AKSU_CHECKSUM_PARTIAL};
		struct tcp_seg seg;
		struct aksu_rx rx;

		in.len = (uint32_t)aksu_tx_copy(&tx, packet, sizeof(packet));
		assert_false(sim_frame_sound(AKSU_LINK_IP, packet, in.len));
		sim_link_enter(l, SIM_LEFT, &in, 1, 0);
		assert_true(arrives(l, &rx, &seg));
		assert_true(sim_frame_sound(AKSU_LINK_IP, rx.data, rx.len));
		/* Cut off anywhere, it is passed on as it is. */
		while (in.len-- > 1) {
			sim_link_enter(l, SIM_LEFT, &in, 1, 0);
			assert_int_equal(sim_link_end(l, SIM_RIGHT)
						 ->ops->receive(sim_link_end(l, SIM_RIGHT), &rx, 1,
								0),
					 1);
			assert_memory_equal(rx.data, packet, in.len);
		}
		sim_link_free(l);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_uncut_frame_crosses_in_pieces),
		cmocka_unit_test(what_a_device_merged_enters_in_pieces),
		cmocka_unit_test(what_a_device_did_not_sum_is_summed),
		cmocka_unit_test(what_arrives_together_is_merged),
		cmocka_unit_test(what_differs_is_not_merged),
		cmocka_unit_test(what_is_damaged_is_not_merged),
		cmocka_unit_test(decorators_pass_on_what_the_device_said),
	};

	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (uint8_t)(i * 7 + (i >> 8));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
