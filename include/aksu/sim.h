/* SPDX-License-Identifier: MIT */
/*
 * aksu/sim.h - a virtual clock, bad wires, and two hosts joined by them.
 *
 * Everything is drawn from a seed with integers only: the same seed gives the same octets at the
 * same nanosecond on every machine and compiler. Users of the library may put their own program on
 * such a wire too; decorators (faults, capture) fit on any device of aksu/link.h.
 *
 *      link = sim_link_new(&(struct sim_link_config){...});
 *      world = sim_world_new(&(struct sim_world_config){...});
 *      sim_world_host(world, SIM_LEFT, &host);     a stack, a device, an application
 *      sim_world_host(world, SIM_RIGHT, &other);
 *      sim_world_run(world, 60 * AKSU_SECOND);
 */
#ifndef AKSU_SIM_H
#define AKSU_SIM_H

#include <aksu/link.h>
#include <aksu/socket.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The two ends of a link, the two hosts of a world. */
enum { SIM_LEFT, SIM_RIGHT, SIM_EITHER };

/* ------------------------------------------------------------------ what an observer is told */

/** What happened to a packet, or in a host: X(NAME, word). */
#define SIM_NOTES(X)                                                                            \
	X(SENT, "sent")             /**< it entered the wire */                                 \
	X(LOST, "lost")             /**< the wire lost it: by chance, by the mask, by a rule */ \
	X(QUEUE, "queue full")      /**< lost: no room before the bottleneck */                 \
	X(TOO_BIG, "too big")       /**< lost: longer than the path's MTU */                    \
	X(EARLY, "dropped early")   /**< lost: RED, CoDel or a step saw the queue grow */       \
	X(POLICED, "policed")       /**< lost: more than the policer lets through */            \
	X(NO_MEMORY, "no memory")   /**< lost: the simulator has no memory */                   \
	X(MARKED, "marked CE")      /**< the queue's discipline marked it; it travels on */     \
	X(CORRUPTED, "corrupted")   /**< one bit was flipped; it travels on */                  \
	X(DUPLICATED, "duplicated") /**< a copy follows it */                                   \
	X(DELAYED, "delayed")       /**< it will arrive `extra` later: reordered */             \
	X(ARRIVED, "arrived")       /**< the other host has taken it in */                      \
	X(EVENT, "event")           /**< a host wrote an event */

#define SIM_NOTE_ENUM(name, word) SIM_NOTE_##name,
enum sim_note_kind { SIM_NOTES(SIM_NOTE_ENUM) SIM_NOTE_COUNT };
#undef SIM_NOTE_ENUM

struct sim_note {
	enum sim_note_kind kind;
	unsigned link; /**< sim_link_config.number; EVENT: 0 */
	unsigned side; /**< the packet's sender; EVENT: the host */
	aksu_time time;
	uint64_t packet;     /**< aksu_tx.packet of its sender */
	aksu_time extra;     /**< DELAYED */
	const uint8_t *data; /**< SENT: the frame */
	uint32_t len;
	const struct aksu_event *event; /**< EVENT: with the world's time in it */
};

/** Called at once for each note; may not call back into what tells it. */
struct sim_observer {
	void (*note)(void *ctx, const struct sim_note *note);
	void *ctx;
};

const char *sim_note_name(enum sim_note_kind kind);

/* ------------------------------------------------------------------ wires */

/** What is done with packets that wait before the bottleneck: X(NAME, word). */
#define SIM_DISCIPLINES(X)                                                               \
	X(TAIL, "tail")   /**< nothing, until the queue is full */                       \
	X(RED, "red")     /**< random early detection (RFC 2309, RFC 7567) */            \
	X(STEP, "step")   /**< all that find `mark_min` octets waiting (RFC 8257 4.1) */ \
	X(CODEL, "codel") /**< those that waited too long for too long (RFC 8289) */

#define SIM_DISCIPLINE_ENUM(name, word) SIM_DISCIPLINE_##name,
enum sim_discipline { SIM_DISCIPLINES(SIM_DISCIPLINE_ENUM) SIM_DISCIPLINE_COUNT };
#undef SIM_DISCIPLINE_ENUM

