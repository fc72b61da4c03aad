/* SPDX-License-Identifier: MIT */
/*
 * stack/stack.h - an instance: many connections, and everything that is about addresses.
 *
 * It is the only room that knows tcp/, ip/ and link/ (which do not know each other), and the only
 * one that demultiplexes. A flow, the pair of endpoints, is found in one keyed table, whatever it
 * is:
 *
 *   flow ─► SYN record (64 octets)  half open, passive          passive.c
 *        ├► connection (256)        struct conn                 conn.c
 *        └► TIME-WAIT record (64)                               timewait.c
 *   port ─► struct bound            listener, bound or UDP socket   bound.c
 *
 * Small records wait in queues by age (their time-outs are constant), connections in one wheel.
 * What the application may see goes up by pulling: accept queues and the list of news.
 */
#ifndef AKSU_STACK_STACK_H
#define AKSU_STACK_STACK_H

#include <aksu/socket.h>

#include "base/list.h"
#include "base/ring.h"
#include "base/wheel.h"
#include "ip/ip.h"
#include "link/link.h"
#include "tcp/listen.h"
#include "tcp/tcp.h"
#include "tcp/timewait.h"

/* ------------------------------------------------------------------ limits */

enum {
	LINKS_MAX = 256,
	NOWHERE = -2, /* the link of connections that have no way out: links.c */
	/* Segments that belong to no connection, waiting for the device: a batch of 64 and some. */
	CONTROL_MAX = 1024,
	/* Datagrams (UDP, ICMP) waiting for the device, on each link. */
	DATAGRAMS_MAX = 256,
	/* Connections that are settled together: a batch seldom touches more. */
	TOUCHED_MAX = 64,
	/* Frames that one connection may send before the next one's turn (deficit round robin). */
	QUANTUM = 16,
	/* The same in octets, where the link cuts: less than one that is as large as can be. */
	QUANTUM_OCTETS = 32768,
	/* Local frames carried in one go: two ends of one instance must not starve the rest. */
	LOCAL_BURST = 256,
	/* SYN-ACKs of a record: 1, 2, 4, 8, 16 and 32 s apart, as most servers
	   (docs/departures.md). */
	SYN_LEVELS = 6,
	/* Resets that answer strangers, in a second, for the whole instance. */
	RESETS_PER_SECOND = 1000,
	SMALL_MAX = 0xffffff - 1, /* records of each kind: their links have 24 bits */
};

/* ------------------------------------------------------------------ flows.c */

/* Both endpoints, as we see them: also the bytes that keyed hashes are made of. */
struct flow {
	struct aksu_addr local, remote;
	uint16_t local_port, remote_port;
};
static_assert(sizeof(struct flow) == 36, "no padding: it is hashed as it lies");

enum flow_kind { FLOW_NONE, FLOW_SYN, FLOW_CONN, FLOW_TIMEWAIT };

/* What the table holds: a kind in the upper two bits, an index below. */
typedef uint32_t flow_ref;
#define FLOW_END          0u
#define FLOW_REF(kind, i) ((flow_ref)(kind) << 30 | (i))
#define FLOW_KIND(ref)    ((enum flow_kind)((ref) >> 30))
#define FLOW_INDEX(ref)   ((ref)&0x3fffffffu)

/*
 * Linear hashing: the table grows and shrinks by one bucket at a time, so no insertion pauses.
 * Buckets lie in chunks that double, as a pool's slabs do.
 */
struct flows {
	flow_ref *chunk[24];
	uint32_t buckets; /* in use: mask + 1 + split */
	uint32_t count;
};

/* ------------------------------------------------------------------ records */

typedef struct {
	uint8_t b[3];
} link24;

struct syn_entry {
	flow_ref next;
	struct flow flow;
	link24 older, newer; /* in the queue of its level */
	uint16_t due;        /* SYN_UNIT, modulo 2^16 */
	struct syn_record r;
};
static_assert(sizeof(struct syn_entry) == 64, "DESIGN D6");

struct timewait_entry {
	flow_ref next;
	struct flow flow;
	link24 older, newer;
	uint16_t due; /* TIMEWAIT_UNIT, modulo 2^16 */
	struct timewait w;
};
static_assert(sizeof(struct timewait_entry) == 64, "DESIGN D6");

/* A queue of records by age; the oldest is due first. */
struct fifo {
	uint32_t oldest, newest;
};

/* ------------------------------------------------------------------ connections */

