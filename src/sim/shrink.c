/* SPDX-License-Identifier: MIT */
/*
 * sim/shrink.c - a scenario that fails, made smaller while it still does (delta debugging).
 *
 * One candidate at a time: without a flow, without a change, a field back at its default, half the
 * octets. What still fails is kept, and the rounds go on until a whole one has brought nothing.
 * Nodes and links stay: numbers in the file keep their meaning; what carries no flow does nothing.
 */
#include "base/bytes.h"
#include "sim/fields.h"

struct shrinker {
	struct sim_scenario *sc, *scratch;
	bool (*fails)(void *ctx, const struct sim_scenario *sc);
	void *ctx;
	unsigned calls, tries;
	bool any; /* this round has brought something */
};

/* `scratch` is a candidate; true: it is the scenario now. */
static bool keep(struct shrinker *s)
{
	struct sim_complaint why;

	if (s->calls == s->tries || !sim_scenario_valid(s->scratch, &why))
		return false;
	s->calls++;
	if (!s->fails(s->ctx, s->scratch))
		return false;
	*s->sc = *s->scratch;
	s->any = true;
	return true;
}

/* Takes an element out of an array of the candidate. */
static void take_out(void *array, unsigned *count, unsigned i, size_t size)
{
	uint8_t *at = (uint8_t *)array + i * size;

	memmove(at, at + size, (*count - i - 1) * size);
	--*count;
}

static void try_without(struct shrinker *s)
{
	for (unsigned i = s->sc->flows; i-- > 0 && s->sc->flows > 1;) {
		*s->scratch = *s->sc;
		take_out(s->scratch->flow, &s->scratch->flows, i, sizeof(s->sc->flow[0]));
		keep(s);
	}
	for (unsigned i = s->sc->changes; i-- > 0;) {
		*s->scratch = *s->sc;
		take_out(s->scratch->change, &s->scratch->changes, i, sizeof(s->sc->change[0]));
		keep(s);
	}
	for (unsigned i = s->sc->rules; i-- > 0;) {
		*s->scratch = *s->sc;
		take_out(s->scratch->rule, &s->scratch->rules, i, sizeof(s->sc->rule[0]));
		keep(s);
	}
}

/* `from` lies in the scenario; the same place of the candidate is changed. */
static void try_field(struct shrinker *s, const void *from, const struct field *f)
{
	size_t place = (size_t)((const uint8_t *)from - (const uint8_t *)s->sc);
	uint64_t value = field_get(from, f);

	if (value == 0)
		return;
	*s->scratch = *s->sc;
	field_set((uint8_t *)s->scratch + place, f, 0);
	if (keep(s))
		return;
	while (f->type == FIELD_OCTETS && value > 1) { /* smaller, if it cannot go */
		value /= 2;
		*s->scratch = *s->sc;
		field_set((uint8_t *)s->scratch + place, f, value);
		if (!keep(s))
			return;
	}
}

static void try_fields(struct shrinker *s, const void *from, const struct field_table *t)
{
	for (unsigned i = 0; i < t->count; i++)
		try_field(s, from, &t->field[i]);
}

unsigned sim_scenario_shrink(struct sim_scenario *sc, struct sim_scenario *scratch,
			     bool (*fails)(void *ctx, const struct sim_scenario *sc), void *ctx,
			     unsigned tries)
{
	struct shrinker s = {.sc = sc, .scratch = scratch, .fails = fails, .ctx = ctx};

	s.tries = tries;
	do {
		s.any = false;
		try_without(&s);
		for (unsigned i = 0; i < sc->links; i++)
			for (unsigned side = 0; side < 2; side++)
				try_fields(&s, &sc->link[i].wire[side], &wire_fields);
		for (unsigned i = 0; i < sc->links; i++)
			try_fields(&s, &sc->link[i], &link_fields);
		for (unsigned i = 0; i < sc->nodes; i++)
			try_fields(&s, &sc->node[i], &node_fields);
		for (unsigned i = 0; i < sc->flows; i++)
			try_fields(&s, &sc->flow[i], &flow_fields);
	} while (s.any && s.calls < s.tries);
	return s.calls;
}
