# SPDX-License-Identifier: MIT
"""The differences between Linux and aksu that an RFC allows, each with the section that does.

A difference that no class explains is a bug of ours until it is shown not to be. A class looks at
one step (`Difference`: what was done, what both answered, where both sides were before it) and says
whether it is its own; `goes_on` where both are in the same state afterwards,
    so that the sequence can
be played further. The table of docs/differential.md is printed from here.
"""
import collections

import draw

# step; linux, aksu: (result, answers); before: what both stacks' numbers were
Difference = collections.namedtuple("Difference", "step linux aksu before")

Class = collections.namedtuple("Class", "name section linux aksu goes_on hidden is_it")

CLASSES = []


def a_class(name, section, linux, aksu, goes_on=False, hidden=False):
    """Registers the function as the test of a class; the first that says yes has it.

    `hidden`: both may answer alike and yet not be in the same state afterwards.
    """
    def register(is_it):
        CLASSES.append(Class(name, section, linux, aksu, goes_on, hidden, is_it))
        return is_it
    return register


def class_of(difference):
    """The class of a step, or None: it needs none, or has none."""
    for c in CLASSES:
        if (difference.linux != difference.aksu or c.hidden) and c.is_it(difference):
            return c
    return None


# ---------------------------------------------------------------------- words for the tests below

def sent(side):
    return side[1]


def is_segment(d):
    return isinstance(d.step, draw.Send)


def is_ack(answer):
    """A segment that says nothing but where its sender is."""
    return answer.flags == "." and not answer.text


def only_linux_acks(d):
    """Linux answers a segment with an ACK, aksu with nothing."""
    return is_segment(d) and not sent(d.aksu) and len(sent(d.linux)) == 1 and \
        is_ack(sent(d.linux)[0])


def only_aksu_acks(d):
    return is_segment(d) and not sent(d.linux) and len(sent(d.aksu)) == 1 and \
        is_ack(sent(d.aksu)[0])


def alike(d, **fields):
    """Whether both are equal once these fields of each segment are replaced, and but for PSH."""
    fields = {"flags": lambda a: a.flags.replace("P", "")} | fields
    def blank(side):
        return side[0], [a._replace(**{k: f(a) for k, f in fields.items()}) for a in sent(side)]
    return blank(d.linux) == blank(d.aksu)


# How far right of the edge that it told Linux may take a segment: its window is larger inside.
WINDOW_ROUNDING = 512

MSS_LEAST = 400  # less than any segment that is full, with all options

NO_SACK = {"sack": lambda a: (), "options": lambda a: a.options.replace("sack,",
    "").replace("sack", "")}


def other_echo(d):
    """Whether TSecr differs, and nothing else but SACK blocks."""
    return [a.echo for a in sent(d.linux)] != [a.echo for a in sent(d.aksu)] and \
        alike(d, echo=lambda a: 0, **NO_SACK)


def start(d):
    """Of the segment, relative to RCV.NXT."""
    return d.step.offset + (d.before.edge - d.before.got if d.step.base == "edge" else 0)


def acknowledges(d):
    if "." not in d.step.flags:
        return d.before.una
    return (d.before.nxt if d.step.ack_base == "nxt" else d.before.una) + d.step.ack_offset


def end(d):
    return start(d) + d.step.length + ("S" in d.step.flags) + ("F" in d.step.flags)


# ---------------------------------------------------------------------- the classes

@a_class("PSH inside a burst", "RFC 9293 3.9.1.2", "also on segments before the last of a call",
         "on the segment that empties the queue", goes_on=True)
def _(d):
    return alike(d)


@a_class("options of a reset", "RFC 7323 3.2, RFC 2018 3",
         "SACK blocks; timestamps only where there is a connection",
         "timestamps where the segment had them", goes_on=True)
def _(d):
    return any("R" in a.flags for a in sent(d.aksu)) and alike(
        d, options=lambda a: "" if "R" in a.flags else a.options,
        sack=lambda a: () if "R" in a.flags else a.sack,
        echo=lambda a: None if "R" in a.flags else a.echo)


