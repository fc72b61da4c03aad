/* SPDX-License-Identifier: MIT */
/*
 * cli/doctor_try.c - tries a link for real, in namespaces that end with the child that made them.
 *
 *      doctor ── child: unshare(), a veth if needed ── kernel's TCP ──► 10.7.0.2:7
 *                  └── grandchild: aksu echo --link KIND:ak0 --addr 10.7.0.2/24
 *
 * The grandchild runs the very command that is recommended afterwards; what it says on standard
 * error is the reason when it fails. Each dies with its parent.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/doctor.h"
#include "port/netlink.h"

enum {
	LIFE_S = 10, /* of the child */
	TRIES = 100, /* to connect, STEP_US apart: the echo needs a moment to start */
	STEP_US = 50000,
	OCTETS = 65536, /* echoed: more than one packet, and than one window of a slow start */
	PORT = 7,
};

/* ------------------------------------------------------------------ namespaces */

static bool write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool ok = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	int error = errno;

	if (fd >= 0)
		close(fd);
	errno = error;
	return ok;
}

/* As `unshare -Ur`: we are root in it, and only ourselves outside. */
static bool enter_user_namespace(void)
{
	unsigned long uid = geteuid(), gid = getegid();
	char map[64];

	if (unshare(CLONE_NEWUSER) < 0)
		return false;
	snprintf(map, sizeof(map), "0 %lu 1", uid);
	if (!write_file("/proc/self/uid_map", map))
		return false;
	snprintf(map, sizeof(map), "0 %lu 1", gid);
	return write_file("/proc/self/setgroups", "deny") && write_file("/proc/self/gid_map", map);
}

static bool enter(struct attempt *a)
{
	a->stage = STAGE_USER;
	if (a->place == PLACE_USER && !enter_user_namespace()) {
		a->error = errno;
		return false;
	}
	a->stage = STAGE_NET;
	if (unshare(CLONE_NEWNET) < 0) {
		a->error = errno;
		return false;
	}
	a->stage = STAGE_ADMIN; /* some systems give the namespace and keep the privileges */
	a->error = netlink_link_up(if_nametoindex("lo"));
	return a->error == 0;
}

/* ------------------------------------------------------------------ the link */

static const char *kind_word(enum aksu_device_kind kind)
{
	switch (kind) {
	case AKSU_DEVICE_TUN: return "tun:ak0";
	case AKSU_DEVICE_TAP: return "tap:ak0";
	case AKSU_DEVICE_PACKET: break;
	}
	return "packet:ak0";
}

/* The kernel's end of a packet link is another interface. */
static int make_veth(void)
{
	struct aksu_addr host = aksu_addr_v4(10, 7, 0, 1);
	int error = netlink_veth_add("ak0", "ak1");

	if (!error)
		error = netlink_addr_add(if_nametoindex("ak1"), &host, 24);
	if (!error)
		error = netlink_link_up(if_nametoindex("ak1"));
	return error ? error : netlink_link_up(if_nametoindex("ak0"));
}

/* What the device can do, where it can be had. */
static void look_at_device(struct attempt *a)
{
	struct aksu_device_config config = {.size = sizeof(config), .kind = a->kind, .name = "ak0"};
	struct aksu_device *dev = aksu_device_open(&config, NULL);

	if (!dev)
		return;
	a->features = dev->config.features;
	dev->ops->close(dev);
}

/* The words of `aksu echo` for this link; --host comes last, and packet links have none. */
static int echo_words(enum aksu_device_kind kind, const char *words[12])
{
	static const char *const all[] = {"echo",        "--link",       NULL,    "--addr",
					  "10.7.0.2/24", "--no-control", "--log", "error",
					  "--host",      "10.7.0.1/24"};
	int n = kind == AKSU_DEVICE_PACKET ? 8 : 10;

	memcpy(words, all, sizeof(all));
	words[2] = kind_word(kind);
	words[n] = NULL;
	return n;
}

static pid_t start_echo(const struct attempt *a, int errors)
{
	const char *words[12];
	int n = echo_words(a->kind, words);
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(errors, STDERR_FILENO);
	_exit(cmd_echo(n, (char **)(uintptr_t)words)); /* getopt moves words, and writes to none */
}

/* ------------------------------------------------------------------ the other side */

static int try_connect(void)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(PORT)};
	struct timeval patience = {.tv_sec = 2};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	to.sin_addr.s_addr = htonl(0x0a070002);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0)
		return fd;
	close(fd);
	return -1;
}

