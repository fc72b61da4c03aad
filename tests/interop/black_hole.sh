#!/bin/sh
# SPDX-License-Identifier: MIT
#
# A path that takes less than its first hop, where no router says so: what aksu echoes stands still
# until it finds that out (RFC 4821), and goes on; the next connection begins with what was found.
#
#   peer.py ── 10.8.0.2 ── router 2 ══ 1400 octets ══ router 1 ── ak0 ══ aksu echo 10.7.0.2
#              fd08::2                                                     fd07::2
#
# Router 1 has no way for ICMP to aksu. The other direction is told as ever. Nothing is timed.
#
. "$(dirname "$0")/common"
enter_namespace "$@"

. "$(dirname "$0")/routed"

start_echo_both --gw $V4_HOST --gw $V6_HOST

# ICMP errors of router 1 to aksu, and nothing else, find no route.
ip rule add to $V4 ipproto icmp blackhole || cannot "no ip rule by protocol"
ip -6 rule add to $V6 ipproto ipv6-icmp blackhole || cannot "no ip rule by protocol"
ip link set narrow1 mtu 1400
in_router ip link set narrow2 mtu 1400

came() { cat "$dir/log" 2>/dev/null || echo 0; }
is_further() { [ "$(came)" -ge "$1" ]; }

for address in $V4 $V6; do
	for time in first second; do
		rm -f "$dir/log" "$dir/stop"
		mkfifo "$dir/stop"
		in_far python3 "$here/peer.py" steady "$address" 20 "$dir/log" \
			<"$dir/stop" >"$dir/peer" &
		client=$!
		exec 9>"$dir/stop"
		within 60 is_further 2000000 || fail "$address, the $time time: it stands still"
		echo >&9
		exec 9>&-
		wait $client || fail "$(cat "$dir/peer")"
		cat "$dir/peer"
		[ "$time" = second ] || before=$(counter retransmissions)
		rm "$dir/stop"
	done
	said=$(counter retransmissions)
	echo "$address: sent again $before, by the second connection $((said - before))"
	[ "$before" -gt 0 ] || fail "nothing vanished: the path is no black hole"
done
stop_echo
