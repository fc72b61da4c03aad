#!/bin/sh
# SPDX-License-Identifier: MIT
#
# A DHCP server that is not kind: sixteen default routes and names of resolvers by the dozen, as
# long as they can be written. The address is taken, the first way out is told, and it works.
#
#   python3 ── kernel 10.100.100.1/8 ── ak0 ══ aksu echo --dhcp
#
. "$(dirname "$0")/common"
[ "${LINK:-tap}" = tun ] && cannot "tun has no DHCP"
LINK=${LINK:-tap}
tun_opens || LINK=packet
export LINK
enter_namespace "$@"

side=ak0
if [ "$LINK" = packet ]; then side=ak0k; else ip tuntap add dev ak0 mode tap; fi
ip addr flush dev $side
ip addr add 10.100.100.1/8 dev $side
ip link set $side up
python3 - $side >"$dir/server" 2>&1 <<'END' &
import ipaddress, socket, sys

s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, sys.argv[1].encode() + b"\0")
s.bind(("", 67))
print("hears", flush=True)


def address(text):
    return ipaddress.IPv4Address(text).packed


def option(code, value):
    pieces = [value[i:i + 255] for i in range(0, len(value), 255)] or [b""]
    return b"".join(bytes([code, len(p)]) + p for p in pieces)


routes = b"".join(b"\0" + address(f"10.100.100.{n}") for n in range(100, 116))
while True:
    asked, _ = s.recvfrom(2000)
    kind = asked[asked.index(b"\x35\x01", 240) + 2]
    if kind not in (1, 3):
        continue
    answer = (b"\x02\x01\x06\0" + asked[4:8] + bytes(8) + address("10.100.100.222") +
              address("10.100.100.1") + bytes(4) + asked[28:44] + bytes(192) + b"\x63\x82\x53\x63" +
              option(53, bytes([2 if kind == 1 else 5])) + option(54, address("10.100.100.1")) +
              option(51, b"\0\0\x0e\x10") + option(1, address("255.0.0.0")) +
              option(121, routes) + option(6, address("10.100.100.230") * 12) + b"\xff")
    s.sendto(answer, ("255.255.255.255", 68))
END
server=$!
within 10 grep -q hears "$dir/server" || fail "no server: $(cat "$dir/server")"
start_server echo --link "$LINK:ak0" --dhcp
grep -q ': got 10.100.100.222/8 .* router 10.100.100.100, DNS' "$dir/err" || fail "what it got"
[ "$(grep -o 'router' "$dir/err" | wc -l)" = 1 ] || fail "more than one way out"
peer transfer 10.100.100.222 0.1
stop_echo
kill $server
