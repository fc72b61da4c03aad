/* SPDX-License-Identifier: MIT */
/*
 * dhcp/client.c - a client's life: the calls of aksu/dhcp.h, and all that time does to it.
 *
 * RFC 2131 sections 4.1 (retransmission), 4.4 (states), 4.4.5 (renewal), RFC 5227 section 2.1. Each
 * state has one deadline, and on_deadline() is all that happens by itself. A lease that ended while
 * nobody looked is over before anything else is tried with it.
 */
#include "dhcp/client.h"

#include "wire/addr.h"

#define STATE_NAME(name, word) word,

const char *aksu_dhcp_state_name(enum aksu_dhcp_state state)
{
	static const char *const names[] = {AKSU_DHCP_STATES(STATE_NAME)};

	return (unsigned)state < COUNT_OF(names) ? names[state] : "?";
}

/* ------------------------------------------------------------------ chance */

uint64_t dhcp_draw(struct aksu_dhcp *d)
{
	uint64_t n = d->draws++;

	return siphash(&d->key, &n, sizeof(n));
}

/* RFC 2131 section 4.1: after `tries` messages. */
static duration pause(struct aksu_dhcp *d, unsigned tries)
{
	unsigned doublings = tries > 0 ? tries - 1 : 0;
	uint64_t ms;

	if (doublings > RETRY_DOUBLINGS)
		doublings = RETRY_DOUBLINGS;
	ms = (uint64_t)(RETRY_FIRST_SECONDS << doublings) * 1000;
	return milliseconds(ms - RETRY_FUZZ_MS + dhcp_draw(d) % (2 * RETRY_FUZZ_MS + 1));
}

/* ------------------------------------------------------------------ what is told */

void dhcp_tell(struct aksu_dhcp *d, enum aksu_dhcp_happened what,
	       const struct aksu_dhcp_lease *about, const char *why)
{
	struct aksu_dhcp_news *at;

	if (d->news_count == NEWS_MAX) {
		d->news_first++;
		d->news_count--;
	}
	at = &d->news[(d->news_first + d->news_count++) % NEWS_MAX];
	*at = (struct aksu_dhcp_news){.what = what,
				      .addr = about->addr,
				      .server = about->server,
				      .why = why};
}

bool aksu_dhcp_news(struct aksu_dhcp *d, struct aksu_dhcp_news *out)
{
	if (d->news_count == 0)
		return false;
	*out = d->news[d->news_first++ % NEWS_MAX];
	d->news_count--;
	return true;
}

/* ------------------------------------------------------------------ from state to state */

void dhcp_enter(struct aksu_dhcp *d, enum aksu_dhcp_state state, instant deadline)
{
	d->state = state;
	d->deadline = deadline;
	d->tries = 0;
}

void dhcp_lose(struct aksu_dhcp *d, const char *why)
{
	if (!d->has)
		return;
	d->has = false;
	lease_remove(&d->link, &d->held);
	dhcp_tell(d, AKSU_DHCP_LOST, &d->held, why);
}

void dhcp_fail(struct aksu_dhcp *d, instant now, duration at_least)
{
	duration wait = d->failures > 0 ? pause(d, d->failures) : nanoseconds(0);

	d->failures++;
	dhcp_enter(d, AKSU_DHCP_INIT, after(now, longer(at_least, wait) ? at_least : wait));
}

static void hold(struct aksu_dhcp *d, const struct aksu_dhcp_lease *lease,
		 enum aksu_dhcp_happened what)
{
	d->held = *lease;
	d->has = true;
	d->failures = 0;
	dhcp_enter(d, AKSU_DHCP_BOUND, (instant){lease->t1});
	dhcp_tell(d, what, lease, "");
}

/* Nobody else has it, as far as we can know. */
static void bind(struct aksu_dhcp *d, instant now)
{
	if (lease_install(&d->link, NULL, &d->want) == AKSU_OK) {
		hold(d, &d->want, AKSU_DHCP_GOT);
		return;
	}
	dhcp_tell(d, AKSU_DHCP_REFUSED, &d->want, "the stack has no room or other use for it");
	dhcp_decline(d, now);
	dhcp_fail(d, now, seconds(DECLINED_SECONDS));
}

