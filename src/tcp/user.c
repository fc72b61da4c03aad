/* SPDX-License-Identifier: MIT */
/*
 * tcp/user.c - user calls: RFC 9293 section 3.10.1 to 3.10.6, in that order.
 *
 * OPEN, SEND, RECEIVE, CLOSE, ABORT, STATUS. What a call may do in each state is a switch without a
 * default: the compiler counts the states. Nothing is sent here; output.c is asked later.
 */
#include "tcp/tcp.h"

#include <aksu/socket.h>

/* ---------------------------------------------------------------- 3.10.1 OPEN */

int tcp_open(struct tcb *t, const struct tcp_open *open, instant now)
{
	if (t->state != TCP_CLOSED)
		return -AKSU_EISCONN;
	t->iss = t->snd.una = t->snd.nxt = t->snd.wl2 = open->iss;
	t->ts_offset = open->ts_offset;
	t->path_mss = open->path_mss;
	t->peer_mss = open->default_mss; /* MUST-15, until the peer says more */
	t->rcv_mss = (uint16_t)min_u32(open->default_mss, open->path_mss);
	t->rcv_shift = option_rcv_shift(t->conf); /* stays, whatever becomes of the buffer */
	t->error = AKSU_OK;
	ecn_open(t);
	if (tcb_extend(t) == NULL || !sent_reserve(&t->x->sent, &t->env->mem)) {
		tcb_rest(t);
		return -AKSU_ENOMEM;
	}
	(void)now;
	tcb_set_state(t, TCP_SYN_SENT);
	t->env->counters.connections_opened++;
	return AKSU_OK;
}

/* ---------------------------------------------------------------- 3.10.2 SEND */

/* Why nothing can be queued; AKSU_OK if it can. */
static int send_error(const struct tcb *t)
{
	if (t->error != AKSU_OK)
		return -(int)t->error;
	switch ((enum tcp_state)t->state) {
	case TCP_CLOSED:
	case TCP_LISTEN: return has(t, TF_FIN_RECEIVED) ? -AKSU_EPIPE : -AKSU_ENOTCONN;
	case TCP_SYN_SENT:
	case TCP_SYN_RECEIVED:
	case TCP_ESTABLISHED:
	case TCP_CLOSE_WAIT: return has(t, TF_CLOSED) ? -AKSU_EPIPE : AKSU_OK;
	case TCP_FIN_WAIT_1:
	case TCP_FIN_WAIT_2:
	case TCP_CLOSING:
	case TCP_LAST_ACK:
	case TCP_TIME_WAIT: return -AKSU_EPIPE;
	}
	return -AKSU_EPIPE;
}

static uint32_t send_room(const struct tcb *t)
{
	uint32_t held = tcb_x(t)->sndq.length, size = snd_buffer(t);

	return size > held ? size - held : 0;
}

/*
 * No more than the mark may wait unsent; below it a whole segment is taken, so that a small mark
 * does not cut what is queued into crumbs.
 */
static uint32_t unsent_room(const struct tcb *t)
{
	uint32_t unsent = snd_unsent(t), mark = t->conf->notsent_lowat;

	if (mark == 0)
		return UINT32_MAX;
	return unsent < mark ? max_u32(mark - unsent, eff_snd_mss(t)) : 0;
}

/* What follows from having queued something: the mark of urgent data, MORE, timers. */
static void queued(struct tcb *t, bool more, bool urgent, instant now)
{
	t->flags &= ~(uint32_t)TF_MORE;
	if (more)
		t->flags |= TF_MORE;
	if (urgent) { /* SND.UP <- the octet after it (MUST-62) */
		t->x->snd_up = seq_add(snd_queue_start(t), t->x->sndq.length);
		t->flags |= TF_SND_URGENT;
	}
	tcb_unstarve(t);
	on_queue_changed(t, now);
}

static int no_memory(struct tcb *t, instant now)
{
	tcb_rest(t);
	tcb_starve(t, now);
	return -AKSU_ENOMEM;
}

