/* SPDX-License-Identifier: MIT */
/*
 * support/script_play.c - plays the steps of a script: calls, segments, expectations.
 *
 * What aksu sends must be expected: a packet that no line names fails the next line that is not
 * about packets. The first failure ends the script and prints where, what was expected, what was
 * seen, and the conversation so far.
 */
#include "support/script.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static double clock_of(const struct world *w, aksu_time at)
{
	return (double)(at - w->start) / 1e9;
}

/* ---------------------------------------------------------------- segments */

static bool play_raw(struct world *w)
{
	uint8_t packet[PACKET_MAX];
	struct aksu_rx rx = {.data = packet, .link = (uint16_t)w->link};

	for (int i = 2; i < w->step->words; i++)
		for (const char *p = w->step->word[i]; p[0] != '\0' && p[1] != '\0'; p += 2) {
			char two[3] = {p[0], p[1], '\0'};

			packet[rx.len++] = (uint8_t)strtoul(two, NULL, 16);
		}
	world_input(w, &rx, 1);
	return !w->failed;
}

/* Also what the device says of the packet. */
static bool build(struct world *w, const struct step *step, uint8_t *packet, struct aksu_rx *rx)
{
	struct mods mods;
	const char *error;

	if (!mods_parse(step->mods, &mods, &error))
		return fail(w, "%s", error);
	rx->len = (uint32_t)packet_build(w, world_flow(w, step->flow), &step->seg, &mods, packet);
	if (mods.partial)
		rx->checksum = AKSU_CHECKSUM_PARTIAL;
	rx->segments = step->seg.seg.segments;
	rx->mss = step->seg.seg.mss;
	return rx->len > 0 || fail(w, "the segment is too large for a script");
}

static bool play_in(struct world *w)
{
	struct flow *f = world_flow(w, w->step->flow);
	uint8_t packet[PACKET_MAX];
	struct aksu_rx rx = {.data = packet, .link = (uint16_t)w->link};

	if (!build(w, w->step, packet, &rx))
		return false;
	if (w->step->seg.seg.flags & AKSU_SYN)
		f->they_scale = w->step->seg.seg.opts.present & AKSU_OPT_WSCALE;
	world_input(w, &rx, 1);
	return !w->failed;
}

/* All segments up to `end`, given in one call. */
static bool play_batch(struct world *w, int *at)
{
	enum { BATCH_MAX = 64 };
	static uint8_t packets[BATCH_MAX][PACKET_MAX];
	struct aksu_rx rx[BATCH_MAX];
	const struct script *s = w->script;
	int end = s->steps[*at].partner, n = 0;

	for (int i = *at + 1; i < end; i++) {
		if (s->steps[i].kind != STEP_IN || n == BATCH_MAX)
			return fail(w, "only segments to aksu stand in a batch, 64 at most");
		rx[n] = (struct aksu_rx){.data = packets[n], .link = (uint16_t)w->link};
		note(w, "%9.6f %s\n", clock_of(w, w->now), s->steps[i].text);
		if (!build(w, &s->steps[i], packets[n], &rx[n]))
			return false;
		n++;
	}
	world_input(w, rx, (size_t)n);
	*at = end;
	return !w->failed;
}

static bool options_match(const struct trace_line *want, const struct tcp_opts *got)
{
	const struct tcp_opts *o = &want->seg.opts;

	if (!(want->has & TRACE_HAS_OPTIONS) || want->has & TRACE_ANY_OPTIONS)
		return true;
	if (o->present != got->present)
		return false;
	if (o->present & AKSU_OPT_MSS && o->mss != got->mss)
		return false;
	if (o->present & AKSU_OPT_WSCALE && o->wscale != got->wscale)
		return false;
	if (o->present & AKSU_OPT_TS && !(want->has & TRACE_ANY_TSVAL) &&
	    !ts_eq(o->tsval, got->tsval))
		return false;
	if (o->present & AKSU_OPT_TS && !(want->has & TRACE_ANY_TSECR) &&
	    !ts_eq(o->tsecr, got->tsecr))
		return false;
	if (o->present & (AKSU_OPT_ACCECN0 | AKSU_OPT_ACCECN1) &&
	    memcmp(&o->accecn, &got->accecn, sizeof(o->accecn)) != 0)
		return false;
	if (!(o->present & AKSU_OPT_SACK))
		return true;
	return o->sack_count == got->sack_count &&
	       memcmp(o->sack, got->sack, o->sack_count * sizeof(o->sack[0])) == 0;
}

