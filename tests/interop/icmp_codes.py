#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Tells a host on a device every kind of ICMP error, about packets that it really sent.

Usage: icmp_codes.py open ADDRESS DEVICE
       icmp_codes.py opening TYPE CODE DEVICE DESTINATION

What the device carries is heard by a packet socket, what is said goes through a raw one. The first
ends with 0 if a connection to the echo server at ADDRESS outlives them all. The second waits for a
first SYN to DESTINATION and answers it so; the device need not exist when it begins.
"""
import socket
import struct
import sys
import time

PORT = 7
ETH_P_ALL = 3
PATIENCE = 10
V4_ERRORS = [(3, code) for code in range(17)] + [(4, 0), (11, 0), (11, 1)] + [
    (12, code) for code in range(3)]
V6_ERRORS = [(1, code) for code in range(9)] + [(2, 0), (3, 0), (3, 1)] + [
    (4, code) for code in range(3)]


class Ear:
    """The packets of one device."""

    def __init__(self, device):
        self.s = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_ALL))
        self.s.bind((device, ETH_P_ALL))
        self.s.settimeout(PATIENCE)

    def tcp(self, v6, wanted):
        """The next TCP packet that wanted(ports, flags) takes, and its IP header's length."""
        head = 40 if v6 else 20
        while True:
            packet = self.s.recv(1 << 17)
            if len(packet) < head + 20 or packet[0] >> 4 != (6 if v6 else 4):
                continue
            if packet[6 if v6 else 9] != 6:
                continue
            ports = struct.unpack(">HH", packet[head:head + 4])
            if wanted(ports, packet[head + 13]):
                return packet, head


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def say(v6, to, kind, code, quoted, rest=0):
    """One message; the kernel sums those of IPv6 itself."""
    message = struct.pack(">BBHI", kind, code, 0, rest) + quoted
    if not v6:
        message = message[:2] + struct.pack(">H", checksum(message)) + message[4:]
    with socket.socket(socket.AF_INET6 if v6 else socket.AF_INET, socket.SOCK_RAW,
                       socket.IPPROTO_ICMPV6 if v6 else socket.IPPROTO_ICMP) as s:
        s.sendto(message, (to, 0))


def speak(s, text):
    s.sendall(text)
    back = b""
    while len(back) < len(text):
        chunk = s.recv(1 << 16)
        if not chunk:
            raise OSError("closed")
        back += chunk
    if back != text:
        raise OSError("other octets")


def as_acknowledged(packet, head):
    """The number where it ended: that is believed also once it is acknowledged."""
    seq = struct.unpack(">I", packet[head + 4:head + 8])[0]
    text = len(packet) - head - (packet[head + 12] >> 4) * 4
    return packet[:head + 4] + struct.pack(">I", (seq + text) & 0xffffffff) + packet[head + 8:]


def about_an_open_one(address, device):
    v6 = ":" in address
    ear = Ear(device)
    s = socket.socket(socket.AF_INET6 if v6 else socket.AF_INET, socket.SOCK_STREAM)
    s.settimeout(PATIENCE)
    s.connect((address, PORT))
    mine = s.getsockname()[1]
    errors = V6_ERRORS if v6 else V4_ERRORS
    for n, (kind, code) in enumerate(errors):
        speak(s, b"%d: before type %d code %d" % (n, kind, code))
        packet, head = ear.tcp(v6, lambda ports, flags: ports == (PORT, mine) and flags & 8)
        packet = as_acknowledged(packet, head)
        mtu = 1300 if (kind, code) in ((2, 0), (3, 4)) else 0
        for octets in (len(packet) - head, 8):              # all of it, and the least
            say(v6, address, kind, code, packet[:head + octets], mtu)
    speak(s, b"and after them all")
    s.close()
    print(f"{address}: {len(errors)} kinds of errors outlived")


def about_a_syn(kind, code, device, destination):
    v6 = ":" in destination
    family, at = (socket.AF_INET6, 8) if v6 else (socket.AF_INET, 12)
    ear, end = None, time.monotonic() + PATIENCE
    while ear is None:
        try:
            ear = Ear(device)
        except OSError:                                     # not yet there
            if time.monotonic() > end:
                raise
            time.sleep(0.02)
    packet, head = ear.tcp(v6, lambda ports, flags: flags & 0x12 == 2)
    source = packet[at:at + (16 if v6 else 4)]
    say(v6, socket.inet_ntop(family, source), int(kind), int(code), packet[:head + 8])


def main(argv):
    deeds = {"open": about_an_open_one, "opening": about_a_syn}
    if len(argv) < 4 or argv[1] not in deeds:
        print(__doc__.strip())
        return 2
    try:
        deeds[argv[1]](*argv[2:])
    except OSError as e:
        print(f"{' '.join(argv[1:])}: {type(e).__name__}: {e}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
