/* SPDX-License-Identifier: MIT */
/*
 * cli/ss_table_test.c - the table of `aksu ss` on made-up connections: every state, every reason to
 * wait, IPv6, numbers at their largest, and the same as JSON.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cli/ss_table.h"

#define NOW (1000 * AKSU_SECOND)
#define MS  AKSU_MILLISECOND

/* A connection that is open, has moved data and waits for nothing, with these differences. */
static struct aksu_info made(uint8_t state, uint32_t in_flight, uint32_t send, uint32_t receive,
			     uint8_t timer, aksu_time left)
{
	return (struct aksu_info){
		.local = {aksu_addr_v4(10, 7, 0, 2), 7},
		.remote = {aksu_addr_v4(10, 7, 0, 1), 49152},
		.state = state,
		.conn = 77,
		.cwnd = 8688,
		.in_flight = in_flight,
		.send_queue = send,
		.receive_queue = receive,
		.srtt_us = 41000,
		.rto_us = 1000000,
		.state_since = NOW - 31 * AKSU_SECOND,
		.timer = timer,
		.next_timer = timer == AKSU_TIMER_COUNT ? AKSU_NEVER : NOW + left,
	};
}

enum { NONE = AKSU_TIMER_COUNT, RTX = AKSU_TIMER_RTX, LIFE = AKSU_TIMER_LIFE };

static void every_state_says_what_it_waits_for(void **state)
{
	static const struct {
		uint8_t state;
		uint32_t in_flight, send, receive;
		uint8_t timer;
		aksu_time left;
		const char *words;
	} rows[] = {
		{AKSU_STATE_SYN_SENT, 1, 0, 0, RTX, 3000 * MS, "SYN-ACK, rto 3s"},
		{AKSU_STATE_SYN_SENT, 0, 0, 0, NONE, 0, "link"},
		{AKSU_STATE_SYN_RECEIVED, 1, 0, 0, RTX, 900 * MS, "ack of SYN, rto 900ms"},
		{AKSU_STATE_ESTABLISHED, 0, 0, 0, NONE, 0, "nothing"},
		{AKSU_STATE_ESTABLISHED, 0, 0, 0, AKSU_TIMER_KEEPALIVE, MS, "nothing"},
		{AKSU_STATE_ESTABLISHED, 1448, 1448, 0, RTX, 240 * MS, "ack, rto 240ms"},
		{AKSU_STATE_ESTABLISHED, 1448, 1448, 0, AKSU_TIMER_DELACK, 9 * MS, "ack"},
		{AKSU_STATE_ESTABLISHED, 0, 1448, 0, RTX, 240 * MS, "ack, rto 240ms"},
		{AKSU_STATE_ESTABLISHED, 0, 9000, 0, AKSU_TIMER_PERSIST, 2000 * MS,
		 "window of peer, probe in 2s"},
		{AKSU_STATE_ESTABLISHED, 0, 20, 0, AKSU_TIMER_OVERRIDE, 200 * MS,
		 "more to send, 200ms"},
		{AKSU_STATE_ESTABLISHED, 0, 20, 0, NONE, 0, "link"},
		{AKSU_STATE_ESTABLISHED, 0, 0, 64000, NONE, 0, "app to read (64k unread)"},
		{AKSU_STATE_ESTABLISHED, 1448, 1448, 64000, RTX, 240 * MS,
		 "ack, rto 240ms; app to read (64k unread)"},
		{AKSU_STATE_FIN_WAIT_1, 1449, 1448, 0, RTX, 240 * MS, "ack, rto 240ms"},
		{AKSU_STATE_FIN_WAIT_1, 1, 0, 0, RTX, 240 * MS, "ack of FIN, rto 240ms"},
		{AKSU_STATE_FIN_WAIT_1, 0, 0, 0, NONE, 0, "link"},
		{AKSU_STATE_FIN_WAIT_2, 0, 0, 0, NONE, 0, "peer's FIN"},
		{AKSU_STATE_FIN_WAIT_2, 0, 0, 0, LIFE, 59 * AKSU_SECOND, "peer's FIN, 59s"},
		{AKSU_STATE_FIN_WAIT_2, 0, 0, 5, NONE, 0, "app to read (5 unread)"},
		{AKSU_STATE_CLOSE_WAIT, 0, 0, 0, NONE, 0, "app close, 31s"},
		{AKSU_STATE_CLOSE_WAIT, 0, 0, 12, NONE, 0, "app to read (12 unread)"},
		{AKSU_STATE_CLOSE_WAIT, 9, 9, 0, RTX, 80 * MS, "ack, rto 80ms"},
		{AKSU_STATE_CLOSING, 1, 0, 0, RTX, 240 * MS, "ack of FIN, rto 240ms"},
		{AKSU_STATE_CLOSING, 0, 0, 0, NONE, 0, "link"},
		{AKSU_STATE_LAST_ACK, 1, 0, 0, RTX, 240 * MS, "ack of FIN, rto 240ms"},
		{AKSU_STATE_LAST_ACK, 0, 0, 0, NONE, 0, "link"},
		{AKSU_STATE_TIME_WAIT, 0, 0, 0, LIFE, 40 * AKSU_SECOND, "2MSL 40s"},
		{AKSU_STATE_TIME_WAIT, 0, 0, 700, LIFE, 40 * AKSU_SECOND, "2MSL 40s"},
		{AKSU_STATE_CLOSED, 0, 0, 0, NONE, 0, "app close"},
		{AKSU_STATE_CLOSED, 0, 0, 3, NONE, 0, "app to read (3 unread)"},
		{AKSU_STATE_LISTEN, 0, 128, 0, NONE, 0, "connections"},
		{AKSU_STATE_LISTEN, 0, 128, 3, NONE, 0, "app to accept (3 waiting)"},
	};
	bool seen[AKSU_STATE_COUNT] = {false};
	char words[SS_CELL];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct aksu_info info = made(rows[i].state, rows[i].in_flight, rows[i].send,
					     rows[i].receive, rows[i].timer, rows[i].left);

		ss_waiting_for(&info, NOW, words);
		assert_string_equal(words, rows[i].words);
		seen[rows[i].state] = true;
	}
	for (int s = 0; s < AKSU_STATE_COUNT; s++)
		assert_true(seen[s]);
}

