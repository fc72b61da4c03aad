/* SPDX-License-Identifier: MIT */
/*
 * support/stack_bench.c - see stack_bench.h.
 */
#include "support/stack_bench.h"

#include "wire/checksum.h"

static void *take_memory(void *ctx, size_t size, size_t align)
{
	struct stack_bench *b = ctx;
	void *p = NULL;

	if (b->fail_after == 0)
		return NULL;
	if (b->fail_after > 0)
		b->fail_after--;
	if (posix_memalign(&p, align < sizeof(void *) ? sizeof(void *) : align, size) != 0)
		return NULL;
	memset(p, 0xa5, size); /* nobody may count on zeros */
	b->held += size;
	b->blocks++;
	return p;
}

static void give_memory(void *ctx, void *mem, size_t size)
{
	struct stack_bench *b = ctx;

	b->held -= size;
	b->blocks--;
	free(mem);
}

static void on_panic(void *ctx, const char *file, int line, const char *what)
{
	struct stack_bench *b = ctx;

	b->panicked = true;
	snprintf(b->panic, sizeof(b->panic), "%s:%d: %s", file, line, what);
}

struct aksu_addr bench_addr(const char *text)
{
	struct aksu_addr a;

	assert_true(aksu_addr_parse(text, &a));
	return a;
}

static void start_node(struct stack_bench *b, int k, const struct bench_options *o)
{
	struct bench_node *n = &b->n[k];
	struct aksu_config config = o->config;
	struct aksu_link_config link = {
		.size = sizeof(link),
		.kind = o->kind,
		.mtu = o->mtu != 0 ? o->mtu : 1500,
		.features = o->features,
		.tso_max = o->tso_max,
		.queue = o->queue,
		.mac = {2, 0, 0, 0, 0, (uint8_t)(k + 1)},
	};

	config.size = sizeof(config);
	config.allocator = (struct aksu_allocator){take_memory, give_memory, b};
	memset(config.entropy, 0x11 * (k + 1), sizeof(config.entropy));
	config.panic = on_panic;
	config.panic_ctx = b;
	if (o->events != 0) {
		n->events.events = calloc(BENCH_EVENTS, sizeof(struct aksu_event));
		n->events.cap = BENCH_EVENTS;
		config.events = &n->events;
		config.event_mask = o->events;
	}
	n->s = aksu_new(&config, b->now);
	assert_non_null(n->s);
	n->link = aksu_link_add(n->s, &link, b->now);
	assert_true(n->link >= 0);
	n->v4 = bench_addr(k == 0 ? "10.0.0.1" : "10.0.0.2");
	n->v6 = bench_addr(k == 0 ? "fd00::1" : "fd00::2");
	assert_int_equal(aksu_addr_add(n->s, n->link, &n->v4, 24), 0);
	if (link.mtu >= 1280)
		assert_int_equal(aksu_addr_add(n->s, n->link, &n->v6, 64), 0);
}

void bench_start(struct stack_bench *b, int nodes, const struct bench_options *given)
{
	struct bench_options none = {0};

	*b = (struct stack_bench){
		.nodes = nodes,
		.now = 1000 * AKSU_SECOND,
		.fail_after = -1,
		.prng = prng_from(1),
	};
	if (given != NULL)
		b->kind = given->kind;
	for (int k = 0; k < nodes; k++)
		start_node(b, k, given != NULL ? given : &none);
}

static void must_hold(struct stack_bench *b)
{
	for (int k = 0; k < b->nodes; k++)
		(void)aksu_check(b->n[k].s);
	if (b->panicked)
		fail_msg("%s", b->panic);
}

void bench_end(struct stack_bench *b)
{
	must_hold(b);
	for (int k = 0; k < b->nodes; k++) {
		aksu_free(b->n[k].s);
		free(b->n[k].events.events);
	}
	if (b->held != 0 || b->blocks != 0)
		fail_msg("%zu octets in %ld blocks were not given back", b->held, b->blocks);
}

/* ---------------------------------------------------------------- two nodes */

