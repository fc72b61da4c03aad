/* SPDX-License-Identifier: MIT */
/*
 * examples/echo.c - an echo server (RFC 862) whose core does no I/O.
 *
 * turn() serves any device. Here both ends of a cable of 10 ms echo, and time is a variable.
 */
#include <aksu/loop.h>
#include <aksu/sim.h>
#include <stdio.h>

struct host {
	struct aksu *s;
	struct aksu_device *dev;
};

static unsigned crossings;

static void echo(struct aksu *s, aksu_socket h, aksu_time now)
{
	char text[4096];
	int64_t n;

	while ((n = aksu_accept(s, h, &(aksu_socket){0})) == 0)
		continue; /* it will say itself when it can do something */
	if (n == -AKSU_EAGAIN)
		return;                                         /* this was the listener */
	while ((n = aksu_peek(s, h, text, sizeof(text))) > 0 && /* no more than the peer takes */
	       (n = aksu_send(s, h, text, (size_t)n, 0, now)) > 0)
		crossings += aksu_recv(s, h, text, (size_t)n, now) == n;
	if (n != -AKSU_EAGAIN)
		aksu_close(s, h, now); /* the peer's FIN, or an error */
}

/* All that a driver has to do in one turn: README.md shows it. */
static aksu_time turn(const struct host *h, aksu_time now)
{
	struct aksu_ready ready;
	struct aksu_rx rx[16];
	struct aksu_tx tx[16];
	size_t n;

	while ((n = h->dev->ops->receive(h->dev, rx, 16, now)) > 0)
		aksu_input(h->s, rx, n, now);  /* frames that have arrived */
	aksu_advance(h->s, now);               /* timers that are due */
	while (aksu_next_ready(h->s, &ready))  /* sockets that can do more than before */
		echo(h->s, ready.socket, now); /* yours: accept, recv, send, close */
	while ((n = aksu_output(h->s, 0, tx, 16, now)) > 0) {
		h->dev->ops->send(h->dev, tx, n, now);
		aksu_tx_done(h->s, tx, n); /* the payload may be reused */
	}
	return aksu_deadline(h->s); /* sleep until then, or until a frame comes */
}

int main(void)
{
	struct aksu_allocator heap = aksu_malloc_allocator();
	struct sim_wire_config ten_ms = {.delay = 10 * AKSU_MILLISECOND};
	struct sim_link_config cable = {.size = sizeof(cable),
					.allocator = heap,
					.wire = {ten_ms, ten_ms}};
	struct sim_link *link = sim_link_new(&cable);
	struct aksu_addr addr[2] = {aksu_addr_v4(10, 0, 0, 1), aksu_addr_v4(10, 0, 0, 2)};
	struct aksu_endpoint port7 = {addr[1], 7};
	struct host host[2];
	aksu_socket h;

	for (unsigned k = 0; k < 2; k++) {
		host[k].dev = sim_link_end(link, k);
		host[k].s = sim_stack_new(NULL, &heap, k, host[k].dev, &addr[k], 24, 0);
	}
	aksu_bind(host[1].s, h = aksu_socket_tcp(host[1].s), &port7);
	aksu_listen(host[1].s, h, 16);
	aksu_connect(host[0].s, h = aksu_socket_tcp(host[0].s), &port7, 0);
	aksu_send(host[0].s, h, "annyeong", 8, 0, 0);
	for (aksu_time now = 0; now < AKSU_SECOND; now += AKSU_MILLISECOND)
		turn(&host[0], now), turn(&host[1], now);
	printf("in one second the word crossed the cable %u times\n", crossings);
	aksu_free(host[0].s), aksu_free(host[1].s), sim_link_free(link);
	return 0;
}
