/* SPDX-License-Identifier: MIT */
/*
 * cli/ss_waiting.c - what a connection waits for, in words (see cli/ss_table.h).
 *
 * Two sides are asked: what we want to send waits for an acknowledgement, a window or the link;
 * what we received waits for the application. Where neither side has anything, the state says it
 * (RFC 9293 section 3.3.2). All of it is read off STATUS; nothing is remembered.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cli/ss_table.h"
#include "cli/units.h"

struct words {
	char *out;
	size_t n;
};

static void add(struct words *w, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(struct words *w, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(w->out + w->n, SS_CELL - w->n, format, args);
	va_end(args);
	if (n > 0)
		w->n = w->n + (size_t)n < SS_CELL ? w->n + (size_t)n : SS_CELL - 1;
}

/* How long until the next timer; nothing if that is another one. */
static void add_timer(struct words *w, const struct aksu_info *info, enum aksu_timer timer,
		      const char *before, aksu_time now)
{
	struct unit_text left;

	if (info->timer != timer || info->next_timer == AKSU_NEVER)
		return;
	left = unit_span(info->next_timer > now ? info->next_timer - now : 0);
	add(w, "%s%s", before, left.text);
}

static void add_ack(struct words *w, const struct aksu_info *info, aksu_time now)
{
	bool fin = info->state == AKSU_STATE_FIN_WAIT_1 || info->state == AKSU_STATE_CLOSING ||
		   info->state == AKSU_STATE_LAST_ACK;

	if (info->state == AKSU_STATE_SYN_SENT)
		add(w, "SYN-ACK");
	else if (info->state == AKSU_STATE_SYN_RECEIVED)
		add(w, "ack of SYN");
	else
		add(w, fin && info->send_queue == 0 ? "ack of FIN" : "ack");
	add_timer(w, info, AKSU_TIMER_RTX, ", rto ", now);
	if (info->backoff > 0)
		add(w, ", try %u", info->backoff + 1u);
}

/* What we have to send. */
static void add_sending(struct words *w, const struct aksu_info *info, aksu_time now)
{
	if (info->timer == AKSU_TIMER_PERSIST) {
		add(w, "window of peer");
		add_timer(w, info, AKSU_TIMER_PERSIST, ", probe in ", now);
	} else if (info->in_flight > 0) {
		add_ack(w, info, now);
	} else if (info->timer == AKSU_TIMER_RTX) {
		add(w, "ack"); /* all of it is taken for lost or was reported as received */
		add_timer(w, info, AKSU_TIMER_RTX, ", rto ", now);
	} else if (info->timer == AKSU_TIMER_OVERRIDE) {
		add(w, "more to send"); /* a small segment is held back: RFC 9293 3.8.6.2.1 */
		add_timer(w, info, AKSU_TIMER_OVERRIDE, ", ", now);
	} else if (info->send_queue > 0) {
		add(w, "link"); /* it may go, and the device takes nothing now */
	}
}

/* What came and was not read. */
static void add_unread(struct words *w, const struct aksu_info *info)
{
	if (info->receive_queue > 0)
		add(w, "%sapp to read (%s unread)", w->n > 0 ? "; " : "",
		    unit_count(info->receive_queue).text);
}

static void add_ended(struct words *w, const struct aksu_info *info)
{
	add_unread(w, info);
	if (w->n > 0)
		return;
	if (info->error)
		add(w, "app close (%s)", aksu_strerror(info->error));
	else
		add(w, info->conn == 0 ? "app to connect or listen" : "app close");
}

/* Both directions are quiet. */
static void add_state(struct words *w, const struct aksu_info *info, aksu_time now)
{
	aksu_time age = now > info->state_since ? now - info->state_since : 0;

	switch ((enum aksu_state)info->state) {
	case AKSU_STATE_LISTEN:
		if (info->receive_queue > 0)
			add(w, "app to accept (%u waiting)", info->receive_queue);
		else
			add(w, "connections");
		return;
	case AKSU_STATE_CLOSED: add_ended(w, info); return;
	case AKSU_STATE_FIN_WAIT_2:
		add(w, "peer's FIN");
		add_timer(w, info, AKSU_TIMER_LIFE, ", ",
			  now); /* only when nobody reads any more */
		return;
	case AKSU_STATE_CLOSE_WAIT: add(w, "app close, %s", unit_span(age).text); return;
	case AKSU_STATE_TIME_WAIT:
		add(w, "2MSL");
		add_timer(w, info, AKSU_TIMER_LIFE, " ", now);
		return;
	case AKSU_STATE_SYN_SENT:
	case AKSU_STATE_SYN_RECEIVED:
	case AKSU_STATE_FIN_WAIT_1:
	case AKSU_STATE_CLOSING:
	case AKSU_STATE_LAST_ACK: add(w, "link"); return; /* SYN or FIN has not left yet */
	case AKSU_STATE_ESTABLISHED:
	case AKSU_STATE_COUNT: break;
	}
	add(w, "nothing");
}

void ss_waiting_for(const struct aksu_info *info, aksu_time now, char out[SS_CELL])
{
	struct words w = {.out = out};

	out[0] = '\0';
	if (info->state != AKSU_STATE_LISTEN && info->state != AKSU_STATE_CLOSED &&
	    info->state != AKSU_STATE_TIME_WAIT) {
		add_sending(&w, info, now);
		add_unread(&w, info);
	}
	if (w.n == 0)
		add_state(&w, info, now);
}
