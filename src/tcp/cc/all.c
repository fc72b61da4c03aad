/* SPDX-License-Identifier: MIT */
/*
 * tcp/cc/all.c - the congestion controls there are, by number. A new one is one line.
 */
#include "tcp/cc.h"

static const struct cc_ops *const all[] = {
	&cc_newreno,
};

const struct cc_ops *cc_ops_of(uint8_t id) { return all[id < COUNT_OF(all) ? id : 0]; }
