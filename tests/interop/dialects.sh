#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The kernel's TCP in other moods: without one option or the other, with ECN, with tiny buffers.
#
#   peer.py ── kernel with sysctl X ── ak0 ══ aksu echo 10.7.0.2 fd07::2
#
. "$(dirname "$0")/common"
enter_namespace "$@"

[ -w /proc/sys/net/ipv4/tcp_sack ] || cannot "/proc/sys may not be written"
start_echo_both
# setting NAME VALUE: with it and back
setting() {
	old=$(cat "/proc/sys/net/ipv4/$1")
	echo "$2" >"/proc/sys/net/ipv4/$1" || fail "sysctl $1 $2"
	echo "$1 = $2"
	for address in $V4 $V6; do
		peer transfer "$address" 2
		peer half_close "$address" 100000
		peer slow_reader "$address" 300000
	done
	echo "$old" >"/proc/sys/net/ipv4/$1"
}
setting tcp_timestamps 0
setting tcp_sack 0
setting tcp_window_scaling 0
setting tcp_ecn 1
setting tcp_rmem '4096 8192 16384'
setting tcp_wmem '4096 8192 16384'
setting tcp_congestion_control reno
expect failed 0
expect open 0
expect records 0
[ "$(counter retransmissions)" = 0 ] || echo "retransmissions: $(counter retransmissions)"
stop_echo
