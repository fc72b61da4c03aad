/* SPDX-License-Identifier: MIT */
/*
 * dhcp/lease.h - what a server offers, judged; and a lease put on a link, or taken off it.
 *
 * RFC 2131 sections 4.3.1 and 4.4.1, RFC 2132, RFC 3442. It owns no state: a lease is a value. It
 * knows nothing of who asks whom, and of the instance only what everybody may call.
 */
#ifndef AKSU_DHCP_LEASE_H
#define AKSU_DHCP_LEASE_H

#include <aksu/dhcp.h>

#include "base/time.h"
#include "wire/dhcp.h"

enum {
	/*
	 * A lease that is shorter would have to be renewed more often than every two seconds:
	 * whoever offers that has set something wrong, and a client that obeyed would be a flood.
	 */
	LEASE_SECONDS_MIN = 5,
	/* Nobody has a subnet larger than the old class A; such a mask would draw in all traffic.
	 */
	LEASE_PREFIX_MIN = 8,
	/* RFC 8200 section 5: below it the link would carry no IPv6 any more. */
	LEASE_MTU_MIN = 1280,
};

/*
 * Reads what an OFFER or an ACK gives, counted from `since`. `fuzz` (any number) moves the times of
 * renewal a little, where the server names none, so that clients that began together do not renew
 * together. NULL: it is good; or half a sentence that says what is wrong with it.
 */
const char *lease_read(const struct dhcp *m, instant since, uint64_t fuzz,
		       struct aksu_dhcp_lease *out);

/* The link that leases are put on. */
struct lease_link {
	struct aksu *stack;
	int number;
	uint32_t mtu; /* that it has without a lease */
};

/*
 * Puts a lease on the link, in place of `old` (NULL: none): an address that is in both stays. 0, or
 * what aksu_addr_add() said; then the link has none of it.
 */
int lease_install(const struct lease_link *l, const struct aksu_dhcp_lease *old,
		  const struct aksu_dhcp_lease *new);
void lease_remove(const struct lease_link *l, const struct aksu_dhcp_lease *lease);

#endif