enum conn_flag {
	CONN_IN_TABLE = 1,
	CONN_READY = 2,     /* in its link's list of those that may send */
	CONN_TOUCHED = 4,   /* among those that this batch touched */
	CONN_NEWS = 8,      /* in the list of those that the application should look at */
	CONN_OWNED = 16,    /* the application has its name */
	CONN_WAITING = 32,  /* in a listener's accept queue */
	CONN_LISTENER = 64, /* a listening socket: the name of a struct bound */
	CONN_BOUND = 128,   /* `bound` is its own binding */
};

struct conn {
	struct tcb t; /* first: a connection is its block, and where it belongs */
	struct wheel_link wheel;
	struct list_link sending; /* its link's ready list */
	struct list_link news;    /* news list, or the listener's accept queue */
	flow_ref next;
	uint32_t gen;
	struct flow flow;
	void *user;
	uint32_t bound; /* its binding, or the listener that it came from; POOL_NONE */
	int16_t link;   /* IP_LOCAL: the instance itself; NOWHERE */
	uint8_t flags;  /* enum conn_flag */
	uint8_t told;   /* readiness that was reported last */
};
static_assert(sizeof(void *) > 4 || sizeof(struct conn) <= 256, "DESIGN D6");
static_assert(sizeof(struct conn) <= 256, "DESIGN D6");

/* The links of a connection, for list_append() and list_remove(). */
#define SENDING(s) &(s)->conns, offsetof(struct conn, sending)
#define NEWS(s)    &(s)->conns, offsetof(struct conn, news)

/* ------------------------------------------------------------------ ports */

struct datagram {
	struct aksu_block *block; /* header of ours in front: see udp.c */
	uint32_t at, len;
	struct aksu_endpoint from;
};

/* Who has a port: a listener, a bound TCP socket, or a UDP socket. */
struct bound {
	uint32_t next; /* in the bucket of its port */
	struct list_link news;
	uint32_t gen;
	uint8_t protocol; /* 6 or 17 */
	bool listening;
	bool v6only;
	struct aksu_endpoint local;
	uint32_t conn; /* the socket that names it (TCP) */
	struct tcp_conf *conf;
	void *user;
	/* listener */
	uint32_t backlog, syn_count, accept_count;
	struct list accept;
	instant cookies_until; /* cookies were sent that may still come back */
	/* UDP */
	int link; /* tied to this one (AKSU_SO_LINK); IP_LOCAL: to none */
	bool connected, has_news;
	bool blocked; /* was told to wait until datagrams can be queued again */
	uint8_t error;
	struct aksu_endpoint remote;
	struct ring queue; /* struct datagram */
	uint32_t queue_octets;
};

#define BOUND_BUCKETS 256u
#define BOUND_NEWS(s) &(s)->bounds, offsetof(struct bound, news)

/* ------------------------------------------------------------------ links */

/*
 * A segment without a connection, to be sent once: resets, SYN-ACKs of records, ACKs of TIME-WAIT.
 */
struct control {
	struct flow flow;
	struct tcp_seg seg;
	uint32_t conn; /* for events */
	uint8_t why, state;
	uint8_t ttl, tos;
	uint8_t transmissions; /* how often it was sent before */
};

/* Who hears text over a link whose device has a short queue: share.c. */
struct share {
	uint32_t frames;      /* of full size that may be on their way to us; 0: any number */
	uint32_t count, last; /* connections that heard text in this period, and in the last */
	uint64_t period;
	uint64_t seen[16]; /* one bit for each; those beyond 1024 have the least share anyhow */
};

struct iface {
	struct link l;
	struct share share;
	struct link_drops counted; /* of l.drops: what the counters hold already */
	int number;
	bool local; /* the instance itself: nothing below */
	struct list ready;
	struct ring control;         /* struct control */
	struct ring datagrams;       /* struct ip_reply: cut into packets as it goes out */
	bool datagram_refused;       /* somebody waits for room */
	struct ip_fragments cutting; /* the first of them, under way */
	bool cutting_valid;
	struct ip_path cutting_path;
};

/* ------------------------------------------------------------------ the instance */