static bool segment_matches(const struct trace_line *want, const struct tcp_seg *got)
{
	const struct tcp_seg *seg = &want->seg;

	return seg->flags == got->flags && seg->ae == got->ae &&
	       (!(want->has & TRACE_HAS_ECN) || seg->ecn == got->ecn) &&
	       (want->has & TRACE_ANY_LENGTH ||
		(seq_eq(seg->seq, got->seq) && seg->text_len == got->text_len &&
		 seg->segments == got->segments && seg->mss == got->mss)) &&
	       (!(want->has & TRACE_HAS_ACK) || seq_eq(seg->ack, got->ack)) &&
	       (!(want->has & TRACE_HAS_WIN) || seg->rawwnd == got->rawwnd) &&
	       (!(want->has & TRACE_HAS_URG) || seg->up == got->up) &&
	       options_match(want, &got->opts);
}

static bool mods_match(struct world *w, const struct seen *seen)
{
	struct mods m;
	const char *error;

	if (!mods_parse(w->step->mods, &m, &error))
		return fail(w, "%s", error);
	if (!m.any_text && !packet_text_good(seen->flow, &seen->seg))
		return fail(w, "the text is not the stream's: %s", seen->line);
	if (m.tos >= 0 && m.tos != seen->tos)
		return fail(w, "expected TOS 0x%02x, got 0x%02x", m.tos, seen->tos);
	if (m.ttl >= 0 && m.ttl != seen->ttl)
		return fail(w, "expected TTL %d, got %d", m.ttl, seen->ttl);
	if (m.df && !seen->df)
		return fail(w, "expected DF");
	if (m.options_len >= 0 && ((size_t)m.options_len != seen->options_len ||
				   memcmp(m.options, seen->options, seen->options_len) != 0))
		return fail(w, "the options are not as written, octet by octet");
	return true;
}

/* Takes the oldest packet that was sent and was not expected before. */
static bool next_seen(struct world *w, struct seen *seen, aksu_time *at)
{
	struct sent_packet *p = &w->queue[w->head % QUEUE_MAX];

	*at = p->at;
	if (!packet_read(w, p, seen))
		return false;
	w->head++;
	note(w, "%9.6f %s%s> %s\n", clock_of(w, p->at), seen->flow->name,
	     seen->flow->name[0] != '\0' ? " " : "", seen->line);
	return true;
}

static bool play_out(struct world *w, aksu_time earliest, aksu_time latest)
{
	struct seen seen;
	aksu_time at;

	if (!world_run(w, latest, true))
		return false;
	if (w->head == w->tail)
		return w->step->optional ||
		       fail(w, "nothing was sent, up to %.6f s", clock_of(w, w->now));
	if (!next_seen(w, &seen, &at))
		return false;
	if (strcmp(seen.flow->name, w->step->flow) != 0 ||
	    !segment_matches(&w->step->seg, &seen.seg))
		return fail(w, "the stack sent, at %.6f s,\n  %s%s> %s", clock_of(w, at),
			    seen.flow->name, seen.flow->name[0] != '\0' ? " " : "", seen.line);
	if (at < earliest || at > latest)
		return fail(w, "it was sent at %.6f s, not between %.6f and %.6f s",
			    clock_of(w, at), clock_of(w, earliest), clock_of(w, latest));
	return mods_match(w, &seen);
}

