/* SPDX-License-Identifier: MIT */
/*
 * socket/udp_test.c - UDP sockets (RFC 768, RFC 1122 section 4.1).
 */
#include "support/stack_bench.h"

#include "wire/checksum.h"
#include "wire/udp.h"

static struct stack_bench b;
static struct bench_packet got;

static aksu_socket udp(int node, const char *addr, uint16_t port)
{
	aksu_socket u = aksu_socket_udp(b.n[node].s);
	struct aksu_endpoint at = {bench_addr(addr), port};

	assert_true(u.gen != 0);
	assert_int_equal(aksu_bind(b.n[node].s, u, &at), 0);
	return u;
}

static int64_t send_to(int node, aksu_socket u, const struct aksu_addr *to, uint16_t port,
		       const void *data, size_t n)
{
	return aksu_sendto(b.n[node].s, u, data, n, &(struct aksu_endpoint){*to, port}, b.now);
}

/* A wildcard of IPv6 takes both families; the answer goes back by where the question came from. */
static void datagrams_go_there_and_back(void **state)
{
	struct bench_options links[2] = {{.kind = AKSU_LINK_IP}, {.kind = AKSU_LINK_ETHERNET}};

	(void)state;
	for (unsigned k = 0; k < 4; k++) {
		bool v6 = k & 1;
		struct aksu_endpoint from;
		char text[16];
		aksu_socket u, v;

		bench_start(&b, 2, &links[k / 2]);
		u = udp(1, "::", 53);
		v = aksu_socket_udp(b.n[0].s);
		assert_int_equal(bench_news(&b, 1, u), 0);
		assert_int_equal(send_to(0, v, v6 ? &b.n[1].v6 : &b.n[1].v4, 53, "question", 8), 8);
		bench_shuttle(&b);
		assert_int_equal(bench_news(&b, 1, u), AKSU_READABLE | AKSU_WRITABLE);
		assert_int_equal(aksu_recvfrom(b.n[1].s, u, text, 16, &from), 8);
		assert_true(aksu_addr_equal(&from.addr, v6 ? &b.n[0].v6 : &b.n[0].v4));
		assert_int_equal(aksu_recvfrom(b.n[1].s, u, text, 16, &from), -AKSU_EAGAIN);
		assert_int_equal(aksu_sendto(b.n[1].s, u, "answer", 6, &from, b.now), 6);
		bench_shuttle(&b);
		assert_int_equal(aksu_recvfrom(b.n[0].s, v, text, 16, &from), 6);
		assert_int_equal(from.port, 53);
		assert_memory_equal(text, "answer", 6);
		bench_end(&b);
	}
}

/* 0.0.0.0 is of one family; an exact address goes before a wildcard; a port is taken once. */
static void binding_has_rules(void **state)
{
	aksu_socket any4, exact, u;
	char text[4];

	(void)state;
	bench_start(&b, 2, NULL);
	any4 = udp(1, "0.0.0.0", 9);
	assert_int_equal(send_to(0, aksu_socket_udp(b.n[0].s), &b.n[1].v6, 9, "x", 1), 1);
	bench_shuttle(&b);
	assert_int_equal(aksu_recvfrom(b.n[1].s, any4, text, 4, NULL), -AKSU_EAGAIN);
	assert_int_equal(bench_drops(&b, 1, AKSU_DROP_UDP_NO_SOCKET), 1);
	u = aksu_socket_udp(b.n[1].s);
	assert_int_equal(aksu_bind(b.n[1].s, u, &(struct aksu_endpoint){.port = 9}),
			 -AKSU_EADDRINUSE);
	assert_int_equal(aksu_bind(b.n[1].s, u, &(struct aksu_endpoint){b.n[1].v4, 9}),
			 -AKSU_EADDRINUSE);
	assert_int_equal(aksu_bind(b.n[1].s, u, &(struct aksu_endpoint){b.n[0].v4, 10}),
			 -AKSU_EADDRNOTAVAIL);
	exact = udp(1, "fd00::2", 9);
	assert_int_equal(send_to(0, aksu_socket_udp(b.n[0].s), &b.n[1].v6, 9, "y", 1), 1);
	bench_shuttle(&b);
	assert_int_equal(aksu_recvfrom(b.n[1].s, exact, text, 4, NULL), 1);
	/* TCP has ports of its own. */
	bench_listen(&b, 1, 9, 1);
	bench_end(&b);
}

