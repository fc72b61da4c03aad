/* SPDX-License-Identifier: MIT */
/*
 * support/tcp_pair.c - see tcp_pair.h.
 */
#include "support/tcp_pair.h"

#define GIVE_UP  seconds(4 * 3600) /* of virtual time: nothing takes so long */
#define EVENTS   2000000u          /* nor so many events */
#define ASLEEP   INSTANT_NEVER
#define SYN_WAIT seconds(1)

static const char *wrong(struct pair *p, unsigned i, const char *what)
{
	const struct bench *b = p->side[i].b;

	snprintf(p->why, sizeof(p->why),
		 "seed %llu, side %u, %s, at %llu ms: %s (sent %u of %u, read %u of %u)",
		 (unsigned long long)p->seed, i, aksu_state_name((enum aksu_state)b->t.state),
		 (unsigned long long)((p->now.ns - b->epoch.ns) / 1000000), what, b->books.queued,
		 p->side[i].total, b->books.read, p->side[1 - i].total);
	return p->why;
}

static uint32_t one_of(struct prng *r, const uint32_t *list, uint32_t n)
{
	return list[prng_below(r, n)];
}

/* ------------------------------------------------------------------ drawing a world */

static void draw_side(struct pair *p, unsigned i)
{
	static const uint32_t buffers[] = {1, 100, 700, 3000, 9000, 20000, 65535, 200000};
	static const uint32_t mss[] = {60, 200, 536, 1000, 1460, 1460, 8960};
	static const uint32_t sizes[] = {0, 1, 100, 5000, 40000, 100000};
	struct pair_side *s = &p->side[i];
	struct bench *b = bench_new();
	uint32_t total = one_of(&p->r, sizes, COUNT_OF(sizes));

	*s = (struct pair_side){.b = b};
	b->conf.rcvbuf = one_of(&p->r, buffers, COUNT_OF(buffers));
	b->conf.user_timeout = nanoseconds(UINT64_MAX); /* bad luck is no reason to give up here */
	b->conf.sndbuf = one_of(&p->r, buffers, COUNT_OF(buffers));
	bench_path_mss(b, (uint16_t)one_of(&p->r, mss, COUNT_OF(mss)));
	b->conf.nodelay = prng_below(&p->r, 4) == 0;
	b->conf.cork = prng_below(&p->r, 8) == 0;
	b->conf.quickack = prng_below(&p->r, 4) == 0;
	b->conf.keepalive = prng_below(&p->r, 4) == 0;
	b->owned = prng_below(&p->r, 2);
	b->bulk = prng_below(&p->r, 2) ? 1 : 1 + prng_below(&p->r, 8);
	b->env.prng = prng_from(prng_next(&p->r));
	s->total = total > 0 ? prng_below(&p->r, total) + 1 : 0;
	s->chunk = 1 + prng_below(&p->r, prng_below(&p->r, 2) ? 20000 : 300);
	s->app_pause = milliseconds(prng_below(&p->r, 3) == 0 ? 500 : 5);
}

static uint32_t near_a_wrap(struct prng *r)
{
	static const uint32_t edges[] = {0, 0x80000000u, 12345};

	return one_of(r, edges, COUNT_OF(edges)) - prng_below(r, 3000);
}

void pair_init(struct pair *p, uint64_t seed)
{
	*p = (struct pair){.seed = seed, .r = prng_from(seed)};
	p->wire = calloc(PAIR_WIRE, sizeof(*p->wire));
	draw_side(p, 0);
	draw_side(p, 1);
	for (unsigned i = 0; i < 2; i++) { /* a buffer of an octet makes a round trip of each */
		if (p->side[1 - i].b->conf.rcvbuf < 3000 || p->side[i].b->conf.sndbuf < 3000)
			p->side[i].total %= 100;
		p->side[i].chunk += p->side[i].total / 100;
	}
	p->side[0].b->iss = p->side[1].b->irs = near_a_wrap(&p->r);
	p->side[1].b->iss = p->side[0].b->irs = near_a_wrap(&p->r);
	p->side[1].listens = prng_below(&p->r, 5) != 0; /* else both open */
	p->loss = prng_below(&p->r, 2) ? prng_below(&p->r, 100000) : 0;
	p->duplicate = prng_below(&p->r, 2) ? prng_below(&p->r, 100000) : 0;
	p->reorder = prng_below(&p->r, 2) ? prng_below(&p->r, 100000) : 0;
	p->delay = microseconds(1 + prng_below(&p->r, 50000));
	p->jitter = microseconds(1 + prng_below(&p->r, 100000));
	p->strip = prng_below(&p->r, 3) == 0 ? (uint8_t)prng_below(&p->r, 16) : 0;
	p->merge = prng_below(&p->r, 2);
	p->show = getenv("TCP_SHOW") != NULL;
	p->now = p->side[0].b->now;
}

