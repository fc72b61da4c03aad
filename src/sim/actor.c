/* SPDX-License-Identifier: MIT */
/*
 * sim/actor.c - an application as a table: when this is so, do that.
 *
 * The lines of the part are played one after the other; a line waits until its condition holds. In
 * between the actor behaves: it sends what it has promised as the buffer takes it, and reads what
 * comes unless it was told not to. What it sends without a text counts up by octets, and both
 * streams are hashed, so that two actors can be compared without being kept.
 */
#include <aksu/sim.h>

#include "base/bytes.h"

enum { CHUNK = 4096 };

#define FNV_OFFSET 0xcbf29ce484222325u
#define FNV_PRIME  0x100000001b3u

static uint64_t hash_more(uint64_t hash, const uint8_t *data, size_t n)
{
	if (hash == 0)
		hash = FNV_OFFSET;
	for (size_t i = 0; i < n; i++)
		hash = (hash ^ data[i]) * FNV_PRIME;
	return hash;
}

static void note_error(struct sim_actor *a, int64_t result)
{
	if (result < 0 && result != -AKSU_EAGAIN && a->error == 0)
		a->error = (int)-result;
}

/* ---- what it does all the time */

/* The octet at a place of the stream: of the text, repeated, or counting up. */
static uint8_t octet_at(const struct sim_line *line, uint64_t place)
{
	uint64_t n = 0;

	if (line->text == NULL)
		return (uint8_t)(place ^ place >> 8);
	while (line->text[n] != '\0')
		n++;
	return n == 0 ? 0 : (uint8_t)line->text[place % n];
}

static bool keep_sending(struct sim_actor *a, struct aksu *s, aksu_time now)
{
	const struct sim_line *line = &a->lines[a->line - 1];
	uint8_t chunk[CHUNK];
	bool any = false;

	while (a->to_send > 0) {
		size_t n = (size_t)min_u64(a->to_send, CHUNK);
		int64_t taken;

		for (size_t i = 0; i < n; i++)
			chunk[i] = octet_at(line, line->octets - a->to_send + i);
		taken = aksu_send(s, a->socket, chunk, n, a->to_send > n ? AKSU_MSG_MORE : 0, now);
		note_error(a, taken);
		if (taken < 0 && taken != -AKSU_EAGAIN)
			a->to_send = 0;
		if (taken <= 0)
			break;
		a->hash_sent = hash_more(a->hash_sent, chunk, (size_t)taken);
		a->to_send -= (uint64_t)taken;
		a->sent += (uint64_t)taken;
		any = true;
	}
	return any;
}

static bool keep_reading(struct sim_actor *a, struct aksu *s, aksu_time now)
{
	uint8_t chunk[CHUNK];
	bool any = false;

	while (!a->deaf && !a->eof && !a->closed && a->error == 0) {
		int64_t n = aksu_recv(s, a->socket, chunk, sizeof(chunk), now);

		if (n > 0) {
			a->hash_received = hash_more(a->hash_received, chunk, (size_t)n);
			a->received += (uint64_t)n;
			any = true;
			continue;
		}
		a->eof = n == 0;
		if (n != -AKSU_ENOTCONN)
			note_error(a, n);
		break;
	}
	return any;
}

/* The first is enough; the listener stays until the actor closes. */
static void take_connection(struct sim_actor *a, struct aksu *s)
{
	if (a->listener.gen == 0 || a->socket.gen != 0)
		return;
	if (aksu_accept(s, a->listener, &a->socket) != 0)
		a->socket = AKSU_NO_SOCKET;
}

static void look(struct sim_actor *a, struct aksu *s)
{
	uint32_t ready = a->closed || a->socket.gen == 0 ? 0 : aksu_ready(s, a->socket);
	int64_t error = 0;

	if (ready & (AKSU_CONNECTED | AKSU_WRITABLE | AKSU_READABLE) && !(ready & AKSU_ERROR))
		a->established = true;
	if (ready & AKSU_ERROR && aksu_get_option(s, a->socket, AKSU_SO_ERROR, &error) == 0)
		note_error(a, -error);
}

/* ---- conditions */

static bool all_acked(const struct sim_actor *a, struct aksu *s)
{
	int64_t unacked = 0, unsent = 0;

	if (a->to_send > 0)
		return false;
	aksu_get_option(s, a->socket, AKSU_TCP_UNACKED, &unacked);
	aksu_get_option(s, a->socket, AKSU_TCP_UNSENT, &unsent);
	return unacked + unsent == 0;
}

