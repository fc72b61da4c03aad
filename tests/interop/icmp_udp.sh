#!/bin/sh
# SPDX-License-Identifier: MIT
#
# ICMP echo and UDP datagrams, small, and so large that they travel in fragments both ways.
#
#   peer.py ── kernel 10.7.0.1 fd07::1 ── ak0 (MTU 1500) ══ aksu echo 10.7.0.2 fd07::2
#
. "$(dirname "$0")/common"
enter_namespace "$@"

[ "$(id -u)" = 0 ] || cannot "raw sockets want root"
start_echo_both
for address in $V4 $V6; do
	for size in 0 56 1400 1472 1473 4000 20000; do
		peer ping "$address" "$size"
	done
	for size in 1 1400 4000 20000; do
		peer datagrams "$address" "$size"
	done
done
expect datagrams 160
stop_echo
