/* SPDX-License-Identifier: MIT */
/*
 * trace/ladder_mark.c - what a segment means, in at most twelve columns.
 *
 * Steps come here in the order of sending, so duplicate ACKs can be counted as RFC 5681 section 2
 * defines them: the same acknowledgement and window as before, no text, no SYN, no FIN, and
 * something of the other side's is outstanding.
 */
#include "trace/ladder.h"
#include "trace/text.h"

enum { WSCALE_MAX = 14 }; /* RFC 7323 section 2.3 */

/* ---- connections */

static bool endpoint_is(const struct aksu_endpoint *end, const struct aksu_addr *addr,
			uint16_t port)
{
	return end->port == port && memcmp(&end->addr, addr, sizeof(*addr)) == 0;
}

uint32_t ladder_flow(struct aksu_ladder *l, unsigned side, const struct aksu_event *e)
{
	struct flow *flow;

	for (uint32_t i = 0; i < LADDER_FLOWS; i++) {
		flow = &l->flows[i];
		if (flow->used && endpoint_is(&flow->end[side], &e->local, e->local_port) &&
		    endpoint_is(&flow->end[1 - side], &e->remote, e->remote_port))
			return i;
	}
	flow = &l->flows[l->flow_next++ % LADDER_FLOWS];
	*flow = (struct flow){.used = true};
	flow->end[side] = (struct aksu_endpoint){e->local, e->local_port};
	flow->end[1 - side] = (struct aksu_endpoint){e->remote, e->remote_port};
	return (uint32_t)(flow - l->flows);
}

/* A SYN with another number begins a new connection between the same two endpoints. */
static void learn_from_syn(struct flow *flow, unsigned side, const struct aksu_event *e)
{
	bool other_number = flow->iss_known[side] && flow->iss[side] != e->seq;

	if (other_number && !(e->flags & AKSU_ACK))
		*flow = (struct flow){.used = true, .end = {flow->end[0], flow->end[1]}};
	flow->iss_known[side] = true;
	flow->iss[side] = e->seq;
	flow->scales[side] = e->options & AKSU_OPT_WSCALE;
	flow->shift[side] = e->wscale;
}

/* RFC 7323 section 2.2: the window is scaled if both SYNs offered it, and never in a SYN. */
static uint32_t scaled_window(const struct flow *flow, unsigned side, const struct aksu_event *e)
{
	bool scaled = flow->scales[0] && flow->scales[1] && !(e->flags & AKSU_SYN);

	return (uint32_t)e->window << (scaled ? min_u32(flow->shift[side], WSCALE_MAX) : 0);
}

/* Initial numbers come with SYNs; hosts that were connected before also tell them. */
static void learn_iss(struct flow *flow, unsigned side, const struct aksu_event *e)
{
	const uint32_t told[2] = {e->iss, e->irs};

	if (e->flags & AKSU_SYN)
		learn_from_syn(flow, side, e);
	if (e->conn == 0)
		return;
	for (unsigned k = 0; k < 2; k++) {
		if (flow->iss_known[side ^ k] || told[k] == 0)
			continue;
		flow->iss_known[side ^ k] = true;
		flow->iss[side ^ k] = told[k];
	}
}

/* ---- numbers */

static enum row_class class_of(const struct aksu_event *e)
{
	if (e->kind == AKSU_EVENT_PACKET_OUT || e->kind == AKSU_EVENT_PACKET_IN)
		return CLASS_PACKET;
	if (e->flags & AKSU_RST)
		return CLASS_RST;
	if (e->flags & AKSU_SYN)
		return CLASS_SYN;
	if (e->flags & AKSU_FIN)
		return CLASS_FIN;
	return e->length > 0 ? CLASS_DATA : CLASS_ACK;
}

