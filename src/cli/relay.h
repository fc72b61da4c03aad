/* SPDX-License-Identifier: MIT */
/*
 * cli/relay.h - standard input and output over one connection, both directions at once.
 *
 *      standard input ── in ──► send buffer ── FIN at its end
 *      standard output ◄── out ── receive buffer ── its end at the peer's FIN
 *
 * Each direction ends by itself (half-close, RFC 9293 3.6). Who takes nothing stops the other side:
 * a full send buffer leaves standard input unread, and what standard output does not take stays in
 * the receive buffer, whose window closes. It knows neither who connects nor who listens.
 */
#ifndef AKSU_CLI_RELAY_H
#define AKSU_CLI_RELAY_H

#include <aksu/loop.h>

#include "cli/standard.h"

enum { RELAY_CHUNK = 256 * 1024 }; /* held of each direction: a send buffer of the default size */

enum relay_state {
	RELAY_IDLE, /* no connection: the last one, if any, is done */
	RELAY_OPEN,
	RELAY_FAILED, /* see `error`, `trouble` */
};

struct relay_way {
	uint8_t *buffer;
	size_t at, n;  /* octets held: [at, n) */
	bool done;     /* its end has been passed on */
	uint32_t asks; /* what the loop watches its descriptor for */
};

struct relay {
	struct aksu *stack;
	struct aksu_loop *loop;
	struct standard_out stdout_; /* where `out` goes */
	struct relay_way in, out;
	aksu_socket socket;
	enum relay_state state;
	bool keep;          /* the peer's FIN ends a connection, and standard output stays open */
	bool waits;         /* our FIN comes after the peer's */
	bool closing;       /* nothing more is read for this connection */
	int error;          /* what ended the connection: a positive enum aksu_error, or 0 */
	int trouble;        /* what ended standard input or output: an errno, or 0 */
	bool input_trouble; /* it was the input */
	bool input_ended;   /* end of file, or told to stop */
	uint64_t sent, received; /* octets, over all connections */
};

/* Clears all but `keep` and `waits`; false: no memory. */
bool relay_init(struct relay *r, struct aksu *stack, struct aksu_loop *loop);
void relay_fini(struct relay *r);

/* Takes a connection that is established, and begins. */
void relay_begin(struct relay *r, aksu_socket socket, aksu_time now);

/* The connection's readiness grew. */
void relay_ready(struct relay *r, aksu_time now);

/* To be called in every turn: sees when all is acknowledged, of which nobody tells. */
void relay_turn(struct relay *r, aksu_time now);

/* Standard input ends here: what was read is sent, then FIN. */
void relay_stop(struct relay *r, aksu_time now);

/* RST, if there is a connection. */
void relay_abort(struct relay *r, aksu_time now);

#endif
