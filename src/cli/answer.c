/* SPDX-License-Identifier: MIT */
/*
 * cli/answer.c - see cli/answer.h.
 *
 * The table is measured before it is told, for its columns; what comes between the two may push a
 * row to the right.
 */
#include "cli/answer.h"

#include <stdio.h>
#include <string.h>

/* Connections looked at for one piece, about 100 us: whoever asks does not hold up the stack. */
enum { LOOK = 16 };

_Static_assert((int)ANSWER_PIECE >= (int)SS_JSON && (int)ANSWER_PIECE >= 2 * (int)SS_LINE,
	       "a heading and a row");

/* ------------------------------------------------------------------ requests */

/* What each word means; false: it means nothing here. */
static bool take_word(struct answer *a, const char *word)
{
	if (strcmp(word, "json") == 0)
		a->json = true;
	else if (a->kind == ANSWER_SS && strcmp(word, "listeners") == 0)
		a->which = ANSWER_LISTENERS;
	else if (a->kind == ANSWER_SS && strcmp(word, "all") == 0)
		a->which = ANSWER_ALL;
	else
		return false;
	return true;
}

static bool take_kind(struct answer *a, const char *word)
{
	static const char *const names[] = {"ss", "stats", "stop"};

	for (int k = 0; word && k < 3; k++)
		if (strcmp(word, names[k]) == 0) {
			a->kind = (enum answer_kind)k;
			return true;
		}
	return false;
}

void answer_refuse(struct answer *a, const char *why)
{
	*a = (struct answer){.refused = true};
	because(&a->why, "%s", why);
}

void answer_begin(struct answer *a, const char *request)
{
	char line[ANSWER_REQUEST], *rest = NULL, *word;

	*a = (struct answer){.kind = ANSWER_SS};
	snprintf(line, sizeof(line), "%s", request);
	word = strtok_r(line, " ", &rest);
	if (!word || strcmp(word, ANSWER_VERSION) != 0) {
		answer_refuse(a, "it is aksu " AKSU_VERSION " and speaks " ANSWER_VERSION);
		return;
	}
	if (!take_kind(a, strtok_r(NULL, " ", &rest))) {
		answer_refuse(a, "a request is ss, stats or stop");
		return;
	}
	while ((word = strtok_r(NULL, " ", &rest)) != NULL)
		if (a->kind == ANSWER_STOP || !take_word(a, word)) {
			answer_refuse(a, "a request has a word that is not known here");
			return;
		}
}

/* ------------------------------------------------------------------ ss */

static bool is_wanted(const struct answer *a, const struct aksu_info *info)
{
	switch (a->which) {
	case ANSWER_CONNECTIONS: return info->conn != 0;
	case ANSWER_LISTENERS: return info->state == AKSU_STATE_LISTEN;
	case ANSWER_ALL: break;
	}
	return true;
}

/* The next that is wanted, if there is one among the next LOOK; *end: there are no more. */
static bool next_wanted(struct answer *a, const struct aksu *stack, unsigned *looks,
			struct aksu_info *out, bool *end)
{
	while (*looks > 0) {
		(*looks)--;
		*end = !aksu_next_info(stack, &a->cursor, out);
		if (*end)
			return false;
		if (is_wanted(a, out))
			return true;
	}
	return false;
}

static void measure(struct answer *a, const struct aksu *stack, aksu_time now)
{
	unsigned looks = LOOK;
	struct aksu_info info;
	struct ss_row row;
	bool end = false;

	while (next_wanted(a, stack, &looks, &info, &end)) {
		row = ss_row_of(&info, now);
		ss_widths_take(&a->widths, &row);
	}
	if (!end)
		return;
	a->cursor = 0;
	a->step = ANSWER_TELLS;
}

static size_t tell_one(struct answer *a, const struct aksu_info *info, aksu_time now, char *out)
{
	struct ss_row row;
	size_t n = 0;

	if (a->json) {
		n = ss_json(info, now, out);
	} else {
		if (a->told == 0) {
			row = ss_heading();
			n = ss_line(&row, &a->widths, out);
		}
		row = ss_row_of(info, now);
		n += ss_line(&row, &a->widths, out + n);
	}
	a->told++;
	return n;
}

