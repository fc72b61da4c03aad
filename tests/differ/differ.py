#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Feeds seeded sequences of segments and calls to aksu and to Linux, and compares the answers.

  differ.py [--sequences N] [--first SEED]   N sequences from SEED on; a summary by class
  differ.py --seed SEED [--shrink]           one,
      drawn as a ladder of both; made as short as it goes
  differ.py --table                          the classes, as docs/differential.md has them
  differ.py --held FILE                      whether FILE has that table

Exit code 0: every difference belongs to a class; 1: one does not; 77: cannot run here. It makes a
network namespace of its own (root, or user namespaces) and needs /dev/net/tun, ip and
packetdrill-aksu.so, which AKSU_BUILD names the directory of.
"""
import argparse
import collections
import itertools
import os
import re
import shutil
import subprocess
import sys

import classes
import draw
import play
import stacks


NUMBERS = itertools.count()  # of sequences played


def cannot(why):
    print(f"SKIPPED: NOTHING IS TESTED HERE: {why}")
    sys.exit(77)


def preload_sanitizer(so):
    """A sanitizer's runtime wants to be the first library of a process."""
    libraries = subprocess.run(["ldd", so], capture_output=True, text=True, check=False).stdout
    found = re.search(r"=> (\S*libasan\S*)", libraries)
    if found:
        os.environ["LD_PRELOAD"] = found.group(1)
        os.environ["ASAN_OPTIONS"] = "detect_leaks=0"  # the interpreter's own


def enter_namespace(so):
    """Runs again inside a network namespace that ends with us."""
    if os.environ.get("AKSU_DIFFER_INSIDE"):
        return
    if not os.access("/dev/net/tun", os.R_OK | os.W_OK):
        cannot("/dev/net/tun may not be opened")
    if not shutil.which("ip") or not shutil.which("unshare"):
        cannot("ip or unshare is not installed")
    os.environ["AKSU_DIFFER_INSIDE"] = "1"
    unshare = ["unshare", "-n"] if os.geteuid() == 0 else ["unshare", "-Urn"]
    if os.spawnvp(os.P_WAIT, unshare[0], unshare + ["true"]) != 0:
        cannot("no network namespace can be made")
    preload_sanitizer(so)
    os.execvp(unshare[0], unshare + [sys.executable, "-B"] + sys.argv)


def run(both, offer, steps, on_step=None):
    """Plays to both. The names of the classes met, and the difference that has none, or None."""
    number = next(NUMBERS)
    players = [play.Player(stack, offer, number) for stack in both]
    met = []
    for step in steps:
        before = players[0].where()
        answers = [p.step(step) for p in players]
        before = before._replace(fin_drawn=players[0].fin_drawn, lowered=players[0].lowered)
        difference = classes.Difference(step, *answers, before)
        known = classes.class_of(difference)
        if on_step:
            on_step(step, answers, known)
        if known:
            met.append(known.name)
        elif answers[0] != answers[1]:
            return met, difference
        if known and not known.goes_on:
            break
    return met, None


def run_surely(both, offer, steps):
    """A difference counts when it is there each time: the kernel's clock goes on between steps."""
    for _ in range(3):
        met, found = run(both, offer, steps)
        if not found:
            break
    return met, found


def shrink(both, offer, steps):
    """Leaves out steps as long as a difference remains that no class explains."""
    for i in reversed(range(len(steps))):
        fewer = steps[:i] + steps[i + 1:]
        opens = getattr(steps[i], "name", None) in ("socket", "bind", "listen", "connect")
        if not opens and run_surely(both, offer, fewer)[1]:
            steps = fewer
    return steps


# ---------------------------------------------------------------------- pictures

