/* SPDX-License-Identifier: MIT */
/*
 * base/bytes.h - numbers as they lie on the wire, and a cursor that cannot run over the end.
 *
 * be16 and be32 are arrays of octets: they may sit anywhere in a frame, a forgotten conversion is a
 * type error, and no ntohl() exists in the tree.
 */
#ifndef AKSU_BASE_BYTES_H
#define AKSU_BASE_BYTES_H

#include "base/compile.h"

/* A freestanding compiler still calls these five; base/freestanding.c has them where no libc is. */
void *memcpy(void *restrict dst, const void *restrict src, size_t n);
void *memmove(void *dst, const void *src, size_t n);
void *memset(void *dst, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *text);

typedef struct {
	uint8_t b[2];
} be16;

typedef struct {
	uint8_t b[4];
} be32;

static inline uint16_t get16(be16 x) { return (uint16_t)(x.b[0] << 8 | x.b[1]); }

static inline uint32_t get32(be32 x)
{
	return (uint32_t)x.b[0] << 24 | (uint32_t)x.b[1] << 16 | (uint32_t)x.b[2] << 8 |
	       (uint32_t)x.b[3];
}

static inline be16 put16(uint32_t v) { return (be16){{(uint8_t)(v >> 8), (uint8_t)v}}; }

static inline be32 put32(uint32_t v)
{
	return (be32){{(uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v}};
}

/* A word as loaded by this machine, in the network's order. */
static inline uint64_t network64(uint64_t word)
{
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	word = __builtin_bswap64(word);
#endif
	return word;
}

/* What is left to read of a frame. */
struct cur {
	const uint8_t *at, *end;
};

static inline size_t cur_left(const struct cur *c) { return (size_t)(c->end - c->at); }

/* The next n octets, or NULL if fewer remain; then nothing is taken. */
static inline const void *cur_take(struct cur *c, size_t n)
{
	const uint8_t *at = c->at;

	if (cur_left(c) < n)
		return NULL;
	c->at += n;
	return at;
}

#endif
