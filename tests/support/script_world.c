/* SPDX-License-Identifier: MIT */
/*
 * support/script_world.c - the instance that a script plays with, its clock, and what it sent.
 *
 * Time is virtual: it moves only in world_run(), from deadline to deadline. After every event
 * world_settle() takes what aksu sends, writes the record of the conversation, and looks at
 * invariants.
 */
#include "support/script.h"

#include "wire/checksum.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	STEPS_MAX = 100000, /* deadlines on one way: more is a loop that does not end */
	MARGIN = 3,         /* below 2^31 and 2^32, so that the first octets cross */
};

/* ---------------------------------------------------------------- saying */

bool fail(struct world *w, const char *format, ...)
{
	va_list args;

	if (w->failed)
		return false;
	w->failed = true;
	va_start(args, format);
	vsnprintf(w->why, sizeof(w->why), format, args);
	va_end(args);
	return false;
}

void note(struct world *w, const char *format, ...)
{
	size_t room = REPORT_MAX - w->report_len;
	va_list args;
	int n;

	if (room < 400) { /* the beginning is forgotten, a line at a time */
		char *half =
			memchr(w->report + REPORT_MAX / 2, '\n', w->report_len - REPORT_MAX / 2);

		half = half != NULL ? half + 1 : w->report + w->report_len;
		w->report_len -= (size_t)(half - w->report);
		memmove(w->report, half, w->report_len);
		room = REPORT_MAX - w->report_len;
	}
	va_start(args, format);
	n = vsnprintf(w->report + w->report_len, room, format, args);
	va_end(args);
	if (n > 0)
		w->report_len += (size_t)n < room ? (size_t)n : room - 1;
}

static void write_report(void *ctx, const char *text, size_t n) { note(ctx, "%.*s", (int)n, text); }

static void on_panic(void *ctx, const char *file, int line, const char *what)
{
	(void)fail(ctx, "an invariant broke: %s:%d: %s", file, line, what);
}

/* ---------------------------------------------------------------- memory */

static void *take(void *ctx, size_t size, size_t align)
{
	struct world *w = ctx;
	void *mem = aligned_alloc(align < 16 ? 16 : align, (size + 63) / 64 * 64);

	if (mem != NULL)
		w->memory += size;
	return mem;
}

static void give(void *ctx, void *mem, size_t size)
{
	struct world *w = ctx;

	if (mem != NULL)
		w->memory -= size;
	free(mem);
}

/* ---------------------------------------------------------------- flows */

static struct aksu_addr address(bool v6, const char *four, const char *six)
{
	struct aksu_addr a;

	if (!aksu_addr_parse(v6 ? six : four, &a))
		abort();
	return a;
}

struct flow *world_flow(struct world *w, const char *name)
{
	struct flow *f;

	for (int i = 0; i < w->flow_count; i++)
		if (strcmp(w->flows[i].name, name) == 0)
			return &w->flows[i];
	if (w->flow_count == FLOWS_MAX) {
		(void)fail(w, "too many connections in one script");
		return &w->flows[0];
	}
	f = &w->flows[w->flow_count];
	*f = (struct flow){.irs = w->flows[0].irs + 7919u * (unsigned)w->flow_count};
	snprintf(f->name, sizeof(f->name), "%s", name);
	f->local.addr = address(w->v6, "192.0.2.1", "2001:db8::1");
	f->local.port = 8080;
	f->remote.addr = address(w->v6, "198.51.100.7", "2001:db8:1::7");
	f->remote.port = (uint16_t)(40000 + w->flow_count);
	w->flow_count++;
	return f;
}

/* ---------------------------------------------------------------- opening */

static void add_network(struct world *w, const struct script *s)
{
	struct aksu_link_config link = {.size = sizeof(link),
					.kind = AKSU_LINK_IP,
					.features = s->features,
					.tso_max = s->cut,
					.mtu = s->mtu + (w->v6 ? 20 : 0)};
	struct aksu_addr ours = address(w->v6, "192.0.2.1", "2001:db8::1");
	struct aksu_addr any = address(w->v6, "0.0.0.0", "::");

	w->link = aksu_link_add(w->s, &link, w->start);
	if (w->link < 0 || aksu_addr_add(w->s, w->link, &ours, w->v6 ? 64 : 24) != 0 ||
	    aksu_route_add(w->s, w->link, &any, 0, NULL) != 0)
		(void)fail(w, "the network cannot be set up");
}

