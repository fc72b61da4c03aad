#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The kernel's TCP and ours over a bad link: loss, reordering, duplicates, flipped bits, delay.
#
#   peer.py ── kernel 10.7.0.1 fd07::1 ── ak0 ══ faults, both ways ══ aksu echo 10.7.0.2 fd07::2
#
. "$(dirname "$0")/common"
enter_namespace "$@"

seed=${AKSU_SEED:-$(date +%s)}
for faults in loss=1%,delay=2 reorder=2%,delay=2 duplicate=5% corrupt=1%,delay=1 \
	loss=1%,reorder=1%,duplicate=1%,corrupt=1%,delay=2; do
	echo "$faults seed $seed"
	start_echo_both --faults "$faults" --seed "$seed"
	for address in $V4 $V6; do
		peer transfer "$address" 0.5
		peer half_close "$address" 50000
	done
	peer many $V4 20
	expect open 0
	expect failed 0
	echo "sent again by us: $(counter retransmissions)"
	stop_echo
done
