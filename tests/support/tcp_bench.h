/* SPDX-License-Identifier: MIT */
/*
 * support/tcp_bench.h - one connection on a bench, told and asked in lines of packetdrill's
 * grammar.
 *
 *      struct bench *b = established();
 *
 *      rx(b, "P. 1:101(100) ack 1 win 1000");          the peer sends
 *      advance(b, milliseconds(40));                   time passes; timers run on the way
 *      tx(b, ". 1:1(0) ack 101");                      the connection sent
 *      is(b, TCP_ESTABLISHED);
 *      quiet(b);                                       and nothing else
 *      done(b);                                        no octet is held any more
 *
 * Sequence numbers are relative (SYN is 0, the first octet 1; -1 is left of the SYN); the absolute
 * ones are set by bench_iss and bench_irs, and RUN_EVERYWHERE() runs a group with several pairs
 * (gotcha A1). Text is a pattern of its number, so that what is sent and read proves itself. After
 * every deed tcb_check() is asked, and every segment that leaves is inspected by rules of its own.
 *
 * Functions say what is wrong in a sentence; the macros below turn it into a failure of the test.
 */
#ifndef AKSU_TESTS_SUPPORT_TCP_BENCH_H
#define AKSU_TESTS_SUPPORT_TCP_BENCH_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tcp/listen.h"
#include "tcp/tcp.h"
#include "tcp/timewait.h"
#include "trace/line.h"

/* What the next bench begins with. */
extern uint32_t bench_iss, bench_irs;

enum {
	BENCH_PATH_MSS = 1460,
	BENCH_PEER_MSS = 1000, /* what lines below announce when a test says nothing else */
	BENCH_RCVBUF = 60000,
	BENCH_SNDBUF = 200000,
	BENCH_QUEUE = 2048, /* segments that a test may leave unread */
};

struct bench_seg {
	struct tcp_out out;
	uint8_t *text; /* a copy: text_len octets */
	instant at;
};

/* What the application behind the bench did, and what the peer promised: from outside. */
struct bench_books {
	uint32_t queued;     /* octets given to SEND */
	uint32_t read;       /* octets taken by RECEIVE */
	uint32_t edge;       /* right edge that we promised, relative */
	uint32_t peer_edge;  /* right edge that the peer promised, relative */
	uint32_t last_ack;   /* relative */
	uint32_t fin;        /* relative number of our FIN, 0: not sent */
	uint32_t top;        /* highest relative number sent, and one */
	uint16_t peer_mss;   /* as announced */
	uint16_t least_mss;  /* the largest path MSS so far is what may still be under way */
	uint8_t peer_shift;  /* as announced, if we announced one too */
	bool ts, edge_known; /* timestamps are agreed on */
};

struct bench {
	struct tcp_env env;
	struct tcp_conf conf;
	struct tcb t;
	struct tcp_passive passive;
	instant now, epoch;
	uint32_t iss, irs;
	uint32_t bulk;
	uint16_t path_mss;
	uint16_t peer_win; /* of lines without "win" */
	uint32_t peer_ts;  /* of lines without options, when timestamps are agreed on */
	uint32_t seen_ts;  /* the last TSval that we sent */
	uint8_t twist;     /* changes the pattern of what the peer sends */
	bool hostile; /* the peer keeps no promise: nothing is said of what it may be sent or is
			 read */
	bool owned;   /* frames may be kept: text comes in a block */
	struct reply reply;              /* of the last deed */
	uint64_t drops[AKSU_DROP_COUNT]; /* before the last deed */
	struct bench_seg queue[BENCH_QUEUE];
	uint32_t head, tail;
	struct bench_seg last; /* what tx() looked at */
	struct bench_books books;
	uint64_t allocations, fail_at, fail_for; /* the fail_at-th fails, and fail_for - 1 more */
	uint32_t fail_chance;                    /* millionths of all allocations fail */
	struct prng fail_prng;
	uint64_t live; /* allocations not given back */
	char panic[200];
	char why[512]; /* the sentence of the last failure */
};

/* The octet with a relative number. */
static inline uint8_t bench_octet(uint32_t rel)
{
	return (uint8_t)(rel * 31u + (rel >> 8) * 7u + (rel >> 16));
}

struct bench *bench_new(void);           /* CLOSED */
const char *bench_open(struct bench *b); /* OPEN; nothing is sent yet */
const char *bench_accept(struct bench *b, const char *syn, uint8_t sends); /* out of a record */
/* The same, for whoever plays the listener: `syn` made the record. */
const char *bench_accept_record(struct bench *b, const struct tcp_seg *syn,
				const struct syn_record *r);
void bench_path_mss(struct bench *b, uint16_t mss); /* before the connection begins */
const char *bench_done(struct bench *b);
void bench_free(struct bench *b);
void bench_forget(struct bench *b); /* what was sent and not looked at */

