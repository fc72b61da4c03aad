/* SPDX-License-Identifier: MIT */
/*
 * trace_line - lines of the one format: what the reader accepts, the printer prints and the reader
 * reads again as the same thing.
 *
 * The input is a line. A copy of exactly its length is read, so that a look behind the end is seen.
 */
#include <stdlib.h>
#include <string.h>

#include "support/fuzz.h"
#include "trace/line.h"

static bool same_options(const struct tcp_opts *a, const struct tcp_opts *b)
{
	if (a->present != b->present || a->mss != b->mss || a->wscale != b->wscale ||
	    a->sack_count != b->sack_count || !ts_eq(a->tsval, b->tsval) ||
	    !ts_eq(a->tsecr, b->tsecr))
		return false;
	for (unsigned i = 0; i < a->sack_count; i++)
		if (!seq_eq(a->sack[i].start, b->sack[i].start) ||
		    !seq_eq(a->sack[i].end, b->sack[i].end))
			return false;
	return true;
}

/* A field that is printed only with its bit is compared only with it. */
static void check_segment(const struct trace_line *line)
{
	const struct tcp_seg *a = &line->seg;
	struct trace_line again;
	char text[TRACE_SEGMENT_MAX];
	size_t n = trace_segment_print(a, text, sizeof(text));

	must(n < sizeof(text) && strlen(text) == n);
	must(trace_segment_parse(text, n, &again));
	must(again.seg.flags == a->flags && seq_eq(again.seg.seq, a->seq));
	must(again.seg.text_len == a->text_len && again.seg.rawwnd == a->rawwnd);
	must(!seg_has(a, AKSU_ACK) || seq_eq(again.seg.ack, a->ack));
	must(!seg_has(a, AKSU_URG) || again.seg.up == a->up);
	must(same_options(&again.seg.opts, &a->opts));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *line = malloc(size + 1);
	struct trace_line parsed;

	must(line != NULL);
	memcpy(line, data, size);
	if (!trace_line_parse(line, size, &parsed)) {
		must(parsed.error != NULL && parsed.at <= size);
	} else {
		must(parsed.error == NULL);
		if (parsed.kind == TRACE_LINE_IN || parsed.kind == TRACE_LINE_OUT)
			check_segment(&parsed);
		if (parsed.kind == TRACE_LINE_COMMAND)
			must(parsed.rest >= line && parsed.rest + parsed.rest_len <= line + size);
	}
	free(line);
	return 0;
}
