/* SPDX-License-Identifier: MIT */
/*
 * Queues of octets against a flat model: any mixture of copies and slices, positions across 2^32,
 * and each allocation failing in turn.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/block.h"
#include "base/bytes.h"
#include "base/prng.h"

enum { MODEL_MAX = 1 << 17, CHUNK_MAX = 3000 };

struct heap {
	struct mem mem;
	size_t live;
	uint32_t fail_millionths;
	long fail_after; /* allocations until all fail; negative: none does */
	struct prng prng;
	unsigned released;
};

static void *give(void *ctx, size_t size, size_t align)
{
	struct heap *h = ctx;

	if (h->fail_after == 0 || prng_chance(&h->prng, h->fail_millionths))
		return NULL;
	if (h->fail_after > 0)
		h->fail_after--;
	h->live += size;
	return aligned_alloc(align, (size + align - 1) / align * align);
}

static void take_back(void *ctx, void *p, size_t size)
{
	((struct heap *)ctx)->live -= size;
	free(p);
}

static void start(struct heap *h, uint64_t seed)
{
	print_message("seed %llu\n", (unsigned long long)seed);
	*h = (struct heap){.fail_after = -1, .prng = prng_from(seed)};
	h->mem = (struct mem){.from = {give, take_back, h}, .budget = SIZE_MAX};
}

/* ------------------------------------------------------------------ blocks */

static void on_release(void *ctx, void *mem, size_t size)
{
	struct heap *h = ctx;

	(void)mem;
	h->released += (unsigned)size;
}

static void lent_memory_goes_back_once(void **state)
{
	uint8_t lent[100];
	struct aksu_block *b;
	struct heap h;

	(void)state;
	start(&h, 81);
	b = block_lend(&h.mem, lent, sizeof(lent), on_release, &h);
	assert_non_null(b);
	assert_ptr_equal(b->data, lent);
	assert_int_equal(h.mem.used, sizeof(struct aksu_block)); /* what is lent is not charged */
	block_ref(b);
	block_unref(b);
	assert_int_equal(h.released, 0);
	block_unref(b);
	assert_int_equal(h.released, 100);
	block_unref(NULL);
	assert_int_equal(h.live, 0);
	h.fail_after = 0;
	assert_null(block_lend(&h.mem, lent, sizeof(lent), on_release, &h));
	assert_null(block_new(&h.mem, 10));
	assert_int_equal(h.released, 100);
}

/* ------------------------------------------------------------------ the queue against a model */

static uint8_t model[MODEL_MAX];

struct twin {
	struct bytes q;
	uint32_t length; /* of the model */
};

static void model_append(struct twin *t, const uint8_t *data, uint32_t n)
{
	memcpy(model + t->length, data, n);
	t->length += n;
}

static void do_append(struct twin *t, struct heap *h)
{
	static const uint32_t grains[] = {1, 7, 512, 1460, 65536};
	uint32_t n = prng_below(&h->prng, CHUNK_MAX), done;
	uint32_t grain = grains[prng_below(&h->prng, COUNT_OF(grains))];
	uint8_t data[CHUNK_MAX];

	n = grain == 1 ? n % 16 : n;
	for (uint32_t i = 0; i < n; i++)
		data[i] = (uint8_t)prng_next(&h->prng);
	done = bytes_append(&t->q, &h->mem, data, n, grain);
	assert_true(done <= n);
	if (h->fail_millionths == 0)
		assert_int_equal(done, n);
	model_append(t, data, done);
}

