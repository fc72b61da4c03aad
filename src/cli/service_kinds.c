/* SPDX-License-Identifier: MIT */
/*
 * cli/service_kinds.c - what the small servers do with a connection and a datagram: echo (RFC 862)
 * gives it back, discard (RFC 863) forgets it, chargen (RFC 864) forgets it and sends characters.
 *
 * It owns the pattern of RFC 864. It knows nothing of how connections come and end.
 */
#include "cli/service.h"

/* ------------------------------------------------------------------ RFC 862, echo */

/*
 * Octets are looked at first and taken when they are sent: when the peer takes nothing back, they
 * stay in the receive buffer.
 */
static int64_t echo_move(struct service *v, struct service_conn *c, aksu_time now)
{
	for (;;) {
		int64_t n = aksu_peek(v->stack, c->socket, v->buffer, SERVICE_CHUNK);

		if (n > 0)
			n = aksu_send(v->stack, c->socket, v->buffer, (size_t)n, 0, now);
		if (n > 0)
			n = aksu_recv(v->stack, c->socket, v->buffer, (size_t)n, now);
		if (n <= 0)
			return n;
		v->octets += (uint64_t)n;
	}
}

static void echo_answer(struct service *v, size_t n, const struct aksu_endpoint *from,
			aksu_time now)
{
	aksu_sendto(v->stack, v->udp, v->buffer, n, from, now);
}

const struct service_policy service_echo = {
	.name = "echo",
	.port = 7,
	.move = echo_move,
	.answer = echo_answer,
};

/* ------------------------------------------------------------------ RFC 863, discard */

static int64_t discard_move(struct service *v, struct service_conn *c, aksu_time now)
{
	int64_t n;

	while ((n = aksu_recv(v->stack, c->socket, v->buffer, SERVICE_CHUNK, now)) > 0)
		v->octets += (uint64_t)n;
	return n;
}

static void discard_answer(struct service *v, size_t n, const struct aksu_endpoint *from,
			   aksu_time now)
{
	(void)from, (void)now;
	v->octets += n;
}

const struct service_policy service_discard = {
	.name = "discard",
	.port = 9,
	.move = discard_move,
	.answer = discard_answer,
};

/* ------------------------------------------------------------------ RFC 864, chargen */

enum {
	PRINTABLE = 95, /* the characters of ASCII from the blank on: a ring */
	COLUMNS = 72,
	LINE = COLUMNS + 2,        /* with CR and LF */
	PERIOD = PRINTABLE * LINE, /* each line begins one character further: then all again */
	DATAGRAM_MOST = 512,
};

/* The pattern over and over, so that any PERIOD-sized stretch of it is the stream's. */
static void chargen_prepare(struct service *v)
{
	for (uint32_t i = 0; i < SERVICE_CHUNK; i++) {
		uint32_t line = i / LINE, column = i % LINE;

		v->pattern[i] =
			(uint8_t)(column == COLUMNS       ? '\r'
				  : column == COLUMNS + 1 ? '\n'
							  : ' ' + (line + column) % PRINTABLE);
	}
}

/* What comes is thrown away; characters are sent for as long as the peer has not closed. */
static int64_t chargen_move(struct service *v, struct service_conn *c, aksu_time now)
{
	int64_t n, end;

	do
		end = aksu_recv(v->stack, c->socket, v->buffer, SERVICE_CHUNK, now);
	while (end > 0);
	if (end != -AKSU_EAGAIN)
		return end;
	while ((n = aksu_send(v->stack, c->socket, v->pattern + c->at, SERVICE_CHUNK - c->at, 0,
			      now)) > 0) {
		c->at = (uint32_t)((c->at + n) % PERIOD);
		v->octets += (uint64_t)n;
	}
	return n;
}

/* A step of a generator of chance (Knuth's constants for 64 bits); its upper bits are good. */
static uint64_t chance(struct service *v)
{
	v->chance = v->chance * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return v->chance >> 33;
}

/*
 * "a random number (between 0 and 512) of characters"; never more than came, so that nobody is
 * flooded by way of us in the name of another.
 */
static void chargen_answer(struct service *v, size_t n, const struct aksu_endpoint *from,
			   aksu_time now)
{
	size_t most = n < DATAGRAM_MOST ? n : DATAGRAM_MOST;
	size_t length = (size_t)(chance(v) % (most + 1));

	if (aksu_sendto(v->stack, v->udp, v->pattern, length, from, now) >= 0)
		v->octets += length;
}

const struct service_policy service_chargen = {
	.name = "chargen",
	.port = 19,
	.prepare = chargen_prepare,
	.move = chargen_move,
	.answer = chargen_answer,
};