/* A connected socket hears its peer only, and that nobody is there. */
static void a_connected_socket_hears_its_peer(void **state)
{
	struct aksu_endpoint peer = {.port = 7};
	aksu_socket u, v, w;
	char text[8];

	(void)state;
	bench_start(&b, 2, NULL);
	u = aksu_socket_udp(b.n[0].s);
	assert_int_equal(aksu_send(b.n[0].s, u, "x", 1, 0, b.now), -AKSU_ENOTCONN);
	peer.addr = b.n[1].v4;
	assert_int_equal(aksu_connect(b.n[0].s, u, &peer, b.now), 0);
	assert_int_equal(aksu_send(b.n[0].s, u, "hello", 5, 0, b.now), 5);
	bench_shuttle(&b);
	/* RFC 1122 4.1.3.3: port unreachable comes back, once. */
	assert_true(bench_news(&b, 0, u) & AKSU_ERROR);
	assert_int_equal(aksu_recv(b.n[0].s, u, text, 8, b.now), -AKSU_ECONNREFUSED);
	assert_int_equal(aksu_recv(b.n[0].s, u, text, 8, b.now), -AKSU_EAGAIN);
	v = udp(1, "::", 7);
	w = udp(1, "::", 8);
	aksu_send(b.n[0].s, u, "hello", 5, 0, b.now);
	bench_shuttle(&b);
	{
		struct aksu_endpoint from;

		assert_int_equal(aksu_recvfrom(b.n[1].s, v, text, 8, &from), 5);
		aksu_sendto(b.n[1].s, w, "stranger", 8, &from, b.now);
		aksu_sendto(b.n[1].s, v, "peer", 4, &from, b.now);
	}
	bench_shuttle(&b);
	assert_int_equal(aksu_recv(b.n[0].s, u, text, 8, b.now), 4);
	assert_int_equal(aksu_recv(b.n[0].s, u, text, 8, b.now), -AKSU_EAGAIN);
	bench_end(&b);
}

/* What does not fit is lost, and the whole length is told; empty ones are datagrams too. */
static void truncation_tells_the_whole_length(void **state)
{
	aksu_socket u, v;
	char text[4] = {0};

	(void)state;
	bench_start(&b, 2, NULL);
	u = udp(1, "::", 7);
	v = aksu_socket_udp(b.n[0].s);
	send_to(0, v, &b.n[1].v4, 7, "0123456789", 10);
	send_to(0, v, &b.n[1].v4, 7, NULL, 0);
	send_to(0, v, &b.n[1].v4, 7, "z", 1);
	bench_shuttle(&b);
	assert_int_equal(aksu_recvfrom(b.n[1].s, u, text, 4, NULL), 10);
	assert_memory_equal(text, "0123", 4);
	assert_int_equal(aksu_recvfrom(b.n[1].s, u, NULL, 0, NULL), 0);
	assert_int_equal(aksu_recvfrom(b.n[1].s, u, text, 4, NULL), 1);
	bench_end(&b);
}

