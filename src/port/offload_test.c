/* SPDX-License-Identifier: MIT */
/*
 * port/offload_test.c - a TCP segment of twenty pieces goes into one device uncut and comes out of
 * another one: whole where that one has the virtio_net_hdr, in its pieces, with right checksums,
 * where it has not. In a network namespace of the test's own.
 *
 *      this test ── dev77 ══ kernel, routing (TUN) or a wire (veth) ══ dev78, dev77p ── this test
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "support/stackless.h"

enum { UNCUT_TEXT = 20000, UNCUT_MSS = 1000, UNCUT_PIECES = 20 };

/* A TCP segment of 20,000 octets, from 10.77.0.2 to 10.78.0.2, or fd77::2 to fd78::2. */
static struct aksu_tx uncut_segment(const struct aksu_device *dev, bool v4)
{
	static const uint8_t text[UNCUT_TEXT];
	struct aksu_addr from = addr(v4 ? "10.77.0.2" : "fd77::2");
	struct aksu_addr to = addr(v4 ? "10.78.0.2" : "fd78::2");
	uint16_t at = (uint16_t)(ip_at(dev) + (v4 ? 20 : 40)), length = 20 + UNCUT_TEXT;
	struct aksu_tx tx = {.len = at + length, .head_len = (uint16_t)(at + 20)};
	uint8_t *ip = tx.head + ip_at(dev);
	uint32_t sum = 6u + length;

	if (v4) {
		uint16_t total = (uint16_t)(20 + length);

		memcpy(ip,
		       (uint8_t[]){0x45, 0, (uint8_t)(total >> 8), (uint8_t)total, 0, 1, 0, 0, 64,
				   6},
		       10);
		memcpy(ip + 12, from.b + 12, 4);
		memcpy(ip + 16, to.b + 12, 4);
		put_sum(ip + 10, ~fold(sum_of(ip, 20, 0)));
		sum = sum_of(ip + 12, 8, sum);
	} else {
		memcpy(ip,
		       (uint8_t[]){0x60, 0, 0, 0, (uint8_t)(length >> 8), (uint8_t)length, 6, 64},
		       8);
		memcpy(ip + 8, from.b, 16);
		memcpy(ip + 24, to.b, 16);
		sum = sum_of(ip + 8, 32, sum);
	}
	tx.head[at + 1] = 99, tx.head[at + 3] = 98; /* ports */
	tx.head[at + 12] = 0x50, tx.head[at + 13] = 0x10;
	put_sum(tx.head + at + 16, fold(sum));
	tx.checksum = 1;
	tx.csum_start = tx.transport = at;
	tx.csum_offset = 16;
	tx.mss = UNCUT_MSS;
	tx.pieces = 1;
	tx.piece[0] = (struct aksu_piece){.data = text, .len = UNCUT_TEXT};
	return tx;
}

/* What went in whole at one device comes out at the other one whole, or in its pieces. */
static void crosses(struct aksu_device *in, struct aksu_device *out, bool v4, bool whole)
{
	struct aksu_tx tx = uncut_segment(in, v4);
	uint32_t head = ip_at(out) + (v4 ? 40 : 60);
	struct aksu_rx rx;

	if (in->config.kind == AKSU_LINK_ETHERNET) {
		memcpy(tx.head, out->config.mac, 6);
		memcpy(tx.head + 6, in->config.mac, 6);
		tx.head[12] = v4 ? 0x08 : 0x86, tx.head[13] = v4 ? 0x00 : 0xdd;
	}
	assert_int_equal(in->ops->send(in, &tx, 1, 0), 1);
	for (uint32_t i = 0; i < (whole ? 1 : UNCUT_PIECES); i++) {
		assert_true(next_tcp(out, &rx));
		assert_int_equal(rx.len, head + (whole ? UNCUT_TEXT : UNCUT_MSS));
		assert_int_equal(rx.segments, whole ? UNCUT_PIECES : 1);
		assert_int_equal(rx.mss, whole ? UNCUT_MSS : 0);
		if (rx.checksum == AKSU_CHECKSUM_UNKNOWN) { /* done: by the one who cut */
			uint32_t tcp = rx.len - head + 20, at = head - 20, addrs = v4 ? 8 : 32;
			uint32_t sum = sum_of(rx.data + at - addrs, addrs, 6 + tcp);

			assert_int_equal(fold(sum_of(rx.data + at, tcp, sum)), 0xffff);
		}
	}
	assert_int_equal(aksu_device_counters(in)->uncut_out, 1);
	assert_int_equal(aksu_device_counters(out)->merged_in, whole);
}

static void two_tuns(bool v4, bool plain)
{
	struct aksu_device_config other = {.size = sizeof(other), .name = "dev78", .plain = plain};
	struct aksu_device *in = open_up(&TUN, 1500), *out;
	struct aksu_addr host = addr(v4 ? "10.78.0.1" : "fd78::1");
	struct aksu_reason why = {""};

	out = aksu_device_open(&other, &why);
	if (!out || !aksu_device_up(out, 0, &why) ||
	    !aksu_device_host(out, &host, v4 ? 24 : 64, &why))
		fail_msg("%s", why.text);
	run("echo 1 >/proc/sys/net/ipv4/ip_forward; echo 1 "
	    ">/proc/sys/net/ipv6/conf/all/forwarding");
	crosses(in, out, v4, !plain);
	in->ops->close(in);
	out->ops->close(out);
}

static void the_kernel_routes_an_uncut_segment_from_tun_to_tun_whole(void **state)
{
	(void)state;
	two_tuns(true, false);
	two_tuns(false, false);
}

static void the_kernel_cuts_a_segment_for_a_tun_without_the_header(void **state)
{
	(void)state;
	two_tuns(true, true);
	two_tuns(false, true);
}

static void an_uncut_segment_crosses_a_veth_whole(void **state)
{
	struct aksu_device_config other = {.size = sizeof(other),
					   .name = "dev77p",
					   .kind = AKSU_DEVICE_PACKET};

	(void)state;
	for (int v4 = 0; v4 < 2; v4++) {
		struct aksu_device *in = open_veth(&PACKET, 0);
		struct aksu_device *out = aksu_device_open(&other, NULL);

		assert_non_null(out);
		crosses(in, out, v4, true);
		out->ops->close(out);
		close_veth(in);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_kernel_routes_an_uncut_segment_from_tun_to_tun_whole,
				       none_left),
		cmocka_unit_test_setup(the_kernel_cuts_a_segment_for_a_tun_without_the_header,
				       none_left),
		cmocka_unit_test_setup(an_uncut_segment_crosses_a_veth_whole, none_left),
	};
	const char *why = why_not();

	if (why) {
		printf("SKIPPED: offloads are NOT tested here: %s\n", why);
		return CANNOT;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
