/* SPDX-License-Identifier: MIT */
/*
 * aksu/trace.h - what to do with events: lines, a ladder, JSON, pcapng.
 *
 * Everything here reads struct aksu_event (aksu/event.h) and hands text or octets to a callback of
 * the caller's; nothing opens a file, and nothing needs a live instance. All of it is free of the
 * operating system, so it draws the same in a terminal, in a test and in a browser.
 *
 *      struct aksu_event e;
 *      while (aksu_event_take(&ring, &e))
 *              aksu_ladder_event(ladder, 0, &e);
 */
#ifndef AKSU_TRACE_H
#define AKSU_TRACE_H

#include <aksu/event.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Where the output goes. The text is not terminated and is read only during the call. */
struct aksu_writer {
	void (*write)(void *ctx, const char *text, size_t n);
	void *ctx;
};

/* ------------------------------------------------------------------ lines */

/**
 * Prints one event as one line, the same that a test script reads (docs/line-format.md).
 *
 *      0.020 client > S. 0:0(0) ack 1 win 65535 <mss 1460>  # handshake 9293 3.5
 *
 *      0.040 client = ESTABLISHED
 *
 *      0.040 server ! TCP_CHECKSUM  # the TCP checksum is wrong
 *
 * Time is e->time - start, in seconds. Sequence numbers are relative to the connection's initial
 * ones unless `absolute`; of a segment without a connection they are absolute always.
 */
void aksu_line_print(const struct aksu_writer *out, const char *host, const struct aksu_event *e,
		     aksu_time start, bool absolute);

/**
 * Prints one event as one JSON object on a line. All of the record is in it; "v" is the version.
 */
void aksu_json_print(const struct aksu_writer *out, const char *host, const struct aksu_event *e);

/* ------------------------------------------------------------------ the ladder */

/** How a ladder looks. */
enum {
	AKSU_LADDER_ALL = 0x01, /**< every segment its own row: no folding of bursts or quiet */
	AKSU_LADDER_ABSOLUTE = 0x02, /**< raw sequence numbers */
	AKSU_LADDER_ASCII = 0x04,    /**< 7 bits only */
	AKSU_LADDER_COLOUR = 0x08,   /**< ANSI colours, which repeat what the marks say */
	AKSU_LADDER_WIDE = 0x10,     /**< 120 columns: cwnd/flight, and why each segment was sent */
	AKSU_LADDER_ONE_SIDED =
		0x20,            /**< only one host tells: the other's states are inferred, "~" */
	AKSU_LADDER_FINE = 0x40, /**< times to the microsecond */
};

/** The left and the right host of a ladder. */
enum { AKSU_LEFT, AKSU_RIGHT };

struct aksu_ladder_config {
	size_t size; /**< sizeof(struct aksu_ladder_config) */
	struct aksu_allocator allocator;
	struct aksu_writer out;
	uint32_t flags;      /**< AKSU_LADDER_* */
	unsigned local;      /**< one-sided: which side tells, AKSU_LEFT or AKSU_RIGHT */
	aksu_time start;     /**< the moment that is printed as 0 */
	aksu_time msl;       /**< of the hosts, to print how long TIME-WAIT lasts; 0: not printed */
	const char *name[2]; /**< at most 11 columns each; default "client" and "server" */
	const char *note;    /**< ends the heading: link and seed; may be NULL */
	uint8_t state[2]; /**< enum aksu_state before anything happened; drawn if not both CLOSED */
};

/** What the wire did with a packet. */
enum aksu_fate {
	AKSU_FATE_ARRIVED,    /**< it was handed to the other host, and its events have been told */
	AKSU_FATE_LOST,       /**< lost on the way */
	AKSU_FATE_QUEUE,      /**< lost: the queue before the bottleneck was full */
	AKSU_FATE_TOO_BIG,    /**< lost: it does not fit the path's MTU */
	AKSU_FATE_CORRUPTED,  /**< a bit was flipped; it still travels on */
	AKSU_FATE_DUPLICATED, /**< a copy travels behind it */
	AKSU_FATE_DELAYED,    /**< it will be `extra` later than the others: reordered */
	AKSU_FATE_COUNT,
};

/**
 * A ladder: two hosts, time downwards, an arrow per segment.
 *
 * With two sides told: give every event of each host, in the order of time, and every fate. A
 * segment is known by its sender and by aksu_event.packet, which must be the same on the way out
 * and on the way in. Rows leave as soon as they and those before them are decided.
 *
 * With AKSU_LADDER_ONE_SIDED: give one host's events only and no fates; call aksu_ladder_tick()
 * when idle. All strings of the config must outlive the ladder.
 */
struct aksu_ladder;

/** NULL when the config is invalid or there is no memory. */
struct aksu_ladder *aksu_ladder_new(const struct aksu_ladder_config *config);

/** An event of the host on `side`. */
void aksu_ladder_event(struct aksu_ladder *l, unsigned side, const struct aksu_event *e);

/** What became of a packet sent by `side`. `extra` is for AKSU_FATE_DELAYED. */
void aksu_ladder_fate(struct aksu_ladder *l, unsigned side, uint64_t packet, enum aksu_fate fate,
		      aksu_time now, aksu_time extra);

/** Nothing happened up to `now`: what is decided and held back only for folding may leave. */
void aksu_ladder_tick(struct aksu_ladder *l, aksu_time now);

/** Prints whatever is left; the ladder may go on afterwards. */
void aksu_ladder_flush(struct aksu_ladder *l);

/** Gives its memory back; prints nothing. NULL is fine. */
void aksu_ladder_free(struct aksu_ladder *l);

/* ------------------------------------------------------------------ pcapng */

/** Link types of capture files. */
enum { AKSU_PCAPNG_ETHERNET = 1, AKSU_PCAPNG_RAW = 101 };

/** Which way a packet went, seen from the interface. */
enum aksu_pcapng_way { AKSU_PCAPNG_UNKNOWN, AKSU_PCAPNG_IN, AKSU_PCAPNG_OUT };

/** Begins a file: the section header. `program` is written into it. */
void aksu_pcapng_begin(const struct aksu_writer *out, const char *program);

/** Adds an interface with nanosecond time stamps; they are numbered 0, 1, ... in their order. */
void aksu_pcapng_interface(const struct aksu_writer *out, unsigned linktype, const char *name);

/** Adds a packet; `time` counts from 1970. `comment` may be NULL or empty; Wireshark shows it. */
void aksu_pcapng_packet(const struct aksu_writer *out, unsigned interface, aksu_time time,
			const void *data, size_t n, enum aksu_pcapng_way way, const char *comment);

/**
 * Writes what is worth knowing of a SEGMENT_OUT beside its octets: state, why, window. Terminated.
 */
void aksu_pcapng_comment(const struct aksu_event *e, const char *host, char *out, size_t cap);

#ifdef __cplusplus
}
#endif
#endif
