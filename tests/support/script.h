/* SPDX-License-Identifier: MIT */
/*
 * support/script.h - packet scripts: one instance of aksu, played segment by segment.
 *
 * A script is a conversation: what the network sends, what the application calls, what aksu is to
 * send and when. docs/scripts.md describes the language; trace/line.h reads its segments.
 *
 *   script_parse.c   a file becomes steps
 *   script_wire.c    a segment becomes an IP packet, and back; what holds for every packet
 *   script_world.c   the instance, its clock, what it sent, the record of the conversation
 *   script_call.c    calls of the application, and questions
 *   script_play.c    the steps: segments, states, expectations
 *
 * One script is played in several worlds: IPv4 and IPv6, and with initial numbers in the middle of
 * the circle, below 2^31 and below 2^32. Numbers in a script are relative, so it cannot tell.
 */
#ifndef AKSU_TESTS_SUPPORT_SCRIPT_H
#define AKSU_TESTS_SUPPORT_SCRIPT_H

#include <aksu/socket.h>
#include <aksu/trace.h>

#include "trace/line.h"

enum {
	WORDS_MAX = 16,    /* of one line */
	FLOWS_MAX = 64,    /* connections of one script */
	PACKET_MAX = 9300, /* octets of one packet: a jumbo frame of 9000 and some */
	QUEUE_MAX = 256,   /* packets sent and not yet expected */
	REPORT_MAX = 1 << 18,
};

/* ---------------------------------------------------------------- steps */

enum when { WHEN_NOW, WHEN_AFTER, WHEN_AT };

enum step_kind {
	STEP_TIME,    /* nothing but a time */
	STEP_IN,      /* < segment */
	STEP_RAW,     /* < raw HEX */
	STEP_OUT,     /* > segment */
	STEP_NOTHING, /* > nothing [for T] */
	STEP_STATE,   /* = STATE */
	STEP_DROP,    /* ! DROP, drop DROP */
	STEP_COMMAND,
};

struct step {
	int line;
	const char *text; /* as it stands in the file */
	enum when when;
	aksu_time from, to; /* the same unless a tolerance was given */
	enum step_kind kind;
	bool optional; /* OUT: nothing will do as well */
	char flow[16];
	struct trace_line seg; /* IN, OUT, STATE, DROP */
	const char *mods;      /* IN, OUT: what stands behind the bar; NULL: nothing */
	char *word[WORDS_MAX]; /* COMMAND, NOTHING, RAW: the line in words */
	int words;
	const char *result; /* COMMAND: what stands behind the arrow; NULL: success */
	int partner;        /* of repeat: its end, and the other way round */
};

struct script {
	const char *path;
	char *text;
	struct step *steps;
	int count;
	/* config lines */
	bool v4, v6, all_places;
	uint32_t iss, irs;
	bool iss_set, irs_set;
	uint32_t mtu;
	uint32_t features, cut; /* of the link; the largest packet that it cuts */
	struct aksu_config config;
};

/* Reads a file; false: a line on standard error says where and why it is wrong. */
bool script_load(const char *path, struct script *out);
void script_unload(struct script *s);

/* Words to numbers; false: it is none. Durations: 3, 0.2, 200ms, 40us, 2h, 5min, 24d. */
bool script_duration(const char *word, aksu_time *out);
bool script_number(const char *word, int64_t *out);

/* ---------------------------------------------------------------- a world */

/* One connection as the network sees it: both ends, and where relative numbers begin. */
struct flow {
	char name[16];
	struct aksu_endpoint local, remote;
	aksu_socket socket;
	bool has_socket;
	uint32_t iss, irs, last_iss;
	bool iss_known;
	uint32_t ts_base;
	bool ts_known;
	bool they_scale; /* their SYN had the option */
	uint8_t our_shift;
	bool edge_known;
	uint32_t edge;              /* right edge promised, absolute */
	uint64_t written, received; /* octets that the application sent and took */
	bool altered;               /* the peer sent other octets than the pattern has */
	uint8_t last[PACKET_MAX];   /* the last packet sent, for ICMP to quote */
	size_t last_len;
};

/* A packet that aksu sent. */
struct sent_packet {
	aksu_time at;
	uint16_t mss; /* to be cut into this; 0: whole */
	size_t len;
	uint8_t data[PACKET_MAX];
};

