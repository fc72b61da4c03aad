/* SPDX-License-Identifier: MIT */
/*
 * cli/sim.c - aksu sim: the options; one world, told in words; a failure made smaller.
 *
 * Exit codes: 0 everything held; 1 something did not, or could not be done; 2 bad arguments.
 */
#include "cli/sim.h"

#include <aksu/trace.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/compile.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "cli/units.h"

enum {
	SCENARIO_FILE_MAX = 1 << 20,
	SHRINK_TRIES = 2000, /* worlds: a minute or so */
};

/* ---- options */

static bool take_seed(void *into, const char *value, struct aksu_reason *why)
{
	struct sim_options *o = into;

	if (!cli_number_parse(value, 0, UINT64_MAX - 1, &o->first, why))
		return false;
	o->last = o->first;
	return true;
}

static bool take_seeds(void *into, const char *value, struct aksu_reason *why)
{
	struct sim_options *o = into;
	const char *dots = strstr(value, "..");
	char first[32] = "";

	if (dots == NULL || (size_t)(dots - value) >= sizeof(first))
		return because(why, "'%s' is no range of seeds: 1..10000", value);
	memcpy(first, value, (size_t)(dots - value));
	o->many = true;
	if (!cli_number_parse(first, 0, UINT64_MAX - 1, &o->first, why) ||
	    !cli_number_parse(dots + 2, 0, UINT64_MAX - 1, &o->last, why))
		return false;
	return o->first <= o->last || because(why, "the first seed comes after the last");
}

static bool take_segments(void *into, const char *value, struct aksu_reason *why)
{
	return cli_number_parse(value, 1, UINT64_MAX, &((struct sim_options *)into)->segments, why);
}

static bool take_jobs(void *into, const char *value, struct aksu_reason *why)
{
	return cli_number_parse(value, 1, SIM_JOBS_MAX, &((struct sim_options *)into)->jobs, why);
}

static bool take_check(void *into, const char *value, struct aksu_reason *why)
{
	static const char *const words[] = {"none", "end", "each"};

	for (unsigned i = 0; i < COUNT_OF(words); i++)
		if (strcmp(words[i], value) == 0) {
			((struct sim_options *)into)->check = (enum sim_check)i;
			return true;
		}
	return because(why, "'%s' is none of each, end, none", value);
}

static bool take_scenario(void *into, const char *value, struct aksu_reason *why)
{
	(void)why;
	((struct sim_options *)into)->scenario = value;
	return true;
}

static bool take_out(void *into, const char *value, struct aksu_reason *why)
{
	(void)why;
	((struct sim_options *)into)->out = value;
	return true;
}

#define FLAG(name)                                                                      \
	static bool take_##name(void *into, const char *value, struct aksu_reason *why) \
	{                                                                               \
		(void)value, (void)why;                                                 \
		return ((struct sim_options *)into)->name = true;                       \
	}

FLAG(print)
FLAG(shrink)
FLAG(merge)
FLAG(complete)
FLAG(lines)

static const struct option_row rows[] = {
	{"seed", "N", "the world of this seed (1)", take_seed},
	{"seeds", "A..B", "all of these, over the cores of this machine", take_seeds},
	{"segments", "N", "no new world once so many segments were sent", take_segments},
	{"jobs", "N", "processes (one for each core)", take_jobs},
	{"check", "WHEN", "invariants after each event, at the end, or none (each)", take_check},
	{"scenario", "FILE", "the world of a file instead (- is standard input)", take_scenario},
	{"print", NULL, "print the scenario, to be saved and edited; play nothing", take_print},
	{"lines", NULL, "print what every host tells of itself (docs/line-format.md)", take_lines},
	{"shrink", NULL, "make a world that fails smaller, and print what is left", take_shrink},
	{"out", "FILE", "write what was counted, too; ranges add up by --merge", take_out},
	{"merge", NULL, "add up such files", take_merge},
	{"complete", NULL, "fail unless every edge, drop and reason to send was seen",
	 take_complete},
};

/* ---- memory */

static void *get(void *ctx, size_t size, size_t align)
{
	(void)ctx;
	return align <= _Alignof(max_align_t)
		       ? malloc(size)
		       : aligned_alloc(align, (size + align - 1) / align * align);
}

static void put(void *ctx, void *mem, size_t size)
{
	(void)ctx, (void)size;
	free(mem);
}

struct aksu_allocator sim_memory(void) { return (struct aksu_allocator){get, put, NULL}; }

/* ---- one world */

bool sim_one(const struct sim_scenario *sc, enum sim_check check, struct sim_outcome *out,
	     struct sim_result *sum)
{
	return sim_watched(sc, check, (struct sim_observer){0}, out, sum);
}

bool sim_watched(const struct sim_scenario *sc, enum sim_check check, struct sim_observer observer,
		 struct sim_outcome *out, struct sim_result *sum)
{
	struct sim_play play = {.size = sizeof(play),
				.allocator = sim_memory(),
				.check = check,
				.observer = observer,
				.coverage = &sum->coverage};
	bool good = sim_scenario_play(sc, &play, out);

