/* SPDX-License-Identifier: MIT */
/*
 * stack/starved.c - applications that wanted to send and found no memory (DESIGN D7).
 *
 * aksu_send() answered -AKSU_ENOMEM and the socket is not writable: it is again as soon as memory
 * was given back, or after a while in any case, since what one needs may be more than what another
 * left. They are looked for a bounded number at a time, from where the last search ended, so that
 * none is passed over. It owns no list: who waits is a flag of the connection.
 */
#include "stack/stack.h"

enum {
	SEARCH = 256, /* connections looked at in one go */
	/* Of the budget: less given back is not worth waking anybody. */
	WORTH = 64,
};

static bool may_try(const struct aksu *s)
{
	const struct tcp_starved *w = &s->env.starved;

	return s->env.mem.used + s->env.mem.budget / WORTH <= w->used ||
	       due(after(w->at, STARVED_RETRY), s->now);
}

instant starved_deadline(const struct aksu *s)
{
	const struct tcp_starved *w = &s->env.starved;

	if (w->count == 0)
		return INSTANT_NEVER;
	return may_try(s) ? s->now : after(w->at, STARVED_RETRY);
}

void starved_advance(struct aksu *s)
{
	for (unsigned n = 0; n < SEARCH && s->env.starved.count > 0 && may_try(s); n++) {
		uint32_t index = pool_next(&s->conns, s->starved_cursor);

		s->starved_cursor = index == POOL_NONE ? 0 : index + 1;
		if (index == POOL_NONE || !has(&conn_at(s, index)->t, TF_STARVED))
			continue;
		tcb_unstarve(&conn_at(s, index)->t);
		conn_settle(s, index);
	}
}