static void fill_numbers(struct row *row, const struct flow *flow, const struct step *step,
			 bool absolute)
{
	const struct aksu_event *e = &step->e;
	unsigned side = step->side;
	uint32_t own = absolute || !flow->iss_known[side] ? 0 : flow->iss[side];
	uint32_t other = absolute || !flow->iss_known[1 - side] ? 0 : flow->iss[1 - side];

	row->seq = e->seq - own;
	row->length = e->length;
	if (row->class == CLASS_DATA && e->segments > 1)
		row->count = e->segments; /* of the wire, whoever cut or merged them */
	row->end = row->seq + e->length;
	row->ack = e->ack - other;
	row->sack_count = e->sack_count;
	row->sack.start = e->sack[0].start - other;
	row->sack.end = e->sack[0].end - other;
	row->flags = e->flags;
	row->options = e->options;
	row->protocol = e->protocol;
	row->why = e->why;
	row->cwnd = e->cwnd;
	row->in_flight = e->in_flight;
}

/* ---- what the connection remembers of the segment */

struct findings {
	bool duplicate; /* the n-th duplicate ACK, n in `dups` */
	bool filled;    /* after duplicates the acknowledgement moved on */
	bool opened;    /* the window was zero and is no more */
	bool shut;      /* the window is zero now */
	bool again;     /* a SYN or SYN-ACK that this side had sent before */
	uint32_t dups, window;
};

static struct findings note_ack(struct flow *flow, unsigned side, const struct aksu_event *e)
{
	tcp_seq ack = seq_at(e->ack);
	bool pure = class_of(e) == CLASS_ACK;
	bool outstanding = flow->has_sent[1 - side] && seq_lt(ack, flow->sent_end[1 - side]);
	bool same = flow->has_acked[side] && seq_eq(ack, flow->acked[side]);
	struct findings f = {0};

	f.window = scaled_window(flow, side, e);
	f.shut = e->window == 0 && (!same || flow->window[side] != 0);
	f.opened = flow->has_acked[side] && flow->window[side] == 0 && e->window != 0;
	if (pure && same && outstanding && e->window != 0 && flow->window[side] == e->window)
		f.duplicate = e->why == AKSU_WHY_DUP_ACK || e->why == AKSU_WHY_NOTHING ||
			      e->why == AKSU_WHY_ACK || e->why == AKSU_WHY_OUT_OF_WINDOW;
	if (f.duplicate)
		f.dups = ++flow->dups[side];
	if (!same) {
		f.filled = flow->dups[side] > 0;
		flow->dups[side] = 0;
	}
	if (!flow->has_acked[side] || seq_lt(flow->acked[side], ack))
		flow->acked[side] = ack;
	flow->has_acked[side] = true;
	flow->window[side] = e->window;
	return f;
}

static struct findings note_segment(struct flow *flow, unsigned side, const struct aksu_event *e)
{
	uint32_t len = e->length + (e->flags & AKSU_SYN ? 1 : 0) + (e->flags & AKSU_FIN ? 1 : 0);
	tcp_seq end = seq_add(seq_at(e->seq), len);
	struct findings f = {0};

	if (e->flags & AKSU_RST)
		return f;
	if (e->flags & AKSU_ACK)
		f = note_ack(flow, side, e);
	f.again = e->flags & AKSU_SYN && flow->syn_flags[side] == e->flags;
	if (e->flags & AKSU_SYN)
		flow->syn_flags[side] = e->flags;
	if (!flow->has_sent[side] || seq_lt(flow->sent_end[side], end))
		flow->sent_end[side] = end;
	flow->has_sent[side] = true;
	if (e->flags & AKSU_FIN) {
		flow->fin_sent[side] = true;
		flow->fin_end[side] = end;
	}
	return f;
}

/* ---- marks */

static void set_mark(struct row *row, enum row_tone tone, const char *mark)
{
	struct text t = text_in(row->mark, sizeof(row->mark));

	text_str(&t, mark);
	text_end(&t);
	row->tone = (uint8_t)tone;
}

static bool mark_lost(struct aksu_ladder *l, struct row *row, const struct step *step)
{
	bool ascii = ladder_has(l, AKSU_LADDER_ASCII), again = step->e.retransmission > 0;
	struct text t = text_in(row->mark, sizeof(row->mark));

	text_str(&t, ascii ? "X " : "✗ ");
	if (step->fate == AKSU_FATE_LOST)
		text_str(&t, again ? "lost, R" : "lost");
	else if (step->fate == AKSU_FATE_QUEUE)
		text_str(&t, "queue full");
	else if (step->fate == AKSU_FATE_TOO_BIG)
		text_str(&t, "too big");
	else if (step->corrupt && step->drop != AKSU_DROP_NONE)
		text_str(&t, "corrupt");
	else
		return false;
	text_end(&t);
	row->tone = TONE_BAD;
	row->shape = step->fate == AKSU_FATE_ARRIVED ? SHAPE_BROKEN : SHAPE_LOST;
	row->foldable = row->class == CLASS_DATA || row->class == CLASS_ACK;
	return true;
}

