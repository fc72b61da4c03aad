/* SPDX-License-Identifier: MIT */
/*
 * Every state against every kind of segment, call and timer: RFC 9293 section 3.10 as a table.
 *
 *   S1 SYN                S2 SYN,ACK acceptable   S3 SYN,ACK not      S4 ACK of our SYN
 *   S5 ACK of our FIN     S6 other ACK, text      S7 RST exact        S8 RST in window
 *   S9 RST outside        S10 FIN                 S11 outside         S12 old duplicate SYN
 *   U1 U2 OPEN  U3 SEND  U4 RECEIVE  U5 CLOSE  U6 ABORT   T1 RTO  T2 2MSL  T3 user timeout
 *
 * Each row begins in its state anew. Where the states begin:
 *
 *                 SYN-SENT SYN-RCVD ESTAB FIN-W-1 FIN-W-2 CLOSE-W CLOSING LAST-ACK TIME-WAIT
 *   RCV.NXT          -        1       1      1       1       2       2       2        2
 *   SND.UNA:NXT     0:1      0:1     1:1    1:2     2:2     1:1     1:2     1:2      2:2
 *
 * The right edge of the receive window is 60001, the peer's window 30000.
 */
#include "support/tcp_bench.h"

/* clang-format off */
struct row {
	enum tcp_state from;
	const char *event;   /* S1 ... */
	const char *segment;
	const char *reply;   /* "": none */
	enum tcp_state after;
	enum aksu_drop drop;
};

