/* SPDX-License-Identifier: MIT */
/*
 * trace/line_parse.c - reading lines (trace/line.h has the grammar).
 *
 * A reader of one line, left to right, that never looks beyond its end and says in one sentence,
 * with the column, what it did not understand. It knows words and numbers, not what they mean for a
 * connection.
 */
#include "trace/line.h"

#include "trace/text.h"

struct reader {
	const char *line;
	size_t size, at;
	struct trace_line *out;
};

/* ---- characters, words, numbers */

static char peek(const struct reader *r) { return r->at < r->size ? r->line[r->at] : '\0'; }

static void skip_blanks(struct reader *r)
{
	while (peek(r) == ' ' || peek(r) == '\t')
		r->at++;
}

static bool fail(struct reader *r, const char *sentence)
{
	r->out->error = sentence;
	r->out->at = r->at;
	return false;
}

static bool take(struct reader *r, char c)
{
	if (peek(r) != c || r->at == r->size)
		return false;
	r->at++;
	return true;
}

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

static bool is_word(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
	       c == '_';
}

/* How many characters of a word stand here. */
static size_t word_here(const struct reader *r)
{
	size_t n = 0;

	while (r->at + n < r->size && is_word(r->line[r->at + n]))
		n++;
	return n;
}

/* Takes `word` if exactly that word stands here. */
static bool take_word(struct reader *r, const char *word)
{
	size_t n = text_length(word);

	if (word_here(r) != n || memcmp(r->line + r->at, word, n) != 0)
		return false;
	r->at += n;
	return true;
}

static bool at_end(const struct reader *r) { return r->at == r->size || peek(r) == '#'; }

static bool number(struct reader *r, uint64_t max, uint64_t *out)
{
	uint64_t v = 0;

	if (!is_digit(peek(r)))
		return fail(r, "a number should stand here");
	while (is_digit(peek(r))) {
		v = v * 10 + (uint64_t)(peek(r) - '0');
		if (v > max)
			return fail(r, "the number is too large");
		r->at++;
	}
	*out = v;
	return true;
}

static bool number_u32(struct reader *r, uint32_t *out)
{
	uint64_t v = 0;

	if (!number(r, UINT32_MAX, &v))
		return false;
	*out = (uint32_t)v;
	return true;
}

static bool number_u16(struct reader *r, uint16_t *out)
{
	uint64_t v = 0;

	if (!number(r, UINT16_MAX, &v))
		return false;
	*out = (uint16_t)v;
	return true;
}

/* Seconds with up to nine decimals, as nanoseconds. */
static bool seconds_here(struct reader *r, aksu_time *out)
{
	uint64_t whole = 0, part = 0, unit = AKSU_SECOND;

	if (is_digit(peek(r)) && !number(r, UINT32_MAX, &whole))
		return false;
	if (take(r, '.')) {
		while (is_digit(peek(r))) {
			unit /= 10;
			part += (uint64_t)(peek(r) - '0') * unit;
			r->at++;
		}
	}
	*out = whole * AKSU_SECOND + part;
	return true;
}

/* ---- segments */

static uint8_t flag_of(char c)
{
	switch (c) {
	case 'S': return AKSU_SYN;
	case 'F': return AKSU_FIN;
	case 'R': return AKSU_RST;
	case 'P': return AKSU_PSH;
	case 'U': return AKSU_URG;
	case 'E': return AKSU_ECE;
	case 'W': return AKSU_CWR;
	case '.': return AKSU_ACK;
	}
	return 0;
}

/* The packet's ECN field, by packetdrill's names. */
static bool read_ecn(struct reader *r)
{
	static const char *const names[] = {"noecn", "ect1", "ect0", "ce"};

	if (!take(r, '['))
		return true;
	for (uint8_t i = 0; i < COUNT_OF(names); i++) {
		if (!take_word(r, names[i]))
			continue;
		r->out->seg.ecn = i;
		r->out->has |= TRACE_HAS_ECN;
		if (!take(r, ']'))
			break;
		skip_blanks(r);
		return true;
	}
	return fail(r, "the ECN field is written [noecn], [ect0], [ect1] or [ce]");
}