/* Sends OCTETS and takes them back, in turns, so that no buffer needs to hold them all. */
static bool echoes(int fd)
{
	uint8_t out[1024], in[1024];

	for (size_t sent = 0; sent < OCTETS; sent += sizeof(out)) {
		for (size_t i = 0; i < sizeof(out); i++)
			out[i] = (uint8_t)(sent / sizeof(out) * 7 + i);
		if (send(fd, out, sizeof(out), MSG_NOSIGNAL) != (ssize_t)sizeof(out) ||
		    recv(fd, in, sizeof(in), MSG_WAITALL) != (ssize_t)sizeof(in) ||
		    memcmp(in, out, sizeof(out)) != 0)
			return false;
	}
	return true;
}

static bool has_ended(pid_t pid)
{
	siginfo_t info = {0};

	return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || info.si_pid != 0;
}

static bool ask_echo(pid_t echo)
{
	for (int i = 0; i < TRIES && !has_ended(echo); i++) {
		int fd = try_connect();
		bool ok;

		if (fd >= 0) {
			ok = echoes(fd);
			close(fd);
			return ok;
		}
		usleep(STEP_US);
	}
	return false;
}

/* The last line that the echo said, without its name. */
static void read_reason(int fd, char *out, size_t cap)
{
	ssize_t n = read(fd, out, cap - 1);
	static const char name[] = "aksu echo: ";

	out[n > 0 ? n : 0] = '\0';
	out[strcspn(out, "\n")] = '\0';
	if (strncmp(out, name, sizeof(name) - 1) == 0)
		memmove(out, out + sizeof(name) - 1, strlen(out) - sizeof(name) + 2);
	if (out[0] == '\0')
		snprintf(out, cap, "it can be had, and carries nothing");
}

static void try_link(struct attempt *a)
{
	int errors[2], error;
	pid_t echo;

	a->stage = STAGE_LINK;
	error = a->kind == AKSU_DEVICE_PACKET ? make_veth() : 0;
	if (error) {
		snprintf(a->why, sizeof(a->why), "a veth pair cannot be made: %s", strerror(error));
		return;
	}
	if (pipe2(errors, O_CLOEXEC | O_NONBLOCK) < 0)
		return;
	look_at_device(a);
	echo = start_echo(a, errors[1]);
	if (echo > 0 && ask_echo(echo))
		a->stage = STAGE_WORKS;
	else
		read_reason(errors[0], a->why, sizeof(a->why));
	if (echo > 0) {
		kill(echo, SIGKILL);
		waitpid(echo, NULL, 0);
	}
}

/*
 * Where no namespace may be made: only whether the device can be had. Its interface has no address,
 * is never up, and is gone a moment later.
 */
static void attach(struct attempt *a)
{
	struct aksu_device_config config = {.size = sizeof(config),
					    .kind = a->kind,
					    .name = "akdoctor"};
	struct aksu_reason why;
	struct aksu_device *dev;

	a->stage = STAGE_LINK;
	if (a->kind == AKSU_DEVICE_PACKET) {
		if (socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0) >= 0)
			a->stage = STAGE_ATTACHED;
		else
			snprintf(a->why, sizeof(a->why), "a packet socket: %s", strerror(errno));
		return;
	}
	dev = aksu_device_open(&config, &why);
	if (dev)
		a->stage = STAGE_ATTACHED, a->features = dev->config.features;
	else
		snprintf(a->why, sizeof(a->why), "%.200s", why.text);
}

/* ------------------------------------------------------------------ the child */

static void child(struct attempt *a, int result)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	alarm(LIFE_S);
	if (a->place == PLACE_IN_SITU)
		attach(a);
	else if (enter(a))
		try_link(a);
	_exit(write(result, a, sizeof(*a)) == (ssize_t)sizeof(*a) ? 0 : 1);
}

void doctor_try(struct attempt *a)
{
	struct attempt told;
	int result[2];
	pid_t pid;

	a->stage = STAGE_UNKNOWN;
	if (pipe2(result, O_CLOEXEC) < 0)
		return;
	fflush(NULL); /* the child must not print it again */
	pid = fork();
	if (pid == 0)
		child(a, result[1]);
	close(result[1]);
	if (pid > 0 && read(result[0], &told, sizeof(told)) == (ssize_t)sizeof(told))
		*a = told;
	close(result[0]);
	if (pid > 0)
		waitpid(pid, NULL, 0);
}
