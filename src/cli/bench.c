/* SPDX-License-Identifier: MIT */
/*
 * cli/bench.c - `aksu bench`: where the core stands, beside a skeleton of the same work.
 *
 * Each line is measured in rounds, ours and the skeleton's in turn; the median is printed, and the
 * smallest and largest beside it. Nothing here fails for being slow.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <aksu/loop.h>

#include "base/prng.h"
#include "cli/args.h"
#include "cli/bench_pair.h"
#include "cli/bench_skeleton.h"
#include "cli/commands.h"

enum { ROUNDS_MAX = 31, CHUNK = 65536 };

struct run {
	bool quick;
	bool json;
	const char *only; /* a name, or its beginning */
	unsigned rounds;
};

/* Values of one line: ours and the skeleton's, one for each round. */
struct line {
	const char *name, *unit;
	double ours[ROUNDS_MAX], floor[ROUNDS_MAX];
	unsigned rounds, floors;
};

/* ------------------------------------------------------------------ printing */

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *v, unsigned n)
{
	qsort(v, n, sizeof(*v), by_value);
	return v[n / 2];
}

static void print_json(const struct line *l, double ours, double floor)
{
	printf("{\"name\": \"%s\", \"value\": %.1f, \"unit\": \"%s\", \"peer\": \"aksu\"}\n",
	       l->name, ours, l->unit);
	if (l->floors > 0)
		printf("{\"name\": \"%s\", \"value\": %.1f, \"unit\": \"%s\", \"peer\": "
		       "\"skeleton\"}\n",
		       l->name, floor, l->unit);
}

static void print_line(struct line *l, bool json)
{
	double ours = median(l->ours, l->rounds);
	double floor = l->floors > 0 ? median(l->floor, l->floors) : 0;

	if (json) {
		print_json(l, ours, floor);
		return;
	}
	printf("%-16s %12.1f  (%.1f to %.1f)", l->name, ours, l->ours[0], l->ours[l->rounds - 1]);
	if (l->floors > 0)
		printf("  skeleton %.1f, %.2f times", floor, ours / floor);
	printf("  %s\n", l->unit);
	fflush(stdout);
}

static double ns_since(aksu_time start) { return (double)(aksu_clock_now() - start); }

/* ------------------------------------------------------------------ lines */

/* One flow, copying API, MSS 1448 with timestamps: ns for each data segment, both ends. */
static bool bulk(const struct run *run, struct line *l)
{
	static struct bench_pair p;
	static uint8_t data[CHUNK], got[CHUNK];
	size_t bytes = run->quick ? 64u << 20 : 512u << 20, received = 0;
	aksu_socket c, a;
	aksu_time start;
	int64_t n;

	if (!bench_pair_init(&p, 0, 0) || !bench_open(&p, &c, &a))
		return false;
	start = aksu_clock_now();
	while (received < bytes) {
		(void)aksu_send(p.s[0], c, data, sizeof(data), 0, p.now);
		for (int turn = 0; turn < 2; turn++) {
			bench_take(&p, 0, &p.batch);
			bench_give(&p, 1, &p.batch);
		}
		while ((n = aksu_recv(p.s[1], a, got, sizeof(got), p.now)) > 0)
			received += (size_t)n;
		bench_take(&p, 1, &p.batch);
		bench_give(&p, 0, &p.batch);
		bench_pass(&p, 20 * AKSU_MICROSECOND);
	}
	l->ours[l->rounds++] = ns_since(start) / ((double)received / 1448);
	bench_pair_fini(&p);

	start = aksu_clock_now();
	skeleton_bulk(bytes / 1448);
	l->floor[l->floors++] = ns_since(start) / (double)(bytes / 1448);
	return true;
}

