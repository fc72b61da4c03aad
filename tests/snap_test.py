#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The pictures of `aksu demo`, compared with those in tests/snap/.

Usage: tests/snap_test.py [--update]     (AKSU names the command; default build/aksu)

A difference is either a bug or a decision: look at the new picture, then `make snap` writes it and
the commit says why it changed.
"""
import difflib
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SNAP = os.path.join(ROOT, "tests", "snap")
AKSU = os.environ.get("AKSU", os.path.join(ROOT, "build", "aksu"))

SCENARIOS = ["handshake", "close", "simultaneous-open", "simultaneous-close", "half-close", "reset",
             "refused", "loss", "reorder", "duplicate", "time-wait", "sequence", "zero-window",
             "http"]
COMMANDS = {"demo": [], **{f"demo-{name}": [name] for name in SCENARIOS}}
COMMANDS.update({
    "demo-handshake-v6": ["handshake", "--v6"],
    "demo-handshake-abs": ["handshake", "--abs"],
    "demo-handshake-color": ["handshake", "--color=always"],
    "demo-loss-all": ["loss", "--all"],
    "demo-loss-ascii": ["loss", "--ascii"],
    "demo-loss-wide": ["loss", "--wide"],
    "demo-loss-color": ["loss", "--color=always"],
    "demo-http-drops": ["http", "--drop", "syn-ack:1", "--drop", "server:data:4"],
    "demo-sequence-json": ["sequence", "--json"],
    "demo-list": ["--list"],
    "demo-help": ["--help"],
})


def output(arguments):
    done = subprocess.run([AKSU, "demo", *arguments, "--seed", "7"], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60, text=True,
                          encoding="utf-8")
    return done.stdout + (f"exit code {done.returncode}\n" if done.returncode else "")


def main(argv):
    update = argv[1:] == ["--update"]
    if not update and len(argv) > 1:
        print(__doc__.strip())
        return 2
    if not os.access(AKSU, os.X_OK):
        print(f"no {AKSU}: nothing to compare")
        return 77
    wrong = 0
    for name, arguments in COMMANDS.items():
        path = os.path.join(SNAP, name + ".txt")
        new = output(arguments)
        old = ""
        if os.path.exists(path):
            with open(path, encoding="utf-8") as f:
                old = f.read()
        if new == old:
            continue
        if update:
            with open(path, "w", encoding="utf-8") as f:
                f.write(new)
            print(f"wrote {os.path.relpath(path, ROOT)}")
            continue
        wrong += 1
        sys.stdout.writelines(difflib.unified_diff(
            old.splitlines(True), new.splitlines(True), f"tests/snap/{name}.txt",
            f"aksu demo {' '.join(arguments)} --seed 7"))
    orphans = {f[:-4] for f in os.listdir(SNAP) if f.endswith(".txt")} - set(COMMANDS)
    for name in sorted(orphans):
        print(f"tests/snap/{name}.txt belongs to no command")
    print(f"{len(COMMANDS)} pictures, {wrong} differ")
    return 1 if wrong or orphans else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