/* A slice of a block of its own; sometimes two that follow one another in it. */
static void do_append_slice(struct twin *t, struct heap *h)
{
	uint32_t n = 1 + prng_below(&h->prng, 400), cut = prng_below(&h->prng, n);
	struct aksu_block *b = block_new(&h->mem, n);
	const uint32_t at[3] = {0, cut, n};

	if (b == NULL)
		return;
	for (uint32_t i = 0; i < n; i++)
		b->data[i] = (uint8_t)prng_next(&h->prng);
	b->filled = n;
	for (int i = 0; i < 2; i++) {
		uint32_t len = at[i + 1] - at[i];

		if (len > 0 &&
		    bytes_append_slice(&t->q, &h->mem, (struct slice){block_ref(b), at[i], len}))
			model_append(t, b->data + at[i], len);
		else if (len > 0)
			block_unref(b); /* refused: the reference is still ours */
	}
	block_unref(b);
}

static void do_drop(struct twin *t, struct heap *h)
{
	uint32_t n = prng_below(&h->prng, 2 * CHUNK_MAX), k = min_u32(n, t->length);

	bytes_drop(&t->q, &h->mem, n);
	memmove(model, model + k, t->length - k);
	t->length -= k;
}

static void do_peek(const struct twin *t, struct heap *h)
{
	uint32_t at = prng_below(&h->prng, t->length + 10), n = prng_below(&h->prng, CHUNK_MAX);
	uint32_t there = at < t->length ? min_u32(n, t->length - at) : 0;
	uint8_t data[CHUNK_MAX];
	struct slice s;

	assert_int_equal(bytes_peek(&t->q, at, data, n), there);
	assert_true(memcmp(data, model + at, there) == 0);
	s = bytes_run(&t->q, at, n);
	assert_true(s.len <= there && (s.len > 0) == (there > 0));
	if (s.len > 0)
		assert_memory_equal(s.block->data + s.at, model + at, s.len);
}

static void check(const struct twin *t)
{
	static uint8_t flat[MODEL_MAX];

	assert_int_equal(t->q.length, t->length);
	assert_int_equal(bytes_peek(&t->q, 0, flat, MODEL_MAX), t->length);
	assert_true(memcmp(flat, model, t->length) == 0);
	assert_true(t->q.count <= t->q.cap);
}

/* The position of the first octet is wherever; nothing may depend on it. */
static void run(uint64_t seed, uint32_t position, uint32_t fail_millionths)
{
	struct twin t = {.q = {.end = position}};
	struct heap h;

	start(&h, seed);
	h.fail_millionths = fail_millionths;
	for (int i = 0; i < 4000; i++) {
		switch (prng_below(&h.prng, 6)) {
		case 0:
		case 1:
			if (t.length < MODEL_MAX - CHUNK_MAX)
				do_append(&t, &h);
			break;
		case 2:
			if (t.length < MODEL_MAX - CHUNK_MAX)
				do_append_slice(&t, &h);
			break;
		case 3: do_drop(&t, &h); break;
		default: do_peek(&t, &h);
		}
		if (i % 16 == 0)
			check(&t);
	}
	check(&t);
	h.fail_millionths = 0;
	if (seed % 2 == 0)
		bytes_drop(&t.q, &h.mem, UINT32_MAX);
	else
		bytes_fini(&t.q, &h.mem);
	assert_int_equal(t.q.length, 0);
	assert_int_equal(h.live, 0);
	assert_int_equal(h.mem.used, 0);
}

static void random_operations_against_a_flat_model(void **state)
{
	(void)state;
	for (uint64_t seed = 100; seed < 108; seed++)
		run(seed, 0, 0);
}

static void positions_wrap_at_2_to_the_32(void **state)
{
	(void)state;
	for (uint64_t seed = 200; seed < 206; seed++)
		run(seed, UINT32_MAX - 50000 * (uint32_t)(seed - 200), 0);
}

static void any_allocation_may_fail(void **state)
{
	(void)state;
	for (uint64_t seed = 300; seed < 308; seed++)
		run(seed, 0, seed % 2 ? 100000 : 600000);
}

