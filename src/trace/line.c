/* SPDX-License-Identifier: MIT */
/*
 * trace/line.c - printing lines: segments, states, drops, timers (trace/line.h has the grammar).
 */
#include "trace/line.h"

#include "trace/text.h"

/* A segment as both printers know it: plain numbers, already relative or not. */
struct printed {
	uint8_t flags, options, wscale, sack_count;
	uint8_t ecn, accecn_fields;
	bool ae;
	uint16_t window, urgent, mss;
	uint16_t piece; /* octets of text in each segment, where this stands for several; or 0 */
	uint32_t seq, ack, length, tsval, tsecr;
	uint32_t accecn[3];
	struct aksu_event_sack sack[TCP_SACK_MAX];
};

static void print_ecn(struct text *t, uint8_t ecn)
{
	static const char *const codepoints[] = {"", "[ect1] ", "[ect0] ", "[ce] "};

	text_str(t, codepoints[ecn & 3]);
}

static void print_flags(struct text *t, uint8_t flags, bool ae)
{
	/* clang-format off */
	static const struct { uint8_t bit; char letter; } letters[] = {
		{AKSU_SYN, 'S'}, {AKSU_FIN, 'F'}, {AKSU_RST, 'R'}, {AKSU_PSH, 'P'},
		{AKSU_URG, 'U'}, {AKSU_ECE, 'E'}, {AKSU_CWR, 'W'}, {AKSU_ACK, '.'},
	};
	/* clang-format on */

	if (flags == 0 && !ae)
		text_char(t, '-');
	for (size_t i = 0; i < COUNT_OF(letters); i++) {
		if (letters[i].bit == AKSU_ACK && ae)
			text_char(t, 'A');
		if (flags & letters[i].bit)
			text_char(t, letters[i].letter);
	}
}

static void word_number(struct text *t, const char *word, uint32_t n)
{
	text_str(t, word);
	text_u64(t, n);
}

/* The room of the timestamps that it shares a word with, when they are not there. */
static void print_sack_ok(struct text *t, const struct printed *p, const char *comma)
{
	text_str(t, comma);
	text_str(t, p->options & AKSU_OPT_TS ? "sackOK" : "nop,nop,sackOK");
}

/* RFC 9768's counters in the order of the option, and the NOPs that fill it up. */
static void print_accecn(struct text *t, const struct printed *p)
{
	static const char *const names[] = {" e0b ", " ceb ", " e1b "};
	static const char *const fill[] = {",nop,nop", ",nop,nop,nop", "", ",nop"};
	bool zero = p->options & AKSU_OPT_ACCECN0;
	unsigned n = min_u32(p->accecn_fields, 3);

	text_str(t, "ECN");
	for (unsigned i = 0; i < n; i++) {
		unsigned k = zero ? i : 2 - i;

		word_number(t, names[k], p->accecn[k]);
	}
	text_str(t, fill[n]);
}

/* Options in the order in which tcp_emit() writes them, with the NOPs that it needs. */
static void print_options(struct text *t, const struct printed *p)
{
	bool syn = p->flags & AKSU_SYN;
	bool accecn = p->options & (AKSU_OPT_ACCECN0 | AKSU_OPT_ACCECN1);
	const char *comma = "";

	text_str(t, " <");
	if (p->options & AKSU_OPT_MSS)
		word_number(t, "mss ", p->mss), comma = ",";
	if (p->options & AKSU_OPT_SACK_OK)
		print_sack_ok(t, p, comma), comma = ",";
	if (p->options & AKSU_OPT_TS) {
		text_str(t, comma);
		text_str(t, syn && (p->options & AKSU_OPT_SACK_OK) ? "" : "nop,nop,");
		word_number(t, "TS val ", p->tsval);
		word_number(t, " ecr ", p->tsecr);
		comma = ",";
	}
	if (accecn && !syn)
		text_str(t, comma), print_accecn(t, p), comma = ",";
	if (p->options & AKSU_OPT_WSCALE)
		text_str(t, comma), word_number(t, "nop,wscale ", p->wscale), comma = ",";
	if (p->options & AKSU_OPT_SACK) {
		text_str(t, comma);
		text_str(t, "nop,nop,sack");
		for (unsigned i = 0; i < p->sack_count && i < TCP_SACK_MAX; i++) {
			word_number(t, " ", p->sack[i].start);
			word_number(t, ":", p->sack[i].end);
		}
		comma = ",";
	}
	if (accecn && syn)
		text_str(t, comma), print_accecn(t, p);
	text_char(t, '>');
}

static void print_segment(struct text *t, const struct printed *p)
{
	print_ecn(t, p->ecn);
	print_flags(t, p->flags, p->ae);
	word_number(t, " ", p->seq);
	word_number(t, ":", p->seq + p->length);
	word_number(t, "(", p->length);
	if (p->piece != 0)
		word_number(t, "/", p->piece);
	text_char(t, ')');
	if (p->flags & AKSU_ACK)
		word_number(t, " ack ", p->ack);
	word_number(t, " win ", p->window);
	if (p->flags & AKSU_URG)
		word_number(t, " urg ", p->urgent);
	if (p->options != 0)
		print_options(t, p);
}

