/* SPDX-License-Identifier: MIT */
/*
 * Every edge between the states that may be taken is, and every other one poisons (D13).
 */
#include "support/tcp_bench.h"

#define TO(s) (1u << TCP_##s)

/* The legal transitions, written down a second time. */
static const unsigned legal[AKSU_STATE_COUNT] = {
	[TCP_CLOSED] = TO(SYN_SENT) | TO(SYN_RECEIVED),
	[TCP_SYN_SENT] = TO(SYN_RECEIVED) | TO(ESTABLISHED) | TO(CLOSED),
	[TCP_SYN_RECEIVED] = TO(ESTABLISHED) | TO(FIN_WAIT_1) | TO(CLOSED),
	[TCP_ESTABLISHED] = TO(FIN_WAIT_1) | TO(CLOSE_WAIT) | TO(CLOSED),
	[TCP_FIN_WAIT_1] = TO(FIN_WAIT_2) | TO(CLOSING) | TO(TIME_WAIT) | TO(CLOSED),
	[TCP_FIN_WAIT_2] = TO(TIME_WAIT) | TO(CLOSED),
	[TCP_CLOSE_WAIT] = TO(LAST_ACK) | TO(CLOSED),
	[TCP_CLOSING] = TO(TIME_WAIT) | TO(CLOSED),
	[TCP_LAST_ACK] = TO(CLOSED),
	[TCP_TIME_WAIT] = TO(CLOSED),
};

static void every_edge(void **state)
{
	(void)state;
	for (int from = 0; from < AKSU_STATE_COUNT; from++)
		for (int to = 0; to < AKSU_STATE_COUNT; to++) {
			struct bench *b = bench_new();
			bool may = legal[from] >> to & 1;

			tcb_init(&b->t, &b->env, &b->conf, 1, (enum tcp_state)from);
			tcb_set_state(&b->t, (enum tcp_state)to);
			assert_int_equal(b->env.poisoned, !may);
			assert_int_equal(b->t.state, may ? to : from);
			bench_free(b);
		}
}

/* A state is told once, with where it came from. */
static void a_change_is_an_event(void **state)
{
	struct bench *b = in_state(TCP_SYN_SENT);
	struct aksu_event events[16], e;
	struct aksu_event_ring ring = {.events = events, .cap = 16};

	(void)state;
	b->env.events.ring = &ring;
	b->env.events.mask = AKSU_EVENT_BIT(AKSU_EVENT_STATE);
	rx(b, "S. 0:0(0) ack 1 win 1000");
	assert_true(aksu_event_take(&ring, &e));
	assert_int_equal(e.from, TCP_SYN_SENT);
	assert_int_equal(e.state, TCP_ESTABLISHED);
	assert_false(aksu_event_take(&ring, &e));
	done(b);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(every_edge),
	cmocka_unit_test(a_change_is_an_event),
};

int main(void) { return cmocka_run_group_tests(tests, NULL, NULL); }
