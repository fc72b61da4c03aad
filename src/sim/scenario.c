/* SPDX-License-Identifier: MIT */
/*
 * sim/scenario.c - what a scenario must be to be played: links join nodes, hosts have one link
 * each, flows have a way, and numbers lie where the stack or a wire takes them.
 *
 * What is wrong is said in one line; docs/scenarios.md says what each field means. Whether a
 * scenario is wise (whether a flow can ever end) nobody asks here: playing it tells.
 */
#include "base/bytes.h"
#include "sim/fields.h"

enum {
	MTU_MIN = 68,
	MTU_MIN_V6 = 1280,
	MTU_MAX = 65535,
	BUFFER_MIN = 256,
	PORTION_MAX = 65536, /* what an application has in hand at once */
	DATAGRAM_MAX = 65507,
};

static bool because(struct sim_complaint *why, const char *text)
{
	why->line = 0;
	memcpy(why->text, text, strlen(text) + 1);
	return false;
}

static uint32_t mtu_of(const struct sim_link_plan *l) { return l->mtu != 0 ? l->mtu : 1500; }

/* RED divides by the distance of its marks; a policer that lets no packet through loses all. */
static bool wire_valid(const struct sim_wire_config *w, struct sim_complaint *why)
{
	if (w->discipline == SIM_DISCIPLINE_RED &&
	    (w->mark_max <= w->mark_min || w->mark_chance == 0))
		return because(why, "red needs mark-min below mark-max, and mark-chance");
	if (w->police_rate != 0 && w->police_burst == 0)
		return because(why, "police-rate needs police-burst");
	if (w->burst_begin != 0 && w->burst_end == 0)
		return because(why, "burst-begin needs burst-end: a burst that never ends is down");
	return true;
}

static bool link_valid(const struct sim_scenario *sc, const struct sim_link_plan *l,
		       struct sim_complaint *why)
{
	if (l->left >= sc->nodes || l->right >= sc->nodes || l->left == l->right)
		return because(why, "a link joins two different nodes");
	if (l->ethernet && (sc->node[l->left].router || sc->node[l->right].router))
		return because(why, "routers have no neighbours to ask for: no ethernet there");
	if (mtu_of(l) < MTU_MIN || mtu_of(l) > MTU_MAX)
		return because(why, "an MTU lies between 68 and 65535");
	return wire_valid(&l->wire[0], why) && wire_valid(&l->wire[1], why);
}

static unsigned links_of(const struct sim_scenario *sc, unsigned node)
{
	unsigned n = 0;

	for (unsigned i = 0; i < sc->links; i++)
		n += sc->link[i].left == node || sc->link[i].right == node;
	return n;
}

static bool nodes_valid(const struct sim_scenario *sc, struct sim_complaint *why)
{
	for (unsigned i = 0; i < sc->nodes; i++) {
		const struct sim_node_plan *n = &sc->node[i];

		if (n->router)
			continue;
		if (links_of(sc, i) != 1)
			return because(why, "a host has one link: put a router before it");
		if ((n->send_buffer != 0 && n->send_buffer < BUFFER_MIN) ||
		    (n->receive_buffer != 0 && n->receive_buffer < BUFFER_MIN))
			return because(why, "a buffer has at least 256 octets");
	}
	return true;
}

static bool flow_valid(const struct sim_scenario *sc, const struct sim_flow_plan *f,
		       struct sim_complaint *why)
{
	if (f->from >= sc->nodes || f->to >= sc->nodes || f->from == f->to ||
	    sc->node[f->from].router || sc->node[f->to].router)
		return because(why, "a flow goes from one host to another");
	if (f->portion > (f->udp ? DATAGRAM_MAX : PORTION_MAX))
		return because(why, "a portion has 65536 octets at most, a datagram 65507");
	if (f->udp && f->octets == 0 && f->last == 0)
		return because(why, "a udp flow needs octets or last");
	if (f->udp && f->gap == 0)
		return because(why, "a udp flow needs a gap between its datagrams");
	for (unsigned i = 0; i < sc->links && f->v6; i++)
		if (mtu_of(&sc->link[i]) < MTU_MIN_V6)
			return because(why, "IPv6 needs links with an MTU of 1280");
	return true;
}

/* Spreads from node to node over links, as long as there is more; hosts forward nothing. */
static bool reaches(const struct sim_scenario *sc, unsigned from, unsigned to)
{
	bool seen[SIM_SCENARIO_NODES] = {false};
	bool more = true;

	seen[from] = true;
	while (more && !seen[to]) {
		more = false;
		for (unsigned i = 0; i < sc->links; i++) {
			unsigned a = sc->link[i].left, b = sc->link[i].right;

			if (seen[a] == seen[b])
				continue;
			if (seen[b])
				a = b, b = sc->link[i].left;
			if (a != from && !sc->node[a].router)
				continue;
			seen[b] = more = true;
		}
	}
	return seen[to];
}

bool sim_scenario_valid(const struct sim_scenario *sc, struct sim_complaint *why)
{
	for (unsigned i = 0; i < sc->links; i++)
		if (!link_valid(sc, &sc->link[i], why))
			return false;
	if (!nodes_valid(sc, why))
		return false;
	for (unsigned i = 0; i < sc->flows; i++) {
		if (!flow_valid(sc, &sc->flow[i], why))
			return false;
		if (!reaches(sc, sc->flow[i].from, sc->flow[i].to))
			return because(why, "a flow has no way from its host to the other");
	}
	return sc->nodes > 0 ? true : because(why, "there is no host");
}
