/* SPDX-License-Identifier: MIT */
/*
 * trace/line_test.c - what is printed can be read, and what cannot be read is refused with a
 * reason.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "trace/line.h"

static struct trace_line parsed(const char *text)
{
	struct trace_line line;

	if (!trace_line_parse(text, strlen(text), &line))
		fail_msg("%s: column %zu: %s", text, line.at, line.error);
	return line;
}

/* Lines that are printed again as they were read. */
static void segments_survive_a_round_trip(void **state)
{
	static const char *const rows[] = {
		"S 0:0(0) win 1000 <mss 1000>",
		"S. 0:0(0) ack 1 win 65535 <mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 8>",
		"S 0:0(0) win 1000 <mss 1460,nop,nop,sackOK,nop,wscale 7>",
		". 1:1(0) ack 1 win 1000",
		"P. 1:1001(1000) ack 1 win 512 <nop,nop,TS val 4294967295 ecr 7>",
		"F. 4294967295:4294967295(0) ack 5 win 0",
		"R 1:1(0) win 0",
		"PU. 10:20(10) ack 1 win 3 urg 10",
		"SEW 0:0(0) win 9",
		". 1:1(0) ack 1 win 9 <nop,nop,TS val 3 ecr 4,nop,nop,sack 2001:3001 4001:5001>",
		"- 5:6(1) win 1",
		"P. 1:4001(4000/1460) ack 1 win 1000",
		"SEWA 0:0(0) win 9",
		"[ce] PWA. 1:11(10) ack 1 win 9",
		"[ect0] A 1:11(10) win 9",
		"[ect1] . 1:11(10) ack 1 win 9 <ECN e0b 1 ceb 0 e1b 1,nop>",
		". 1:11(10) ack 1 win 9 <nop,nop,TS val 3 ecr 4,ECN e1b 16777215 ceb 7>",
		". 1:1(0) ack 1 win 9 <ECN e0b 1001,nop,nop,nop,nop,nop,sack 5:9>",
		"SW. 0:0(0) ack 1 win 9 <mss 1460,nop,wscale 7,ECN e1b 1 ceb 0 e0b 1,nop>",
		"S. 0:0(0) ack 1 win 9 <mss 1460,ECN,nop,nop>",
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct trace_line line;
		char out[TRACE_SEGMENT_MAX];

		if (!trace_segment_parse(rows[i], strlen(rows[i]), &line))
			fail_msg("%s: column %zu: %s", rows[i], line.at, line.error);
		assert_int_equal(trace_segment_print(&line.seg, out, sizeof(out)), strlen(rows[i]));
		assert_string_equal(out, rows[i]);
	}
}

static void lines_say_when_who_and_what(void **state)
{
	struct trace_line line = parsed("0.020 client > S. 0:0(0) ack 1 win 5 <...>  # handshake");

	(void)state;
	assert_int_equal(line.kind, TRACE_LINE_OUT);
	assert_int_equal(line.time_kind, TRACE_TIME_ABSOLUTE);
	assert_int_equal(line.time, 20 * AKSU_MILLISECOND);
	assert_string_equal(line.host, "client");
	assert_int_equal(line.seg.flags, AKSU_SYN | AKSU_ACK);
	assert_int_equal(line.seg.len, 1);
	assert_true(line.has & TRACE_ANY_OPTIONS);

	line = parsed("+.2 < S 0:0(0) win 1000 <mss 1000>");
	assert_int_equal(line.kind, TRACE_LINE_IN);
	assert_int_equal(line.time_kind, TRACE_TIME_RELATIVE);
	assert_int_equal(line.time, 200 * AKSU_MILLISECOND);
	assert_int_equal(line.seg.opts.mss, 1000);

	line = parsed("server = SYN-RECEIVED");
	assert_int_equal(line.kind, TRACE_LINE_STATE);
	assert_int_equal(line.state, AKSU_STATE_SYN_RECEIVED);
	line = parsed("= FIN-WAIT-1");
	assert_int_equal(line.state, AKSU_STATE_FIN_WAIT_1);
	line = parsed("1 server ! TCP_CHECKSUM # the TCP checksum is wrong");
	assert_int_equal(line.drop, AKSU_DROP_TCP_CHECKSUM);
	line = parsed("@ delayed ack");
	assert_int_equal(line.timer, AKSU_TIMER_DELACK);
	line = parsed("  # only a comment");
	assert_int_equal(line.kind, TRACE_LINE_EMPTY);
	line = parsed("+1 send 1000   # octets");
	assert_int_equal(line.kind, TRACE_LINE_COMMAND);
	assert_int_equal(line.rest_len, strlen("send 1000"));
	line = parsed("> . ack 1 <nop,nop,TS val * ecr 5>");
	assert_true(line.has & TRACE_ANY_LENGTH);
	assert_true(line.has & TRACE_ANY_TSVAL);
	assert_false(line.has & TRACE_HAS_WIN);
}

