/* SPDX-License-Identifier: MIT */
/*
 * cli/options.c - see cli/options.h.
 */
#include "cli/options.h"

#include <assert.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HELP = 1000, FIRST_ROW = 2000 }; /* values for getopt_long(), apart from characters */

static const struct option_row *row_at(const struct command_line *line, size_t n, void **into)
{
	for (size_t t = 0; t < OPTION_TABLES; t++) {
		if (n < line->tables[t].count) {
			*into = line->tables[t].into;
			return &line->tables[t].rows[n];
		}
		n -= line->tables[t].count;
	}
	return NULL;
}

/* ------------------------------------------------------------------ help */

static bool has_letter(const struct command_line *line, const struct option_row *row)
{
	return line->letters && !row->value && strchr(line->letters, row->name[0]);
}

static void print_row(const struct command_line *line, const struct option_row *row)
{
	const char *at = row->help, *end;
	char left[40];

	if (has_letter(line, row))
		snprintf(left, sizeof(left), "-%c, --%s", row->name[0], row->name);
	else
		snprintf(left, sizeof(left), "--%s%s%s", row->name, row->value ? " " : "",
			 row->value ? row->value : "");
	do {
		end = strchr(at, '\n');
		printf("  %-18s %.*s\n", at == row->help ? left : "",
		       (int)(end ? (size_t)(end - at) : strlen(at)), at);
		at = end ? end + 1 : at;
	} while (end);
}

static void print_help(const struct command_line *line)
{
	const struct option_row *row;
	void *into;
	size_t n;

	printf("usage: aksu %s %s\n\n%s\n", line->name, line->usage, line->about);
	for (n = 0; (row = row_at(line, n, &into)) != NULL; n++)
		if (row->help)
			print_row(line, row);
	printf("%s%s", n > 0 ? "\n" : "", line->tail);
}

/* ------------------------------------------------------------------ parsing */

int options_wrong(const char *command, const struct aksu_reason *why)
{
	fprintf(stderr, "aksu %s: %s\n", command, why->text);
	return EXIT_USAGE;
}

/* The rows as getopt_long() wants them. */
static void collect(const struct command_line *line, struct option all[OPTIONS_MAX + 2])
{
	const struct option_row *row;
	void *into;
	size_t n;

	for (n = 0; (row = row_at(line, n, &into)) != NULL; n++) {
		assert(n < OPTIONS_MAX);
		all[n] = (struct option){row->name, row->value ? required_argument : no_argument,
					 NULL, FIRST_ROW + (int)n};
	}
	all[n] = (struct option){"help", no_argument, NULL, HELP};
	all[n + 1] = (struct option){NULL, 0, NULL, 0};
}

/* By its number, or by its letter. */
static const struct option_row *row_found(const struct command_line *line, int found, void **into)
{
	const struct option_row *row;

	if (found >= FIRST_ROW)
		return row_at(line, (size_t)(found - FIRST_ROW), into);
	for (size_t n = 0; (row = row_at(line, n, into)) != NULL; n++)
		if (row->name[0] == found && has_letter(line, row))
			break;
	return row;
}

static bool take(const struct command_line *line, int found, const char *word,
		 struct aksu_reason *why)
{
	const struct option_row *row;
	struct aksu_reason wrong;
	void *into;

	if (found == ':')
		return because(why, "%s needs a value; aksu %s --help shows which", word,
			       line->name);
	if (found == '?' && optopt >= HELP)
		return because(why, "%s: this option takes no value", word);
	if (found == '?')
		return because(why, "there is no option %s; aksu %s --help lists them", word,
			       line->name);
	row = row_found(line, found, &into);
	return row->take(into, optarg, &wrong) || because(why, "--%s: %s", row->name, wrong.text);
}

int options_parse(const struct command_line *line, int argc, char **argv, char ***words)
{
	struct option all[OPTIONS_MAX + 2];
	struct aksu_reason why;
	char letters[16];
	int found;

	snprintf(letters, sizeof(letters), ":h%s", line->letters ? line->letters : "");
	collect(line, all);
	optind = 1;
	opterr = 0;
	while ((found = getopt_long(argc, argv, letters, all, NULL)) != -1) {
		if (found == HELP || found == 'h') {
			print_help(line);
			return EXIT_SUCCESS;
		}
		if (!take(line, found, argv[optind - 1], &why))
			return options_wrong(line->name, &why);
	}
	*words = argv + optind;
	return OPTIONS_GO_ON;
}
