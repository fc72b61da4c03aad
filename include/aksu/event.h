/* SPDX-License-Identifier: MIT */
/*
 * aksu/event.h - what the stack says of itself: one fixed-size record for each thing that happened.
 *
 * The core writes records into a ring that the caller owns, behind one mask test; with an empty
 * mask they cost nothing. Ladders, captures, JSON, tests and the playground all read this record.
 * Its layout is versioned: a change of meaning raises AKSU_EVENT_VERSION.
 */
#ifndef AKSU_EVENT_H
#define AKSU_EVENT_H

#include <aksu/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define AKSU_EVENT_VERSION 1

/* clang-format off */
/** The eleven states of RFC 9293 3.3.2: X(NAME, printed, short form for narrow pictures). */
#define AKSU_STATES(X) \
	X(CLOSED,       "CLOSED",       "CLOSED") \
	X(LISTEN,       "LISTEN",       "LISTEN") \
	X(SYN_SENT,     "SYN-SENT",     "SYN-SENT") \
	X(SYN_RECEIVED, "SYN-RECEIVED", "SYN-RCVD") \
	X(ESTABLISHED,  "ESTABLISHED",  "ESTABLISHED") \
	X(FIN_WAIT_1,   "FIN-WAIT-1",   "FIN-WAIT-1") \
	X(FIN_WAIT_2,   "FIN-WAIT-2",   "FIN-WAIT-2") \
	X(CLOSE_WAIT,   "CLOSE-WAIT",   "CLOSE-WAIT") \
	X(CLOSING,      "CLOSING",      "CLOSING") \
	X(LAST_ACK,     "LAST-ACK",     "LAST-ACK") \
	X(TIME_WAIT,    "TIME-WAIT",    "TIME-WAIT")

/** Why a segment was sent, most urgent first: X(NAME, word, RFC section, sentence). */
#define AKSU_WHYS(X) \
	X(NOTHING,         "",            "",                   "nothing to send") \
	X(RESET,           "rst",         "9293 3.5.2",         "the segment belongs to no connection, or the connection is aborted") \
	X(RTO,             "rto",         "6298 5.4",           "the retransmission timer expired") \
	X(FAST_RETRANSMIT, "fast",        "5681 3.2",           "three duplicate ACKs: the segment is taken for lost") \
	X(PARTIAL_ACK,     "partial",     "6582 3.2",           "a partial ACK in fast recovery: the next hole") \
	X(RACK,            "rack",        "8985 6.2",           "sent before what has arrived, and overdue: taken for lost") \
	X(TLP,             "tlp",         "8985 7.3",           "no ACK came for two round trips: a probe asks for one") \
	X(PMTU,            "pmtu",        "1191 6.4",           "sent again, smaller: the path MTU fell") \
	X(HANDSHAKE,       "handshake",   "9293 3.5",           "SYN or SYN-ACK") \
	X(CHALLENGE,       "challenge",   "5961 3.2",           "challenge ACK: say where we are, let the peer prove itself") \
	X(DUP_ACK,         "dup ack",     "5681 4.2",           "out-of-order data: repeat the ACK at once") \
	X(OUT_OF_WINDOW,   "out of window","9293 3.10.7.4",     "an unacceptable segment is answered with an ACK") \
	X(TIME_WAIT_ACK,   "time-wait",   "9293 3.10.7.4",      "the FIN came again: the last ACK is sent again") \
	X(DATA,            "data",        "9293 3.8",           "data, and the window allows it") \
	X(FIN,             "fin",         "9293 3.6",           "everything is sent, the application closed") \
	X(ACK,             "ack",         "9293 3.8.6.3",       "data is acknowledged: two full segments, a FIN, or a hole is filled") \
	X(DELAYED_ACK,     "delayed ack", "9293 3.8.6.3",       "the delayed-ACK timer expired") \
	X(WINDOW,          "window",      "9293 3.8.6.2.2",     "the application read: the window opens") \
	X(PROBE,           "probe",       "9293 3.8.6.1",       "the peer's window is zero: ask again") \
	X(SWS_OVERRIDE,    "override",    "9293 3.8.6.2.1",     "small data waited long enough") \
	X(KEEPALIVE,       "keep-alive",  "9293 3.8.4",         "nothing heard for long: is the peer still there?") \
	X(SYN_COOKIE,      "cookie",      "4987 3.6",           "SYN-ACK without a record: the queue is full")