/** One direction. All zero is a perfect wire: at once, in order, whole. */
struct sim_wire_config {
	aksu_time delay;         /**< every packet needs this long */
	aksu_time jitter;        /**< plus up to this much, drawn for each */
	bool overtake;           /**< who drew less arrives first; else packets stay in order */
	uint64_t rate;           /**< bits per second of the bottleneck; 0: no bottleneck */
	uint32_t queue;          /**< octets that may wait before it, then tail drop; 0: no limit */
	uint32_t mtu;            /**< longer packets vanish in silence; 0: no limit */
	uint32_t loss;           /**< millionths of packets lost */
	uint32_t duplicate;      /**< millionths that arrive twice */
	uint32_t reorder;        /**< millionths that are overtaken */
	aksu_time reorder_extra; /**< they are late by up to this much (at least half of it) */
	uint32_t corrupt;        /**< millionths that get one bit flipped, anywhere in the packet */
	uint64_t loss_mask;      /**< bit i set: packets i, i + 64, i + 128 ... are lost */
	bool down;               /**< everything that enters is lost */
	/**
	 * Bursts of loss (Gilbert, Elliott): after each packet, millionths of chance that a burst
	 * begins, that it ends, and that a packet in it is lost (0: all are). No begin: no bursts.
	 */
	uint32_t burst_begin, burst_end, burst_loss;
	/** A policer: what is above this rate, and above so many octets at once, is lost. 0: none.
	 */
	uint64_t police_rate;
	uint32_t police_burst;
	/** The queue's discipline; with `ecn` it marks what is ECN-capable instead of dropping it.
	 */
	enum sim_discipline discipline;
	bool ecn;
	uint32_t mark_min,
		mark_max;     /**< octets; RED: between them the chance grows to mark_chance */
	uint32_t mark_chance; /**< RED: millionths at mark_max; above it, all */
	aksu_time codel_target, codel_interval; /**< 0: 5 ms, 100 ms */
};

/** Words of the disciplines. */
const char *sim_discipline_name(enum sim_discipline discipline);

/** Kinds of segment that a rule can name: X(NAME, word). */
#define SIM_KINDS(X)                                                 \
	X(SYN, "syn")         /**< SYN without ACK */                \
	X(SYN_ACK, "syn-ack") /**< SYN and ACK */                    \
	X(DATA, "data")       /**< text, no SYN */                   \
	X(FIN, "fin")         /**< FIN, with or without text */      \
	X(ACK, "ack")         /**< neither text nor SYN, FIN, RST */ \
	X(RST, "rst")

#define SIM_KIND_ENUM(name, word) SIM_KIND_##name,
enum sim_kind { SIM_KINDS(SIM_KIND_ENUM) SIM_KIND_COUNT };
#undef SIM_KIND_ENUM

/** The nth segment (from 1) of a kind, sent by `from`, is lost. Retransmissions count as sent. */
struct sim_rule {
	enum sim_kind kind;
	unsigned from; /**< SIM_LEFT, SIM_RIGHT, SIM_EITHER */
	uint32_t nth;
	uint32_t seen; /**< so far; begin with 0 */
};

/**
 * Reads "syn:1", "data:4", "client:ack:2" (left), "server:fin:1" (right). False if it is not one.
 */
bool sim_rule_parse(const char *text, struct sim_rule *out);

/** Words of the kinds, for help texts. */
const char *sim_kind_name(enum sim_kind kind);

struct sim_link_config {
	size_t size; /**< sizeof(struct sim_link_config) */
	struct aksu_allocator allocator;
	uint64_t seed;
	unsigned number; /**< for notes */
	enum aksu_link_kind kind;
	uint32_t mtu; /**< that the devices announce; default 1500 */
	/** AKSU_LINK_* that both devices have: they sum and cut what enters the wire. */
	uint32_t features;
	/**
	 * Both hand out text that has arrived together as one frame, as a network card may; it has
	 * the number of the first, and its arrival alone is told.
	 */
	bool merge;
	struct sim_wire_config wire[2]; /**< [SIM_LEFT]: from left to right */
	const struct sim_rule *rules;   /**< copied */
	size_t rule_count;              /**< at most SIM_RULES_MAX */
	struct sim_observer observer;
};

enum { SIM_RULES_MAX = 32 };

/** A cable with two ends. */
struct sim_link;

/** NULL: no memory, or a config that is not valid. */
struct sim_link *sim_link_new(const struct sim_link_config *config);
/** Gives back what is still on the way, too; its devices end. NULL is fine. */
void sim_link_free(struct sim_link *l);

