/* SPDX-License-Identifier: MIT */
/*
 * base/compile.h - the few words of the compiler that the rest needs, in one place.
 */
#ifndef AKSU_BASE_COMPILE_H
#define AKSU_BASE_COMPILE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define MUST_USE    __attribute__((warn_unused_result))
#define LIKELY(x)   __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)
#else
#define MUST_USE
#define LIKELY(x)   (x)
#define UNLIKELY(x) (x)
#endif

#ifndef static_assert
#define static_assert _Static_assert
#endif

#define COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))

/* The struct around a member. */
#define CONTAINER_OF(ptr, type, member) ((type *)(void *)((char *)(ptr) - offsetof(type, member)))

static inline uint32_t min_u32(uint32_t a, uint32_t b) { return a < b ? a : b; }
static inline uint32_t max_u32(uint32_t a, uint32_t b) { return a > b ? a : b; }
static inline uint64_t min_u64(uint64_t a, uint64_t b) { return a < b ? a : b; }
static inline uint64_t max_u64(uint64_t a, uint64_t b) { return a > b ? a : b; }
static inline size_t min_size(size_t a, size_t b) { return a < b ? a : b; }

/* Index of the highest and the lowest bit that is set; x is not 0. */
static inline unsigned log2_u32(uint32_t x) { return 31u - (unsigned)__builtin_clz(x); }
static inline unsigned low_bit_u64(uint64_t x) { return (unsigned)__builtin_ctzll(x); }

#endif