struct aksu {
	struct tcp_env env; /* memory, events, counters, chance */
	struct ip ip;
	struct iface *ifaces[LINKS_MAX];
	unsigned iface_end; /* no link has this number or a higher one */
	unsigned link_next; /* the number that the next one is given, if it is free */
	struct iface local;
	struct iface nowhere;   /* connections without a way out, and nothing else */
	uint32_t nowhere_count; /* of them */
	struct hash_key key_flow, key_isn, key_port, key_ts, key_cookie;
	struct flows flows;
	struct pool conns, syns, timewaits, bounds;
	struct fifo syn_fifo[SYN_LEVELS], timewait_fifo;
	struct wheel wheel;
	uint32_t bound_bucket[BOUND_BUCKETS];
	struct list news;
	uint32_t touched[TOUCHED_MAX]; /* connections; one that died meanwhile is skipped */
	uint32_t touched_count;
	struct list bound_news; /* UDP sockets and listeners with news */
	struct tcp_conf *conf;  /* what new sockets begin with */
	uint32_t syn_queue, gen, isn_seed;
	uint32_t port_table[16]; /* RFC 6056 algorithm 4 */
	uint64_t packets;
	instant now;       /* the instance's own clock */
	aksu_time clock;   /* the caller's, at the same moment: clock.c */
	uint64_t step_max; /* a longer step of it is looked at */
	bool suspended;
	instant syns_since, timewaits_since; /* no record of the kind was due before */
	instant resets_since;
	uint32_t resets;
	uint32_t starved_cursor; /* connections below it were looked at last */
	bool in_local;           /* local frames are being carried */
	size_t size;             /* of this struct, as charged */
};

/* ------------------------------------------------------------------ flows.c */

MUST_USE bool flows_init(struct aksu *s);
void flows_fini(struct aksu *s);
uint64_t flow_hash(const struct aksu *s, const struct flow *f);
/* The first of this flow: a SYN record before a TIME-WAIT record. FLOW_END: none. */
flow_ref flows_find(const struct aksu *s, const struct flow *f);
void flows_insert(struct aksu *s, flow_ref ref);
void flows_remove(struct aksu *s, flow_ref ref);
/* What names a flow in events. */
uint32_t flow_id(const struct aksu *s, const struct flow *f);

static inline struct conn *conn_at(const struct aksu *s, uint32_t i)
{
	return pool_at(&s->conns, i);
}
static inline struct syn_entry *syn_at(const struct aksu *s, uint32_t i)
{
	return pool_at(&s->syns, i);
}
static inline struct bound *bound_at(const struct aksu *s, uint32_t i)
{
	return pool_at(&s->bounds, i);
}

static inline struct timewait_entry *timewait_at(const struct aksu *s, uint32_t i)
{
	return pool_at(&s->timewaits, i);
}

/* ------------------------------------------------------------------ fifo.c */

/* A clock of 16 bits: `unit` nanoseconds a step, on from a moment before which none is due. */
static inline uint16_t due_at(instant at, uint64_t unit)
{
	return (uint16_t)((at.ns + unit - 1) / unit);
}
instant due_instant(uint16_t due16, instant since, uint64_t unit);

#define SYN_UNIT      ((uint64_t)2000000)  /* 2 ms: 131 s in 16 bits */
#define TIMEWAIT_UNIT ((uint64_t)16000000) /* 16 ms: 1048 s */

void fifo_push(const struct pool *p, struct fifo *f, uint32_t index);
void fifo_remove(const struct pool *p, struct fifo *f, uint32_t index);

/* ------------------------------------------------------------------ conn.c */

/* A connection in CLOSED that the application owns, or NULL. */
struct conn *conn_new(struct aksu *s, struct tcp_conf *conf, uint32_t *index);
void conn_free(struct aksu *s, uint32_t index);

/* Never opened. */
static inline bool conn_fresh(const struct conn *c)
{
	return c->t.state == TCP_CLOSED && c->t.error == AKSU_OK && c->flow.remote_port == 0;
}

/* Before and after calls into tcp/ for one connection. */
void conn_enter(struct aksu *s, const struct conn *c);
void conn_settle(struct aksu *s, uint32_t index);
/* The same for one that could not send though it wants to: only its timers bring it back. */
void conn_settle_starved(struct aksu *s, uint32_t index);
/* What the application may do with it (AKSU_READABLE ...); nothing before it was opened. */
uint32_t conn_ready(const struct conn *c);
/* After each segment of a batch: settled once, at its end. */
void conn_touch(struct aksu *s, uint32_t index);
void conn_settle_touched(struct aksu *s);
struct iface *conn_iface(struct aksu *s, const struct conn *c);
/* The application is done with it: what remains goes on by itself. */
void conn_disown(struct aksu *s, uint32_t index);
/* Looks again where the connection's packets go and how large they may be. */
void conn_reroute(struct aksu *s, uint32_t index, bool lost);
/* After a pause, or on a link that changed: the same, and what a timer holds back goes now. */
void conn_revive(struct aksu *s, uint32_t index);

