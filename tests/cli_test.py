#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The command line of `aksu`: what is wrong is said in one line, with exit code 2."""
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
AKSU = os.environ.get("AKSU", os.path.join(ROOT, "build", "aksu"))

# arguments, and a word of the line that must be there
WRONG = [
    (["dmo"], "demo"),
    (["--verison"], "demo"),
    (["demo", "handshak"], "--list"),
    (["demo", "loss", "reorder"], "one scenario"),
    (["demo", "--see", "x"], "--seed"),          # an abbreviation is taken, the number is not one
    (["demo", "--seed", "-1"], "--seed"),
    (["demo", "--seed", "18446744073709551616"], "--seed"),
    (["demo", "--seed"], "--seed N"),
    (["demo", "--loss", "101%"], "100%"),
    (["demo", "--loss", "3.5x"], "0.5%"),
    (["demo", "--loss", ""], "--loss"),
    (["demo", "--drop", "data"], "data:4"),
    (["demo", "--drop", "data:0"], "data:4"),
    (["demo", "--drop", "both:data:1"], "server:fin:1"),
    (["demo"] + ["--drop", "syn:1"] * 40, "at most"),
    (["demo", "--bytes", "1e6"], "--bytes"),
    (["demo", "--bytes", "99999999999"], "--bytes"),
    (["demo", "--color=blue"], "always"),
    (["demo", "--all=1"], "no argument"),
    (["demo", "--nonsense"], "--nonsense"),
    (["demo", "-x"], "-x"),
    (["listen"], "on which port?"),
    (["connect", "10.7.0.1", "80"], "which device?"),
    (["discard"], "which device?"),
    (["chargen", "19"], "everything is an option"),
]
RIGHT = [["listen", "--help"], ["connect", "-h"], ["discard", "--help"], ["chargen", "-h"],
         ["--help"], ["--version"], ["demo", "--help"], ["demo", "-h"], ["demo", "--list"],
         ["demo", "--loss", "0.5%", "handshake"], ["demo", "handshake", "--loss", "100%"],
         ["demo", "--bytes", "0"], ["demo", "--seed", "0", "refused"]]
# what cannot be written is said, in one line
UNWRITTEN = [["--help"], ["--version"], ["demo", "handshake"], ["echo", "--help"], ["ss", "--help"],
             ["doctor", "--help"]]


def run(arguments, **more):
    return subprocess.run([AKSU, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=60, text=True, **more)


def commands():
    """As aksu --help lists them."""
    rows = run(["--help"]).stdout.split("\n\n")[2].splitlines()
    return [row.split()[0] for row in rows]


def main():
    if not os.access(AKSU, os.X_OK):
        print(f"no {AKSU}")
        return 77
    bad = []
    for arguments, word in WRONG:
        done = run(arguments)
        lines = done.stderr.splitlines()
        if done.returncode != 2 or len(lines) != 1 or word not in lines[0] or done.stdout:
            bad.append((arguments, done.returncode, done.stderr))
    for arguments in RIGHT:
        done = run(arguments)
        if done.returncode != 0 or done.stderr or not done.stdout:
            bad.append((arguments, done.returncode, done.stderr))
    for command in commands():
        screen = run([command, "--help"]).stdout
        rows = screen.splitlines()
        if len(rows) > 32 or max(map(len, rows)) > 80 or "\n\n\n" in screen:
            bad.append((command, "--help", len(rows), "more than a screen of 32 lines, 80 columns"))
        if "examples:" not in screen.lower() or not rows[-1].startswith("  "):
            bad.append((command, "--help", "does not end in examples"))
    done = run(["demo", "handshake", "--pcap", "/nonexistent/x"])
    if done.returncode != 1 or "/nonexistent/x" not in done.stderr:
        bad.append(("--pcap", done.returncode, done.stderr))
    for arguments in UNWRITTEN:
        with open("/dev/full", "w", encoding="ascii") as full:
            done = subprocess.run([AKSU, *arguments], stdout=full, stderr=subprocess.PIPE,
                                  text=True, timeout=60)
        if done.returncode != 1 or len(done.stderr.splitlines()) != 1:
            bad.append((arguments, "a full disk", done.returncode, done.stderr))
        done = subprocess.run(["sh", "-c", 'exec "$@" >&-', "sh", AKSU, *arguments],
                              stderr=subprocess.PIPE, text=True, timeout=60)
        if done.returncode != 1 or len(done.stderr.splitlines()) != 1:
            bad.append((arguments, "no standard output", done.returncode, done.stderr))
    for line in bad:
        print("wrong:", *line)
    ways = len(WRONG) + len(RIGHT) + len(UNWRITTEN) + 2
    print(f"{ways} ways to call aksu, {len(bad)} answered wrongly")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