def print_step(step):
    if isinstance(step, draw.Call):
        args = ", ".join(repr(a) for a in step.args[1:])
        return f"{step.args[0]}: {step.name}({args})"
    ack = f" ack {step.ack_base}{step.ack_offset:+}" if "." in step.flags else ""
    urgent = f" urg {step.urgent}" if step.urgent else ""
    return (f"< {step.flags or '-'} {step.base}{step.offset:+} ({step.length}){ack} "
            f"win {step.window}{urgent} <{step.options}>")


def print_answer(a):
    ack = f" ack {a.ack}" if a.ack is not None else ""
    sack = f" sack {a.sack}" if a.sack else ""
    echo = f" ecr {a.echo}" if a.echo is not None else ""
    return f"> {a.flags} {a.seq}({len(a.text)}){ack} {a.window} <{a.options}>{sack}{echo}"


def print_answers(result, answers):
    shown = len(result) if isinstance(result, bytes) else result
    lines = [] if result is None else [f"= {shown}"]
    return lines + [print_answer(a) for a in answers] or ["-"]


def ladder(step, answers, known):
    print(print_step(step) + (f"    [{known.name}: {known.section}]" if known else ""))
    left, right = (print_answers(*a) for a in answers)
    for i in range(max(len(left), len(right))):
        line = [side[i] if i < len(side) else "" for side in (left, right)]
        print(f"    {line[0]:<58}{'  ' if line[0] == line[1] else '! '}{line[1]}")


def show(both, seed, shorter):
    offer, steps = draw.draw(seed)
    if shorter:
        steps = shrink(both, offer, steps)
    print(f"seed {seed}, the peer offers {offer}\n    {both[0].name:<60}{both[1].name}")
    _, found = run(both, offer, steps, ladder)
    print("NOT EXPLAINED" if found else "no difference that is not explained")
    return 1 if found else 0


def table():
    return "| class | section | Linux | aksu |\n|---|---|---|---|\n" + "".join(
        f"| {c.name} | {c.section} | {c.linux} | {c.aksu} |\n"
        for c in sorted(classes.CLASSES, key=lambda c: c.name.lower()))


def held(path):
    with open(path, encoding="utf-8") as f:
        if table() in f.read():
            return 0
    print(f"{path}: its table is not the classes'; see --table")
    return 1


def campaign(both, first, count, most):
    seen, bad = collections.Counter(), []
    for seed in range(first, first + count):
        met, found = run_surely(both, *draw.draw(seed))
        seen.update(set(met) or ({"equal"} if not found else ()))
        if found:
            bad.append(seed)
            if len(bad) <= most:
                print(f"seed {seed}: {print_step(found.step)}")
                for name, side in (("Linux", found.linux), ("aksu ", found.aksu)):
                    print(f"    {name} {'; '.join(print_answers(*side))}", flush=True)
    print(f"{count} sequences, {len(bad)} with a difference that is not explained; by class:")
    for name, n in seen.most_common():
        print(f"{n:7} {name}")
    if bad:
        print(f"replay: {sys.argv[0]} --seed {bad[0]} --shrink")
    return 1 if bad else 0


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    p.add_argument("--sequences", type=int, default=1000)
    p.add_argument("--first", type=int, default=1)
    p.add_argument("--seed", type=int)
    p.add_argument("--shrink", action="store_true")
    p.add_argument("--table", action="store_true")
    p.add_argument("--held")
    p.add_argument("--most", type=int, default=10, help="differences to print")
    a = p.parse_args()
    if a.table:
        print(table(), end="")
        return 0
    if a.held:
        return held(a.held)
    so = os.path.join(os.environ.get("AKSU_BUILD", "build"), "packetdrill-aksu.so")
    if not os.path.exists(so):
        cannot(f"there is no {so}: make")
    enter_namespace(so)
    both = (stacks.Kernel(), stacks.Aksu(os.path.abspath(so)))
    if a.seed is not None:
        return show(both, a.seed, a.shrink)
    return campaign(both, a.first, a.sequences, a.most)


if __name__ == "__main__":
    sys.exit(main())
