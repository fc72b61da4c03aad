/* SPDX-License-Identifier: MIT */
/*
 * cli/trouble.h - why a connection to somebody failed, as one line that also says what would help.
 */
#ifndef AKSU_CLI_TROUBLE_H
#define AKSU_CLI_TROUBLE_H

#include "cli/host_options.h"
#include "cli/relay.h"

/* An address and a port for people: "10.7.0.1 port 80". */
enum { PEER_TEXT = 64 };
void peer_print(const struct aksu_endpoint *e, char out[PEER_TEXT]);

struct trouble {
	struct aksu_endpoint peer;
	int error;        /* positive enum aksu_error: what ended it, or what a call answered */
	int soft_error;   /* what routers said before that, or 0 */
	bool tried;       /* we had a way to it: if there is none, others say so */
	bool established; /* it had been open */
	uint64_t waited;  /* seconds that it was tried; 0: as long as RFC 9293 says */
};

/* Always false, as because() is. */
bool trouble_of_connection(struct aksu_reason *why, const struct trouble *t,
			   const struct host_options *o);

/* The same of a relay that failed, be it the connection or standard input or output. */
bool trouble_of_relay(struct aksu_reason *why, const struct relay *r,
		      const struct aksu_endpoint *peer, const struct host_options *o);

#endif
