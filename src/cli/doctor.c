/* SPDX-License-Identifier: MIT */
/*
 * cli/doctor.c - `aksu doctor`: what this machine lets you do, how to allow the rest, and a line
 * that works here and now.
 *
 * The facts are doctor_look.c's, what is tried doctor_try.c's; here is what follows from both, for
 * people and as JSON. Exit codes: 0 if a link works, 1 if none does, 2 for bad arguments.
 */
#include <errno.h>
#include <ifaddrs.h>
#include <limits.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/doctor.h"
#include "cli/options.h"

enum { KINDS = 3, COMMAND = 512 + PATH_MAX };

struct doctor {
	bool json;
	struct findings findings;
	struct attempt links[KINDS]; /* by enum aksu_device_kind: the attempt that went furthest */
};

static const char *const KIND[KINDS] = {"tun", "tap", "packet"};
static const char *const VERDICT[] = {"ok", "maybe", "no", "info"};

/* ------------------------------------------------------------------ links */

static struct attempt try_in(enum aksu_device_kind kind, enum place place)
{
	struct attempt a = {.kind = kind, .place = place};

	doctor_try(&a);
	return a;
}

/* Where we are, if we may; else in namespaces of our own; else only whether it can be had. */
static void try_kind(struct doctor *d, enum aksu_device_kind kind, const struct attempt *user)
{
	struct attempt *best = &d->links[kind], a;
	bool admin = doctor_is_admin();

	*best = (struct attempt){.kind = kind};
	if (admin)
		*best = try_in(kind, PLACE_HERE);
	if (best->stage == STAGE_WORKS)
		return;
	a = user ? *user : try_in(kind, PLACE_USER);
	if (a.stage > best->stage || !admin)
		*best = a;
	if (best->stage >= STAGE_LINK || !admin)
		return;
	*best = try_in(kind, PLACE_IN_SITU);
}

static const char *offloads(const struct attempt *a)
{
	if (a->features & AKSU_LINK_TX_TSO)
		return "; it can do checksums and cutting";
	return a->features & AKSU_LINK_TX_CSUM ? "; it can do checksums" : "";
}

static void tell_kind(struct doctor *d, enum aksu_device_kind kind)
{
	static const char *const checks[KINDS] = {"--link tun", "--link tap", "--link packet"};
	const struct attempt *a = &d->links[kind];
	struct findings *f = &d->findings;

	switch (a->stage) {
	case STAGE_WORKS:
		doctor_found(f, checks[kind], VERDICT_OK, NULL, "works %s%s",
			     a->place == PLACE_HERE ? "where you are"
						    : "in a namespace of your own",
			     offloads(a));
		return;
	case STAGE_ATTACHED:
		doctor_found(f, checks[kind], VERDICT_MAYBE, NULL,
			     "can be had%s; without a namespace it was not tried further",
			     offloads(a));
		return;
	case STAGE_LINK: doctor_found(f, checks[kind], VERDICT_NO, NULL, "%s", a->why); return;
	case STAGE_USER:
	case STAGE_NET:
	case STAGE_ADMIN:
		doctor_found(f, checks[kind], VERDICT_NO, NULL,
			     "neither where you are nor in a namespace of your own");
		return;
	case STAGE_UNKNOWN: break;
	}
	doctor_found(f, checks[kind], VERDICT_NO, NULL, "it was tried, and nothing came of it");
}

static void examine(struct doctor *d)
{
	struct attempt user = try_in(AKSU_DEVICE_PACKET, PLACE_USER);

	doctor_look(&d->findings);
	doctor_namespaces(&d->findings, &user);
	for (int k = 0; k < KINDS; k++) {
		try_kind(d, (enum aksu_device_kind)k, k == AKSU_DEVICE_PACKET ? &user : NULL);
		tell_kind(d, (enum aksu_device_kind)k);
	}
}

/* ------------------------------------------------------------------ the line that works */

static bool net_is_taken(unsigned n)
{
	struct ifaddrs *list = NULL;
	bool taken = false;

	if (getifaddrs(&list) < 0)
		return false;
	for (const struct ifaddrs *i = list; i; i = i->ifa_next) {
		const struct sockaddr_in *in = (const void *)i->ifa_addr;

		if (in && in->sin_family == AF_INET &&
		    ntohl(in->sin_addr.s_addr) >> 8 == (10u << 16 | n << 8))
			taken = true;
	}
	freeifaddrs(list);
	return taken;
}

/* A name and a network that nobody has here; in a namespace of one's own all are free. */
static void choose_free(enum place place, unsigned *device, unsigned *net)
{
	char name[IF_NAMESIZE];

	*device = 0;
	*net = 7;
	if (place == PLACE_USER)
		return;
	for (; *device < 98; *device += 2) { /* a pair of names, for veth */
		snprintf(name, sizeof(name), "ak%u", *device);
		if (if_nametoindex(name) != 0)
			continue;
		snprintf(name, sizeof(name), "ak%u", *device + 1);
		if (if_nametoindex(name) == 0)
			break;
	}
	while (*net < 255 && net_is_taken(*net))
		(*net)++;
}

/* As we were called, so that the line works as it stands, where a shell takes it as it stands. */
static const char *program(void)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789/._-+";
	const char *name = program_invocation_name;

	return name[0] != '-' && name[strspn(name, plain)] == '\0' ? name : "aksu";
}

