/* SPDX-License-Identifier: MIT */
/*
 * cli/doctor_namespaces.c - whether an ordinary user gets namespaces of his own here, and if not,
 * which of the many switches forbids them: user_namespaces(7), and what distributions added.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/doctor.h"

/* The number in a file of /proc/sys; -1: it is not there. */
static long switch_at(const char *path)
{
	FILE *file = fopen(path, "re");
	long value = -1;

	if (file && fscanf(file, "%ld", &value) != 1)
		value = -1;
	if (file)
		fclose(file);
	return value;
}

/* A filter of system calls is on us, as container managers set one up. */
static bool is_filtered(void)
{
	FILE *file = fopen("/proc/self/status", "re");
	char line[128];
	int mode = 0;

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "Seccomp: %d", &mode) == 1)
			break;
	if (file)
		fclose(file);
	return mode == 2;
}

/* The switch that forbids it; false: none of those known. */
static bool find_switch(struct finding *x)
{
	static const struct {
		const char *path, *name;
		long forbids;
		const char *allow;
	} switches[] = {
		{"/proc/sys/kernel/unprivileged_userns_clone", "kernel.unprivileged_userns_clone",
		 0, "1"},
		{"/proc/sys/user/max_user_namespaces", "user.max_user_namespaces", 0, "15000"},
		{"/proc/sys/user/max_net_namespaces", "user.max_net_namespaces", 0, "15000"},
		{"/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
		 "kernel.apparmor_restrict_unprivileged_userns", 1, "0"},
	};

	for (size_t i = 0; i < sizeof(switches) / sizeof(switches[0]); i++) {
		if (switch_at(switches[i].path) != switches[i].forbids)
			continue;
		snprintf(x->says, sizeof(x->says), "forbidden by %s = %ld", switches[i].name,
			 switches[i].forbids);
		snprintf(x->cure, sizeof(x->cure), "sudo sysctl %s=%s", switches[i].name,
			 switches[i].allow);
		return true;
	}
	return false;
}

static void explain(struct finding *x, const struct attempt *a)
{
	if (find_switch(x))
		return;
	if (a->error == EINVAL || a->error == ENOSYS) {
		snprintf(x->says, sizeof(x->says),
			 "this kernel was built without them (CONFIG_USER_NS, CONFIG_NET_NS)");
	} else if (a->error == ENOSPC || a->error == EUSERS) {
		snprintf(x->says, sizeof(x->says),
			 "there are as many as may be, or nested too "
			 "deep");
		snprintf(
			x->cure, sizeof(x->cure),
			"sudo sysctl user.max_user_namespaces=15000 user.max_net_namespaces=15000");
	} else if (a->error == EPERM && is_filtered()) {
		snprintf(x->says, sizeof(x->says),
			 "forbidden by a filter of system calls (seccomp), as containers have");
		snprintf(x->cure, sizeof(x->cure),
			 "start the container with --security-opt seccomp=unconfined");
	} else {
		snprintf(x->says, sizeof(x->says), "forbidden: %s%s", strerror(a->error),
			 a->stage == STAGE_ADMIN ? " when the network in them is configured" : "");
	}
}

void doctor_namespaces(struct findings *f, const struct attempt *a)
{
	struct finding *x;

	if (a->stage >= STAGE_LINK) {
		doctor_found(f, "namespaces", VERDICT_OK, NULL,
			     "user and network namespaces can be made (unshare -Urn)");
		return;
	}
	x = doctor_found(f, "namespaces", VERDICT_NO, NULL, "it could not be tried");
	if (a->stage != STAGE_UNKNOWN)
		explain(x, a);
}