/* Whether the segment was sent because it, or what it holds, was sent before. */
static bool is_again(const struct row *row, const struct step *step, const struct findings *f)
{
	switch ((enum aksu_why)step->e.why) {
	case AKSU_WHY_RTO:
	case AKSU_WHY_FAST_RETRANSMIT:
	case AKSU_WHY_PARTIAL_ACK:
	case AKSU_WHY_RACK:
	case AKSU_WHY_PMTU: return true;
	case AKSU_WHY_HANDSHAKE:
	case AKSU_WHY_TLP:
	case AKSU_WHY_NOTHING: /* seen from the other side: nobody says why */
		return row->class == CLASS_SYN ? f->again : step->e.retransmission > 0;
	case AKSU_WHY_FIN: return step->e.retransmission > 0;
	case AKSU_WHY_RESET:
	case AKSU_WHY_CHALLENGE:
	case AKSU_WHY_DUP_ACK:
	case AKSU_WHY_OUT_OF_WINDOW:
	case AKSU_WHY_TIME_WAIT_ACK:
	case AKSU_WHY_DATA:
	case AKSU_WHY_ACK:
	case AKSU_WHY_DELAYED_ACK:
	case AKSU_WHY_WINDOW:
	case AKSU_WHY_PROBE:
	case AKSU_WHY_SWS_OVERRIDE:
	case AKSU_WHY_KEEPALIVE:
	case AKSU_WHY_SYN_COOKIE:
	case AKSU_WHY_COUNT: break;
	}
	return false;
}

/* "R" and what made it: the timer with its time, or duplicate ACKs. */
static bool mark_again(struct row *row, const struct step *step, const struct findings *f)
{
	struct text t = text_in(row->mark, sizeof(row->mark));
	bool word = step->e.why != AKSU_WHY_HANDSHAKE && step->e.why != AKSU_WHY_FIN;

	if (!is_again(row, step, f))
		return false;
	text_char(&t, 'R');
	if (word) {
		text_char(&t, ' ');
		text_str(&t, aksu_why_name((enum aksu_why)step->e.why));
	}
	if (step->e.why == AKSU_WHY_RTO && step->rto >= AKSU_SECOND) {
		text_char(&t, ' ');
		text_fixed(&t, (step->rto + 50 * AKSU_MILLISECOND) / (100 * AKSU_MILLISECOND), 1);
		text_char(&t, 's');
	} else if (step->e.why == AKSU_WHY_RTO && step->rto > 0) {
		text_char(&t, ' ');
		text_u64(&t, step->rto / AKSU_MILLISECOND);
		text_str(&t, "ms");
	}
	text_end(&t);
	row->tone = TONE_AGAIN;
	row->foldable = row->class == CLASS_DATA && step->e.why != AKSU_WHY_RTO;
	return true;
}

static bool mark_duplicate(struct row *row, const struct findings *f)
{
	struct text t = text_in(row->mark, sizeof(row->mark));

	if (!f->duplicate)
		return false;
	text_char(&t, 'D');
	text_u64(&t, f->dups);
	text_end(&t);
	row->tone = TONE_DUPLICATE;
	row->foldable = true;
	return true;
}

/* Which options a SYN brought. */
static bool mark_options(struct row *row, const struct aksu_event *e)
{
	struct text t = text_in(row->mark, sizeof(row->mark));
	const char *blank = "";

	if (!(e->flags & AKSU_SYN) || e->options == 0)
		return false;
	/* clang-format off */
	static const struct { uint8_t bit; const char *word; } options[] = {
		{AKSU_OPT_MSS, "mss"}, {AKSU_OPT_WSCALE, "ws"},
		{AKSU_OPT_SACK_OK, "sk"}, {AKSU_OPT_TS, "ts"},
	};
	/* clang-format on */
	for (size_t i = 0; i < COUNT_OF(options); i++) {
		if (!(e->options & options[i].bit))
			continue;
		text_str(&t, blank);
		text_str(&t, options[i].word);
		blank = " ";
	}
	text_end(&t);
	return true;
}

