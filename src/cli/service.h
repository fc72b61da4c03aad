/* SPDX-License-Identifier: MIT */
/*
 * cli/service.h - a small server over an instance, both transports: it takes connections, and what
 * it does with them is a policy: echo (RFC 862), discard (RFC 863) or chargen (RFC 864).
 *
 * It knows sockets and nothing of devices, signals or options, and so serves a simulated host as
 * well. It never reads more than it can do something with: what is left in the receive buffer
 * closes the offered window, and the peer stops. After the peer's FIN what is queued is still sent,
 * then ours follows.
 */
#ifndef AKSU_CLI_SERVICE_H
#define AKSU_CLI_SERVICE_H

#include <aksu/socket.h>

struct service;
struct service_conn;

enum { SERVICE_CHUNK = 64 * 1024 }; /* octets moved at once, also the largest datagram */

struct service_policy {
	const char *name; /* of the command */
	uint16_t port;
	/* Fills the prepared buffer, once; NULL: nothing to prepare. */
	void (*prepare)(struct service *v);
	/*
	 * Moves octets until nothing more can be done now: -AKSU_EAGAIN or -AKSU_ENOMEM, readiness
	 * will tell; 0: the peer is done; anything else: the connection is.
	 */
	int64_t (*move)(struct service *v, struct service_conn *c, aksu_time now);
	/* A datagram of n octets lies in v->buffer. */
	void (*answer)(struct service *v, size_t n, const struct aksu_endpoint *from,
		       aksu_time now);
};

extern const struct service_policy service_echo, service_discard, service_chargen;

struct service_conn {
	struct service_conn *prev, *next;
	aksu_socket socket;
	uint32_t at; /* chargen: where in its pattern */
};

struct service {
	const struct service_policy *policy;
	struct aksu *stack;
	struct aksu_allocator allocator;
	aksu_socket listener, udp;
	struct service_conn *conns; /* connections that we hold, newest first */
	uint32_t open;              /* how many */
	uint32_t most;              /* connections to take, then no more; 0: no limit */
	bool stopping;
	uint64_t chance;               /* chargen: the length of datagrams; a seed at first */
	uint8_t *buffer;               /* SERVICE_CHUNK octets */
	uint8_t *pattern;              /* the same, prepared */
	uint64_t taken, ended, failed; /* connections */
	uint64_t octets;               /* echoed, discarded, made */
	uint64_t datagrams;
};

/*
 * Clears and begins to listen on `port` of every address. A negative enum aksu_error if it cannot.
 */
int service_start(struct service *v, const struct service_policy *policy, struct aksu *stack,
		  const struct aksu_allocator *allocator, uint16_t port);

/* To be called for every socket that aksu_next_ready() names. */
void service_ready(struct service *v, const struct aksu_ready *ready, aksu_time now);

/*
 * No new connections; a FIN on each that is open, behind what is queued. What comes is let go by.
 */
void service_stop(struct service *v, aksu_time now);

/*
 * RST on each that is open, on SERVICE_RESETS of them at once: the instance keeps no more for the
 * device. To be called again, when these have left, while `open` is not 0.
 */
enum { SERVICE_RESETS = 512 };
void service_abort(struct service *v, aksu_time now);

void service_fini(struct service *v);

#endif
