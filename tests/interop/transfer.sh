#!/bin/sh
# SPDX-License-Identifier: MIT
#
# A stream there and back, by the kernel's TCP and ours, over both families.
#
#   peer.py ── kernel 10.7.0.1 fd07::1 ── ak0 ══ aksu echo 10.7.0.2 fd07::2
#
. "$(dirname "$0")/common"
enter_namespace "$@"

start_echo_both
for address in $V4 $V6; do
	peer transfer "$address" "$MIB"
	# the client's direction is closed before it reads anything: all of it still comes
	for size in 0 1 1460 65536 400000; do
		peer half_close "$address" "$size"
	done
	# a client that does not read stops the server, which loses nothing and goes on
	peer slow_reader "$address" 3000000
done
expect open 0
expect failed 0
expect records 0
echo "retransmissions: $(counter retransmissions)"
stop_echo
