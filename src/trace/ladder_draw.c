/* SPDX-License-Identifier: MIT */
/*
 * trace/ladder_draw.c - a row as a line of text.
 *
 *      time       state │  lane, 32 columns                 │ state      mark         (80 columns)
 *     1.066             │        ✗ data 4345,79 len 1448 ──│             ✗ lost
 *
 * With AKSU_LADDER_WIDE, 120 columns: behind the mark stand cwnd/flight of the sender and why it
 * sent, with the section of the RFC. Colours repeat what words and shapes say.
 */
#include <aksu/aksu.h>

#include "trace/ladder.h"
#include "trace/text.h"

enum {
	WIDTH_TIME = 8,
	WIDTH_TIME_FINE = 11, /* with the blank that keeps it from a "~" */
	WIDTH_STATE = 11,
	WIDTH_LANE = 32,
	WIDTH_LANE_FINE = 29,
	WIDTH_MARK = 12,
	WIDTH_CWND = 11,
	WIDTH_WHY = 27,
	WIDTH_LINE = 80,
	LINE_MAX = 1024, /* octets: 120 columns of UTF-8 and colours stay far below */
	LABEL_MAX = 160,
};

#define QUIET_MIN (2 * AKSU_SECOND)

/* ---- glyphs and colours */

struct glyphs {
	const char *bar, *dash, *right, *left, *lost, *dots, *to, *times, *and, *both;
	const char *down_left, *down_right, *up_left, *up_right; /* corners of crossing arrows */
};

static const struct glyphs unicode = {
	.bar = "│",
	.dash = "─",
	.right = "▶",
	.left = "◀",
	.lost = "✗",
	.dots = "·",
	.to = "‥",
	.times = "×",
	.and = "·",
	.both = "⇄",
	.down_left = "╮",
	.down_right = "╭",
	.up_left = "╯",
	.up_right = "╰",
};

static const struct glyphs ascii = {
	.bar = "|",
	.dash = "-",
	.right = ">",
	.left = "<",
	.lost = "X",
	.dots = ".",
	.to = "..",
	.times = "x",
	.and = "+",
	.both = "<>",
	.down_left = ".",
	.down_right = ".",
	.up_left = "'",
	.up_right = "'",
};

static const struct glyphs *glyphs_of(const struct aksu_ladder *l)
{
	return ladder_has(l, AKSU_LADDER_ASCII) ? &ascii : &unicode;
}

static const char *class_colour(const struct row *row)
{
	if (row->shape == SHAPE_LOST || row->shape == SHAPE_BROKEN)
		return "\033[31m";
	switch ((enum row_class)row->class) {
	case CLASS_SYN: return "\033[32m";
	case CLASS_DATA: return "\033[36m";
	case CLASS_ACK: return "\033[2m";
	case CLASS_FIN: return "\033[38;5;214m";
	case CLASS_RST: return "\033[31m";
	case CLASS_PACKET:
	case CLASS_NONE: break;
	}
	return "";
}

static const char *tone_colour(uint8_t tone)
{
	switch ((enum row_tone)tone) {
	case TONE_BAD: return "\033[31m";
	case TONE_AGAIN: return "\033[33m";
	case TONE_DUPLICATE: return "\033[35m";
	case TONE_PLAIN:
	case TONE_FACT: break;
	}
	return "";
}

static void coloured(const struct aksu_ladder *l, struct text *t, const char *colour,
		     const struct text *what)
{
	bool colours = ladder_has(l, AKSU_LADDER_COLOUR) && colour[0] != '\0';

	if (colours)
		text_str(t, colour);
	text_add(t, what->at, what->len);
	if (colours)
		text_str(t, "\033[0m");
}

static size_t lane_width(const struct aksu_ladder *l)
{
	return ladder_has(l, AKSU_LADDER_FINE) ? WIDTH_LANE_FINE : WIDTH_LANE;
}

/* ---- labels */

/* What may be left out of a label, first what is missed least. */
enum { LABEL_FULL, LABEL_NO_LENGTH, LABEL_NO_ACK, LABEL_NO_SACK, LABEL_SHORTEST };

static const char *packet_name(uint16_t protocol)
{
	switch (protocol) {
	case 1: return "ICMP";
	case 17: return "UDP";
	case 58: return "ICMPv6";
	case 0x806: return "ARP";
	}
	return "packet";
}

static void label_name(struct text *t, const struct row *row, const struct glyphs *g)
{
	static const char *const names[] = {"SYN", "data", "ACK", "FIN", "RST", "", ""};

	if (row->class == CLASS_PACKET) {
		text_str(t, packet_name(row->protocol));
		return;
	}
	text_str(t, names[row->class]);
	if (row->class == CLASS_DATA || row->class == CLASS_ACK || !(row->flags & AKSU_ACK))
		return;
	text_str(t, g->and);
	text_str(t, "ACK");
}