static size_t tell_connections(struct answer *a, const struct aksu *stack, aksu_time now, char *out)
{
	unsigned looks = LOOK;
	struct aksu_info info;
	bool end = false;

	if (next_wanted(a, stack, &looks, &info, &end))
		return tell_one(a, &info, now, out);
	if (!end)
		return 0;
	a->step = ANSWER_ENDS;
	if (a->told > 0 || a->json)
		return 0;
	return (size_t)snprintf(out, ANSWER_PIECE, "%s\n",
				a->which == ANSWER_LISTENERS
					? "no listeners"
					: (a->which == ANSWER_ALL ? "no sockets"
								  : "no connections"));
}

/* ------------------------------------------------------------------ stats */

enum { FIGURES = 13 };

struct figure {
	const char *name;
	uint64_t value;
};

static struct figure figure_at(const struct aksu *stack, unsigned i)
{
	const struct aksu_counters *c = aksu_counters(stack);
	const struct figure figures[FIGURES] = {
		{"frames_in", c->frames_in},
		{"frames_out", c->frames_out},
		{"octets_in", c->octets_in},
		{"octets_out", c->octets_out},
		{"segments_in", c->segments_in},
		{"segments_out", c->segments_out},
		{"retransmissions", c->retransmissions},
		{"connections_opened", c->connections_opened},
		{"connections_accepted", c->connections_accepted},
		{"connections_failed", c->connections_failed},
		{"connections_reset", c->connections_reset},
		{"memory_used", aksu_memory_used(stack)},
		{"memory_peak", aksu_memory_peak(stack)},
	};

	return figures[i];
}

/* Drops that happened follow the figures; the sentence says what each means. */
static size_t tell_counter(struct answer *a, const struct aksu *stack, char *out)
{
	const uint64_t *drops = aksu_counters(stack)->drops;
	unsigned i = (unsigned)a->cursor++;
	enum aksu_drop drop = (enum aksu_drop)(i - FIGURES);
	struct figure f;

	if (i < FIGURES) {
		f = figure_at(stack, i);
		return (size_t)snprintf(out, ANSWER_PIECE,
					a->json ? "%s\"%s\":%llu" : "%s%s %llu\n",
					a->json ? (i ? "," : "{") : "", f.name,
					(unsigned long long)f.value);
	}
	if (i - FIGURES == AKSU_DROP_COUNT) {
		a->step = ANSWER_ENDS;
		if (!a->json)
			return 0;
		return (size_t)snprintf(out, ANSWER_PIECE, "%s}}\n",
					a->told > 0 ? "" : ",\"drops\":{");
	}
	if (drops[drop] == 0)
		return 0;
	if (a->json)
		return (size_t)snprintf(out, ANSWER_PIECE, "%s\"%s\":%llu",
					a->told++ ? "," : ",\"drops\":{", aksu_drop_name(drop),
					(unsigned long long)drops[drop]);
	return (size_t)snprintf(out, ANSWER_PIECE, "drop %s %llu  (%s)\n", aksu_drop_name(drop),
				(unsigned long long)drops[drop], aksu_drop_text(drop));
}

/* ------------------------------------------------------------------ the whole */

static size_t begin(struct answer *a, char *out)
{
	struct ss_row heading = ss_heading();

	if (a->refused) {
		a->step = ANSWER_ENDS;
		return (size_t)snprintf(out, ANSWER_PIECE, ANSWER_ERROR "%s\n", a->why.text);
	}
	ss_widths_take(&a->widths, &heading);
	a->step = a->kind == ANSWER_SS && !a->json ? ANSWER_MEASURES : ANSWER_TELLS;
	return (size_t)snprintf(out, ANSWER_PIECE, "%s", ANSWER_OK);
}

static size_t tell(struct answer *a, const struct aksu *stack, aksu_time now, char *out)
{
	switch (a->kind) {
	case ANSWER_SS: return tell_connections(a, stack, now, out);
	case ANSWER_STATS: return tell_counter(a, stack, out);
	case ANSWER_STOP: break;
	}
	a->step = ANSWER_ENDS;
	return (size_t)snprintf(out, ANSWER_PIECE, "closing\n");
}

size_t answer_more(struct answer *a, const struct aksu *stack, aksu_time now,
		   char out[ANSWER_PIECE])
{
	switch (a->step) {
	case ANSWER_BEGINS: return begin(a, out);
	case ANSWER_MEASURES: measure(a, stack, now); return 0;
	case ANSWER_TELLS: return tell(a, stack, now, out);
	case ANSWER_ENDS:
		a->step = ANSWER_DONE;
		return (size_t)snprintf(out, ANSWER_PIECE, ANSWER_END);
	case ANSWER_DONE: break;
	}
	return 0;
}
