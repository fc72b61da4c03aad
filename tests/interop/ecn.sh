#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Explicit congestion notification between the kernel's TCP and ours, over a bottleneck that marks.
#
#   peer.py ── kernel 10.7.0.1 ── ak0k ══ ak0 ── aksu wire ── w1 ══ w0 ── aksu 10.7.0.2
#
# Each side asks and each side agrees. The bottleneck marks beyond a third of its room: who hears of
# marks fills no more of it. We send nothing again then, and the kernel hears of the marks on its
# packets. Accurate feedback with the kernel wants a kernel that has it (tcp_ecn = 3).
#
LINK=packet
export LINK
. "$(dirname "$0")/common"
enter_namespace "$@"

sysctl=/proc/sys/net/ipv4
[ -w $sysctl/tcp_ecn ] || cannot "/proc/sys may not be written"
wire='' wire_out=$dir/wire.out

start_wire() {
	: >"$dir/wire.err"
	"$AKSU" wire packet:ak0 packet:w1 --rate 100mbit --delay 5ms --queue 600k --json \
		--discipline step --mark-min 200k --mark-max 200k --ecn \
		>"$wire_out" 2>"$dir/wire.err" &
	wire=$!
	within 10 grep -q ': ready on' "$dir/wire.err" || fail "aksu wire: $(cat "$dir/wire.err")"
}

stop_wire() {
	kill -INT $wire
	wait $wire || fail "aksu wire ended with $?"
}

# marked WAY: packets that the wire marked, a_to_b (to us) or b_to_a
marked() { sed "s/.*\"$1\":{[^}]*\"marked_CE\":\([0-9]*\).*/\1/" "$wire_out"; }

# kernel NAME: a counter of /proc/net/netstat
kernel() {
	awk -v name="$1" '$1 == last { for (i = 2; i <= NF; i++) if (head[i] == name) print $i }
		$1 != last { split($0, head); last = $1 }' /proc/net/netstat
}

# judge TO_US FROM_US: packets were marked on that way: 0, none; 1, some; any
judge() {
	to_us=$(marked a_to_b) from_us=$(marked b_to_a)
	delivered=$(($(kernel TCPDeliveredCE) - before))
	echo "    marked: $to_us to us, $from_us from us; the kernel heard of $delivered"
	[ $((to_us > 0)) = "$1" ] || fail "packets to us were marked: $to_us"
	[ "$2" = any ] || [ $((from_us > 0)) = "$2" ] || fail "ours were marked: $from_us"
	[ $((delivered > 0)) = "$1" ] || fail "the kernel heard of $delivered marks"
}

# Text goes there and back: echo MARKED OPTION...
echoes() {
	echo "the kernel asks (tcp_ecn = $(cat $sysctl/tcp_ecn)); aksu echo $*"
	want=$1 before=$(kernel TCPDeliveredCE) any=any # what we echo is no faster than what comes
	[ "$want" = 1 ] || any=''
	shift
	start_wire
	start_server echo --link packet:w0 --addr $V4/24 --addr $V6/64 --stats "$@"
	for address in $V4 $V6; do
		peer transfer "$address" 4
	done
	expect open 0
	[ "$want" = 0 ] || expect retransmissions 0
	stop_echo
	stop_wire
	judge "$want" "${any:-$want}"
}

# Text goes to the kernel: sends MARKED OPTION...
sends() {
	echo "aksu asks: connect $*; the kernel agrees (tcp_ecn = $(cat $sysctl/tcp_ecn))"
	want=$1 before=$(kernel TCPDeliveredCE)
	shift
	start_wire
	python3 "$here/sink.py" "$V4_HOST" 7000 >"$dir/sum" &
	sink=$!
	within 10 grep -q ':1B58 [0:]* 0A' /proc/net/tcp || fail "sink.py does not listen"
	"$AKSU" connect --link packet:w0 --addr $V4/24 "$@" --stats --log quiet $V4_HOST 7000 \
		<"$dir/text" 2>"$dir/err" || fail "aksu connect ended with $?"
	wait $sink || fail "the kernel's side: $(cat "$dir/sum")"
	[ "$(cat "$dir/sum")" = "$(sha256sum <"$dir/text" | cut -d' ' -f1)" ] || fail "other octets"
	[ "$want" = 0 ] || expect retransmissions 0
	stop_wire
	judge 0 "$want"
}

ip link add w1 type veth peer name w0 || cannot "no veth pair may be made"
ip link set w0 up
# One kernel has all the ends: it answers for an address only where that is.
echo 1 >/proc/sys/net/ipv4/conf/all/arp_ignore
head -c 12000000 /dev/urandom >"$dir/text"

echo 1 >$sysctl/tcp_ecn
echoes 1
echoes 1 --congestion newreno
echoes 1 --ecn classic
echoes 0 --ecn off
echo 2 >$sysctl/tcp_ecn
echoes 0
sends 1 --ecn classic
sends 1 --ecn accurate
sends 1 --congestion dctcp
sends 0 --ecn off
sends 0
if (echo 3 >$sysctl/tcp_ecn) 2>/dev/null; then
	echoes 1
	echoes 1 --congestion dctcp
	sends 1 --ecn accurate
else
	echo "NOT TESTED: accurate feedback: this kernel does not take tcp_ecn = 3"
fi
