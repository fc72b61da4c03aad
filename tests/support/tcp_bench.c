/* SPDX-License-Identifier: MIT */
/*
 * support/tcp_bench.c - see tcp_bench.h. This file knows nothing of cmocka: it answers with a
 * sentence, or with NULL when all is well.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tcp/listen.h"
#include "tcp/tcp.h"

/* the header's assertions are not used here */
#include "support/tcp_bench.h"

uint32_t bench_iss = 1000, bench_irs = 5000;

__attribute__((format(printf, 2, 3))) static const char *wrong(struct bench *b, const char *format,
							       ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(b->why, sizeof(b->why), format, args);
	va_end(args);
	return b->why;
}

/* ------------------------------------------------------------------ memory, panic */

static void *give(void *ctx, size_t size, size_t align)
{
	struct bench *b = ctx;
	void *p = NULL;

	b->allocations++;
	if (b->allocations >= b->fail_at && b->allocations - b->fail_at < b->fail_for)
		return NULL;
	if (b->fail_chance > 0 && prng_chance(&b->fail_prng, b->fail_chance))
		return NULL;
	if (align < sizeof(void *))
		align = sizeof(void *);
	if (posix_memalign(&p, align, size) != 0)
		return NULL;
	memset(p, 0xa5, size); /* memory is not cleared, and nobody may count on it */
	b->live++;
	return p;
}

static void take_back(void *ctx, void *mem, size_t size)
{
	struct bench *b = ctx;

	(void)size;
	b->live--;
	free(mem);
}

static void on_panic(void *ctx, const char *file, int line, const char *what)
{
	struct bench *b = ctx;

	snprintf(b->panic, sizeof(b->panic), "%s:%d: %s", file, line, what);
}

/* ------------------------------------------------------------------ life */

struct bench *bench_new(void)
{
	struct bench *b = calloc(1, sizeof(*b));

	b->env = (struct tcp_env){
		.mem = {.from = {give, take_back, b}, .budget = (size_t)1 << 30},
		.prng = prng_from(7),
		.msl = seconds(30),
		.rto_min = milliseconds(200),
		.panic = on_panic,
		.panic_ctx = b,
	};
	pool_init(&b->env.exts, &b->env.mem, tcb_ext_size());
	b->conf = (struct tcp_conf){
		.refs = 1,
		.sndbuf = BENCH_SNDBUF,
		.rcvbuf = BENCH_RCVBUF,
		.user_timeout = USER_TIMEOUT_DEFAULT,
		.syn_timeout = SYN_TIMEOUT_DEFAULT,
		.keep_idle = KEEPALIVE_IDLE_DEFAULT,
		.keep_interval = KEEPALIVE_INTERVAL_DEFAULT,
		.keep_count = KEEPALIVE_COUNT_DEFAULT,
		.linger_ns = -1,
	};
	b->now = b->epoch = b->env.events.now = (instant){seconds(1000).ns};
	b->iss = bench_iss;
	b->irs = bench_irs;
	b->bulk = 1;
	b->peer_win = 30000;
	b->peer_ts = 7000;
	b->books.peer_mss = MSS_DEFAULT_V4;
	b->path_mss = b->books.least_mss = BENCH_PATH_MSS;
	b->passive = (struct tcp_passive){
		.conf = &b->conf,
		.path_mss = BENCH_PATH_MSS,
		.default_mss = MSS_DEFAULT_V4,
	};
	tcb_init(&b->t, &b->env, &b->conf, 1, TCP_CLOSED);
	return b;
}

void bench_forget(struct bench *b)
{
	while (b->tail != b->head)
		free(b->queue[b->tail++ % BENCH_QUEUE].text);
}

void bench_free(struct bench *b)
{
	bench_forget(b);
	free(b->last.text);
	free(b);
}

