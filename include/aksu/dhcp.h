/* SPDX-License-Identifier: MIT */
/*
 * aksu/dhcp.h - an IPv4 address from a server of the link (DHCP: RFC 2131, 2132, 3396, 3442).
 *
 * Beside the core, which knows nothing of it: a client is given an instance and one of its Ethernet
 * links, and uses the calls that everybody has. Like the instance it owns no thread, no clock and
 * no socket of an operating system; the driver asks it in each turn:
 *
 *      while (aksu_next_ready(s, &ready))
 *              if (!aksu_dhcp_ready(d, &ready, now))   it was the client's, or it is yours
 *                      ...
 *      aksu_dhcp_advance(d, now);
 *      while (aksu_dhcp_news(d, &news))
 *              ...                                     for people, or for DNS and the like
 *      ... aksu_output() ...
 *      sleep until a frame comes, or aksu_deadline(s), or aksu_dhcp_deadline(d)
 *
 * An address that was got is given to the link with its routes and its MTU, and taken away again
 * when its lease ends. Not here: DHCPINFORM, authentication (RFC 3118), DHCPv6.
 */
#ifndef AKSU_DHCP_H
#define AKSU_DHCP_H

#include <aksu/socket.h>

#ifdef __cplusplus
extern "C" {
#endif

struct aksu_dhcp; /* a client, of one link */

enum {
	AKSU_DHCP_HOSTNAME_MAX = 63,  /**< a label of the DNS (RFC 1035 2.3.4) */
	AKSU_DHCP_CLIENT_ID_MAX = 64, /**< longer ones are nobody's */
	AKSU_DHCP_ROUTES = 16,        /**< of a lease; what a server gives beyond is left out */
	AKSU_DHCP_DNS = 4,            /**< so too; resolvers ask three */
};

/* clang-format off */
/** Where a client stands (RFC 2131 figure 5, and two more at the ends): X(NAME, word). */
#define AKSU_DHCP_STATES(X) \
	X(INIT,       "init")       /**< waits before it begins, or begins again */ \
	X(SELECTING,  "selecting")  /**< DISCOVER was sent, an OFFER is awaited */ \
	X(REQUESTING, "requesting") /**< one offer was taken, its ACK is awaited */ \
	X(REBOOTING,  "rebooting")  /**< asked whether a former address is still good */ \
	X(CHECKING,   "checking")   /**< asks the link whether somebody else has the address */ \
	X(BOUND,      "bound")      /**< has it, until T1 */ \
	X(RENEWING,   "renewing")   /**< has it, asks its server to go on, until T2 */ \
	X(REBINDING,  "rebinding")  /**< has it, asks any server, until it ends */ \
	X(RELEASING,  "releasing")  /**< RELEASE is on its way */ \
	X(STOPPED,    "stopped")    /**< over: only aksu_dhcp_free() is left */
/* clang-format on */

#define AKSU_DHCP_ENUM_STATE(name, ...) AKSU_DHCP_##name,
enum aksu_dhcp_state { AKSU_DHCP_STATES(AKSU_DHCP_ENUM_STATE) AKSU_DHCP_STATE_COUNT };

struct aksu_dhcp_route {
	struct aksu_addr dst, gateway; /**< gateway 0.0.0.0: on the link itself */
	uint8_t prefix;                /**< 0 to 32 */
};

/** What a server gave us. Moments are of the caller's clock. */
struct aksu_dhcp_lease {
	struct aksu_addr addr, server;
	uint8_t prefix;
	uint32_t mtu; /**< 0: the server said none, or one that is not used */
	uint32_t route_count, dns_count;
	struct aksu_dhcp_route routes[AKSU_DHCP_ROUTES];
	struct aksu_addr dns[AKSU_DHCP_DNS];
	aksu_time since;          /**< when it was asked for: it counts from there */
	aksu_time t1, t2, expiry; /**< AKSU_NEVER: it has no end */
};

struct aksu_dhcp_config {
	size_t size; /**< sizeof(struct aksu_dhcp_config) */
	/** The instance, which must outlive the client, and its link, an Ethernet one. */
	struct aksu *stack;
	int link;
	uint8_t mac[6]; /**< the link's; a link that gets another one needs another client */
	/** For the client itself: a few KB, once, beside the instance's budget. */
	struct aksu_allocator allocator;
	/** Bits that nobody can guess: transaction ids and pauses come from here. */
	uint8_t entropy[16];
	/** Option 12; NULL: none. Copied. */
	const char *hostname;
	/** Option 61, 2 to 64 octets; NULL: the MAC with its type before it. Copied. */
	const uint8_t *client_id;
	size_t client_id_len;
	/** An address that we had: asked for at once (INIT-REBOOT). Zero: none. */
	struct aksu_addr former;
	/** The first message waits a random time below this (RFC 2131 4.4.1: 10 s). Default 0. */
	aksu_time start_delay;
	/**
	 * An address is asked about three times, this far apart, before it is taken (RFC 5227 has
	 * one to two seconds). Default 300 ms; AKSU_NEVER: it is not.
	 */
	aksu_time probe_interval;
};

/**
 * Makes a client, which begins with the next aksu_dhcp_advance(). NULL: no memory, no such link,
 * no station's MAC, a client id or host name of the wrong length, or its port (68) is taken there.
 */
struct aksu_dhcp *aksu_dhcp_new(const struct aksu_dhcp_config *config, aksu_time now);

/**
 * Forgets the client. An address that it has stays with the link, for nobody renews it: call
 * aksu_dhcp_release() before, or aksu_addr_remove() after. NULL is fine.
 */
void aksu_dhcp_free(struct aksu_dhcp *d);

/** Whether this readiness was the client's, who then acts on it. */
bool aksu_dhcp_ready(struct aksu_dhcp *d, const struct aksu_ready *ready, aksu_time now);

/** Does what has come and what is due. Afterwards ask aksu_output(). */
void aksu_dhcp_advance(struct aksu_dhcp *d, aksu_time now);

/** When aksu_dhcp_advance() must be called next; AKSU_NEVER: not before something comes. */
aksu_time aksu_dhcp_deadline(const struct aksu_dhcp *d);

/**
 * The machine slept, the cable was out, the device is another one: asks whether the lease that is
 * held is still good here (RFC 2131 3.7), and goes on with it if nobody answers. Without a lease,
 * begins again at once. Needed after a sleep in which the caller's clock stood still.
 */
void aksu_dhcp_confirm(struct aksu_dhcp *d, aksu_time now);

/**
 * Gives the address back (RFC 2131 4.4.6). It stays a fifth of a second longer, for the message to
 * leave: drive the client until it is STOPPED. Without a lease it is at once.
 */
void aksu_dhcp_release(struct aksu_dhcp *d, aksu_time now);

enum aksu_dhcp_state aksu_dhcp_state(const struct aksu_dhcp *d);
const char *aksu_dhcp_state_name(enum aksu_dhcp_state state);

/** What the link has now, or NULL. Good until the next call that takes a time. */
const struct aksu_dhcp_lease *aksu_dhcp_lease(const struct aksu_dhcp *d);

/* ------------------------------------------------------------------ what happened */

enum aksu_dhcp_happened {
	AKSU_DHCP_GOT,      /**< `addr` is the link's, with all that came with it */
	AKSU_DHCP_RENEWED,  /**< for longer; routes and servers may be others */
	AKSU_DHCP_LOST,     /**< the link has it no more: `why` */
	AKSU_DHCP_IN_USE,   /**< the station `mac` has it: declined, and asked for another later */
	AKSU_DHCP_REFUSED,  /**< an answer was not good enough, or the server says no: `why` */
	AKSU_DHCP_RELEASED, /**< given back */
};

struct aksu_dhcp_news {
	enum aksu_dhcp_happened what;
	struct aksu_addr addr, server;
	uint8_t mac[6];
	const char *why; /**< half a sentence that lasts for ever; "" where there is none */
};

/** The oldest that was not told yet; of more than eight the oldest are forgotten. */
bool aksu_dhcp_news(struct aksu_dhcp *d, struct aksu_dhcp_news *out);

#ifdef __cplusplus
}
#endif
#endif
