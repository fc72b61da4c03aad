#!/bin/sh
# SPDX-License-Identifier: MIT
#
# A TUN device whose queue is short drops what overflows it without a word: windows respect it.
#
#   peer.py x 1, 8 ── kernel 10.7.0.1 ── ak0 (30 frames) ══ aksu echo 10.7.0.2
#
# Without that the same transfers lose every second frame (30,500 of 49,518 in one run). ACKs and
# one first flight of each may still be lost; a tenth is far from both.
#
. "$(dirname "$0")/common"
enter_namespace "$@"

dropped() { ip -s link show ak0 | sed -n 6p | awk '{print $4}'; }
carried() { ip -s link show ak0 | sed -n 6p | awk '{print $2}'; }

ip tuntap add ak0 mode tun || cannot "no interface of one's own may be made"
ip link set ak0 txqueuelen 30 up
ip addr add $V4_HOST/24 dev ak0
start_echo --addr $V4/24 --offload off # merged ones would fit any queue
for count in 1 8; do
	dropped=$(dropped) carried=$(carried)
	peer heavy "$V4" $count 8
	dropped=$(($(dropped) - dropped)) carried=$(($(carried) - carried))
	echo "$count at once: $dropped frames dropped by the device, $carried carried"
	[ $dropped -le $((carried / 10)) ] || fail "$dropped frames of $carried were dropped"
done
expect failed 0
stop_echo