static void tries_and_errors_are_told(void **state)
{
	struct aksu_info info = made(AKSU_STATE_ESTABLISHED, 5, 5, 0, RTX, 16 * AKSU_SECOND);
	char words[SS_CELL];

	(void)state;
	info.backoff = 4;
	ss_waiting_for(&info, NOW, words);
	assert_string_equal(words, "ack, rto 16s, try 5");
	info.next_timer = NOW - 1; /* due, and the loop has not come round yet */
	ss_waiting_for(&info, NOW, words);
	assert_string_equal(words, "ack, rto 0ms, try 5");
	info = made(AKSU_STATE_CLOSED, 0, 0, 0, NONE, 0);
	info.error = AKSU_ECONNRESET;
	ss_waiting_for(&info, NOW, words);
	assert_string_equal(words, "app close (connection reset by peer)");
	info = (struct aksu_info){.next_timer = AKSU_NEVER, .timer = NONE};
	ss_waiting_for(&info, NOW, words);
	assert_string_equal(words, "app to connect or listen");
}

/* Numbers at their largest and the longest addresses stay inside their buffers. */
static void nothing_overflows(void **state)
{
	struct aksu_info info;
	struct ss_widths w = {{0}};
	struct ss_row row;
	char line[SS_LINE], json[SS_JSON];

	(void)state;
	memset(&info, 0xff, sizeof(info));
	info.congestion = "an algorithm with a long name of 40 columns";
	info.error = AKSU_EPOISONED;
	for (unsigned s = 0; s < AKSU_STATE_COUNT; s++)
		for (unsigned t = 0; t <= AKSU_TIMER_COUNT; t++) {
			info.state = (uint8_t)s;
			info.timer = (uint8_t)t;
			info.next_timer = AKSU_NEVER - 1;
			row = ss_row_of(&info, 0);
			assert_string_equal(row.cell[SS_LOCAL],
					    "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535");
			assert_in_range(strlen(row.cell[SS_WAITING]), 1, SS_CELL - 2);
			ss_widths_take(&w, &row);
			assert_in_range(ss_line(&row, &w, line), 1, SS_LINE - 1);
			assert_in_range(ss_json(&info, 0, json), 1, SS_JSON - 1);
			assert_non_null(strstr(json, "}\n"));
		}
}

static size_t print_table(const struct aksu_info *infos, size_t n, char *out)
{
	struct ss_row row = ss_heading();
	struct ss_widths w = {{0}};
	size_t at;

	ss_widths_take(&w, &row);
	for (size_t i = 0; i < n; i++) {
		row = ss_row_of(&infos[i], NOW);
		ss_widths_take(&w, &row);
	}
	row = ss_heading();
	at = ss_line(&row, &w, out);
	for (size_t i = 0; i < n; i++) {
		row = ss_row_of(&infos[i], NOW);
		at += ss_line(&row, &w, out + at);
	}
	return at;
}

