/* SPDX-License-Identifier: MIT */
/*
 * cli/sim_result.c - what many worlds came to: added up, written to a file, read again, told.
 *
 * The file has a line for each number that is not zero, `KIND COUNT NAME`, so that it survives a
 * new name in a list and can be read by a script; docs/worlds.md says what is in it.
 */
#include "cli/sim.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/compile.h"
#include "cli/units.h"

#define MAGIC "aksu-sim-result 1"

void sim_result_fail(struct sim_result *sum, uint64_t seed, const char *text)
{
	if (sum->failed < SIM_FAILURES) {
		struct sim_failure *f = &sum->failure[sum->failed];

		f->seed = seed;
		snprintf(f->text, sizeof(f->text), "%s", text);
	}
	sum->failed++;
}

void sim_result_add(struct sim_result *sum, const struct sim_result *more)
{
	uint64_t kept = more->failed < SIM_FAILURES ? more->failed : SIM_FAILURES;

	sum->worlds += more->worlds;
	sum->steps += more->steps;
	sum->segments += more->segments;
	sum->resent += more->resent;
	sum->octets += more->octets;
	sum->cpu_ms += more->cpu_ms;
	sim_coverage_add(&sum->coverage, &more->coverage);
	for (uint64_t i = 0; i < kept; i++)
		sim_result_fail(sum, more->failure[i].seed, more->failure[i].text);
	sum->failed += more->failed - kept;
}

/* ---- the numbers by name */

struct totals_row {
	const char *name;
	size_t at;
};

static const struct totals_row totals[] = {
	{"worlds", offsetof(struct sim_result, worlds)},
	{"steps", offsetof(struct sim_result, steps)},
	{"segments", offsetof(struct sim_result, segments)},
	{"resent", offsetof(struct sim_result, resent)},
	{"octets", offsetof(struct sim_result, octets)},
	{"cpu-ms", offsetof(struct sim_result, cpu_ms)},
};

/* A list of counters with names, and which of them can ever be seen. */
struct list {
	const char *kind, *title;
	unsigned count;
	const char *(*name)(unsigned i);
};

static const char *drop_name(unsigned i) { return aksu_drop_name((enum aksu_drop)i); }
static const char *why_name(unsigned i) { return aksu_why_name((enum aksu_why)i); }
static const char *timer_name(unsigned i) { return aksu_timer_name((enum aksu_timer)i); }
static const char *note_name(unsigned i) { return sim_note_name((enum sim_note_kind)i); }

static const char *edge_name(unsigned i)
{
	static char text[64];

	snprintf(text, sizeof(text), "%s > %s",
		 aksu_state_name((enum aksu_state)(i / AKSU_STATE_COUNT)),
		 aksu_state_name((enum aksu_state)(i % AKSU_STATE_COUNT)));
	return text;
}

enum { LIST_EDGES, LIST_DROPS, LIST_WHYS, LIST_TIMERS, LIST_NOTES, LIST_COUNT };

static const struct list lists[LIST_COUNT] = {
	{"edge", "edges of the state table", AKSU_STATE_COUNT *AKSU_STATE_COUNT, edge_name},
	{"drop", "reasons to drop", AKSU_DROP_COUNT, drop_name},
	{"why", "reasons to send", AKSU_WHY_COUNT, why_name},
	{"timer", "timers", AKSU_TIMER_COUNT, timer_name},
	{"fate", "fates of packets", SIM_NOTE_COUNT, note_name},
};

static uint64_t *counter(struct sim_result *r, unsigned list, unsigned i)
{
	switch (list) {
	case LIST_EDGES: return &r->coverage.edges[i / AKSU_STATE_COUNT][i % AKSU_STATE_COUNT];
	case LIST_DROPS: return &r->coverage.drops[i];
	case LIST_WHYS: return &r->coverage.whys[i];
	case LIST_TIMERS: return &r->coverage.timers[i];
	default: return &r->coverage.notes[i];
	}
}

static uint64_t count_of(const struct sim_result *r, unsigned list, unsigned i)
{
	return *counter((struct sim_result *)(uintptr_t)r, list, i);
}

/* NOTHING and NONE are not reasons; edges are those of the table. */
static bool is_wanted(unsigned list, unsigned i)
{
	if (list == LIST_EDGES)
		return sim_edge_is_legal((enum aksu_state)(i / AKSU_STATE_COUNT),
					 (enum aksu_state)(i % AKSU_STATE_COUNT));
	if (list == LIST_NOTES)
		return i != SIM_NOTE_NO_MEMORY && i != SIM_NOTE_EVENT;
	return list == LIST_TIMERS || i != 0;
}

/* ---- files */

