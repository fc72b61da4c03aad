#!/bin/sh
# SPDX-License-Identifier: MIT
#
# What goes wrong with one connection is said at once and does no harm to the others.
#
#   peer.py ── kernel 10.7.0.1 fd07::1 ── ak0 ══ aksu echo 10.7.0.2 fd07::2
#
. "$(dirname "$0")/common"
enter_namespace "$@"

start_echo_both
for address in $V4 $V6; do
	peer refused "$address"
	peer reset "$address" 50
	peer killed "$address" # with a RST, since data came for nobody
	peer transfer "$address" 1
done
expect open 0
expect records 0
[ "$(counter failed)" -ge 2 ] || fail "no connection was counted as failed"
stop_echo