static void the_table(void **state)
{
	static const char want[] =
		"STATE       LOCAL       PEER             RTT CWND  FLT RTX RCVQ SNDQ WAITING FOR\n"
		"LISTEN      *:7         *:*                -    -    -   -    0  128 connections\n"
		"ESTABLISHED 10.7.0.2:7  10.7.0.1:49152  41.0 8.7k 1.4k   3    0 1.4k "
		"ack, rto 240ms\n"
		"CLOSE-WAIT  10.7.0.2:7  10.7.0.1:49152  0.12  14k    0   0    0    0 "
		"app close, 31s\n"
		"TIME-WAIT   [fd07::2]:7 [fd07::1]:40000    -    -    0   0    0    0 2MSL 40s\n";
	struct aksu_info infos[4];
	char text[4 * SS_LINE];

	(void)state;
	infos[0] = (struct aksu_info){.state = AKSU_STATE_LISTEN,
				      .local = {.port = 7},
				      .send_queue = 128,
				      .next_timer = AKSU_NEVER,
				      .timer = NONE};
	infos[1] = made(AKSU_STATE_ESTABLISHED, 1448, 1448, 0, RTX, 240 * MS);
	infos[1].retransmissions = 3;
	infos[2] = made(AKSU_STATE_CLOSE_WAIT, 0, 0, 0, NONE, 0);
	infos[2].srtt_us = 120;
	infos[2].cwnd = 14480;
	infos[3] = made(AKSU_STATE_TIME_WAIT, 0, 0, 0, LIFE, 40 * AKSU_SECOND);
	assert_true(aksu_addr_parse("fd07::2", &infos[3].local.addr));
	assert_true(aksu_addr_parse("fd07::1", &infos[3].remote.addr));
	infos[3].remote.port = 40000;
	infos[3].srtt_us = infos[3].cwnd = 0;
	print_table(infos, 4, text);
	assert_string_equal(text, want);
}

static void the_same_as_json(void **state)
{
	static const char want[] =
		"{\"state\":\"ESTABLISHED\",\"local\":{\"addr\":\"10.7.0.2\",\"port\":7},"
		"\"remote\":{\"addr\":\"10.7.0.1\",\"port\":49152},"
		"\"waiting_for\":\"ack, rto 240ms\",\"options\":[\"wscale\",\"timestamps\"],"
		"\"in_recovery\":false,\"conn\":77,\"snd_wscale\":0,\"rcv_wscale\":0,"
		"\"backoff\":0,"
		"\"snd_mss\":1448,\"rcv_mss\":0,\"advmss\":0,\"pmtu\":1500,\"iss\":0,\"irs\":0,"
		"\"snd_una\":0,\"snd_nxt\":4294967295,\"snd_wnd\":0,\"rcv_nxt\":0,\"rcv_wnd\":0,"
		"\"cwnd\":8688,\"ssthresh\":0,\"in_flight\":1448,\"sacked\":0,"
		"\"lost\":0,\"resent\":0,\"srtt_us\":41000,"
		"\"rttvar_us\":0,\"rto_us\":1000000,\"min_rtt_us\":0,\"send_queue\":1448,"
		"\"receive_queue\":0,\"retransmissions\":0,\"octets_acked\":0,"
		"\"octets_received\":0,\"state_age_s\":31,\"timer\":\"retransmission\","
		"\"next_timer_us\":240000,\"error\":null,\"congestion\":\"newreno\"}\n";
	struct aksu_info info = made(AKSU_STATE_ESTABLISHED, 1448, 1448, 0, RTX, 240 * MS);
	char text[SS_JSON];

	(void)state;
	info.options = AKSU_OPT_WSCALE | AKSU_OPT_TS;
	info.snd_mss = 1448;
	info.pmtu = 1500;
	info.snd_nxt = UINT32_MAX;
	info.congestion = "newreno";
	assert_int_equal(ss_json(&info, NOW, text), sizeof(want) - 1);
	assert_string_equal(text, want);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_state_says_what_it_waits_for),
		cmocka_unit_test(tries_and_errors_are_told),
		cmocka_unit_test(nothing_overflows),
		cmocka_unit_test(the_table),
		cmocka_unit_test(the_same_as_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