bool sim_result_write(const struct sim_result *r, const char *path, struct aksu_reason *why)
{
	FILE *f = strcmp(path, "-") == 0 ? stdout : fopen(path, "w");
	bool good;

	if (f == NULL)
		return because(why, "%s: %s", path, strerror(errno));
	fprintf(f, "%s\n", MAGIC);
	for (size_t i = 0; i < COUNT_OF(totals); i++)
		fprintf(f, "total %" PRIu64 " %s\n",
			*(const uint64_t *)(const void *)((const char *)r + totals[i].at),
			totals[i].name);
	fprintf(f, "failed %" PRIu64 "\n", r->failed);
	for (uint64_t i = 0; i < r->failed && i < SIM_FAILURES; i++)
		fprintf(f, "failure %" PRIu64 " %s\n", r->failure[i].seed, r->failure[i].text);
	for (unsigned l = 0; l < LIST_COUNT; l++)
		for (unsigned i = 0; i < lists[l].count; i++)
			if (count_of(r, l, i) != 0)
				fprintf(f, "%s %" PRIu64 " %s\n", lists[l].kind, count_of(r, l, i),
					lists[l].name(i));
	good = !ferror(f);
	if (f != stdout)
		good &= fclose(f) == 0;
	return good || because(why, "%s: %s", path, strerror(errno));
}

static bool take_counter(struct sim_result *r, const char *kind, uint64_t n, const char *name)
{
	for (size_t i = 0; i < COUNT_OF(totals) && strcmp(kind, "total") == 0; i++)
		if (strcmp(totals[i].name, name) == 0) {
			*(uint64_t *)(void *)((char *)r + totals[i].at) += n;
			return true;
		}
	for (unsigned l = 0; l < LIST_COUNT; l++) {
		if (strcmp(lists[l].kind, kind) != 0)
			continue;
		for (unsigned i = 0; i < lists[l].count; i++)
			if (strcmp(lists[l].name(i), name) == 0) {
				*counter(r, l, i) += n;
				return true;
			}
	}
	return false;
}

static bool take_line(struct sim_result *r, const char *line)
{
	char kind[16], name[260] = "";
	uint64_t n;

	if (sscanf(line, "%15s %" SCNu64 " %259[^\n]", kind, &n, name) < 2)
		return false;
	if (strcmp(kind, "failed") == 0) {
		r->failed = n;
		return true;
	}
	if (strcmp(kind, "failure") != 0)
		return take_counter(r, kind, n, name);
	for (unsigned i = 0; i < SIM_FAILURES; i++)
		if (r->failure[i].text[0] == '\0') {
			r->failure[i].seed = n;
			snprintf(r->failure[i].text, sizeof(r->failure[i].text), "%.255s", name);
			return true;
		}
	return false;
}

bool sim_result_read(struct sim_result *sum, const char *path, struct aksu_reason *why)
{
	struct sim_result *r = calloc(1, sizeof(*r));
	FILE *f = fopen(path, "r");
	char line[400];
	unsigned number = 1;
	bool good = f != NULL && r != NULL;

	if (!good)
		because(why, "%s: %s", path, strerror(errno));
	else if (fgets(line, sizeof(line), f) == NULL || strncmp(line, MAGIC, strlen(MAGIC)) != 0)
		good = because(why, "%s is no result of aksu sim --out", path);
	while (good && fgets(line, sizeof(line), f) != NULL) {
		number++;
		if (!take_line(r, line))
			good = because(why, "%s: line %u is not one of a result", path, number);
	}
	if (good)
		sim_result_add(sum, r);
	if (f != NULL)
		fclose(f);
	free(r);
	return good;
}

/* ---- for people */

static void print_list(const struct sim_result *r, unsigned l)
{
	unsigned wanted = 0, seen = 0;

	for (unsigned i = 0; i < lists[l].count; i++) {
		wanted += is_wanted(l, i);
		seen += is_wanted(l, i) && count_of(r, l, i) != 0;
	}
	printf("  %-24s %u of %u\n", lists[l].title, seen, wanted);
	if (seen == wanted)
		return;
	printf("    not seen:");
	for (unsigned i = 0; i < lists[l].count; i++)
		if (is_wanted(l, i) && count_of(r, l, i) == 0)
			printf(" %s%s", lists[l].name(i), ++seen < wanted ? "," : "\n");
}

bool sim_result_complete(const struct sim_result *r)
{
	for (unsigned l = LIST_EDGES; l <= LIST_WHYS; l++)
		for (unsigned i = 0; i < lists[l].count; i++)
			if (is_wanted(l, i) && count_of(r, l, i) == 0)
				return false;
	return true;
}

void sim_result_print(const struct sim_result *r)
{
	double seconds = (double)r->cpu_ms / 1000;

	printf("%" PRIu64 " worlds, %" PRIu64 " went wrong\n", r->worlds, r->failed);
	printf("  %s segments, %s of them sent again; %s octets delivered\n",
	       unit_count(r->segments).text, unit_count(r->resent).text,
	       unit_count(r->octets).text);
	if (r->cpu_ms > 0)
		printf("  %.1f s of processor: %s segments a second on each core\n", seconds,
		       unit_count((uint64_t)((double)r->segments / seconds)).text);
	for (unsigned l = 0; l < LIST_COUNT; l++)
		print_list(r, l);
}
