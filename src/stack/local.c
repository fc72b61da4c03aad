/* SPDX-License-Identifier: MIT */
/*
 * stack/local.c - packets from the instance to itself: out of one end and into the other.
 *
 * A connection to an own address has no device; its frames are carried here, a bounded number at a
 * time, whenever the instance runs. They cross no wire, so no checksum is made or looked at.
 */
#include "base/bytes.h"
#include "stack/stack.h"

static void carry(struct aksu *s, struct aksu_tx *tx)
{
	struct aksu_block *b = block_new(&s->env.mem, tx->len);
	struct aksu_rx rx = {.checksum = AKSU_CHECKSUM_PARTIAL, .packet = tx->packet};

	if (b == NULL) {
		tcp_drop(&s->env, NULL, AKSU_DROP_NO_MEMORY, NULL);
		return;
	}
	b->filled = (uint32_t)aksu_tx_copy(tx, b->data, b->cap);
	rx.data = b->data;
	rx.len = b->filled;
	rx.block = b;
	local_input(s, &rx);
	block_unref(b);
}

void nowhere_run(struct aksu *s)
{
	struct aksu_tx none;

	if (iface_wants_output(&s->nowhere))
		(void)iface_output(s, &s->nowhere, &none, 1);
}

void local_run(struct aksu *s)
{
	struct aksu_tx tx;

	if (s->in_local)
		return;
	s->in_local = true;
	for (int k = 0; k < LOCAL_BURST && iface_wants_output(&s->local); k++) {
		if (iface_output(s, &s->local, &tx, 1) == 0)
			break;
		carry(s, &tx);
		tx_release(&tx);
		conn_settle_touched(s);
	}
	s->in_local = false;
}
