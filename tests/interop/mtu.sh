#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Smaller links: 576 (IPv4 only: IPv6 needs 1280), 1280, and an odd one.
#
#   peer.py ── kernel 10.7.0.1 fd07::1 ── ak0 (MTU 576, 1280, 1499) ══ aksu echo 10.7.0.2 fd07::2
#
. "$(dirname "$0")/common"
enter_namespace "$@"

start_echo --addr $V4/24 --host $V4_HOST/24 --mtu 576
peer transfer "$V4" 4
peer half_close "$V4" 100000
stop_echo
for mtu in 1280 1499; do
	start_echo_both --mtu $mtu
	for address in $V4 $V6; do
		peer transfer "$address" 4
		peer half_close "$address" 100000
	done
	expect failed 0
	stop_echo
done