/** Timers of a connection: X(NAME, word, RFC section). */
#define AKSU_TIMERS(X) \
	X(TLP,       "loss probe",     "8985 7.2") \
	X(RACK,      "reordering",     "8985 6.2") \
	X(RTX,       "retransmission", "6298 5") \
	X(PERSIST,   "persist",        "9293 3.8.6.1") \
	X(DELACK,    "delayed ack",    "9293 3.8.6.3") \
	X(OVERRIDE,  "sws override",   "9293 3.8.6.2.1") \
	X(PACE,      "pace",           "bbr 5.6.2") \
	X(USER,      "user timeout",   "9293 3.8.3") \
	X(KEEPALIVE, "keep-alive",     "9293 3.8.4") \
	X(LIFE,      "2MSL",           "9293 3.6.1")

/** Why something that arrived was not used: X(NAME, RFC section, sentence). Each is a counter. */
#define AKSU_DROPS(X) \
	X(NONE,                "",               "not dropped") \
	X(FRAME_SHORT,         "",               "the frame is shorter than its link header") \
	X(FRAME_NOT_OURS,      "894",            "the frame is for another station") \
	X(FRAME_TYPE,          "894",            "the frame carries a protocol that we do not speak") \
	X(FRAME_LINK,          "",               "the frame names a link that does not exist") \
	X(ARP_BAD,             "826",            "the ARP packet is malformed or not for us") \
	X(ND_BAD,              "4861 7",         "the neighbour discovery message is malformed or not from a neighbour") \
	X(ADDR_IN_USE,         "5227 2.4",       "another station says that it has an address of ours, or one that we asked for") \
	X(NEIGHBOUR_FAILED,    "4861 7.2.2",     "the next hop did not answer") \
	X(NEIGHBOUR_QUEUE,     "1122 2.3.2.2",   "too many packets wait for the same neighbour") \
	X(IP_SHORT,            "791 3.1",        "the packet is shorter than it says, or than an IP header") \
	X(IP_VERSION,          "791 3.1",        "neither IPv4 nor IPv6") \
	X(IP_HEADER,           "791 3.1",        "the IP header is malformed") \
	X(IP_CHECKSUM,         "791 3.1",        "the IPv4 header checksum is wrong") \
	X(IP_NOT_OURS,         "1122 3.2.1.3",   "the packet is for another host, and we do not forward") \
	X(IP_SOURCE,           "1122 3.2.1.3",   "the source address cannot be a sender") \
	X(IP_OPTIONS,          "9293 3.9.2.1",   "the packet carries a source route, which we decline") \
	X(IP_PROTOCOL,         "1122 3.2.2.1",   "no such transport protocol here") \
	X(IP6_EXTENSION,       "8200 4",         "an IPv6 extension header is malformed or there are too many") \
	X(FRAGMENT_BAD,        "791 3.2",        "the fragment is malformed") \
	X(FRAGMENT_OVERLAP,    "5722",           "fragments overlap: the whole datagram is dropped") \
	X(FRAGMENT_LIMIT,      "1122 3.3.2",     "too much reassembly at once") \
	X(FRAGMENT_TIMEOUT,    "1122 3.3.2",     "the other fragments did not come in time") \
	X(ICMP_BAD,            "792",            "the ICMP message is malformed or its checksum is wrong") \
	X(ICMP_QUOTE,          "5927 4",         "the ICMP error quotes nothing that is in flight") \
	X(ICMP_IGNORED,        "6633",           "an ICMP message that we do not act on") \
	X(UDP_BAD,             "768",            "the UDP header is malformed") \
	X(UDP_CHECKSUM,        "768",            "the UDP checksum is wrong") \
	X(UDP_NO_SOCKET,       "1122 4.1.3.1",   "no socket on this UDP port") \
	X(UDP_QUEUE_FULL,      "",               "the UDP socket's queue is full") \
	X(TCP_SHORT,           "9293 3.1",       "the segment is shorter than its header says") \
	X(TCP_CHECKSUM,        "9293 MUST-3",    "the TCP checksum is wrong") \
	X(TCP_OPTIONS,         "9293 MUST-7",    "an option's length is illegal") \
	X(TCP_ADDRESS,         "9293 MUST-57",   "broadcast, multicast or unspecified address") \
	X(NO_CONNECTION,       "9293 3.10.7.1",  "no connection: answered with a reset") \
	X(RST_NO_CONNECTION,   "9293 3.10.7.1",  "a reset for no connection") \
	X(NO_MEMORY,           "",               "the memory budget is used up") \
	X(RST_AT_LISTEN,       "9293 3.10.7.2",  "a reset for a listener") \
	X(ACK_AT_LISTEN,       "9293 3.10.7.2",  "an ACK for a listener: answered with a reset") \
	X(NO_SYN_AT_LISTEN,    "9293 3.10.7.2",  "neither SYN nor ACK nor RST for a listener") \
	X(SYN_QUEUE_FULL,      "4987 3",         "the SYN queue is full and no cookie could be sent") \
	X(ACCEPT_QUEUE_FULL,   "4987 3",         "the accept queue is full") \
	X(COOKIE_BAD,          "4987 3.6",       "the ACK carries no cookie of ours") \
	X(SYN_SENT_ACK_BAD,    "9293 3.10.7.3",  "SYN-SENT: the ACK is not for our SYN") \
	X(SYN_SENT_RST_BAD,    "9293 3.10.7.3",  "SYN-SENT: a reset without an acceptable ACK") \
	X(SYN_SENT_NO_SYN,     "9293 3.10.7.3",  "SYN-SENT: neither SYN nor RST") \
	X(TS_MISSING,          "7323 3.2",       "the timestamp option, agreed on, is missing") \
	X(PAWS,                "7323 5.3",       "the timestamp is older than the last: an old duplicate") \
	X(SEQ_NOT_ACCEPTABLE,  "9293 3.10.7.4",  "outside the receive window") \
	X(SYN_ECN_MIXED,       "9768 3.1.5",     "two SYNs of one handshake ask for different feedback of ECN: reset") \
	X(SYN_DUPLICATE,       "9293 3.10.7.4",  "the SYN came again: the SYN-ACK is sent again") \
	X(RST_OUT_OF_WINDOW,   "5961 3.2",       "a reset outside the window") \
	X(RST_NOT_EXACT,       "5961 3.2",       "a reset in the window but not at RCV.NXT: challenged") \
	X(SYN_IN_SYNC,         "5961 4.2",       "a SYN in a synchronised state: challenged") \
	X(NO_ACK,              "9293 3.10.7.4",  "no ACK bit") \
	X(SYN_RECEIVED_ACK_BAD,"9293 3.10.7.4",  "SYN-RECEIVED: the ACK is not for our SYN") \
	X(ACK_TOO_OLD,         "5961 5.2",       "the ACK is older than any window that we offered data in") \
	X(ACK_BEYOND_SND_NXT,  "9293 3.10.7.4",  "the ACK is for data that was never sent") \
	X(TEXT_AFTER_FIN,      "9293 3.10.7.4",  "text after the peer's FIN") \
	X(TEXT_AFTER_CLOSE,    "9293 3.6.1",     "text for an application that has closed: reset") \
	X(TEXT_DUPLICATE,      "9293 3.10.7.4",  "all of the text was received before") \
	X(REASM_LIMIT,         "",               "too many pieces out of order") \
	X(RST_IN_TIME_WAIT,    "1337 F1",        "a reset does not end TIME-WAIT") \
	X(SYN_IN_TIME_WAIT,    "6191 2",         "a SYN in TIME-WAIT that may be an old duplicate") \
	X(TIME_WAIT_TEXT,      "9293 3.10.7.4",  "text in TIME-WAIT") \
	X(CHALLENGE_LIMIT,     "5961 7",         "too many challenge ACKs: this one is not sent") \
	X(RESET_LIMIT,         "",               "too many resets: this one is not sent") \
	X(REPLY_QUEUE,         "",               "too many replies wait for the device") \
	X(LINK_DOWN,           "",               "the link is down or gone") \
	X(NO_ROUTE,            "1122 3.3.1",     "no route to the destination")

