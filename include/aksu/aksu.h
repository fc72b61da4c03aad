/* SPDX-License-Identifier: MIT */
/*
 * aksu/aksu.h - an instance of the stack: packets and a clock in, packets and events out.
 *
 * The core owns no thread, no socket and no clock. A driver (yours, or the one in aksu/loop.h)
 * does this, for ever:
 *
 *      n = read frames from the device;            the clock is read once, here
 *      aksu_input(s, rx, n, now);                  feed them
 *      aksu_advance(s, now);                       let timers run that are due
 *      ... the application acts on its sockets (aksu/socket.h) ...
 *      while ((n = aksu_output(s, link, tx, 32, now)) > 0) {
 *              write the frames to the device;
 *              aksu_tx_done(s, tx, n);             the payload may be reused
 *      }
 *      sleep until a frame comes or aksu_deadline(s) passes
 *
 * (examples/echo.c is that, whole.)
 *
 * An instance belongs to one thread at a time; several instances share nothing.
 *
 * Every call that can fail returns a negative enum aksu_error; -AKSU_EPOISONED, which any call may
 * answer after an invariant broke, is not named again at each. What the network sends wrongly is
 * never an error of a call: it is dropped, and each drop has a name, a counter and an event.
 *
 * Times are nanoseconds, sizes octets. What is handed in is copied unless it says otherwise.
 */
#ifndef AKSU_AKSU_H
#define AKSU_AKSU_H

#include <aksu/event.h>
#include <aksu/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define AKSU_VERSION_MAJOR 0
#define AKSU_VERSION_MINOR 1
#define AKSU_VERSION_PATCH 0
#define AKSU_VERSION       "0.1.0"

struct aksu; /* an instance */

/* ------------------------------------------------------------------ life */

#define AKSU_BUDGET_DEFAULT ((size_t)64 << 20)

/**
 * How an instance is made. Set `size` to sizeof(struct aksu_config), `allocator` and `entropy`;
 * everything else may stay zero and then means its default.
 */
struct aksu_config {
	size_t size;
	struct aksu_allocator allocator;
	/** Bits nobody can guess: keys for ISNs, ports, cookies and tables come from here. */
	uint8_t entropy[32];
	/** The most memory that the instance may hold, in octets. Default AKSU_BUDGET_DEFAULT. */
	size_t budget;
	/** Maximum segment lifetime (RFC 9293 3.4.2). Default 30 s, at most 240 s. */
	aksu_time msl;
	/**
	 * Smallest retransmission timeout. Default 1 s (RFC 6298 2.4). A smaller one is a
	 * departure; it is what the timeout lies above the smoothed round trip at least, up to 1 s
	 * in all.
	 */
	aksu_time rto_min;
	/**
	 * Buffers of a new connection, in octets, 256 to 2^30. Default 128 KiB each, which grow by
	 * themselves; what is set here stays, unless a maximum is set too.
	 */
	uint32_t send_buffer, receive_buffer;
	/** SYN records of one listener before SYN cookies are sent (RFC 4987). Default 1024. */
	uint32_t syn_queue;
	/** Enters the ISNs and the generator of chance beside `entropy`; need not be secret. */
	uint64_t seed;
	/**
	 * Events: where to write them, and which (AKSU_EVENT_BIT). The ring is the caller's, and
	 * stays in use until aksu_events() or aksu_free(). NULL: none.
	 */
	struct aksu_event_ring *events;
	uint32_t event_mask;
	/**
	 * Told once when an invariant breaks. The instance is poisoned from then on: calls answer
	 * with -AKSU_EPOISONED. May be NULL.
	 */
	void (*panic)(void *ctx, const char *file, int line, const char *what);
	void *panic_ctx;
	/**
	 * What the buffers of a connection may grow to where its path has use for it: the send
	 * buffer with what is in flight, the receive buffer with what the application reads in a
	 * round trip; each to half of the free budget at most, and not at all once AKSU_SO_SNDBUF
	 * or AKSU_SO_RCVBUF was set. The window scale that is offered fits the latter (RFC
	 * 7323 2.3). In octets, up to 2^30; no larger than the buffer itself: it does not grow.
	 * Default 16776960 each, the most that a scale of 8 can say, where no size is set above.
	 */
	uint32_t send_buffer_max, receive_buffer_max;
	/** enum aksu_congestion of a new connection (AKSU_TCP_CONGESTION). Default: CUBIC. */
	int congestion;
};

/**
 * Makes an instance out of the memory that the allocator gives; NULL when it gives too little or
 * the config is invalid (no allocator, too short a `size`, a ring whose `cap` is no power of two).
 */