int64_t tcp_send(struct tcb *t, const uint8_t *data, size_t n, bool more, bool urgent, instant now)
{
	int error = send_error(t);
	uint32_t room, spare, done;

	if (error != AKSU_OK)
		return error;
	room = (uint32_t)min_size(n, min_u32(send_room(t), unsent_room(t)));
	if (room == 0)
		return n == 0 ? 0 : -AKSU_EAGAIN;
	/* D7: what is queued must not eat what receiving needs, or two full hosts wait for ever. */
	spare = (uint32_t)min_size(mem_spare(&t->env->mem), UINT32_MAX);
	if (spare == 0 || tcb_extend(t) == NULL)
		return no_memory(t, now);
	rate_check_limited(t, now);
	room = min_u32(room, spare);
	done = bytes_append(&t->x->sndq, &t->env->mem, data, room, min_u32(BLOCK_GRAIN, spare));
	if (done == 0)
		return no_memory(t, now);
	queued(t, more || done < n, urgent && done == n, now);
	return done;
}

int tcp_send_slice(struct tcb *t, struct slice s, bool more, instant now)
{
	int error = send_error(t);

	if (error != AKSU_OK)
		return error;
	if (send_room(t) < s.len || unsent_room(t) == 0)
		return -AKSU_EAGAIN;
	rate_check_limited(t, now);
	if (tcb_extend(t) == NULL || !bytes_append_slice(&t->x->sndq, &t->env->mem, s))
		return no_memory(t, now);
	queued(t, more, false, now);
	return AKSU_OK;
}

/* ---------------------------------------------------------------- 3.10.3 RECEIVE */

/* What RECEIVE says when nothing is queued. */
static int64_t nothing_to_read(const struct tcb *t)
{
	if (t->error != AKSU_OK)
		return -(int64_t)t->error;
	if (has(t, TF_FIN_RECEIVED))
		return 0; /* the end, after all data (G9, MUST-12) */
	return t->state == TCP_CLOSED ? -AKSU_ENOTCONN : -AKSU_EAGAIN;
}

int64_t tcp_peek(const struct tcb *t, uint8_t *out, size_t n)
{
	const struct tcb_ext *x = tcb_x(t);

	if (x->rcvq.length == 0)
		return nothing_to_read(t);
	return bytes_peek(&x->rcvq, 0, out, (uint32_t)min_size(n, UINT32_MAX));
}

int64_t tcp_receive(struct tcb *t, uint8_t *out, size_t n, instant now)
{
	int64_t done = tcp_peek(t, out, n);

	(void)now;
	if (done <= 0 || t->x == NULL)
		return done;
	bytes_drop(&t->x->rcvq, &t->env->mem, (uint32_t)done);
	if (has(t, TF_RCV_URGENT) && tcp_urgent_left(t) == 0)
		t->flags &= ~(uint32_t)TF_RCV_URGENT;
	if (tcp_synchronized(t) && !has(t, TF_FIN_RECEIVED) && rcv_wants_update(t))
		t->flags |= TF_WINDOW_DUE;
	tcb_rest(t);
	return done;
}

/* The number of the next octet that the application will read. */
static tcp_seq read_next(const struct tcb *t)
{
	return seq_sub(t->rcv.nxt, tcb_x(t)->rcvq.length + (has(t, TF_FIN_RECEIVED) ? 1 : 0));
}

uint32_t tcp_urgent_left(const struct tcb *t)
{
	if (!has(t, TF_RCV_URGENT) || !seq_gt(t->x->rcv_up, read_next(t)))
		return 0;
	return seq_dist(read_next(t), t->x->rcv_up);
}

/* ---------------------------------------------------------------- 3.10.4 CLOSE */

/* The FIN is owed: from here on nothing is queued. */
static void owe_fin(struct tcb *t, instant now)
{
	t->flags |= TF_CLOSED;
	t->flags &= ~(uint32_t)TF_MORE;
	tcb_unstarve(t);
	on_queue_changed(t, now);
}

int tcp_shutdown(struct tcb *t, instant now)
{
	switch ((enum tcp_state)t->state) {
	case TCP_CLOSED:
	case TCP_LISTEN: return -AKSU_ENOTCONN;
	case TCP_SYN_SENT: /* kept until ESTABLISHED */ owe_fin(t, now); return AKSU_OK;
	case TCP_SYN_RECEIVED: /* "If no SENDs have been issued", FIN at once; else, or while our
				  SYN has not left, after ESTABLISHED */
		if (snd_unsent(t) == 0 && !seq_eq(t->snd.nxt, t->iss))
			tcb_set_state(t, TCP_FIN_WAIT_1);
		owe_fin(t, now);
		return AKSU_OK;
	case TCP_ESTABLISHED: /* "In any case, enter FIN-WAIT-1 state" */
		tcb_set_state(t, TCP_FIN_WAIT_1);
		owe_fin(t, now);
		return AKSU_OK;
	case TCP_CLOSE_WAIT:
		tcb_set_state(t, TCP_LAST_ACK);
		owe_fin(t, now);
		return AKSU_OK;
	case TCP_FIN_WAIT_1:
	case TCP_FIN_WAIT_2:
	case TCP_CLOSING:
	case TCP_LAST_ACK:
	case TCP_TIME_WAIT: /* never a second FIN */ return AKSU_OK;
	}
	return -AKSU_ENOTCONN;
}