void dhcp_take(struct aksu_dhcp *d, const struct aksu_dhcp_lease *lease, instant now)
{
	if (d->has && addr_eq(&d->held.addr, &lease->addr) &&
	    lease_install(&d->link, &d->held, lease) == AKSU_OK) {
		hold(d, lease, AKSU_DHCP_RENEWED);
		return;
	}
	dhcp_lose(d, "its server gives another");
	d->want = *lease;
	if (d->probe_interval.ns == AKSU_NEVER)
		bind(d, now);
	else
		dhcp_enter(d, AKSU_DHCP_CHECKING, now);
}

/* ------------------------------------------------------------------ what time does */

static void discover(struct aksu_dhcp *d, instant now)
{
	dhcp_enter(d, AKSU_DHCP_SELECTING, now);
	dhcp_begin(d, now);
	dhcp_ask(d, now);
	d->deadline = after(now, pause(d, d->tries));
}

static void ask_again(struct aksu_dhcp *d, unsigned most, instant now)
{
	if (most != 0 && d->tries == most) {
		dhcp_enter(d, AKSU_DHCP_INIT, now);
		return;
	}
	dhcp_ask(d, now);
	d->deadline = after(now, pause(d, d->tries));
}

/* Nobody answers for a lease that has not ended: it is used on (RFC 2131 section 3.2 (4)). */
static void reboot_again(struct aksu_dhcp *d, instant now)
{
	if (d->has && d->tries == REBOOT_TRIES)
		dhcp_enter(d, AKSU_DHCP_BOUND, (instant){d->held.t1});
	else
		ask_again(d, REBOOT_TRIES, now);
}

/* RFC 5227 section 2.1.1. */
static void check(struct aksu_dhcp *d, instant now)
{
	uint8_t mac[6];

	if (d->tries > 0 && aksu_addr_in_use(d->link.stack, d->link.number, &d->want.addr, mac)) {
		dhcp_tell(d, AKSU_DHCP_IN_USE, &d->want, "");
		memcpy(d->news[(d->news_first + d->news_count - 1) % NEWS_MAX].mac, mac, 6);
		dhcp_decline(d, now);
		dhcp_fail(d, now, seconds(DECLINED_SECONDS));
		return;
	}
	if (d->tries == PROBES) {
		bind(d, now);
		return;
	}
	(void)aksu_addr_probe(d->link.stack, d->link.number, &d->want.addr, now.ns);
	d->tries++;
	d->deadline = after(now, d->probe_interval);
}

/* RFC 2131 section 4.4.5: half of the time left until the next step, a minute at least. */
static void ask_for_longer(struct aksu_dhcp *d, instant until, instant now)
{
	duration half = nanoseconds(since(now, until).ns / 2), least = seconds(RENEW_SECONDS_MIN);

	dhcp_ask(d, now);
	d->deadline = earlier(after(now, longer(half, least) ? half : least), until);
}

static void renew(struct aksu_dhcp *d, instant now)
{
	instant t2 = {d->held.t2}, expiry = {d->held.expiry};

	if (d->state == AKSU_DHCP_BOUND)
		dhcp_begin(d, now);
	if (before(now, t2)) {
		if (d->state == AKSU_DHCP_BOUND)
			dhcp_enter(d, AKSU_DHCP_RENEWING, now);
		ask_for_longer(d, t2, now);
		return;
	}
	if (d->state != AKSU_DHCP_REBINDING)
		dhcp_enter(d, AKSU_DHCP_REBINDING, now);
	ask_for_longer(d, expiry, now);
}

