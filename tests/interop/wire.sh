#!/bin/sh
# SPDX-License-Identifier: MIT
#
# `aksu wire`: the kernel's TCP and ours with a bad network between them, which a third program is.
#
#   peer.py ── kernel 10.7.0.1 ── ak0k ══ ak0 ── aksu wire ── w1 ══ w0 ── aksu echo 10.7.0.2
#
# What the wire says of each direction must add up, and its losses be those that it was told.
#
LINK=packet
export LINK
. "$(dirname "$0")/common"
enter_namespace "$@"

wire='' wire_out=$dir/wire.out

# Starts it in the background; its figures will be in $wire_out.
start_wire() {
	: >"$dir/wire.err"
	"$AKSU" wire "$@" --json >"$wire_out" 2>"$dir/wire.err" &
	wire=$!
	n=0
	until grep -q ': ready on' "$dir/wire.err"; do
		kill -0 $wire 2>/dev/null || fail "aksu wire: $(cat "$dir/wire.err")"
		n=$((n + 1))
		[ $n -lt 200 ] || fail "aksu wire is not ready after 10 s"
		sleep 0.05
	done
}

stop_wire() {
	kill -INT $wire
	wait $wire || fail "aksu wire ended with $?"
	python3 "$here/wire_sums.py" "$@" <"$wire_out" || fail "its figures: $(cat "$wire_out")"
}

ip link add w1 type veth peer name w0 || cannot "no veth pair may be made"
ip link set w0 up
# One kernel has all the ends: it answers for an address only where that is.
echo 1 >/proc/sys/net/ipv4/conf/all/arp_ignore
for seed in 1 2; do
	start_wire packet:ak0 packet:w1 --rate 50mbit --delay 2ms --jitter 1ms --overtake \
		--queue 60k --loss 1% --duplicate 0.5%/ --corrupt /0.5% --seed $seed
	start_server echo --link packet:w0 --addr $V4/24 --addr $V6/64 --stats
	peer transfer $V4 1
	peer transfer $V6 0.5
	expect open 0
	stop_echo
	stop_wire lost
done

# A mask is a pattern: of 64 packets one is lost.
start_wire packet:ak0 packet:w1 --delay 1ms --mask 8000/0
start_server echo --link packet:w0 --addr $V4/24 --stats
peer transfer $V4 0.5
stop_echo
stop_wire mask

# Devices of its own, which end with it; --time ends it.
"$AKSU" wire tun:t1 tun:t2 --time 1 >"$wire_out" 2>&1 || fail "tun: $(cat "$wire_out")"
grep -q 'tun:t1 to tun:t2: 0 packets' "$wire_out" || fail "tun: $(cat "$wire_out")"
[ ! -e /sys/class/net/t1 ] || fail "tun: t1 stays"

# What cannot be says why, and what to do.
says() {
	want=$1 code=$2
	shift 2
	"$AKSU" wire "$@" >"$dir/out" 2>&1
	[ $? = "$code" ] || fail "wire $*: not $code: $(cat "$dir/out")"
	grep -q -- "$want" "$dir/out" || fail "wire $*: $(cat "$dir/out")"
}
says 'two of one sort' 1 tun:t1 tap:t2
says 'given twice' 1 tun:t1 tun:t1
says 'between which devices' 2 tun:t1
says 'is too much' 2 tun:t1 tun:t2 tun:t3
says '--loss: .101. is not a share' 2 tun:t1 tun:t2 --loss 1/101
says 'there is no interface' 1 packet:ak0 packet:nowhere

# A device that goes ends it, with the figures.
start_wire packet:ak0 packet:w1
ip link delete w1
wait $wire && fail "wire: not told that w1 is gone"
grep -q 'w1 is gone' "$dir/wire.err" || fail "wire: $(cat "$dir/wire.err")"