struct aksu *aksu_new(const struct aksu_config *config, aksu_time now);

/** Gives everything back, at once: nothing is sent, peers are not told. NULL is fine. */
void aksu_free(struct aksu *s);

/** Octets held from the allocator now, and the most ever. */
size_t aksu_memory_used(const struct aksu *s);
size_t aksu_memory_peak(const struct aksu *s);

/** Changes which events are written. The ring may be NULL when the mask is 0. */
void aksu_events(struct aksu *s, struct aksu_event_ring *ring, uint32_t mask);

/* ------------------------------------------------------------------ links, addresses, routes */

enum aksu_link_kind {
	AKSU_LINK_IP,       /**< frames are IP packets: TUN, a tunnel */
	AKSU_LINK_ETHERNET, /**< frames are Ethernet: TAP, veth */
};

/** What a device can do for us. */
enum {
	AKSU_LINK_TX_CSUM = 0x01, /**< takes frames whose TCP checksum is still to be done */
	AKSU_LINK_TX_TSO = 0x02,  /**< cuts TCP segments larger than the MSS (implies TX_CSUM) */
	AKSU_LINK_RX_CSUM = 0x04, /**< says in aksu_rx.checksum what it verified */
};

struct aksu_link_config {
	size_t size; /**< sizeof(struct aksu_link_config) */
	enum aksu_link_kind kind;
	uint32_t mtu;      /**< of IP packets, 68 to 65535 */
	uint32_t features; /**< AKSU_LINK_* */
	uint32_t tso_max;  /**< largest packet to cut; default 65535 */
	uint8_t mac[6];
	/**
	 * Octets, in frames of `mtu`, that the device's own queue towards us surely takes; 0: as
	 * many as come. The windows of the connections that receive over the link keep to half of
	 * it together, each to two segments at least; what was once offered is not taken back.
	 */
	uint32_t queue;
};

/**
 * Adds a link; returns its number (>= 0). -AKSU_EINVAL (kind, MTU, or a MAC that is no station's),
 * -AKSU_ENOBUFS (256 links), -AKSU_ENOMEM.
 */
int aksu_link_add(struct aksu *s, const struct aksu_link_config *config, aksu_time now);
/**
 * The link goes on with another configuration: another MTU, MAC or queue, other features; another
 * device; or the same one after it was down. Connections survive. Neighbours are forgotten and our
 * addresses announced again, and what waits for a timer that was backed off is tried at once.
 * -AKSU_ENOENT, -AKSU_EINVAL (as aksu_link_add(), and another kind), and nothing has changed.
 */
int aksu_link_change(struct aksu *s, int link, const struct aksu_link_config *config,
		     aksu_time now);
/**
 * Removes a link with its addresses and routes. Its connections learn a soft error (AKSU_NOTICE:
 * ENETUNREACH, EADDRNOTAVAIL) and time out, unless their address and a route come back meanwhile,
 * by any link. The number rests: later links are given others as long as there are any.
 * -AKSU_ENOENT.
 */
int aksu_link_remove(struct aksu *s, int link);
/**
 * Changes the MTU of a link; connections over it follow, and what was too large is sent again
 * smaller. Below 1280 the link carries no IPv6 (RFC 8200 section 5): such connections wait until
 * it is wider again. -AKSU_ENOENT, -AKSU_EINVAL (not 68 to 65535), -AKSU_ENOMEM.
 */
int aksu_link_set_mtu(struct aksu *s, int link, uint32_t mtu);
/** The MTU, or -AKSU_ENOENT. */
int aksu_link_mtu(const struct aksu *s, int link);

/**
 * Gives the link an address of ours; `prefix` (0 to 32, or 128 for IPv6) makes the on-link route.
 * It is good at once; whether another station has it too turns out later: aksu_addr_in_use().
 * -AKSU_ENOENT (no such link), -AKSU_EINVAL (no host's address, prefix too long, IPv6 on an MTU
 * below 1280), -AKSU_EADDRINUSE, -AKSU_ENOBUFS (256 addresses, 64 of an Ethernet link),
 * -AKSU_ENOMEM.
 */
int aksu_addr_add(struct aksu *s, int link, const struct aksu_addr *addr, unsigned prefix);
/**
 * Takes it away. Connections from it never change their address (RFC 9293 MUST-45): they learn a
 * soft error and time out, or go on at once when it comes back, also on another link. -AKSU_ENOENT.
 */
int aksu_addr_remove(struct aksu *s, int link, const struct aksu_addr *addr);