const char *bench_done(struct bench *b)
{
	static char why[512];
	const char *error = NULL;

	if (b->t.conf != NULL)
		tcb_fini(&b->t);
	if (b->env.exts.live != 0)
		error = wrong(b, "%u extensions are still held", b->env.exts.live);
	pool_fini(&b->env.exts);
	if (error == NULL && (b->env.mem.used != 0 || b->live != 0))
		error = wrong(b, "%zu octets in %llu allocations are still held", b->env.mem.used,
			      (unsigned long long)b->live);
	if (error == NULL && b->env.poisoned)
		error = wrong(b, "poisoned: %s", b->panic);
	if (error != NULL)
		snprintf(why, sizeof(why), "%s", error);
	bench_free(b);
	return error != NULL ? why : NULL;
}

const char *bench_check(struct bench *b)
{
	if (!b->env.poisoned && b->t.conf != NULL)
		(void)tcb_check(&b->t, b->now);
	if (b->env.poisoned)
		return wrong(b, "poisoned: %s", b->panic);
	return NULL;
}

void bench_mark(struct bench *b)
{
	memcpy(b->drops, b->env.counters.drops, sizeof(b->drops));
	b->reply.set = false;
}

/* ------------------------------------------------------------------ what leaves */

static uint32_t rel_seq(const struct bench *b, tcp_seq s) { return seq_raw(s) - b->iss; }
static uint32_t rel_ack(const struct bench *b, tcp_seq s) { return seq_raw(s) - b->irs; }

static const char *show(const struct bench *b, const struct tcp_seg *seg, char *out, size_t cap)
{
	struct tcp_seg s = *seg;

	s.seq = seq_at(rel_seq(b, s.seq));
	s.ack = seq_at(rel_ack(b, s.ack));
	for (unsigned i = 0; i < s.opts.sack_count; i++) {
		s.opts.sack[i].start = seq_at(rel_ack(b, s.opts.sack[i].start));
		s.opts.sack[i].end = seq_at(rel_ack(b, s.opts.sack[i].end));
	}
	(void)trace_segment_print(&s, out, cap);
	return out;
}

/* What we promise: the edge never moves left by a whole grain (SHLD-14, RFC 7323 2.4). */
static const char *inspect_window(struct bench *b, const struct tcp_seg *seg)
{
	struct bench_books *k = &b->books;
	uint32_t shift = seg_has(seg, AKSU_SYN) ? 0 : b->t.rcv_shift;
	uint32_t wnd = (uint32_t)seg->rawwnd << shift;
	uint32_t ack = seg_has(seg, AKSU_ACK) ? rel_ack(b, seg->ack) : 1;
	uint32_t edge = ack + wnd;

	if (seg_has(seg, AKSU_ACK) && k->edge_known) {
		if ((ack - k->last_ack) >> 31)
			return wrong(b, "the acknowledgement went back from %u to %u", k->last_ack,
				     ack);
		if ((edge - k->edge) >> 31 && k->edge - edge >= 1u << shift)
			return wrong(b, "the window's edge moved left from %u to %u", k->edge,
				     edge);
	}
	if (k->edge_known && !((edge - k->edge - 1) >> 31) && !seg_has(seg, AKSU_SYN) &&
	    b->t.rcv_shift == 0 && wnd > b->conf.rcvbuf)
		return wrong(b, "a window of %u is more than the buffer", wnd);
	if (!k->edge_known || !((edge - k->edge) >> 31))
		k->edge = edge;
	k->last_ack = ack;
	k->edge_known = true;
	return NULL;
}

