/* SPDX-License-Identifier: MIT */
/*
 * port/virtio_test.c - what a virtio_net_hdr says becomes what the core is told, and back; headers
 * that lie, each in one field, are refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "port/virtio.h"

/* flags and gso_type as numbers: the test reads the standard, not the header of the code. */
enum { NEEDS_CSUM = 1, DATA_VALID = 2, RSC_INFO = 4 };
enum { GSO_NONE = 0, GSO_TCPV4 = 1, GSO_UDP = 3, GSO_TCPV6 = 4, GSO_UDP_L4 = 5, GSO_ECN = 0x80 };

struct fields {
	uint8_t flags, type;
	uint16_t hdr_len, size, start, offset;
};

/* A frame of TCP with `text` octets behind a header of 32, and the header that merged it. */
struct sample {
	struct fields f;
	enum aksu_link_kind kind;
	uint8_t frame[65536];
	uint32_t len;
};

static struct sample sample;

static struct sample *make(enum aksu_link_kind kind, int version, uint32_t text, uint16_t size)
{
	uint32_t ip = kind == AKSU_LINK_ETHERNET ? 14 : 0, tcp = ip + (version == 4 ? 20 : 40);

	memset(&sample, 0, sizeof(sample));
	sample.kind = kind;
	sample.len = tcp + 32 + text;
	sample.frame[ip] = version == 4 ? 0x45 : 0x60;
	sample.frame[ip + (version == 4 ? 9 : 6)] = 6;
	sample.frame[tcp + 12] = 0x80;
	sample.f = (struct fields){.flags = NEEDS_CSUM,
				   .type = version == 4 ? GSO_TCPV4 : GSO_TCPV6,
				   .hdr_len = (uint16_t)(tcp + 32),
				   .size = size,
				   .start = (uint16_t)tcp,
				   .offset = 16};
	return &sample;
}

static bool read_sample(struct sample *s, struct aksu_rx *rx)
{
	uint8_t header[VIRTIO_LEN];

	memcpy(header, &s->f, sizeof(header));
	*rx = (struct aksu_rx){.data = s->frame, .len = s->len};
	return virtio_read(header, s->kind, rx);
}

static bool refused(struct sample *s)
{
	struct aksu_rx rx;

	return !read_sample(s, &rx);
}

static void merged_frames_say_of_how_many_segments(void **state)
{
	static const enum aksu_link_kind kinds[] = {AKSU_LINK_IP, AKSU_LINK_ETHERNET};
	static const struct {
		uint32_t text;
		uint16_t size, segments;
	} rows[] = {{1, 1448, 1},      {1448, 1448, 1},   {1449, 1448, 2},  {2896, 1448, 2},
		    {14480, 1448, 10}, {60000, 536, 112}, {60000, 1, 60000}};
	struct aksu_rx rx;

	(void)state;
	for (size_t k = 0; k < 2; k++)
		for (int version = 4; version <= 6; version += 2)
			for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
				assert_true(read_sample(make(kinds[k], version, rows[i].text,
							     rows[i].size),
							&rx));
				assert_int_equal(rx.segments, rows[i].segments);
				assert_int_equal(rx.mss, rows[i].segments > 1 ? rows[i].size : 0);
				assert_int_equal(rx.checksum, AKSU_CHECKSUM_PARTIAL);
			}
}

static void checksums_are_partial_verified_or_unknown(void **state)
{
	struct sample *s = make(AKSU_LINK_IP, 4, 100, 0);
	struct aksu_rx rx;

	(void)state;
	s->f.type = GSO_NONE;
	assert_true(read_sample(s, &rx));
	assert_int_equal(rx.checksum, AKSU_CHECKSUM_PARTIAL);
	s->f.flags = NEEDS_CSUM | DATA_VALID;
	assert_true(read_sample(s, &rx));
	assert_int_equal(rx.checksum, AKSU_CHECKSUM_PARTIAL);
	s->f = (struct fields){.flags = DATA_VALID};
	assert_true(read_sample(s, &rx));
	assert_int_equal(rx.checksum, AKSU_CHECKSUM_VERIFIED);
	s->f = (struct fields){.flags = RSC_INFO, .start = 65535, .offset = 65535};
	assert_true(read_sample(s, &rx));
	assert_int_equal(rx.checksum, AKSU_CHECKSUM_UNKNOWN);
	assert_int_equal(rx.segments, 1);
}

static void a_merged_frame_that_was_verified_has_no_checksum_start(void **state)
{
	struct sample *s = make(AKSU_LINK_ETHERNET, 6, 5000, 1000);
	struct aksu_rx rx;

	(void)state;
	s->f.flags = DATA_VALID;
	s->f.start = s->f.offset = 0;
	assert_true(read_sample(s, &rx));
	assert_int_equal(rx.segments, 5);
	assert_int_equal(rx.checksum, AKSU_CHECKSUM_VERIFIED);
	s->frame[14 + 6] = 0; /* an extension header, and nothing says where TCP begins */
	assert_true(refused(s));
	s->f.flags = NEEDS_CSUM;
	s->f.start = 14 + 40;
	assert_true(read_sample(s, &rx));
}

