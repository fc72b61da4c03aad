/* SPDX-License-Identifier: MIT */
/*
 * base/pool.c - see pool.h for the picture.
 */
#include "base/pool.h"

#include "base/bytes.h"

#define SLAB_ALIGN 64u

static size_t slab_size(const struct pool *p) { return (size_t)p->object_size * p->per_slab; }

static uint32_t chunk_of(uint32_t slab) { return slab < 64 ? 0 : log2_u32(slab) - 5; }

static size_t chunk_size(uint32_t k) { return sizeof(struct slab) * (k == 0 ? 64u : 32u << k); }

void pool_init(struct pool *p, struct mem *mem, uint32_t object_size)
{
	*p = (struct pool){
		.mem = mem,
		.object_size = object_size,
		.per_slab = min_u32(POOL_SLAB, max_u32(POOL_OCTETS / max_u32(object_size, 1), 8)),
		.roomy = POOL_NONE,
		.vacant = POOL_NONE,
		.spare = POOL_NONE,
	};
}

void pool_fini(struct pool *p)
{
	for (uint32_t i = 0; i < p->slabs; i++)
		mem_free(p->mem, pool_slab(p, i)->objects, slab_size(p));
	for (uint32_t k = 0; k < POOL_CHUNKS; k++)
		mem_free(p->mem, p->chunk[k], chunk_size(k));
	pool_init(p, p->mem, p->object_size);
}

/* `live` of a slab that has no room. */
static uint64_t full(const struct pool *p) { return UINT64_MAX >> (POOL_SLAB - p->per_slab); }

static void list_push(struct pool *p, uint32_t *head, uint32_t number)
{
	struct slab *s = pool_slab(p, number);

	s->prev = POOL_NONE;
	s->next = *head;
	if (*head != POOL_NONE)
		pool_slab(p, *head)->prev = number;
	*head = number;
}

static void list_remove(struct pool *p, uint32_t *head, uint32_t number)
{
	struct slab *s = pool_slab(p, number);

	if (s->prev == POOL_NONE)
		*head = s->next;
	else
		pool_slab(p, s->prev)->next = s->next;
	if (s->next != POOL_NONE)
		pool_slab(p, s->next)->prev = s->prev;
}

/* A slab number without memory: one given back before, or the next new one. */
static uint32_t vacant_number(struct pool *p)
{
	uint32_t k = chunk_of(p->slabs);

	if (p->vacant != POOL_NONE)
		return p->vacant;
	if (k >= POOL_CHUNKS)
		return POOL_NONE;
	if (p->chunk[k] == NULL) {
		p->chunk[k] = mem_alloc(p->mem, chunk_size(k), _Alignof(struct slab));
		if (p->chunk[k] == NULL)
			return POOL_NONE;
	}
	*pool_slab(p, p->slabs) = (struct slab){0};
	list_push(p, &p->vacant, p->slabs);
	return p->slabs++;
}

static bool add_slab(struct pool *p)
{
	uint32_t number = vacant_number(p);
	void *objects;

	if (number == POOL_NONE)
		return false;
	objects = mem_alloc(p->mem, slab_size(p), SLAB_ALIGN);
	if (objects == NULL)
		return false;
	list_remove(p, &p->vacant, number);
	pool_slab(p, number)->objects = objects;
	list_push(p, &p->roomy, number);
	p->allocated++;
	return true;
}

void *pool_get(struct pool *p, uint32_t *index)
{
	struct slab *s;
	uint32_t number;
	unsigned place;
	void *object;

	if (p->max != 0 && p->live >= p->max)
		return NULL;
	if (p->roomy == POOL_NONE && !add_slab(p))
		return NULL;
	number = p->roomy;
	s = pool_slab(p, number);
	place = low_bit_u64(~s->live);
	s->live |= (uint64_t)1 << place;
	if (s->live == full(p))
		list_remove(p, &p->roomy, number);
	if (p->spare == number)
		p->spare = POOL_NONE;
	p->live++;
	*index = number * POOL_SLAB + place;
	object = s->objects + (size_t)place * p->object_size;
	memset(object, 0, p->object_size);
	return object;
}

/* After a burst the numbers at the end are forgotten, and their part of the directory with them. */
static void trim_directory(struct pool *p)
{
	while (p->slabs > 0 && pool_slab(p, p->slabs - 1)->objects == NULL) {
		uint32_t k;

		list_remove(p, &p->vacant, --p->slabs);
		k = chunk_of(p->slabs);
		if (p->slabs == (k == 0 ? 0 : 32u << k)) {
			mem_free(p->mem, p->chunk[k], chunk_size(k));
			p->chunk[k] = NULL;
		}
	}
}

static void give_back(struct pool *p, uint32_t number)
{
	struct slab *s = pool_slab(p, number);

	list_remove(p, &p->roomy, number);
	mem_free(p->mem, s->objects, slab_size(p));
	s->objects = NULL;
	p->allocated--;
	list_push(p, &p->vacant, number);
	trim_directory(p);
}

/* One of two empty slabs is enough: the one with the lower number, so the directory can shrink. */
static void keep_spare(struct pool *p, uint32_t number)
{
	uint32_t other = p->spare;

	p->spare = other != POOL_NONE && other < number ? other : number;
	if (other != POOL_NONE)
		give_back(p, p->spare == other ? number : other);
}

/* Whether the spare slab is not needed: nothing lives, or the others have room for half a slab. */
static bool room_elsewhere(const struct pool *p)
{
	return p->live == 0 || (p->allocated - 1) * p->per_slab - p->live >= p->per_slab / 2;
}

void pool_put(struct pool *p, uint32_t index)
{
	uint32_t number = index / POOL_SLAB;
	struct slab *s = pool_slab(p, number);

	if (s->live == full(p))
		list_push(p, &p->roomy, number);
	s->live &= ~((uint64_t)1 << index % POOL_SLAB);
	p->live--;
	if (s->live == 0)
		keep_spare(p, number);
	if (p->spare != POOL_NONE && room_elsewhere(p)) {
		number = p->spare;
		p->spare = POOL_NONE;
		give_back(p, number);
	}
}

bool pool_lives(const struct pool *p, uint32_t index)
{
	uint32_t number = index / POOL_SLAB;

	return number < p->slabs && pool_slab(p, number)->live >> index % POOL_SLAB & 1;
}

uint32_t pool_next(const struct pool *p, uint32_t from)
{
	for (uint32_t number = from / POOL_SLAB; number < p->slabs; number++) {
		uint64_t live = pool_slab(p, number)->live;

		if (number == from / POOL_SLAB)
			live &= UINT64_MAX << from % POOL_SLAB;
		if (live != 0)
			return number * POOL_SLAB + low_bit_u64(live);
	}
	return POOL_NONE;
}