/** The device at an end. Its close() does nothing: sim_link_free() ends both. */
struct aksu_device *sim_link_end(struct sim_link *l, unsigned side);

/**
 * Frames that another device received enter at this end, as if it had sent them: merged ones cut
 * again, sums that were left undone made. The driver of two devices is a cable between them so.
 */
void sim_link_enter(struct sim_link *l, unsigned side, const struct aksu_rx *rx, size_t n,
		    aksu_time now);

/** Changes a direction from now on; what is being sent or under way stays as it was drawn. */
void sim_link_set(struct sim_link *l, unsigned side, const struct sim_wire_config *wire);

/** Changes what both devices announce; whoever uses them tells its stack (aksu_link_set_mtu()). */
void sim_link_set_mtu(struct sim_link *l, uint32_t mtu);

/* ------------------------------------------------------------------ decorators */

/** Shows every frame that passes, both ways, to a callback; `out`: it was sent by this side. */
struct sim_capture {
	struct aksu_device device; /**< use &capture.device in place of the inner one */
	struct aksu_device *inner;
	void (*frame)(void *ctx, bool out, aksu_time time, const uint8_t *data, size_t n,
		      uint64_t packet);
	void *ctx;
	uint8_t *buffer; /**< of the allocator: a whole frame */
	struct aksu_allocator allocator;
};

/** Fills in `c` (frame and ctx must be set); false: no memory. close() closes the inner device. */
bool sim_capture_init(struct sim_capture *c, struct aksu_device *inner,
		      const struct aksu_allocator *allocator);

/**
 * Tells every frame that passes as an event: SEGMENT_OUT or SEGMENT_IN with what its octets say
 * (conn, state, why and the initial numbers are unknown and zero), or PACKET_OUT, PACKET_IN.
 * A ladder with AKSU_LADDER_ONE_SIDED draws them.
 */
struct sim_tracer {
	struct sim_capture capture; /**< use &tracer.capture.device in place of the inner one */
	void (*event)(void *ctx, const struct aksu_event *e);
	void *ctx;
};

/** Fills in `t` (event and ctx must be set); false: no memory. close() closes the inner device. */
bool sim_tracer_init(struct sim_tracer *t, struct aksu_device *inner,
		     const struct aksu_allocator *allocator);

/** Reads a frame as such an event; false if it is no IP packet. */
bool sim_frame_event(enum aksu_link_kind kind, const uint8_t *data, size_t n, bool out,
		     struct aksu_event *e);

/** Makes any device a bad one: what it sends and what it receives goes over wires of the config. */
struct sim_faulty;

/** wire[SIM_LEFT] is for what it sends, wire[SIM_RIGHT] for what it receives. NULL: no memory. */
struct sim_faulty *sim_faulty_new(const struct sim_link_config *config, struct aksu_device *inner);
/** The device to use; its close() frees the decorator and closes the inner device. */
struct aksu_device *sim_faulty_device(struct sim_faulty *f);

/* ------------------------------------------------------------------ hosts and applications */

struct sim_world;

/**
 * An application: called once at the start, after everything its host received or whose timer ran,
 * and when the time has come that it returned last. It acts on sockets until -AKSU_EAGAIN and
 * returns when it wants to be called at the latest (AKSU_NEVER: only when something happens).
 */
struct sim_app {
	aksu_time (*act)(void *ctx, struct aksu *s, aksu_time now);
	void *ctx;
};

struct sim_host {
	struct aksu *stack;
	int link; /**< of the stack, that the device serves */
	struct aksu_device *device;
	struct sim_app app;
	/** The host's clock shows the world's plus this; its application sees the host's clock. */
	aksu_time clock;
	/** Events of the stack are read from here, if not NULL, and told to the observer. */
	struct aksu_event_ring *events;
};

/* ------------------------------------------------------------------ the world */

struct sim_world_config {
	size_t size; /**< sizeof(struct sim_world_config) */
	struct aksu_allocator allocator;
	struct sim_observer observer;
	/** Called after each step, to check what must always hold; false stops the world. */
	bool (*check)(void *ctx, aksu_time now);
	void *check_ctx;
};

/** NULL: no memory, or a config that is not valid. */
struct sim_world *sim_world_new(const struct sim_world_config *config);
/** Frees the world; stacks, devices and applications are the caller's. */
void sim_world_free(struct sim_world *w);

