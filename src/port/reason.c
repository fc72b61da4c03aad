/* SPDX-License-Identifier: MIT */
/*
 * port/reason.c - see port/reason.h.
 */
#include "port/reason.h"

#include <stdarg.h>
#include <stdio.h>

bool because(struct aksu_reason *why, const char *format, ...)
{
	va_list args;

	if (!why)
		return false;
	va_start(args, format);
	vsnprintf(why->text, sizeof(why->text), format, args);
	va_end(args);
	return false;
}
