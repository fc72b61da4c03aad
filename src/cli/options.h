/* SPDX-License-Identifier: MIT */
/*
 * cli/options.h - the options of a command as tables of rows, and its --help made out of the same.
 *
 * Commands that share options share a table and add their own. A row takes its value into what its
 * table belongs to; what is wrong gets one line, with the option before it, and exit code 2.
 * It knows no option.
 */
#ifndef AKSU_CLI_OPTIONS_H
#define AKSU_CLI_OPTIONS_H

#include "cli/args.h"

struct option_row {
	const char *name;  /* without the dashes */
	const char *value; /* what --help calls its value; NULL: it takes none */
	const char *help;  /* lines for --help; NULL: another row's words name it */
	bool (*take)(void *into, const char *value, struct aksu_reason *why);
};

/* A take that does no more than set a bool of what its table belongs to. */
#define OPTION_FLAG(name, type, field)                                           \
	static bool name(void *into, const char *value, struct aksu_reason *why) \
	{                                                                        \
		(void)value, (void)why;                                          \
		return ((type *)into)->field = true;                             \
	}

struct option_table {
	const struct option_row *rows;
	size_t count;
	void *into;
};

enum { OPTION_TABLES = 3, OPTIONS_MAX = 48 };

struct command_line {
	const char *name;    /* of the command */
	const char *usage;   /* what follows it in the first line */
	const char *about;   /* what it does: whole lines */
	const char *tail;    /* after the options: whole lines, examples last */
	const char *letters; /* initials that are short forms of options without a value; or NULL */
	struct option_table tables[OPTION_TABLES];
};

/* The answer of options_parse() when the command is to go on. */
enum { OPTIONS_GO_ON = -1 };

/*
 * Takes all options, wherever they stand among the words; `words` then is the rest of argv, ended
 * by NULL. OPTIONS_GO_ON, or the exit code: 0 after --help, EXIT_USAGE after a line on stderr.
 */
int options_parse(const struct command_line *line, int argc, char **argv, char ***words);

/* Says what is wrong with the arguments of a command; EXIT_USAGE. */
int options_wrong(const char *command, const struct aksu_reason *why);

#endif
