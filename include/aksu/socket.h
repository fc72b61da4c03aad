/* SPDX-License-Identifier: MIT */
/*
 * aksu/socket.h - connections, listeners and UDP sockets of an instance.
 *
 * No call blocks. What cannot be done now answers -AKSU_EAGAIN, and aksu_next_ready() says when to
 * try again. After calls that may make the stack talk (send, recv, close, connect ...) ask
 * aksu_output() again.
 *
 * A server in outline (whole: examples/echo.c):
 *
 *      aksu_socket l = aksu_socket_tcp(s), c;
 *      aksu_bind(s, l, &(struct aksu_endpoint){.port = 7});
 *      aksu_listen(s, l, 128);
 *      ...
 *      while (aksu_next_ready(s, &ready))
 *              if (ready.socket is l)
 *                      while (aksu_accept(s, l, &c) == 0) ...;
 *              else if (ready.events & AKSU_READABLE)
 *                      n = aksu_recv(s, ready.socket, buf, sizeof(buf));
 */
#ifndef AKSU_SOCKET_H
#define AKSU_SOCKET_H

#include <aksu/aksu.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Names a socket. A name that is no longer valid is answered with -AKSU_EBADF, never with a crash.
 */
typedef struct {
	uint32_t slot, gen;
} aksu_socket;

#define AKSU_NO_SOCKET ((aksu_socket){0, 0})

static inline bool aksu_socket_equal(aksu_socket a, aksu_socket b)
{
	return a.slot == b.slot && a.gen == b.gen;
}

/* ------------------------------------------------------------------ making and closing */

/** A TCP socket in state CLOSED; AKSU_NO_SOCKET (gen 0) when there is no memory. RFC 9293 3.9.1. */
aksu_socket aksu_socket_tcp(struct aksu *s);
/** A UDP socket (RFC 768), bound to a port that the stack chose; AKSU_NO_SOCKET: no memory. */
aksu_socket aksu_socket_udp(struct aksu *s);

/**
 * Chooses the local endpoint. Address :: or 0.0.0.0 means any; :: takes both families. Port 0 lets
 * the stack choose (RFC 6056; a UDP socket keeps the port that it has). -AKSU_EADDRINUSE,
 * -AKSU_EADDRNOTAVAIL (not ours), -AKSU_EINVAL (TCP: bound or opened already), -AKSU_ENOMEM,
 * -AKSU_EBADF.
 */
int aksu_bind(struct aksu *s, aksu_socket h, const struct aksu_endpoint *local);

/**
 * Passive OPEN (RFC 9293 3.10.1): up to `backlog` (at least 1) connections wait for aksu_accept().
 * Calling it again changes the backlog. The socket keeps listening; connections are new sockets,
 * with its options. Without aksu_bind() the stack chooses a port. -AKSU_EISCONN (opened already),
 * -AKSU_EADDRINUSE, -AKSU_ENOMEM, -AKSU_EOPNOTSUPP (UDP), -AKSU_EBADF.
 */
int aksu_listen(struct aksu *s, aksu_socket h, unsigned backlog);

/**
 * Takes the oldest connection that is complete; it is not reported as AKSU_CONNECTED. -AKSU_EAGAIN
 * when none is, -AKSU_EINVAL when the socket does not listen, -AKSU_EOPNOTSUPP (UDP), -AKSU_EBADF.
 */
int aksu_accept(struct aksu *s, aksu_socket listener, aksu_socket *out);

/**
 * Active OPEN (RFC 9293 3.10.1), or the peer of a UDP socket. Returns 0 at once: the SYN is yet to
 * leave; AKSU_CONNECTED and AKSU_WRITABLE say that it is established, AKSU_ERROR that it failed. A
 * socket is good for one connection: when that has ended, make another.
 *
 * -AKSU_EINVAL (port 0, or no host's address: MUST-46), -AKSU_ENETUNREACH, -AKSU_EADDRNOTAVAIL,
 * -AKSU_EADDRINUSE (the pair of endpoints is in use, or rests in TIME-WAIT without timestamps),
 * -AKSU_EALREADY, -AKSU_EISCONN, -AKSU_EOPNOTSUPP (a listener), -AKSU_ENOMEM, -AKSU_EBADF.
 */
int aksu_connect(struct aksu *s, aksu_socket h, const struct aksu_endpoint *remote, aksu_time now);

/**
 * No more will be sent: FIN follows what is queued; receiving goes on (half-close, RFC 9293 3.6).
 * Again is 0 again. -AKSU_ENOTCONN (not opened, or over), -AKSU_EOPNOTSUPP (UDP), -AKSU_EBADF.
 */
int aksu_shutdown(struct aksu *s, aksu_socket h, aksu_time now);