/* ------------------------------------------------------------------ the wire */

static const char *put_one(struct pair *p, unsigned to, const struct tcp_seg *seg)
{
	struct pair_flight f = {.seg = *seg, .at = after(p->now, p->delay), .to = to};

	if (p->in_flight == PAIR_WIRE)
		return wrong(p, 1 - to, "a storm: the wire is full");
	if (prng_chance(&p->r, p->reorder))
		f.at = after(f.at, microseconds(prng_below(&p->r, (uint32_t)to_us(p->jitter))));
	f.order = p->order++;
	f.seg.text = NULL;
	f.seg.block = NULL;
	p->wire[p->in_flight++] = f;
	return NULL;
}

static void show(const struct pair *p, unsigned from, struct tcp_seg seg)
{
	const struct bench *b = p->side[from].b;
	char line[TRACE_SEGMENT_MAX];

	seg.seq = seq_sub(seg.seq, b->iss);
	seg.ack = seq_sub(seg.ack, b->irs);
	(void)trace_segment_print(&seg, line, sizeof(line));
	printf("%10.3f %u %-11s > %s\n", (double)(p->now.ns - b->epoch.ns) / 1e9, from,
	       aksu_state_short((enum aksu_state)b->t.state), line);
}

static const char *put(struct pair *p, unsigned from, struct tcp_seg seg)
{
	struct pair_side *s = &p->side[from];
	uint64_t n = s->sent++;
	const char *why = NULL;

	if (p->show)
		show(p, from, seg);

	if (seg_has(&seg, AKSU_SYN))
		seg.opts.present &= (uint8_t)~p->strip;
	seg_measure(&seg);
	if (n < 64 && s->lose >> n & 1)
		return NULL;
	if (!prng_chance(&p->r, p->loss))
		why = put_one(p, 1 - from, &seg);
	if (why == NULL && prng_chance(&p->r, p->duplicate))
		why = put_one(p, 1 - from, &seg);
	return why;
}

/* A link that cuts: FIN and PSH go with the last piece. */
static const char *cut(struct pair *p, unsigned from, const struct bench_seg *q)
{
	struct tcp_seg whole = q->out.seg;
	uint32_t mss = q->out.mss, done = 0;
	const char *why = NULL;

	if (whole.text_len <= mss)
		return put(p, from, whole);
	while (why == NULL && done < whole.text_len) {
		struct tcp_seg one = whole;

		one.seq = seq_add(whole.seq, done);
		one.text_len = whole.text_len - done < mss ? whole.text_len - done : mss;
		one.segments = 1;
		done += one.text_len;
		if (done < whole.text_len)
			one.flags &= (uint8_t) ~(AKSU_FIN | AKSU_PSH);
		why = put(p, from, one);
	}
	return why;
}

/* The driver asks until there is no more. */
static const char *drive(struct pair *p, unsigned i)
{
	struct bench *b = p->side[i].b;
	const char *why = b->t.state == TCP_CLOSED && b->head == b->tail ? NULL : bench_pump(b);

	if (why != NULL)
		return wrong(p, i, why);
	while (why == NULL && b->tail != b->head) {
		struct bench_seg *q = &b->queue[b->tail++ % BENCH_QUEUE];

		why = cut(p, i, q);
		free(q->text);
	}
	return why;
}

/* ------------------------------------------------------------------ the listener */

static const char *answer(struct pair *p, unsigned i)
{
	struct pair_side *s = &p->side[i];
	struct tcp_seg syn_ack;

	s->record.sends++;
	s->answer_at = after(p->now, SYN_WAIT);
	syn_record_answer(&s->record, &s->b->passive, p->now, &syn_ack);
	return put(p, i, syn_ack);
}

static const char *reset(struct pair *p, unsigned i, const struct tcp_seg *seg)
{
	struct tcp_seg rst;

	tcp_make_reset(seg, &rst);
	return put(p, i, rst);
}