/** What happened. */
#define AKSU_EVENT_KINDS(X) \
	X(SEGMENT_OUT, "out")   /**< a segment was handed to the driver */ \
	X(SEGMENT_IN,  "in")    /**< a segment reached a connection, a record or a listener */ \
	X(STATE,       "state") /**< a connection changed its state */ \
	X(TIMER,       "timer") /**< a timer of a connection expired */ \
	X(DROP,        "drop")  /**< something that arrived was not used */ \
	X(CWND,        "cwnd")  /**< the congestion window or the slow-start threshold changed by an event */ \
	X(LOSS,        "loss")  /**< a range was found lost */ \
	X(ERROR,       "error") /**< the application is told of an error */ \
	X(PACKET_OUT,  "pkt>")  /**< a packet that is not TCP was handed to the driver (ARP, ICMP, UDP) */ \
	X(PACKET_IN,   "pkt<")  /**< a packet that is not TCP arrived */
/* clang-format on */

#define AKSU_EVENT_ENUM_STATE(name, ...) AKSU_STATE_##name,
#define AKSU_EVENT_ENUM_WHY(name, ...)   AKSU_WHY_##name,
#define AKSU_EVENT_ENUM_TIMER(name, ...) AKSU_TIMER_##name,
#define AKSU_EVENT_ENUM_DROP(name, ...)  AKSU_DROP_##name,
#define AKSU_EVENT_ENUM_KIND(name, ...)  AKSU_EVENT_##name,