static size_t carry(struct stack_bench *b, int from)
{
	static struct aksu_tx tx[8];
	static uint8_t frame[BENCH_FRAME];
	struct bench_node *n = &b->n[from], *to = &b->n[!from];
	size_t count = aksu_output(n->s, n->link, tx, 8, b->now);

	for (size_t i = 0; i < count; i++) {
		struct aksu_rx rx = {.data = frame, .link = (uint16_t)to->link};

		rx.len = (uint32_t)aksu_tx_copy(&tx[i], frame, sizeof(frame));
		assert_true(rx.len > 0);
		rx.checksum = tx[i].checksum != 0 ? AKSU_CHECKSUM_PARTIAL : AKSU_CHECKSUM_UNKNOWN;
		if (tx[i].mss != 0) {
			rx.mss = tx[i].mss;
			rx.segments = (uint16_t)((tx[i].len - tx[i].head_len + tx[i].mss - 1u) /
						 tx[i].mss);
		}
		b->frames++;
		if (b->lose != NULL && b->lose(b, from, frame, rx.len))
			b->lost++;
		else if (b->nodes == 2)
			(void)aksu_input(to->s, &rx, 1, b->now);
	}
	aksu_tx_done(n->s, tx, count);
	return count;
}

size_t bench_shuttle(struct stack_bench *b)
{
	size_t total = 0, n;

	do {
		n = 0;
		for (int k = 0; k < b->nodes; k++)
			n += carry(b, k);
		total += n;
		if (total > 1000000)
			fail_msg("frames without end at one moment");
	} while (n > 0);
	must_hold(b);
	return total;
}

void bench_pass(struct stack_bench *b, aksu_time d)
{
	aksu_time end = b->now + d;
	int idle = 0;

	bench_shuttle(b);
	while (b->now < end) {
		aksu_time next = end;
		size_t frames;

		for (int k = 0; k < b->nodes; k++)
			next = min_u64(next, aksu_deadline(b->n[k].s));
		idle = next > b->now ? 0 : idle + 1;
		b->now = max_u64(next, b->now);
		for (int k = 0; k < b->nodes; k++)
			aksu_advance(b->n[k].s, b->now);
		frames = bench_shuttle(b);
		if (idle > 100 && frames == 0)
			fail_msg("a deadline that stays in the past");
	}
}

/* ---------------------------------------------------------------- the test as a peer */

static bool read_ip(const uint8_t *p, size_t n, struct bench_packet *out)
{
	struct ipv4 v4;
	struct ipv6 v6;

	if (p[0] >> 4 == 4) {
		assert_int_equal(ipv4_parse(p, n, &v4), AKSU_DROP_NONE);
		out->src = v4.src;
		out->dst = v4.dst;
		out->protocol = v4.protocol;
		out->ttl = v4.ttl;
		out->tos = v4.tos;
		out->df = v4.dont_fragment;
		out->len = v4.payload_len;
		memcpy(out->payload, v4.payload, v4.payload_len);
	} else {
		assert_int_equal(ipv6_parse(p, n, &v6), AKSU_DROP_NONE);
		out->src = v6.src;
		out->dst = v6.dst;
		out->protocol = v6.next;
		out->ttl = v6.hop_limit;
		out->tos = v6.tclass;
		out->df = true;
		out->len = v6.payload_len;
		memcpy(out->payload, v6.payload, v6.payload_len);
	}
	return true;
}

bool bench_take(struct stack_bench *b, struct bench_packet *out)
{
	static uint8_t frame[BENCH_FRAME];
	struct bench_node *n = &b->n[0];
	struct aksu_tx tx;
	size_t len, skip = b->kind == AKSU_LINK_ETHERNET ? 14 : 0;

	memset(&tx, 0x5a, sizeof(tx)); /* what the core does not fill in is nonsense */
	if (aksu_output(n->s, n->link, &tx, 1, b->now) == 0)
		return false;
	len = aksu_tx_copy(&tx, frame, sizeof(frame));
	*out = (struct bench_packet){.frame_len = (uint32_t)len, .mss = tx.mss};
	out->partial = tx.checksum;
	aksu_tx_done(n->s, &tx, 1);
	b->frames++;
	if (skip > 0 && frame[12] == 8 && frame[13] == 6) {
		out->protocol = 255; /* ARP */
		out->len = (uint32_t)(len - skip);
		memcpy(out->payload, frame + skip, out->len);
		return true;
	}
	read_ip(frame + skip, len - skip, out);
	if (out->protocol != 6)
		return true;
	assert_int_equal(tcp_parse(out->payload, out->len, &out->seg), AKSU_DROP_NONE);
	out->checksum_good = csum_good(csum_add(csum_pseudo(&out->src, &out->dst, 6, out->len),
						csum_of(out->payload, out->len)));
	return true;
}