/* Queues are bounded in octets and in number; what is over is dropped by name. */
static void queues_are_bounded(void **state)
{
	static uint8_t kilo[1000];
	aksu_socket u, v;
	unsigned n = 0;

	(void)state;
	bench_start(&b, 2, NULL);
	u = udp(1, "::", 7);
	v = aksu_socket_udp(b.n[0].s);
	assert_int_equal(aksu_set_option(b.n[1].s, u, AKSU_SO_RCVBUF, 5500, b.now), 0);
	for (unsigned k = 0; k < 10; k++) {
		send_to(0, v, &b.n[1].v4, 7, kilo, sizeof(kilo));
		bench_shuttle(&b);
	}
	assert_int_equal(bench_drops(&b, 1, AKSU_DROP_UDP_QUEUE_FULL), 5);
	while (aksu_recvfrom(b.n[1].s, u, kilo, sizeof(kilo), NULL) >= 0)
		n++;
	assert_int_equal(n, 5);
	for (unsigned k = 0; k < 1000; k++) {
		send_to(0, v, &b.n[1].v4, 7, NULL, 0);
		bench_shuttle(&b);
	}
	for (n = 0; aksu_recvfrom(b.n[1].s, u, kilo, sizeof(kilo), NULL) >= 0; n++)
		;
	assert_in_range(n, 100, 600);
	bench_end(&b);
}

/* -AKSU_EAGAIN is followed by AKSU_WRITABLE: who waits for it does not wait for ever. */
static void a_full_queue_tells_when_there_is_room(void **state)
{
	aksu_socket u, v;
	unsigned n = 0;
	int64_t result;

	(void)state;
	bench_start(&b, 2, NULL);
	u = aksu_socket_udp(b.n[0].s);
	v = aksu_socket_udp(b.n[0].s);
	while ((result = send_to(0, u, &b.n[1].v4, 7, "x", 1)) == 1)
		n++;
	assert_int_equal(result, -AKSU_EAGAIN);
	assert_in_range(n, 100, 1000);
	assert_int_equal(bench_news(&b, 0, u), 0);
	bench_shuttle(&b);
	assert_int_equal(bench_news(&b, 0, u), AKSU_WRITABLE);
	assert_int_equal(bench_news(&b, 0, v), 0);
	assert_int_equal(send_to(0, u, &b.n[1].v4, 7, "x", 1), 1);
	bench_end(&b);
}

static void sixty_thousand_octets_are_cut_and_put_together(void **state)
{
	static uint8_t out[65507], in[65507];
	const size_t sizes[] = {1472, 1473, 60000, 65507};

	(void)state;
	for (int v6 = 0; v6 < 2; v6++) {
		aksu_socket u, v;

		bench_start(&b, 2, NULL);
		u = udp(1, "::", 7);
		v = aksu_socket_udp(b.n[0].s);
		for (unsigned k = 0; k < COUNT_OF(sizes); k++) {
			for (size_t i = 0; i < sizes[k]; i++)
				out[i] = (uint8_t)(i * 11 >> 3);
			assert_int_equal(send_to(0, v, v6 ? &b.n[1].v6 : &b.n[1].v4, 7, out,
						 sizes[k]),
					 sizes[k]);
			bench_shuttle(&b);
			assert_int_equal(aksu_recvfrom(b.n[1].s, u, in, sizeof(in), NULL),
					 sizes[k]);
			assert_memory_equal(in, out, sizes[k]);
		}
		assert_int_equal(send_to(0, v, &b.n[1].v4, 7, out, 65508), -AKSU_EMSGSIZE);
		bench_end(&b);
	}
}