/**
 * CLOSE (RFC 9293 3.10.4): the application gives the socket up. What is queued is still delivered,
 * then FIN. Data that was never read, or that comes later, resets the connection (SHLD-3), and so
 * does AKSU_SO_LINGER 0. The name is invalid afterwards. On a listener: waiting connections are
 * reset, half-open ones forgotten. -AKSU_EBADF.
 */
int aksu_close(struct aksu *s, aksu_socket h, aksu_time now);

/**
 * ABORT (RFC 9293 3.10.5): RST, and everything is forgotten. The name is invalid afterwards.
 * -AKSU_EBADF.
 */
int aksu_abort(struct aksu *s, aksu_socket h, aksu_time now);

/* ------------------------------------------------------------------ data */

/** Flags of aksu_send(). */
enum {
	AKSU_MSG_OOB = 0x1,  /**< the last octet is urgent (RFC 9293 3.8.5; legacy) */
	AKSU_MSG_MORE = 0x2, /**< more follows at once: hold a partial segment back */
};

/**
 * SEND (RFC 9293 3.10.2): copies up to n octets into the send buffer; returns how many (0 only for
 * n = 0). It may be called as soon as aksu_connect() was: what is queued follows the handshake.
 * -AKSU_EAGAIN: the buffer is full, -AKSU_ENOMEM: the budget is; AKSU_WRITABLE will tell.
 * -AKSU_EPIPE after shutdown; -AKSU_ENOTCONN before connect; what ended the connection;
 * -AKSU_EBADF. On a UDP socket it is aksu_sendto() to the connected peer.
 */
int64_t aksu_send(struct aksu *s, aksu_socket h, const void *data, size_t n, int flags,
		  aksu_time now);

/**
 * RECEIVE (RFC 9293 3.10.3): copies up to n (at least 1) octets out; returns how many. 0 is the
 * end of the stream (the peer's FIN); -AKSU_EAGAIN: nothing yet; -AKSU_ENOTCONN before connect;
 * -AKSU_ECONNRESET, -AKSU_ECONNREFUSED, -AKSU_ETIMEDOUT and others: what ended the connection,
 * after all that came before it has been read, and again at each call. On a UDP socket it is
 * aksu_recvfrom().
 */
int64_t aksu_recv(struct aksu *s, aksu_socket h, void *data, size_t n, aksu_time now);

/** Like aksu_recv(), but leaves the octets where they are. -AKSU_EOPNOTSUPP for UDP. */
int64_t aksu_peek(struct aksu *s, aksu_socket h, void *data, size_t n);

/**
 * One datagram, cut into fragments where the path asks for it. `to` NULL: the connected peer.
 * Returns n. -AKSU_EMSGSIZE above 65507, -AKSU_ENOTCONN (no peer), -AKSU_EINVAL (port 0),
 * -AKSU_ENETUNREACH, -AKSU_EADDRNOTAVAIL, -AKSU_EAGAIN (the link's queue is full, AKSU_WRITABLE
 * will tell), -AKSU_ENOMEM, -AKSU_EOPNOTSUPP (TCP), -AKSU_EBADF.
 */
int64_t aksu_sendto(struct aksu *s, aksu_socket h, const void *data, size_t n,
		    const struct aksu_endpoint *to, aksu_time now);
/**
 * The oldest datagram; what does not fit in n is lost, and the whole length is returned. `from` may
 * be NULL. -AKSU_EAGAIN; once, what ICMP said to a connected socket (-AKSU_ECONNREFUSED ...);
 * -AKSU_EOPNOTSUPP (TCP), -AKSU_EBADF.
 */
int64_t aksu_recvfrom(struct aksu *s, aksu_socket h, void *data, size_t n,
		      struct aksu_endpoint *from);

/* ------------------------------------------------------------------ readiness */

enum {
	AKSU_READABLE = 0x01, /**< data, end of stream, a connection to accept, or a datagram */
	AKSU_WRITABLE = 0x02, /**< established, room for AKSU_SO_SNDLOWAT octets, and less unsent
				 than AKSU_TCP_NOTSENT_LOWAT */
	AKSU_HUP = 0x04,      /**< both directions are finished */
	AKSU_RDHUP = 0x08,    /**< the peer has sent its FIN */
	AKSU_ERROR = 0x10,    /**< the connection failed: see AKSU_SO_ERROR. With it READABLE,
				 WRITABLE, HUP */
	AKSU_URGENT = 0x20,   /**< the urgent pointer advanced (MUST-32) */
	AKSU_NOTICE = 0x40,   /**< a soft error or R1 (MUST-47, SHLD-9), told once: see
				 AKSU_SO_SOFT_ERROR */
	AKSU_CONNECTED =
		0x80, /**< just established, actively; told once, by aksu_next_ready() only */
};

