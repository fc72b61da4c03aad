#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""docs/paths.md and docs/paths.json out of what bench/paths/run.py measured.

    table.py FILE [--print]

Everything between the markers of docs/paths.md is written anew. Intervals are of 90%, by bootstrap
over the runs, which are paired by the seed of their losses.
"""
import collections
import json
import os
import platform
import random
import statistics
import sys

sys.dont_write_bytecode = True
import cells as paths  # noqa: E402  (not before the line above)
import run as runs  # noqa: E402

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DRAWS = 4000
WARM_UP_S = 5  # of two that share a path: the time that they need to meet
LATE_US = 2000  # a wire that keeps 99 of 100 moments worse than this is a machine that is too busy


def goodput(flow):
    return flow["octets"] * 8 / flow["seconds"] / 1e6


def lost(result):
    return sum(result["wire"]["a_to_b"][key] for key in ("lost", "queue_full"))


def needless(result):
    """More than was lost; and at least what the receiver said that it had twice (D-SACK), which it
    does not say of those that PAWS rejects."""
    return max(result["flows"][0]["again"] - lost(result), result["duplicates"])


def interval(of, pairs):
    """Of a figure of a list, from 5 to 95 of 100 lists drawn from it."""
    chance = random.Random(1)
    drawn = sorted(of(chance.choices(pairs, k=len(pairs))) for _ in range(DRAWS))
    return drawn[DRAWS // 20], drawn[DRAWS - DRAWS // 20 - 1]


def ratio(pairs):
    """pairs of (Linux, aksu), which met the same losses."""
    return statistics.median(aksu / max(linux, 1e-9) for linux, aksu in pairs)


class Measured:
    """The runs of one path, by the line of who sent."""

    def __init__(self, cell, records):
        self.cell = cell
        self.records = [r for r in records if r["cell"] == cell.name]

    def by_run(self, line):
        return {r["run"]: r["result"] for r in self.records if tuple(r["who"]) == line}

    def pairs(self):
        linux, aksu = (self.by_run(line) for line in self.cell.lines)
        return [(goodput(linux[n]["flows"][0]), goodput(aksu[n]["flows"][0]))
                for n in sorted(linux.keys() & aksu.keys())]

    def needless(self, line):
        """Percent of the segments sent that were sent again and had not been lost."""
        return statistics.median(100 * needless(r) / max(r["flows"][0]["segments"], 1)
                                 for r in self.by_run(line).values())

    def shares(self):
        """aksu's part of what both carried, after they met."""
        found = []
        for record in self.records:
            skip = int(WARM_UP_S / 0.1)
            flows = [f["marks"][-1] - f["marks"][skip] for f in record["result"]["flows"]]
            ours = flows[[w.startswith("aksu") for w in record["who"]].index(True)]
            found.append(ours / max(sum(flows), 1))
        return found


def percent(value):
    return f"{value:g}%" if value else "no"


def jitter(cell):
    return f"{cell.jitter} ms" if cell.jitter else "no"


def cubic_table(measured):
    yield "| Mbit/s | RTT ms | loss | jitter | Linux | aksu | ratio | 90% interval |"
    yield "|---:|---:|---:|---:|---:|---:|---:|---|"
    for m in measured:
        pairs, c = m.pairs(), m.cell
        low, high = interval(ratio, pairs)
        yield (f"| {c.rate} | {c.rtt} | {percent(c.loss)} | {jitter(c)} "
               f"| {statistics.median(p[0] for p in pairs):.2f} "
               f"| {statistics.median(p[1] for p in pairs):.2f} "
               f"| {ratio(pairs):.2f} | {low:.2f} to {high:.2f} |")
    ratios = [ratio(m.pairs()) for m in measured]
    below = [m for m in measured if interval(ratio, m.pairs())[1] < 0.9]
    yield ""
    yield (f"The median of the {len(ratios)} ratios is {statistics.median(ratios):.2f}, from "
           f"{min(ratios):.2f} to {max(ratios):.2f}. Paths whose whole interval lies below 0.9: "
           f"{len(below)}.")


