/* SPDX-License-Identifier: MIT */
/*
 * cli/show.c - what a world tells, as a ladder or JSON on standard output and as a capture file.
 *
 * The capture has each frame once, as its sender sent it, on an interface named after the sender;
 * comments say why it was sent and whether the link lost it. A frame is written when the next is
 * sent, because only then all is known that the link did to it at once.
 */
#include "cli/demo.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <aksu/loop.h>

enum {
	FRAME_MAX = 65535,
	RECENT = 64, /* comments kept until their frame is sent: a stack gives 8 frames at once */
};

struct show {
	struct show_options options;
	struct aksu_ladder *ladder;
	struct aksu_writer out;
	FILE *file;
	struct aksu_writer file_out;
	struct {
		bool set;
		unsigned side;
		aksu_time time;
		uint64_t packet;
		size_t len;
		char comment[256];
		uint8_t data[FRAME_MAX];
	} frame;
	struct {
		unsigned side;
		uint64_t packet;
		char comment[200];
	} recent[RECENT];
	unsigned recent_next;
};

static void write_file(void *ctx, const char *text, size_t n) { fwrite(text, 1, n, ctx); }

/* ---- the capture file */

static void write_frame(struct show *s)
{
	if (!s->frame.set)
		return;
	s->frame.set = false;
	aksu_pcapng_packet(&s->file_out, s->frame.side, s->frame.time, s->frame.data, s->frame.len,
			   AKSU_PCAPNG_OUT, s->frame.comment);
}

static void remember_why(struct show *s, const struct sim_note *note)
{
	unsigned i = s->recent_next++ % RECENT;

	s->recent[i].side = note->side;
	s->recent[i].packet = note->event->packet;
	aksu_pcapng_comment(note->event, s->options.names[note->side], s->recent[i].comment,
			    sizeof(s->recent[i].comment));
}

static const char *why_of(const struct show *s, const struct sim_note *note)
{
	for (unsigned i = 0; i < RECENT; i++)
		if (s->recent[i].side == note->side && s->recent[i].packet == note->packet)
			return s->recent[i].comment;
	return "";
}

static void keep_frame(struct show *s, const struct sim_note *note)
{
	write_frame(s);
	s->frame.set = true;
	s->frame.side = note->side;
	s->frame.time = note->time;
	s->frame.packet = note->packet;
	s->frame.len = note->len < FRAME_MAX ? note->len : FRAME_MAX;
	memcpy(s->frame.data, note->data, s->frame.len);
	snprintf(s->frame.comment, sizeof(s->frame.comment), "%s", why_of(s, note));
}

/* The link did something to the frame that was sent just now. */
static void amend_frame(struct show *s, const struct sim_note *note)
{
	size_t n = strlen(s->frame.comment);

	if (s->frame.set && s->frame.packet == note->packet && s->frame.side == note->side)
		snprintf(s->frame.comment + n, sizeof(s->frame.comment) - n, "%slink: %s",
			 n > 0 ? "; " : "", sim_note_name(note->kind));
}

static void capture(struct show *s, const struct sim_note *note)
{
	switch (note->kind) {
	case SIM_NOTE_SENT: keep_frame(s, note); break;
	case SIM_NOTE_EVENT:
		if (note->event->kind == AKSU_EVENT_SEGMENT_OUT)
			remember_why(s, note);
		break;
	case SIM_NOTE_LOST:
	case SIM_NOTE_QUEUE:
	case SIM_NOTE_TOO_BIG:
	case SIM_NOTE_EARLY:
	case SIM_NOTE_POLICED:
	case SIM_NOTE_NO_MEMORY:
	case SIM_NOTE_MARKED:
	case SIM_NOTE_CORRUPTED:
	case SIM_NOTE_DUPLICATED:
	case SIM_NOTE_DELAYED: amend_frame(s, note); break;
	case SIM_NOTE_ARRIVED:
	case SIM_NOTE_COUNT: break;
	}
}

/* ---- the ladder */

static void fate(struct show *s, const struct sim_note *note, enum aksu_fate fate)
{
	aksu_ladder_fate(s->ladder, note->side, note->packet, fate, note->time, note->extra);
}