struct tcp_conf *conf_ref(struct tcp_conf *conf);
void conf_unref(struct aksu *s, struct tcp_conf *conf);
/* One of its own, to be written to; NULL: no memory. */
struct tcp_conf *conf_own(struct aksu *s, struct tcp_conf **conf);

/* ------------------------------------------------------------------ share.c */

/* After the link was made, or changed its MTU. */
void share_init(struct iface *i);
/* The connection heard text. */
void share_note(struct aksu *s, const struct conn *c, uint32_t index);
/* Octets that may be promised to a connection now; 0: as many as its buffer has. */
uint32_t share_window(struct aksu *s, const struct conn *c);
/* The same on a SYN or a SYN-ACK: the same for all the life of a record. */
uint32_t share_first_window(const struct iface *i, uint16_t mss);

/* ------------------------------------------------------------------ starved.c */

/* Those whose SEND found no memory are told when some is free again, or to try again. */
instant starved_deadline(const struct aksu *s);
void starved_advance(struct aksu *s);

/* ------------------------------------------------------------------ open.c */

/*
 * RFC 6528: clock and keyed hash; RFC 7323 5.4: a clock of timestamps for each pair of addresses.
 */
tcp_seq isn_of(const struct aksu *s, const struct flow *f, instant now);
tcp_ts ts_offset_of(const struct aksu *s, const struct flow *f);
uint16_t path_mss_of(const struct ip_path *path);
/* IP's and TCP's, without options: what an MSS is less than an MTU. */
static inline uint32_t path_headers(const struct aksu_addr *remote)
{
	return (addr_is_v4(remote) ? 20u : 40u) + TCP_HDR_LEN;
}
uint16_t default_mss_of(const struct aksu_addr *remote);
/* Active OPEN of an owned connection in CLOSED. */
int stack_connect(struct aksu *s, uint32_t index, const struct aksu_endpoint *remote, instant now);

/* ------------------------------------------------------------------ bound.c */

/*
 * Who takes a packet to `local` that came by a link; `remote` NULL: no connected socket. What is
 * tied to another link does not.
 */
uint32_t bound_find(const struct aksu *s, uint8_t protocol, int link, const struct aksu_addr *local,
		    uint16_t port, const struct aksu_endpoint *remote);
/* Takes a port (0: chooses one); POOL_NONE and *error set when it may not. */
uint32_t bound_add(struct aksu *s, uint8_t protocol, const struct aksu_endpoint *local, int *error);
void bound_remove(struct aksu *s, uint32_t index);
int bound_move(struct aksu *s, uint32_t index, const struct aksu_endpoint *local);
/* Ties it to a link, or to none: -EADDRINUSE when another has its port there. */
int bound_tie(struct aksu *s, uint32_t index, int link);
bool port_taken(const struct aksu *s, uint8_t protocol, uint16_t port);
void bound_tell(struct aksu *s, uint32_t index);

/* ------------------------------------------------------------------ passive.c, timewait.c */

/* The listener of a flow; POOL_NONE. */
uint32_t passive_listener(const struct aksu *s, const struct flow *f);
void passive_syn(struct aksu *s, uint32_t bound, const struct flow *f, const struct tcp_seg *seg,
		 const tcp_seq *iss_floor);
/* Whether the accept queue takes one more; the segment is dropped by name if not (B7). */
bool passive_has_room(struct aksu *s, uint32_t listener, const struct tcp_seg *seg);
void passive_segment(struct aksu *s, uint32_t syn, const struct tcp_seg *seg);
void passive_listen(struct aksu *s, uint32_t bound, const struct flow *f,
		    const struct tcp_seg *seg);
int stack_listen(struct aksu *s, uint32_t index, unsigned backlog);
void passive_forget(struct aksu *s, uint32_t bound);
void syn_free(struct aksu *s, uint32_t index);
instant syn_deadline(const struct aksu *s);
void syn_advance(struct aksu *s);

/* Replaces a connection that nobody owns by its record; false: no memory, it stays as it is. */
bool timewait_compress(struct aksu *s, uint32_t conn);
void timewait_segment(struct aksu *s, uint32_t index, const struct tcp_seg *seg);
void timewait_free(struct aksu *s, uint32_t index);
instant timewait_deadline(const struct aksu *s);
void timewait_advance(struct aksu *s);

/* ------------------------------------------------------------------ input.c, output.c, emit.c */

/* `link`: where it came from. */
void icmp_deliver(struct aksu *s, int link, const struct ip_icmp_error *e);
void link_failures(struct aksu *s, struct iface *i);
/* What the link dropped by itself since the last time goes into counters and events. */
void link_count_drops(struct aksu *s, struct iface *i);