/* take FROM:TO - all that was sent now is text, in order, and exactly this. */
static bool play_take(struct world *w)
{
	unsigned long from, to;
	struct seen seen;
	aksu_time at;

	if (w->step->words < 2 || sscanf(w->step->word[1], "%lu:%lu", &from, &to) != 2)
		return fail(w, "written: take FROM:TO");
	while (w->head != w->tail) {
		if (!next_seen(w, &seen, &at))
			return false;
		if (seen.seg.seq.n != from || (seen.seg.flags & ~AKSU_PSH) != AKSU_ACK ||
		    !packet_text_good(seen.flow, &seen.seg))
			return fail(w, "expected text from %lu, the stack sent\n  > %s", from,
				    seen.line);
		from += seen.seg.text_len;
	}
	return from == to || fail(w, "text was sent up to %lu only", from);
}

/* Nothing that was sent is left unexpected. */
static bool all_expected(struct world *w)
{
	struct seen seen;
	aksu_time at;

	if (w->failed || w->head == w->tail)
		return !w->failed;
	if (!next_seen(w, &seen, &at))
		return false;
	return fail(w, "before this line the stack sent, at %.6f s,\n  %s%s> %s", clock_of(w, at),
		    seen.flow->name, seen.flow->name[0] != '\0' ? " " : "", seen.line);
}

/* > nothing [for T] */
static bool play_nothing(struct world *w)
{
	aksu_time t = 0;

	if (w->step->words > 3 &&
	    (!script_is_arg(w, 2, "for") || !script_duration(w->step->word[3], &t)))
		return fail(w, "written: > nothing for 2s");
	return world_run(w, w->now + t, true) && all_expected(w);
}

/* ---------------------------------------------------------------- states and drops */

static bool is_same(const struct aksu_info *info, const struct flow *f)
{
	return info->remote.port == f->remote.port && info->local.port == f->local.port &&
	       aksu_addr_equal(&info->remote.addr, &f->remote.addr);
}

static enum aksu_state state_of(struct world *w, const struct flow *f)
{
	struct aksu_info info;
	uint64_t cursor = 0;

	while (aksu_next_info(w->s, &cursor, &info))
		if (is_same(&info, f) && info.state != AKSU_STATE_CLOSED)
			return (enum aksu_state)info.state;
	if (f->has_socket && aksu_info(w->s, f->socket, &info) == 0)
		return (enum aksu_state)info.state;
	return script_listener(w, f->local.port) != NULL ? AKSU_STATE_LISTEN : AKSU_STATE_CLOSED;
}

static bool play_state(struct world *w)
{
	struct flow *f = world_flow(w, w->step->flow);
	enum aksu_state want = w->step->seg.state, got = state_of(w, f);

	if (got == AKSU_STATE_LISTEN && want == AKSU_STATE_CLOSED) /* only the listener is left */
		return true;
	return got == want || fail(w, "the state is %s", aksu_state_name(got));
}

static bool play_drop(struct world *w)
{
	const uint64_t *now = aksu_counters(w->s)->drops;
	enum aksu_drop want = w->step->seg.drop;
	char others[400] = "";

	if (want == AKSU_DROP_NONE) {
		for (int i = 1; i < AKSU_DROP_COUNT; i++)
			if (now[i] > w->drops_before[i])
				return fail(w, "it was dropped: %s",
					    aksu_drop_name((enum aksu_drop)i));
		return true;
	}
	if (now[want] > w->drops_before[want])
		return true;
	for (int i = 1; i < AKSU_DROP_COUNT; i++)
		if (now[i] > w->drops_before[i]) {
			size_t n = strlen(others);

			snprintf(others + n, sizeof(others) - n, " %s",
				 aksu_drop_name((enum aksu_drop)i));
		}
	return fail(w, "what came last was dropped as:%s", others[0] ? others : " (not at all)");
}

/* ---------------------------------------------------------------- commands */