static void label_numbers(struct text *t, const struct row *row, const struct glyphs *g, int cut)
{
	text_u64(t, row->seq);
	if (row->class == CLASS_DATA && row->count > 1 && cut < LABEL_SHORTEST) {
		text_str(t, g->to);
		text_u64(t, (uint32_t)(row->end - 1));
	} else if (row->class == CLASS_DATA && row->count > 1) {
		text_str(t, " +"); /* so many octets: shorter than where they end */
		text_u64(t, row->length);
	}
	if (row->flags & AKSU_ACK && cut < LABEL_NO_ACK) {
		text_char(t, ',');
		text_u64(t, row->ack);
	}
	if (row->length > 0 && row->count == 1 && cut < LABEL_NO_LENGTH) {
		text_str(t, " len ");
		text_u64(t, row->length);
	}
	if (row->sack_count > 0 && cut < LABEL_NO_SACK) {
		text_str(t, " sk ");
		text_u64(t, row->sack.start);
		text_char(t, '-');
		text_u64(t, row->sack.end);
	}
}

static void label(struct text *t, const struct row *row, const struct glyphs *g, int cut)
{
	t->len = 0;
	if (row->count > 1) {
		text_u64(t, row->count);
		text_str(t, g->times);
		text_char(t, ' ');
	}
	label_name(t, row, g);
	if (row->class == CLASS_PACKET)
		return;
	text_char(t, ' ');
	label_numbers(t, row, g, cut);
}

/* The fullest label that leaves room for an arrow's head and two blanks. */
static struct text fitting_label(const struct row *row, const struct glyphs *g, size_t width,
				 char *buffer)
{
	struct text t = text_in(buffer, LABEL_MAX);

	for (int cut = LABEL_FULL; cut <= LABEL_SHORTEST; cut++) {
		label(&t, row, g, cut);
		if (text_columns(t.at, t.len) + 3 <= width)
			break;
	}
	text_cut(&t, width - 3);
	return t;
}

/* ---- arrows */

/* The parts of an arrow, from its sender's side to the other: lead label line end gap. */
struct arrow {
	size_t gap_before, lead, line, gap_after;
	const char *begin, *end;
};

/* How the columns that the label leaves free (at least three) are shared out. */
static struct arrow arrow_of(const struct row *row, size_t free, const struct glyphs *g)
{
	bool rightward = row->side == AKSU_LEFT;
	size_t spare = free - 3; /* two blanks, one column for the end */
	struct arrow a = {.lead = spare > 2 ? 2 : spare, .begin = "", .end = g->lost};

	spare -= a.lead;
	switch ((enum row_shape)row->shape) {
	case SHAPE_ARROW: a.end = rightward ? g->right : g->left; break;
	case SHAPE_BROKEN: break;
	case SHAPE_LOST: a.gap_after = spare - spare / 3; break;
	case SHAPE_DEPART:
		a.end = rightward ? g->down_left : g->down_right;
		a.gap_after = spare - spare / 2;
		break;
	case SHAPE_ARRIVE:
		a.begin = rightward ? g->up_right : g->up_left;
		a.end = rightward ? g->right : g->left;
		spare -= spare > 0;
		a.gap_before = spare - spare / 2;
		break;
	case SHAPE_NONE: break;
	}
	a.line = spare - a.gap_after - a.gap_before;
	return a;
}

static void lane_arrow(struct text *t, const struct row *row, const struct glyphs *g, size_t width)
{
	char buffer[LABEL_MAX];
	struct text words = fitting_label(row, g, width, buffer);
	struct arrow a = arrow_of(row, width - text_columns(words.at, words.len), g);

	if (row->side == AKSU_LEFT) {
		text_repeat(t, " ", a.gap_before);
		text_str(t, a.begin);
		text_repeat(t, g->dash, a.lead);
		text_char(t, ' ');
		text_add(t, words.at, words.len);
		text_char(t, ' ');
		text_repeat(t, g->dash, a.line);
		text_str(t, a.end);
		text_repeat(t, " ", a.gap_after);
	} else {
		text_repeat(t, " ", a.gap_after);
		text_str(t, a.end);
		text_repeat(t, g->dash, a.line);
		text_char(t, ' ');
		text_add(t, words.at, words.len);
		text_char(t, ' ');
		text_repeat(t, g->dash, a.lead);
		text_str(t, a.begin);
		text_repeat(t, " ", a.gap_before);
	}
}

