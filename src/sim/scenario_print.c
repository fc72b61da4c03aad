/* SPDX-License-Identifier: MIT */
/*
 * sim/scenario_print.c - a scenario as lines of text (docs/scenarios.md).
 *
 * Only fields that are not zero are written: what is absent has its default.
 */
#include "base/bytes.h"
#include "sim/fields.h"

struct line {
	char text[1200]; /* every field of a wire, with values of FIELD_TEXT, fits */
	size_t len;
};

struct out {
	void (*write)(void *ctx, const char *text, size_t n);
	void *ctx;
};

static void add(struct line *l, const char *text)
{
	size_t n = strlen(text);

	if (n > sizeof(l->text) - l->len)
		return;
	memcpy(l->text + l->len, text, n);
	l->len += n;
}

static void add_unit(struct line *l, enum field_type type, uint64_t value)
{
	char text[FIELD_TEXT + 1];

	text[unit_write(type, value, text)] = '\0';
	add(l, " ");
	add(l, text);
}

static void add_field(struct line *l, const struct field *f, uint64_t value, bool alone)
{
	char text[FIELD_TEXT + 1];

	add(l, " ");
	add(l, f->name);
	if (alone && f->type == FIELD_FLAG)
		return;
	text[field_write(f, value, text)] = '\0';
	add(l, "=");
	add(l, text);
}

static void add_fields(struct line *l, const struct field_table *t, const void *base)
{
	for (unsigned i = 0; i < t->count; i++)
		if (field_get(base, &t->field[i]) != 0)
			add_field(l, &t->field[i], field_get(base, &t->field[i]), true);
}

static void end(const struct out *o, struct line *l)
{
	add(l, "\n");
	o->write(o->ctx, l->text, l->len);
	l->len = 0;
}

static void add_setting(const struct out *o, const char *name, enum field_type type, uint64_t value)
{
	struct line l = {.len = 0};

	if (value == 0)
		return;
	add(&l, name);
	add_unit(&l, type, value);
	end(o, &l);
}

static void print_links(const struct sim_scenario *sc, const struct out *o)
{
	static const char *const arrows[] = {" >", " <"};
	struct line l = {.len = 0};

	for (unsigned i = 0; i < sc->links; i++) {
		add(&l, "link");
		add_unit(&l, FIELD_NUMBER, i);
		add_unit(&l, FIELD_NUMBER, sc->link[i].left);
		add_unit(&l, FIELD_NUMBER, sc->link[i].right);
		add_fields(&l, &link_fields, &sc->link[i]);
		end(o, &l);
		for (unsigned side = 0; side < 2; side++) {
			add(&l, "wire");
			add_unit(&l, FIELD_NUMBER, i);
			add(&l, arrows[side]);
			add_fields(&l, &wire_fields, &sc->link[i].wire[side]);
			end(o, &l);
		}
	}
}

static void print_rules(const struct sim_scenario *sc, const struct out *o)
{
	static const char *const from[] = {" client:", " server:", " "};
	struct line l = {.len = 0};

	for (unsigned i = 0; i < sc->rules; i++) {
		char nth[FIELD_TEXT + 1];

		add(&l, "drop");
		add_unit(&l, FIELD_NUMBER, sc->rule[i].link);
		add(&l, from[sc->rule[i].rule.from]);
		add(&l, sim_kind_name(sc->rule[i].rule.kind));
		nth[unit_write(FIELD_NUMBER, sc->rule[i].rule.nth, nth)] = '\0';
		add(&l, ":");
		add(&l, nth);
		end(o, &l);
	}
}

static void print_changes(const struct sim_scenario *sc, const struct out *o)
{
	struct line l = {.len = 0};

	for (unsigned i = 0; i < sc->changes; i++) {
		const struct sim_change_plan *c = &sc->change[i];

		add(&l, "at");
		add_unit(&l, FIELD_TIME, c->at);
		add(&l, c->side == SIM_EITHER ? " link" : " wire");
		add_unit(&l, FIELD_NUMBER, c->link);
		if (c->side == SIM_EITHER) {
			add_field(&l, field_find(&link_fields, "mtu", 3), c->value, false);
		} else {
			add(&l, c->side == SIM_LEFT ? " >" : " <");
			add_field(&l, &wire_fields.field[c->field], c->value, false);
		}
		end(o, &l);
	}
}

static void print_nodes(const struct sim_scenario *sc, const struct out *o)
{
	struct line l = {.len = 0};

	for (unsigned i = 0; i < sc->nodes; i++) {
		add(&l, sc->node[i].router ? "router" : "host");
		add_unit(&l, FIELD_NUMBER, i);
		add_fields(&l, &node_fields, &sc->node[i]);
		end(o, &l);
	}
}

void sim_scenario_print(const struct sim_scenario *sc,
			void (*write)(void *ctx, const char *text, size_t n), void *ctx)
{
	const struct out o = {write, ctx};
	struct line l = {.len = 0};

	add(&l, "seed");
	add_unit(&l, FIELD_NUMBER, sc->seed);
	end(&o, &l);
	add_setting(&o, "limit", FIELD_TIME, sc->limit);
	print_nodes(sc, &o);
	print_links(sc, &o);
	for (unsigned i = 0; i < sc->flows; i++) {
		add(&l, "flow");
		add_unit(&l, FIELD_NUMBER, sc->flow[i].from);
		add_unit(&l, FIELD_NUMBER, sc->flow[i].to);
		add_fields(&l, &flow_fields, &sc->flow[i]);
		end(&o, &l);
	}
	print_rules(sc, &o);
	print_changes(sc, &o);
}
