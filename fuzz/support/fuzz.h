/* SPDX-License-Identifier: MIT */
/*
 * support/fuzz.h - what every fuzz target needs: its entry, the word for what must be so, and an
 * allocator that counts what lives.
 */
#ifndef AKSU_FUZZ_FUZZ_H
#define AKSU_FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* libFuzzer keeps the input of an abort. */
static inline void must(bool so)
{
	if (!so)
		abort();
}

/* An aksu_allocator's pair; `live` counts the octets that were not given back. */
static inline void *fuzz_alloc(void *live, size_t size, size_t align)
{
	(void)align;
	*(size_t *)live += size;
	return malloc(size);
}

static inline void fuzz_free(void *live, void *p, size_t size)
{
	*(size_t *)live -= size;
	free(p);
}

#endif
