/* SPDX-License-Identifier: MIT */
/*
 * stack/instance.c - the life of an instance: what it is made of, and how all of it is given back.
 */
#include "base/bytes.h"
#include "stack/stack.h"

#define BUFFER_DEFAULT (128u << 10)
/* What a window scale of 8 says: 100 Mbit/s over 1.3 s, 1 Gbit/s over 130 ms. */
#define BUFFER_GROWN      (65535u << 8)
#define BUFFER_MIN        256u
#define BUFFER_MAX        (1u << 30) /* a window is at most 2^30 (RFC 7323 2.3) */
#define SYN_QUEUE_DEFAULT 1024u
#define MSL_DEFAULT       seconds(30)
#define MSL_MAX           seconds(240)
#define CONFIG_SIZE_MIN   offsetof(struct aksu_config, budget)

/* ---------------------------------------------------------------- birth */

static uint32_t buffer_or_default(uint32_t n)
{
	return n == 0 ? BUFFER_DEFAULT : max_u32(min_u32(n, BUFFER_MAX), BUFFER_MIN);
}

/* One size that was asked for and no other stays; with neither, the default grows. */
static uint32_t buffer_most(uint32_t first, uint32_t most)
{
	return most == 0 && first == 0 ? BUFFER_GROWN : min_u32(most, BUFFER_MAX);
}

static bool first_conf(struct aksu *s, const struct aksu_config *config)
{
	struct tcp_conf *conf = mem_alloc(&s->env.mem, sizeof(*conf), _Alignof(struct tcp_conf));

	if (conf == NULL)
		return false;
	*conf = (struct tcp_conf){
		.refs = 1,
		.sndbuf = buffer_or_default(config->send_buffer),
		.rcvbuf = buffer_or_default(config->receive_buffer),
		.sndmax = buffer_most(config->send_buffer, config->send_buffer_max),
		.rcvmax = buffer_most(config->receive_buffer, config->receive_buffer_max),
		.rcvlowat = 1,
		.user_timeout = USER_TIMEOUT_DEFAULT,
		.syn_timeout = SYN_TIMEOUT_DEFAULT,
		.keep_idle = KEEPALIVE_IDLE_DEFAULT,
		.keep_interval = KEEPALIVE_INTERVAL_DEFAULT,
		.keep_count = KEEPALIVE_COUNT_DEFAULT,
		.linger_ns = -1,
		.ecn = AKSU_ECN_ACCEPT,
		.cc = (uint8_t)config->congestion,
	};
	s->conf = conf;
	return true;
}

/* Each use has a key of its own, drawn from what the caller gave (D13). */
static struct hash_key derive(const struct aksu_config *config, uint8_t use)
{
	struct hash_key a = hash_key_from(config->entropy), b = hash_key_from(config->entropy + 16);

	return (struct hash_key){siphash(&a, &use, 1), siphash(&b, &use, 1)};
}

static void derive_keys(struct aksu *s, const struct aksu_config *config)
{
	struct hash_key chance = derive(config, 6);

	s->key_flow = derive(config, 1);
	s->key_isn = derive(config, 2);
	s->key_port = derive(config, 3);
	s->key_ts = derive(config, 4);
	s->key_cookie = derive(config, 5);
	s->env.prng = prng_from(chance.k0 ^ chance.k1 ^ config->seed);
	s->isn_seed = (uint32_t)config->seed;
}

static void init_env(struct aksu *s, const struct aksu_config *config)
{
	s->env.msl = config->msl == 0 ? MSL_DEFAULT : nanoseconds(min_u64(config->msl, MSL_MAX.ns));
	s->env.rto_min = config->rto_min == 0 ? RTO_INITIAL : nanoseconds(config->rto_min);
	s->env.panic = config->panic;
	s->env.panic_ctx = config->panic_ctx;
	s->env.events.ring = config->events;
	s->env.events.mask = config->events != NULL ? config->event_mask : 0;
	pool_init(&s->env.exts, &s->env.mem, tcb_ext_size());
	pool_init(&s->conns, &s->env.mem, sizeof(struct conn));
	pool_init(&s->syns, &s->env.mem, sizeof(struct syn_entry));
	pool_init(&s->timewaits, &s->env.mem, sizeof(struct timewait_entry));
	pool_init(&s->bounds, &s->env.mem, sizeof(struct bound));
	s->syns.max = s->timewaits.max = SMALL_MAX;
	s->syn_queue = config->syn_queue != 0 ? config->syn_queue : SYN_QUEUE_DEFAULT;
}

static void init_lists(struct aksu *s)
{
	const struct fifo none = {POOL_NONE, POOL_NONE};

	s->news = s->bound_news = s->local.ready = s->nowhere.ready = LIST_EMPTY;
	s->timewait_fifo = none;
	for (unsigned l = 0; l < SYN_LEVELS; l++)
		s->syn_fifo[l] = none;
	for (unsigned i = 0; i < BOUND_BUCKETS; i++)
		s->bound_bucket[i] = POOL_NONE;
	s->local.local = s->nowhere.local = true;
	s->local.number = IP_LOCAL;
	s->nowhere.number = NOWHERE;
}

