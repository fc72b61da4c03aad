/* SPDX-License-Identifier: MIT */
/*
 * cli/ss.c - `aksu ss`, `aksu stats` and `aksu stop`: questions to an aksu that runs.
 *
 * Each finds those who run (cli/ask.h), sends one line and copies what comes. With several, ss and
 * stats ask all and print a heading for each.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/ask.h"
#include "cli/commands.h"
#include "cli/options.h"

struct question {
	const char *command;
	bool json, listeners, all;
	const char *name; /* of the aksu to ask; NULL: whoever runs */
};

/* ------------------------------------------------------------------ options */

OPTION_FLAG(take_json, struct question, json)
OPTION_FLAG(take_listeners, struct question, listeners)
OPTION_FLAG(take_all, struct question, all)

static const struct option_row SS_ROWS[] = {
	{"listeners", NULL, "listening sockets instead of connections", take_listeners},
	{"all", NULL, "listening and unused sockets too", take_all},
	{"json", NULL, "one JSON object a line, with all that is known", take_json},
};

static const struct option_row STATS_ROWS[] = {
	{"json", NULL, "one JSON object", take_json},
};

/* OPTIONS_GO_ON, or the exit code. */
static int parse(struct question *q, const struct command_line *line, int argc, char **argv)
{
	struct aksu_reason why;
	char **words;
	int code = options_parse(line, argc, argv, &words);

	if (code != OPTIONS_GO_ON)
		return code;
	q->command = line->name;
	q->name = words[0];
	if (words[0] && words[1])
		because(&why, "'%s' is too much: one name, or none", words[1]);
	else if (q->listeners && q->all)
		because(&why, "--listeners or --all: --all has the listeners too");
	else if (!q->name || control_name_check(q->name, &why))
		return OPTIONS_GO_ON;
	return options_wrong(line->name, &why);
}

/* ------------------------------------------------------------------ asking */

static int cannot(const struct question *q, const struct aksu_reason *why)
{
	fprintf(stderr, "aksu %s: %s\n", q->command, why->text);
	return EXIT_FAILURE;
}

/* The names of all, in one line. */
static void list_names(const struct ask *a, char *out, size_t cap)
{
	size_t n = 0;

	out[0] = '\0';
	for (size_t i = 0; i < a->count && n < cap; i++)
		n += (size_t)snprintf(out + n, cap - n, "%s%s", i > 0 ? ", " : "",
				      a->targets[i].name);
}

/* Those who are asked; false, and why there is nobody. */
static bool choose(const struct question *q, struct ask *a, struct aksu_reason *why)
{
	char names[160];

	if (!ask_find(a, why))
		return false;
	if (a->count == 0)
		return because(why, "no aksu runs here as this user (one with --no-control, or of "
				    "another user, is not found)");
	list_names(a, names, sizeof(names));
	if (!q->name)
		return true;
	ask_only(a, q->name);
	return a->count > 0 || because(why, "no aksu named %s runs; there is %s", q->name, names);
}

static int ask_all(const struct question *q, const struct ask *a, const char *request)
{
	int code = EXIT_SUCCESS;
	struct aksu_reason why;

	for (size_t i = 0; i < a->count; i++) {
		if (a->count > 1 && !q->json)
			printf("%s%s:\n", i > 0 ? "\n" : "", a->targets[i].name);
		fflush(stdout);
		if (!ask_one(&a->targets[i], request, q->json, stdout, &why))
			code = cannot(q, &why);
	}
	return code;
}

static int put_question(const struct question *q, const char *request)
{
	struct aksu_reason why;
	struct ask a;
	int code;

	code = choose(q, &a, &why) ? ask_all(q, &a, request) : cannot(q, &why);
	ask_close(&a);
	return code;
}

/* ------------------------------------------------------------------ the commands */

int cmd_ss(int argc, char **argv)
{
	struct question q = {0};
	struct command_line line = {
		.name = "ss",
		.usage = "[NAME] [options]",
		.about = "The connections of a running aksu, and what each waits for. NAME is its\n"
			 "--name, or COMMAND-PID; without one, all that run are asked.\n",
		.tail = "STATE as in RFC 9293; RTT in ms, smoothed; CWND, FLT (in flight), RCVQ\n"
			"(unread) and SNDQ (not acknowledged) in octets; RTX: segments sent "
			"again.\n"
			"Of a listener RCVQ is connections to accept, SNDQ how many may wait.\n"
			"Exit code: 0 done, 1 not done and said why, 2 wrong arguments.\n\n"
			"examples:\n"
			"  aksu ss\n"
			"  aksu ss -l echo-4711\n"
			"  aksu ss --json | grep CLOSE-WAIT\n",
		.letters = "la",
		.tables = {{SS_ROWS, sizeof(SS_ROWS) / sizeof(SS_ROWS[0]), &q}},
	};
	char request[32];
	int code = parse(&q, &line, argc, argv);

	if (code != OPTIONS_GO_ON)
		return code;
	snprintf(request, sizeof(request), "ss%s%s",
		 q.listeners ? " listeners" : (q.all ? " all" : ""), q.json ? " json" : "");
	return put_question(&q, request);
}

int cmd_stats(int argc, char **argv)
{
	struct question q = {0};
	struct command_line line = {
		.name = "stats",
		.usage = "[NAME] [--json]",
		.about = "The counters of a running aksu: what came and went, and every kind of\n"
			 "drop with its name and its meaning.\n",
		.tail = "Exit code: 0 done, 1 not done and said why, 2 wrong arguments.\n\n"
			"examples:\n"
			"  aksu stats\n"
			"  aksu stats echo-4711 --json\n",
		.tables = {{STATS_ROWS, sizeof(STATS_ROWS) / sizeof(STATS_ROWS[0]), &q}},
	};
	int code = parse(&q, &line, argc, argv);

	return code != OPTIONS_GO_ON ? code : put_question(&q, q.json ? "stats json" : "stats");
}

int cmd_stop(int argc, char **argv)
{
	struct question q = {0};
	struct command_line line = {
		.name = "stop",
		.usage = "NAME",
		.about = "Tells a running aksu to close its connections and end, as Ctrl-C does.\n",
		.tail = "Exit code: 0 told, 1 not done and said why, 2 wrong arguments.\n\n"
			"examples:\n"
			"  aksu stop echo-4711\n",
	};
	struct aksu_reason why;
	int code = parse(&q, &line, argc, argv);

	if (code != OPTIONS_GO_ON)
		return code;
	if (q.name)
		return put_question(&q, "stop");
	because(&why, "which one? aksu stop NAME; aksu ss shows who runs");
	return options_wrong(line.name, &why);
}
