/* SPDX-License-Identifier: MIT */
/*
 * cli/relay.c - see cli/relay.h.
 *
 * Whatever happens calls pump(), which moves octets both ways until nothing more can be moved, and
 * then asks the loop for the one thing that each way waits for. A connection is held until all we
 * sent is acknowledged, our FIN included, so that its failure does not go unseen.
 */
#include "cli/relay.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void pump(struct relay *r, aksu_time now);

bool relay_init(struct relay *r, struct aksu *stack, struct aksu_loop *loop)
{
	*r = (struct relay){
		.stack = stack,
		.loop = loop,
		.stdout_ = standard_out_open(),
		.keep = r->keep,
		.waits = r->waits,
		.in.buffer = malloc(RELAY_CHUNK),
		.out.buffer = malloc(RELAY_CHUNK),
	};
	return r->in.buffer && r->out.buffer;
}

void relay_fini(struct relay *r)
{
	free(r->in.buffer);
	free(r->out.buffer);
}

/* ------------------------------------------------------------------ what the loop watches */

static void told(void *ctx, int fd, uint32_t events, aksu_time now)
{
	(void)fd, (void)events;
	pump(ctx, now);
}

/* Asks for a descriptor's readiness, or for none; it is asked for once only. */
static void ask(struct relay *r, struct relay_way *way, int fd, uint32_t events)
{
	if (way->asks == events)
		return;
	way->asks = events;
	if (events == 0)
		aksu_loop_unwatch(r->loop, fd);
	else if (aksu_loop_watch(r->loop, fd, events, told, r) < 0)
		r->trouble = ENOMEM;
}

static void ask_nothing(struct relay *r)
{
	ask(r, &r->in, STDIN_FILENO, 0);
	ask(r, &r->out, r->stdout_.fd, 0);
}

/* ------------------------------------------------------------------ ends */

static void fail(struct relay *r, aksu_time now)
{
	ask_nothing(r);
	aksu_abort(r->stack, r->socket, now);
	r->socket = AKSU_NO_SOCKET;
	r->state = RELAY_FAILED;
}

static void finish(struct relay *r, aksu_time now)
{
	ask_nothing(r);
	aksu_close(r->stack, r->socket, now);
	r->socket = AKSU_NO_SOCKET;
	r->state = RELAY_IDLE;
}

/* Both ways have ended: whether the peer has acknowledged all of ours, or never will. */
static bool acknowledged(struct relay *r)
{
	struct aksu_info info;
	int64_t error = 0;

	if (aksu_get_option(r->stack, r->socket, AKSU_SO_ERROR, &error) == 0 && error != 0) {
		r->error = (int)error;
		return false;
	}
	return aksu_info(r->stack, r->socket, &info) != 0 || info.state == AKSU_STATE_TIME_WAIT ||
	       info.state == AKSU_STATE_CLOSED;
}

/* ------------------------------------------------------------------ standard input to the peer */

/* Reads if there is nothing held; false: there is nothing now. */
static bool fill(struct relay *r)
{
	struct relay_way *in = &r->in;
	int64_t n;

	if (in->at < in->n)
		return true;
	if (r->input_ended || r->closing)
		return false;
	n = standard_read(in->buffer, RELAY_CHUNK);
	in->at = 0;
	in->n = n > 0 ? (size_t)n : 0;
	r->input_ended = n == 0;
	if (n < 0 && n != -EAGAIN) {
		r->trouble = (int)-n;
		r->input_trouble = true;
	}
	return n > 0;
}

/* What standard input has, as far as the send buffer goes. */
static void move_in(struct relay *r, aksu_time now)
{
	struct relay_way *in = &r->in;

	while (!in->done && fill(r)) {
		int64_t n =
			aksu_send(r->stack, r->socket, in->buffer + in->at, in->n - in->at, 0, now);

		if (n == -AKSU_ENOMEM || n == -AKSU_EAGAIN) {
			ask(r, in, STDIN_FILENO, 0);
			return;
		}
		if (n < 0) {
			r->error = (int)-n;
			return;
		}
		in->at += (size_t)n;
		r->sent += (uint64_t)n;
	}
	if (!in->done && (r->input_ended || r->closing) && (r->out.done || !r->waits)) {
		in->done = true;
		aksu_shutdown(r->stack, r->socket, now);
	}
	ask(r, in, STDIN_FILENO, in->done || r->input_ended ? 0 : AKSU_READABLE);
}

/* ------------------------------------------------------------------ the peer to standard output */

/* Writes what is held; false: standard output takes no more now. */
static bool flush_out(struct relay *r)
{
	struct relay_way *out = &r->out;

	while (out->at < out->n) {
		int64_t n =
			standard_out_write(&r->stdout_, out->buffer + out->at, out->n - out->at);

		if (n < 0) {
			r->trouble = n == -EAGAIN ? 0 : (int)-n;
			return false;
		}
		out->at += (size_t)n;
	}
	return true;
}

/* The peer has finished, and everything of it is written. */
static void end_out(struct relay *r)
{
	ask(r, &r->out, r->stdout_.fd, 0);
	r->out.done = true;
	if (r->keep)
		r->closing = true;
	else
		standard_out_close(&r->stdout_);
}

/* What has been received, as far as standard output takes it. */
static void move_out(struct relay *r, aksu_time now)
{
	struct relay_way *out = &r->out;

	while (!out->done && flush_out(r)) {
		int64_t n = aksu_recv(r->stack, r->socket, out->buffer, RELAY_CHUNK, now);

		out->at = out->n = 0;
		if (n > 0) {
			out->n = (size_t)n;
			r->received += (uint64_t)n;
			continue;
		}
		if (n == 0)
			end_out(r);
		else if (n != -AKSU_EAGAIN)
			r->error = (int)-n;
		break;
	}
	ask(r, out, r->stdout_.fd, out->at < out->n ? AKSU_WRITABLE : 0);
}

/* ------------------------------------------------------------------ both */

static void pump(struct relay *r, aksu_time now)
{
	if (r->state != RELAY_OPEN)
		return;
	move_out(r, now);
	if (!r->error && !r->trouble)
		move_in(r, now);
	if (r->in.done && r->out.done && !r->error && acknowledged(r)) {
		finish(r, now);
		return;
	}
	/* What came before a reset is written out first: move_out() meets the error behind it. */
	if (r->trouble || (r->error && r->out.at == r->out.n))
		fail(r, now);
}

void relay_begin(struct relay *r, aksu_socket socket, aksu_time now)
{
	r->socket = socket;
	r->state = RELAY_OPEN;
	r->error = 0;
	r->out.at = r->out.n = 0;
	r->out.done = r->in.done = r->closing = false;
	pump(r, now);
}

void relay_ready(struct relay *r, aksu_time now) { pump(r, now); }

void relay_turn(struct relay *r, aksu_time now)
{
	if (r->in.done && r->out.done)
		pump(r, now);
}

void relay_stop(struct relay *r, aksu_time now)
{
	r->input_ended = true;
	r->waits = false; /* who stops waits for nobody */
	pump(r, now);
}

void relay_abort(struct relay *r, aksu_time now)
{
	if (r->state == RELAY_OPEN)
		fail(r, now);
}
