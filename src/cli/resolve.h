/* SPDX-License-Identifier: MIT */
/*
 * cli/resolve.h - a word for a host becomes an address.
 */
#ifndef AKSU_CLI_RESOLVE_H
#define AKSU_CLI_RESOLVE_H

#include "cli/host_options.h"

/*
 * An address is taken as it stands. A name is asked of the system's resolver, over the kernel's
 * network: that may take seconds. Of several addresses the first in a family of --addr is taken.
 */
bool resolve(const char *word, const struct host_options *o, struct aksu_addr *out,
	     struct aksu_reason *why);

#endif
