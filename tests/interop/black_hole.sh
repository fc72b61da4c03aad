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

command -v nsenter >/dev/null || cannot "no nsenter (Debian: util-linux)"
# Two more namespaces, which live as long as a process in them.
is_apart() { [ "$(readlink /proc/$made/ns/net)" != "$(readlink /proc/self/ns/net)" ]; }
new_namespace() {
	unshare -n sleep 600 &
	made=$!
	extra="$extra $made"
	within 2 is_apart || fail "no namespace"
}
extra=''
trap 'kill $extra 2>/dev/null; leave' EXIT
new_namespace; router=$made
new_namespace; far=$made
in_router() { nsenter -t $router -n "$@"; }
in_far() { nsenter -t $far -n "$@"; }

ip link add narrow1 type veth peer name narrow2 netns $router || cannot "no veth devices"
in_router ip link add far1 type veth peer name far2 netns $far
echo 1 >/proc/sys/net/ipv4/ip_forward
echo 1 >/proc/sys/net/ipv6/conf/all/forwarding
in_router sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward'
in_router sh -c 'echo 1 >/proc/sys/net/ipv6/conf/all/forwarding'
ip addr add 10.9.0.1/24 dev narrow1 && ip addr add fd09::1/64 dev narrow1 nodad
in_router ip addr add 10.9.0.2/24 dev narrow2 && in_router ip addr add fd09::2/64 dev narrow2 nodad
in_router ip addr add 10.8.0.1/24 dev far1 && in_router ip addr add fd08::1/64 dev far1 nodad
in_far ip addr add 10.8.0.2/24 dev far2 && in_far ip addr add fd08::2/64 dev far2 nodad
ip link set narrow1 up
in_router ip link set narrow2 up
in_router ip link set far1 up
in_far ip link set lo up
in_far ip link set far2 up
ip route add 10.8.0.0/24 via 10.9.0.2 && ip route add fd08::/64 via fd09::2
in_router ip route add 10.7.0.0/24 via 10.9.0.1 && in_router ip route add fd07::/64 via fd09::1
in_far ip route add default via 10.8.0.1 && in_far ip -6 route add default via fd08::1

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