const struct tcp_seg *bench_take_tcp(struct stack_bench *b, struct bench_packet *out)
{
	if (!bench_take(b, out) || out->protocol != 6)
		fail_msg("a segment was awaited");
	return &out->seg;
}

void bench_silent(struct stack_bench *b)
{
	static struct bench_packet p;

	if (bench_take(b, &p))
		fail_msg("silence was awaited: protocol %u, flags %02x", p.protocol, p.seg.flags);
}

static size_t give_frame(struct stack_bench *b, const uint8_t *packet, size_t n)
{
	static uint8_t frame[BENCH_FRAME];
	struct aksu_rx rx = b->as;

	rx.data = packet;
	rx.len = (uint32_t)n;
	rx.link = (uint16_t)b->n[0].link;
	if (b->kind == AKSU_LINK_ETHERNET) {
		static const uint8_t head[12] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2};

		memcpy(frame, head, 12);
		frame[12] = packet[0] >> 4 == 4 ? 0x08 : 0x86;
		frame[13] = packet[0] >> 4 == 4 ? 0x00 : 0xdd;
		memcpy(frame + 14, packet, n);
		rx.data = frame;
		rx.len += 14;
	}
	return aksu_input(b->n[0].s, &rx, 1, b->now);
}

static size_t give_ip(struct stack_bench *b, const struct aksu_addr *src,
		      const struct aksu_addr *dst, uint8_t protocol, const uint8_t *payload,
		      size_t n)
{
	static uint8_t packet[BENCH_FRAME];
	struct ip_out ip = {
		.src = *src,
		.dst = *dst,
		.payload_len = (uint32_t)n,
		.protocol = protocol,
		.ttl = 64,
		.dont_fragment = true,
	};
	size_t head = ip_emit(&ip, packet);

	memcpy(packet + head, payload, n);
	return give_frame(b, packet, head + n);
}

void bench_give_ip(struct stack_bench *b, const struct aksu_addr *src, const struct aksu_addr *dst,
		   uint8_t protocol, const uint8_t *payload, size_t n)
{
	(void)give_ip(b, src, dst, protocol, payload, n);
}

size_t bench_give(struct stack_bench *b, const struct aksu_addr *src, const struct aksu_addr *dst,
		  const struct tcp_seg *seg)
{
	static uint8_t segment[BENCH_FRAME];
	size_t head = tcp_emit(seg, segment);
	uint16_t sum;

	if (seg->text_len > 0)
		memcpy(segment + head, seg->text, seg->text_len);
	sum = csum_finish(csum_add(csum_pseudo(src, dst, 6, (uint32_t)(head + seg->text_len)),
				   csum_of(segment, head + seg->text_len)));
	segment[16] = (uint8_t)(sum >> 8);
	segment[17] = (uint8_t)sum;
	return give_ip(b, src, dst, 6, segment, head + seg->text_len);
}

void bench_give_error(struct stack_bench *b, const struct aksu_addr *router,
		      const struct bench_packet *about, enum icmp_kind kind, uint8_t code,
		      uint32_t mtu)
{
	static uint8_t quote[BENCH_FRAME], message[BENCH_FRAME], head[ICMP_HEAD_MAX];
	struct ip_out ip = {
		.src = about->src,
		.dst = about->dst,
		.payload_len = about->len,
		.protocol = about->protocol,
		.ttl = 60,
		.dont_fragment = true,
	};
	size_t n = ip_emit(&ip, quote), len;
	struct icmp m = {.kind = kind, .code = code, .mtu = mtu, .data = quote};
	bool v4 = aksu_addr_is_v4(&about->src);

	memcpy(quote + n, about->payload, about->len);
	m.len = min_size(n + about->len, v4 ? 548 : 1232);
	len = v4 ? icmp4_emit(&m, head) : icmp6_emit(&m, router, &about->src, head);
	assert_true(len > 0);
	memcpy(message, head, len);
	memcpy(message + len, quote, m.len);
	(void)give_ip(b, router, &about->src, v4 ? 1 : 58, message, len + m.len);
}

