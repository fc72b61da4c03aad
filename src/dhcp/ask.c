/* SPDX-License-Identifier: MIT */
/*
 * dhcp/ask.c - what a client says, as RFC 2131 table 5 has it for each state.
 *
 *                       xid       to          50 requested   54 server   ciaddr
 *   DISCOVER            new       all                                    0
 *   REQUEST SELECTING   the same  all         yes            yes         0
 *   REQUEST REBOOTING   new       all         yes                        0
 *   REQUEST RENEWING    new       the server                             ours
 *   REQUEST REBINDING   the same  all                                    ours
 *   DECLINE             new       all         yes            yes         0
 *   RELEASE             new       the server                 yes         ours
 *
 * A message that cannot be sent counts as one that was lost: it is sent again in its time.
 */
#include "dhcp/client.h"

#include "wire/addr.h"

/* RFC 3442: classless routes are asked for before the router. Some servers give only these. */
static const uint8_t PARAMETERS[] = {
	DHCP_MASK, DHCP_ROUTES, DHCP_ROUTER, DHCP_DNS, DHCP_MTU, DHCP_LEASE_TIME, DHCP_T1, DHCP_T2,
};

void dhcp_begin(struct aksu_dhcp *d, instant now)
{
	d->xid = (uint32_t)dhcp_draw(d);
	d->began = now;
	d->secs = 0;
}

static void count_seconds(struct aksu_dhcp *d, instant now)
{
	uint64_t s = to_ms(since(d->began, now)) / 1000;

	d->secs = (uint16_t)(s < UINT16_MAX ? s : UINT16_MAX);
}

static struct dhcp_writer begin_message(const struct aksu_dhcp *d, enum dhcp_kind kind,
					const struct aksu_addr *ciaddr, uint8_t *out)
{
	struct dhcp m = {
		.kind = (uint8_t)kind,
		.broadcast = ciaddr == NULL, /* nobody could reach us by an address yet */
		.xid = d->xid,
		.secs = d->secs,
		.chaddr = d->mac,
	};
	struct dhcp_writer w;

	if (ciaddr != NULL)
		m.ciaddr = *ciaddr;
	w = dhcp_emit(&m, out, MESSAGE_MAX);
	dhcp_put(&w, DHCP_CLIENT_ID, d->client_id, d->client_id_len);
	return w;
}

/* What a DISCOVER and a REQUEST say of us, and want to know. */
static void put_wishes(const struct aksu_dhcp *d, struct dhcp_writer *w)
{
	dhcp_put_u16(w, DHCP_SIZE_MAX, MESSAGE_MAX);
	if (d->hostname_len > 0)
		dhcp_put(w, DHCP_HOSTNAME, d->hostname, d->hostname_len);
	dhcp_put(w, DHCP_PARAMETERS, PARAMETERS, sizeof(PARAMETERS));
}

static void send(struct aksu_dhcp *d, struct dhcp_writer *w, const struct aksu_addr *to,
		 instant now)
{
	struct aksu_endpoint there = {.addr = *to, .port = DHCP_SERVER_PORT};

	(void)aksu_sendto(d->link.stack, d->socket, w->out, dhcp_end(w), &there, now.ns);
}

static void to_all(struct aksu_dhcp *d, struct dhcp_writer *w, instant now)
{
	struct aksu_addr all = aksu_addr_v4(255, 255, 255, 255);

	send(d, w, &all, now);
}

/*
 * A request for what was offered keeps the time of the DISCOVER, so that relays treat both alike
 * (RFC 2131 section 3.1 (3)).
 */
void dhcp_ask(struct aksu_dhcp *d, instant now)
{
	const struct aksu_addr *ciaddr = NULL;
	uint8_t out[MESSAGE_MAX];
	struct dhcp_writer w;

	if (d->state == AKSU_DHCP_RENEWING || d->state == AKSU_DHCP_REBINDING)
		ciaddr = &d->held.addr;
	if (d->state != AKSU_DHCP_REQUESTING)
		count_seconds(d, now);
	w = begin_message(d, d->state == AKSU_DHCP_SELECTING ? DHCP_DISCOVER : DHCP_REQUEST, ciaddr,
			  out);
	if (d->state == AKSU_DHCP_REQUESTING || d->state == AKSU_DHCP_REBOOTING)
		dhcp_put_addr(&w, DHCP_REQUESTED, &d->want.addr);
	if (d->state == AKSU_DHCP_REQUESTING)
		dhcp_put_addr(&w, DHCP_SERVER, &d->want.server);
	put_wishes(d, &w);
	d->tries++;
	d->asked = now;
	if (d->state == AKSU_DHCP_RENEWING)
		send(d, &w, &d->held.server, now);
	else
		to_all(d, &w, now);
}

void dhcp_decline(struct aksu_dhcp *d, instant now)
{
	uint8_t out[MESSAGE_MAX];
	struct dhcp_writer w;

	dhcp_begin(d, now);
	w = begin_message(d, DHCP_DECLINE, NULL, out);
	dhcp_put_addr(&w, DHCP_REQUESTED, &d->want.addr);
	dhcp_put_addr(&w, DHCP_SERVER, &d->want.server);
	to_all(d, &w, now);
}

void dhcp_send_release(struct aksu_dhcp *d, instant now)
{
	uint8_t out[MESSAGE_MAX];
	struct dhcp_writer w;

	dhcp_begin(d, now);
	w = begin_message(d, DHCP_RELEASE, &d->held.addr, out);
	dhcp_put_addr(&w, DHCP_SERVER, &d->held.server);
	send(d, &w, &d->held.server, now);
}