static void draw(struct show *s, const struct sim_note *note)
{
	switch (note->kind) {
	case SIM_NOTE_EVENT: aksu_ladder_event(s->ladder, note->side, note->event); break;
	case SIM_NOTE_LOST:
	case SIM_NOTE_EARLY:
	case SIM_NOTE_POLICED:
	case SIM_NOTE_NO_MEMORY: fate(s, note, AKSU_FATE_LOST); break;
	case SIM_NOTE_QUEUE: fate(s, note, AKSU_FATE_QUEUE); break;
	case SIM_NOTE_TOO_BIG: fate(s, note, AKSU_FATE_TOO_BIG); break;
	case SIM_NOTE_CORRUPTED: fate(s, note, AKSU_FATE_CORRUPTED); break;
	case SIM_NOTE_DUPLICATED: fate(s, note, AKSU_FATE_DUPLICATED); break;
	case SIM_NOTE_DELAYED: fate(s, note, AKSU_FATE_DELAYED); break;
	case SIM_NOTE_ARRIVED: fate(s, note, AKSU_FATE_ARRIVED); break;
	case SIM_NOTE_SENT:
	case SIM_NOTE_MARKED:
	case SIM_NOTE_COUNT: break;
	}
}

/* ---- JSON: the events of both hosts, and the deeds of the link in the same shape */

static void say(struct show *s, const struct sim_note *note)
{
	if (note->kind == SIM_NOTE_EVENT) {
		aksu_json_print(&s->out, s->options.names[note->side], note->event);
		return;
	}
	printf("{\"v\":%d,\"ns\":%llu,\"host\":\"link\",\"kind\":\"%s\",\"sender\":\"%s\","
	       "\"packet\":%llu}\n",
	       AKSU_EVENT_VERSION, (unsigned long long)note->time, sim_note_name(note->kind),
	       s->options.names[note->side], (unsigned long long)note->packet);
}

static void observe(void *ctx, const struct sim_note *note)
{
	struct show *s = ctx;

	if (s->file != NULL)
		capture(s, note);
	if (s->options.json)
		say(s, note);
	else if (s->ladder != NULL)
		draw(s, note);
}

struct sim_observer show_observer(struct show *s)
{
	return (struct sim_observer){.note = observe, .ctx = s};
}

/* ---- beginning and end */

static bool open_file(struct show *s, struct aksu_reason *why)
{
	if (s->options.pcap == NULL)
		return true;
	s->file = fopen(s->options.pcap, "wb");
	if (s->file == NULL)
		return because(why, "cannot write %s: %s", s->options.pcap, strerror(errno));
	s->file_out = (struct aksu_writer){.write = write_file, .ctx = s->file};
	aksu_pcapng_begin(&s->file_out, "aksu " AKSU_VERSION);
	for (unsigned side = 0; side < 2; side++)
		aksu_pcapng_interface(&s->file_out, AKSU_PCAPNG_RAW, s->options.names[side]);
	return true;
}

static bool open_ladder(struct show *s, struct aksu_reason *why)
{
	const struct aksu_ladder_config config = {
		.size = sizeof(config),
		.allocator = aksu_malloc_allocator(),
		.out = s->out,
		.flags = s->options.ladder_flags,
		.msl = s->options.msl,
		.name = {s->options.names[0], s->options.names[1]},
		.note = s->options.note,
		.state = {s->options.state[0], s->options.state[1]},
	};

	if (s->options.json)
		return true;
	s->ladder = aksu_ladder_new(&config);
	return s->ladder != NULL || because(why, "out of memory");
}

struct show *show_new(const struct show_options *options, struct aksu_reason *why)
{
	struct show *s = calloc(1, sizeof(*s));

	if (s == NULL) {
		because(why, "out of memory");
		return NULL;
	}
	s->options = *options;
	s->out = (struct aksu_writer){.write = write_file, .ctx = stdout};
	if (open_file(s, why) && open_ladder(s, why))
		return s;
	show_end(s, &(struct aksu_reason){{0}});
	return NULL;
}

bool show_end(struct show *s, struct aksu_reason *why)
{
	bool good = true;

	if (s->ladder != NULL)
		aksu_ladder_flush(s->ladder);
	aksu_ladder_free(s->ladder);
	if (s->file != NULL) {
		write_frame(s);
		if (fclose(s->file) != 0)
			good = because(why, "cannot write %s: %s", s->options.pcap,
				       strerror(errno));
	}
	free(s);
	return good;
}