/* Connect, accept, close from the client (or reset), again and again: a second's worth. */
static bool connections(const struct run *run, struct line *l, bool reset)
{
	static struct bench_pair p;
	size_t count = run->quick ? 20000 : 200000;
	aksu_socket c, a;
	aksu_time start;

	if (!bench_pair_init(&p, AKSU_SECOND, (size_t)512 << 20))
		return false;
	start = aksu_clock_now();
	for (size_t i = 0; i < count; i++) {
		if (!bench_open(&p, &c, &a))
			return false;
		if (reset) {
			aksu_abort(p.s[0], c, p.now);
			bench_shuttle(&p);
			aksu_close(p.s[1], a, p.now);
		} else {
			aksu_close(p.s[0], c, p.now);
			bench_shuttle(&p);
			aksu_close(p.s[1], a, p.now);
			bench_shuttle(&p);
		}
		bench_pass(&p, AKSU_MILLISECOND);
		bench_drain_news(&p);
	}
	l->ours[l->rounds++] = (double)count * 1e9 / ns_since(start);
	bench_pair_fini(&p);
	if (reset)
		return true;
	start = aksu_clock_now();
	skeleton_connections(count);
	l->floor[l->floors++] = (double)count * 1e9 / ns_since(start);
	return true;
}

static bool conn_fin(const struct run *run, struct line *l) { return connections(run, l, false); }

static bool conn_rst(const struct run *run, struct line *l) { return connections(run, l, true); }

/* `flows` connections, their client ends. */
static aksu_socket *open_many(struct bench_pair *p, size_t flows)
{
	aksu_socket *c = calloc(flows, sizeof(*c)), a;

	for (size_t i = 0; c != NULL && i < flows; i++) {
		if (!bench_open(p, &c[i], &a)) {
			free(c);
			return NULL;
		}
	}
	return c;
}

/* The server's part of one batch: in, delivered, acknowledged; returns its time. */
static double serve_batch(struct bench_pair *p, const struct bench_batch *in,
			  struct bench_batch *out)
{
	struct aksu_ready ready;
	uint8_t octet[16];
	aksu_time start = aksu_clock_now();

	bench_give(p, 1, in);
	while (aksu_next_ready(p->s[1], &ready))
		(void)aksu_recv(p->s[1], ready.socket, octet, sizeof(octet), p->now);
	bench_take(p, 1, out);
	return ns_since(start);
}

/* One octet for one of `flows` at random: ns for each packet at the receiver. */
static bool random_flow(const struct run *run, struct line *l, size_t flows)
{
	static struct bench_pair p;
	static struct bench_batch in, out;
	size_t packets = run->quick ? 32000 : 320000;
	struct prng prng = prng_from(7);
	struct skeleton_table *t;
	aksu_socket *c;
	double spent = 0;
	aksu_time start;
	size_t done = 0;

	if (!bench_pair_init(&p, 0, (size_t)4 << 30))
		return false;
	/* What the listener chose its connections share: each octet is acknowledged at once. */
	(void)aksu_set_option(p.s[1], p.listener, AKSU_TCP_QUICKACK, 1, p.now);
	c = open_many(&p, flows);
	if (c == NULL)
		return false;
	bench_drain_news(&p);
	while (done < packets) {
		for (int i = 0; i < BENCH_BATCH; i++)
			(void)aksu_send(p.s[0], c[prng_below(&prng, (uint32_t)flows)], "x", 1, 0,
					p.now);
		bench_take(&p, 0, &in);
		spent += serve_batch(&p, &in, &out);
		done += in.n;
		bench_give(&p, 0, &out);
		bench_shuttle(&p);
		bench_drain_news(&p);
		bench_pass(&p, AKSU_MILLISECOND);
	}
	l->ours[l->rounds++] = spent / (double)done;
	free(c);
	bench_pair_fini(&p);
	t = skeleton_table_new(flows);
	if (t == NULL)
		return false;
	start = aksu_clock_now();
	skeleton_random(t, packets);
	l->floor[l->floors++] = ns_since(start) / (double)packets;
	skeleton_table_free(t);
	return true;
}

static bool random_1k(const struct run *run, struct line *l) { return random_flow(run, l, 1000); }

static bool random_10k(const struct run *run, struct line *l) { return random_flow(run, l, 10000); }