@a_class("an ACK from before the connection", "RFC 5961 5.2",
         "challenged, and all of the segment dropped: less was ever acknowledged than it is old by",
         "an old duplicate: the bound is SND.UNA - MAX.SND.WND", hidden=True)
def _(d):
    return is_segment(d) and "." in d.step.flags and d.before.una >= 1 > acknowledges(d) and \
        (d.linux != d.aksu or start(d) < end(d))


@a_class("an ACK far too old, in a segment that is predicted", "RFC 5961 5.2",
         "its text is taken: header prediction looks at the upper bound only",
         "challenged, and all of the segment dropped")
def _(d):
    return is_segment(d) and "." in d.step.flags and \
        acknowledges(d) < d.before.una - 60000 and start(d) == 0 and d.step.length > 0


@a_class("timestamps agreed on are missing", "RFC 7323 3.2", "taken as it is",
         "dropped in silence (SHOULD)", hidden=True)
def _(d):
    return is_segment(d) and d.step.options == "none" and d.before.agreed_ts


@a_class("options of the SYN,ACK in a simultaneous open", "RFC 7323 2.2, 3.2; RFC 2018 2",
         "all that it offers itself", "only what the other SYN offered")
def _(d):
    return is_segment(d) and "S" in d.step.flags and alike(
        d, options=lambda a: "" if a.flags == "S." else a.options,
        echo=lambda a: None if a.flags == "S." else a.echo)


@a_class("at the window's right edge", "RFC 9293 3.10.7.4, Table 6",
         "acceptable, and as far as the scale rounds the window down: what is not text counts",
         "not acceptable: an ACK", hidden=True)
def _(d):
    beyond = start(d) - (d.before.edge - d.before.got) if is_segment(d) else -1
    return d.before.edge > 0 and 0 <= beyond <= WINDOW_ROUNDING and "R" not in d.step.flags


@a_class("D-SACK once", "RFC 2883 4", "on each segment of a burst", "on the first")
def _(d):
    linux, aksu = sent(d.linux), sent(d.aksu)
    return len(linux) > 1 and len(aksu) > 1 and linux[0] == aksu[0] and \
        linux[1].sack and not aksu[1].sack


@a_class("D-SACK of what waited out of order", "RFC 2883 4",
         "reported when text in order covers it again",
         "only what was acknowledged before is reported",
         goes_on=True)
def _(d):
    return is_segment(d) and d.step.length and d.before.got + start(d) < d.before.furthest and \
        d.before.got + end(d) <= d.before.edge and alike(
        d, **NO_SACK)


@a_class("text beyond a FIN", "RFC 9293 3.10.7.4, eighth",
         "the FIN counts, what waited beyond it is forgotten",
         "the text counts, a FIN inside it is none", hidden=True)
def _(d):
    return is_segment(d) and "F" in d.step.flags and \
        d.before.got < d.before.got + end(d) <= d.before.furthest


@a_class("the reset for text after CLOSE", "RFC 9293 3.10.7.4, seventh; 3.6.1",
         "its number is SEG.ACK, and it has no ACK bit", "SND.NXT with an ACK", goes_on=True)
def _(d):
    return is_segment(d) and len(sent(d.linux)) == len(sent(d.aksu)) == 1 and \
        sent(d.linux)[0].flags == "R" and sent(d.aksu)[0].flags == "R."


@a_class("text after CLOSE, with a number that is not acceptable",
         "RFC 9293 3.10.7.4, first and fifth",
         "reset for the text at once", "number and ACK come first: an ACK")
def _(d):
    return is_segment(d) and d.before.closed and end(d) > start(d) and \
        [a.flags for a in sent(d.linux)] == ["R"] and [a.flags for a in sent(d.aksu)] == ["."]


@a_class("the ACK in a probe", "RFC 9293 A.2",
         "a probe, one left of the window, is answered and dropped",
         "what is new in its ACK counts",
         hidden=True)
