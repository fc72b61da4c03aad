/* SPDX-License-Identifier: MIT */
/*
 * cli/bench_skeleton.c - frames without a stack; see bench_skeleton.h.
 */
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/prng.h"
#include "cli/bench_pair.h"
#include "cli/bench_skeleton.h"
#include "wire/addr.h"
#include "wire/checksum.h"
#include "wire/ipv4.h"
#include "wire/tcp.h"

enum { TEXT = BENCH_MTU - 20 - 32, HEAD = 52 };

static const struct hash_key key = {1, 2};

/* One frame with n octets of text, its checksum made in the pass that copies the text. */
static size_t build(uint8_t *frame, uint32_t seq, const uint8_t *text, size_t n, uint8_t flags)
{
	struct aksu_addr a = aksu_addr_v4(10, 0, 0, 1), b = aksu_addr_v4(10, 0, 0, 2);
	struct tcp_seg seg = {.src_port = 1, .dst_port = 2, .seq = seq_at(seq), .flags = flags};
	struct ipv4 ip = {.ttl = 64, .protocol = 6, .src = a, .dst = b};
	size_t tcp_len;
	csum sum;
	be16 field;

	seg.opts.present = AKSU_OPT_TS;
	tcp_len = tcp_emit(&seg, frame + 20);
	ip.payload_len = (uint16_t)(tcp_len + n);
	(void)ipv4_emit(&ip, frame);
	sum = csum_add(csum_pseudo(&a, &b, 6, (uint32_t)(tcp_len + n)),
		       csum_of(frame + 20, tcp_len));
	if (n > 0)
		sum = csum_add(sum, csum_copy(frame + 20 + tcp_len, text, n));
	field = put16(csum_finish(sum));
	memcpy(frame + 36, &field, sizeof(field));
	return 20 + tcp_len + n;
}

/* Whether the frame is good; its segment. */
static int check(const uint8_t *frame, size_t n, struct tcp_seg *seg)
{
	struct ipv4 ip;
	csum sum;

	if (ipv4_parse(frame, n, &ip) != AKSU_DROP_NONE)
		return 0;
	sum = csum_add(csum_pseudo(&ip.src, &ip.dst, 6, ip.payload_len),
		       csum_of(ip.payload, ip.payload_len));
	return csum_good(sum) && tcp_parse(ip.payload, ip.payload_len, seg) == AKSU_DROP_NONE;
}

/* What is computed must not be optimised away. */
static void keep(int value)
{
	static volatile int sink;

	sink = value;
	(void)sink;
}

void skeleton_bulk(size_t segments)
{
	static uint8_t app[TEXT], queue[TEXT], frame[BENCH_MTU], wire[BENCH_MTU], held[TEXT];
	struct tcp_seg seg;

	for (size_t i = 0; i < segments; i++) {
		size_t n;

		app[0] = (uint8_t)i;
		memcpy(queue, app, TEXT); /* the application's send */
		n = build(frame, (uint32_t)(i * TEXT), queue, TEXT, AKSU_ACK);
		memcpy(wire, frame, n); /* the device */
		if (check(wire, n, &seg))
			memcpy(held, seg.text, seg.text_len); /* the receive queue */
		memcpy(app, held, TEXT);                      /* the application's receive */
		keep(app[TEXT - 1]);
		if (i % 2 == 0)
			continue;
		n = build(frame, (uint32_t)i, NULL, 0, AKSU_ACK);
		memcpy(wire, frame, n);
		keep(check(wire, n, &seg));
	}
}

void skeleton_connections(size_t count)
{
	static const uint8_t flags[7] = {AKSU_SYN, AKSU_SYN | AKSU_ACK,
					 AKSU_ACK, AKSU_FIN | AKSU_ACK,
					 AKSU_ACK, AKSU_FIN | AKSU_ACK,
					 AKSU_ACK};
	static uint8_t frame[BENCH_MTU], wire[BENCH_MTU];
	struct tcp_seg seg;

	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < sizeof(flags); k++) {
			size_t n = build(frame, (uint32_t)i, NULL, 0, flags[k]);

			memcpy(wire, frame, n);
			keep(check(wire, n, &seg));
		}
}

struct skeleton_flow {
	uint8_t tuple[36];
	uint32_t next;
	uint8_t state[216]; /* as much as a connection's core has to be touched */
};

struct skeleton_table {
	size_t flows, mask;
	uint32_t *heads;
	struct skeleton_flow *flow;
	struct prng prng;
	uint8_t frame[BENCH_MTU];
	size_t len;
};

static void tuple_of(uint32_t i, uint8_t out[36])
{
	memset(out, 0, 36);
	memcpy(out, &i, sizeof(i));
}

struct skeleton_table *skeleton_table_new(size_t flows)
{
	struct skeleton_table *t = calloc(1, sizeof(*t));
	static const uint8_t octet[1] = {42};

	if (t == NULL)
		return NULL;
	for (t->mask = 1; t->mask < flows; t->mask *= 2)
		;
	t->heads = malloc(t->mask * sizeof(*t->heads));
	t->flow = calloc(flows, sizeof(*t->flow));
	if (t->heads == NULL || t->flow == NULL) {
		skeleton_table_free(t);
		return NULL;
	}
	memset(t->heads, 0xff, t->mask * sizeof(*t->heads));
	t->mask--;
	t->flows = flows;
	t->prng = prng_from(1);
	t->len = build(t->frame, 1, octet, 1, AKSU_ACK);
	for (uint32_t i = 0; i < flows; i++) {
		uint32_t *head;

		tuple_of(i, t->flow[i].tuple);
		head = &t->heads[siphash(&key, t->flow[i].tuple, 36) & t->mask];
		t->flow[i].next = *head;
		*head = i;
	}
	return t;
}

static struct skeleton_flow *find(struct skeleton_table *t, const uint8_t tuple[36])
{
	uint32_t i = t->heads[siphash(&key, tuple, 36) & t->mask];

	while (i != UINT32_MAX && memcmp(t->flow[i].tuple, tuple, 36) != 0)
		i = t->flow[i].next;
	return i != UINT32_MAX ? &t->flow[i] : NULL;
}

void skeleton_random(struct skeleton_table *t, size_t packets)
{
	uint8_t tuple[36], answer[BENCH_MTU];
	struct tcp_seg seg;

	for (size_t i = 0; i < packets; i++) {
		struct skeleton_flow *f;

		if (!check(t->frame, t->len, &seg))
			return;
		tuple_of(prng_below(&t->prng, (uint32_t)t->flows), tuple);
		f = find(t, tuple);
		if (f == NULL)
			return;
		for (size_t k = 0; k < sizeof(f->state); k += 64)
			f->state[k]++;
		(void)build(answer, f->state[0], NULL, 0, AKSU_ACK);
	}
}

void skeleton_table_free(struct skeleton_table *t)
{
	if (t == NULL)
		return;
	free(t->heads);
	free(t->flow);
	free(t);
}
