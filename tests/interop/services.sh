#!/bin/sh
# SPDX-License-Identifier: MIT
#
# RFC 863 and RFC 864 on every kind of device, over TCP and UDP, IPv4 and IPv6.
#
#   Python ── kernel 10.7.0.1 fd07::1 ── ak0 ══ aksu discard, aksu chargen
#
. "$(dirname "$0")/common"
all_kinds
enter_namespace "$@"

python() {
	python3 - "$@" <<'END' || fail "$LINK: $*"
import socket, sys

what, address, size = sys.argv[1], sys.argv[2], int(sys.argv[3])
family = socket.AF_INET6 if ":" in address else socket.AF_INET
port = {"discard": 9, "chargen": 19}[what]
s = socket.socket(family)
s.settimeout(30)
s.connect((address, port))
u = socket.socket(family, socket.SOCK_DGRAM)
u.settimeout(10)
u.connect((address, port))
ring = bytes(range(32, 127))
period = b"".join((ring * 2)[i:i + 72] + b"\r\n" for i in range(95))

if what == "discard":
    for _ in range(size >> 16):
        s.sendall(bytes(1 << 16))
    s.shutdown(socket.SHUT_WR)
    assert s.recv(1) == b"", "octets from discard"
    for _ in range(20):
        u.send(b"forget me")
else:
    got = 0
    while got < size:
        octets = s.recv(1 << 18)
        at = got % len(period)
        want = (period * (len(octets) // len(period) + 2))[at:at + len(octets)]
        assert octets == want, f"not the pattern after {got} octets"
        got += len(octets)
    s.shutdown(socket.SHUT_WR)      # nobody listens any more: it ends, and properly
    while s.recv(1 << 18):
        pass
    lengths = set()
    for n in [1, 2, 512, 1400] * 10:
        u.send(bytes(n))
        answer = u.recv(2048)
        assert len(answer) <= min(n, 512) and period.startswith(answer), (n, answer)
        lengths.add(len(answer))
    assert len(lengths) > 5, f"not so random: {lengths}"
s.close()
END
}

for kind in $KINDS; do
	use_link "$kind"
	for service in discard chargen; do
		# shellcheck disable=SC2086
		start_server $service $LINK_BOTH --stats
		for address in $V4 $V6; do
			python $service $address $((MIB << 20))
		done
		expect ended 2
		expect open 0
		expect failed 0
		expect records 0
		octets=$(counter octets)
		[ "$octets" -ge $((2 * MIB << 20)) ] || fail "$LINK, $service: $octets octets"
		stop_echo
	done
	echo "$kind: discard and chargen, $MIB MiB each, over IPv4 and IPv6"
done
