/* SPDX-License-Identifier: MIT */
/*
 * sim/scenario_test.c - scenarios: what is printed reads back as the same, what is wrong is said,
 * the same one plays the same, broken worlds are seen, and failures get smaller.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <aksu/scenario.h>

#include "base/compile.h"
#include "support/memory.h"

enum { TEXT_MAX = 1 << 17 };

static struct test_memory memory;

struct text {
	char at[TEXT_MAX];
	size_t n;
};

static void collect(void *ctx, const char *text, size_t n)
{
	struct text *t = ctx;

	assert_true(t->n + n < sizeof(t->at));
	memcpy(t->at + t->n, text, n);
	t->n += n;
	t->at[t->n] = '\0';
}

static struct sim_scenario one, two;
static struct text first, second;
static struct sim_outcome outcome;

static void what_is_printed_reads_back_as_the_same(void **state)
{
	struct sim_complaint why;

	(void)state;
	for (uint64_t seed = 1; seed <= 60; seed++) {
		sim_scenario_draw(&one, seed);
		first.n = second.n = 0;
		sim_scenario_print(&one, collect, &first);
		if (!sim_scenario_read(&two, first.at, first.n, &why))
			fail_msg("seed %u: line %u: %s", (unsigned)seed, why.line, why.text);
		sim_scenario_print(&two, collect, &second);
		assert_string_equal(first.at, second.at);
	}
}

static void what_is_wrong_is_said(void **state)
{
	static const struct {
		const char *text, *said;
		unsigned line;
	} cases[] = {
		{"", "there is no host", 0},
		{"seed\n", "is no seed", 1},
		{"seed 1 2\n", "'2' is one word too many", 1},
		{"speed 1\n", "'speed' begins no line", 1},
		{"host 1\n", "'1' is not the next node's number", 1},
		{"host 0 sndbuf=x\n", "'sndbuf=x' has no such value", 1},
		{"host 0 sndbuf=-1\n", "has no such value", 1},
		{"host 0 sndbuf=99999999999999999999\n", "has no such value", 1},
		{"host 0 colour=red\n", "is no field", 1},
		{"host 0\nhost 1\nlink 0 0 2\n", "'2' is no node", 3},
		{"host 0\nhost 1\nlink 0 0 1\nwire 0 - loss=1%\n", "'-' is not a direction", 4},
		{"host 0\nhost 1\nlink 0 0 1\nwire 0 > loss=101%\n", "has no such value", 4},
		{"host 0\nhost 1\nlink 0 0 1\nat 2s wire 0 > loss=1%\nat 1s link 0 mtu=900\n",
		 "in order of time", 5},
		{"host 0\nhost 1\nlink 0 0 1\nat 2s link 0 tso=1\n", "only its mtu", 4},
		{"host 0\nhost 1\nlink 0 0 1\ndrop 0 data:0\n", "names no segment", 4},
		{"host 0\nhost 1\n", "a host has one link", 0},
		{"host 0\nrouter 1\nlink 0 0 1 ethernet\n", "no ethernet", 0},
		{"host 0\nhost 1\nlink 0 0 1 mtu=600\nflow 0 1 v6\n", "MTU of 1280", 0},
		{"host 0\nhost 1\nlink 0 0 1\nflow 0 0\n", "from one host to another", 0},
		{"host 0\nhost 1\nhost 2\nhost 3\nlink 0 0 1\nlink 1 2 3\nflow 0 2\n", "no way", 0},
		{"host 0\nhost 1\nlink 0 0 1\nwire 0 > discipline=red\n", "mark-min", 0},
	};
	struct sim_complaint why;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		assert_false(sim_scenario_read(&one, cases[i].text, strlen(cases[i].text), &why));
		if (strstr(why.text, cases[i].said) == NULL)
			fail_msg("'%s' was said of '%s'", why.text, cases[i].text);
		assert_int_equal(why.line, cases[i].line);
	}
}

/* Cut anywhere, or with any octet changed, a scenario is read or refused, and nothing else. */
static void any_text_is_read_or_refused(void **state)
{
	struct sim_complaint why;

	(void)state;
	sim_scenario_draw(&one, 3);
	first.n = 0;
	sim_scenario_print(&one, collect, &first);
	for (size_t n = 0; n < first.n; n += 11) {
		char was = first.at[n];

		(void)sim_scenario_read(&two, first.at, n, &why);
		first.at[n] = (char)(was ^ (1 << n % 8));
		(void)sim_scenario_read(&two, first.at, first.n, &why);
		first.at[n] = was;
	}
}

struct told {
	uint64_t hash;
};

static void hear(void *ctx, const struct sim_note *n)
{
	struct told *t = ctx;

	t->hash = (t->hash ^ n->time ^ n->packet << 40 ^ n->kind ^ n->link << 8) * 0x100000001b3u;
}