/* The ACK that begins TIME-WAIT, or begins it anew. */
static bool mark_time_wait(struct aksu_ladder *l, struct row *row, const struct step *step)
{
	struct text t = text_in(row->mark, sizeof(row->mark));

	if (row->class != CLASS_ACK || step->e.state != AKSU_STATE_TIME_WAIT)
		return false;
	text_str(&t, "2MSL");
	if (step->e.why == AKSU_WHY_TIME_WAIT_ACK)
		text_str(&t, " anew");
	else if (l->config.msl != 0) {
		text_char(&t, ' ');
		text_u64(&t, 2 * l->config.msl / AKSU_SECOND);
		text_char(&t, 's');
	}
	text_end(&t);
	row->tone = TONE_FACT;
	return true;
}

static bool mark_window(struct row *row, const struct findings *f, const struct aksu_event *e)
{
	struct text t = text_in(row->mark, sizeof(row->mark));

	if ((!f->shut && !f->opened) || e->flags & (AKSU_SYN | AKSU_FIN))
		return false;
	text_str(&t, "win ");
	text_u64(&t, f->window);
	text_end(&t);
	row->tone = TONE_FACT;
	return true;
}

static const char *why_word(const struct aksu_event *e)
{
	switch ((enum aksu_why)e->why) {
	case AKSU_WHY_PROBE: return "probe";
	case AKSU_WHY_KEEPALIVE: return "keep-alive";
	case AKSU_WHY_CHALLENGE: return "challenge";
	case AKSU_WHY_SYN_COOKIE: return "cookie";
	case AKSU_WHY_SWS_OVERRIDE: return "override";
	case AKSU_WHY_TLP: return "tlp";
	case AKSU_WHY_NOTHING:
	case AKSU_WHY_RESET:
	case AKSU_WHY_RTO:
	case AKSU_WHY_FAST_RETRANSMIT:
	case AKSU_WHY_PARTIAL_ACK:
	case AKSU_WHY_RACK:
	case AKSU_WHY_PMTU:
	case AKSU_WHY_HANDSHAKE:
	case AKSU_WHY_DUP_ACK:
	case AKSU_WHY_OUT_OF_WINDOW:
	case AKSU_WHY_TIME_WAIT_ACK:
	case AKSU_WHY_DATA:
	case AKSU_WHY_FIN:
	case AKSU_WHY_ACK:
	case AKSU_WHY_DELAYED_ACK:
	case AKSU_WHY_WINDOW:
	case AKSU_WHY_COUNT: break;
	}
	return NULL;
}

static const char *error_word(uint8_t error)
{
	switch (error) {
	case AKSU_ECONNREFUSED: return "! refused";
	case AKSU_ECONNRESET: return "! reset";
	case AKSU_ECONNABORTED: return "! aborted";
	case AKSU_ETIMEDOUT: return "! timed out";
	case AKSU_EHOSTUNREACH:
	case AKSU_ENETUNREACH: return "! no route";
	}
	return error == 0 ? NULL : "! error";
}

/* What the receiver made of it, where that is worth a word. */
static const char *drop_word(uint8_t drop)
{
	switch (drop) {
	case AKSU_DROP_TEXT_DUPLICATE:
	case AKSU_DROP_SEQ_NOT_ACCEPTABLE: return "duplicate";
	case AKSU_DROP_PAWS: return "old (PAWS)";
	case AKSU_DROP_RST_NOT_EXACT:
	case AKSU_DROP_SYN_IN_SYNC: return "doubtful";
	case AKSU_DROP_RST_OUT_OF_WINDOW:
	case AKSU_DROP_RST_IN_TIME_WAIT:
	case AKSU_DROP_RST_NO_CONNECTION:
	case AKSU_DROP_ACK_TOO_OLD:
	case AKSU_DROP_ACK_BEYOND_SND_NXT: return "ignored";
	case AKSU_DROP_NO_CONNECTION: return "nobody there";
	case AKSU_DROP_ACCEPT_QUEUE_FULL:
	case AKSU_DROP_SYN_QUEUE_FULL:
	case AKSU_DROP_NO_MEMORY: return "no room";
	}
	return NULL;
}

