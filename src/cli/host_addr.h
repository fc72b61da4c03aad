/* SPDX-License-Identifier: MIT */
/*
 * cli/host_addr.h - the addresses of a host while it runs: those that a DHCP server gives for a
 * while (--dhcp), and those that another station turns out to have too.
 *
 * It owns the DHCP clients of a host's links and says on standard error what becomes of them. What
 * an address is used for it does not know.
 */
#ifndef AKSU_CLI_HOST_ADDR_H
#define AKSU_CLI_HOST_ADDR_H

#include "cli/host.h"

/*
 * Waits until each link with --dhcp has an address, and writes it among the addresses of the
 * options. False, and why: nobody answered in time, or a signal came. True at once without --dhcp.
 */
bool host_addr_acquire(struct host *h, struct aksu_reason *why);

/* Whether the readiness was a DHCP client's. */
bool host_addr_ready(struct host *h, const struct aksu_ready *ready, aksu_time now);

/* In each turn; when the next one is wanted. */
aksu_time host_addr_turn(struct host *h, aksu_time now);

/* The machine slept: are the leases still good? */
void host_addr_resumed(struct host *h, aksu_time now);

/* Gives the addresses back to their servers, in a moment. */
void host_addr_release(struct host *h);

void host_addr_close(struct host *h);

#endif
