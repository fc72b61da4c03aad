#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Links from the smallest that IPv4 knows to the largest packet of all, and odd ones between.
#
#   peer.py ── kernel 10.7.0.1 fd07::1 ── ak0 (MTU 68 to 65535) ══ aksu echo 10.7.0.2 fd07::2
#
# The kernel sends 48 octets of options and text at least (tcp_min_snd_mss), so that over a link
# of less than 88 it first fails with DF, and then sends fragments. Ours fit, or are cut as well
# (UDP). IPv6 needs 1280, and that is said.
#
. "$(dirname "$0")/common"
enter_namespace "$@"

# no frame of ours is larger than the device takes: it would be refused
nothing_odd() {
	expect failed 0
	expect device_refused 0
}

for mtu in 68 69 127 296 576 1279; do
	echo "MTU $mtu"
	start_echo --addr $V4/24 --host $V4_HOST/24 --mtu $mtu
	peer transfer "$V4" 0.2
	peer half_close "$V4" 20000
	peer heavy "$V4" 8 0.02
	peer datagrams "$V4" 1000
	nothing_odd
	stop_echo
done
for mtu in 1280 1499 9000 65535; do
	echo "MTU $mtu"
	start_echo_both --mtu $mtu
	for address in $V4 $V6; do
		peer transfer "$address" 16
		peer half_close "$address" 100000
		peer heavy "$address" 8 1
		peer datagrams "$address" 20000
	done
	nothing_odd
	stop_echo
done

"$AKSU" echo --link tun:ak0 --addr $V6/64 --host $V6_HOST/64 --mtu 576 >"$dir/out" 2>"$dir/err"
[ $? = 0 ] && fail "IPv6 on an MTU of 576 is not refused"
grep -q 1280 "$dir/err" || fail "nobody says that IPv6 needs 1280"