static const char *inspect_text(struct bench *b, const struct tcp_out *o, const uint8_t *text)
{
	struct bench_books *k = &b->books;
	const struct tcp_seg *seg = &o->seg;
	uint32_t seq = rel_seq(b, seg->seq), n = seg->text_len, end = seq + n;
	uint32_t mss = k->peer_mss < k->least_mss ? k->peer_mss : k->least_mss;
	uint32_t beyond = o->why == AKSU_WHY_PROBE ? 1 : 0;
	bool fin = seg_has(seg, AKSU_FIN);

	if (mss < MSS_MIN)
		mss = MSS_MIN;
	if (n > 0 && o->mss + tcp_opts_len(&seg->opts, seg->flags) > mss)
		return wrong(b, "%u octets and options are more than an MSS of %u", o->mss, mss);
	if (n > b->bulk * o->mss)
		return wrong(b, "%u octets in a bulk of %u", n, b->bulk);
	if (n > 0 && seg->segments != (n + o->mss - 1) / o->mss)
		return wrong(b, "%u octets count for %u segments", n, seg->segments);
	if (!b->hostile && (n > 0 || fin) && (k->peer_edge + beyond - (end + fin)) >> 31)
		return wrong(b, "sent up to %u, the peer promised to take up to %u", end + fin,
			     k->peer_edge);
	if (end > 1 + k->queued + (fin || k->fin != 0 ? 1 : 0) && n > 0)
		return wrong(b, "sent up to %u, queued up to %u", end, 1 + k->queued);
	if (seg->segments > 1 && (seg_has(seg, AKSU_URG) || seg->mss != o->mss))
		return wrong(b, "an urgent pointer, or no size, in a segment that is to be cut");
	for (uint32_t i = 0; i < n; i++)
		if (text[i] != bench_octet(seq + i))
			return wrong(b, "octet %u is sent as %02x, it was queued as %02x", seq + i,
				     text[i], bench_octet(seq + i));
	if (n > 0 && (end == 1 + k->queued || seg->segments > 1) != seg_has(seg, AKSU_PSH))
		return wrong(b, "PSH is %s on %u:%u, the queue ends at %u",
			     seg_has(seg, AKSU_PSH) ? "set" : "not set", seq, end, 1 + k->queued);
	if (fin && k->fin != 0 && k->fin != end)
		return wrong(b, "a second FIN at %u, the first was at %u", end, k->fin);
	if (fin && end != 1 + k->queued)
		return wrong(b, "FIN at %u before the end of the queue %u", end, 1 + k->queued);
	if (fin)
		k->fin = end;
	return NULL;
}

/* What must hold of every segment of a connection, whatever the reason for it. */
static const char *inspect(struct bench *b, const struct tcp_out *o, const uint8_t *text)
{
	struct bench_books *k = &b->books;
	const struct tcp_seg *seg = &o->seg;
	const uint8_t syn_only = AKSU_OPT_MSS | AKSU_OPT_WSCALE | AKSU_OPT_SACK_OK;
	bool syn = seg_has(seg, AKSU_SYN), keepalive = o->why == AKSU_WHY_KEEPALIVE;
	uint32_t end =
		rel_seq(b, seg->seq) + seg->text_len + (seg_has(seg, AKSU_FIN) ? 1 : 0) + syn;
	const char *why = NULL;
	uint8_t frame[60];

	if (o->why == AKSU_WHY_NOTHING || o->why >= AKSU_WHY_COUNT)
		return wrong(b, "sent for no reason");
	if (seg_has(seg, AKSU_RST))
		return NULL;
	if (!seg_has(seg, AKSU_ACK) && !syn)
		return wrong(b, "no ACK bit (U-11)");
	if (!syn && seg->opts.present & syn_only)
		return wrong(b, "an option of a SYN on a segment without SYN (MUST-65)");
	if (k->ts && !(seg->opts.present & AKSU_OPT_TS))
		return wrong(b, "timestamps are agreed on and missing (D10)");
	if (tcp_emit(seg, frame) > 60)
		return wrong(b, "the header is too long");
	if (seg->len != seg->text_len + syn + (seg_has(seg, AKSU_FIN) ? 1u : 0u))
		return wrong(b, "SEG.LEN is %u", seg->len);
	why = inspect_window(b, seg);
	if (why == NULL && !keepalive && !syn)
		why = inspect_text(b, o, text);
	if (!keepalive && !((end - k->top) >> 31))
		k->top = end;
	if (seg->opts.present & AKSU_OPT_TS)
		b->seen_ts = ts_raw(seg->opts.tsval);
	return why;
}