/** What a socket can do now. 0 for a name that is not valid, or a socket not opened yet. */
uint32_t aksu_ready(const struct aksu *s, aksu_socket h);

struct aksu_ready {
	aksu_socket socket;
	uint32_t events; /**< as aksu_ready() answers now */
	void *user;      /**< as set by aksu_set_user() */
};

/**
 * The next socket whose readiness grew since it was last reported (edge-triggered); false: none.
 * Reports only wake: act until -AKSU_EAGAIN.
 */
bool aksu_next_ready(struct aksu *s, struct aksu_ready *out);

/** A pointer of the caller's, carried with the socket; NULL at first. -AKSU_EBADF; NULL. */
int aksu_set_user(struct aksu *s, aksu_socket h, void *user);
void *aksu_get_user(const struct aksu *s, aksu_socket h);

/* ------------------------------------------------------------------ options */

/**
 * Options: all int64_t; times in nanoseconds. R: can be read, W: written; c: copied to accepted
 * connections.
 */
enum aksu_option {
	AKSU_SO_ERROR, /**< R: what ended the connection (positive; it stays), or 0; UDP: and clears
			  it */
	AKSU_SO_SOFT_ERROR, /**< R: the last soft error (MUST-47), and clears it */
	AKSU_SO_SNDBUF,   /**< RWc: octets, 256 to 2^30; read: as it is now. Set, it no longer grows
			     by itself */
	AKSU_SO_RCVBUF,   /**< RWc: the same; a smaller one never moves the window's edge back */
	AKSU_SO_SNDLOWAT, /**< RWc: octets free to be WRITABLE, SNDBUF at most; default a third of
			     it */
	AKSU_SO_RCVLOWAT, /**< RWc: octets to be READABLE; default 1, half of RCVBUF at most */
	AKSU_SO_LINGER,   /**< RWc: -1 off; 0: close aborts with RST; others are kept and change
			     nothing */
	AKSU_SO_KEEPALIVE, /**< RWc: 0 or 1, default 0 (MUST-24, MUST-25) */
	AKSU_SO_REUSEADDR, /**< RW: bind beside TIME-WAIT connections (always allowed here), kept
			      for callers */
	AKSU_IP_TOS, /**< RWc: DiffServ in the upper six bits (MUST-48); the ECN bits are TCP's */
	AKSU_IP_TTL, /**< RWc: TTL or hop limit, 1 to 255 (MUST-49) */
	AKSU_IP_NO_SOFT_ERRORS, /**< RWc: 1: soft errors are not reported (SHLD-20) */
	AKSU_TCP_NODELAY,       /**< RWc: 1: Nagle off (MUST-17); what CORK or MORE holds
				     back goes now */
	AKSU_TCP_CORK,          /**< RWc: 1: only full segments, for 200 ms at most */
	AKSU_TCP_QUICKACK,      /**< RWc: 1: ACKs are not delayed */
	AKSU_TCP_MAXSEG, /**< RWc: largest segment to send and to announce, from 48, 0: any; before
			    connect or listen */
	AKSU_TCP_CONGESTION,      /**< RWc: enum aksu_congestion, at any time */
	AKSU_TCP_MAX_PACING_RATE, /**< RWc: octets per second of text that may leave; 0: no limit */
	AKSU_TCP_KEEPIDLE,        /**< RWc: default 2 h (MUST-28) */
	AKSU_TCP_KEEPINTVL,       /**< RWc: default 75 s */
	AKSU_TCP_KEEPCNT,         /**< RWc: probes, default 9 */
	AKSU_TCP_KEEPDATA,        /**< RWc: 1: probes carry one octet (MAY-6) */
	AKSU_TCP_USER_TIMEOUT, /**< RWc: R2 for this connection (MUST-21); 0: default; AKSU_NEVER as
				  -1: infinite */
	AKSU_TCP_SYN_TIMEOUT,  /**< RWc: R2 of the SYN; default 180 s (MUST-23) */
	AKSU_TCP_URGENT_LEFT,  /**< R: octets up to the urgent mark, 0 when none (MUST-33) */
	AKSU_TCP_UNSENT,       /**< R: octets queued and not sent */
	AKSU_TCP_UNACKED,      /**< R: octets queued and not acknowledged */
	AKSU_TCP_UNREAD,       /**< R: octets that aksu_recv() can return now */
	AKSU_SO_LINK, /**< RW: UDP: the only link to hear and to speak on, -1: any; see below */
	AKSU_TCP_NOTSENT_LOWAT, /**< RWc: octets queued and not sent from which on aksu_send() takes
				   no more; 0, the default: no such mark */
	AKSU_TCP_ECN,           /**< RWc: enum aksu_ecn; default AKSU_ECN_ACCEPT; before connect or
				   listen */
	AKSU_OPTION_COUNT,
};