static bool read_flags(struct reader *r)
{
	uint8_t flags = 0;
	bool none = take(r, '-'), ae = false;

	while (!none && (flag_of(peek(r)) != 0 || peek(r) == 'A')) {
		ae |= peek(r) == 'A';
		flags |= flag_of(peek(r));
		r->at++;
	}
	if (flags == 0 && !ae && !none)
		return fail(r,
			    "flags should stand here: S F R P U E W A or . (ACK), or - for none");
	if (peek(r) != ' ' && !at_end(r))
		return fail(r, "no such flag: there are S F R P U E W A and . (ACK)");
	r->out->seg.flags = flags;
	r->out->seg.ae = ae;
	return true;
}

/* length, or length/size for what stands for several segments of that size. */
static bool read_length(struct reader *r, uint32_t *length)
{
	struct tcp_seg *seg = &r->out->seg;
	uint32_t n;

	if (!number_u32(r, length))
		return false;
	if (!take(r, '/'))
		return true;
	if (!number_u16(r, &seg->mss))
		return false;
	n = seg->mss == 0 ? 0 : *length / seg->mss + (*length % seg->mss != 0);
	if (n < 2 || n > UINT16_MAX)
		return fail(r, "that is not several segments: a length, /, the size of each");
	seg->segments = (uint16_t)n;
	return true;
}

/* seq:end(length); it may be left out. */
static bool read_numbers(struct reader *r)
{
	uint32_t seq, end, length;

	if (!is_digit(peek(r))) {
		r->out->has |= TRACE_ANY_LENGTH;
		return true;
	}
	if (!number_u32(r, &seq))
		return false;
	if (!take(r, ':'))
		return fail(r, "a colon should stand here: seq:end(length)");
	if (!number_u32(r, &end))
		return false;
	if (!take(r, '('))
		return fail(r, "a parenthesis should stand here: seq:end(length)");
	if (!read_length(r, &length))
		return false;
	if (!take(r, ')'))
		return fail(r, "a parenthesis should stand here: seq:end(length)");
	if (end - seq != length)
		return fail(r, "end is not seq + length");
	r->out->seg.seq = seq_at(seq);
	r->out->seg.text_len = length;
	return true;
}

static bool read_ts_value(struct reader *r, unsigned any, tcp_ts *out)
{
	uint32_t v = 0;

	skip_blanks(r);
	if (take(r, '*'))
		r->out->has |= any;
	else if (!number_u32(r, &v))
		return false;
	*out = ts_at(v);
	return true;
}

static bool read_timestamps(struct reader *r)
{
	struct tcp_opts *o = &r->out->seg.opts;

	o->present |= AKSU_OPT_TS;
	skip_blanks(r);
	if (!take_word(r, "val"))
		return fail(r, "the option is written TS val N ecr N");
	if (!read_ts_value(r, TRACE_ANY_TSVAL, &o->tsval))
		return false;
	skip_blanks(r);
	if (!take_word(r, "ecr"))
		return fail(r, "the option is written TS val N ecr N");
	return read_ts_value(r, TRACE_ANY_TSECR, &o->tsecr);
}

static bool read_sack(struct reader *r)
{
	struct tcp_opts *o = &r->out->seg.opts;

	o->present |= AKSU_OPT_SACK;
	for (skip_blanks(r); is_digit(peek(r)); skip_blanks(r)) {
		uint32_t start, end;

		if (o->sack_count == TCP_SACK_MAX)
			return fail(r, "at most four blocks fit into the option");
		if (!number_u32(r, &start))
			return false;
		if (!take(r, ':'))
			return fail(r, "a block is written start:end");
		if (!number_u32(r, &end))
			return false;
		o->sack[o->sack_count++] = (struct tcp_sack_block){seq_at(start), seq_at(end)};
	}
	return o->sack_count > 0 || fail(r, "the option is written sack start:end ...");
}

