/* SPDX-License-Identifier: MIT */
/*
 * dhcp/answer.c - what servers say (RFC 2131 sections 3.1 to 3.3, 4.4.1 to 4.4.5).
 *
 * Anybody on the link can send these: believed is only what answers the transaction under way, is
 * for this station, and comes from the server that was chosen, where one was. What is refused is
 * told, and the client goes on waiting for a better answer.
 */
#include "dhcp/client.h"

#include "wire/addr.h"

/* The first that is good enough: waiting for others would cost every start a second. */
static void on_offer(struct aksu_dhcp *d, const struct dhcp *m, instant now)
{
	struct aksu_dhcp_lease offer;
	const char *wrong = lease_read(m, now, 0, &offer);

	if (wrong != NULL) {
		dhcp_tell(d, AKSU_DHCP_REFUSED, &offer, wrong);
		return;
	}
	d->want = offer;
	dhcp_enter(d, AKSU_DHCP_REQUESTING, now); /* asked at once, by the deadline */
}

/* In reply to what: RFC 2131 has each state wait for another. */
static bool is_awaited(const struct aksu_dhcp *d, const struct aksu_dhcp_lease *lease)
{
	switch (d->state) {
	case AKSU_DHCP_REQUESTING:
		return addr_eq(&lease->addr, &d->want.addr) &&
		       addr_eq(&lease->server, &d->want.server);
	case AKSU_DHCP_REBOOTING: return addr_eq(&lease->addr, &d->want.addr);
	case AKSU_DHCP_RENEWING: return addr_eq(&lease->server, &d->held.server);
	case AKSU_DHCP_REBINDING: return true;
	case AKSU_DHCP_INIT:
	case AKSU_DHCP_SELECTING:
	case AKSU_DHCP_CHECKING:
	case AKSU_DHCP_BOUND:
	case AKSU_DHCP_RELEASING:
	case AKSU_DHCP_STOPPED:
	case AKSU_DHCP_STATE_COUNT: break;
	}
	return false;
}

static void on_ack(struct aksu_dhcp *d, const struct dhcp *m, instant now)
{
	struct aksu_dhcp_lease lease;
	const char *wrong = lease_read(m, d->asked, dhcp_draw(d), &lease);

	if (!is_awaited(d, &lease))
		return;
	if (wrong == NULL)
		dhcp_take(d, &lease, now);
	else
		dhcp_tell(d, AKSU_DHCP_REFUSED, &lease, wrong);
}

/* The server knows better: whatever we have is not ours here (RFC 2131 sections 3.2 (4), 4.4.5). */
static void on_nak(struct aksu_dhcp *d, const struct dhcp *m, instant now)
{
	struct aksu_dhcp_lease no = {.addr = d->has ? d->held.addr : d->want.addr};

	if (!dhcp_addr(m, DHCP_SERVER, &no.server))
		return;
	if (d->state == AKSU_DHCP_REQUESTING && !addr_eq(&no.server, &d->want.server))
		return;
	if (d->state == AKSU_DHCP_RENEWING && !addr_eq(&no.server, &d->held.server))
		return;
	dhcp_tell(d, AKSU_DHCP_REFUSED, &no, "the server says no");
	dhcp_lose(d, "its server takes it back");
	dhcp_fail(d, now, nanoseconds(0));
}

void dhcp_answer(struct aksu_dhcp *d, const uint8_t *data, size_t n, instant now)
{
	bool asked = d->state == AKSU_DHCP_REQUESTING || d->state == AKSU_DHCP_REBOOTING ||
		     d->state == AKSU_DHCP_RENEWING || d->state == AKSU_DHCP_REBINDING;
	struct dhcp m;

	if (!dhcp_parse(data, n, &m) || !m.reply || m.xid != d->xid || !mac_eq(m.chaddr, d->mac))
		return;
	if (m.kind == DHCP_OFFER && d->state == AKSU_DHCP_SELECTING)
		on_offer(d, &m, now);
	else if (m.kind == DHCP_ACK && asked && d->tries > 0)
		on_ack(d, &m, now);
	else if (m.kind == DHCP_NAK && asked && d->tries > 0)
		on_nak(d, &m, now);
}
