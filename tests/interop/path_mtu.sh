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
