/* SPDX-License-Identifier: MIT */
/*
 * tests/support/memory.h - an allocator that counts, and that fails on demand.
 *
 * `live` and `blocks` say what was not given back. Every allocation has a number, from 1;
 * `fail_at` refuses that one, `fail_from` up to (not including) `fail_until` a whole range. What is
 * handed out is filled with rubbish, so that nothing may count on zeros, and so is what is given
 * back, so that a late reader shows itself even without a sanitizer.
 */
#ifndef AKSU_TESTS_SUPPORT_MEMORY_H
#define AKSU_TESTS_SUPPORT_MEMORY_H

#include <aksu/types.h>
#include <stdlib.h>
#include <string.h>

struct test_memory {
	size_t live;
	uint64_t blocks, asked, refused;
	uint64_t fail_at, fail_from, fail_until; /* 0: never */
	bool plain;                              /* no rubbish: for tests that measure time */
};

static inline bool test_memory_fails(const struct test_memory *m)
{
	return m->asked == m->fail_at ||
	       (m->fail_from != 0 && m->asked >= m->fail_from && m->asked < m->fail_until);
}

static inline void *test_memory_take(void *ctx, size_t size, size_t align)
{
	struct test_memory *m = ctx;
	void *p = NULL;

	m->asked++;
	if (test_memory_fails(m)) {
		m->refused++;
		return NULL;
	}
	if (posix_memalign(&p, align < sizeof(void *) ? sizeof(void *) : align, size) != 0)
		return NULL;
	if (!m->plain)
		memset(p, 0xa5, size);
	m->live += size;
	m->blocks++;
	return p;
}

static inline void test_memory_give(void *ctx, void *mem, size_t size)
{
	struct test_memory *m = ctx;

	m->live -= size;
	m->blocks--;
	if (!m->plain)
		memset(mem, 0x5a, size);
	free(mem);
}

static inline struct aksu_allocator test_memory_allocator(struct test_memory *m)
{
	return (struct aksu_allocator){test_memory_take, test_memory_give, m};
}

#endif