#define X(from, event, segment, reply, after, drop) \
	{TCP_##from, event, segment, reply, TCP_##after, AKSU_DROP_##drop},

static const struct row rows[] = {
	/* SYN-SENT */
	X(SYN_SENT,    "S1",  "S 0:0(0) win 9 <mss 900>",      "S. 0:0(0) ack 1",  SYN_RECEIVED, NONE)
	X(SYN_SENT,    "S2",  "S. 0:0(0) ack 1 <mss 900>",     ". 1:1(0) ack 1",   ESTABLISHED,  NONE)
	X(SYN_SENT,    "S3",  "S. 0:0(0) ack 0",               "R 0:0(0)",         SYN_SENT,     SYN_SENT_ACK_BAD)
	X(SYN_SENT,    "S3",  "S. 0:0(0) ack 2",               "R 2:2(0)",         SYN_SENT,     SYN_SENT_ACK_BAD)
	X(SYN_SENT,    "S3",  "S. 0:0(0) ack -9",              "R -9:-9(0)",       SYN_SENT,     SYN_SENT_ACK_BAD)
	X(SYN_SENT,    "S4",  ". 1:1(0) ack 1",                "",                 SYN_SENT,     SYN_SENT_NO_SYN)
	X(SYN_SENT,    "S6",  ". 1:1(0) ack 7",                "R 7:7(0)",         SYN_SENT,     SYN_SENT_ACK_BAD)
	X(SYN_SENT,    "S6",  "P. 1:11(10) ack 1",             "",                 SYN_SENT,     SYN_SENT_NO_SYN)
	X(SYN_SENT,    "S6",  "- 1:1(0)",                      "",                 SYN_SENT,     SYN_SENT_NO_SYN)
	X(SYN_SENT,    "S7",  "R. 0:0(0) ack 1",               "",                 CLOSED,       NONE)
	X(SYN_SENT,    "S7",  "R. 12345:12345(0) ack 1",       "",                 CLOSED,       NONE)
	X(SYN_SENT,    "S8",  "R 0:0(0)",                      "",                 SYN_SENT,     SYN_SENT_RST_BAD)
	X(SYN_SENT,    "S9",  "R. 0:0(0) ack 2",               "",                 SYN_SENT,     SYN_SENT_RST_BAD)
	X(SYN_SENT,    "S9",  "R. 0:0(0) ack 0",               "",                 SYN_SENT,     SYN_SENT_RST_BAD)
	X(SYN_SENT,    "S10", "F. 1:1(0) ack 1",               "",                 SYN_SENT,     SYN_SENT_NO_SYN)
	X(SYN_SENT,    "S10", "F 1:1(0)",                      "",                 SYN_SENT,     SYN_SENT_NO_SYN)

	/* SYN-RECEIVED, from an active OPEN */
	X(SYN_RECEIVED,"S1",  "S 0:0(0) <mss 900>",            "S. 0:0(0) ack 1",  SYN_RECEIVED, SYN_DUPLICATE)
	X(SYN_RECEIVED,"S1",  "S 5:5(0)",                      ". 1:1(0) ack 1",   SYN_RECEIVED, SYN_IN_SYNC)
	X(SYN_RECEIVED,"S12", "S -700:-700(0)",                ". 1:1(0) ack 1",   SYN_RECEIVED, SEQ_NOT_ACCEPTABLE)
	X(SYN_RECEIVED,"S2",  "S. 0:0(0) ack 1",               "",                 ESTABLISHED,  NONE)
	X(SYN_RECEIVED,"S3",  "S. 0:0(0) ack 2",               "S. 0:0(0) ack 1",  SYN_RECEIVED, SYN_DUPLICATE)
	X(SYN_RECEIVED,"S3",  "S. 5:5(0) ack 1",               ". 1:1(0) ack 1",   SYN_RECEIVED, SYN_IN_SYNC)
	X(SYN_RECEIVED,"S4",  ". 1:1(0) ack 1",                "",                 ESTABLISHED,  NONE)
	X(SYN_RECEIVED,"S6",  ". 1:1(0) ack 0",                "R 0:0(0)",         SYN_RECEIVED, SYN_RECEIVED_ACK_BAD)
	X(SYN_RECEIVED,"S6",  ". 1:1(0) ack 2",                "R 2:2(0)",         SYN_RECEIVED, SYN_RECEIVED_ACK_BAD)
	X(SYN_RECEIVED,"S6",  "P. 1:3001(3000) ack 1",         ". 1:1(0) ack 3001",ESTABLISHED,  NONE)
	X(SYN_RECEIVED,"S6",  "P 1:11(10)",                    "",                 SYN_RECEIVED, NO_ACK)
	X(SYN_RECEIVED,"S7",  "R 1:1(0)",                      "",                 CLOSED,       NONE)
	X(SYN_RECEIVED,"S8",  "R 2:2(0)",                      ". 1:1(0) ack 1",   SYN_RECEIVED, RST_NOT_EXACT)
	X(SYN_RECEIVED,"S9",  "R 60001:60001(0)",              "",                 SYN_RECEIVED, RST_OUT_OF_WINDOW)
	X(SYN_RECEIVED,"S10", "F. 1:1(0) ack 1",               ". 1:1(0) ack 2",   CLOSE_WAIT,   NONE)
	X(SYN_RECEIVED,"S10", "F 1:1(0)",                      "",                 SYN_RECEIVED, NO_ACK)
	X(SYN_RECEIVED,"S11", ". 70000:70000(0) ack 1",        ". 1:1(0) ack 1",   SYN_RECEIVED, SEQ_NOT_ACCEPTABLE)

	/* ESTABLISHED */
	X(ESTABLISHED, "S1",  "S 1:1(0)",                      ". 1:1(0) ack 1",   ESTABLISHED,  SYN_IN_SYNC)
	X(ESTABLISHED, "S1",  "S 99999:99999(0)",              ". 1:1(0) ack 1",   ESTABLISHED,  SYN_IN_SYNC)
	X(ESTABLISHED, "S2",  "S. 0:0(0) ack 1",               ". 1:1(0) ack 1",   ESTABLISHED,  SYN_IN_SYNC)
	X(ESTABLISHED, "S3",  "S. 5:5(0) ack 99",              ". 1:1(0) ack 1",   ESTABLISHED,  SYN_IN_SYNC)
	X(ESTABLISHED, "S12", "S 0:0(0)",                      ". 1:1(0) ack 1",   ESTABLISHED,  SYN_IN_SYNC)
	X(ESTABLISHED, "S4",  ". 1:1(0) ack 1",                "",                 ESTABLISHED,  NONE)
	X(ESTABLISHED, "S6",  ". 1:1(0) ack 2",                ". 1:1(0) ack 1",   ESTABLISHED,  ACK_BEYOND_SND_NXT)
	X(ESTABLISHED, "S6",  "P. 1:11(10) ack 2",             ". 1:1(0) ack 1",   ESTABLISHED,  ACK_BEYOND_SND_NXT)
	X(ESTABLISHED, "S6",  "P. 1:11(10) ack -30000",        ". 1:1(0) ack 1",   ESTABLISHED,  ACK_TOO_OLD)
	X(ESTABLISHED, "S6",  "P. 1:3001(3000) ack -29999",    ". 1:1(0) ack 3001",ESTABLISHED,  NONE)
	X(ESTABLISHED, "S6",  "P. 1:3001(3000) ack 1",         ". 1:1(0) ack 3001",ESTABLISHED,  NONE)
	X(ESTABLISHED, "S6",  "P. 11:21(10) ack 1",            ". 1:1(0) ack 1",   ESTABLISHED,  NONE)
	X(ESTABLISHED, "S6",  "P 1:11(10)",                    "",                 ESTABLISHED,  NO_ACK)
	X(ESTABLISHED, "S6",  "- 1:1(0)",                      "",                 ESTABLISHED,  NO_ACK)
	X(ESTABLISHED, "S7",  "R 1:1(0)",                      "",                 CLOSED,       NONE)
	X(ESTABLISHED, "S8",  "R 2:2(0)",                      ". 1:1(0) ack 1",   ESTABLISHED,  RST_NOT_EXACT)
	X(ESTABLISHED, "S9",  "R 0:0(0)",                      "",                 ESTABLISHED,  RST_OUT_OF_WINDOW)
	X(ESTABLISHED, "S10", "F. 1:1(0) ack 1",               ". 1:1(0) ack 2",   CLOSE_WAIT,   NONE)
	X(ESTABLISHED, "S10", "F 1:1(0)",                      "",                 ESTABLISHED,  NO_ACK)
	X(ESTABLISHED, "S11", ". 60001:60001(0) ack 1",        ". 1:1(0) ack 1",   ESTABLISHED,  SEQ_NOT_ACCEPTABLE)
	X(ESTABLISHED, "S11", ". -9:0(9) ack 1",               ". 1:1(0) ack 1",   ESTABLISHED,  SEQ_NOT_ACCEPTABLE)
	X(ESTABLISHED, "S11", "F. -1:-1(0) ack 1",             ". 1:1(0) ack 1",   ESTABLISHED,  SEQ_NOT_ACCEPTABLE)

	/* FIN-WAIT-1 */
	X(FIN_WAIT_1,  "S1",  "S 1:1(0)",                      ". 2:2(0) ack 1",   FIN_WAIT_1,   SYN_IN_SYNC)
	X(FIN_WAIT_1,  "S2",  "S. 0:0(0) ack 1",               ". 2:2(0) ack 1",   FIN_WAIT_1,   SYN_IN_SYNC)
	X(FIN_WAIT_1,  "S3",  "S. 0:0(0) ack 9",               ". 2:2(0) ack 1",   FIN_WAIT_1,   SYN_IN_SYNC)
	X(FIN_WAIT_1,  "S12", "S -9:-9(0)",                    ". 2:2(0) ack 1",   FIN_WAIT_1,   SYN_IN_SYNC)
	X(FIN_WAIT_1,  "S5",  ". 1:1(0) ack 2",                "",                 FIN_WAIT_2,   NONE)
	X(FIN_WAIT_1,  "S6",  ". 1:1(0) ack 1",                "",                 FIN_WAIT_1,   NONE)
	X(FIN_WAIT_1,  "S6",  ". 1:1(0) ack 3",                ". 2:2(0) ack 1",   FIN_WAIT_1,   ACK_BEYOND_SND_NXT)
	X(FIN_WAIT_1,  "S6",  ". 1:1(0) ack -30000",           ". 2:2(0) ack 1",   FIN_WAIT_1,   ACK_TOO_OLD)
	X(FIN_WAIT_1,  "S6",  "P. 1:3001(3000) ack 1",         ". 2:2(0) ack 3001",FIN_WAIT_1,   NONE)
	X(FIN_WAIT_1,  "S6",  "P. 1:3001(3000) ack 2",         ". 2:2(0) ack 3001",FIN_WAIT_2,   NONE)
	X(FIN_WAIT_1,  "S7",  "R 1:1(0)",                      "",                 CLOSED,       NONE)
	X(FIN_WAIT_1,  "S8",  "R 9:9(0)",                      ". 2:2(0) ack 1",   FIN_WAIT_1,   RST_NOT_EXACT)
	X(FIN_WAIT_1,  "S9",  "R 0:0(0)",                      "",                 FIN_WAIT_1,   RST_OUT_OF_WINDOW)
	X(FIN_WAIT_1,  "S10", "F. 1:1(0) ack 2",               ". 2:2(0) ack 2",   TIME_WAIT,    NONE)
	X(FIN_WAIT_1,  "S10", "F. 1:1(0) ack 1",               ". 2:2(0) ack 2",   CLOSING,      NONE)
	X(FIN_WAIT_1,  "S10", "F. 5:5(0) ack 2",               ". 2:2(0) ack 1",   FIN_WAIT_2,   NONE)
	X(FIN_WAIT_1,  "S11", ". 60001:60001(0) ack 2",        ". 2:2(0) ack 1",   FIN_WAIT_1,   SEQ_NOT_ACCEPTABLE)

	/* FIN-WAIT-2 */
	X(FIN_WAIT_2,  "S1",  "S 1:1(0)",                      ". 2:2(0) ack 1",   FIN_WAIT_2,   SYN_IN_SYNC)
	X(FIN_WAIT_2,  "S2",  "S. 0:0(0) ack 1",               ". 2:2(0) ack 1",   FIN_WAIT_2,   SYN_IN_SYNC)
	X(FIN_WAIT_2,  "S3",  "S. 7:7(0) ack 9",               ". 2:2(0) ack 1",   FIN_WAIT_2,   SYN_IN_SYNC)
	X(FIN_WAIT_2,  "S12", "S 0:0(0)",                      ". 2:2(0) ack 1",   FIN_WAIT_2,   SYN_IN_SYNC)
	X(FIN_WAIT_2,  "S5",  ". 1:1(0) ack 2",                "",                 FIN_WAIT_2,   NONE)
	X(FIN_WAIT_2,  "S6",  "P. 1:3001(3000) ack 2",         ". 2:2(0) ack 3001",FIN_WAIT_2,   NONE)
	X(FIN_WAIT_2,  "S6",  ". 1:1(0) ack 3",                ". 2:2(0) ack 1",   FIN_WAIT_2,   ACK_BEYOND_SND_NXT)
	X(FIN_WAIT_2,  "S7",  "R 1:1(0)",                      "",                 CLOSED,       NONE)
	X(FIN_WAIT_2,  "S8",  "R 3:3(0)",                      ". 2:2(0) ack 1",   FIN_WAIT_2,   RST_NOT_EXACT)
	X(FIN_WAIT_2,  "S9",  "R 60001:60001(0)",              "",                 FIN_WAIT_2,   RST_OUT_OF_WINDOW)
	X(FIN_WAIT_2,  "S10", "F. 1:1(0) ack 2",               ". 2:2(0) ack 2",   TIME_WAIT,    NONE)
	X(FIN_WAIT_2,  "S10", "FP. 1:11(10) ack 2",            ". 2:2(0) ack 12",  TIME_WAIT,    NONE)
	X(FIN_WAIT_2,  "S11", ". 0:0(0) ack 2",                ". 2:2(0) ack 1",   FIN_WAIT_2,   SEQ_NOT_ACCEPTABLE)

	/* CLOSE-WAIT */
	X(CLOSE_WAIT,  "S1",  "S 2:2(0)",                      ". 1:1(0) ack 2",   CLOSE_WAIT,   SYN_IN_SYNC)
	X(CLOSE_WAIT,  "S2",  "S. 0:0(0) ack 1",               ". 1:1(0) ack 2",   CLOSE_WAIT,   SYN_IN_SYNC)
	X(CLOSE_WAIT,  "S3",  "S. 9:9(0) ack 9",               ". 1:1(0) ack 2",   CLOSE_WAIT,   SYN_IN_SYNC)
	X(CLOSE_WAIT,  "S12", "S 0:0(0)",                      ". 1:1(0) ack 2",   CLOSE_WAIT,   SYN_IN_SYNC)
	X(CLOSE_WAIT,  "S6",  ". 2:2(0) ack 1",                "",                 CLOSE_WAIT,   NONE)
	X(CLOSE_WAIT,  "S6",  ". 2:2(0) ack 2",                ". 1:1(0) ack 2",   CLOSE_WAIT,   ACK_BEYOND_SND_NXT)
	X(CLOSE_WAIT,  "S6",  "P. 2:12(10) ack 1",             "",                 CLOSE_WAIT,   TEXT_AFTER_FIN)
	X(CLOSE_WAIT,  "S6",  "U. 2:2(0) ack 1 urg 9",         "",                 CLOSE_WAIT,   NONE)
	X(CLOSE_WAIT,  "S7",  "R 2:2(0)",                      "",                 CLOSED,       NONE)
	X(CLOSE_WAIT,  "S8",  "R 3:3(0)",                      ". 1:1(0) ack 2",   CLOSE_WAIT,   RST_NOT_EXACT)
	X(CLOSE_WAIT,  "S9",  "R 1:1(0)",                      "",                 CLOSE_WAIT,   RST_OUT_OF_WINDOW)
	X(CLOSE_WAIT,  "S10", "F. 1:1(0) ack 1",               ". 1:1(0) ack 2",   CLOSE_WAIT,   SEQ_NOT_ACCEPTABLE)
	X(CLOSE_WAIT,  "S10", "F. 2:2(0) ack 1",               "",                 CLOSE_WAIT,   NONE)
	X(CLOSE_WAIT,  "S11", ". 60001:60001(0) ack 1",        ". 1:1(0) ack 2",   CLOSE_WAIT,   SEQ_NOT_ACCEPTABLE)

	/* CLOSING */
	X(CLOSING,     "S1",  "S 2:2(0)",                      ". 2:2(0) ack 2",   CLOSING,      SYN_IN_SYNC)
	X(CLOSING,     "S2",  "S. 0:0(0) ack 1",               ". 2:2(0) ack 2",   CLOSING,      SYN_IN_SYNC)
	X(CLOSING,     "S3",  "S. 0:0(0) ack 9",               ". 2:2(0) ack 2",   CLOSING,      SYN_IN_SYNC)
	X(CLOSING,     "S12", "S 0:0(0)",                      ". 2:2(0) ack 2",   CLOSING,      SYN_IN_SYNC)
	X(CLOSING,     "S5",  ". 2:2(0) ack 2",                "",                 TIME_WAIT,    NONE)
	X(CLOSING,     "S6",  ". 2:2(0) ack 1",                "",                 CLOSING,      NONE)
	X(CLOSING,     "S6",  "P. 2:12(10) ack 1",             "",                 CLOSING,      TEXT_AFTER_FIN)
	X(CLOSING,     "S6",  ". 2:2(0) ack 3",                ". 2:2(0) ack 2",   CLOSING,      ACK_BEYOND_SND_NXT)
	X(CLOSING,     "S7",  "R 2:2(0)",                      "",                 CLOSED,       NONE)
	X(CLOSING,     "S8",  "R 3:3(0)",                      ". 2:2(0) ack 2",   CLOSING,      RST_NOT_EXACT)
	X(CLOSING,     "S9",  "R 1:1(0)",                      "",                 CLOSING,      RST_OUT_OF_WINDOW)
	X(CLOSING,     "S10", "F. 1:1(0) ack 1",               ". 2:2(0) ack 2",   CLOSING,      SEQ_NOT_ACCEPTABLE)
	X(CLOSING,     "S11", ". 60001:60001(0) ack 2",        ". 2:2(0) ack 2",   CLOSING,      SEQ_NOT_ACCEPTABLE)

	/* LAST-ACK */
	X(LAST_ACK,    "S1",  "S 2:2(0)",                      ". 2:2(0) ack 2",   LAST_ACK,     SYN_IN_SYNC)
	X(LAST_ACK,    "S2",  "S. 0:0(0) ack 1",               ". 2:2(0) ack 2",   LAST_ACK,     SYN_IN_SYNC)
	X(LAST_ACK,    "S3",  "S. 0:0(0) ack 9",               ". 2:2(0) ack 2",   LAST_ACK,     SYN_IN_SYNC)
	X(LAST_ACK,    "S12", "S 0:0(0)",                      ". 2:2(0) ack 2",   LAST_ACK,     SYN_IN_SYNC)
	X(LAST_ACK,    "S5",  ". 2:2(0) ack 2",                "",                 CLOSED,       NONE)
	X(LAST_ACK,    "S6",  ". 2:2(0) ack 1",                "",                 LAST_ACK,     NONE)
	X(LAST_ACK,    "S6",  "P. 2:12(10) ack 1",             "",                 LAST_ACK,     TEXT_AFTER_FIN)
	X(LAST_ACK,    "S6",  ". 2:2(0) ack 3",                ". 2:2(0) ack 2",   LAST_ACK,     ACK_BEYOND_SND_NXT)
	X(LAST_ACK,    "S7",  "R 2:2(0)",                      "",                 CLOSED,       NONE)
	X(LAST_ACK,    "S8",  "R 3:3(0)",                      ". 2:2(0) ack 2",   LAST_ACK,     RST_NOT_EXACT)
	X(LAST_ACK,    "S9",  "R 1:1(0)",                      "",                 LAST_ACK,     RST_OUT_OF_WINDOW)
	X(LAST_ACK,    "S10", "F. 1:1(0) ack 1",               ". 2:2(0) ack 2",   LAST_ACK,     SEQ_NOT_ACCEPTABLE)
	X(LAST_ACK,    "S11", ". 60001:60001(0) ack 2",        ". 2:2(0) ack 2",   LAST_ACK,     SEQ_NOT_ACCEPTABLE)

	/* TIME-WAIT; SYNs without ACK are asked of RFC 6191 before (timewait_test.c) */
	X(TIME_WAIT,   "S1",  "S 9:9(0)",                      "",                 TIME_WAIT,    SYN_IN_TIME_WAIT)
	X(TIME_WAIT,   "S12", "S 0:0(0)",                      "",                 TIME_WAIT,    SYN_IN_TIME_WAIT)
	X(TIME_WAIT,   "S2",  "S. 0:0(0) ack 1",               ". 2:2(0) ack 2",   TIME_WAIT,    SYN_IN_SYNC)
	X(TIME_WAIT,   "S3",  "S. 9:9(0) ack 99",              ". 2:2(0) ack 2",   TIME_WAIT,    SYN_IN_SYNC)
	X(TIME_WAIT,   "S5",  ". 2:2(0) ack 2",                "",                 TIME_WAIT,    NONE)
	X(TIME_WAIT,   "S6",  ". 2:2(0) ack 1",                "",                 TIME_WAIT,    NONE)
	X(TIME_WAIT,   "S6",  "P. 1:2(1) ack 2",               ". 2:2(0) ack 2",   TIME_WAIT,    SEQ_NOT_ACCEPTABLE)
	X(TIME_WAIT,   "S6",  "P. 2:12(10) ack 2",             "",                 TIME_WAIT,    TIME_WAIT_TEXT)
	X(TIME_WAIT,   "S6",  ". 2:2(0) ack 3",                ". 2:2(0) ack 2",   TIME_WAIT,    ACK_BEYOND_SND_NXT)
	X(TIME_WAIT,   "S7",  "R 2:2(0)",                      "",                 TIME_WAIT,    RST_IN_TIME_WAIT)
	X(TIME_WAIT,   "S8",  "R 3:3(0)",                      "",                 TIME_WAIT,    RST_IN_TIME_WAIT)
	X(TIME_WAIT,   "S9",  "R 1:1(0)",                      "",                 TIME_WAIT,    RST_OUT_OF_WINDOW)
	X(TIME_WAIT,   "S10", "F. 1:1(0) ack 2",               ". 2:2(0) ack 2",   TIME_WAIT,    SEQ_NOT_ACCEPTABLE)
	X(TIME_WAIT,   "S11", ". 60001:60001(0) ack 2",        ". 2:2(0) ack 2",   TIME_WAIT,    SEQ_NOT_ACCEPTABLE)

	/* CLOSED */
	X(CLOSED,      "S1",  "S 7:7(0)",                      "R. 0:0(0) ack 8",  CLOSED,       NO_CONNECTION)
	X(CLOSED,      "S1",  "S 7:17(10)",                    "R. 0:0(0) ack 18", CLOSED,       NO_CONNECTION)
	X(CLOSED,      "S1",  "SF 7:7(0)",                     "R. 0:0(0) ack 9",  CLOSED,       NO_CONNECTION)
	X(CLOSED,      "S2",  "S. 7:7(0) ack 3",               "R 3:3(0)",         CLOSED,       NO_CONNECTION)
	X(CLOSED,      "S6",  ". 7:7(0) ack 3",                "R 3:3(0)",         CLOSED,       NO_CONNECTION)
	X(CLOSED,      "S6",  "P. 7:17(10) ack 3",             "R 3:3(0)",         CLOSED,       NO_CONNECTION)
	X(CLOSED,      "S6",  "- 7:7(0)",                      "R. 0:0(0) ack 7",  CLOSED,       NO_CONNECTION)
	X(CLOSED,      "S10", "F 7:7(0)",                      "R. 0:0(0) ack 8",  CLOSED,       NO_CONNECTION)
	X(CLOSED,      "S10", "F. 7:7(0) ack 3",               "R 3:3(0)",         CLOSED,       NO_CONNECTION)
	X(CLOSED,      "S7",  "R 7:7(0)",                      "",                 CLOSED,       RST_NO_CONNECTION)
	X(CLOSED,      "S8",  "R. 7:7(0) ack 3",               "",                 CLOSED,       RST_NO_CONNECTION)
};
/* clang-format on */

/* The reset for no connection has 0 itself for its number: nothing relative. */
static void reply_is(struct bench *b, const struct row *r)
{
	char what[600];
	const char *why = NULL;
	bool zero = r->from == TCP_CLOSED && strncmp(r->reply, "R.", 2) == 0;

	if (r->reply[0] == '\0')
		why = bench_quiet(b);
	else if (zero)
		why = bench_tx(b, "R.");
	else
		why = bench_tx(b, r->reply);
	if (why == NULL && r->reply[0] != '\0')
		why = bench_quiet(b);
	if (why == NULL && zero) {
		struct trace_line want;

		why = bench_parse(b, r->reply, &want);
		assert_int_equal(b->last.out.seg.seq.n, 0);
		assert_int_equal(b->last.out.seg.ack.n - b->irs, want.seg.ack.n);
	}
	if (why != NULL) {
		snprintf(what, sizeof(what), "%s", why);
		fail_msg("%s %s, %s: %s", aksu_state_name((enum aksu_state)r->from), r->event,
			 r->segment, what);
	}
}

static void every_state_against_every_segment(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct row *r = &rows[i];
		struct bench *b = in_state(r->from);
		const char *why;

		rx(b, r->segment);
		why = bench_expect_drop(b, r->drop);
		if (why == NULL)
			why = bench_is(b, r->after);
		if (why != NULL)
			fail_msg("%s %s, %s: %s", aksu_state_name((enum aksu_state)r->from),
				 r->event, r->segment, why);
		if (r->segment[0] == 'R' || strncmp(r->segment, "SR", 2) == 0)
			assert_false(b->reply.set); /* never a reset for a reset (C6) */
		reply_is(b, r);
		done(b);
	}
}

