/* SPDX-License-Identifier: MIT */
/*
 * sim/scenario_read.c - lines of text as a scenario (docs/scenarios.md).
 *
 * A line begins with what it is about; words follow, then fields as name=value, a flag alone.
 * Behind # anything may stand. What is wrong is told with its line and its word.
 */
#include "base/bytes.h"
#include "sim/fields.h"

struct word {
	const char *at;
	size_t len;
};

struct reader {
	struct sim_scenario *sc;
	struct cur line; /* what is left of it */
	struct sim_complaint *why;
	bool failed;
};

/* ---- saying what is wrong */

static void append(struct sim_complaint *why, const char *text, size_t n)
{
	size_t at = strlen(why->text);

	n = min_size(n, sizeof(why->text) - 1 - at);
	memcpy(why->text + at, text, n);
	why->text[at + n] = '\0';
}

static void wrong(struct reader *r, struct word w, const char *what)
{
	if (r->failed)
		return;
	r->failed = true;
	r->why->text[0] = '\0';
	if (w.len > 0) {
		append(r->why, "'", 1);
		append(r->why, w.at, w.len);
		append(r->why, "' ", 2);
	}
	append(r->why, what, strlen(what));
}

/* ---- words */

static bool is_blank(uint8_t c) { return c == ' ' || c == '\t' || c == '\r'; }

/* The next word of the line; empty at its end. */
static struct word next(struct reader *r)
{
	struct cur *c = &r->line;
	const uint8_t *from;

	while (cur_left(c) > 0 && is_blank(*c->at))
		c->at++;
	from = c->at;
	while (cur_left(c) > 0 && !is_blank(*c->at))
		c->at++;
	return (struct word){(const char *)from, (size_t)(c->at - from)};
}

static bool is(struct word w, const char *text)
{
	return w.len == strlen(text) && memcmp(w.at, text, w.len) == 0;
}

static uint64_t value(struct reader *r, enum field_type type, uint64_t max, const char *what)
{
	struct word w = next(r);
	uint64_t v;

	if (unit_read(type, w.at, w.len, &v) && v <= max)
		return v;
	wrong(r, w, what);
	return 0;
}

static unsigned index_of(struct reader *r, unsigned count, const char *what)
{
	return (unsigned)value(r, FIELD_NUMBER, count > 0 ? count - 1 : 0, what);
}

/* name=value, or a flag alone. */
static const struct field *read_field(struct reader *r, const struct field_table *t, struct word w,
				      uint64_t *v)
{
	const struct field *f;
	size_t name = 0;

	while (name < w.len && w.at[name] != '=')
		name++;
	f = field_find(t, w.at, name);
	if (f == NULL) {
		wrong(r, w, "is no field of this line; docs/scenarios.md names them");
		return NULL;
	}
	*v = 1;
	if (name == w.len && f->type == FIELD_FLAG)
		return f;
	if (name == w.len || !field_read(f, w.at + name + 1, w.len - name - 1, v)) {
		wrong(r, w, "has no such value; 20ms, 10M, 64k, 0.25% are some");
		return NULL;
	}
	return f;
}

static void read_fields(struct reader *r, const struct field_table *t, void *base)
{
	for (struct word w = next(r); w.len > 0 && !r->failed; w = next(r)) {
		uint64_t v = 0;
		const struct field *f = read_field(r, t, w, &v);

		if (f != NULL)
			field_set(base, f, v);
	}
}

/* ---- lines */

static void read_node(struct reader *r, bool router)
{
	struct sim_node_plan *node;

	if (r->sc->nodes == SIM_SCENARIO_NODES) {
		wrong(r, (struct word){0}, "there are too many nodes");
		return;
	}
	if (value(r, FIELD_NUMBER, r->sc->nodes, "is not the next node's number") != r->sc->nodes)
		wrong(r, (struct word){0}, "nodes are numbered from 0, in order");
	node = &r->sc->node[r->sc->nodes++];
	node->router = router;
	read_fields(r, &node_fields, node);
}

static void read_link(struct reader *r)
{
	struct sim_link_plan *link;

	if (r->sc->links == SIM_SCENARIO_LINKS) {
		wrong(r, (struct word){0}, "there are too many links");
		return;
	}
	if (value(r, FIELD_NUMBER, r->sc->links, "is not the next link's number") != r->sc->links)
		wrong(r, (struct word){0}, "links are numbered from 0, in order");
	link = &r->sc->link[r->sc->links++];
	link->left = (uint16_t)index_of(r, r->sc->nodes, "is no node that was named before");
	link->right = (uint16_t)index_of(r, r->sc->nodes, "is no node that was named before");
	read_fields(r, &link_fields, link);
}

