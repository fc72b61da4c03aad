/* SPDX-License-Identifier: MIT */
/*
 * cli/trouble.c - see cli/trouble.h.
 */
#include "cli/trouble.h"

#include <errno.h>
#include <string.h>

enum { SYN_SECONDS = 180 }; /* RFC 9293 MUST-23: "at least 3 minutes" */

void peer_print(const struct aksu_endpoint *e, char out[PEER_TEXT])
{
	char text[46];

	aksu_addr_print(&e->addr, text, sizeof(text));
	snprintf(out, PEER_TEXT, "%s port %u", text, e->port);
}

/* No way leads there from here: it is the options that must change. */
static bool no_way(struct aksu_reason *why, const struct trouble *t, const struct host_options *o)
{
	bool v4 = aksu_addr_is_v4(&t->peer.addr);
	char text[46];

	aksu_addr_print(&t->peer.addr, text, sizeof(text));
	if (!host_options_speak(o, &t->peer.addr))
		return because(why,
			       "network is unreachable: %s is an IPv%d address and no --addr is; "
			       "give one, as --addr %s",
			       text, v4 ? 4 : 6, v4 ? "10.7.0.2/24" : "fd07::2/64");
	return because(why,
		       "network is unreachable: no route to %s: it lies in no network of --addr; "
		       "give a router with --gw A",
		       text);
}

static bool timed_out(struct aksu_reason *why, const struct trouble *t, const char *peer)
{
	uint64_t seconds = t->waited ? t->waited : SYN_SECONDS;

	if (t->established)
		return because(why, "%s: connection timed out: it no longer answers", peer);
	if (t->soft_error)
		return because(why, "%s: connection timed out after %llu s: on the way there, %s",
			       peer, (unsigned long long)seconds, aksu_strerror(t->soft_error));
	return because(why,
		       "%s: connection timed out: no answer in %llu s; is the address right, and "
		       "does nothing on the way drop what we send?",
		       peer, (unsigned long long)seconds);
}

bool trouble_of_connection(struct aksu_reason *why, const struct trouble *t,
			   const struct host_options *o)
{
	char peer[PEER_TEXT];

	peer_print(&t->peer, peer);
	switch (t->error) {
	case AKSU_ECONNREFUSED:
		if (host_options_own(o, &t->peer.addr))
			return because(why,
				       "%s: connection refused: this address is our own, not the "
				       "machine's; the kernel's side is what --host gives it",
				       peer);
		return because(why, "%s: connection refused: nothing listens on this port there",
			       peer);
	case AKSU_EINVAL:
		return because(why,
			       "%s: nobody can be connected to there: it is a broadcast or group "
			       "address, or none",
			       peer);
	case AKSU_ETIMEDOUT: return timed_out(why, t, peer);
	case AKSU_ENETUNREACH:
		if (!t->tried && !t->established)
			return no_way(why, t, o);
		return because(
			why,
			"%s: network is unreachable: a router on the way says that it has no "
			"way there; is the address right?",
			peer);
	case AKSU_EHOSTUNREACH:
		return because(why,
			       "%s: no route to host: a router says so, or nobody on the link "
			       "answers for the address; is it up, and in the network of --addr?",
			       peer);
	default: return because(why, "%s: %s", peer, aksu_strerror(t->error));
	}
}

static bool trouble_of_standard(struct aksu_reason *why, const struct relay *r)
{
	const char *name = r->input_trouble ? "input" : "output";

	if (r->trouble == EPIPE)
		return because(why, "standard output is closed: nobody reads what comes; the "
				    "connection was reset");
	return because(why, "standard %s: %s; the connection was reset", name,
		       strerror(r->trouble));
}

bool trouble_of_relay(struct aksu_reason *why, const struct relay *r,
		      const struct aksu_endpoint *peer, const struct host_options *o)
{
	struct trouble t = {.peer = *peer, .error = r->error, .established = true};

	return r->trouble ? trouble_of_standard(why, r) : trouble_of_connection(why, &t, o);
}