static void what_is_wrong_is_said_with_its_column(void **state)
{
	/* clang-format off */
	static const struct { const char *text; size_t at; } rows[] = {
		{"> X 0:0(0)", 2}, {"> S 0:1(0)", 10}, {"> S 0;0(0)", 5}, {"> S 0:0(0) ack", 14},
		{"> S 0:0(0) <mss 70000>", 20}, {"> S 0:0(0) <mss 1", 17}, {"> S 0:0(0) <foo>", 12},
		{"= ESTABLISHE", 2}, {"= ESTABLISHEDD", 2}, {"! NO_SUCH_DROP", 2}, {"+ > S", 1},
		{"> S 0:4294967296(0)", 15}, {"> . 1:1(0) ack 1 sack", 17}, {"= CLOSED x", 9},
		{"> . 1:9(8/8) ack 1", 11}, {"> . 1:9(8/0) ack 1", 11},
		{"> . 1:1(0) <sack 1:2 3:4 5:6 7:8 9:10>", 33}, {"> . 1:1(0) <nop,TS val 1>", 24},
		{"> [ect2] . 1:1(0)", 3}, {"> [ect0 . 1:1(0)", 7},
		{"> . 1:1(0) <ECN e0b 16777216>", 27}, {"> . 1:1(0) <ECN ceb 1>", 16},
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct trace_line line;

		if (trace_line_parse(rows[i].text, strlen(rows[i].text), &line))
			fail_msg("accepted: %s", rows[i].text);
		assert_non_null(line.error);
		if (line.at != rows[i].at)
			fail_msg("%s: column %zu: %s", rows[i].text, line.at, line.error);
	}
}

/* Every beginning of a good line is read without a look behind its end (the sanitizers watch). */
static void the_reader_stays_within_the_line(void **state)
{
	static const char text[] = "+0.5 server < P. 1:11(10) ack 1 win 9 urg 3 "
				   "<nop,nop,TS val 1 ecr 2,nop,nop,sack 1:2 3:4>  # why";

	(void)state;
	for (size_t n = 0; n < sizeof(text); n++) {
		struct trace_line line;
		char exact[sizeof(text)];

		memcpy(exact + sizeof(exact) - n, text, n);
		if (!trace_line_parse(exact + sizeof(exact) - n, n, &line))
			assert_true(line.at <= n);
	}
}

static char printed[1024];
static size_t printed_len;

static void collect(void *ctx, const char *text, size_t n)
{
	(void)ctx;
	assert_true(printed_len + n < sizeof(printed));
	memcpy(printed + printed_len, text, n);
	printed_len += n;
	printed[printed_len] = '\0';
}

static void events_print_as_lines_that_can_be_read(void **state)
{
	const struct aksu_writer out = {.write = collect};
	struct aksu_event e = {
		.time = 1020 * AKSU_MILLISECOND,
		.kind = AKSU_EVENT_SEGMENT_OUT,
		.why = AKSU_WHY_HANDSHAKE,
		.flags = AKSU_SYN | AKSU_ACK,
		.options = AKSU_OPT_MSS | AKSU_OPT_SACK_OK | AKSU_OPT_TS | AKSU_OPT_WSCALE,
		.wscale = 8,
		.mss = 1460,
		.window = 65535,
		.seq = 5000,
		.ack = 9001,
		.iss = 5000,
		.irs = 9000,
		.tsval = 1,
	};

	(void)state;
	printed_len = 0;
	aksu_line_print(&out, "client", &e, AKSU_SECOND, false);
	assert_string_equal(printed, "0.020 client > S. 0:0(0) ack 1 win 65535 "
				     "<mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 8>"
				     "  # handshake 9293 3.5\n");
	assert_int_equal(parsed("0.020 client > S. 0:0(0) ack 1 win 65535").kind, TRACE_LINE_OUT);
	printed_len = 0;
	aksu_line_print(&out, "server", &e, 0, true);
	assert_non_null(strstr(printed, "S. 5000:5000(0) ack 9001"));
	for (unsigned kind = 0; kind < AKSU_EVENT_KIND_COUNT; kind++) {
		struct trace_line line;

		e.kind = (uint8_t)kind;
		e.state = AKSU_STATE_TIME_WAIT;
		e.timer = AKSU_TIMER_LIFE;
		e.drop = AKSU_DROP_PAWS;
		printed_len = 0;
		aksu_line_print(&out, "server", &e, 0, false);
		if (!trace_line_parse(printed, printed_len - 1, &line))
			fail_msg("%s: column %zu: %s", printed, line.at, line.error);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(segments_survive_a_round_trip),
		cmocka_unit_test(lines_say_when_who_and_what),
		cmocka_unit_test(what_is_wrong_is_said_with_its_column),
		cmocka_unit_test(the_reader_stays_within_the_line),
		cmocka_unit_test(events_print_as_lines_that_can_be_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