/* SYN-RECEIVED from a passive OPEN: MUST-11. */
static void passive_syn_received(void **state)
{
	/* clang-format off */
	static const struct row passive[] = {
		X(SYN_RECEIVED,"S1",  "S 0:0(0)",                      "S. 0:0(0) ack 1",  SYN_RECEIVED, SYN_DUPLICATE)
		X(SYN_RECEIVED,"S1",  "S 5:5(0)",                      "",                 CLOSED,       NONE)
		X(SYN_RECEIVED,"S2",  "S. 0:0(0) ack 1",               ". 1:1(0) ack 1",   SYN_RECEIVED, SEQ_NOT_ACCEPTABLE)
		X(SYN_RECEIVED,"S4",  ". 1:1(0) ack 1",                "",                 ESTABLISHED,  NONE)
		X(SYN_RECEIVED,"S6",  ". 1:1(0) ack 9",                "R 9:9(0)",         SYN_RECEIVED, SYN_RECEIVED_ACK_BAD)
		X(SYN_RECEIVED,"S7",  "R 1:1(0)",                      "",                 CLOSED,       NONE)
		X(SYN_RECEIVED,"S8",  "R 2:2(0)",                      ". 1:1(0) ack 1",   SYN_RECEIVED, RST_NOT_EXACT)
		X(SYN_RECEIVED,"S9",  "R 0:0(0)",                      "",                 SYN_RECEIVED, RST_OUT_OF_WINDOW)
		X(SYN_RECEIVED,"S10", "F. 1:1(0) ack 1",               ". 1:1(0) ack 2",   CLOSE_WAIT,   NONE)
		X(SYN_RECEIVED,"S11", ". 60001:60001(0) ack 1",        ". 1:1(0) ack 1",   SYN_RECEIVED, SEQ_NOT_ACCEPTABLE)
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < COUNT_OF(passive); i++) {
		struct bench *b = bench_new();

		BENCH_OK(bench_accept(b, "S 0:0(0) win 1000 <mss 1000>", 1));
		rx(b, passive[i].segment);
		BENCH_OK(bench_expect_drop(b, passive[i].drop));
		is(b, passive[i].after);
		reply_is(b, &passive[i]);
		done(b);
	}
}

