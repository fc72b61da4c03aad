#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Who closes first, and Ctrl-C: connections end by FIN; whoever does not answer it is reset.
#
#   peer.py ── kernel 10.7.0.1 fd07::1 ── ak0 ══ aksu echo 10.7.0.2 fd07::2
#
. "$(dirname "$0")/common"
enter_namespace "$@"

start_echo_both # nobody there: at once
stop_echo
trap '' HUP # as under nohup(1): a hang-up of the terminal is none of its business
start_echo_both
kill -HUP "$pid"
peer transfer "$V4" 0.1
stop_echo
for address in $V4 $V6; do
	start_echo_both --once # the client closes first
	peer transfer "$address" 1
	wait_for_end

	start_echo_both # the server closes first
	peer server_closes "$address" "$pid"
	wait_for_end
	expect failed 0

	start_echo_both # in the middle of a transfer
	peer interrupted "$address" "$pid"
	wait_for_end
	expect failed 0
done
start_echo_both # a client that never closes: 5 s
peer stubborn "$V4" "$pid" 1
wait_for_end
start_echo_both # and the second Ctrl-C
peer stubborn "$V4" "$pid" 2
wait_for_end
