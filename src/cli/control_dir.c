/* SPDX-License-Identifier: MIT */
/*
 * cli/control_dir.c - see cli/control_dir.h.
 */
#include "cli/control_dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

bool control_name_check(const char *name, struct aksu_reason *why)
{
	static const char good[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "0123456789-_.";
	size_t n = strlen(name);

	if (n > 0 && n < CONTROL_NAME && name[0] != '.' && strspn(name, good) == n)
		return true;
	return because(why,
		       "'%.60s' cannot be a name: letters, digits, '-', '_' and '.', %d at most, "
		       "not '.' first",
		       name, CONTROL_NAME - 1);
}

/* ------------------------------------------------------------------ where */

/*
 * The user as the machine knows it: in a user namespace of one's own one is called root, and the
 * directory is still to be found from outside. One level up is looked at.
 */
static unsigned long outer_uid(void)
{
	unsigned long uid = geteuid(), inside, outside, count;
	FILE *map = fopen("/proc/self/uid_map", "re");

	if (!map)
		return uid;
	while (fscanf(map, "%lu %lu %lu", &inside, &outside, &count) == 3) {
		if (uid < inside || uid - inside >= count)
			continue;
		uid = outside + (uid - inside);
		break;
	}
	fclose(map);
	return uid;
}

static size_t add_candidate(char out[][CONTROL_PATH], size_t n, const char *parent,
			    const char *child)
{
	int length = snprintf(out[n], CONTROL_PATH, "%s%s", parent, child);

	return length > 0 && length < CONTROL_PATH && out[n][0] == '/' ? n + 1 : n;
}

static size_t candidates(char out[CONTROL_DIRS][CONTROL_PATH])
{
	const char *own = getenv("AKSU_RUNTIME_DIR"), *xdg = getenv("XDG_RUNTIME_DIR");
	char uid[32];
	size_t n = 0;

	if (own && own[0] != '\0')
		return add_candidate(out, 0, own, "");
	if (xdg && xdg[0] != '\0')
		n = add_candidate(out, n, xdg, "/aksu");
	if (geteuid() == 0)
		n = add_candidate(out, n, "/run/aksu", "");
	snprintf(uid, sizeof(uid), "%lu", outer_uid());
	return add_candidate(out, n, "/tmp/aksu-", uid);
}

static bool is_ours(const struct control_dir *dir, struct aksu_reason *why)
{
	struct stat st;

	if (fstat(dir->fd, &st) < 0)
		return because(why, "%s: %s", dir->path, strerror(errno));
	if (st.st_uid != geteuid())
		return because(why, "%s belongs to another user (%lu)", dir->path,
			       (unsigned long)st.st_uid);
	if (st.st_mode & 077)
		return because(why, "others may look into %s: chmod 700 %s", dir->path, dir->path);
	return true;
}

static bool open_dir(struct control_dir *dir, struct aksu_reason *why)
{
	dir->fd = open(dir->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir->fd < 0)
		return because(why, "%s: %s", dir->path,
			       errno == ELOOP ? "a symbolic link is not followed"
					      : strerror(errno));
	if (is_ours(dir, why))
		return true;
	control_dir_close(dir);
	return false;
}

bool control_dir_make(struct control_dir *out, struct aksu_reason *why)
{
	char paths[CONTROL_DIRS][CONTROL_PATH];
	size_t n = candidates(paths);

	because(why, "AKSU_RUNTIME_DIR must be an absolute path of %d octets at most",
		CONTROL_PATH - 1);
	for (size_t i = 0; i < n; i++) {
		memcpy(out->path, paths[i], CONTROL_PATH);
		if (mkdir(out->path, 0700) < 0 && errno != EEXIST)
			because(why, "%s: %s", out->path, strerror(errno));
		else if (open_dir(out, why))
			return true;
	}
	out->fd = -1;
	return false;
}

/* Whether there is one of ours, or one could be made. */
static bool could_have(const char *path, struct aksu_reason *why)
{
	struct control_dir dir;
	char parent[CONTROL_PATH];
	char *slash;

	memcpy(dir.path, path, CONTROL_PATH);
	if (open_dir(&dir, why)) {
		bool writable = faccessat(dir.fd, ".", W_OK, AT_EACCESS) == 0;

		control_dir_close(&dir);
		return writable || because(why, "%s: %s", path, strerror(errno));
	}
	if (access(path, F_OK) == 0)
		return false;
	memcpy(parent, path, CONTROL_PATH);
	slash = strrchr(parent, '/');
	slash[slash == parent ? 1 : 0] = '\0';
	return faccessat(AT_FDCWD, parent, W_OK | X_OK, AT_EACCESS) == 0 ||
	       because(why, "%s cannot be made: %s", path, strerror(errno));
}

bool control_dir_would(char out[CONTROL_PATH], struct aksu_reason *why)
{
	char paths[CONTROL_DIRS][CONTROL_PATH];
	size_t n = candidates(paths);

	because(why, "AKSU_RUNTIME_DIR must be an absolute path of %d octets at most",
		CONTROL_PATH - 1);
	for (size_t i = 0; i < n; i++)
		if (could_have(paths[i], why)) {
			memcpy(out, paths[i], CONTROL_PATH);
			return true;
		}
	return false;
}

size_t control_dirs_find(struct control_dir out[CONTROL_DIRS])
{
	char paths[CONTROL_DIRS][CONTROL_PATH];
	size_t n = candidates(paths), found = 0;

	for (size_t i = 0; i < n; i++) {
		memcpy(out[found].path, paths[i], CONTROL_PATH);
		if (open_dir(&out[found], NULL))
			found++;
	}
	return found;
}

void control_dir_close(struct control_dir *dir)
{
	if (dir->fd >= 0)
		close(dir->fd);
	dir->fd = -1;
}

/* ------------------------------------------------------------------ who */

/* Held for as long as it takes to look at some sockets; a directory that cannot be locked is used
 * without. */
void control_dir_lock(const struct control_dir *dir)
{
	while (flock(dir->fd, LOCK_EX) < 0 && errno == EINTR)
		;
}

void control_dir_unlock(const struct control_dir *dir) { flock(dir->fd, LOCK_UN); }

bool control_address(const struct control_dir *dir, const char *name, struct sockaddr_un *out,
		     struct aksu_reason *why)
{
	int n;

	*out = (struct sockaddr_un){.sun_family = AF_UNIX};
	n = snprintf(out->sun_path, CONTROL_PATH, "%s/%s", dir->path, name);
	if (n > 0 && n < CONTROL_PATH)
		return true;
	return because(why, "the path %s/%s is too long for a socket: set AKSU_RUNTIME_DIR",
		       dir->path, name);
}

/* Nobody listens: refused. One that is busy or not ours is left alone. */
static bool is_stale(const struct control_dir *dir, const char *name)
{
	struct sockaddr_un address;
	int fd;
	bool stale;

	if (!control_address(dir, name, &address, NULL))
		return false;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return false;
	stale = connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 &&
		errno == ECONNREFUSED;
	close(fd);
	return stale;
}

void control_dir_sweep(const struct control_dir *dir)
{
	int fd = openat(dir->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *list = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	struct stat st;

	if (!list) {
		if (fd >= 0)
			close(fd);
		return;
	}
	while ((entry = readdir(list)) != NULL)
		if (fstatat(dir->fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    S_ISSOCK(st.st_mode) && is_stale(dir, entry->d_name))
			unlinkat(dir->fd, entry->d_name, 0);
	closedir(list);
}