/* LISTEN: three steps, RST before ACK before SYN. */
static void listen_against_every_segment(void **state)
{
	/* clang-format off */
	static const struct {
		const char *segment;
		enum listen_verdict verdict;
		enum aksu_drop drop;
	} table[] = {
		{"S 7:7(0)",            LISTEN_SYN,    AKSU_DROP_NONE},             /* S1, S12 */
		{"SF 7:7(0)",           LISTEN_SYN,    AKSU_DROP_NONE},
		{"SP 7:17(10)",         LISTEN_SYN,    AKSU_DROP_NONE},
		{"SEW 7:7(0)",          LISTEN_SYN,    AKSU_DROP_NONE},
		{"SU 7:7(0) urg 3",     LISTEN_SYN,    AKSU_DROP_NONE},
		{"S. 7:7(0) ack 3",     LISTEN_RESET,  AKSU_DROP_ACK_AT_LISTEN},    /* S2, S3 */
		{". 7:7(0) ack 3",      LISTEN_RESET,  AKSU_DROP_ACK_AT_LISTEN},    /* S4, S5, S6 */
		{"P. 7:17(10) ack 3",   LISTEN_RESET,  AKSU_DROP_ACK_AT_LISTEN},
		{"F. 7:7(0) ack 3",     LISTEN_RESET,  AKSU_DROP_ACK_AT_LISTEN},    /* S10 */
		{"R 7:7(0)",            LISTEN_IGNORE, AKSU_DROP_RST_AT_LISTEN},    /* S7, S8, S9 */
		{"R. 7:7(0) ack 3",     LISTEN_IGNORE, AKSU_DROP_RST_AT_LISTEN},
		{"SR 7:7(0)",           LISTEN_IGNORE, AKSU_DROP_RST_AT_LISTEN},
		{"F 7:7(0)",            LISTEN_IGNORE, AKSU_DROP_NO_SYN_AT_LISTEN},
		{"P 7:17(10)",          LISTEN_IGNORE, AKSU_DROP_NO_SYN_AT_LISTEN},
		{"- 7:7(0)",            LISTEN_IGNORE, AKSU_DROP_NO_SYN_AT_LISTEN},
		{"FPU 7:7(0) urg 1",    LISTEN_IGNORE, AKSU_DROP_NO_SYN_AT_LISTEN}, /* Xmas */
	};
	/* clang-format on */
	struct bench *b = bench_new();

	(void)state;
	for (size_t i = 0; i < COUNT_OF(table); i++) {
		enum aksu_drop reason = AKSU_DROP_COUNT;
		struct trace_line parsed;

		BENCH_OK(bench_parse(b, table[i].segment, &parsed));
		assert_int_equal(tcp_listen(&parsed.seg, &reason), table[i].verdict);
		assert_string_equal(aksu_drop_name(reason), aksu_drop_name(table[i].drop));
	}
	done(b);
}