def _(d):
    return is_segment(d) and d.step.flags == "." and start(d) == end(d) == -1 and \
        (acknowledges(d) > d.before.una or d.linux != d.aksu)


@a_class("a window taken back", "RFC 9293 3.10.7.4, fifth; 3.8.6 (SHLD-14)",
         "ignored without new data; ACKs are numbered inside what is left",
         "SND.WND is what was said last, by the furthest number; ACKs are numbered SND.NXT")
def _(d):
    return d.before.lowered and d.linux[0] == d.aksu[0] and sent(d.linux) + sent(d.aksu) and \
        all("R" not in a.flags for a in sent(d.linux) + sent(d.aksu)) and (
            [(a.text, "F" in a.flags) for a in sent(d.linux)] !=
            [(a.text, "F" in a.flags) for a in sent(d.aksu)] or
            alike(d, seq=lambda a: 0, **NO_SACK))


@a_class("the error of a reset", "RFC 9293 3.10.7.4, second",
         "ECONNRESET, EPIPE or the end of the stream, by the state",
         "ECONNREFUSED in SYN-RECEIVED, then ECONNRESET until both have closed, then none")
def _(d):
    return not is_segment(d) and {d.linux[0], d.aksu[0]} in (
        {"EPIPE", "ECONNRESET"}, {b"", "ECONNRESET"}, {0, "ECONNRESET"},
        {"ECONNREFUSED", "ECONNRESET"})


@a_class("half-close before the connection is there", "RFC 9293 3.10.4, SYN-SENT",
         "gives the attempt up", "FIN follows the handshake", hidden=True)
def _(d):
    return not is_segment(d) and d.step.name == "shutdown" and d.before.nxt == 1 and \
        not d.before.got \
        and d.linux[0] == d.aksu[0] == 0


@a_class("text after the peer's FIN", "RFC 9293 3.10.7.4, seventh", "reset, or an ACK",
         "ignored; the ACK in it counts")
def _(d):
    return is_segment(d) and d.before.fin_drawn and d.step.length and \
        [a.flags for a in sent(d.linux)] in (["R"], ["."]) and \
        not any("R" in a.flags or is_ack(a) for a in sent(d.aksu))


@a_class("a reset with the number of the FIN", "RFC 5961 3.2",
         "taken: some stacks send it so", "outside the window: dropped in silence", hidden=True)
def _(d):
    return is_segment(d) and "R" in d.step.flags and start(d) == -1 and d.before.fin_drawn


@a_class("text or FIN with SYN,ACK", "RFC 9293 3.10.7.3, fourth (to the sixth step)",
         "left for later", "counts")
def _(d):
    return is_segment(d) and d.before.got == 0 and {"S", "."} <= set(d.step.flags) and \
        ("F" in d.step.flags or d.step.length)


@a_class("CLOSE with unread text, when both sides have closed", "RFC 9293 3.10.5, LAST-ACK",
         "reset", "nothing is sent: the connection is deleted")
def _(d):
    return not is_segment(d) and d.step.name == "close" and d.before.closed and \
        not sent(d.aksu) and \
        [a.flags for a in sent(d.linux)] == ["R."]


@a_class("a SYN in TIME-WAIT that opens nothing", "RFC 6191 2", "an ACK", "dropped in silence",
         goes_on=True)
def _(d):
    return only_linux_acks(d) and d.before.closed and d.before.fin_drawn and d.step.flags == "S"


@a_class("half-close in TIME-WAIT", "RFC 9293 3.10.4", "ENOTCONN", "0, as any time again")
def _(d):
    return not is_segment(d) and (d.step.name, d.linux[0], d.aksu[0]) == ("shutdown", "ENOTCONN", 0)


@a_class("a new SYN in TIME-WAIT, right behind the FIN", "RFC 9293 3.6.1, RFC 1122 4.2.2.13",
         "an old duplicate: an ACK", "larger than what was used: a new connection")
def _(d):
    return is_segment(d) and "S" in d.step.flags and d.before.closed and start(d) >= 0 and \
        [a.flags for a in sent(d.linux) + sent(d.aksu)] == [".", "S."]