static bool play_command(struct world *w, int *at, int64_t *loops)
{
	const char *name = w->step->word[0];
	bool ok;

	if (strcmp(name, "batch") == 0)
		return play_batch(w, at);
	if (strcmp(name, "repeat") == 0)
		return script_number_arg(w, 1, loops);
	if (strcmp(name, "end") == 0) {
		if (--*loops > 0)
			*at = w->step->partner;
		return true;
	}
	ok = script_command(w);
	if (strcmp(name, "get") != 0 && strcmp(name, "info") != 0 && strcmp(name, "config") != 0)
		world_settle(w);
	return ok && !w->failed;
}

/* ---------------------------------------------------------------- the play */

/* Questions may stand before the line that expects what was sent meanwhile. */
static bool is_question(const struct step *step)
{
	static const char *const questions[] = {"get",  "error", "soft", "ready",
						"info", "count", "isn",  "far"};

	if (step->kind == STEP_STATE || step->kind == STEP_DROP)
		return true;
	for (size_t i = 0; step->kind == STEP_COMMAND && i < COUNT_OF(questions); i++)
		if (strcmp(step->word[0], questions[i]) == 0)
			return true;
	return false;
}

static bool play_question(struct world *w)
{
	if (w->step->kind == STEP_STATE)
		return play_state(w);
	return w->step->kind == STEP_DROP ? play_drop(w) : script_command(w);
}

static bool play_step(struct world *w, int *at, int64_t *loops)
{
	const struct step *step = w->step;
	aksu_time base = step->when == WHEN_AT ? w->start : w->now;
	aksu_time earliest = step->when == WHEN_NOW ? w->now : base + step->from;
	aksu_time latest = step->when == WHEN_NOW ? w->now : base + step->to;

	if (step->kind == STEP_OUT)
		return play_out(w, earliest, latest);
	if (step->kind == STEP_COMMAND && strcmp(step->word[0], "take") == 0)
		return world_run(w, latest, false) && play_take(w);
	if (step->when == WHEN_NOW && is_question(step)) {
		note(w, "%9.6f %s\n", clock_of(w, w->now), step->text);
		return play_question(w);
	}
	if (step->when != WHEN_NOW && !world_run(w, latest, true))
		return false;
	if (!all_expected(w) || !world_run(w, latest, false) || !all_expected(w))
		return false;
	note(w, "%9.6f %s\n", clock_of(w, w->now), step->text);
	switch (step->kind) {
	case STEP_TIME:
	case STEP_OUT: return true;
	case STEP_IN: return play_in(w);
	case STEP_RAW: return play_raw(w);
	case STEP_NOTHING: return play_nothing(w);
	case STEP_STATE: return play_state(w);
	case STEP_DROP: return play_drop(w);
	case STEP_COMMAND: return play_command(w, at, loops);
	}
	return true;
}

static void print_failure(const struct world *w)
{
	const char *tail = w->report;
	int lines = 0;

	for (size_t i = w->report_len; i > 0; i--)
		if (w->report[i - 1] == '\n' && ++lines > 60) {
			tail = w->report + i;
			break;
		}
	printf("%s:%d: %s\n  %s\n%s\n", w->script->path, w->step != NULL ? w->step->line : 0,
	       w->name, w->step != NULL ? w->step->text : "", w->why);
	printf("the conversation so far:\n%.*s\n",
	       (int)(w->report_len - (size_t)(tail - w->report)), tail);
}

bool script_play(const struct script *s, bool v6, unsigned place, bool verbose)
{
	static struct world world;
	struct world *w = &world;
	int64_t loops = 0;
	bool ok = world_open(w, s, v6, place);

	for (int at = 0; ok && at < s->count; at++) {
		w->step = &s->steps[at];
		ok = play_step(w, &at, &loops) && !w->failed;
	}
	if (ok && !all_expected(w))
		ok = false;
	if (!ok)
		print_failure(w);
	else if (verbose)
		printf("%s: %s\n%.*s\n", s->path, w->name, (int)w->report_len, w->report);
	w->step = NULL;
	w->failed = false;
	world_close(w);
	if (ok && w->failed)
		printf("%s: %s: %s\n", s->path, w->name, w->why);
	return ok && !w->failed;
}
