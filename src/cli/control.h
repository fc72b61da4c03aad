/* SPDX-License-Identifier: MIT */
/*
 * cli/control.h - the control socket of a running aksu: where `aksu ss` asks.
 *
 * An AF_UNIX stream socket in a directory of the user's own (cli/control_dir.h), served by the
 * loop of the stack itself: never blocking, with bounds on clients, their requests, what is
 * buffered for them and how long they may take. Root and the user who runs it may ask, nobody else.
 */
#ifndef AKSU_CLI_CONTROL_H
#define AKSU_CLI_CONTROL_H

#include <aksu/loop.h>

#include "cli/control_dir.h"

struct control;

struct control_config {
	const char *name;    /* NULL: COMMAND-PID */
	const char *command; /* "echo" */
	struct aksu *stack;
	struct aksu_loop *loop;
	void *ctx;
	/* Somebody asked us to end. May be NULL: it is refused. */
	void (*stop)(void *ctx, aksu_time now);
};

/*
 * Begins to listen; the stack and the loop must outlive it. 0; -AKSU_EADDRINUSE: an aksu of this
 * name runs already; -AKSU_EINVAL: the name is none; -AKSU_EOPNOTSUPP: there cannot be one here (no
 * directory, a file system that is read-only), which need not stop anybody. And why.
 */
int control_open(const struct control_config *config, struct control **out,
		 struct aksu_reason *why);

/* The name that it has. */
const char *control_name(const struct control *c);

/* Ends it and removes the socket. NULL is fine. */
void control_close(struct control *c);

#endif
