/* SPDX-License-Identifier: MIT */
/*
 * support/script_check.c - asks stack/ whether all invariants of an instance hold.
 *
 * Apart from the rest, because both rooms have words of their own for a flow.
 */
#include "stack/stack.h"

bool script_check(struct aksu *s);

bool script_check(struct aksu *s) { return aksu_check(s); }
