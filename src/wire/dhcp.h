/* SPDX-License-Identifier: MIT */
/*
 * wire/dhcp.h - a DHCP message (RFC 2131 section 2) and its options (RFC 2132, RFC 3396).
 *
 *    0                   1                   2                   3
 *    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *   +---------------+---------------+---------------+---------------+
 *   |     op (1)    |   htype (1)   |   hlen (1)    |   hops (1)    |
 *   +---------------+---------------+---------------+---------------+
 *   |                            xid (4)                            |
 *   +-------------------------------+-------------------------------+
 *   |           secs (2)            |           flags (2)           |
 *   +-------------------------------+-------------------------------+
 *   |                ciaddr  yiaddr  siaddr  giaddr  (4 each)       |
 *   +---------------------------------------------------------------+
 *   |             chaddr (16)   sname (64)   file (128)             |
 *   +---------------------------------------------------------------+
 *   |    magic cookie (4)       options (code, length, value) ...   |
 *   +---------------------------------------------------------------+
 *
 * Options may go on in file and then in sname (option 52), and one that is too long for its length
 * field in another of the same code. What a lease is worth is asked in dhcp/.
 */
#ifndef AKSU_WIRE_DHCP_H
#define AKSU_WIRE_DHCP_H

#include <aksu/types.h>

#include "base/bytes.h"
#include "wire/eth.h"

struct dhcp_hdr {
	uint8_t op, htype, hlen, hops;
	be32 xid;
	be16 secs, flags;
	uint8_t ciaddr[4], yiaddr[4], siaddr[4], giaddr[4];
	uint8_t chaddr[16], sname[64], file[128];
	uint8_t cookie[4];
};
static_assert(sizeof(struct dhcp_hdr) == 240, "RFC 2131 section 2");
static_assert(_Alignof(struct dhcp_hdr) == 1, "may sit anywhere in a frame");

enum {
	DHCP_SERVER_PORT = 67,
	DHCP_CLIENT_PORT = 68,
	DHCP_HDR_LEN = 240,
	DHCP_LEN_MIN = 300,   /* RFC 1542 section 2.1: relays may drop what is shorter */
	DHCP_VALUE_MAX = 512, /* of an option put together: 57 classless routes */
};

/* RFC 2132 section 9.6. */
enum dhcp_kind {
	DHCP_DISCOVER = 1,
	DHCP_OFFER,
	DHCP_REQUEST,
	DHCP_DECLINE,
	DHCP_ACK,
	DHCP_NAK,
	DHCP_RELEASE,
	DHCP_INFORM,
};

/* RFC 2132, by the section; RFC 3442. */
enum dhcp_code {
	DHCP_PAD = 0,         /* 3.1 */
	DHCP_MASK = 1,        /* 3.3 */
	DHCP_ROUTER = 3,      /* 3.5 */
	DHCP_DNS = 6,         /* 3.8 */
	DHCP_HOSTNAME = 12,   /* 3.14 */
	DHCP_MTU = 26,        /* 5.1 */
	DHCP_REQUESTED = 50,  /* 9.1 */
	DHCP_LEASE_TIME = 51, /* 9.2 */
	DHCP_OVERLOAD = 52,   /* 9.3 */
	DHCP_KIND = 53,       /* 9.6 */
	DHCP_SERVER = 54,     /* 9.7 */
	DHCP_PARAMETERS = 55, /* 9.8 */
	DHCP_SIZE_MAX = 57,   /* 9.10 */
	DHCP_T1 = 58,         /* 9.11 */
	DHCP_T2 = 59,         /* 9.12 */
	DHCP_CLIENT_ID = 61,  /* 9.14 */
	DHCP_ROUTES = 121,    /* RFC 3442 */
	DHCP_END = 255,       /* 3.2 */
};

/* A message. Pointers are good as long as what was parsed is. */
struct dhcp {
	bool reply; /* from a server */
	bool broadcast;
	uint8_t kind; /* enum dhcp_kind */
	uint32_t xid;
	uint16_t secs;
	struct aksu_addr ciaddr, yiaddr;
	struct mac chaddr;
	struct cur area[3]; /* where options are: options, file, sname; may be empty */
};

/*
 * Reads a message over Ethernet; false: it is none, it has no kind, or an option runs over the end
 * of its area.
 */
bool dhcp_parse(const uint8_t *data, size_t n, struct dhcp *out);

struct dhcp_value {
	size_t len;
	uint8_t b[DHCP_VALUE_MAX];
};

/*
 * The value of an option, put together from all its parts (RFC 3396 section 5); false: it is not
 * there, or longer than DHCP_VALUE_MAX.
 */
bool dhcp_option(const struct dhcp *m, uint8_t code, struct dhcp_value *out);

/* The same for one number or address; false also when its length is not that of one. */
bool dhcp_u16(const struct dhcp *m, uint8_t code, uint16_t *out);
bool dhcp_u32(const struct dhcp *m, uint8_t code, uint32_t *out);
bool dhcp_addr(const struct dhcp *m, uint8_t code, struct aksu_addr *out);

/* A message being written. What does not fit is left out. */
struct dhcp_writer {
	uint8_t *out;
	size_t n, cap;
};

/* The header, the cookie and the kind; `cap` is at least DHCP_LEN_MIN. */
struct dhcp_writer dhcp_emit(const struct dhcp *m, uint8_t *out, size_t cap);
void dhcp_put(struct dhcp_writer *w, uint8_t code, const void *value, size_t n);
void dhcp_put_u16(struct dhcp_writer *w, uint8_t code, uint16_t value);
void dhcp_put_u32(struct dhcp_writer *w, uint8_t code, uint32_t value);
void dhcp_put_addr(struct dhcp_writer *w, uint8_t code, const struct aksu_addr *addr);
/* The end of the options, and padding; returns the length of the message. */
size_t dhcp_end(struct dhcp_writer *w);

#endif