/* RFC 1122 4.1.3.4: no checksum is right in IPv4, wrong in IPv6; a wrong one is dropped. */
static void checksums_are_looked_at(void **state)
{
	struct udp u = {.src_port = 5, .dst_port = 7, .text = (const uint8_t *)"hi", .text_len = 2};
	uint8_t packet[10];
	aksu_socket s;
	char text[4];

	(void)state;
	bench_start(&b, 1, NULL);
	s = udp(0, "::", 7);
	for (int v6 = 0; v6 < 2; v6++)
		for (int how = 0; how < 3; how++) {
			struct aksu_addr from = bench_addr(v6 ? "fd00::9" : "10.0.0.9"),
					 *to = v6 ? &b.n[0].v6 : &b.n[0].v4;
			bool good = how == 0 || (how == 1 && !v6);

			udp_emit(&u, &from, to, packet);
			memcpy(packet + 8, "hi", 2);
			if (how == 1)
				packet[6] = packet[7] = 0;
			if (how == 2)
				packet[7] ^= 1;
			bench_give_ip(&b, &from, to, 17, packet, 10);
			assert_int_equal(aksu_recvfrom(b.n[0].s, s, text, 4, NULL),
					 good ? 2 : -AKSU_EAGAIN);
		}
	assert_int_equal(bench_drops(&b, 0, AKSU_DROP_UDP_CHECKSUM), 3);
	bench_end(&b);
}

/* What a device verified is not summed: it may never have been filled in. */
static void a_partial_checksum_is_none(void **state)
{
	struct udp u = {.src_port = 5, .dst_port = 7, .text = (const uint8_t *)"hi", .text_len = 2};
	uint8_t packet[30];
	struct aksu_rx rx = {.data = packet, .len = 30, .checksum = AKSU_CHECKSUM_PARTIAL};
	struct ip_out ip = {.payload_len = 10, .protocol = 17, .ttl = 1};
	aksu_socket s;

	(void)state;
	bench_start(&b, 1, NULL);
	s = udp(0, "::", 7);
	ip.src = bench_addr("10.0.0.9");
	ip.dst = b.n[0].v4;
	ip_emit(&ip, packet);
	udp_emit(&u, &ip.src, &ip.dst, packet + 20);
	memcpy(packet + 28, "hi", 2);
	packet[26] ^= 0x55;
	rx.link = (uint16_t)b.n[0].link;
	assert_int_equal(aksu_input(b.n[0].s, &rx, 1, b.now), 1);
	assert_int_equal(aksu_recvfrom(b.n[0].s, s, packet, 4, NULL), 2);
	bench_end(&b);
}

/* Port unreachable goes out for a closed port, but never to many. */
static void a_closed_port_is_told(void **state)
{
	struct udp u = {.src_port = 5, .dst_port = 7};
	struct aksu_addr from, to;
	uint8_t packet[8];

	(void)state;
	bench_start(&b, 1, NULL);
	from = bench_addr("10.0.0.9");
	udp_emit(&u, &from, &b.n[0].v4, packet);
	bench_give_ip(&b, &from, &b.n[0].v4, 17, packet, 8);
	assert_true(bench_take(&b, &got));
	assert_int_equal(got.protocol, 1);
	assert_int_equal(got.payload[0], 3);
	assert_int_equal(got.payload[1], 3);
	to = bench_addr("10.0.0.255");
	udp_emit(&u, &from, &to, packet);
	bench_give_ip(&b, &from, &to, 17, packet, 8);
	bench_silent(&b);
	bench_end(&b);
}

/* The broadcast of a subnet is a broadcast on the wire: nobody is asked for its address. */
static void a_broadcast_needs_no_neighbour(void **state)
{
	struct bench_options o = {.kind = AKSU_LINK_ETHERNET};
	struct aksu_addr to;
	aksu_socket u, v;
	char text[4];

	(void)state;
	bench_start(&b, 2, &o);
	bench_shuttle(&b); /* announcements */
	u = udp(1, "::", 7);
	v = aksu_socket_udp(b.n[0].s);
	to = bench_addr("10.0.0.255");
	b.frames = 0;
	assert_int_equal(send_to(0, v, &to, 7, "all", 3), 3);
	bench_shuttle(&b);
	assert_int_equal(b.frames, 1);
	assert_int_equal(aksu_recvfrom(b.n[1].s, u, text, 4, NULL), 3);
	bench_end(&b);
}

