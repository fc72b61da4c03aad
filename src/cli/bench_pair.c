/* SPDX-License-Identifier: MIT */
/*
 * cli/bench_pair.c - the pair that is measured; see bench_pair.h.
 */
#include <string.h>

#include <aksu/loop.h>

#include "cli/bench_pair.h"

static struct aksu *instance(uint8_t which, aksu_time msl, size_t budget)
{
	struct aksu_config config = {
		.size = sizeof(config),
		.allocator = aksu_malloc_allocator(),
		.entropy = {which, 'b', 'e', 'n', 'c', 'h'},
		.budget = budget,
		.msl = msl,
		.syn_queue = 65536,
	};

	return aksu_new(&config, 0);
}

bool bench_pair_init(struct bench_pair *p, aksu_time msl, size_t budget)
{
	struct aksu_link_config link = {
		.size = sizeof(link),
		.kind = AKSU_LINK_IP,
		.mtu = BENCH_MTU,
	};

	memset(p, 0, sizeof(*p));
	for (uint8_t k = 0; k < 2; k++) {
		struct aksu_addr addr = aksu_addr_v4(10, 0, 0, (uint8_t)(k + 1));

		p->s[k] = instance(k, msl, budget);
		if (p->s[k] == NULL || aksu_link_add(p->s[k], &link, 0) != 0 ||
		    aksu_addr_add(p->s[k], 0, &addr, 24) != 0)
			return false;
	}
	p->server = (struct aksu_endpoint){aksu_addr_v4(10, 0, 0, 2), BENCH_PORT};
	p->listener = aksu_socket_tcp(p->s[1]);
	return aksu_bind(p->s[1], p->listener, &p->server) == 0 &&
	       aksu_listen(p->s[1], p->listener, 65536) == 0;
}

void bench_pair_fini(struct bench_pair *p)
{
	aksu_free(p->s[0]);
	aksu_free(p->s[1]);
}

size_t bench_take(struct bench_pair *p, int end, struct bench_batch *out)
{
	size_t n = aksu_output(p->s[end], 0, p->tx, BENCH_BATCH, p->now);

	for (size_t i = 0; i < n; i++)
		out->rx[i] = (struct aksu_rx){
			.data = out->frames[i],
			.len = (uint32_t)aksu_tx_copy(&p->tx[i], out->frames[i], BENCH_MTU),
		};
	aksu_tx_done(p->s[end], p->tx, n);
	out->n = n;
	return n;
}

void bench_give(struct bench_pair *p, int end, const struct bench_batch *batch)
{
	aksu_input(p->s[end], batch->rx, batch->n, p->now);
}

size_t bench_shuttle(struct bench_pair *p)
{
	size_t total = 0, before;

	do {
		before = total;
		for (int end = 0; end < 2; end++) {
			total += bench_take(p, end, &p->batch);
			bench_give(p, !end, &p->batch);
		}
	} while (total > before);
	return total;
}

void bench_pass(struct bench_pair *p, aksu_time d)
{
	p->now += d;
	for (int end = 0; end < 2; end++)
		if (aksu_deadline(p->s[end]) <= p->now)
			aksu_advance(p->s[end], p->now);
}

bool bench_open(struct bench_pair *p, aksu_socket *client, aksu_socket *server)
{
	*client = aksu_socket_tcp(p->s[0]);
	if (aksu_connect(p->s[0], *client, &p->server, p->now) != 0)
		return false;
	bench_shuttle(p);
	return aksu_accept(p->s[1], p->listener, server) == 0;
}

void bench_drain_news(struct bench_pair *p)
{
	struct aksu_ready ready;

	for (int end = 0; end < 2; end++)
		while (aksu_next_ready(p->s[end], &ready))
			;
}