static void the_ecn_bit_changes_nothing(void **state)
{
	struct sample *s = make(AKSU_LINK_IP, 6, 3000, 1000);
	struct aksu_rx rx;

	(void)state;
	s->f.type |= GSO_ECN;
	assert_true(read_sample(s, &rx));
	assert_int_equal(rx.segments, 3);
}

static void headers_that_lie_are_refused(void **state)
{
	(void)state;
	for (int version = 4; version <= 6; version += 2) {
		uint16_t tcp = version == 4 ? 20 : 40;

		for (int lie = 0; lie < 14; lie++) {
			struct sample *s = make(AKSU_LINK_IP, version, 3000, 1000);

			switch (lie) {
			case 0: s->f.size = 0; break;
			case 1: s->f.type = GSO_UDP; break;
			case 2: s->f.type = GSO_UDP_L4; break;
			case 3: s->f.type = 2; break;
			case 4: s->f.type = GSO_ECN; break;
			case 5: s->f.type = version == 4 ? GSO_TCPV6 : GSO_TCPV4; break;
			case 6: s->f.hdr_len = (uint16_t)(s->len + 1); break;
			case 7: s->f.start = (uint16_t)(s->len - 17); break;
			case 8: s->f.start = 65535; break;
			case 9: s->f.offset = (uint16_t)(s->len - tcp - 1); break;
			case 10: s->frame[tcp + 12] = 0x40; break; /* a TCP header of 16 */
			case 11: s->len = tcp + 32u; break;        /* no text */
			case 12: s->len = tcp + 19u; break;
			case 13: s->f.start = (uint16_t)(tcp - 1); break;
			}
			assert_true(refused(s));
		}
	}
}

static void frames_too_short_for_what_they_claim_are_refused(void **state)
{
	(void)state;
	for (int version = 4; version <= 6; version += 2)
		for (uint32_t len = 0; len <= 60; len++) {
			struct sample *s = make(AKSU_LINK_ETHERNET, version, 100, 10);

			s->len = len;
			s->f.flags = DATA_VALID;
			s->f.hdr_len = 0;
			assert_true(refused(s));
		}
}

static struct fields written(const struct aksu_tx *tx, enum aksu_link_kind kind, bool *uncut)
{
	uint8_t header[VIRTIO_LEN];
	struct fields f;

	*uncut = virtio_write(tx, kind, header);
	memcpy(&f, header, sizeof(header));
	return f;
}

static void frames_to_cut_are_written_with_their_header_length(void **state)
{
	struct aksu_tx tx = {.len = 66 + 5000,
			     .head_len = 66,
			     .checksum = 1,
			     .csum_start = 34,
			     .csum_offset = 16,
			     .mss = 1448,
			     .transport = 34};
	struct fields f;
	bool uncut;

	(void)state;
	tx.head[14] = 0x45;
	tx.head[34 + 12] = 0x80;
	f = written(&tx, AKSU_LINK_ETHERNET, &uncut);
	assert_true(uncut);
	assert_int_equal(f.flags, NEEDS_CSUM);
	assert_int_equal(f.type, GSO_TCPV4);
	assert_int_equal(f.hdr_len, 66);
	assert_int_equal(f.size, 1448);
	assert_int_equal(f.start, 34);
	assert_int_equal(f.offset, 16);
	tx.head[14] = 0x60;
	tx.head[34 + 13] = 0x80; /* CWR */
	f = written(&tx, AKSU_LINK_ETHERNET, &uncut);
	assert_int_equal(f.type, GSO_TCPV6 | GSO_ECN);
}

static void frames_that_are_whole_ask_for_nothing(void **state)
{
	static const struct fields nothing;
	struct aksu_tx tx = {.len = 52 + 1000, .head_len = 52, .head = {0x45, [32] = 0x80}};
	struct fields f;
	bool uncut;

	(void)state;
	f = written(&tx, AKSU_LINK_IP, &uncut);
	assert_false(uncut);
	assert_memory_equal(&f, &nothing, sizeof(f));
	tx.mss = 1000; /* exactly one */
	tx.transport = 20;
	f = written(&tx, AKSU_LINK_IP, &uncut);
	assert_false(uncut);
	assert_int_equal(f.type, GSO_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(merged_frames_say_of_how_many_segments),
		cmocka_unit_test(checksums_are_partial_verified_or_unknown),
		cmocka_unit_test(a_merged_frame_that_was_verified_has_no_checksum_start),
		cmocka_unit_test(the_ecn_bit_changes_nothing),
		cmocka_unit_test(headers_that_lie_are_refused),
		cmocka_unit_test(frames_too_short_for_what_they_claim_are_refused),
		cmocka_unit_test(frames_to_cut_are_written_with_their_header_length),
		cmocka_unit_test(frames_that_are_whole_ask_for_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