/* To itself: there, and unreachable as well. */
static void an_instance_talks_to_itself(void **state)
{
	static uint8_t big[30000];
	struct aksu_endpoint to = {.port = 7};
	aksu_socket u, v;
	char text[4];

	(void)state;
	bench_start(&b, 1, NULL);
	to.addr = bench_addr("127.0.0.1");
	v = aksu_socket_udp(b.n[0].s);
	assert_int_equal(aksu_connect(b.n[0].s, v, &to, b.now), 0);
	assert_int_equal(aksu_send(b.n[0].s, v, "x", 1, 0, b.now), 1);
	bench_pass(&b, AKSU_MILLISECOND);
	assert_int_equal(aksu_recv(b.n[0].s, v, text, 4, b.now), -AKSU_ECONNREFUSED);
	u = udp(0, "::", 7);
	assert_int_equal(aksu_send(b.n[0].s, v, big, sizeof(big), 0, b.now), sizeof(big));
	bench_pass(&b, AKSU_MILLISECOND);
	assert_int_equal(aksu_recvfrom(b.n[0].s, u, big, sizeof(big), NULL), sizeof(big));
	assert_int_equal(b.frames, 0);
	bench_end(&b);
}

static void names_and_options_of_the_other_kind(void **state)
{
	aksu_socket u, t, stale;
	int64_t v;
	char text[4];

	(void)state;
	bench_start(&b, 1, NULL);
	u = aksu_socket_udp(b.n[0].s);
	t = aksu_socket_tcp(b.n[0].s);
	stale = aksu_socket_udp(b.n[0].s);
	assert_int_equal(aksu_close(b.n[0].s, stale, b.now), 0);
	assert_int_equal(aksu_listen(b.n[0].s, u, 1), -AKSU_EOPNOTSUPP);
	assert_int_equal(aksu_accept(b.n[0].s, u, &t), -AKSU_EOPNOTSUPP);
	assert_int_equal(aksu_shutdown(b.n[0].s, u, b.now), -AKSU_EOPNOTSUPP);
	assert_int_equal(aksu_peek(b.n[0].s, u, text, 4), -AKSU_EOPNOTSUPP);
	assert_int_equal(aksu_recvfrom(b.n[0].s, t, text, 4, NULL), -AKSU_EOPNOTSUPP);
	assert_int_equal(send_to(0, t, &b.n[0].v4, 7, "x", 1), -AKSU_EOPNOTSUPP);
	assert_int_equal(send_to(0, stale, &b.n[0].v4, 7, "x", 1), -AKSU_EBADF);
	assert_int_equal(aksu_listen(b.n[0].s, stale, 1), -AKSU_EBADF);
	assert_int_equal(aksu_close(b.n[0].s, stale, b.now), -AKSU_EBADF);
	assert_int_equal(aksu_ready(b.n[0].s, stale), 0);
	assert_int_equal(aksu_set_option(b.n[0].s, u, AKSU_TCP_NODELAY, 1, b.now),
			 -AKSU_ENOPROTOOPT);
	assert_int_equal(aksu_get_option(b.n[0].s, u, AKSU_TCP_UNSENT, &v), -AKSU_ENOPROTOOPT);
	assert_int_equal(send_to(0, u, &b.n[0].v4, 0, "x", 1), -AKSU_EINVAL);
	bench_end(&b);
}

/* ------------------------------------------------------------------ tied to a link */

static int tie(aksu_socket u, int64_t link)
{
	return aksu_set_option(b.n[0].s, u, AKSU_SO_LINK, link, b.now);
}

/* A link beside the bench's own, without an address. */
static int second_link(void)
{
	struct aksu_link_config config = {.size = sizeof(config),
					  .kind = AKSU_LINK_IP,
					  .mtu = 1500};
	int link = aksu_link_add(b.n[0].s, &config, b.now);

	assert_true(link > 0);
	return link;
}