static void each_allocation_fails_in_turn(void **state)
{
	(void)state;
	for (long fail_after = 0; fail_after < 40; fail_after++) {
		struct bytes q = {0};
		struct heap h;
		uint8_t data[200], back[200 * 30];
		uint32_t total = 0;

		start(&h, 400);
		h.fail_after = fail_after;
		for (uint8_t i = 0; i < 30; i++) {
			uint32_t done;

			memset(data, i, sizeof(data));
			done = bytes_append(&q, &h.mem, data, sizeof(data), 64);
			assert_true(total + done == q.length);
			total += done;
			if (done < sizeof(data))
				break;
		}
		assert_int_equal(bytes_peek(&q, 0, back, sizeof(back)), total);
		for (uint32_t i = 0; i < total; i++)
			assert_int_equal(back[i], i / 200);
		bytes_fini(&q, &h.mem);
		assert_int_equal(h.live, 0);
	}
}

/* Small writes share a block: the memory held stays near what is queued. */
static void small_writes_share_blocks(void **state)
{
	struct bytes q = {0};
	struct heap h;

	(void)state;
	start(&h, 82);
	for (int i = 0; i < 16384; i++)
		assert_int_equal(bytes_append(&q, &h.mem, (const uint8_t *)"x", 1, 4096), 1);
	assert_int_equal(q.length, 16384);
	assert_true(h.mem.used < 2 * 16384);
	bytes_fini(&q, &h.mem);
	assert_int_equal(h.live, 0);
}

/* What a reader holds a reference to does not change when the queue goes on. */
static void what_is_referenced_stays(void **state)
{
	struct bytes q = {0};
	struct slice s;
	struct heap h;

	(void)state;
	start(&h, 83);
	bytes_append(&q, &h.mem, (const uint8_t *)"hello", 5, 512);
	s = bytes_run(&q, 1, 3);
	assert_int_equal(s.len, 3);
	block_ref(s.block);
	bytes_drop(&q, &h.mem, 5);
	bytes_append(&q, &h.mem, (const uint8_t *)"world", 5, 512);
	assert_memory_equal(s.block->data + s.at, "ell", 3);
	block_unref(s.block);
	bytes_fini(&q, &h.mem);
	assert_int_equal(h.live, 0);
}

/*
 * Two queues hold parts of one block: only the one that ends where the block does writes into it.
 */
static void a_block_has_one_writer(void **state)
{
	struct bytes front = {0}, back = {0};
	struct aksu_block *b;
	struct heap h;
	uint8_t data[16];

	(void)state;
	start(&h, 84);
	b = block_new(&h.mem, 100);
	assert_non_null(b);
	memcpy(b->data, "frontback", 9);
	b->filled = 9;
	assert_true(bytes_append_slice(&front, &h.mem, (struct slice){block_ref(b), 0, 5}));
	assert_true(bytes_append_slice(&back, &h.mem, (struct slice){b, 5, 4}));
	assert_int_equal(bytes_append(&front, &h.mem, (const uint8_t *)"++", 2, 512), 2);
	assert_int_equal(bytes_append(&back, &h.mem, (const uint8_t *)"--", 2, 512), 2);
	assert_int_equal(bytes_peek(&front, 0, data, sizeof(data)), 7);
	assert_memory_equal(data, "front++", 7);
	assert_int_equal(bytes_peek(&back, 0, data, sizeof(data)), 6);
	assert_memory_equal(data, "back--", 6);
	assert_int_equal(back.count, 1);
	bytes_fini(&front, &h.mem);
	bytes_fini(&back, &h.mem);
	assert_int_equal(h.live, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lent_memory_goes_back_once),
		cmocka_unit_test(random_operations_against_a_flat_model),
		cmocka_unit_test(positions_wrap_at_2_to_the_32),
		cmocka_unit_test(any_allocation_may_fail),
		cmocka_unit_test(each_allocation_fails_in_turn),
		cmocka_unit_test(small_writes_share_blocks),
		cmocka_unit_test(what_is_referenced_stays),
		cmocka_unit_test(a_block_has_one_writer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
