/* SPDX-License-Identifier: MIT */
/*
 * cli/host_stats.c - the counters of a host as one line of JSON: the command's own figures, then
 * memory, segments, devices, the loop, and every drop that happened, by its name.
 */
#include "cli/host.h"

static void figure(const char *name, uint64_t value)
{
	fprintf(stderr, "\"%s\":%llu,", name, (unsigned long long)value);
}

static unsigned count_records(const struct aksu *stack)
{
	struct aksu_info info;
	uint64_t cursor = 0;
	unsigned n = 0;

	while (aksu_next_info(stack, &cursor, &info))
		n += info.state != AKSU_STATE_LISTEN && info.state != AKSU_STATE_CLOSED;
	return n;
}

static void print_stack(const struct host *h)
{
	const struct aksu_counters *c = aksu_counters(h->stack);

	figure("records", count_records(h->stack));
	figure("memory_start", h->memory_at_start);
	figure("memory_used", aksu_memory_used(h->stack));
	figure("memory_peak", aksu_memory_peak(h->stack));
	figure("segments_in", c->segments_in);
	figure("segments_out", c->segments_out);
	figure("retransmissions", c->retransmissions);
	figure("syn_cookies_sent", c->syn_cookies_sent);
	figure("syn_cookies_good", c->syn_cookies_good);
}

static void print_devices(const struct host *h)
{
	struct aksu_device_counters sum = {0};

	for (size_t i = 0; i < h->options.links; i++) {
		const struct aksu_device_counters *c = aksu_device_counters(h->links[i].device);

		sum.frames_in += c->frames_in;
		sum.frames_out += c->frames_out;
		sum.full += c->full;
		sum.refused += c->refused;
		sum.down += c->down;
		sum.too_long += c->too_long;
	}
	figure("frames_in", sum.frames_in);
	figure("frames_out", sum.frames_out);
	figure("device_full", sum.full);
	figure("device_refused", sum.refused);
	figure("device_down", sum.down);
	figure("device_too_long", sum.too_long);
}

static void print_drops(const struct aksu_counters *c)
{
	const char *comma = "";

	fputs("\"drops\":{", stderr);
	for (int d = 0; d < AKSU_DROP_COUNT; d++) {
		if (c->drops[d] == 0)
			continue;
		fprintf(stderr, "%s\"%s\":%llu", comma, aksu_drop_name((enum aksu_drop)d),
			(unsigned long long)c->drops[d]);
		comma = ",";
	}
	fputc('}', stderr);
}

void host_print_stats(const struct host *h)
{
	const struct aksu_loop_counters *l = aksu_loop_counters(h->loop);
	struct host_figure own[HOST_FIGURES];
	size_t n = h->calls->stats ? h->calls->stats(h->ctx, own) : 0;

	fputc('{', stderr);
	for (size_t i = 0; i < n; i++)
		figure(own[i].name, own[i].value);
	print_stack(h);
	print_devices(h);
	figure("turns", l->turns);
	figure("sleeps", l->sleeps);
	print_drops(aksu_counters(h->stack));
	fputs("}\n", stderr);
}