@a_class("half-close in SYN-RECEIVED", "RFC 9293 3.10.4, SYN-RECEIVED",
         "FIN when established", "FIN at once")
def _(d):
    return not is_segment(d) and d.step.name == "shutdown" and not sent(d.linux) and \
        [a.flags for a in sent(d.aksu)] == ["F."]


@a_class("the initial window after a second SYN,ACK", "RFC 5681 3.1", "as if it was the first",
         "one segment: the SYN,ACK is taken for lost")
def _(d):
    return d.before.syn_acks > 1 and d.linux[0] == d.aksu[0] and \
        0 < len(sent(d.aksu)) < len(sent(d.linux)) and d.before.nxt == 1


@a_class("the room that D-SACK leaves", "RFC 2883 4", "text beside what is reported",
         "the same, where aksu reports it")
def _(d):
    linux, aksu = sent(d.linux)[:1], sent(d.aksu)[:1]
    return is_segment(d) and d.step.length and linux and aksu and \
        linux[0].sack != aksu[0].sack and \
        linux[0].text[:MSS_LEAST] == aksu[0].text[:MSS_LEAST] != b""


@a_class("a SYN or a reset in FIN-WAIT-2, after CLOSE", "RFC 5961 4.2", "reset, or nothing",
         "challenged")
def _(d):
    return is_segment(d) and set("SR") & set(d.step.flags) and d.before.closed and \
        [a.flags for a in sent(d.aksu)] == ["."] and [a.flags for a in sent(d.linux)] in ([],
            ["R."])


@a_class("SYN-RECEIVED: a reset with an old timestamp", "RFC 7323 5.2",
         "dropped by PAWS", "PAWS is not for resets", hidden=True)
def _(d):
    return is_segment(d) and "R" in d.step.flags and d.step.options == "old" and d.before.nxt == 1


@a_class("reading up to the urgent mark", "RFC 9293 3.8.5, RFC 6093 3.1",
         "a read stops before the mark", "the octets are in their place in the stream")
def _(d):
    return not is_segment(d) and d.before.urgent_drawn and d.step.name == "recv"


@a_class("a reset with text over the left edge", "RFC 5961 3.2", "dropped in silence", "challenged",
         goes_on=True)
def _(d):
    return only_aksu_acks(d) and "R" in d.step.flags and start(d) < 0 < end(d)


@a_class("a segment that ends at RCV.NXT", "RFC 9293 3.10.7.4, first",
         "acceptable, then a duplicate", "not acceptable", hidden=True)
def _(d):
    return is_segment(d) and end(d) == 0 and start(d) < 0 and \
        (d.linux != d.aksu or acknowledges(d) > d.before.una)


@a_class("FIN right behind a full window", "RFC 9293 3.10.4, 3.8.6", "sent", "waits for room")
def _(d):
    return d.linux[0] == d.aksu[0] and any("F" in a.flags for a in sent(d.linux)) and \
        not any("F" in a.flags for a in sent(d.aksu)) and \
        [a.text for a in sent(d.linux) if a.text] == [a.text for a in sent(d.aksu) if a.text]


@a_class("half of a tiny window", "RFC 9293 3.8.6.2.1 (3)", "waits for more of a window",
         "text as long as half of the largest window goes at once")
def _(d):
    return not is_segment(d) and d.step.name == "send" and not sent(d.linux) and \
        0 < sum(len(a.text) for a in sent(d.aksu)) < MSS_LEAST


@a_class("TS.Recent after CLOSE", "RFC 7323 4.3 (2), 5.2",
         "in FIN-WAIT-2 not recorded, in TIME-WAIT also of a reset",
         "recorded as in any state, and not of a reset")
def _(d):
    return is_segment(d) and d.before.closed and other_echo(d)


@a_class("SYN and FIN at LISTEN", "RFC 9293 3.10.7.2, third", "dropped", "the SYN counts")
def _(d):
    return is_segment(d) and {"S", "F"} <= set(d.step.flags) and not sent(d.linux) and \
        [a.flags for a in sent(d.aksu)] == ["S."]


