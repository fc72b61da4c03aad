/* SPDX-License-Identifier: MIT */
/*
 * cli/watch.c - see cli/watch.h.
 *
 *      instance ── ring ──► drain() ──► ladder | JSON ──► standard output, or error
 *                             │ comments by packet number
 *      device ── capture ─────┴───────► pcapng file
 *
 * A frame on its way out passes the capture after its event was written to the ring, so that the
 * reason why it was sent can stand beside it.
 */
#include "cli/watch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <aksu/loop.h>

enum { RING = 8192 }; /* more than a turn of the loop can write */

/* The ladder holds rows back to fold them; after this much quiet they may go. */
#define QUIET (100 * AKSU_MILLISECOND)
#define MSL   (30 * AKSU_SECOND) /* the instance's default, for the ladder's last line */

static void write_text(void *file, const char *text, size_t n) { fwrite(text, 1, n, file); }

static aksu_time realtime_offset(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (aksu_time)t.tv_sec * AKSU_SECOND + (aksu_time)t.tv_nsec - aksu_clock_now();
}

static bool open_pcap(struct watch *w, struct aksu_reason *why)
{
	struct aksu_writer out = {.write = write_text};

	if (!w->options.pcap)
		return true;
	w->file = fopen(w->options.pcap, "wb");
	if (!w->file)
		return because(why, "cannot write %s: %s", w->options.pcap, strerror(errno));
	out.ctx = w->file;
	aksu_pcapng_begin(&out, "aksu " AKSU_VERSION);
	return true;
}

bool watch_open(struct watch *w, const struct watch_options *options, struct aksu_reason *why)
{
	memset(w, 0, sizeof(*w));
	w->options = *options;
	w->allocator = aksu_malloc_allocator();
	w->since_1970 = realtime_offset();
	if (!open_pcap(w, why))
		return false;
	if (!options->ladder && !options->json && !options->pcap)
		return true;
	w->ring.events = calloc(RING, sizeof(*w->ring.events));
	w->ring.cap = RING;
	return w->ring.events || because(why, "no memory for events");
}

void watch_configure(struct watch *w, struct aksu_config *config)
{
	if (!w->ring.events)
		return;
	config->events = &w->ring;
	config->event_mask = w->options.ladder || w->options.json
				     ? AKSU_EVENTS_ALL
				     : AKSU_EVENT_BIT(AKSU_EVENT_SEGMENT_OUT);
}

static struct aksu_ladder *make_ladder(const struct watch *w, aksu_time start)
{
	const char *no_colour = getenv("NO_COLOR");
	bool colour = isatty(fileno(w->options.out)) && !(no_colour && *no_colour);
	struct aksu_ladder_config config = {
		.size = sizeof(config),
		.allocator = w->allocator,
		.out = {.write = write_text, .ctx = w->options.out},
		.flags = AKSU_LADDER_ONE_SIDED | AKSU_LADDER_FINE |
			 (w->options.wide ? AKSU_LADDER_WIDE : 0u) |
			 (w->options.ascii ? AKSU_LADDER_ASCII : 0u) |
			 (colour ? AKSU_LADDER_COLOUR : 0u),
		.local = AKSU_RIGHT,
		.start = start,
		.msl = MSL,
		.name = {"peer", w->options.host},
		.note = w->options.note,
	};

	return aksu_ladder_new(&config);
}

static void show(struct watch *w, const struct aksu_event *e)
{
	struct aksu_writer out = {.write = write_text, .ctx = w->options.out};

	if (w->options.json)
		aksu_json_print(&out, w->options.host, e);
	if (!w->options.ladder)
		return;
	if (!w->ladder && e->kind != AKSU_EVENT_SEGMENT_IN && e->kind != AKSU_EVENT_SEGMENT_OUT)
		return; /* listening, the kernel's own chatter: time begins with a segment */
	if (!w->ladder)
		w->ladder = make_ladder(w, e->time);
	if (w->ladder)
		aksu_ladder_event(w->ladder, AKSU_RIGHT, e);
}

static void remember(struct watch *w, const struct aksu_event *e)
{
	size_t i = e->packet % WATCH_RECENT;

	w->recent[i].packet = e->packet;
	aksu_pcapng_comment(e, w->options.host, w->recent[i].text, sizeof(w->recent[i].text));
}

/* Takes all events out of the ring; whether there were any. */
static bool drain(struct watch *w)
{
	struct aksu_event e;
	bool any = false;

	if (!w->ring.events)
		return false;
	while (aksu_event_take(&w->ring, &e)) {
		any = true;
		if (w->file && e.kind == AKSU_EVENT_SEGMENT_OUT)
			remember(w, &e);
		show(w, &e);
	}
	return any;
}

static void captured(void *ctx, bool out, aksu_time time, const uint8_t *data, size_t n,
		     uint64_t packet)
{
	struct watch_link *l = ctx;
	struct watch *w = l->watch;
	struct aksu_writer writer = {.write = write_text, .ctx = w->file};
	const char *comment = NULL;

	if (out) {
		drain(w);
		if (w->recent[packet % WATCH_RECENT].packet == packet)
			comment = w->recent[packet % WATCH_RECENT].text;
	}
	aksu_pcapng_packet(&writer, l->interface, time + w->since_1970, data, n,
			   out ? AKSU_PCAPNG_OUT : AKSU_PCAPNG_IN, comment);
}

struct aksu_device *watch_device(struct watch *w, struct aksu_device *inner, const char *name)
{
	struct aksu_writer writer = {.write = write_text, .ctx = w->file};
	struct watch_link *l = &w->links[w->link_count];

	if (!w->file)
		return inner;
	aksu_pcapng_interface(&writer,
			      inner->config.kind == AKSU_LINK_ETHERNET ? AKSU_PCAPNG_ETHERNET
								       : AKSU_PCAPNG_RAW,
			      name);
	l->watch = w;
	l->interface = w->link_count++;
	l->capture.frame = captured;
	l->capture.ctx = l;
	return sim_capture_init(&l->capture, inner, &w->allocator) ? &l->capture.device : NULL;
}

aksu_time watch_turn(struct watch *w, aksu_time now)
{
	bool any = drain(w);

	if (w->ladder && !any)
		aksu_ladder_tick(w->ladder, now);
	if (w->ring.events)
		fflush(w->options.out);
	if (w->file)
		fflush(w->file);
	return w->ladder && any ? now + QUIET : AKSU_NEVER;
}

bool watch_failed(const struct watch *w)
{
	return (w->file && ferror(w->file)) ||
	       ((w->options.ladder || w->options.json) && ferror(w->options.out));
}

void watch_close(struct watch *w)
{
	drain(w);
	if (w->ladder)
		aksu_ladder_flush(w->ladder);
	aksu_ladder_free(w->ladder);
	fflush(w->options.out);
	if (w->ring.lost)
		fprintf(stderr, "aksu: %llu events were not shown: they came too fast\n",
			(unsigned long long)w->ring.lost);
	if (w->file && fclose(w->file) != 0)
		fprintf(stderr, "aksu: %s: %s\n", w->options.pcap, strerror(errno));
	free(w->ring.events);
	memset(w, 0, sizeof(*w));
}
