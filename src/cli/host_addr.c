/* SPDX-License-Identifier: MIT */
/*
 * cli/host_addr.c - see cli/host_addr.h.
 */
#include "cli/host_addr.h"

#include <stdarg.h>
#include <string.h>

/* For how long a server is waited for: four DISCOVERs, at 0, 4, 12 and 28 s. */
#define DHCP_PATIENCE (30 * AKSU_SECOND)
/* A RELEASE and the ARP question before it need a fifth of a second. */
#define RELEASE_PATIENCE (1 * AKSU_SECOND)

enum { ADDR_TEXT = 46, MAC_TEXT = 18 };

static const char *addr_text(char out[ADDR_TEXT], const struct aksu_addr *a)
{
	aksu_addr_print(a, out, ADDR_TEXT);
	return out;
}

static const char *mac_text(char out[MAC_TEXT], const uint8_t m[6])
{
	snprintf(out, MAC_TEXT, "%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4],
		 m[5]);
	return out;
}

/* ------------------------------------------------------------------ addresses of others */

static void look_at(struct host *h, struct host_link *l, const struct host_link_options *o)
{
	char addr[ADDR_TEXT], mac[MAC_TEXT];
	uint8_t by[6];

	for (size_t i = 0; i < o->addrs; i++) {
		if (l->told_in_use & 1u << i ||
		    !aksu_addr_in_use(h->stack, l->link, &o->addr[i].addr, by))
			continue;
		l->told_in_use |= 1u << i; /* said once: whoever has it may claim it for ever */
		host_say(h, LOG_WARN,
			 "%s is in use by %s on %s:%s: one of the two needs another address",
			 addr_text(addr, &o->addr[i].addr), mac_text(mac, by),
			 cli_kind_name(o->link.kind), o->link.name);
	}
}

/* Each claim of another station is a drop: where none was counted, none is looked for. */
static void tell_conflicts(struct host *h)
{
	uint64_t claims = aksu_counters(h->stack)->drops[AKSU_DROP_ADDR_IN_USE];

	if (claims == h->claims_seen)
		return;
	h->claims_seen = claims;
	for (size_t i = 0; i < h->options.links; i++)
		look_at(h, &h->links[i], &h->options.link[i]);
}

/* ------------------------------------------------------------------ what a server gave */

/* Appends as much as there is room for: how much it is, a server decides. */
__attribute__((format(printf, 3, 4))) static void append(char *out, size_t cap, const char *format,
							 ...)
{
	size_t n = strlen(out);
	va_list args;

	va_start(args, format);
	vsnprintf(out + n, cap - n, format, args);
	va_end(args);
}

static void say_lease(const struct host *h, const struct host_link_options *o,
		      const struct aksu_dhcp_lease *lease, const char *what)
{
	char addr[ADDR_TEXT], server[ADDR_TEXT], one[ADDR_TEXT], more[256] = "";

	for (uint32_t i = 0; i < lease->route_count; i++)
		if (lease->routes[i].prefix == 0)
			append(more, sizeof(more), ", router %s",
			       addr_text(one, &lease->routes[i].gateway));
	for (uint32_t i = 0; i < lease->dns_count; i++)
		append(more, sizeof(more), ", DNS %s", addr_text(one, &lease->dns[i]));
	if (lease->expiry == AKSU_NEVER)
		snprintf(one, sizeof(one), "ever");
	else
		snprintf(one, sizeof(one), "%llu s",
			 (unsigned long long)((lease->expiry - lease->since) / AKSU_SECOND));
	host_say(h, LOG_WARN, "%s:%s: %s %s/%u from %s for %s%s", cli_kind_name(o->link.kind),
		 o->link.name, what, addr_text(addr, &lease->addr), lease->prefix,
		 addr_text(server, &lease->server), one, more);
}

/* Among the addresses that --addr gave: the last place is the lease's. */
static void note_lease(struct host_link *l, struct host_link_options *o)
{
	const struct aksu_dhcp_lease *lease = aksu_dhcp_lease(l->dhcp);

	if (lease == NULL)
		return;
	o->addrs += !l->leased;
	l->leased = true;
	o->addr[o->addrs - 1] = (struct cli_net){lease->addr, lease->prefix};
	l->told_in_use &= ~(1u << (o->addrs - 1));
}

static void say_news(struct host *h, size_t i, const struct aksu_dhcp_news *n)
{
	const struct host_link_options *o = &h->options.link[i];
	const struct aksu_dhcp_lease *lease = aksu_dhcp_lease(h->links[i].dhcp);
	char addr[ADDR_TEXT], mac[MAC_TEXT], name[64];

	snprintf(name, sizeof(name), "%s:%s", cli_kind_name(o->link.kind), o->link.name);
	addr_text(addr, &n->addr);
	switch (n->what) {
	case AKSU_DHCP_GOT:
		if (lease != NULL)
			say_lease(h, o, lease, "got");
		break;
	case AKSU_DHCP_RENEWED: host_say(h, LOG_INFO, "%s: %s was renewed", name, addr); break;
	case AKSU_DHCP_LOST: host_say(h, LOG_WARN, "%s: %s is lost: %s", name, addr, n->why); break;
	case AKSU_DHCP_IN_USE:
		host_say(h, LOG_WARN,
			 "%s: %s is in use by %s; the DHCP server is asked for another", name, addr,
			 mac_text(mac, n->mac));
		break;
	case AKSU_DHCP_REFUSED:
		h->links[i].refused = n->why;
		host_say(h, LOG_INFO, "%s: a DHCP server's answer about %s is of no use: %s", name,
			 addr, n->why);
		break;
	case AKSU_DHCP_RELEASED: host_say(h, LOG_INFO, "%s: %s was given back", name, addr); break;
	}
}

