/* SPDX-License-Identifier: MIT */
/*
 * cli/ask.c - see cli/ask.h.
 */
#include "cli/ask.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "cli/answer.h"

/* A stack under load answers in its turn; one that stands still this long will not. */
enum { PATIENCE_S = 10 };

/* ------------------------------------------------------------------ who runs */

static bool add_target(struct ask *a, const struct control_dir *dir, const char *name)
{
	struct ask_target *more = realloc(a->targets, (a->count + 1) * sizeof(*more));

	if (!more)
		return false;
	a->targets = more;
	more[a->count].dir = dir;
	memcpy(more[a->count].name, name, strlen(name) + 1); /* is_name() says that it fits */
	a->count++;
	return true;
}

static int is_name(const struct dirent *entry) { return control_name_check(entry->d_name, NULL); }

static bool look_into(struct ask *a, const struct control_dir *dir)
{
	struct dirent **list = NULL;
	struct stat st;
	bool ok = true;
	int n;

	control_dir_lock(dir);
	control_dir_sweep(dir);
	control_dir_unlock(dir);
	n = scandir(dir->path, &list, is_name, alphasort);
	for (int i = 0; i < n; i++) {
		if (fstatat(dir->fd, list[i]->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    S_ISSOCK(st.st_mode))
			ok = ok && add_target(a, dir, list[i]->d_name);
		free(list[i]);
	}
	free(list);
	return ok;
}

bool ask_find(struct ask *a, struct aksu_reason *why)
{
	*a = (struct ask){0};
	a->dir_count = control_dirs_find(a->dirs);
	for (size_t i = 0; i < a->dir_count; i++)
		if (!look_into(a, &a->dirs[i]))
			return because(why, "no memory");
	return true;
}

void ask_only(struct ask *a, const char *name)
{
	size_t n = 0;

	for (size_t i = 0; i < a->count; i++)
		if (strcmp(a->targets[i].name, name) == 0)
			a->targets[n++] = a->targets[i];
	a->count = n;
}

void ask_close(struct ask *a)
{
	for (size_t i = 0; i < a->dir_count; i++)
		control_dir_close(&a->dirs[i]);
	free(a->targets);
	*a = (struct ask){0};
}

/* ------------------------------------------------------------------ one question */

static int reach(const struct ask_target *target, struct aksu_reason *why)
{
	struct timeval patience = {.tv_sec = PATIENCE_S};
	struct sockaddr_un address;
	int fd;

	if (!control_address(target->dir, target->name, &address, why))
		return -1;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		because(why, "a socket: %s", strerror(errno));
		return -1;
	}
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	because(why, "%s does not answer: %s", target->name,
		errno == EAGAIN ? "too many ask it" : strerror(errno));
	close(fd);
	return -1;
}

static bool send_request(int fd, const char *request)
{
	char line[ANSWER_REQUEST];
	int n = snprintf(line, sizeof(line), ANSWER_VERSION " %s\n", request);

	return n > 0 && (size_t)n < sizeof(line) && send(fd, line, (size_t)n, MSG_NOSIGNAL) == n;
}

static void copy_line(const struct ask_target *target, const char *line, bool json, FILE *out)
{
	if (json && line[0] == '{')
		fprintf(out, "{\"aksu\":\"%s\",%s", target->name, line + 1);
	else
		fputs(line, out);
}

/* The lines between the first and the end; false: it ended too early, or with an error. */
static bool copy_answer(const struct ask_target *target, FILE *in, bool json, FILE *out,
			struct aksu_reason *why)
{
	char *line = NULL;
	size_t cap = 0;
	bool ended = false, refused = false, first = true;

	because(why, "%s did not answer to the end: it ended, or stands still", target->name);
	while (!ended && getline(&line, &cap, in) > 0) {
		if (first && strcmp(line, ANSWER_ERROR) == 0) {
			refused = true;
		} else if (first && strcmp(line, ANSWER_OK) != 0) {
			because(why,
				"%s speaks another language than this aksu (%s, " ANSWER_VERSION
				"): use the same version",
				target->name, AKSU_VERSION);
			break;
		} else if (strcmp(line, ANSWER_END) == 0) {
			ended = true;
		} else if (refused) {
			because(why, "%s refuses: %.*s", target->name, (int)strcspn(line, "\n"),
				line);
		} else if (!first) {
			copy_line(target, line, json, out);
		}
		first = false;
	}
	free(line);
	return ended && !refused;
}

bool ask_one(const struct ask_target *target, const char *request, bool json, FILE *out,
	     struct aksu_reason *why)
{
	int fd = reach(target, why);
	FILE *in;
	bool ok;

	if (fd < 0)
		return false;
	in = fdopen(fd, "r");
	if (!in) {
		close(fd);
		return because(why, "no memory");
	}
	ok = send_request(fd, request) ? copy_answer(target, in, json, out, why)
				       : because(why, "%s hung up", target->name);
	fclose(in);
	return ok;
}
