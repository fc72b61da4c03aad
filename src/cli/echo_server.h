/* SPDX-License-Identifier: MIT */
/*
 * cli/echo_server.h - RFC 862 over an instance, both transports: what comes is sent back.
 *
 * It knows sockets and nothing of devices, signals or options, and so serves a simulated host as
 * well. It never reads more than it could send: what the peer does not take back stays in the
 * receive buffer, the offered window closes, and the peer stops. After the peer's FIN the rest is
 * echoed, then ours follows.
 */
#ifndef AKSU_CLI_ECHO_SERVER_H
#define AKSU_CLI_ECHO_SERVER_H

#include <aksu/socket.h>

struct echo_conn;

struct echo_server {
	struct aksu *stack;
	struct aksu_allocator allocator;
	aksu_socket listener, udp;
	struct echo_conn *conns; /* connections that we hold, newest first */
	uint32_t open;           /* how many */
	uint32_t most;           /* connections to take, then no more; 0: no limit */
	bool stopping;
	aksu_time retry_at; /* AKSU_NEVER unless the stack's memory was used up */
	uint8_t *buffer;
	uint64_t taken, ended, failed; /* connections */
	uint64_t octets;               /* echoed */
	uint64_t datagrams;
};

/*
 * Clears and begins to listen on `port` of every address. A negative enum aksu_error if it cannot.
 */
int echo_server_start(struct echo_server *es, struct aksu *stack,
		      const struct aksu_allocator *allocator, uint16_t port);

/* To be called for every socket that aksu_next_ready() names. */
void echo_server_ready(struct echo_server *es, const struct aksu_ready *ready, aksu_time now);

/*
 * Goes on where memory was refused, if it is time to. To be called once in a while, see retry_at.
 */
void echo_server_turn(struct echo_server *es, aksu_time now);

/*
 * No new connections; a FIN on each that is open, behind what is queued. What comes is let go by.
 */
void echo_server_stop(struct echo_server *es, aksu_time now);

/* RST on each that is open. */
void echo_server_abort(struct echo_server *es, aksu_time now);

/* Whether the stack itself still has something to bring to an end, TIME-WAIT aside. */
bool echo_server_lingers(const struct echo_server *es);

void echo_server_fini(struct echo_server *es);

#endif