static uint8_t *copy_text(const struct tcp_out *o)
{
	uint8_t *text = malloc(o->seg.text_len + 1);
	uint32_t done = 0;

	if (o->pieces == 0 && o->seg.text != NULL)
		memcpy(text, o->seg.text, o->seg.text_len);
	for (unsigned i = 0; i < o->pieces; i++) {
		struct slice s = o->piece[i];
		uint32_t n = s.len < o->seg.text_len - done ? s.len : o->seg.text_len - done;

		memcpy(text + done, s.block->data + s.at, n);
		done += n;
	}
	return text;
}

static const char *enqueue(struct bench *b, const struct tcp_out *o)
{
	char line[TRACE_SEGMENT_MAX], problem[256];
	uint8_t *text = copy_text(o);
	const char *why = inspect(b, o, text);
	uint32_t held = 0;

	for (unsigned i = 0; i < o->pieces; i++)
		held += o->piece[i].len;
	if (why == NULL && o->pieces > 0 && held != o->seg.text_len)
		why = wrong(b, "the pieces hold %u octets", held);
	if (b->head - b->tail == BENCH_QUEUE)
		why = wrong(b, "a storm: %u segments wait", BENCH_QUEUE);
	if (why != NULL) {
		free(text);
		snprintf(problem, sizeof(problem), "%s", why);
		return wrong(b, "%s; sent: %s (%s)", problem, show(b, &o->seg, line, sizeof(line)),
			     aksu_why_name((enum aksu_why)o->why));
	}
	b->queue[b->head++ % BENCH_QUEUE] = (struct bench_seg){*o, text, b->now};
	return NULL;
}

void bench_reply(struct bench *b)
{
	struct tcp_out o = {.seg = b->reply.seg, .why = b->reply.why};

	if (b->reply.set)
		(void)enqueue(b, &o);
}

const char *bench_pull(struct bench *b, bool *any)
{
	struct tcp_out o = {0};
	enum aksu_why why = tcp_why_send(&b->t, b->now);
	const char *error;

	memset(&o, 0xa5, sizeof(o)); /* what tcp_output() does not set must not matter */
	*any = tcp_output(&b->t, b->bulk, b->now, &o);
	if (*any && why != o.why)
		return wrong(b, "tcp_why_send() said %s, tcp_output() %s", aksu_why_name(why),
			     aksu_why_name((enum aksu_why)o.why));
	if (*any) {
		error = enqueue(b, &o);
		if (error != NULL)
			return error;
	}
	return bench_check(b);
}

const char *bench_pump(struct bench *b)
{
	bool any = true;

	for (int i = 0; any; i++) {
		const char *error = bench_pull(b, &any);

		if (error != NULL)
			return error;
		if (i > 2000)
			return wrong(b, "output does not end");
	}
	return NULL;
}

/* ------------------------------------------------------------------ lines */

/* "-3" becomes its value modulo 2^32, for the reader that knows no signs. */
static void without_signs(const char *line, char *out, size_t cap)
{
	size_t n = 0;

	for (; *line != '\0' && n + 12 < cap; line++) {
		if (*line == '-' && line[1] >= '0' && line[1] <= '9') {
			char *end;
			unsigned long v = strtoul(line + 1, &end, 10);

			n += (size_t)snprintf(out + n, cap - n, "%u", 0u - (unsigned)v);
			line = end - 1;
		} else {
			out[n++] = *line;
		}
	}
	out[n] = '\0';
}

const char *bench_parse(struct bench *b, const char *line, struct trace_line *out)
{
	char text[400];

	without_signs(line, text, sizeof(text));
	if (!trace_segment_parse(text, strlen(text), out))
		return wrong(b, "\"%s\", column %zu: %s", line, out->at, out->error);
	return NULL;
}

