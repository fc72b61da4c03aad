# SPDX-License-Identifier: MIT
"""Which paths are measured, who sends over each, and for how long."""

RATES = (10, 100)  # Mbit/s, both ways
RTTS = (20, 66, 200)  # ms, half of it each way
LOSSES = (0, 0.1, 1)  # percent, of what the sender sends
JITTERS = (0, 5)  # ms, of what the sender sends: uniform, and packets overtake each other
FRAME, TEXT = 1514, 1448  # octets: what a wire counts, what of it is the stream's

# A start-up of some twelve round trips is in the figure, as a user has it, and is an eighth of it.
SECONDS_MIN, ROUND_TRIPS = 10, 100
SECONDS_REORDERED, SECONDS_SHARED = 30, 40


class Cell:
    """`lines`: the ones that are compared; each is one flow, or several that share the path."""

    def __init__(self, group, rate, rtt, loss=0, jitter=0, reorder=0, lines=(), seconds=0):
        self.group, self.rate, self.rtt, self.lines = group, rate, rtt, lines
        self.loss, self.jitter, self.reorder = loss, jitter, reorder
        self.seconds = seconds or max(SECONDS_MIN, ROUND_TRIPS * rtt / 1000)

    @property
    def name(self):
        control = " bbr" if self.group == "reorder" and "bbr" in self.lines[0][0] else ""
        return (f"{self.group}{control} {self.rate}mbit {self.rtt}ms loss={self.loss}% "
                f"jitter={self.jitter}ms reorder={self.reorder}%")

    @property
    def most(self):
        """Mbit/s of the stream when the bottleneck never rests."""
        return self.rate * TEXT / FRAME

    def wire(self, seed):
        words = ["--rate", f"{self.rate}mbit", "--delay", f"{self.rtt / 2}ms", "--queue", "bdp",
                 "--seed", str(seed)]
        if self.loss:
            words += ["--loss", f"{self.loss}%/"]
        if self.jitter:
            words += ["--jitter", f"{self.jitter}ms/", "--overtake"]
        if self.reorder:
            words += ["--reorder", f"{self.reorder}%/", "--late", "4ms/"]
        return words


NAMES_OF_LINUX = {"newreno": "reno"}


def linux(congestion):
    return f"linux:{NAMES_OF_LINUX.get(congestion, congestion)}"


def against(congestion):
    return (linux(congestion),), (f"aksu:{congestion}",)


def all_cells(congestion="cubic"):
    both, bbr = against(congestion), against("bbr")
    cells = [Cell("cubic", rate, rtt, loss, jitter, lines=both)
             for rate in RATES for rtt in RTTS for loss in LOSSES for jitter in JITTERS]
    cells += [Cell("bbr", rate, rtt, loss, lines=bbr)
              for rate, rtt in ((10, 66), (100, 66), (100, 200)) for loss in LOSSES]
    cells += [Cell("reorder", rate, rtt, jitter=jitter, reorder=reorder, lines=lines,
                   seconds=SECONDS_REORDERED)
              for rate, rtt, jitter, reorder, lines in (
                  (10, 66, 0, 0.5, both), (100, 66, 0, 0.5, both), (100, 66, 0, 0.5, bbr),
                  (100, 100, 5, 0, both), (100, 100, 5, 0, bbr))]
    # Who begins first has an advantage that both get in turn.
    shared = ((f"aksu:{congestion}", linux(congestion)), (linux(congestion), f"aksu:{congestion}"))
    cells += [Cell("share", rate, rtt, lines=shared, seconds=SECONDS_SHARED)
              for rate, rtt in ((10, 66), (100, 20), (100, 66))]
    return cells


def quick_cells(congestion="cubic"):
    """A corner of each sort."""
    wanted = {("cubic", 10, 20, 0, 0), ("cubic", 100, 66, 0, 0), ("cubic", 100, 66, 1, 0),
              ("cubic", 100, 66, 0.1, 5), ("cubic", 10, 200, 0.1, 0), ("bbr", 100, 66, 1, 0),
              ("reorder", 100, 66, 0, 0), ("share", 10, 66, 0, 0)}
    return [c for c in all_cells(congestion)
            if (c.group, c.rate, c.rtt, c.loss, c.jitter) in wanted]