@a_class("an ACK of what was not sent", "RFC 9293 3.10.7.4, fifth", "dropped in silence",
         "answered, within the limit", goes_on=True)
def _(d):
    return only_aksu_acks(d) and "." in d.step.flags and acknowledges(d) > d.before.nxt


@a_class("a duplicate ACK, and text", "RFC 5681 2",
         "in one segment", "the ACK goes alone: with text it would not count as a duplicate",
         goes_on=True)
def _(d):
    linux, aksu = sent(d.linux), sent(d.aksu)
    return is_segment(d) and len(aksu) > 1 and is_ack(aksu[0]) and \
        [(a.seq, a.text) for a in linux] == [(a.seq, a.text) for a in aksu[1:]]


@a_class("D-SACK of what lies right of the window", "RFC 2883 4",
         "reported, though nothing of it was taken", "only what was received before", goes_on=True)
def _(d):
    return is_segment(d) and d.step.length and start(d) >= d.before.edge - d.before.got and \
        alike(d, **NO_SACK)


@a_class("a duplicate ACK with a later number", "RFC 5681 2, RFC 3042",
         "taken for a window update", "counts: limited transmit")
def _(d):
    return is_segment(d) and "." in d.step.flags and acknowledges(d) == d.before.una and \
        start(d) == end(d) > 0 and not sent(d.linux) and any(a.text for a in sent(d.aksu))


@a_class("an old timestamp, and no text", "RFC 7323 5.3 R1", "dropped in silence",
         "answered, within the limit",
         goes_on=True)
def _(d):
    return only_aksu_acks(d) and d.step.options == "old" and start(d) == end(d)


@a_class("SYN-RECEIVED: a wrong ACK outside the window", "RFC 9293 3.10.7.4, first",
         "reset: the ACK is looked at first", "the number comes first: an ACK")
def _(d):
    return is_segment(d) and "." in d.step.flags and acknowledges(d) != d.before.nxt and \
        [a.flags for a in sent(d.linux)] == ["R"] and \
        [a.flags for a in sent(d.aksu)] in (["."], ["S."])


@a_class("SYN-RECEIVED: a wrong ACK in the window", "RFC 9293 3.10.7.4, fifth",
         "an ACK, or nothing", "reset")
def _(d):
    return is_segment(d) and d.before.nxt == 1 and "." in d.step.flags and \
        acknowledges(d) != 1 and \
        [a.flags for a in sent(d.linux)] in ([], ["."]) and [a.flags for a in sent(d.aksu)] == ["R"]


@a_class("loss found in no time", "RFC 8985 6.2",
         "the reordering window is a quarter of some microseconds",
         "of nothing: here no time passes")
def _(d):
    return is_segment(d) and d.step.options == "sack" and d.linux[0] == d.aksu[0] and \
        any(a.text and a.seq < d.before.nxt for a in sent(d.aksu))


@a_class("SYN-RECEIVED: a SYN in the window", "RFC 9293 3.10.7.4, fourth",
         "reset", "back to LISTEN, in silence (passive OPEN)")
def _(d):
    return is_segment(d) and "S" in d.step.flags and not sent(d.aksu) and \
        [a.flags for a in sent(d.linux)] in (["R"], ["R."])


@a_class("SYN-RECEIVED: an echo that is not the SYN,ACK's", "RFC 7323 3.2",
         "dropped with an ACK: only what the SYN,ACK carried may be echoed",
         "taken: the number is what must be right")
def _(d):
    return is_segment(d) and d.step.options == "ts" and d.before.nxt == 1 and start(d) <= 0 and \
        [(a.flags, a.ack) for a in sent(d.linux)] == [(".", d.before.got)]


@a_class("a reset at the window's right edge, or with a SYN one left of it", "RFC 5961 3.2",
         "challenged", "outside the window: dropped in silence", goes_on=True)
