/* SPDX-License-Identifier: MIT */
/*
 * trace/pcapng.c - capture files that Wireshark opens: pcapng, written block by block.
 *
 *   block   = type, total length, body, options, total length      all numbers little-endian here
 *   option  = code(2), length(2), value padded to 4                 code 0 ends the list
 *   file    = section header, interface description ..., enhanced packet ...
 *
 * (draft-ietf-opsawg-pcapng.) Time stamps are nanoseconds, said by if_tsresol. Each packet carries
 * a comment: only the stack knows why it sent a segment, and Wireshark shows comments.
 */
#include <aksu/aksu.h>

#include "trace/text.h"

enum {
	BLOCK_SECTION = 0x0a0d0d0a,
	BLOCK_INTERFACE = 1,
	BLOCK_PACKET = 6,
	BYTE_ORDER = 0x1a2b3c4d,
	OPTION_END = 0,
	OPTION_COMMENT = 1,
	SECTION_PROGRAM = 4,
	INTERFACE_NAME = 2,
	INTERFACE_RESOLUTION = 9,
	PACKET_FLAGS = 2,
	NANOSECONDS = 9,      /* 10^-9 s */
	SNAP_LENGTH = 262144, /* nothing is cut: what Wireshark takes at most */
	WORDS_MAX = 512,      /* of a name or a comment */
};

static void little16(struct text *t, uint32_t v)
{
	text_char(t, (char)(v & 0xff));
	text_char(t, (char)(v >> 8 & 0xff));
}

static void little32(struct text *t, uint32_t v)
{
	little16(t, v & 0xffff);
	little16(t, v >> 16);
}

static size_t padded(size_t n) { return (n + 3) & ~(size_t)3; }

static void put_padded(struct text *t, const void *data, size_t n)
{
	text_add(t, data, n);
	for (size_t i = n; i < padded(n); i++)
		text_char(t, '\0');
}

static void put_option(struct text *t, uint32_t code, const void *data, size_t n)
{
	little16(t, code);
	little16(t, (uint32_t)n);
	put_padded(t, data, n);
}

/* At most WORDS_MAX octets, cut between characters. */
static void put_words(struct text *t, uint32_t code, const char *words)
{
	char buffer[WORDS_MAX];
	struct text cut = text_in(buffer, sizeof(buffer));

	if (words == NULL || words[0] == '\0')
		return;
	text_str(&cut, words);
	put_option(t, code, cut.at, cut.len);
}

static void put_end(struct text *t)
{
	little16(t, OPTION_END);
	little16(t, 0);
}

/* Type and length before, length after: the body is what stands between. */
static void write_block(const struct aksu_writer *out, uint32_t type, const struct text *front,
			const void *data, size_t n, const struct text *back)
{
	static const char zeros[4];
	char buffer[8];
	struct text edge = text_in(buffer, sizeof(buffer));
	uint32_t total = (uint32_t)(12 + front->len + padded(n) + back->len);

	little32(&edge, type);
	little32(&edge, total);
	text_write(&edge, out);
	text_write(front, out);
	if (n > 0)
		out->write(out->ctx, data, n);
	if (padded(n) > n)
		out->write(out->ctx, zeros, padded(n) - n);
	text_write(back, out);
	edge.len = 0;
	little32(&edge, total);
	text_write(&edge, out);
}

void aksu_pcapng_begin(const struct aksu_writer *out, const char *program)
{
	char front_buffer[16], back_buffer[WORDS_MAX + 16];
	struct text front = text_in(front_buffer, sizeof(front_buffer));
	struct text back = text_in(back_buffer, sizeof(back_buffer));

	little32(&front, BYTE_ORDER);
	little16(&front, 1); /* version 1.0 */
	little16(&front, 0);
	little32(&front, UINT32_MAX); /* the section's length is not known: -1 */
	little32(&front, UINT32_MAX);
	put_words(&back, SECTION_PROGRAM, program);
	put_end(&back);
	write_block(out, BLOCK_SECTION, &front, NULL, 0, &back);
}

void aksu_pcapng_interface(const struct aksu_writer *out, unsigned linktype, const char *name)
{
	static const uint8_t resolution = NANOSECONDS;
	char front_buffer[8], back_buffer[WORDS_MAX + 32];
	struct text front = text_in(front_buffer, sizeof(front_buffer));
	struct text back = text_in(back_buffer, sizeof(back_buffer));

	little16(&front, linktype);
	little16(&front, 0);
	little32(&front, SNAP_LENGTH);
	put_words(&back, INTERFACE_NAME, name);
	put_option(&back, INTERFACE_RESOLUTION, &resolution, 1);
	put_end(&back);
	write_block(out, BLOCK_INTERFACE, &front, NULL, 0, &back);
}

void aksu_pcapng_packet(const struct aksu_writer *out, unsigned interface, aksu_time time,
			const void *data, size_t n, enum aksu_pcapng_way way, const char *comment)
{
	char front_buffer[20], back_buffer[WORDS_MAX + 32], flag_buffer[4];
	struct text front = text_in(front_buffer, sizeof(front_buffer));
	struct text back = text_in(back_buffer, sizeof(back_buffer));
	struct text flag = text_in(flag_buffer, sizeof(flag_buffer));
	size_t kept = min_size(n, SNAP_LENGTH);

	little32(&front, interface);
	little32(&front, (uint32_t)(time >> 32));
	little32(&front, (uint32_t)time);
	little32(&front, (uint32_t)kept);
	little32(&front, (uint32_t)n);
	put_words(&back, OPTION_COMMENT, comment);
	little32(&flag, way);
	put_option(&back, PACKET_FLAGS, flag.at, flag.len);
	put_end(&back);
	write_block(out, BLOCK_PACKET, &front, data, kept, &back);
}

void aksu_pcapng_comment(const struct aksu_event *e, const char *host, char *out, size_t cap)
{
	struct text t = text_in(out, cap);
	enum aksu_why why = (enum aksu_why)e->why;

	if (cap == 0)
		return;
	text_str(&t, host);
	text_char(&t, ' ');
	text_str(&t, aksu_state_name((enum aksu_state)e->state));
	text_str(&t, ": ");
	text_str(&t, aksu_why_text(why));
	if (aksu_why_section(why)[0] != '\0') {
		text_str(&t, " (RFC ");
		text_str(&t, aksu_why_section(why));
		text_char(&t, ')');
	}
	if (e->retransmission > 0) {
		text_str(&t, "; sent before: ");
		text_u64(&t, e->retransmission);
	}
	if (e->cwnd != 0) {
		text_str(&t, "; cwnd ");
		text_u64(&t, e->cwnd);
		text_str(&t, ", in flight ");
		text_u64(&t, e->in_flight);
	}
	text_end(&t);
}