/** Puts a host into the world, on a side that is empty. */
void sim_world_host(struct sim_world *w, unsigned side, const struct sim_host *host);

/** The time in the world; it begins at 0. */
aksu_time sim_world_now(const struct sim_world *w);

/**
 * Goes to the next moment at which anything happens, and lets it happen. False: nothing ever will.
 */
bool sim_world_step(struct sim_world *w);

enum sim_end {
	SIM_QUIET,  /**< nothing will happen any more */
	SIM_LIMIT,  /**< the time is over */
	SIM_STUCK,  /**< the same moment lasted SIM_SPIN_MAX rounds: a host talks to itself */
	SIM_FAILED, /**< the check said no */
};

/** Runs until nothing is left to do, or until `limit` in the world's time. */
enum sim_end sim_world_run(struct sim_world *w, aksu_time limit);

/**
 * A stack for the simulator: one link of the device's kind, one address, keys drawn from `seed`.
 * Fields of `base` that are not zero are kept (budget, msl, buffers, events ...); base may be NULL.
 * NULL: no memory, or an argument that is not valid. aksu_free() ends it.
 */
struct aksu *sim_stack_new(const struct aksu_config *base, const struct aksu_allocator *allocator,
			   uint64_t seed, const struct aksu_device *device,
			   const struct aksu_addr *addr, unsigned prefix, aksu_time now);

/**
 * The clock offset (sim_host.clock) with which a stack's ISS for these two endpoints would be
 * `want` at the world's time `at`, given that it was `got` with the offset `clock`. RFC 6528's ISN
 * counts on by one every 4 microseconds, so any number comes up within five hours: nothing is
 * switched off.
 */
aksu_time sim_clock_for_iss(aksu_time clock, uint32_t got, uint32_t want);

/*
 * ------------------------------------------------------------------ actors: applications as tables
 */

/** When an actor does its next deed: X(NAME). */
enum sim_when {
	SIM_AT_ONCE,     /**< right after the deed before */
	SIM_AFTER,       /**< `arg` nanoseconds after the deed before */
	SIM_CONNECTED,   /**< the connection is established */
	SIM_RECEIVED,    /**< `arg` octets have been received in all */
	SIM_ALL_ACKED,   /**< everything sent has been acknowledged */
	SIM_END_OF_FILE, /**< the peer has sent its FIN, and all before it was read */
	SIM_GONE,        /**< the connection has failed, or been reset */
};

enum sim_deed {
	SIM_CONNECT,   /**< opens actively, from `local` (port 0: any) to `remote` */
	SIM_LISTEN,    /**< opens passively on `local`; one connection is taken */
	SIM_SEND,      /**< sends `octets` octets of `text`, repeated if that is shorter */
	SIM_READ,      /**< reads from now on (how it begins) */
	SIM_DONT_READ, /**< leaves what comes in the buffer */
	SIM_SHUTDOWN,  /**< sends no more: half-close */
	SIM_CLOSE,
	SIM_ABORT,
};

/** A line of an actor's part: WHEN this is so, DO that. */
struct sim_line {
	enum sim_when when;
	uint64_t arg;
	enum sim_deed deed;
	uint64_t octets;
	const char *text; /**< NULL: octets that count up, which the other actor can check */
};

struct sim_actor {
	const struct sim_line *lines; /**< the part; must outlive the actor */
	size_t line_count;
	struct aksu_endpoint local, remote;
	int64_t send_buffer, receive_buffer; /**< 0: the stack's default */
	int64_t user_timeout; /**< AKSU_TCP_USER_TIMEOUT: 0 default, -1 never give up */
	int64_t congestion;   /**< 1 + enum aksu_congestion; 0: the stack's default */
	int64_t ecn;          /**< 1 + enum aksu_ecn; 0: the stack's default */
	/* below: the actor's own, zero at first */
	aksu_socket socket, listener;
	size_t line;
	bool begun, deaf, established, eof, closed;
	int error; /**< the first error that a call gave, positive */
	aksu_time last_deed;
	uint64_t to_send, sent, received;
	uint64_t hash_sent,
		hash_received; /**< of the octets, in order: equal streams, equal hashes */
};

/** The application that plays an actor's part. */
struct sim_app sim_actor_app(struct sim_actor *actor);

#ifdef __cplusplus
}
#endif
#endif
