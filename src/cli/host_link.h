/* SPDX-License-Identifier: MIT */
/*
 * cli/host_link.h - a link of a host, as the options want it: the device opened, brought up and
 * given the kernel's address, perhaps made bad (--faults) and captured (--pcap), then in the loop
 * with our addresses and routers. Addresses by DHCP are cli/host_addr.h's.
 */
#ifndef AKSU_CLI_HOST_LINK_H
#define AKSU_CLI_HOST_LINK_H

#include "cli/host.h"

/* Opens link i of the options. False, and why; what was opened is host_close()'s. */
bool host_link_open(struct host *h, size_t i, struct aksu_reason *why);

#endif
