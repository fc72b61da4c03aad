/* SPDX-License-Identifier: MIT */
/* clang-format off */
/*
 * tcp/timeout.c - time: RFC 9293 section 3.10.8, RFC 6298 section 5, and the only place that arms a
 * timer.
 *
 * The other files say what happened; this one knows what it means for the deadlines:
 *
 *   TLP        no ACK for two round trips, with SACK                    RFC 8985 7; before RTX
 *   RACK       what was sent before something that arrived is overdue   RFC 8985 6.2
 *   RTX        something is outstanding, and the peer's window is open  RFC 6298 5.1 - 5.6
 *   PERSIST    something waits, and the peer's window is zero           3.8.6.1; without RTX (E4)
 *   DELACK     in-order text waits to be acknowledged                   3.8.6.3
 *   OVERRIDE   small data is held back, and no ACK is on its way        3.8.6.2.1
 *   PACE       what may be sent waits for its turn                      pace.c
 *   USER       R2: the peer has acknowledged nothing for so long        3.8.3
 *   KEEPALIVE  nothing was heard for long, and the application asked    3.8.4
 *   LIFE       TIME-WAIT, or an orphan in FIN-WAIT-2                    3.6.1
 *
 * TLP and RACK run beside RTX, never later than it and each beginning it anew, where RFC 8985
 * section 8 has one timer for the three.
 *
 * KEEPALIVE and LIFE exclude each other and share `slow`; the rest live in the extension.
 */
/* clang-format on */
#include "tcp/tcp.h"

static bool armed(const struct tcb *t, enum tcp_timer timer)
{
	return !is_never(tcb_x(t)->deadline[timer]);
}

static void arm(struct tcb *t, enum tcp_timer timer, instant now, duration d)
{
	if (t->x != NULL)
		t->x->deadline[timer] = after(now, d);
}

static void disarm(struct tcb *t, enum tcp_timer timer)
{
	if (t->x != NULL)
		t->x->deadline[timer] = INSTANT_NEVER;
}

/* R2: the application's, or the SYN's (MUST-21, MUST-22, MUST-23). */
static duration user_timeout(const struct tcb *t)
{
	return tcp_synchronized(t) ? t->conf->user_timeout : t->conf->syn_timeout;
}

/* ---------------------------------------------------------------- the send side's timers */

static bool something_outstanding(const struct tcb *t) { return snd_outstanding(t) > 0; }

/* MUST-35, MUST-36: the peer's window is zero and we have something for it (3.8.6.1). */
static bool must_probe(const struct tcb *t)
{
	return tcp_may_send_text(t) && t->snd.wnd == 0 && !seq_eq(t->snd.una, t->iss) &&
	       (something_outstanding(t) || snd_unsent(t) > 0 || snd_fin_pending(t));
}

/* The window opened: what was sent as a probe was not taken, and is due at once. */
static void end_probing(struct tcb *t)
{
	struct sent *sent = &t->x->sent;

	disarm(t, TIMER_PERSIST);
	t->flags &= ~(uint32_t)TF_PROBE_DUE;
	t->backoff = 0;
	for (uint32_t i = 0; i < sent->count; i++)
		if (sent_run(sent, i)->flags & RUN_PROBE)
			sent_mark_lost(sent, sent_run(sent, i));
}

static void disarm_losses(struct tcb *t)
{
	disarm(t, TIMER_TLP);
	disarm(t, TIMER_RACK);
	disarm(t, TIMER_RTX);
}

/* RFC 8985 7.2: two round trips from now, but not after the time-out. */
static void schedule_probe(struct tcb *t, instant now)
{
	disarm(t, TIMER_TLP);
	if (armed(t, TIMER_RTX) && tlp_may_probe(t))
		t->x->deadline[TIMER_TLP] =
			earlier(after(now, tlp_pto(t)), t->x->deadline[TIMER_RTX]);
}