	sum->worlds++;
	sum->steps += out->steps;
	sum->segments += out->segments;
	sum->resent += out->resent;
	sum->octets += out->octets;
	if (!good || out->wrong[0] != '\0')
		sim_result_fail(sum, sc->seed, good ? out->wrong : "there is no memory for it");
	return good && out->wrong[0] == '\0';
}

static void print(void *ctx, const char *text, size_t n) { fwrite(text, 1, n, ctx); }

static void print_line(void *ctx, const struct sim_note *n)
{
	const struct aksu_writer out = {print, ctx};
	char host[16];

	snprintf(host, sizeof(host), "%u", n->side);
	if (n->kind == SIM_NOTE_EVENT)
		aksu_line_print(&out, host, n->event, 0, false);
}

static const char *flow_word(const struct sim_flow_plan *f)
{
	return f->udp ? "udp" : f->v6 ? "v6" : "v4";
}

static void tell_flow(const struct sim_scenario *sc, const struct sim_outcome *out, unsigned i)
{
	const struct sim_flow_plan *f = &sc->flow[i];
	const struct sim_flow_outcome *got = &out->flow[i];
	aksu_time took = got->done > got->begun ? got->done - got->begun : 0;
	double mbit = took > 0 ? (double)got->received * 8000 / (double)took : 0;

	printf("  flow %-3u %3u > %-3u %-3s %10" PRIu64 " octets, %10" PRIu64
	       " back, %8.3f Mbit/s%s%s\n",
	       i, f->from, f->to, flow_word(f), got->received, got->back_received, mbit,
	       got->error != 0 ? "; " : "", got->error != 0 ? aksu_strerror(got->error) : "");
}

static void tell_world(const struct sim_scenario *sc, const struct sim_outcome *out)
{
	unsigned routers = 0;

	for (unsigned i = 0; i < sc->nodes; i++)
		routers += sc->node[i].router;
	printf("world %" PRIu64 ": %u hosts, %u routers, %u links, %u flows, %u changes\n",
	       sc->seed, sc->nodes - routers, routers, sc->links, sc->flows, sc->changes);
	for (unsigned i = 0; i < sc->flows; i++)
		tell_flow(sc, out, i);
	printf("  %s of its time, %s segments, %s of them sent again, %s steps\n",
	       unit_span(out->time).text, unit_count(out->segments).text,
	       unit_count(out->resent).text, unit_count(out->steps).text);
}

/* ---- scenarios from files */

static bool read_file(const char *path, char *text, size_t *n, struct aksu_reason *why)
{
	FILE *f = strcmp(path, "-") == 0 ? stdin : fopen(path, "r");
	bool good;

	if (f == NULL)
		return because(why, "%s: %s", path, strerror(errno));
	*n = fread(text, 1, SCENARIO_FILE_MAX, f);
	good = !ferror(f) && *n < SCENARIO_FILE_MAX;
	if (f != stdin)
		fclose(f);
	return good || because(why, "%s: it cannot be read, or is longer than a MiB", path);
}

static bool load(const struct sim_options *o, struct sim_scenario *sc, struct aksu_reason *why)
{
	struct sim_complaint complaint;
	char *text;
	size_t n = 0;
	bool good;

	if (o->scenario == NULL) {
		sim_scenario_draw(sc, o->first);
		return true;
	}
	text = malloc(SCENARIO_FILE_MAX);
	good = text != NULL ? read_file(o->scenario, text, &n, why) : because(why, "no memory");
	if (good && !sim_scenario_read(sc, text, n, &complaint))
		good = complaint.line > 0 ? because(why, "%s: line %u: %s", o->scenario,
						    complaint.line, complaint.text)
					  : because(why, "%s: %s", o->scenario, complaint.text);
	free(text);
	return good;
}

/* ---- shrinking */

struct hunt {
	const struct sim_options *o;
	char text[sizeof(((struct sim_outcome *)0)->wrong)];
	struct sim_outcome out;
	struct sim_result sum;
};

/* The same thing went wrong, be it in another flow or at another node: digits do not count. */
static bool same(const char *a, const char *b)
{
	for (;; a++, b++) {
		while (*a >= '0' && *a <= '9')
			a++;
		while (*b >= '0' && *b <= '9')
			b++;
		if (*a != *b)
			return false;
		if (*a == '\0')
			return true;
	}
}

static bool fails(void *ctx, const struct sim_scenario *sc)
{
	struct hunt *h = ctx;

	return !sim_one(sc, h->o->check, &h->out, &h->sum) && same(h->out.wrong, h->text);
}

