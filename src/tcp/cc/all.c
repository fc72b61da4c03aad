/* SPDX-License-Identifier: MIT */
/*
 * tcp/cc/all.c - the congestion controls there are, by number and by name. A new one is a line here
 * and one in AKSU_CONGESTIONS.
 */
#include "base/bytes.h"
#include "tcp/cc.h"

#include <aksu/aksu.h>

static const struct cc_ops *const all[] = {
	[AKSU_CONGESTION_CUBIC] = &cc_cubic,
	[AKSU_CONGESTION_NEWRENO] = &cc_newreno,
	[AKSU_CONGESTION_LOCAL] = &cc_local,
	[AKSU_CONGESTION_DCTCP] = &cc_dctcp,
	[AKSU_CONGESTION_BBR] = &cc_bbr,
};
static_assert(COUNT_OF(all) == AKSU_CONGESTION_COUNT, "each has its operations");

const struct cc_ops *cc_ops_of(uint8_t id) { return all[id < COUNT_OF(all) ? id : 0]; }

const char *aksu_congestion_name(int64_t congestion)
{
	if (congestion < 0 || congestion >= AKSU_CONGESTION_COUNT)
		return NULL;
	return all[congestion]->name;
}

static bool same(const char *a, const char *b)
{
	while (*a != '\0' && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

int aksu_congestion_find(const char *name)
{
	for (int i = 0; i < AKSU_CONGESTION_COUNT; i++)
		if (same(name, all[i]->name))
			return i;
	return -AKSU_ENOENT;
}