/* A datagram comes by a link. */
static void arrives(int link, const char *from, const char *to, uint16_t port)
{
	struct udp u = {.src_port = 67,
			.dst_port = port,
			.text = (const uint8_t *)"hi",
			.text_len = 2};
	uint8_t packet[30];
	struct aksu_rx rx = {.data = packet, .len = 30, .link = (uint16_t)link};
	struct ip_out ip = {.payload_len = 10, .protocol = 17, .ttl = 1};

	ip.src = bench_addr(from);
	ip.dst = bench_addr(to);
	ip_emit(&ip, packet);
	memcpy(packet + 28, "hi", 2);
	udp_emit(&u, &ip.src, &ip.dst, packet + 20);
	aksu_input(b.n[0].s, &rx, 1, b.now);
}

/* Asking for an address takes a datagram from none (RFC 1122 3.2.1.3 (a)), and only then. */
static void rfc1122_3_2_1_3_a_link_without_an_address_broadcasts_from_zero(void **state)
{
	struct aksu_addr all = bench_addr("255.255.255.255"), host = bench_addr("192.0.2.1");
	struct aksu_tx tx;
	aksu_socket u;
	int link;

	(void)state;
	bench_start(&b, 1, NULL);
	link = second_link();
	u = udp(0, "0.0.0.0", 68);
	assert_int_equal(send_to(0, u, &all, 67, "x", 1), -AKSU_ENETUNREACH);
	assert_int_equal(tie(u, link), 0);
	assert_int_equal(send_to(0, u, &all, 67, "x", 1), 1);
	assert_int_equal(send_to(0, u, &host, 67, "x", 1), -AKSU_ENETUNREACH);
	assert_int_equal(aksu_output(b.n[0].s, b.n[0].link, &tx, 1, b.now), 0);
	assert_int_equal(aksu_output(b.n[0].s, link, &tx, 1, b.now), 1);
	assert_memory_equal(tx.head + 12, "\0\0\0\0\xff\xff\xff\xff", 8);
	aksu_tx_done(b.n[0].s, &tx, 1);

	assert_int_equal(aksu_addr_add(b.n[0].s, link, &host, 24), 0);
	assert_int_equal(send_to(0, u, &all, 67, "x", 1), 1);
	assert_int_equal(aksu_output(b.n[0].s, link, &tx, 1, b.now), 1);
	assert_memory_equal(tx.head + 12, "\xc0\0\2\1", 4);
	aksu_tx_done(b.n[0].s, &tx, 1);
	bench_end(&b);
}

/* What waits for a link that is gone, or that took its address away, is not sent elsewhere. */
static void a_tied_datagram_leaves_by_no_other_link(void **state)
{
	struct aksu_addr all = bench_addr("255.255.255.255"), far = bench_addr("203.0.113.1"),
			 net = bench_addr("0.0.0.0");
	struct aksu_tx tx;
	aksu_socket u;
	int link;

	(void)state;
	bench_start(&b, 1, NULL);
	link = second_link();
	assert_int_equal(aksu_route_add(b.n[0].s, b.n[0].link, &net, 0, NULL), 0);
	u = udp(0, "0.0.0.0", 68);
	assert_int_equal(send_to(0, u, &far, 67, "x", 1), 1);
	bench_take(&b, &got);
	assert_int_equal(tie(u, link), 0);
	assert_int_equal(send_to(0, u, &far, 67, "x", 1), -AKSU_ENETUNREACH);
	assert_int_equal(aksu_link_remove(b.n[0].s, link), 0);
	assert_int_equal(send_to(0, u, &all, 67, "x", 1), -AKSU_ENETUNREACH);
	assert_int_equal(aksu_output(b.n[0].s, b.n[0].link, &tx, 1, b.now), 0);
	bench_end(&b);
}