/**
 * Asks the stations of an Ethernet link, once, whether one of them has an address that is not ours
 * yet (RFC 5227 2.1.1, RFC 4862 5.4). Ask aksu_addr_in_use() a little later, and before asking
 * again. Up to eight addresses of a link are watched. -AKSU_ENOENT (no such link),
 * -AKSU_EOPNOTSUPP (a link without neighbours).
 */
int aksu_addr_probe(struct aksu *s, int link, const struct aksu_addr *addr, aksu_time now);
/**
 * Whether another station has claimed an address of ours, or one that aksu_addr_probe() asked
 * about; `mac` is then who. Each claim is also an AKSU_DROP_ADDR_IN_USE. An address of ours stays
 * ours: it is defended by one ARP announcement in ten seconds (RFC 5227 2.4 (c)).
 */
bool aksu_addr_in_use(const struct aksu *s, int link, const struct aksu_addr *addr, uint8_t mac[6]);

/**
 * Adds a route, or replaces that of the same link and prefix; `gateway` NULL means on-link. The
 * longest prefix wins; `prefix` counts within the family. -AKSU_ENOENT (no such link), -AKSU_EINVAL
 * (families differ, prefix too long, a gateway that is no host's address), -AKSU_ENOBUFS (1024
 * routes), -AKSU_ENOMEM.
 */
int aksu_route_add(struct aksu *s, int link, const struct aksu_addr *dst, unsigned prefix,
		   const struct aksu_addr *gateway);
/** -AKSU_ENOENT. */
int aksu_route_remove(struct aksu *s, int link, const struct aksu_addr *dst, unsigned prefix);

/* ------------------------------------------------------------------ the verbs */

/** State of the transport checksum of a frame that came in. */
enum aksu_checksum {
	AKSU_CHECKSUM_UNKNOWN,  /**< verify it */
	AKSU_CHECKSUM_VERIFIED, /**< the device did */
	AKSU_CHECKSUM_PARTIAL,  /**< never filled in: it did not cross a wire */
};

/** Memory with a count of references (blocks received or sent); aksu_block_* in aksu/socket.h. */
struct aksu_block;

/** A received frame. */
struct aksu_rx {
	const uint8_t *data;
	uint32_t len;
	uint16_t link;
	uint8_t checksum; /**< enum aksu_checksum */
	uint8_t reserved;
	uint16_t segments; /**< wire segments merged into this one; 0 means 1 */
	uint16_t mss;      /**< their size, when merged */
	uint64_t packet;   /**< a number of the caller's, repeated in events */
	/**
	 * NULL: `data` is borrowed for the call. Else `data` lies in this block, which may be kept.
	 */
	struct aksu_block *block;
};

enum { AKSU_TX_HEAD = 128, AKSU_TX_PIECES = 17 };

/** A run of payload, referenced until aksu_tx_done(). */
struct aksu_piece {
	const uint8_t *data;
	uint32_t len;
	struct aksu_block *block; /**< the reference that aksu_tx_done() drops */
};

/** A frame to send: a header, then pieces. */
struct aksu_tx {
	uint64_t packet; /**< running number of the instance */
	uint32_t len;    /**< of the whole frame */
	uint16_t head_len;
	uint8_t pieces;
	uint8_t checksum; /**< 1: the device must do it, from csum_start, into csum_start +
			     csum_offset */
	uint16_t csum_start, csum_offset;
	uint16_t mss;       /**< cut the text into pieces of this size; 0: do not cut */
	uint16_t transport; /**< where the TCP header begins in head (when mss != 0) */
	uint8_t head[AKSU_TX_HEAD];
	struct aksu_piece piece[AKSU_TX_PIECES];
};

/**
 * Feeds n received frames. Never sends and never blocks; afterwards ask aksu_output().
 *
 * Frames that are borrowed are read only during the call. `now` is when they arrived. Returns of
 * how many nothing was dropped; what was, and why, stands in aksu_counters(). 0 when the instance
 * is poisoned.
 */
size_t aksu_input(struct aksu *s, const struct aksu_rx *rx, size_t n, aksu_time now);

/**
 * Takes up to `cap` frames to send on a link; returns how many (0 also for a link that does not
 * exist). First what the link itself has to say (ARP, neighbour discovery), then segments without a
 * connection, datagrams, and connections in turn.
 *
 * Each must be given back with aksu_tx_done() once the device has taken it, also after a failed
 * write. Until then its pieces lie in the send buffer and stay as they are.
 */
size_t aksu_output(struct aksu *s, int link, struct aksu_tx *tx, size_t cap, aksu_time now);

/** The device is done with these frames, in any order: their payload may be reused. */
void aksu_tx_done(struct aksu *s, struct aksu_tx *tx, size_t n);