struct world {
	const struct script *script;
	bool v6;
	unsigned place;
	char name[48];
	struct aksu *s;
	int link;
	aksu_time now, start;
	struct aksu_event_ring ring;
	struct aksu_event events[64];
	struct flow flows[FLOWS_MAX];
	int flow_count;
	aksu_socket listener[8];
	uint16_t listener_port[8];
	int listeners;
	struct sent_packet *queue; /* QUEUE_MAX of them */
	unsigned head, tail;
	uint64_t drops_before[AKSU_DROP_COUNT];
	size_t memory;
	const struct step *step;
	char *report; /* the conversation as lines */
	size_t report_len;
	bool failed;
	char why[2048];
};

/* Marks the world as failed; the first reason stays. Always false. */
bool fail(struct world *w, const char *format, ...) __attribute__((format(printf, 2, 3)));
void note(struct world *w, const char *format, ...) __attribute__((format(printf, 2, 3)));

struct flow *world_flow(struct world *w, const char *name);

/* Makes an instance with its link and addresses; `start` is the clock. */
bool world_open(struct world *w, const struct script *s, bool v6, unsigned place);
void world_close(struct world *w);

/* Feeds packets in one call; takes what aksu sends. */
void world_input(struct world *w, const struct aksu_rx *rx, size_t n);
/* Lets time pass up to `at`, deadline by deadline; stops early when something is sent, if asked. */
bool world_run(struct world *w, aksu_time at, bool until_sent);
/* Takes what aksu has to send now, and looks at events and invariants. */
void world_settle(struct world *w);

/* A command; its words are those of w->step. */
bool script_command(struct world *w);
/* The words of the step under way: a number at i, or this very word. */
bool script_number_arg(struct world *w, int i, int64_t *out);
bool script_is_arg(const struct world *w, int i, const char *word);
/* Who listens on a port; NULL: nobody. */
aksu_socket *script_listener(struct world *w, uint16_t port);

/* aksu_check() of stack/: whether all invariants hold. */
bool script_check(struct aksu *s);

bool script_play(const struct script *s, bool v6, unsigned place, bool verbose);

/* ---------------------------------------------------------------- packets */

/* What stands behind the bar of a segment's line. */
struct mods {
	uint8_t options[40];
	int options_len; /* -1: as the segment says */
	int offset;      /* data offset, in words; -1: the right one */
	int reserved, tos, ttl;
	int truncate; /* octets of the TCP segment that are left; -1: all */
	uint8_t ip_options[40];
	int ip_options_len;
	enum { CORRUPT_NOT, CORRUPT_HEADER, CORRUPT_TEXT, CORRUPT_PSEUDO, CORRUPT_IP } corrupt;
	bool altered;  /* other octets than the pattern has */
	bool any_text; /* > : the octets are not looked at */
	bool df;       /* > : DF must be set */
	bool partial;  /* < : the checksum is only begun, and the device says so */
};

bool mods_parse(const char *text, struct mods *out, const char **error);

/* Octet i of the stream that a host sends; the two directions differ. */
uint8_t pattern(bool ours, uint64_t i);

/* Builds the packet of a segment in relative numbers; returns its length. */
size_t packet_build(struct world *w, struct flow *f, const struct trace_line *line,
		    const struct mods *m, uint8_t out[PACKET_MAX]);
/* The same for an ICMP error about the last packet of the flow; 0: it cannot be said. */
size_t packet_icmp(struct world *w, struct flow *f, char *const *word, int words,
		   uint8_t out[PACKET_MAX]);

/* A packet that aksu sent, taken apart, in the relative numbers of its flow. */
struct seen {
	struct flow *flow;
	struct tcp_seg seg;
	uint8_t tos, ttl;
	bool df;
	uint8_t options[40];
	size_t options_len;
	char line[TRACE_SEGMENT_MAX];
};

/* Also checks what holds for every segment; false: fail() was called. */
bool packet_read(struct world *w, const struct sent_packet *p, struct seen *out);
/* Whether the octets of text are the stream's. */
bool packet_text_good(const struct flow *f, const struct tcp_seg *relative);

#endif
