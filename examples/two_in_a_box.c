/* SPDX-License-Identifier: MIT */
/*
 * examples/two_in_a_box.c - two stacks and one wire in one program, with no OS below them.
 *
 * The wire is a copy from the output of one instance to the input of the other, and time is a
 * variable: when all is quiet it jumps to the next deadline. What each says of its states is
 * printed. The memory may come from anywhere; here it is malloc()'s.
 */
#include <aksu/loop.h>
#include <stdio.h>

static struct aksu *host[2];
static struct aksu_event events[2][64];
static struct aksu_event_ring ring[2] = {{events[0], 64, 0, 0, 0}, {events[1], 64, 0, 0, 0}};

static void begin(uint8_t k)
{
	struct aksu_addr addr = aksu_addr_v4(10, 0, 0, (uint8_t)(k + 1));
	struct aksu_link_config link = {.size = sizeof(link), .kind = AKSU_LINK_IP, .mtu = 1500};
	struct aksu_config config = {
		.size = sizeof(config),
		.allocator = aksu_malloc_allocator(),
		.entropy = {k}, /* yours: 32 octets that nobody can guess */
		.events = &ring[k],
		.event_mask = AKSU_EVENT_BIT(AKSU_EVENT_STATE),
	};

	host[k] = aksu_new(&config, 0);
	aksu_addr_add(host[k], aksu_link_add(host[k], &link, 0), &addr, 24);
}

/* Moves frames both ways, and prints what happens, until both are quiet. */
static void settle(aksu_time now)
{
	uint8_t frame[1500];
	struct aksu_rx rx = {.data = frame};
	struct aksu_event e;
	struct aksu_tx tx;

	for (int k = 0, quiet = 0; quiet < 2; k = !k) {
		size_t n = aksu_output(host[k], 0, &tx, 1, now);

		while (aksu_event_take(&ring[k], &e))
			printf("%6.3f  %s  %s -> %s\n", (double)now / 1e9, k ? "server" : "client",
			       aksu_state_name(e.from), aksu_state_name(e.state));
		rx.len = n > 0 ? (uint32_t)aksu_tx_copy(&tx, frame, sizeof(frame)) : 0;
		aksu_input(host[!k], &rx, n, now);
		aksu_tx_done(host[k], &tx, n);
		quiet = n > 0 ? 0 : quiet + 1;
	}
}

int main(void)
{
	struct aksu_endpoint there = {aksu_addr_v4(10, 0, 0, 2), 7};
	aksu_socket l, c, a = AKSU_NO_SOCKET;
	char text[64];
	aksu_time now = 0;

	begin(0), begin(1);
	aksu_bind(host[1], l = aksu_socket_tcp(host[1]), &there);
	aksu_listen(host[1], l, 1);
	aksu_connect(host[0], c = aksu_socket_tcp(host[0]), &there, now);
	settle(now); /* the three-way handshake */
	aksu_accept(host[1], l, &a);
	aksu_send(host[0], c, "annyeong", 8, 0, now);
	settle(now);
	printf("        server reads \"%.*s\"\n",
	       (int)aksu_recv(host[1], a, text, sizeof(text), now), text);
	aksu_close(host[0], c, now); /* the four-way close: one half ... */
	settle(now);
	aksu_close(host[1], a, now);                              /* ... and the other */
	for (; now != AKSU_NEVER; now = aksu_deadline(host[0])) { /* TIME-WAIT passes */
		aksu_advance(host[0], now);
		settle(now);
	}
	aksu_free(host[0]), aksu_free(host[1]);
	return 0;
}