/* Brings RTX, PERSIST, OVERRIDE and USER in line with what is outstanding, waiting and allowed. */
static void settle(struct tcb *t, instant now)
{
	if (t->state == TCP_CLOSED || (t->x == NULL && !must_probe(t)))
		return;
	if (tcb_extend(t) == NULL) { /* an idle connection with a FIN for a closed window */
		on_starved(t, now);
		return;
	}
	if (must_probe(t)) {
		disarm_losses(t);
		if (!armed(t, TIMER_PERSIST)) {
			t->backoff = 0;
			arm(t, TIMER_PERSIST, now, rtt_rto(t)); /* SHLD-29: one RTO */
		}
	} else {
		if (armed(t, TIMER_PERSIST))
			end_probing(t);
		if (!something_outstanding(t))
			disarm_losses(t); /* 5.2 */
		else if (!armed(t, TIMER_RTX))
			arm(t, TIMER_RTX, now, rtt_rto(t)); /* 5.1 */
	}
	if (!armed(t, TIMER_RTX) && !armed(t, TIMER_PERSIST))
		disarm(t, TIMER_USER);
	else if (!armed(t, TIMER_USER))
		arm(t, TIMER_USER, now, user_timeout(t));
	if (!snd_held_back(t))
		disarm(t, TIMER_OVERRIDE);
	else if (!armed(t, TIMER_OVERRIDE))
		arm(t, TIMER_OVERRIDE, now, SWS_OVERRIDE);
}

void on_segment_sent(struct tcb *t, instant now)
{
	settle(t, now);
	schedule_probe(t, now);
}

void on_text_paced(struct tcb *t, uint32_t n, instant now)
{
	t->x->deadline[TIMER_PACE] = pace_sent(t, n, now);
}

/* RFC 8985 7.3: "re-arm the RTO timer". */
void on_probe_sent(struct tcb *t, instant now)
{
	disarm(t, TIMER_TLP);
	if (something_outstanding(t))
		arm(t, TIMER_RTX, now, rtt_rto(t));
}

void on_losses_judged(struct tcb *t)
{
	if (t->x == NULL)
		return;
	t->x->deadline[TIMER_RACK] = armed(t, TIMER_RTX) ? rack_deadline(t) : INSTANT_NEVER;
	if (!tlp_may_probe(t))
		disarm(t, TIMER_TLP);
}

void on_window_changed(struct tcb *t, instant now) { settle(t, now); }

void on_queue_changed(struct tcb *t, instant now) { settle(t, now); }

void on_new_ack(struct tcb *t, instant now)
{
	t->flags &= ~(uint32_t)TF_R1;
	disarm(t, TIMER_RTX); /* 5.3: begins anew if anything is left */
	disarm(t, TIMER_USER);
	settle(t, now);
	schedule_probe(t, now);
}

/* A peer that answers is not dead, even if it takes nothing (MUST-37, SHLD-17). */
void on_ack_heard(struct tcb *t, instant now)
{
	if (armed(t, TIMER_USER) && (t->snd.wnd == 0 || t->snd.wnd < snd_outstanding(t)))
		arm(t, TIMER_USER, now, user_timeout(t));
}

/* ---------------------------------------------------------------- the receive side's */

/*
 * The peer's window is still small, and each ACK opens it (RFC 5681 3.1): waiting for a second
 * segment would hold up the whole of its slow start.
 */
static bool starts_slowly(const struct tcb *t)
{
	return t->nxt_wraps == 0 &&
	       seq_dist(t->irs, t->rcv.nxt) <= 1 + QUICK_ACK_SEGMENTS * (uint32_t)t->rcv_mss;
}

/* SHLD-18: not at once. */
void on_text_received(struct tcb *t, instant now)
{
	/* SHLD-19: at least every second full-sized segment; full is what the peer sends (E13). */
	uint32_t full = starts_slowly(t) ? 1 : 2;

	if (t->conf->quickack || t->x->unacked_rcvd >= full * t->rcv_mss) {
		ack_now(t, AKSU_WHY_ACK);
		return;
	}
	t->flags |= TF_ACK_DELAYED;
	if (!armed(t, TIMER_DELACK))
		arm(t, TIMER_DELACK, now, DELAYED_ACK);
}

void on_ack_sent(struct tcb *t)
{
	t->flags &= ~(uint32_t)(TF_ACK_DELAYED | TF_WINDOW_DUE);
	t->last_ack_sent = t->rcv.nxt;
	disarm(t, TIMER_DELACK);
	if (t->x == NULL)
		return;
	t->x->unacked_rcvd = 0;
	t->x->dsack_set = false;
}

/* ---------------------------------------------------------------- the slow ones */

