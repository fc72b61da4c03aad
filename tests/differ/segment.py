# SPDX-License-Identifier: MIT
"""Segments of TCP over IPv4 as octets and as values (RFC 9293 section 3.1).

Numbers are absolute here; who compares makes them relative. Written for itself, so that what judges
a stack does not share its code.
"""
import collections
import struct

FLAGS = "FSRP.UEW"  # in the order of the bits
OPTION_MSS, OPTION_WSCALE, OPTION_SACK_OK, OPTION_SACK, OPTION_TS = 2, 3, 4, 5, 8

Segment = collections.namedtuple("Segment", "sport dport seq ack flags window urgent options text")


def checksum(octets):
    """RFC 1071."""
    if len(octets) % 2:
        octets += b"\0"
    total = sum(struct.unpack(f"!{len(octets) // 2}H", octets))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def bits(word):
    """'S.' as the octet of flags."""
    return sum(1 << FLAGS.index(letter) for letter in word)


def word(octet):
    """The octet of flags as 'S.'; '-' for none."""
    return "".join(c for i, c in enumerate(FLAGS) if octet >> i & 1) or "-"


def pack_options(options):
    """[(kind, value octets)] as they lie in the header, filled up with end-of-list."""
    out = b"".join(bytes((kind, 2 + len(value))) + value for kind, value in options)
    return out + b"\0" * (-len(out) % 4)


def build(source, target, segment):
    """The packet: both addresses as four octets each."""
    options = pack_options(segment.options)
    head = struct.pack("!HHIIBBHHH", segment.sport, segment.dport, segment.seq % 2**32,
                       segment.ack % 2**32, (5 + len(options) // 4) << 4, segment.flags,
                       segment.window, 0, segment.urgent)
    tcp = head + options + segment.text
    pseudo = source + target + struct.pack("!HH", 6, len(tcp))
    total = checksum(pseudo + tcp)
    tcp = tcp[:16] + struct.pack("!H", total) + tcp[18:]
    ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(tcp), 0, 0, 64, 6, 0) + source + target
    return ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:] + tcp


def unpack_options(octets):
    out = []
    while octets and octets[0] != 0:
        if octets[0] == 1:
            octets = octets[1:]
            continue
        length = octets[1] if len(octets) > 1 else 0
        if length < 2 or length > len(octets):
            raise ValueError("an option's length is illegal")
        out.append((octets[0], octets[2:length]))
        octets = octets[length:]
    return out


def parse(packet):
    """The segment in an IPv4 packet, or None if it carries none."""
    if len(packet) < 40 or packet[0] >> 4 != 4 or packet[9] != 6:
        return None
    tcp = packet[(packet[0] & 15) * 4:struct.unpack("!H", packet[2:4])[0]]
    sport, dport, seq, ack, offset, flags, window, _, urgent = struct.unpack("!HHIIBBHHH", tcp[:20])
    length = (offset >> 4) * 4
    return Segment(sport, dport, seq, ack, flags, window, urgent,
                   unpack_options(tcp[20:length]), tcp[length:])