/* Words in the middle of dots. */
static void lane_dots(struct text *t, const struct text *words, const struct glyphs *g,
		      size_t width)
{
	size_t n = text_columns(words->at, words->len) + 2;
	size_t dots = width > n ? width - n : 0;

	text_repeat(t, g->dots, dots / 2);
	text_char(t, ' ');
	text_add(t, words->at, words->len);
	text_char(t, ' ');
	text_repeat(t, g->dots, dots - dots / 2);
}

/* ---- cells around the lane */

static size_t time_width(const struct aksu_ladder *l)
{
	return ladder_has(l, AKSU_LADDER_FINE) ? WIDTH_TIME_FINE : WIDTH_TIME;
}

static void cell_time(const struct aksu_ladder *l, struct text *t, aksu_time time)
{
	char buffer[32];
	struct text words = text_in(buffer, sizeof(buffer));

	text_seconds(&words, time - l->config.start, ladder_has(l, AKSU_LADDER_FINE) ? 6 : 3);
	if (ladder_has(l, AKSU_LADDER_FINE))
		text_char(&words, ' ');
	text_cell(t, words.at, words.len, time_width(l), true);
}

/* A state and the column between it and its neighbour, which takes the "~" of long names. */
static void cell_state(struct text *t, uint8_t state, bool inferred, bool right)
{
	char buffer[32];
	struct text words = text_in(buffer, sizeof(buffer));

	if (state != LADDER_NO_STATE) {
		if (!right || inferred)
			text_char(&words, inferred ? '~' : ' ');
		text_str(&words, aksu_state_short((enum aksu_state)state));
	}
	text_cell(t, words.at, words.len, WIDTH_STATE + 1, right);
}

static void small_number(struct text *t, uint32_t n)
{
	if (n < 10000) {
		text_u64(t, n);
		return;
	}
	if (n < 100000)
		text_fixed(t, n / 100, 1);
	else
		text_u64(t, n / 1000);
	text_char(t, 'k');
}

static void cells_wide(struct text *t, const struct row *row)
{
	char buffer[64];
	struct text words = text_in(buffer, sizeof(buffer));

	if (row->cwnd != 0) {
		small_number(&words, row->cwnd);
		text_char(&words, '/');
		small_number(&words, row->in_flight);
	}
	text_cell(t, words.at, words.len, WIDTH_CWND, false);
	text_char(t, ' ');
	words.len = 0;
	text_str(&words, aksu_why_name((enum aksu_why)row->why));
	text_char(&words, ' ');
	text_str(&words, aksu_why_section((enum aksu_why)row->why));
	text_cell(t, words.at, words.len, WIDTH_WHY, false);
}

static void finish(const struct aksu_ladder *l, struct text *t)
{
	while (t->len > 0 && t->at[t->len - 1] == ' ')
		t->len--;
	text_char(t, '\n');
	text_write(t, &l->config.out);
}

/* ---- lines */

static void draw_endpoint(struct text *t, const struct aksu_ladder *l, const struct flow *flow,
			  unsigned side)
{
	char buffer[48];
	const struct aksu_endpoint *end = &flow->end[side];
	size_t n = aksu_addr_print(&end->addr, buffer, sizeof(buffer));
	bool v4 = aksu_addr_is_v4(&end->addr);

	text_str(t, v4 ? "" : "[");
	text_add(t, buffer, n);
	text_str(t, v4 ? ":" : "]:");
	text_u64(t, end->port);
	text_str(t, " (");
	text_str(t, l->config.name[side]);
	text_char(t, ')');
}

static void draw_endpoints(struct aksu_ladder *l, const struct row *row)
{
	char buffer[LINE_MAX];
	struct text t = text_in(buffer, sizeof(buffer));
	const char *note = l->config.note;
	size_t note_columns = note == NULL ? 0 : text_columns(note, text_length(note)) + 3;

	draw_endpoint(&t, l, &l->flows[row->flow], AKSU_LEFT);
	text_char(&t, ' ');
	text_str(&t, glyphs_of(l)->both);
	text_char(&t, ' ');
	draw_endpoint(&t, l, &l->flows[row->flow], AKSU_RIGHT);
	if (note != NULL && !l->any_row) {
		if (text_columns(t.at, t.len) + note_columns > WIDTH_LINE)
			finish(l, &t), t.len = 0;
		else
			text_str(&t, "   ");
		text_str(&t, note);
	}
	finish(l, &t);
}