/* The interval is the application's (MUST-27). */
static void rest_keepalive(struct tcb *t, instant now)
{
	if (has(t, TF_LIFE))
		return;
	t->slow = INSTANT_NEVER;
	if (t->conf->keepalive && tcp_synchronized(t))
		t->slow = after(now, t->conf->keep_idle);
}

/* MUST-26: any segment says that the peer is there. */
void on_segment_received(struct tcb *t, instant now)
{
	t->keep_sent = 0;
	t->flags &= ~(uint32_t)TF_KEEPALIVE_DUE;
	if (t->conf->keepalive)
		rest_keepalive(t, now);
}

void on_established(struct tcb *t, instant now)
{
	t->notices |= NOTICE_CONNECTED;
	disarm(t, TIMER_USER); /* R2 of the SYN is over */
	rest_keepalive(t, now);
}

/* Nobody will ever read: FIN-WAIT-2 must not last for ever (G5: but a mere half-close may). */
void on_orphan(struct tcb *t, instant now)
{
	t->flags |= TF_LIFE;
	t->slow = after(now, ORPHAN_FIN_WAIT_2);
}

/* 3.10.7.4: "start the time-wait timer, turn off the other timers". */
void on_time_wait(struct tcb *t, instant now)
{
	if (t->x != NULL)
		for (int i = 0; i < TIMER_FAST_COUNT; i++)
			t->x->deadline[i] = INSTANT_NEVER;
	t->flags &= ~(uint32_t)(TF_PROBE_DUE | TF_KEEPALIVE_DUE | TF_OVERRIDE | TF_ACK_DELAYED);
	t->flags |= TF_LIFE;
	t->slow = after(now, nanoseconds(2 * t->env->msl.ns)); /* MUST-13 */
}

void on_closed(struct tcb *t)
{
	if (t->x != NULL)
		for (int i = 0; i < TIMER_FAST_COUNT; i++)
			t->x->deadline[i] = INSTANT_NEVER;
	t->slow = INSTANT_NEVER;
}

void on_starved(struct tcb *t, instant now)
{
	if (t->x != NULL)
		arm(t, TIMER_OVERRIDE, now, STARVED_RETRY);
	else if (!has(t, TF_LIFE))
		t->slow = after(now, STARVED_RETRY);
}

void tcp_conf_changed(struct tcb *t, instant now)
{
	if (t->x != NULL && t->x->cc.ops != cc_ops_of(t->conf->cc)) {
		t->x->cc.srtt_us = t->rtt.srtt_us;
		cc_begin(&t->x->cc, cc_ops_of(t->conf->cc), now);
	}
	disarm(t, TIMER_PACE); /* another rate */
	rest_keepalive(t, now);
	disarm(t, TIMER_USER);
	settle(t, now);
	if (tcp_synchronized(t) && rcv_wants_update(t))
		t->flags |= TF_WINDOW_DUE;
}

/*
 * A way out again, after a time without: what waits for a timer that was backed off is tried now,
 * and from here on at the pace of a second attempt.
 */
void tcp_resume(struct tcb *t, instant now)
{
	enum tcp_timer timer = armed(t, TIMER_PERSIST) ? TIMER_PERSIST : TIMER_RTX;

	if (t->backoff == 0 || !armed(t, timer))
		return;
	t->backoff = 1;
	arm(t, timer, now, nanoseconds(0));
}

/* ---------------------------------------------------------------- expiry */

/* RFC 6298 5.4 - 5.6, and R1 of 3.8.3. */
static void retransmission_timeout(struct tcb *t, instant now)
{
	loss_ops_of(t)->on_rto(t, now);
	disarm_losses(t);
	t->x->batch = t->x->batch_len = 0; /* what was sent together is lost together */
	if (t->backoff < UINT8_MAX)
		t->backoff++; /* 5.5 */
	mtu_timed_out(t);
	if (!tcp_synchronized(t))
		t->flags |= TF_SYN_RESENT;
	if (t->backoff >= R1_RETRANSMISSIONS && !has(t, TF_R1)) {
		t->flags |= TF_R1;
		t->notices |= NOTICE_R1 | NOTICE_DOUBT;
	}
	arm(t, TIMER_RTX, now, rtt_rto(t)); /* 5.6 */
}