static void on_deadline(struct aksu_dhcp *d, instant now)
{
	switch (d->state) {
	case AKSU_DHCP_INIT: discover(d, now); break;
	case AKSU_DHCP_SELECTING: ask_again(d, 0, now); break;
	case AKSU_DHCP_REQUESTING: ask_again(d, REQUEST_TRIES, now); break;
	case AKSU_DHCP_REBOOTING: reboot_again(d, now); break;
	case AKSU_DHCP_CHECKING: check(d, now); break;
	case AKSU_DHCP_BOUND:
	case AKSU_DHCP_RENEWING:
	case AKSU_DHCP_REBINDING: renew(d, now); break;
	case AKSU_DHCP_RELEASING:
		d->has = false; /* told as RELEASED already */
		lease_remove(&d->link, &d->held);
		dhcp_enter(d, AKSU_DHCP_STOPPED, INSTANT_NEVER);
		break;
	case AKSU_DHCP_STOPPED:
	case AKSU_DHCP_STATE_COUNT: break;
	}
}

/* RFC 2131 section 4.4.5: at once, whatever was under way. */
static void expire(struct aksu_dhcp *d, instant now)
{
	if (!d->has || !due((instant){d->held.expiry}, now) || d->state == AKSU_DHCP_RELEASING)
		return;
	dhcp_lose(d, "it ended, and no server made it longer");
	dhcp_enter(d, AKSU_DHCP_INIT, now);
}

/* ------------------------------------------------------------------ the driver's calls */

static void read_socket(struct aksu_dhcp *d, instant now)
{
	uint8_t data[MESSAGE_MAX];
	struct aksu_endpoint from;
	int64_t n;

	while ((n = aksu_recvfrom(d->link.stack, d->socket, data, sizeof(data), &from)) >= 0)
		if (from.port == DHCP_SERVER_PORT && n <= MESSAGE_MAX)
			dhcp_answer(d, data, (size_t)n, now);
}

void aksu_dhcp_advance(struct aksu_dhcp *d, aksu_time time)
{
	instant now = {time};

	if (d->state == AKSU_DHCP_STOPPED)
		return;
	expire(d, now);
	read_socket(d, now);
	while (due(d->deadline, now) && !is_never(d->deadline)) {
		on_deadline(d, now);
		expire(d, now);
	}
}

bool aksu_dhcp_ready(struct aksu_dhcp *d, const struct aksu_ready *ready, aksu_time now)
{
	if (!aksu_socket_equal(ready->socket, d->socket))
		return false;
	aksu_dhcp_advance(d, now);
	return true;
}

aksu_time aksu_dhcp_deadline(const struct aksu_dhcp *d)
{
	return d->has ? earlier(d->deadline, (instant){d->held.expiry}).ns : d->deadline.ns;
}

/* Begins with asking for an address that is, or was, ours. */
static void reboot(struct aksu_dhcp *d, const struct aksu_addr *addr, instant when, instant now)
{
	d->want = (struct aksu_dhcp_lease){.addr = *addr};
	dhcp_enter(d, AKSU_DHCP_REBOOTING, when);
	dhcp_begin(d, now);
}

void aksu_dhcp_confirm(struct aksu_dhcp *d, aksu_time now)
{
	if (d->state == AKSU_DHCP_RELEASING || d->state == AKSU_DHCP_STOPPED)
		return;
	if (d->has)
		reboot(d, &d->held.addr, (instant){now}, (instant){now});
	else
		dhcp_enter(d, AKSU_DHCP_INIT, (instant){now});
}

void aksu_dhcp_release(struct aksu_dhcp *d, aksu_time now)
{
	if (d->state == AKSU_DHCP_RELEASING || d->state == AKSU_DHCP_STOPPED)
		return;
	if (!d->has) {
		dhcp_enter(d, AKSU_DHCP_STOPPED, INSTANT_NEVER);
		return;
	}
	dhcp_send_release(d, (instant){now});
	dhcp_tell(d, AKSU_DHCP_RELEASED, &d->held, "");
	dhcp_enter(d, AKSU_DHCP_RELEASING, after((instant){now}, milliseconds(RELEASE_MS)));
}

enum aksu_dhcp_state aksu_dhcp_state(const struct aksu_dhcp *d) { return d->state; }

const struct aksu_dhcp_lease *aksu_dhcp_lease(const struct aksu_dhcp *d)
{
	return d->has ? &d->held : NULL;
}