const char *bench_rx(struct bench *b, const char *line);
const char *bench_input(struct bench *b, const struct tcp_seg *seg); /* absolute numbers */
const char *bench_tx(struct bench *b, const char *line);
const char *bench_quiet(struct bench *b);
const char *bench_is(struct bench *b, enum tcp_state state);
const char *bench_advance(struct bench *b, duration d);
const char *bench_expect_drop(struct bench *b, enum aksu_drop reason);
const char *bench_pull(struct bench *b, bool *any); /* one tcp_output() into the queue */
const char *bench_pump(struct bench *b);            /* until there is no more */
const char *bench_check(struct bench *b);
void bench_mark(struct bench *b); /* a deed begins: drops are counted from here */

int64_t bench_send(struct bench *b, uint32_t n, bool more, bool urgent);
const char *bench_read(struct bench *b, uint32_t n, int64_t want);
int bench_shutdown(struct bench *b);
int bench_close(struct bench *b);
void bench_abort(struct bench *b);
void bench_reply(struct bench *b); /* queues the reply of a call, if there is one */

/* Parses a line with numbers relative to the given ones; NULL or a sentence. */
const char *bench_parse(struct bench *b, const char *line, struct trace_line *out);

struct bench *bench_established(const char *options, uint16_t win, const char **why);
struct bench *bench_in(enum tcp_state state, const char **why);

#define BENCH_OK(call)                                                         \
	do {                                                                   \
		const char *bench_why_ = (call);                               \
		if (bench_why_ != NULL)                                        \
			fail_msg("%s:%d: %s", __FILE__, __LINE__, bench_why_); \
	} while (0)

#define rx(b, line)            BENCH_OK(bench_rx((b), (line)))
#define tx(b, line)            BENCH_OK(bench_tx((b), (line)))
#define quiet(b)               BENCH_OK(bench_quiet(b))
#define is(b, state)           BENCH_OK(bench_is((b), (state)))
#define advance(b, d)          BENCH_OK(bench_advance((b), (d)))
#define expect_drop(b, reason) BENCH_OK(bench_expect_drop((b), (reason)))
#define reads(b, n, want)      BENCH_OK(bench_read((b), (n), (want)))
#define sends(b, n)                                                                 \
	do {                                                                        \
		assert_int_equal(bench_send((b), (n), false, false), (int64_t)(n)); \
		BENCH_OK(bench_check(b));                                           \
	} while (0)
#define shuts(b)                                        \
	do {                                            \
		assert_int_equal(bench_shutdown(b), 0); \
		BENCH_OK(bench_check(b));               \
	} while (0)
#define closes(b)                                    \
	do {                                         \
		assert_int_equal(bench_close(b), 0); \
		BENCH_OK(bench_check(b));            \
	} while (0)
#define aborts(b)                         \
	do {                              \
		bench_abort(b);           \
		BENCH_OK(bench_check(b)); \
	} while (0)
#define done(b) BENCH_OK(bench_done(b))
#define why_was(b, reason) \
	assert_string_equal(aksu_why_name((b)->last.out.why), aksu_why_name(AKSU_WHY_##reason))

/* When what tx() looked at was sent, since the bench was made or the clock was zeroed. */
#define at_ms(b) ((b)->last.at.ns - (b)->epoch.ns) / 1000000

static inline struct bench *established_with(const char *options, uint16_t win)
{
	const char *why = NULL;
	struct bench *b = bench_established(options, win, &why);

	BENCH_OK(why);
	return b;
}

/* Active OPEN, MSS 1000, window 30000, no other option: round numbers. */
static inline struct bench *established(void) { return established_with("<mss 1000>", 30000); }

static inline struct bench *in_state(enum tcp_state state)
{
	const char *why = NULL;
	struct bench *b = bench_in(state, &why);

	BENCH_OK(why);
	return b;
}

/* A group, for several pairs of initial numbers: around 0, below and beyond 2^31 and 2^32. */
static const struct {
	uint32_t iss, irs;
} bench_everywhere[] = {
	{1000, 5000},
	{0xffffff00u, 0x7fffff00u},
	{0x7ffffff0u, 0xfffffff0u},
	{0xffffffffu, 0xffffffffu},
	{0x7fffffffu, 0x80000000u},
};

#define RUN_EVERYWHERE(tests)                                                               \
	static int run_everywhere(void)                                                     \
	{                                                                                   \
		int failed = 0;                                                             \
		for (size_t i = 0; i < COUNT_OF(bench_everywhere); i++) {                   \
			bench_iss = bench_everywhere[i].iss;                                \
			bench_irs = bench_everywhere[i].irs;                                \
			print_message("ISS %u IRS %u\n", bench_iss, bench_irs);             \
			failed += cmocka_run_group_tests_name(__FILE__, tests, NULL, NULL); \
		}                                                                           \
		return failed;                                                              \
	}                                                                                   \
	int main(void) { return run_everywhere(); }

#endif
