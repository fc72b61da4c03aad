/* SPDX-License-Identifier: MIT */
/*
 * cli/answer.h - what a running aksu says when it is asked over its control socket.
 *
 * A request is one line, an answer is text; both name the version of this protocol:
 *
 *      aksu/1 ss [listeners | all] [json]      ->      aksu/1 ok
 *      aksu/1 stats [json]                             ... text ...
 *      aksu/1 stop                                     aksu/1 end
 *
 * or "aksu/1 error", a reason, and the end. An answer without its end was cut off. Text comes in
 * pieces, each of bounded work, however many connections there are; sockets and time-outs are
 * control.c's.
 */
#ifndef AKSU_CLI_ANSWER_H
#define AKSU_CLI_ANSWER_H

#include "cli/ss_table.h"
#include "port/reason.h"

#define ANSWER_VERSION "aksu/1"
#define ANSWER_OK      ANSWER_VERSION " ok\n"
#define ANSWER_ERROR   ANSWER_VERSION " error\n"
#define ANSWER_END     ANSWER_VERSION " end\n"

enum {
	ANSWER_REQUEST = 128, /* octets of a request with its newline: three words */
	ANSWER_PIECE = 2048,  /* room that a piece needs: the longest line, and a heading */
};

enum answer_kind { ANSWER_SS, ANSWER_STATS, ANSWER_STOP };
enum answer_which { ANSWER_CONNECTIONS, ANSWER_LISTENERS, ANSWER_ALL };

struct answer {
	enum answer_kind kind;
	enum answer_which which;
	bool json;
	enum { ANSWER_BEGINS, ANSWER_MEASURES, ANSWER_TELLS, ANSWER_ENDS, ANSWER_DONE } step;
	uint64_t cursor; /* of aksu_next_info(), or how many counters were told */
	uint64_t told;   /* rows */
	struct ss_widths widths;
	bool refused;
	struct aksu_reason why; /* when refused */
};

/*
 * Reads a request, without its newline. One that is not understood is answered too, with an error.
 */
void answer_begin(struct answer *a, const char *request);

/* For a request that cannot even be read. */
void answer_refuse(struct answer *a, const char *why);

/*
 * The next piece, ANSWER_PIECE octets at most; returns its length, which may be 0 with more to
 * come. Over when a->step is ANSWER_DONE.
 */
size_t answer_more(struct answer *a, const struct aksu *stack, aksu_time now,
		   char out[ANSWER_PIECE]);

#endif