/*
 * A segment that no connection sends: queued for its link. `conf` has its TTL and DiffServ
 * (MUST-48, MUST-49); NULL: nobody chose any. Returns it, or NULL when it was dropped.
 */
struct control *control_send(struct aksu *s, const struct flow *f, const struct tcp_seg *seg,
			     enum aksu_why why, enum tcp_state state, const struct tcp_conf *conf);
void reply_send(struct aksu *s, const struct flow *f, const struct reply *re, enum tcp_state state,
		const struct tcp_conf *conf);

/*
 * A datagram (its reference included) for its link. -EAGAIN (the queue is full, udp_writable() will
 * tell), -ENOMEM, -ENETUNREACH: it is released.
 */
int datagram_send(struct aksu *s, struct ip_reply *d);
bool datagrams_next(struct aksu *s, struct iface *i, struct aksu_tx *tx);

/* Builds the frame of a segment; true: it is to be sent now. */
bool emit_segment(struct aksu *s, struct iface *i, struct conn *c, const struct tcp_out *out,
		  struct aksu_tx *tx);
bool emit_control(struct aksu *s, struct iface *i, const struct control *k, struct aksu_tx *tx);
void tx_release(struct aksu_tx *tx);

void local_run(struct aksu *s);
/* Lets connections without a way out send: it is dropped, and their timers know. */
void nowhere_run(struct aksu *s);
void local_input(struct aksu *s, const struct aksu_rx *rx);
bool iface_wants_output(const struct iface *i);
size_t iface_output(struct aksu *s, struct iface *i, struct aksu_tx *tx, size_t cap);
void iface_fini(struct aksu *s, struct iface *i);

/* ------------------------------------------------------------------ udp.c */

void udp_deliver(struct aksu *s, const struct ip_in *in, const struct aksu_rx *rx);
void udp_icmp(struct aksu *s, int link, const struct ip_icmp_error *e);
int64_t udp_send(struct aksu *s, uint32_t index, const void *data, size_t n,
		 const struct aksu_endpoint *to);
int64_t udp_receive(struct aksu *s, uint32_t index, void *data, size_t n,
		    struct aksu_endpoint *from);
/* There is room for datagrams: whoever waits for it is told. */
void udp_writable(struct aksu *s);
void udp_drop_queue(struct aksu *s, struct bound *b);
/* Octets that may wait to be read: there is no growing here, so a size of its own by default. */
#define UDP_QUEUE_OCTETS (256u << 10)
static inline uint32_t udp_queue_limit(const struct tcp_conf *conf)
{
	return max_u32(conf->rcvbuf, min_u32(conf->rcvmax, UDP_QUEUE_OCTETS));
}

/* ------------------------------------------------------------------ events, checks */

/* A record or a listener changed its state. */
void report_state(struct aksu *s, const struct flow *f, enum tcp_state from, enum tcp_state to);
/* Fills in what tcp/ does not know, if anybody wants events. */
void scope_set(struct aksu *s, const struct flow *f, int link, uint64_t packet);

/*
 * Every invariant of every connection and list: O(n), for tests. False (and poisoned): one broke.
 */
bool aksu_check(struct aksu *s);

static inline bool poisoned(const struct aksu *s) { return UNLIKELY(s->env.poisoned); }

/* ------------------------------------------------------------------ clock.c */

/*
 * How late a driver may be and still be called busy: no retransmission timeout begins below this
 * (RFC 6298 section 2.4), so that of all that falls due in it nothing is a second attempt.
 */
#define CLOCK_LATE_MAX seconds(1)

/* How far the instance's clock goes when the caller's made a long step, or went back. */
uint64_t clock_step(struct aksu *s, aksu_time now);
/* A moment of the instance's as the caller's clock will show it. */
aksu_time clock_outward(const struct aksu *s, instant at);
/* When something is due, by the instance's clock. */
instant stack_deadline(const struct aksu *s);

/* Each verb latches the time once. */
static inline instant latch(struct aksu *s, aksu_time now)
{
	uint64_t step = now - s->clock; /* back: a very long one */

	if (UNLIKELY(step > s->step_max))
		step = clock_step(s, now);
	else
		s->clock = now;
	s->now.ns += step;
	s->env.events.now = s->now;
	if (s->syns.live == 0)
		s->syns_since = s->now;
	if (s->timewaits.live == 0)
		s->timewaits_since = s->now;
	return s->now;
}

#endif