/* A caller compiled against an older header knows fewer fields: the rest is zero. */
static bool read_config(struct aksu_config *out, const struct aksu_config *config)
{
	*out = (struct aksu_config){0};
	if (config == NULL || config->size < CONFIG_SIZE_MIN || config->allocator.alloc == NULL ||
	    config->allocator.free == NULL)
		return false;
	memcpy(out, config, min_size(config->size, sizeof(*out)));
	if (out->budget == 0)
		out->budget = AKSU_BUDGET_DEFAULT;
	if ((unsigned)out->congestion >= AKSU_CONGESTION_COUNT)
		return false;
	if (out->events != NULL && (out->events->cap & (out->events->cap - 1)) != 0)
		return false;
	return true;
}

struct aksu *aksu_new(const struct aksu_config *given, aksu_time now)
{
	struct aksu_config config;
	struct mem mem;
	struct aksu *s;

	if (!read_config(&config, given))
		return NULL;
	mem = (struct mem){.from = config.allocator, .budget = config.budget};
	s = mem_alloc(&mem, sizeof(*s), _Alignof(struct aksu));
	if (s == NULL)
		return NULL;
	memset(s, 0, sizeof(*s));
	s->env.mem = mem;
	s->now.ns = s->clock = now;
	s->step_max = CLOCK_LATE_MAX.ns;
	derive_keys(s, &config);
	init_env(s, &config);
	init_lists(s);
	ip_init(&s->ip, &s->env.mem, &s->key_port, s->now);
	wheel_init(&s->wheel, &s->conns, offsetof(struct conn, wheel), s->now);
	if (!flows_init(s) || !first_conf(s, &config)) {
		aksu_free(s);
		return NULL;
	}
	return s;
}

/* ---------------------------------------------------------------- death */

void iface_fini(struct aksu *s, struct iface *i)
{
	for (uint32_t k = 0; k < i->datagrams.count; k++)
		block_unref(RING_AT(&i->datagrams, struct ip_reply, k)->payload.block);
	ring_fini(&i->datagrams, &s->env.mem, sizeof(struct ip_reply));
	ring_fini(&i->control, &s->env.mem, sizeof(struct control));
	if (i->local)
		return;
	link_fini(&i->l);
	mem_free(&s->env.mem, i, sizeof(*i));
}

static void free_sockets(struct aksu *s)
{
	for (uint32_t i = pool_next(&s->conns, 0); i != POOL_NONE;
	     i = pool_next(&s->conns, i + 1)) {
		struct conn *c = conn_at(s, i);

		if (c->t.x != NULL)
			tcb_fini(&c->t);
	}
	for (uint32_t i = pool_next(&s->bounds, 0); i != POOL_NONE;
	     i = pool_next(&s->bounds, i + 1))
		udp_drop_queue(s, bound_at(s, i));
}

/* Options that sockets had to themselves: each is freed with its last holder. */
static void free_confs(struct aksu *s)
{
	for (uint32_t i = pool_next(&s->conns, 0); i != POOL_NONE; i = pool_next(&s->conns, i + 1))
		conf_unref(s, conn_at(s, i)->t.conf);
	for (uint32_t i = pool_next(&s->bounds, 0); i != POOL_NONE;
	     i = pool_next(&s->bounds, i + 1))
		conf_unref(s, bound_at(s, i)->conf);
	conf_unref(s, s->conf);
}

void aksu_free(struct aksu *s)
{
	struct mem mem;

	if (s == NULL)
		return;
	s->env.events.mask = 0;
	free_confs(s);
	free_sockets(s);
	for (unsigned k = 0; k < LINKS_MAX; k++)
		if (s->ifaces[k] != NULL)
			iface_fini(s, s->ifaces[k]);
	iface_fini(s, &s->local);
	iface_fini(s, &s->nowhere);
	ip_fini(&s->ip);
	flows_fini(s);
	pool_fini(&s->conns);
	pool_fini(&s->syns);
	pool_fini(&s->timewaits);
	pool_fini(&s->bounds);
	pool_fini(&s->env.exts);
	mem = s->env.mem;
	mem_free(&mem, s, sizeof(*s));
}

/* ---------------------------------------------------------------- questions */

size_t aksu_memory_used(const struct aksu *s) { return s->env.mem.used; }

size_t aksu_memory_peak(const struct aksu *s) { return s->env.mem.peak; }

const struct aksu_counters *aksu_counters(const struct aksu *s) { return &s->env.counters; }

void aksu_events(struct aksu *s, struct aksu_event_ring *ring, uint32_t mask)
{
	s->env.events.ring = ring;
	s->env.events.mask = ring != NULL ? mask : 0;
}