/* Octets that an established, idle connection holds, at the server's end. */
static bool idle_connection(const struct run *run, struct line *l)
{
	static struct bench_pair p;
	size_t flows = run->quick ? 2000 : 20000, before;
	aksu_socket *c;

	if (!bench_pair_init(&p, 0, (size_t)1 << 30))
		return false;
	before = aksu_memory_used(p.s[1]);
	c = open_many(&p, flows);
	if (c == NULL)
		return false;
	for (int i = 0; i < 100; i++) {
		bench_pass(&p, 10 * AKSU_MILLISECOND);
		bench_shuttle(&p);
	}
	l->ours[l->rounds++] = (double)(aksu_memory_used(p.s[1]) - before) / (double)flows;
	free(c);
	bench_pair_fini(&p);
	return true;
}

static const struct bench {
	const char *name, *unit, *what;
	bool (*measure)(const struct run *run, struct line *l);
} benches[] = {
	{"bulk.copy", "ns/segment", "a flow of 1448-octet segments, copied, both ends", bulk},
	{"conn.fin", "1/s", "connect, accept, close with FIN at both ends", conn_fin},
	{"conn.rst", "1/s", "connect, accept, reset", conn_rst},
	{"random.1k", "ns/packet", "an octet to one of 1,000 connections, and its ACK", random_1k},
	{"random.10k", "ns/packet", "the same for one of 10,000", random_10k},
	{"idle.connection", "octets", "what an idle connection holds at one end", idle_connection},
};

enum { BENCHES = sizeof(benches) / sizeof(benches[0]) };

/* ------------------------------------------------------------------ the command */

static void help(FILE *out)
{
	fprintf(out, "usage: aksu bench [NAME] [--quick] [--rounds N] [--json]\n\n"
		     "Measures the engine in memory, without any device, beside a skeleton that\n"
		     "only builds, sums, copies and reads the same frames. Medians of several\n"
		     "rounds, with the smallest and the largest.\n\n");
	for (size_t i = 0; i < BENCHES; i++)
		fprintf(out, "  %-16s %-11s %s\n", benches[i].name, benches[i].unit,
			benches[i].what);
	fprintf(out,
		"\n  --quick     a tenth of the work\n"
		"  --rounds N  1 to %d, default 5\n"
		"  --json      one object a line: name, value, unit, peer\n\n"
		"examples:\n"
		"  aksu bench\n"
		"  aksu bench random --quick\n"
		"  aksu bench --json > bench.jsonl\n",
		ROUNDS_MAX);
}

static int usage(const char *what)
{
	fprintf(stderr, "aksu bench: %s; see aksu bench --help\n", what);
	return EXIT_USAGE;
}

/* 0: go on; else the exit code plus one. */
static int read_options(int argc, char **argv, struct run *run)
{
	static const struct option options[] = {
		{"quick", no_argument, NULL, 'q'},
		{"rounds", required_argument, NULL, 'r'},
		{"json", no_argument, NULL, 'j'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	struct aksu_reason why;
	uint64_t rounds;
	int c;

	opterr = 0;
	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (c == 'h') {
			help(stdout);
			return 1;
		}
		if (c == 'r' && !cli_number_parse(optarg, 1, ROUNDS_MAX, &rounds, &why))
			return usage("--rounds takes a number from 1 to 31") + 1;
		if (c == 'r')
			run->rounds = (unsigned)rounds;
		run->quick |= c == 'q';
		run->json |= c == 'j';
		if (c == '?')
			return usage("no such option") + 1;
	}
	run->only = optind < argc ? argv[optind++] : "";
	if (optind < argc)
		return usage("one NAME at most") + 1;
	return 0;
}

static bool measure(const struct bench *b, const struct run *run)
{
	struct line line = {.name = b->name, .unit = b->unit};

	for (unsigned r = 0; r < run->rounds; r++)
		if (!b->measure(run, &line)) {
			fprintf(stderr,
				"aksu bench: %s could not run: no memory, or a connection "
				"failed\n",
				b->name);
			return false;
		}
	print_line(&line, run->json);
	return true;
}

int cmd_bench(int argc, char **argv)
{
	struct run run = {.rounds = 5};
	int code = read_options(argc, argv, &run);
	bool any = false;

	if (code != 0)
		return code - 1;
	for (size_t i = 0; i < BENCHES; i++) {
		if (strncmp(benches[i].name, run.only, strlen(run.only)) != 0)
			continue;
		any = true;
		if (!measure(&benches[i], &run))
			return 1;
	}
	return any ? 0 : usage("no line of this name");
}