/* ------------------------------------------------------------------ what arrives */

static void note_peer(struct bench *b, const struct tcp_seg *seg)
{
	struct bench_books *k = &b->books;
	uint32_t shift = seg_has(seg, AKSU_SYN) ? 0 : k->peer_shift;
	uint32_t edge = seq_raw(seg->ack) - b->iss + ((uint32_t)seg->rawwnd << shift);

	if (seg_has(seg, AKSU_RST))
		return;
	if (seg_has(seg, AKSU_SYN) && b->t.state <= TCP_SYN_SENT &&
	    (!seg_has(seg, AKSU_ACK) || seq_raw(seg->ack) == b->iss + 1)) {
		if (seg->opts.present & AKSU_OPT_MSS)
			k->peer_mss = seg->opts.mss;
		if (seg->opts.present & AKSU_OPT_WSCALE)
			k->peer_shift = seg->opts.wscale > 14 ? 14 : seg->opts.wscale;
		k->ts = seg->opts.present & AKSU_OPT_TS;
	}
	if (!seg_has(seg, AKSU_ACK))
		edge = 1 + (uint32_t)seg->rawwnd;
	else if ((k->top - (seq_raw(seg->ack) - b->iss)) >> 31)
		return; /* acknowledges what was never sent: promises nothing */
	if (!((edge - k->peer_edge) >> 31))
		k->peer_edge = edge;
}

const char *bench_input(struct bench *b, const struct tcp_seg *in)
{
	struct tcp_seg seg = *in;
	struct aksu_block *block = NULL;
	uint8_t *text = malloc(seg.text_len > 0 ? seg.text_len : 1);

	for (uint32_t i = 0; i < seg.text_len; i++)
		text[i] = bench_octet(seq_raw(seg.seq) - b->irs + i + seg_has(&seg, AKSU_SYN)) ^
			  b->twist;
	seg.text = text;
	if (b->owned && seg.text_len > 0)
		block = block_new(&b->env.mem, seg.text_len + 40);
	if (block != NULL) {
		memcpy(block->data + 40, text, seg.text_len);
		block->filled = block->cap;
		seg.block = block;
		seg.text = block->data + 40;
	}
	bench_mark(b);
	note_peer(b, &seg);
	tcp_input(&b->t, &seg, b->now, &b->reply);
	block_unref(block);
	free(text);
	bench_reply(b);
	return bench_check(b);
}

const char *bench_rx(struct bench *b, const char *line)
{
	struct trace_line parsed;
	const char *why = bench_parse(b, line, &parsed);
	struct tcp_seg *seg = &parsed.seg;
	char problem[400];

	if (why != NULL)
		return why;
	seg->seq = seq_add(seg->seq, b->irs);
	if (seg_has(seg, AKSU_ACK))
		seg->ack = seq_add(seg->ack, b->iss);
	for (unsigned i = 0; i < seg->opts.sack_count; i++) {
		seg->opts.sack[i].start = seq_add(seg->opts.sack[i].start, b->iss);
		seg->opts.sack[i].end = seq_add(seg->opts.sack[i].end, b->iss);
	}
	if (!(parsed.has & TRACE_HAS_WIN))
		seg->rawwnd = b->peer_win;
	else
		b->peer_win = seg->rawwnd;
	if (!(parsed.has & TRACE_HAS_OPTIONS) && b->books.ts) {
		seg->opts.present |= AKSU_OPT_TS;
		seg->opts.tsval = ts_at(b->peer_ts);
		seg->opts.tsecr = ts_at(b->seen_ts);
	}
	if (parsed.has & TRACE_ANY_TSECR)
		seg->opts.tsecr = ts_at(b->seen_ts);
	why = bench_input(b, seg);
	if (why == NULL)
		return NULL;
	snprintf(problem, sizeof(problem), "%s", why);
	return wrong(b, "after %s: %s", line, problem);
}

/* ------------------------------------------------------------------ what was expected */

