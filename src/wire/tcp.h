/* SPDX-License-Identifier: MIT */
/*
 * wire/tcp.h - a TCP segment: as it lies on the wire, and as the rest of the stack sees it.
 *
 *    0                   1                   2                   3
 *    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *   +-------------------------------+-------------------------------+
 *   |          Source Port          |       Destination Port        |
 *   +-------------------------------+-------------------------------+
 *   |                        Sequence Number                        |
 *   +---------------------------------------------------------------+
 *   |                    Acknowledgment Number                      |
 *   +-------+-------+-+-+-+-+-+-+-+-+-------------------------------+
 *   |  Data | Rsrvd |C|E|U|A|P|R|S|F|            Window             |
 *   | Offset|       |W|C|R|C|S|S|Y|I|                               |
 *   |       |       |R|E|G|K|H|T|N|N|                               |
 *   +-------+-------+-+-+-+-+-+-+-+-+-------------------------------+
 *   |           Checksum            |         Urgent Pointer        |
 *   +-------------------------------+-------------------------------+
 *   |                           [Options]                           |
 *   +---------------------------------------------------------------+
 *
 * struct tcp_seg is used for parsing and for building alike (RFC 9293 section 3.1, names of 3.3.1).
 */
#ifndef AKSU_WIRE_TCP_H
#define AKSU_WIRE_TCP_H

#include <aksu/event.h>

#include "base/bytes.h"
#include "base/serial.h"

struct tcp_hdr {
	be16 src_port, dst_port;
	be32 seq, ack;
	uint8_t offset, flags;
	be16 window, checksum, urgent;
};
static_assert(sizeof(struct tcp_hdr) == 20, "RFC 9293 section 3.1");
static_assert(_Alignof(struct tcp_hdr) == 1, "may sit anywhere in a frame");

enum {
	TCP_HDR_LEN = 20,
	TCP_OPTIONS_MAX = 40,
	TCP_SACK_MAX = 4, /* blocks that fit beside nothing else; 3 beside timestamps */
	TCP_ACCECN_MASK = 0xffffff,
};

struct tcp_sack_block {
	tcp_seq start, end; /* end is the octet after the block */
};

/* The counters of RFC 9768 3.2.3, 24 bits each, of which the first `fields` are on the wire. */
struct tcp_accecn {
	uint32_t e0b, ceb, e1b; /* in this order in AccECN0 (AKSU_OPT_ACCECN0), else backwards */
	uint32_t fields;        /* 0 to 3 */
};

/* Options that were present, one bit each, are AKSU_OPT_*. */
struct tcp_opts {
	uint8_t present;
	uint8_t wscale; /* the shift count as sent; above 14 it is taken as 14 by the reader */
	uint8_t sack_count;
	uint16_t mss;
	tcp_ts tsval, tsecr;
	struct tcp_sack_block sack[TCP_SACK_MAX];
	struct tcp_accecn accecn;
};

struct tcp_seg {
	uint16_t src_port, dst_port;
	tcp_seq seq, ack;
	uint32_t len;      /* SEG.LEN: text and SYN and FIN */
	uint32_t text_len; /* octets of text */
	const uint8_t *text;
	struct aksu_block *block; /* where text lies if it may be kept; NULL: borrowed */
	uint8_t flags;            /* AKSU_FIN ... AKSU_CWR */
	bool ae;                  /* RFC 9768: the bit beside them */
	uint8_t ecn;              /* IP_ECN_* of the packet that it came in, or is to go in */
	uint16_t rawwnd;          /* the window field, unscaled */
	uint16_t up;              /* the urgent pointer field */
	uint16_t segments;        /* wire segments that this one stands for, at least 1 */
	uint16_t mss; /* octets of text in each, the last aside, when there are several */
	uint32_t wnd; /* SEG.WND in octets: set by whoever knows the scale */
	struct tcp_opts opts;
};

static inline bool seg_has(const struct tcp_seg *seg, unsigned flag) { return seg->flags & flag; }

/* The number after the segment. */
static inline tcp_seq seg_end(const struct tcp_seg *seg) { return seq_add(seg->seq, seg->len); }

/* Recomputes SEG.LEN after text or control bits changed. */
static inline void seg_measure(struct tcp_seg *seg)
{
	seg->len =
		seg->text_len + (seg_has(seg, AKSU_SYN) ? 1 : 0) + (seg_has(seg, AKSU_FIN) ? 1 : 0);
}

/*
 * Reads a segment of n octets (header and text). The checksum is not looked at: see
 * wire/checksum.h. Returns AKSU_DROP_NONE, TCP_SHORT or TCP_OPTIONS; text points into `data`.
 */
enum aksu_drop tcp_parse(const uint8_t *data, size_t n, struct tcp_seg *out);

/* Octets of options that these will need, padded to a multiple of 4. */
size_t tcp_opts_len(const struct tcp_opts *opts, uint8_t flags);

/*
 * Writes header and options (not the text) and returns their length, at most 60. The checksum field
 * is left zero. The order of options is Linux's: MSS, SACK-permitted, timestamps, NOP, window scale
 * on a SYN (with NOPs instead of what is absent); NOP NOP timestamps NOP NOP SACK otherwise. AccECN
 * stands behind the timestamps, or last on a SYN, with NOPs behind it.
 */
size_t tcp_emit(const struct tcp_seg *seg, uint8_t out[60]);

#endif