def link_table(measured):
    yield ("| Mbit/s | RTT ms | loss | jitter | reordered | control | Linux, of the link "
           "| aksu, of the link | 90% interval | needless: Linux | aksu |")
    yield "|---:|---:|---:|---:|---:|---|---:|---:|---|---:|---:|"
    for m in measured:
        pairs, c = m.pairs(), m.cell
        shares = [p[1] / c.most for p in pairs]
        low, high = interval(statistics.median, shares)
        yield (f"| {c.rate} | {c.rtt} | {percent(c.loss)} | {jitter(c)} | {percent(c.reorder)} "
               f"| {c.lines[1][0].split(':')[1]} "
               f"| {statistics.median(p[0] / c.most for p in pairs):.2f} "
               f"| {statistics.median(shares):.2f} | {low:.2f} to {high:.2f} "
               f"| {m.needless(c.lines[0]):.2f}% | {m.needless(c.lines[1]):.2f}% |")


def share_table(measured):
    yield "| Mbit/s | RTT ms | runs | aksu's share | 90% interval |"
    yield "|---:|---:|---:|---:|---|"
    for m in measured:
        shares = m.shares()
        low, high = interval(statistics.median, shares)
        yield (f"| {m.cell.rate} | {m.cell.rtt} | {len(shares)} | {statistics.median(shares):.2f} "
               f"| {low:.2f} to {high:.2f} |")


def conditions(records):
    late = sorted(r["result"]["wire"]["late_us"]["p99"] for r in records)
    idle = statistics.median(r["result"]["idle"] for r in records)
    busy = sum(us > LATE_US for us in late)
    runs_of = collections.Counter((r["cell"], tuple(r["who"])) for r in records).values()
    fewest, most = min(runs_of), max(runs_of)
    yield (f"{len(records)} runs, {fewest if fewest == most else f'{fewest} to {most}'} of each "
           f"line, on {os.cpu_count()} processors with Linux {platform.release()}. The wire kept "
           f"99 of 100 moments to {late[len(late) // 2]} us in the median run; in {busy} runs not "
           f"to {LATE_US} us, which says that the machine was too busy. {100 * idle:.0f}% of the "
           "processors' time was left, what else ran beside the measurement included; wires and "
           "senders had precedence (nice -15).")


def tables(records):
    known = {(r["cell"], tuple(r["who"])) for r in records}
    made = [Measured(c, records) for c in paths.all_cells()
            if all((c.name, line) in known for line in c.lines)]
    for group, make in (("cubic", cubic_table), ("bbr", link_table), ("reorder", link_table),
                        ("share", share_table)):
        chosen = [m for m in made if m.cell.group == group
                  and (group == "share" or m.pairs())]
        if chosen:
            yield group, list(make(chosen))
    yield "conditions", list(conditions(records))


def put(text, name, lines):
    begin, end = f"<!-- {name} -->\n", f"<!-- /{name} -->"
    before, rest = text.split(begin)
    return before + begin + "\n".join(lines) + "\n" + rest[rest.index(end):]


def summary(records):
    """What the tables are made of, without the course of each run."""
    return [{"cell": r["cell"], "run": r["run"], "who": r["who"],
             "mbit": [round(goodput(f), 3) for f in r["result"]["flows"]],
             "segments": [f["segments"] for f in r["result"]["flows"]],
             "again": [f["again"] for f in r["result"]["flows"]],
             "lost": lost(r["result"]), "duplicates": r["result"]["duplicates"],
             "late_us": r["result"]["wire"]["late_us"]["p99"]} for r in records]


def main():
    records = runs.read(sys.argv[1])
    if not records:
        sys.exit(f"{sys.argv[1]} has no runs: bench/paths/run.py makes some")
    made = dict(tables(records))
    if "--print" in sys.argv:
        print("\n\n".join("\n".join(lines) for lines in made.values()))
        return
    page = os.path.join(ROOT, "docs", "paths.md")
    with open(page, encoding="utf-8") as file:
        text = file.read()
    for name, lines in made.items():
        text = put(text, name, lines)
    with open(page, "w", encoding="utf-8") as file:
        file.write(text)
    with open(os.path.join(ROOT, "docs", "paths.json"), "w", encoding="ascii") as file:
        rows = ",\n".join(json.dumps(row) for row in summary(records))
        file.write(f"[\n{rows}\n]\n")


if __name__ == "__main__":
    main()