/* The first names the order; the others follow in it. */
static bool read_accecn(struct reader *r)
{
	static const char *const names[] = {"e0b", "ceb", "e1b"};
	struct tcp_opts *o = &r->out->seg.opts;
	uint32_t *const counters[] = {&o->accecn.e0b, &o->accecn.ceb, &o->accecn.e1b};
	bool one;

	skip_blanks(r);
	one = r->at + 2 < r->size && memcmp(r->line + r->at, "e1b", 3) == 0;
	o->present |= one ? AKSU_OPT_ACCECN1 : AKSU_OPT_ACCECN0;
	for (unsigned i = 0; i < 3; i++) {
		unsigned k = one ? 2 - i : i;
		uint64_t v;

		skip_blanks(r);
		if (!take_word(r, names[k]))
			break;
		skip_blanks(r);
		if (!number(r, TCP_ACCECN_MASK, &v))
			return false;
		*counters[k] = (uint32_t)v;
		o->accecn.fields++;
	}
	return true;
}

static bool read_option(struct reader *r)
{
	struct tcp_opts *o = &r->out->seg.opts;
	uint16_t v;

	if (take_word(r, "nop") || take_word(r, "eol"))
		return true;
	if (take_word(r, "sackOK")) {
		o->present |= AKSU_OPT_SACK_OK;
		return true;
	}
	if (take_word(r, "mss")) {
		o->present |= AKSU_OPT_MSS;
		skip_blanks(r);
		return number_u16(r, &o->mss);
	}
	if (take_word(r, "wscale")) {
		skip_blanks(r);
		if (!number_u16(r, &v))
			return false;
		if (v > UINT8_MAX)
			return fail(r, "a shift count is one octet");
		o->present |= AKSU_OPT_WSCALE;
		o->wscale = (uint8_t)v;
		return true;
	}
	if (take_word(r, "TS"))
		return read_timestamps(r);
	if (take_word(r, "sack"))
		return read_sack(r);
	if (take_word(r, "ECN"))
		return read_accecn(r);
	return fail(r, "no such option: there are mss, wscale, sackOK, TS, sack, ECN, nop, eol");
}

static bool read_options(struct reader *r)
{
	r->out->has |= TRACE_HAS_OPTIONS;
	skip_blanks(r);
	if (take(r, '>'))
		return true;
	if (take(r, '.')) {
		r->out->has |= TRACE_ANY_OPTIONS;
		return (take(r, '.') && take(r, '.') && take(r, '>')) ||
		       fail(r, "whatever options are written <...>");
	}
	for (;;) {
		if (!read_option(r))
			return false;
		skip_blanks(r);
		if (take(r, '>'))
			return true;
		if (!take(r, ','))
			return fail(r, "a comma or > should stand here");
		skip_blanks(r);
	}
}

/* One of: ack n, win n, urg n, <options>. */
static bool read_field(struct reader *r)
{
	struct tcp_seg *seg = &r->out->seg;
	uint32_t ack;

	if (take(r, '<'))
		return read_options(r);
	if (take_word(r, "ack")) {
		r->out->has |= TRACE_HAS_ACK;
		skip_blanks(r);
		if (!number_u32(r, &ack))
			return false;
		seg->ack = seq_at(ack);
		return true;
	}
	if (take_word(r, "win")) {
		r->out->has |= TRACE_HAS_WIN;
		skip_blanks(r);
		return number_u16(r, &seg->rawwnd);
	}
	if (take_word(r, "urg")) {
		r->out->has |= TRACE_HAS_URG;
		skip_blanks(r);
		return number_u16(r, &seg->up);
	}
	return fail(r, "only ack N, win N, urg N and <options> may follow");
}

static bool read_segment(struct reader *r)
{
	r->out->seg.segments = 1;
	skip_blanks(r);
	if (!read_ecn(r) || !read_flags(r))
		return false;
	skip_blanks(r);
	if (!read_numbers(r))
		return false;
	for (skip_blanks(r); !at_end(r); skip_blanks(r))
		if (!read_field(r))
			return false;
	seg_measure(&r->out->seg);
	return true;
}

/* ---- the other kinds of line */

/* Takes a name out of a list: the longest that stands here. */
static bool take_name(struct reader *r, const char *(*name)(unsigned), unsigned count,
		      unsigned *out)
{
	size_t best = 0;

	for (unsigned i = 0; i < count; i++) {
		size_t n = text_length(name(i));

		if (n > best && n <= r->size - r->at && memcmp(r->line + r->at, name(i), n) == 0 &&
		    (r->at + n == r->size || !is_word(r->line[r->at + n]))) {
			best = n;
			*out = i;
		}
	}
	r->at += best;
	return best > 0;
}

