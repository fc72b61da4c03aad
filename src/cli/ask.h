/* SPDX-License-Identifier: MIT */
/*
 * cli/ask.h - the other end of a control socket: who runs, and what it answers (cli/answer.h has
 * the protocol).
 */
#ifndef AKSU_CLI_ASK_H
#define AKSU_CLI_ASK_H

#include <stdio.h>

#include "cli/control_dir.h"

struct ask_target {
	const struct control_dir *dir;
	char name[CONTROL_NAME];
};

struct ask {
	struct control_dir dirs[CONTROL_DIRS];
	size_t dir_count;
	struct ask_target *targets; /* in the order of their names, in each directory */
	size_t count;
};

/* Finds who runs; sockets that nobody listens on are removed. False: no memory. */
bool ask_find(struct ask *a, struct aksu_reason *why);

/* Leaves only those of this name. */
void ask_only(struct ask *a, const char *name);

void ask_close(struct ask *a);

/*
 * Asks and copies the answer; with `json`, "aksu":"NAME" is put first into each object. False, and
 * why: it cannot be reached, refuses, or did not answer to the end.
 */
bool ask_one(const struct ask_target *target, const char *request, bool json, FILE *out,
	     struct aksu_reason *why);

#endif