static void write_command(const struct attempt *a, char *out, size_t cap)
{
	const char *prefix = a->place == PLACE_USER ? "unshare -Urn " : "";
	unsigned k, n;

	choose_free(a->place, &k, &n);
	if (a->kind != AKSU_DEVICE_PACKET)
		snprintf(out, cap,
			 "%s%s echo --link %s:ak%u --addr 10.%u.0.2/24 --host 10.%u.0.1/24", prefix,
			 program(), KIND[a->kind], k, n, n);
	else
		snprintf(out, cap,
			 "%ssh -c 'ip link add ak%u type veth peer name ak%u && ip addr add "
			 "10.%u.0.1/24 dev ak%u && ip link set ak%u up && ip link set ak%u up && "
			 "exec %s echo --link packet:ak%u --addr 10.%u.0.2/24'",
			 prefix, k, k + 1, n, k + 1, k + 1, k, program(), k, n);
}

/* The easiest of those that went furthest. */
static const struct attempt *best_link(const struct doctor *d)
{
	const struct attempt *best = NULL;

	for (int k = 0; k < KINDS; k++)
		if (d->links[k].stage >= STAGE_ATTACHED &&
		    (!best || d->links[k].stage > best->stage))
			best = &d->links[k];
	return best;
}

/* ------------------------------------------------------------------ telling */

static void print_finding(const struct finding *x)
{
	printf("  %-5s  %-15s %s", VERDICT[x->verdict], x->check, x->says);
	if (x->links && x->verdict != VERDICT_OK)
		printf(" (--link %s)", x->links);
	putchar('\n');
	if (x->cure[0] != '\0')
		printf("         %-15s to allow it: %s\n", "", x->cure);
}

static void print_people(const struct doctor *d, const char *command, enum stage stage)
{
	printf("aksu doctor, as user %lu: what this machine allows\n\n", (unsigned long)geteuid());
	for (size_t i = 0; i < d->findings.count; i++)
		print_finding(&d->findings.list[i]);
	if (command)
		printf("\n%s\n\n  %s\n",
		       stage == STAGE_WORKS ? "This works here, for you, now; it was tried:"
					    : "This should work here; no part of it is forbidden:",
		       command);
	else
		printf("\nNo link works here yet. aksu demo needs none; above is what would allow "
		       "one.\n");
}

static void print_string(const char *text)
{
	putchar('"');
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			printf("\\%c", *text);
		else if ((unsigned char)*text < ' ')
			printf("\\u%04x", (unsigned char)*text);
		else
			putchar(*text);
	}
	putchar('"');
}

static void print_member(const char *name, const char *value)
{
	printf(",\"%s\":", name);
	if (value && value[0] != '\0')
		print_string(value);
	else
		fputs("null", stdout);
}

static void print_json(const struct doctor *d, const char *command, enum stage stage)
{
	for (size_t i = 0; i < d->findings.count; i++) {
		const struct finding *x = &d->findings.list[i];

		printf("{\"check\":");
		print_string(x->check);
		print_member("verdict", VERDICT[x->verdict]);
		print_member("says", x->says);
		print_member("links", x->links);
		print_member("allow", x->cure);
		printf("}\n");
	}
	printf("{\"works\":%s", stage == STAGE_WORKS ? "true" : "false");
	print_member("command", command);
	printf("}\n");
}

/* ------------------------------------------------------------------ the command */

OPTION_FLAG(take_json, struct doctor, json)

static const struct option_row ROWS[] = {
	{"json", NULL, "each finding as a JSON object on a line, the verdict last", take_json},
};

/* OPTIONS_GO_ON, or the exit code. */
static int parse(struct doctor *d, int argc, char **argv)
{
	struct command_line line = {
		.name = "doctor",
		.usage = "[--json]",
		.about = "What this machine lets you do, how to allow the rest, and a line that "
			 "works.\n"
			 "Links are tried in namespaces that vanish; nothing is changed, nothing "
			 "stays.\n",
		.tail = "Exit code: 0 a link works or should; 1 none does; 2 wrong arguments.\n\n"
			"examples:\n"
			"  aksu doctor\n"
			"  aksu doctor --json | grep '\"no\"'\n",
		.tables = {{ROWS, sizeof(ROWS) / sizeof(ROWS[0]), d}},
	};
	struct aksu_reason why;
	char **words;
	int code = options_parse(&line, argc, argv, &words);

	if (code != OPTIONS_GO_ON || !*words)
		return code;
	because(&why, "'%s' is too much: there is only --json", *words);
	return options_wrong(line.name, &why);
}

int cmd_doctor(int argc, char **argv)
{
	struct doctor d = {0};
	const struct attempt *best;
	char command[COMMAND];
	int code = parse(&d, argc, argv);

	if (code != OPTIONS_GO_ON)
		return code;
	examine(&d);
	best = best_link(&d);
	if (best)
		write_command(best, command, sizeof(command));
	(d.json ? print_json : print_people)(&d, best ? command : NULL,
					     best ? best->stage : STAGE_UNKNOWN);
	return best ? EXIT_SUCCESS : EXIT_FAILURE;
}
