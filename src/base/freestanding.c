/* SPDX-License-Identifier: MIT */
/*
 * base/freestanding.c - the five functions that a C compiler may call without being asked to.
 *
 * GCC and clang turn copying, clearing and counting loops into calls of memcpy, memmove, memset,
 * memcmp and strlen even for freestanding code. Where there is no libc (the freestanding and wasm32
 * builds, and systems without one) these stand in. They are for size and plainness; on a host
 * libc's are used. This file is compiled without builtins, or its loops would become calls of
 * themselves.
 */
#include "base/bytes.h"

void *memcpy(void *restrict to, const void *restrict from, size_t n)
{
	uint8_t *d = to;
	const uint8_t *s = from;

	for (size_t i = 0; i < n; i++)
		d[i] = s[i];
	return to;
}

void *memmove(void *to, const void *from, size_t n)
{
	uint8_t *d = to;
	const uint8_t *s = from;

	if ((uintptr_t)d <= (uintptr_t)s) {
		for (size_t i = 0; i < n; i++)
			d[i] = s[i];
	} else {
		for (size_t i = n; i > 0; i--)
			d[i - 1] = s[i - 1];
	}
	return to;
}

void *memset(void *to, int value, size_t n)
{
	uint8_t *d = to;

	for (size_t i = 0; i < n; i++)
		d[i] = (uint8_t)value;
	return to;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const uint8_t *x = a;
	const uint8_t *y = b;

	for (size_t i = 0; i < n; i++)
		if (x[i] != y[i])
			return x[i] < y[i] ? -1 : 1;
	return 0;
}

size_t strlen(const char *text)
{
	size_t n = 0;

	while (text[n] != '\0')
		n++;
	return n;
}
