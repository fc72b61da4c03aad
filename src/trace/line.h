/* SPDX-License-Identifier: MIT */
/*
 * trace/line.h - the one line format: what the tracer prints is what a test script reads.
 *
 *      line    = [time] [host] what ["#" comment]
 *      time    = seconds | "+" seconds                          absolute | after the line before
 *      what    = (">" | "<") segment                            a host sent | was given
 *              | "=" STATE                                      a host is now in
 *              | "!" DROP                                       a host did not use what it got
 *              | "@" timer                                      a timer of a host expired
 *              | word ...                                       anything else: left to the reader
 *      segment = [ecn] flags seq ":" end "(" length ["/" size] ")" ["ack" n] ["win" n] ["urg" n]
 *                ["<" options ">"]             size: of each segment that this one stands for
 *      ecn     = "[noecn]" | "[ect0]" | "[ect1]" | "[ce]"       the packet's ECN field
 *      flags   = one or more of S F R P U E W A "."             "." is ACK, A is AE
 *      options = list of: mss n | wscale n | sackOK | TS val n ecr n | sack a:b ... | nop | eol
 *                | ECN e0b n ceb n e1b n                        or backwards; the first of them
 *
 * It is packetdrill's grammar of packets; sequence numbers are relative to the connection's initial
 * ones, `end` is seq + length (SYN and FIN do not count), windows are the field as it was sent.
 */
#ifndef AKSU_TRACE_LINE_H
#define AKSU_TRACE_LINE_H

#include <aksu/trace.h>

#include "wire/tcp.h"

enum trace_line_kind {
	TRACE_LINE_EMPTY,   /* nothing, or only a comment */
	TRACE_LINE_OUT,     /* > segment */
	TRACE_LINE_IN,      /* < segment */
	TRACE_LINE_STATE,   /* = STATE */
	TRACE_LINE_DROP,    /* ! DROP */
	TRACE_LINE_TIMER,   /* @ timer */
	TRACE_LINE_COMMAND, /* another word: `rest` begins with it */
};

enum trace_line_time { TRACE_TIME_NONE, TRACE_TIME_ABSOLUTE, TRACE_TIME_RELATIVE };

enum { TRACE_HOST_MAX = 15 };

/* What a segment's line said beyond the segment: what was left out may be anything. */
enum {
	TRACE_HAS_ACK = 0x01,
	TRACE_HAS_WIN = 0x02,
	TRACE_HAS_URG = 0x04,
	TRACE_HAS_OPTIONS = 0x08, /* "<...>" was there; "<>" means: none at all */
	TRACE_ANY_OPTIONS = 0x10, /* "<...>" with three dots: whatever */
	TRACE_ANY_LENGTH = 0x20,  /* the line gave no seq:end(length) at all */
	TRACE_ANY_TSVAL = 0x40,   /* "TS val *": any value */
	TRACE_ANY_TSECR = 0x80,
	TRACE_HAS_ECN = 0x100, /* "[...]" was there */
};

struct trace_line {
	enum trace_line_kind kind;
	enum trace_line_time time_kind;
	aksu_time time;
	char host[TRACE_HOST_MAX + 1]; /* "" if none was named */
	struct tcp_seg seg;            /* OUT, IN: relative numbers; ports and text are not set */
	unsigned has;                  /* TRACE_HAS_*, TRACE_ANY_* */
	enum aksu_state state;         /* STATE */
	enum aksu_drop drop;           /* DROP */
	enum aksu_timer timer;         /* TIMER */
	const char *rest; /* COMMAND: its text, to the end of the line or the comment */
	size_t rest_len;
	const char *error; /* why the line was refused: a sentence, with `at` */
	size_t at;         /* column, from 0, where reading stopped */
};

/* Reads a line (without its newline). False: out->error says what is wrong, out->at where. */
MUST_USE bool trace_line_parse(const char *line, size_t n, struct trace_line *out);

/*
 * Reads a segment alone ("S. 0:0(0) ack 1 win 1000 <mss 1460>"); fields as in trace_line_parse().
 */
MUST_USE bool trace_segment_parse(const char *line, size_t n, struct trace_line *out);

/*
 * Prints a segment as trace_segment_parse() reads it: with all that it has. Returns its length,
 * at most TRACE_SEGMENT_MAX - 1, and terminates it.
 */
enum { TRACE_SEGMENT_MAX = 320 };
size_t trace_segment_print(const struct tcp_seg *seg, char *out, size_t cap);

#endif
