#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The path becomes narrower in the middle of a transfer, twice, and wide again, in both directions.
#
#   peer.py ── 10.8.0.2 ── router 2 ══ narrow 10.9.0.0/24 ══ router 1 ── ak0 ══ aksu echo 10.7.0.2
#              fd08::2                  fd09::/64                               fd07::2
#
# Both routers say "too big" to their side: to aksu for what it echoes, to the kernel for what it
# sends. Nothing is timed; each stretch must go on.
#
. "$(dirname "$0")/common"
enter_namespace "$@"

. "$(dirname "$0")/routed"

start_echo_both --gw $V4_HOST --gw $V6_HOST

narrow() {
	ip link set narrow1 mtu "$1"
	in_router ip link set narrow2 mtu "$1"
}

came() { cat "$dir/log" 2>/dev/null || echo 0; }
is_further() { [ "$(came)" -ge $((from + 2000000)) ]; }

# Waits until so many octets more have come back.
moves() {
	from=$(came)
	within 30 is_further || fail "the transfer stands still at an MTU of $1"
}

# IPv6 first: below 1280 the kernel takes it from the interface
for address in $V6 $V4; do
	case $address in
	*:*) least=1280 ;;
	*) least=600 ;;
	esac
	narrow 1500
	rm -f "$dir/log" "$dir/stop"
	mkfifo "$dir/stop"
	in_far python3 "$here/peer.py" steady "$address" 20 "$dir/log" <"$dir/stop" >"$dir/peer" &
	client=$!
	exec 9>"$dir/stop"
	moves 1500
	for mtu in 1400 $least 1500; do
		narrow $mtu
		moves $mtu
	done
	echo >&9
	exec 9>&-
	wait $client || fail "$(cat "$dir/peer")"
	cat "$dir/peer"
	rm "$dir/stop"
done
expect failed 0
said=$(counter retransmissions)
echo "sent again: $said"
[ "$said" -gt 0 ] || fail "nobody said that anything was too big"
stop_echo
