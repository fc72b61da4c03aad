/* SPDX-License-Identifier: MIT */
/*
 * sim/node.h - a wire is a chain of nodes, and a packet walks along it.
 *
 *   enter ─► faults ─► bottleneck ─► delay ─► end
 *            loss      rate          delay    packets that have arrived, in order of time
 *            rules     queue and     jitter
 *            policer   its           reordering
 *            corruption discipline
 *            copies
 *
 * A node takes a packet with forward(), keeps it if it must, and hands it to the next node when
 * run() is called at the moment that next_at() named. No node looks at a clock or at the stack; all
 * chance comes from two generators per wire: one for what is lost, drawn for each packet that
 * enters, so that the nth is lost whatever becomes of the others and whenever it comes; one for the
 * rest, drawn in the order of the packets.
 */
#ifndef AKSU_SIM_NODE_H
#define AKSU_SIM_NODE_H

#include <aksu/sim.h>

#include "base/mem.h"
#include "base/prng.h"

struct sim_packet {
	struct sim_packet *next, *previous; /* in a queue */
	uint64_t number;                    /* aksu_tx.packet of its sender */
	aksu_time due;                      /* when it leaves the node that keeps it */
	uint32_t len;
	uint32_t size;          /* octets allocated for this packet */
	uint8_t checksum;       /* enum aksu_checksum, for the receiver */
	uint16_t segments, mss; /* as in struct aksu_rx; at least 1 */
	uint8_t data[];
};

struct sim_node {
	void (*forward)(struct sim_node *n, struct sim_packet *p, aksu_time now);
	aksu_time (*next_at)(const struct sim_node *n); /* NULL: it never keeps anything */
	void (*run)(struct sim_node *n, aksu_time now);
	struct sim_node *next;
	struct sim_wire *wire;
};

/* Packets by `due`, and in order of arrival among equals. */
struct sim_queue {
	struct sim_packet *first, *last;
	uint64_t octets;
};

/* What happens to a packet where it enters. */
struct sim_faults {
	struct sim_node node;
	bool burst;         /* Gilbert-Elliott: in the bad state */
	aksu_time conforms; /* the policer: when a packet would conform without its burst */
};

/* RED: the average length of the queue, in octets times 2^9, and since when it is up to date. */
struct sim_red {
	uint64_t average;
	aksu_time at;
	uint32_t since; /* packets that passed since the last one that did not */
};

/* RFC 8289 section 5.3: the names are its own. */
struct sim_codel {
	aksu_time first_above, drop_next;
	uint32_t count, last_count;
	bool dropping;
};

/* The first packet of the queue is on its way out; `due` of each is when it came. */
struct sim_bottleneck {
	struct sim_node node;
	struct sim_queue queue;
	aksu_time done_at; /* when the first has left, or the last one that did */
	uint64_t rest;     /* of that moment, in 1 / rate of a nanosecond: no drift */
	struct sim_red red;
	struct sim_codel codel;
};

struct sim_delay {
	struct sim_node node;
	struct sim_queue queue;
	aksu_time latest; /* packets that are not reordered never arrive before this */
};

struct sim_exit {
	struct sim_node node;
	struct sim_queue queue;
};

/* Rules are shared by both directions of a link, so that "data:4" counts both. */
struct sim_rules {
	struct sim_rule rule[SIM_RULES_MAX];
	size_t count;
	enum aksu_link_kind kind;
};

struct sim_wire {
	struct sim_wire_config config;
	struct sim_faults faults;
	struct sim_bottleneck bottleneck;
	struct sim_delay delay;
	struct sim_exit exit;
	unsigned link, side; /* for notes: which, and who sends into it */
	struct prng losses, prng;
	uint64_t count; /* packets that entered */
	struct mem *mem;
	struct sim_rules *rules;
	struct sim_observer observer;
};

void sim_wire_init(struct sim_wire *w, const struct sim_wire_config *config, unsigned side,
		   uint64_t seed, struct mem *mem, struct sim_rules *rules,
		   struct sim_observer observer);
void sim_wire_fini(struct sim_wire *w);

/*
 * A frame enters the wire; it is copied. One that the stack left to be cut or summed is: a wire
 * carries what is whole. One that a device delivered stays as it was delivered.
 */