static unsigned read_side(struct reader *r)
{
	struct word w = next(r);

	if (!is(w, ">") && !is(w, "<"))
		wrong(r, w, "is not a direction: > from left to right, < back");
	return is(w, ">") ? SIM_LEFT : SIM_RIGHT;
}

static void read_wire(struct reader *r)
{
	unsigned link = index_of(r, r->sc->links, "is no link that was named before");
	unsigned side = read_side(r);

	read_fields(r, &wire_fields, &r->sc->link[link].wire[side]);
}

static void read_flow(struct reader *r)
{
	struct sim_flow_plan *flow;

	if (r->sc->flows == SIM_SCENARIO_FLOWS) {
		wrong(r, (struct word){0}, "there are too many flows");
		return;
	}
	flow = &r->sc->flow[r->sc->flows++];
	flow->from = (uint16_t)index_of(r, r->sc->nodes, "is no node that was named before");
	flow->to = (uint16_t)index_of(r, r->sc->nodes, "is no node that was named before");
	read_fields(r, &flow_fields, flow);
}

static void read_change(struct reader *r)
{
	struct sim_change_plan c = {.side = SIM_EITHER};
	const struct field *f;
	bool wire;

	c.at = value(r, FIELD_TIME, UINT64_MAX >> 2, "is no time: 1.5s");
	wire = is(next(r), "wire");
	c.link = (uint16_t)index_of(r, r->sc->links, "is no link that was named before");
	if (wire)
		c.side = (uint8_t)read_side(r);
	f = read_field(r, wire ? &wire_fields : &link_fields, next(r), &c.value);
	if (f == NULL)
		return;
	if (wire)
		c.field = (uint8_t)(f - wire_fields.field);
	else if (f != field_find(&link_fields, "mtu", 3))
		wrong(r, (struct word){0}, "of a link only its mtu changes");
	if (r->sc->changes == SIM_SCENARIO_CHANGES)
		wrong(r, (struct word){0}, "there are too many changes");
	else if (r->sc->changes > 0 && r->sc->change[r->sc->changes - 1].at > c.at)
		wrong(r, (struct word){0}, "changes are written in order of time");
	else
		r->sc->change[r->sc->changes++] = c;
}

static void read_drop(struct reader *r)
{
	struct sim_rule_plan rule = {0};
	char text[40] = "";
	struct word w;

	rule.link = (uint16_t)index_of(r, r->sc->links, "is no link that was named before");
	w = next(r);
	memcpy(text, w.at, min_size(w.len, sizeof(text) - 1));
	if (w.len >= sizeof(text) || !sim_rule_parse(text, &rule.rule))
		wrong(r, w, "names no segment: data:4, client:syn:1, server:fin:1");
	else if (r->sc->rules == SIM_SCENARIO_RULES)
		wrong(r, w, "is one drop too many");
	else
		r->sc->rule[r->sc->rules++] = rule;
}

static void read_line(struct reader *r)
{
	struct word w = next(r);

	if (is(w, "seed"))
		r->sc->seed = value(r, FIELD_NUMBER, UINT64_MAX, "is no seed: a number");
	else if (is(w, "limit"))
		r->sc->limit = value(r, FIELD_TIME, UINT64_MAX >> 2, "is no time: 3600s");
	else if (is(w, "host") || is(w, "router"))
		read_node(r, is(w, "router"));
	else if (is(w, "link"))
		read_link(r);
	else if (is(w, "wire"))
		read_wire(r);
	else if (is(w, "flow"))
		read_flow(r);
	else if (is(w, "at"))
		read_change(r);
	else if (is(w, "drop"))
		read_drop(r);
	else if (w.len > 0)
		wrong(r, w,
		      "begins no line: seed, limit, host, router, link, wire, flow, "
		      "drop or at");
	w = next(r);
	if (w.len > 0)
		wrong(r, w, "is one word too many");
}

bool sim_scenario_read(struct sim_scenario *out, const char *text, size_t n,
		       struct sim_complaint *why)
{
	const uint8_t *at = (const uint8_t *)text, *end = at + n;
	struct reader r = {.sc = out, .why = why};

	*out = (struct sim_scenario){0};
	for (why->line = 1; at < end && !r.failed; why->line++) {
		const uint8_t *stop = at, *comment;

		while (stop < end && *stop != '\n')
			stop++;
		for (comment = at; comment < stop && *comment != '#'; comment++)
			;
		r.line = (struct cur){at, comment};
		read_line(&r);
		at = stop < end ? stop + 1 : end;
		if (r.failed)
			return false;
	}
	return sim_scenario_valid(out, why);
}