/** Explicit congestion notification: what is asked for, and agreed to. */
enum aksu_ecn {
	AKSU_ECN_OFF,      /**< neither */
	AKSU_ECN_CLASSIC,  /**< RFC 3168, both ways */
	AKSU_ECN_ACCURATE, /**< RFC 9768, both ways; RFC 3168 where the peer has no more */
	AKSU_ECN_ACCEPT,   /**< the most that the peer asks for; not asked for, but by DCTCP */
};

/**
 * Takes effect at once, timers and windows included; on a listener, for connections to come.
 * -AKSU_EINVAL (the value, or an option that is only read), -AKSU_ENOPROTOOPT (no such option; UDP
 * has ERROR, SNDBUF, RCVBUF, REUSEADDR, TOS, TTL and LINK only), -AKSU_EISCONN (MAXSEG, too late),
 * -AKSU_ENOMEM, -AKSU_EBADF.
 *
 * A socket with AKSU_SO_LINK may have a port that others have on other links or on all, and goes
 * before the latter. Its datagrams to groups and to 255.255.255.255 need no route, and those to
 * 255.255.255.255 come from 0.0.0.0 while the link has no IPv4 address (RFC 1122 3.2.1.3).
 * -AKSU_EADDRINUSE when its port is taken on that link, -AKSU_EINVAL when there is no such link.
 */
int aksu_set_option(struct aksu *s, aksu_socket h, enum aksu_option option, int64_t value,
		    aksu_time now);
/** -AKSU_ENOPROTOOPT, -AKSU_EBADF; *value is written when it returns 0. */
int aksu_get_option(struct aksu *s, aksu_socket h, enum aksu_option option, int64_t *value);

/* ------------------------------------------------------------------ status */

/**
 * STATUS (RFC 9293 3.10.6), in the shape of Linux's TCP_INFO where the two agree. Of a half-open
 * connection's record and of a TIME-WAIT record what they hold is told; the rest is 0.
 */
struct aksu_info {
	struct aksu_endpoint local, remote;
	uint8_t state;   /**< enum aksu_state */
	uint8_t options; /**< AKSU_OPT_* that were agreed on */
	uint8_t snd_wscale, rcv_wscale;
	uint8_t backoff; /**< retransmission time-outs in a row */
	uint8_t in_recovery;
	uint8_t reordering; /**< 1: the path was seen to change the order (RFC 8985 6.2) */
	uint32_t conn;      /**< as in struct aksu_event; 0: a listener, or never opened */
	uint32_t snd_mss, rcv_mss, advmss, pmtu;
	uint32_t iss, irs, snd_una, snd_nxt, snd_wnd, rcv_nxt, rcv_wnd;
	uint32_t cwnd, ssthresh, in_flight; /**< octets */
	/**
	 * Octets outstanding that the peer has reported (RFC 2018), that are taken for lost and
	 * wait to be sent again, and that were sent again and are not known to have arrived. To
	 * count the last takes time with what is outstanding.
	 */
	uint32_t sacked, lost, resent;
	uint32_t srtt_us, rttvar_us, rto_us, min_rtt_us;
	uint32_t send_queue,
		receive_queue; /**< octets; of a listener: its backlog, and connections to accept */
	uint64_t retransmissions;               /**< segments, whole life */
	uint64_t octets_acked, octets_received; /**< as numbers: SYN and FIN count as one each */
	aksu_time state_since;  /**< to the second; of TIME-WAIT: since 2MSL last began */
	aksu_time next_timer;   /**< AKSU_NEVER when none runs */
	uint8_t timer;          /**< enum aksu_timer of it */
	uint8_t error;          /**< enum aksu_error that ended the connection, or 0 */
	uint8_t ecn;            /**< enum aksu_ecn that was agreed on: OFF, CLASSIC or ACCURATE */
	const char *congestion; /**< name of the algorithm, or NULL */
};

/** A UDP socket has endpoints only. -AKSU_EBADF. */
int aksu_info(const struct aksu *s, aksu_socket h, struct aksu_info *out);

/**
 * Walks all connections, listeners and records, e.g. for `ss`: start with *cursor = 0; false at the
 * end. It may be spread over any time: what comes or goes meanwhile may be missed, and what goes on
 * as another kind of record may be told as both; nothing else is told twice.
 */
bool aksu_next_info(const struct aksu *s, uint64_t *cursor, struct aksu_info *out);

#ifdef __cplusplus
}
#endif
#endif