size_t trace_segment_print(const struct tcp_seg *seg, char *out, size_t cap)
{
	struct text t = text_in(out, cap);
	const struct tcp_opts *o = &seg->opts;
	struct printed p = {
		.flags = seg->flags,
		.ae = seg->ae,
		.ecn = seg->ecn,
		.options = o->present,
		.accecn_fields = (uint8_t)o->accecn.fields,
		.accecn = {o->accecn.e0b, o->accecn.ceb, o->accecn.e1b},
		.wscale = o->wscale,
		.sack_count = o->sack_count,
		.window = seg->rawwnd,
		.urgent = seg->up,
		.mss = o->mss,
		.piece = seg->segments > 1 ? seg->mss : 0,
		.seq = seq_dist(seq_at(0), seg->seq),
		.ack = seq_dist(seq_at(0), seg->ack),
		.length = seg->text_len,
		.tsval = ts_dist(ts_at(0), o->tsval),
		.tsecr = ts_dist(ts_at(0), o->tsecr),
	};

	for (unsigned i = 0; i < o->sack_count && i < TCP_SACK_MAX; i++) {
		p.sack[i].start = seq_dist(seq_at(0), o->sack[i].start);
		p.sack[i].end = seq_dist(seq_at(0), o->sack[i].end);
	}
	if (cap == 0)
		return 0;
	print_segment(&t, &p);
	text_end(&t);
	return t.len;
}

/* An event's segment: what it sent counts from `own`, what it acknowledges from `other`. */
static struct printed printed_event(const struct aksu_event *e, bool absolute)
{
	bool out = e->kind == AKSU_EVENT_SEGMENT_OUT;
	uint32_t initial = e->flags & AKSU_SYN ? e->seq : out ? e->iss : e->irs;
	uint32_t own = absolute ? 0 : initial;
	uint32_t other = absolute ? 0 : out ? e->irs : e->iss;
	struct printed p = {
		.flags = e->flags,
		.ae = e->ae,
		.ecn = e->ecn,
		.options = e->options,
		.accecn_fields = e->accecn_fields,
		.accecn = {e->accecn[0], e->accecn[1], e->accecn[2]},
		.wscale = e->wscale,
		.sack_count = e->sack_count,
		.window = e->window,
		.urgent = e->urgent,
		.mss = e->mss,
		.piece = e->segments > 1 ? e->mss : 0,
		.seq = e->seq - own,
		.ack = e->ack - other,
		.length = e->length,
		.tsval = e->tsval,
		.tsecr = e->tsecr,
	};

	for (unsigned i = 0; i < e->sack_count && i < TCP_SACK_MAX; i++) {
		p.sack[i].start = e->sack[i].start - other;
		p.sack[i].end = e->sack[i].end - other;
	}
	return p;
}

static void comment(struct text *t, const char *word, const char *section)
{
	if (word[0] == '\0')
		return;
	text_str(t, "  # ");
	text_str(t, word);
	if (section[0] != '\0')
		text_char(t, ' ');
	text_str(t, section);
}

static void print_cwnd(struct text *t, const struct aksu_event *e)
{
	word_number(t, "cwnd ", e->cwnd);
	word_number(t, " ssthresh ", e->ssthresh);
	word_number(t, " flight ", e->in_flight);
}

static void print_segment_event(struct text *t, const struct aksu_event *e, bool absolute)
{
	struct printed p = printed_event(e, absolute);

	text_str(t, e->kind == AKSU_EVENT_SEGMENT_OUT ? "> " : "< ");
	print_segment(t, &p);
	if (e->kind == AKSU_EVENT_SEGMENT_OUT)
		comment(t, aksu_why_name((enum aksu_why)e->why),
			aksu_why_section((enum aksu_why)e->why));
}

static void print_what(struct text *t, const struct aksu_event *e, bool absolute)
{
	enum aksu_drop drop = (enum aksu_drop)e->drop;

	switch ((enum aksu_event_kind)e->kind) {
	case AKSU_EVENT_SEGMENT_OUT:
	case AKSU_EVENT_SEGMENT_IN: print_segment_event(t, e, absolute); break;
	case AKSU_EVENT_STATE:
		text_str(t, "= ");
		text_str(t, aksu_state_name((enum aksu_state)e->state));
		break;
	case AKSU_EVENT_TIMER:
		text_str(t, "@ ");
		text_str(t, aksu_timer_name((enum aksu_timer)e->timer));
		break;
	case AKSU_EVENT_DROP:
		text_str(t, "! ");
		text_str(t, aksu_drop_name(drop));
		comment(t, aksu_drop_text(drop), "");
		break;
	case AKSU_EVENT_CWND: print_cwnd(t, e); break;
	case AKSU_EVENT_LOSS:
		word_number(t, "lost ", e->seq - (absolute ? 0 : e->iss));
		word_number(t, ":", e->seq + e->length - (absolute ? 0 : e->iss));
		break;
	case AKSU_EVENT_ERROR:
		text_str(t, "error");
		comment(t, aksu_strerror(e->error), "");
		break;
	case AKSU_EVENT_PACKET_OUT:
	case AKSU_EVENT_PACKET_IN:
		text_str(t, aksu_event_kind_name((enum aksu_event_kind)e->kind));
		word_number(t, " protocol ", e->protocol);
		word_number(t, " length ", e->length);
		break;
	case AKSU_EVENT_KIND_COUNT: break;
	}
}

/* Milliseconds, or microseconds where there are any. */
static void print_time(struct text *t, aksu_time at)
{
	text_seconds(t, at, at / AKSU_MICROSECOND % 1000 != 0 ? 6 : 3);
}

void aksu_line_print(const struct aksu_writer *out, const char *host, const struct aksu_event *e,
		     aksu_time start, bool absolute)
{
	char buffer[512];
	struct text t = text_in(buffer, sizeof(buffer) - 1);

	print_time(&t, e->time - start);
	text_char(&t, ' ');
	if (host != NULL && host[0] != '\0') {
		text_str(&t, host);
		text_char(&t, ' ');
	}
	print_what(&t, e, absolute);
	t.cap = sizeof(buffer);
	text_char(&t, '\n');
	text_write(&t, out);
}