static bool holds(const struct sim_actor *a, struct aksu *s, const struct sim_line *line,
		  aksu_time now)
{
	switch (line->when) {
	case SIM_AT_ONCE: return true;
	case SIM_AFTER: return now - a->last_deed >= line->arg;
	case SIM_CONNECTED: return a->established;
	case SIM_RECEIVED: return a->received >= line->arg;
	case SIM_ALL_ACKED: return a->established && all_acked(a, s);
	case SIM_END_OF_FILE: return a->eof;
	case SIM_GONE: return a->error != 0;
	}
	return false;
}

/* ---- deeds */

static void set_options(struct sim_actor *a, struct aksu *s, aksu_socket h, aksu_time now)
{
	if (a->send_buffer != 0)
		note_error(a, aksu_set_option(s, h, AKSU_SO_SNDBUF, a->send_buffer, now));
	if (a->receive_buffer != 0)
		note_error(a, aksu_set_option(s, h, AKSU_SO_RCVBUF, a->receive_buffer, now));
	if (a->user_timeout != 0)
		note_error(a, aksu_set_option(s, h, AKSU_TCP_USER_TIMEOUT, a->user_timeout, now));
	if (a->congestion != 0)
		note_error(a, aksu_set_option(s, h, AKSU_TCP_CONGESTION, a->congestion - 1, now));
	if (a->ecn != 0)
		note_error(a, aksu_set_option(s, h, AKSU_TCP_ECN, a->ecn - 1, now));
}

static void open_actively(struct sim_actor *a, struct aksu *s, aksu_time now)
{
	a->socket = aksu_socket_tcp(s);
	set_options(a, s, a->socket, now);
	note_error(a, aksu_bind(s, a->socket, &a->local));
	note_error(a, aksu_connect(s, a->socket, &a->remote, now));
}

static void open_passively(struct sim_actor *a, struct aksu *s, aksu_time now)
{
	a->listener = aksu_socket_tcp(s);
	set_options(a, s, a->listener, now);
	note_error(a, aksu_bind(s, a->listener, &a->local));
	note_error(a, aksu_listen(s, a->listener, 1));
}

static void end(struct sim_actor *a, struct aksu *s, bool abort, aksu_time now)
{
	if (a->listener.gen != 0)
		aksu_close(s, a->listener, now);
	if (a->socket.gen != 0)
		note_error(a,
			   abort ? aksu_abort(s, a->socket, now) : aksu_close(s, a->socket, now));
	a->listener = a->socket = AKSU_NO_SOCKET;
	a->closed = true;
}

static void do_deed(struct sim_actor *a, struct aksu *s, const struct sim_line *line, aksu_time now)
{
	switch (line->deed) {
	case SIM_CONNECT: open_actively(a, s, now); break;
	case SIM_LISTEN: open_passively(a, s, now); break;
	case SIM_SEND: a->to_send = line->octets; break;
	case SIM_READ: a->deaf = false; break;
	case SIM_DONT_READ: a->deaf = true; break;
	case SIM_SHUTDOWN: note_error(a, aksu_shutdown(s, a->socket, now)); break;
	case SIM_CLOSE: end(a, s, false, now); break;
	case SIM_ABORT: end(a, s, true, now); break;
	}
}

/* A line begins when the one before has sent all that it was to send. */
static bool next_line(struct sim_actor *a, struct aksu *s, aksu_time now)
{
	const struct sim_line *line = &a->lines[a->line];

	if (a->line == a->line_count || a->to_send > 0 || !holds(a, s, line, now))
		return false;
	a->line++;
	a->last_deed = now;
	do_deed(a, s, line, now);
	return true;
}

static aksu_time wake_at(const struct sim_actor *a, aksu_time now)
{
	const struct sim_line *line = &a->lines[a->line];

	if (a->line == a->line_count || line->when != SIM_AFTER)
		return AKSU_NEVER;
	return max_u64(now, a->last_deed + line->arg);
}

static aksu_time play(void *ctx, struct aksu *s, aksu_time now)
{
	struct sim_actor *a = ctx;
	bool more;

	if (!a->begun)
		a->last_deed = now;
	a->begun = true;
	do {
		take_connection(a, s);
		look(a, s);
		more = false;
		if (!a->closed && a->socket.gen != 0) {
			more |= keep_sending(a, s, now);
			more |= keep_reading(a, s, now);
		}
		more |= next_line(a, s, now);
	} while (more);
	return wake_at(a, now);
}

struct sim_app sim_actor_app(struct sim_actor *actor)
{
	return (struct sim_app){.act = play, .ctx = actor};
}