/**
 * Copies a frame into one run of memory; returns its length, or 0 when `cap` is too small. A
 * checksum that is the device's to do is still to be done.
 */
size_t aksu_tx_copy(const struct aksu_tx *tx, uint8_t *out, size_t cap);

/** Whether aksu_output() has something for this link now. */
bool aksu_wants_output(const struct aksu *s, int link);

/**
 * When aksu_advance() must be called next, perhaps at once; AKSU_NEVER when nothing is pending.
 * Any call may change it.
 */
aksu_time aksu_deadline(const struct aksu *s);

/** Lets the timers run that are due at `now` (RFC 9293 3.10.8). Afterwards ask aksu_output(). */
void aksu_advance(struct aksu *s, aksu_time now);

/* ------------------------------------------------------------------ pauses */

/*
 * A clock may do anything. Where it goes back by up to a second it is taken to stand still; further
 * back, it goes on from there. Where a verb comes more than a second later than aksu_deadline()
 * asked for (the process was stopped, the machine paused), the rest of that time is taken not to
 * have passed: no connection ends for a silence in which nobody listened. Times in events are the
 * instance's: they never go back, and count no such pause.
 */

/**
 * From now on nothing is due and nothing leaves; frames that come are dropped (LINK_DOWN). Sockets
 * may be used: what they ask for waits. For a program that knows that it is about to sleep.
 */
void aksu_suspend(struct aksu *s, aksu_time now);

/**
 * Goes on as if no time had passed, and also without aksu_suspend(), when a pause was noticed
 * afterwards: neighbours are forgotten, our addresses announced again, ways looked for anew, and
 * what waits for a timer that was backed off is tried at once.
 */
void aksu_resume(struct aksu *s, aksu_time now);

/* ------------------------------------------------------------------ counters */

/** Running totals of an instance. */
struct aksu_counters {
	uint64_t frames_in, frames_out, octets_in, octets_out; /**< of frames, over all links */
	uint64_t segments_in,
		segments_out;        /**< TCP, as wire segments: merged or uncut ones count each */
	uint64_t retransmissions;    /**< segments that were sent before, SYN-ACKs included */
	uint64_t connections_opened; /**< active OPENs that sent a SYN, or will */
	uint64_t connections_accepted; /**< passive ones that reached the accept queue */
	uint64_t connections_failed;   /**< ended by an error before they were open */
	uint64_t connections_reset;    /**< ended by the peer's reset */
	uint64_t syn_cookies_sent, syn_cookies_good;
	uint64_t drops[AKSU_DROP_COUNT]; /**< by enum aksu_drop */
};

/** The counters; valid until aksu_free(). */
const struct aksu_counters *aksu_counters(const struct aksu *s);

/* ------------------------------------------------------------------ congestion controls */

/** Congestion controls: X(NAME, word). The first is the default. */
#define AKSU_CONGESTIONS(X)                                                         \
	X(CUBIC, "cubic")     /**< RFC 9438, with HyStart++ (RFC 9406) */           \
	X(NEWRENO, "newreno") /**< RFC 5681, RFC 6582, RFC 3465 */                  \
	X(LOCAL, "local")     /**< for a peer on the same machine only */           \
	X(DCTCP, "dctcp")     /**< RFC 8257: for data centres only; asks for ECN */ \
	X(BBR, "bbr")         /**< BBRv3: draft-ietf-ccwg-bbr; it paces */

#define AKSU_CONGESTION_ENUM(name, word) AKSU_CONGESTION_##name,
enum aksu_congestion { AKSU_CONGESTIONS(AKSU_CONGESTION_ENUM) AKSU_CONGESTION_COUNT };
#undef AKSU_CONGESTION_ENUM

/** The word of a congestion control, or NULL; and its number, or -AKSU_ENOENT. */
const char *aksu_congestion_name(int64_t congestion);
int aksu_congestion_find(const char *name);

/* ------------------------------------------------------------------ addresses as text */

/** Parses "10.0.0.1" or "fd00::1"; false if it is neither. */
bool aksu_addr_parse(const char *text, struct aksu_addr *out);
/** Prints an address, terminated; `cap` of 46 always suffices. Returns its length, cut or not. */
size_t aksu_addr_print(const struct aksu_addr *addr, char *out, size_t cap);
/** Whether it is an IPv4 address, in its mapped form. */
bool aksu_addr_is_v4(const struct aksu_addr *addr);
bool aksu_addr_equal(const struct aksu_addr *a, const struct aksu_addr *b);
struct aksu_addr aksu_addr_v4(uint8_t a, uint8_t b, uint8_t c, uint8_t d);

#ifdef __cplusplus
}
#endif
#endif
