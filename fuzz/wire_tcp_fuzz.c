/* SPDX-License-Identifier: MIT */
/*
 * Any octets as a TCP segment. What parses is written, read and written again: the second and the
 * third must be the same octets (the first may hold options that we do not know, or in another
 * order).
 */
#include <stdlib.h>
#include <string.h>

#include "support/fuzz.h"
#include "wire/tcp.h"

/* What a segment may carry beside its flags: the rest is not written (MUST-65). */
static void normalise(struct tcp_seg *seg)
{
	struct tcp_opts *o = &seg->opts;

	if (seg_has(seg, AKSU_SYN))
		o->present &= (uint8_t)~AKSU_OPT_SACK;
	else
		o->present &= AKSU_OPT_TS | AKSU_OPT_SACK;
	if (o->present & AKSU_OPT_TS && o->sack_count == TCP_SACK_MAX)
		o->sack_count = TCP_SACK_MAX - 1;
}

static bool same_options(const struct tcp_opts *a, const struct tcp_opts *b)
{
	if (a->present != b->present)
		return false;
	if (a->present & AKSU_OPT_MSS && a->mss != b->mss)
		return false;
	if (a->present & AKSU_OPT_WSCALE && a->wscale != b->wscale)
		return false;
	if (a->present & AKSU_OPT_TS && (!ts_eq(a->tsval, b->tsval) || !ts_eq(a->tsecr, b->tsecr)))
		return false;
	if (!(a->present & AKSU_OPT_SACK))
		return true;
	return a->sack_count == b->sack_count &&
	       memcmp(a->sack, b->sack, a->sack_count * sizeof(a->sack[0])) == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tcp_seg first, second;
	uint8_t out[60], again[60];
	size_t n;

	if (tcp_parse(data, size, &first) != AKSU_DROP_NONE)
		return 0;
	must(first.text >= data + TCP_HDR_LEN && first.text + first.text_len == data + size);
	must(first.opts.sack_count <= TCP_SACK_MAX);
	normalise(&first);
	n = tcp_emit(&first, out);
	must(n == TCP_HDR_LEN + tcp_opts_len(&first.opts, first.flags) && n <= 60 && n % 4 == 0);
	must(tcp_parse(out, n, &second) == AKSU_DROP_NONE);
	must(second.text_len == 0 && same_options(&first.opts, &second.opts));
	must(seq_eq(first.seq, second.seq) && seq_eq(first.ack, second.ack));
	must(first.flags == second.flags && first.ae == second.ae && first.rawwnd == second.rawwnd);
	must(tcp_emit(&second, again) == n && memcmp(out, again, n) == 0);
	return 0;
}