/* SHLD-3: data that nobody will read is told to the peer. */
static bool has_unread(const struct tcb *t)
{
	const struct tcb_ext *x = tcb_x(t);

	return x->rcvq.length > 0 || x->reasm.count > 0;
}

/* Half-duplex (MAY-1); tcp_shutdown() is the other way. */
int tcp_close(struct tcb *t, instant now, struct reply *re)
{
	bool may_reset = t->state == TCP_ESTABLISHED || t->state == TCP_FIN_WAIT_1 ||
			 t->state == TCP_FIN_WAIT_2 || t->state == TCP_CLOSE_WAIT;

	t->flags |= TF_NO_READER;
	if (t->state == TCP_SYN_SENT) { /* "Delete the TCB": nothing is sent (G11) */
		tcb_terminate(t, AKSU_OK);
		return AKSU_OK;
	}
	if (may_reset && (has_unread(t) || t->conf->linger_ns == 0)) {
		tcp_abort(t, re);
		return AKSU_OK;
	}
	if (t->x != NULL) /* TIME-WAIT and the like: what is left is nobody's */
		bytes_fini(&t->x->rcvq, &t->env->mem);
	if (t->state == TCP_FIN_WAIT_2)
		on_orphan(t, now);
	if (t->state != TCP_CLOSED)
		(void)tcp_shutdown(t, now);
	tcb_rest(t);
	return AKSU_OK;
}

/* ---------------------------------------------------------------- 3.10.5 ABORT */

void tcp_abort(struct tcb *t, struct reply *re)
{
	t->flags |= TF_NO_READER;
	switch ((enum tcp_state)t->state) {
	case TCP_SYN_RECEIVED:
	case TCP_ESTABLISHED:
	case TCP_FIN_WAIT_1:
	case TCP_FIN_WAIT_2:
	case TCP_CLOSE_WAIT:
		re->set = true;
		re->why = AKSU_WHY_RESET;
		tcp_make_abort(t, &re->seg);
		break;
	case TCP_CLOSED:
	case TCP_LISTEN:
	case TCP_SYN_SENT:
	case TCP_CLOSING:
	case TCP_LAST_ACK:
	case TCP_TIME_WAIT: /* the connection is over: no RST (C-27, G10) */ break;
	}
	tcb_terminate(t, AKSU_ECONNABORTED);
}

/* ---------------------------------------------------------------- 3.10.6 STATUS */

/* With low-water marks (U-20). */
static bool is_writable(const struct tcb *t)
{
	uint32_t size = snd_buffer(t), lowat = t->conf->sndlowat;

	lowat = lowat != 0 ? min_u32(lowat, size) : size / 3;
	if (t->state != TCP_ESTABLISHED && t->state != TCP_CLOSE_WAIT)
		return false;
	return !has(t, TF_CLOSED | TF_STARVED) && send_room(t) >= max_u32(lowat, 1) &&
	       unsent_room(t) > 0;
}

/* No more than half of the buffer: the peer may not be able to send more than that unread. */
static uint32_t readable_at(const struct tcb *t)
{
	return min_u32(t->conf->rcvlowat, rcv_buffer(t) / 2);
}

uint32_t tcp_ready(const struct tcb *t)
{
	const struct tcb_ext *x = tcb_x(t);
	uint32_t ready = 0;

	if (t->error != AKSU_OK)
		ready |= AKSU_ERROR | AKSU_READABLE | AKSU_WRITABLE | AKSU_HUP;
	if (x->rcvq.length > 0 && x->rcvq.length >= readable_at(t))
		ready |= AKSU_READABLE;
	if (has(t, TF_FIN_RECEIVED))
		ready |= AKSU_READABLE | AKSU_RDHUP;
	if (t->state == TCP_CLOSED || (has(t, TF_CLOSED) && has(t, TF_FIN_RECEIVED)))
		ready |= AKSU_HUP;
	if (is_writable(t))
		ready |= AKSU_WRITABLE;
	if (tcp_urgent_left(t) > 0)
		ready |= AKSU_URGENT;
	return ready;
}