static const char *to_record(struct pair *p, unsigned i, const struct tcp_seg *seg)
{
	struct pair_side *s = &p->side[i];
	enum aksu_drop reason;
	struct tcp_seg out;
	const char *why;

	switch (syn_record_input(&s->record, &s->b->passive, seg, p->now, &reason)) {
	case SYN_DROP: return NULL;
	case SYN_RESEND: return answer(p, i);
	case SYN_ACK:
		syn_record_ack(&s->record, &s->b->passive, p->now, &out);
		return put(p, i, out);
	case SYN_RESET: return reset(p, i, seg);
	case SYN_ABORT: s->has_record = false; return reset(p, i, seg);
	case SYN_DIE: s->has_record = false; return NULL;
	case SYN_COMPLETE: break;
	}
	why = bench_accept_record(s->b, &s->syn, &s->record);
	if (why != NULL)
		return p->starving ? NULL : wrong(p, i, why);
	s->listens = s->has_record = false;
	s->app_at = p->now;
	why = bench_input(s->b, seg);
	return why != NULL ? wrong(p, i, why) : drive(p, i);
}

static const char *to_listener(struct pair *p, unsigned i, const struct tcp_seg *seg)
{
	struct pair_side *s = &p->side[i];
	enum aksu_drop reason;

	if (s->has_record)
		return to_record(p, i, seg);
	switch (tcp_listen(seg, &reason)) {
	case LISTEN_IGNORE: return NULL;
	case LISTEN_RESET: return reset(p, i, seg);
	case LISTEN_SYN: break;
	}
	s->syn = *seg;
	s->record = syn_record_from(seg, seq_at(s->b->iss), MSS_DEFAULT_V4, &s->b->conf);
	s->has_record = true;
	return answer(p, i);
}

/* ------------------------------------------------------------------ arrivals */

static int earliest(const struct pair *p)
{
	int best = -1;

	for (uint32_t k = 0; k < p->in_flight; k++)
		if (best < 0 || before(p->wire[k].at, p->wire[best].at) ||
		    (p->wire[k].at.ns == p->wire[best].at.ns &&
		     p->wire[k].order < p->wire[best].order))
			best = (int)k;
	return best;
}

static struct pair_flight take_flight(struct pair *p, int k)
{
	struct pair_flight f = p->wire[k];

	p->wire[k] = p->wire[--p->in_flight];
	return f;
}

/* A link that merges: the next of the same kind that lies behind it. */
static void merge_more(struct pair *p, struct pair_flight *f)
{
	while (p->merge && f->seg.text_len > 0 && f->seg.segments < 10) {
		int k = earliest(p);
		struct tcp_seg *next;

		if (k < 0 || p->wire[k].to != f->to || p->wire[k].at.ns != f->at.ns)
			return;
		next = &p->wire[k].seg;
		if (f->seg.flags != AKSU_ACK || !seq_eq(next->seq, seg_end(&f->seg)) ||
		    next->text_len == 0 || !seq_eq(next->ack, f->seg.ack) ||
		    (next->flags & ~AKSU_PSH) != AKSU_ACK || next->rawwnd != f->seg.rawwnd)
			return;
		f->seg.text_len += next->text_len;
		f->seg.flags |= next->flags;
		f->seg.segments++;
		seg_measure(&f->seg);
		(void)take_flight(p, k);
	}
}

static const char *arrive(struct pair *p)
{
	struct pair_flight f = take_flight(p, earliest(p));
	struct bench *b = p->side[f.to].b;
	const char *why;
	int k;

	if (p->side[f.to].listens)
		return to_listener(p, f.to, &f.seg);
	merge_more(p, &f);
	why = bench_input(b, &f.seg);
	if (why != NULL)
		return wrong(p, f.to, why);
	/* What arrives at the same moment is one batch: the driver is asked after it. */
	k = earliest(p);
	if (k >= 0 && p->wire[k].to == f.to && p->wire[k].at.ns == p->now.ns)
		return NULL;
	return drive(p, f.to);
}

/* ------------------------------------------------------------------ the application */

static bool has_failed(const struct pair *p, unsigned i)
{
	return p->side[i].b->t.error != AKSU_OK;
}

