/* SPDX-License-Identifier: MIT */
/*
 * cli/scenario.c - the scenarios of `aksu demo`: each is a link, two parts to play and a few words.
 *
 * The engine is not told what to show: it does what RFC 9293 says, and the table only arranges
 * that the interesting thing happens. The words are true for the default options; whoever changes
 * --seed or --drop sees something else.
 */
#include "cli/demo.h"

#include <string.h>

#include "base/compile.h"

#define MS AKSU_MILLISECOND

#define USUAL_LINK .delay = 20 * MS, .rate = 10000000, .queue = 65536

#define REQUEST "GET /hello HTTP/1.1\r\nHost: server.example\r\nAccept: text/plain\r\n\r\n"

enum { REQUEST_LENGTH = sizeof(REQUEST) - 1 };

/* clang-format off */
const struct scenario scenarios[] = {
{
	.name = "",
	.summary = "open, carry data over a lossy link, close (what a bare `aksu demo` plays)",
	.wire = {USUAL_LINK, .loss = 110000},
	.bytes = 40000,
	.client = {
		{.deed = SIM_CONNECT},
		{.when = SIM_CONNECTED, .deed = SIM_READ},
		{.when = SIM_AFTER, .arg = 60 * MS, .deed = SIM_SEND,
		 .octets = SCENARIO_BYTES},
		{.when = SIM_ALL_ACKED, .deed = SIM_CLOSE},
	},
	.client_lines = 4,
	.server = {
		{.deed = SIM_LISTEN},
		{.when = SIM_END_OF_FILE, .deed = SIM_READ},
		{.when = SIM_AFTER, .arg = 30 * MS, .deed = SIM_CLOSE},
	},
	.server_lines = 3,
	.words = {
		"Three segments open the connection: each side says where its numbers begin "
		"(SYN) and hears that the other knows it (ACK).",
		"The link loses some segments. The receiver acknowledges the last octet before "
		"the hole again and again (D), and names what came behind it (sk); soon the "
		"sender knows what is missing, and sends it again (R rack). A lost FIN has "
		"nothing behind it that could tell of it: after two round trips and a pause a "
		"probe asks (R tlp), and then only the timer is left (R rto), which waits twice "
		"as long each time.",
		"Four segments close it: each direction ends with a FIN and its ACK. Who "
		"closed first waits in TIME-WAIT for 2MSL, in case its last ACK was lost.",
	},
},
{
	.name = "handshake",
	.summary = "the three segments that open a connection",
	.wire = {USUAL_LINK},
	.client = {{.deed = SIM_CONNECT}},
	.client_lines = 1,
	.server = {{.deed = SIM_LISTEN}},
	.server_lines = 1,
	.words = {
		"SYN: the client says at which number its stream begins. SYN·ACK: the server "
		"says where its own begins, and that it has heard the client's. ACK: so has "
		"the client.",
		"A SYN counts as one octet, which is why the acknowledgement of SYN 0 is 1. "
		"`aksu demo handshake --abs` shows the numbers as they were sent: random, so "
		"that nobody can guess them (RFC 6528).",
	},
},
{
	.name = "close",
	.summary = "the four segments that close a connection, and TIME-WAIT",
	.wire = {USUAL_LINK},
	.client = {
		{.deed = SIM_CONNECT},
		{.when = SIM_CONNECTED, .deed = SIM_READ},
		{.when = SIM_AFTER, .arg = 100 * MS, .deed = SIM_CLOSE},
	},
	.client_lines = 3,
	.server = {
		{.deed = SIM_LISTEN},
		{.when = SIM_END_OF_FILE, .deed = SIM_READ},
		{.when = SIM_AFTER, .arg = 50 * MS, .deed = SIM_CLOSE},
	},
	.server_lines = 3,
	.words = {
		"Each direction is closed on its own. The client's FIN says: I send no more. "
		"The server acknowledges it at once, and may still send (CLOSE-WAIT); when "
		"its application closes too, its FIN goes out, and the client acknowledges "
		"that.",
		"The client then waits 2MSL, twice the longest time that a segment may live: "
		"if its last ACK is lost the server sends its FIN again, and somebody must be "
		"there to answer. `aksu demo time-wait` shows that.",
	},
},
{
	.name = "simultaneous-open",
	.summary = "both sides open at once: RFC 9293 figure 7",
	.wire = {USUAL_LINK},
	.client = {{.deed = SIM_CONNECT}},
	.client_lines = 1,
	.server = {{.deed = SIM_CONNECT}},
	.server_lines = 1,
	.names = {"host A", "host B"},
	.words = {
		"Nobody listens here: both call at the same moment, and the SYNs cross. Each "
		"is answered with a SYN·ACK, and one connection comes of it, not two.",
	},
},
{
	.name = "simultaneous-close",
	.summary = "both sides close at once: CLOSING, and TIME-WAIT on both",
	.wire = {USUAL_LINK},
	.client = {
		{.deed = SIM_CONNECT},
		{.when = SIM_AFTER, .arg = 200 * MS, .deed = SIM_CLOSE},
	},
	.client_lines = 2,
	.server = {
		{.deed = SIM_LISTEN},
		{.when = SIM_AFTER, .arg = 200 * MS, .deed = SIM_CLOSE},
	},
	.server_lines = 2,
	.words = {
		"Both applications close at the same moment and the FINs cross. Each side "
		"learns of the other's FIN before its own is acknowledged: that is the state "
		"CLOSING.",
		"Both were active closers, so both wait in TIME-WAIT.",
	},
},
{
	.name = "half-close",
	.summary = "one direction ends, the other goes on",
	.wire = {USUAL_LINK},
	.bytes = 8000,
	.client = {
		{.deed = SIM_CONNECT},
		{.when = SIM_CONNECTED, .deed = SIM_SEND, .octets = 100},
		{.when = SIM_AFTER, .arg = 100 * MS, .deed = SIM_SHUTDOWN},
		{.when = SIM_END_OF_FILE, .deed = SIM_CLOSE},
	},
	.client_lines = 4,
	.server = {
		{.deed = SIM_LISTEN},
		{.when = SIM_END_OF_FILE, .deed = SIM_READ},
		{.when = SIM_AFTER, .arg = 100 * MS, .deed = SIM_SEND,
		 .octets = SCENARIO_BYTES},
		{.when = SIM_AFTER, .arg = 100 * MS, .deed = SIM_CLOSE},
	},
	.server_lines = 4,
	.words = {
		"TCP is two streams, one each way. The client ends its own after the question "
		"and goes on receiving in FIN-WAIT-2; the server, in CLOSE-WAIT, answers in "
		"full before it closes.",
		"`sort` needs this: it cannot answer before it has seen the end of its input.",
	},
},
{
	.name = "reset",
	.summary = "one side gives up: RST, and all is forgotten at once",
	.wire = {USUAL_LINK},
	.client = {
		{.deed = SIM_CONNECT},
		{.when = SIM_CONNECTED, .deed = SIM_SEND, .octets = 1000},
		{.when = SIM_AFTER, .arg = 200 * MS, .deed = SIM_ABORT},
	},
	.client_lines = 3,
	.server = {{.deed = SIM_LISTEN}},
	.server_lines = 1,
	.words = {
		"A RST is not acknowledged and nothing waits: what was under way is lost, and "
		"the server's application is told that the connection was reset.",
		"It is believed because its number is exactly the one that the server expects "
		"next (RFC 5961): a stranger would have to guess it.",
	},
},
{
	.name = "refused",
	.summary = "nobody listens on the port",
	.wire = {USUAL_LINK},
	.client = {{.deed = SIM_CONNECT}},
	.client_lines = 1,
	.words = {
		"There is no connection and no listener for this SYN, so it is answered with "
		"a RST. It acknowledges the SYN: that is how the client knows that it is "
		"meant.",
		"The application is told \"connection refused\", after one round trip.",
	},
},
{
	.name = "loss",
	.summary = "a data segment is lost and found missing by duplicate ACKs",
	.wire = {USUAL_LINK},
	.rules = {"client:data:4"},
	.bytes = 14600,
	.client = {
		{.deed = SIM_CONNECT},
		{.when = SIM_CONNECTED, .deed = SIM_SEND, .octets = SCENARIO_BYTES},
	},
	.client_lines = 2,
	.server = {{.deed = SIM_LISTEN}},
	.server_lines = 1,
	.words = {
		"The segments behind the lost one arrive, and each makes the server repeat "
		"its last acknowledgement: duplicate ACKs, D1, D2, D3 ... Their SACK option "
		"(sk) names what did arrive.",
		"Three of those are proof enough: the client sends the missing segment again "
		"(R rack) without waiting for its timer, and the next ACK jumps over the filled "
		"hole.",
	},
},
{
	.name = "reorder",
	.summary = "segments overtake each other, and nothing need be sent again",
	.wire = {USUAL_LINK, .reorder = 300000, .reorder_extra = 5 * MS},
	.one_way = true,
	.bytes = 14600,
	.client = {
		{.deed = SIM_CONNECT},
		{.when = SIM_CONNECTED, .deed = SIM_SEND, .octets = SCENARIO_BYTES},
	},
	.client_lines = 2,
	.server = {{.deed = SIM_LISTEN}},
	.server_lines = 1,
	.words = {
		"A segment marked `late` arrives after others that were sent behind it. The "
		"receiver keeps those, says so with a duplicate ACK, and puts everything in "
		"order by its sequence numbers.",
		"A sender cannot tell a late segment from a lost one. That is why it waits "
		"for three duplicate ACKs before it sends anything again.",
	},
},
{
	.name = "duplicate",
	.summary = "the network delivers segments twice",
	.wire = {USUAL_LINK, .duplicate = 300000},
	.one_way = true,
	.bytes = 6000,
	.client = {
		{.deed = SIM_CONNECT},
		{.when = SIM_CONNECTED, .deed = SIM_SEND, .octets = SCENARIO_BYTES},
		{.when = SIM_ALL_ACKED, .deed = SIM_CLOSE},
	},
	.client_lines = 3,
	.server = {
		{.deed = SIM_LISTEN},
		{.when = SIM_END_OF_FILE, .deed = SIM_CLOSE},
	},
	.server_lines = 2,
	.words = {
		"A segment marked `copy` was made by the network. Its sequence numbers say "
		"that the receiver has it already: it is thrown away, and answered with an "
		"ACK that says what is expected next.",
	},
},
{
	.name = "time-wait",
	.summary = "the last ACK is lost: why who closes first must wait",
	.wire = {USUAL_LINK},
	.rules = {"client:ack:2"},
	.client = {
		{.deed = SIM_CONNECT},
		{.when = SIM_CONNECTED, .deed = SIM_READ},
		{.when = SIM_AFTER, .arg = 100 * MS, .deed = SIM_CLOSE},
	},
	.client_lines = 3,
	.server = {
		{.deed = SIM_LISTEN},
		{.when = SIM_END_OF_FILE, .deed = SIM_READ},
		{.when = SIM_AFTER, .arg = 50 * MS, .deed = SIM_CLOSE},
	},
	.server_lines = 3,
	.words = {
		"The last ACK of the close is lost. The server, in LAST-ACK, cannot know that "
		"its FIN arrived: when the ACK should have come, it asks by sending the FIN "
		"again (R tlp, a tail loss probe).",
		"The client is still there, in TIME-WAIT: it sends its ACK again and waits "
		"2MSL anew. Had it forgotten the connection at once, the FIN would have been "
		"answered with a reset.",
	},
},
{
	.name = "sequence",
	.summary = "Seq=1000 with 500 bytes is answered with Ack=1500",
	.wire = {USUAL_LINK},
	.iss = {999, 4999},
	.absolute = true,
	.client = {
		{.deed = SIM_CONNECT},
		{.when = SIM_CONNECTED, .deed = SIM_SEND, .octets = 500},
		{.when = SIM_ALL_ACKED, .deed = SIM_SEND, .octets = 500},
	},
	.client_lines = 3,
	.server = {{.deed = SIM_LISTEN}},
	.server_lines = 1,
	.words = {
		"The segment \"data 1000\" carries 500 octets, numbers 1000 to 1499. The server "
		"answers \"ACK 1500\": everything before 1500 is here, send 1500 next. And so "
		"the next segment begins with 1500, and is answered with 2000.",
		"The numbers are as they were sent. The client's SYN had 999, so its first "
		"octet is 1000. (The hosts' clocks were set so that RFC 6528's generator "
		"gives 999 and 4999; otherwise they would be random.)",
	},
},
{
	.name = "zero-window",
	.summary = "the receiver does not read: the window closes, is probed, and opens",
	.wire = {USUAL_LINK},
	.bytes = 12000,
	.receive_buffer = 4096,
	.client = {
		{.deed = SIM_CONNECT},
		{.when = SIM_CONNECTED, .deed = SIM_SEND, .octets = SCENARIO_BYTES},
	},
	.client_lines = 2,
	.server = {
		{.deed = SIM_LISTEN},
		{.deed = SIM_DONT_READ},
		{.when = SIM_AFTER, .arg = 5 * AKSU_SECOND, .deed = SIM_READ},
	},
	.server_lines = 3,
	.words = {
		"Each ACK says how much more the receiver can hold. Its application does not "
		"read, so the window goes to zero and the client must stop, with data left to "
		"send. (What is marked `override` had waited for a larger window and then went "
		"out small: RFC 9293 3.8.6.2.1.)",
		"The client probes now and then, because the ACK that opens the window again "
		"could be lost and then both would wait for ever (RFC 9293 3.8.6.1). After "
		"five seconds the application reads, and the window opens.",
	},
},
{
	.name = "http",
	.summary = "a request and its answer, as a browser would",
	.wire = {USUAL_LINK},
	.bytes = 10136,
	.client = {
		{.deed = SIM_CONNECT},
		{.when = SIM_CONNECTED, .deed = SIM_SEND, .octets = REQUEST_LENGTH,
		 .text = REQUEST},
		{.when = SIM_RECEIVED, .arg = SCENARIO_BYTES, .deed = SIM_READ},
		{.when = SIM_AFTER, .arg = 5 * AKSU_SECOND, .deed = SIM_CLOSE},
	},
	.client_lines = 4,
	.server = {
		{.deed = SIM_LISTEN},
		{.when = SIM_RECEIVED, .arg = REQUEST_LENGTH, .deed = SIM_SEND,
		 .octets = SCENARIO_BYTES},
		{.when = SIM_END_OF_FILE, .deed = SIM_CLOSE},
	},
	.server_lines = 3,
	.words = {
		"The first segment of the request is also the ACK that completes the "
		"handshake. The answer comes in full segments, ten at most before the first "
		"acknowledgement (RFC 6928).",
		"The connection is kept for a while, in case another request comes: nothing "
		"is sent while nothing is to be said. Then the client closes.",
	},
},
};
/* clang-format on */

const size_t scenario_count = COUNT_OF(scenarios);

const struct scenario *scenario_find(const char *name)
{
	for (size_t i = 0; i < scenario_count; i++)
		if (strcmp(scenarios[i].name, name) == 0)
			return &scenarios[i];
	return NULL;
}
