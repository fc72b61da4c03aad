/* SPDX-License-Identifier: MIT */
/*
 * trace/ladder_fold.c - many like rows become one: "10× data 1‥14480,79".
 *
 * Rows that follow each other and are alike are folded. When plain data and plain ACKs have taken
 * turns for some rows, the eye has seen how it goes: from there on each direction grows one row
 * until something remarkable happens. Nothing remarkable is ever folded away.
 */
#include "trace/ladder.h"

#include "base/bytes.h"
#include "trace/text.h"

enum {
	FOLD_TURNS = 8, /* plain rows in turn that are drawn before the rest is gathered */
};

/* Longer than this between two rows is quiet, and drawn as such. */
#define FOLD_QUIET (2 * AKSU_SECOND)

static bool alike(const struct row *a, const struct row *b)
{
	return a->foldable && b->foldable && a->flow == b->flow && a->side == b->side &&
	       a->class == b->class && a->shape == b->shape && a->tone == b->tone &&
	       (a->sack_count > 0) == (b->sack_count > 0) &&
	       (a->tone == TONE_PLAIN || a->tone == TONE_DUPLICATE ||
		text_equal(a->mark, b->mark)) &&
	       b->time - a->last < FOLD_QUIET;
}

static bool continues(const struct row *a, const struct row *b)
{
	return alike(a, b) && (a->class != CLASS_DATA || a->end == b->seq);
}

static void take_in(struct row *a, const struct row *b)
{
	a->last = b->last;
	a->end = b->end;
	a->ack = b->ack;
	a->length += b->length;
	a->count += b->count;
	a->sack = b->sack;
	a->sack_count = b->sack_count;
	a->cwnd = b->cwnd;
	a->in_flight = b->in_flight;
	a->why = b->why;
	if (b->mark[0] != '\0')
		memcpy(a->mark, b->mark, sizeof(a->mark));
}

void ladder_fold_flush(struct aksu_ladder *l)
{
	struct fold *fold = &l->fold;

	for (unsigned i = 0; i < fold->open_count; i++)
		ladder_draw(l, &fold->open[i]);
	fold->open_count = 0;
}

void ladder_fold(struct aksu_ladder *l, const struct row *row)
{
	struct fold *fold = &l->fold;
	bool plain = row->foldable && row->shape == SHAPE_ARROW &&
		     (row->tone == TONE_PLAIN || row->tone == TONE_DUPLICATE);

	if (!row->foldable || ladder_has(l, AKSU_LADDER_ALL)) {
		ladder_fold_flush(l);
		fold->plain = 0;
		ladder_draw(l, row);
		return;
	}
	for (unsigned i = 0; i < fold->open_count; i++) {
		if (continues(&fold->open[i], row)) {
			take_in(&fold->open[i], row);
			return;
		}
		if (alike(&fold->open[i], row))
			break; /* not contiguous: the reader must see the jump */
		if (i + 1 == fold->open_count && plain && fold->plain >= FOLD_TURNS &&
		    fold->open_count < FOLD_OPEN_MAX) {
			fold->open[fold->open_count++] = *row;
			return;
		}
	}
	ladder_fold_flush(l);
	fold->plain = plain ? fold->plain + 1 : 0;
	fold->open[fold->open_count++] = *row;
}