/* Marks that are a plain word; the first that applies. */
static bool mark_word(struct row *row, const struct step *step, const struct findings *f)
{
	const char *word = error_word(step->error);

	if (word != NULL) {
		set_mark(row, TONE_BAD, word);
		return true;
	}
	word = why_word(&step->e);
	if (word != NULL) {
		set_mark(row, TONE_FACT, word);
		return true;
	}
	word = step->copy ? "copy" : drop_word(step->drop);
	if (word != NULL) {
		set_mark(row, TONE_DUPLICATE, word);
		return true;
	}
	if (f->filled) {
		set_mark(row, TONE_FACT, "filled");
		return true;
	}
	return false;
}

static bool mark_late(struct row *row, const struct step *step)
{
	struct text t = text_in(row->mark, sizeof(row->mark));

	if (step->extra == 0)
		return false;
	text_str(&t, "late ");
	text_span(&t, step->extra);
	text_end(&t);
	row->tone = TONE_DUPLICATE;
	return true;
}

static void mark_flags(struct row *row, const struct aksu_event *e)
{
	set_mark(row, TONE_PLAIN, e->flags & AKSU_URG ? "U" : e->flags & AKSU_PSH ? "P" : "");
	row->foldable =
		(row->class == CLASS_DATA || row->class == CLASS_ACK) && !(e->flags & AKSU_URG);
}

static void mark(struct aksu_ladder *l, struct row *row, const struct step *step,
		 const struct findings *f)
{
	if (mark_lost(l, row, step) || mark_again(row, step, f) || mark_late(row, step) ||
	    mark_duplicate(row, f) || mark_time_wait(l, row, step) || mark_word(row, step, f) ||
	    mark_window(row, f, &step->e) || mark_options(row, &step->e))
		return;
	mark_flags(row, &step->e);
}

/* A host's own change of state: say what made it. */
static void mark_state(struct row *row, const struct step *step)
{
	const char *word = error_word(step->error);

	row->class = CLASS_NONE;
	row->shape = SHAPE_NONE;
	if (word != NULL)
		set_mark(row, TONE_BAD, word);
	else if (step->timer == AKSU_TIMER_LIFE + 1 ||
		 (step->from == AKSU_STATE_TIME_WAIT && step->e.state == AKSU_STATE_CLOSED))
		set_mark(row, TONE_FACT, "2MSL is over");
	else if (step->timer != 0)
		set_mark(row, TONE_FACT, aksu_timer_name((enum aksu_timer)(step->timer - 1)));
}

static enum row_shape shape_of(const struct step *step)
{
	return step->kind == STEP_DEPART   ? SHAPE_DEPART
	       : step->kind == STEP_ARRIVE ? SHAPE_ARRIVE
					   : SHAPE_ARROW;
}

struct row ladder_mark(struct aksu_ladder *l, const struct step *step)
{
	struct row row = {
		.time = step->e.time,
		.last = step->e.time,
		.flow = ladder_flow(l, step->side, &step->e),
		.side = step->side,
		.state = {step->state[0], step->state[1]},
		.count = 1,
		.absolute = ladder_has(l, AKSU_LADDER_ABSOLUTE),
	};
	struct flow *flow = &l->flows[row.flow];
	struct findings f = {0};

	if (step->kind == STEP_STATE) {
		mark_state(&row, step);
		return row;
	}
	row.class = (uint8_t)class_of(&step->e);
	row.shape = (uint8_t)shape_of(step);
	if (row.class != CLASS_PACKET) {
		learn_iss(flow, step->side, &step->e);
		if (step->kind != STEP_ARRIVE && !step->copy)
			f = note_segment(flow, step->side, &step->e);
	}
	fill_numbers(&row, flow, step, row.absolute);
	mark(l, &row, step, &f);
	if (ladder_has(l, AKSU_LADDER_ONE_SIDED)) {
		unsigned silent = 1 - l->config.local;

		row.state[silent] = ladder_infer(flow, silent, step);
		row.inferred[silent] = true;
	}
	if (row.state[0] != LADDER_NO_STATE || row.state[1] != LADDER_NO_STATE)
		row.foldable = false;
	return row;
}
