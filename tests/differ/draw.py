# SPDX-License-Identifier: MIT
"""What a seed draws: a sequence of socket calls and of segments from the peer.

Numbers of segments are symbolic,
    so that the same step means the same to both stacks: `nxt+10` is ten
octets after what the stack has acknowledged, `edge-1` the last octet of the window that it offers;
the acknowledgment is said relative to what it has sent (`nxt`) or to what we acknowledged (`una`).
"""
import collections
import random
import socket

LOCAL_PORT = 8080
MSS = 1000

Call = collections.namedtuple("Call", "name args")
# base, offset of the sequence number; octets of text; base, offset of the acknowledgment; the
# window; options: "syn" what a SYN offers, "ts" as agreed, "old", "none" without, "sack" besides
Send = collections.namedtuple("Send",
    "flags base offset length ack_base ack_offset window urgent options")

IN_ORDER = ("nxt", 0)
SOCKET_OPTIONS = ((socket.IPPROTO_TCP, socket.TCP_NODELAY, 1), (socket.IPPROTO_TCP,
    socket.TCP_NODELAY, 0),
                  (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1), (socket.SOL_SOCKET, socket.SO_LINGER,
                                                                b"\1\0\0\0\0\0\0\0"))


def pick(r, weighted):
    """One of {value: weight}."""
    return r.choices(list(weighted), list(weighted.values()))[0]


def segment(flags, base="nxt", offset=0, length=0, ack="nxt", ack_offset=0, window=60000, urgent=0,
            options="ts"):
    return Send(flags, base, offset, length, ack, ack_offset, window, urgent, options)


def draw_flags(r):
    return pick(r, {".": 60, "P.": 12, "F.": 10, "R": 4, "R.": 4, "S": 4, "S.": 3, "": 1, "F": 1,
                    "SF": 1, "SF.": 1, "FP.": 2, "U.": 1, "SR": 1, "FR.": 1, "P": 1, "FPU": 1})


def draw_segment(r):
    """Any segment at all; half of them are what a decent peer would send."""
    flags = draw_flags(r)
    if r.random() < 0.5:
        base, offset, ack, ack_offset = "nxt", 0, "nxt", 0
    else:
        base = pick(r, {"nxt": 8, "edge": 0 if "S" in flags else 2})
        offset = pick(r, {0: 6, 1: 3, -1: 3, 10: 1, -10: 2, 100: 2, -100: 1, 500: 1, 1000: 2,
            -1000: 1})
        if base == "edge":
            offset = pick(r, {-1000: 2, -100: 2, -1: 1, 0: 1, 200: 2, 1000: 2})
        if base == "nxt" and r.random() < 0.15:
            offset = r.choice((-2000, 2**29, -2**30, 2**31 - 10**6))
        ack = pick(r, {"nxt": 6, "una": 3})
        ack_offset = pick(r, {0: 24, 1: 1, -1: 1, -10: 1, 1000: 1, -1000: 1})
        if r.random() < 0.05:
            ack_offset = r.choice((-2**30, 2**30, -100000))
    length = 0 if "S" in flags and r.random() < 0.7 else pick(r, {0: 10, 1: 3, 10: 2, 100: 4,
        500: 2,
                                                                 1000: 4, 1400: 1})
    window = pick(r, {60000: 10, 0: 2, 1: 1, 500: 1, 2500: 1})
    urgent = r.choice((0, 1, 5, 200)) if "U" in flags else 0
    options = pick(r, {"ts": 40, "old": 1, "none": 1, "sack": 3})
    return Send(flags, base, offset, length, ack, ack_offset, window, urgent, options)


def draw_call(r):
    name = pick(r, {"send": 8, "recv": 8, "shutdown": 2, "close": 1, "set": 1, "error": 1})
    args = {"send": lambda: (pick(r, {1: 3, 10: 2, 500: 2, 1000: 3, 2500: 3, 20000: 1}),),
            "recv": lambda: (pick(r, {1: 1, 100: 3, 5000: 5}),),
            "shutdown": lambda: (socket.SHUT_WR,),
            "close": lambda: (), "error": lambda: (),
            "set": lambda: r.choice(SOCKET_OPTIONS)}[name]()
    return Call(name, ("c",) + args)


def opening(r):
    """How the connection comes about: passively, actively, or both at once; or not at all."""
    kind = pick(r, {"passive": 10, "active": 8, "both": 2, "half": 3, "syn sent": 3, "closed": 1})
    passive = [Call("socket", ("l",)), Call("bind", ("l", LOCAL_PORT)), Call("listen", ("l", 8))]
    active = [Call("socket", ("c",)), Call("bind", ("c", LOCAL_PORT)),
              Call("connect", ("c",))]
    syn = segment("S", options="syn", window=r.choice((60000, 60000, 2000)))
    syn_ack = segment("S.", options="syn")
    return {
        "passive": passive + [syn, segment("."), Call("accept", ("l", "c"))],
        "active": active + [syn_ack],
        "both": active + [segment("S", options="syn"), segment("S.", offset=-1, options="syn")],
        "half": passive + [syn],
        "syn sent": active,
        "closed": passive,
    }[kind]


def draw(seed):
    """(what the SYN of the peer offers, the steps)"""
    r = random.Random(seed)
    offer = {"mss": r.choice((MSS, MSS, 500, None)), "ts": r.random() < 0.4,
        "sack": r.random() < 0.6,
             "wscale": r.choice((None, 0, 3, 7))}
    steps = opening(r)
    for _ in range(r.randint(2, 14)):
        if r.random() < 0.65:
            steps.append(draw_segment(r))
        else:
            steps.append(draw_call(r))
        if isinstance(steps[-1], Send) and steps[-1].flags == "S" and r.random() < 0.5:
            steps[-1] = steps[-1]._replace(options="syn")
        if r.random() < 0.06:
            steps.append(Call("accept", ("l", "c")))
    return offer, steps
