/* SPDX-License-Identifier: MIT */
/*
 * cli/units.c - see cli/units.h.
 */
#include "cli/units.h"

#include <stdio.h>

struct unit_text unit_count(uint64_t n)
{
	static const char prefixes[] = "kMGTPE";
	struct unit_text t;
	uint64_t unit = 1000;
	int i = 0;

	if (n < 1000) {
		snprintf(t.text, sizeof(t.text), "%u", (unsigned)n);
		return t;
	}
	/* The next prefix as soon as this one would be rounded up to 1000 of its own. */
	while (i < 5 && n >= unit * 1000 - unit / 2) {
		unit *= 1000;
		i++;
	}
	if (n < 10 * unit - unit / 20) {
		uint64_t tenths = (n + unit / 20) / (unit / 10);

		snprintf(t.text, sizeof(t.text), "%u.%u%c", (unsigned)(tenths / 10),
			 (unsigned)(tenths % 10), prefixes[i]);
	} else {
		snprintf(t.text, sizeof(t.text), "%u%c",
			 (unsigned)(n / unit + (n % unit >= unit / 2)), prefixes[i]);
	}
	return t;
}

struct unit_text unit_span(aksu_time span)
{
	static const struct {
		aksu_time below;
		unsigned seconds;
		char unit;
	} steps[] = {
		{120 * AKSU_SECOND, 1, 's'},
		{7200 * AKSU_SECOND, 60, 'm'},
		{48 * 3600 * AKSU_SECOND, 3600, 'h'},
		{AKSU_NEVER, 86400, 'd'},
	};
	struct unit_text t;
	int i = 0;

	if (span < AKSU_SECOND) {
		snprintf(t.text, sizeof(t.text), "%ums", (unsigned)(span / AKSU_MILLISECOND));
	} else if (span < 10 * AKSU_SECOND && span % AKSU_SECOND >= AKSU_SECOND / 10) {
		snprintf(t.text, sizeof(t.text), "%u.%us", (unsigned)(span / AKSU_SECOND),
			 (unsigned)(span % AKSU_SECOND / (AKSU_SECOND / 10)));
	} else {
		while (span >= steps[i].below && i < 3)
			i++;
		snprintf(t.text, sizeof(t.text), "%llu%c",
			 (unsigned long long)(span / AKSU_SECOND / steps[i].seconds),
			 steps[i].unit);
	}
	return t;
}

struct unit_text unit_ms(uint32_t us)
{
	struct unit_text t;

	if (us < 9995)
		snprintf(t.text, sizeof(t.text), "%u.%02u", (us + 5) / 1000, (us + 5) % 1000 / 10);
	else if (us < 99950)
		snprintf(t.text, sizeof(t.text), "%u.%u", (us + 50) / 1000, (us + 50) % 1000 / 100);
	else
		snprintf(t.text, sizeof(t.text), "%u", us / 1000 + (us % 1000 >= 500));
	return t;
}