def _(d):
    return only_linux_acks(d) and "R" in d.step.flags and \
        (0 <= start(d) - d.before.edge + d.before.got <= WINDOW_ROUNDING or (start(d) == -1 and \
            "S" in d.step.flags))


@a_class("text out of order at CLOSE", "RFC 9293 SHLD-3",
         "forgotten: FIN", "was received and never read: RST")
def _(d):
    return not is_segment(d) and d.step.name == "close" and \
        not any("R" in a.flags for a in sent(d.linux)) and any("R" in a.flags for a in sent(d.aksu))


@a_class("TS.Recent, of a segment one left of the window", "RFC 7323 4.3 (2), 5.3 R2",
         "by the end of the segment: a repeated FIN counts, a probe does not",
         "by its beginning: a repeated FIN is outside, a probe whose ACK counts is not")
def _(d):
    return is_segment(d) and start(d) == -1 and other_echo(d)


@a_class("TS.Recent, of a segment with an old ACK", "RFC 7323 4.3 (2)",
         "not recorded", "recorded: SEG.SEQ is what counts", hidden=True)
def _(d):
    old = is_segment(d) and "." in d.step.flags and start(d) <= 0 and \
        acknowledges(d) <= d.before.una
    return old and (other_echo(d) or (not sent(d.linux) and acknowledges(d) < d.before.una))


@a_class("growth of the congestion window", "RFC 5681 3.1, RFC 7661 4.3",
         "by segments that are acknowledged, also if the window was not used",
         "by octets, and only if the window was used")
def _(d):
    linux, aksu = [[(a.seq, a.text) for a in sent(side) if a.text] for side in (d.linux, d.aksu)]
    flight = d.before.nxt - d.before.una + sum(len(text) for _, text in aksu + linux)
    shorter = min(len(linux), len(aksu), 5)
    return d.linux[0] == d.aksu[0] and flight > 4000 and linux != aksu and \
        linux[:shorter] == aksu[:shorter]


@a_class("no ACK bit, outside the window", "RFC 9293 3.10.7.4, first",
         "dropped for the bit before the number is looked at", "the number comes first: an ACK",
         goes_on=True)
def _(d):
    return only_aksu_acks(d) and not set(d.step.flags) & set(".RS")


@a_class("an ACK, and text", "RFC 9293 3.8.6.3", "two segments", "the text carries the ACK")
def _(d):
    linux, aksu = [[(a.seq, a.text) for a in sent(side) if a.text] for side in (d.linux, d.aksu)]
    return is_segment(d) and linux == aksu and len(sent(d.linux)) == len(sent(d.aksu)) + 1


@a_class("SACK and D-SACK of a FIN", "RFC 2018 3, RFC 2883 4",
         "a FIN that waits or is old is reported like an octet", "blocks hold text only")
def _(d):
    return d.before.fin_drawn and alike(d, **NO_SACK)


@a_class("text over the window's edge", "RFC 9293 3.10.7.4, first (trimming)",
         "a segment that begins inside and ends outside is dropped with an ACK",
         "what is inside is kept")
def _(d):
    return is_segment(d) and d.step.length and start(d) < d.before.edge - d.before.got < end(d)


@a_class("SEND before the connection is there", "RFC 9293 3.10.2, SYN-SENT",
         "EAGAIN: a call that may not block fails", "queued until the handshake is done")
def _(d):
    return not is_segment(d) and d.step.name == "send" and d.linux[0] == "EAGAIN" \
        and isinstance(d.aksu[0], int)


@a_class("the SYN again in a simultaneous open", "RFC 9293 3.5, Figure 8",
         "its SYN is outside the window: an ACK besides", "the ACK in it completes the handshake",
         goes_on=True)
def _(d):
    return only_linux_acks(d) and "S" in d.step.flags and "." in d.step.flags and start(d) == -1


@a_class("the limit of challenges", "RFC 5961 7", "none (switched off for this comparison)",
         "four or five a second of each connection; here no time passes", goes_on=True)
def _(d):
    return only_linux_acks(d) and d.before.repeated >= 4