enum aksu_state { AKSU_STATES(AKSU_EVENT_ENUM_STATE) AKSU_STATE_COUNT };
enum aksu_why { AKSU_WHYS(AKSU_EVENT_ENUM_WHY) AKSU_WHY_COUNT };
enum aksu_timer { AKSU_TIMERS(AKSU_EVENT_ENUM_TIMER) AKSU_TIMER_COUNT };
enum aksu_drop { AKSU_DROPS(AKSU_EVENT_ENUM_DROP) AKSU_DROP_COUNT };
enum aksu_event_kind { AKSU_EVENT_KINDS(AKSU_EVENT_ENUM_KIND) AKSU_EVENT_KIND_COUNT };

/** Bit of a kind in an event mask. */
#define AKSU_EVENT_BIT(kind) ((uint32_t)1 << (kind))
#define AKSU_EVENTS_ALL      (AKSU_EVENT_BIT(AKSU_EVENT_KIND_COUNT) - 1)

/** TCP's control bits as they lie in the header (RFC 9293 section 3.1). */
enum {
	AKSU_FIN = 0x01,
	AKSU_SYN = 0x02,
	AKSU_RST = 0x04,
	AKSU_PSH = 0x08,
	AKSU_ACK = 0x10,
	AKSU_URG = 0x20,
	AKSU_ECE = 0x40,
	AKSU_CWR = 0x80,
};

/** Which options a segment carried. */
enum {
	AKSU_OPT_MSS = 0x01,
	AKSU_OPT_WSCALE = 0x02,
	AKSU_OPT_SACK_OK = 0x04,
	AKSU_OPT_TS = 0x08,
	AKSU_OPT_SACK = 0x10,
	AKSU_OPT_ACCECN0 = 0x20, /**< RFC 9768 3.2.3, in one order of its counters or the other */
	AKSU_OPT_ACCECN1 = 0x40,
};

