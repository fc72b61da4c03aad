/* SPDX-License-Identifier: MIT */
/*
 * cli/main.c - the command `aksu`: a table of commands, and who is asked for.
 *
 * Exit codes: 0 done; 1 it could not be done, said on standard error; 2 the arguments are wrong,
 * one line says what would be right. A new command is one line of the table.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/args.h"
#include "cli/commands.h"

struct command {
	const char *name, *summary;
	int (*run)(int argc, char **argv); /* argv[0] is the command's own name */
};

static const struct command commands[] = {
	{"demo", "two hosts on a simulated link, drawn as a ladder; needs no privilege", cmd_demo},
	{"echo", "a server on a device: what comes is sent back, TCP and UDP (RFC 862)", cmd_echo},
	{"discard", "the same, that forgets what comes (RFC 863)", cmd_discard},
	{"chargen", "the same, that sends characters without end (RFC 864)", cmd_chargen},
	{"listen", "standard input and output over a connection that comes", cmd_listen},
	{"connect", "the same over a connection that we open, as nc does", cmd_connect},
	{"wire", "two devices, joined by a network as bad as you say", cmd_wire},
	{"ss", "the connections of an aksu that runs, and what each waits for", cmd_ss},
	{"stats", "its counters", cmd_stats},
	{"stop", "tells it to end, as Ctrl-C does", cmd_stop},
	{"doctor", "what this machine lets us do, and how to allow the rest", cmd_doctor},
	{"sim", "whole networks from a seed, and whether everything held in them", cmd_sim},
	{"bench", "how fast two hosts in memory are, beside a skeleton without a stack", cmd_bench},
};

enum { COMMANDS = sizeof(commands) / sizeof(commands[0]) };

static void help(FILE *out)
{
	fprintf(out, "aksu - TCP in user space\n\n"
		     "Usage: aksu COMMAND [options]\n\n");
	for (size_t i = 0; i < COMMANDS; i++)
		fprintf(out, "  %-8s %s\n", commands[i].name, commands[i].summary);
	fprintf(out, "\n  aksu COMMAND --help    what a command can do\n"
		     "  aksu --version\n");
}

static int unknown(const char *word)
{
	fprintf(stderr, "aksu: there is no command '%s'; there %s", word,
		COMMANDS > 1 ? "are" : "is");
	for (size_t i = 0; i < COMMANDS; i++)
		fprintf(stderr, "%s %s", i > 0 ? "," : "", commands[i].name);
	fprintf(stderr, "\n");
	return EXIT_USAGE;
}

/*
 * Where a program was started without standard input, output or error, sockets and devices must not
 * get their numbers: what is read is at its end, what is written fails.
 */
static void hold_standard_fds(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDONLY) != fd)
			return;
}

static int run(int argc, char **argv)
{
	const char *word = argc > 1 ? argv[1] : "--help";

	if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0) {
		help(stdout);
		return 0;
	}
	if (strcmp(word, "--version") == 0) {
		printf("aksu %s\n", AKSU_VERSION);
		return 0;
	}
	for (size_t i = 0; i < COMMANDS; i++)
		if (strcmp(word, commands[i].name) == 0)
			return commands[i].run(argc - 1, argv + 1);
	return unknown(word);
}

int main(int argc, char **argv)
{
	int code;

	hold_standard_fds();
	code = run(argc, argv);
	if (fflush(stdout) == 0 && !ferror(stdout))
		return code;
	if (code == EXIT_SUCCESS) /* else the command has said what is wrong */
		fprintf(stderr, "aksu: standard output cannot be written: the disk is full, or "
				"nobody reads it\n");
	return code == EXIT_SUCCESS ? EXIT_FAILURE : code;
}