static bool same_options(const struct bench *b, const struct trace_line *want,
			 const struct tcp_opts *got)
{
	const struct tcp_opts *o = &want->seg.opts;

	if (want->has & TRACE_ANY_OPTIONS || !(want->has & TRACE_HAS_OPTIONS))
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
	if (o->present & AKSU_OPT_SACK && o->sack_count != got->sack_count)
		return false;
	for (unsigned i = 0; o->present & AKSU_OPT_SACK && i < o->sack_count; i++)
		if (seq_raw(o->sack[i].start) != rel_ack(b, got->sack[i].start) ||
		    seq_raw(o->sack[i].end) != rel_ack(b, got->sack[i].end))
			return false;
	return true;
}

static bool same(const struct bench *b, const struct trace_line *want, const struct tcp_seg *got)
{
	const struct tcp_seg *w = &want->seg;

	if (w->flags != got->flags || w->ae != got->ae)
		return false;
	if (want->has & TRACE_HAS_ECN && w->ecn != got->ecn)
		return false;
	if (!(want->has & TRACE_ANY_LENGTH) &&
	    (seq_raw(w->seq) != rel_seq(b, got->seq) || w->text_len != got->text_len))
		return false;
	if (want->has & TRACE_HAS_ACK && seq_raw(w->ack) != rel_ack(b, got->ack))
		return false;
	if (want->has & TRACE_HAS_WIN && w->rawwnd != got->rawwnd)
		return false;
	if (want->has & TRACE_HAS_URG && w->up != got->up)
		return false;
	return same_options(b, want, &got->opts);
}

const char *bench_tx(struct bench *b, const char *line)
{
	char sent[TRACE_SEGMENT_MAX];
	struct trace_line want;
	const char *why = bench_parse(b, line, &want);
	bool any = true;

	if (why == NULL && b->tail == b->head)
		why = bench_pull(b, &any);
	if (why != NULL)
		return why;
	if (!any)
		return wrong(b, "expected %s, and nothing was sent", line);
	free(b->last.text);
	b->last = b->queue[b->tail++ % BENCH_QUEUE];
	if (!same(b, &want, &b->last.out.seg))
		return wrong(b, "expected %s, sent was %s (%s)", line,
			     show(b, &b->last.out.seg, sent, sizeof(sent)),
			     aksu_why_name((enum aksu_why)b->last.out.why));
	return NULL;
}

const char *bench_quiet(struct bench *b)
{
	char sent[TRACE_SEGMENT_MAX];
	bool any = true;
	const char *why = b->tail == b->head ? bench_pull(b, &any) : NULL;

	if (why != NULL || !any)
		return why;
	b->last.out = b->queue[b->tail % BENCH_QUEUE].out;
	return wrong(b, "nothing should be sent, but %s was (%s)",
		     show(b, &b->last.out.seg, sent, sizeof(sent)),
		     aksu_why_name((enum aksu_why)b->last.out.why));
}

const char *bench_is(struct bench *b, enum tcp_state state)
{
	if (b->t.state == state)
		return NULL;
	return wrong(b, "the state is %s, not %s", aksu_state_name((enum aksu_state)b->t.state),
		     aksu_state_name((enum aksu_state)state));
}

const char *bench_expect_drop(struct bench *b, enum aksu_drop reason)
{
	size_t n = 0;

	if (reason != AKSU_DROP_NONE) {
		if (b->env.counters.drops[reason] > b->drops[reason])
			return NULL;
	}
	for (int i = 0; i < AKSU_DROP_COUNT; i++)
		if (b->env.counters.drops[i] > b->drops[i] && n < sizeof(b->why) - 60)
			n += (size_t)snprintf(b->why + n, sizeof(b->why) - n, "dropped as %s; ",
					      aksu_drop_name((enum aksu_drop)i));
	if (reason == AKSU_DROP_NONE && n == 0)
		return NULL;
	snprintf(b->why + n, sizeof(b->why) - n, "expected %s", aksu_drop_name(reason));
	return b->why;
}

