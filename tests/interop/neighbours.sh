#!/bin/sh
# SPDX-License-Identifier: MIT
#
# ARP and neighbour discovery on TAP as a user meets them: either side asks, the kernel forgets us
# in the middle of a connection, its MAC changes under one, another station has our address.
#
#   stream.py ── kernel 10.7.0.1 fd07::1 ── ak0 ══ tap ══ aksu echo 10.7.0.2 fd07::2
#
. "$(dirname "$0")/common"
LINK=tap
export LINK
enter_namespace "$@"
make_link
# Where the kernel is not told of another MAC it asks after as long as this.
for v in ipv4 ipv6; do
	echo 1000 >/proc/sys/net/$v/neigh/ak0/base_reachable_time_ms
	echo 1 >/proc/sys/net/$v/neigh/ak0/delay_first_probe_time
done 2>/dev/null
start_echo_both

neighbour() { ip neigh show dev ak0 to "$1"; }

is_known() { neighbour "$1" | grep -q lladdr; }

# knows ADDRESS: the kernel has asked and was answered, or heard
knows() {
	within 5 is_known "$1" || fail "the kernel does not know $1"
}

# talks ADDRESS WHAT COMMAND...: lines go there and back, the command runs in the middle of them
talks() {
	address=$1 what=$2
	shift 2
	rm -f "$dir/go" "$dir/talk"
	mkfifo "$dir/go"
	timeout 60 nc -N "$address" 7 <"$dir/go" >"$dir/talk" &
	talk=$!
	exec 3>"$dir/go"
	echo before >&3
	comes before
	"$@" || fail "$what: $*"
	echo after >&3
	comes after
	exec 3>&-
	wait $talk || fail "$address: nc ended with $? after: $what"
}

comes() {
	within 30 grep -q "^$1$" "$dir/talk" || fail "$address: no echo of '$1': $what"
}

forget() { ip neigh flush dev ak0; }
another_mac() { ip link set dev ak0 address 02:00:00:00:00:"$1"; }
notify() {
	echo "$1" >/proc/sys/net/ipv4/conf/ak0/arp_notify
	echo "$1" >/proc/sys/net/ipv6/conf/ak0/ndisc_notify
}
another_mac_in_silence() { notify 0 && another_mac 32; }
another_mac_announced() { notify 1 && another_mac 33; }

command -v nc >/dev/null || cannot "no nc (Debian: netcat-openbsd)"
for address in $V4 $V6; do
	forget
	talks $address "nothing" true
	knows $address
	talks $address "the kernel forgot its neighbours" forget
	talks $address "the kernel's MAC is another" another_mac_in_silence
	talks $address "the kernel's MAC is another, and said" another_mac_announced
	knows $address
done
stop_echo

# aksu asks first: the kernel has never heard of it.
for host in $V4_HOST $V6_HOST; do
	forget
	echo hello | timeout 20 nc -N -l "$host" 7000 >/dev/null &
	within 5 grep -q ':1B58 .* 0A ' /proc/net/tcp /proc/net/tcp6 ||
		fail "nc does not listen on $host"
	# shellcheck disable=SC2086
	timeout 20 "$AKSU" connect $LINK_BOTH "$host" 7000 </dev/null >"$dir/out" 2>"$dir/err" ||
		fail "aksu connect to $host"
	grep -q hello "$dir/out" || fail "nothing came from $host"
	wait
done

# Another station has our addresses: each is told, once.
ip addr add $V4/32 dev ak0
ip addr add $V6/128 dev ak0 nodad
start_echo_both
for address in $V4 $V6; do
	within 5 grep -q "$address is in use by 02:00:00:00:00:33" "$dir/err" ||
		fail "nobody says that $address is in use"
done
[ "$(grep -c 'is in use by' "$dir/err")" = 2 ] || fail "said more than once"
stop_echo
