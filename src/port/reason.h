/* SPDX-License-Identifier: MIT */
/*
 * port/reason.h - writing a struct aksu_reason.
 */
#ifndef AKSU_PORT_REASON_H
#define AKSU_PORT_REASON_H

#include <aksu/device.h>

/* Writes one line, cut at the end if it must be; always returns false. `why` may be NULL. */
bool because(struct aksu_reason *why, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