static bool shrink(const struct sim_options *o, struct sim_scenario *sc, const char *wrong)
{
	struct sim_scenario *scratch = malloc(sizeof(*scratch));
	struct hunt *h = calloc(1, sizeof(*h));
	bool good = scratch != NULL && h != NULL;
	unsigned calls;

	if (good) {
		h->o = o;
		snprintf(h->text, sizeof(h->text), "%s", wrong);
		calls = sim_scenario_shrink(sc, scratch, fails, h, SHRINK_TRIES);
		printf("# %s\n# smaller, after %u worlds; aksu sim --scenario FILE plays it\n",
		       wrong, calls);
		sim_scenario_print(sc, print, stdout);
	}
	free(scratch);
	free(h);
	return good;
}

/* ---- what was asked for */

static void tell_replay(const struct sim_options *o, uint64_t seed)
{
	static const char *const words[] = {"none", "end", "each"};

	if (o->scenario != NULL)
		fprintf(stderr, "  aksu sim --scenario %s --check=%s\n", o->scenario,
			words[o->check]);
	else
		fprintf(stderr, "  aksu sim --seed %" PRIu64 " --check=%s\n", seed,
			words[o->check]);
}

static bool run_one(const struct sim_options *o, struct sim_result *sum, struct aksu_reason *why)
{
	struct sim_scenario *sc = malloc(sizeof(*sc));
	struct sim_outcome *out = calloc(1, sizeof(*out));
	bool good = sc != NULL && out != NULL ? load(o, sc, why) : because(why, "no memory");
	clock_t begin = clock();

	if (good && o->print) {
		sim_scenario_print(sc, print, stdout);
	} else if (good) {
		struct sim_observer lines = {o->lines ? print_line : NULL, stdout};
		bool held = sim_watched(sc, o->check, lines, out, sum);

		sum->cpu_ms = (uint64_t)(clock() - begin) * 1000 / CLOCKS_PER_SEC;
		if (!o->shrink || held)
			tell_world(sc, out);
		if (!held && o->shrink)
			good = shrink(o, sc, out->wrong) || because(why, "no memory");
	}
	free(sc);
	free(out);
	return good;
}

static bool merge(char **files, struct sim_result *sum, struct aksu_reason *why)
{
	if (*files == NULL)
		return because(why, "name the files that --out wrote");
	for (; *files != NULL; files++)
		if (!sim_result_read(sum, *files, why))
			return false;
	return true;
}

static int finish(const struct sim_options *o, const struct sim_result *sum)
{
	struct aksu_reason why;

	if (o->many || o->merge)
		sim_result_print(sum);
	for (uint64_t i = 0; i < sum->failed && i < SIM_FAILURES; i++) {
		fprintf(stderr, "aksu sim: world %" PRIu64 ": %s\n", sum->failure[i].seed,
			sum->failure[i].text);
		tell_replay(o, sum->failure[i].seed);
	}
	if (o->out != NULL && !sim_result_write(sum, o->out, &why)) {
		fprintf(stderr, "aksu sim: %s\n", why.text);
		return 1;
	}
	if (o->complete && !sim_result_complete(sum)) {
		fprintf(stderr, "aksu sim: not everything was seen: more seeds may, or the swarm "
				"never does\n");
		return 1;
	}
	return sum->failed > 0 ? 1 : 0;
}

int cmd_sim(int argc, char **argv)
{
	struct sim_options o = {.first = 1, .last = 1, .check = SIM_CHECK_EACH};
	const struct command_line line = {
		.name = "sim",
		.usage = "[options]",
		.about = "Whole networks from a seed: hosts, routers, bad wires, many flows, with "
			 "every\n"
			 "invariant watched. The same seed gives the same octets everywhere.\n",
		.tail = "Exit codes: 0 all held, 1 something did not, 2 bad arguments.\n\n"
			"Examples:\n"
			"  aksu sim --seed 17                    one world, in words\n"
			"  aksu sim --seeds 1..10000             many, on all cores, and a table\n"
			"  aksu sim --seed 17 --print >w.txt && aksu sim --scenario w.txt\n"
			"  aksu sim --seed 17 --shrink           what is left of a failure\n"
			"  aksu sim --seeds 1..500 --out a.txt && aksu sim --merge a.txt b.txt\n",
		.tables = {{rows, COUNT_OF(rows), &o}},
	};
	struct sim_result *sum;
	struct aksu_reason why;
	char **words;
	bool good;
	int code = options_parse(&line, argc, argv, &words);

	if (code != OPTIONS_GO_ON)
		return code;
	if (*words != NULL && !o.merge)
		return options_wrong("sim",
				     (because(&why, "'%s' is not expected here", *words), &why));
	if (o.jobs == 0)
		o.jobs = (uint64_t)max_u64(1, min_u64((uint64_t)sysconf(_SC_NPROCESSORS_ONLN),
						      SIM_JOBS_MAX));
	sum = calloc(1, sizeof(*sum));
	if (sum == NULL)
		return 1;
	if (o.merge)
		good = merge(words, sum, &why);
	else
		good = o.many ? sim_range(&o, sum, &why) : run_one(&o, sum, &why);
	if (!good)
		fprintf(stderr, "aksu sim: %s\n", why.text);
	code = good && !o.print ? finish(&o, sum) : !good;
	free(sum);
	return code;
}