/* ------------------------------------------------------------------ in the loop */

bool host_addr_ready(struct host *h, const struct aksu_ready *ready, aksu_time now)
{
	for (size_t i = 0; i < h->options.links; i++)
		if (h->links[i].dhcp && aksu_dhcp_ready(h->links[i].dhcp, ready, now))
			return true;
	return false;
}

aksu_time host_addr_turn(struct host *h, aksu_time now)
{
	aksu_time next = AKSU_NEVER;

	for (size_t i = 0; i < h->options.links; i++) {
		struct aksu_dhcp *d = h->links[i].dhcp;
		struct aksu_dhcp_news news;

		if (!d)
			continue;
		aksu_dhcp_advance(d, now);
		while (aksu_dhcp_news(d, &news)) {
			note_lease(&h->links[i], &h->options.link[i]);
			say_news(h, i, &news);
		}
		if (aksu_dhcp_deadline(d) < next)
			next = aksu_dhcp_deadline(d);
	}
	tell_conflicts(h);
	return next;
}

void host_addr_resumed(struct host *h, aksu_time now)
{
	for (size_t i = 0; i < h->options.links; i++)
		if (h->links[i].dhcp)
			aksu_dhcp_confirm(h->links[i].dhcp, now);
}

/* ------------------------------------------------------------------ before and after */

/* While addresses come and go the command itself has nothing to do. */
static void idle_ready(void *ctx, const struct aksu_ready *ready, aksu_time now)
{
	(void)ctx, (void)ready, (void)now;
}

static aksu_time idle_turn(void *ctx, aksu_time now)
{
	(void)ctx, (void)now;
	return AKSU_NEVER;
}

static void idle_end(void *ctx, aksu_time now) { (void)ctx, (void)now; }

static uint32_t idle_open(const void *ctx)
{
	(void)ctx;
	return 0;
}

static const struct host_calls IDLE = {
	.ready = idle_ready,
	.turn = idle_turn,
	.stop = idle_end,
	.abort = idle_end,
	.open = idle_open,
};

static bool open_client(struct host *h, size_t i, struct aksu_reason *why)
{
	struct host_link *l = &h->links[i];
	struct aksu_dhcp_config config = {
		.size = sizeof(config),
		.stack = h->stack,
		.link = l->link,
		.allocator = aksu_malloc_allocator(),
	};

	memcpy(config.mac, l->dev->config.mac, sizeof(config.mac));
	if (!aksu_entropy(config.entropy, sizeof(config.entropy)))
		return because(why, "the kernel gives no random numbers (getrandom)");
	l->dhcp = aksu_dhcp_new(&config, aksu_clock_now());
	return l->dhcp || because(why, "no memory for the DHCP client");
}

/* The first link that still waits for an address, or the number of links. */
static size_t who_waits(const struct host *h)
{
	size_t i = 0;

	while (i < h->options.links && (!h->links[i].dhcp || aksu_dhcp_lease(h->links[i].dhcp)))
		i++;
	return i;
}

static bool wait_for_all(struct host *h, struct aksu_reason *why)
{
	aksu_time patience = aksu_clock_now() + DHCP_PATIENCE;
	const struct host_link_options *o;
	size_t i;

	while ((i = who_waits(h)) < h->options.links) {
		int error = 0;

		o = &h->options.link[i];
		if (h->stop_by != AKSU_NEVER)
			return because(why, "stopped before a DHCP server answered on %s:%s",
				       cli_kind_name(o->link.kind), o->link.name);
		if (aksu_clock_now() < patience)
			error = aksu_loop_turn(h->loop, patience);
		else if (h->links[i].refused != NULL)
			return because(why, "what a DHCP server says on %s:%s is of no use: %s",
				       cli_kind_name(o->link.kind), o->link.name,
				       h->links[i].refused);
		else
			return because(why,
				       "no DHCP server answered in 30 s on %s:%s: is one on that "
				       "network? --addr A/P gives an address by hand",
				       cli_kind_name(o->link.kind), o->link.name);
		if (error != 0)
			return because(why, "the device %s:%s is gone", cli_kind_name(o->link.kind),
				       o->link.name);
	}
	return true;
}

bool host_addr_acquire(struct host *h, struct aksu_reason *why)
{
	const struct host_calls *calls = h->calls;
	bool good = true;

	for (size_t i = 0; i < h->options.links && good; i++)
		good = !h->options.link[i].dhcp || open_client(h, i, why);
	h->calls = &IDLE;
	good = good && wait_for_all(h, why);
	h->calls = calls;
	return good;
}

static bool all_stopped(const struct host *h)
{
	for (size_t i = 0; i < h->options.links; i++)
		if (h->links[i].dhcp && aksu_dhcp_state(h->links[i].dhcp) != AKSU_DHCP_STOPPED)
			return false;
	return true;
}

void host_addr_release(struct host *h)
{
	aksu_time patience = aksu_clock_now() + RELEASE_PATIENCE;

	h->calls = &IDLE;
	h->stop_by = AKSU_NEVER;
	for (size_t i = 0; i < h->options.links; i++)
		if (h->links[i].dhcp)
			aksu_dhcp_release(h->links[i].dhcp, aksu_clock_now());
	while (!all_stopped(h) && aksu_clock_now() < patience)
		if (aksu_loop_turn(h->loop, patience) != 0)
			break;
}

void host_addr_close(struct host *h)
{
	for (size_t i = 0; i < HOST_LINKS; i++) {
		aksu_dhcp_free(h->links[i].dhcp);
		h->links[i].dhcp = NULL;
	}
}