static const char *application(struct pair *p, unsigned i)
{
	struct pair_side *s = &p->side[i];
	struct bench *b = s->b;
	uint32_t left = s->total - b->books.queued, n = 1 + prng_below(&p->r, s->chunk);
	const char *why;

	s->app_at = after(p->now,
			  microseconds(1 + prng_below(&p->r, (uint32_t)to_us(s->app_pause) + 1)));
	if (s->listens)
		return NULL;
	/* A reader of an octet at a time would be at it for days. */
	why = bench_read(b, n + prng_below(&p->r, 1 + p->side[1 - i].total / 100), INT64_MIN);
	if (why != NULL)
		return wrong(p, i, why);
	if (left > 0 && !has_failed(p, i))
		(void)bench_send(b, n < left ? n : left, prng_below(&p->r, 8) == 0, false);
	if (!s->wants_close && b->books.queued == s->total &&
	    b->t.state >= TCP_ESTABLISHED) { /* half-close, once all is queued */
		s->wants_close = true;
		(void)bench_shutdown(b);
	}
	if (!s->closed && (has_failed(p, i) || (s->wants_close && has(&b->t, TF_FIN_RECEIVED) &&
						tcb_x(&b->t)->rcvq.length == 0))) {
		s->closed = true;
		s->app_at = ASLEEP;
		(void)bench_close(b);
	}
	why = bench_check(b);
	return why != NULL ? wrong(p, i, why) : drive(p, i);
}

/* ------------------------------------------------------------------ time */

static instant next_of(const struct pair *p, unsigned i)
{
	const struct pair_side *s = &p->side[i];
	instant at = s->app_at;

	if (!s->listens)
		at = earlier(at, tcp_deadline(&s->b->t));
	if (s->has_record)
		at = earlier(at, s->answer_at);
	return at;
}

static const char *step_side(struct pair *p, unsigned i)
{
	struct pair_side *s = &p->side[i];
	const char *why;

	if (s->has_record && due(s->answer_at, p->now))
		return answer(p, i);
	if (!s->listens && due(tcp_deadline(&s->b->t), p->now)) {
		bench_mark(s->b);
		tcp_advance(&s->b->t, p->now);
		if (due(tcp_deadline(&s->b->t), p->now))
			return wrong(p, i, "a timer does not move on");
		why = bench_check(s->b);
		return why != NULL ? wrong(p, i, why) : drive(p, i);
	}
	return due(s->app_at, p->now) ? application(p, i) : NULL;
}

static bool is_over(const struct pair *p)
{
	for (unsigned i = 0; i < 2; i++)
		if (!p->side[i].closed || p->side[i].b->t.state != TCP_CLOSED)
			return false;
	return true;
}

static const char *begin(struct pair *p)
{
	for (unsigned i = 0; i < 2; i++) {
		struct pair_side *s = &p->side[i];
		const char *why;

		s->app_at = p->now;
		if (s->listens)
			continue;
		why = bench_open(s->b);
		for (int k = 0; why != NULL && k < 1000 && s->b->t.state == TCP_CLOSED; k++)
			why = bench_open(s->b); /* no memory: the application tries again */
		if (why == NULL)
			why = drive(p, i);
		if (why != NULL)
			return wrong(p, i, why);
	}
	return NULL;
}

static const char *step(struct pair *p, instant end)
{
	int k = earliest(p);
	instant at = earlier(next_of(p, 0), next_of(p, 1));

	if (k >= 0)
		at = earlier(at, p->wire[k].at);
	if (before(end, at))
		return wrong(p, 0, is_never(at) ? "nothing will ever happen again" : "no progress");
	if (p->events++ > EVENTS)
		return wrong(p, 0, "too many events");
	p->now = later(p->now, at);
	for (unsigned i = 0; i < 2; i++)
		p->side[i].b->now = p->side[i].b->env.events.now = p->now;
	if (k >= 0 && due(p->wire[k].at, p->now))
		return arrive(p);
	if (due(next_of(p, 0), p->now))
		return step_side(p, 0);
	return step_side(p, 1);
}

const char *pair_run(struct pair *p)
{
	instant end = after(p->now, GIVE_UP);
	const char *why = begin(p);

	while (why == NULL && !is_over(p))
		why = step(p, end);
	for (unsigned i = 0; why == NULL && i < 2 && !p->abort_ok; i++) {
		struct bench *b = p->side[i].b;

		if (b->t.error != AKSU_OK)
			return wrong(p, i, aksu_strerror(b->t.error));
		if (b->books.read != p->side[1 - i].total)
			return wrong(p, i, "not every octet arrived");
	}
	return why;
}

const char *pair_done(struct pair *p)
{
	const char *why[2];

	free(p->wire);
	for (unsigned i = 0; i < 2; i++) {
		why[i] = bench_done(p->side[i].b);
		if (why[i] != NULL)
			snprintf(p->why, sizeof(p->why), "seed %llu, side %u: %s",
				 (unsigned long long)p->seed, i, why[i]);
	}
	return why[0] != NULL || why[1] != NULL ? p->why : NULL;
}
