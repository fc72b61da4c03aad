/* SPDX-License-Identifier: MIT */
/*
 * trace/text.c - building a line of text without a libc.
 */
#include "trace/text.h"

size_t text_length(const char *s)
{
	size_t n = 0;

	while (s[n] != '\0')
		n++;
	return n;
}

bool text_equal(const char *a, const char *b)
{
	size_t n = text_length(a);

	return n == text_length(b) && memcmp(a, b, n) == 0;
}

/* Whether an octet continues a character of UTF-8. */
static bool continues(char c) { return ((unsigned char)c & 0xc0) == 0x80; }

void text_add(struct text *t, const char *s, size_t n)
{
	size_t room = t->cap - t->len;

	if (n > room) {
		n = room;
		while (n > 0 && continues(s[n]))
			n--;
	}
	memcpy(t->at + t->len, s, n);
	t->len += n;
}

void text_str(struct text *t, const char *s) { text_add(t, s, text_length(s)); }

void text_char(struct text *t, char c) { text_add(t, &c, 1); }

void text_repeat(struct text *t, const char *s, size_t times)
{
	size_t n = text_length(s);

	while (times-- > 0)
		text_add(t, s, n);
}

void text_u64(struct text *t, uint64_t v) { text_fixed(t, v, 0); }

void text_hex(struct text *t, uint64_t v, unsigned digits)
{
	while (digits-- > 0)
		text_char(t, "0123456789abcdef"[v >> 4 * digits & 0xf]);
}

void text_fixed(struct text *t, uint64_t units, unsigned places)
{
	char digits[32];
	size_t at = sizeof(digits);

	for (unsigned i = 0; i <= places || units != 0; i++) {
		if (i == places && places > 0)
			digits[--at] = '.';
		digits[--at] = (char)('0' + units % 10);
		units /= 10;
	}
	text_add(t, digits + at, sizeof(digits) - at);
}

void text_seconds(struct text *t, aksu_time ns, unsigned places)
{
	uint64_t units = ns;

	for (unsigned cut = places; cut < 9; cut++)
		units /= 10;
	text_fixed(t, units, places);
}

/* Whole numbers where they are exact, one decimal where they are not. */
static void span_in(struct text *t, uint64_t tenths, const char *unit, bool always)
{
	if (tenths % 10 != 0 || always)
		text_fixed(t, tenths, 1);
	else
		text_u64(t, tenths / 10);
	text_str(t, unit);
}

void text_span(struct text *t, aksu_time ns)
{
	if (ns >= 300 * AKSU_SECOND)
		span_in(t, (ns + 3 * AKSU_SECOND) / (6 * AKSU_SECOND), " min", false);
	else if (ns >= AKSU_SECOND)
		span_in(t, (ns + 50 * AKSU_MILLISECOND) / (100 * AKSU_MILLISECOND), " s", true);
	else if (ns >= AKSU_MILLISECOND)
		span_in(t, ns / (100 * AKSU_MICROSECOND), " ms", false);
	else
		span_in(t, ns / 100, " us", false);
}

const char *text_end(struct text *t)
{
	if (t->len == t->cap) {
		do
			t->len--;
		while (t->len > 0 && continues(t->at[t->len]));
	}
	t->at[t->len] = '\0';
	return t->at;
}

size_t text_columns(const char *s, size_t n)
{
	size_t columns = 0;

	for (size_t i = 0; i < n; i++)
		columns += !continues(s[i]);
	return columns;
}

/* How many octets of s[0..n) make up at most `columns`. */
static size_t fitting(const char *s, size_t n, size_t columns)
{
	size_t i = 0;

	while (i < n) {
		size_t next = i + 1;

		while (next < n && continues(s[next]))
			next++;
		if (columns-- == 0)
			break;
		i = next;
	}
	return i;
}

void text_cut(struct text *t, size_t columns) { t->len = fitting(t->at, t->len, columns); }

void text_cell(struct text *t, const char *s, size_t n, size_t columns, bool right)
{
	size_t blanks;

	n = fitting(s, n, columns);
	blanks = columns - text_columns(s, n);
	if (right)
		text_repeat(t, " ", blanks);
	text_add(t, s, n);
	if (!right)
		text_repeat(t, " ", blanks);
}