/* ------------------------------------------------------------------ calls */

struct call_row {
	enum tcp_state from;
	int open, send, receive, shutdown; /* results */
	enum tcp_state shut, closed;       /* states after shutdown, after CLOSE */
	const char *abort;                 /* what ABORT sends */
};

static int again_open(struct bench *b)
{
	const struct tcp_open open = {.iss = seq_at(1), .path_mss = 1460, .default_mss = 536};

	return tcp_open(&b->t, &open, b->now);
}

static void calls_in(const struct call_row *r)
{
	struct bench *b = in_state(r->from);

	if (r->from != TCP_CLOSED)
		assert_int_equal(again_open(b), r->open);
	reads(b, 10, r->receive);
	assert_int_equal(bench_shutdown(b), r->shutdown);
	is(b, r->shut);
	(void)bench_shutdown(b);
	is(b, r->shut); /* never a second FIN */
	done(b);

	b = in_state(r->from);
	assert_int_equal(bench_send(b, 5, false, false), r->send);
	done(b);

	b = in_state(r->from);
	closes(b);
	is(b, r->closed);
	done(b);

	b = in_state(r->from);
	aborts(b);
	is(b, TCP_CLOSED);
	if (r->abort[0] != '\0')
		tx(b, r->abort);
	quiet(b);
	done(b);
}

