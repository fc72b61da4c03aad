/* SPDX-License-Identifier: MIT */
/*
 * trace_ladder - any events and fates, in any order: a ladder never crashes, and no line of it is
 * wider than it promises.
 *
 * The first octet is the ladder's flags; then records: one of control (bit 0 the side, bits 1 and 2
 * event, fate, tick or flush), then what they need. Events are taken as they are, nonsense
 * included; only the kind is kept in range, and time goes on.
 */
#include <stdlib.h>
#include <string.h>

#include <aksu/trace.h>

#include "support/fuzz.h"

static size_t column, widest;

static void *get(void *ctx, size_t n, size_t align)
{
	(void)ctx, (void)align;
	return malloc(n);
}

static void put(void *ctx, void *mem, size_t n)
{
	(void)ctx, (void)n;
	free(mem);
}

static void measure(void *ctx, const char *text, size_t n)
{
	(void)ctx;
	for (size_t i = 0; i < n; i++) {
		if (text[i] == '\n') {
			widest = column > widest ? column : widest;
			column = 0;
		} else if (((unsigned char)text[i] & 0xc0) != 0x80) {
			column++;
		}
	}
}

/* Copies up to n octets of the input over `to`; what is missing stays as it was. */
static void take(const uint8_t **at, const uint8_t *end, void *to, size_t n)
{
	size_t k = (size_t)(end - *at) < n ? (size_t)(end - *at) : n;

	if (k > 0)
		memcpy(to, *at, k);
	*at += k;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *at = data, *end = data + size;
	struct aksu_ladder_config config = {.size = sizeof(config),
					    .allocator = {get, put, NULL},
					    .out = {.write = measure}};
	struct aksu_event e = {0};
	struct aksu_ladder *l;
	aksu_time now = 0;
	uint8_t flags = 0, control = 0, step = 0;

	take(&at, end, &flags, 1);
	config.flags = flags & 0x7fu & ~(uint32_t)AKSU_LADDER_COLOUR; /* colours have no columns */
	column = widest = 0;
	l = aksu_ladder_new(&config);
	must(l != NULL);
	while (at < end) {
		take(&at, end, &control, 1);
		take(&at, end, &step, 1);
		now += (aksu_time)step * step * AKSU_MILLISECOND;
		if ((control >> 1 & 3) == 0) {
			take(&at, end, &e, sizeof(e));
			e.time = now;
			e.packet &= 0xf;
			e.kind %= AKSU_EVENT_KIND_COUNT;
			aksu_ladder_event(l, control & 1, &e);
		} else if ((control >> 1 & 3) == 1) {
			aksu_ladder_fate(l, control & 1, control >> 4,
					 (enum aksu_fate)(step % AKSU_FATE_COUNT), now, step);
		} else if ((control >> 1 & 3) == 2) {
			aksu_ladder_tick(l, now);
		} else {
			aksu_ladder_flush(l);
		}
	}
	aksu_ladder_flush(l);
	aksu_ladder_free(l);
	must(widest <= 120); /* two endpoints of IPv6 need as much; rows are narrower */
	return 0;
}