/* ------------------------------------------------------------------ time */

const char *bench_advance(struct bench *b, duration d)
{
	instant end = after(b->now, d);
	const char *why = bench_pump(b);

	for (int i = 0; why == NULL && due(tcp_deadline(&b->t), end); i++) {
		b->now = later(b->now, tcp_deadline(&b->t));
		b->env.events.now = b->now;
		bench_mark(b);
		tcp_advance(&b->t, b->now);
		if (due(tcp_deadline(&b->t), b->now))
			return wrong(b, "the %s timer does not move on",
				     aksu_timer_name((enum aksu_timer)tcp_next_timer(&b->t)));
		why = bench_check(b);
		if (why == NULL)
			why = bench_pump(b);
		if (i > 1000000)
			return wrong(b, "timers run for ever");
	}
	b->now = b->env.events.now = end;
	return why;
}

/* ------------------------------------------------------------------ the application */

int64_t bench_send(struct bench *b, uint32_t n, bool more, bool urgent)
{
	uint8_t *text = malloc(n + 1);
	int64_t took;

	for (uint32_t i = 0; i < n; i++)
		text[i] = bench_octet(1 + b->books.queued + i);
	bench_mark(b);
	took = tcp_send(&b->t, text, n, more, urgent, b->now);
	free(text);
	if (took > 0)
		b->books.queued += (uint32_t)took;
	return took;
}

const char *bench_read(struct bench *b, uint32_t n, int64_t want)
{
	uint8_t *text = malloc(n + 1);
	const char *why = NULL;
	int64_t got;

	bench_mark(b);
	got = tcp_receive(&b->t, text, n, b->now);
	if (want != INT64_MIN && got != want)
		why = wrong(b, "read %lld, expected %lld", (long long)got, (long long)want);
	for (int64_t i = 0; why == NULL && i < got && !b->hostile; i++)
		if (text[i] != bench_octet(1 + b->books.read + (uint32_t)i))
			why = wrong(b, "octet %u is read as %02x, it was sent as %02x",
				    1 + b->books.read + (uint32_t)i, text[i],
				    bench_octet(1 + b->books.read + (uint32_t)i));
	free(text);
	if (got > 0)
		b->books.read += (uint32_t)got;
	return why != NULL ? why : bench_check(b);
}

int bench_shutdown(struct bench *b)
{
	bench_mark(b);
	return tcp_shutdown(&b->t, b->now);
}

int bench_close(struct bench *b)
{
	int rc;

	bench_mark(b);
	rc = tcp_close(&b->t, b->now, &b->reply);
	bench_reply(b);
	return rc;
}

void bench_abort(struct bench *b)
{
	bench_mark(b);
	tcp_abort(&b->t, &b->reply);
	bench_reply(b);
}

/* ------------------------------------------------------------------ states to begin in */

const char *bench_open(struct bench *b)
{
	const struct tcp_open open = {
		.iss = seq_at(b->iss),
		.ts_offset = ts_at(0),
		.path_mss = b->path_mss,
		.default_mss = MSS_DEFAULT_V4,
	};
	int rc = tcp_open(&b->t, &open, b->now);

	return rc != 0 ? wrong(b, "OPEN: %s", aksu_strerror(rc)) : bench_check(b);
}

void bench_path_mss(struct bench *b, uint16_t mss)
{
	b->path_mss = b->books.least_mss = b->passive.path_mss = mss;
}

const char *bench_accept_record(struct bench *b, const struct tcp_seg *syn,
				const struct syn_record *r)
{
	struct bench_books *k = &b->books;
	struct tcp_seg answer;

	note_peer(b, syn);
	k->ts = r->ts;
	syn_record_answer(r, &b->passive, b->now, &answer);
	b->seen_ts = ts_raw(answer.opts.tsval);
	k->edge = 1 + answer.rawwnd;
	k->last_ack = 1;
	k->top = 1;
	k->edge_known = true;
	if (!tcp_open_passive(&b->t, &b->env, r, &b->passive, 1, b->now))
		return wrong(b, "no memory for the connection");
	return bench_check(b);
}