/* ------------------------------------------------------------------ birth and death */

static size_t length_of(const char *text)
{
	size_t n = 0;

	while (text != NULL && text[n] != 0 && n <= AKSU_DHCP_HOSTNAME_MAX)
		n++;
	return n;
}

static bool config_good(const struct aksu_dhcp_config *c)
{
	struct mac mac;

	memcpy(mac.b, c->mac, sizeof(mac.b));
	if (c->allocator.alloc == NULL || c->allocator.free == NULL || c->stack == NULL)
		return false;
	if (mac_is_group(mac) || mac_is_zero(mac) || aksu_link_mtu(c->stack, c->link) < 0)
		return false;
	if (c->client_id != NULL &&
	    (c->client_id_len < 2 || c->client_id_len > AKSU_DHCP_CLIENT_ID_MAX))
		return false;
	return length_of(c->hostname) <= AKSU_DHCP_HOSTNAME_MAX;
}

static void introduce(struct aksu_dhcp *d, const struct aksu_dhcp_config *c)
{
	memcpy(d->mac.b, c->mac, sizeof(d->mac.b));
	d->hostname_len = (uint8_t)length_of(c->hostname);
	if (d->hostname_len > 0)
		memcpy(d->hostname, c->hostname, d->hostname_len);
	if (c->client_id != NULL) {
		d->client_id_len = (uint8_t)c->client_id_len;
		memcpy(d->client_id, c->client_id, c->client_id_len);
		return;
	}
	d->client_id_len = 1 + sizeof(c->mac);
	d->client_id[0] = 1; /* RFC 2132 section 9.14: the hardware type, then its address */
	memcpy(d->client_id + 1, c->mac, sizeof(c->mac));
}

static bool open_socket(struct aksu_dhcp *d, instant now)
{
	struct aksu_endpoint any = {aksu_addr_v4(0, 0, 0, 0), DHCP_CLIENT_PORT};
	struct aksu *s = d->link.stack;

	d->socket = aksu_socket_udp(s);
	return aksu_set_option(s, d->socket, AKSU_SO_LINK, d->link.number, now.ns) == 0 &&
	       aksu_bind(s, d->socket, &any) == 0;
}

struct aksu_dhcp *aksu_dhcp_new(const struct aksu_dhcp_config *given, aksu_time time)
{
	struct aksu_dhcp_config c = {0};
	instant now = {time}, first;
	struct aksu_dhcp *d;

	if (given == NULL || given->size < offsetof(struct aksu_dhcp_config, former))
		return NULL;
	memcpy(&c, given, given->size < sizeof(c) ? given->size : sizeof(c));
	if (!config_good(&c))
		return NULL;
	d = c.allocator.alloc(c.allocator.ctx, sizeof(*d), _Alignof(struct aksu_dhcp));
	if (d == NULL)
		return NULL;
	*d = (struct aksu_dhcp){
		.from = c.allocator,
		.link = {c.stack, c.link, (uint32_t)aksu_link_mtu(c.stack, c.link)},
		.key = hash_key_from(c.entropy),
		.probe_interval = c.probe_interval != 0 ? nanoseconds(c.probe_interval)
							: milliseconds(PROBE_INTERVAL_MS),
	};
	introduce(d, &c);
	if (!open_socket(d, now)) {
		aksu_dhcp_free(d);
		return NULL;
	}
	first = after(now, nanoseconds(c.start_delay != 0 ? dhcp_draw(d) % c.start_delay : 0));
	if (addr_is_v4(&c.former) && !addr_is_unspecified(&c.former))
		reboot(d, &c.former, first, now);
	else
		dhcp_enter(d, AKSU_DHCP_INIT, first);
	return d;
}

void aksu_dhcp_free(struct aksu_dhcp *d)
{
	struct aksu_allocator from;

	if (d == NULL)
		return;
	from = d->from;
	(void)aksu_close(d->link.stack, d->socket, 0);
	from.free(from.ctx, d, sizeof(*d));
}