static bool make_instance(struct world *w, const struct script *s, aksu_time start)
{
	struct aksu_config config = s->config;

	config.size = sizeof(config);
	config.allocator = (struct aksu_allocator){take, give, w};
	for (size_t i = 0; i < sizeof(config.entropy); i++)
		config.entropy[i] = (uint8_t)(i * 37 + 11);
	config.events = &w->ring;
	config.event_mask = AKSU_EVENT_BIT(AKSU_EVENT_STATE) | AKSU_EVENT_BIT(AKSU_EVENT_DROP) |
			    AKSU_EVENT_BIT(AKSU_EVENT_TIMER) | AKSU_EVENT_BIT(AKSU_EVENT_ERROR) |
			    AKSU_EVENT_BIT(AKSU_EVENT_LOSS) | AKSU_EVENT_BIT(AKSU_EVENT_CWND);
	config.panic = on_panic;
	config.panic_ctx = w;
	w->start = w->now = start;
	w->s = aksu_new(&config, start);
	if (w->s == NULL)
		return fail(w, "aksu_new() gave nothing");
	add_network(w, s);
	return !w->failed;
}

/* Whether the script opens actively before anything else opens. */
static bool opens_actively(const struct script *s)
{
	for (int i = 0; i < s->count; i++) {
		if (s->steps[i].kind != STEP_COMMAND)
			continue;
		if (strcmp(s->steps[i].word[0], "connect") == 0)
			return true;
		if (strcmp(s->steps[i].word[0], "listen") == 0)
			return false;
	}
	return false;
}

/* Opens as the script will, to see the initial sequence number of this moment. */
static bool first_number(struct world *w, bool active, uint32_t *iss)
{
	struct flow *f = world_flow(w, "");
	struct aksu_endpoint local = {.port = f->local.port};
	aksu_socket h = aksu_socket_tcp(w->s);
	uint8_t packet[PACKET_MAX];
	struct trace_line syn;
	struct mods mods;
	const char *error;
	struct seen seen;

	if (aksu_bind(w->s, h, &local) != 0 || !mods_parse(NULL, &mods, &error) ||
	    !trace_segment_parse("S 0:0(0) win 1000", 17, &syn))
		return false;
	if (active) {
		if (aksu_connect(w->s, h, &f->remote, w->now) != 0)
			return false;
		world_settle(w);
	} else {
		struct aksu_rx rx = {.data = packet, .link = (uint16_t)w->link};

		if (aksu_listen(w->s, h, 1) != 0)
			return false;
		rx.len = (uint32_t)packet_build(w, f, &syn, &mods, packet);
		world_input(w, &rx, 1);
	}
	if (w->head == w->tail || !packet_read(w, &w->queue[w->head % QUEUE_MAX], &seen))
		return false;
	*iss = f->iss;
	return f->iss_known;
}

static void drop_instance(struct world *w)
{
	aksu_free(w->s);
	w->s = NULL;
	w->head = w->tail = 0;
	w->flow_count = 0;
	w->report_len = 0;
	w->ring.head = w->ring.tail = 0;
	memset(w->flows, 0, sizeof(w->flows));
}

/*
 * The initial number follows a clock of 4 us (MUST-8): to have it where we want it the script
 * begins at the right moment.
 */
static aksu_time start_for(struct world *w, const struct script *s, aksu_time base, uint32_t want)
{
	uint32_t iss = 0;
	bool known = make_instance(w, s, base) && first_number(w, opens_actively(s), &iss);

	drop_instance(w);
	w->failed = false;
	return known ? base + (aksu_time)(uint32_t)(want - iss) * 4 * AKSU_MICROSECOND : base;
}