void sim_wire_send(struct sim_wire *w, const struct aksu_tx *tx, aksu_time now);
void sim_wire_send_rx(struct sim_wire *w, const struct aksu_rx *rx, aksu_time now);
/* The same, but what the device left merged is cut, and what it left unsummed is summed. */
void sim_wire_send_whole(struct sim_wire *w, const struct aksu_rx *rx, aksu_time now);
/* A packet of this wire's enters it; it is the wire's from then on. */
void sim_wire_enter(struct sim_wire *w, struct sim_packet *p, aksu_time now);

/* Moves packets along up to `now`. */
void sim_wire_run(struct sim_wire *w, aksu_time now);

/* When run() or take() will have something to do. */
aksu_time sim_wire_next_at(const struct sim_wire *w);

/* The next packet that has arrived, or NULL; sim_packet_free() it. */
struct sim_packet *sim_wire_take(struct sim_wire *w, aksu_time now);
void sim_packet_free(struct sim_wire *w, struct sim_packet *p);
/* A copy of p, or NULL. */
struct sim_packet *sim_packet_copy(struct sim_wire *w, const struct sim_packet *p);
/* An empty one of so many octets, or NULL. */
struct sim_packet *sim_packet_new(struct sim_wire *w, uint32_t len);
/* There is no memory for a packet of this number: it is lost, and said to be. */
void sim_wire_no_memory(struct sim_wire *w, uint64_t number, aksu_time now);

/* ---- link.c */

/* As sim_link_new(), but its packets may go on into other links of the same memory. */
struct sim_link *sim_link_new_in(const struct sim_link_config *config, struct mem *mem);
/* The direction that `side` sends into. */
struct sim_wire *sim_link_wire(struct sim_link *l, unsigned side);

/* ---- for the nodes */

/* Behind all that are due at the same moment or before. */
void sim_queue_add(struct sim_queue *q, struct sim_packet *p);
/* The first that is due, or NULL. */
struct sim_packet *sim_queue_take(struct sim_queue *q, aksu_time now);
void sim_hand_on(struct sim_node *n, struct sim_packet *p, aksu_time now);
void sim_tell(struct sim_wire *w, enum sim_note_kind kind, const struct sim_packet *p,
	      aksu_time now, aksu_time extra);
/* Tells why, and frees it. */
void sim_lose(struct sim_wire *w, enum sim_note_kind why, struct sim_packet *p, aksu_time now);

/* ---- faults.c, bottleneck.c, queue.c */

void sim_faults_init(struct sim_node *n, struct sim_node *next);
void sim_bottleneck_init(struct sim_node *n, struct sim_node *next);

/* What a discipline does with a packet. */
enum sim_verdict { SIM_PASS, SIM_MARK, SIM_DROP };
/* Of one that is about to join the queue. */
enum sim_verdict sim_red_judge(struct sim_bottleneck *b, struct prng *prng,
			       const struct sim_wire_config *c, aksu_time now);
/* Of the first, which is about to leave at `at`; again after each that was dropped. */
enum sim_verdict sim_codel_judge(struct sim_bottleneck *b, const struct sim_wire_config *c,
				 aksu_time at, bool *again);
/* Sets CE (RFC 3168 section 5) where the packet is ECN-capable; false: it is not. */
bool sim_mark(struct sim_packet *p, enum aksu_link_kind kind);

/* ---- offload.c */

/* Sends the segments of `mss` octets that `whole` is cut into; false: it is not to be cut. */
bool sim_cut(struct sim_wire *w, const struct sim_packet *whole, uint32_t mss, aksu_time now);
/*
 * `first` and what has arrived behind it and continues it, as one packet; or `first` as it is.
 */
struct sim_packet *sim_merge(struct sim_wire *w, struct sim_packet *first, aksu_time now);
/* Whether a frame is TCP whose checksums are right. */
bool sim_frame_sound(enum aksu_link_kind kind, const uint8_t *data, uint32_t len);

/* Makes the sum of TCP or UDP whose field has that of the pseudo-header alone. */
void sim_sum(enum aksu_link_kind kind, struct sim_packet *p);

/* The packet as a received frame, lent. */
static inline struct aksu_rx sim_packet_rx(const struct sim_packet *p)
{
	return (struct aksu_rx){
		.data = p->data,
		.len = p->len,
		.checksum = p->checksum,
		.segments = p->segments,
		.mss = p->mss,
		.packet = p->number,
	};
}

/* Whether one of the rules wants this frame lost; counts it in all that name its kind. */
bool sim_rules_match(struct sim_rules *rules, unsigned side, const uint8_t *data, uint32_t n);

#endif