static const char *state_name(unsigned i) { return aksu_state_name((enum aksu_state)i); }
static const char *drop_name(unsigned i) { return aksu_drop_name((enum aksu_drop)i); }
static const char *timer_name(unsigned i) { return aksu_timer_name((enum aksu_timer)i); }

static bool read_state(struct reader *r)
{
	unsigned i = 0;

	if (!take_name(r, state_name, AKSU_STATE_COUNT, &i))
		return fail(r, "no such state: they are written as in RFC 9293, SYN-SENT");
	r->out->state = (enum aksu_state)i;
	return true;
}

static bool read_drop(struct reader *r)
{
	unsigned i = 0;

	if (!take_name(r, drop_name, AKSU_DROP_COUNT, &i))
		return fail(r, "no such reason for a drop: they are in aksu/event.h");
	r->out->drop = (enum aksu_drop)i;
	return true;
}

static bool read_timer(struct reader *r)
{
	unsigned i = 0;

	if (!take_name(r, timer_name, AKSU_TIMER_COUNT, &i))
		return fail(r, "no such timer: they are in aksu/event.h");
	r->out->timer = (enum aksu_timer)i;
	return true;
}

static bool read_time(struct reader *r)
{
	bool relative = take(r, '+');

	if (!relative && !is_digit(peek(r)) &&
	    !(peek(r) == '.' && r->at + 1 < r->size && is_digit(r->line[r->at + 1])))
		return true;
	r->out->time_kind = relative ? TRACE_TIME_RELATIVE : TRACE_TIME_ABSOLUTE;
	if (relative && !is_digit(peek(r)) && peek(r) != '.')
		return fail(r, "seconds should follow the +");
	return seconds_here(r, &r->out->time);
}

static bool is_operator(char c) { return c == '>' || c == '<' || c == '=' || c == '!' || c == '@'; }

/* A host's name is a word before one of the operators. */
static void read_host(struct reader *r)
{
	size_t n = word_here(r), after = r->at + n;

	while (after < r->size && r->line[after] == ' ')
		after++;
	if (n == 0 || n > TRACE_HOST_MAX || after == r->size || !is_operator(r->line[after]))
		return;
	memcpy(r->out->host, r->line + r->at, n);
	r->at = after;
}

/* The rest of the line without its comment and the blanks before that. */
static void read_command(struct reader *r)
{
	size_t end = r->at;

	while (end < r->size && r->line[end] != '#')
		end++;
	while (end > r->at && (r->line[end - 1] == ' ' || r->line[end - 1] == '\t'))
		end--;
	r->out->rest = r->line + r->at;
	r->out->rest_len = end - r->at;
	r->at = end;
}

static bool read_what(struct reader *r)
{
	char c = peek(r);

	if (at_end(r))
		return true;
	if (!is_operator(c)) {
		r->out->kind = TRACE_LINE_COMMAND;
		read_command(r);
		return true;
	}
	r->at++;
	skip_blanks(r);
	switch (c) {
	case '>': r->out->kind = TRACE_LINE_OUT; return read_segment(r);
	case '<': r->out->kind = TRACE_LINE_IN; return read_segment(r);
	case '=': r->out->kind = TRACE_LINE_STATE; return read_state(r);
	case '!': r->out->kind = TRACE_LINE_DROP; return read_drop(r);
	}
	r->out->kind = TRACE_LINE_TIMER;
	return read_timer(r);
}

bool trace_line_parse(const char *line, size_t n, struct trace_line *out)
{
	struct reader r = {.line = line, .size = n, .out = out};

	*out = (struct trace_line){.kind = TRACE_LINE_EMPTY};
	skip_blanks(&r);
	if (!read_time(&r))
		return false;
	skip_blanks(&r);
	read_host(&r);
	if (!read_what(&r))
		return false;
	skip_blanks(&r);
	out->at = r.at;
	return at_end(&r) || fail(&r, "nothing more should follow");
}

bool trace_segment_parse(const char *line, size_t n, struct trace_line *out)
{
	struct reader r = {.line = line, .size = n, .out = out};

	*out = (struct trace_line){.kind = TRACE_LINE_OUT};
	return read_segment(&r);
}
