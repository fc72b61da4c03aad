/* SPDX-License-Identifier: MIT */
/*
 * cli/doctor.h - what this machine lets this user do: facts that are looked at, and links that are
 * tried.
 *
 * Nothing here changes the machine: what is tried is tried in a child, in namespaces that end with
 * it.
 */
#ifndef AKSU_CLI_DOCTOR_H
#define AKSU_CLI_DOCTOR_H

#include <aksu/device.h>

#include "cli/args.h"

enum verdict { VERDICT_OK, VERDICT_MAYBE, VERDICT_NO, VERDICT_INFO };

struct finding {
	const char *check; /* what was looked at, 15 columns at most */
	enum verdict verdict;
	const char *links; /* the kinds of --link that it is for, "tun, tap"; NULL: all or none */
	char says[240];
	char cure[320]; /* the command that would allow it; may be empty */
};

enum { FINDINGS = 24 };

struct findings {
	struct finding list[FINDINGS];
	size_t count;
};

/* Adds one, with its words; its cure may be filled in afterwards. */
struct finding *doctor_found(struct findings *f, const char *check, enum verdict verdict,
			     const char *links, const char *format, ...)
	__attribute__((format(printf, 5, 6)));

/* ------------------------------------------------------------------ doctor_look.c */

/* Devices, privileges and limits, as files and calls tell them. */
void doctor_look(struct findings *f);

/* Whether we may configure the network where we are (CAP_NET_ADMIN). */
bool doctor_is_admin(void);

/* ------------------------------------------------------------------ doctor_namespaces.c */

struct attempt;

/* Whether namespaces of one's own can be had, after an attempt in PLACE_USER; what forbids them. */
void doctor_namespaces(struct findings *f, const struct attempt *a);

/* ------------------------------------------------------------------ doctor_try.c */

/* Where a link is tried. */
enum place {
	PLACE_HERE, /* with our own privileges; in a network namespace that only shields others */
	PLACE_IN_SITU, /* the same without any namespace: only whether the device can be had */
	PLACE_USER,    /* in user and network namespaces of our own, as `unshare -Urn` makes them */
};

/* How far it came. */
enum stage {
	STAGE_UNKNOWN,  /* the child died, or took too long */
	STAGE_USER,     /* no user namespace could be made */
	STAGE_NET,      /* no network namespace could be made */
	STAGE_ADMIN,    /* both could, and the network in it may not be configured */
	STAGE_LINK,     /* the link could not be had, or carried nothing */
	STAGE_ATTACHED, /* the device can be had; what it carries was not tried */
	STAGE_WORKS,    /* it carried octets both ways between us and the kernel's TCP */
};

struct attempt {
	enum aksu_device_kind kind;
	enum place place;
	enum stage stage;
	int error;         /* errno of STAGE_USER, NET, ADMIN */
	uint32_t features; /* AKSU_LINK_* of the device */
	char why[240];     /* of STAGE_LINK */
};

/* Tries a link: an echo on it, asked by the kernel's TCP. Takes 10 s at most, a tenth as a rule. */
void doctor_try(struct attempt *a);

#endif
