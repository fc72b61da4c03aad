/* SPDX-License-Identifier: MIT */
/*
 * cli/control_dir.h - where control sockets lie: a directory of the user's own, and who is in it.
 *
 *      $AKSU_RUNTIME_DIR                     if it is set, and then nowhere else
 *      $XDG_RUNTIME_DIR/aksu, /run/aksu (root), /tmp/aksu-UID     the first that can be had
 *
 * The directory has mode 0700, is owned by the user and is no symbolic link, or it is not used.
 * A socket in it is named as the program that listens on it; one that nobody listens on any more
 * (its program was killed) is stale. Who removes or makes one holds a lock on the directory.
 */
#ifndef AKSU_CLI_CONTROL_DIR_H
#define AKSU_CLI_CONTROL_DIR_H

#include <sys/un.h>

#include "port/reason.h"

enum {
	CONTROL_NAME = 48,                                          /* octets with the 0 */
	CONTROL_PATH = sizeof(((struct sockaddr_un *)0)->sun_path), /* with both and a slash */
	CONTROL_DIRS = 3,
};

struct control_dir {
	int fd;
	char path[CONTROL_PATH];
};

/* Letters, digits, '-', '_' and '.', not first: a name is a file's name and a word of ours. */
bool control_name_check(const char *name, struct aksu_reason *why);

/* The directory to listen in, made unless it exists; close with control_dir_close(). False, and
 * why. */
bool control_dir_make(struct control_dir *out, struct aksu_reason *why);

/* Where that would be, without making anything. False, and why there can be none. */
bool control_dir_would(char out[CONTROL_PATH], struct aksu_reason *why);

/* Those that exist, to look in; how many. */
size_t control_dirs_find(struct control_dir out[CONTROL_DIRS]);

void control_dir_close(struct control_dir *dir);

void control_dir_lock(const struct control_dir *dir);
void control_dir_unlock(const struct control_dir *dir);

/* Removes stale sockets. The lock must be held. */
void control_dir_sweep(const struct control_dir *dir);

/* The address of a name; false, and why: the path is too long for a socket. */
bool control_address(const struct control_dir *dir, const char *name, struct sockaddr_un *out,
		     struct aksu_reason *why);

#endif