static void every_state_against_every_call(void **state)
{
	enum { EISCONN = -AKSU_EISCONN, EAGAIN = -AKSU_EAGAIN, EPIPE = -AKSU_EPIPE };
	enum { ENOTCONN = -AKSU_ENOTCONN };
	/* clang-format off */
#undef X
#define X(from, open, send, receive, shutdown, shut, closed, abort) \
	{TCP_##from, open, send, receive, shutdown, TCP_##shut, TCP_##closed, abort},
	static const struct call_row table[] = {
		/* from, OPEN, SEND, RECEIVE, shutdown; states after both CLOSEs; of ABORT */
		X(CLOSED, 0, ENOTCONN, ENOTCONN, ENOTCONN, CLOSED, CLOSED, "")
		X(SYN_SENT, EISCONN, 5, EAGAIN, 0, SYN_SENT, CLOSED, "")
		X(SYN_RECEIVED, EISCONN, 5, EAGAIN, 0, FIN_WAIT_1, FIN_WAIT_1, "R. 1:1(0) ack 1")
		X(ESTABLISHED, EISCONN, 5, EAGAIN, 0, FIN_WAIT_1, FIN_WAIT_1, "R. 1:1(0) ack 1")
		X(FIN_WAIT_1, EISCONN, EPIPE, EAGAIN, 0, FIN_WAIT_1, FIN_WAIT_1, "R. 2:2(0) ack 1")
		X(FIN_WAIT_2, EISCONN, EPIPE, EAGAIN, 0, FIN_WAIT_2, FIN_WAIT_2, "R. 2:2(0) ack 1")
		X(CLOSE_WAIT, EISCONN, 5, 0, 0, LAST_ACK, LAST_ACK, "R. 1:1(0) ack 2")
		X(CLOSING, EISCONN, EPIPE, 0, 0, CLOSING, CLOSING, "")
		X(LAST_ACK, EISCONN, EPIPE, 0, 0, LAST_ACK, LAST_ACK, "")
		X(TIME_WAIT, EISCONN, EPIPE, 0, 0, TIME_WAIT, TIME_WAIT, "")
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < COUNT_OF(table); i++)
		calls_in(&table[i]);
}

/* ------------------------------------------------------------------ timers */

static void every_state_against_every_timer(void **state)
{
	/* clang-format off */
	static const struct {
		enum tcp_state from;
		const char *t1;        /* what goes again after an RTO; "": nothing */
		duration end;          /* T2, T3: when it ends if nobody answers; 0: never */
		enum aksu_error error;
	} table[] = {
		{TCP_SYN_SENT,     "S 0:0(0)",        {180000000000}, AKSU_ETIMEDOUT},
		{TCP_SYN_RECEIVED, "S. 0:0(0) ack 1", {180000000000}, AKSU_ETIMEDOUT},
		{TCP_ESTABLISHED,  "",                {0},            AKSU_OK},
		{TCP_FIN_WAIT_1,   "F. 1:1(0) ack 1", {300000000000}, AKSU_ETIMEDOUT},
		{TCP_FIN_WAIT_2,   "",                {0},            AKSU_OK},
		{TCP_CLOSE_WAIT,   "",                {0},            AKSU_OK},
		{TCP_CLOSING,      "F. 1:1(0) ack 2", {300000000000}, AKSU_ETIMEDOUT},
		{TCP_LAST_ACK,     "F. 1:1(0) ack 2", {300000000000}, AKSU_ETIMEDOUT},
		{TCP_TIME_WAIT,    "",                {60000000000},  AKSU_OK},
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < COUNT_OF(table); i++) {
		struct bench *b = in_state(table[i].from);

		advance(b, seconds(1));
		if (table[i].t1[0] != '\0') {
			tx(b, table[i].t1);
			why_was(b, RTO);
		}
		quiet(b);
		is(b, table[i].from);
		if (table[i].end.ns == 0) {
			assert_true(is_never(tcp_deadline(&b->t)));
			done(b);
			continue;
		}
		b->env.events.now = b->now;
		advance(b, nanoseconds(table[i].end.ns - seconds(1).ns - 1));
		is(b, table[i].from);
		advance(b, seconds(1));
		is(b, TCP_CLOSED);
		assert_int_equal(b->t.error, table[i].error);
		assert_true(is_never(tcp_deadline(&b->t))); /* no timer survives (D15) */
		done(b);
	}
}

/* An orphan does not wait in FIN-WAIT-2 for ever; a half-close does (G5). */
static void orphan_in_fin_wait_2(void **state)
{
	struct bench *b = in_state(TCP_FIN_WAIT_2);

	(void)state;
	advance(b, seconds(100000));
	is(b, TCP_FIN_WAIT_2);
	closes(b);
	advance(b, seconds(59));
	is(b, TCP_FIN_WAIT_2);
	advance(b, seconds(1));
	is(b, TCP_CLOSED);
	done(b);
	b = in_state(TCP_ESTABLISHED);
	closes(b);
	tx(b, "F. 1:1(0) ack 1");
	rx(b, ". 1:1(0) ack 2");
	is(b, TCP_FIN_WAIT_2);
	advance(b, seconds(60));
	is(b, TCP_CLOSED);
	done(b);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(every_state_against_every_segment),
	cmocka_unit_test(passive_syn_received),
	cmocka_unit_test(listen_against_every_segment),
	cmocka_unit_test(every_state_against_every_call),
	cmocka_unit_test(every_state_against_every_timer),
	cmocka_unit_test(orphan_in_fin_wait_2),
};

RUN_EVERYWHERE(tests)