static void draw_titles(const struct aksu_ladder *l)
{
	char buffer[LINE_MAX], inner[32];
	struct text t = text_in(buffer, sizeof(buffer)), words = text_in(inner, sizeof(inner));
	const struct glyphs *g = glyphs_of(l);

	text_str(&words,
		 ladder_has(l, AKSU_LADDER_ABSOLUTE) ? "seq,ack as sent" : "seq,ack are relative");
	text_cell(&t, "time ", ladder_has(l, AKSU_LADDER_FINE) ? 5 : 4, time_width(l), true);
	text_cell(&t, l->config.name[0], text_length(l->config.name[0]), WIDTH_STATE + 1, true);
	text_char(&t, ' ');
	text_str(&t, g->bar);
	lane_dots(&t, &words, g, lane_width(l));
	text_str(&t, g->bar);
	text_char(&t, ' ');
	text_cell(&t, l->config.name[1], text_length(l->config.name[1]), WIDTH_STATE + 1, false);
	text_cell(&t, "mark", 4, WIDTH_MARK + 1, false);
	if (ladder_has(l, AKSU_LADDER_WIDE)) {
		text_cell(&t, "cwnd/flight", 11, WIDTH_CWND + 1, false);
		text_str(&t, "why");
	}
	finish(l, &t);
}

/* Time, left state and bar; or blanks for them. */
static void begin_line(const struct aksu_ladder *l, struct text *t, const struct row *row)
{
	if (row == NULL)
		text_repeat(t, " ", time_width(l));
	else
		cell_time(l, t, row->time);
	cell_state(t, row == NULL ? (uint8_t)LADDER_NO_STATE : row->state[0],
		   row != NULL && row->inferred[0], true);
	text_char(t, ' ');
	text_str(t, glyphs_of(l)->bar);
}

static void draw_initial(const struct aksu_ladder *l)
{
	char buffer[LINE_MAX];
	struct text t = text_in(buffer, sizeof(buffer));
	struct row row = {.state = {l->config.state[0], l->config.state[1]}};

	text_repeat(&t, " ", time_width(l));
	cell_state(&t, row.state[0], false, true);
	text_char(&t, ' ');
	text_str(&t, glyphs_of(l)->bar);
	text_repeat(&t, " ", lane_width(l));
	text_str(&t, glyphs_of(l)->bar);
	cell_state(&t, row.state[1], false, false);
	finish(l, &t);
}

static void draw_quiet(const struct aksu_ladder *l, aksu_time span)
{
	char buffer[LINE_MAX], inner[48];
	struct text t = text_in(buffer, sizeof(buffer)), words = text_in(inner, sizeof(inner));

	text_span(&words, span);
	text_str(&words, " quiet");
	begin_line(l, &t, NULL);
	lane_dots(&t, &words, glyphs_of(l), lane_width(l));
	text_str(&t, glyphs_of(l)->bar);
	finish(l, &t);
}

static void draw_row(const struct aksu_ladder *l, const struct row *row)
{
	char buffer[LINE_MAX], inner[LINE_MAX];
	struct text t = text_in(buffer, sizeof(buffer)), lane = text_in(inner, sizeof(inner));
	const struct glyphs *g = glyphs_of(l);

	begin_line(l, &t, row);
	if (row->shape == SHAPE_NONE)
		text_repeat(&lane, " ", lane_width(l));
	else
		lane_arrow(&lane, row, g, lane_width(l));
	coloured(l, &t, class_colour(row), &lane);
	text_str(&t, g->bar);
	cell_state(&t, row->state[1], row->inferred[1], false);
	text_char(&t, ' ');
	lane.len = 0;
	text_cell(&lane, row->mark, text_length(row->mark), WIDTH_MARK, false);
	coloured(l, &t, row->mark[0] != '\0' ? tone_colour(row->tone) : "", &lane);
	if (ladder_has(l, AKSU_LADDER_WIDE) && row->shape != SHAPE_NONE) {
		text_char(&t, ' ');
		cells_wide(&t, row);
	}
	finish(l, &t);
}

void ladder_draw(struct aksu_ladder *l, const struct row *row)
{
	bool fold = !ladder_has(l, AKSU_LADDER_ALL);

	if (!l->heading_drawn || row->flow != l->flow_drawn)
		draw_endpoints(l, row);
	if (!l->heading_drawn) {
		draw_titles(l);
		if (l->config.state[0] != AKSU_STATE_CLOSED ||
		    l->config.state[1] != AKSU_STATE_CLOSED)
			draw_initial(l);
	}
	l->heading_drawn = true;
	l->flow_drawn = row->flow;
	if (fold && l->any_row && row->time >= l->drawn_until + QUIET_MIN)
		draw_quiet(l, row->time - l->drawn_until);
	draw_row(l, row);
	l->any_row = true;
	l->drawn_until = row->last > l->drawn_until ? row->last : l->drawn_until;
}