bool world_open(struct world *w, const struct script *s, bool v6, unsigned place)
{
	static const char *const places[] = {"", ", numbers just below 2^32",
					     ", numbers just below 2^31"};
	aksu_time start = 100000 * AKSU_SECOND;
	uint32_t want = place == 1 ? 0u - MARGIN : place == 2 ? 0x80000000u - MARGIN : 0;
	uint32_t irs = place == 0 ? 1000000 : want;

	*w = (struct world){.script = s, .v6 = v6, .place = place};
	snprintf(w->name, sizeof(w->name), "%s%s", v6 ? "IPv6" : "IPv4", places[place]);
	w->ring = (struct aksu_event_ring){.events = w->events, .cap = 64};
	w->queue = malloc(QUEUE_MAX * sizeof(*w->queue));
	w->report = malloc(REPORT_MAX);
	if (w->queue == NULL || w->report == NULL)
		return fail(w, "no memory");
	if (place != 0 || s->iss_set)
		start = start_for(w, s, start, s->iss_set ? s->iss : want);
	if (!make_instance(w, s, start))
		return false;
	world_flow(w, "")->irs = s->irs_set ? s->irs : irs;
	return true;
}

void world_close(struct world *w)
{
	aksu_free(w->s);
	if (w->memory != 0)
		(void)fail(w, "%zu octets of memory were not given back", w->memory);
	free(w->queue);
	free(w->report);
}

/* ---------------------------------------------------------------- what happens */

/* What the stack left to the device. */
static void finish_checksum(struct sent_packet *p, const struct aksu_tx *tx)
{
	uint8_t *from = p->data + tx->csum_start;
	uint16_t sum;

	if (tx->checksum == 0)
		return;
	sum = csum_finish(csum_of(from, p->len - tx->csum_start));
	from[tx->csum_offset] = (uint8_t)(sum >> 8);
	from[tx->csum_offset + 1] = (uint8_t)sum;
}

static void take_frames(struct world *w)
{
	struct aksu_tx tx[8];
	size_t n;

	while ((n = aksu_output(w->s, w->link, tx, 8, w->now)) > 0) {
		for (size_t i = 0; i < n; i++) {
			struct sent_packet *p = &w->queue[w->tail % QUEUE_MAX];

			if (w->tail - w->head == QUEUE_MAX) {
				(void)fail(w, "aksu sends without end");
				break;
			}
			p->at = w->now;
			p->len = aksu_tx_copy(&tx[i], p->data, sizeof(p->data));
			p->mss = tx[i].mss;
			finish_checksum(p, &tx[i]);
			w->tail++;
		}
		aksu_tx_done(w->s, tx, n);
		if (w->failed)
			return;
	}
}

static void report_events(struct world *w)
{
	struct aksu_writer out = {write_report, w};
	struct aksu_event e;

	while (aksu_event_take(&w->ring, &e)) {
		note(w, "        ");
		aksu_line_print(&out, NULL, &e, w->start, false);
	}
}

void world_settle(struct world *w)
{
	take_frames(w);
	report_events(w);
	if (!w->failed && !script_check(w->s))
		(void)fail(w, "aksu_check() found an invariant broken");
}

void world_input(struct world *w, const struct aksu_rx *rx, size_t n)
{
	memcpy(w->drops_before, aksu_counters(w->s)->drops, sizeof(w->drops_before));
	(void)aksu_input(w->s, rx, n, w->now);
	aksu_advance(w->s, w->now);
	world_settle(w);
}

bool world_run(struct world *w, aksu_time at, bool until_sent)
{
	for (int i = 0; !w->failed; i++) {
		aksu_time next = aksu_deadline(w->s);

		if (until_sent && w->head != w->tail)
			return true;
		if (next > at)
			break;
		if (i == STEPS_MAX)
			return fail(w, "aksu_deadline() stays at %.6f s: it never comes to rest",
				    (double)(next - w->start) / 1e9);
		w->now = next > w->now ? next : w->now;
		aksu_advance(w->s, w->now);
		world_settle(w);
	}
	if (!w->failed && at > w->now) {
		w->now = at;
		aksu_advance(w->s, w->now);
		world_settle(w);
	}
	return !w->failed;
}
