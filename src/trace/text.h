/* SPDX-License-Identifier: MIT */
/*
 * trace/text.h - building a line of text without a libc: numbers, padding, columns of UTF-8.
 *
 * A text never runs over: what does not fit is left out, at the border of a character, and the rest
 * of the program goes on. Columns are characters: every character that we draw with is one wide.
 */
#ifndef AKSU_TRACE_TEXT_H
#define AKSU_TRACE_TEXT_H

#include <aksu/trace.h>

#include "base/bytes.h"

struct text {
	char *at;
	size_t len, cap; /* the text is at[0..len); it is not terminated */
};

static inline struct text text_in(char *buffer, size_t cap)
{
	return (struct text){buffer, 0, cap};
}

size_t text_length(const char *s);
bool text_equal(const char *a, const char *b);

void text_add(struct text *t, const char *s, size_t n);
void text_str(struct text *t, const char *s);
void text_char(struct text *t, char c);
void text_repeat(struct text *t, const char *s, size_t times);
void text_u64(struct text *t, uint64_t v);
void text_hex(struct text *t, uint64_t v, unsigned digits);

/* `units` with a point before its last `places` digits: text_fixed(t, 1234, 3) is 1.234. */
void text_fixed(struct text *t, uint64_t units, unsigned places);

/* Seconds with `places` decimals (at most 9), cut and not rounded. */
void text_seconds(struct text *t, aksu_time ns, unsigned places);

/* A span as people say it: "20 ms", "1.0 s", "350 us", "2 min". */
void text_span(struct text *t, aksu_time ns);

/* Terminates the text; the last octet is given up for it if need be. */
const char *text_end(struct text *t);

/* Columns that s[0..n) takes. */
size_t text_columns(const char *s, size_t n);

/* Takes away what is beyond `columns`. */
void text_cut(struct text *t, size_t columns);

/* Adds s, cut to or padded to `columns`; on the right of them if `right`. */
void text_cell(struct text *t, const char *s, size_t n, size_t columns, bool right);

static inline void text_write(const struct text *t, const struct aksu_writer *out)
{
	out->write(out->ctx, t->at, t->len);
}

#endif