static void probe_timeout(struct tcb *t)
{
	disarm(t, TIMER_TLP);
	tlp_timeout(t);
}

static void reordering_timeout(struct tcb *t, instant now)
{
	rack_timeout(t, now);
	arm(t, TIMER_RTX, now, rtt_rto(t));
	on_losses_judged(t);
}

/* 3.8.6.1: probe for ever while the peer answers; SHLD-30: at growing intervals. */
static void persist_timeout(struct tcb *t, instant now)
{
	t->flags |= TF_PROBE_DUE;
	if (t->backoff < UINT8_MAX)
		t->backoff++;
	arm(t, TIMER_PERSIST, now, rtt_rto(t));
}

/* 3.8.4 (MAY-5). */
static void keepalive_timeout(struct tcb *t, instant now)
{
	t->slow = INSTANT_NEVER;
	settle(t, now); /* it may be a retry after memory was refused */
	if (!t->conf->keepalive)
		return;
	if (something_outstanding(t) || armed(t, TIMER_PERSIST)) {
		rest_keepalive(t, now); /* MUST-26: the other timers watch */
		return;
	}
	if (t->keep_sent >= t->conf->keep_count) {
		tcb_terminate(t, AKSU_ETIMEDOUT);
		return;
	}
	t->keep_sent++; /* MUST-29: one unanswered is not the end */
	t->flags |= TF_KEEPALIVE_DUE;
	t->slow = after(now, t->conf->keep_interval);
}

/* 3.10.8: user timeout, retransmission timeout, time-wait timeout; and the rest. */
static void expire(struct tcb *t, enum tcp_timer timer, instant now)
{
	struct aksu_event *e = tcb_event(t, AKSU_EVENT_TIMER);

	if (e != NULL)
		e->timer = (uint8_t)timer;
	switch (timer) {
	case TIMER_TLP: probe_timeout(t); break;
	case TIMER_RACK: reordering_timeout(t, now); break;
	case TIMER_RTX: retransmission_timeout(t, now); break;
	case TIMER_PERSIST: persist_timeout(t, now); break;
	case TIMER_DELACK:
		disarm(t, TIMER_DELACK);
		t->flags &= ~(uint32_t)TF_ACK_DELAYED;
		ack_now(t, AKSU_WHY_DELAYED_ACK);
		break;
	case TIMER_OVERRIDE:
		disarm(t, TIMER_OVERRIDE);
		t->flags |= TF_OVERRIDE;
		break;
	case TIMER_PACE: disarm(t, TIMER_PACE); break;
	case TIMER_USER:
		tcb_terminate(t, t->soft_error != 0 && !tcp_synchronized(t) ? t->soft_error
									    : AKSU_ETIMEDOUT);
		break;
	case TIMER_KEEPALIVE: keepalive_timeout(t, now); break;
	case TIMER_LIFE: tcb_terminate(t, AKSU_OK); break;
	}
}

/* The earliest timer and its deadline. */
static enum tcp_timer next(const struct tcb *t, instant *at)
{
	const struct tcb_ext *x = tcb_x(t);
	enum tcp_timer timer = has(t, TF_LIFE) ? TIMER_LIFE : TIMER_KEEPALIVE;

	*at = t->slow;
	for (int i = 0; i < TIMER_FAST_COUNT; i++)
		if (before(x->deadline[i], *at) && (i != TIMER_PACE || snd_waits_for_pace(t))) {
			*at = x->deadline[i];
			timer = (enum tcp_timer)i;
		}
	return timer;
}

instant tcp_deadline(const struct tcb *t)
{
	instant at;

	(void)next(t, &at);
	return at;
}

unsigned tcp_next_timer(const struct tcb *t)
{
	instant at;
	enum tcp_timer timer = next(t, &at);

	return is_never(at) ? TIMER_NONE : timer;
}

void tcp_advance(struct tcb *t, instant now)
{
	rate_check_limited(t, now);
	/* Each timer fires once at most: a clock that jumped does not make a burst (D17). */
	for (int i = 0; i < AKSU_TIMER_COUNT && t->state != TCP_CLOSED; i++) {
		instant at;
		enum tcp_timer timer = next(t, &at);

		if (!due(at, now))
			break;
		expire(t, timer, now);
	}
	tcb_rest(t);
}