/* One port on two links: each socket hears its own, a third one what comes by any other. */
static void a_tied_socket_hears_its_link_only(void **state)
{
	aksu_socket here, there, any;
	int64_t value;
	char text[4];
	int link;

	(void)state;
	bench_start(&b, 1, NULL);
	link = second_link();
	here = udp(0, "0.0.0.0", 68);
	assert_int_equal(tie(here, b.n[0].link), 0);
	there = aksu_socket_udp(b.n[0].s);
	assert_int_equal(tie(there, link), 0);
	assert_int_equal(aksu_bind(b.n[0].s, there, &(struct aksu_endpoint){.port = 68}), 0);
	assert_int_equal(tie(there, b.n[0].link), -AKSU_EADDRINUSE);
	assert_int_equal(tie(there, -1), 0);
	assert_int_equal(tie(there, link), 0);
	any = udp(0, "0.0.0.0", 68);
	assert_int_equal(aksu_get_option(b.n[0].s, there, AKSU_SO_LINK, &value), 0);
	assert_int_equal(value, link);
	assert_int_equal(aksu_get_option(b.n[0].s, any, AKSU_SO_LINK, &value), 0);
	assert_int_equal(value, -1);

	arrives(link, "192.0.2.9", "255.255.255.255", 68); /* the link has no address */
	assert_int_equal(aksu_recvfrom(b.n[0].s, here, text, 4, NULL), -AKSU_EAGAIN);
	assert_int_equal(aksu_recvfrom(b.n[0].s, any, text, 4, NULL), -AKSU_EAGAIN);
	assert_int_equal(aksu_recvfrom(b.n[0].s, there, text, 4, NULL), 2);
	arrives(link, "0.0.0.0", "255.255.255.255", 68); /* no host: refused as everywhere */
	assert_int_equal(aksu_recvfrom(b.n[0].s, there, text, 4, NULL), -AKSU_EAGAIN);
	assert_int_equal(bench_drops(&b, 0, AKSU_DROP_IP_SOURCE), 1);
	aksu_close(b.n[0].s, there, b.now);
	arrives(link, "192.0.2.9", "255.255.255.255", 68);
	assert_int_equal(aksu_recvfrom(b.n[0].s, any, text, 4, NULL), 2);
	bench_end(&b);
}

static void a_tie_has_rules(void **state)
{
	aksu_socket u, t;
	int64_t value;

	(void)state;
	bench_start(&b, 1, NULL);
	u = aksu_socket_udp(b.n[0].s);
	t = aksu_socket_tcp(b.n[0].s);
	assert_int_equal(tie(u, 7), -AKSU_EINVAL); /* no such link */
	assert_int_equal(tie(u, -2), -AKSU_EINVAL);
	assert_int_equal(tie(u, (int64_t)1 << 40), -AKSU_EINVAL);
	assert_int_equal(tie(t, b.n[0].link), -AKSU_ENOPROTOOPT);
	assert_int_equal(aksu_get_option(b.n[0].s, t, AKSU_SO_LINK, &value), -AKSU_ENOPROTOOPT);
	bench_end(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(datagrams_go_there_and_back),
		cmocka_unit_test(binding_has_rules),
		cmocka_unit_test(a_connected_socket_hears_its_peer),
		cmocka_unit_test(truncation_tells_the_whole_length),
		cmocka_unit_test(queues_are_bounded),
		cmocka_unit_test(a_full_queue_tells_when_there_is_room),
		cmocka_unit_test(sixty_thousand_octets_are_cut_and_put_together),
		cmocka_unit_test(checksums_are_looked_at),
		cmocka_unit_test(a_partial_checksum_is_none),
		cmocka_unit_test(a_closed_port_is_told),
		cmocka_unit_test(a_broadcast_needs_no_neighbour),
		cmocka_unit_test(an_instance_talks_to_itself),
		cmocka_unit_test(names_and_options_of_the_other_kind),
		cmocka_unit_test(rfc1122_3_2_1_3_a_link_without_an_address_broadcasts_from_zero),
		cmocka_unit_test(a_tied_datagram_leaves_by_no_other_link),
		cmocka_unit_test(a_tied_socket_hears_its_link_only),
		cmocka_unit_test(a_tie_has_rules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