/* ---------------------------------------------------------------- a peer that the test plays */

struct bench_peer bench_peer(const char *addr, uint16_t port, const struct aksu_addr *to,
			     uint16_t to_port)
{
	return (struct bench_peer){
		.addr = bench_addr(addr),
		.to = *to,
		.port = port,
		.to_port = to_port,
		.seq = 1000,
		.mss = 1460,
		.window = 65535,
		.tsval = 5000,
		.options = AKSU_OPT_MSS,
	};
}

size_t bench_say(struct stack_bench *b, struct bench_peer *p, uint8_t flags, const char *text)
{
	struct tcp_seg seg = {
		.src_port = p->port,
		.dst_port = p->to_port,
		.seq = seq_at(p->seq),
		.ack = seq_at(flags & AKSU_ACK ? p->ack : 0),
		.flags = flags,
		.rawwnd = p->window,
		.text = (const uint8_t *)text,
		.text_len = text != NULL ? (uint32_t)strlen(text) : 0,
	};

	if (flags & AKSU_SYN)
		seg.opts.present = p->options;
	else
		seg.opts.present = p->options & AKSU_OPT_TS;
	seg.opts.mss = p->mss;
	seg.opts.wscale = p->wscale;
	seg.opts.tsval = ts_at(p->tsval);
	seg.opts.tsecr = ts_at(p->tsecr);
	seg_measure(&seg);
	p->seq += seg.len;
	return bench_give(b, &p->addr, &p->to, &seg);
}

const struct tcp_seg *bench_hear(struct stack_bench *b, struct bench_peer *p,
				 struct bench_packet *out)
{
	const struct tcp_seg *seg = bench_take_tcp(b, out);

	assert_true(aksu_addr_equal(&out->dst, &p->addr) && aksu_addr_equal(&out->src, &p->to));
	assert_int_equal(seg->dst_port, p->port);
	assert_int_equal(seg->src_port, p->to_port);
	assert_true(out->checksum_good || out->partial);
	if (!seg_has(seg, AKSU_RST))
		p->ack = seq_raw(seg_end(seg));
	p->tsecr = ts_raw(seg->opts.tsval);
	return seg;
}

void bench_shake(struct stack_bench *b, struct bench_peer *p)
{
	static struct bench_packet out;

	assert_int_equal(bench_say(b, p, AKSU_SYN, NULL), 1);
	assert_int_equal(bench_hear(b, p, &out)->flags, AKSU_SYN | AKSU_ACK);
	assert_int_equal(bench_say(b, p, AKSU_ACK, NULL), 1);
}

/* ---------------------------------------------------------------- shortcuts */

aksu_socket bench_listen(struct stack_bench *b, int node, uint16_t port, unsigned backlog)
{
	struct aksu *s = b->n[node].s;
	aksu_socket l = aksu_socket_tcp(s);

	assert_int_equal(aksu_bind(s, l, &(struct aksu_endpoint){.port = port}), 0);
	assert_int_equal(aksu_listen(s, l, backlog), 0);
	return l;
}

aksu_socket bench_connect(struct stack_bench *b, int node, const struct aksu_addr *to,
			  uint16_t port)
{
	struct aksu *s = b->n[node].s;
	aksu_socket c = aksu_socket_tcp(s);

	assert_int_equal(aksu_connect(s, c, &(struct aksu_endpoint){*to, port}, b->now), 0);
	return c;
}

uint8_t bench_state(const struct stack_bench *b, int node, aksu_socket h)
{
	struct aksu_info info;

	assert_int_equal(aksu_info(b->n[node].s, h, &info), 0);
	return info.state;
}

uint64_t bench_drops(const struct stack_bench *b, int node, enum aksu_drop reason)
{
	return aksu_counters(b->n[node].s)->drops[reason];
}

uint32_t bench_news(struct stack_bench *b, int node, aksu_socket h)
{
	struct aksu_ready r;

	while (aksu_next_ready(b->n[node].s, &r))
		if (aksu_socket_equal(r.socket, h))
			return r.events;
	return 0;
}

int64_t bench_option(struct stack_bench *b, int node, aksu_socket h, enum aksu_option option)
{
	int64_t v = -12345;

	assert_int_equal(aksu_get_option(b->n[node].s, h, option, &v), 0);
	return v;
}
