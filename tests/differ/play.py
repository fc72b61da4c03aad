# SPDX-License-Identifier: MIT
"""Plays a sequence to one stack, and says what came back in numbers that any stack would use.

Relative numbers, no ports, no timestamps of its own clock, a window as open or closed: what is left
must be equal, or be explained by a class of classes.py.
"""
import collections
import struct

import draw
import segment
import stacks

PEER_ISS = 1_000_000

# an answer as it is compared: flags, seq, ack and SACK blocks relative, text, kinds of options
Answer = collections.namedtuple("Answer", "flags seq ack text window options sack echo")


def octets_of(direction, start, n):
    """The stream of each direction, by its place."""
    return bytes((start + i) * direction % 251 for i in range(n))


# where a stack was before a step
Where = collections.namedtuple("Where", "nxt una got edge repeated closed fin_drawn lowered shift "
                                        "furthest urgent_drawn agreed_ts syn_acks")


# Each sequence has a peer of its own, so that nothing of an earlier one is met again.
PORTS, FIRST_PORT = 50_000, 10_000


class Player:
    """One stack in one sequence: keeps what both sides' numbers stand for."""

    def __init__(self, stack, offer, number):
        self.stack, self.offer = stack, offer
        self.port = FIRST_PORT + number % PORTS
        self.address = bytes((10, 9, 1 + number // PORTS % 200, 2))
        self.iss = None          # of the stack
        self.nxt = 0             # relative: what it has sent, its SYN is 0
        self.una = 0             # what we have acknowledged of it
        self.got = 0             # what it has acknowledged of ours, our SYN is 0
        self.edge = 0            # the end of the window it offers
        self.edge_before = 0     # the same before this step
        self.shift = 0           # its window scale
        self.queued = 0          # octets that its application has given it
        self.tick = 5000         # our clock of timestamps
        self.last_tsval = 0      # the stack's
        self.agreed_ts = self.agreed_scale = False
        self.closed = False      # its application has shut or closed it
        self.fin_drawn = False   # we have sent a FIN, anywhere
        self.urgent_drawn = False
        self.syn_acks = 0        # that the stack has sent
        self.furthest = 0        # the end of the text that we have sent anywhere to the right
        self.promised = 0        # the furthest that we let it send
        self.lowered = False     # and took back
        self.repeated = 0        # ACKs that said nothing new
        stack.begin()

    def where(self):
        return Where(self.nxt, self.una, self.got, self.edge, self.repeated,
                     self.closed, self.fin_drawn, self.lowered, self.shift, self.furthest,
                     self.urgent_drawn, self.agreed_ts, self.syn_acks)

    def step(self, step):
        """The answer of the call and what was sent: comparable."""
        result, self.edge_before = None, self.edge
        if isinstance(step, draw.Call):
            result = self.call(step)
        else:
            self.stack.inject(self.packet(step))
        return result, [self.answer(s) for s in self.segments()]

    def call(self, step):
        self.closed |= step.name in ("close", "shutdown")
        args = list(step.args)
        if step.name == "send":
            args[1] = octets_of(3, self.queued, args[1])
        if step.name == "connect":
            args += (self.address, self.port)
        result = self.stack.call(step.name, *args)
        if step.name == "send" and isinstance(result, int):
            self.queued += result
        return result

    # -------------------------------------------------------------- ours

    def options(self, step):
        syn = step.options == "syn"
        out = []
        if syn and self.offer["mss"]:
            out.append((segment.OPTION_MSS, struct.pack("!H", self.offer["mss"])))
        if syn and self.offer["sack"]:
            out.append((segment.OPTION_SACK_OK, b""))
        if (syn and self.offer["ts"]) or (not syn and self.agreed_ts and step.options != "none"):
            old = 4000 if step.options == "old" else 0
            out.append((segment.OPTION_TS, struct.pack("!II", self.tick - old, self.last_tsval)))
        if syn and self.offer["wscale"] is not None:
            out.append((segment.OPTION_WSCALE, bytes((self.offer["wscale"],))))
        if step.options == "sack" and self.nxt - self.una > 20:
            block = ((self.iss or 0) + self.nxt - 10, (self.iss or 0) + self.nxt)
            out.append((segment.OPTION_SACK, struct.pack("!II", *(x % 2**32 for x in block))))
        return out

    def packet(self, step):
        self.tick += 1
        self.fin_drawn |= "F" in step.flags
        self.urgent_drawn |= "U" in step.flags
        start = (self.got if step.base == "nxt" else self.edge) + step.offset
        ack = 0
        if "." in step.flags:
            base = self.nxt if step.ack_base == "nxt" else self.una
            ack = base + step.ack_offset
            if self.una < ack <= self.nxt:
                self.una = ack
        if step.length and start < self.edge:
            self.furthest = max(self.furthest, start + step.length)
        text = octets_of(5, start + ("S" in step.flags), step.length)
        shift = self.offer["wscale"] if self.agreed_scale and step.options != "syn" else 0
        window = min(65535, step.window >> shift)
        edge = (ack if "." in step.flags else self.una) + (window << shift)
        self.lowered |= edge < self.promised
        self.promised = max(self.promised, edge)
        return segment.build(self.address, stacks.LOCAL_OCTETS, segment.Segment(
            self.port, draw.LOCAL_PORT, PEER_ISS + start,
            (self.iss or 0) + ack if "." in step.flags else 0, segment.bits(step.flags), window,
            step.urgent, self.options(step), text))

    # -------------------------------------------------------------- the stack's

    def segments(self):
        found = (segment.parse(p) for p in self.stack.drain())
        return [s for s in found
                if s and (s.sport, s.dport) == (draw.LOCAL_PORT, self.port)]

    def answer(self, s):
        flags = segment.word(s.flags)
        options = dict(s.options)
        if "S" in flags:
            self.note_syn(s, options)
        seq = self.relative(s.seq, self.iss or 0) if s.seq or "R" not in flags else 0
        ack = self.relative(s.ack, PEER_ISS) if "." in flags else None
        if "R" not in flags:
            end = seq + len(s.text) + ("S" in flags) + ("F" in flags)
            self.nxt = max(self.nxt, end)
            if ack is not None:
                self.repeated += flags == "." and not s.text and ack <= self.got and \
         "S" not in flags
                self.got = max(self.got, ack)
                self.edge = max(self.edge, ack + (s.window << (0 if "S" in flags else self.shift)))
        echo = None
        if segment.OPTION_TS in options:
            self.last_tsval, echo = struct.unpack("!II", options[segment.OPTION_TS])
        if "R" in flags and ack is not None:
            ack = self.place(ack)
        window = "" if "R" in flags else "open" if s.window else "closed"
        return Answer(flags, seq, ack, s.text, window,
                      self.kinds(options), self.sack(options), echo)

    def note_syn(self, s, options):
        self.nxt = self.una = self.edge = 0  # it may be a new connection
        self.got = max(0, self.relative(s.ack, PEER_ISS)) if s.flags & segment.bits(".") else 0
        self.iss = s.seq
        self.syn_acks += s.flags & segment.bits(".") != 0
        self.agreed_ts = self.offer["ts"] and segment.OPTION_TS in options
        self.agreed_scale = self.offer["wscale"] is not None and segment.OPTION_WSCALE in options
        self.shift = options[segment.OPTION_WSCALE][0] if self.agreed_scale else 0

    @staticmethod
    def relative(number, base):
        """Near zero, either side of it; a number of no connection's stays as it is."""
        return (number - base + 2**31) % 2**32 - 2**31

    @staticmethod
    def kinds(options):
        out = []
        for kind, value in sorted(options.items()):
            out.append(f"mss {struct.unpack('!H', value)[0]}" if kind == segment.OPTION_MSS
                       else {3: "wscale", 4: "sackOK", 5: "sack", 8: "TS"}.get(kind,
         f"kind {kind}"))
        return ",".join(out)

    def sack(self, options):
        value = options.get(segment.OPTION_SACK, b"")
        numbers = [self.relative(n, PEER_ISS) for n in struct.unpack(f"!{len(value) // 4}I", value)]
        pairs = zip(numbers[::2], numbers[1::2])
        return tuple(("far", end - start) if start > self.got + 20_000 else (start, end)
                     for start, end in pairs)

    def place(self, n):
        """Near the window's edge, which is each stack's own, it is said relative to that."""
        away = n - self.edge_before
        return f"edge{away:+}" if -20_000 < away < 20_000 else n