static bool play(const struct sim_scenario *sc, struct told *told, struct sim_coverage *coverage)
{
	const struct sim_play p = {.size = sizeof(p),
				   .allocator = {test_memory_take, test_memory_give, &memory},
				   .check = SIM_CHECK_EACH,
				   .observer = {hear, told},
				   .coverage = coverage};
	bool good = sim_scenario_play(sc, &p, &outcome);

	assert_int_equal(memory.blocks, 0);
	return good && outcome.wrong[0] == '\0';
}

static void a_seed_is_the_same_world_twice(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 10; seed++) {
		struct told a = {0}, b = {0};

		sim_scenario_draw(&one, seed);
		assert_true(play(&one, &a, NULL));
		assert_true(play(&one, &b, NULL));
		assert_true(a.hash == b.hash);
	}
}

static void load(const char *text)
{
	struct sim_complaint why;

	if (!sim_scenario_read(&one, text, strlen(text), &why))
		fail_msg("line %u: %s", why.line, why.text);
}

static void a_flow_that_cannot_end_is_seen(void **state)
{
	struct told t = {0};

	(void)state;
	load("seed 1\nhost 0\nhost 1\nlink 0 0 1\nwire 0 > delay=1ms\nwire 0 < delay=1ms\n"
	     "flow 0 1 octets=100k\nat 3ms wire 0 > down=1\n");
	assert_false(play(&one, &t, NULL));
	assert_non_null(strstr(outcome.wrong, "flow 0"));
}

static void flows_report_what_they_carried(void **state)
{
	struct sim_coverage c = {0};
	struct told t = {0};

	(void)state;
	load("seed 1\nhost 0\nrouter 1\nhost 2\nlink 0 0 1\nlink 1 1 2\n"
	     "wire 1 > rate=10M queue=30k delay=10ms\nwire 1 < delay=10ms\n"
	     "flow 0 2 octets=300k back=1k\nflow 0 2 open=refused\nflow 0 2 udp octets=5k gap=1ms\n"
	     "flow 2 0 v6 last=5s\n");
	if (!play(&one, &t, &c))
		fail_msg("%s", outcome.wrong);
	assert_int_equal(outcome.flow[0].received, 300000);
	assert_int_equal(outcome.flow[0].back_received, 1000);
	assert_int_equal(outcome.flow[1].error, AKSU_ECONNREFUSED);
	assert_int_equal(outcome.flow[2].received, 5000);
	assert_true(outcome.flow[3].received > 1000000);
	assert_true(outcome.time > 5 * AKSU_SECOND && outcome.end == SIM_QUIET);
	assert_true(c.edges[AKSU_STATE_ESTABLISHED][AKSU_STATE_FIN_WAIT_1] >= 2);
	assert_true(c.drops[AKSU_DROP_NO_CONNECTION] == 1);
}

/* It fails while flow 0 has more than 10 octets and link 1 loses anything. */
static bool is_bad(void *ctx, const struct sim_scenario *sc)
{
	unsigned *calls = ctx;
	bool big = false;

	++*calls;
	for (unsigned i = 0; i < sc->flows; i++)
		big |= sc->flow[i].octets > 10;
	return big && sc->link[1].wire[0].loss != 0;
}

static void a_failure_gets_smaller(void **state)
{
	unsigned calls = 0, said;

	(void)state;
	load("seed 1\nhost 0 clock=1s\nrouter 1\nhost 2\nlink 0 0 1 tso\nlink 1 1 2 merge\n"
	     "wire 1 > loss=1% delay=10ms reorder=1%\nwire 0 > loss=3%\n"
	     "flow 0 2 octets=300k nodelay\nflow 2 0 octets=5\nat 1s wire 0 > down=1\n");
	said = sim_scenario_shrink(&one, &two, is_bad, &calls, 1000);
	assert_int_equal(said, calls);
	first.n = 0;
	sim_scenario_print(&one, collect, &first);
	assert_string_equal(first.at, "seed 1\nhost 0\nrouter 1\nhost 2\nlink 0 0 1\nwire 0 >\n"
				      "wire 0 <\nlink 1 1 2\nwire 1 > loss=1%\nwire 1 <\n"
				      "flow 0 2 octets=18\n");
}

static void the_table_of_edges_is_figure_5(void **state)
{
	(void)state;
	assert_true(sim_edge_is_legal(AKSU_STATE_SYN_SENT, AKSU_STATE_ESTABLISHED));
	assert_false(sim_edge_is_legal(AKSU_STATE_TIME_WAIT, AKSU_STATE_ESTABLISHED));
	assert_false(sim_edge_is_legal(AKSU_STATE_CLOSE_WAIT, AKSU_STATE_FIN_WAIT_1));
	assert_false(sim_edge_is_legal(AKSU_STATE_COUNT, AKSU_STATE_CLOSED));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_printed_reads_back_as_the_same),
		cmocka_unit_test(what_is_wrong_is_said),
		cmocka_unit_test(any_text_is_read_or_refused),
		cmocka_unit_test(a_seed_is_the_same_world_twice),
		cmocka_unit_test(a_flow_that_cannot_end_is_seen),
		cmocka_unit_test(flows_report_what_they_carried),
		cmocka_unit_test(a_failure_gets_smaller),
		cmocka_unit_test(the_table_of_edges_is_figure_5),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