struct aksu_event_sack {
	uint32_t start, end; /**< absolute numbers; `end` is the octet after the block */
};

/**
 * One event. All numbers are in host order and absolute; fields that a kind does not use are zero.
 *
 * `conn` names a connection from its SYN record to its TIME-WAIT record: a keyed hash of both
 * endpoints, so that a later incarnation of the same pair has the same name. 0 means none.
 */
struct aksu_event {
	aksu_time time;
	uint64_t packet; /**< number of the frame: aksu_tx.packet on the way out, aksu_rx.packet on
			    the way in */
	uint32_t conn;
	uint8_t kind;    /**< enum aksu_event_kind */
	uint8_t state;   /**< enum aksu_state after the event */
	uint8_t from;    /**< STATE: the state before */
	uint8_t why;     /**< SEGMENT_OUT: enum aksu_why */
	uint8_t drop;    /**< DROP: enum aksu_drop */
	uint8_t timer;   /**< TIMER: enum aksu_timer */
	uint8_t flags;   /**< control bits of the segment */
	uint8_t options; /**< AKSU_OPT_* */
	uint8_t wscale;  /**< the shift count in the option */
	uint8_t sack_count;
	uint8_t retransmission; /**< SEGMENT_OUT: how many times it was sent before; SEGMENT_IN: 1
				   for a duplicate */
	uint8_t error;          /**< ERROR: enum aksu_error */
	uint8_t ae;             /**< 1: the control bit AE of RFC 9768 */
	uint8_t ecn; /**< SEGMENT_*: the packet's ECN field: 0, 1: ECT(1), 2: ECT(0), 3: CE */
	uint8_t accecn_fields; /**< counters that the AccECN option carried, in its order */
	uint8_t reserved;
	uint16_t link;
	uint16_t local_port, remote_port;
	uint16_t mss; /**< the option; of several segments in one (`segments`): the text of each */
	uint16_t window; /**< the field, unscaled */
	uint16_t urgent;
	uint16_t segments; /**< how many wire segments this one stands for (1 unless the link cuts
			      or merged) */
	uint16_t protocol; /**< PACKET_*: ethertype below 0x100 means IP protocol */
	uint32_t seq, ack;
	uint32_t length; /**< octets of text */
	uint32_t tsval, tsecr;
	uint32_t iss, irs; /**< of the connection, for relative numbers; 0 before they are known */
	uint32_t window_bytes; /**< the window, scaled */
	uint32_t cwnd, ssthresh, in_flight;
	uint32_t srtt_us, rto_us;
	uint32_t accecn[3]; /**< AccECN's counters: octets with ECT(0), with CE, with ECT(1) */
	struct aksu_event_sack sack[4];
	struct aksu_addr local, remote;
};

/**
 * A ring of events, owned by the caller and written by one instance.
 *
 * `cap` is a power of two. The reader takes records at `tail` (index modulo cap) and advances it;
 * when the ring is full new records are counted in `lost` and not written.
 */
struct aksu_event_ring {
	struct aksu_event *events;
	uint32_t cap;
	uint32_t head, tail;
	uint64_t lost;
};

/** Takes the oldest event out of the ring; false when it is empty. */
bool aksu_event_take(struct aksu_event_ring *ring, struct aksu_event *out);

/** Names for people; never NULL. */
const char *aksu_state_name(enum aksu_state state);
const char *aksu_state_short(enum aksu_state state);
const char *aksu_why_name(enum aksu_why why);
const char *aksu_why_section(enum aksu_why why);
const char *aksu_why_text(enum aksu_why why);
const char *aksu_timer_name(enum aksu_timer timer);
const char *aksu_drop_name(enum aksu_drop drop);
const char *aksu_drop_section(enum aksu_drop drop);
const char *aksu_drop_text(enum aksu_drop drop);
const char *aksu_event_kind_name(enum aksu_event_kind kind);

#ifdef __cplusplus
}
#endif
#endif