const char *bench_accept(struct bench *b, const char *syn, uint8_t sent)
{
	struct trace_line parsed;
	const char *why = bench_parse(b, syn, &parsed);
	struct syn_record r;

	if (why != NULL)
		return why;
	parsed.seg.seq = seq_add(parsed.seg.seq, b->irs);
	r = syn_record_from(&parsed.seg, seq_at(b->iss), MSS_DEFAULT_V4, &b->conf);
	r.sends = sent;
	return bench_accept_record(b, &parsed.seg, &r);
}

/* Keeps the sentence: the bench that it lies in may be gone when it is read. */
static bool failed(const char **why, const char *sentence)
{
	static char text[512];

	if (sentence != NULL)
		snprintf(text, sizeof(text), "%s", sentence);
	*why = sentence != NULL ? text : NULL;
	return sentence != NULL;
}

#define TRY(call)                      \
	do {                           \
		if (failed(why, call)) \
			return b;      \
	} while (0)

struct bench *bench_established(const char *options, uint16_t win, const char **why)
{
	struct bench *b = bench_new();
	char line[200];

	TRY(bench_open(b));
	TRY(bench_tx(b, "S 0:0(0) win 60000 <mss 1460,sackOK,TS val * ecr 0,nop,wscale 8>"));
	snprintf(line, sizeof(line), "S. 0:0(0) ack 1 win %u %s", win, options);
	TRY(bench_rx(b, line));
	TRY(bench_tx(b, ". 1:1(0) ack 1"));
	TRY(bench_is(b, TCP_ESTABLISHED));
	TRY(bench_quiet(b));
	return b;
}

/* The closing states by the shortest way; the FIN of each side is number 1. */
struct bench *bench_in(enum tcp_state state, const char **why)
{
	struct bench *b = bench_new();

	if (state == TCP_CLOSED)
		return b;
	TRY(bench_open(b));
	TRY(bench_tx(b, "S 0:0(0)"));
	if (state == TCP_SYN_SENT)
		return b;
	if (state == TCP_SYN_RECEIVED) { /* by simultaneous open */
		TRY(bench_rx(b, "S 0:0(0) win 30000 <mss 1000>"));
		TRY(bench_tx(b, "S. 0:0(0) ack 1"));
		return b;
	}
	TRY(bench_rx(b, "S. 0:0(0) ack 1 win 30000 <mss 1000>"));
	TRY(bench_tx(b, ". 1:1(0) ack 1"));
	if (state == TCP_CLOSE_WAIT || state == TCP_LAST_ACK) {
		TRY(bench_rx(b, "F. 1:1(0) ack 1"));
		TRY(bench_tx(b, ". 1:1(0) ack 2"));
	}
	if (state == TCP_ESTABLISHED || state == TCP_CLOSE_WAIT)
		return b;
	if (bench_shutdown(b) != 0)
		*why = "shutdown failed";
	TRY(bench_tx(b, state == TCP_LAST_ACK ? "F. 1:1(0) ack 2" : "F. 1:1(0) ack 1"));
	if (state == TCP_FIN_WAIT_2 || state == TCP_TIME_WAIT)
		TRY(bench_rx(b, ". 1:1(0) ack 2"));
	if (state == TCP_CLOSING)
		TRY(bench_rx(b, "F. 1:1(0) ack 1"));
	if (state == TCP_TIME_WAIT)
		TRY(bench_rx(b, "F. 1:1(0) ack 2"));
	if (state == TCP_CLOSING || state == TCP_TIME_WAIT)
		TRY(bench_tx(b, ". 2:2(0) ack 2"));
	TRY(bench_is(b, state));
	TRY(bench_quiet(b));
	return b;
}
